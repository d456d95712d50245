'use strict';

// Sends many messages, at a rate or as fast as they go.

const BURST_MOST = 500;
const PAUSE_MS = 5; // between bursts at a rate; page.html's greatest rate needs no more of them than come
const BUFFERED_MOST_BYTES = 1 << 20;

class Repeater {
  // send(data): whether it was sent; buffered(): bytes that wait; progress(sent, total): undefined when it has ended.
  constructor(send, buffered, progress) {
    this.send = send;
    this.buffered = buffered;
    this.progress = progress;
    this.timer = 0;
  }

  get running() {
    return this.timer !== 0;
  }

  // make(index): the data of a message. rate: of a second; 0: no limit.
  start(total, rate, make) {
    this.total = total;
    this.rate = rate;
    this.make = make;
    this.sent = 0;
    this.begun = performance.now();
    this.step();
  }

  stop() {
    clearTimeout(this.timer);
    this.timer = 0;
    this.progress();
  }

  due() {
    const due = this.rate > 0 ? Math.floor(((performance.now() - this.begun) * this.rate) / 1000) + 1 : this.total;
    return Math.min(due, this.total);
  }

  step() {
    const end = Math.min(this.due(), this.sent + BURST_MOST);
    while (this.sent < end && this.buffered() < BUFFERED_MOST_BYTES && this.send(this.make(this.sent))) {
      this.sent++;
    }
    this.progress(this.sent, this.total);
    if (this.sent >= this.total) {
      this.stop();
    } else {
      this.timer = setTimeout(() => this.step(), this.rate > 0 ? PAUSE_MS : 0);
    }
  }

  // Bytes or text of this size; each message differs from its neighbours as far as the size allows.
  static filled(isText, size, index) {
    const label = `#${index + 1} `.slice(0, size);
    return isText ? label.padEnd(size, '.') : encoder.encode(label.padEnd(size, '.'));
  }
}
