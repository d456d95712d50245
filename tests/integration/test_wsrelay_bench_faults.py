"""wsrelay-bench against servers that do what they should not, and some that only look so."""

import itertools
import time
import unittest

from harness import frames, load
from harness.frames import BINARY, CONTINUATION, PING, TEXT
from harness.load import (HANG_UP, ScriptedServer, ServerOfBytes, accepting, close_frame, measure,
                          sent)


class FaultsTest(unittest.TestCase):
    """One connection, a few messages one after the other, a scripted server."""

    def serve(self, *behaviour, **options):
        server = ScriptedServer(*behaviour, **options)
        self.addCleanup(server.stop)
        return server

    def measure(self, server, *arguments):
        return measure('echo', '-c', 1, '-n', 3, '--timeout', 0.5, *arguments, server.url)

    def assert_only(self, result, sentence, **faults):
        """These faults were counted and no others."""
        self.assertEqual({name: count for name, count in result['errors'].items() if count},
                         faults, result['first_error'])
        self.assertRegex(result['first_error'], sentence)

    def assert_faultless(self, result):
        self.assertIsNone(result['first_error'])
        self.assertEqual(result['operations'], 3)


class HandshakeFaultsTest(FaultsTest):
    """Answers to the handshake."""

    def answered(self, answer):
        return self.measure(self.serve(answer=answer))

    def test_an_answer_that_is_no_101(self):
        for answer, sentence in ((b'HTTP/1.1 503 Service Unavailable\r\n\r\n', '503 Service'),
                                 (b'HTTP/1.1 200 OK\r\n\r\n', '200 OK instead of 101'),
                                 (b'+OK\r\n', 'does not answer with HTTP')):
            self.assert_only(self.answered(lambda _, answer=answer: answer), sentence, refused=1)

    def test_no_answer(self):
        self.assert_only(self.answered(lambda _: HANG_UP), 'instead of answering', refused=1)
        self.assert_only(self.answered(lambda _: None), 'in vain for an answer', timeout=1)

    def test_nobody_listens(self):
        stopped = ScriptedServer()
        stopped.stop()
        result = measure('echo', '-c', 2, '-n', 2, stopped.url)
        self.assert_only(result, 'cannot connect to .*refused', refused=2)

    def test_a_101_that_must_not_be_taken(self):
        for changes, sentence in (
                ({'Sec_WebSocket_Accept': 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='}, 'belong to the key'),
                ({'Sec_WebSocket_Accept': None}, 'no Sec-WebSocket-Accept'),
                ({'Upgrade': None}, 'no "Upgrade'), ({'Connection': 'close'}, 'no "Connection'),
                ({'Sec_WebSocket_Protocol': 'chat'}, 'Protocol was not offered'),
                ({'Sec_WebSocket_Extensions': 'permessage-deflate'}, 'not offered')):
            with self.subTest(changes):
                result = self.answered(lambda request, c=changes: accepting(request, **c))
                self.assert_only(result, sentence, wrong=1)

    def test_an_answer_in_the_smallest_pieces_with_frames_behind_it(self):
        def answer(request):
            return accepting(request) + sent(PING, b'early')
        server = self.serve(answer=answer, drips=True)
        self.assert_faultless(self.measure(server))
        self.assertEqual(server.pongs, [b'early'])

    def test_without_an_echo_messages_of_the_server_are_as_welcome_as_none(self):
        server = self.serve(answer=lambda request: accepting(request) + sent(TEXT, b'welcome'))
        for words in (['connect', '-n', 3], ['idle', '-d', 0.1]):
            with self.subTest(words):
                result = measure(*words, '-c', 3, '--no-echo', server.url)
                self.assertEqual((result['operations'], result['first_error']), (3, None))

    def test_what_comes_with_the_101_is_read_while_closing(self):
        server = self.serve(answer=lambda request: accepting(request) + sent(3, b''))
        result = measure('connect', '-c', 1, '-n', 1, '--no-echo', server.url)
        self.assert_only(result, 'reserved opcode', wrong=1)

    def test_what_the_request_says(self):
        server = self.serve()
        self.measure(server, '--header', 'X-One: 1', '--subprotocol', 'a', '--subprotocol', 'b')
        lines = server.requests[0].decode().split('\r\n')
        self.assertEqual(lines[0], 'GET / HTTP/1.1')
        for line in (f'Host: 127.0.0.1:{server.port}', 'Upgrade: websocket', 'X-One: 1',
                     'Connection: Upgrade', 'Sec-WebSocket-Version: 13',
                     'Sec-WebSocket-Protocol: a, b'):
            self.assertIn(line, lines)
        measure('echo', '-c', 1, '-n', 1, '--header', 'Host: example.org', server.url + 'a?b=c')
        lines = server.requests[1].decode().split('\r\n')
        self.assertEqual(lines[0], 'GET /a?b=c HTTP/1.1')
        self.assertEqual([line for line in lines if line.startswith('Host')], ['Host: example.org'])


class MessageFaultsTest(FaultsTest):
    """Answers to messages. The second one is bad."""

    def second(self, bad, *arguments):
        """What is measured where the second message is answered by bad(opcode, payload)."""
        def behave(peer, number, opcode, payload):
            return bad(opcode, payload) if number == 1 else sent(opcode, payload)
        return self.measure(self.serve(behave), *arguments)

    def test_bytes_that_are_not_the_message(self):
        for bad, sentence in (
                (lambda opcode, payload: sent(opcode, payload[:-1] + b'!'), 'with other bytes'),
                (lambda opcode, payload: sent(opcode, payload[:-1]), 'came back shorter'),
                (lambda opcode, payload: sent(opcode, payload + b'!'), 'came back longer'),
                (lambda opcode, payload: sent(TEXT, b'.' * len(payload)), 'as text'),
                (lambda opcode, payload: sent(opcode, payload) * 2, 'more messages came back')):
            with self.subTest(sentence):
                self.assert_only(self.second(bad), sentence, wrong=1)

    def test_a_stale_answer(self):
        """At every size, and to the first message of a connection as to the second."""
        for size in (20, 9000, 100000):
            for connections, count in ((1, 2), (2, 2)):
                with self.subTest(size=size, connections=connections):
                    first = []

                    def stale(peer, number, opcode, payload, first=first):
                        first.append(payload)
                        return sent(opcode, first[0])
                    result = measure('echo', '-c', connections, '-n', count, '-s', size,
                                     self.serve(stale).url)
                    self.assert_only(result, 'message . of a connection came back with other bytes',
                                     wrong=1)

    def test_an_answer_to_another_connection(self):
        """Each of the two gets what the other has sent."""
        for words in (['-n', 2], ['-n', 8, '-f', 4]):
            with self.subTest(words):
                def crossed(peer, number, opcode, payload):
                    other = next(each for each in server.peers if each is not peer)
                    other.offer(sent(opcode, payload))
                    return b''
                server = self.serve(crossed)
                result = measure('echo', '-c', 2, *words, server.url)
                self.assertEqual((result['operations'], result['errors']['wrong']), (0, 2))

    def test_frames_that_no_server_may_send(self):
        for bad, sentence in (
                (lambda opcode, payload: frames.frame(opcode, payload), 'masked frame'),
                (lambda opcode, payload: sent(opcode, payload, rsv=4), 'reserved bits'),
                (lambda opcode, payload: sent(3, payload), 'reserved opcode'),
                (lambda opcode, payload: sent(11, payload), 'reserved opcode'),
                (lambda opcode, payload: sent(opcode, payload, form=16), 'more bytes than it needs'),
                (lambda opcode, payload: sent(CONTINUATION, payload), 'continuation of no message'),
                (lambda opcode, payload: sent(opcode, b'', fin=False) + sent(opcode, payload),
                 'before the last one has ended'),
                (lambda opcode, payload: sent(PING, b'', fin=False), 'control frame'),
                (lambda opcode, payload: sent(frames.CLOSE, b'\x03'), 'Close that is wrong')):
            with self.subTest(sentence):
                self.assert_only(self.second(bad), sentence, wrong=1)

    def test_no_answer(self):
        self.assert_only(self.second(lambda opcode, payload: b''), 'in vain for a message',
                         timeout=1, lost=1)
        self.assert_only(self.second(lambda opcode, payload: sent(opcode, payload)[:-1]),
                         'in vain for a message', timeout=1, lost=1)

    @staticmethod
    def drip(peer, pieces):
        for piece in pieces:
            peer.send(piece)
            time.sleep(0.05)

    def test_pings_do_not_stand_for_an_answer(self):
        pings = itertools.repeat(sent(PING, b'') + sent(frames.PONG, b''))
        server = self.serve(lambda peer, number, opcode, payload: self.drip(peer, pings))
        self.assert_only(self.measure(server), 'in vain for a message', timeout=1, lost=1)

    def test_what_is_under_way_at_the_end_has_to_come_within_the_timeout(self):
        server = self.serve(lambda peer, number, opcode, payload: self.drip(
            peer, (bytes([byte]) for byte in sent(opcode, payload))))
        result = measure('echo', '-c', 1, '-d', 0.2, '-s', 1000, '--timeout', 0.5, server.url)
        self.assert_only(result, 'still under way 0.5 s after the end', timeout=1, lost=1)

    def test_messages_do_not_stand_for_the_answer_to_a_close(self):
        def talkative(peer, number, opcode, payload):
            peer.send(sent(opcode, payload))
            peer.frame()
            self.drip(peer, itertools.repeat(sent(TEXT, b'and another thing')))
        result = measure('connect', '-c', 1, '-n', 1, '--timeout', 0.5, self.serve(talkative).url)
        self.assert_only(result, 'in vain for the end', timeout=1)

    def test_the_server_ends_the_connection(self):
        self.assert_only(self.second(lambda opcode, payload: HANG_UP), 'without a Close',
                         closed=1, lost=1)
        self.assert_only(self.second(lambda opcode, payload: close_frame(1011, 'out of order')),
                         '1011 out of order', closed=1, lost=1)

    def test_what_a_server_says_does_not_command_the_terminal(self):
        server = self.serve(lambda *_: close_frame(1011, '\x1b[2J \x9bm'))
        output = load.run('echo', '-c', 1, '-n', 1, server.url).stdout
        self.assertIn(r'the first: the server has closed a connection: 1011 \x1b[2J \xc2\x9bm',
                      output)
        self.assertNotIn('\x1b', output)

    def test_messages_in_flight_are_lost_with_their_connection(self):
        result = measure('echo', '-c', 1, '-n', 8, '-f', 8, self.serve(
            lambda peer, number, opcode, payload: HANG_UP if number == 3
            else sent(opcode, payload)).url)
        self.assert_only(result, 'ended a connection', closed=1, lost=5)
        self.assertEqual(result['operations'], 3)

    def test_without_verification_only_lengths_count(self):
        self.assert_faultless(self.second(
            lambda opcode, payload: sent(opcode, bytes(len(payload))), '--no-verify'))
        self.assert_only(self.second(lambda opcode, payload: sent(opcode, payload[1:]),
                                     '--no-verify'), 'came back shorter', wrong=1)

    def test_a_connection_that_is_not_closed_in_answer(self):
        def silent(peer, number, opcode, payload):
            peer.send(sent(opcode, payload))
            peer.take(1 << 30)
        result = measure('connect', '-c', 1, '-n', 1, '--timeout', 0.5, self.serve(silent).url)
        self.assert_only(result, 'in vain for the end', timeout=1)

    def test_a_connection_that_ends_without_a_close(self):
        def abrupt(peer, number, opcode, payload):
            peer.send(sent(opcode, payload))
            peer.frame()
            return HANG_UP
        result = measure('connect', '-c', 1, '-n', 1, self.serve(abrupt).url)
        self.assert_only(result, 'without answering the Close', closed=1)


class FanoutFaultsTest(FaultsTest):
    """Two members and a publisher, whose second publication the first member gets garbled."""

    def room(self, garble, times=3):
        """A server that passes on; garble(member, opcode, payload) gives what the member gets."""
        def behave(peer, number, opcode, payload):
            server.publications.append(payload)
            members = [other for other in server.peers if other is not peer]
            for index, member in enumerate(members):
                bad = number == 1 and index == 0
                member.offer(garble(member, opcode, payload) if bad else sent(opcode, payload))
            return b''
        server = self.serve(behave)
        server.publications = []
        result = measure('fanout', '-c', 2, '-n', 2 * times, '--timeout', 0.5, server.url)
        self.assertEqual(len(server.publications), times)
        return result

    def test_publications_that_come_as_they_should(self):
        result = self.room(lambda member, opcode, payload: sent(opcode, payload))
        self.assertEqual((result['operations'], result['first_error']), (6, None))

    def test_bytes_that_are_not_the_publication(self):
        for garble, sentence in (
                (lambda member, opcode, payload: sent(opcode, payload[:-1] + b'!'), 'other bytes'),
                (lambda member, opcode, payload: sent(opcode, payload[:-1]), 'shorter'),
                (lambda member, opcode, payload: sent(opcode, payload[:9]), 'shorter'),
                (lambda member, opcode, payload: sent(opcode, payload + b'!'), 'longer'),
                (lambda member, opcode, payload: sent(TEXT, b'.' * 20), 'text instead'),
                (lambda member, opcode, payload: sent(opcode, b'hello, everybody!'),
                 'no publisher has sent'),
                (lambda member, opcode, payload: sent(opcode, b'0' * 15 + b'9' + payload[16:]),
                 'before it was sent'),
                (lambda member, opcode, payload: sent(opcode, payload) * 2, 'twice')):
            with self.subTest(sentence):
                self.assert_only(self.room(garble), sentence, wrong=1)

    def test_a_publication_that_does_not_come(self):
        result = self.room(lambda member, opcode, payload: b'')
        self.assert_only(result, 'in vain for a message', timeout=1, lost=1)
        self.assertEqual(result['operations'], 4)

    def test_a_publication_that_is_left_out(self):
        """The next ones are under way already, and show it."""
        def behave(peer, number, opcode, payload):
            for index, member in enumerate(other for other in server.peers if other is not peer):
                member.offer(b'' if number == 1 and index == 0 else sent(opcode, payload))
            return b''
        server = self.serve(behave)
        result = measure('fanout', '-c', 2, '-n', 6, '-f', 3, server.url)
        self.assert_only(result, 'got publication 2 of publisher 0 instead of 1', lost=1)
        self.assertEqual(result['operations'], 5)

    def test_a_member_that_is_closed(self):
        result = self.room(lambda member, opcode, payload: close_frame(1013, 'too slow'))
        self.assert_only(result, '1013 too slow', closed=1, lost=1)
        self.assertEqual(result['operations'], 4)


class StallTest(FaultsTest):
    """A server that stands still once."""

    STALL_SECONDS = 0.5

    def stalling(self, passes_on, at=0):
        def behave(peer, number, opcode, payload):
            if number == at:
                time.sleep(self.STALL_SECONDS)
            if not passes_on:
                return sent(opcode, payload)
            for other in server.peers:
                if other is not peer:
                    other.send(sent(opcode, payload))
            return b''
        server = self.serve(behave)
        return server

    def test_with_a_rate_those_count_as_late_that_could_not_be_sent(self):
        """Else the stall would show in one message of a hundred."""
        for mode, passes_on in (('echo', False), ('fanout', True)):
            with self.subTest(mode):
                result = measure(mode, '-c', 1, '-n', 100, '-r', 200, self.stalling(passes_on).url)
                self.assertIsNone(result['first_error'])
                latency = result['latency_us']
                self.assertGreater(latency['p50'], self.STALL_SECONDS * 1e6 / 5)
                self.assertGreater(latency['max'], self.STALL_SECONDS * 1e6)

    def test_what_was_due_counts_even_when_the_stall_outlasts_the_measurement(self):
        """Two thirds of what was due came late, and far less than that while it was measured."""
        for mode, passes_on in (('echo', False), ('fanout', True)):
            with self.subTest(mode):
                result = measure(mode, '-c', 1, '-d', 0.3, '-r', 200,
                                 self.stalling(passes_on, at=25).url)
                self.assertIsNone(result['first_error'])
                self.assertLess(result['operations'], 40)
                self.assertGreater(result['latency_us']['p50'], self.STALL_SECONDS * 1e6 / 5)

    def test_connections_that_were_due_count_even_after_the_measurement(self):
        requests = itertools.count()

        def answer(request):
            if next(requests) == 25:
                time.sleep(self.STALL_SECONDS)
            return accepting(request)
        result = measure('connect', '-c', 1, '-d', 0.3, '-r', 200, '--no-echo',
                         self.serve(answer=answer).url)
        self.assertIsNone(result['first_error'])
        self.assertLess(result['operations'], 40)
        self.assertGreater(result['latency_us']['p50'], self.STALL_SECONDS * 1e6 / 5)

    def test_what_is_due_on_a_connection_that_has_ended_is_lost(self):
        server = self.serve(lambda peer, number, opcode, payload:
                            HANG_UP if peer is server.peers[0] else sent(opcode, payload))
        result = measure('echo', '-c', 2, '-n', 100, '-r', 400, server.url)
        self.assert_only(result, 'ended a connection', closed=1, lost=50)
        self.assertEqual(result['operations'], 50)

    def test_what_a_server_never_gets_to_is_lost(self):
        silent = self.serve(lambda peer, number, opcode, payload: peer.take(1 << 30))
        result = measure('echo', '-c', 1, '-d', 0.4, '-r', 200, '--timeout', 0.5, silent.url)
        self.assertEqual(result['errors']['timeout'], 1)
        self.assertGreater(result['errors']['lost'], 60)

    def test_without_a_rate_messages_wait_for_each_other(self):
        result = measure('echo', '-c', 1, '-n', 100, self.stalling(False).url)
        self.assertLess(result['latency_us']['p50'], self.STALL_SECONDS * 1e6 / 5)
        self.assertGreater(result['latency_us']['max'], self.STALL_SECONDS * 1e6)


class BytesTest(FaultsTest):
    """tcp://: a server of bytes, which knows nothing of frames."""

    def serve_bytes(self, pass_on):
        server = ServerOfBytes(pass_on)
        self.addCleanup(server.stop)
        return server.url

    def test_bytes_that_come_back(self):
        url = self.serve_bytes(lambda peer, data, _: peer.send(data))
        for words in (['-s', '1-70000'], ['-f', 5, '--text'], ['--no-verify'], ['-r', 2000]):
            with self.subTest(words):
                result = measure('echo', '-c', 3, '-n', 60, *words, url)
                self.assertEqual((result['operations'], result['first_error']), (60, None))
        for words in (['connect', '-n', 5], ['idle', '-d', 0.1]):
            result = measure(*words, '-c', 5, url)
            self.assertIsNone(result['first_error'])
            self.assertGreater(result['latency_us']['min'], 0)

    def test_bytes_that_do_not_come_back(self):
        for pass_on, sentence, faults in (
                (lambda peer, data, _: peer.send(data[:-1] + bytes([data[-1] ^ 1])),
                 'came back with other bytes', {'wrong': 1}),
                (lambda peer, data, _: peer.send(data + b'!'), 'more bytes came back',
                 {'wrong': 1}),
                (lambda peer, data, _: peer.send(data[:-1]), 'in vain',
                 {'timeout': 1, 'lost': 1})):
            with self.subTest(sentence):
                result = measure('echo', '-c', 1, '-n', 1, '--timeout', 0.5,
                                 self.serve_bytes(pass_on))
                self.assert_only(result, sentence, **faults)

    def test_members_get_the_bytes_of_frames_that_a_server_would_send(self):
        seen = []

        def pass_on(peer, data, others):
            seen.append(data)
            for other in others:
                other.send(data)
        result = measure('fanout', '-c', 3, '-n', 30, self.serve_bytes(pass_on))
        self.assertEqual((result['operations'], result['first_error']), (30, None))
        self.assertEqual(seen[0][:2], b'\x82\x14')


class LenienceTest(FaultsTest):
    """What looks unusual and is as RFC 6455 has it."""

    @staticmethod
    def in_fragments(opcode, payload):
        pieces = [payload[:1], b'', payload[1:5], payload[5:]]
        return [sent(opcode if index == 0 else CONTINUATION, piece, fin=index == 3)
                for index, piece in enumerate(pieces)]

    def test_fragments_with_pings_between_them(self):
        server = self.serve(lambda peer, number, opcode, payload:
                            sent(PING, b'%d' % number).join(self.in_fragments(opcode, payload)))
        self.assert_faultless(self.measure(server))
        self.assertEqual(set(server.pongs), {b'0', b'1', b'2'})

    def test_bytes_one_at_a_time(self):
        def dripping(peer, number, opcode, payload):
            for byte in sent(opcode, payload):
                peer.send(bytes([byte]))
            return b''
        self.assert_faultless(self.measure(self.serve(dripping)))

    def test_an_echo_that_begins_usual_and_goes_on_in_fragments(self):
        """Where the comparison of bytes ends in the middle of the ring, parsing goes on."""
        odd = itertools.count()

        def behave(peer, number, opcode, payload):
            usual = sent(opcode, payload)
            return usual if next(odd) % 3 else b''.join(self.in_fragments(opcode, payload))
        result = measure('echo', '-c', 2, '-n', 60, '-f', 5, '-s', '0-300', self.serve(behave).url)
        self.assertEqual((result['operations'], result['first_error']), (60, None))

    def test_a_large_message_is_compared_across_reads(self):
        result = measure('echo', '-c', 1, '-n', 4, '-s', '1MiB', self.serve().url)
        self.assertEqual((result['operations'], result['first_error']), (4, None))
        bad = self.serve(lambda peer, number, opcode, payload:
                         sent(BINARY, payload[:-1] + bytes([payload[-1] ^ 1])))
        result = measure('echo', '-c', 1, '-n', 1, '-s', '1MiB', bad.url)
        self.assert_only(result, 'message 1 of a connection came back with other bytes', wrong=1)
