// The `ws` package as an echo on any path and a room on each /room/NAME.
//
//     node ws_server.js PORT TLS_PORT CERTIFICATE KEY
'use strict';

const fs = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const { WebSocketServer } = require('ws');

const [port, tlsPort, certificate, key] = process.argv.slice(2);
const rooms = new Map();

function echo(socket) {
  socket.on('message', (data, binary) => socket.send(data, { binary }));
}

function join(socket, name) {
  const members = rooms.get(name) || new Set();
  rooms.set(name, members.add(socket));
  socket.on('message', (data, binary) => {
    for (const member of members) {
      if (member !== socket) {
        member.send(data, { binary });
      }
    }
  });
  socket.on('close', () => members.delete(socket));
}

function serve(server, where) {
  const sockets = new WebSocketServer({ server, maxPayload: 256 << 20 });
  sockets.on('connection', (socket, { url }) => {
    socket.on('error', () => socket.terminate());
    if (url.startsWith('/room/')) {
      join(socket, url);
    } else {
      echo(socket);
    }
  });
  server.listen({ port: where, host: '127.0.0.1', backlog: 4096 });
}

serve(http.createServer(), port);
serve(https.createServer({ cert: fs.readFileSync(certificate), key: fs.readFileSync(key) }),
  tlsPort);
