"""What the service manager is told of reloads."""

import re
import shutil
import signal
import time

from harness import certificates, configuration
from harness.connection import Connection, connect_socket
from harness.deadline import wait_until
from harness.handshake import Request, read_response
from harness.manager import Manager
from harness.reloading import ReloadTest

RELOADING = re.compile(r'RELOADING=1\nMONOTONIC_USEC=(\d+)')


class ManagerTest(ReloadTest):
    """A daemon that a manager has started."""

    def start_under(self, manager, workers=2, listeners=None):
        self.manager = manager
        self.addCleanup(manager.close)
        self.start(configuration.configuration(listeners=listeners or self.listeners(),
                                               workers=workers),
                   environment=manager.environment(), passed=[])
        self.manager.wait_for(self.ready())

    def ready(self, rest=''):
        return f'READY=1\nSTATUS=serving, connections: 0{rest}\nMAINPID={self.daemon.pid}'

    def assert_reloading(self, begin_us):
        text = self.manager.next('the beginning of a reload')
        match = RELOADING.fullmatch(text)
        self.assertTrue(match, text)
        self.assertTrue(begin_us <= int(match[1]) <= time.monotonic_ns() // 1000, text)

    def test_a_good_reload_is_told_from_beginning_to_end(self):
        for workers in (1, 2):
            with self.subTest(workers=workers):
                self.start_under(Manager(), workers)
                for _ in range(3):
                    begin_us = time.monotonic_ns() // 1000
                    self.reload()
                    self.assert_reloading(begin_us)
                    self.assertEqual(self.manager.next(), self.ready())
                self.check_stop()

    def test_certificates_that_cannot_be_used_are_in_the_status_until_they_can(self):
        self.expect_error_line('certificates have changed and cannot be used')
        self.expect_error_line('cannot set TLS up')
        self.start_under(Manager(), listeners=self.listeners(reload_on_change=True))
        shutil.copy(certificates.get('other')[1], self.pair[1])
        self.manager.wait_for('STATUS=serving, connections: 0, new certificates of listener '
                              '"secure" cannot be used')
        self.install('other')
        self.manager.wait_for('STATUS=serving, connections: 0')

    def test_a_failed_one_is_over_too_and_its_first_error_stays_in_the_status(self):
        self.start_under(Manager())
        begin_us = time.monotonic_ns() // 1000
        self.reload_in_vain('nonsense: true\n')
        self.assert_reloading(begin_us)
        text = self.manager.next()
        self.assertIn('\nSTATUS=serving, connections: 0, last reload failed', text)
        self.assertIn(f'{self.daemon.file}:', text)
        self.restore()
        client = self.client()
        status = self.manager.next()
        self.assertTrue(status.startswith('STATUS=serving, connections: 1, last reload failed'),
                        status)
        client.close_orderly()
        self.reload()
        self.manager.wait_for(self.ready())

    def test_many_at_once_are_few_runs_and_the_last_sees_the_file_as_it_is(self):
        self.start_under(Manager())
        for number in range(100):
            content = {**self.daemon.content, 'routes': [
                configuration.ECHO_ROUTE, {'path': f'/{number}', 'handler': 'echo'}]}
            configuration.write(content, self.directory / 'next.yaml').replace(self.daemon.file)
            self.daemon.signal(signal.SIGHUP)
        wait_until(lambda: self.is_served('/99'), 'the last change to be in force')
        self.restore()

    def is_served(self, path):
        with Connection(connect_socket(self.daemon.address())) as connection:
            connection.send(Request(path).encode())
            return read_response(connection).status == 101


class StoreTest(ReloadTest):
    """Sockets that the manager keeps for the next start."""

    def names(self):
        return sorted(self.manager.stored)

    def test_listeners_that_come_and_go_do_so_in_the_store_too(self):
        for workers in (1, 2):
            with self.subTest(workers=workers):
                self.manager = Manager(store=16)
                self.addCleanup(self.manager.close)
                self.start(configuration.configuration(listeners=self.listeners()[:1],
                                                       workers=workers),
                           environment=self.manager.environment(), passed=[])
                self.manager.wait_for(f'READY=1\nSTATUS=serving, connections: 0\n'
                                      f'MAINPID={self.daemon.pid}')
                before = self.names()
                path = self.directory / f'added{workers}'
                added = configuration.unix_listener(path)
                self.reload(listeners=[*self.listeners()[:1], added])
                self.after_reload()
                name = f'listener-unix_{path}'
                self.assertEqual(self.names(), sorted([*before, name]))
                self.reload(listeners=self.listeners()[:1])
                self.after_reload()
                self.assertEqual(self.names(), before)
                self.assertFalse(path.exists())
                self.reload_in_vain(listeners=[*self.listeners()[:1], added,
                                               {'name': 'x', 'address': '192.0.2.1:1'}])
                self.restore()
                self.assertEqual(self.names(), before)
                self.assertFalse(path.exists())
                self.check_stop()

    def after_reload(self):
        """Takes the messages up to its end."""
        while not self.manager.next().startswith('READY=1'):
            pass
