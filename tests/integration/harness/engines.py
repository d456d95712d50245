"""Chromium, Firefox and WebKit, driven through tests/integration/browser/drive.js."""

import json
import queue
import subprocess
import threading
from pathlib import Path

from harness.tools import require, require_node_module

DRIVE = Path(__file__).resolve().parents[1] / 'browser' / 'drive.js'
ANSWER_SECONDS = 60
STOP_SECONDS = 30

PROGRAMS = {
    'chromium': (('chromium', 'chromium-browser', 'google-chrome'),),
    'firefox': (('firefox-esr', 'firefox'),),
    'webkit': (('WebKitWebDriver',), ('Xvfb',)),
}


class Engine:
    """One engine, running until it is stopped."""

    def __init__(self, name):
        for names in PROGRAMS[name]:
            require(*names)
        node, environment = require_node_module('puppeteer-core')
        self.name = name
        self.lines = queue.SimpleQueue()
        self.process = subprocess.Popen(
            [node, DRIVE, name], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        try:
            self._answer()
        except AssertionError:
            self.stop()
            raise

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def _answer(self):
        """The next line that is an object; anything else is a word of the engine's own."""
        said = []
        while True:
            try:
                line = self.lines.get(timeout=ANSWER_SECONDS)
            except queue.Empty:
                raise AssertionError(f'{self.name} says nothing more: {said}') from None
            if line is None:
                raise AssertionError(f'{self.name} has ended: {"".join(said)}')
            if line.startswith('{'):
                return json.loads(line)
            said.append(line)

    def _say(self, content):
        self.process.stdin.write(json.dumps(content) + '\n')
        self.process.stdin.flush()

    def visit(self, name, settings, asked=None):
        """Makes a visit; fails with what it says. `asked` does what the visit asks for by name."""
        self._say({'visit': name, 'settings': settings})
        while 'please' in (answer := self._answer()):
            asked(answer['please'])
            self._say({})
        if answer['error'] is not None:
            raise AssertionError(f'in {self.name}: {answer["error"]}')

    def stop(self):
        self.process.stdin.close()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.reader.join(STOP_SECONDS)
        self.process.stdout.close()
