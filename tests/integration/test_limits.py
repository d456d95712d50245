"""Every limit: one below, at, and one above; what is above is refused as the manual says, counted,
and nobody else notices."""

from harness import frames
from harness.case import DaemonTest
from harness.connection import FIN, RESET
from harness.frames import BINARY, CONTINUATION, TEXT
from harness.handshake import Request


class MessageLimitTest(DaemonTest):
    """max_message_size and max_fragments."""

    def test_max_message_size_acts_on_the_declared_size(self):
        self.start_with(defaults={'max_message_size': '1000B'})
        for size in (999, 1000):
            self.client().echo(b'x' * size, BINARY)
        client = self.client()
        client.send(frames.binary(b'', declared=1001))
        client.expect_failure(1009)
        self.assertEqual(self.stopped_counter('too_big'), 1)

    def test_max_message_size_acts_on_the_sum_of_fragments(self):
        self.start_with(defaults={'max_message_size': '1000B'})
        client = self.client()
        client.send(b''.join(frames.fragments(BINARY, [b'a' * 400, b'b' * 599, b'c'])))
        client.expect(BINARY, b'a' * 400 + b'b' * 599 + b'c')
        client.send(frames.binary(b'a' * 400, fin=False) +
                    frames.frame(CONTINUATION, b'b' * 600, fin=False) +
                    frames.frame(CONTINUATION, b'', declared=1))
        client.expect_failure(1009)

    def test_small_limits_hold_for_small_frames(self):
        self.start_with(defaults={'max_message_size': '20B'})
        client = self.client()
        client.echo(b'x' * 20, BINARY)
        client.send(frames.binary(b'x' * 21))
        client.expect_failure(1009)

    def test_max_fragments_counts_empty_ones(self):
        self.start_with(defaults={'max_fragments': 4})
        client = self.client()
        for pieces in ([b'a', b'', b'c'], [b'a', b'', b'', b'd']):
            client.send(b''.join(frames.fragments(BINARY, pieces)))
            client.expect(BINARY, b''.join(pieces))
        client.send(frames.binary(b'', fin=False) + frames.frame(CONTINUATION, b'', fin=False) * 4)
        client.expect_failure(1008)
        self.assertEqual(self.stopped_counter('policy'), 1)

    def test_many_small_fragments_cost_no_more_than_their_bytes(self):
        self.start_with(defaults={'max_fragments': 100000, 'max_message_size': '1MiB'})
        client = self.client(path='/room/memory')
        before = self.daemon.resident_bytes()
        count = 60000
        client.send(frames.binary(b'x', fin=False) +
                    frames.frame(CONTINUATION, b'x', fin=False) * (count - 1))
        client.send(frames.ping(b'all there'))
        client.expect_pong(b'all there')
        self.assertLess(self.daemon.resident_bytes() - before, (4 << 20),
                        'grew by much more than the message')

    def test_declared_lengths_cost_nothing(self):
        self.start_with(workers=1, defaults={'max_message_size': '256MiB'})
        clients = [self.client(path='/room/declared') for _ in range(100)]
        before = self.daemon.resident_bytes()
        for client in clients:
            client.send(frames.binary(b'', declared=256 << 20, form=64))
        self.client().echo('in step')
        self.assertLess(self.daemon.resident_bytes() - before, 4 << 20)

    def test_floods_of_empty_frames_cost_nothing(self):
        self.start_with(workers=1)
        client = self.client()
        before = self.daemon.resident_bytes()
        count = 100000
        echoes = []

        def take(received):
            client.reader.feed(received)
            while (frame := client.reader.next()) is not None:
                echoes.append(frame)
            return len(echoes) == count

        client.exchange((frames.pong() + frames.text('')) * count, take, 'all echoes')
        self.assertTrue(all(echo.opcode == TEXT and not echo.payload for echo in echoes))
        client.close_orderly()
        self.assertLess(self.daemon.resident_bytes() - before, 4 << 20)


class HeadLimitTest(DaemonTest):
    """request_line, header_size and headers."""

    def line_of(self, length):
        """A request whose line, without its CRLF, has this length."""
        target = '/?' + 'x' * (length - len('GET /? HTTP/1.1'))
        return Request(target)

    def head_of(self, length):
        """A request whose head has this length."""
        request = Request()
        request.add('X-Padding', '')
        request.without('X-Padding').add('X-Padding', 'x' * (length - len(request.encode()) -
                                                            len('X-Padding: \r\n')))
        self.assertEqual(len(request.encode()), length)
        return request

    def fields_of(self, count):
        """A request with this number of header fields."""
        request = Request()
        present = request.encode().count(b'\r\n') - 2
        for number in range(count - present):
            request.add(f'X-{number}', 'y')
        return request

    def check(self, make, limit, status):
        for size in (limit - 1, limit):
            self.assert_accepted(make(size))
        self.assert_refused(make(limit + 1), status)
        self.assertEqual(self.stopped_counter('head_too_large'), 1)

    def test_request_line(self):
        self.start_with(limits={'request_line': '512B'})
        self.check(self.line_of, 512, 414)

    def test_header_size(self):
        self.start_with(limits={'header_size': '1KiB', 'request_line': '512B'})
        self.check(self.head_of, 1024, 431)

    def test_headers(self):
        self.start_with(limits={'headers': 20})
        self.check(self.fields_of, 20, 431)

    def test_a_line_that_never_ends_is_refused_at_the_limit(self):
        self.start_with(limits={'request_line': '512B'})
        connection, response = self.request(b'GET /' + b'x' * 600)
        self.assertEqual(response.status, 414)
        connection.close()


class ConnectionLimitTest(DaemonTest):
    """limits.connections and limits.pending."""

    @staticmethod
    def leave(client):
        """Both Closes and both FINs: the server need not wait for ours."""
        client.close_orderly()
        client.close()

    def test_connections_over_the_limit_get_503(self):
        self.start_with(limits={'connections': 3})
        clients = [self.client() for _ in range(3)]
        response = self.assert_refused(Request(), 503)
        self.assertIsNotNone(response.value('Retry-After'))
        for client in clients:
            client.echo('unaffected')
        self.leave(clients.pop())
        self.daemon.log.wait_for_count('closed', 1)
        clients.append(self.client())
        for client in clients:
            self.leave(client)
        self.daemon.log.wait_for_count('closed', 4)
        self.assertEqual(self.stopped_counter('over_limit'), 1)

    def test_beyond_a_small_overflow_connections_are_closed_unread(self):
        self.start_with(workers=1, limits={'connections': 1})
        only = self.client()
        waiting = [self.connect() for _ in range(16)]
        ending, rest = self.connect().read_end()
        self.assertIn(ending, (FIN, RESET))
        self.assertEqual(rest, b'')
        only.echo('unaffected')
        for connection in waiting:
            connection.close()
        self.leave(only)
        self.daemon.log.wait_for('closed')

    def test_pending_handshakes_over_the_limit_get_503(self):
        self.start_with(workers=1, limits={'pending': 2})
        silent = [self.connect() for _ in range(2)]
        self.assert_refused(Request(), 503)
        silent.pop().close()
        client = self.client_when_admitted()
        client.echo('admitted')
        self.leave(client)
        silent.pop().close()

    def client_when_admitted(self):
        """The close of another connection is noticed after our connect, or before it."""
        for _ in range(200):
            connection, response = self.request(Request())
            if response.status == 101:
                connection.close()
                return self.client()
            connection.read_end()
        raise AssertionError('still refused after 200 tries')
