"""The base class of tests of the admin listener."""

import http.client
import os
import shutil
import tempfile

from harness import configuration
from harness.admin import TOKEN, Admin
from harness.case import DaemonTest
from harness.daemon import parse_address
from harness.manager import descriptors_of

CONNECTIONS_MAX = 8
PATIENCE_SECONDS = 10

ERROR_CODES = {400: 'bad_request', 401: 'unauthorized', 404: 'not_found',
               405: 'method_not_allowed', 409: 'conflict', 413: 'too_large', 414: 'too_large',
               431: 'too_large', 500: 'internal', 503: 'unavailable'}


def admin_sockets(pid, path):
    """How many connections to a unix socket a process has."""
    with open('/proc/net/unix', encoding='utf-8') as file:
        inodes = {fields[6] for fields in map(str.split, file)
                  if fields[-1] == path and fields[5] == '03'}
    targets = descriptors_of(pid).values()
    return sum(f'socket:[{inode}]' in targets for inode in inodes)


class AdminTest(DaemonTest):
    """A daemon with an admin listener on a unix socket and a TCP port."""

    def start_admin(self, token=TOKEN, workers=2, settings=None, **top):
        content = configuration.configuration(workers=workers, **top)
        self.directory = self.make_directory()
        self.path = f'{self.directory}/admin.sock'
        admin = {'address': [f'unix:{self.path}', '127.0.0.1:0'], **(settings or {})}
        if token is not None:
            admin['token_file'] = self.write_token(token)
        content['admin'] = admin
        self.start(content)
        lines = self.daemon.log.wait_for_count('admin listening', 2)
        self.unix = Admin(self.path)
        self.tcp = Admin(parse_address(lines[1].get('address')), token)
        return self.unix

    def make_directory(self):
        directory = tempfile.mkdtemp(prefix='wsrelayd-admin-')
        self.addCleanup(shutil.rmtree, directory, ignore_errors=True)
        return directory

    def write_token(self, token, mode=0o600):
        path = f'{self.directory}/token'
        with open(path, 'w', encoding='ascii') as file:
            file.write(f'{token}\nanother line\n')
        os.chmod(path, mode)
        return path

    def assert_error(self, answer, status):
        self.assertEqual(answer.status, status, answer.content)
        self.assertEqual(answer.error['code'], ERROR_CODES[status])
        self.assertRegex(answer.error['message'], r'\A[A-Z].*\.\Z')
        self.assertIsInstance(answer.error['details'], dict)

    def is_served(self, admin):
        try:
            return admin.get('/readyz').status == 200
        except (OSError, http.client.HTTPException):
            return False
