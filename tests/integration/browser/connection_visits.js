// How the page connects, and what becomes of its connections: visits as in page_visits.js.
'use strict';

const assert = require('node:assert');
const {
  rows, untilRow, untilText, textOf, untilEnabled, refusalOf, expectNoProblems, openPage, connect, openConnected,
  chooseKind, sendAndReceive, disconnect, passTime,
} = require('./page_steps.js');

async function negotiated(engine, settings) {
  const tab = await openPage(engine, settings);
  await tab.type('#subprotocols', 'unknown, beta');
  await connect(tab);
  assert.strictEqual(await textOf(tab, '#fact-subprotocol'), 'beta');
  assert.strictEqual(await textOf(tab, '#fact-extensions'), 'none');
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
  await expectNoProblems(tab, refusalOf(settings.socket));
  await tab.close();
}

async function refused(engine, settings) {
  const tab = await openPage(engine, settings);
  const url = settings.socket.replace(/[^/]*$/, 'nowhere');
  await tab.type('#url', url);
  await tab.click('#connect');
  await untilRow(tab, 'event', 'Closed with 1006, no Close was received');
  assert.match(await textOf(tab, '#fact-close'), /not clean/);
  await expectNoProblems(tab, refusalOf(url));
  await tab.close();
}

// ---- the controls of an echo ----

// What comes of each example alone: a text in the log, and how many messages bring it about.
const EXAMPLES = {
  close: ['Closed with 4000'],
  reason: ['Closed with 4000, a private code of this application: "done"'],
  after: ['Closed with 4000', 5],
  status: ['Closed with 1006'],
  subprotocol: ['subprotocol: alpha'],
  info: ['{"client"'],
};

async function tryExample(tab, settings, name) {
  const [text, messages] = EXAMPLES[name] || ['Connected in'];
  await tab.click('#clear');
  await tab.type('#url', settings.socket);
  await tab.clear('#subprotocols');
  await tab.click(`#controls dt button[data-control*="${name}="]:not([data-control*="${name}=4000&"])`);
  await tab.press('#url', 'Enter'); // which has the focus, and scrolls into sight where a click might miss
  for (let count = 0; count < messages; count++) {
    await untilEnabled(tab, '#send');
    await tab.click('#send');
  }
  await untilRow(tab, '', text);
  if (!text.startsWith('Closed')) {
    await tab.click('#disconnect');
  }
  await untilText(tab, '#state', 'Not connected');
}

// The controls are listed, and each puts an example into the URL that the server takes.
async function shaped(engine, settings) {
  const tab = await openPage(engine, settings);
  const url = () => tab.run(() => document.getElementById('url').value);
  await tab.click('#controls-box summary');
  const names = await tab.run(() => [...document.querySelectorAll('#controls button')].map((one) => one.textContent));
  assert.strictEqual(names.length, 13);
  for (const name of names) {
    await tryExample(tab, settings, name);
  }
  await tab.click('#clear');
  await tab.type('#url', settings.socket);
  await tab.click('#controls [data-control^="repeat="]');
  await tab.click('#controls [data-control^="repeat="]');
  assert.strictEqual(await url(), `${settings.socket}?repeat=3`);
  await tab.click('#controls [data-control^="delay="]');
  await tab.press('#url', 'Enter');
  await untilText(tab, '#state', 'Connected');
  await tab.type('#content', 'again');
  await tab.click('#send');
  await untilText(tab, '#received-count', '3');
  await tab.type('#url', 'no URL');
  await tab.click('#controls [data-control^="delay="]');
  await untilText(tab, '#connection-problem', 'no URL of a WebSocket');
  await expectNoProblems(tab, refusalOf(`${settings.socket}?status=503`));
  await tab.close();
}

// ---- when a connection ends ----

async function startMany(tab, count, rate) {
  await tab.run(() => { document.getElementById('repeat-box').open = true; });
  await tab.type('#repeat-count', String(count));
  await tab.type('#repeat-rate', String(rate));
  await untilEnabled(tab, '#repeat');
  await tab.click('#repeat');
}

// Whoever connects again without waiting for the other side's Close begins anew.
async function leftWhileClosing(engine, settings) {
  const tab = await openPage(engine, settings);
  await tab.type('#url', `${settings.socket}?drop=100`);
  await connect(tab);
  await startMany(tab, 1000000, 1000);
  await tab.until('messages that do not come back', () => trips.pending.length > 9
    && document.getElementById('pending-count').textContent !== '0');
  const seen = await tab.run(() => {
    const textOfOne = (id) => document.getElementById(id).textContent;
    document.getElementById('disconnect').click();
    const label = textOfOne('repeat');
    document.getElementById('connect').click();
    return [label, textOfOne('fact-close')];
  });
  assert.deepStrictEqual(seen, ['Start', 'not waited for']);
  await untilText(tab, '#state', 'Connected');
  await tab.until('nothing to be pending', () => document.getElementById('pending-count').textContent === '0');
  await untilRow(tab, 'event', 'Closed without waiting for the other side');
  await untilEnabled(tab, '#repeat');
  assert.strictEqual(await textOf(tab, '#repeat'), 'Start');
  const sent = await tab.run(() => {
    const { sent: before } = totals;
    link.socket.close();
    document.getElementById('send').click();
    return totals.sent - before;
  });
  assert.strictEqual(sent, 0, 'messages sent on a connection that is closing');
  await untilText(tab, '#state', 'Not connected');
  await expectNoProblems(tab);
  await tab.close();
}

// Until it waits for long enough to be clicked at.
async function untilWaiting(tab) {
  await tab.click('#clear');
  await tab.click('#connect');
  await untilRow(tab, 'event', 'attempt 1');
  await tab.run(() => { link.attempt = 8; });
  await untilRow(tab, 'event', 'attempt 9');
}

// The server closes each connection at once: the page waits, and whoever waits may stop that.
async function waits(engine, settings) {
  const tab = await openPage(engine, settings);
  const state = () => textOf(tab, '#state-text');
  await tab.type('#url', `${settings.socket}?close=4000`);
  await tab.click('#reconnect');
  await untilWaiting(tab);
  assert.strictEqual(await textOf(tab, '#connect'), 'Connect now');
  await untilWaiting(tab);
  assert.strictEqual(await textOf(tab, '#disconnect'), 'Give up');
  await tab.click('#disconnect');
  assert.strictEqual(await state(), 'Not connected');
  await untilWaiting(tab);
  assert.strictEqual(await state(), 'Connecting again');
  await tab.click('#reconnect');
  assert.strictEqual(await state(), 'Not connected');
  await expectNoProblems(tab);
  await tab.close();
}

// A button that has done its work keeps the focus, and does nothing more.
async function keepsTheFocus(engine, settings) {
  const tab = await openPage(engine, settings);
  const focused = () => tab.run(() => document.activeElement.id);
  await tab.press('#connect', 'Enter');
  await untilText(tab, '#state', 'Connected');
  assert.strictEqual(await focused(), 'connect');
  await tab.press('#connect', 'Enter');
  await tab.press('#url', 'Enter');
  await tab.press('#disconnect', 'Enter');
  await untilText(tab, '#state', 'Not connected');
  assert.strictEqual(await focused(), 'disconnect');
  await untilRow(tab, 'event', 'Closed');
  const events = (await rows(tab)).map(([, text]) => text.split(' ')[0]);
  assert.deepStrictEqual(events, ['Connecting', 'Connected', 'Closed']);
  await expectNoProblems(tab);
  await tab.close();
}

// ---- rooms ----

async function sendText(tab, text) {
  await tab.type('#content', text);
  await untilEnabled(tab, '#send');
  await tab.click('#send');
}

// What members of a room send does not come back to them: an equal text is another's, once that is known.
async function room(engine, settings) {
  const one = await openConnected(engine, settings);
  const other = await openConnected(engine, settings);
  assert.strictEqual(await one.run(() => document.getElementById('url').value), settings.socket);
  for (const [from, to] of [[one, other], [other, one]]) {
    for (const text of ['first', 'second', 'third'].map((word) => `${word} of ${from === one ? 'one' : 'the other'}`)) {
      await sendText(from, text);
      await untilRow(to, 'received', text);
    }
  }
  for (const tab of [one, other]) {
    await untilText(tab, '#pending-count', '3');
    await passTime(tab, 61000);
    await untilText(tab, '#pending-count', '\u2013');
    await sendText(tab, 'equal');
  }
  for (const tab of [one, other]) {
    await untilText(tab, '#received-count', '4');
    await untilRow(tab, 'received', 'equal');
    const received = (await rows(tab)).filter(([kind]) => kind === 'received');
    assert.deepStrictEqual(received.filter(([, , , timed]) => timed), []);
    assert.strictEqual(await textOf(tab, '#trip-p50'), '\u2013');
    await expectNoProblems(tab);
  }
  await other.close();
  await one.close();
}

module.exports = { negotiated, reconnects, refused, shaped, leftWhileClosing, waits, keepsTheFocus, room };
