"""The page for browsers, and the plain HTTP services beside it, as bytes on a socket."""

import base64
import hashlib
import json
import re
import shutil
import socket
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from harness import certificates, configuration
from harness.case import DaemonTest, SharedDaemonTest, in_every_mode
from harness.connection import FIN, RESET, SECURE
from harness.deadline import Stopwatch
from harness.handshake import Request, check_refusal

PAGE_MOST_BYTES = 60 << 10

ROUTES = [
    {'path': '/', 'handler': 'echo', 'page': True},
    {'path': '/room/{name}', 'handler': {'type': 'broadcast', 'room': '{name}'}, 'page': True},
    {'path': '/bare', 'handler': 'echo'},
    {'path': '/elsewhere', 'host': 'other.example', 'handler': 'echo', 'page': True},
]


def plain(target='/', method='GET', version='HTTP/1.1', host='localhost', fields=(), body=''):
    """A request that is no handshake."""
    lines = [f'{method} {target} {version}', f'Host: {host}', *fields, '', '']
    return ('\r\n'.join(lines) + body).encode('latin-1')


def posted(target, body, *fields):
    return plain(target, 'POST', fields=(f'Content-Length: {len(body)}', *fields), body=body)


class PageCase(SharedDaemonTest):
    """Some routes have a page, some do not."""

    @classmethod
    def configuration(cls):
        listeners = [configuration.PLAIN,
                     configuration.tls_listener([certificates.get('localhost')])]
        return configuration.configuration(ROUTES, listeners)

    def answer(self, head, mode=None):
        """The whole answer, which is the last thing on its connection."""
        connection, response = self.request(head, mode)
        ending, rest = connection.read_end()
        self.assertEqual((ending, rest), (FIN, b''), 'behind the answer')
        self.assertEqual(response.value('Connection'), 'close')
        self.assertEqual(response.value('X-Content-Type-Options'), 'nosniff')
        self.assertEqual(response.value('Referrer-Policy'), 'no-referrer')
        return response

    def get_page(self, target='/', mode=None, **options):
        response = self.answer(plain(target, **options), mode)
        self.assertEqual(response.status, 200, response.body)
        self.assertEqual(response.value('Content-Type'), 'text/html; charset=utf-8')
        self.assertTrue(response.body.startswith(b'<!doctype html>'))
        self.assertTrue(response.body.endswith(b'</html>\n'))
        return response


class DocumentTest(PageCase):
    """The document itself."""

    def policy(self, response):
        text = response.value('Content-Security-Policy')
        return {name: values for name, *values in map(str.split, text.split(';'))}

    @in_every_mode
    def test_a_browser_gets_the_page(self):
        self.get_page()

    def test_it_is_small_and_needs_no_second_request(self):
        page = self.get_page().body
        self.assertLess(len(page), PAGE_MOST_BYTES)
        body = page.decode()
        links = re.findall(r'(?:src|href)="([^"]*)"', body)
        self.assertEqual([link for link in links if not link.startswith('data:')], [])
        self.assertNotRegex(body, r'@import|url\(')

    def test_the_policy_allows_its_own_parts_and_no_others(self):
        response = self.get_page()
        policy = self.policy(response)
        for name, tag in (('script-src', 'script'), ('style-src', 'style')):
            parts = re.findall(rf'<{tag}>(.*?)</{tag}>', response.body.decode(), re.DOTALL)
            digests = [hashlib.sha256(part.encode()).digest() for part in parts]
            hashes = [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]
            self.assertEqual(policy[name], hashes)
            self.assertGreater(len(parts), 0)
        for name in ('default-src', 'base-uri', 'form-action', 'frame-ancestors'):
            self.assertEqual(policy[name], ["'none'"])
        self.assertEqual(policy['connect-src'], ['ws:', 'wss:'])
        self.assertNotIn('unsafe', response.value('Content-Security-Policy'))
        self.assertNotRegex(response.body.decode(), r' (on\w+|style)="|innerHTML|\beval\b')

    def test_the_answer_is_not_kept_without_asking(self):
        self.assertEqual(self.get_page().value('Cache-Control'), 'no-cache')

    def test_head_has_the_same_fields_and_no_content(self):
        page = self.get_page()
        connection = self.connect()
        connection.send(plain(method='HEAD'))
        ending, answer = connection.read_end()
        self.assertEqual(ending, FIN)
        head, _, rest = answer.partition(b'\r\n\r\n')
        self.assertEqual(rest, b'')
        self.assertEqual(head.split(b'\r\n')[1:],
                         [f'{name}: {value}'.encode() for name, value in page.fields])

    def test_http_1_0_gets_it_too(self):
        self.get_page(version='HTTP/1.0')

    def test_an_upgrade_to_something_else_is_ignored(self):
        self.get_page(fields=('Upgrade: h2c', 'Connection: Upgrade, HTTP2-Settings'))

    def test_it_is_logged_and_says_over_what_it_went(self):
        position = self.daemon.log.position()
        self.get_page(mode=SECURE)
        self.daemon.log.wait(
            lambda events: any(event.matches('served', {'service': 'page', 'listener': 'secure'})
                               for event in events[position:]), 'the page')


class EmbedTest(unittest.TestCase):
    """How the document is put together."""

    def test_a_part_that_is_missing_stops_the_build(self):
        root = Path(__file__).resolve().parents[2]
        with tempfile.TemporaryDirectory() as directory:
            parts = shutil.copytree(root / 'src/page', f'{directory}/page')
            Path(parts, 'repeater.js').unlink()
            result = subprocess.run([root / 'scripts/embed-page', parts, f'{directory}/document'],
                                    capture_output=True, text=True, check=False)
        self.assertEqual(result.returncode, 1)
        self.assertIn('page.html names repeater.js, which is not there', result.stderr)


class WhereTest(PageCase):
    """Which paths have a page."""

    def test_paths_of_routes_with_a_page(self):
        for target in ('/', '/?a=b', '/room/lobby', 'http://localhost/room/x'):
            with self.subTest(target):
                self.get_page(target)

    def test_below_these_and_where_no_route_is(self):
        for target in ('/.ws', '/room/lobby/.ws', '/nowhere/.ws', '/a/b/c/.ws?x', '/%2Ews'):
            with self.subTest(target):
                self.get_page(target)

    def test_no_page_elsewhere(self):
        for target in ('/bare', '/bare/.ws', '/bare/.http', '/bare/.sse', '/nowhere', '/room/',
                       '/.wss', '/x.ws', '/elsewhere'):
            with self.subTest(target):
                self.assert_refused(plain(target), 426)

    def test_a_route_of_another_host(self):
        self.get_page('/elsewhere', host='other.example')

    def test_other_methods_and_content_are_refused_as_without_a_page(self):
        self.assert_refused(plain(method='POST', fields=('Content-Length: 0',)), 405)
        self.assert_refused(plain(fields=('Content-Length: 5',), body='12345'), 400)
        self.assert_refused(plain(fields=('Transfer-Encoding: chunked',), body='0\r\n\r\n'), 400)

    def test_what_is_malformed_is_refused_as_without_a_page(self):
        self.assert_refused(b'GET / HTTP/1.1\r\n\r\n', 400)
        self.assert_refused(plain('/../'), 400)
        self.assert_refused(Request().without('Sec-WebSocket-Key').encode(), 400)
        self.assert_refused(Request().replace('Sec-WebSocket-Version', '8').encode(), 426)

    def test_a_handshake_is_one_as_before(self):
        self.client('/').echo('no page')
        self.assert_refused(Request('/.ws').encode(), 404)


class HttpEchoTest(PageCase):
    """/.http: the request, as text."""

    def echo(self, head, mode=None):
        response = self.answer(head, mode)
        self.assertEqual(response.status, 200, response.body)
        self.assertEqual(response.value('Content-Type'), 'text/plain; charset=utf-8')
        self.assertEqual(response.value('Cache-Control'), 'no-store')
        self.assertRegex(response.value('Content-Security-Policy'), "^default-src 'none'")
        return response.body.decode('ascii')

    @in_every_mode
    def test_a_request_comes_back(self):
        head = plain('/any/where/.http?x=%20', fields=('X-Test:  a  b ',))
        self.assertEqual(self.echo(head), head.decode().replace('\r\n', '\n'))

    @in_every_mode
    def test_content_comes_back(self):
        head = posted('/.http', 'line\n\ttab')
        self.assertEqual(self.echo(head), head.decode().replace('\r\n', '\n'))

    def test_other_methods(self):
        for method in ('PUT', 'DELETE', 'OPTIONS', 'PATCH', 'ANY'):
            self.assertTrue(self.echo(plain('/.http', method)).startswith(f'{method} /.http '))

    def test_what_is_not_printable_is_escaped(self):
        text = self.echo(posted('/.http', '<b>\0\x7f\xff\r\n\\', 'X-Odd: \xe4\\\x80'))
        self.assertTrue(text.endswith('\n\n<b>\\x00\\x7f\\xff\\x0d\n\\\\'), text)
        self.assertIn('\nX-Odd: \\xe4\\\\\\x80\n', text)

    def test_head_and_content_have_the_room_of_a_head(self):
        without = len(posted('/.http', '')) + 3
        body = 'x' * (8192 - without)
        self.assertEqual(len(posted('/.http', body)), 8192)
        self.assertTrue(self.echo(posted('/.http', body)).endswith(f'\n\n{body}'))
        self.assert_refused(posted('/.http', body + 'x'), 413)
        huge = plain('/.http', 'POST', fields=('Content-Length: 99999999999999999999999',))
        self.assert_refused(huge, 400)

    def test_content_in_pieces_over_reads(self):
        connection = self.connect()
        request = posted('/.http', 'one two three')
        for piece in (request[:-13], request[-13:-5], request[-5:]):
            connection.send(piece)
            time.sleep(0.05)
        self.assertTrue(connection.read_end()[1].endswith(b'\n\none two three'))

    def test_content_of_unknown_or_doubtful_length_is_refused(self):
        for status, fields in ((411, ('Transfer-Encoding: chunked',)),
                               (417, ('Content-Length: 2', 'Expect: 100-continue')),
                               (400, ('Content-Length: 2', 'Content-Length: 2')),
                               (400, ('Content-Length: -1',)), (400, ('Content-Length: ',)),
                               (400, ('Content-Length: 1 0',))):
            with self.subTest(fields):
                self.assert_refused(plain('/.http', 'POST', fields=fields), status)

    def test_what_follows_is_not_another_request(self):
        response = self.answer(posted('/.http', 'ab') + plain('/.http'))
        self.assertTrue(response.body.endswith(b'\n\nab'))


class EventsTest(PageCase):
    """/.sse: an event at once, and then one a second."""

    def start_events(self, mode=None):
        connection, response = self.request(plain('/.sse'), mode)
        self.assertEqual(response.status, 200)
        self.assertEqual(response.value('Content-Type'), 'text/event-stream')
        self.assertEqual(response.value('Cache-Control'), 'no-store')
        self.assertIsNone(response.value('Content-Length'))
        return connection

    def next_event(self, connection):
        connection.read_until(lambda buffer: b'\n\n' in buffer, 'an event')
        event, _, rest = bytes(connection.buffer).partition(b'\n\n')
        connection.buffer[:] = rest
        number, data = re.fullmatch(r'id: (\d+)\ndata: (.*)', event.decode()).groups()
        values = json.loads(data)
        self.assertEqual(values['count'], int(number))
        self.assertRegex(values['time'], r'^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$')
        return int(number)

    def test_events_come_once_a_second(self):
        for mode in (None, SECURE):
            connection = self.start_events(mode)
            self.assertEqual(self.next_event(connection), 1)
            stopwatch = Stopwatch()
            self.assertGreaterEqual(self.next_event(connection), 2)
            self.assertGreater(self.next_event(connection), 2)
            stopwatch.check(1, 2)
            connection.close()

    def test_what_the_client_sends_is_not_looked_at(self):
        connection = self.start_events()
        connection.send(b'\0\xff' * 100000)
        self.next_event(connection)
        self.next_event(connection)

    def test_head_ends(self):
        response = self.answer(plain('/.sse', 'HEAD'))
        self.assertEqual(response.value('Content-Type'), 'text/event-stream')


class WithoutPageTest(DaemonTest):
    """page: false, as it is by default."""

    def test_no_service_is_anywhere(self):
        self.start()
        for target in ('/', '/.ws', '/.http', '/.sse', '/x/.ws'):
            with self.subTest(target):
                self.assert_refused(plain(target), 426)
        self.assert_refused(posted('/.http', 'x'), 405)

    def test_a_route_may_have_none_where_the_others_do(self):
        routes = [{'path': '/', 'handler': 'echo', 'page': False}, {'path': '/b', 'handler': 'echo'}]
        self.start_with(routes=routes, defaults={'page': True})
        self.assert_refused(plain('/'), 426)
        self.assertEqual(self.request(plain('/b'))[1].status, 200)


class LoadTest(DaemonTest):
    """What slow and silent clients cost."""

    ROUTES = [{'path': '/', 'handler': 'echo', 'page': True}]

    def start_page(self, **settings):
        self.start_with(routes=self.ROUTES, **settings)

    def ask(self, target='/'):
        """Asks, and reads nothing; neither side's kernel can hold the whole page."""
        sock = self.socket(receive_buffer=2048)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_WINDOW_CLAMP, 2048)
        sock.sendall(plain(target))
        return sock

    def test_answers_are_counted_and_no_refusals(self):
        self.start_page()
        for target in ('/', '/.ws', '/.http'):
            self.assertEqual(self.request(plain(target))[1].status, 200)
        stopped = self.stopped_counters()
        self.assertEqual((stopped['pages'], stopped['refusals']), (3, 0))

    def stopped_counters(self):
        self.stopped_counter('pages')
        return self.daemon.log.with_message('stopped')[0].fields

    def test_a_client_that_reads_nothing_has_its_place_for_a_while(self):
        self.start_page(timeouts={'handshake': '1s', 'linger': '300ms'})
        stopwatch = Stopwatch()
        descriptors = self.daemon.descriptor_count()
        sockets = [self.ask() for _ in range(50)]
        self.wait_for_descriptors(descriptors)
        stopwatch.check(0, 2)
        for sock in sockets:
            sock.close()

    def test_an_answer_that_is_not_taken_is_a_handshake_out_of_time(self):
        """4 MiB of escapes, which neither side's kernel can hold."""
        self.start_page(timeouts={'handshake': '1s'}, limits={'header_size': '1MiB'},
                        log={'level': 'debug'})
        sock = self.socket(receive_buffer=2048)
        sock.sendall(posted('/.http', '\xff' * ((1 << 20) - 1024)))
        self.daemon.log.wait_for('ended before the upgrade',
                                 reason='the peer did not take the answer in time')
        stopped = self.stopped_counters()
        self.assertEqual((stopped['handshake_timeouts'], stopped['close_timeouts']), (1, 0))
        sock.close()

    def wait_for_descriptors(self, count):
        from harness.deadline import wait_until
        wait_until(lambda: self.daemon.descriptor_count() <= count, 'the end of connections')

    def test_a_slow_reader_gets_all_of_it(self):
        self.start_page()
        whole = len(self.request(plain())[1].body)
        sock = self.ask()
        received = b''
        while piece := sock.recv(4096):
            received += piece
            time.sleep(0.005)
        self.assertEqual(len(received.partition(b'\r\n\r\n')[2]), whole)

    def test_pages_count_as_connections(self):
        self.start_page(limits={'connections': 3})
        events = [self.request(plain('/.sse'))[0] for _ in range(3)]
        _, response = self.request(plain())
        self.assertEqual(response.status, 503)
        check_refusal(response)
        self.check_head_refused(503)
        for connection in events:
            connection.close()
        self.wait_for_place()

    def check_head_refused(self, status):
        connection = self.connect()
        connection.send(plain(method='HEAD'))
        ending, answer = connection.read_end()
        self.assertEqual(ending, FIN)
        self.assertTrue(answer.startswith(b'HTTP/1.1 %d ' % status), answer)
        self.assertTrue(answer.endswith(b'\r\n\r\n'), 'content for a HEAD')

    def wait_for_place(self):
        from harness.deadline import wait_until
        wait_until(lambda: self.request(plain())[1].status == 200, 'a place')

    def test_content_that_does_not_come_ends_with_the_time_of_the_handshake(self):
        self.start_page(timeouts={'handshake': '400ms'})
        stopwatch = Stopwatch()
        connection = self.connect()
        connection.send(plain('/.http', 'POST', fields=('Content-Length: 9',), body='12345678'))
        self.assertIn(connection.read_end()[0], (FIN, RESET))
        stopwatch.check(0.4)
        self.assertEqual(self.stopped_counter('handshake_timeouts'), 1)

    def test_streams_end_when_the_daemon_does(self):
        self.start_page(timeouts={'linger': '300ms'})
        connection, _ = self.request(plain('/.sse'))
        self.daemon.signal(15)
        self.assertEqual(connection.read_end()[0], FIN)
        self.assertEqual(self.daemon.wait_exit(), 0)
        self.check_log()
