// One conversation between the `ws` package and the daemon; its name and the URL are given:
//
//     node ws.js NAME URL [CA]
//
// Ends with status 0 when everything was as it should be.
'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const fs = require('node:fs');
const WebSocket = require('ws');

const [name, url, authority] = process.argv.slice(2);
const options = authority ? { ca: fs.readFileSync(authority) } : {};

const SIZES = [0, 1, 125, 126, 65535, 65536, 1 << 20];

async function connect(path = '', more = {}) {
  const socket = new WebSocket(url + path, more.protocols || [], { ...options, ...more });
  await once(socket, 'open');
  return socket;
}

async function closed(socket) {
  const [code, reason] = await once(socket, 'close');
  return { code, reason: reason.toString() };
}

async function expectEcho(socket, payload, binary) {
  const [data, isBinary] = await once(socket, 'message');
  assert.strictEqual(isBinary, binary);
  assert.ok(Buffer.from(payload).equals(data), `${data.length} bytes came back`);
}

const conversations = {
  async sizes() {
    const socket = await connect();
    assert.strictEqual(socket.extensions, '', 'no extension was configured');
    for (const size of SIZES) {
      const text = 'ä'.repeat(size >> 1) + '.'.repeat(size & 1);
      socket.send(text);
      await expectEcho(socket, text, false);
      const bytes = Buffer.alloc(size, Uint8Array.from([0, 255, 127, 128, 3]));
      socket.send(bytes);
      await expectEcho(socket, bytes, true);
    }
    socket.close();
    assert.strictEqual((await closed(socket)).code, 1005);
  },

  async fragments() {
    const socket = await connect();
    for (const part of ['one ', 'two ', '']) {
      socket.send(part, { fin: false });
      socket.ping('between');
    }
    socket.send('three', { fin: true });
    await expectEcho(socket, 'one two three', false);
    socket.close(1000);
    assert.strictEqual((await closed(socket)).code, 1000);
  },

  async ping() {
    const socket = await connect();
    for (const payload of ['', 'x'.repeat(125)]) {
      socket.ping(payload);
      const [answer] = await once(socket, 'pong');
      assert.strictEqual(answer.toString(), payload);
    }
    socket.terminate();
  },

  async close() {
    for (const code of [1000, 1001, 1008, 3000, 4999]) {
      const socket = await connect();
      socket.close(code, 'good bye');
      assert.strictEqual((await closed(socket)).code, code);
    }
  },

  async refused() {
    const socket = new WebSocket(`${url}nowhere`, options);
    const [, response] = await once(socket, 'unexpected-response');
    assert.strictEqual(response.statusCode, 404);
    assert.strictEqual(response.headers.connection, 'close');
    response.resume();
    await once(response, 'end');
  },

  async protocols() {
    const socket = await connect('subprotocols', { protocols: ['unknown', 'beta', 'alpha'] });
    assert.strictEqual(socket.protocol, 'alpha');
    socket.terminate();
  },

  async tooBig() {
    const socket = await connect('small');
    socket.send('x'.repeat(101));
    const { code, reason } = await closed(socket);
    assert.strictEqual(code, 1009);
    assert.notStrictEqual(reason, '');
  },

  async room() {
    const members = [await connect('room/ws'), await connect('room/ws'), await connect('room/ws')];
    const texts = ['first', 'second', 'third'];
    const received = members.map(() => []);
    const complete = members.map((member, index) => new Promise((resolve) => {
      member.on('message', (data) => {
        received[index].push(data.toString());
        if (received[index].length === texts.length) {
          resolve();
        }
      });
    }));
    texts.forEach((text) => members[0].send(text));
    await Promise.all(complete.slice(1));
    assert.deepStrictEqual(received, [[], texts, texts]);
    members.forEach((member) => member.close(1000));
    await Promise.all(members.map(closed));
  },
};

conversations[name]().catch((error) => {
  console.error(error);
  process.exit(1);
});
