'use strict';

// All that has happened, up to a bound; and which of it is to be shown.

const ENTRIES_MOST = 100000;
const CONTENT_MOST_BYTES = 64 << 20;
const KEPT_LENGTH = 1 << 20; // of one message
const PREVIEW_LENGTH = 400;
const SEARCHED_LENGTH = 4096;

class Journal {
  constructor() {
    this.entries = new Queue();
    this.shown = new Queue();
    this.bytes = 0;
    this.paused = false;
    this.held = 0; // the newest, not shown because of the pause
    this.removed = 0; // of those shown, from the front, since the list was last drawn
    this.filter = { text: '', kind: '' };
  }

  // kind: sent, received, event. data: text or bytes. Returns the entry, which has of data what is kept,
  // and in `cut` how many characters or bytes are not.
  add(kind, data, more) {
    const isText = typeof data === 'string';
    const size = isText ? countBytes(data) : data.length;
    const kept = data.length <= KEPT_LENGTH ? data : data.slice(0, KEPT_LENGTH);
    const entry = { at: Date.now(), kind, isText, size, data: kept, cut: data.length - kept.length, ...more };
    this.entries.push(entry);
    this.bytes += size;
    while (this.entries.length > ENTRIES_MOST || (this.bytes > CONTENT_MOST_BYTES && this.entries.length > 1)) {
      this.removeOldest();
    }
    if (this.paused) {
      this.held++;
    } else if (this.matches(entry)) {
      this.shown.push(entry);
    }
    return entry;
  }

  removeOldest() {
    const oldest = this.entries.shift();
    this.held = Math.min(this.held, this.entries.length);
    this.bytes -= oldest.size;
    if (this.shown.length > 0 && this.shown.at(0) === oldest) {
      this.shown.shift();
      this.removed++;
    }
  }

  matches(entry) {
    const { text, kind } = this.filter;
    if (kind !== '' && entry.kind !== kind) {
      return false;
    }
    return text === '' || this.searchable(entry).toLowerCase().includes(text);
  }

  searchable(entry) {
    return entry.isText ? entry.data.slice(0, SEARCHED_LENGTH) : toHex(entry.data.subarray(0, SEARCHED_LENGTH));
  }

  show() {
    this.shown.clear();
    this.removed = 0;
    for (let i = 0; i < this.entries.length - this.held; i++) {
      if (this.matches(this.entries.at(i))) {
        this.shown.push(this.entries.at(i));
      }
    }
  }

  setFilter(text, kind) {
    this.filter = { text: text.toLowerCase(), kind };
    this.show();
  }

  setPaused(paused) {
    this.paused = paused;
    if (!paused) {
      this.held = 0;
      this.show();
    }
  }

  clear() {
    this.entries.clear();
    this.bytes = 0;
    this.held = 0;
    this.show();
  }

  // One line for the list.
  static preview(entry) {
    if (!entry.isText) {
      return toHex(entry.data.subarray(0, 64)) || '(no bytes)';
    }
    return entry.data.slice(0, PREVIEW_LENGTH).replace(/\s+/g, ' ') || '(empty)';
  }

  static describe(entry) {
    if (entry.kind === 'event') {
      return 'Event';
    }
    return `${entry.kind === 'sent' ? 'Sent' : 'Received'} ${entry.isText ? 'text' : 'binary'}`;
  }

  // The mark behind a message of which so much is missing, or nothing.
  static more({ isText }, count, how) {
    return count > 0 ? `\n\u2026 (${formatCount(count)} ${isText ? 'characters' : 'bytes'} ${how})` : '';
  }

  static *linesOf(entries) {
    for (let i = 0; i < entries.length; i++) {
      const entry = entries.at(i);
      const { at, kind, isText, size, data, trip, cut } = entry;
      const about = kind === 'event' ? '' : ` ${isText ? 'text' : 'binary'} ${size} B`;
      const time = trip === undefined ? '' : ` ${trip.toFixed(3)} ms`;
      yield `${new Date(at).toISOString()} ${kind}${about}${time}  ${isText ? data : toHex(data)}${Journal.more(entry, cut, 'were not kept')}\n`;
    }
  }

  static *objectsOf(entries) {
    for (let i = 0; i < entries.length; i++) {
      const { at, kind, isText, size, data, trip, cut } = entries.at(i);
      const content = isText ? { text: data } : { base64: toBase64(data) };
      const object = { time: new Date(at).toISOString(), kind, size, ...content };
      if (trip !== undefined) {
        object.round_trip_ms = Number(trip.toFixed(3));
      }
      // Characters of the text, or bytes.
      if (cut > 0) {
        object.not_kept = cut;
      }
      yield `${i > 0 ? ',\n' : '[\n'}${JSON.stringify(object)}`;
    }
    yield entries.length > 0 ? '\n]\n' : '[]\n';
  }
}
