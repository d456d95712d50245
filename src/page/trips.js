'use strict';

// Round trips: which message is the echo of which, how long it took, and the chart of that.

const SAMPLES_MOST = 10000; // that the numbers are made of
const CHART_SAMPLES = 400;
const PENDING_MOST = 100000;
const ECHO_MOST_MS = 60000; // who has not come back by then will not be waited for
const KEY_LENGTH = 4096;
const LOST_MOST = 3;
const AHEAD_MOST = 32; // so many messages in a row may have been lost

class Trips {
  constructor() {
    this.pending = new Queue();
    this.samples = new Float64Array(SAMPLES_MOST);
    this.clear();
  }

  clear() {
    this.forget();
    this.count = 0;
  }

  // Nothing that was sent will come back; what follows goes to another.
  forget() {
    this.pending.clear();
    this.lost = 0; // in a row, and without anything that came back behind them
  }

  // The other side sends nothing back, such as a room without its sender: what is equal is another's.
  get silent() {
    return this.lost >= LOST_MOST;
  }

  // A message and its echo have the same number; that others have it, too, is as good as impossible.
  // It is made of the length, the type, and the first characters or bytes.
  static keyOf(data) {
    const isText = typeof data === 'string';
    const length = Math.min(data.length, KEY_LENGTH);
    let high = data.length;
    let low = isText ? 1 : 2;
    for (let i = 0; i < length; i++) {
      const unit = isText ? data.charCodeAt(i) : data[i];
      high = Math.imul(high ^ unit, 0x5f356495) ^ (high >>> 15);
      low = Math.imul(low ^ unit, 0x9e3779b1) ^ (low >>> 13);
    }
    return (high >>> 11) * 2 ** 32 + (low >>> 0);
  }

  sent(data, now) {
    if (this.silent) {
      return;
    }
    this.pending.push({ key: Trips.keyOf(data), at: now });
    if (this.pending.length > PENDING_MOST) {
      this.pending.shift();
    }
  }

  // Drops what has waited for too long, and all when that was too much. Returns whether it dropped any.
  expire(now) {
    const { lost } = this;
    while (this.pending.length > 0 && now - this.pending.at(0).at > ECHO_MOST_MS) {
      this.pending.shift();
      this.lost++;
    }
    if (this.silent) {
      this.pending.clear();
    }
    return this.lost > lost;
  }

  // Milliseconds; or undefined if this is the echo of nothing, but what somebody else has sent.
  received(data, now) {
    this.expire(now);
    const key = Trips.keyOf(data);
    const most = Math.min(this.pending.length, AHEAD_MOST);
    for (let i = 0; i < most; i++) {
      if (this.pending.at(i).key === key) {
        const time = now - this.pending.at(i).at;
        for (let skipped = 0; skipped <= i; skipped++) {
          this.pending.shift();
        }
        this.lost = 0;
        this.samples[this.count++ % SAMPLES_MOST] = time;
        return time;
      }
    }
    return undefined;
  }

  // { min, p50, p90, p99, max } of the last samples, or null.
  percentiles() {
    if (this.count === 0) {
      return null;
    }
    const sorted = this.samples.slice(0, Math.min(this.count, SAMPLES_MOST)).sort();
    const at = (share) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
    return { min: at(0), p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
  }

  latest(most) {
    const count = Math.min(this.count, most, SAMPLES_MOST);
    return Array.from({ length: count }, (_, i) => this.samples[(this.count - count + i) % SAMPLES_MOST]);
  }
}

class Chart {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext('2d');
  }

  colour(name) {
    return getComputedStyle(this.canvas).getPropertyValue(`--${name}`).trim();
  }

  draw(samples, percentiles) {
    const { canvas, context } = this;
    const scale = window.devicePixelRatio || 1;
    const width = canvas.clientWidth;
    const height = canvas.clientHeight;
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.font = `11px ${getComputedStyle(document.body).fontFamily}`;
    const area = { left: 58, right: width - 94, top: 8, bottom: height - 8 };
    const top = Chart.niceTop(Math.max(...samples, percentiles ? percentiles.p99 : 0));
    const y = (time) => area.bottom - Math.min(time / top, 1) * (area.bottom - area.top);
    this.drawGrid(area, top, y);
    if (samples.length === 0) {
      context.textAlign = 'center';
      context.fillText('Round-trip times of echoes will be drawn here.', width / 2, height / 2 - 14);
    } else {
      this.drawSamples(samples, area, y);
      this.drawPercentiles(percentiles, area, y);
    }
  }

  // 1, 2 or 5 and zeros, not below the greatest.
  static niceTop(greatest) {
    if (greatest <= 0) {
      return 1;
    }
    const unit = 10 ** Math.floor(Math.log10(greatest));
    return unit * [1, 2, 5, 10].find((factor) => factor * unit >= greatest);
  }

  drawGrid(area, top, y) {
    const { context } = this;
    context.lineWidth = 1;
    context.strokeStyle = this.colour('line');
    context.fillStyle = this.colour('quiet');
    context.textAlign = 'right';
    context.textBaseline = 'middle';
    for (const part of [0, 0.5, 1]) {
      const at = Math.round(y(part * top)) + 0.5;
      context.beginPath();
      context.moveTo(area.left, at);
      context.lineTo(area.right, at);
      context.stroke();
      context.fillText(formatTime(part * top), area.left - 8, at);
    }
  }

  drawSamples(samples, area, y) {
    const { context } = this;
    const step = (area.right - area.left) / (CHART_SAMPLES - 1);
    const start = area.right - (samples.length - 1) * step;
    context.strokeStyle = context.fillStyle = this.colour('accent');
    context.lineWidth = 1.5;
    context.lineJoin = 'round';
    context.beginPath();
    samples.forEach((time, i) => context.lineTo(start + i * step, y(time)));
    context.stroke();
    context.beginPath();
    context.arc(area.right, y(samples[samples.length - 1]), 3, 0, 2 * Math.PI);
    context.fill();
  }

  // Lines at the percentiles, their names beside them, apart from each other.
  drawPercentiles(percentiles, area, y) {
    const { context } = this;
    const lines = [['p50', '50 %', 'received'], ['p90', '90 %', 'wait'], ['p99', '99 %', 'bad']];
    const ys = lines.map(([key]) => y(percentiles[key]));
    const textYs = [];
    ys.forEach((at, i) => textYs.push(i > 0 ? Math.min(at, textYs[i - 1] - 13) : at));
    const below = Math.max(0, area.top - textYs[lines.length - 1]);
    context.textAlign = 'left';
    context.lineWidth = 1;
    context.setLineDash([4, 4]);
    lines.forEach(([key, name, colour], i) => {
      context.strokeStyle = context.fillStyle = this.colour(colour);
      context.beginPath();
      context.moveTo(area.left, ys[i]);
      context.lineTo(area.right, ys[i]);
      context.stroke();
      context.fillText(`${name} ${formatTime(percentiles[key])}`, area.right + 7, textYs[i] + below);
    });
    context.setLineDash([]);
  }
}
