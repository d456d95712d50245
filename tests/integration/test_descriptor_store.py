"""Listening sockets of the daemon's own that the service manager keeps for its next start."""

import shutil
import signal
import socket
import tempfile
from pathlib import Path

from harness import configuration
from harness.case import DaemonTest
from harness.client import Client
from harness.connection import Connection, connect_socket
from harness.handshake import Request, read_response
from harness.manager import Manager, listening_socket, warnings_of
from harness.visitors import Visitors


def free_port(host):
    with listening_socket((host, 0)) as sock:
        return sock.getsockname()[1]


class StoreTest(DaemonTest):
    """Daemons one after the other under one manager."""

    def setUp(self):
        super().setUp()
        self.directory = Path(tempfile.mkdtemp(prefix='wsrelayd-test-'))
        self.addCleanup(shutil.rmtree, self.directory)
        self.path = self.directory / 'kept.sock'
        self.addresses = [f'127.0.0.1:{free_port("127.0.0.1")}', f'[::1]:{free_port("::1")}',
                          f'unix:{self.path}']

    def manage(self, **options):
        self.manager = Manager(**options)
        self.addCleanup(self.manager.close)

    def start_next(self, *addresses):
        """A start with all that the manager has kept."""
        content = configuration.configuration(
            listeners=[{'name': 'plain', 'address': list(addresses)}])
        self.start(content, environment=self.manager.environment(),
                   passed=list(self.manager.stored.items()))
        self.assertEqual(self.warnings(), [])

    def warnings(self):
        return warnings_of(self.daemon)

    def messages_before_ready(self):
        return self.manager.wait_for(
            f'READY=1\nSTATUS=serving, connections: 0\nMAINPID={self.daemon.pid}')

    @staticmethod
    def name_of(address):
        return 'listener-' + address.replace(':', '_')

    def stored(self, *addresses):
        return [f'FDSTORE=1\nFDNAME={self.name_of(address)}' for address in addresses]

    def removed(self, *addresses):
        return [f'FDSTOREREMOVE=1\nFDNAME={self.name_of(address)}' for address in addresses]

    def check_all_serve(self):
        for address in self.daemon.addresses['plain']:
            with Client(connect_socket(address)) as client:
                client.open().echo()
                client.close_orderly()


class KeptTest(StoreTest):
    """What is kept."""

    def test_every_socket_is_given_away_before_the_daemon_is_ready(self):
        self.manage(store=16)
        self.start_next(*self.addresses)
        self.assertEqual(self.messages_before_ready(), self.stored(*self.addresses))

    def test_nothing_is_given_away_where_there_is_no_store(self):
        for store in (None, 0):
            self.manage(store=store)
            self.start_next(*self.addresses)
            self.assertEqual(self.messages_before_ready(), [])
            self.check_stop()
            self.assertFalse(self.path.exists())

    def test_the_next_start_takes_them_after_any_end(self):
        self.manage(store=16)
        self.start_next(*self.addresses)
        self.messages_before_ready()
        addresses = self.daemon.addresses['plain']
        for number in (signal.SIGKILL, signal.SIGTERM):
            self.daemon.signal(number)
            self.daemon.wait_exit()
            waiting = [Connection(connect_socket(address)) for address in addresses]
            for connection in waiting:
                connection.send(Request().encode())
            self.manager.waiting()
            self.start_next(*self.addresses)
            for connection in waiting:
                self.assertEqual(read_response(connection).status, 101)
                connection.close()
            messages = self.manager.waiting()
            self.assertEqual([text for text in messages if 'FD' in text], [])
            self.check_all_serve()

    def test_restarts_under_load_refuse_nobody(self):
        self.manage(store=16)
        address = self.addresses[0]
        self.start_next(address)
        self.messages_before_ready()
        with Visitors(self.daemon.address()) as visitors:
            for number in (signal.SIGTERM, signal.SIGKILL) * 2:
                self.daemon.log.wait_for_count('opened', 20)
                self.daemon.signal(number)
                self.daemon.wait_exit()
                self.start_next(address)
            self.daemon.log.wait_for_count('opened', 20)
        self.assertEqual(visitors.refused, 0, f'of {visitors.visits} visits')


class StaleTest(StoreTest):
    """What is not kept any longer."""

    def test_addresses_that_are_gone_are_removed_and_refuse(self):
        self.manage(store=16)
        self.start_next(*self.addresses)
        self.messages_before_ready()
        gone = self.daemon.addresses['plain'][1]
        self.daemon.kill()
        self.start_next(self.addresses[0], self.addresses[2])
        self.assertEqual(self.messages_before_ready(), self.removed(self.addresses[1]))
        with self.assertRaises(ConnectionRefusedError):
            connect_socket(gone)
        self.check_all_serve()

    def test_a_unix_socket_whose_file_is_gone_is_opened_anew(self):
        self.manage(store=16)
        self.start_next(self.addresses[2])
        self.messages_before_ready()
        self.daemon.kill()
        self.path.unlink()
        self.start_next(self.addresses[2])
        self.assertEqual(self.messages_before_ready(),
                         self.removed(self.addresses[2]) + self.stored(self.addresses[2]))
        self.check_all_serve()

    def test_the_mode_of_a_kept_unix_socket_is_that_of_the_file_now(self):
        self.manage(store=16)
        for mode in ('0600', '0666'):
            content = configuration.configuration(
                listeners=[{'name': 'plain', 'address': self.addresses[2], 'mode': mode}])
            self.start(content, environment=self.manager.environment(),
                       passed=list(self.manager.stored.items()))
            self.messages_before_ready()
            self.assertEqual(oct(self.path.stat().st_mode & 0o777), oct(int(mode, 8)))
            self.daemon.kill()

    def test_a_descriptor_that_is_not_what_its_name_says_is_not_taken(self):
        self.manage(store=16)
        others = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM), listening_socket()]
        for other in others:
            self.manager.stored[self.name_of(self.addresses[0])] = other
            self.start_next(self.addresses[0])
            self.assertEqual(self.messages_before_ready(),
                             self.removed(self.addresses[0]) + self.stored(self.addresses[0]))
            self.check_all_serve()
            self.check_stop()
            self.manager.waiting()

    def test_what_the_store_has_no_room_for_is_served_all_the_same(self):
        self.manage(store=2)
        content = configuration.configuration(
            listeners=[{'name': 'plain', 'address': self.addresses}])
        self.start(content, environment=self.manager.environment(), passed=[])
        self.assertEqual(self.messages_before_ready(), self.stored(*self.addresses[:2]))
        warning, = self.warnings()
        self.assertEqual(warning.get('name'), self.name_of(self.addresses[2]))
        self.check_all_serve()
