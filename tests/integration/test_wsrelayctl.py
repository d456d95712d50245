"""wsrelayctl against a listener that answers whatever the test wants."""

import itertools
import json
import os
import pty
import re
import socket
import subprocess
import unittest

from harness import fake_admin
from harness.control import DONE, FAILED, UNREACHABLE, USAGE, Control, control, environment, run
from harness.fake_admin import FakeAdmin, answer, error

STATUS = {
    'version': '0.1.0', 'pid': 4711, 'started_at': '2026-11-26T12:00:00Z', 'uptime_seconds': 7384.5,
    'state': 'serving', 'workers': [{'index': 0, 'connections': 5, 'turn_age_ms': 0},
                                    {'index': 1, 'connections': 7, 'turn_age_ms': 2500}],
    'connections': 12, 'pending': 3, 'rooms': 4, 'listeners': 2, 'messages_in': 1234567,
    'messages_out': 7654321, 'bytes_in': 1536, 'bytes_out': 3 << 30,
    'reloads': {'succeeded': 2, 'failed': 1,
                'last': {'at': '2026-11-26T13:00:00Z', 'result': 'failed',
                         'errors': ['a.yaml:1:2: error: one', 'a.yaml:3:4: error: two']}},
    'memory_resident_bytes': 12 << 20, 'open_files': 34, 'open_files_limit': 1024,
}
CONNECTION = {
    'id': '0-17', 'state': 'open', 'address': '2001:db8::1', 'port': 4711, 'listener': 'plain',
    'route': '/room/{name}', 'namespace': 'ours', 'room': 'lobby', 'subprotocol': None, 'tls': None,
    'opened_at': '2026-11-26T12:00:00Z', 'age_seconds': 3725.1, 'idle_seconds': 5.5,
    'queue_bytes': 2048, 'messages_in': 7, 'messages_out': 123456, 'bytes_in': 20,
    'bytes_out': 1 << 20, 'messages_in_per_second': 0.25, 'messages_out_per_second': 33.14,
    'bytes_in_per_second': 0.01, 'bytes_out_per_second': 4096.5,
}


class FakeTest(unittest.TestCase):
    """A fake listener on a unix socket, or on TCP."""

    def start(self, answers=None, tcp=False):
        self.fake = FakeAdmin(answers, tcp)
        self.addCleanup(self.fake.stop)
        self.control = Control('-s', self.fake.address)
        return self.control

    def request(self):
        """The only one that came."""
        self.assertEqual(len(self.fake.requests), 1)
        return self.fake.requests.pop()

    def assert_done(self, output, *arguments, **options):
        self.assertEqual(self.control.output(*arguments, **options), output)


class ShowTest(FakeTest):
    """Verbs that show one answer."""

    def test_status(self):
        control = self.start({'GET /v1/status': answer(STATUS)})
        self.assertEqual(control.output('status').splitlines(), [
            'state        serving',
            'version      0.1.0, process 4711',
            'started      2026-11-26T12:00:00Z, 2h03m ago',
            'connections  12, of which 3 are not open yet',
            'rooms        4',
            'listeners    2',
            'messages     1234567 in, 7654321 out',
            'payload      1.5KiB in, 3.0GiB out',
            'memory       12.0MiB',
            'open files   34 of at most 1024',
            'reloads      2 succeeded, 1 failed; the last one 2026-11-26T13:00:00Z: failed',
            '             a.yaml:1:2: error: one',
            '             a.yaml:3:4: error: two',
            '',
            'WORKER  CONNECTIONS  SILENT',
            '     0            5     0ms',
            '     1            7  2500ms',
        ])

    def test_status_of_a_daemon_that_has_not_reloaded_and_does_not_know_all(self):
        unknown = dict.fromkeys(('messages_in', 'messages_out', 'bytes_in', 'bytes_out'))
        control = self.start({'GET /v1/status': answer(
            {**STATUS, **unknown, 'reloads': {'succeeded': 0, 'failed': 0, 'last': None}})})
        output = control.output('status')
        self.assertIn('\nmessages     not known, as a worker does not answer\n', output)
        self.assertIn('\nreloads      0 succeeded, 0 failed\n', output)

    def test_status_of_a_daemon_whose_new_certificates_cannot_be_used(self):
        for names, lines in (
                ([], []), (['secure'], ['certificates new ones of listener secure cannot be used: '
                                        'it keeps those it had']),
                (['a\x1b', 'b'], ['certificates new ones of listener a\\x1b cannot be used: '
                                 'it keeps those it had', 'certificates new ones of listener b '
                                 'cannot be used: it keeps those it had'])):
            with self.subTest(names):
                control = self.start({'GET /v1/status': answer(
                    {**STATUS, 'unusable_certificates': names})})
                self.assertEqual([line for line in control.output('status').splitlines()
                                  if 'certificates' in line], lines)

    def test_config(self):
        control = self.start({'GET /v1/config': answer({'config': 'workers: 2\nlog:\n  a: "ü"\n'})})
        self.assertEqual(control.output('config'), 'workers: 2\nlog:\n  a: "ü"\n')

    def test_listeners(self):
        control = self.start({'GET /v1/listeners': answer({'listeners': [
            {'name': 'plain', 'address': '127.0.0.1:8080', 'tls': False, 'accepted': 3,
             'connections': 2},
            {'name': 'secure', 'address': '[::]:8443', 'tls': True, 'accepted': 1234567,
             'connections': 98700}]})})
        self.assertEqual(control.output('listeners').splitlines(), [
            'NAME    ADDRESS         TLS  ACCEPTED  CONNECTIONS',
            'plain   127.0.0.1:8080  no          3            2',
            'secure  [::]:8443       yes      1.2M        98700'])

    def test_metrics(self):
        text = '# TYPE a counter\na_total{b="\\n"} 1\n'
        control = self.start({'GET /metrics': answer(text)})
        self.assertEqual(control.output('metrics'), text)

    def test_health_and_readiness_are_exit_statuses(self):
        for verb, path in (('health', '/healthz'), ('ready', '/readyz')):
            for status, text, expected in ((200, 'ok\n', DONE), (503, 'draining\n', FAILED),
                                           (503, 'worker 1\x1b[m\nmore\n', FAILED)):
                with self.subTest(verb=verb, text=text):
                    process = self.start({f'GET {path}': answer(text, status)}).run(verb)
                    shown = text.split('\n', 1)[0].replace('\x1b', '\\x1b')
                    self.assertEqual((process.returncode, process.stdout, process.stderr),
                                     (expected, f'{shown}\n', ''))

    def test_a_health_check_that_is_refused_says_why(self):
        control = self.start({'GET /healthz': error(503, 'Too many ask.')})
        self.assertEqual(control.refusal(FAILED, 'health'), 'health: Too many ask.')
        self.assertEqual(control.refusal(FAILED, 'ready'), 'ready: There is no such thing.')

    def test_json_is_what_was_answered(self):
        text = '{"b":1.50,\n "a": {"\\u00fc":[1,2]}}'
        paths = {'status': 'GET /v1/status', 'config': 'GET /v1/config',
                 'listeners': 'GET /v1/listeners', 'reload': 'POST /v1/reload',
                 'drain': 'POST /v1/drain', 'log-level': 'GET /v1/log-level'}
        for verb, path in paths.items():
            with self.subTest(verb):
                control = self.start({path: answer(text)})
                self.assertEqual(control.output(verb, '--json'), f'{text}\n')

    def test_names_cannot_play_with_the_terminal(self):
        control = self.start({'GET /v1/listeners': answer({'listeners': [
            {'name': '\x1b]0;title\x07部屋\u202e', 'address': 'a\nb', 'tls': False,
             'accepted': 1, 'connections': 0}]})})
        self.assertEqual(control.output('listeners').splitlines()[1],
                         '\\x1b]0;title\\x07部屋\\u{202e}  a\\x0ab   no          1            0')


class BrowseTest(FakeTest):
    """Lists and their pages."""

    def pages(self, rows, member='connections'):
        """Answers pages of `rows`; the place behind a page is its `next`."""
        def page(request):
            start = int(request.query.get('after', 0))
            end = start + int(request.query['limit'])
            return answer({member: rows[start:end], 'next': str(end) if end < len(rows) else None})
        return page

    def test_connections(self):
        other = {**CONNECTION, 'id': '1-2', 'address': 'unix', 'port': None, 'route': None,
                 'namespace': None, 'room': None, 'tls': 'TLSv1.3', 'state': 'upgrade', 'queue_bytes': 0}
        control = self.start({'GET /v1/connections': self.pages([CONNECTION, other])})
        first, second = control.rows('connections')
        self.assertEqual(first, {
            'ID': '0-17', 'STATE': 'open', 'ADDRESS': '[2001:db8::1]:4711', 'LISTENER': 'plain',
            'TLS': '-', 'ROUTE': '/room/{name}', 'NAMESPACE': 'ours', 'ROOM': 'lobby', 'AGE': '1h02m', 'IDLE': '5s',
            'QUEUE': '2.0KiB', 'IN': '7', 'OUT': '123k', 'IN-SIZE': '20B', 'OUT-SIZE': '1.0MiB',
            'IN/S': '0.2', 'OUT/S': '33', 'IN-SIZE/S': '0B', 'OUT-SIZE/S': '4.0KiB'})
        self.assertEqual([second[title] for title in ('ID', 'STATE', 'ADDRESS', 'TLS', 'ROUTE',
                                                      'ROOM', 'QUEUE')],
                         ['1-2', 'upgrade', 'unix', 'TLSv1.3', '-', '-', '0B'])

    def test_filters_are_passed_on(self):
        control = self.start({'GET /v1/connections': self.pages([]), 'GET /v1/rooms':
                              self.pages([], 'rooms')})
        control.output('connections', '--route', '/room/{n}', '--namespace', 'a*/r',
                       '--room', 'a&b=c ü', '--address', '::1', '--state', 'open')
        self.assertEqual(self.request().query, {'route': '/room/{n}', 'namespace': 'a*/r',
                                                'room': 'a&b=c ü', 'address': '::1', 'state': 'open', 'limit': '1000'})
        control.output('rooms', '--prefix', '')
        self.assertEqual(self.request().query, {'prefix': '', 'limit': '1000'})

    def test_rooms(self):
        rooms = [{'namespace': '*/room/{name}', 'name': 'lobby', 'members': 12},
                 {'namespace': 'n', 'name': '', 'members': 1}]
        control = self.start({'GET /v1/rooms': self.pages(rooms, 'rooms')})
        self.assertEqual(control.output('rooms').splitlines(), [
            'MEMBERS  NAMESPACE      NAME', '     12  */room/{name}  lobby', '      1  n              -'])

    def numbered(self, count):
        return [{**CONNECTION, 'id': f'0-{number}'} for number in range(count)]

    def test_pages_are_joined(self):
        rows = self.numbered(2503)
        control = self.start({'GET /v1/connections': self.pages(rows)})
        output = control.output('connections', '--all')
        lines = output.splitlines()
        self.assertEqual(output.count('STATE'), 1)
        self.assertEqual([line.split()[0] for line in lines[1:]], [row['id'] for row in rows])
        self.assertEqual([request.query.get('after') for request in self.fake.requests],
                         [None, '1000', '2000'])
        self.assertEqual(control.json('connections', '--all'), {'connections': rows, 'next': None})

    def test_a_limit_is_kept_and_what_is_left_out_is_said(self):
        control = self.start({'GET /v1/connections': self.pages(self.numbered(2503))})
        for arguments, count, limits in (((), 1000, ['1000']), (('--limit', 3), 3, ['3']),
                                         (('--limit', 1500), 1500, ['1000', '500'])):
            with self.subTest(arguments):
                process = control.run('connections', *arguments)
                self.assertEqual((process.returncode, process.stdout.count('\n')), (0, count + 1))
                self.assertEqual(process.stderr, 'wsrelayctl: note: there are more connections; '
                                                 '--limit N or --all shows them\n')
                self.assertEqual([request.query['limit'] for request in self.fake.requests], limits)
                self.fake.requests.clear()
                result = control.json('connections', *arguments)
                self.assertEqual((len(result['connections']), result['next']), (count, str(count)))
                self.fake.requests.clear()

    def test_an_empty_list_has_its_titles(self):
        control = self.start({'GET /v1/rooms': self.pages([], 'rooms')})
        self.assertEqual(control.output('rooms'), 'MEMBERS  NAMESPACE  NAME\n')
        self.assertEqual(control.output('rooms', '--json'), '{"rooms": [], "next": null}\n')

    def test_a_list_that_is_cut_is_a_failure(self):
        pages = self.pages(self.numbered(1500))
        control = self.start({'GET /v1/connections': lambda request: pages(request)
                              if 'after' not in request.query else error(503, 'Worker 1 sleeps.')})
        for arguments in ((), ('--json',)):
            process = control.run('connections', '--all', *arguments)
            self.assertEqual(process.returncode, FAILED)
            self.assertEqual(process.stdout.count('0-'), 1000)
            self.assertNotIn('sleeps', process.stdout)
            self.assertEqual(process.stderr, 'wsrelayctl: connections: Worker 1 sleeps.\n')

    def test_empty_pages_without_end_end(self):
        turns = itertools.cycle('ab')
        control = self.start({'GET /v1/rooms': lambda request: answer(
            {'rooms': [], 'next': next(turns)})})
        self.assertIn('have no end', control.refusal(UNREACHABLE, 'rooms', '--all'))

    def test_a_terminal_does_not_obey_what_is_printed(self):
        hostile = '\x1b]0;gone\x07'
        self.start({'GET /v1/config': answer({'config': f'a: {hostile}\nb: 1\n'}),
                    'GET /metrics': answer(f'a{{b="{hostile}"}} 1\n')})
        for verb in ('config', 'metrics'):
            self.assertIn(hostile, self.control.output(verb))
            shown = self.on_a_terminal(verb)
            self.assertIn('\\x1b]0;gone\\x07', shown)
            self.assertNotIn('\x1b', shown)

    def on_a_terminal(self, verb):
        """What a terminal is told to show."""
        master, slave = pty.openpty()
        with open(master, 'rb', buffering=0) as screen:
            with open(slave, 'wb', buffering=0) as output:
                subprocess.run([control(), '-s', self.fake.address, verb], stdout=output,
                               env=environment(), timeout=30, check=True)
            return screen.read(4096).decode()

    def test_pages_without_end_end(self):
        control = self.start({'GET /v1/connections': answer(
            {'connections': [CONNECTION], 'next': 'x'})})
        self.assertIn('no end', control.refusal(UNREACHABLE, 'connections', '--all'))


class ActTest(FakeTest):
    """Verbs that change something."""

    def test_close(self):
        control = self.start({'POST /v1/connections/0-17/close': answer({'closed': 1})})
        self.assert_done('closed 1 connection\n', 'close', '0-17')
        self.assertEqual(self.request().json, {})
        self.assert_done('closed 1 connection\n', 'close', '0-17', '--code', 4000, '--reason', 'bü')
        self.assertEqual(self.request().json, {'code': 4000, 'reason': 'bü'})
        self.assertEqual(control.refusal(FAILED, 'close', '0-17/x'),
                         'close: There is no connection "0-17/x"; wsrelayctl connections shows '
                         'those that are there.')
        self.assertEqual(self.request().path, '/v1/connections/0-17%2Fx/close')

    def test_close_room(self):
        self.start({'POST /v1/rooms/close': answer({'closed': 3})})
        self.assert_done('closed 3 connections\n', 'close-room', 'ours', 'lob by', '--reason', 'x')
        request = self.request()
        self.assertEqual(request.json, {'namespace': 'ours', 'name': 'lob by', 'reason': 'x'})
        self.assertEqual(request.headers['Content-Type'], 'application/json')

    def test_a_room_that_is_not_there_is_named(self):
        control = self.start()
        for words in (('close-room', 'ours', 'lob\x1bby'), ('publish', 'ours', 'lob\x1bby', 'x')):
            self.assertEqual(control.refusal(FAILED, *words),
                             f'{words[0]}: There is no room "lob\\x1bby" in the namespace "ours"; '
                             'wsrelayctl rooms shows those that are there.')

    def test_a_terminal_is_told_that_it_is_read(self):
        self.start({'POST /v1/rooms/publish': answer({'published': True, 'members': 1})})
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        os.write(master, b'hello\n\x04')
        with open(slave, 'rb') as terminal:
            process = subprocess.run([control(), '-s', self.fake.address, 'publish', 'ours', 'lobby'],
                                     stdin=terminal, capture_output=True, text=True, timeout=30,
                                     check=True, env=environment())
        self.assertEqual(process.stdout, 'published to 1 member\n')
        self.assertRegex(process.stderr, r'\Awsrelayctl: note: .*standard input.*Ctrl-D.*\n\Z')
        self.assertEqual(self.request().json['data'], 'hello\n')

    def test_publish(self):
        self.start({'POST /v1/rooms/publish': answer({'published': True, 'members': 1})})
        cases = [(('hello ü',), b'', 'text', 'hello ü'), ((), b'from input\n', 'text', 'from input\n'),
                 ((), b'', 'text', ''), (('',), b'not read', 'text', ''), ((), b'a\0b', 'text', 'a\0b'),
                 (('--binary',), b'\xff\x00\x01', 'binary', '/wAB'),
                 (('--binary', 'ab'), b'', 'binary', 'YWI='), (('--', '-x'), b'', 'text', '-x')]
        for arguments, data, kind, sent in cases:
            with self.subTest(arguments=arguments, data=data):
                self.assert_done('published to 1 member\n', 'publish', 'ours', 'lobby', *arguments,
                                 data=data)
                self.assertEqual(self.request().json, {'namespace': 'ours', 'name': 'lobby',
                                                       'type': kind, 'data': sent})

    def test_what_cannot_be_published_is_not_sent(self):
        control = self.start()
        words = ('publish', 'ours', 'lobby')
        self.assertIn('--binary', control.refusal(USAGE, *words, data=b'\xff'))
        self.assertIn('1 MiB', control.refusal(USAGE, *words, data=b'x' * ((1 << 20) + 1)))
        self.assertIn('NAME is no UTF-8', control.refusal(USAGE, 'publish', 'ours', b'\xff'.decode(
            'utf-8', 'surrogateescape'), 'x'))
        self.assertEqual(self.fake.requests, [])

    def test_as_much_as_goes_is_sent(self):
        self.start({'POST /v1/rooms/publish': answer({'published': True, 'members': 2})})
        self.assert_done('published to 2 members\n', 'publish', 'ours', 'lobby', data=b'x' * (1 << 20))
        self.assertEqual(len(self.request().json['data']), 1 << 20)

    def test_a_reload_that_succeeds(self):
        self.start({'POST /v1/reload': answer({'result': 'reloaded'})})
        for arguments in ((), ('--wait',)):
            self.assert_done('reloaded\n', 'reload', *arguments)
            self.assertEqual(self.request().headers['Content-Length'], '0')

    def test_a_reload_that_fails_tells_every_error(self):
        refusal = error(409, 'The configuration is wrong; the old one is kept.',
                        errors=['a.yaml:1:2: error: one', 'a.yaml:3:4: error: \x1b[m'])
        control = self.start({'POST /v1/reload': refusal})
        for arguments in ((), ('--wait',)):
            process = control.run('reload', *arguments)
            self.assertEqual((process.returncode, process.stdout), (FAILED, ''))
            self.assertEqual(process.stderr,
                             'a.yaml:1:2: error: one\na.yaml:3:4: error: \\x1b[m\n'
                             'wsrelayctl: reload: The configuration is wrong; the old one is kept.\n')
        process = control.run('reload', '--json')
        self.assertEqual(json.loads(process.stdout), json.loads(refusal.partition(b'\r\n\r\n')[2]))
        self.assertEqual(process.returncode, FAILED)

    def test_a_reload_that_takes_long_is_said_to_go_on(self):
        control = self.start({'POST /v1/reload': lambda request: None})
        complaint = control.refusal(UNREACHABLE, 'reload', '--timeout', '0.2')
        self.assertIn('within 0.2 s: the reload was asked for and goes on', complaint)

    def test_a_reload_is_waited_for_whatever_the_timeout(self):
        self.start({'POST /v1/reload': lambda request: None})
        process = subprocess.Popen([control(), '-s', self.fake.address, 'reload', '--wait',
                                    '--timeout', '0.001'], stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        with self.assertRaises(subprocess.TimeoutExpired):
            process.communicate(timeout=0.3)
        self.fake.waiting.pop().sendall(answer({'result': 'reloaded'}))
        self.assertEqual((process.communicate(timeout=20)[0], process.returncode), ('reloaded\n', 0))

    def test_drain(self):
        self.start({'POST /v1/drain': answer({'state': 'draining'}, 202)})
        self.assert_done('draining\n', 'drain')

    def test_log_level(self):
        control = self.start({'GET /v1/log-level': answer({'level': 'notice'}),
                              'PUT /v1/log-level': lambda request: answer(request.json)})
        self.assert_done('notice\n', 'log-level')
        self.assert_done('debug\n', 'log-level', 'debug')
        self.assertEqual(self.fake.requests[-1].json, {'level': 'debug'})

    def test_what_the_daemon_would_refuse_anyway_is_not_sent(self):
        control = self.start()
        self.assertIn('one of error, warning', control.refusal(USAGE, 'log-level', 'loud'))
        self.assertIn('one of tls-handshake', control.refusal(USAGE, 'connections', '--state', 'x'))
        self.assertEqual(self.fake.requests, [])


class AddressTest(FakeTest):
    """Where it asks, and with which token."""

    def setUp(self):
        self.start({'GET /v1/log-level': answer({'level': 'info'})}, tcp=True)

    def test_the_environment_tells_the_address(self):
        process = run('log-level', WSRELAYCTL_ADDRESS=self.fake.address)
        self.assertEqual((process.returncode, process.stdout), (0, 'info\n'))

    def test_a_configuration_tells_address_and_token(self):
        token = self.fake.write('token', '  secret-of-16-bytes \nmore\n')
        file = self.fake.write('a.yaml', json.dumps({'admin': {'address': [self.fake.address],
                                                               'token_file': token}, 'bogus': 1}))
        self.assertEqual(Control('-c', file).output('log-level', WSRELAYCTL_ADDRESS='unix:/x'),
                         'info\n')
        self.assertEqual(self.request().headers['Authorization'], 'Bearer secret-of-16-bytes')

    def test_a_token_file_of_the_configuration_is_not_needed(self):
        file = self.fake.write('a.yaml', json.dumps({'admin': {'address': self.fake.address,
                                                               'token_file': '/nonexistent'}}))
        self.assertEqual(Control('-c', file).output('log-level'), 'info\n')
        self.assertNotIn('Authorization', self.request().headers)

    def test_the_token_is_sent_over_tcp_only(self):
        token = self.fake.write('token', 'secret-of-16-bytes')
        self.control.output('log-level', '-t', token)
        request = self.request()
        self.assertEqual(request.headers['Authorization'], 'Bearer secret-of-16-bytes')
        self.assertEqual(request.headers['Host'], self.fake.address)
        self.start({'GET /v1/log-level': answer({'level': 'info'})}).output('log-level', '-t', token)
        request = self.request()
        self.assertNotIn('Authorization', request.headers)
        self.assertEqual(request.headers['Host'], 'localhost')

    def test_no_address_is_this_machine(self):
        port = self.fake.address.rpartition(':')[2]
        self.assertEqual(Control('-s', f':{port}').output('log-level'), 'info\n')
        self.assertEqual(self.request().headers['Host'], f'localhost:{port}')

    def test_a_missing_token_is_asked_for(self):
        self.fake.answers['GET /v1/log-level'] = error(401, 'The token is missing.')
        self.assertEqual(self.control.refusal(FAILED, 'log-level'),
                         'log-level: The token is missing. --token-file FILE tells the token of a '
                         'TCP address.')

    def test_a_token_that_is_another_is_said_to_be_so(self):
        token = self.fake.write('token', 'secret-of-16-bytes')
        self.fake.answers['GET /v1/log-level'] = error(401, 'The token is needed.')
        self.assertEqual(self.control.refusal(FAILED, 'log-level', '-t', token),
                         'log-level: The token is needed. The token that was sent is another.')

    def test_no_token_is_asked_for_where_none_opens_anything(self):
        self.fake.answers['GET /v1/log-level'] = error(401, 'No token opens this.', configured=False)
        self.assertEqual(self.control.refusal(FAILED, 'log-level'), 'log-level: No token opens this.')

    def test_what_is_no_address_no_configuration_or_no_token_is_a_mistake(self):
        write = self.fake.write
        cases = [
            (('-s', 'localhost'), '--server: "localhost": not an address (host:port, [v6]:port, '
             ':port or unix:/path)'),
            (('-s', '8080'), '--server: "8080": a port stands behind a colon'),
            (('-s', '/x.sock'), '--server: "/x.sock": a unix socket has unix: in front of its path'),
            (('-s', 'unix:x'), '--server: "unix:x": the path of a unix socket must begin with /'),
            (('-s', 'systemd:x'), '--server: "systemd:x": a name of systemd'),
            (('-s', 'http://localhost:1'), '--server: "http://localhost:1": an address has no scheme'),
            (('-c', '/nonexistent'), '/nonexistent: error: cannot open'),
            (('-c', write('a', '[')), 'error: '),
            (('-c', write('b', 'workers: 1')), 'has no admin.address to connect to'),
            (('-s', ':1', '-t', '/nonexistent'), '/nonexistent: No such file or directory'),
            (('-s', ':1', '-t', write('c', '')), 'its first line is not a token'),
            (('-s', ':1', '-t', write('d', '\nx')), 'its first line is not a token'),
            (('-s', ':1', '-t', write('e', 'x' * 513)), 'its first line is not a token'),
            (('-s', ':1', '-t', write('f', 'a\tb')), 'its first line holds what no token does'),
            (('-s', ':1', '-t', write('g', 'ü')), 'its first line holds what no token does'),
            (('-s', ':1', '-t', '/'), '/: Is a directory'),
        ]
        for options, words in cases:
            with self.subTest(options):
                self.assertIn(words, Control(*options).refusal(USAGE, 'log-level'))
        self.assertIn('WSRELAYCTL_ADDRESS: "x"',
                      Control().refusal(USAGE, 'log-level', WSRELAYCTL_ADDRESS='x'))


class UnreachableTest(FakeTest):
    """Nobody there, or somebody else: exit status 3, and where and what to do."""

    def test_nobody_is_there(self):
        sock = socket.socket()
        self.addCleanup(sock.close)
        sock.bind(('127.0.0.1', 0))
        port = sock.getsockname()[1]
        for address, problem in ((f'127.0.0.1:{port}', 'Connection refused'),
                                 ('unix:/nonexistent/a', 'No such file or directory')):
            for verb in ('status', 'health', 'metrics', 'watch', 'connections'):
                with self.subTest(address=address, verb=verb):
                    self.assertRegex(Control('-s', address).refusal(UNREACHABLE, verb),
                                     rf'\Acannot reach {re.escape(address)} \(from --server\): '
                                     rf'{problem}: is wsrelayd running, .*\?\Z')

    def test_a_name_that_does_not_exist(self):
        self.assertRegex(Control('-s', 'nonexistent.invalid:1').refusal(UNREACHABLE, 'status'),
                         r'\Acannot reach nonexistent.invalid:1 ')

    def test_what_is_no_answer(self):
        cases = [
            (b'SSH-2.0-x\r\n\r\n', 'does not begin as one of HTTP/1.1 does'),
            (b'', 'ends before it is complete'),
            (answer('{}')[:-1], 'ends before it is complete'),
            (answer('{}', length=1), 'is longer than it says'),
            (answer('{}', length=1 << 40), 'is larger than 64 MiB'),
            (b'HTTP/1.1 200 OK\r\n\r\n{}', 'has no Content-Length'),
            (b'HTTP/1.1 200 OK\r\nX: ' + b'x' * 20000, 'has a head of more than 16 KiB'),
            (answer('nonsense'), 'is no JSON object'),
            (answer('[]'), 'is no JSON object'),
            (answer(b'{"a": "\xff"}'), 'is no JSON object'),
            (answer('[' * 100000), 'is no JSON object'),
        ]
        for data, problem in cases:
            with self.subTest(problem=problem, data=data[:60]):
                complaint = self.start({'GET /v1/status': data}).refusal(UNREACHABLE, 'status')
                self.assertEqual(complaint, f'{self.fake.address} (from --server): the answer '
                                            f'{problem}: is this the admin.address of wsrelayd?')

    def test_a_list_that_is_not_there(self):
        control = self.start({'GET /v1/rooms': answer({})})
        self.assertIn('has no list "rooms"', control.refusal(UNREACHABLE, 'rooms'))

    def test_an_answer_that_does_not_come_is_not_waited_for_for_ever(self):
        control = self.start({'GET /v1/status': lambda request: None})
        self.assertEqual(control.refusal(UNREACHABLE, 'status', '--timeout', '0.1'),
                         f'{self.fake.address} (from --server): no complete answer within 0.1 s: '
                         'it may be busy; --timeout gives it longer')

    def test_a_refusal_without_a_reason(self):
        for data in (answer('gone', 502), answer({'error': 'x'}, 500), answer('', 302)):
            complaint = self.start({'GET /v1/status': data}).refusal(UNREACHABLE, 'status')
            self.assertRegex(complaint, r'answered with HTTP status \d+ and no reason')

    def test_a_refusal_before_the_body_was_taken_is_told(self):
        """One that answers and closes while the request is still being sent."""
        control = self.start(tcp=True)
        real = fake_admin.read_request

        def read_head_only(sock):
            sock.recv(10)
            return fake_admin.Request('POST', '/v1/rooms/publish', {}, {}, b'')

        fake_admin.read_request = read_head_only
        self.addCleanup(setattr, fake_admin, 'read_request', real)
        process = control.run('publish', 'n', 'r', data=b'x' * (1 << 20))
        self.assertIn(process.returncode, (FAILED, UNREACHABLE), process.stderr)
        self.assertEqual(process.stderr.count('\n'), 1)

    def test_messages_cannot_play_with_the_terminal(self):
        control = self.start({'GET /v1/status': error(500, 'a\x1b[31m\nb')})
        self.assertEqual(control.refusal(FAILED, 'status'), 'status: a\\x1b[31m\\x0ab')


class OutputTest(FakeTest):
    """Standard output."""

    def test_output_that_nobody_gets_is_an_error(self):
        self.start({'GET /v1/status': answer(STATUS), 'GET /metrics': answer('x'),
                    'GET /v1/rooms': answer({'rooms': []}),
                    'GET /v1/connections': answer({'connections': []})})
        for words in (['status'], ['status', '--json'], ['metrics'], ['--help'], ['--version'],
                      ['watch', '--interval', '0.01', '--count', '1']):
            with self.subTest(words), open('/dev/full', 'wb') as full:
                process = subprocess.run([control(), '-s', self.fake.address, *words], stdout=full,
                                         stderr=subprocess.PIPE, text=True, check=False,
                                         env=environment())
                self.assertEqual(process.returncode, FAILED)
                self.assertEqual(process.stderr, 'wsrelayctl: cannot write to standard output: '
                                                 'No space left on device\n')

    def test_names_are_shown_whatever_the_locale(self):
        control = self.start({'GET /v1/rooms': answer(
            {'rooms': [{'namespace': 'n', 'name': 'ü部', 'members': 1}], 'next': None})})
        for locale in ('C', 'POSIX', 'nonexistent', ''):
            self.assertIn('ü部', control.output('rooms', LC_ALL=locale, LANG=locale))


if __name__ == '__main__':
    unittest.main()
