// Bun's own server as an echo on any path and a room on each /room/NAME.
//
//     bun bun_server.js PORT TLS_PORT CERTIFICATE KEY

const [port, tlsPort, certificate, key] = process.argv.slice(2);

const websocket = {
  maxPayloadLength: 256 << 20,
  backpressureLimit: 256 << 20,
  idleTimeout: 960,
  perMessageDeflate: false,
  open(socket) {
    if (socket.data.room) {
      socket.subscribe(socket.data.room);
    }
  },
  message(socket, message) {
    if (socket.data.room) {
      socket.publish(socket.data.room, message);
    } else {
      socket.send(message);
    }
  },
};

function fetch(request, server) {
  const { pathname } = new URL(request.url);
  const room = pathname.startsWith('/room/') ? pathname : '';
  if (!server.upgrade(request, { data: { room } })) {
    return new Response('WebSocket only', { status: 426 });
  }
}

const common = { hostname: '127.0.0.1', fetch, websocket };

Bun.serve({ ...common, port: Number(port) });
Bun.serve({
  ...common,
  port: Number(tlsPort),
  tls: { cert: Bun.file(certificate), key: Bun.file(key) },
});
