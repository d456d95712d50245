// api.js in a page of the engine, which is none of ours.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { createHash } = require('node:crypto');

const PAGE = '<!doctype html><title>API</title><link rel="icon" href="data:,"><script src="api.js"></script>';
const SOURCE = fs.readFileSync(path.join(__dirname, 'api.js'), 'utf8');

// Where an engine itself is not as the standard says, whatever the server does.
const DEVIATIONS = {
  firefox: [
    'a subprotocol that was asked for and not chosen fails the connection', // it opens
  ],
  webkit: [
    'a subprotocol that was asked for and not chosen fails the connection', // it opens
    'bufferedAmount counts bytes of what has not been sent', // when closing, headers of frames, too
  ],
};

// A page, and a server that ends every WebSocket without a Close when the first message comes.
function startServer() {
  const server = http.createServer((request, response) => {
    response.setHeader('Content-Type', request.url === '/api.js' ? 'text/javascript' : 'text/html');
    response.end(request.url === '/api.js' ? SOURCE : PAGE);
  });
  server.on('upgrade', (request, socket) => {
    socket.on('error', () => {}); // an engine may reset what has ended
    const accept = createHash('sha1')
      .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    socket.write(['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade',
      `Sec-WebSocket-Accept: ${accept}`, '', ''].join('\r\n'));
    socket.once('data', () => socket.end());
  });
  return new Promise((resolve) => { server.listen(0, '127.0.0.1', () => resolve(server)); });
}

async function api(engine, settings) {
  const server = await startServer();
  const authority = `127.0.0.1:${server.address().port}`;
  const tab = await engine.newTab();
  try {
    await tab.goto(`http://${authority}/`);
    const urls = { ...settings, abrupt: `ws://${authority}/` };
    const { count, problems } = await tab.run((given) => runApiTests(given), urls);
    const deviations = DEVIATIONS[settings.engine] || [];
    assert.deepStrictEqual(problems.filter(([name]) => !deviations.includes(name)), []);
    assert.ok(count > 25, `${count} tests`);
  } finally {
    await tab.close();
    server.closeAllConnections();
    server.close();
  }
}

module.exports = { api };
