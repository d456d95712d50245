"""RFC 6455 section 4.2.1: which requests open a WebSocket."""

import base64
import random
import string

from handshake_case import (BAD, SUBPROTOCOLS, UPGRADE_REQUIRED, HandshakeTest, field_cases, raw,
                            with_field)
from harness.case import in_every_mode
from harness.handshake import Request


class RequestLineTest(HandshakeTest):

    @in_every_mode
    def test_rfc6455_4_2_1_01(self):
        """The method is GET; any other gets 405 and never 101."""
        methods = ('POST', 'PUT', 'OPTIONS', 'CONNECT', 'get', 'GETX', 'DELETE')
        self.each_refused([(method, Request(method=method)) for method in methods], 405)

    @in_every_mode
    def test_rfc6455_4_2_1_02(self):
        """The HTTP version is 1.1 or a later 1.x."""
        self.each_accepted([('HTTP/1.1', Request(version='HTTP/1.1'))])
        versions = ('HTTP/1.0', 'HTTP/0.9', 'HTTP/1.', 'HTTP/11', 'http/1.1', 'HTTP/1.1x', 'HTTP/01.1',
                    'HTTP/1.10', 'HTTP', '')
        self.each_refused([(version, Request(version=version)) for version in versions], BAD)
        self.each_refused([('no version', raw('GET /'))], BAD)
        self.each_refused([('HTTP/2.0', Request(version='HTTP/2.0'))], BAD, 505)

    @in_every_mode
    def test_rfc6455_4_2_1_03(self):
        """The target is in origin-form or an absolute http(s) URI."""
        good = ('/', '/x', '/x?q', '/?', '/x?a=b&c=%20/?', 'http://localhost/x', 'https://localhost/x',
                'HTTP://localhost/x', 'http://localhost', 'http://localhost?q')
        self.each_accepted([(target, Request(target)) for target in good])
        bad = ('*', 'x', '', '/#', '/x#fragment', '/\0', '/\x80', '/\xff', '/a b', '/a\tb', '/"', '/<',
               '/%', '/%4', '/%zz', 'ftp://localhost/', 'http:/x', 'http://', 'localhost:80',
               '/?\x7f', '/?a#b', '\\')
        self.each_refused([(repr(target), Request(target)) for target in bad], BAD)


class RequiredFieldsTest(HandshakeTest):

    @in_every_mode
    def test_rfc6455_4_2_1_04(self):
        """There is exactly one Host field, and it is a host with an optional port."""
        good = ('localhost', 'LOCALHOST', 'localhost:8080', '127.0.0.1:1', '[::1]', '[::1]:65535',
                'a.example.org', 'xn--bcher-kva.example', 'under_score.example')
        self.each_accepted([(host, Request(host=host)) for host in good])
        self.each_refused([('absent', Request().without('Host')),
                           ('two', Request().add('Host', 'localhost'))], BAD)
        self.each_refused(field_cases('Host', (
            '', 'a b', 'a:99999', 'a:65536', 'a:x', 'a:-1', 'a:1:2', '[::1', '::1', '[]', 'a/b',
            'user@a', 'a,b', 'a?b', 'a#b', '[::1]x', ':80')), BAD)

    @in_every_mode
    def test_rfc6455_4_2_1_05(self):
        """Upgrade holds `websocket`, in any case, anywhere in a list or in several lines."""
        self.each_accepted(field_cases('Upgrade', (
            'WebSocket', 'WEBSOCKET', 'foo, websocket', 'websocket, foo', 'foo/2,websocket',
            ('foo', 'websocket'), ('websocket', 'foo'), ' websocket\t', ',websocket, ,')))
        self.each_refused([('missing', Request().without('Upgrade'))], UPGRADE_REQUIRED, BAD)
        self.each_refused(field_cases('Upgrade', (
            'websockets', 'web socket', 'websocke', '', 'h2c', 'foo', 'websocket;x', '"websocket"',
            ('web', 'socket'))), UPGRADE_REQUIRED, BAD)
        self.each_refused(field_cases('Upgrade', (
            'web\x80, websocket', 'a b, websocket', 'websocket, "x"', ('websocket', 'a/b/c'))), BAD)

    @in_every_mode
    def test_rfc6455_4_2_1_06(self):
        """Connection holds `upgrade`, in any case, anywhere in a list or in several lines."""
        self.each_accepted(field_cases('Connection', (
            'upgrade', 'UPGRADE', 'keep-alive, Upgrade', 'Upgrade,keep-alive',
            ('keep-alive', 'Upgrade'), ('Upgrade', 'x-private'), ', Upgrade,,')))
        self.each_refused([('missing', Request().without('Connection'))], BAD)
        self.each_refused(field_cases('Connection', (
            'close', 'upgraded', 'keep-alive', '', 'up grade', '"upgrade"', 'Upgrade/1',
            'Upgrade, a b', 'Upgrade, a\x80', ('Upgrade', 'a;b'))), BAD)

    @in_every_mode
    def test_rfc6455_4_2_1_07(self):
        """The key is the canonical base64 of 16 bytes, in exactly one field."""
        def encoded(size):
            return base64.b64encode(bytes(range(0xC0, 0xC0 + size))).decode()
        self.each_accepted(field_cases('Sec-WebSocket-Key', (
            encoded(16), 'A' * 22 + '==', '/' * 21 + 'w==', '+' * 21 + 'A==')))
        self.each_refused([('missing', Request().without('Sec-WebSocket-Key')),
                           ('two', Request().add('Sec-WebSocket-Key', encoded(16)))], BAD)
        self.each_refused(field_cases('Sec-WebSocket-Key', (
            '', encoded(15), encoded(17), encoded(16)[:-2], encoded(16)[:-1], encoded(16) + '=',
            '_' * 20 + '-w==', 'A' * 10 + ' ' + 'A' * 11 + '==', 'A' * 21 + 'B==', 'A' * 21 + '!==',
            'A' * 22 + '=A', '=' * 24, 'A' * 24, 'A' * 11 + '=' + 'A' * 10 + '==', encoded(16) * 2,
            encoded(16) + ', ' + encoded(16))), BAD)

    @in_every_mode
    def test_rfc6455_4_2_1_08(self):
        """The version is 13."""
        self.each_refused([('missing', Request().without('Sec-WebSocket-Version'))],
                          UPGRADE_REQUIRED, BAD)
        self.each_refused(field_cases('Sec-WebSocket-Version', (
            '12', '14', '8', '0', '255', '013', '13, 8', '8, 13', '13.0', '', 'x', '1 3', '+13',
            ('13', '13'), ('13', '8'))), UPGRADE_REQUIRED)


class OptionalFieldsTest(HandshakeTest):

    @in_every_mode
    def test_rfc6455_4_2_1_09(self):
        """A request without Origin is not a browser's and passes an origin list."""
        self.each_accepted([('no Origin', Request('/origins'))])

    @in_every_mode
    def test_rfc6455_4_2_1_10(self):
        """Subprotocols are a list, over several lines too; the server's preference decides."""
        for lines in (['gamma, alpha'], ['gamma', 'alpha'], ['x,gamma', 'y , \talpha'],
                      ['alpha'], [' gamma ,alpha ']):
            with self.subTest(lines):
                request = with_field('Sec-WebSocket-Protocol', *lines, target='/subprotocols')
                client = self.assert_accepted(request)
                self.assertEqual(client.response.value('Sec-WebSocket-Protocol'), SUBPROTOCOLS[0])
                client.close_orderly()

    @in_every_mode
    def test_rfc6455_4_2_1_11(self):
        """Extensions are a list, over several lines too."""
        self.each_accepted(field_cases('Sec-WebSocket-Extensions', (
            'permessage-deflate', 'permessage-deflate; client_max_window_bits, x-other; a="b"; c',
            ('permessage-deflate; server_max_window_bits=10', 'permessage-deflate', 'mux'),
            'a;b=c;d="e",f')))

    @in_every_mode
    def test_rfc6455_4_2_1_12(self):
        """Unknown fields are ignored."""
        chance = random.Random(6455)
        name_bytes = string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~"
        value_bytes = ''.join(chr(code) for code in (*range(0x20, 0x7F), *range(0x80, 0x100), 9))
        request = Request().add('Cookie', 'a=b; c="d"').add('User-Agent', 'tests (like Gecko)')
        for number in range(50):
            name = f'X{number}-' + ''.join(chance.choices(name_bytes, k=8))
            request.add(name, ''.join(chance.choices(value_bytes, k=20)).strip())
        self.each_accepted([('50 fields', request), ('empty value', Request().add('X', ''))])

    @in_every_mode
    def test_rfc6455_4_2_1_14(self):
        """The order of fields and the case of their names do not matter."""
        for shift in range(5):
            request = Request()
            request.fields = request.fields[shift:] + request.fields[:shift]
            with self.subTest(shift=shift):
                self.assert_accepted(request).close_orderly()
        for change in (str.lower, str.upper, str.swapcase):
            request = Request()
            key = request.key
            request.fields = [(change(name), value) for name, value in request.fields]
            with self.subTest(change=change.__name__):
                connection, response = self.request(request)
                self.assertEqual(response.status, 101, response.body)
                self.assertTrue(key)
                connection.close()


class GrammarTest(HandshakeTest):

    @in_every_mode
    def test_rfc6455_4_2_1_13(self):
        """A head that breaks the grammar of HTTP is refused with 400, and never gets a 101."""
        lines = (': x', ' : x', 'a : b', 'a\t: b', ' a: b', '\ta: b', 'a', 'a b: c', 'a@b: c',
                 'a: b\r\n folded', 'a: b\r\n\tfolded', 'a: b\0c', 'a: b\x01c', 'a: b\x7fc',
                 'a: b\rc', 'a: b\nc: d', 'a\0: b', 'a\x80: b', '(a): b', '"a": b')
        self.each_refused([(repr(line), raw(None, line)) for line in lines], BAD)
        self.each_refused([
            ('bare LF everywhere', raw().replace(b'\r\n', b'\n')),
            ('a bare LF at the end', raw(end='\r\n\n')),
            ('a bare CR in the request line', raw('GET /\r HTTP/1.1')),
            ('two spaces', raw('GET  / HTTP/1.1')),
            ('a tab', raw('GET\t/ HTTP/1.1')),
            ('a space in front', raw(' GET / HTTP/1.1')),
            ('a space behind', raw('GET / HTTP/1.1 ')),
            ('a method that is no token', raw('G@T / HTTP/1.1')),
            ('NUL in the request line', raw('GET /\0 HTTP/1.1')),
        ], BAD)

    @in_every_mode
    def test_rfc6455_4_2_1_13_content(self):
        """A request with content, however its length is told, is refused."""
        self.each_refused(field_cases('Content-Length', (
            '1', '2147483648', '9223372036854775808', '18446744073709551616', '1, 1', '+1', '-1',
            '0x1', '', '1 1', 'x', ('1', '1'), ('0', '1'))), BAD)
        self.each_refused(field_cases('Transfer-Encoding', (
            'chunked', 'CHUNKED', '\tchunked', 'xchunked', 'chunked, identity', 'identity', 'gzip',
            '', ('chunked', 'chunked'))), BAD)
        both = Request().add('Content-Length', '5').add('Transfer-Encoding', 'chunked')
        body = Request().add('Content-Length', '5').encode() + b'hello'
        self.each_refused([('both', both), ('a body', body)], BAD)

    @in_every_mode
    def test_rfc6455_4_2_1_13_pipelined(self):
        """What follows a refused head is never taken for another request."""
        refused = with_field('Sec-WebSocket-Version', '12').encode()
        self.assert_refused(refused + Request().encode(), UPGRADE_REQUIRED)
        self.assert_refused(Request('/nowhere').encode() + Request().encode(), 404)

    @in_every_mode
    def test_rfc6455_4_2_1_13_field_bytes(self):
        """Bytes that no field value may hold are refused in every field."""
        names = [name for name, _ in Request().fields] + [
            'Origin', 'Sec-WebSocket-Protocol', 'Sec-WebSocket-Extensions', 'Cookie']
        for byte in ('\0', '\x1b', '\x7f'):
            cases = []
            for name in names:
                request = Request()
                if name not in [one for one, _ in request.fields]:
                    request.add(name, 'a')
                cases.append((f'{byte!r} in {name}',
                              request.replace(name, request.value(name) + byte)))
            self.each_refused(cases, BAD)
