// Channels on Node with ws, compression off: node node_channels.js PORT.  JSON is parsed, the channel
// looked up, and the answer written.
'use strict';
const { WebSocketServer } = require('ws');

const channels = new Map([['system:auth', (payload) => typeof payload.token === 'string']]);
const server = new WebSocketServer({
  host: '127.0.0.1', port: Number(process.argv[2]), perMessageDeflate: false,
});
server.on('connection', (socket) => {
  socket.on('error', () => {});
  socket.on('message', (data) => {
    const { type, id, channel, payload } = JSON.parse(data.toString());
    const handler = type === 'request' && channels.get(channel);
    const timestamp = Date.now();
    if (!handler) {
      const error = { code: 'UNKNOWN_CHANNEL', message: `No handler for: ${channel}` };
      socket.send(JSON.stringify({ type: 'response', id, channel, error, timestamp }));
      return;
    }
    const answer = handler(payload);
    socket.send(JSON.stringify({ type: 'response', id, channel, payload: answer, timestamp }));
  });
});
