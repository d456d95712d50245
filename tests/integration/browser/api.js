// The WebSocket API as https://websockets.spec.whatwg.org/ describes it: one function for each thing
// that it promises. Runs in a page; runApiTests(urls) resolves to how many tests there are, and what
// went wrong in which.
//
// urls: echo (subprotocols alpha and beta; messages of up to 16 MiB), small (messages of up to 100
// bytes), brief (ends after a moment), nowhere (404), abrupt (ends after the first message, without a
// Close), origin (of the server)
'use strict';

const LONGEST_MS = 10000;

// ---- what tests are made of ----

function equal(found, expected, what = '') {
  if (!Object.is(found, expected)) {
    throw new Error(`${what} is ${String(found)} and not ${String(expected)}`);
  }
}

function equalLists(found, expected, what) {
  equal(JSON.stringify(found), JSON.stringify(expected), what);
}

function throws(name, action, what) {
  try {
    action();
  } catch (error) {
    equal(error.name, name, `the exception of ${what}`);
    return;
  }
  throw new Error(`${what} throws nothing`);
}

function within(promise, what) {
  return Promise.race([promise, new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`waited in vain for ${what}`)), LONGEST_MS);
  })]);
}

const event = (socket, type) => within(new Promise((resolve) => {
  socket.addEventListener(type, resolve, { once: true });
}), `the event ${type}`);

async function open(url, subprotocols) {
  const socket = new WebSocket(url, subprotocols);
  socket.binaryType = 'arraybuffer';
  await event(socket, 'open');
  return socket;
}

async function shut(socket) {
  socket.close();
  return event(socket, 'close');
}

// Sends and resolves to what comes back.
async function echo(socket, data) {
  const answer = event(socket, 'message');
  socket.send(data);
  return (await answer).data;
}

function bytes(length) {
  const array = new Uint8Array(length);
  for (let i = 0; i < length; i++) {
    array[i] = (i * 7 + (i >> 8)) & 255;
  }
  return array;
}

function sameBytes(found, expected) {
  equal(found.byteLength, expected.byteLength, 'the number of bytes');
  const view = new Uint8Array(found);
  for (let i = 0; i < view.length; i++) {
    if (view[i] !== expected[i]) {
      throw new Error(`byte ${i} is ${view[i]} and not ${expected[i]}`);
    }
  }
}

// ---- the tests ----

const tests = {
  'the constants are there, and are constant'() {
    ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED'].forEach((name, value) => {
      for (const object of [WebSocket, WebSocket.prototype]) {
        const found = Object.getOwnPropertyDescriptor(object, name);
        equalLists([found.value, found.writable, found.enumerable, found.configurable], [value, false, true, false],
          name);
      }
    });
  },

  'the constructor wants new and a URL'() {
    throws('TypeError', () => WebSocket('ws://localhost/'), 'a call without new');
    throws('TypeError', () => new WebSocket(), 'no URL');
  },

  'what is no URL of a WebSocket is a SyntaxError'() {
    for (const url of ['ws://', 'ftp://localhost/', 'mailto:a@b', 'about:blank', 'ws://localhost/#fragment',
      'ws://localhost/#', 'ws://localhost:99999/']) {
      throws('SyntaxError', () => new WebSocket(url), `"${url}"`);
    }
  },

  'what is no list of subprotocols is a SyntaxError'({ echo: url }) {
    for (const names of [[''], 'a b', 'a,b', 'a/b', 'a(b', 'a;b', '"a"', 'a\u00e4', 'a\0', 'a\x7f',
      ['a', 'a'], ['a', 'b', 'a']]) {
      throws('SyntaxError', () => new WebSocket(url, names), JSON.stringify(names));
    }
  },

  async 'a new socket is CONNECTING and has its defaults'({ echo: url }) {
    const socket = new WebSocket(url);
    const { readyState, bufferedAmount, extensions, protocol, binaryType } = socket;
    equalLists([readyState, bufferedAmount, extensions, protocol, binaryType], [0, 0, '', '', 'blob'], 'the state');
    equalLists([socket.onopen, socket.onmessage, socket.onerror, socket.onclose], [null, null, null, null],
      'the handlers');
    equal(socket.url, url, 'url');
    throws('InvalidStateError', () => socket.send('early'), 'send() while CONNECTING');
    await event(socket, 'open');
    await shut(socket);
  },

  async 'the URL is serialised'({ echo: url }) {
    const { host } = new URL(url);
    const socket = new WebSocket(`WS://${host}/a b?c d`.replace('WS', url.startsWith('wss') ? 'WSS' : 'WS'));
    equal(socket.url, `${new URL(url).protocol}//${host}/a%20b?c%20d`, 'url');
    await event(socket, 'close');
  },

  async 'a relative URL is one of the page\'s server'() {
    const socket = new WebSocket('nowhere?a');
    equal(socket.url, new URL('nowhere?a', location.href.replace('http', 'ws')).href, 'url');
    socket.close();
    await event(socket, 'close');
  },

  async 'http and https stand for ws and wss'({ echo: url }) {
    const socket = new WebSocket(url.replace(/^ws/, 'http'));
    equal(socket.url, url, 'url');
    await event(socket, 'open');
    await shut(socket);
  },

  async 'the states follow each other'({ echo: url }) {
    const socket = new WebSocket(url);
    const states = [socket.readyState];
    const opened = await event(socket, 'open');
    equalLists([opened.type, opened.bubbles, opened.cancelable, opened.target === socket, opened.isTrusted],
      ['open', false, false, true, true], 'the event');
    states.push(socket.readyState);
    socket.close();
    states.push(socket.readyState);
    await event(socket, 'close');
    states.push(socket.readyState);
    equalLists(states, [0, 1, 2, 3], 'readyState');
  },

  async 'handlers and listeners are called in their order'({ echo: url }) {
    const socket = new WebSocket(url);
    const seen = [];
    for (const type of ['open', 'message', 'error', 'close']) {
      socket[`on${type}`] = () => seen.push(`on${type}`);
      socket.addEventListener(type, () => seen.push(type));
    }
    await event(socket, 'open');
    await echo(socket, 'x');
    await shut(socket);
    equalLists(seen, ['onopen', 'open', 'onmessage', 'message', 'onclose', 'close'], 'the calls');
  },

  async 'the subprotocol is the one that the server has chosen'({ echo: url }) {
    for (const [offered, chosen] of [[['unknown', 'beta', 'alpha'], 'alpha'], ['beta', 'beta'],
      [undefined, ''], [[], '']]) {
      const socket = await open(url, offered);
      equal(socket.protocol, chosen, `protocol for ${JSON.stringify(offered)}`);
      equal(socket.extensions, '', 'extensions');
      await shut(socket);
      equal(socket.protocol, chosen, 'protocol at the end');
    }
  },

  async 'a subprotocol that was asked for and not chosen fails the connection'({ echo: url }) {
    const socket = new WebSocket(url, 'unknown');
    const { type, code, wasClean } = await within(new Promise((resolve) => {
      socket.onopen = socket.onclose = resolve;
    }), 'an end');
    equalLists([type, code, wasClean, socket.protocol], ['close', 1006, false, ''], 'the end');
  },

  async 'binaryType is blob or arraybuffer, and nothing else'({ echo: url }) {
    const socket = await open(url);
    for (const [written, read] of [['blob', 'blob'], ['arraybuffer', 'arraybuffer'], ['', 'arraybuffer'],
      ['nodebuffer', 'arraybuffer'], ['BLOB', 'arraybuffer'], ['blob', 'blob']]) {
      try {
        socket.binaryType = written;
      } catch (error) {
        throw new Error(`binaryType = "${written}" throws`);
      }
      equal(socket.binaryType, read, `binaryType after "${written}"`);
    }
    await shut(socket);
  },

  async 'binary messages come as binaryType says'({ echo: url }) {
    const socket = await open(url);
    sameBytes(await echo(socket, bytes(10).buffer), bytes(10));
    socket.binaryType = 'blob';
    const blob = await echo(socket, bytes(10));
    equal(Object.prototype.toString.call(blob), '[object Blob]', 'the class');
    sameBytes(await new Response(blob).arrayBuffer(), bytes(10));
    await shut(socket);
  },

  async 'all that is allowed can be sent'({ echo: url }) {
    const socket = await open(url);
    const all = bytes(64);
    sameBytes(await echo(socket, all), all);
    sameBytes(await echo(socket, new Uint8Array(all.buffer, 8, 16)), all.subarray(8, 24));
    sameBytes(await echo(socket, new DataView(all.buffer, 1, 3)), all.subarray(1, 4));
    sameBytes(await echo(socket, new Uint16Array(all.buffer, 2, 4)), all.subarray(2, 10));
    sameBytes(await echo(socket, new Blob([all, 'x'])), Uint8Array.from([...all, 120]));
    equal(await echo(socket, 'text'), 'text', 'text');
    equal(await echo(socket, 12), '12', 'a number');
    equal(await echo(socket, null), 'null', 'null');
    equal(await echo(socket, { toString: () => 'object' }), 'object', 'an object');
    throws('TypeError', () => socket.send(), 'send() of nothing');
    await shut(socket);
  },

  async 'text is Unicode, and what is not is replaced'({ echo: url }) {
    const socket = await open(url);
    for (const text of ['\u00e4\u20ac\ud834\udd1e', '\0\x01\x7f\u0080', '\ufeffx', '\uffff\u{10ffff}']) {
      equal(await echo(socket, text), text, 'text');
    }
    equal(await echo(socket, 'a\ud800b\udc00'), 'a\ufffdb\ufffd', 'lone surrogates');
    await shut(socket);
  },

  async 'a message event has what it has'({ echo: url, origin }) {
    const socket = await open(url);
    const answer = event(socket, 'message');
    socket.send('x');
    const { type, data, origin: from, lastEventId, source, ports, bubbles, cancelable, isTrusted } = await answer;
    equalLists([type, data, from, lastEventId, source, ports, bubbles, cancelable, isTrusted],
      ['message', 'x', origin, '', null, [], false, false, true], 'the event');
    await shut(socket);
  },

  async 'messages of every size come back'({ echo: url }) {
    const socket = await open(url);
    for (const size of [0, 1, 125, 126, 127, 65535, 65536, 65537, 1 << 20, 16 << 20]) {
      sameBytes(await echo(socket, bytes(size)), bytes(size));
      const text = 'x\u00e4'.repeat(size / 3) + 'x'.repeat(size % 3);
      const found = await echo(socket, text);
      if (found !== text) {
        throw new Error(`text of ${size} bytes has changed`);
      }
    }
    await shut(socket);
  },

  async '10 000 messages come back in order'({ echo: url }) {
    const socket = await open(url);
    let next = 0;
    const all = new Promise((resolve, reject) => {
      socket.onmessage = ({ data }) => {
        const found = typeof data === 'string' ? Number(data) : new DataView(data).getUint32(0);
        if (found !== next++) {
          reject(new Error(`message ${found} came as number ${next - 1}`));
        } else if (next === 10000) {
          resolve();
        }
      };
    });
    for (let i = 0; i < 10000; i++) {
      if (i % 2 === 0) {
        socket.send(String(i));
      } else {
        const view = new DataView(new ArrayBuffer(4));
        view.setUint32(0, i);
        socket.send(view);
      }
    }
    await within(all, '10 000 messages');
    await shut(socket);
  },

  async 'a blob keeps its place among other messages'({ echo: url }) {
    const socket = await open(url);
    const found = [];
    const all = new Promise((resolve) => {
      socket.onmessage = ({ data }) => {
        if (found.push(typeof data === 'string' ? data : data.byteLength) === 4) {
          resolve();
        }
      };
    });
    socket.send('1');
    socket.send(new Blob([bytes(100000)]));
    socket.send('3');
    socket.send(bytes(4));
    await within(all, 'four messages');
    equalLists(found, ['1', 100000, '3', 4], 'the order');
    await shut(socket);
  },

  async 'bufferedAmount counts bytes of what has not been sent'({ echo: url }) {
    const socket = await open(url);
    socket.send('x\u20ac');
    equal(socket.bufferedAmount, 4, 'bufferedAmount after text');
    socket.send(bytes(10));
    equal(socket.bufferedAmount, 14, 'bufferedAmount after bytes');
    socket.send(new Blob(['12345']));
    equal(socket.bufferedAmount, 19, 'bufferedAmount after a blob');
    await event(socket, 'message');
    await event(socket, 'message');
    await event(socket, 'message');
    equal(socket.bufferedAmount, 0, 'bufferedAmount after all has come back');
    socket.close();
    socket.send('lost');
    equal(socket.bufferedAmount, 4, 'bufferedAmount while CLOSING');
    await event(socket, 'close');
    socket.send(bytes(3));
    equal(socket.bufferedAmount, 7, 'bufferedAmount when CLOSED');
  },

  async 'close() refuses codes and reasons that are not for pages'({ echo: url }) {
    const socket = await open(url);
    for (const code of [0, 999, 1001, 1005, 1006, 1015, 2999, 5000, 65535, 70000, -1, NaN]) {
      throws('InvalidAccessError', () => socket.close(code), `close(${code})`);
    }
    throws('SyntaxError', () => socket.close(1000, 'x'.repeat(124)), 'a reason of 124 bytes');
    throws('SyntaxError', () => socket.close(1000, '\u20ac'.repeat(42)), 'a reason of 126 bytes');
    equal(socket.readyState, 1, 'readyState');
    equal(await echo(socket, 'still there'), 'still there', 'text');
    socket.close(1000, 'x'.repeat(123));
    equal((await event(socket, 'close')).code, 1000, 'the code');
  },

  async 'the code of close() comes back'({ echo: url }) {
    for (const [args, code] of [[[], 1005], [[1000], 1000], [[3000], 3000], [[4999], 4999], [[4000, 'why'], 4000],
      [[undefined], 1005]]) {
      const socket = await open(url);
      socket.close(...args);
      const closed = await event(socket, 'close');
      equalLists([closed.type, closed.code, closed.wasClean, closed.bubbles, closed.cancelable],
        ['close', code, true, false, false], `the end by ${JSON.stringify(args)}`);
      equal(closed.reason, '', 'the reason, which is the server\'s');
    }
  },

  async 'what comes after close() is not delivered'({ echo: url }) {
    const socket = await open(url);
    let messages = 0;
    socket.onmessage = () => messages++;
    for (let i = 0; i < 100; i++) {
      socket.send(String(i));
    }
    socket.close(1000);
    const { wasClean } = await event(socket, 'close');
    equalLists([wasClean, messages], [true, 0], 'the end');
  },

  async 'close() may be called again, and send() then does nothing'({ echo: url }) {
    const socket = await open(url);
    socket.close(4001);
    socket.close(4002);
    socket.send('lost');
    equal((await event(socket, 'close')).code, 4001, 'the code');
    socket.close(4003);
    socket.send('lost');
    equal(socket.readyState, 3, 'readyState');
  },

  async 'close() while CONNECTING is a failure'({ echo: url }) {
    const socket = new WebSocket(url);
    const failed = event(socket, 'error');
    const closed = event(socket, 'close');
    socket.close();
    equal(socket.readyState, 2, 'readyState');
    equal((await failed).type, 'error', 'the event');
    const { code, reason, wasClean } = await closed;
    equalLists([code, reason, wasClean, socket.readyState], [1006, '', false, 3], 'the end');
  },

  // The server ends its side right behind the Close with which it fails a connection: whether that is
  // clean depends on what the browser reads first.
  async 'the server\'s code and reason arrive'({ small: url }) {
    const socket = await open(url);
    socket.send('x'.repeat(101));
    const { code, reason } = await event(socket, 'close');
    equalLists([code, reason], [1009, 'the message is larger than this route allows'], 'the end');
  },

  async 'an end that the server begins by itself is clean'({ brief: url }) {
    const socket = await open(url);
    let failures = 0;
    socket.onerror = () => failures++;
    const { code, reason, wasClean } = await event(socket, 'close');
    equalLists([code, wasClean, socket.readyState, failures], [1001, true, 3, 0], `the end "${reason}"`);
    equal(reason, 'the connection has reached its maximum age', 'the reason');
  },

  async 'an end without a Close is not clean'({ abrupt: url }) {
    const socket = await open(url);
    socket.send('end');
    const { code, reason, wasClean } = await event(socket, 'close');
    equalLists([code, reason, wasClean, socket.readyState], [1006, '', false, 3], 'the end');
  },

  async 'a refused handshake is an error and then an end'({ nowhere: url }) {
    const socket = new WebSocket(url);
    const seen = [];
    socket.onerror = ({ type }) => seen.push(type, socket.readyState);
    socket.onclose = ({ type }) => seen.push(type, socket.readyState);
    const { code, reason, wasClean } = await event(socket, 'close');
    equalLists([code, reason, wasClean], [1006, '', false], 'the end');
    equalLists(seen, ['error', 3, 'close', 3], 'the events');
  },

  async 'a socket may be let go of while messages are under way'({ echo: url }) {
    const done = [];
    for (let i = 0; i < 20; i++) {
      done.push(open(url).then((socket) => echo(socket, String(i)).then((text) => shut(socket).then(() => text))));
    }
    equalLists(await Promise.all(done), Array.from({ length: 20 }, (_, i) => String(i)), 'the echoes');
  },
};

async function runApiTests(urls) {
  const problems = [];
  for (const [name, test] of Object.entries(tests)) {
    try {
      await test(urls);
    } catch (error) {
      problems.push([name, String(error.message || error)]);
    }
  }
  return { count: Object.keys(tests).length, problems };
}
