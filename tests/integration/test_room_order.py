"""Rooms deliver what they promise: clients record what they send and receive, and
tests/checker/check-delivery counts what was lost, doubled, out of order, changed or made up."""

import itertools
import os
import random
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from harness import certificates, configuration, frames
from harness.case import DaemonTest
from harness.connection import LOCAL, PLAIN, SECURE
from harness.crowd import Crowd
from harness.handshake import Request
from harness.members import Member, Records
from harness.tools import REPOSITORY, is_thread_sanitized

CHECKER = REPOSITORY / 'tests' / 'checker' / 'check-delivery'
COUNTS = 8
CHECK_SECONDS = 600
EVERY_TRANSPORT = (PLAIN, SECURE, LOCAL)
QUEUE = '256KiB'
MANY = 1000000

# What memory may grow by while a member reads nothing: its queue, what the pools of the threads
# keep, and for each member over TLS that is behind at the moment the records of one send.
# ThreadSanitizer holds a shadow of four times as much.
GROWTH_BYTES = (8 << 20) * (5 if is_thread_sanitized() else 1)

# Freed memory goes back soon, so that what is resident says something.
ENVIRONMENT = {'ASAN_OPTIONS': os.environ.get('ASAN_OPTIONS', '') +
               ':quarantine_size_mb=1:thread_local_quarantine_size_kb=64'}


def messages(count, seed, sizes=(20, 125, 126, 700, 3000), pieces=(1,)):
    """Text and binary of these sizes, in so many fragments, as chance has it."""
    choice = random.Random(seed)
    for _ in range(count):
        yield choice.choice((frames.TEXT, frames.BINARY)), choice.choice(sizes), \
            choice.choice(pieces)


class RoomOrderTest(DaemonTest):
    """Rooms on plain TCP, TLS and a unix socket, and everything on record."""

    def setUp(self):
        super().setUp()
        self.directory = Path(tempfile.mkdtemp(prefix='wsrelayd-rooms-'))
        self.records = Records(self.directory / 'records.jsonl')
        self.addCleanup(self._remove)
        self.crowd = Crowd()
        self.names = (f'client{number}' for number in itertools.count(1))
        self.own = False

    def _remove(self):
        self.records.close()
        self.records.path.unlink()
        self.directory.rmdir()

    def start_rooms(self, workers, own=False, queue=QUEUE, paths=('/room/{name}',), **top):
        """A room for each name below these paths."""
        self.own = own
        room = {'type': 'broadcast', 'include_sender': own}
        self.start(configuration.configuration(
            routes=[configuration.ECHO_ROUTE, *({'path': path, 'handler': room} for path in paths)],
            listeners=[configuration.PLAIN,
                       configuration.tls_listener([certificates.get('localhost')]),
                       configuration.unix_listener(self.directory / 'socket')],
            workers=workers, defaults={'send_queue': {'size': queue}}, **top),
            environment=ENVIRONMENT)

    # ---- members ----

    def member(self, sock, path='/room/all', host='localhost'):
        """A member of the room of that path and host, not driven by anybody yet."""
        return Member(next(self.names), sock, Request(path, host), f'{host}{path}', self.records,
                      self.own)

    def sockets_of(self, count):
        """So many connections, over all transports."""
        return [self.socket(mode)
                for mode in itertools.islice(itertools.cycle(EVERY_TRANSPORT), count)]

    def join(self, count, **options):
        """So many steady members."""
        return [self.crowd.add(self.member(sock, **options)) for sock in self.sockets_of(count)]

    def publish(self, members, count, **options):
        """Each of these members has so many messages to publish."""
        return [self.crowd.add_sender(member, messages(count, member.name, **options))
                for member in members]

    # ---- verdicts ----

    def check_delivery(self):
        """Eight zeros."""
        self.records.file.flush()
        result = subprocess.run([sys.executable, CHECKER, self.records.path], capture_output=True,
                                text=True, timeout=CHECK_SECONDS, check=False)
        counts = dict(line.split() for line in result.stdout.splitlines())
        self.assertEqual(len(counts), COUNTS, result.stderr)
        self.assertEqual(set(counts.values()), {'0'}, f'{counts}\n{result.stderr}')
        self.assertEqual(result.returncode, 0)

    def finish(self):
        """All leave, none has been closed by the server before, and the records are good."""
        self.crowd.leave()
        self.assertEqual({one.code for one in self.crowd.steady}, {1000})
        self.check_delivery()


class FiftyMembersTest(RoomOrderTest):
    """20 of 50 members send, while one reads nothing and one is killed."""

    MEMBERS = 48
    SENDERS = 20
    MESSAGES = 40

    def check_fifty(self, workers, own):
        self.start_rooms(workers, own, timeouts={'close': '1s'})
        steady = self.join(self.MEMBERS)
        slow = self.member(self.socket(PLAIN, receive_buffer=4096))
        killed = self.crowd.add_passing(self.member(self.socket(PLAIN)))
        self.publish([killed, *steady[:self.SENDERS - 1]], self.MESSAGES)
        self.crowd.run(lambda: killed.received > 100, 'messages for the one to be killed')
        killed.kill()
        self.crowd.run_senders()
        self.overfill(steady[0])
        self.read_rest(slow)
        self.finish()
        self.check_counted()

    def overfill(self, sender):
        """Publishes until the one who reads nothing has been ended for it."""
        before = self.daemon.resident_bytes()
        more = self.crowd.add_sender(sender, messages(MANY, 'more', sizes=(16000,)))
        self.crowd.run(lambda: self.ended_with(1013), 'the end of the one who does not read')
        more.stop()
        self.crowd.run_senders()
        self.assertLess(self.daemon.resident_bytes() - before, GROWTH_BYTES)

    def ended_with(self, code):
        """How many connections the log says were closed with this code."""
        return sum(event.get('code') == code for event in self.daemon.log.with_message('closed'))

    def read_rest(self, member):
        """What the kernel still has of what was sent to it before its queue was full."""
        self.crowd.add_passing(member)
        self.crowd.run(lambda: member.ended, 'the end for the one who did not read')

    def check_counted(self):
        self.assertEqual(self.stopped_counter('too_slow'), 1)
        stopped = self.daemon.log.with_message('stopped')[0]
        self.assertEqual(stopped.get('lost_connections'), 1, 'the one that was killed')
        self.assertEqual(self.ended_with(1013), 1)

    def test_on_four_workers(self):
        self.check_fifty(workers=4, own=False)

    def test_on_one_worker_with_own_messages(self):
        self.check_fifty(workers=1, own=True)


class ChangingRoomTest(RoomOrderTest):
    """Members come and go while others publish."""

    VISITS = 150
    AT_ONCE = 8

    def check_visits(self, workers, end):
        """Visitors join, publish, get some messages, and end in that way."""
        self.start_rooms(workers, timeouts={'handshake': '1m'})
        senders = self.publish(self.join(6), MANY)
        coming = self.sockets_of(self.VISITS)
        self.crowd.on_receipt = lambda: self.come_and_go(coming, end)
        self.crowd.run(lambda: not coming, 'the last visitor')
        self.crowd.on_receipt = lambda: None
        for sender in senders:
            sender.stop()
        self.crowd.run_senders()
        self.finish()

    def come_and_go(self, coming, end):
        """One visitor ends that has got enough, or one joins."""
        present = [one for one in self.crowd.passing if not one.leaving and not one.ended]
        satisfied = [one for one in present if one.received > 20]
        if satisfied:
            end(satisfied[0])
        elif coming and len(present) < self.AT_ONCE:
            visitor = self.crowd.add_passing(self.member(coming.pop()))
            self.publish([visitor], 3)

    @staticmethod
    def kill_in_a_message(member):
        """What has been sent of a message that will never be whole must not be published."""
        member.send(frames.text(f'{member.name} 0 half', fin=False))
        member.kill()

    def test_members_that_come_and_leave_on_four_workers(self):
        self.check_visits(4, Member.leave)

    def test_members_that_come_and_leave_on_one_worker(self):
        self.check_visits(1, Member.leave)

    def test_members_that_come_and_are_killed(self):
        self.check_visits(4, self.kill_in_a_message)

    def test_members_get_all_that_was_accepted_before_the_daemon_is_stopped(self):
        self.start_rooms(4)
        members = self.join(12)
        self.publish(members, MANY)
        self.crowd.run(lambda: members[0].received > 500, 'messages')
        for member in members:
            member.record_left()
        self.daemon.signal(signal.SIGTERM)
        self.crowd.run_to_end()
        self.assertEqual({member.code for member in members}, {1001})
        self.check_delivery()
        self.assertEqual(self.daemon.wait_exit(), 0)


class RoomOfMessagesTest(RoomOrderTest):
    """Messages of every size and form."""

    SIZES = (20, 125, 126, 4096, 4097, 65535, 65536, 65537, 300000, 1 << 20)

    def check_sizes(self, workers, own, count, **options):
        self.start_rooms(workers, own, queue='8MiB')
        self.publish(self.join(9)[:4], count, **options)
        self.crowd.run_senders()
        self.finish()

    def test_sizes_up_to_the_limit(self):
        self.check_sizes(4, True, 25, sizes=self.SIZES)

    def test_messages_in_fragments(self):
        self.check_sizes(4, False, 40, sizes=(20, 126, 4097, 66000), pieces=(1, 2, 3, 50))

    def test_large_messages_in_fragments_on_one_worker(self):
        self.check_sizes(1, False, 10, sizes=self.SIZES, pieces=(1, 2, 100))


class ManyRoomsTest(RoomOrderTest):
    """Rooms are apart, whatever they have in common."""

    def check_rooms(self, workers):
        self.start_rooms(workers, paths=('/room/{name}', '/other/{name}'))
        for number in range(20):
            for path, host in ((f'/room/{number}', 'localhost'), (f'/room/{number}', 'example'),
                               (f'/other/{number}', 'localhost')):
                self.publish(self.join(3, path=path, host=host), 10)
        self.crowd.run_senders()
        self.finish()

    def test_rooms_of_one_name_and_other_paths_and_hosts_on_four_workers(self):
        self.check_rooms(4)

    def test_rooms_of_one_name_and_other_paths_and_hosts_on_one_worker(self):
        self.check_rooms(1)


if __name__ == '__main__':
    unittest.main()
