"""Starting: what cannot work ends with exit status 1, a line for each problem, and nothing left
behind; what works has the sockets, files and rights that the configuration asks for."""

import grp
import json
import os
import pwd
import re
import shutil
import socket
import stat
import tempfile
import unittest
from pathlib import Path

from harness import certificates, configuration
from harness.case import DaemonTest
from harness.connection import connect_socket
from harness.client import Client
from harness.daemon import run_command
from harness.handshake import Request

UNPRIVILEGED = 'nobody'

# As text, so that every line of the log is what an operator would see.
TEXT_LOG = {'format': 'text', 'level': 'error'}

CONFIGURATION_LINE = re.compile(r'\S+wsrelayd\.yaml(:\d+(:\d+)?)?: error: .+')
LOG_LINE = re.compile(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z error .+')


class StartTest(unittest.TestCase):
    """A directory for the files of one start."""

    def setUp(self):
        self.directory = Path(tempfile.mkdtemp(prefix='wsrelayd-test-'))
        self.addCleanup(shutil.rmtree, self.directory)
        self.file = self.directory / 'wsrelayd.yaml'

    def path(self, name):
        return str(self.directory / name)

    def run_with(self, content, *arguments):
        configuration.write(content, self.file)
        return run_command('-c', str(self.file), *arguments)

    def assert_fails(self, content, *patterns):
        """Exit status 1, and lines that match these patterns, in any order, and no others."""
        result = self.run_with(content)
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assert_lines(result, patterns)

    def assert_fails_both(self, content, *patterns):
        """The same, and -t says so too."""
        self.assert_fails(content, *patterns)
        result = self.run_with(content, '-t')
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assert_lines(result, patterns)

    def assert_lines(self, result, patterns):
        self.assertEqual(result.stdout, '')
        lines = result.stderr.splitlines()
        for line in lines:
            self.assertTrue(CONFIGURATION_LINE.fullmatch(line) or LOG_LINE.fullmatch(line), line)
        for pattern in patterns:
            found = [line for line in lines if re.search(pattern, line)]
            self.assertEqual(len(found), 1, f'lines with {pattern!r} in:\n{result.stderr}')
        self.assertEqual(len(lines), len(patterns), result.stderr)

    def nothing_left(self, *names):
        for name in names:
            self.assertFalse(os.path.lexists(self.path(name)), f'{name} was left behind')

    def taken_port(self, host='127.0.0.1'):
        """A port on which somebody listens."""
        sock = socket.create_server((host, 0))
        self.addCleanup(sock.close)
        return sock.getsockname()[1]


    def free_port(self):
        """A port on which nobody listens."""
        with socket.create_server(('127.0.0.1', 0)) as sock:
            return sock.getsockname()[1]


def plain(address, name='plain', **settings):
    return {'name': name, 'address': address, **settings}


def configured(*listeners, **top):
    return configuration.configuration(listeners=list(listeners), log=TEXT_LOG, **top)


class BadConfigurationTest(StartTest):
    """Files that cannot be used."""

    def test_missing_file(self):
        for arguments in ((), ('-t',), ('-T',)):
            result = run_command('-c', str(self.file), *arguments)
            self.assertEqual(result.returncode, 1)
            self.assert_lines(result, ['No such file'])

    def test_a_directory_instead_of_a_file(self):
        self.file.mkdir()
        result = run_command('-c', str(self.file))
        self.assertEqual(result.returncode, 1)
        self.assert_lines(result, ['not a regular file'])

    def test_an_empty_file_lacks_what_is_required(self):
        result = self.run_with('')
        self.assertEqual(result.returncode, 1)
        self.assertIn('wsrelayd.yaml', result.stderr)

    def test_an_unknown_key_is_named_with_its_place_and_a_suggestion(self):
        content = json.dumps(configured(plain('127.0.0.1:0')), indent=2)
        content = content.replace('"workers"', '"workesr"')
        line = content.splitlines().index('  "workesr": 2,') + 1
        self.assert_fails_both(content, rf'wsrelayd\.yaml:{line}:3: error: workesr: unknown key '
                                        r'\(did you mean "workers"\?\)')

    def test_keys_of_later_versions_do_not_exist(self):
        later = {'trusted_proxies': []}
        content = configured(plain('127.0.0.1:0', proxy_protocol={}),
                             defaults={'compression': {}, 'rate': {}}, **later)
        content['limits'] = {'memory': 'auto', 'connections_per_address': 0}
        content['timeouts'] = {'assembly': '60s'}
        keys = (r'trusted_proxies', r'listeners\[0\]\.proxy_protocol',
                r'defaults\.compression', r'defaults\.rate', r'limits\.memory',
                r'limits\.connections_per_address', r'timeouts\.assembly')
        self.assert_fails_both(content, *[rf'error: {key}: unknown key' for key in keys])

    def test_every_error_is_reported_in_the_order_of_the_file(self):
        content = configured(plain('127.0.0.1:0'), workers=0, timeouts={'close': '3'},
                             limits={'pending': 'many'}, defaults={'max_message_size': '1TiB'})
        self.assert_fails_both(content, r'workers: ', r'timeouts\.close: ', r'limits\.pending: ',
                               r'defaults\.max_message_size: ')
        lines = self.run_with(content).stderr.splitlines()
        places = [tuple(map(int, line.split(':')[1:3])) for line in lines]
        self.assertEqual(places, sorted(places))

    def test_no_more_than_20_errors_are_listed(self):
        content = configured(plain('127.0.0.1:0'), **{f'unknown_{n}': n for n in range(30)})
        lines = self.run_with(content).stderr.splitlines()
        self.assertEqual(len([line for line in lines if 'unknown key' in line]), 20)
        self.assertIn('10 more errors', lines[-1])

    def test_broken_yaml_is_named_with_its_place(self):
        self.assert_fails_both('workers: 2\nlisteners: [\nroutes: {\n', r'wsrelayd\.yaml:\d+:\d+: ')


class MissingMaterialTest(StartTest):
    """Files, users and addresses that the configuration names and that are not there."""

    def tls(self, chain, key, **settings):
        return configured(configuration.tls_listener([(chain, key)], **settings))

    def test_certificates_that_cannot_be_used(self):
        good, key = certificates.get('localhost')
        (self.directory / 'garbage.pem').write_text('no certificate\n', encoding='ascii')
        garbage, missing = self.path('garbage.pem'), self.path('missing.pem')
        weak, weak_key = certificates.get('weak')
        directory = certificates.directory()
        cases = [
            ('missing certificate', missing, key, r'missing\.pem.*No such file'),
            ('missing key', good, missing, r'missing\.pem.*No such file'),
            ('garbage for a certificate', garbage, key, r'garbage\.pem'),
            ('garbage for a key', good, garbage, r'garbage\.pem'),
            ('the key of another', good, certificates.get('other')[1], r'does not belong'),
            ('a key under a passphrase', good, directory / 'locked.key', r'encrypted'),
            ('a chain in the wrong order', directory / 'reversed.pem',
             certificates.get('chain')[1], r'does not belong'),
            ('a weak key', weak, weak_key, r'weak\.pem cannot be used'),
        ]
        for label, chain, private_key, pattern in cases:
            with self.subTest(label):
                self.assert_fails_both(self.tls(chain, private_key), pattern)

    def test_every_bad_certificate_is_reported(self):
        pairs = [(self.path(f'{name}.pem'), certificates.get('localhost')[1]) for name in 'ab']
        self.assert_fails_both(configured(configuration.tls_listener(pairs)), r'a\.pem', r'b\.pem')

    def test_a_missing_client_authority(self):
        pair = certificates.get('localhost')
        self.assert_fails_both(self.tls(*pair, client_auth='required'), r'client_ca')
        self.assert_fails_both(self.tls(*pair, client_auth='required',
                                        client_ca=self.path('none.pem')), r'none\.pem')

    def test_missing_users_and_groups(self):
        names = {'user': 'nobody-of-this-name', 'group': 'no-group-of-this-name'}
        listener = plain(f'unix:{self.path("ws.sock")}')
        for key, name in names.items():
            with self.subTest(key):
                content = configured(listener, pid_file=self.path('pid'), **{key: name})
                result = self.run_with(content, '-t')
                self.assertEqual(result.returncode, 1)
                self.assert_lines(result, [name])
                if os.geteuid() == 0:
                    self.assert_fails(content, name)
                self.nothing_left('ws.sock', 'pid')

    def test_missing_owners_of_a_unix_socket(self):
        for key in ('owner', 'group'):
            with self.subTest(key):
                address = f'unix:{self.path("ws.sock")}'
                self.assert_fails_both(configured(plain(address, **{key: 'nobody-of-this-name'})),
                                       r'the .* nobody-of-this-name that .* does not exist')
                self.nothing_left('ws.sock')

    def unwritable_paths(self):
        """Names of files that no start could write, and a part of what is said of each."""
        (self.directory / 'regular').touch()
        bound = socket.socket(socket.AF_UNIX)
        self.addCleanup(bound.close)
        bound.bind(self.path('bound'))
        return {'missing/file': 'No such file', 'regular/file': 'Not a directory',
                'regular/': '', 'absent/': '', '.': 'Is a directory',
                'bound': 'No such device'}

    def test_a_pid_file_that_cannot_be_written(self):
        (self.directory / 'link').symlink_to('regular')
        paths = {**self.unwritable_paths(), 'link': 'symbolic links'}
        for name, problem in paths.items():
            with self.subTest(name):
                self.assert_fails_both(configured(plain(f'unix:{self.path("ws.sock")}'),
                                                  pid_file=f'{self.directory}/{name}'),
                                       rf'pid_file.*{problem}')
                self.nothing_left('ws.sock')

    def test_a_log_file_that_cannot_be_opened(self):
        for name, problem in self.unwritable_paths().items():
            with self.subTest(name):
                content = configured(plain(f'unix:{self.path("ws.sock")}'))
                content['log']['target'] = f'{self.directory}/{name}'
                self.assert_fails_both(content, rf'{re.escape(name)}.*{problem}')
                self.nothing_left('ws.sock')

    @unittest.skipUnless(os.geteuid() == 0, 'needs root')
    def test_what_only_root_can_read_is_warned_about(self):
        """The daemon reads it again at a reload, as the user that it has become."""
        for name, source in zip(('pem', 'key'), certificates.get('localhost')):
            shutil.copy(source, self.path(f'server.{name}'))
        files = {'certificate': self.path('server.pem'), 'private_key': self.path('server.key')}
        listener = plain('127.0.0.1:0', tls={'certificates': [files]})
        token = Path(self.path('token'))
        token.touch(mode=0o600)
        token.write_text('0123456789abcdef', encoding='ascii')
        content = configured(listener, user=UNPRIVILEGED,
                             admin={'address': '127.0.0.1:0', 'token_file': str(token)})
        content['log']['target'] = self.path('log')
        key = r'listeners\[0\]\.tls\.certificates\[0\]\.'
        wanted = (rf'wsrelayd\.yaml: warning: user "{UNPRIVILEGED}" cannot read this file',
                  rf'{key}certificate: user "{UNPRIVILEGED}" cannot read "{files["certificate"]}"',
                  rf'{key}private_key: user "{UNPRIVILEGED}" cannot read "{files["private_key"]}"',
                  rf'admin\.token_file: user "{UNPRIVILEGED}" cannot read "{token}"',
                  rf'log\.target: user "{UNPRIVILEGED}" cannot write "{self.path("log")}"')
        for mode, patterns in ((0o700, wanted), (0o755, wanted[3:]), (0o777, wanted[3:4])):
            with self.subTest(mode=oct(mode)):
                self.directory.chmod(mode)
                for path in files.values():
                    Path(path).chmod(0o644)
                result = self.run_with(content, '-t')
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertEqual(len(result.stderr.splitlines()), len(patterns), result.stderr)
                for pattern in patterns:
                    self.assertRegex(result.stderr, pattern)

    def test_files_that_can_be_written_are_no_errors_and_are_not_made(self):
        (self.directory / 'log').write_text('kept', encoding='ascii')
        content = configured(plain(f'unix:{self.path("ws.sock")}'), pid_file=self.path('pid'))
        for target in (self.path('log'), self.path('new'), '/dev/null'):
            content['log']['target'] = target
            self.assertEqual(self.run_with(content, '-t').stderr, '')
        self.nothing_left('ws.sock', 'pid', 'new')
        self.assertEqual((self.directory / 'log').read_text(encoding='ascii'), 'kept')

    def test_a_unix_socket_without_a_directory(self):
        self.assert_fails_both(configured(plain(f'unix:{self.path("missing/ws.sock")}')),
                               r'missing/ws\.sock.*the directory does not exist')

    def test_all_errors_come_at_once_each_with_its_place(self):
        content = configured(plain(['no-such-host.invalid:1', 'bad'], mode='0600', owner='nobody-so'),
                             configuration.tls_listener([(self.path('a.pem'), self.path('a.key'))],
                                                        client_auth='required'),
                             user='nobody-of-this-name', pid_file=self.path('missing/pid'),
                             unknown=1)
        result = self.run_with(content, '-t')
        keys = (r'listeners\[0\]\.address\[0\]', r'listeners\[0\]\.address\[1\]',
                r'listeners\[0\]\.mode', r'listeners\[0\]\.owner', r'listeners\[0\]\.owner',
                r'listeners\[1\]\.tls\.certificates\[0\]\.certificate',
                r'listeners\[1\]\.tls\.certificates\[0\]\.private_key',
                r'listeners\[1\]\.tls\.client_auth', 'user', 'pid_file', 'unknown')
        lines = result.stderr.splitlines()
        self.assertEqual(len(lines), len(keys), result.stderr)
        for line, key in zip(lines, keys):
            self.assertRegex(line, rf'wsrelayd\.yaml:\d+:\d+: error: {key}: ')


class AddressInUseTest(StartTest):
    """Addresses that somebody has: nothing stays open, and what is theirs is not touched."""

    def test_a_taken_port(self):
        port = self.taken_port()
        self.assert_fails(configured(plain(f'127.0.0.1:{port}')),
                          rf'127\.0\.0\.1:{port}.*in use')

    def test_a_taken_second_address_closes_the_first(self):
        port = self.taken_port()
        first = f'unix:{self.path("ws.sock")}'
        self.assert_fails(configured(plain([first, f'127.0.0.1:{port}'])), rf':{port}.*in use')
        self.nothing_left('ws.sock')

    def test_every_taken_address_of_every_listener_is_reported(self):
        ports = [self.taken_port() for _ in range(3)]
        addresses = [f'127.0.0.1:{port}' for port in ports]
        content = configured(plain(addresses[:2]), plain(addresses[2], 'other'),
                             plain(f'unix:{self.path("ws.sock")}', 'local'),
                             pid_file=self.path('pid'))
        self.assert_fails(content, *[rf'{address}.*in use' for address in addresses])
        self.nothing_left('ws.sock', 'pid')

    def test_localhost_is_taken_when_one_of_its_families_is(self):
        port = self.taken_port()
        self.assert_fails(configured(plain(f'localhost:{port}')), rf'127\.0\.0\.1:{port}.*in use')

    def test_a_live_unix_socket_is_refused_and_lives_on(self):
        path = self.path('ws.sock')
        other = socket.socket(socket.AF_UNIX)
        self.addCleanup(other.close)
        other.bind(path)
        other.listen()
        self.assert_fails(configured(plain(f'unix:{path}')), r'another process listens there')
        connect_socket(path).close()

    def test_a_file_that_is_no_socket_is_refused_and_kept(self):
        path = Path(self.path('ws.sock'))
        path.write_text('precious', encoding='ascii')
        self.assert_fails(configured(plain(f'unix:{path}')), r'not a socket')
        self.assertEqual(path.read_text(encoding='ascii'), 'precious')

    def test_the_same_address_twice(self):
        port = self.free_port()
        pairs = [(f'unix:{self.path("ws.sock")}', f'unix:{self.path("ws.sock")}'),
                 (f'localhost:{port}', f'127.0.0.1:{port}'), (f':{port}', f'[::1]:{port}')]
        for first, second in pairs:
            with self.subTest(first):
                content = configured(plain(first), plain(second, 'again'))
                result = self.run_with(content)
                self.assertEqual(result.returncode, 1)
                self.nothing_left('ws.sock')
                result = self.run_with(content, '-t')
                self.assertEqual(result.returncode, 1)
                self.assert_lines(result, [r'listeners\[1\]\.address: .*beside.*listeners\[0\]'])


    def test_the_address_of_a_listener_and_of_the_admin_listener(self):
        port = self.free_port()
        for address in (f'127.0.0.1:{port}', f'unix:{self.path("ws.sock")}'):
            with self.subTest(address):
                content = configured(plain(address), admin={'address': address})
                self.assertEqual(self.run_with(content).returncode, 1)
                self.nothing_left('ws.sock')
                result = self.run_with(content, '-t')
                self.assertEqual(result.returncode, 1)
                self.assert_lines(result, [r'admin\.address: .*beside.*listeners\[0\]'])

    def test_an_admin_address_that_others_reach_is_warned_about(self):
        for address, warned in ((':0', True), ('127.0.0.1:0', False), ('[::1]:0', False),
                                ('systemd:admin', False), (f'unix:{self.path("a.sock")}', False)):
            with self.subTest(address):
                result = self.run_with(configured(plain('127.0.0.1:0'), admin={'address': address}),
                                       '-t')
                self.assertEqual(result.returncode, 0)
                self.assertEqual('warning: admin.address' in result.stderr, warned, result.stderr)


class ListeningTest(DaemonTest):
    """What a good start leads to."""

    def temporary(self):
        directory = Path(tempfile.mkdtemp(prefix='wsrelayd-test-'))
        self.addCleanup(shutil.rmtree, directory)
        return directory

    def serve(self, listener, **top):
        return self.start_with(listeners=[configuration.PLAIN, listener], **top)

    def test_localhost_is_both_families_on_one_port(self):
        self.start_with(listeners=[plain('localhost:0')])
        listening = self.daemon.log.wait_for_count('listening', 2)
        addresses = [line.get('address') for line in listening]
        self.assertEqual(len({address.rpartition(':')[2] for address in addresses}), 1, addresses)
        self.assertEqual({address.rpartition(':')[0] for address in addresses},
                         {'127.0.0.1', '[::1]'})
        for address in (('127.0.0.1', int(addresses[0].rpartition(':')[2])),
                        ('::1', int(addresses[0].rpartition(':')[2]))):
            with Client(connect_socket(address)).open(Request()) as client:
                client.echo('over this family')
                client.close_orderly()

    def test_the_families_can_be_listed_one_by_one(self):
        """v6-only is set: the wildcard of IPv6 does not take the port of IPv4."""
        self.serve(plain('[::]:0', 'six'))
        port = self.daemon.address('six')[1]
        with self.assertRaises(ConnectionRefusedError):
            connect_socket(('127.0.0.1', port))
        connect_socket(('::1', port)).close()

    def test_a_stale_unix_socket_is_replaced(self):
        path = self.temporary() / 'ws.sock'
        dead = socket.socket(socket.AF_UNIX)
        dead.bind(str(path))
        dead.close()
        self.serve(configuration.unix_listener(path))
        with Client(connect_socket(str(path))).open(Request()) as client:
            client.echo('over the new socket')
            client.close_orderly()

    def test_a_unix_socket_has_its_mode_owner_and_group_and_goes_with_the_daemon(self):
        path = self.temporary() / 'ws.sock'
        me = pwd.getpwuid(os.geteuid()).pw_name
        settings = {'mode': '0606', 'owner': UNPRIVILEGED if os.geteuid() == 0 else me}
        self.serve(configuration.unix_listener(path, **settings))
        status = path.lstat()
        self.assertEqual(stat.S_IMODE(status.st_mode), 0o606)
        self.assertEqual(status.st_uid, pwd.getpwnam(settings['owner']).pw_uid)
        self.assertEqual(self.daemon.stop(), 0)
        self.assertFalse(os.path.lexists(path), 'the socket is left behind')

    def test_a_unix_socket_is_0660_by_default(self):
        path = self.temporary() / 'ws.sock'
        self.serve(configuration.unix_listener(path))
        self.assertEqual(stat.S_IMODE(path.lstat().st_mode), 0o660)

    def test_the_pid_file_holds_the_pid_while_the_daemon_runs(self):
        path = self.temporary() / 'pid'
        path.write_text('4194999\nof a process that died\n', encoding='ascii')
        self.start_with(pid_file=str(path))
        self.assertEqual(path.read_text(encoding='ascii'), f'{self.daemon.pid}\n')
        self.assertEqual(self.daemon.stop(), 0)
        self.assertFalse(path.exists(), 'the pid file is left behind')

    def test_check_neither_binds_nor_touches_the_files_of_a_running_daemon(self):
        directory = self.temporary()
        sock, pid_file = directory / 'ws.sock', directory / 'pid'
        self.serve(configuration.unix_listener(sock), pid_file=str(pid_file))
        before = (sock.lstat().st_ino, pid_file.read_text(encoding='ascii'))
        result = run_command('-c', str(self.daemon.file), '-t')
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual((sock.lstat().st_ino, pid_file.read_text(encoding='ascii')), before)

    def test_an_expired_certificate_is_warned_about_and_served(self):
        self.serve(configuration.tls_listener([certificates.get('expired')]))
        line = self.daemon.log.wait_for('certificate')
        self.assertEqual(line.level, 'warning')
        self.assertIn('expired', line.get('warning'))


class PrivilegesTest(DaemonTest):
    """user and group."""

    # A process that has changed its user may not be traced, which the leak check needs.
    ENVIRONMENT = {'ASAN_OPTIONS': 'detect_leaks=0:exitcode=99'}

    def status(self, name):
        """The numbers of a line in /proc/PID/status."""
        text = Path(f'/proc/{self.daemon.pid}/status').read_text(encoding='ascii')
        return re.search(rf'^{name}:\s*(.*)$', text, re.MULTILINE)[1].split()

    def serve_as(self, **settings):
        self.start(configuration.configuration(**settings), environment=self.ENVIRONMENT)

    def expected(self, user, group=None):
        """The ids that a start as whoever runs the tests leads to."""
        if os.geteuid() != 0:
            return os.geteuid(), os.getegid()
        entry = pwd.getpwnam(user)
        return entry.pw_uid, grp.getgrnam(group).gr_gid if group else entry.pw_gid

    def check_ids(self, user_id, group_id):
        self.assertEqual(self.status('Uid'), [str(user_id)] * 4)
        self.assertEqual(self.status('Gid'), [str(group_id)] * 4)
        for thread in os.listdir(f'/proc/{self.daemon.pid}/task'):
            text = Path(f'/proc/{self.daemon.pid}/task/{thread}/status').read_text(encoding='ascii')
            self.assertIn(f'Uid:\t{user_id}\t{user_id}\t{user_id}\t{user_id}\n', text)

    def test_started_as_root_it_becomes_the_user(self):
        self.serve_as(user=UNPRIVILEGED)
        user_id, group_id = self.expected(UNPRIVILEGED)
        self.check_ids(user_id, group_id)
        if os.geteuid() == 0:
            self.assertEqual(self.status('Groups'), [str(group_id)])
            self.assertEqual(set(self.status('CapEff')[0]), {'0'})
            self.assertEqual(set(self.status('CapPrm')[0]), {'0'})
        self.assertEqual(self.root_warnings(), [])

    def test_the_group_can_be_another(self):
        self.serve_as(user=UNPRIVILEGED, group='daemon')
        self.check_ids(*self.expected(UNPRIVILEGED, 'daemon'))

    def test_serving_as_root_is_warned_about(self):
        self.start_with()
        self.assertEqual(len(self.root_warnings()), 1 if os.geteuid() == 0 else 0)

    def root_warnings(self):
        return [event for event in self.daemon.log.since(0)
                if event.level == 'warning' and 'root' in event.message]

    def test_what_the_user_cannot_remove_does_not_spoil_the_stop(self):
        directory = Path(tempfile.mkdtemp(prefix='wsrelayd-test-'))
        self.addCleanup(shutil.rmtree, directory)
        self.serve_as(user=UNPRIVILEGED, pid_file=str(directory / 'pid'),
                      listeners=[configuration.PLAIN,
                                 configuration.unix_listener(directory / 'ws.sock')])
        self.check_serving()
        self.assertEqual(self.daemon.stop(), 0)
