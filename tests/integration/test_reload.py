"""Reload (SIGHUP): a new configuration replaces the old one as a whole or not at all, and no
connection, room or port notices."""

import os
import signal
import socket
import ssl
import stat
import threading

from harness import configuration, frames
from harness.client import Client
from harness.connection import LOCAL, PLAIN, SECURE, client_context, connect_socket
from harness.deadline import wait_until
from harness.frames import TEXT
from harness.handshake import Request, read_response
from harness.reloading import FAILED, ReloadTest

EVERY_TRANSPORT = (PLAIN, SECURE, LOCAL)


class KeepTest(ReloadTest):
    """What was there before goes on."""

    def test_connections_live_on(self):
        for _ in self.each_number_of_workers():
            clients = [self.client(mode=mode) for mode in EVERY_TRANSPORT]
            line = self.reload()
            self.assert_counts(line, listeners_kept=3, listeners_added=0, listeners_dropped=0,
                               routes_kept=2, routes_changed=0, routes_added=0, routes_removed=0)
            for client in clients:
                client.echo('after the reload')
                client.close_orderly()
            for mode in EVERY_TRANSPORT:
                self.client(mode=mode).close_orderly()

    def test_a_room_is_not_split_between_before_and_after(self):
        for _ in self.each_number_of_workers():
            before = [self.client('/room/one', mode) for mode in EVERY_TRANSPORT]
            room = {**configuration.ROOM_ROUTE, 'max_message_size': '2KiB'}
            line = self.reload(routes=[configuration.ECHO_ROUTE, room])
            self.assert_counts(line, routes_kept=1, routes_changed=1)
            after = [self.client('/room/one', mode) for mode in EVERY_TRANSPORT]
            for sender in (before[0], after[0]):
                sender.send(frames.text('to all'))
                for member in (*before, *after):
                    if member is not sender:
                        member.expect(TEXT, 'to all')
            for member in (*before, *after):
                member.close_orderly()

    def test_settings_of_a_route_are_for_connections_made_afterwards(self):
        self.start_everywhere()
        old = self.client()
        self.reload(routes=[{**configuration.ECHO_ROUTE, 'max_message_size': '10B'},
                            configuration.ROOM_ROUTE])
        old.echo('longer than ten bytes')
        old.close_orderly()
        new = self.client()
        new.send(frames.text('longer than ten bytes'))
        new.expect_failure(1009)
        new.close()
        self.reload(routes=[configuration.ECHO_ROUTE, configuration.ROOM_ROUTE])

    def test_old_settings_live_as_long_as_the_connections_that_have_them(self):
        for _ in self.each_number_of_workers():
            old = self.client()
            line = None
            for size in ('1KiB', '2KiB', '3KiB'):
                line = self.reload(routes=[{**configuration.ECHO_ROUTE, 'max_message_size': size},
                                           configuration.ROOM_ROUTE])
            self.assert_counts(line, live_snapshots=1, live_routes=3, live_listeners=4)
            old.close_orderly()
            self.daemon.log.wait_for('closed')
            line = self.reload()
            self.assert_counts(line, live_snapshots=1, live_routes=2, live_listeners=3)
            self.reload(routes=[configuration.ECHO_ROUTE, configuration.ROOM_ROUTE])

    def test_a_message_that_is_half_there_is_completed(self):
        self.start_everywhere()
        clients = [self.client(mode=mode) for mode in EVERY_TRANSPORT]
        for client in clients:
            client.send(frames.text('first, ', fin=False))
        self.reload(routes=[{**configuration.ECHO_ROUTE, 'max_fragments': 1},
                            configuration.ROOM_ROUTE])
        for client in clients:
            client.send(frames.frame(frames.CONTINUATION, b'second'))
            client.expect(TEXT, 'first, second')
            client.close_orderly()

    def test_handshakes_that_are_under_way_are_completed(self):
        for _ in self.each_number_of_workers(limits={'header_size': '8KiB'}):
            request = Request('/')
            half = len(request.encode()) // 2
            pending = [self.connect(mode) for mode in EVERY_TRANSPORT]
            greeting = self.tls_connection_half_way()
            for connection in pending:
                connection.send(request.encode()[:half])
            self.client().close_orderly()
            self.reload(limits={'header_size': '16KiB', 'request_line': '64B', 'headers': 20})
            for connection in pending:
                connection.send(request.encode()[half:])
                self.assertEqual(read_response(connection).status, 101)
                connection.close()
            self.finish_tls(greeting)

    def tls_connection_half_way(self):
        """A TLS client whose first flight is half sent: (socket, what goes in and out, rest)."""
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = client_context().wrap_bio(incoming, outgoing)
        sock = connect_socket(self.daemon.address('secure'))
        self.addCleanup(sock.close)
        with self.assertRaises(ssl.SSLWantReadError):
            tls.do_handshake()
        flight = outgoing.read()
        sock.sendall(flight[:20])
        return sock, tls, incoming, outgoing, flight[20:]

    def finish_tls(self, greeting):
        sock, tls, incoming, outgoing, rest = greeting
        sock.sendall(rest)
        done = False
        while not done:
            data = sock.recv(1 << 16)
            self.assertTrue(data, 'the server has hung up')
            incoming.write(data)
            try:
                tls.do_handshake()
                done = True
            except ssl.SSLWantReadError:
                pass
            if outgoing.pending:
                sock.sendall(outgoing.read())
        sock.close()

    def test_a_port_that_is_kept_never_refuses(self):
        for _ in self.each_number_of_workers():
            refused = []
            done = threading.Event()

            def visit_all():
                while not done.is_set():
                    for name in ('plain', 'secure', 'local'):
                        try:
                            self.visit(name)
                        except OSError as error:
                            refused.append(f'{name}: {error}')

            thread = threading.Thread(target=visit_all)
            thread.start()
            for number in range(20):
                extra = [{'name': f'extra{number}', 'address': '127.0.0.1:0'}]
                self.reload(listeners=self.listeners() + extra * (number % 2))
            done.set()
            thread.join()
            self.assertEqual(refused, [])
            self.reload(listeners=self.listeners())

    def visit(self, name):
        """Connects, and stays until the daemon has noticed: a full backlog is no refusal."""
        with connect_socket(self.daemon.address(name)) as sock:
            sock.shutdown(socket.SHUT_WR)
            sock.recv(1024)


class ListenerTest(ReloadTest):
    """Sockets are kept, added and dropped by their addresses."""

    def test_a_new_listener_serves_and_a_dropped_one_does_not(self):
        for _ in self.each_number_of_workers():
            extra = [{'name': 'extra', 'address': '127.0.0.1:0'},
                     {'name': 'local-extra', 'address': f'unix:{self.directory}/extra'}]
            line = self.reload(listeners=self.listeners() + extra)
            self.assert_counts(line, listeners_kept=3, listeners_added=2, listeners_dropped=0)
            self.learn_address('extra')
            self.daemon.addresses['local-extra'] = [f'{self.directory}/extra']
            clients = [Client(connect_socket(self.daemon.address(listener['name']))).open()
                       for listener in extra]
            line = self.reload(listeners=self.listeners())
            self.assert_counts(line, listeners_kept=3, listeners_added=0, listeners_dropped=2)
            for listener, client in zip(extra, clients):
                wait_until(lambda name=listener['name']: self.is_closed(name), 'it to be closed')
                client.echo('born there')
                client.close_orderly()
            self.assertFalse((self.directory / 'extra').exists())

    def test_who_waits_at_a_dropped_listener_is_served(self):
        for _ in self.each_number_of_workers():
            self.reload(listeners=[*self.listeners(), {'name': 'extra', 'address': '127.0.0.1:0'}])
            self.learn_address('extra')
            self.daemon.signal(signal.SIGSTOP)
            waiting = [connect_socket(self.daemon.address('extra')) for _ in range(100)]
            self.daemon.signal(signal.SIGHUP)
            configuration.write({**self.daemon.content, 'listeners': self.listeners()},
                                self.daemon.file)
            self.daemon.signal(signal.SIGCONT)
            for sock in waiting:
                client = Client(sock).open()
                client.echo()
                client.close_orderly()
            wait_until(lambda: self.is_closed('extra'), 'it to be closed')
            self.reload(listeners=self.listeners())

    def is_closed(self, name):
        try:
            connect_socket(self.daemon.address(name)).close()
        except (ConnectionRefusedError, FileNotFoundError):
            return True
        return False

    def test_a_kept_socket_may_go_over_to_tls_and_have_another_name(self):
        for _ in self.each_number_of_workers():
            host, port = self.daemon.address()
            old = self.client()
            secure = {**configuration.tls_listener([self.pair], 'now-secure'),
                      'address': f'{host}:{port}'}
            rest = self.listeners()[1:]
            line = self.reload(listeners=[secure, *rest])
            self.assert_counts(line, listeners_kept=3, listeners_added=0)
            self.daemon.addresses['now-secure'] = [(host, port)]
            self.assertIn('localhost', self.served_names('now-secure'))
            old.echo('still plain')
            old.close_orderly()
            self.reload(listeners=[{'name': 'plain', 'address': f'{host}:{port}'}, *rest])
            self.client().close_orderly()

    def test_the_mode_of_a_kept_unix_socket_changes(self):
        for _ in self.each_number_of_workers():
            for mode in ('0600', '0666'):
                local = configuration.unix_listener(self.path, mode=mode)
                line = self.reload(listeners=[*self.listeners()[:2], local])
                self.assert_counts(line, listeners_kept=3)
                self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), int(mode, 8))
            self.client(mode=LOCAL).close_orderly()

    def test_an_address_in_use_changes_nothing(self):
        for _ in self.each_number_of_workers():
            with socket.create_server(('127.0.0.1', 0)) as other:
                host, port = other.getsockname()
                taken = {'name': 'taken', 'address': f'{host}:{port}'}
                mode = configuration.unix_listener(self.path, mode='0600')
                lines = self.reload_in_vain(listeners=[*self.listeners()[:2], mode, taken])
            error, = [line for line in lines if line.message == 'cannot listen']
            self.assertEqual(error.get('listener'), 'taken')
            self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o660)
            for mode in EVERY_TRANSPORT:
                self.client(mode=mode).close_orderly()
            self.restore()


class RouteTest(ReloadTest):
    """Routes come and go."""

    def test_a_new_route_appears_and_a_removed_one_goes(self):
        for _ in self.each_number_of_workers():
            self.refused('/new')
            new = {'path': '/new', 'handler': 'echo'}
            line = self.reload(routes=[configuration.ECHO_ROUTE, configuration.ROOM_ROUTE, new])
            self.assert_counts(line, routes_kept=2, routes_added=1, routes_removed=0)
            old = self.client('/new')
            old.echo('born there')
            line = self.reload(routes=[configuration.ECHO_ROUTE, configuration.ROOM_ROUTE])
            self.assert_counts(line, routes_kept=2, routes_added=0, routes_removed=1)
            self.refused('/new')
            old.echo('still here')
            old.close_orderly()

    def test_the_order_of_routes_counts(self):
        self.start_everywhere(routes=[configuration.ECHO_ROUTE, configuration.ROOM_ROUTE])
        line = self.reload(routes=[{'path': '/room/{any}', 'handler': 'echo'},
                                   configuration.ECHO_ROUTE, configuration.ROOM_ROUTE])
        self.assert_counts(line, routes_kept=2, routes_added=1)
        client = self.client('/room/now-an-echo')
        client.echo('from the first that matches')
        client.close_orderly()


class RefusedTest(ReloadTest):
    """A file with errors is dropped whole, and every error is said."""

    def test_every_error_has_its_line_and_nothing_changes(self):
        for _ in self.each_number_of_workers():
            client = self.client()
            text = ('workers: 2\nlog: {level: info, format: json, access: true}\n'
                    'listeners: [{name: a, address: "127.0.0.1:0"}]\n'
                    'limits: {connections: none}\n'
                    'routes:\n  - {path: /x, handler: nonsense}\n  - {path: /y, handler: echo, q: 1}\n')
            lines = self.reload_in_vain(text)
            errors = [line.get('error') for line in lines if line.message == 'cannot reload'
                      and 'workers' not in line.get('error')]
            self.assertEqual(len(errors), 3, errors)
            for error, place in zip(errors, (':4:23: ', ':6:25: ', ':7:31: ')):
                self.assertIn(f'{self.daemon.file}{place}error: ', error)
            self.refused('/y')
            client.echo('as before')
            client.close_orderly()
            self.restore()

    def test_a_file_that_is_gone_or_no_yaml_changes_nothing(self):
        self.start_everywhere()
        self.reload_in_vain('listeners: [')
        self.reload_in_vain('')
        self.daemon.file.unlink()
        self.daemon.signal(signal.SIGHUP)
        self.daemon.log.wait_for_count(FAILED, 3)
        self.restore()
        self.reload()

    def test_problems_of_all_listeners_and_of_the_log_are_said_at_once(self):
        self.start_everywhere()
        broken = configuration.tls_listener([(self.pair[0], self.directory / 'no.key')], 'broken')
        nowhere = {'name': 'nowhere', 'address': '192.0.2.1:80'}
        lines = self.reload_in_vain(listeners=[*self.listeners(), broken, nowhere],
                                    log={'target': '/nonexistent/directory/log'})
        self.assertEqual(sorted(line.message for line in lines if line.level == 'error'),
                         ['cannot listen', 'cannot open the log file', 'cannot set TLS up', FAILED])
        for mode in EVERY_TRANSPORT:
            self.client(mode=mode).close_orderly()

    def test_keys_that_cannot_change_are_refused_with_their_names(self):
        self.start_everywhere()
        lines = self.reload_in_vain(workers=3, user='nobody', group='nogroup',
                                    pid_file=str(self.directory / 'pid'))
        errors = [line.get('error') for line in lines if line.message == 'cannot reload']
        self.assertEqual(len(errors), 4, errors)
        for key in ('workers', 'user', 'group', 'pid_file'):
            self.assertTrue(any(f': error: {key}: ' in error for error in errors), errors)
        self.assertFalse((self.directory / 'pid').exists())

    def test_it_is_ignored_while_the_daemon_stops(self):
        self.start_everywhere(timeouts={'close': '1h', 'drain': '1h'})
        client = self.client()
        self.daemon.signal(signal.SIGTERM)
        client.expect_close(1001)
        self.daemon.signal(signal.SIGHUP)
        self.daemon.log.wait_for('SIGHUP is ignored: the daemon is stopping')
        client.send(frames.close(1001))
        client.expect_end()
        client.close()
        self.assertEqual(self.daemon.wait_exit(), 0)
        self.check_stop()

    def test_the_counts_of_both_results_and_of_what_is_alive_are_told_at_the_end(self):
        self.start_everywhere()
        for number in range(3):
            self.reload(routes=[configuration.ECHO_ROUTE, configuration.ROOM_ROUTE,
                                {'path': f'/{number}', 'handler': 'echo'}])
            self.reload_in_vain('nonsense: true\n')
        self.restore()
        self.check_stop()
        line = self.daemon.log.with_message('stopped')[0]
        self.assert_counts(line, reloads_succeeded=3, reloads_failed=3, live_snapshots=1,
                           live_routes=3, live_listeners=3)
