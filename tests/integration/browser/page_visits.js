// The page, used as a person would: buttons are clicked, fields filled in, and what is to be seen is
// read. `settings`: page, the page's URL; socket, the URL that it should propose.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const {
  rows, untilRow, untilText, textOf, untilEnabled, expectNoProblems, openPage, connect, openConnected, write,
  chooseKind, sendAndReceive, hasSamples, disconnect,
} = require('./page_steps.js');

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
  const unreadable = path.join(path.dirname(file), 'unreadable');
  fs.writeFileSync(unreadable, '');
  const tab = await openConnected(engine, settings);
  await chooseKind(tab, 'file');
  await tab.choose('#file', file);
  await untilText(tab, '#content-size', '256 B');
  await tab.click('#send');
  await untilRow(tab, 'received', '00 01 02 03');
  await tab.run(() => [...document.querySelectorAll('.row')].pop().click());
  await untilText(tab, '#detail-title', 'Received binary');
  assert.match(await textOf(tab, '#detail-content'), /^000000 {2}00 01[^]*0000f0 {2}f0[^\n]*ff {2}\.{16}$/);
  const isInvalid = () => tab.run(() => document.getElementById('file').getAttribute('aria-invalid'));
  await tab.run(() => {
    window.read = File.prototype.arrayBuffer;
    File.prototype.arrayBuffer = () => Promise.reject(new Error('It is gone.'));
  });
  await tab.choose('#file', unreadable);
  await untilText(tab, '#message-problem', 'It is gone.');
  assert.strictEqual(await isInvalid(), 'true');
  await tab.run(() => { File.prototype.arrayBuffer = window.read; });
  await tab.choose('#file', file);
  await untilText(tab, '#content-size', '256 B');
  assert.strictEqual(await isInvalid(), 'false');
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
  for (const url of ['ftp://example.org/', 'ws://localhost:99999/', 'ws://localhost/#part']) {
    await tab.type('#url', url);
    await tab.click('#connect');
    await untilText(tab, '#connection-problem', 'no URL of a WebSocket');
    await tab.type('#url', settings.socket);
    await tab.type('#subprotocols', 'twice, twice');
    await tab.click('#connect');
    await untilText(tab, '#connection-problem', 'subprotocol');
    await tab.clear('#subprotocols');
  }
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

// Of how many different numbers are the keys of 20001 messages, of which many differ little.
function countKeys() {
  const bytes = Array.from({ length: 10000 }, (_, i) => Uint8Array.of(i >> 8, i & 255));
  const texts = Array.from({ length: 10000 }, (_, i) => `${'x'.repeat(i % 100)}#${i}`);
  return new Set([...bytes, ...texts, 'x'.repeat(1 << 20)].map(Trips.keyOf).filter(Number.isInteger)).size;
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
  assert.strictEqual(await tab.run(countKeys), 20001);
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

// What would be saved, and under which names: [JSON, its name, text, its name].
function saveBoth() {
  const texts = [];
  const make = URL.createObjectURL;
  const { click } = HTMLAnchorElement.prototype;
  URL.createObjectURL = (blob) => { texts.push(blob.text()); return make(blob); };
  HTMLAnchorElement.prototype.click = function save() { texts.push(this.download); };
  document.getElementById('export-json').click();
  document.getElementById('export-text').click();
  URL.createObjectURL = make;
  HTMLAnchorElement.prototype.click = click;
  return Promise.all(texts);
}

// A clipboard that keeps the text or, after window.refusing = true, takes none.
function replaceClipboard() {
  const writeText = async (text) => {
    if (window.refusing) {
      throw new Error('no');
    }
    window.copied = text;
  };
  Object.defineProperty(navigator, 'clipboard', { value: { writeText }, configurable: true });
  document.execCommand = () => false;
}

// Labels stand for a moment only: all that the button has had are kept.
function keepLabels() {
  const button = document.getElementById('copy');
  window.labels = [];
  new MutationObserver(() => window.labels.push(button.textContent)).observe(button, { childList: true });
}

const untilLabel = (tab, label) => tab.until(`the label ${label}`, (one) => window.labels.includes(one), label);

async function copies(engine, settings) {
  const tab = await openConnected(engine, settings);
  const label = () => tab.run(() => document.getElementById('copy').textContent);
  await tab.run(replaceClipboard);
  await tab.run(keepLabels);
  await tab.click('#copy');
  await untilLabel(tab, 'Copied');
  await tab.click('#copy');
  await tab.until('the label of before', () => document.getElementById('copy').textContent === 'Copy');
  assert.match(await tab.run(() => window.copied), /event  Connecting to [^]*event  Connected in/);
  await tab.run(() => { window.refusing = true; });
  await tab.click('#copy');
  await untilLabel(tab, 'Not copied');
  await tab.until('the label of before', () => document.getElementById('copy').textContent === 'Copy');
  assert.strictEqual(await label(), 'Copy');
  await expectNoProblems(tab);
  await tab.close();
}

// Of a message of more than 1 MiB, the log keeps the beginning, and says so wherever it shows it.
async function cutMessages(engine, settings) {
  const tab = await openConnected(engine, settings);
  await tab.run(replaceClipboard);
  await tab.click('#repeat-box summary');
  await tab.type('#repeat-count', '1');
  await tab.type('#repeat-size', String((1 << 20) + 10));
  await tab.click('#repeat');
  await untilRow(tab, 'sent', '#1 ..');
  await tab.run(() => document.querySelector('.row.sent').click());
  await untilText(tab, '#detail-content', '\n\u2026 (983\u2009050 characters more)');
  await tab.click('#detail-copy');
  const copied = await tab.until('a copy', () => window.copied);
  assert.match(copied.slice(1 << 20), /^\n\u2026 \(10 characters were not kept\)$/);
  const [json, , text] = await tab.run(saveBoth);
  assert.strictEqual(JSON.parse(json).find(({ kind }) => kind === 'sent').not_kept, 10);
  assert.match(text, /\.\n\u2026 \(10 characters were not kept\)\n/);
  await expectNoProblems(tab);
  await tab.close();
}

// At a rate, and no longer than is wanted.
async function atARate(engine, settings) {
  const tab = await openConnected(engine, settings);
  await tab.click('#repeat-box summary');
  await tab.type('#repeat-count', '100');
  await tab.type('#repeat-rate', '50001');
  await tab.click('#repeat');
  await untilText(tab, '#message-problem', 'a whole number from 0 to 50000');
  await tab.type('#repeat-rate', '200');
  await tab.click('#repeat');
  await untilText(tab, '#received-count', '100');
  const times = JSON.parse((await tab.run(saveBoth))[0]).filter(({ kind }) => kind === 'sent')
    .map(({ time }) => Date.parse(time));
  assert.ok(times[99] - times[0] >= 450, `100 messages at 200 a second in ${times[99] - times[0]} ms`);
  await tab.type('#repeat-count', '1000000');
  await tab.click('#repeat');
  await untilText(tab, '#repeat', 'Stop');
  await tab.click('#repeat');
  assert.strictEqual(await textOf(tab, '#repeat'), 'Start');
  const sent = await tab.run(() => totals.sent);
  await tab.click('#send');
  await tab.until('all to come back', (count) => totals.received === count, sent + 1);
  assert.strictEqual(await tab.run(() => totals.sent), sent + 1);
  await expectNoProblems(tab);
  await tab.close();
}

// The kind and the content of the message that is to be sent.
const written = (tab) => tab.run(() => ['input[name=kind]:checked', '#content']
  .map((one) => document.querySelector(one).value));

// A message that is taken from the log is that message, whatever it looks like.
async function reuses(engine, settings) {
  const tab = await openConnected(engine, settings);
  for (const [kind, content] of [['text', '48 65 6c 6c 6f'], ['text', ''], ['json', '[1]'], ['hex', '00 ff']]) {
    await tab.click('#clear');
    await chooseKind(tab, kind);
    await tab.type('#content', content);
    await tab.click('#send');
    await untilText(tab, '#received-count', '1');
    await chooseKind(tab, 'base64');
    await write(tab, '#content', '');
    await tab.press('#log', 'ArrowUp');
    await tab.press('#log', 'ArrowUp');
    await untilText(tab, '#detail-title', 'Sent');
    await tab.click('#detail-reuse');
    assert.deepStrictEqual(await written(tab), [kind, content]);
  }
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
  assert.deepStrictEqual(await written(tab), ['text', '{"a":[1,2]}']);
  await tab.click('#pause');
  await tab.click('#send');
  await untilText(tab, '#pause', 'Go on (2)');
  await tab.type('#filter', '[1,2]');
  await tab.until('those before the pause', () => document.querySelectorAll('.row').length === 2);
  await tab.clear('#filter');
  const exported = await tab.run(saveBoth);
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

const OWN_EVAL = /\beval\b/; // that the policy of the page refuses

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
  if (await tab.preferDark()) {
    await examine('in the dark');
  }
  await expectNoProblems(tab, OWN_EVAL);
  await tab.close();
}

module.exports = {
  everyKind, aFile, mistakes, manyMessages, atARate, reuses, theLog, theDetail, theRow, cutMessages,
  copies, accessible,
};
