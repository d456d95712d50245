"""A real browser with the plain code of any tutorial: new WebSocket('ws://localhost:8080/')."""

import re
import shutil
import socket
import tempfile
import unittest
import urllib.request
from pathlib import Path

from harness import configuration
from harness.browser import Browser
from harness.case import SharedDaemonTest
from harness.daemon import Daemon
from harness.log import lint
from harness.tools import REPOSITORY

PAGES = Path(__file__).resolve().parent / 'browser'
SHIPPED = REPOSITORY / 'etc' / 'wsrelayd.yaml'
PORT = 8080


def check_port():
    """Fails when somebody else has the port that tutorials, and the shipped file, use."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(('127.0.0.1', PORT))
        except OSError as error:
            raise AssertionError(f'port {PORT} of localhost, which this test needs, is taken: '
                                 f'{error}') from None


class VisitTests:
    """What is tried on plain connections and over TLS."""

    def visit(self, name, *arguments):
        self.browser.visit(self.pages, name, *arguments)

    def test_texts_come_back(self):
        self.visit('text')

    def test_blobs_and_array_buffers_come_back(self):
        self.visit('binary')

    def test_two_tabs_meet_in_a_room(self):
        self.visit('room')

    def test_an_unknown_path_is_an_error(self):
        self.visit('refused')

    def test_a_message_over_the_limit_closes_with_1009(self):
        self.visit('tooBig')

    def test_a_page_may_be_reloaded_and_left(self):
        self.visit('leftOpen')


class ShippedTest(VisitTests, unittest.TestCase):
    """The daemon as it is shipped, and the code as it stands in tutorials."""

    pages = PAGES

    @classmethod
    def setUpClass(cls):
        check_port()
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.stop)
        cls.daemon = Daemon(SHIPPED.read_text(encoding='utf-8'))
        cls.addClassCleanup(cls.stop)
        cls.daemon.launch().log.wait_for('started')

    @classmethod
    def stop(cls):
        """It has served without an error, and ends as asked."""
        try:
            status = cls.daemon.stop()
            problems = lint(cls.daemon.log.events, ())
        finally:
            cls.daemon.remove()
        if status != 0 or problems:
            raise AssertionError(f'exit status {status}; in the log: {problems}')

    def test_the_code_of_the_readme_prints_what_it_says(self):
        text = (REPOSITORY / 'README.md').read_text(encoding='utf-8').split('\n## ')[1]
        snippets = re.findall(r'^```js\n(.*?)^```$', text, re.MULTILINE | re.DOTALL)
        self.assertEqual(len(snippets), 1)
        self.visit('console', snippets[0])

    def test_the_pages_of_the_readme_are_there(self):
        text = (REPOSITORY / 'README.md').read_text(encoding='utf-8')
        for path in ('', 'room/NAME'):
            self.assertIn(f'`http://localhost:{PORT}/{path}`', text)
            with urllib.request.urlopen(f'http://localhost:{PORT}/{path}') as answer:
                self.assertIn(b'<title>WebSocket test page</title>', answer.read())


class SecureTest(VisitTests, SharedDaemonTest):
    """The same pages over TLS."""

    @classmethod
    def configuration(cls):
        return configuration.configuration(listeners=cls.plain_and_secure())

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.stop)
        cls.pages = tempfile.mkdtemp(prefix='wsrelayd-pages-')
        cls.addClassCleanup(shutil.rmtree, cls.pages)
        cls.write_pages()

    @classmethod
    def write_pages(cls):
        """The pages, with the secure listener's address in place of the shipped one."""
        host, port = cls.daemon.address('secure')
        for page in PAGES.iterdir():
            text = page.read_text(encoding='utf-8')
            text = text.replace(f'ws://localhost:{PORT}', f'wss://{host}:{port}')
            (Path(cls.pages) / page.name).write_text(text, encoding='utf-8')


if __name__ == '__main__':
    unittest.main()
