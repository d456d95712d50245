// A server of npm's `ws` that compresses everything: echo, and on /room what one sends all others
// get. Prints its port; its options are given as JSON:
//
//     node deflate_server.js OPTIONS
'use strict';

const WebSocket = require('ws');

const perMessageDeflate = { threshold: 0, ...JSON.parse(process.argv[2]) };
const server = new WebSocket.Server({ host: '127.0.0.1', port: 0, perMessageDeflate });

server.on('listening', () => console.log(server.address().port));

server.on('connection', (socket, request) => {
  const others = () => [...server.clients].filter((client) => client !== socket);
  socket.on('message', (data, binary) => {
    const targets = request.url === '/room' ? others() : [socket];
    targets.forEach((target) => target.send(data, { binary }));
  });
});
