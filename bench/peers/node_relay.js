// The relay on Node with ws, compression off: node node_relay.js PORT, the secret in BENCH_SECRET.
'use strict';
const http = require('http');
const { WebSocketServer } = require('ws');
const { userOf, streamsOf, subscribe, unsubscribe, envelope } = require('./rooms');

function glasses(socket, user) {
  const streams = streamsOf(user);
  socket.on('message', (data, isBinary) => {
    if (isBinary) {
      for (const app of streams.get('audio_chunk') || []) app.send(data, { binary: true });
      return;
    }
    const message = JSON.parse(data.toString());
    const apps = streams.get(message.type);
    if (!apps) return;
    const out = Buffer.from(envelope(user, message));
    for (const app of apps) app.send(out, { binary: false });
  });
  socket.send('{"type":"connection_ack"}');
}

function app(socket) {
  let streams;
  let types = [];
  socket.on('message', (data) => {
    const message = JSON.parse(data.toString());
    if (message.type === 'tpa_connection_init') {
      streams = streamsOf(message.sessionId.slice(0, -message.packageName.length - 1));
      socket.send('{"type":"tpa_connection_ack"}');
    } else if (message.type === 'subscription_update') {
      unsubscribe(streams, types, socket);
      types = message.subscriptions;
      subscribe(streams, types, socket);
    } else if (message.type === 'ping') {
      socket.send('{"type":"pong"}');
    }
  });
  socket.on('close', () => streams && unsubscribe(streams, types, socket));
}

const upgrader = new WebSocketServer({ noServer: true, perMessageDeflate: false });
const server = http.createServer((request, response) => response.end('ok'));
server.on('upgrade', (request, socket, head) => {
  socket.on('error', () => {});
  const isGlasses = request.url.startsWith('/glasses-ws');
  let user;
  try {
    user = isGlasses && userOf(request.headers.authorization);
  } catch {
    socket.end('HTTP/1.1 401 Unauthorized\r\n\r\n');
    return;
  }
  upgrader.handleUpgrade(request, socket, head, (upgraded) => {
    upgraded.on('error', () => {});
    if (isGlasses) glasses(upgraded, user);
    else app(upgraded);
  });
});
server.listen(Number(process.argv[2]), '127.0.0.1', 2048);
