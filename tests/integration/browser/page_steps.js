// What visits of the page consist of: what can be seen there, and what a person does.
'use strict';

const assert = require('node:assert');

// ---- what can be seen ----

// The lines of the log that are in sight: [kind, text, size, whether there is a round-trip time].
const rows = (tab) => tab.run(() => [...document.querySelectorAll('.row')].map((row) => {
  const [what, size, trip] = ['what', 'size', 'trip'].map((name) => row.querySelector(`.${name}`).textContent);
  return [row.classList[1], what, size, trip !== ''];
}));

// kind: '' for any. Only what a line says counts: its time of day could hold any number.
const untilRow = (tab, kind, text) => tab.until(`a line ${kind} ${text}`, (one,
  part) => [...document.querySelectorAll(`.row${one && `.${one}`} .what`)]
  .some((what) => what.textContent.includes(part)), kind, text);

const untilText = (tab, selector, text) => tab.until(`"${text}" in ${selector}`,
  (one, part) => document.querySelector(one).textContent.includes(part), selector, text);

const textOf = (tab, selector) => tab.run((one) => document.querySelector(one).textContent, selector);

const untilEnabled = (tab, selector) => tab.until(`${selector} to be enabled`,
  (one) => document.querySelector(one).getAttribute('aria-disabled') !== 'true', selector);

// What consoles say of a WebSocket that is refused or finds nobody.
function refusalOf(url) {
  const quoted = url.replace(/[.?]/g, '\\$&');
  return new RegExp(`^(Error: Firefox can.t establish a connection to the server at ${quoted}\\.`
    + `|WebSocket connection to '${quoted}' failed: Error (during WebSocket handshake: Unexpected response code: \\d+`
    + '|in connection establishment: net::ERR_CONNECTION_REFUSED))$');
}

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

// Another clock for the page: so much later.
const passTime = (tab, ms) => tab.run((more) => {
  const now = performance.now.bind(performance);
  performance.now = () => now() + more;
}, ms);

module.exports = {
  rows, untilRow, untilText, textOf, untilEnabled, refusalOf, expectNoProblems, openPage, connect, openConnected, write,
  chooseKind, sendAndReceive, hasSamples, disconnect, passTime,
};
