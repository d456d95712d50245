"""etc/logrotate: a real logrotate, and a daemon that goes on in a new file."""

import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from harness import configuration
from harness.client import Client
from harness.connection import connect_socket
from harness.daemon import Daemon
from harness.deadline import wait_until
from harness.tools import REPOSITORY, require


class LogrotateTest(unittest.TestCase):
    """The file as it is printed, with another directory, and user and group, and with kill instead
    of systemctl."""

    def setUp(self):
        self.directory = Path(tempfile.mkdtemp(prefix='wsrelayd-test-'))
        self.addCleanup(shutil.rmtree, self.directory)
        self.log = self.directory / 'wsrelayd.log'
        self.socket = self.directory / 'ws.sock'
        content = configuration.configuration(listeners=[configuration.unix_listener(self.socket)],
                                              log={'target': str(self.log)})
        self.daemon = Daemon(content).launch()
        self.addCleanup(self.daemon.remove)
        wait_until(lambda: 'listening' in self.logged(), 'the line that it listens')

    def logged(self):
        return self.log.read_text(encoding='utf-8') if self.log.exists() else ''

    def rotate(self, *arguments):
        text = (REPOSITORY / 'etc/logrotate/wsrelayd').read_text(encoding='utf-8')
        text = text.replace('/var/log/wsrelayd', str(self.directory))
        text, count = re.subn(r"systemctl kill --kill-whom=main --signal=USR1 'wsrelayd.service' "
                              r"'wsrelayd@\*.service'", f'kill -USR1 {self.daemon.pid}', text)
        self.assertEqual(count, 1)
        self.assertIn('    su wsrelayd wsrelayd\n', text)
        text = text.replace('su wsrelayd wsrelayd', f'su {os.getuid()} {os.getgid()}')
        path = self.directory / 'wsrelayd'
        path.write_text(text, encoding='utf-8')
        path.chmod(0o644)
        program = shutil.which('logrotate') or require('/usr/sbin/logrotate')
        result = subprocess.run([program, '--state', self.directory / 'state', *arguments, path],
                                capture_output=True, text=True, check=False)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stderr

    def test_logrotate_understands_it(self):
        self.assertNotIn('error', self.rotate('--debug').lower())

    def test_what_is_logged_after_a_rotation_is_in_the_new_file(self):
        self.rotate('--force')
        wait_until(self.log.exists, 'a new file')
        with Client(connect_socket(str(self.socket))).open() as client:
            client.echo()
            client.close_orderly()
        wait_until(lambda: 'closed' in self.logged(), 'its line')
        old = Path(f'{self.log}.1').read_text(encoding='utf-8')
        self.assertIn('listening', old)
        self.assertNotIn('closed', old)


if __name__ == '__main__':
    unittest.main()
