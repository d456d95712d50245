"""Sockets that somebody else has opened: taken by name, checked, and alive when the daemon is not."""

import os
import select
import signal
import socket
from pathlib import Path

from harness import certificates, configuration
from harness.case import DaemonTest
from harness.client import Client
from harness.connection import FIN, RESET, SECURE, Connection, connect_socket
from harness.daemon import Daemon, run_to_end
from harness.handshake import Request, read_response
from harness.manager import descriptors_of, listening_socket, warnings_of
from harness.visitors import Visitors

CLOSE_ON_EXEC = 0o2000000
NON_BLOCKING = 0o4000


def listener(name='plain', address='systemd:web', **settings):
    return {'name': name, 'address': address, **settings}


class ActivationTest(DaemonTest):
    """A daemon whose sockets were passed to it."""

    def open(self, address=('127.0.0.1', 0)):
        sock = listening_socket(address)
        self.addCleanup(sock.close)
        return sock

    def start_with_sockets(self, *passed, listeners=None, **options):
        """`passed` are pairs (name, socket)."""
        content = configuration.configuration(listeners=listeners or [listener()])
        return self.start(content, passed=passed, **options)


class ServingTest(ActivationTest):
    """What is served."""

    def test_every_kind_of_socket_is_served(self):
        path = certificates.directory() / 'passed.sock'
        for workers in (1, 3):
            sockets = [('web', self.open()), ('web', self.open(('::1', 0))), ('web', self.open(path)),
                       ('tls', self.open())]
            secure = configuration.tls_listener([certificates.get('localhost')])
            secure['address'] = 'systemd:tls'
            self.start(configuration.configuration(listeners=[listener(), secure], workers=workers),
                       passed=sockets)
            for address in [sock.getsockname() for _, sock in sockets[:3]]:
                with Client(connect_socket(address[:2] if isinstance(address, tuple) else address),
                            ) as client:
                    client.open().echo()
                    client.close_orderly()
            self.client(mode=SECURE).close_orderly()
            self.check_stop()
            self.assertTrue(path.is_socket(), 'the file of a passed socket was removed')
            for _, sock in sockets:
                self.assertEqual(sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN), 1,
                                 'a passed socket was shut down')
            path.unlink()

    def test_a_reload_keeps_drops_and_takes_passed_sockets(self):
        for workers in (1, 2):
            own = listener('own', '127.0.0.1:0')
            socks = [self.open(), self.open()]
            content = configuration.configuration(listeners=[listener(), own], workers=workers)
            self.start(content, passed=[('web', sock) for sock in socks])
            self.reload_with(content, [listener(), own], kept=3, added=0, dropped=0)
            self.reload_with(content, [own], kept=1, added=0, dropped=2)
            self.reload_with(content, [listener(), own], kept=1, added=2, dropped=0)
            for sock in socks:
                with Client(connect_socket(sock.getsockname())) as client:
                    client.open().echo()
                    client.close_orderly()
            self.check_stop()

    def reload_with(self, content, listeners, **counts):
        configuration.write({**content, 'listeners': listeners}, self.daemon.file)
        count = len(self.daemon.log.with_message('reloaded')) + 1
        self.daemon.signal(signal.SIGHUP)
        line = self.daemon.log.wait_for_count('reloaded', count)[-1]
        for name, number in counts.items():
            self.assertEqual(line.get(f'listeners_{name}'), number, line)

    def test_passed_and_own_addresses_stand_side_by_side(self):
        self.start_with_sockets(('web', self.open()), listeners=[
            listener(address=['127.0.0.1:0', 'systemd:web']), listener('other', '127.0.0.1:0')])
        addresses = self.daemon.addresses['plain'] + self.daemon.addresses['other']
        self.assertEqual(len(set(addresses)), 3)
        for address in addresses:
            with Client(connect_socket(address)) as client:
                client.open().echo()
                client.close_orderly()

    def test_descriptors_are_close_on_exec_and_do_not_block(self):
        self.start_with_sockets(('web', self.open()))
        for number, target in descriptors_of(self.daemon.pid).items():
            if number > 2:
                text = Path(f'/proc/{self.daemon.pid}/fdinfo/{number}').read_text(encoding='ascii')
                flags = int(text.split('flags:')[1].split()[0], 8)
                self.assertTrue(flags & CLOSE_ON_EXEC, f'{number}: {target}')
                self.assertTrue(flags & NON_BLOCKING or 'socket' not in target, target)

    def test_what_no_listener_names_is_closed_with_a_warning(self):
        unused = self.open()
        self.start_with_sockets(('other', unused), ('web', self.open()), ('', self.open()))
        lines = warnings_of(self.daemon)
        self.assertEqual([(line.get('fd'), line.get('name')) for line in lines],
                         [(3, 'other'), (5, '')])
        self.assertNotIn(f'socket:[{os.fstat(unused.fileno()).st_ino}]',
                         descriptors_of(self.daemon.pid).values())

    def test_descriptors_meant_for_another_process_are_left_alone(self):
        self.start(passed=[('web', self.open())], environment={'LISTEN_PID': '1'})
        self.assertEqual(warnings_of(self.daemon), [])


class RefusalTest(ActivationTest):
    """Starts that fail, with a line that says why."""

    def refuse(self, *passed, listeners=None, environment=None, error='cannot listen'):
        """The fields of the one error of a start."""
        self.daemon = Daemon(configuration.configuration(listeners=listeners or [listener()]),
                             passed=passed, environment=environment)
        self.addCleanup(self.daemon.remove)
        self.daemon.launch()
        self.assertEqual(self.daemon.wait_exit(), 1, self.daemon.log.tail())
        line, = [event for event in self.daemon.log.events if event.level == 'error']
        self.assertEqual(line.message, error)
        return line

    def test_a_name_that_was_not_passed_is_named_beside_those_that_were(self):
        line = self.refuse(('one', self.open()), ('two', self.open()))
        self.assertEqual(line.get('listener'), 'plain')
        self.assertEqual(line.get('address'), 'systemd:web')
        self.assertEqual(line.get('error'), 'no socket was passed under that name, only one, two')

    def test_no_sockets_at_all(self):
        for options in ({}, {'environment': {'LISTEN_PID': '1', 'LISTEN_FDS': '1'}}):
            line = self.refuse(**options)
            self.assertEqual(line.get('error'),
                             'no sockets were passed: let the socket unit start the service')

    def test_descriptors_that_do_not_accept_connections(self):
        datagram = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        idle = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        file = open('/dev/null', 'rb')  # pylint: disable=consider-using-with
        for descriptor, fault in ((datagram, 'is no stream socket'), (idle, 'does not listen'),
                                  (file, 'is no socket')):
            self.addCleanup(descriptor.close)
            line = self.refuse(('first', self.open()), ('web', descriptor),
                               listeners=[listener(address=['systemd:first', 'systemd:web'])])
            self.assertIn(f'descriptor 4, passed under that name, {fault}', line.get('error'))

    def test_variables_that_do_not_fit_the_descriptors(self):
        message = 'cannot take the sockets that were passed'
        web = ('web', self.open())
        line = self.refuse(web, environment={'LISTEN_FDS': '3'}, error=message)
        self.assertIn('LISTEN_FDS counts more', line.get('error'))
        for names in ('web:other', 'web:'):
            line = self.refuse(web, environment={'LISTEN_FDNAMES': names}, error=message)
            self.assertIn('LISTEN_FDNAMES', line.get('error'))

    def test_checking_needs_no_sockets(self):
        status, lines = run_to_end(configuration.configuration(listeners=[listener()]), '-t')
        self.assertEqual((status, lines), (0, []))


class RestartTest(ActivationTest):
    """The sockets outlive the daemon."""

    def restarted(self, sock, end):
        """Ends a daemon with end() and starts the next one with the same socket."""
        end()
        return self.start_with_sockets(('web', sock))

    def test_stops_and_starts_under_load_refuse_nobody(self):
        sock = self.open()
        self.start_with_sockets(('web', sock))
        with Visitors(sock.getsockname()) as visitors:
            for _ in range(5):
                before = visitors.welcomed
                self.daemon.log.wait_for_count('opened', 20)
                self.restarted(sock, lambda: self.assertEqual(self.daemon.stop(), 0))
                self.assertGreater(visitors.welcomed, before)
            self.daemon.log.wait_for_count('opened', 20)
        self.assertEqual(visitors.refused, 0, f'of {visitors.visits} visits')

    def test_killed_daemons_leave_the_door_open(self):
        path = certificates.directory() / 'killed.sock'
        self.addCleanup(path.unlink)
        for address in (('127.0.0.1', 0), path):
            sock = self.open(address)
            self.start_with_sockets(('web', sock))
            for _ in range(3):
                client = self.client()
                self.daemon.kill()
                self.assertIn(client.read_end()[0], (FIN, RESET))
                waiting = Connection(connect_socket(sock.getsockname()))
                waiting.send(Request().encode())
                self.assertEqual(select.select([waiting.sock], [], [], 0)[0], [])
                self.start_with_sockets(('web', sock))
                self.assertEqual(read_response(waiting).status, 101)
                waiting.close()
