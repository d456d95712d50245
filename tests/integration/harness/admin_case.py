"""The base class of tests of the admin listener."""

import os
import shutil
import tempfile

from harness import configuration
from harness.admin import TOKEN, Admin
from harness.case import DaemonTest
from harness.daemon import parse_address

ERROR_CODES = {400: 'bad_request', 401: 'unauthorized', 404: 'not_found',
               405: 'method_not_allowed', 409: 'conflict', 413: 'too_large', 414: 'too_large',
               431: 'too_large', 500: 'internal', 503: 'unavailable'}


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
