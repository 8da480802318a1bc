// What the JavaScript relays have in common: who may connect, and who subscribed to what.
'use strict';
const crypto = require('crypto');
const jwt = require('jsonwebtoken');

// A KeyObject, because a string would be tried as a public key first, which is slow.
const secret = crypto.createSecretKey(Buffer.from(process.env.BENCH_SECRET || ''));
const users = new Map();

// The user id of an upgrade request's token; throws when the token is no good.
function userOf(authorization) {
  return jwt.verify((authorization || '').slice(7), secret, { algorithms: ['HS256'] }).email;
}

// The subscription table of a user: stream type to the set of sockets that want it.
function streamsOf(user) {
  let streams = users.get(user);
  if (!streams) users.set(user, (streams = new Map()));
  return streams;
}

function subscribe(streams, types, socket) {
  for (const type of types) {
    let sockets = streams.get(type);
    if (!sockets) streams.set(type, (sockets = new Set()));
    sockets.add(socket);
  }
}

function unsubscribe(streams, types, socket) {
  for (const type of types) streams.get(type)?.delete(socket);
}

// One envelope for all receivers, where the real protocol names each app: the peers have it easier.
function envelope(user, message) {
  return JSON.stringify({
    type: 'data_stream',
    sessionId: user,
    streamType: message.type,
    data: message,
    timestamp: Date.now(),
  });
}

module.exports = { userOf, streamsOf, subscribe, unsubscribe, envelope };
