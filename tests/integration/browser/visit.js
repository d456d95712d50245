// One visit of a running browser to the pages of a directory:
//
//     node visit.js ENDPOINT DIRECTORY NAME [CODE]
//
// ENDPOINT is the browser's DevTools address. Ends with status 0 when all went as it should.
'use strict';

const assert = require('node:assert');
const path = require('node:path');
const puppeteer = require('puppeteer-core');

const [endpoint, directory, name, code] = process.argv.slice(2);

const GREETED = [['open'], ['message', 'Hello, server']];
const CLEAN = ['close', 1000, true];

async function open(browser, page) {
  const tab = await browser.newPage();
  await tab.goto(`file://${path.join(directory, page)}`);
  return tab;
}

// Fails unless these are the events so far, and as many are awaited.
async function expectEvents(tab, expected) {
  const events = await tab.evaluate((count) => eventsUntil(count), expected.length);
  assert.deepStrictEqual(events, expected);
}

const close = (tab) => tab.evaluate(() => socket.close(1000, 'done'));

const visits = {
  async text(browser) {
    const tab = await open(browser, 'echo.html');
    await expectEvents(tab, GREETED);
    const texts = ['', 'ünïcödé €𝄞', 'x'.repeat(100000), '{"type":"json"}'];
    await tab.evaluate((all) => all.forEach((text) => socket.send(text)), texts);
    const expected = [...GREETED, ...texts.map((text) => ['message', text])];
    await expectEvents(tab, expected);
    await close(tab);
    await expectEvents(tab, [...expected, CLEAN]);
  },

  async binary(browser) {
    const tab = await open(browser, 'binary.html');
    await expectEvents(tab, [['open']]);
    await tab.evaluate(() => socket.send(new Blob([Uint8Array.from([1, 2, 255])])));
    await expectEvents(tab, [['open'], ['message', 'Blob', 1, 2, 255]]);
    await tab.evaluate(() => {
      socket.binaryType = 'arraybuffer';
      socket.send(Uint8Array.from([0, 128]).buffer);
    });
    const expected = [['open'], ['message', 'Blob', 1, 2, 255], ['message', 'ArrayBuffer', 0, 128]];
    await expectEvents(tab, expected);
    await close(tab);
    await expectEvents(tab, [...expected, CLEAN]);
  },

  async room(browser) {
    const one = await open(browser, 'path.html#/room/x');
    await expectEvents(one, [['open']]);
    const other = await open(browser, 'path.html#/room/x');
    await expectEvents(other, [['open']]);
    await one.evaluate(() => socket.send('from one'));
    await expectEvents(other, [['open'], ['message', 'from one']]);
    await other.evaluate(() => socket.send('from the other'));
    await expectEvents(one, [['open'], ['message', 'from the other']]);
    await other.close();
    await one.evaluate(() => socket.send('into an empty room'));
    await close(one);
    await expectEvents(one, [['open'], ['message', 'from the other'], CLEAN]);
  },

  async refused(browser) {
    const tab = await open(browser, 'path.html#/nowhere');
    await expectEvents(tab, [['error'], ['close', 1006, false]]);
  },

  async tooBig(browser) {
    const tab = await open(browser, 'echo.html');
    await expectEvents(tab, GREETED);
    await tab.evaluate(() => socket.send('x'.repeat((1 << 20) + 1)));
    await expectEvents(tab, [...GREETED, ['close', 1009, true]]);
  },

  async leftOpen(browser) {
    const tab = await open(browser, 'echo.html');
    await expectEvents(tab, GREETED);
    await tab.reload();
    await expectEvents(tab, GREETED);
    await tab.goto('about:blank');
  },

  // What somebody types into the console of an empty page.
  async console(browser) {
    const tab = await browser.newPage();
    const lines = [];
    const printed = (line) => new Promise((resolve) => {
      tab.on('console', (message) => message.text().startsWith(line) && resolve());
    });
    tab.on('console', (message) => lines.push(message.text()));
    const received = printed('received');
    const closed = printed('closed');
    await tab.evaluate(code);
    await received;
    await close(tab);
    await closed;
    assert.deepStrictEqual(lines.map((line) => line.trim()).slice(0, 1), ['received hello']);
    assert.match(lines[1], /^closed 1000\b/);
    assert.strictEqual(lines.length, 2);
  },
};

async function main() {
  const browser = await puppeteer.connect({ browserWSEndpoint: endpoint });
  try {
    await visits[name](browser);
  } finally {
    await browser.disconnect();
  }
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
