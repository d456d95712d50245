'use strict';

// One WebSocket at a time, and the next one when it was lost.

const BACKOFF_FIRST_MS = 500;
const BACKOFF_MOST_MS = 30000;
const SETTLED_MS = 5000; // who has been open for so long is called again soon

class Link {
  // Calls listener.changed(), .opened(ms), .message(data), .closed(event), .abandoned() and
  // .delayed(ms, attempt).
  constructor(listener) {
    this.listener = listener;
    this.socket = null;
    this.state = 'closed'; // connecting, open, closing; waiting: to connect again
    this.reconnects = false;
    this.attempt = 0;
    this.retryAt = 0;
  }

  setState(state) {
    this.state = state;
    this.listener.changed();
  }

  // Throws what new WebSocket() throws.
  connect(url, subprotocols) {
    this.abandon();
    this.url = url;
    this.subprotocols = subprotocols;
    this.attempt = 0;
    this.open();
  }

  // Nothing of the present socket is of interest any more, not even how it is closed.
  abandon() {
    clearTimeout(this.timer);
    if (this.socket) {
      const { socket } = this;
      this.socket = null;
      socket.close();
      this.listener.abandoned();
    }
  }

  open() {
    const socket = new WebSocket(this.url, this.subprotocols);
    const begun = performance.now();
    const current = (handle) => (event) => this.socket === socket && handle(event);
    socket.binaryType = 'arraybuffer';
    socket.onopen = current(() => {
      this.openedAt = performance.now();
      this.setState('open');
      this.listener.opened(this.openedAt - begun);
    });
    socket.onmessage = current((event) => this.listener.message(event.data));
    socket.onclose = current((event) => this.lost(event));
    this.socket = socket;
    this.wanted = true;
    this.openedAt = 0;
    this.setState('connecting');
  }

  lost(event) {
    this.socket = null;
    this.listener.closed(event);
    if (this.openedAt > 0 && performance.now() - this.openedAt > SETTLED_MS) {
      this.attempt = 0;
    }
    if (this.wanted && this.reconnects) {
      this.waitToReconnect();
    } else {
      this.setState('closed');
    }
  }

  // Twice as long each time, and never the same for everybody.
  waitToReconnect() {
    const longest = Math.min(BACKOFF_MOST_MS, BACKOFF_FIRST_MS * 2 ** this.attempt);
    const delay = longest * (0.5 + Math.random() / 2);
    this.attempt++;
    this.retryAt = performance.now() + delay;
    this.timer = setTimeout(() => this.open(), delay);
    this.setState('waiting');
    this.listener.delayed(delay, this.attempt);
  }

  setReconnects(reconnects) {
    this.reconnects = reconnects;
    if (!reconnects && this.state === 'waiting') {
      this.disconnect();
    }
  }

  // Throws what close() throws for the code or the reason.
  disconnect(code, reason) {
    if (this.state === 'waiting') {
      clearTimeout(this.timer);
      this.setState('closed');
      return;
    }
    if (code === undefined) {
      this.socket.close();
    } else {
      this.socket.close(code, reason);
    }
    this.wanted = false;
    this.setState('closing');
  }

  // False from the moment at which either side closes.
  get canSend() {
    return this.state === 'open' && this.socket.readyState === WebSocket.OPEN;
  }

  get buffered() {
    return this.socket ? this.socket.bufferedAmount : 0;
  }
}
