"""Metrics: right, of the right form, and never falling."""

import re
import ssl
import subprocess
import threading

from harness import certificates, configuration, frames
from harness.admin import Admin
from harness.case import DaemonTest
from harness.client import Client
from harness.connection import PLAIN_DRIPPED, SECURE, client_context, connect_socket
from harness.deadline import wait_until
from harness.frames import TEXT
from harness.handshake import Request
from harness.reloading import Reloading
from harness.tools import require

SAMPLE = re.compile(r'^([a-z_]+)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'([a-z]+)="((?:[^"\\]|\\.)*)"')
OPEN_METRICS = 'application/openmetrics-text; version=1.0.0'

# A worker is woken for the question, and at times once more when it has taken it already.
TURNS_OF_A_SCRAPE = 3


def parse(text):
    """{(name, (labels...)): value} of the samples."""
    samples = {}
    for line in text.splitlines():
        if not line.startswith('#'):
            name, labels, value = SAMPLE.match(line).groups()
            key = name, tuple(sorted(LABEL.findall(labels or '')))
            assert key not in samples, f'twice: {line}'
            samples[key] = float(value)
    return samples


class MetricsTest(DaemonTest):
    """A daemon with an admin listener."""

    def start_admin(self, **top):
        path = certificates.directory() / 'metrics.sock'
        self.start_with(admin={'address': f'unix:{path}'}, **top)
        self.daemon.log.wait_for_count('admin listening', 1)
        self.admin = Admin(str(path))

    def scrape(self):
        answer = self.admin.get('/metrics')
        self.assertEqual(answer.status, 200, answer.content)
        return parse(answer.text)

    def value(self, name, **labels):
        return self.scrape().get((name, tuple(sorted(labels.items()))))

    def assert_value(self, expected, name, **labels):
        wait_until(lambda: self.value(name, **labels) == expected, f'{name} to be {expected}')


class FormTest(MetricsTest):
    """The two text formats."""

    def assert_promtool_is_content(self):
        result = subprocess.run([require('promtool'), 'check', 'metrics'],
                                input=self.admin.get('/metrics').content, capture_output=True,
                                check=False)
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, b'', b''))

    def test_promtool_finds_nothing_to_complain_about(self):
        self.start_admin(workers=3, defaults={'ping_interval': '50ms'},
                         listeners=[configuration.PLAIN, configuration.tls_listener(
                             [certificates.get('localhost')])])
        self.assert_promtool_is_content()
        self.client(mode=SECURE).echo()
        members = [self.client('/room/a') for _ in range(2)]
        members[0].send(frames.frame(TEXT, b'x'))
        self.assertEqual(members[1].next_message().payload, b'x')
        self.client().close_orderly(4000)
        self.request('GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n')
        self.assert_promtool_is_content()

    def test_prometheus_text_is_the_form_of_those_who_ask_for_none(self):
        self.start_admin()
        answer = self.admin.get('/metrics')
        self.assertEqual(answer.headers['Content-Type'],
                         'text/plain; version=0.0.4; charset=utf-8')
        self.assertIn('# TYPE wsrelayd_pings_total counter\n', answer.text)

    def test_open_metrics_is_the_form_of_those_who_ask_for_it(self):
        self.start_admin()
        answer = self.admin.get('/metrics', headers={'Accept': f'text/plain, {OPEN_METRICS}'})
        self.assertIn('application/openmetrics-text', answer.headers['Content-Type'])
        self.assertIn('# TYPE wsrelayd_pings counter\n', answer.text)
        self.assertTrue(answer.text.endswith('\n# EOF\n'))
        self.assertEqual(answer.text.count('# EOF'), 1)
        parse(answer.text)

    def test_label_values_are_escaped(self):
        self.start_admin(routes=[configuration.ECHO_ROUTE],
                         listeners=[{'name': 'a"b\\c', 'address': '127.0.0.1:0'},
                                    configuration.PLAIN])
        self.assertIn('{listener="a\\"b\\\\c"} 0', self.admin.get('/metrics').text)


class ValuesTest(MetricsTest):
    """What is counted."""

    def test_messages_count_by_route_while_connections_live(self):
        self.start_admin()
        client = self.client()
        for _ in range(3):
            client.echo('12345')
        labels = {'route': '/', 'handler': 'echo'}
        self.assertEqual(self.value('wsrelayd_messages_received_total', **labels), 3)
        self.assertEqual(self.value('wsrelayd_message_bytes_sent_total', **labels), 15)
        self.assertEqual(self.value('wsrelayd_route_connections', **labels), 1)
        client.close_orderly()
        self.assert_value(0, 'wsrelayd_route_connections', **labels)
        self.assertEqual(self.value('wsrelayd_messages_received_total', **labels), 3)

    def test_a_route_that_nobody_has_used_counts_from_zero(self):
        self.start_admin()
        self.assertEqual(self.value('wsrelayd_messages_received_total', route='/room/{name}',
                                    handler='broadcast'), 0)

    def test_publications_and_rooms(self):
        self.start_admin()
        members = [self.client('/room/a') for _ in range(3)]
        members[0].send(frames.frame(TEXT, b'x'))
        members[1].expect(TEXT, b'x')
        members[2].expect(TEXT, b'x')
        samples = self.scrape()
        self.assertEqual(samples[('wsrelayd_publications_total', ())], 1)
        self.assertEqual(samples[('wsrelayd_deliveries_total', ())], 2)
        self.assertEqual(samples[('wsrelayd_rooms', ())], 1)
        self.assertEqual(samples[('wsrelayd_room_members', ())], 3)

    def test_closes_count_by_code_and_side(self):
        self.start_admin()
        self.client().close_orderly(4000)
        self.assert_value(1, 'wsrelayd_closes_total', code='4xxx', side='client')
        client = self.client()
        client.send(b'\xff\x80\x00\x00\x00\x00')
        client.expect_close(1002)
        client.expect_end()
        self.assert_value(1, 'wsrelayd_closes_total', code='1002', side='server')
        client = self.client()
        client.sock.close()
        self.assert_value(1, 'wsrelayd_closes_total', code='1006', side='client')

    def test_handshakes_count_by_result(self):
        self.start_admin()
        self.client().close_orderly()
        self.request('GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n')
        self.request(f'GET /{"x" * 5000} HTTP/1.1\r\n\r\n')
        self.assertEqual(self.value('wsrelayd_handshakes_total', result='accepted'), 1)
        self.assertEqual(self.value('wsrelayd_handshakes_total', result='refused'), 1)
        self.assertEqual(self.value('wsrelayd_handshakes_total', result='head_too_large'), 1)

    def test_pages_count(self):
        self.start_admin(defaults={'page': True})
        for path in ('', '.http', '.ws'):
            self.request(f'GET /{path} HTTP/1.1\r\nHost: x\r\n\r\n')
        self.assert_value(3, 'wsrelayd_pages_total')

    def test_pings_are_timed(self):
        self.start_admin(defaults={'ping_interval': '50ms', 'ping_timeout': '10s'})
        client = self.client()
        ping = client.next_frame('a Ping')
        client.send(frames.pong(ping.payload))
        wait_until(lambda: self.value('wsrelayd_ping_round_trip_seconds_count') >= 1,
                   'the round trip')
        self.assertGreaterEqual(self.value('wsrelayd_pings_total'), 1)

    def test_tls_handshakes_and_certificates(self):
        self.start_admin(listeners=[configuration.PLAIN, configuration.tls_listener(
            [certificates.get('localhost')])])
        self.client(mode=SECURE).echo()
        self.assertEqual(self.value('wsrelayd_tls_handshakes_total', version='1.3',
                                    resumed='false'), 1)
        ends = [value for (name, labels), value in self.scrape().items()
                if name == 'wsrelayd_certificate_not_after_seconds']
        self.assertEqual(len(ends), 1)
        self.assertGreater(ends[0], 1.7e9)

    def test_tls_handshakes_count_by_version_and_resumption(self):
        self.start_admin(listeners=[configuration.PLAIN, configuration.tls_listener(
            [certificates.get('localhost')])])
        for version, name in ((ssl.TLSVersion.TLSv1_2, '1.2'), (ssl.TLSVersion.TLSv1_3, '1.3')):
            context = client_context()
            context.maximum_version = version
            session = None
            for resumed in ('false', 'true'):
                sock = context.wrap_socket(connect_socket(self.daemon.address('secure')),
                                           server_hostname='localhost', session=session)
                with Client(sock).open(Request()) as client:
                    client.echo('the ticket comes before this')
                    session = sock.session
                    client.close_orderly()
                self.assert_value(1, 'wsrelayd_tls_handshakes_total', version=name,
                                  resumed=resumed)
        with connect_socket(self.daemon.address('secure')) as sock:
            sock.sendall(b'this is no TLS at all')
            self.assert_value(1, 'wsrelayd_tls_handshake_failures_total')

    def test_turns_are_timed(self):
        self.start_admin()
        self.client().echo()
        self.assertGreater(self.turns(), 0)


    def test_workers_turn_only_when_there_is_something_to_do(self):
        self.start_admin()
        before, after = self.turns(), 0
        for _ in range(100):
            after = self.turns()
        self.assertLessEqual(after - before, 100 * 2 * TURNS_OF_A_SCRAPE)

    def turns(self):
        """Of both workers."""
        return sum(value for (name, _), value in self.scrape().items()
                   if name == 'wsrelayd_turn_seconds_count')


class ListenersTest(MetricsTest, Reloading):
    """Connections of each listener, in the metrics and in the list of listeners."""

    NAME = 'wsrelayd_listener_connections'

    def start_two(self, **top):
        self.start_admin(listeners=[configuration.PLAIN, configuration.tls_listener(
            [certificates.get('localhost')])], **top)

    def assert_connections(self, **expected):
        for listener, count in expected.items():
            self.assert_value(count, self.NAME, listener=listener)
        listed = self.admin.get('/v1/listeners').json['listeners']
        self.assertEqual({row['name']: row['connections'] for row in listed},
                         {name: count for name, count in expected.items() if count is not None})

    def test_they_come_and_go(self):
        for workers in (2, 1):
            with self.subTest(workers=workers):
                self.start_two(workers=workers)
                self.assert_connections(plain=0, secure=0)
                clients = [self.client() for _ in range(3)]
                self.client(mode=SECURE).echo()
                waiting = self.connect()
                self.assert_connections(plain=4, secure=1)
                clients[0].close_orderly()
                clients[1].sock.close()
                waiting.close()
                self.assert_connections(plain=1, secure=1)
                self.assertEqual(self.value('wsrelayd_connections_accepted_total',
                                            listener='plain'), 4)
                self.check_stop()

    def test_those_who_are_refused(self):
        self.start_two(workers=1, limits={'connections': 1})
        only = self.client()
        waiting = [self.connect() for _ in range(16)]
        self.connect().read_end()
        self.assert_connections(plain=17, secure=0)
        for connection in waiting:
            connection.close()
        self.assert_connections(plain=1, secure=0)
        only.close_orderly()
        only.close()
        self.assert_connections(plain=0, secure=0)

    def test_a_listener_that_has_gone_is_shown_while_it_has_connections(self):
        self.start_two()
        client = self.client(mode=SECURE)
        self.reload(listeners=[configuration.PLAIN])
        self.assert_value(1, self.NAME, listener='secure')
        client.close_orderly()
        self.assert_connections(plain=0, secure=None)

    def test_a_listener_that_a_reload_replaces_keeps_its_connections(self):
        self.start_two()
        old = self.client(mode=SECURE)
        self.reload(listeners=[configuration.PLAIN, {
            **configuration.tls_listener([certificates.get('localhost')]),
            'address': '%s:%d' % self.daemon.address('secure')}])
        self.client(mode=SECURE).echo()
        self.assert_connections(plain=0, secure=2)
        old.close_orderly()
        self.assert_connections(plain=0, secure=1)


class FramesTest(MetricsTest):
    """Every frame counts, once, whatever path it takes through the daemon."""

    ECHO = {'route': '/', 'handler': 'echo'}
    ROOM = {'route': '/room/{name}', 'handler': 'broadcast'}

    def assert_frames(self, received, sent, labels):
        self.assert_value(received, 'wsrelayd_frames_received_total', **labels)
        self.assert_value(sent, 'wsrelayd_frames_sent_total', **labels)

    def test_whole_messages(self):
        self.start_admin()
        client = self.client()
        client.send(frames.text('a') * 100 + frames.binary(b'x' * 300) * 100)
        for _ in range(200):
            client.next_message()
        self.assert_frames(200, 200, self.ECHO)

    def test_fragments_and_control_frames(self):
        self.start_admin()
        client = self.client()
        first, second, last = frames.fragments(TEXT, ['a', '', 'b'])
        client.send(first + frames.ping(b'1') + second + frames.pong(b'') + last)
        client.expect_pong(b'1')
        client.expect(TEXT, 'ab')
        self.assertEqual(self.value('wsrelayd_messages_received_total', **self.ECHO), 1)
        self.assert_frames(5, 2, self.ECHO)
        client.close_orderly()
        self.assert_frames(6, 3, self.ECHO)

    def test_what_arrives_a_byte_at_a_time(self):
        self.start_admin()
        client = self.client(mode=PLAIN_DRIPPED)
        client.send(frames.text('abc') + b''.join(frames.fragments(TEXT, ['d', 'e']))
                    + frames.ping(b'1'))
        client.expect(TEXT, 'abc')
        client.expect(TEXT, 'de')
        client.expect_pong(b'1')
        self.assert_frames(4, 3, self.ECHO)

    def test_long_messages_that_are_sent_in_pieces(self):
        self.start_admin(defaults={'max_message_size': '16MiB'})
        client = self.client()
        data = b'x' * (4 << 20)
        echo = client.echo_large(b''.join(frames.fragments(frames.BINARY, frames.cut(data, 7))))
        self.assertEqual(echo.payload, data)
        self.assertGreater(len(echo.sizes), 1)
        self.assert_frames(7, len(echo.sizes), self.ECHO)

    def test_deliveries(self):
        self.start_admin()
        members = [self.client('/room/a') for _ in range(3)]
        members[0].send(frames.text('x') * 10 + b''.join(frames.fragments(TEXT, 'yz')))
        for member in members[1:]:
            for _ in range(11):
                member.next_message()
        self.assert_frames(12, 22, self.ROOM)

    def test_pings(self):
        self.start_admin(defaults={'ping_interval': '50ms', 'ping_timeout': '10s'})
        client = self.client()
        ping = client.next_frame('a Ping')
        self.assert_frames(0, 1, self.ECHO)
        client.send(frames.pong(ping.payload))
        wait_until(lambda: self.value('wsrelayd_frames_received_total', **self.ECHO) == 1, 'the Pong')

    def test_frames_behind_our_close(self):
        """They are taken in up to the peer's Close, though nobody gets them."""
        self.start_admin()
        client = self.client()
        connection = self.admin.get('/v1/connections').json['connections'][0]['id']
        self.admin.post(f'/v1/connections/{connection}/close', {})
        client.expect_close(1000)
        client.send(frames.text('x') + frames.ping(b'') + frames.close(1000))
        client.expect_end()
        self.assert_frames(3, 1, self.ECHO)
        self.assertEqual(self.value('wsrelayd_messages_received_total', **self.ECHO), 0)

    def test_frames_that_break_the_protocol_do_not_count(self):
        self.start_admin()
        text = b'\xff'
        for last in (frames.text(text), frames.frame(frames.CONTINUATION, text),
                     frames.text(text, fin=False)):
            client = self.client()
            client.send(frames.text('good') + last)
            client.next_message()
            client.skip_to_close(1002, 1007)
        self.assert_frames(3, 6, self.ECHO)

    def test_pongs_that_newer_ones_replace_do_not_count(self):
        """A peer that sends Pings and reads nothing."""
        self.start_admin(workers=1, timeouts={'close': '1h', 'send': '1h'},
                         defaults={'send_queue': {'size': '16MiB'}, 'ping_interval': '0s'})
        client = self.client('/room/a', receive_buffer=4096)
        sender = self.client('/room/a')
        published = 0
        while self.value('wsrelayd_queue_bytes') == 0:
            sender.send(frames.binary(b'x' * 65536) * 10)
            published += 10
            self.assert_value(published, 'wsrelayd_publications_total')
        client.send(frames.ping(b'') * 1000)
        self.assert_value(published + 1000, 'wsrelayd_frames_received_total', **self.ROOM)
        pongs = []
        for _ in range(published):
            client.next_message(pongs=pongs)
        client.send(frames.ping(b'last'))
        while b'last' not in pongs:
            pongs.append(client.next_frame().payload)
        self.assertLess(len(pongs), 100)
        self.assert_frames(published + 1001, published + len(pongs), self.ROOM)

    def test_an_echo_that_waits_keeps_one_pong(self):
        """What is gathered and not taken by the kernel loses its older Pongs, too."""
        self.start_admin(workers=1, timeouts={'close': '1h', 'send': '1h'},
                         defaults={'send_queue': {'size': '16MiB'}, 'ping_interval': '0s'})
        client = self.client(receive_buffer=4096)
        sent = 0
        while self.value('wsrelayd_queue_bytes') == 0:
            client.send((frames.binary(b'x' * 20000) + frames.ping(b'')) * 10)
            sent += 10
        pongs = []
        for _ in range(sent):
            client.next_message(pongs=pongs)
        client.send(frames.ping(b'last'))
        while not pongs or pongs[-1] != b'last':
            pongs.append(client.next_frame().payload)
        self.assertLess(len(pongs), sent + 1)
        self.assert_frames(2 * sent + 1, sent + len(pongs), self.ECHO)


class OverloadTest(MetricsTest):
    """What is counted of those who are too many or too slow."""

    def test_connections_over_a_limit(self):
        self.start_admin(workers=1, limits={'connections': 1})
        only = self.client()
        self.assert_refused(Request(), 503)
        self.assert_value(1, 'wsrelayd_handshakes_total', result='over_limit')
        self.assertEqual(self.value('wsrelayd_handshakes_total', result='refused'), 0)
        waiting = [self.connect() for _ in range(16)]
        self.connect().read_end()
        self.assert_value(1, 'wsrelayd_connections_denied_total')
        self.assertEqual(self.value('wsrelayd_connections_accepted_total', listener='plain'), 19)
        for connection in waiting:
            connection.close()
        self.assert_value(1, 'wsrelayd_worker_connections', worker='0')
        only.close_orderly()
        only.close()
        self.assert_value(0, 'wsrelayd_worker_connections', worker='0')

    def test_handshakes_that_take_too_long(self):
        self.start_admin(timeouts={'handshake': '100ms'})
        self.connect()
        self.assert_value(1, 'wsrelayd_handshakes_total', result='timeout')

    def test_a_slow_reader(self):
        """What is not received has been counted as dropped or waits."""
        self.start_admin(workers=1, defaults={'send_queue': {'size': '1MiB'}},
                         timeouts={'close': '1h', 'send': '1h'})
        self.client('/room/a', receive_buffer=4096)
        sender = self.client('/room/a')
        published = waiting = 0
        while self.value('wsrelayd_slow_readers_closed_total') == 0:
            for _ in range(20):
                sender.send(frames.binary(b'x' * 16384))
            sender.send(frames.ping(b''))
            sender.expect_pong(b'')
            published += 20
            waiting = max(waiting, self.value('wsrelayd_queue_bytes'))
        self.assertGreater(waiting, 0)
        self.assertLessEqual(waiting, 1 << 20)
        self.assert_value(published, 'wsrelayd_publications_total')
        sent = self.value('wsrelayd_messages_sent_total', route='/room/{name}',
                          handler='broadcast')
        full = self.value('wsrelayd_drops_total', cause='queue_full')
        closing = self.value('wsrelayd_drops_total', cause='closing')
        self.assertGreater(full, 0)
        self.assertEqual(self.value('wsrelayd_deliveries_total'), sent + full + closing)

    def test_pings_that_are_not_answered(self):
        self.start_admin(defaults={'ping_interval': '50ms', 'ping_timeout': '100ms'})
        self.client()
        self.assert_value(1, 'wsrelayd_ping_timeouts_total')
        self.assert_value(1, 'wsrelayd_closes_total', code='1006', side='server')


class MonotonyTest(MetricsTest, Reloading):
    """Counters never fall, whatever ends while they are read."""

    def test_no_counter_falls_while_connections_come_and_go(self):
        self.start_admin()
        stop = threading.Event()

        def talk():
            while not stop.is_set():
                client = self.client()
                client.echo('x' * 100)
                client.close_orderly()
                client.close()

        talkers = [threading.Thread(target=talk) for _ in range(4)]
        for talker in talkers:
            talker.start()
        try:
            before = self.scrape()
            for _ in range(50):
                self.reload()
                after = self.scrape()
                for key, value in before.items():
                    if re.search('_(total|count|bucket|sum)$', key[0]):
                        self.assertGreaterEqual(after[key], value, key)
                before = after
        finally:
            stop.set()
            for talker in talkers:
                talker.join()

    def test_accepted_connections_do_not_fall_when_a_reload_takes_their_socket_away(self):
        """Whether the socket is closed, goes to another listener, or its listener goes and comes
        again."""
        for workers in (2, 1):
            with self.subTest(workers=workers):
                two = {'name': 'plain', 'address': ['127.0.0.1:0', '127.0.0.2:0']}
                other = {'name': 'other', 'address': '127.0.0.3:0'}
                self.start_admin(workers=workers, listeners=[two, other])
                first, second = self.daemon.addresses['plain']
                for _ in range(5):
                    connect_socket(first).close()
                self.assert_value(5, 'wsrelayd_connections_accepted_total', listener='plain')
                kept = {'name': 'plain', 'address': f'{second[0]}:{second[1]}'}
                moved = {'name': 'other', 'address': f'{first[0]}:{first[1]}'}
                self.daemon.addresses['plain'] = [second]
                for listeners in ([kept], [kept, moved]):
                    self.reload(listeners=listeners)
                    self.assert_value(5, 'wsrelayd_connections_accepted_total', listener='plain')
                connect_socket(first).close()
                self.assert_value(1, 'wsrelayd_connections_accepted_total', listener='other')
                self.reload(listeners=[kept])
                self.assert_value(1, 'wsrelayd_connections_accepted_total', listener='other')
                self.reload(listeners=[{**kept, 'name': 'renamed'}])
                self.assert_value(5, 'wsrelayd_connections_accepted_total', listener='plain')
                self.assert_value(0, 'wsrelayd_connections_accepted_total', listener='renamed')
                self.reload(listeners=[kept])
                self.client().echo()
                self.assert_value(6, 'wsrelayd_connections_accepted_total', listener='plain')
                self.check_stop()
