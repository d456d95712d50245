"""README.md: the example of a configuration works as it is printed."""

import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from harness.client import Client
from harness.connection import Connection, connect_socket, wrap
from harness.daemon import Daemon, parse_address
from harness.handshake import Request, read_response
from harness.log import lint
from harness.tools import REPOSITORY, daemon_binary

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


if __name__ == '__main__':
    unittest.main()
