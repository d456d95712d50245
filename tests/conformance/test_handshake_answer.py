"""RFC 6455 sections 4.2.2 to 4.4, 9 and 10: how the server answers a handshake."""

import re

from handshake_case import (BAD, SUBPROTOCOLS, UPGRADE_REQUIRED, HandshakeTest, field_cases,
                            with_field)
from harness import frames
from harness.case import in_every_mode
from harness.client import Client
from harness.connection import FIN, PLAIN, SECURE, Connection, client_context, connect_socket
from harness.handshake import (SAMPLE_ACCEPT, SAMPLE_KEY, Request, check_accepted, check_refusal,
                               read_response)

PROTOCOL = 'Sec-WebSocket-Protocol'
EXTENSIONS = 'Sec-WebSocket-Extensions'


class RefusalTest(HandshakeTest):

    def test_rfc6455_4_2_2_01(self):
        """On a TLS port TLS comes first; plain HTTP gets one plaintext 400, then the end."""
        for request in (Request().encode(), b'GET / HTTP/1.0\r\n\r\n'):
            connection = Connection(connect_socket(self.daemon.address('secure')))
            self.addCleanup(connection.close)
            connection.send(request)
            response = read_response(connection)
            self.assertEqual(response.status, BAD)
            check_refusal(response)
            self.assertRegex(response.body, rb'TLS|HTTPS|https|wss')
            self.assertEqual(connection.read_end(), (FIN, b''))

    def test_rfc6455_4_2_2_01_tls_on_the_plain_port(self):
        """A ClientHello on the plain port gets a 400 or the end, never a 101."""
        sock = connect_socket(self.daemon.address('plain'))
        self.addCleanup(sock.close)
        with self.assertRaises(OSError):
            client_context().wrap_socket(sock)

    @in_every_mode
    def test_rfc6455_4_2_2_02(self):
        """Every refusal carries Content-Length and `Connection: close` and ends the connection."""
        cases = ((Request('/nowhere'), 404), (Request(method='POST'), 405),
                 (Request().without('Sec-WebSocket-Key'), 400),
                 (with_field('Sec-WebSocket-Version', '12'), 426),
                 (Request('/origins').add('Origin', 'https://evil.example'), 403),
                 (Request('/' + 'a' * 5000), 414), (Request().add('X', 'a' * 9000), 431))
        for request, status in cases:
            with self.subTest(status=status):
                self.assert_refused(request, status)

    @in_every_mode
    def test_the_answer_to_head_has_no_content(self):
        """RFC 9110 section 9.3.2: the same head, then the end."""
        requests = (Request(method='HEAD'), Request(method='HEAD').without('Host'),
                    Request(method='HEAD').add('X', 'a' * 9000))
        for request, status in zip(requests, (405, 400, 431)):
            with self.subTest(status=status):
                connection = self.connect()
                connection.send(request.encode())
                ending, answer = connection.read_end()
                self.assertEqual(ending, FIN)
                self.assertTrue(answer.startswith(b'HTTP/1.1 %d ' % status), answer)
                self.assertRegex(answer, rb'(?s)\r\nContent-Length: [1-9].*\r\n\r\n\Z')
                self.assertEqual(answer.count(b'\r\n\r\n'), 1)
                connection.close()

    @in_every_mode
    def test_rfc6455_4_2_2_03(self):
        """An origin that is not listed gets 403."""
        self.assert_refused(Request('/origins').add('Origin', 'https://evil.example'), 403)

    @in_every_mode
    def test_rfc6455_4_2_2_04(self):
        """A version that is not understood gets 426 with all versions that are."""
        response = self.assert_refused(with_field('Sec-WebSocket-Version', '12'), 426)
        self.assertEqual(response.value('Sec-WebSocket-Version'), '13')
        self.assertEqual(response.value('Upgrade'), 'websocket')

    @in_every_mode
    def test_rfc6455_4_2_2_05(self):
        """A resource that is not there gets 404."""
        for target in ('/nowhere', '/X', '/x/', '/xx', '/origins/x'):
            with self.subTest(target):
                self.assert_refused(Request(target), 404)


class SubprotocolTest(HandshakeTest):

    def selected(self, *lines, target='/subprotocols'):
        client = self.assert_accepted(with_field(PROTOCOL, *lines, target=target))
        values = client.response.values(PROTOCOL)
        client.close_orderly()
        return values

    @in_every_mode
    def test_rfc6455_4_2_2_06(self):
        """The subprotocol answered is one of those offered, in exactly its octets."""
        for name in SUBPROTOCOLS:
            self.assertEqual(self.selected(f'other, {name}'), [name])
        self.assertEqual(self.selected('ALPHA, Beta.V2, gamma'), ['gamma'])

    @in_every_mode
    def test_rfc6455_4_2_2_07(self):
        """Without a common subprotocol the answer has no such field at all."""
        for lines in (['other'], ['ALPHA', 'alpha2', 'alph'], ['beta']):
            self.assertEqual(self.selected(*lines), [])
        self.assertEqual(self.selected('alpha', target='/'), [])
        client = self.assert_accepted(Request('/subprotocols'))
        self.assertEqual(client.response.values(PROTOCOL), [])
        client.close_orderly()

    @in_every_mode
    def test_rfc6455_4_3_01(self):
        """Subprotocols are tokens, and all different."""
        self.each_refused(field_cases(PROTOCOL, (
            'a b', 'a,,b', '"a"', 'a;b', 'a, a', 'a,b,a', ('a', 'a'), '', ',', 'a,', ',a', 'a/b', 'a=b',
            '\xe9', 'a\x80', ('a', ''), '{a}', '@')), BAD)


class ExtensionTest(HandshakeTest):

    @in_every_mode
    def test_rfc6455_4_2_2_08(self):
        """No extension is answered that the client did not list."""
        for request in (Request(), with_field(EXTENSIONS, 'x-webkit-deflate-frame, mux; a=1')):
            client = self.assert_accepted(request)
            self.assertEqual(client.response.values(EXTENSIONS), [])
            client.close_orderly()

    @in_every_mode
    def test_rfc6455_4_3_02(self):
        """The value of a quoted parameter is a token too."""
        self.each_accepted(field_cases(EXTENSIONS, ('x; a="b"', 'x; a="\\b"', 'x;a="b";c')))
        self.each_refused(field_cases(EXTENSIONS, (
            'x; a="a b"', 'x; a="b', 'x; a="', 'x; a=""', 'x; a="b\\"', 'x; a="b,c"', 'x; a="b;c"',
            'x; a=b"c"', 'x; a="' + '\\"' * 2000)), BAD)

    @in_every_mode
    def test_rfc6455_4_3_03(self):
        """A version is a number from 0 to 255 without leading zeros; no other spelling passes."""
        self.each_refused(field_cases('Sec-WebSocket-Version', (
            '013', '0013', '256', '269', '1300', '-13', '0x0d', '13;', '13 13', '"13"', '13,')),
            UPGRADE_REQUIRED, BAD)

    @in_every_mode
    def test_rfc6455_9_1_01(self):
        """Malformed extensions fail the handshake at once."""
        self.each_refused(field_cases(EXTENSIONS, (
            '', ';', 'x;', 'x;;a', 'x; =a', 'x; a=', 'x; a=b c', 'x y', '(x)', 'x; a@', '"x"', ';a',
            'x, ;a', 'x; a b', 'x\x80')), BAD)

    @in_every_mode
    def test_rfc6455_9_1_02(self):
        """Extensions split over lines equal the joined ones."""
        offers = ('permessage-deflate; client_max_window_bits', 'mux; max-channels=4', 'x')
        joined = self.assert_accepted(with_field(EXTENSIONS, ', '.join(offers)))
        split = self.assert_accepted(with_field(EXTENSIONS, *offers))
        self.assertEqual(joined.response.values(EXTENSIONS), split.response.values(EXTENSIONS))
        self.each_refused([('the second line is malformed',
                            with_field(EXTENSIONS, offers[0], 'x; a="'))], BAD)

    @in_every_mode
    def test_rfc6455_9_1_03(self):
        """The answer holds only extensions that were offered."""
        offers = ('permessage-deflate', 'permessage-deflate; server_max_window_bits=9', 'a, b, c')
        for offer in offers:
            client = self.assert_accepted(with_field(EXTENSIONS, offer))
            for value in client.response.values(EXTENSIONS):
                self.assertIn(value.split(';')[0].strip(), offer)
            client.close_orderly()

    @in_every_mode
    def test_rfc6455_9_1_04(self):
        """At most one extension is answered, so their order is the order of application."""
        client = self.assert_accepted(with_field(EXTENSIONS, 'b, permessage-deflate, a'))
        answered = ','.join(client.response.values(EXTENSIONS))
        self.assertLessEqual(len([name for name in answered.split(',') if name]), 1)
        client.close_orderly()


class AcceptanceTest(HandshakeTest):

    @in_every_mode
    def test_rfc6455_4_2_2_09(self):
        """The answer is 101 with Upgrade, Connection and the key's digest."""
        for value in (SAMPLE_KEY, f'  {SAMPLE_KEY}\t '):
            client = self.assert_accepted(with_field('Sec-WebSocket-Key', value))
            self.assertEqual(client.response.value('Sec-WebSocket-Accept'), SAMPLE_ACCEPT)
            self.assertEqual(client.response.value('Upgrade'), 'websocket')
            self.assertEqual(client.response.value('Connection'), 'Upgrade')
            client.close_orderly()

    @in_every_mode
    def test_rfc6455_4_2_2_10(self):
        """The 101 has no length, no transfer coding and no body: the next byte is a frame's."""
        request = Request()
        connection, response = self.request(request)
        check_accepted(response, request.key)
        self.assertEqual(bytes(connection.buffer), b'')
        connection.send(frames.ping(b'next'))
        connection.read_until(lambda buffer: len(buffer) >= 6, 'a Pong')
        self.assertEqual(bytes(connection.buffer), b'\x8a\x04next')

    @in_every_mode
    def test_rfc6455_4_2_2_11(self):
        """A frame in the same segment as the head is handled after the 101."""
        client = Client(self.socket(), self.mode.drip)
        client.open(early=frames.text('early') + frames.ping(b'bird'))
        client.expect(frames.TEXT, 'early')
        client.expect_pong(b'bird')
        client.close_orderly()

    def test_rfc6455_4_2_2_11_split_at_every_byte(self):
        """A head in two segments gets the same answer wherever it is cut."""
        for mode in (PLAIN, SECURE):
            head = Request(key=SAMPLE_KEY).encode()
            answers = set()
            for position in range(1, len(head)):
                connection = self.connect(mode)
                connection.send(head[:position])
                connection.send(head[position:])
                connection.read_until(lambda buffer: b'\r\n\r\n' in buffer, 'a response head')
                answers.add(re.sub(rb'(?m)^Date:.*$', b'', bytes(connection.buffer)))
                connection.close()
            self.assertEqual(len(answers), 1, answers)


class SecurityTest(HandshakeTest):

    @in_every_mode
    def test_rfc6455_10_2_01(self):
        """A route with an origin list lets in exactly the listed origins."""
        allowed = ('https://example.org', 'HTTPS://EXAMPLE.ORG', 'http://localhost:3000',
                   'https://a.example.net', 'https://a.b.example.net', 'https://example.org:443')
        self.each_accepted([(origin, Request('/origins').add('Origin', origin))
                            for origin in allowed])
        refused = ('http://example.org', 'https://example.org:8443', 'https://evil-example.org',
                   'https://example.org.evil', 'null', 'https://example.org.', 'https://example.net',
                   'https://evilexample.net', 'https://user@example.org', 'http://localhost',
                   'https://example.org/', 'https://a.example.net.evil')
        self.each_refused([(origin, Request('/origins').add('Origin', origin))
                           for origin in refused], 403)
        twice = Request('/origins').add('Origin', 'https://example.org')
        self.each_refused([('two', twice.add('Origin', 'https://evil.example'))], 400, 403)

    @in_every_mode
    def test_rfc6455_10_5_01(self):
        """Any HTTP authentication may ride on the handshake."""
        values = ('Basic dXNlcjpwYXNz', 'Bearer eyJhbGciOiJub25lIn0.e30.', 'Digest username="a"')
        self.each_accepted([(value, Request().add('Authorization', value)) for value in values])
        self.each_accepted([('cookie', Request().add('Cookie', 'session=1; b=2'))])

    @in_every_mode
    def test_rfc6455_10_7_01(self):
        """A bad handshake gets a proper HTTP status, not a silent close."""
        for head in (b'\r\n\r\n', b'x\r\n\r\n', b'\0\r\n\r\n', b'GET / HTTP/1.1\r\n\r\n',
                     b'SSH-2.0-OpenSSH_9.2\r\n\r\n', b'\xff\xfe\r\n\r\n', b'GET /\r\n\r\n'):
            with self.subTest(head):
                self.assert_refused(head, 400)
