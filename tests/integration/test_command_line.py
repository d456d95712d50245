"""The command line: what each option prints, exit statuses, and the check and dump of files."""

import json
import os
import pwd
import re
import shutil
import tempfile
import unittest
from pathlib import Path

from harness import certificates, configuration
from harness.daemon import run_command
from harness.tools import REPOSITORY

SHIPPED_FILE = REPOSITORY / 'etc' / 'wsrelayd.yaml'
OPTIONS = {'-c': '--config', '-t': '--check', '-T': '--dump', '-l': '--log-level',
           '-v': '--version', '-V': '--build-info', '-h': '--help'}

# What the shipped file says that is not a default: where it listens, and its two routes with their
# page.
SHIPPED_BARE = {
    'listeners': [{'name': 'plain', 'address': 'localhost:8080'}],
    'routes': [{'path': '/', 'handler': 'echo', 'page': True},
               {'path': '/room/{name}', 'handler': {'type': 'broadcast'}, 'page': True}],
}


def every_key():
    """A file that gives every key a value that is not its default."""
    chain, key = certificates.get('localhost')
    settings = {
        'page': True,
        'origins': ['https://example.org', 'https://*.example.net', 'null'],
        'subprotocols': ['b', 'a'], 'max_message_size': '1537B', 'max_fragments': 7,
        'ping_interval': '1001ms', 'ping_timeout': '61s', 'idle_timeout': '2h',
        'max_connection_age': '25h', 'send_queue': {'size': '2MB', 'policy': 'close'},
    }
    tls = {'certificates': [{'certificate': str(chain), 'private_key': str(key)}] * 2,
           'min_version': 1.3, 'client_auth': 'optional',
           'client_ca': str(certificates.directory() / 'ca.pem'), 'reload_on_change': True}
    return {
        'workers': 3, 'user': 'nobody', 'group': 'daemon', 'pid_file': '/run/a "name".pid',
        'log': {'level': 'debug', 'format': 'json', 'target': '/var/log/ws.log', 'access': True},
        'listeners': [
            {'name': 'one: #2', 'address': ['127.0.0.1:1', '[::1]:2', ':3'], 'tls': tls},
            {'name': "it's \\ here", 'address': 'unix:/run/a b.sock', 'mode': '0600',
             'owner': 'nobody', 'group': 'daemon'}],
        'admin': {'address': ['unix:/run/admin.sock', 'localhost:1'], 'mode': '0600',
                  'owner': 'nobody', 'group': 'daemon', 'token_file': '/etc/a token'},
        'limits': {'connections': 9, 'pending': 8, 'request_line': '1KiB', 'header_size': '3KiB',
                   'headers': 10},
        'timeouts': {'handshake': '1500ms', 'tls': '1m', 'send': '59s', 'close': '1ms',
                     'linger': '59m', 'drain': '24h', 'drain_delay': '3s'},
        'defaults': settings,
        'routes': [
            {'path': '/exact', 'host': '*.example.org', 'handler': 'echo', 'origins': 'any',
             'subprotocols': [], 'max_message_size': '256MiB'},
            {'path': '/a/{b}/{c*}', 'handler': {'type': 'broadcast', 'room': '{c}-{b}',
                                                'namespace': 'ours', 'include_sender': True}}],
    }


class CommandLineTest(unittest.TestCase):
    """Runs of the binary that end by themselves."""

    def setUp(self):
        self.directory = Path(tempfile.mkdtemp(prefix='wsrelayd-test-'))
        self.addCleanup(shutil.rmtree, self.directory)

    def write(self, content, name='wsrelayd.yaml'):
        return str(configuration.write(content, self.directory / name))

    def assert_prints(self, *arguments):
        """Exit status 0, nothing on standard error; returns standard output."""
        result = run_command(*arguments)
        self.assertEqual((result.returncode, result.stderr), (0, ''), arguments)
        return result.stdout


class UsageTest(CommandLineTest):
    """Mistakes: exit status 2, one line that says what is wrong, nothing else."""

    def test_mistakes(self):
        cases = [
            (['-x'], '"-x"'), (['--bogus'], '"--bogus"'), (['extra'], '"extra"'),
            (['-c'], '--config needs'), (['--config'], '--config needs'), (['-l'], '--log-level needs'),
            (['-l', 'loud'], '"loud"'), (['--log-level=LOUD'], '"LOUD"'), (['-l', ''], '""'),
            (['-t', '-T'], '-T'), (['-v', '-h'], '-h'), (['--version=3'], '--version'),
            (['-t', '--', '-T'], '"-T"'), (['-tx'], '"-x"'), (['-'], '"-"'),
        ]
        for arguments, word in cases:
            with self.subTest(arguments):
                result = run_command(*arguments)
                self.assertEqual(result.returncode, 2, result.stderr)
                self.assertEqual(result.stdout, '')
                self.assertRegex(result.stderr, r'\Awsrelayd: [^\n]+\n\Z')
                self.assertIn(word, result.stderr)

    def test_a_file_without_its_option_is_told_how_to_be_given(self):
        result = run_command('-t', 'my.yaml')
        self.assertEqual(result.returncode, 2)
        self.assertIn('-c my.yaml', result.stderr)

    def test_an_option_may_be_repeated_and_bundled(self):
        path = self.write(configuration.configuration())
        self.assert_prints('-tt', '-c', '/nonexistent', '-c', path)
        self.assert_prints('-tl', 'debug', f'-c{path}')


class InformationTest(CommandLineTest):
    """-h, -v, -V."""

    def test_output_that_is_lost_is_an_error(self):
        file = ('-c', str(SHIPPED_FILE))
        for arguments in (('-h',), ('-v',), ('-V',), (*file, '-t'), (*file, '-T')):
            with self.subTest(arguments), open('/dev/full', 'wb') as full:
                result = run_command(*arguments, stdout=full)
                self.assertEqual(result.returncode, 1)
                self.assertEqual(result.stderr, 'wsrelayd: cannot write to standard output: '
                                                'No space left on device\n')

    def assert_same(self, short):
        """The long form prints the same as the short one; returns it."""
        text = self.assert_prints(short)
        self.assertEqual(self.assert_prints(OPTIONS[short]), text)
        return text

    def test_help_names_every_option(self):
        text = self.assert_same('-h')
        self.assertTrue(text.startswith('usage: wsrelayd'), text)
        for short, long in OPTIONS.items():
            self.assertRegex(text, rf'(?m)^ +{short}, {long}\b', text)

    def test_version(self):
        self.assertRegex(self.assert_same('-v'), r'\Awsrelayd \d+\.\d+\.\d+\n\Z')

    def test_build_information(self):
        text = self.assert_same('-V')
        self.assertTrue(text.startswith(self.assert_prints('-v')), text)
        for library in ('libevent', 'OpenSSL', 'libyaml', 'jansson'):
            self.assertRegex(text, rf'(?m)^{library} \d+\.\d+')

    def test_information_needs_no_configuration(self):
        for option in ('-h', '-v', '-V'):
            self.assert_prints('-c', '/nonexistent', option)


class CheckTest(CommandLineTest):
    """-t."""

    def test_the_shipped_file_is_in_order(self):
        text = self.assert_prints('-t', '-c', str(SHIPPED_FILE))
        self.assertEqual(text.count('\n'), 1, text)

    def test_the_settings_that_it_has_switched_off_are_in_order_too(self):
        """Taking the `#` away switches them on. A `#` and a single blank begin prose."""
        lines = [line if re.match('# [^ ]', line) else re.sub(r'^( *)#', r'\1', line)
                 for line in SHIPPED_FILE.read_text(encoding='utf-8').splitlines()]
        chain, key = certificates.get('localhost')
        text = ('\n'.join(lines)
                .replace('/etc/wsrelayd/tls/fullchain.pem', str(chain))
                .replace('/etc/wsrelayd/tls/privkey.pem', str(key))
                .replace('/etc/wsrelayd/tls/clients.pem', str(certificates.directory() / 'ca.pem'))
                .replace('/etc/wsrelayd/admin.token', self.write_token())
                .replace('/run/wsrelayd/', f'{self.directory}/'))
        for name in ('wsrelayd', 'www-data'):
            text = re.sub(rf'\b(owner|group): {name}', r'\1: daemon', text)
        text = re.sub(r'\buser: wsrelayd', f'user: {pwd.getpwuid(os.geteuid()).pw_name}', text)
        path = self.write(text)
        self.assert_prints('-t', '-c', path)
        dump = self.assert_prints('-T', '-c', path)
        for key in ('user:', 'group:', 'pid_file:', 'client_ca:', 'owner:', 'host:', 'token_file:'):
            self.assertIn(key, dump)

    def write_token(self):
        path = self.directory / 'admin.token'
        path.touch(mode=0o600)
        path.write_text('0123456789abcdef', encoding='ascii')
        return str(path)

    def test_every_key_at_another_value_is_in_order(self):
        self.assert_prints('-T', '-c', self.write(every_key()))

    def test_files_that_could_not_be_written_are_found(self):
        path = self.write({**SHIPPED_BARE, 'pid_file': '/nonexistent/pid',
                           'log': {'target': '/nonexistent/log'}})
        result = run_command('-t', '-c', path)
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, r'error: pid_file: cannot write "/nonexistent/pid"')
        self.assertRegex(result.stderr, r'error: log.target: cannot write "/nonexistent/log"')
        self.assertEqual(result.stderr.count('\n'), 2, result.stderr)

    def test_a_route_that_can_never_match_is_warned_about(self):
        path = self.write(configuration.configuration(routes=[
            {'path': '/a/{any}', 'handler': 'echo'}, {'path': '/a/b', 'handler': 'echo'}]))
        result = run_command('-t', '-c', path)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertRegex(result.stderr, r'\A[^\n]+:\d+(:\d+)?: warning: routes\[1\][^\n]*\n\Z')


class DumpTest(CommandLineTest):
    """-T."""

    def dump(self, content, name='wsrelayd.yaml'):
        return self.assert_prints('-T', '-c', self.write(content, name))

    def test_feeding_it_back_gives_the_same(self):
        for label, content in (('every key', every_key()), ('few keys', SHIPPED_BARE),
                               ('shipped', SHIPPED_FILE.read_text(encoding='utf-8'))):
            with self.subTest(label):
                once = self.dump(content)
                self.assertEqual(self.dump(once, 'dumped.yaml'), once)

    def test_every_value_that_was_set_is_in_it(self):
        text = self.dump(every_key())
        for value in ('workers: 3', '1537B', '1001ms', '61s', '25h', '0600', 'include_sender: true',
                      '*.example.org', '*.example.net', '256MiB', 'min_version: 1.3', '24h', '59m'):
            self.assertIn(value, text)

    def test_the_shipped_file_shows_the_defaults(self):
        """What it says of its keys is what holds without it."""
        self.assertEqual(self.dump(SHIPPED_FILE.read_text(encoding='utf-8')),
                         self.dump(SHIPPED_BARE, 'bare.yaml'))

    def test_routes_inherit_in_it_what_they_do_not_set(self):
        text = self.dump({**SHIPPED_BARE, 'defaults': {'max_message_size': '4321B'}})
        self.assertEqual(text.count('max_message_size: 4321B'), 3, text)

    def test_a_broken_file_is_not_dumped(self):
        result = run_command('-T', '-c', self.write({**SHIPPED_BARE, 'workers': -1}))
        self.assertEqual((result.returncode, result.stdout), (1, ''))
        self.assertIn('workers', result.stderr)

    def test_values_come_from_the_environment(self):
        content = json.dumps({**SHIPPED_BARE, 'pid_file': '${NO_SUCH_VARIABLE:-/run/a}$$b'})
        self.assertIn('/run/a$$b', self.dump(content))
        result = run_command('-T', '-c', self.write(content.replace(':-/run/a', '')))
        self.assertEqual(result.returncode, 1)
        self.assertIn('NO_SUCH_VARIABLE', result.stderr)
