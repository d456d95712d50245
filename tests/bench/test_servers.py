"""Servers that are measured do what the table of servers says of them: a figure of one that loses
or mixes up messages would be worth nothing."""

import dataclasses
import threading
import time
import unittest

from harness import frames
from harness.client import Client
from harness.connection import Connection, connect_socket, wrap
from harness.handshake import Request
from harness.load import measure
from harness.tools import daemon_binary

from runner import servers
from runner.failure import Failure
from runner.relay import RelayProcess

SERVERS = {server.name: server for server in servers.TABLE}


def address_of(process, tls=False):
    host, _, port = process.address(tls).rpartition(':')
    return host, int(port)


class ServerTest(unittest.TestCase):

    def start(self, server):
        process = server.start()
        self.addCleanup(process.stop)
        return process

    def client(self, process, path='/', tls=False):
        sock = connect_socket(address_of(process, tls))
        self.addCleanup(sock.close)
        return Client(wrap(sock) if tls else sock).open(Request(path))


class PeerTest(ServerTest):
    """Those that the tests need anyway, and wsrelayd as it is measured."""

    NAMES = ('wsrelayd', 'ws', 'websockets')

    def test_they_echo_plain_and_over_tls(self):
        for name in self.NAMES:
            process = self.start(SERVERS[name])
            for tls in (False, True):
                with self.subTest(server=name, tls=tls):
                    client = self.client(process, tls=tls)
                    client.echo('grüße')
                    client.echo(bytes(range(256)) * 4096, frames.BINARY)

    def test_all_others_in_a_room_get_a_message(self):
        for name in self.NAMES:
            with self.subTest(server=name):
                process = self.start(SERVERS[name])
                members = [self.client(process, SERVERS[name].room) for _ in range(3)]
                stranger = self.client(process, '/room/other')
                members[0].send(frames.frame(frames.TEXT, 'first'))
                members[1].expect(frames.TEXT, 'first')
                members[2].expect(frames.TEXT, 'first')
                members[1].send(frames.frame(frames.TEXT, 'second'))
                members[0].expect(frames.TEXT, 'second')
                stranger.send(frames.frame(frames.PING, b''))
                stranger.expect_pong(b'')

    def test_wsrelayd_can_have_idle_connections_and_takes_large_messages(self):
        process = RelayProcess(idle=5)
        self.addCleanup(process.stop)
        self.assertEqual(len(process.sockets), 5)
        data = bytes(8 << 20)
        message = self.client(process, '/large').echo_large(frames.frame(frames.BINARY, data))
        self.assertEqual(message.payload, data)

    def test_a_build_that_cannot_be_started_is_a_failure(self):
        with self.assertRaisesRegex(Failure, 'did not start: .*/nowhere'):
            RelayProcess(path='/nowhere')


class BaselineTest(ServerTest):
    """The floors: nothing is lost, doubled or sent to the wrong one, even when a reader is slow."""

    PUBLICATIONS = 40
    SIZE = 100_000

    def start_baseline(self, name):
        path = daemon_binary().parent / 'bench' / name
        return self.start(dataclasses.replace(SERVERS[name], find=lambda: {'program': path}))

    def connect(self, process):
        sock = connect_socket(address_of(process))
        self.addCleanup(sock.close)
        return Connection(sock)

    def test_the_echoes_return_what_they_get(self):
        for name in ('raw_echo', 'libevent_echo'):
            with self.subTest(server=name):
                connection = self.connect(self.start_baseline(name))
                connection.send(b'bytes')
                self.assertEqual(connection.sock.recv(100), b'bytes')

    def test_connections_that_are_open_at_once_are_not_waited_for(self):
        process = self.start_baseline('raw_echo')
        begun = time.monotonic()
        result = measure('echo', '-c', 1000, '-n', 1000, f'tcp://{process.address(False)}')
        self.assertEqual((result['operations'], result['first_error']), (1000, None))
        self.assertLess(time.monotonic() - begun, 5)  # one wait for 16 of them would take 6.2 s

    def publish(self, member, number):
        for _ in range(self.PUBLICATIONS):
            member.sock.sendall(bytes([number]) * self.SIZE)

    def collect(self, member, counts):
        """Counts the bytes of each publisher until everything that others publish is here."""
        left = (len(counts) - 1) * self.PUBLICATIONS * self.SIZE
        while left > 0:
            data = member.sock.recv(1 << 16)
            if not data:
                return
            left -= len(data)
            for number in range(len(counts)):
                counts[number] += data.count(bytes([number]))

    def test_the_fan_out_gives_every_member_what_all_others_publish(self):
        process = self.start_baseline('raw_fanout')
        members = [self.connect(process) for _ in range(4)]
        members[0].send(b'all are there')
        for member in members[1:]:
            self.assertEqual(member.sock.recv(100), b'all are there')
        counts = [[0] * len(members) for _ in members]
        threads = [threading.Thread(target=self.publish, args=(member, number))
                   for number, member in enumerate(members)]
        threads += [threading.Thread(target=self.collect, args=pair)
                    for pair in zip(members, counts)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        total = self.PUBLICATIONS * self.SIZE
        for number, received in enumerate(counts):
            self.assertEqual(received, [0 if publisher == number else total
                                        for publisher in range(len(members))])

    def test_the_fan_out_goes_on_when_a_member_has_left(self):
        process = self.start_baseline('raw_fanout')
        members = [self.connect(process) for _ in range(4)]
        members[1].sock.close()
        members[0].send(b'more')
        self.assertEqual(members[2].sock.recv(100), b'more')
        members[2].send(b'and more')
        self.assertEqual(members[0].sock.recv(100), b'and more')
        self.assertEqual(members[3].sock.recv(4), b'more')


if __name__ == '__main__':
    unittest.main()
