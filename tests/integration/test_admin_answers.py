"""What the admin listener tells, and what it does when it is told to."""

import subprocess
from datetime import datetime, timezone

from harness import configuration, frames
from harness.admin_case import AdminTest
from harness.connection import FIN
from harness.deadline import wait_until
from harness.frames import BINARY, TEXT


class AnswersTest(AdminTest):
    """What is told."""

    def test_the_status(self):
        admin = self.start_admin()
        self.client().echo('12345')
        status = admin.get('/v1/status').json
        started = datetime.fromisoformat(status['started_at'].replace('Z', '+00:00'))
        self.assertLess(abs((datetime.now(timezone.utc) - started).total_seconds()), 60)
        self.assertEqual(status['pid'], self.daemon.pid)
        self.assertEqual(status['state'], 'serving')
        self.assertEqual(status['connections'], 1)
        self.assertEqual([worker['index'] for worker in status['workers']], [0, 1])
        self.assertEqual(sum(worker['connections'] for worker in status['workers']), 1)
        self.assertEqual((status['messages_in'], status['messages_out']), (1, 1))
        self.assertEqual((status['bytes_in'], status['bytes_out']), (5, 5))
        self.assertEqual(status['listeners'], 1)
        self.assertGreater(status['memory_resident_bytes'], 1 << 20)
        self.assertLessEqual(abs(status['open_files'] - self.daemon.descriptor_count()), 2)

    def test_the_configuration_is_what_the_dump_shows(self):
        admin = self.start_admin()
        text = admin.get('/v1/config').json['config']
        dumped = subprocess.run([str(self.daemon.process.args[0]), '-c', str(self.daemon.file),
                                 '-T'], capture_output=True, text=True, check=True)
        self.assertEqual(text, dumped.stdout)

    def test_the_listeners(self):
        admin = self.start_admin()
        self.client().echo()
        self.assertEqual(admin.get('/v1/listeners').json, {'listeners': [
            {'name': 'plain', 'address': '%s:%d' % self.daemon.address(), 'tls': False,
             'accepted': 1, 'connections': 1}]})

    def test_the_log_level_can_be_changed(self):
        admin = self.start_admin()
        self.assertEqual(admin.get('/v1/log-level').json, {'level': 'info'})
        self.assertEqual(admin.put('/v1/log-level', {'level': 'debug'}).json, {'level': 'debug'})
        self.client().echo()
        self.daemon.log.wait_for_count('state changed', 1)
        self.assertEqual(admin.get('/v1/log-level').json, {'level': 'debug'})


class ConnectionsTest(AdminTest):
    """Lists of connections, and closing them."""

    def connections(self, query=''):
        return self.unix.get(f'/v1/connections{query}').json

    def test_a_connection_is_described(self):
        self.start_admin()
        client = self.client('/room/blue')
        client.send(frames.frame(TEXT, b'1234'))
        wait_until(lambda: self.connections()['connections'][0]['messages_in'] == 1, 'the message')
        row = self.connections()['connections'][0]
        host, port = client.sock.getsockname()
        self.assertEqual((row['address'], row['port']), (host, port))
        self.assertEqual((row['state'], row['listener'], row['route'], row['room'], row['tls']),
                         ('open', 'plain', '/room/{name}', 'blue', None))
        self.assertEqual(row['namespace'], self.namespace())
        self.assertEqual((row['bytes_in'], row['messages_out'], row['queue_bytes']), (4, 0, 0))
        self.assertRegex(row['id'], r'\A[01]-[1-9][0-9]*\Z')
        self.assertGreaterEqual(row['age_seconds'], 0)
        self.assertGreaterEqual(row['idle_seconds'], 0)

    def test_what_is_in_no_room_has_no_namespace(self):
        self.start_admin()
        self.client()
        row, = self.connections()['connections']
        self.assertEqual((row['namespace'], row['room']), (None, None))

    def test_rates_are_averages_over_the_age(self):
        self.start_admin()
        client = self.client()
        for _ in range(5):
            client.echo('1234')
        row = self.connections()['connections'][0]
        names = {'messages_in': 5, 'messages_out': 5, 'bytes_in': 20, 'bytes_out': 20}
        self.assertEqual({name: row[name] for name in names}, names)
        self.assert_rates(row, names)
        wait_until(lambda: self.connections()['connections'][0]['age_seconds'] > 1.5, 'some age')
        row = self.connections()['connections'][0]
        self.assert_rates(row, names)
        self.assertLess(row['messages_in_per_second'], 5 / 1.5)

    def assert_rates(self, row, counts):
        for name, count in counts.items():
            self.assertAlmostEqual(row[f'{name}_per_second'], count / max(row['age_seconds'], 1))

    def test_the_namespace_chooses_among_rooms_of_one_name(self):
        def route(path, namespace):
            return {'path': path, 'handler': {'type': 'broadcast', 'namespace': namespace}}
        self.start_admin(routes=[route('/a/{name}', 'first'), route('/b/{name}', 'second'),
                                 configuration.ECHO_ROUTE])
        for path in ('/a/x', '/b/x', '/b/y', '/'):
            self.client(path)
        for query, count in (('?namespace=first', 1), ('?namespace=second', 2),
                             ('?namespace=second&room=x', 1), ('?namespace=first&room=y', 0),
                             ('?room=x', 2), ('?namespace=fir', 0), ('?namespace=', 4)):
            with self.subTest(query=query):
                self.assertEqual(len(self.connections(query)['connections']), count)
        self.assert_error(self.unix.get(f'/v1/connections?namespace={"x" * 1025}'), 400)

    def test_filters(self):
        self.start_admin()
        self.client('/room/blue')
        self.client('/room/red')
        self.client('/')
        pending = self.connect()
        wait_until(lambda: len(self.connections()['connections']) == 4, 'four connections')
        for query, count in (('?room=blue', 1), ('?route=/', 1), ('?route=/room/%7Bname%7D', 2),
                             ('?address=127.0.0.1', 4), ('?address=127.0.0.2', 0),
                             ('?state=open', 3), ('?state=upgrade', 1), ('?room=green', 0),
                             ('?state=open&room=red', 1)):
            with self.subTest(query=query):
                self.assertEqual(len(self.connections(query)['connections']), count)
        pending.close()

    def test_pages_hold_each_connection_once(self):
        self.start_admin()
        for _ in range(25):
            self.client()
        for limit in (1, 7, 24, 25, 26):
            with self.subTest(limit=limit):
                ids, after = [], ''
                while after is not None:
                    page = self.connections(f'?limit={limit}&after={after}')
                    self.assertLessEqual(len(page['connections']), limit)
                    ids += [row['id'] for row in page['connections']]
                    after = page['next']
                self.assertEqual(len(ids), 25)
                self.assertEqual(len(set(ids)), 25)

    def test_parameters_that_make_no_sense(self):
        self.start_admin()
        for query in ('?limit=0', '?limit=1001', '?limit=x', '?limit=-1', '?after=x', '?after=1',
                      '?state=dead', '?room=%', '?room=%00', '?limit=99999999999'):
            with self.subTest(query=query):
                self.assert_error(self.unix.get(f'/v1/connections{query}'), 400)
        for query in ('?limit=1', '?limit=999', '?limit=1000'):
            self.assertEqual(self.unix.get(f'/v1/connections{query}').status, 200)

    def test_a_connection_is_closed_with_code_and_reason(self):
        self.start_admin()
        client = self.client()
        number = self.connections()['connections'][0]['id']
        answer = self.unix.post(f'/v1/connections/{number}/close',
                                {'code': 4321, 'reason': 'grüße'})
        self.assertEqual(answer.json, {'closed': 1})
        close = client.expect_close(4321)
        self.assertEqual(close.reason, 'grüße')
        self.assert_error(self.unix.post(f'/v1/connections/{number}/close'), 409)
        client.send(frames.close(4321))
        client.expect_end()
        wait_until(lambda: self.unix.post(f'/v1/connections/{number}/close').status == 404,
                   'the connection to be unknown')

    def test_a_stream_of_events_is_ended(self):
        self.start_admin(routes=[{'path': '/', 'handler': 'echo', 'page': True}])
        stream, _ = self.request(b'GET /.sse HTTP/1.1\r\nHost: localhost\r\n\r\n')
        connection, = self.connections()['connections']
        self.assertEqual(connection['state'], 'events')
        answer = self.unix.post(f'/v1/connections/{connection["id"]}/close')
        self.assertEqual(answer.json, {'closed': 1})
        self.assertEqual(stream.read_end()[0], FIN)

    def test_every_code_that_is_allowed_arrives(self):
        self.start_admin()
        for code in (1000, 1001, 1008, 1011, 1012, 1013, 3000, 4999):
            with self.subTest(code=code):
                client = self.client('/room/codes')
                self.unix.post('/v1/rooms/close', {'namespace': self.namespace(), 'name': 'codes',
                                                   'code': code})
                client.expect_close(code)
                client.send(frames.close(code))
                client.expect_end()

    def namespace(self):
        return self.unix.get('/v1/rooms').json['rooms'][0]['namespace']

    def test_codes_and_reasons_that_may_not_be_sent(self):
        self.start_admin()
        client = self.client()
        number = self.connections()['connections'][0]['id']
        for body in ({'code': 999}, {'code': 1002}, {'code': 1006}, {'code': 2999}, {'code': 5000},
                     {'code': '1000'}, {'reason': 'x' * 124}, {'more': 1}):
            with self.subTest(body=body):
                self.assert_error(self.unix.post(f'/v1/connections/{number}/close', body), 400)
        client.echo()

    def test_ids_that_nobody_has(self):
        self.start_admin()
        for number in ('0-0', '0-99', '7-1', 'x', '-', '0-', '-1', '00-1', '0-01'):
            with self.subTest(number=number):
                self.assert_error(self.unix.post(f'/v1/connections/{number}/close'), 404)


class RoomsTest(AdminTest):
    """Rooms, with one worker and with several."""

    def in_both(self, test):
        for workers in (1, 3):
            with self.subTest(workers=workers):
                self.start_admin(workers=workers)
                test()

    def rooms(self, query=''):
        return self.unix.get(f'/v1/rooms{query}').json

    def test_rooms_are_listed_with_their_members(self):
        def test():
            self.assertEqual(self.rooms(), {'rooms': [], 'next': None})
            for room in ('a', 'ab', 'ab', 'b'):
                self.client(f'/room/{room}')
            rows = {row['name']: row['members'] for row in self.rooms()['rooms']}
            self.assertEqual(rows, {'a': 1, 'ab': 2, 'b': 1})
            names = {row['name'] for row in self.rooms('?prefix=a')['rooms']}
            self.assertEqual(names, {'a', 'ab'})
        self.in_both(test)

    def test_pages_hold_each_room_once(self):
        self.start_admin()
        for number in range(20):
            self.client(f'/room/{number}')
        for limit in (1, 6, 19, 20, 21):
            with self.subTest(limit=limit):
                names, after = [], ''
                while after is not None:
                    page = self.rooms(f'?limit={limit}&after={after}')
                    names += [row['name'] for row in page['rooms']]
                    after = page['next']
                self.assertEqual(sorted(names, key=int), [str(number) for number in range(20)])

    def test_a_page_may_take_several_turns(self):
        """As one turn writes only so many rows."""
        def test():
            for number in range(200):
                self.client(f'/room/{number}')
            page = self.rooms('?limit=1000')
            self.assertIsNone(page['next'])
            self.assertEqual(sorted(int(row['name']) for row in page['rooms']), list(range(200)))
            self.assertEqual(len(self.rooms('?prefix=19&limit=11')['rooms']), 11)
            self.assertIsNone(self.rooms('?prefix=19&limit=11')['next'])
            self.assertIsNotNone(self.rooms('?prefix=19&limit=10')['next'])
            self.assertEqual(self.rooms(f'?after={"f" * 16}'), {'rooms': [], 'next': None})
        self.in_both(test)

    def test_a_publication_reaches_every_member(self):
        def test():
            members = [self.client('/room/a') for _ in range(4)]
            other = self.client('/room/b')
            room = self.rooms('?prefix=a')['rooms'][0]
            name = {'namespace': room['namespace'], 'name': 'a'}
            answer = self.unix.post('/v1/rooms/publish', {**name, 'type': 'text', 'data': 'grüße'})
            self.assertEqual(answer.json, {'published': True, 'members': 4})
            self.unix.post('/v1/rooms/publish', {**name, 'type': 'binary', 'data': 'AP8='})
            self.unix.post('/v1/rooms/publish', {**name, 'type': 'text', 'data': ''})
            for member in members:
                member.expect(TEXT, 'grüße'.encode())
                member.expect(BINARY, b'\x00\xff')
                member.expect(TEXT, b'')
            other.send(frames.ping(b'nothing'))
            other.expect_pong(b'nothing')
        self.in_both(test)

    def test_publications_that_cannot_be(self):
        self.start_admin()
        self.client('/room/a')
        name = {'namespace': self.rooms()['rooms'][0]['namespace'], 'name': 'a'}
        for body in ({**name, 'type': 'binary', 'data': 'AP8'},
                     {**name, 'type': 'binary', 'data': 'A!8='},
                     {**name, 'type': 'binary', 'data': 'AP9='},
                     {**name, 'type': 'ping', 'data': ''}, {**name, 'type': 'text'},
                     {'type': 'text', 'data': ''}):
            with self.subTest(body=body):
                self.assert_error(self.unix.post('/v1/rooms/publish', body), 400)

    def test_a_room_that_is_not_there_is_told(self):
        def test():
            self.client('/room/a')
            there = self.rooms()['rooms'][0]['namespace']
            for namespace, name in ((there, 'b'), ('x', 'a'), ('', ''), ('a\0b', 'grüße')):
                room = {'namespace': namespace, 'name': name}
                for path, body in (('close', room),
                                   ('publish', {**room, 'type': 'text', 'data': 'more'})):
                    with self.subTest(path=path, **room):
                        answer = self.unix.post(f'/v1/rooms/{path}', body)
                        self.assert_error(answer, 404)
                        self.assertEqual(answer.error['details'], room)
        self.in_both(test)

    def test_a_room_is_closed(self):
        def test():
            members = [self.client('/room/a') for _ in range(5)]
            other = self.client('/room/b')
            room = self.rooms('?prefix=a')['rooms'][0]
            body = {'namespace': room['namespace'], 'name': 'a', 'code': 1012, 'reason': 'moved'}
            self.assertEqual(self.unix.post('/v1/rooms/close', body).json, {'closed': 5})
            for member in members:
                self.assertEqual(member.expect_close(1012).reason, 'moved')
                member.send(frames.close(1012))
                member.expect_end()
            wait_until(lambda: self.unix.post('/v1/rooms/close', body).status == 404,
                       'the room to be gone')
            other.send(frames.ping(b'x'))
            other.expect_pong(b'x')
        self.in_both(test)
