"""Peers that take less than they are sent: memory stays bounded, nothing that was promised is lost,
nobody else waits, and control frames pass what is queued."""

import collections
import re
import select
import struct
import time
from pathlib import Path

from harness import certificates, configuration, frames
from harness.case import DaemonTest
from harness.connection import FIN, LOCAL, PLAIN, RESET, SECURE
from harness.deadline import Deadline
from harness.frames import BINARY, CLOSE, PING, PONG, TEXT
from harness.tools import is_sanitized

EVERY_TRANSPORT = (PLAIN, SECURE, LOCAL)
KIB = 1 << 10
MIB = 1 << 20

# What resident memory may grow by besides what is being measured: the heaps of two threads, and,
# with a sanitizer, its shadow. All tests move many times as much.
NOISE_BYTES = 4 * MIB

# Freed memory must go back at once for resident memory to mean anything.
SANITIZER = {'ASAN_OPTIONS': 'detect_leaks=1:exitcode=99:quarantine_size_mb=1:'
                             'thread_local_quarantine_size_kb=64'}

# A peer that takes nothing for so long takes nothing at all.
STALL_SECONDS = 0.4


def numbered(number, size):
    """A payload that says which it is, and is the same nowhere else."""
    return struct.pack('!I', number) * (size // 4)


class SlowReaderTest(DaemonTest):
    """Daemons on every transport."""

    def start_everywhere(self, **top):
        path = certificates.directory() / 'slow.sock'
        secure = configuration.tls_listener([certificates.get('localhost')])
        content = configuration.configuration(
            listeners=[configuration.PLAIN, secure, configuration.unix_listener(path)], **top)
        return self.start(content, environment=SANITIZER)

    def assert_grown_less(self, before, limit):
        grown = self.daemon.resident_bytes() - before
        self.assertLess(grown, limit + NOISE_BYTES, 'bytes of resident memory')


class SlowEchoTest(SlowReaderTest):
    """An echo client that sends without reading is not read from: no 1013, nothing lost."""

    SIZE = 16 * KIB
    COUNT = 2048

    def test_it_is_not_read_from_and_gets_everything_at_last(self):
        self.start_everywhere(timeouts={'send': '1h'})
        for mode in EVERY_TRANSPORT:
            with self.subTest(mode=mode.name):
                before = self.daemon.resident_bytes()
                client = self.client(mode=mode, receive_buffer=16 * KIB)
                unsent = self.send_until_stalled(client, self.wire())
                self.assert_grown_less(before, 2 * MIB)
                self.client().echo('others are served')
                self.take_everything(client, unsent)
                client.close_orderly()

    def test_a_queue_of_any_size_is_enough_for_its_own_echo(self):
        """What one read brought is answered whole, however little may wait by the settings."""
        sizes = ('1KiB', '16KiB', '64KiB')
        self.start_everywhere(timeouts={'send': '1h'}, routes=[
            configuration.ECHO_ROUTE,
            *({'path': f'/{size}', 'handler': 'echo', 'send_queue': {'size': size}}
              for size in sizes)])
        for size in sizes:
            with self.subTest(size):
                client = self.client(f'/{size}', receive_buffer=16 * KIB)
                self.take_everything(client, self.send_until_stalled(client, self.wire()))
                client.close_orderly()

    def test_the_time_for_a_pong_does_not_run_while_it_is_not_read_from(self):
        self.start_everywhere(timeouts={'send': '1h'},
                              defaults={'ping_interval': '200ms', 'ping_timeout': '800ms'})
        client = self.client(receive_buffer=16 * KIB)
        unsent = self.send_until_stalled(client, self.wire())
        self.drop_one_without_a_pong()
        pings = self.take_everything(client, unsent)
        self.assertGreater(pings, 0, 'no Ping was sent to it')
        client.close()

    def drop_one_without_a_pong(self):
        """When it has been dropped, those that were silent before it should have been, too."""
        witness = self.client()
        self.assertEqual(witness.next_frame('a Ping').opcode, PING)
        witness.expect_end(FIN, RESET)

    def wire(self):
        return b''.join(frames.binary(numbered(number, self.SIZE)) for number in range(self.COUNT))

    def send_until_stalled(self, client, wire):
        """Sends without reading until nothing is taken any more; returns what is left."""
        unsent = memoryview(wire)
        client.sock.setblocking(False)
        while (unsent and client.ending is None and
               select.select([], [client.sock], [], STALL_SECONDS)[1]):
            unsent = unsent[client.send_some(unsent):]
        self.assertIsNone(client.ending, self.daemon.log.tail())
        self.assertGreater(len(unsent), 0, 'the server read everything of a client that read none')
        return unsent

    def take_everything(self, client, unsent):
        """Sends the rest, and compares every echo; returns how many Pings came besides."""
        seen = collections.Counter()

        def take(data):
            client.reader.feed(data)
            while (frame := client.reader.next()) is not None:
                if frame.opcode != PING:
                    self.check_echo(frame, seen[BINARY])
                seen[frame.opcode] += 1
            return seen[BINARY] == self.COUNT

        client.exchange(unsent, take, f'{self.COUNT} echoes')
        return seen[PING]

    def check_echo(self, frame, number):
        self.assertEqual(frame.opcode, BINARY, frame.payload[:80])
        self.assertEqual(frame.payload, numbered(number, self.SIZE), f'echo {number}')

    def test_a_message_of_64_mib_passes_through_in_little_memory(self):
        self.start_everywhere(workers=1, defaults={'max_message_size': '64MiB'})
        client = self.client()
        client.echo('warm')
        before = self.daemon.resident_bytes()
        self.reset_peak()
        payload = numbered(7, 64 * MIB)
        message = client.echo_large(frames.binary(payload))
        self.assertEqual(message.payload, payload)
        limit = 2 * MIB + (NOISE_BYTES if is_sanitized() else 0)
        self.assertLess(self.peak_bytes() - before, limit, 'bytes of resident memory')

    def reset_peak(self):
        Path(f'/proc/{self.daemon.pid}/clear_refs').write_text('5', encoding='ascii')

    def peak_bytes(self):
        status = Path(f'/proc/{self.daemon.pid}/status').read_text(encoding='ascii')
        return int(re.search(r'VmHWM:\s+(\d+) kB', status)[1]) * 1024


class SlowMemberTest(SlowReaderTest):
    """A member that reads nothing is closed with 1013; the others do not notice."""

    ROOM = '/room/slow'
    SIZE = 16 * KIB

    def start_rooms(self, queue='256KiB', **top):
        self.start_everywhere(defaults={'send_queue': {'size': queue}}, **top)

    def members(self, mode, count=1):
        """Members that read nothing, and hold as little as possible in the kernel."""
        return [self.client(self.ROOM, mode, receive_buffer=4 * KIB) for _ in range(count)]

    def publish(self, count):
        """Publishes, one after the other, what another member gets at once."""
        sender, reader = (self.client(self.ROOM) for _ in range(2))
        for number in range(count):
            payload = numbered(number, self.SIZE)
            sender.send(frames.binary(payload))
            reader.expect(BINARY, payload)
        sender.close_orderly()
        reader.close_orderly()

    def test_it_is_closed_with_1013(self):
        self.start_rooms(timeouts={'close': '300ms'})
        for mode in EVERY_TRANSPORT:
            with self.subTest(mode=mode.name):
                position = self.daemon.log.position()
                self.members(mode)
                self.publish(1500)
                self.daemon.log.wait(lambda events, since=position: self.too_slow(events[since:]),
                                     'a line "closed" code=1013')
        self.assertEqual(self.stopped_counter('too_slow'), len(EVERY_TRANSPORT))

    @staticmethod
    def too_slow(events):
        return [event for event in events if event.matches('closed', {'code': 1013})]

    def test_the_log_says_so_without_an_access_log(self):
        self.start_rooms(timeouts={'close': '300ms'}, log={'access': False})
        self.members(LOCAL)
        self.publish(60)
        line = self.daemon.log.wait_for('closed', code=1013)
        self.assertEqual(line.level, 'info')
        self.assertIn('too slow', line.get('reason').lower().replace('-', ' '))
        self.assertEqual(self.daemon.stop(), 0)
        self.assertEqual(self.daemon.log.with_message('stopped')[0].get('too_slow'), 1)

    def test_the_memory_that_it_costs_is_bounded(self):
        self.start_rooms(queue='1MiB', timeouts={'close': '1h'})
        self.publish(100)
        before = self.daemon.resident_bytes()
        self.members(PLAIN, 4)
        self.publish(3000)
        self.assert_grown_less(before, 4 * (1024 + 256) * KIB)

    def test_many_of_them_share_what_waits(self):
        """Publications are counted references: the queue of each is full of the same bytes."""
        self.start_rooms(queue='4MiB')
        self.publish(100)
        before = self.daemon.resident_bytes()
        self.members(LOCAL, 30)
        self.publish(180)
        self.assert_grown_less(before, 4 * MIB)
        self.assertEqual(self.stopped_counter('too_slow'), 0)

    def test_it_gets_a_part_of_the_stream_and_then_1013(self):
        """Whole frames in order, none left out, before the Close: nothing is lost silently."""
        self.start_rooms(timeouts={'close': '1h'})
        for mode in EVERY_TRANSPORT:
            with self.subTest(mode=mode.name):
                member, = self.members(mode)
                self.publish(1500)
                received = self.read_publications(member)
                self.assertLess(received, 1500)
                member.expect_end()

    def read_publications(self, member):
        """Checks each publication up to the Close with 1013; returns how many there were."""
        number = 0
        while True:
            frame = member.next_frame('a publication or a Close')
            if frame.opcode == CLOSE:
                self.assertEqual(frame.code, 1013)
                self.assertTrue(frame.reason)
                return number
            self.assertEqual(frame.payload, numbered(number, self.SIZE), f'publication {number}')
            number += 1

    def test_an_empty_queue_takes_a_message_of_any_size(self):
        self.start_rooms(queue='1KiB')
        member, sender = (self.client(self.ROOM) for _ in range(2))
        payload = numbered(1, MIB)
        for _ in range(3):
            sender.send(frames.binary(payload))
            member.expect(BINARY, payload)
        self.assertEqual(self.stopped_counter('too_slow'), 0)

    def test_a_member_that_reads_again_before_its_queue_is_full_misses_nothing(self):
        self.start_rooms(queue='64MiB')
        for mode in EVERY_TRANSPORT:
            with self.subTest(mode=mode.name):
                member, = self.members(mode)
                self.publish(1000)
                for number in range(1000):
                    member.expect(BINARY, numbered(number, self.SIZE))
                member.close_orderly()

    def test_one_that_is_gone_at_once_is_no_hindrance(self):
        self.start_rooms()
        for end in ('close', 'reset'):
            member, = self.members(PLAIN)
            getattr(member, end)()
            self.publish(100)


class SteadyReaderTest(SlowReaderTest):
    """A member that takes what it is sent, only slowly, lives, and stays in step."""

    PUBLICATIONS = 200
    SIZE = 64 * KIB

    def test_taking_is_a_sign_of_life(self):
        """Its Pong waits behind much that it has not read yet, longer than ping_timeout."""
        self.start_everywhere(workers=1, timeouts={'send': '1h'}, defaults={
            'ping_interval': '200ms', 'ping_timeout': '400ms', 'send_queue': {'size': '32MiB'}})
        reader = self.client('/room/steady', receive_buffer=8 * KIB)
        writer = self.client('/room/steady')
        for number in range(self.PUBLICATIONS):
            writer.send(frames.binary(numbered(number, self.SIZE)))
        writer.send(frames.close(1000))
        for number in range(self.PUBLICATIONS):
            reader_frame = self.next_data(reader)
            self.assertEqual(reader_frame.payload, numbered(number, self.SIZE))
            time.sleep(0.01)  # the subject is a peer that is slow
        reader.send(frames.close(1000))
        reader.skip_to_close(1000)

    @staticmethod
    def next_data(reader):
        """The next publication; a Ping on the way is answered when it has been reached."""
        while (frame := reader.next_frame('a publication')).opcode == PING:
            reader.send(frames.pong(frame.payload))
        return frame

    def test_a_member_never_gets_what_a_sender_is_being_answered(self):
        """One read brings a Ping, and then more publications than a member's queue takes before
        it has been offered to the kernel: the Pong is the sender's own."""
        self.start_everywhere(workers=1, defaults={'send_queue': {'size': '64KiB'}})
        for mode in (PLAIN, SECURE):
            with self.subTest(mode=mode.name):
                member, sender = (self.client(f'/room/{mode.transport}', mode=each)
                                  for each in (mode, PLAIN))
                publications = [numbered(number, 30 * KIB) for number in range(3)]
                for number in range(50):
                    sender.send(frames.ping(b'%d' % number) +
                                b''.join(frames.binary(payload) for payload in publications))
                    sender.expect_pong(b'%d' % number)
                    for payload in publications:
                        member.expect(BINARY, payload)
                member.close_orderly()
                sender.close_orderly()


class OvertakingTest(SlowReaderTest):
    """relay.md G9: Pongs go out at the next frame boundary, and at most one waits."""

    ROOM = '/room/overtaking'
    SIZE = 16 * KIB
    COUNT = 1024

    def start_queueing(self):
        """With one worker, which has queued what was published when it answers the publisher."""
        self.start_everywhere(workers=1, defaults={'send_queue': {'size': '64MiB'}})

    def queue_behind(self, member, own_frames):
        """Lets publications wait for a member, and then the server read what the member sends."""
        other = self.client(self.ROOM)
        for number in range(self.COUNT):
            other.send(frames.binary(numbered(number, self.SIZE)))
        other.send(frames.ping(b'all published'))
        other.expect_pong(b'all published')
        member.send(own_frames + frames.text('after my own frames'))
        other.expect(TEXT, 'after my own frames')
        other.close_orderly()

    def read_all(self, member):
        """All publications, in order; returns (publications before it, payload) of each Pong."""
        pongs = []
        number = 0
        deadline = Deadline('the publications')
        while number < self.COUNT and deadline.remaining():
            frame = member.next_frame('a publication')
            if frame.opcode == PONG:
                pongs.append((number, frame.payload))
                continue
            self.assertEqual(frame.payload, numbered(number, self.SIZE), f'publication {number}')
            number += 1
        return pongs

    def test_a_pong_overtakes_what_is_queued(self):
        self.start_queueing()
        for mode in EVERY_TRANSPORT:
            with self.subTest(mode=mode.name):
                member = self.client(self.ROOM, mode, receive_buffer=4 * KIB)
                self.queue_behind(member, frames.ping(b'overtake'))
                pongs = self.read_all(member)
                self.assertEqual([payload for _, payload in pongs], [b'overtake'])
                self.assertLess(pongs[0][0], self.COUNT // 2, 'publications before the Pong')
                member.close_orderly()

    def test_of_many_pings_the_last_is_answered(self):
        self.start_queueing()
        for mode in EVERY_TRANSPORT:
            with self.subTest(mode=mode.name):
                member = self.client(self.ROOM, mode, receive_buffer=4 * KIB)
                pings = b''.join(frames.ping(b'%d' % number) for number in range(100))
                self.queue_behind(member, pings)
                self.assertEqual([payload for _, payload in self.read_all(member)], [b'99'])
                member.close_orderly()

    def test_pings_without_end_from_a_peer_that_reads_nothing_cost_no_memory(self):
        self.start_everywhere(timeouts={'send': '1h'})
        before = self.daemon.resident_bytes()
        client = self.client(mode=LOCAL)
        flood = frames.ping(b'x' * 125) * 1000
        for _ in range(100):
            client.send(flood)
        self.assert_grown_less(before, 256 * KIB)
        client.send(frames.ping(b'the last'))
        while client.next_frame('the last Pong').payload != b'the last':
            pass
        client.close_orderly()
        self.assertLess(client.seen.count(PONG), 100 * 1000)
