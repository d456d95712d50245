"""Draining (USR2): connections are asked to come back elsewhere, one after the other, and nothing
that was accepted is lost."""

import os
import signal
import struct
import unittest
from collections import Counter

from harness import frames
from harness.closing import moments_of_closing
from harness.connection import PLAIN
from harness.frames import BINARY
from harness.handshake import check_refusal, read_response
from harness.stopping import EVERY_TRANSPORT, KIB, SignalTest

# Little enough for every run of the tests. DRAIN_CONNECTIONS=5000 DRAIN_SECONDS=10 shows more.
CONNECTIONS = int(os.environ.get('DRAIN_CONNECTIONS', '600'))
DRAIN_SECONDS = int(os.environ.get('DRAIN_SECONDS', '4'))


class DrainCase(SignalTest):
    """Daemons that are told to drain."""

    def drain(self):
        self.signal(signal.SIGUSR2)
        self.daemon.log.wait_for_count('draining', 1)

    def stopped(self, field):
        """A figure of the last line."""
        return int(self.daemon.log.events[-1].get(field))


class DrainTest(DrainCase):
    """One USR2."""

    def test_every_connection_is_closed_with_1012_and_the_daemon_ends(self):
        for workers in (1, 3):
            with self.subTest(workers=workers):
                self.start_everywhere({'drain': '300ms'}, workers=workers)
                clients = [self.client(path, mode) for mode in EVERY_TRANSPORT
                           for path in ('/', '/room/drain')]
                self.drain()
                for client in clients:
                    self.end_with(1012, client)
                self.assert_exits(most=0.3)
                self.assertEqual((self.stopped('stopped_clean'), self.stopped('stopped_forced'),
                                  self.stopped('stopped_unflushed')), (len(clients), 0, 0))

    def test_the_closes_are_spread_over_the_drain_time(self):
        """No tenth of it has more than three times the mean."""
        self.start_everywhere({'drain': f'{DRAIN_SECONDS}s'}, workers=2)
        clients = [self.client() for _ in range(CONNECTIONS)]
        self.drain()
        moments = moments_of_closing(clients, self.end_with)
        tenths = Counter(int((moment - moments[0]) * 10 / DRAIN_SECONDS) for moment in moments)
        self.assertLessEqual(max(tenths.values()), 3 * len(clients) / 10, tenths)
        self.assertGreater(moments[-1] - moments[0], DRAIN_SECONDS * 3 / 4)
        self.assert_exits(most=DRAIN_SECONDS)

    def test_publications_go_on_until_the_close_and_none_is_lost(self):
        """A member gets everything up to its own Close, whoever else has left before."""
        self.start_everywhere({'drain': '1s'}, workers=3,
                              defaults={'send_queue': {'size': '64MiB'}})
        members = [self.client('/room/drain', mode) for mode in EVERY_TRANSPORT * 4]
        sender = self.client('/room/drain')
        self.drain()
        self.publish_until_closed(sender)
        for member in members:
            self.check_unbroken(member)
        self.assert_exits(most=1)

    @staticmethod
    def publish_until_closed(sender):
        """Numbers, each behind the other's acceptance."""
        number = 0
        opcode = frames.PONG
        while opcode == frames.PONG:
            sender.send(frames.binary(struct.pack('!I', number) * 256) + frames.ping(b''))
            opcode = sender.next_frame('a Pong or the Close').opcode
            number += 1
        assert opcode == frames.CLOSE, opcode
        sender.send(frames.close(1012))

    def check_unbroken(self, member):
        """Every number from 0 on, then the Close."""
        expected = 0
        frame = member.next_frame()
        while frame.opcode == BINARY:
            self.assertEqual(frame.payload, struct.pack('!I', expected) * 256)
            expected += 1
            frame = member.next_frame()
        self.assertEqual((frame.opcode, frame.code), (frames.CLOSE, 1012))
        member.send(frames.close(1012))

    def test_what_was_accepted_is_sent_before_the_close(self):
        self.start_everywhere({'drain': '300ms'}, defaults={'send_queue': {'size': '64MiB'}})
        members = [self.client('/room/accepted', mode, receive_buffer=4 * KIB)
                   for mode in EVERY_TRANSPORT]
        sender = self.client('/room/accepted')
        payloads = [struct.pack('!I', number) * (4 * KIB) for number in range(200)]
        for payload in payloads:
            sender.send(frames.binary(payload))
        sender.send(frames.ping(b'all accepted'))
        sender.expect_pong(b'all accepted')
        self.drain()
        for member in members:
            for payload in payloads:
                member.expect(BINARY, payload)
            self.end_with(1012, member)
        self.end_with(1012, sender)
        self.assert_exits(most=0.3)

    def test_peers_that_read_nothing_are_counted_and_not_waited_for(self):
        self.start_with_queue(drain='300ms', close='200ms', linger='200ms')
        self.unread(PLAIN)
        self.drain()
        self.assert_exits(0.3, 0.7)
        self.assertEqual((self.stopped('stopped_forced'), self.stopped('stopped_unflushed')),
                         (1, 1))

    def test_pending_handshakes_are_refused(self):
        self.start_everywhere({'drain': '300ms'})
        connection = self.connect()
        connection.send(b'GET / HTTP/1.1\r\nHost: localhost\r\n')
        self.client().close_orderly()
        self.drain()
        response = read_response(connection)
        self.assertEqual(response.status, 503)
        check_refusal(response)
        connection.close()
        self.assert_exits()


class DrainDelayTest(DrainCase):
    """timeouts.drain_delay: whoever sends connections here gets time to notice."""

    def test_connections_are_accepted_for_the_delay_and_refused_after_it(self):
        for workers in (1, 3):
            with self.subTest(workers=workers):
                self.start_everywhere({'drain': '300ms', 'drain_delay': '1s'}, workers=workers)
                early = self.client()
                self.drain()
                late = self.client()
                late.echo('within the delay')
                for client in (early, late):
                    self.end_with(1012, client)
                self.assert_exits(1, 1.3)

    def test_listeners_close_when_the_leaving_begins(self):
        for workers in (1, 3):
            with self.subTest(workers=workers):
                self.start_everywhere({'drain': '1h'}, workers=workers)
                client = self.client()
                self.drain()
                self.assert_refuses_connections()
                client.echo('its moment is not yet there')
                self.signal(signal.SIGUSR2)
                self.end_with(1012, client)
                self.assert_exits(most=1)


class FurtherSignalTest(DrainCase):
    """What comes after the first USR2."""

    def test_a_second_one_leaves_a_second_to_all(self):
        for delay in ('0s', '1h'):
            with self.subTest(delay=delay):
                self.start_everywhere({'drain': '1h', 'drain_delay': delay})
                clients = [self.client(path) for path in ('/', '/room/hurry') * 10]
                self.drain()
                self.signal(signal.SIGUSR2)
                for client in clients:
                    self.end_with(1012, client)
                self.assert_exits(most=1)

    def test_a_stop_tells_all_that_are_left_at_once(self):
        for delay in ('0s', '1h'):
            with self.subTest(delay=delay):
                self.start_everywhere({'drain': '1h', 'drain_delay': delay})
                clients = [self.client(path) for path in ('/', '/room/stop') * 10]
                self.drain()
                self.signal(signal.SIGTERM)
                for client in clients:
                    self.end_with(1001, client)
                self.assert_exits()

    def test_neither_is_gone_back_to(self):
        self.start_with_queue(drain='1h')
        self.unread(PLAIN)
        client = self.client()
        self.signal(signal.SIGTERM)
        self.end_with(1001, client)
        self.daemon.signal(signal.SIGUSR2)
        self.daemon.signal(signal.SIGTERM)
        self.assert_exits()


if __name__ == '__main__':
    unittest.main()
