"""A real Chromium without a window, which tests visit through puppeteer."""

import re
import select
import shutil
import subprocess
import tempfile
from pathlib import Path

from harness.deadline import Deadline
from harness.tools import require, require_node_module

VISIT = Path(__file__).resolve().parents[1] / 'browser' / 'visit.js'
START_SECONDS = 60
VISIT_SECONDS = 60
STOP_SECONDS = 60

FLAGS = ('--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
         '--disable-background-networking', '--disable-component-update', '--disable-sync',
         '--ignore-certificate-errors', '--remote-debugging-port=0')


class Browser:
    """A browser with a profile of its own."""

    def __init__(self):
        program = require('chromium', 'chromium-browser', 'google-chrome')
        self.profile = tempfile.mkdtemp(prefix='wsrelayd-browser-')
        self.process = subprocess.Popen(
            [program, *FLAGS, f'--user-data-dir={self.profile}', 'about:blank'],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            self.endpoint = self._read_endpoint()
        except AssertionError:
            self.stop()
            raise

    def _read_endpoint(self):
        """The DevTools address, which it prints when it is ready."""
        deadline = Deadline('the browser to start', START_SECONDS)
        output = b''
        while not (found := re.search(rb'DevTools listening on (ws://\S+)\s', output)):
            if select.select([self.process.stderr], [], [], deadline.remaining())[0]:
                data = self.process.stderr.read1()
                if not data:
                    raise AssertionError(f'the browser ended: {output.decode()}')
                output += data
        return found[1].decode()

    def visit(self, directory, name, *arguments):
        """One of the visits of visit.js, to pages in this directory; fails with what it says."""
        node, environment = require_node_module('puppeteer-core')
        result = subprocess.run([node, VISIT, self.endpoint, directory, name, *arguments],
                                env=environment, capture_output=True, text=True,
                                timeout=VISIT_SECONDS, check=False)
        if result.returncode != 0:
            raise AssertionError(f'in the browser: {result.stderr}')

    def stop(self):
        """Ends it. Its children then end by themselves, the last of which closes the pipe."""
        self.process.kill()
        self.process.communicate(timeout=STOP_SECONDS)
        shutil.rmtree(self.profile, ignore_errors=True)
