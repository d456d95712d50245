"""README.md: its programs and its example of a configuration work as they are printed."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from harness.case import SharedDaemonTest
from harness.client import Client
from harness.connection import Connection, connect_socket, wrap
from harness.daemon import Daemon, parse_address
from harness.handshake import SAMPLE_ACCEPT, Request, read_response
from harness.log import lint
from harness.tools import (INSTALL, REPOSITORY, daemon_binary, require, require_node_module,
                           require_websockets)

SECONDS = 120
GO_PACKAGES = Path('/usr/share/gocode/src/github.com/gorilla/websocket')

ON_FREE_PORTS = {'localhost:8080': '127.0.0.1:0', ':8443': '127.0.0.1:0'}


def section(title):
    text = (REPOSITORY / 'README.md').read_text(encoding='utf-8')
    return re.search(rf'^## {title}\n(.*?)^## ', text, re.MULTILINE | re.DOTALL)[1]


class ConfigurationTest(unittest.TestCase):
    """The section "A configuration"."""

    def setUp(self):
        self.directory = Path(tempfile.mkdtemp(prefix='wsrelayd-test-'))
        self.addCleanup(shutil.rmtree, self.directory)
        (self.directory / 'build').mkdir()
        (self.directory / 'build/wsrelayd').symlink_to(daemon_binary())
        text = section('A configuration')
        self.content = re.search(r'^```yaml\n(.*?)^```$', text, re.MULTILINE | re.DOTALL)[1]
        (self.directory / 'my.yaml').write_text(self.content, encoding='utf-8')
        self.commands = ''.join(re.findall(r'^    (.*\n)', text.replace(self.content, ''),
                                           re.MULTILINE))

    def run_commands(self):
        """All but the last one, which serves."""
        commands, serving = self.commands.rstrip().rsplit('\n', 1)
        self.assertEqual(serving, 'build/wsrelayd -c my.yaml')
        result = subprocess.run(['sh', '-eu'], input=commands, cwd=self.directory, text=True,
                                capture_output=True, check=False)
        self.assertEqual(result.returncode, 0, result.stderr)

    def serve(self):
        content = self.content
        for printed, free in ON_FREE_PORTS.items():
            self.assertEqual(content.count(f'address: "{printed}"'), 1)
            content = content.replace(f'address: "{printed}"', f'address: "{free}"')
        daemon = Daemon(content, directory=self.directory).launch()
        self.addCleanup(daemon.remove)
        lines = daemon.log.wait_for_count('listening', len(ON_FREE_PORTS))
        self.plain, self.secure = (parse_address(line.get('address')) for line in lines)
        return daemon

    def join_from(self, origin):
        """The status of the answer to a page of this origin that wants to join a room."""
        with Connection(connect_socket(self.plain)) as connection:
            connection.send(Request('/room/any').add('Origin', origin).encode())
            return read_response(connection).status

    def test_it_works_as_it_is_printed(self):
        self.run_commands()
        daemon = self.serve()
        for sock in (connect_socket(self.plain), wrap(connect_socket(self.secure))):
            with Client(sock).open() as client:
                client.echo('as printed')
                client.close_orderly()
        for origin in ('http://localhost:8080', 'https://localhost:8443', 'https://a.example.org'):
            self.assertEqual(self.join_from(origin), 101, origin)
        self.assertEqual(self.join_from('https://example.net'), 403)
        self.assertEqual(daemon.stop(), 0)
        self.assertEqual(lint(daemon.log.events, ()), [])


def code(language):
    """The one block of this language in the section of programs."""
    blocks = re.findall(rf'^```{language}\n(.*?)^```$', section('From a program'),
                        re.MULTILINE | re.DOTALL)
    if len(blocks) != 1:
        raise AssertionError(f'{len(blocks)} blocks of {language}')
    return blocks[0]


class ProgramsTest(SharedDaemonTest):
    """The section "From a program": what Debian and npm have."""

    def setUp(self):
        super().setUp()
        self.directory = Path(tempfile.mkdtemp(prefix='wsrelayd-test-'))
        self.addCleanup(shutil.rmtree, self.directory)

    def write(self, language, name):
        """The program, with the daemon's address instead of the printed one."""
        return self.write_text(code(language), name)

    def write_text(self, text, name):
        host, port = self.daemon.address('plain')
        self.assertEqual(text.count('localhost:8080'), 1)
        path = self.directory / name
        path.write_text(text.replace('localhost:8080', f'{host}:{port}'), encoding='utf-8')
        return path

    def assert_prints(self, *command, environment=None):
        """What every one of them prints."""
        result = subprocess.run([str(word) for word in command], cwd=self.directory, text=True,
                                capture_output=True, timeout=SECONDS, check=False,
                                env={**os.environ, 'HOME': str(self.directory),
                                     **(environment or {})})
        lines = [line.rstrip() for line in result.stdout.splitlines()]
        self.assertEqual(lines, ['received hello', 'closed 1000'], result.stderr)
        self.assertEqual(result.returncode, 0)

    def test_python(self):
        require_websockets()
        self.assert_prints(sys.executable, self.write('python', 'echo.py'))

    def test_node(self):
        node, environment = require_node_module('ws')
        self.assert_prints(node, self.write('js', 'echo.js'), environment=environment)

    def test_go(self):
        """With Debian's copy of the package, which lies where Go looked before it had modules."""
        if not GO_PACKAGES.is_dir():
            raise AssertionError(f'{GO_PACKAGES} does not exist; {INSTALL}')
        self.assert_prints(require('go'), 'run', self.write('go', 'echo.go'),
                           environment={'GO111MODULE': 'off', 'GOPATH': '/usr/share/gocode'})

    def test_java(self):
        require('javac')
        self.assert_prints(require('java'), self.write('java', 'Echo.java'))

    def test_curl(self):
        command = re.search(r'^    (curl .*\\\n.*\n)', section('From a program'), re.MULTILINE)[1]
        require('curl')
        script = self.write_text(f'exec {command}', 'curl.sh')
        with subprocess.Popen(['sh', script], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL) as process:
            head = b''
            while not head.endswith(b'\r\n\r\n'):
                byte = process.stdout.read(1)
                self.assertNotEqual(byte, b'', head)
                head += byte
            process.kill()
        self.assertTrue(head.startswith(b'HTTP/1.1 101 '), head)
        self.assertIn(f'Sec-WebSocket-Accept: {SAMPLE_ACCEPT}\r\n'.encode(), head)


if __name__ == '__main__':
    unittest.main()
