"""on_reload: close: who a reload sends away, and when."""

from collections import Counter

from harness import configuration, frames
from harness.client import Client
from harness.closing import moments_of_closing
from harness.connection import FIN, LOCAL, PLAIN, SECURE, Connection, connect_socket
from harness.reloading import ReloadTest

EVERY_TRANSPORT = (PLAIN, SECURE, LOCAL)
RESTART = 1012
ECHO, ROOM = configuration.ECHO_ROUTE, configuration.ROOM_ROUTE
SMALL = {**ECHO, 'max_message_size': '1KiB'}
SOON = {'timeouts': {'drain': '300ms'}}


class ClosingTest(ReloadTest):
    """Who is sent away is told so, and may answer."""

    def sent_away(self, client):
        self.assertTrue(client.expect_close(RESTART).reason)
        client.send(frames.close(RESTART))
        client.expect_end()
        client.close()


class CloseTest(ClosingTest):
    """The value of the new file counts."""

    def test_connections_of_a_changed_route_are_closed_and_others_live_on(self):
        for _ in self.each_number_of_workers(**SOON):
            changed = [self.client(mode=mode) for mode in EVERY_TRANSPORT]
            other = self.client('/room/one')
            self.reload(routes=[{**SMALL, 'on_reload': 'close'}, ROOM])
            for client in changed:
                self.sent_away(client)
            self.client().close_orderly()
            other.close_orderly()

    def test_the_default_is_inherited_and_a_route_may_say_otherwise(self):
        self.start_everywhere(**SOON)
        echo, room = self.client(), self.client('/room/one')
        self.reload(defaults={'on_reload': 'close', 'max_message_size': '2KiB'},
                    routes=[{**ECHO, 'on_reload': 'keep'}, ROOM])
        self.sent_away(room)
        echo.echo('kept')
        echo.close_orderly()

    def test_connections_of_a_removed_route_follow_the_defaults(self):
        for value in ('keep', 'close'):
            with self.subTest(value):
                self.start_everywhere(**SOON)
                echo, room = self.client(), self.client('/room/one')
                self.reload(routes=[ECHO], defaults={'on_reload': value})
                if value == 'close':
                    self.sent_away(room)
                else:
                    room.close_orderly()
                echo.echo('kept')
                echo.close_orderly()
                self.check_stop()

    def test_connections_of_a_dropped_listener_follow_the_defaults(self):
        for _ in self.each_number_of_workers(**SOON):
            extra = [{'name': 'extra', 'address': '127.0.0.1:0'},
                     {'name': 'local-extra', 'address': f'unix:{self.directory}/extra'}]
            self.reload(listeners=self.listeners() + extra)
            self.learn_address('extra')
            self.daemon.addresses['local-extra'] = [f'{self.directory}/extra']
            dropped = [Client(connect_socket(self.daemon.address(listener['name']))).open()
                       for listener in extra]
            kept = [self.client(mode=mode) for mode in EVERY_TRANSPORT]
            self.reload(listeners=self.listeners())
            for client in (*dropped, *kept):
                client.echo('kept')
            self.reload(defaults={'on_reload': 'close'})
            for client in dropped:
                self.sent_away(client)
            for client in kept:
                client.echo('kept')
                client.close_orderly()

    def test_events_of_a_dropped_listener_end_and_others_go_on(self):
        paged = [{**ECHO, 'page': True}]
        extra = {'name': 'extra', 'address': '127.0.0.1:0'}
        self.start_everywhere(**SOON, routes=paged, listeners=[*self.listeners(), extra])
        dropped = Connection(connect_socket(self.daemon.address('extra')))
        kept = self.connect()
        for connection in (dropped, kept):
            connection.send(b'GET /.sse HTTP/1.1\r\nHost: localhost\r\n\r\n')
            self.next_event(connection)
        self.reload(routes=paged, listeners=self.listeners(), defaults={'on_reload': 'close'})
        self.assertEqual(dropped.read_end()[0], FIN)
        self.next_event(kept)
        kept.close()

    @staticmethod
    def next_event(connection):
        connection.read_until(lambda buffer: b'data: ' in buffer, 'an event')
        connection.buffer.clear()

    def test_a_change_of_on_reload_alone_closes_nobody(self):
        self.start_everywhere(**SOON)
        clients = [self.client(path) for path in ('/', '/room/one')]
        for value in ('close', 'keep', 'close'):
            line = self.reload(defaults={'on_reload': value})
            self.assert_counts(line, routes_changed=2)
        for client in clients:
            client.send(frames.ping(b'there'))
            client.expect_pong(b'there')
            client.close_orderly()

    def test_what_a_reload_has_kept_a_later_one_may_close(self):
        self.start_everywhere(**SOON)
        first = self.client()
        self.reload(routes=[SMALL, ROOM])
        second = self.client()
        self.reload(routes=[{**SMALL, 'on_reload': 'close'}, ROOM])
        self.sent_away(first)
        second.echo('as in the file')
        second.close_orderly()

    def test_what_changes_back_is_kept(self):
        self.start_everywhere(**SOON)
        client = self.client()
        self.reload(routes=[SMALL, ROOM])
        self.reload(routes=[{**ECHO, 'on_reload': 'close'}, ROOM])
        client.echo('as in the file')
        client.close_orderly()

    def test_who_still_waits_is_kept_by_a_reload_that_changes_back(self):
        """Also by one that closes nobody. The witness is there for longer than they would have
        had; very few may have gone before the file was changed back."""
        room = {**ROOM, 'idle_timeout': '2500ms'}
        for value in ('keep', 'close'):
            with self.subTest(value):
                self.start_everywhere(timeouts={'drain': '2s'}, routes=[ECHO, room])
                clients = [self.client() for _ in range(40)]
                self.reload(routes=[{**SMALL, 'on_reload': 'close'}, room])
                self.reload(routes=[{**ECHO, 'on_reload': value}, room])
                witness = self.client('/room/witness')
                witness.expect_close(1008)
                self.assertGreater(sum(map(self.answers, clients)), 20)
                for client in (witness, *clients):
                    client.close()
                self.check_stop()

    @staticmethod
    def answers(client):
        client.send(frames.ping(b'there'))
        return client.next_frame().opcode == frames.PONG


class SpreadTest(ClosingTest):
    """Each has a moment of its own."""

    def test_the_closes_are_spread_over_the_drain_time(self):
        """No tenth of it has more than three times the mean."""
        self.start_everywhere(timeouts={'drain': '2s'})
        clients = [self.client() for _ in range(300)]
        self.reload(routes=[{**SMALL, 'on_reload': 'close'}, ROOM])
        moments = moments_of_closing(clients, lambda _, client: self.sent_away(client))
        tenths = Counter(int((moment - moments[0]) / 0.2) for moment in moments)
        self.assertLessEqual(max(tenths.values()), 3 * len(clients) / 10, tenths)
        self.assertGreater(moments[-1] - moments[0], 1.5)
