"""Echo: every message comes back as it was sent, whatever its size, type, form and transport."""

import hashlib
import os
import unittest

from harness import certificates, configuration, frames
from harness.case import SharedDaemonTest
from harness.connection import LOCAL, PLAIN, SECURE

TRANSPORTS = (PLAIN, SECURE, LOCAL)
SIZES = (0, 1, 125, 126, 65535, 65536)
LARGE = 16 << 20

# spec: up to 64 KiB as one frame, more as fragments of at least 16 KiB, the last of any size.
WHOLE_BYTES = 64 << 10
LEAST_FRAGMENT_BYTES = 16 << 10


def text_of(size):
    """UTF-8 of exactly so many bytes, with characters of all four lengths."""
    pattern = 'aß€𝄞'.encode()
    return pattern * (size // len(pattern)) + b'.' * (size % len(pattern))


def payload_of(opcode, size):
    return text_of(size) if opcode == frames.TEXT else os.urandom(size)


class EchoTest(SharedDaemonTest):
    """One daemon with the message limit raised, on TCP, TLS and a unix socket."""

    @classmethod
    def configuration(cls):
        path = certificates.directory() / f'echo-{os.getpid()}.sock'
        return configuration.configuration(
            listeners=[*cls.plain_and_secure(), configuration.unix_listener(path)],
            defaults={'max_message_size': '16MiB'})

    def each_way(self):
        return [(mode, opcode) for mode in TRANSPORTS for opcode in (frames.TEXT, frames.BINARY)]

    def check(self, client, opcode, payload, wire):
        """Sends the wire bytes of a message and compares what comes back."""
        message = client.echo_large(wire)
        self.assertEqual(message.opcode, opcode)
        self.assertEqual(len(message.payload), len(payload))
        self.assertEqual(hashlib.sha256(message.payload).hexdigest(),
                         hashlib.sha256(payload).hexdigest())
        self.check_sizes(message.sizes)

    def check_sizes(self, sizes):
        if sum(sizes) <= WHOLE_BYTES:
            self.assertEqual(len(sizes), 1, f'a message of {sum(sizes)} bytes came as {sizes}')
        else:
            self.assertGreaterEqual(min(sizes[:-1], default=LEAST_FRAGMENT_BYTES),
                                    LEAST_FRAGMENT_BYTES, f'fragments of {sizes}')

    def test_every_size_comes_back_whole(self):
        for mode, opcode in self.each_way():
            client = self.client(mode=mode)
            for size in SIZES:
                with self.subTest(mode=mode.name, opcode=opcode, size=size):
                    payload = payload_of(opcode, size)
                    self.check(client, opcode, payload, frames.frame(opcode, payload))
            client.close_orderly()

    def test_every_size_comes_back_from_1000_fragments(self):
        for mode, opcode in self.each_way():
            client = self.client(mode=mode)
            for size in SIZES:
                with self.subTest(mode=mode.name, opcode=opcode, size=size):
                    payload = payload_of(opcode, size)
                    wire = b''.join(frames.fragments(opcode, frames.cut(payload, 1000)))
                    self.check(client, opcode, payload, wire)
            client.close_orderly()

    def test_16_mib_comes_back_whole(self):
        for mode, opcode in self.each_way():
            with self.subTest(mode=mode.name, opcode=opcode):
                client = self.client(mode=mode)
                payload = payload_of(opcode, LARGE)
                self.check(client, opcode, payload, frames.frame(opcode, payload))
                client.close_orderly()

    def test_16_mib_comes_back_from_1000_fragments(self):
        for mode, opcode in self.each_way():
            with self.subTest(mode=mode.name, opcode=opcode):
                client = self.client(mode=mode)
                payload = payload_of(opcode, LARGE)
                wire = b''.join(frames.fragments(opcode, frames.cut(payload, 1000)))
                self.check(client, opcode, payload, wire)
                client.close_orderly()

    def test_messages_in_one_segment_come_back_in_order(self):
        payloads = [f'{number}:{"x" * (number % 300)}'.encode() for number in range(500)]
        for mode in TRANSPORTS:
            with self.subTest(mode=mode.name):
                client = self.client(mode=mode)
                client.send(b''.join(frames.text(payload) for payload in payloads))
                for payload in payloads:
                    client.expect(frames.TEXT, payload)
                client.close_orderly()

    def test_random_sizes_come_back_through_a_small_receive_buffer(self):
        """Back-pressure at every offset: frames must not be torn between queue and kernel."""
        sizes = [int.from_bytes(os.urandom(2), 'big') % 30000 for _ in range(60)]
        payloads = [os.urandom(size) for size in sizes]
        wire = b''.join(frames.binary(payload) for payload in payloads)
        for mode in (PLAIN, SECURE):
            with self.subTest(mode=mode.name):
                client = self.client(mode=mode, receive_buffer=4096)
                received = []

                def take(data, client=client, received=received):
                    client.reader.feed(data)
                    while (frame := client.reader.next()) is not None:
                        received.append(frame.payload)
                    return len(received) == len(payloads)

                client.exchange(wire, take, 'all echoes')
                self.assertEqual(received, payloads)
                client.close_orderly()

    def test_pings_are_answered_between_the_fragments_of_an_echo(self):
        """A long message does not hold up control frames (spec: between fragments)."""
        client = self.client()
        pieces = frames.cut(os.urandom(1 << 20), 16)
        parts = frames.fragments(frames.BINARY, pieces)
        pongs = []
        for number, part in enumerate(parts[:-1]):
            client.send(part + frames.ping(b'%d' % number))
            while len(pongs) <= number:
                frame = client.next_frame('a Pong inside the echo')
                if frame.opcode == frames.PONG:
                    pongs.append(frame.payload)
        self.assertEqual(pongs, [b'%d' % number for number in range(len(parts) - 1)])
        client.send(parts[-1])
        while not client.next_frame('the end of the echo').fin:
            pass
        client.close_orderly()


if __name__ == '__main__':
    unittest.main()
