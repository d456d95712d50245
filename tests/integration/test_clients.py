"""Clients that others have written: Python's websockets, npm's ws, curl, openssl and netcat."""

import asyncio
import functools
import select
import ssl
import subprocess
import unittest
from pathlib import Path

from harness import certificates, configuration, frames
from harness.case import SharedDaemonTest
from harness.deadline import Deadline
from harness.handshake import SAMPLE_ACCEPT, SAMPLE_KEY, Request
from harness.tools import require, require_node_module, require_websockets

CLIENTS = Path(__file__).resolve().parent / 'clients'
SECONDS = 60
SIZES = (0, 1, 125, 126, 65535, 65536, 1 << 20)

ROUTES = [
    configuration.ECHO_ROUTE,
    configuration.ROOM_ROUTE,
    {'path': '/small', 'handler': 'echo', 'max_message_size': '100B'},
    {'path': '/subprotocols', 'handler': 'echo', 'subprotocols': ['alpha', 'beta']},
    {'path': '/origins', 'handler': 'echo', 'origins': ['https://example.org']},
]


class ClientsTest(SharedDaemonTest):
    """Plain TCP, TLS with a certificate that clients verify, and a unix socket."""

    @classmethod
    def configuration(cls):
        cls.path = certificates.directory() / 'clients.sock'
        listeners = [*cls.plain_and_secure(), configuration.unix_listener(cls.path)]
        return configuration.configuration(ROUTES, listeners)

    def port(self, listener='plain'):
        return self.daemon.address(listener)[1]

    def urls(self):
        """By name; the names in the certificate are those that clients connect to."""
        return {'plain': f'ws://127.0.0.1:{self.port()}/',
                'secure': f'wss://localhost:{self.port("secure")}/'}

    @property
    def authority(self):
        return certificates.directory() / 'ca.pem'

    def run_program(self, *command, data=b'', **options):
        """Runs a program to its end; returns its result."""
        return subprocess.run([str(word) for word in command], input=data, capture_output=True,
                              timeout=SECONDS, check=False, **options)

    @staticmethod
    def output_until(ending, *command, data=b''):
        """What a program, given data, writes until this ending; then it is killed."""
        with subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
            try:
                process.stdin.write(data)
                process.stdin.flush()
                return read_until(process.stdout, ending)
            finally:
                process.kill()


class WebsocketsTest(ClientsTest):
    """Python's websockets."""

    def setUp(self):
        super().setUp()
        self.websockets = require_websockets()
        self.tls = ssl.create_default_context(cafile=self.authority)

    def talk(self, conversation):
        """Runs a conversation over every transport."""
        for transport in (*self.urls(), 'local'):
            with self.subTest(transport=transport):
                connect = functools.partial(self.connect, transport)
                asyncio.run(asyncio.wait_for(conversation(connect), SECONDS))

    def connect(self, transport, path='', **options):
        if transport == 'local':
            return self.websockets.unix_connect(str(self.path), f'ws://localhost/{path}', **options)
        tls = self.tls if transport == 'secure' else None
        return self.websockets.connect(self.urls()[transport] + path, ssl=tls, **options)

    def test_messages_of_every_size_come_back(self):
        async def conversation(connect):
            async with connect() as client:
                for size in SIZES:
                    for message in ('ä' * (size // 2) + '.' * (size % 2), bytes(size)):
                        await client.send(message)
                        self.assertEqual(await client.recv(), message)
        self.talk(conversation)

    def test_compression_is_declined(self):
        async def conversation(connect):
            async with connect(compression='deflate') as client:
                self.assertEqual(client.extensions, [])
                self.assertNotIn('Sec-WebSocket-Extensions', client.response_headers)
        self.talk(conversation)

    def test_fragments_come_back_as_one_message(self):
        async def conversation(connect):
            async with connect() as client:
                await client.send(['one ', '', 'two ', 'three'])
                self.assertEqual(await client.recv(), 'one two three')
        self.talk(conversation)

    def test_pings_are_answered(self):
        async def conversation(connect):
            async with connect() as client:
                for payload in (b'', b'x' * 125):
                    await (await client.ping(payload))
        self.talk(conversation)

    def test_close_codes_come_back(self):
        async def conversation(connect):
            for code in (1000, 1001, 1008, 3000, 4999):
                client = await connect()
                await client.close(code, 'good bye')
                self.assertEqual(client.close_code, code)
        self.talk(conversation)

    def test_a_message_over_the_limit_is_closed_with_1009(self):
        async def conversation(connect):
            async with connect('small') as client:
                await client.send('x' * 101)
                with self.assertRaises(self.websockets.ConnectionClosedError) as caught:
                    await client.recv()
                self.assertEqual(caught.exception.rcvd.code, 1009)
                self.assertNotEqual(caught.exception.rcvd.reason, '')
        self.talk(conversation)

    def test_the_preferred_subprotocol_is_selected(self):
        async def conversation(connect):
            async with connect('subprotocols', subprotocols=['unknown', 'beta', 'alpha']) as client:
                self.assertEqual(client.subprotocol, 'alpha')
        self.talk(conversation)

    def test_refusals_have_a_status(self):
        async def conversation(connect):
            for path, options, status in (('nowhere', {}, 404),
                                          ('origins', {'origin': 'https://example.com'}, 403)):
                with self.assertRaises(self.websockets.InvalidStatusCode) as caught:
                    await connect(path, **options)
                self.assertEqual(caught.exception.status_code, status)
        self.talk(conversation)

    def test_a_room_carries_messages_in_one_order(self):
        async def conversation(connect):
            members = [await connect('room/python') for _ in range(4)]
            for number in range(20):
                await members[number % 2].send(str(number))
            orders = [[await member.recv() for _ in range(20)] for member in members[2:]]
            self.assertEqual(orders[0], orders[1])
            self.assertEqual(sorted(orders[0], key=int), [str(number) for number in range(20)])
            for member in members:
                await member.close()
        self.talk(conversation)


class NodeTest(ClientsTest):
    """npm's ws."""

    def talk(self, conversation):
        node, environment = require_node_module('ws')
        for name, url in self.urls().items():
            with self.subTest(transport=name):
                result = self.run_program(node, CLIENTS / 'ws.js', conversation, url,
                                          self.authority, env=environment)
                self.assertEqual(result.returncode, 0, result.stderr.decode())

    def test_messages_of_every_size_come_back(self):
        self.talk('sizes')

    def test_fragments_come_back_as_one_message(self):
        self.talk('fragments')

    def test_pings_are_answered(self):
        self.talk('ping')

    def test_close_codes_come_back(self):
        self.talk('close')

    def test_a_message_over_the_limit_is_closed_with_1009(self):
        self.talk('tooBig')

    def test_the_preferred_subprotocol_is_selected(self):
        self.talk('protocols')

    def test_a_refusal_has_a_status(self):
        self.talk('refused')

    def test_a_room_carries_messages(self):
        self.talk('room')


class CurlTest(ClientsTest):
    """curl: an HTTP client sees HTTP."""

    UPGRADE = [word for name, value in Request(key=SAMPLE_KEY).fields if name != 'Host'
               for word in ('-H', f'{name}: {value}')]

    def fetch(self, path, *options):
        """Status and body of a complete answer, from both listeners."""
        for scheme, port in (('http', self.port()), ('https', self.port('secure'))):
            with self.subTest(scheme=scheme):
                result = self.run_program(
                    require('curl'), '-sS', '--http1.1', '--cacert', self.authority, *options,
                    '-D', '-', f'{scheme}://localhost:{port}{path}', '--ipv4')
                self.assertEqual(result.returncode, 0, result.stderr)
                head, _, body = result.stdout.decode().partition('\r\n\r\n')
                yield head.split('\r\n'), body

    def assert_status(self, status, path, *options, connection='Connection: close', fields=()):
        for lines, body in self.fetch(path, *options):
            self.assertTrue(lines[0].startswith(f'HTTP/1.1 {status} '), lines)
            self.assertRegex(body, r'^[ -~]+\n?$')
            self.assertIn(connection, lines)
            for field in fields:
                self.assertIn(field, lines)

    def assert_told_to_upgrade(self, *options):
        self.assert_status(426, '/', *options, connection='Connection: close, Upgrade',
                           fields=('Upgrade: websocket', 'Sec-WebSocket-Version: 13'))

    def test_a_page_request_is_told_to_upgrade(self):
        self.assert_told_to_upgrade()

    def test_an_older_version_is_told_to_upgrade(self):
        options = [option.replace('Version: 13', 'Version: 8') for option in self.UPGRADE]
        self.assert_told_to_upgrade(*options)

    def test_an_unknown_path_is_not_found(self):
        self.assert_status(404, '/nowhere', *self.UPGRADE)

    def test_a_post_is_not_allowed(self):
        self.assert_status(405, '/', '-X', 'POST', *self.UPGRADE, fields=('Allow: GET',))

    def test_a_foreign_origin_is_forbidden(self):
        self.assert_status(403, '/origins', *self.UPGRADE, '-H', 'Origin: https://example.com')

    def test_a_missing_key_is_malformed(self):
        key = next(option for option in self.UPGRADE if option.startswith('Sec-WebSocket-Key'))
        self.assert_status(400, '/', *self.UPGRADE[:self.UPGRADE.index(key) - 1],
                           *self.UPGRADE[self.UPGRADE.index(key) + 1:])

    def test_an_upgrade_is_accepted(self):
        for scheme, port in (('http', self.port()), ('https', self.port('secure'))):
            with self.subTest(scheme=scheme):
                head = self.output_until(
                    b'\n< \r\n', require('curl'), '-sv', '--http1.1', '--ipv4',
                    '--cacert', self.authority, *self.UPGRADE, f'{scheme}://localhost:{port}/')
                self.assertIn(b'\n< HTTP/1.1 101 ', head)
                self.assertIn(f'\n< Sec-WebSocket-Accept: {SAMPLE_ACCEPT}\r\n'.encode(), head)


def read_until(stream, ending):
    """Reads until the output has this ending, or ends itself."""
    deadline = Deadline(f'{ending!r} from the program', SECONDS)
    output = b''
    while not output.endswith(ending):
        if not select.select([stream], [], [], deadline.remaining())[0]:
            continue
        data = stream.read1()
        if not data:
            raise AssertionError(f'the end instead of {ending!r}; before it: {output!r}')
        output += data
    return output


class OpensslTest(ClientsTest):
    """openssl s_client: TLS as OpenSSL's own client sees it."""

    def command(self, *options):
        return (require('openssl'), 's_client', '-connect', f'127.0.0.1:{self.port("secure")}',
                '-servername', 'localhost', '-CAfile', self.authority, '-verify_return_error',
                '-verify_hostname', 'localhost', *options)

    def test_a_websocket_over_either_version(self):
        request = Request(key=SAMPLE_KEY).encode() + frames.text('hello', key=b'mask')
        for version in ('-tls1_2', '-tls1_3'):
            with self.subTest(version=version):
                output = self.output_until(b'\x81\x05hello', *self.command(version, '-quiet'),
                                           data=request)
                self.assertIn(f'Sec-WebSocket-Accept: {SAMPLE_ACCEPT}\r\n'.encode(), output)

    def test_http_1_1_is_agreed_on(self):
        result = self.run_program(*self.command('-alpn', 'h2,http/1.1'))
        self.assertIn(b'ALPN protocol: http/1.1\n', result.stdout)
        self.assertIn(b'Verify return code: 0 (ok)\n', result.stdout)

    def test_older_versions_are_refused(self):
        for version in ('-tls1', '-tls1_1'):
            with self.subTest(version=version):
                result = self.run_program(*self.command(version, '-cipher', 'ALL:@SECLEVEL=0'))
                self.assertNotEqual(result.returncode, 0)
                self.assertIn(b'alert protocol version', result.stderr)


class NetcatTest(ClientsTest):
    """The handshake of RFC 6455 section 1.3, from a shell."""

    # The request, and an empty Close so that the daemon ends the connection.
    SCRIPT = (r"printf 'GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
              r"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
              r"Sec-WebSocket-Version: 13\r\n\r\n\210\200\0\0\0\0' | nc 127.0.0.1 ")

    def test_the_sample_handshake_gives_the_sample_answer(self):
        require('nc')
        result = self.run_program('sh', '-c', self.SCRIPT + str(self.port()))
        lines = result.stdout.split(b'\r\n')
        self.assertTrue(lines[0].startswith(b'HTTP/1.1 101 '), lines)
        self.assertIn(b'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=', lines)


if __name__ == '__main__':
    unittest.main()
