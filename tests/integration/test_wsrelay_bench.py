"""wsrelay-bench against the daemon: what it measures, counts and reports."""

import contextlib
import os
import re
import subprocess
import unittest

from harness import certificates, configuration, load
from harness.case import SharedDaemonTest
from harness.tools import REPOSITORY

ROUTES = [
    configuration.ECHO_ROUTE,
    configuration.ROOM_ROUTE,
    {'path': '/large', 'handler': 'echo', 'max_message_size': '64MiB'},
    {'path': '/small', 'handler': 'echo', 'max_message_size': '100B'},
    {'path': '/subprotocols', 'handler': 'echo', 'subprotocols': ['alpha', 'beta']},
    {'path': '/origins', 'handler': 'echo', 'origins': ['https://example.org']},
]
PAGE = REPOSITORY / 'man' / 'wsrelay-bench.1'

# Echo routes of tests that look for their connections in the log.
WATCHED = ('interrupted', 'visited-plain', 'visited-unix', 'visited-secure', 'visited-insecure',
           'silent', 'idle', 'held', 'sources')
NO_FAULTS = dict.fromkeys(load.FAULTS, 0)


class BenchTest(SharedDaemonTest):
    """A daemon on TCP, with TLS and on a unix socket."""

    @classmethod
    def configuration(cls):
        cls.path = certificates.directory() / 'bench.sock'
        listeners = [*cls.plain_and_secure(), configuration.unix_listener(cls.path)]
        watched = [{'path': f'/{name}', 'handler': 'echo'} for name in WATCHED]
        return configuration.configuration([*ROUTES, *watched], listeners)

    def url(self, path='/'):
        host, port = self.daemon.address('plain')
        return f'ws://{host}:{port}{path}'

    def secure_url(self, host='localhost', path='/'):
        return f'wss://{host}:{self.daemon.address("secure")[1]}{path}'

    def transports(self, path='/'):
        """URLs with the options that they need; `path` may name the transport."""
        authority = certificates.directory() / 'ca.pem'
        words = {'plain': [self.url(path)], 'unix': [f'ws+unix:{self.path}:{path}'],
                 'secure': ['--ca', authority, self.secure_url(path=path)],
                 'insecure': ['--insecure', self.secure_url('127.0.0.1', path)]}
        return {name: [str(word).replace('TRANSPORT', name) for word in words[name]]
                for name in words}

    def lines(self, message, count, route):
        """The log's lines of a watched route, once there are so many."""
        return self.daemon.log.wait_for_count(message, count, route=route)

    def measure_faultless(self, *arguments):
        result = load.measure(*arguments)
        self.assertEqual(result['errors'], NO_FAULTS, result['first_error'])
        return result

    def assert_fault(self, fault, sentence, *arguments):
        """That fault is counted, and the first error is this."""
        result = load.measure(*arguments)
        self.assertGreater(result['errors'][fault], 0, result['first_error'])
        self.assertRegex(result['first_error'], sentence)
        return result


class EchoTest(BenchTest):
    """Mode echo."""

    def test_every_message_of_a_count_comes_back_over_every_transport(self):
        for name, words in self.transports().items():
            with self.subTest(transport=name):
                result = self.measure_faultless('echo', '-n', 1003, '-c', 7, '-f', 4, *words)
                self.assertEqual(result['operations'], 1003)
                self.assertEqual((result['connections'], result['payload_bytes']), (7, 20))
                latency = [result['latency_us'][each] for each in ('min', 'p50', 'p90', 'p99',
                                                                   'p99_9', 'max')]
                self.assertEqual(latency, sorted(latency))
                self.assertGreater(latency[0], 0)

    def test_payloads_have_the_sizes_that_were_asked_for(self):
        for size, mean in (('0-0', 0), ('125', 125), ('126', 126), ('70000', 70000),
                           ('3MiB', 3 << 20), ('1KiB:3,5KiB:1', 2048)):
            with self.subTest(size=size):
                result = self.measure_faultless('echo', '-n', 64, '-c', 4, '-s', size, '--text',
                                                self.url('/large'))
                self.assertEqual(result['payload_bytes'], mean)

    def test_a_duration_is_kept(self):
        result = self.measure_faultless('echo', '-d', 0.5, '-c', 3, self.url())
        self.assertGreaterEqual(result['duration_s'], 0.5)
        self.assertGreater(result['operations'], 0)
        self.assertAlmostEqual(result['operations_per_second'] * result['duration_s'],
                               result['operations'], delta=result['operations'] / 100)

    def test_threads_share_the_connections(self):
        result = self.measure_faultless('echo', '-n', 100, '-c', 5, '-t', 3, self.url())
        self.assertEqual((result['operations'], result['threads']), (100, 3))

    def test_unverified_payloads_are_still_counted(self):
        for size in ('20', '1-70000'):
            result = self.measure_faultless('echo', '-n', 200, '-s', size, '--no-verify',
                                            self.url())
            self.assertEqual(result['operations'], 200)

    def test_it_tells_what_the_server_has_used(self):
        result = self.measure_faultless('echo', '-d', 0.5, '-p', self.daemon.pid, self.url())
        server = result['server']
        self.assertEqual(server['pid'], self.daemon.pid)
        self.assertGreater(server['cpu_us_per_operation'], 0)
        self.assertGreater(server['busy_percent'], 0)
        self.assertGreaterEqual(server['peak_growth_bytes'], 0)
        self.assertIsNone(server['bytes_per_connection'])

    def test_a_close_by_the_server_is_reported(self):
        result = self.assert_fault('closed', 'closed a connection: 1009 ', 'echo', '-n', 2, '-c', 2,
                                   '-s', 101, self.url('/small'))
        self.assertEqual((result['errors']['closed'], result['errors']['lost']), (2, 2))

    def test_an_interrupt_ends_it_with_what_was_measured(self):
        running = load.Running('echo', '-d', 600, '-c', 2, '--json', self.url('/interrupted'))
        self.addCleanup(running.end)
        self.lines('opened', 2, '/interrupted')
        status, output, errors = running.interrupt()
        self.assertEqual((status, errors), (0, ''))
        self.assertIn('"mode": "echo"', output)


class RateTest(BenchTest):
    """--rate: operations are due at fixed moments."""

    def test_operations_take_as_long_as_the_rate_says(self):
        for words in (['echo', '-c', 3, self.url()], ['echo', '-c', 3, '-t', 2, self.url()],
                      ['fanout', '-c', 2, self.url('/room/rate')],
                      ['fanout', '-c', 4, '-t', 2, '--publishers', 2, self.url('/room/rates')],
                      ['connect', '-c', 2, self.url()]):
            with self.subTest(words):
                result = self.measure_faultless(*words[:1], '-n', 100, '-r', 400, *words[1:])
                self.assertEqual(result['operations'], 100)
                self.assertGreater(result['duration_s'], 0.23)

    def test_idle_connections_come_at_that_rate(self):
        result = self.measure_faultless('idle', '-c', 50, '-d', 0.1, '-r', 200, self.url())
        self.assertGreater(result['duration_s'], 0.24)

    def test_a_rate_that_is_kept_is_the_limit(self):
        self.assertEqual(self.measure_faultless('echo', '-d', 1, '-r', 50, self.url())['limit'],
                         'rate')
        result = self.assert_fault('lost', 'still under way', 'echo', '-d', 0.2, '-r', 10**8,
                                   '-c', 2, '--timeout', 0.5, self.url())
        self.assertNotEqual(result['limit'], 'rate')

    def test_a_rate_needs_connections(self):
        self.assert_fault('refused', '404', 'echo', '-d', 0.5, '-r', 100, self.url('/nowhere'))


class HandshakeTest(BenchTest):
    """What the server is asked for, and refusals."""

    def test_a_refusal_is_reported_with_its_status(self):
        for mode in ('echo', 'connect', 'idle'):
            count = [] if mode == 'idle' else ['-n', 3]
            result = self.assert_fault('refused', '404 ', mode, '-c', 3, *count,
                                       self.url('/nowhere'))
            self.assertEqual((result['operations'], result['errors']['refused']), (0, 3))

    def test_headers_and_subprotocols_are_sent(self):
        self.measure_faultless('echo', '-n', 1, '-c', 1, '--header', 'Origin: https://example.org',
                               self.url('/origins'))
        self.assert_fault('refused', '403 ', 'echo', '-n', 1, '-c', 1, '--header',
                          'Origin: https://example.com', self.url('/origins'))
        self.measure_faultless('echo', '-n', 1, '-c', 1, '--subprotocol', 'gamma', '--subprotocol',
                               'beta', self.url('/subprotocols'))

    def test_an_untrusted_certificate_is_refused(self):
        self.assert_fault('refused', 'certificate is not trusted', 'echo', '-n', 1, '-c', 1,
                          self.secure_url())

    def test_authorities_that_cannot_be_read_are_told_with_the_reason(self):
        process = load.run('echo', '--ca', '/nowhere/ca.pem', self.secure_url())
        self.assertEqual((process.returncode, process.stderr),
                         (1, 'wsrelay-bench: cannot read the authorities in /nowhere/ca.pem: '
                             'No such file or directory\n'))

    def test_a_certificate_has_to_be_of_the_server(self):
        authority = ['--ca', certificates.directory() / 'ca.pem']
        self.assert_fault('refused', 'certificate is not trusted', 'echo', '-n', 1, '-c', 1,
                          *authority, '--server-name', 'other.example', self.secure_url())
        self.measure_faultless('echo', '-n', 1, '-c', 1, *authority, self.secure_url('127.0.0.1'))

    def test_addresses_to_connect_from_take_turns(self):
        self.measure_faultless('idle', '-c', 4, '-d', 0.1, '--source', '127.0.0.2,127.0.0.3',
                               self.url('/sources'))
        hosts = [line.get('remote').rpartition(':')[0]
                 for line in self.lines('opened', 4, '/sources')]
        self.assertEqual(sorted(hosts), ['127.0.0.2'] * 2 + ['127.0.0.3'] * 2)


class ConnectTest(BenchTest):
    """Modes connect and idle."""

    def test_each_connection_echoes_and_closes(self):
        for name, words in self.transports('/visited-TRANSPORT').items():
            with self.subTest(transport=name):
                result = self.measure_faultless('connect', '-n', 20, '-c', 3, *words)
                self.assertEqual(result['operations'], 20)
                lines = self.lines('closed', 20, f'/visited-{name}')
                self.assertEqual({(line.get('code'), line.get('messages_in')) for line in lines},
                                 {(1000, 1)})

    def test_without_an_echo_nothing_is_sent(self):
        self.measure_faultless('connect', '-n', 5, '-c', 1, '--no-echo', self.url('/silent'))
        lines = self.lines('closed', 5, '/silent')
        self.assertEqual({line.get('messages_in') for line in lines}, {0})

    def test_held_connections_stay_to_the_end(self):
        result = self.measure_faultless('connect', '-n', 30, '-c', 4, '--hold', '-p',
                                        self.daemon.pid, self.url())
        self.assertEqual(result['operations'], 30)
        self.assertIsInstance(result['server']['bytes_per_connection'], float)

    def test_no_connections_come_while_the_memory_of_those_held_is_read(self):
        result = self.measure_faultless('connect', '-d', 0.5, '-r', 200, '-c', 4, '--hold', '-p',
                                        self.daemon.pid, self.url('/held'))
        self.assertGreater(result['operations'], 0)
        opened = [line for line in self.daemon.log.with_message('opened')
                  if line.get('route') == '/held']
        self.assertLess(len(opened), 2 * result['operations'])

    def test_idle_connections_are_held_until_an_interrupt(self):
        running = load.Running('idle', '-c', 10, '-d', 600, '--json', self.url('/idle'))
        self.addCleanup(running.end)
        self.lines('opened', 10, '/idle')
        self.assertEqual([line for line in self.daemon.log.with_message('closed')
                          if line.get('route') == '/idle'], [])
        status, _, errors = running.interrupt()
        self.assertEqual((status, errors), (0, ''))
        self.lines('closed', 10, '/idle')

    def test_idle_tells_the_memory_of_a_connection(self):
        result = self.measure_faultless('idle', '-c', 50, '-d', 0.1, '-p', self.daemon.pid,
                                        self.url())
        self.assertEqual(result['operations'], 50)
        self.assertIsInstance(result['server']['bytes_per_connection'], float)


class FanoutTest(BenchTest):
    """Mode fanout."""

    def test_every_member_gets_every_publication_over_every_transport(self):
        for name, words in self.transports('/room/TRANSPORT').items():
            with self.subTest(transport=name):
                result = self.measure_faultless('fanout', '-n', 210, '-c', 7, *words)
                self.assertEqual((result['operations'], result['publications']), (210, 30))
                self.assertGreater(result['latency_us']['min'], 0)

    def test_a_count_that_is_no_multiple_of_the_members_is_rounded_up(self):
        result = self.measure_faultless('fanout', '-n', 11, '-c', 5, self.url('/room/up'))
        self.assertEqual((result['operations'], result['publications']), (15, 3))

    def test_publishers_and_members_on_several_threads(self):
        for in_flight in (1, 3):
            result = self.measure_faultless('fanout', '-n', 400, '-c', 10, '--publishers', 3, '-f',
                                            in_flight, '-t', 2, self.url('/room/threads'))
            self.assertEqual((result['operations'], result['publications']), (400, 40))

    def test_publications_have_the_sizes_that_were_asked_for(self):
        for size in ('16', '125-126', '16-70000', '1MiB'):
            with self.subTest(size=size):
                for text in ([], ['--text']):
                    self.measure_faultless('fanout', '-n', 40, '-c', 4, '-f', 3, '-s', size, *text,
                                           self.url('/room/sizes'))

    def test_publishers_can_connect_elsewhere(self):
        publish_url = self.secure_url('127.0.0.1', '/room/elsewhere')
        result = self.measure_faultless('fanout', '-n', 20, '-c', 2, '--insecure', '--publish-url',
                                        publish_url, self.url('/room/elsewhere'))
        self.assertEqual(result['operations'], 20)
        result = self.assert_fault('timeout', 'in vain for a message', 'fanout', '-n', 2, '-c', 2,
                                   '--timeout', 0.5, '--publish-url', self.url('/room/other'),
                                   self.url('/room/elsewhere'))
        self.assertEqual((result['errors']['lost'], result['operations']), (2, 0))

    def test_a_duration_is_kept_and_the_server_is_watched(self):
        result = self.measure_faultless('fanout', '-d', 0.5, '-c', 10, '-p', self.daemon.pid,
                                        self.url('/room/duration'))
        self.assertGreaterEqual(result['duration_s'], 0.5)
        self.assertGreater(result['operations'], result['publications'])
        self.assertGreater(result['server']['cpu_us_per_operation'], 0)

    def test_a_publisher_that_is_refused_is_not_waited_for(self):
        result = self.assert_fault('refused', '404', 'fanout', '-n', 20, '-c', 2, '--publish-url',
                                   self.url('/nowhere'), self.url('/room/refused'))
        self.assertEqual((result['errors']['refused'], result['operations']), (1, 0))


    def test_it_ends_when_descriptors_run_out(self):
        """Somewhere in this range there are some for a member, for all, and for the publisher."""
        refused = 0
        for descriptors in range(9, 14):
            with self.subTest(descriptors=descriptors):
                result = load.measure('fanout', '-n', 8, '-c', 4, self.url('/room/few'),
                                      descriptors=descriptors)
                refused += result['errors']['refused'] > 0
        self.assertGreaterEqual(refused, 2)


class TextTest(BenchTest):
    """The report for people."""

    def test_it_says_what_was_done_and_what_went_wrong(self):
        process = load.run('echo', '-n', 100, '-c', 2, '-p', self.daemon.pid, self.url())
        self.assertEqual((process.returncode, process.stderr), (0, ''))
        for line in (r'echo ws://\S+: 2 connections', r' +done +100 in \S+ s, \d+ a second',
                     r' +errors +none', r' +latency .*p99.9', r' +up to .* % +#', r' +generator', r' +server',
                     r' +limit +\w+'):
            self.assertRegex(process.stdout, f'(?m)^{line}')
        process = load.run('echo', '-n', 1, '-c', 1, self.url('/nowhere'))
        self.assertEqual(process.returncode, 1)
        self.assertRegex(process.stdout, r'(?m)^ +errors +1 refused$')
        self.assertRegex(process.stdout, r'the first: .*404')
        self.assertRegex(process.stdout, r': 1 connection, 1 thread,')
        self.assertNotIn('latency', process.stdout)

    def errors_on_a_terminal(self, *words):
        """What a run writes to a standard error that is a terminal."""
        terminal, end = os.openpty()
        with subprocess.Popen([load.generator(), *map(str, words), self.url()],
                              stdout=subprocess.DEVNULL, stderr=end) as process:
            os.close(end)
            text = b''
            with contextlib.suppress(OSError):  # EIO: the other end has closed
                while data := os.read(terminal, 4096):
                    text += data
        os.close(terminal)
        self.assertEqual(process.returncode, 0)
        return text.decode()

    def test_progress_is_for_terminals(self):
        text = self.errors_on_a_terminal('echo', '-d', 1.2)
        self.assertRegex(text, r'\r\x1b\[Kmeasuring: \d+, \d+ a second  p50 \S+ .?s  p99 .*errors 0')
        self.assertTrue(text.endswith('\r\x1b[K'), text)
        self.assertEqual(self.errors_on_a_terminal('echo', '-n', 10, '--quiet'), '')


class UsageTest(unittest.TestCase):
    """Mistakes: exit status 2, one line that says what is wrong, nothing else."""

    URL = 'ws://127.0.0.1:9/'

    def test_mistakes(self):
        cases = [
            ([], 'mode'), (['echo'], 'URL'), (['echo', self.URL, 'more'], 'nothing else'),
            (['eco', self.URL], '"eco"'), (['echo', 'http://a/'], 'http://a/'),
            (['echo', 'tcp://127.0.0.1'], 'port'), (['echo', '--bogus', self.URL], '--bogus'),
            (['echo', '-c', self.URL], '--connections'), (['echo', self.URL, '-c'], '--connections'),
            (['echo', '-c', '0', self.URL], '"0" is not a whole number, 1 or more'),
            (['echo', '-s', '3-2', self.URL], '"3-2" is not N, MIN-MAX or'),
            (['echo', '-d', '5s', self.URL], '"5s" is not a number from 0.000001'),
            (['echo', '-d', '-1', self.URL], '"-1"'), (['echo', '--json=1', self.URL], '--json'),
            (['echo', '--header', 'Host', self.URL], '"Host" is not \'NAME: VALUE\''),
            (['echo', '--header', 'Sec-WebSocket-Key: a', self.URL], 'Sec-WebSocket-Key'),
            (['echo', '--hold', self.URL], '--hold'), (['echo', '--ca', 'a', self.URL], '--ca'),
            (['echo', '--source', 'localhost', self.URL], '"localhost" is not an IP address'),
            (['echo', '--subprotocol', 'a b', self.URL], '"a b" is not a token'),
            (['fanout', '--publish-url', 'x', self.URL], '"x" is not a URL'),
            (['echo', 'ws://localhost:99999/'], 'not HOST[:PORT]'),
            (['echo', 'ws://a:b@localhost/'], 'a user and a password'),
            (['echo', '-t', '2', '-c', '1', self.URL], '--threads'),
            (['echo', '-p', '999999999', self.URL], '999999999'),
            (['echo', '-f', '1048577', self.URL], '--in-flight: at most 1048576'),
            (['fanout', '-f', '18446744073709551615', self.URL], '--in-flight: at most 1048576'),
            (['echo', '-c', '16777217', self.URL], '--connections: at most 16777216'),
            (['fanout', '--publishers', '65537', self.URL], '--publishers: at most 65536'),
            (['echo', '-t', '1025', '-c', '2000', self.URL], '--threads: at most 1024'),
            (['echo', '-n', '9007199254740993', self.URL], '--count: at most 9007199254740992'),
            (['echo', '-s', '1048577MiB', self.URL], '"1048577MiB"'),
            (['fanout', '-s', '15', self.URL], '--size'),
            (['fanout', '--publish-url', 'tcp://127.0.0.1:9', self.URL], '--publish-url'),
            (['echo', '--publishers', '2', self.URL], '--publishers'),
            (['echo', '--subprotocol', 'a', 'tcp://127.0.0.1:9'], 'tcp://'),
            (['echo', '--deflate', 'tcp://127.0.0.1:9'], 'tcp://'),
        ]
        for arguments, word in cases:
            with self.subTest(arguments):
                process = load.run(*arguments)
                self.assertEqual((process.returncode, process.stdout), (2, ''), process.stderr)
                self.assertRegex(process.stderr, r'\Awsrelay-bench: [^\n]+\n\Z')
                self.assertIn(word, process.stderr)

    @staticmethod
    def options_of_help():
        """(letter or '', name, whether it takes an argument) of each option."""
        rows = re.findall(r'(?m)^  (?:-(\w), |    )--([\w-]+)( (?:\S+|\'.*?\'))?  ',
                          load.run('--help').stdout)
        return [(letter, name, bool(argument)) for letter, name, argument in rows]

    @staticmethod
    def options_of_page():
        items = re.findall(r'(?m)^\.It (?:Fl (\w)(?: Ar \w+)? , )?Fl -([\w-]+)( Ar .*)?$',
                           PAGE.read_text(encoding='utf-8'))
        return [(letter, name, bool(argument)) for letter, name, argument in items]

    def test_the_manual_page_has_every_option_and_no_other(self):
        options = self.options_of_help()
        self.assertEqual(self.options_of_page(), options)
        self.assertEqual(len(options), load.run('--help').stdout.count('\n  '))

    def test_the_manual_page_names_what_the_result_has(self):
        page = PAGE.read_text(encoding='utf-8')
        for name in ('mode', 'url', 'operation', *load.NUMBERS, 'publications', 'errors',
                     'first_error', 'latency_us', *load.LATENCIES, *load.FAULTS, *load.LIMITS,
                     *load.SERVER):
            self.assertRegex(page, rf'(?m)^(\.It )?\.?(Cm )?(.* )?{name}( |,|$)', name)

    def test_output_that_nobody_gets_is_an_error(self):
        for words in (['--help'], ['--version'], ['echo', '-n', '1', '-c', '1', self.URL]):
            with self.subTest(words), open('/dev/full', 'w', encoding='utf-8') as full:
                process = subprocess.run([load.generator(), *words], stdout=full,
                                         stderr=subprocess.PIPE, text=True, check=False)
                self.assertEqual(process.returncode, 1)
                self.assertIn('standard output cannot be written to', process.stderr)

    def test_help_and_version(self):
        self.assertTrue(load.run('--help').stdout.startswith('usage: wsrelay-bench'))
        self.assertRegex(load.run('--version').stdout, r'\Awsrelay-bench \d+\.\d+\.\d+\n\Z')
