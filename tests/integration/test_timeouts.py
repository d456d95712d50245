"""Every time-out: it comes, not before its time, and nothing that a peer does puts off those that
are absolute. What time-outs do not end lives on."""

import select

from harness import certificates, configuration, frames
from harness.case import DaemonTest
from harness.connection import (FIN, LOCAL, PLAIN, RESET, SECURE, TRUNCATED, Connection,
                                client_hello, connect_socket)
from harness.deadline import Deadline, Stopwatch, paced, wait_until
from harness.frames import BINARY, PING, TEXT

# A peer that goes on for so long has not been ended by a time-out that was due.
FAR_TOO_LONG_SECONDS = 20


class TimeoutTest(DaemonTest):
    """Daemons with one short time each."""

    def start_secure(self, **top):
        secure = configuration.tls_listener([certificates.get('localhost')])
        return self.start_with(listeners=[configuration.PLAIN, secure], **top)

    def start_local(self, **top):
        """With a unix socket, on which only the daemon's own timers act, not the kernel's."""
        path = certificates.directory() / 'timeouts.sock'
        listeners = [configuration.PLAIN, configuration.unix_listener(path)]
        return self.start_with(listeners=listeners, **top)

    def assert_ends(self, connection, least, most=None, stopwatch=None):
        """The connection ends in time, without a byte."""
        ending, rest = connection.read_end()
        (stopwatch or Stopwatch()).check(least, most)
        self.assertIn(ending, (FIN, RESET, TRUNCATED))
        self.assertEqual(rest, b'', 'before the end')

    def dribble(self, connection, data):
        """Sends a byte now and then until the server ends the connection."""
        for step in paced(0.02, FAR_TOO_LONG_SECONDS):
            connection.send(data[step:step + 1])
            if connection.ending is not None or self.has_ended(connection):
                return
        self.fail(f'still open after {FAR_TOO_LONG_SECONDS} s of a byte at a time')

    @staticmethod
    def has_ended(connection):
        connection.sock.setblocking(False)
        try:
            data = connection.sock.recv(4096)
        except BlockingIOError:
            return False
        except ConnectionResetError:
            return True
        if data:
            raise AssertionError(f'{data!r} instead of the end of the connection')
        return True

    def closed_line(self, **fields):
        return self.daemon.log.wait_for('closed', **fields)


class HandshakeTimeoutTest(TimeoutTest):
    """timeouts.handshake, from accept to 101, and timeouts.tls."""

    def test_a_silent_connection_is_ended(self):
        self.start_with(timeouts={'handshake': '300ms'})
        stopwatch = Stopwatch()
        self.assert_ends(self.connect(), 0.3, stopwatch=stopwatch)
        self.assertEqual(self.stopped_counter('handshake_timeouts'), 1)

    def test_bytes_of_the_head_do_not_put_it_off(self):
        self.start_with(timeouts={'handshake': '400ms'})
        stopwatch = Stopwatch()
        connection = self.connect()
        self.dribble(connection, b'GET / HTTP/1.1\r\nX-Slow: ' + b'x' * 4000)
        stopwatch.check(0.4)
        self.assertEqual(self.stopped_counter('handshake_timeouts'), 1)

    def test_tls_is_part_of_it(self):
        self.start_secure(timeouts={'handshake': '400ms', 'tls': '300ms'})
        stopwatch = Stopwatch()
        self.assert_ends(self.connect(SECURE), 0.4, stopwatch=stopwatch)
        self.assertEqual(self.stopped_counter('handshake_timeouts'), 1)

    def test_a_silent_tls_handshake_is_ended(self):
        self.start_secure(timeouts={'tls': '300ms'})
        stopwatch = Stopwatch()
        self.assert_ends(self.connect_without_tls(), 0.3, stopwatch=stopwatch)
        self.assertEqual(self.stopped_counter('handshake_timeouts'), 1)

    def test_bytes_of_the_client_hello_do_not_put_it_off(self):
        self.start_secure(timeouts={'tls': '400ms'})
        stopwatch = Stopwatch()
        connection = self.connect_without_tls()
        hello = client_hello()
        self.assertGreater(len(hello), 100)
        self.dribble(connection, hello[:-1])
        stopwatch.check(0.4)
        self.assertEqual(self.stopped_counter('handshake_timeouts'), 1)

    def test_the_shorter_of_both_times_ends_a_tls_handshake(self):
        self.start_secure(timeouts={'tls': '1h', 'handshake': '300ms'})
        stopwatch = Stopwatch()
        self.assert_ends(self.connect_without_tls(), 0.3, stopwatch=stopwatch)

    def connect_without_tls(self):
        """A plain connection to the TLS port."""
        sock = connect_socket(self.daemon.address('secure'))
        self.addCleanup(sock.close)
        return Connection(sock)

    def test_many_slow_handshakes_delay_nobody_else(self):
        self.start_with(timeouts={'handshake': '1s'})
        slow = [self.connect() for _ in range(200)]
        for connection in slow:
            connection.send(b'GET / HTTP/1.1\r\n')
        for _ in range(5):
            stopwatch = Stopwatch()
            self.client().echo('quick')
            stopwatch.check(0, 0)
        for connection in slow:
            self.assertIn(connection.read_end()[0], (FIN, RESET))
        self.assertEqual(self.stopped_counter('handshake_timeouts'), 200)

    def test_an_open_connection_outlives_both(self):
        self.start_secure(timeouts={'handshake': '300ms', 'tls': '300ms'})
        clients = [self.client(mode=mode) for mode in (PLAIN, SECURE)]
        for mode in (PLAIN, SECURE):
            self.connect(mode).read_end()
        for client in clients:
            client.echo('past the time of the handshake')


class IdleTimeoutTest(TimeoutTest):
    """idle_timeout: no data message for so long."""

    def test_without_messages_the_connection_is_closed_with_1008(self):
        self.start_with(defaults={'idle_timeout': '300ms'})
        stopwatch = Stopwatch()
        client = self.client()
        client.expect_failure(1008)
        stopwatch.check(0.3)
        client.close()
        self.assertEqual(self.closed_line().get('code'), 1008)
        self.assertEqual(self.stopped_counter('idle_timeouts'), 1)

    def test_pings_and_pongs_are_no_messages(self):
        self.start_with(defaults={'idle_timeout': '400ms'})
        stopwatch = Stopwatch()
        client = self.client()
        for _ in paced(0.02, FAR_TOO_LONG_SECONDS):
            client.send(frames.ping(b'busy') + frames.pong())
            frame = client.next_frame('a Pong or a Close')
            if frame.opcode == frames.CLOSE:
                break
        self.assertEqual(frame.code, 1008)
        stopwatch.check(0.4)

    def test_messages_keep_it_open(self):
        self.start_with(defaults={'idle_timeout': '1s'})
        client = self.client()
        for step in paced(0.05, 1.6):
            client.echo(f'message {step}')
        client.expect_failure(1008)

    def test_messages_that_are_received_keep_it_open(self):
        self.start_with(defaults={'idle_timeout': '1s'})
        member, sender = (self.client('/room/idle') for _ in range(2))
        for step in paced(0.05, 1.6):
            sender.send(frames.text(f'message {step}'))
            member.expect(TEXT, f'message {step}')
        member.expect_failure(1008)


class PingTest(TimeoutTest):
    """ping_interval and ping_timeout: peers that have gone without a word are noticed."""

    def test_a_peer_without_a_pong_is_dropped(self):
        self.start_with(defaults={'ping_interval': '300ms', 'ping_timeout': '200ms'})
        stopwatch = Stopwatch()
        client = self.client()
        self.assertEqual(client.next_frame('a Ping').opcode, PING)
        stopwatch.check(0.3)
        client.expect_end(FIN, RESET)
        stopwatch.check(0.5)
        self.assertEqual(self.closed_line().get('code'), 1006)
        self.assertEqual(self.stopped_counter('ping_timeouts'), 1)

    def test_a_peer_that_answers_lives(self):
        self.start_with(defaults={'ping_interval': '100ms', 'ping_timeout': '2s'})
        client = self.client()
        for _ in range(8):
            self.answer_ping(client)
        client.echo('alive')
        client.close_orderly()
        self.assertEqual(self.stopped_counter('ping_timeouts'), 0)

    def answer_ping(self, client):
        frame = client.next_frame('a Ping')
        self.assertEqual(frame.opcode, PING)
        client.send(frames.pong(frame.payload))

    def test_any_frame_is_a_sign_of_life(self):
        """A message instead of a Pong, in part or whole, keeps the connection."""
        self.start_with(defaults={'ping_interval': '200ms', 'ping_timeout': '1s'})
        parts = frames.fragments(BINARY, frames.cut(b'x' * 8, 8))
        stopwatch = Stopwatch()
        client = self.client('/room/alive')
        for part in parts:
            self.assertEqual(client.next_frame('a Ping').opcode, PING)
            client.send(part)
        stopwatch.check(8 * 0.2, 8 * 0.2 + 1)

    def test_a_busy_connection_is_not_pinged(self):
        self.start_with(defaults={'ping_interval': '1s'})
        client = self.client()
        for step in paced(0.05, 1.6):
            client.echo(f'message {step}')
        self.assertEqual(client.next_frame('a Ping in the silence').opcode, PING)
        client.send(frames.pong())
        client.close_orderly()

    def test_an_interval_of_zero_sends_none(self):
        quiet = {'path': '/quiet', 'handler': 'echo', 'ping_interval': '0s'}
        self.start_with(routes=[configuration.ECHO_ROUTE, quiet],
                        defaults={'ping_interval': '50ms', 'ping_timeout': '10s'})
        unpinged, pinged = self.client('/quiet'), self.client()
        for _ in range(10):
            self.answer_ping(pinged)
        unpinged.echo('the first frame of all')
        unpinged.close_orderly()

    def test_a_connection_through_tls_is_pinged_too(self):
        self.start_secure(defaults={'ping_interval': '100ms', 'ping_timeout': '300ms'})
        client = self.client(mode=SECURE)
        self.answer_ping(client)
        self.assertEqual(client.next_frame('a second Ping').opcode, PING)
        self.closed_line(code=1006)


class MaximumAgeTest(TimeoutTest):
    """max_connection_age."""

    AGE = 1.5
    CONNECTIONS = 20

    def test_connections_end_with_1001_up_to_a_tenth_early(self):
        self.start_with(defaults={'max_connection_age': '1500ms'})
        stopwatches = [Stopwatch() for _ in range(self.CONNECTIONS)]
        clients = {client.sock: client for client in
                   (self.client() for _ in range(self.CONNECTIONS))}
        deadline = Deadline('a Close on each connection')
        while clients:
            for sock in select.select(list(clients), [], [], deadline.remaining())[0]:
                self.end_aged(clients.pop(sock))
        for stopwatch in stopwatches:
            stopwatch.check(self.AGE * 0.9, self.AGE)
        self.check_durations()
        self.assertEqual(self.stopped_counter('age_limits'), self.CONNECTIONS)

    def end_aged(self, client):
        self.assertTrue(client.expect_close(1001).reason)
        client.send(frames.close(1001))
        client.expect_end()
        client.close()

    def check_durations(self):
        """They are spread over the last tenth, so that the peers do not all come back at once."""
        lines = self.daemon.log.wait_for_count('closed', self.CONNECTIONS, code=1001)
        durations = [line.get('duration_ms') for line in lines]
        self.assertGreaterEqual(min(durations), 1000 * self.AGE * 0.9)
        self.assertGreater(max(durations) - min(durations), 1000 * self.AGE / 30, durations)

    def test_traffic_does_not_put_it_off(self):
        self.start_with(defaults={'max_connection_age': '800ms'})
        stopwatch = Stopwatch()
        client = self.client()
        for step in paced(0.02, FAR_TOO_LONG_SECONDS):
            client.send(frames.text(f'message {step}'))
            frame = client.next_frame()
            if frame.opcode == frames.CLOSE:
                break
        self.assertEqual(frame.code, 1001)
        stopwatch.check(0.8 * 0.9, 0.8)


class CloseTimeoutTest(TimeoutTest):
    """timeouts.close, from our Close, and timeouts.linger, from both to the peer's FIN. One test of
    each has a time above the default (3 s and 2 s), which would end the connection too early."""

    AGE = 0.2

    def start_aging(self, **timeouts):
        """Each connection is closed with 1001 soon after it has opened."""
        self.start_with(defaults={'max_connection_age': '200ms'}, timeouts=timeouts)

    def check_close_time(self, stopwatch, seconds):
        """The stopwatch ran from before the connection: its age comes first, up to a tenth early."""
        stopwatch.check(self.AGE * 0.9 + seconds, self.AGE + seconds)

    def test_a_peer_that_ignores_the_close_is_dropped(self):
        self.start_aging(close='3500ms')
        stopwatch = Stopwatch()
        client = self.client()
        client.expect_close(1001)
        client.expect_end(FIN, RESET)
        self.check_close_time(stopwatch, 3.5)
        self.assertEqual(self.closed_line().get('code'), 1001)
        self.assertEqual(self.stopped_counter('close_timeouts'), 1)

    def test_traffic_does_not_put_it_off(self):
        self.start_aging(close='400ms')
        stopwatch = Stopwatch()
        client = self.client()
        client.expect_close(1001)
        for _ in paced(0.02, FAR_TOO_LONG_SECONDS):
            client.send(frames.ping(b'still talking') + frames.text('and talking'))
            if client.ending is not None or self.has_ended(client):
                break
        self.check_close_time(stopwatch, 0.4)
        self.assertEqual(self.stopped_counter('close_timeouts'), 1)

    def test_a_failed_peer_that_goes_on_sending_is_dropped(self):
        self.start_with(timeouts={'close': '300ms', 'linger': '300ms'})
        client = self.client()
        stopwatch = Stopwatch()
        client.send(frames.frame(0x3))
        client.expect_close(1002)
        for _ in paced(0.02, FAR_TOO_LONG_SECONDS):
            client.send(frames.text('as if nothing had happened'))
            if client.ending == RESET:
                break
        stopwatch.check(0.3, 0.6)
        self.assertEqual(self.closed_line().get('code'), 1002)

    def test_a_peer_that_keeps_its_half_open_is_dropped(self):
        self.start_with(timeouts={'linger': '2500ms'})
        before = self.daemon.descriptor_count()
        client = self.client()
        stopwatch = Stopwatch()
        client.send(frames.close(1000))
        client.expect_close(1000)
        client.expect_end()
        self.assertEqual(self.daemon.descriptor_count(), before + 1)
        self.closed_line(code=1000)
        stopwatch.check(2.5)
        wait_until(lambda: self.daemon.descriptor_count() == before, 'its descriptor to be closed')

    def test_a_peer_that_ends_its_half_at_once_is_not_waited_for(self):
        self.start_with(timeouts={'linger': '1h', 'close': '1h'})
        self.client().close_orderly()
        self.closed_line(code=1000)


class SendTimeoutTest(TimeoutTest):
    """timeouts.send: a peer that takes nothing of what waits for it."""

    MESSAGE = b'm' * (64 << 10)
    MESSAGES = 40

    def start_sending(self, seconds):
        self.start_local(timeouts={'send': f'{seconds}s'},
                         defaults={'send_queue': {'size': '16MiB'}})

    def fill(self, sender, count):
        for _ in range(count):
            sender.send(frames.binary(self.MESSAGE))

    def test_a_member_that_takes_nothing_is_dropped(self):
        self.start_sending(1)
        member, reader, sender = (self.client('/room/send', LOCAL) for _ in range(3))
        stopwatch = Stopwatch()
        self.fill(sender, self.MESSAGES)
        for _ in range(self.MESSAGES):
            reader.expect(BINARY, self.MESSAGE)
        self.closed_line(code=1006)
        stopwatch.check(1)
        self.assertIsNone(member.ending)
        self.fill(sender, 1)
        reader.expect(BINARY, self.MESSAGE)
        self.assertEqual(self.stopped_counter('send_timeouts'), 1)

    def test_an_echo_peer_that_takes_nothing_is_dropped(self):
        self.start_sending(1)
        client = self.client(mode=LOCAL)
        stopwatch = Stopwatch()
        self.send_until_refused(client)
        self.closed_line(code=1006)
        stopwatch.check(1)
        self.assertEqual(self.stopped_counter('send_timeouts'), 1)

    def send_until_refused(self, client):
        """Sends echoes without reading them; the end comes as an error of the send."""
        deadline = Deadline('the end of a peer that does not read', FAR_TOO_LONG_SECONDS)
        while client.ending is None and deadline.remaining():
            client.send(frames.binary(self.MESSAGE))

    def test_a_peer_over_tcp_that_takes_nothing_is_dropped(self):
        self.start_sending(1)
        client = self.client(receive_buffer=4096)
        self.send_until_refused(client)
        self.closed_line(code=1006)

    def test_a_peer_that_takes_a_little_now_and_then_lives(self):
        self.start_sending(1)
        member, sender = (self.client('/room/send', LOCAL) for _ in range(2))
        self.fill(sender, self.MESSAGES)
        for _, step in zip(range(self.MESSAGES), paced(0.05, FAR_TOO_LONG_SECONDS)):
            member.expect(BINARY, self.MESSAGE)
        self.assertGreaterEqual(step, self.MESSAGES - 1)
        self.assertEqual(self.stopped_counter('send_timeouts'), 0)
