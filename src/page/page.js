'use strict';

// What happens when somebody does something, or the other side does.

const $ = (id) => document.getElementById(id);

const EXAMPLES = {
  text: 'Hello, WebSocket!', json: '{"hello": "WebSocket"}', hex: '48 65 6c 6c 6f', base64: 'SGVsbG8=',
};
const STATES = {
  closed: 'Not connected', connecting: 'Connecting\u2026', open: 'Connected', closing: 'Closing\u2026',
  waiting: 'Connecting again',
};
const NO_URL = 'This is no URL of a WebSocket: ws://host:port/path, or wss:// for TLS.';
const NO_SUBPROTOCOL = 'A subprotocol is a word without blanks, and may stand here once.';
const SHOWN_LENGTH = 1 << 16; // of a message, in full
const REFRESH_MS = 250;
const ANNOUNCE_MS = 3000;

const journal = new Journal();
const trips = new Trips();
const chart = new Chart($('chart'));
const list = new List(journal, showDetail);
const rate = { at: performance.now(), received: 0 };
const totals = { sent: 0, sentBytes: 0, received: 0, receivedBytes: 0 };
let stale = true; // the numbers are not those that are shown
let unannounced = 0; // messages received

const link = new Link({
  changed: showState,
  opened(ms) {
    const { protocol, extensions } = link.socket;
    $('fact-subprotocol').textContent = protocol || 'none';
    $('fact-extensions').textContent = extensions || 'none';
    logEvent(`Connected in ${formatTime(ms)}; subprotocol: ${protocol || 'none'}, extensions: ${extensions || 'none'}`);
  },
  message(data) {
    const now = performance.now();
    const content = typeof data === 'string' ? data : new Uint8Array(data);
    const trip = trips.received(content, now);
    const entry = journal.add('received', content, { trip });
    totals.received++;
    totals.receivedBytes += entry.size;
    unannounced++;
    touched();
  },
  closed({ code, reason, wasClean }) {
    const text = `${code}, ${closeMeaning(code)}${reason ? `: "${reason}"` : ''}${wasClean ? '' : ' (not clean)'}`;
    ended(text, `Closed with ${text}`, code !== 1000 && code !== 1005);
  },
  abandoned() {
    ended('not waited for', 'Closed without waiting for the other side');
  },
  delayed(ms, attempt) {
    logEvent(`Connecting again in ${formatTime(ms)}, attempt ${attempt}`);
  },
});

const repeater = new Repeater(send, () => link.buffered, showProgress);

// ---- showing ----

// A button that is of no use now keeps the focus, which the browser would take from one that is disabled.
const enable = (id, enabled) => $(id).setAttribute('aria-disabled', !enabled);

function touched() {
  stale = true;
  list.changed();
}

function logEvent(text, bad = false) {
  journal.add('event', text, { bad });
  touched();
}

function ended(how, line, bad) {
  $('fact-close').textContent = how;
  trips.forget();
  logEvent(line, bad);
}

function showState() {
  const { state } = link;
  if (state !== 'open' && repeater.running) {
    repeater.stop();
  }
  const idle = state === 'closed' || state === 'waiting' || state === 'closing';
  $('state').dataset.state = state;
  $('state-text').textContent = STATES[state];
  showCountdown();
  enable('connect', idle);
  $('connect').textContent = state === 'waiting' ? 'Connect now' : 'Connect';
  enable('disconnect', state !== 'closed' && state !== 'closing');
  $('disconnect').textContent = state === 'waiting' ? 'Give up' : 'Disconnect';
  if (state !== 'open') {
    $('fact-subprotocol').textContent = $('fact-extensions').textContent = $('fact-duration').textContent = '\u2013';
  }
  checkContent();
}

// For eyes only: a screen reader would read every second of it.
function showCountdown() {
  const seconds = Math.max(0, Math.ceil((link.retryAt - performance.now()) / 1000));
  $('countdown').textContent = link.state === 'waiting' ? `in ${seconds} s` : '';
}

function showNumbers() {
  $('sent-count').textContent = formatCount(totals.sent);
  $('sent-bytes').textContent = formatBytes(totals.sentBytes);
  $('received-count').textContent = formatCount(totals.received);
  $('received-bytes').textContent = formatBytes(totals.receivedBytes);
  $('pending-count').textContent = trips.silent ? '\u2013' : formatCount(trips.pending.length);
  const percentiles = trips.percentiles();
  for (const name of ['min', 'p50', 'p90', 'p99', 'max']) {
    $(`trip-${name}`).textContent = percentiles ? formatTime(percentiles[name]) : '\u2013';
  }
  chart.draw(trips.latest(CHART_SAMPLES), percentiles);
}

// Of the last second or so.
function showRate() {
  const seconds = (performance.now() - rate.at) / 1000;
  if (seconds >= 1) {
    $('received-rate').textContent = formatCount(Math.round(Math.max(0, totals.received - rate.received) / seconds));
    rate.at = performance.now();
    rate.received = totals.received;
  }
}

function refresh() {
  showRate();
  showCountdown();
  $('buffered').textContent = formatBytes(link.buffered);
  if (link.state === 'open') {
    $('fact-duration').textContent = formatDuration(performance.now() - link.openedAt);
  }
  if (journal.paused) {
    $('pause').textContent = journal.held > 0 ? `Go on (${formatCount(journal.held)})` : 'Go on';
  }
  if (trips.expire(performance.now()) || stale) {
    stale = false;
    showNumbers();
  }
}

// So that a screen reader hears of messages, but not of each.
function announce() {
  if (unannounced > 0) {
    $('live').textContent = `${unannounced} ${unannounced === 1 ? 'message' : 'messages'} received`;
    unannounced = 0;
  }
}

function showProblem(id, error, ...fields) {
  $(id).textContent = error ? error.message || String(error) : '';
  fields.forEach((field) => $(field).setAttribute('aria-invalid', Boolean(error)));
}

// ---- connecting ----

// The WebSocket of the path at which this page is: without the /.ws that may have led here.
function ownUrl() {
  if (!/^https?:$/.test(location.protocol)) {
    return 'ws://localhost:8080/';
  }
  const path = location.pathname.replace(/\/\.ws$/, '') || '/';
  return `${location.protocol.replace('http', 'ws')}//${location.host}${path}${location.search}`;
}

// Puts a control of the echo, and what it needs, into the URL, in place of those of the same name.
// Browsers take only a subprotocol that was offered.
function addControl(event) {
  const controls = new URLSearchParams(event.target.dataset.control);
  if (!event.target.dataset.control) {
    return;
  }
  showProblem('connection-problem', null, 'url');
  try {
    const url = new URL($('url').value.trim());
    controls.forEach((value, name) => url.searchParams.set(name, value));
    $('url').value = url.href;
    $('subprotocols').value = controls.get('subprotocol') || $('subprotocols').value;
    $('url').focus();
  } catch {
    showProblem('connection-problem', NO_URL, 'url');
  }
}

function isSocketUrl(text) {
  try {
    return /^wss?:$/.test(new URL(text).protocol) && !text.includes('#');
  } catch {
    return false;
  }
}

function connect() {
  const url = $('url').value.trim();
  const subprotocols = $('subprotocols').value.split(',').map((name) => name.trim()).filter(Boolean);
  showProblem('connection-problem', null, 'url', 'subprotocols', 'code', 'reason');
  if (location.protocol === 'https:' && /^ws:\/\/(?!localhost|127\.|\[::1\])/i.test(url)) {
    logEvent('This page came over https: browsers let it use wss:// only', true);
  }
  try {
    link.connect(url, subprotocols);
    logEvent(`Connecting to ${url}`);
  } catch (error) {
    const ofSubprotocol = error.name === 'SyntaxError' && isSocketUrl(url);
    const ofUrl = error.name === 'SyntaxError' ? NO_URL : error;
    showProblem('connection-problem', ofSubprotocol ? NO_SUBPROTOCOL : ofUrl, ofSubprotocol ? 'subprotocols' : 'url');
    link.setState('closed');
  }
}

function disconnect() {
  const code = $('code').value.trim();
  const reason = $('reason').value;
  showProblem('connection-problem', null, 'code', 'reason');
  try {
    if (code === '' && reason !== '') {
      throw new Error('A reason needs a code.');
    }
    if (code !== '' && !/^(1000|[34]\d{3})$/.test(code)) {
      throw new Error('Pages may close with 1000, with 3000 to 4999, or without a code.');
    }
    if (countBytes(reason) > 123) {
      throw new Error(`A reason has at most 123 bytes, this one ${countBytes(reason)}.`);
    }
    link.disconnect(code === '' ? undefined : Number(code), reason);
  } catch (error) {
    showProblem('connection-problem', error, /reason has/.test(error.message) ? 'reason' : 'code');
  }
}

// ---- sending ----

const kind = () => document.querySelector('input[name=kind]:checked').value;

// What is to be sent: text or bytes. Throws what is wrong with it.
function readContent() {
  const text = $('content').value;
  switch (kind()) {
    case 'json':
      JSON.parse(text);
      return text;
    case 'hex':
      return parseHex(text);
    case 'base64':
      return parseBase64(text);
    case 'file':
      if (!fileBytes) {
        throw new Error('Choose a file.');
      }
      return fileBytes;
    default:
      return text;
  }
}

let fileBytes = null;

async function readFile() {
  const file = $('file').files[0];
  fileBytes = null;
  showProblem('message-problem', null, 'file');
  if (file) {
    try {
      fileBytes = new Uint8Array(await file.arrayBuffer());
    } catch (error) {
      showProblem('message-problem', error, 'file');
      return;
    }
  }
  checkContent();
}

// Says what is wrong with the message while it is written; returns it, or undefined.
function checkContent() {
  const open = link.state === 'open';
  let data;
  try {
    data = readContent();
    showProblem('message-problem', null, 'content');
    $('content-size').textContent = formatBytes(typeof data === 'string' ? countBytes(data) : data.length);
  } catch (error) {
    $('content-size').textContent = '';
    showProblem('message-problem', kind() === 'file' ? null : error, 'content');
  }
  enable('send', open && data !== undefined);
  enable('repeat', open && (data !== undefined || repeater.running));
  return data;
}

// Returns whether it was sent.
function send(data, more) {
  if (!link.canSend) {
    return false;
  }
  const now = performance.now();
  link.socket.send(data);
  trips.sent(data, now);
  const entry = journal.add('sent', data, more);
  totals.sent++;
  totals.sentBytes += entry.size;
  touched();
  return true;
}

function sendContent() {
  const data = checkContent();
  if (link.state === 'open' && data !== undefined) {
    list.following = true;
    send(data, { isJson: kind() === 'json' });
  }
}

function showKind() {
  const isFile = kind() === 'file';
  $('content-field').hidden = isFile;
  $('file-field').hidden = !isFile;
  checkContent();
}

// Proposes an example where nothing of the user's own stands.
function changeKind() {
  const isFile = kind() === 'file';
  const text = $('content').value;
  if (!isFile && (text === '' || Object.values(EXAMPLES).includes(text))) {
    $('content').value = EXAMPLES[kind()];
  }
  showKind();
}

// ---- sending many ----

// The number in a field, or undefined when it is empty. Throws what is wrong.
function readNumber(id) {
  const field = $(id);
  const wrong = field.validity.badInput || !field.checkValidity();
  field.setAttribute('aria-invalid', wrong);
  if (wrong) {
    throw new Error(`${field.labels[0].textContent}: a whole number from ${field.min} to ${field.max}.`);
  }
  return field.value === '' ? undefined : Number(field.value);
}

function repeat() {
  if (repeater.running) {
    repeater.stop();
    return;
  }
  try {
    const content = readContent();
    const total = readNumber('repeat-count') || 1;
    const size = readNumber('repeat-size');
    const rate = readNumber('repeat-rate') || 0;
    const isText = typeof content === 'string';
    showProblem('message-problem', null);
    list.following = true;
    repeater.start(total, rate, (index) => (size === undefined ? content : Repeater.filled(isText, size, index)));
  } catch (error) {
    showProblem('message-problem', error);
  }
}

function showProgress(sent, total) {
  const label = sent === undefined ? 'Start' : 'Stop';
  if (sent !== undefined) {
    $('repeat-progress').value = sent / total;
  }
  if ($('repeat').textContent !== label) {
    $('repeat').textContent = label;
    checkContent();
  }
}

// ---- the log ----

// A byte takes four characters of a table.
const shownLength = (entry) => (entry.isText ? SHOWN_LENGTH : SHOWN_LENGTH / 4);

// What a message is like to read: JSON with its structure, bytes as a table; of long ones, the beginning.
function readable(entry) {
  const { isText, data, cut } = entry;
  if (isText && /^\s*[[{]/.test(data) && data.length <= SHOWN_LENGTH) {
    try {
      return JSON.stringify(JSON.parse(data), null, 2);
    } catch (error) {
      return data;
    }
  }
  const shown = data.slice(0, shownLength(entry));
  return (isText ? shown : dump(shown)) + Journal.more(entry, data.length - shown.length + cut, 'more');
}

// All of a message that is kept.
function kept(entry) {
  if (entry.data.length <= shownLength(entry)) {
    return readable(entry);
  }
  return (entry.isText ? entry.data : dump(entry.data)) + Journal.more(entry, entry.cut, 'were not kept');
}

function showDetail(entry) {
  $('detail').hidden = !entry;
  if (entry) {
    const size = entry.kind === 'event' ? '' : `, ${formatCount(entry.size)} bytes`;
    const trip = entry.trip === undefined ? '' : `, round trip ${formatTime(entry.trip)}`;
    $('detail-title').textContent = `${Journal.describe(entry)} at ${formatClock(entry.at)}${size}${trip}`;
    $('detail-content').textContent = readable(entry);
    $('detail-reuse').hidden = entry.kind === 'event' || entry.data.length > SHOWN_LENGTH;
  }
}

function reuse() {
  const { isText, isJson, data } = list.selected;
  const as = isJson ? 'json' : isText ? 'text' : 'hex';
  document.querySelector(`input[name=kind][value=${as}]`).checked = true;
  $('content').value = isText ? data : toHex(data);
  showKind();
  $('content').focus();
}

const relabels = new Map(); // the timers that give buttons their label back

// Where the clipboard is not to be had (pages without TLS), the old way.
async function copy(text, button) {
  let copied = true;
  try {
    await navigator.clipboard.writeText(text);
  } catch (error) {
    const area = document.body.appendChild(document.createElement('textarea'));
    area.value = text;
    area.select();
    copied = document.execCommand('copy');
    area.remove();
    button.focus();
  }
  button.textContent = copied ? 'Copied' : 'Not copied';
  clearTimeout(relabels.get(button));
  relabels.set(button, setTimeout(() => { button.textContent = 'Copy'; }, 1200));
}

function save(parts, type, suffix) {
  const anchor = document.createElement('a');
  anchor.href = URL.createObjectURL(new Blob(parts, { type }));
  anchor.download = `websocket-${new Date().toISOString().replace(/[:.]/g, '-')}.${suffix}`;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(anchor.href), 60000);
}

function clearAll() {
  journal.clear();
  trips.clear();
  Object.keys(totals).forEach((name) => { totals[name] = 0; });
  list.following = true;
  list.select(null);
  touched();
}

function pause() {
  journal.setPaused(!journal.paused);
  $('pause').classList.toggle('pressed', journal.paused);
  $('pause').textContent = journal.paused ? 'Go on' : 'Pause';
  list.changed();
}

function filter() {
  journal.setFilter($('filter').value, $('show').value);
  list.following = true;
  list.changed();
}

// ---- wiring ----

const on = (id, type, handle) => $(id).addEventListener(type, handle);
const submits = (handle) => (event) => {
  event.preventDefault();
  handle();
};

document.addEventListener('click', (event) => {
  if (event.target.closest('[aria-disabled=true]')) {
    event.preventDefault();
    event.stopPropagation();
  }
}, true);
on('connection', 'submit', submits(connect));
on('controls', 'click', addControl);
on('disconnect', 'click', disconnect);
on('reconnect', 'change', () => link.setReconnects($('reconnect').checked));
on('message', 'submit', submits(sendContent));
on('content', 'input', checkContent);
on('content', 'keydown', (event) => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
    submits(sendContent)(event);
  }
});
on('file', 'change', readFile);
on('repeat', 'click', repeat);
on('pause', 'click', pause);
on('filter', 'input', filter);
on('show', 'change', filter);
on('copy', 'click', () => copy([...Journal.linesOf(journal.shown)].join(''), $('copy')));
on('export-text', 'click', () => save([...Journal.linesOf(journal.entries)], 'text/plain', 'txt'));
on('export-json', 'click', () => save([...Journal.objectsOf(journal.entries)], 'application/json', 'json'));
on('clear', 'click', clearAll);
on('detail-copy', 'click', () => copy(kept(list.selected), $('detail-copy')));
on('detail-reuse', 'click', reuse);
on('detail-close', 'click', () => {
  list.select(null);
  $('log').focus();
});
document.querySelectorAll('input[name=kind]').forEach((radio) => radio.addEventListener('change', changeKind));
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => { stale = true; });
new ResizeObserver(() => { stale = true; }).observe($('chart'));

$('url').value = ownUrl();
$('reconnect').checked = false;
changeKind();
showState();
setInterval(refresh, REFRESH_MS);
setInterval(announce, ANNOUNCE_MS);
refresh();
