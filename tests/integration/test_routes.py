"""Routes: which one a request gets, what it inherits, and which room a connection is in."""

from harness import configuration, frames
from harness.case import SharedDaemonTest
from harness.frames import BINARY, TEXT
from harness.handshake import Request

MARKS = "/marks!$&'()*+,;=:@-._~"

# Each route selects a subprotocol of its own, which tells a client where it is.
PATTERNS = [
    {'path': '/exact'}, {'path': '/exact/'}, {'path': '/segment/{a}'},
    {'path': '/segment/{a}/fixed'}, {'path': '/two/{a}/{b}'}, {'path': '/rest/{x*}'},
    {'path': '/host', 'host': 'echo.example.org'}, {'path': '/host', 'host': '*.example.org'},
    {'path': '/host'}, {'path': '/first/{a}/{b*}'}, {'path': '/first/{x*}'},
    {'path': '/caf%c3%a9'}, {'path': MARKS}, {'path': '/esc%61ped'},
]


def name_of_route(route):
    """The subprotocol that stands for a route."""
    return f'{route.get("host", "any")}!{PATTERNS.index(route)}'.replace('*', 'star')


def subprotocol_of(path, host=None):
    return next(name_of_route(route) for route in PATTERNS
                if (route['path'], route.get('host')) == (path, host))


class TargetTest(SharedDaemonTest):
    """Requests against one table of routes."""

    @classmethod
    def configuration(cls):
        routes = [{**route, 'path': route['path'].replace('$', '$$'), 'handler': 'echo',
                   'subprotocols': [name_of_route(route)]}
                  for route in PATTERNS]
        return configuration.configuration(routes=[configuration.ECHO_ROUTE, *routes])

    def request_for(self, target, host='localhost'):
        return Request(target, host).add('Sec-WebSocket-Protocol',
                                         ', '.join(name_of_route(route) for route in PATTERNS))

    def assert_route(self, target, path, route_host=None, host='localhost'):
        """The request gets the route with this pattern and host."""
        client = self.assert_accepted(self.request_for(target, host))
        self.assertEqual(client.response.value('Sec-WebSocket-Protocol'),
                         subprotocol_of(path, route_host), f'route of {target!r} at {host}')
        client.close_orderly()

    def check_all(self, cases):
        """Each (target, pattern) or (target, status)."""
        for target, wanted in cases:
            with self.subTest(target[:60]):
                if isinstance(wanted, int):
                    self.assert_refused(self.request_for(target).encode(), wanted)
                else:
                    self.assert_route(target, wanted)


class RouteTest(TargetTest):
    """Which route a target and a host get."""

    def test_exact_paths(self):
        self.check_all([
            ('/exact', '/exact'), ('/exact/', '/exact/'), ('/exactly', 404), ('/exac', 404),
            ('/Exact', 404), ('/EXACT', 404), ('/exact/more', 404), ('/exact;x', 404),
            ('/nowhere', 404), ('/exact%20', 404), ('/...', 404),
        ])

    def test_the_query_takes_no_part(self):
        self.check_all([
            ('/exact?', '/exact'), ('/exact?a=b&c', '/exact'), ('/exact?/../x//%00%2F', '/exact'),
            ('/exact??', '/exact'), ('/exact/?x', '/exact/'), ('/nowhere?/exact', 404),
            ('/segment/a?b/fixed', '/segment/{a}'),
        ])

    def test_captures(self):
        self.check_all([
            ('/segment/a', '/segment/{a}'), ('/segment/a%20b', '/segment/{a}'),
            ('/segment/a.b', '/segment/{a}'), ('/segment/...', '/segment/{a}'),
            ('/segment/', 404), ('/segment', 404), ('/segment/a/', 404), ('/segment/a/b', 404),
            ('/segment/a/fixed', '/segment/{a}/fixed'), ('/segment/fixed', '/segment/{a}'),
            ('/two/a/b', '/two/{a}/{b}'), ('/two/a', 404), ('/two/a/', 404), ('/two/a/b/c', 404),
        ])

    def test_the_rest_may_be_empty_and_may_have_slashes(self):
        self.check_all([
            ('/rest/', '/rest/{x*}'), ('/rest/a', '/rest/{x*}'), ('/rest/a/b/c', '/rest/{x*}'),
            ('/rest/a/', '/rest/{x*}'), ('/rest', 404), ('/resta', 404),
        ])

    def test_the_first_match_wins(self):
        self.check_all([
            ('/first/a/', '/first/{a}/{b*}'), ('/first/a/b/c', '/first/{a}/{b*}'),
            ('/first/a', '/first/{x*}'), ('/first/', '/first/{x*}'),
        ])

    def test_hosts(self):
        for host, route_host in (
                ('echo.example.org', 'echo.example.org'), ('ECHO.Example.Org', 'echo.example.org'),
                ('echo.example.org:8080', 'echo.example.org'),
                ('other.example.org', '*.example.org'),
                ('OTHER.EXAMPLE.ORG:1', '*.example.org'), ('example.org', None),
                ('evilexample.org', None), ('echo.example.org.evil.test', None),
                ('xecho-example.org', None), ('127.0.0.1', None), ('[::1]:80', None)):
            with self.subTest(host):
                self.assert_route('/host', '/host', route_host, host)
                self.assert_route('/exact', '/exact', None, host)

    def test_the_host_of_an_absolute_target_counts(self):
        self.assert_route('http://echo.example.org/host', '/host', 'echo.example.org', 'localhost')
        self.assert_route('http://localhost/host', '/host', None, 'echo.example.org')
        self.assert_route('HTTPS://A.example.org:443/host?x', '/host', '*.example.org', 'localhost')


class NormalisationTest(TargetTest):
    """C23: one normal form of a path; what has none is a 400."""

    def test_escaped_unreserved_characters_are_decoded(self):
        self.check_all([
            ('/ex%61ct', '/exact'), ('/%65%78%61%63%74', '/exact'), ('/escaped', '/esc%61ped'),
            ('/esc%61ped', '/esc%61ped'), ('/%6E%6fwhere', 404),
        ])

    def test_other_escapes_are_compared_in_upper_case(self):
        self.check_all([
            ('/caf%c3%a9', '/caf%c3%a9'), ('/caf%C3%A9', '/caf%c3%a9'),
            ('/caf%C3%a9', '/caf%c3%a9'), ('/cafe', 404), (MARKS, MARKS),
            (MARKS.replace('!', '%21'), 404), (MARKS.replace('-._~', '%2D%2e%5F%7e'), MARKS),
        ])

    def test_dot_segments_are_refused_however_they_are_written(self):
        self.check_all([(target, 400) for target in (
            '/./exact', '/a/../exact', '/../exact', '/exact/.', '/exact/..', '/%2e/exact',
            '/%2e%2e/exact', '/%2E%2e/exact', '/.%2e/exact', '/%2e./exact', '/segment/..',
            '/segment/%2e', '/rest/a/../b', '/rest/..', '/.', '/..')])

    def test_slashes_and_nul_in_escapes_are_refused(self):
        self.check_all([(target, 400) for target in (
            '/exact%2F', '/exact%2f', '/%2Fexact', '/segment/a%2Fb', '/rest/%2f', '/exact%00',
            '/segment/%00', '/%00')])

    def test_empty_segments_are_refused_but_at_the_end(self):
        self.check_all([(target, 400) for target in (
            '//exact', '/exact//', '//', '/segment//', '/two//b', '/rest//', '/rest/a//b')])

    def test_broken_escapes_are_refused(self):
        self.check_all([(target, 400) for target in (
            '/exact%', '/exact%4', '/exact%zz', '/exact%4g', '/%%61', '/exact%u0041', '/%+1')])

    def test_bytes_outside_the_grammar_are_refused(self):
        for byte in (*range(1, 0x20), *b'"<>\\^`{|}\x7f', 0x80, 0xc3, 0xff):
            if byte not in b'\r\n':
                with self.subTest(byte):
                    self.assert_refused(self.request_for(f'/segment/a{chr(byte)}b').encode(), 400)
        self.assert_refused(self.request_for('/caf\xc3\xa9').encode(), 400)

    def test_targets_that_are_no_paths_are_refused(self):
        self.check_all([(target, 400) for target in (
            'exact', '*', '', 'localhost:80', '/exact#fragment', '/exact?x#y', 'ftp://localhost/',
            'http:///exact', '?x')])

    def test_long_paths(self):
        line = len('GET  HTTP/1.1')
        for length, wanted in ((4096 - line, '/rest/{x*}'), (4097 - line, 414)):
            self.check_all([('/rest/'.ljust(length, 'x'), wanted)])


class SettingsTest(SharedDaemonTest):
    """Settings of routes, and what they inherit from `defaults`."""

    @classmethod
    def configuration(cls):
        return configuration.configuration(
            defaults={'origins': ['https://inherited.example'], 'subprotocols': ['inherited', 'x'],
                      'max_message_size': '1000B', 'max_fragments': 4},
            routes=[
                {'path': '/', 'handler': 'echo'},
                {'path': '/own', 'handler': 'echo', 'origins': 'https://own.example',
                 'subprotocols': ['b', 'a'], 'max_message_size': '2000B'},
                {'path': '/any', 'handler': 'echo', 'origins': 'any', 'subprotocols': []},
                {'path': '/null', 'handler': 'echo', 'origins': ['null', 'https://*.w.example']},
            ])

    def status(self, path, origin):
        request = Request(path)
        if origin is not None:
            request.add('Origin', origin)
        connection, response = self.request(request.encode())
        connection.close()
        return response.status

    def test_origins_are_those_of_the_route(self):
        origins = (None, 'https://inherited.example', 'https://own.example', 'null',
                   'https://a.w.example', 'http://own.example')
        table = {'/': (101, 101, 403, 403, 403, 403), '/own': (101, 403, 101, 403, 403, 403),
                 '/any': (101,) * 6, '/null': (101, 403, 403, 101, 101, 403)}
        for path, statuses in table.items():
            for origin, wanted in zip(origins, statuses):
                with self.subTest(path=path, origin=origin):
                    self.assertEqual(self.status(path, origin), wanted)

    def test_a_path_without_a_route_is_404_whatever_the_origin(self):
        self.assertEqual(self.status('/nowhere', 'https://evil.example'), 404)

    def selected(self, path, offered):
        client = self.client(request=Request(path).add('Sec-WebSocket-Protocol', offered))
        client.close_orderly()
        return client.response.value('Sec-WebSocket-Protocol')

    def test_subprotocols_are_those_of_the_route_in_its_order(self):
        for path, offered, wanted in (
                ('/', 'a, b, inherited', 'inherited'), ('/', 'x, inherited', 'inherited'),
                ('/', 'x', 'x'), ('/', 'a, b', None), ('/own', 'a, b', 'b'), ('/own', 'a', 'a'),
                ('/own', 'inherited', None), ('/any', 'a, b, inherited', None),
                ('/null', 'x, y', 'x')):
            with self.subTest(path=path, offered=offered):
                self.assertEqual(self.selected(path, offered), wanted)

    def test_limits_are_those_of_the_route(self):
        for path, size in (('/', 1000), ('/any', 1000), ('/own', 2000)):
            with self.subTest(path):
                client = self.client(path)
                client.echo(b'x' * size, BINARY)
                client.send(frames.binary(b'x' * (size + 1)))
                client.expect_failure(1009)
                client.close()

    def test_what_a_route_does_not_set_is_inherited_next_to_what_it_sets(self):
        client = self.client('/own')
        client.send(b''.join(frames.fragments(BINARY, [b'x'] * 4)))
        client.expect(BINARY, b'xxxx')
        client.send(b''.join(frames.fragments(BINARY, [b'x'] * 5)))
        client.expect_failure(1008)
        client.close()


def room(path, template=None, **settings):
    """A broadcast route."""
    broadcast = {'type': 'broadcast', **settings}
    if template is not None:
        broadcast['room'] = template
    return {'path': path, 'handler': broadcast}


class RoomTest(SharedDaemonTest):
    """Which connections are in one room."""

    @classmethod
    def configuration(cls):
        return configuration.configuration(workers=2, routes=[
            configuration.ECHO_ROUTE, room('/room/{name}'), room('/other/{name}'),
            room('/shared/{name}', namespace='ours'), room('/also/{name}', namespace='ours'),
            room('/mine/{name}', include_sender=True), room('/deep/{path*}', '{path}'),
            room('/swap/{a}/{b}', '{b}-{a}'), room('/lobby', 'lobby'), room('/hall/{x}', 'hall'),
        ])

    def member(self, path, host='localhost'):
        return self.client(request=Request(path, host))

    def meet(self, one, other):
        """Whether what one (path, host) sends arrives at the other."""
        sender, receiver = self.member(*one), self.member(*other)
        neighbour = self.member(*other)
        sender.send(frames.text('from the sender') + frames.ping(b'handed over'))
        self.skip_to_pong(sender)
        neighbour.send(frames.text('from the neighbour'))
        first = receiver.next_message().payload
        if first == b'from the sender':
            receiver.expect(TEXT, 'from the neighbour')
        for client in (sender, receiver, neighbour):
            client.close()
        return first == b'from the sender'

    @staticmethod
    def skip_to_pong(client):
        while client.next_frame('a Pong').opcode != frames.PONG:
            pass

    def check(self, cases, wanted):
        for one, other in cases:
            with self.subTest(one=one, other=other):
                both = [(end, 'localhost') if isinstance(end, str) else end for end in (one, other)]
                self.assertEqual(self.meet(*both), wanted, 'whether they meet')
                self.assertEqual(self.meet(*reversed(both)), wanted, 'whether they meet')

    def test_equal_names_meet_and_others_do_not(self):
        self.check([('/room/a', '/room/a'), ('/lobby', '/lobby'), ('/room/a', '/room/a?b')], True)
        self.check([('/room/a', '/room/b'), ('/room/a', '/room/A'), ('/room/a', '/room/aa'),
                    ('/room/a', '/room/a%20')], False)

    def test_names_are_compared_in_normal_form(self):
        self.check([('/room/%61', '/room/a'), ('/room/%c3%a9', '/room/%C3%A9'),
                    ('/room/a%7Eb', '/room/a~b')], True)
        self.check([('/room/a+b', '/room/a%20b'), ('/room/a%2Bb', '/room/a+b')], False)

    def test_hosts_and_patterns_are_namespaces(self):
        self.check([(('/room/a', 'one.example'), ('/room/a', 'ONE.example:8080'))], True)
        self.check([(('/room/a', 'one.example'), ('/room/a', 'two.example')),
                    ('/room/a', '/other/a'), ('/room/a', '/shared/a'),
                    ('/room/lobby', '/lobby')], False)

    def test_an_explicit_namespace_joins_routes_and_hosts(self):
        self.check([('/shared/a', '/also/a'),
                    (('/shared/a', 'one.example'), ('/also/a', 'two.example'))], True)
        self.check([('/shared/a', '/also/b'), ('/also/a', '/room/a')], False)

    def test_templates(self):
        self.check([('/swap/1/2', '/swap/1/2'), ('/deep/a/b/c', '/deep/a/b/c'),
                    ('/hall/1', '/hall/2')], True)
        self.check([('/swap/1/2', '/swap/2/1'), ('/deep/a/b', '/deep/a/b/'),
                    ('/deep/a/b', '/deep/a')], False)

    def test_parts_of_a_template_run_together(self):
        """Names are bytes: two captures may well add up to the same name."""
        self.check([('/swap/b/a-x', '/swap/x-b/a')], True)

    def test_names_up_to_255_bytes(self):
        for name, wanted in (('x' * 255, 101), ('%20' * 85, 101), ('%41' * 255, 101),
                             ('x' * 256, 404), ('%20' * 86, 404)):
            with self.subTest(name[:10], length=len(name)):
                connection, response = self.request(Request(f'/room/{name}').encode())
                self.assertEqual(response.status, wanted)
                connection.close()
        self.check([('/room/' + 'x' * 255, '/room/' + 'x' * 255)], True)
        self.check([('/room/' + 'x' * 255, '/room/' + 'x' * 254)], False)

    def test_a_template_that_grows_too_long_is_404(self):
        self.assert_refused(Request(f'/swap/{"a" * 128}/{"b" * 127}').encode(), 404)

    def test_the_sender_gets_its_own_only_with_include_sender(self):
        for path, own in (('/room/own', False), ('/mine/own', True)):
            with self.subTest(path):
                sender, other = self.member(path), self.member(path)
                sender.send(frames.text('one') + frames.binary(b'two'))
                for client in ([sender] if own else []) + [other]:
                    client.expect(TEXT, 'one')
                    client.expect(BINARY, b'two')
                other.send(frames.text('three'))
                sender.expect(TEXT, 'three')
                sender.close()
                other.close()

    def test_with_include_sender_all_see_one_order(self):
        clients = [self.member('/mine/order') for _ in range(4)]
        for client in clients:
            client.send(b''.join(frames.text(f'{number} of {id(client)}') for number in range(50)))
        orders = [[client.next_message().payload for _ in range(200)] for client in clients]
        for order in orders[1:]:
            self.assertEqual(order, orders[0])
        for client in clients:
            client.close()

    def test_messages_arrive_whole_with_their_type(self):
        sender, member = self.member('/room/types'), self.member('/room/types')
        for opcode, pieces in ((TEXT, ['']), (BINARY, [b'']), (TEXT, ['a', 'ß', '']),
                               (BINARY, [b'\0' * 70000]), (BINARY, [b'x' * 1000] * 300)):
            payload = b''.join(piece.encode() if isinstance(piece, str) else piece
                               for piece in pieces)
            sender.send(b''.join(frames.fragments(opcode, pieces)))
            self.assertEqual(member.expect(opcode, payload).sizes, [len(payload)], 'one frame')
        sender.close_orderly()
        member.close_orderly()

    def test_who_has_left_gets_nothing_and_the_others_go_on(self):
        clients = [self.member('/room/leaving') for _ in range(4)]
        for end in ('close_orderly', 'close', 'reset'):
            getattr(clients.pop(), end)()
        rejoined = self.member('/room/leaving')
        rejoined.send(frames.text('again'))
        clients[0].expect(TEXT, 'again')
        rejoined.close()
        clients[0].close()
