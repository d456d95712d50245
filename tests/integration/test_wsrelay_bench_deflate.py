"""wsrelay-bench --deflate: against npm's ws, and against servers that compress in every way."""

import json
import subprocess
import unittest
import zlib
from pathlib import Path

from harness import frames, load
from harness.frames import BINARY
from harness.load import ScriptedServer, accepting, measure, sent
from harness.tools import require_node_module

SERVER = Path(__file__).resolve().parent / 'clients' / 'deflate_server.js'
TAIL = b'\x00\x00\xff\xff'
RSV1 = 4


class NodeTest(unittest.TestCase):
    """npm's ws compresses every message."""

    def start(self, **options):
        """Returns the URL of a server with these options."""
        node, environment = require_node_module('ws')
        process = subprocess.Popen([node, SERVER, json.dumps(options)], env=environment, text=True,
                                   stdout=subprocess.PIPE)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return f'ws://127.0.0.1:{process.stdout.readline().strip()}'

    def test_messages_come_back_with_every_negotiation(self):
        for options in ({}, {'serverNoContextTakeover': True}, {'clientNoContextTakeover': True},
                        {'serverMaxWindowBits': 9}):
            with self.subTest(options):
                url = self.start(**options)
                for words in (['-s', '0-5000'], ['-s', '0-5000', '--text', '-f', 4],
                              ['-s', '1MiB', '-c', 2], ['-s', '0-300', '--no-verify']):
                    result = measure('echo', '-n', 64, '-c', 8, '--deflate', *words, url)
                    self.assertEqual((result['operations'], result['first_error']), (64, None))
                result = measure('fanout', '-n', 60, '-c', 3, '-f', 2, '-s', '16-5000', '--text',
                                 '--deflate', url + '/room')
                self.assertEqual((result['operations'], result['first_error']), (60, None))


class ScriptedTest(unittest.TestCase):
    """What arrives, and what may come back."""

    def measure(self, compress, extension='permessage-deflate', **options):
        """Three messages to a server that answers with compress(payload, its own compressor)."""
        compressor = zlib.compressobj(wbits=-15)

        def behave(peer, number, opcode, payload):
            self.assertEqual(peer.reserved, RSV1)
            plain = zlib.decompress(payload + TAIL + b'\x03\x00', wbits=-15)
            return compress(plain, compressor)

        def answer(request):
            self.assertIn(b'\r\nSec-WebSocket-Extensions: permessage-deflate\r\n', request)
            return accepting(request, Sec_WebSocket_Extensions=extension)
        server = ScriptedServer(behave, answer)
        self.addCleanup(server.stop)
        return measure('echo', '-c', 1, '-n', 3, '-s', 500, '--timeout', 2, '--deflate',
                       server.url)

    def assert_faultless(self, result):
        self.assertEqual((result['operations'], result['first_error']), (3, None))

    @staticmethod
    def with_context(plain, compressor):
        return (compressor.compress(plain) + compressor.flush(zlib.Z_SYNC_FLUSH))[:-4]

    def test_messages_that_refer_to_those_before(self):
        self.assert_faultless(self.measure(
            lambda plain, compressor: sent(BINARY, self.with_context(plain, compressor),
                                           rsv=RSV1)))

    def test_messages_in_fragments_and_not_compressed_at_all(self):
        def fragments(plain, compressor):
            data = self.with_context(plain, compressor)
            return (sent(BINARY, data[:3], fin=False, rsv=RSV1)
                    + sent(frames.CONTINUATION, b'', fin=False) + sent(frames.PING, b'')
                    + sent(frames.CONTINUATION, data[3:]))
        self.assert_faultless(self.measure(fragments))
        self.assert_faultless(self.measure(lambda plain, _: sent(BINARY, plain)))

    def test_a_final_block_ends_a_message_too(self):
        def final(plain, _):
            compressor = zlib.compressobj(wbits=-15)
            return sent(BINARY, compressor.compress(plain) + compressor.flush() + b'\x00',
                        rsv=RSV1)
        self.assert_faultless(self.measure(final))

    def test_what_is_wrong_inside_the_compression(self):
        for compress, sentence in (
                (lambda plain, compressor: sent(BINARY, b'\xff' * 9, rsv=RSV1), 'broken'),
                (lambda plain, compressor: sent(
                    BINARY, self.with_context(plain[:-1], compressor), rsv=RSV1), 'shorter'),
                (lambda plain, compressor: sent(
                    BINARY, self.with_context(plain + b'!', compressor), rsv=RSV1), 'longer'),
                (lambda plain, compressor: sent(
                    BINARY, self.with_context(plain[::-1], compressor), rsv=RSV1), 'other bytes')):
            with self.subTest(sentence):
                result = self.measure(compress)
                self.assertEqual(result['errors']['wrong'], 1)
                self.assertIn(sentence, result['first_error'])

    def test_a_server_that_says_it_keeps_no_context_must_not_refer_to_it(self):
        result = self.measure(
            lambda plain, compressor: sent(BINARY, self.with_context(plain, compressor), rsv=RSV1),
            'permessage-deflate; server_no_context_takeover')
        self.assertEqual((result['operations'], result['errors']['wrong']), (1, 1))

    def test_parameters_that_were_not_offered(self):
        result = self.measure(None, 'permessage-deflate; client_max_window_bits=10')
        self.assertEqual(result['errors']['wrong'], 1)
        self.assertIn('was not offered', result['first_error'])

    def test_a_server_that_declines_is_measured_without(self):
        server = ScriptedServer()
        self.addCleanup(server.stop)
        process = load.run('echo', '-c', 1, '-n', 3, '--deflate', '--json', server.url)
        self.assertEqual(load.result_of(process)['operations'], 3)
        self.assertRegex(process.stderr, r'\Awsrelay-bench: note: .*declined[^\n]*\n\Z')
