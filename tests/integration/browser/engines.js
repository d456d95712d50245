// The three engines behind one interface. An engine has newTab() and stop(); a tab has what a person
// does with a page: goto, click, type, choose, press; run(), which evaluates a function in the page;
// and problems(), which lists what the console has complained of.
'use strict';

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const puppeteer = require('puppeteer-core');

const SECONDS = 20;
const KEYS = { Enter: '\uE007', Control: '\uE009', ArrowUp: '\uE013', Escape: '\uE00C' };

const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

// What both kinds of tab can do with run() alone.
class Tab {
  // Resolves to the first true value of fn in the page.
  async until(what, fn, ...args) {
    const end = Date.now() + SECONDS * 1000;
    for (;;) {
      const value = await this.run(fn, ...args);
      if (value) {
        return value;
      }
      if (Date.now() > end) {
        const log = await this.run(() => document.getElementById('log')?.innerText);
        throw new Error(`waited in vain for ${what}; the log of the page:\n${log}`);
      }
      await sleep(20);
    }
  }

  // Chooses a radio button or a check box as a click on its label does.
  check(selector) {
    return this.run((one) => document.querySelector(one).click(), selector);
  }

  select(selector, value) {
    return this.run((one, chosen) => {
      const element = document.querySelector(one);
      element.value = chosen;
      element.dispatchEvent(new Event('change', { bubbles: true }));
    }, selector, value);
  }

  clear(selector) {
    return this.run((one) => {
      const element = document.querySelector(one);
      element.value = '';
      element.dispatchEvent(new Event('input', { bubbles: true }));
    }, selector);
  }
}

// ---- Chromium and Firefox, through puppeteer ----

class PuppeteerTab extends Tab {
  constructor(engine, page) {
    super();
    this.engine = engine;
    this.page = page;
    this.complaints = [];
    page.on('console', (message) => {
      if (message.type() === 'error') {
        this.complaints.push(message.text());
      }
    });
    page.on('pageerror', (error) => this.complaints.push(String(error)));
  }

  // The page, in front: nothing is drawn in one that is not.
  async front() {
    if (this.engine.current !== this) {
      await this.page.bringToFront();
      this.engine.current = this;
    }
    return this.page;
  }

  async goto(url) { await (await this.front()).goto(url); }

  async run(fn, ...args) { return (await this.front()).evaluate(fn, ...args); }

  async click(selector) { await (await this.front()).click(selector); }

  async type(selector, text) {
    await this.clear(selector);
    await this.page.type(selector, text);
  }

  // The last key while the others are held.
  async press(selector, ...keys) {
    const { keyboard } = await this.front();
    const held = keys.slice(0, -1);
    await this.page.focus(selector);
    for (const key of held) {
      await keyboard.down(key);
    }
    await keyboard.press(keys[keys.length - 1]);
    for (const key of held) {
      await keyboard.up(key);
    }
  }

  async choose(selector, file) { await (await (await this.front()).$(selector)).uploadFile(file); }

  async resize(width, height) { await (await this.front()).setViewport({ width, height }); }

  // Whether the engine can make the page dark, and has.
  async preferDark() {
    const features = [{ name: 'prefers-color-scheme', value: 'dark' }];
    return this.page.emulateMediaFeatures(features).then(() => true, () => false);
  }

  async problems() { return this.complaints; }

  async screenshot(file) { await (await this.front()).screenshot({ path: file }); }

  async close() {
    this.engine.current = undefined;
    await this.page.close();
  }
}

class PuppeteerEngine {
  static async start(options) {
    const engine = new PuppeteerEngine();
    engine.browser = await puppeteer.launch({ headless: true, acceptInsecureCerts: true, ...options });
    return engine;
  }

  async newTab() { return new PuppeteerTab(this, await this.browser.newPage()); }

  stop() { return this.browser.close(); }
}

// ---- WebKit, through WebDriver ----

// Runs in the page. There is no way to the console, so the page's own is listened to, which begins
// when it has been loaded.
function listenForProblems() {
  window.complaints = [];
  const add = (text) => window.complaints.push(String(text));
  addEventListener('error', (event) => add(event.message));
  addEventListener('unhandledrejection', (event) => add(event.reason));
  addEventListener('securitypolicyviolation', (event) => add(`${event.violatedDirective} ${event.blockedURI}`));
  console.error = (...texts) => add(texts.join(' '));
}

// Runs in the page: scrolls an element into sight, and says whether it stands where it stood when it
// was asked the last time, with nothing above it.
function isInReach(selector) {
  const element = document.querySelector(selector);
  element.scrollIntoView({ block: 'nearest' });
  const { left, top, width, height } = element.getBoundingClientRect();
  const hit = document.elementFromPoint(left + width / 2, top + height / 2);
  const before = window.placeBefore;
  window.placeBefore = [selector, left, top, width, height].join();
  return window.placeBefore === before && (element.contains(hit) || Boolean(hit?.contains(element)));
}

class WebDriverTab extends Tab {
  constructor(engine, handle) {
    super();
    this.engine = engine;
    this.handle = handle;
  }

  async call(method, where, body) {
    if (this.engine.current !== this.handle) {
      await this.engine.call('POST', '/window', { handle: this.handle });
      this.engine.current = this.handle;
    }
    return this.engine.call(method, where, body);
  }

  async goto(url) {
    await this.call('POST', '/url', { url });
    await this.run(listenForProblems);
  }

  async run(fn, ...args) {
    const script = `const done = arguments[arguments.length - 1];
      Promise.resolve([].slice.call(arguments, 0, -1)).then((all) => (${fn})(...all))
        .then((value) => done({ value }), (error) => done({ error: String(error && error.stack || error) }));`;
    const { value, error } = await this.call('POST', '/execute/async', { script, args });
    if (error !== undefined) {
      throw new Error(error);
    }
    return value;
  }

  async element(selector) {
    const found = await this.call('POST', '/element', { using: 'css selector', value: selector });
    return `/element/${Object.values(found)[0]}`;
  }

  // The driver scrolls the window, but not what scrolls inside of it; and it clicks at the place where
  // the element was when it was asked.
  async click(selector) {
    await this.until(`${selector} to be in reach`, isInReach, selector);
    await this.call('POST', `${await this.element(selector)}/click`, {});
  }

  async type(selector, text) {
    await this.clear(selector);
    if (text !== '') {
      await this.call('POST', `${await this.element(selector)}/value`, { text });
    }
  }

  async press(selector, ...keys) {
    const text = keys.map((key) => KEYS[key]).join('');
    await this.call('POST', `${await this.element(selector)}/value`, { text });
  }

  async choose(selector, file) {
    await this.call('POST', `${await this.element(selector)}/value`, { text: file });
  }

  resize(width, height) { return this.call('POST', '/window/rect', { width, height }); }

  async preferDark() { return false; }

  problems() { return this.run(() => window.complaints); }

  async screenshot(file) {
    fs.writeFileSync(file, Buffer.from(await this.call('GET', '/screenshot'), 'base64'));
  }

  async close() {
    await this.call('POST', '/url', { url: 'about:blank' });
    this.engine.idle.push(this.handle);
  }
}

function freePort() {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

// The number of a display without a screen, which the server writes when it is ready.
function startDisplay(engine) {
  return new Promise((resolve, reject) => {
    const server = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '1400x1000x24', '-nolisten', 'tcp'],
      { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
    engine.children.push(server);
    server.on('error', reject);
    server.stdio[3].once('data', (data) => resolve(`:${String(data).trim()}`));
  });
}

// Where distributions put it: below a directory of the architecture (Debian), or not.
function findMiniBrowser() {
  const below = fs.readdirSync('/usr/lib').map((name) => `/usr/lib/${name}`);
  return [...below, '/usr/lib', '/usr/lib64', '/usr/libexec']
    .flatMap((directory) => ['webkit2gtk-4.1', 'webkitgtk-6.0'].map((name) => `${directory}/${name}/MiniBrowser`))
    .find((file) => fs.existsSync(file));
}

class WebKitEngine {
  static async start() {
    const engine = new WebKitEngine();
    engine.children = [];
    engine.idle = [];
    engine.home = fs.mkdtempSync(path.join(os.tmpdir(), 'wsrelayd-webkit-'));
    try {
      await engine.startDriver(await startDisplay(engine));
      await engine.startSession();
    } catch (error) {
      await engine.stop();
      throw error;
    }
    return engine;
  }

  async startDriver(display) {
    const port = await freePort();
    this.address = `http://127.0.0.1:${port}`;
    const env = { ...process.env, DISPLAY: display, HOME: this.home, XDG_CACHE_HOME: this.home,
      XDG_DATA_HOME: this.home };
    this.children.push(spawn('WebKitWebDriver', [`--port=${port}`], { stdio: 'ignore', env }));
    this.children[1].on('error', () => {});
    const end = Date.now() + SECONDS * 1000;
    for (;;) {
      try {
        return await this.request('GET', '/status');
      } catch (error) {
        if (Date.now() > end) {
          throw error;
        }
        await sleep(50);
      }
    }
  }

  async startSession() {
    const options = { binary: findMiniBrowser(), args: ['--automation'] };
    const alwaysMatch = { acceptInsecureCerts: true, 'webkitgtk:browserOptions': options };
    const { sessionId } = await this.request('POST', '/session', { capabilities: { alwaysMatch } });
    this.session = `/session/${sessionId}`;
    await this.call('POST', '/timeouts', { script: 120000 });
    this.current = await this.call('GET', '/window');
    this.idle.push(this.current); // a window is slow to make and so is used again
  }

  async request(method, where, body) {
    const response = await fetch(this.address + where, {
      method, body: body && JSON.stringify(body), headers: { 'Content-Type': 'application/json' },
    });
    const { value } = await response.json();
    if (!response.ok) {
      throw new Error(`${where}: ${value.error}: ${value.message}`);
    }
    return value;
  }

  call(method, where, body) { return this.request(method, this.session + where, body); }

  async newTab() {
    const handle = this.idle.pop() || (await this.call('POST', '/window/new', { type: 'window' })).handle;
    return new WebDriverTab(this, handle);
  }

  async stop() {
    if (this.session) {
      await this.call('DELETE', '').catch(() => {});
    }
    this.children.reverse().forEach((child) => child.kill());
    fs.rmSync(this.home, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

// ---- all of them ----

function findProgram(...names) {
  const directories = process.env.PATH.split(':');
  return names.flatMap((name) => directories.map((directory) => path.join(directory, name)))
    .find((file) => fs.existsSync(file));
}

const engines = {
  chromium: () => PuppeteerEngine.start({
    executablePath: findProgram('chromium', 'chromium-browser', 'google-chrome'),
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic'],
  }),
  firefox: () => PuppeteerEngine.start({ browser: 'firefox', executablePath: findProgram('firefox-esr', 'firefox') }),
  webkit: () => WebKitEngine.start(),
};

module.exports = { engines, sleep };
