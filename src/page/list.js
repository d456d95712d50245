'use strict';

// The log as a list box of which only the lines in sight exist, however long it is.

const WAYS = { sent: '\u2191', received: '\u2193', event: '\u2022' };

class List {
  // choose(entry): a line was chosen; null: none is any more.
  constructor(journal, choose) {
    this.journal = journal;
    this.choose = choose;
    this.box = document.getElementById('log');
    this.space = document.getElementById('log-space');
    this.empty = document.getElementById('log-empty');
    this.newest = document.getElementById('newest');
    this.rows = [];
    this.selected = null;
    this.following = true;
    this.box.addEventListener('scroll', () => this.scrolled());
    this.box.addEventListener('click', (event) => this.clicked(event));
    this.box.addEventListener('keydown', (event) => this.pressed(event));
    this.newest.addEventListener('click', () => this.follow());
    new ResizeObserver(() => this.resized()).observe(this.box);
    this.resized();
  }

  resized() {
    const height = parseInt(getComputedStyle(this.box).getPropertyValue('--row'), 10);
    if (height !== this.rowHeight) {
      this.rowHeight = height;
      this.draw();
      this.revealSelected();
    }
    this.changed();
  }

  // Draws with the next frame, however often it is called before.
  changed() {
    if (!this.frame) {
      this.frame = requestAnimationFrame(() => {
        this.frame = 0;
        this.draw();
      });
    }
  }

  follow() {
    this.following = true;
    this.changed();
  }

  scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.box;
    this.following = scrollTop + clientHeight >= scrollHeight - this.rowHeight;
    this.changed();
  }

  draw() {
    const { shown } = this.journal;
    this.space.style.height = `${shown.length * this.rowHeight}px`;
    if (this.following) {
      this.box.scrollTop = shown.length * this.rowHeight;
    } else if (this.journal.removed > 0) {
      this.box.scrollTop -= this.journal.removed * this.rowHeight;
    }
    this.journal.removed = 0;
    this.empty.hidden = shown.length > 0;
    this.empty.textContent = this.journal.entries.length > 0
      ? 'Nothing fits the filter.' : 'Messages and events will be listed here.';
    this.newest.hidden = this.following;
    this.drawRows(shown);
  }

  drawRows(shown) {
    const first = Math.max(0, Math.floor(this.box.scrollTop / this.rowHeight));
    const count = Math.min(shown.length - first, Math.ceil(this.box.clientHeight / this.rowHeight) + 1);
    while (this.rows.length < count) {
      this.rows.push(this.makeRow());
    }
    while (this.rows.length > Math.max(count, 0)) {
      this.rows.pop().remove();
    }
    this.box.removeAttribute('aria-activedescendant');
    this.rows.forEach((row, i) => this.fill(row, shown.at(first + i), first + i, shown.length));
  }

  makeRow() {
    const row = document.createElement('div');
    row.setAttribute('role', 'option');
    row.id = `row-${this.rows.length}`;
    for (const name of ['way', 'when', 'type', 'what', 'size', 'trip']) {
      row.appendChild(document.createElement('span')).className = name;
    }
    this.space.appendChild(row);
    return row;
  }

  fill(row, entry, index, total) {
    const [way, when, type, what, size, trip] = row.children;
    const selected = entry === this.selected;
    row.style.transform = `translateY(${index * this.rowHeight}px)`;
    row.setAttribute('aria-selected', selected);
    row.setAttribute('aria-posinset', index + 1);
    row.setAttribute('aria-setsize', total);
    if (selected) {
      this.box.setAttribute('aria-activedescendant', row.id);
    }
    if (row.entry === entry) {
      return;
    }
    row.entry = entry;
    row.className = `row ${entry.kind}${entry.bad ? ' bad' : ''}`;
    way.textContent = WAYS[entry.kind];
    way.setAttribute('aria-label', Journal.describe(entry));
    way.setAttribute('role', 'img');
    when.textContent = formatClock(entry.at);
    type.textContent = entry.kind === 'event' ? '' : entry.isText ? 'text' : 'bin';
    what.textContent = Journal.preview(entry);
    size.textContent = entry.kind === 'event' ? '' : formatBytes(entry.size);
    trip.textContent = entry.trip === undefined ? '' : formatTime(entry.trip);
  }

  // ---- choosing ----

  select(entry) {
    this.selected = entry;
    this.choose(entry);
    this.revealSelected(); // what choose() shows may have made the list smaller
    this.changed();
  }

  clicked(event) {
    const row = event.target.closest('.row');
    if (row) {
      this.following = false;
      this.select(row.entry);
    }
  }

  pressed(event) {
    const page = Math.max(1, Math.floor(this.box.clientHeight / this.rowHeight) - 1);
    const steps = { ArrowUp: -1, ArrowDown: 1, PageUp: -page, PageDown: page, Home: -Infinity, End: Infinity };
    const { shown } = this.journal;
    if (event.key === 'Escape') {
      this.select(null);
    } else if (event.key in steps && shown.length > 0) {
      const at = this.selected ? shown.indexOf(this.selected) : shown.length;
      const to = Math.min(shown.length - 1, Math.max(0, at + steps[event.key]));
      this.following = false;
      this.select(shown.at(to));
    } else {
      return;
    }
    event.preventDefault();
  }

  revealSelected() {
    if (!this.selected) {
      return;
    }
    const top = this.journal.shown.indexOf(this.selected) * this.rowHeight;
    if (top < this.box.scrollTop) {
      this.box.scrollTop = top;
    } else if (top + this.rowHeight > this.box.scrollTop + this.box.clientHeight) {
      this.box.scrollTop = top + this.rowHeight - this.box.clientHeight;
    }
  }
}
