// The page, used as a person would: buttons are clicked, fields filled in, and what is to be seen is
// read. `settings`: page, the page's URL; socket, the URL that it should propose.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

// ---- what can be seen ----

// The lines of the log that are in sight: [kind, text, size, whether there is a round-trip time].
const rows = (tab) => tab.run(() => [...document.querySelectorAll('.row')].map((row) => {
  const [what, size, trip] = ['what', 'size', 'trip'].map((name) => row.querySelector(`.${name}`).textContent);
  return [row.classList[1], what, size, trip !== ''];
}));

const untilRow = (tab, kind, text) => tab.until(`a line ${kind} ${text}`, (one,
  part) => [...document.querySelectorAll('.row')]
  .some((row) => row.classList.contains(one) && row.textContent.includes(part)), kind, text);

const untilText = (tab, selector, text) => tab.until(`"${text}" in ${selector}`,
  (one, part) => document.querySelector(one).textContent.includes(part), selector, text);

const textOf = (tab, selector) => tab.run((one) => document.querySelector(one).textContent, selector);

const untilEnabled = (tab, selector) => tab.until(`${selector} to be enabled`,
  (one) => !document.querySelector(one).disabled, selector);

async function expectNoProblems(tab, ...expected) {
  const problems = (await tab.problems()).filter((text) => !expected.some((part) => part.test(text)));
  assert.deepStrictEqual(problems, [], 'in the console');
}

// ---- what a person does ----

async function openPage(engine, settings) {
  const tab = await engine.newTab();
  await tab.resize(1280, 800);
  await tab.goto(settings.page);
  return tab;
}

async function connect(tab) {
  await untilEnabled(tab, '#connect');
  await tab.click('#connect');
  await untilText(tab, '#state', 'Connected');
}

async function openConnected(engine, settings) {
  const tab = await openPage(engine, settings);
  await connect(tab);
  return tab;
}

// Writes a text at once, line breaks and all.
const write = (tab, selector, text) => tab.run((one, written) => {
  const element = document.querySelector(one);
  element.value = written;
  element.dispatchEvent(new Event('input', { bubbles: true }));
}, selector, text);

const chooseKind = (tab, kind) => tab.check(`input[name=kind][value=${kind}]`);

// Writes a message, sends it, and waits for its echo: the list shows both as `shown`.
async function sendAndReceive(tab, kind, written, shown, size) {
  await chooseKind(tab, kind);
  await tab.type('#content', written);
  await untilEnabled(tab, '#send');
  await tab.click('#send');
  await untilRow(tab, 'received', shown);
  const last = (await rows(tab)).slice(-2);
  assert.deepStrictEqual(last, [['sent', shown, size, false], ['received', shown, size, true]]);
}

// Whether the chart has the colour of its newest sample, a filled point.
function hasSamples() {
  const canvas = document.getElementById('chart');
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const colour = parseInt(getComputedStyle(canvas).getPropertyValue('--accent').trim().slice(1), 16);
  for (let i = 0; i < data.length; i += 4) {
    if (((data[i] << 16) | (data[i + 1] << 8) | data[i + 2]) === colour && data[i + 3] === 255) {
      return true;
    }
  }
  return false;
}

async function disconnect(tab, code, reason) {
  await tab.type('#code', code);
  await tab.type('#reason', reason);
  await tab.click('#disconnect');
  await untilText(tab, '#state', 'Not connected');
}

// ---- the visits ----

async function everyKind(engine, settings) {
  const tab = await openPage(engine, settings);
  assert.strictEqual(await tab.run(() => document.getElementById('url').value), settings.socket);
  assert.strictEqual(await tab.run(() => performance.getEntriesByType('resource').length), 0);
  await connect(tab);
  assert.strictEqual(await textOf(tab, '#fact-subprotocol'), 'none');
  await sendAndReceive(tab, 'text', 'h\u00e4llo <b>you</b>', 'h\u00e4llo <b>you</b>', '17 B');
  await sendAndReceive(tab, 'json', '[1, {"a": null}]', '[1, {"a": null}]', '16 B');
  await sendAndReceive(tab, 'hex', '00 ff 0x80', '00 ff 80', '3 B');
  await sendAndReceive(tab, 'base64', 'AQID', '01 02 03', '3 B');
  await sendAndReceive(tab, 'text', '', '(empty)', '0 B');
  await tab.type('#content', 'by key');
  await tab.press('#content', 'Control', 'Enter');
  await untilRow(tab, 'received', 'by key');
  await untilText(tab, '#received-count', '6');
  await disconnect(tab, '4001', 'good bye');
  await untilRow(tab, 'event', 'Closed with 4001, a private code');
  assert.match(await textOf(tab, '#fact-close'), /^4001, a private code of this application/);
  await expectNoProblems(tab);
  await tab.close();
}

async function aFile(engine, settings) {
  const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'wsrelayd-file-')), 'bytes');
  fs.writeFileSync(file, Buffer.from([...Array(256).keys()]));
  const tab = await openConnected(engine, settings);
  await chooseKind(tab, 'file');
  await tab.choose('#file', file);
  await untilText(tab, '#content-size', '256 B');
  await tab.click('#send');
  await untilRow(tab, 'received', '00 01 02 03');
  await tab.run(() => [...document.querySelectorAll('.row')].pop().click());
  await untilText(tab, '#detail-title', 'Received binary');
  assert.match(await textOf(tab, '#detail-content'), /^000000 {2}00 01[^]*0000f0 {2}f0[^\n]*ff {2}\.{16}$/);
  await expectNoProblems(tab);
  await tab.close();
  fs.rmSync(path.dirname(file), { recursive: true });
}

async function mistakes(engine, settings) {
  const tab = await openPage(engine, settings);
  for (const [kind, written, problem] of [['json', '{"a": }', ''], ['hex', '0g', '"g" is not a hexadecimal digit'],
    ['hex', '123', 'odd'], ['base64', 'a*b', '"*" does not occur'], ['base64', 'A', 'cut off']]) {
    await chooseKind(tab, kind);
    await tab.type('#content', written);
    await tab.until(`a problem with ${written}`, (part) => {
      const text = document.getElementById('message-problem').textContent;
      return text !== '' && text.includes(part);
    }, problem);
    assert.strictEqual(await tab.run(() => document.getElementById('content').getAttribute('aria-invalid')), 'true');
  }
  await tab.type('#url', 'ftp://example.org/');
  await tab.click('#connect');
  await untilText(tab, '#connection-problem', 'no URL of a WebSocket');
  await tab.type('#url', settings.socket);
  await tab.type('#subprotocols', 'not a word');
  await tab.click('#connect');
  await untilText(tab, '#connection-problem', 'subprotocol');
  await tab.clear('#subprotocols');
  await connect(tab);
  assert.strictEqual(await textOf(tab, '#connection-problem'), '');
  for (const [code, reason, problem] of [['1001', '', '3000 to 4999'], ['', 'why', 'needs a code'],
    ['1000', 'x'.repeat(124), 'at most 123 bytes, this one 124']]) {
    await tab.type('#code', code);
    await tab.type('#reason', reason);
    await tab.click('#disconnect');
    await untilText(tab, '#connection-problem', problem);
  }
  assert.strictEqual(await textOf(tab, '#state'), 'Connected');
  await disconnect(tab, '', '');
  await untilRow(tab, 'event', 'Closed with 1005');
  await expectNoProblems(tab);
  await tab.close();
}

async function negotiated(engine, settings) {
  const tab = await openPage(engine, settings);
  await tab.type('#subprotocols', 'unknown, beta');
  await connect(tab);
  assert.strictEqual(await textOf(tab, '#fact-subprotocol'), 'beta');
  assert.strictEqual(await textOf(tab, '#fact-extensions'), 'none');
  await tab.close();
}

async function manyMessages(engine, settings) {
  const tab = await openConnected(engine, settings);
  assert.strictEqual(await tab.run(hasSamples), false);
  await chooseKind(tab, 'text');
  await tab.click('#repeat-box summary');
  await tab.type('#repeat-count', String(settings.count));
  await tab.type('#repeat-size', '32');
  await tab.click('#repeat');
  const count = String(settings.count).replace(/\B(?=(\d{3})+$)/g, '\u2009');
  await untilText(tab, '#received-count', count);
  await untilText(tab, '#trip-p99', 's');
  await untilText(tab, '#pending-count', '0');
  await untilRow(tab, 'received', `#${settings.count} `);
  await tab.until('the chart', hasSamples);
  const shown = await rows(tab);
  assert.ok(shown.length > 3 && shown.length < 60, `${shown.length} lines exist`);
  assert.ok(shown[shown.length - 1][1].startsWith(`#${settings.count} `), 'the newest is in sight');
  assert.match(await textOf(tab, '#trip-p50'), /^\d/);
  await tab.type('#filter', `#${settings.count} `);
  await tab.until('the filter', () => document.querySelectorAll('.row').length === 2);
  await tab.select('#show', 'received');
  await tab.until('one line', () => document.querySelectorAll('.row').length === 1);
  await expectNoProblems(tab);
  await tab.close();
}

async function theLog(engine, settings) {
  const tab = await openConnected(engine, settings);
  await sendAndReceive(tab, 'json', '{"a":[1,2]}', '{"a":[1,2]}', '11 B');
  await tab.press('#log', 'ArrowUp');
  await untilText(tab, '#detail-title', 'Received text');
  assert.strictEqual(await textOf(tab, '#detail-content'), '{\n  "a": [\n    1,\n    2\n  ]\n}');
  await tab.click('#detail-reuse');
  assert.strictEqual(await tab.run(() => document.getElementById('content').value), '{"a":[1,2]}');
  await tab.click('#pause');
  await tab.click('#send');
  await untilText(tab, '#pause', 'Go on (2)');
  const exported = await tab.run(async () => {
    const texts = [];
    const make = URL.createObjectURL;
    const click = HTMLAnchorElement.prototype.click;
    URL.createObjectURL = (blob) => { texts.push(blob.text()); return make(blob); };
    HTMLAnchorElement.prototype.click = function save() { texts.push(this.download); };
    document.getElementById('export-json').click();
    document.getElementById('export-text').click();
    URL.createObjectURL = make;
    HTMLAnchorElement.prototype.click = click;
    return Promise.all(texts);
  });
  const objects = JSON.parse(exported[0]);
  assert.deepStrictEqual(objects.map(({ kind }) => kind), ['event', 'event', 'sent', 'received', 'sent', 'received']);
  assert.strictEqual(objects[3].text, '{"a":[1,2]}');
  assert.ok(objects[3].round_trip_ms >= 0);
  assert.match(exported[1], /^websocket-.*\.json$/);
  assert.strictEqual(exported[2].trim().split('\n').length, 6);
  await tab.click('#pause');
  await tab.until('what came in the pause', () => document.querySelector('.row[aria-posinset="6"]') !== null);
  await tab.click('#clear');
  await tab.until('an empty log', () => document.querySelectorAll('.row').length === 0
    && document.getElementById('sent-count').textContent === '0');
  await expectNoProblems(tab);
  await tab.close();
}

// However low the window is, what is shown of a message can be reached, and its row stays in sight.
async function theDetail(engine, settings) {
  const tab = await openConnected(engine, settings);
  await write(tab, '#content', Array.from({ length: 40 }, (_, i) => `line ${i}`).join('\n'));
  for (let count = 1; count <= 10; count++) {
    await tab.click('#send');
    await untilText(tab, '#received-count', String(count));
  }
  for (const [width, height] of [[1280, 800], [1366, 768], [1280, 720], [390, 844]]) {
    await tab.resize(width, height);
    await tab.press('#log', 'ArrowUp');
    await untilText(tab, '#detail-content', 'line 39');
    for (const id of ['detail-copy', 'detail-reuse', 'detail-close']) {
      await tab.until(`${id} in reach at ${width} x ${height}`, (name) => {
        const button = document.getElementById(name);
        button.scrollIntoView({ block: 'nearest' });
        const { left, top, width: across, height: down } = button.getBoundingClientRect();
        return document.elementFromPoint(left + across / 2, top + down / 2) === button;
      }, id);
    }
    await tab.until(`the row in sight at ${width} x ${height}`, () => {
      const row = document.querySelector('.row[aria-selected=true]')?.getBoundingClientRect();
      const log = document.getElementById('log').getBoundingClientRect();
      return row && row.top >= log.top && row.bottom <= log.bottom + 2;
    });
    await tab.click('#detail-close');
  }
  await expectNoProblems(tab);
  await tab.close();
}

// When, of which type and what: on a phone, too.
async function theRow(engine, settings) {
  const tab = await openConnected(engine, settings);
  await sendAndReceive(tab, 'text', 'a text', 'a text', '6 B');
  await sendAndReceive(tab, 'hex', '61', '61', '1 B');
  for (const [width, height] of [[1280, 800], [390, 844]]) {
    await tab.resize(width, height);
    await tab.until(`rows without overlaps at ${width}`, () => {
      const boxes = [...document.querySelectorAll('.row')].map((row) => row.getBoundingClientRect());
      return boxes.length > 3 && boxes.every((box, i) => i === 0 || Math.abs(boxes[i - 1].bottom - box.top) < 1);
    });
    const seen = await tab.run(() => [...document.querySelectorAll('.row.sent')].map((row) => ['when', 'type', 'what']
      .map((name) => row.querySelector(`.${name}`)).map((cell) => (cell.clientWidth > 20 ? cell.textContent : ''))));
    assert.deepStrictEqual(seen.map(([, ...rest]) => rest), [['text', 'a text'], ['bin', '61']]);
    seen.forEach(([when]) => assert.match(when, /^\d\d:\d\d:\d\d\.\d{3}$/));
  }
  await expectNoProblems(tab);
  await tab.close();
}

async function reconnects(engine, settings, please) {
  const tab = await openPage(engine, settings);
  await tab.click('#reconnect');
  await connect(tab);
  await please('stop');
  await untilRow(tab, 'event', 'Closed with 1001, going away');
  await untilRow(tab, 'event', 'Connecting again in');
  await untilRow(tab, 'event', 'attempt 2');
  await please('start');
  await untilText(tab, '#state', 'Connected');
  await sendAndReceive(tab, 'text', 'again', 'again', '5 B');
  await disconnect(tab, '1000', '');
  await expectNoProblems(tab, /WebSocket|connection to|1006/);
  await tab.close();
}

async function refused(engine, settings) {
  const tab = await openPage(engine, settings);
  await tab.type('#url', settings.socket.replace(/[^/]*$/, 'nowhere'));
  await tab.click('#connect');
  await untilRow(tab, 'event', 'Closed with 1006, no Close was received');
  assert.match(await textOf(tab, '#fact-close'), /not clean/);
  await tab.close();
}

// The controls of an echo are listed, and each puts an example into the URL that the server takes.
async function shaped(engine, settings) {
  const tab = await openPage(engine, settings);
  const url = () => tab.run(() => document.getElementById('url').value);
  await tab.click('#controls-box summary');
  const names = await tab.run(() => [...document.querySelectorAll('#controls button')].map((one) => one.textContent));
  assert.strictEqual(names.length, 13);
  await tab.click('#controls [data-control^="repeat="]');
  await tab.click('#controls [data-control^="repeat="]');
  assert.strictEqual(await url(), `${settings.socket}?repeat=3`);
  await tab.click('#controls [data-control^="delay="]');
  await connect(tab);
  await tab.type('#content', 'again');
  await tab.click('#send');
  await untilText(tab, '#received-count', '3');
  await tab.type('#url', 'no URL');
  await tab.click('#controls [data-control^="delay="]');
  await untilText(tab, '#connection-problem', 'no URL of a WebSocket');
  await expectNoProblems(tab);
  await tab.close();
}

async function room(engine, settings) {
  const one = await openConnected(engine, settings);
  const other = await openConnected(engine, settings);
  assert.strictEqual(await one.run(() => document.getElementById('url').value), settings.socket);
  for (const [from, to, text] of [[one, other, 'from one'], [other, one, 'from the other']]) {
    await from.type('#content', text);
    await untilEnabled(from, '#send');
    await from.click('#send');
    await untilText(to, '#received-count', '1');
    await untilRow(to, 'received', text);
    const received = (await rows(to)).filter(([kind]) => kind === 'received');
    assert.deepStrictEqual(received.map(([, what, , timed]) => [what, timed]), [[text, false]]);
  }
  await expectNoProblems(one);
  await expectNoProblems(other);
  await other.close();
  await one.close();
}

// axe-core, in every state and at both widths.
async function accessible(engine, settings) {
  const axe = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
  const tab = await openPage(engine, settings);
  await tab.run((source) => { (0, eval)(`${source}; window.axe = axe;`); }, axe).catch(async () => {
    await tab.run(new Function(`${axe}; window.axe = axe;`)); // where the page's policy binds eval
  });
  const examine = async (state) => {
    const found = await tab.run(async () => (await window.axe.run(document)).violations
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`));
    assert.deepStrictEqual(found, [], state);
  };
  await examine('at first');
  await connect(tab);
  await sendAndReceive(tab, 'json', '{"a":1}', '{"a":1}', '7 B');
  await tab.press('#log', 'ArrowUp');
  await tab.type('#content', 'no JSON');
  await tab.click('#repeat-box summary');
  await tab.click('#controls-box summary');
  await untilText(tab, '#detail-title', 'Received');
  await examine('with messages, a detail and a mistake');
  await tab.resize(390, 844);
  await examine('on a phone');
  const overflow = await tab.run(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.strictEqual(overflow, 0, 'wider than a phone');
  await tab.close();
}

module.exports = {
  everyKind, aFile, mistakes, negotiated, manyMessages, theLog, theDetail, theRow, reconnects, refused, shaped,
  room, accessible,
};
