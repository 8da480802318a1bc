// The relay on Bun's own WebSockets, compression off: bun bun_relay.js PORT, the secret in
// BENCH_SECRET.  With a second argument, "publish", the fan-out is left to Bun's topics.
'use strict';
const { userOf, streamsOf, subscribe, unsubscribe, envelope } = require('./rooms');

const publish = process.argv[3] === 'publish';

function fromGlasses({ user, streams }, data) {
  if (typeof data !== 'string') {
    if (publish) server.publish(user + ' audio_chunk', data);
    else for (const app of streams.get('audio_chunk') || []) app.sendBinary(data);
    return;
  }
  const message = JSON.parse(data);
  const apps = streams.get(message.type);
  if (!apps) return;
  const out = envelope(user, message);
  if (publish) server.publish(user + ' ' + message.type, out);
  else for (const app of apps) app.sendText(out);
}

function fromApp(socket, state, data) {
  const message = JSON.parse(data);
  if (message.type === 'tpa_connection_init') {
    state.user = message.sessionId.slice(0, -message.packageName.length - 1);
    state.streams = streamsOf(state.user);
    socket.sendText('{"type":"tpa_connection_ack"}');
  } else if (message.type === 'subscription_update') {
    unsubscribe(state.streams, state.types, socket);
    state.types = message.subscriptions;
    subscribe(state.streams, state.types, socket);
    if (publish) for (const type of state.types) socket.subscribe(state.user + ' ' + type);
  } else if (message.type === 'ping') {
    socket.sendText('{"type":"pong"}');
  }
}

const server = Bun.serve({
  port: Number(process.argv[2]),
  hostname: '127.0.0.1',
  fetch(request, upgrader) {
    const path = new URL(request.url).pathname;
    const glasses = path === '/glasses-ws';
    if (!glasses && path !== '/app-ws') return new Response('ok');
    let user;
    try {
      user = glasses ? userOf(request.headers.get('authorization')) : null;
    } catch {
      return new Response('no', { status: 401 });
    }
    const data = { glasses, user, streams: glasses ? streamsOf(user) : null, types: [] };
    if (upgrader.upgrade(request, { data })) return undefined;
    return new Response('upgrade', { status: 426 });
  },
  websocket: {
    perMessageDeflate: false,
    idleTimeout: 0,
    maxPayloadLength: 16 << 20,
    open(socket) {
      if (socket.data.glasses) socket.sendText('{"type":"connection_ack"}');
    },
    message(socket, data) {
      if (socket.data.glasses) fromGlasses(socket.data, data);
      else fromApp(socket, socket.data, data);
    },
    close(socket) {
      const { glasses, streams, types } = socket.data;
      if (!glasses && streams) unsubscribe(streams, types, socket);
    },
  },
});
