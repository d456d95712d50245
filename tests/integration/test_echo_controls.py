"""The controls of an echo, each with Python's websockets, and what each refuses."""

import asyncio
import time
import unittest
from urllib.parse import urlencode

from harness import configuration, frames
from harness.case import DaemonTest, SharedDaemonTest
from harness.connection import FIN
from harness.deadline import Stopwatch
from harness.handshake import Request
from harness.tools import require_websockets

SECONDS = 60

ROUTES = [
    configuration.ECHO_ROUTE,
    {'path': '/shaped', 'handler': {'type': 'echo', 'controls': True},
     'subprotocols': ['alpha'], 'max_message_size': '16MiB'},
    {'path': '/small', 'handler': {'type': 'echo', 'controls': True,
                                   'queue': {'messages': 2, 'size': '1KiB'}}},
    {'path': '/greeting', 'handler': {'type': 'echo', 'controls': True,
                                      'greeting': 'Request served by grün'}},
    {'path': '/short', 'handler': {'type': 'echo', 'controls': True}, 'ping_timeout': '500ms'},
    {'path': '/impatient', 'handler': {'type': 'echo', 'controls': True}, 'idle_timeout': '2s'},
]

# Parameters, and what the answer says of them after "PARAMETER: ".
BAD_VALUES = [
    ('delay', '60001', '"60001" is not a whole number from 0 to 60000.'),
    ('delay', '-1', '"-1" is not a whole number from 0 to 60000.'),
    ('delay', '1s', '"1s" is not a whole number from 0 to 60000.'),
    ('jitter', '60001', '"60001" is not a whole number from 0 to 60000.'),
    ('drop', '101', '"101" is not a whole number from 0 to 100.'),
    ('drop', '10%', 'a percent sign is not followed by two hex digits.'),
    ('chunk', '0', '"0" is not a whole number from 1 to 16777216.'),
    ('chunk', '16777217', '"16777217" is not a whole number from 1 to 16777216.'),
    ('repeat', '0', '"0" is not a whole number from 1 to 1000.'),
    ('repeat', '1001', '"1001" is not a whole number from 1 to 1000.'),
    ('close', '999', '"999" is not 1005, 1006 or a code that a Close frame may have.'),
    ('close', '1015', '"1015" is not 1005, 1006 or a code that a Close frame may have.'),
    ('close', '5000', '"5000" is not 1005, 1006 or a code that a Close frame may have.'),
    ('reason', 'x', 'there is no close with a code that is sent.'),
    ('reason', '%FF', '"%FF" is not UTF-8 of at most 123 bytes.'),
    ('reason', 'x' * 124, f'"{"x" * 64}" is not UTF-8 of at most 123 bytes.'),
    ('after', '1000001', '"1000001" is not a whole number from 0 to 1000000.'),
    ('after', '1', 'there is no close.'),
    ('status', '299', '"299" is not a whole number from 300 to 599.'),
    ('status', '600', '"600" is not a whole number from 300 to 599.'),
    ('subprotocol', '', '"" is not a token of at most 64 bytes.'),
    ('subprotocol', 'a,b', '"a,b" is not a token of at most 64 bytes.'),
    ('subprotocol', 'x' * 65, f'"{"x" * 64}" is not a token of at most 64 bytes.'),
    ('ping', '99', '"99" is not a whole number from 100 to 3600000.'),
    ('ping', '3600001', '"3600001" is not a whole number from 100 to 3600000.'),
    ('max_age', '99', '"99" is not a whole number from 100 to 86400000.'),
    ('max_age', '86400001', '"86400001" is not a whole number from 100 to 86400000.'),
    ('info', '2', '"2" is not a whole number from 0 to 1.'),
]


class ControlsTest(SharedDaemonTest):
    """Routes with controls."""

    @classmethod
    def configuration(cls):
        return configuration.configuration(ROUTES, cls.plain_and_secure())

    def setUp(self):
        super().setUp()
        self.websockets = require_websockets()

    def shaped(self, path='shaped', headers=None, subprotocols=None, **controls):
        """A client of the package, whose own Pings are off."""
        port = self.daemon.address('plain')[1]
        return self.websockets.connect(f'ws://127.0.0.1:{port}/{path}?{urlencode(controls)}',
                                       ping_interval=None, max_size=None, subprotocols=subprotocols,
                                       extra_headers=headers)

    @staticmethod
    def run_async(conversation):
        asyncio.run(asyncio.wait_for(conversation(), SECONDS))

    async def assert_closed(self, client, code, reason=''):
        with self.assertRaises(self.websockets.ConnectionClosed):
            await client.recv()
        self.assertEqual((client.close_code, client.close_reason), (code, reason))


class ShapeTest(ControlsTest):
    """What becomes of messages."""

    def test_delay(self):
        async def conversation():
            async with self.shaped(delay=200) as client:
                start = time.monotonic()
                await client.send('late')
                await client.send(b'later')
                self.assertEqual(await client.recv(), 'late')
                self.assertGreaterEqual(time.monotonic() - start, 0.2)
                self.assertEqual(await client.recv(), b'later')
        self.run_async(conversation)

    def test_jitter_keeps_the_order(self):
        async def conversation():
            async with self.shaped(delay=10, jitter=100) as client:
                for number in range(50):
                    await client.send(str(number))
                for number in range(50):
                    self.assertEqual(await client.recv(), str(number))
        self.run_async(conversation)

    def test_jitter_is_at_random_and_bounded(self):
        async def conversation():
            async with self.shaped(jitter=60) as client:
                took = []
                for _ in range(20):
                    stopwatch = Stopwatch()
                    await client.send('x')
                    await client.recv()
                    stopwatch.check(0, 0.06)
                    took.append(stopwatch.seconds())
                # All of them below a third of it: once in three thousand million runs.
                self.assertGreater(max(took), 0.02)
        self.run_async(conversation)

    def test_drop(self):
        async def conversation():
            for percent, least, most in ((0, 1000, 1000), (50, 350, 650), (100, 0, 0)):
                async with self.shaped(drop=percent, close=1000, after=1001) as client:
                    for number in range(1000):
                        await client.send(str(number))
                    await client.send('last')
                    received = [message async for message in client if message != 'last']
                    self.assertEqual(received, sorted(received, key=int))
                    self.assertTrue(least <= len(received) <= most, len(received))
        self.run_async(conversation)

    def test_chunk(self):
        """Frames are looked at by the harness's own client; that of the package joins them."""
        for size, chunk, sizes in ((10, 4, [4, 4, 2]), (8, 4, [4, 4]), (4, 4, [4]), (3, 4, [3]),
                                   (0, 4, [0]), (70000, 65536, [65536, 4464])):
            with self.subTest(size=size, chunk=chunk):
                client = self.client(f'/shaped?chunk={chunk}')
                self.assertEqual(client.echo('x' * size).sizes, sizes)
                client.close_orderly()

        async def conversation():
            async with self.shaped(chunk=1) as client:
                await client.send('größe' * 1000)
                self.assertEqual(await client.recv(), 'größe' * 1000)
        self.run_async(conversation)

    def test_pings_are_answered_between_fragments(self):
        client = self.client('/shaped?chunk=1&repeat=1000', receive_buffer=4096)
        client.send(frames.text('x' * 1000) + frames.ping(b'now'))
        seen = 0
        while client.next_frame().opcode != frames.PONG:
            seen += 1
        self.assertLess(seen, 1000 * 1000)
        client.send(frames.close(1000))
        client.skip_to_close(1000)

    def test_repeat(self):
        async def conversation():
            async with self.shaped(repeat=1000, chunk=3) as client:
                await client.send('again')
                await client.send(b'and again')
                for message in ['again'] * 1000 + [b'and again'] * 1000:
                    self.assertEqual(await client.recv(), message)
        self.run_async(conversation)

    def test_a_full_queue_pauses_reading(self):
        """Two messages wait; the others come as there is room, and none is lost."""
        async def conversation():
            async with self.shaped('small', delay=50) as client:
                start = time.monotonic()
                for number in range(7):
                    await client.send(str(number) * 300)
                for number in range(7):
                    self.assertEqual(await client.recv(), str(number) * 300)
                self.assertGreaterEqual(time.monotonic() - start, 0.2)
        self.run_async(conversation)

    def test_large_messages_many_times(self):
        """What the daemon holds is bounded by its queues; what a slow reader gets is complete."""
        async def conversation():
            async with self.shaped(repeat=20) as client:
                message = bytes(range(256)) * 4096
                await client.send(message)
                for _ in range(20):
                    self.assertEqual(await client.recv(), message)
        self.run_async(conversation)


class EndTest(ControlsTest):
    """Handshakes, times and ends."""

    def test_close_at_once(self):
        async def conversation():
            for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1011, 1012, 1013, 3000, 4999):
                async with self.shaped(close=code) as client:
                    await self.assert_closed(client, code)
        self.run_async(conversation)

    def test_close_after_messages_with_a_reason(self):
        reason = 'schön & gut, 100 %'

        async def conversation():
            async with self.shaped(close=4000, reason=reason, after=2, delay=20) as client:
                for message in ('one', 'two', 'three'):
                    await client.send(message)
                self.assertEqual(await client.recv(), 'one')
                self.assertEqual(await client.recv(), 'two')
                await self.assert_closed(client, 4000, reason)
        self.run_async(conversation)
        line = self.daemon.log.wait_for('closed', code=4000)
        self.assertIn('gut, 100 %', line.get('reason'))

    def test_close_without_a_code_and_without_a_frame(self):
        async def conversation():
            async with self.shaped(close=1005, after=1) as client:
                await client.send('one')
                self.assertEqual(await client.recv(), 'one')
                await self.assert_closed(client, 1005)
            async with self.shaped(close=1006, after=1) as client:
                await client.send('one')
                self.assertEqual(await client.recv(), 'one')
                await self.assert_closed(client, 1006)
        self.run_async(conversation)

    def test_an_end_without_a_frame_comes_behind_all_that_was_asked_for(self):
        async def conversation(size, repeat):
            async with self.shaped(close=1006, after=1, repeat=repeat) as client:
                await client.send(bytes(size))
                for _ in range(repeat):
                    self.assertEqual(len(await client.recv()), size)
                await self.assert_closed(client, 1006)
        for size, repeat in ((2000, 100), (500000, 20)):
            with self.subTest(size=size):
                self.run_async(lambda size=size, repeat=repeat: conversation(size, repeat))

    def test_who_takes_echoes_slowly_is_not_idle(self):
        """What the peer's reading brings out is sent without a message of its own coming in."""
        size, repeat = 16384, 800
        client = self.client(f'/impatient?repeat={repeat}', receive_buffer=8192)
        client.send(frames.binary(bytes(size)))
        stopwatch = Stopwatch()
        for _ in range(repeat):
            self.assertEqual(len(client.next_frame('a copy').payload), size)
            if stopwatch.seconds() < 3:
                time.sleep(0.005)
        self.assertGreater(stopwatch.seconds(), 2)
        client.close_orderly()

    def test_status(self):
        async def conversation():
            for status in (401, 403, 404, 418, 426, 429, 500, 503, 599):
                with self.assertRaises(self.websockets.InvalidStatusCode) as caught:
                    await self.shaped(status=status)
                self.assertEqual(caught.exception.status_code, status)
        self.run_async(conversation)
        # The package would follow redirects, of which these have no target.
        for status in (300, 302, 418):
            self.assert_refused(Request(f'/shaped?status={status}'), status)

    def test_a_status_that_has_no_content(self):
        connection = self.connect()
        connection.send(Request('/shaped?status=304').encode())
        ending, answer = connection.read_end()
        head, _, content = answer.partition(b'\r\n\r\n')
        self.assertEqual((ending, content), (FIN, b''))
        self.assertTrue(head.startswith(b'HTTP/1.1 304 Not Modified\r\n'), head)

    def test_subprotocol(self):
        async def conversation():
            async with self.shaped(subprotocol='beta', subprotocols=['alpha', 'beta']) as client:
                self.assertEqual(client.subprotocol, 'beta')
            async with self.shaped(subprotocols=['alpha', 'beta']) as client:
                self.assertEqual(client.subprotocol, 'alpha')
            # One that was not offered: the client must fail the connection.
            with self.assertRaises(self.websockets.NegotiationError):
                await self.shaped(subprotocol='gamma', subprotocols=['alpha'])
        self.run_async(conversation)

    def test_ping(self):
        client = self.client('/short?ping=100')
        for _ in range(3):
            self.assertEqual(client.next_frame('a Ping').opcode, frames.PING)
            client.send(frames.pong())
        client.echo()
        # Whoever does not answer is dropped after the route's ping_timeout.
        self.assertEqual(client.next_frame('a Ping').opcode, frames.PING)
        client.expect_end('FIN', 'reset')

    def test_max_age(self):
        async def conversation():
            async with self.shaped(max_age=300) as client:
                start = time.monotonic()
                await client.send('in time')
                self.assertEqual(await client.recv(), 'in time')
                await self.assert_closed(client, 1001, 'the connection has reached its maximum age')
                self.assertGreaterEqual(time.monotonic() - start, 0.25)
        self.run_async(conversation)

    def test_greeting(self):
        async def conversation():
            for controls in ({}, {'delay': 100}):
                async with self.shaped('greeting', **controls) as client:
                    await client.send('hello')
                    self.assertEqual(await client.recv(), 'Request served by grün')
                    self.assertEqual(await client.recv(), 'hello')
            async with self.shaped('greeting', info=1) as client:
                self.assertEqual((await client.recv())[0], '{')
                self.assertEqual(await client.recv(), 'Request served by grün')
        self.run_async(conversation)


class LargeInfoTest(DaemonTest):
    """More to tell at first than may wait."""

    def test_what_follows_waits_for_the_reader(self):
        self.start_with(limits={'header_size': '1MiB'},
                        routes=[configuration.ECHO_ROUTE,
                                {'path': '/large', 'handler': {'type': 'echo', 'controls': True,
                                                               'greeting': 'hello'}}])
        request = Request('/large?info=1&close=4000').add('X-Large', '\xff' * ((1 << 20) - 1000))
        client = self.client(request=request)
        self.assertGreater(len(client.next_message().payload), 4 << 20)
        self.assertEqual(client.next_message().payload, b'hello')
        client.expect_close(4000)


class RefusalTest(ControlsTest):
    """400, and a sentence that names the parameter."""

    def refusal(self, query):
        return self.assert_refused(Request(f'/shaped?{query}'), 400).body.decode().rstrip('\n')

    def test_bad_values_are_named(self):
        for name, value, problem in BAD_VALUES:
            pair = 'close=1000&' if name == 'reason' and value != 'x' else ''
            with self.subTest(name=name, value=value):
                self.assertEqual(self.refusal(f'{pair}{name}={value}'), f'{name}: {problem}')

    def test_every_control_has_a_refusal_here(self):
        """The names are those of the manual page, which a unit test compares with the source."""
        self.assertEqual({name for name, _, _ in BAD_VALUES},
                         {'delay', 'jitter', 'drop', 'chunk', 'repeat', 'close', 'reason', 'after',
                          'status', 'subprotocol', 'ping', 'max_age', 'info'})

    def test_unknown_parameters_are_named(self):
        self.assertEqual(self.refusal('dealy=5'), '"dealy" is no parameter of this echo.')
        self.assertEqual(self.refusal('delay=5&<b>=1'), '"<b>" is no parameter of this echo.')

    def test_repeated_parameters_are_named(self):
        for name in ('delay', 'drop', 'close'):
            value = 1000 if name == 'close' else 1
            self.assertEqual(self.refusal(f'{name}={value}&{name}={value}'),
                             f'{name} stands twice.')

    def test_without_controls_a_query_means_nothing(self):
        for query in ('delay=60000', 'delay=x', 'close=1000', 'status=500', 'nonsense'):
            client = self.client(f'/?{query}')
            client.echo('plain')
            client.close_orderly()


if __name__ == '__main__':
    unittest.main()
