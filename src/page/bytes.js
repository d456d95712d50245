'use strict';

// Bytes: how they are counted, written and read.

const encoder = new TextEncoder();

const countBytes = (text) => (/^[\0-\x7f]*$/.test(text) ? text.length : encoder.encode(text).length);

// 1536 -> "1.5 KiB"
function formatBytes(count) {
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  let unit = 0;
  for (; count >= 1024 && unit < units.length - 1; unit++) {
    count /= 1024;
  }
  return `${unit === 0 || count >= 100 ? Math.round(count) : count.toFixed(1)} ${units[unit]}`;
}

const formatCount = (count) => count.toLocaleString('en').replace(/,/g, '\u2009');

// Milliseconds -> "0.42 ms", "12.3 ms", "1.25 s"
function formatTime(ms) {
  if (ms >= 1000) {
    return `${(ms / 1000).toFixed(2)} s`;
  }
  return `${ms.toFixed(ms < 10 ? 2 : ms < 100 ? 1 : 0)} ms`;
}

const two = (number) => String(number).padStart(2, '0');

// The time of day, to the millisecond.
function formatClock(at) {
  const date = new Date(at);
  const ms = String(date.getMilliseconds()).padStart(3, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${ms}`;
}

function formatDuration(ms) {
  const seconds = Math.floor(ms / 1000);
  const hours = Math.floor(seconds / 3600);
  const rest = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return hours > 0 ? `${hours}:${rest}` : rest;
}

const hexOf = (byte) => byte.toString(16).padStart(2, '0');
const toHex = (bytes) => Array.from(bytes, hexOf).join(' ');

function parseHex(text) {
  const digits = text.replace(/0x|[\s,:;_-]/gi, '');
  const wrong = digits.match(/[^0-9a-f]/i);
  if (wrong) {
    throw new Error(`"${wrong[0]}" is not a hexadecimal digit.`);
  }
  if (digits.length % 2 !== 0) {
    throw new Error('The number of hexadecimal digits is odd: two make a byte.');
  }
  return Uint8Array.from(digits.match(/../g) || [], (pair) => parseInt(pair, 16));
}

function toBase64(bytes) {
  let binary = '';
  for (let at = 0; at < bytes.length; at += 8192) {
    binary += String.fromCharCode(...bytes.subarray(at, at + 8192));
  }
  return btoa(binary);
}

// With or without padding, and in the alphabet for URLs, too.
function parseBase64(text) {
  const letters = text.replace(/\s/g, '').replace(/-/g, '+').replace(/_/g, '/').replace(/={1,2}$/, '');
  const wrong = letters.match(/[^A-Za-z0-9+/]/);
  if (wrong) {
    throw new Error(`"${wrong[0]}" does not occur in base64.`);
  }
  if (letters.length % 4 === 1) {
    throw new Error('The base64 is cut off.');
  }
  return Uint8Array.from(atob(letters), (letter) => letter.charCodeAt(0));
}

// Sixteen bytes a line: offset, hexadecimal, and what of it is ASCII.
function dump(bytes) {
  const lines = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const part = bytes.subarray(at, at + 16);
    const text = Array.from(part, (byte) => (byte > 31 && byte < 127 ? String.fromCharCode(byte) : '.'));
    lines.push(`${at.toString(16).padStart(6, '0')}  ${toHex(part).padEnd(47)}  ${text.join('')}`);
  }
  return lines.join('\n');
}

// A list that is appended to at its end and loses its oldest at its front.
class Queue {
  constructor() {
    this.clear();
  }

  clear() {
    this.items = [];
    this.first = 0;
  }

  get length() {
    return this.items.length - this.first;
  }

  at(index) {
    return this.items[this.first + index];
  }

  push(item) {
    this.items.push(item);
  }

  shift() {
    const item = this.items[this.first];
    this.items[this.first++] = undefined;
    if (this.first > 1024 && this.first * 2 > this.items.length) {
      this.items.splice(0, this.first);
      this.first = 0;
    }
    return item;
  }

  indexOf(item) {
    return this.items.indexOf(item, this.first) - this.first;
  }
}
