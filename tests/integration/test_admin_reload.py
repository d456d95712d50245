"""Reloads that the admin listener is asked for, and what it tells of reloads."""

import shutil
import signal
import socket
import threading
from pathlib import Path

from harness import certificates, configuration, frames
from harness.admin import TOKEN, read_all, status_of
from harness.admin_case import (CONNECTIONS_MAX, PATIENCE_SECONDS, AdminTest, admin_sockets)
from harness.deadline import Stopwatch, wait_until
from harness.reloading import FAILED, Reloading
from harness.threads import HeldThread

OTHER_TOKEN = 'another-token-of-some-length'
OTHER_ROUTE = {**configuration.ECHO_ROUTE, 'path': '/other'}


class AdminReloadTest(AdminTest, Reloading):
    """POST /v1/reload, and reloads in the status, the configuration and the metrics."""

    def write(self, **changes):
        configuration.write({**self.daemon.content, **changes}, self.daemon.file)

    def write_broken(self):
        """One error of the file."""
        self.expect_error_line('cannot reload')
        self.expect_error_line('reload failed')
        self.write(routes=[{**configuration.ECHO_ROUTE, 'handlr': 'echo'}])

    def metrics(self):
        lines = self.unix.get('/metrics').text.splitlines()
        return dict(line.rsplit(' ', 1) for line in lines if 'reload' in line or 'live' in line)

    def test_it_is_answered_when_the_new_configuration_is_in_force(self):
        for workers in (2, 1):
            with self.subTest(workers=workers):
                self.start_admin(workers=workers)
                self.write(routes=[OTHER_ROUTE])
                answer = self.unix.post('/v1/reload')
                self.assertEqual((answer.status, answer.json), (200, {'result': 'reloaded'}))
                self.client('/other').echo()
                self.assertIn('/other', self.unix.get('/v1/config').json['config'])
                self.check_stop()

    def test_a_log_level_that_was_set_stays(self):
        self.start_admin()
        self.unix.put('/v1/log-level', {'level': 'debug'})
        self.write(log={**self.daemon.content['log'], 'level': 'notice'})
        self.assertEqual(self.unix.post('/v1/reload').status, 200)
        self.assertEqual(self.unix.get('/v1/log-level').json, {'level': 'debug'})
        self.client().echo()
        self.daemon.log.wait_for('state changed')

    def test_the_errors_of_a_reload_that_failed_are_the_answer(self):
        self.start_admin()
        self.write_broken()
        answer = self.unix.post('/v1/reload')
        self.assert_error(answer, 409)
        errors = answer.error['details']['errors']
        self.assertTrue(any('handlr: unknown key' in error for error in errors), errors)
        self.daemon.log.wait_for_count(FAILED, 1)
        self.client().echo()
        last = self.unix.get('/v1/status').json['reloads']['last']
        self.assertEqual((last['result'], last['errors']), ('failed', errors))
        self.restore()

    def test_the_status_and_the_metrics_tell_of_reloads(self):
        self.start_admin()
        self.assertEqual(self.unix.get('/v1/status').json['reloads'],
                         {'succeeded': 0, 'failed': 0, 'last': None})
        self.assertEqual(self.metrics()['wsrelayd_last_reload_success'], '1')
        self.assertEqual(self.unix.post('/v1/reload').status, 200)
        self.write_broken()
        self.assertEqual(self.unix.post('/v1/reload').status, 409)
        reloads = self.unix.get('/v1/status').json['reloads']
        self.assertEqual((reloads['succeeded'], reloads['failed']), (1, 1))
        metrics = self.metrics()
        self.assertEqual(metrics['wsrelayd_reloads_total{result="success"}'], '1')
        self.assertEqual(metrics['wsrelayd_reloads_total{result="failure"}'], '1')
        self.assertEqual(metrics['wsrelayd_last_reload_success'], '0')
        self.assertEqual(metrics['wsrelayd_live_settings{kind="snapshot"}'], '1')
        self.restore()

    def test_certificates_that_cannot_be_used_are_told_of(self):
        self.expect_error_line('certificates have changed and cannot be used')
        self.expect_error_line('cannot set TLS up')
        pair = [Path(self.make_directory()) / name for name in ('server.pem', 'server.key')]
        self.install('localhost', pair)
        self.start_admin(listeners=[
            configuration.PLAIN, configuration.tls_listener([pair], reload_on_change=True)])
        self.assertEqual(self.unix.get('/v1/status').json['unusable_certificates'], [])
        shutil.copy(certificates.get('other')[1], pair[1])
        wait_until(lambda: self.unusable() == ['secure'], 'the failure')
        self.install('localhost', pair)
        wait_until(lambda: self.unusable() == [], 'the success')
        metrics = self.metrics()
        self.assertEqual(metrics['wsrelayd_certificate_reloads_total{result="failure"}'], '1')
        self.assertEqual(metrics['wsrelayd_certificate_reloads_total{result="success"}'], '1')

    @staticmethod
    def install(name, pair):
        for source, target in zip(certificates.get(name), pair):
            shutil.copy(source, target)

    def unusable(self):
        return self.unix.get('/v1/status').json['unusable_certificates']

    def test_it_takes_nothing_but_an_empty_body(self):
        self.start_admin()
        self.assert_error(self.unix.post('/v1/reload', {'wait': True}), 400)
        self.assertEqual(self.unix.get('/v1/status').json['reloads']['succeeded'], 0)

    def test_a_daemon_that_ends_says_that_it_does_not_reload(self):
        self.start_admin(timeouts={'drain_delay': '60s', 'drain': '60s', 'close': '60s'})
        client = self.client()
        self.assertEqual(self.unix.post('/v1/drain').status, 202)
        answer = self.unix.post('/v1/reload')
        self.assert_error(answer, 503)
        self.assertIn('draining', answer.error['message'])
        self.daemon.signal(signal.SIGTERM)
        self.daemon.log.wait_for_count('stopping', 1)
        answer = self.unix.post('/v1/reload')
        self.assert_error(answer, 503)
        self.assertIn('stopping', answer.error['message'])
        client.expect_close(1001)
        client.send(frames.close(1001))
        client.expect_end()
        self.daemon.wait_exit()

    def assert_token(self, token):
        """This one opens, and no other that there was."""
        for other in (TOKEN, OTHER_TOKEN):
            self.tcp.token = other
            self.assertEqual(self.tcp.get('/v1/status').status, 200 if other == token else 401)

    def test_the_token_is_read_anew(self):
        self.start_admin()
        self.write_token(OTHER_TOKEN)
        self.assert_token(TOKEN)
        self.assertEqual(self.unix.post('/v1/reload').status, 200)
        self.assert_token(OTHER_TOKEN)
        self.assertNotIn(OTHER_TOKEN, self.daemon.log.tail())

    def test_a_token_that_cannot_be_read_is_an_error_and_the_old_one_stays(self):
        self.start_admin()
        for pattern in ('cannot use admin.token_file', 'reload failed'):
            self.expect_error_line(pattern)
        self.write(routes=[OTHER_ROUTE])
        self.write_token('short')
        answer = self.unix.post('/v1/reload')
        self.assert_error(answer, 409)
        self.assertIn('cannot use admin.token_file', ' '.join(answer.error['details']['errors']))
        self.assert_token(TOKEN)
        self.client().echo()
        self.restore()

    def test_a_token_of_a_reload_that_fails_is_not_taken(self):
        self.start_admin()
        self.write_token(OTHER_TOKEN)
        self.write_broken()
        self.assertEqual(self.unix.post('/v1/reload').status, 409)
        self.assert_token(TOKEN)
        self.expect_error_line('cannot open the log file')
        self.write(log={**self.daemon.content['log'], 'target': f'{self.directory}/missing/log'})
        self.assertEqual(self.unix.post('/v1/reload').status, 409)
        self.assert_token(TOKEN)
        self.restore()

    def test_a_client_that_does_not_wait_for_the_answer_does_no_harm(self):
        self.start_admin()
        with HeldThread(self.daemon.process.pid, 'worker-1'):
            sock = self.unix.open()
            sock.sendall(b'POST /v1/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n')
            waiting = threading.Thread(target=self.unix.post, args=('/v1/reload',))
            waiting.start()
            sock.close()
        waiting.join()
        wait_until(lambda: self.unix.get('/v1/status').json['reloads']['succeeded'] > 0,
                   'the reload')

    def test_clients_that_have_gone_make_room(self):
        """Twice as many as there may be at a time, while a worker holds the reload up."""
        self.start_admin()
        with HeldThread(self.daemon.process.pid, 'worker-1'):
            for _ in range(2 * CONNECTIONS_MAX):
                self.ask_and_leave(self.unix)
                wait_until(lambda: admin_sockets(self.daemon.pid, self.path) == 0,
                           'the daemon to close')
            self.assertEqual(self.unix.get('/readyz').status, 200)

    def test_clients_that_may_still_read_are_waited_for_ten_seconds(self):
        """Over TCP one that has gone and one that only sends no more look the same."""
        self.start_admin()
        watch = Stopwatch()
        with HeldThread(self.daemon.process.pid, 'worker-1'):
            for _ in range(CONNECTIONS_MAX):
                self.ask_and_leave(self.tcp)
            wait_until(lambda: self.is_served(self.tcp), 'room for one more', 30)
        watch.check(PATIENCE_SECONDS - 1, PATIENCE_SECONDS + 4)

    def test_a_client_that_only_sends_no_more_gets_its_answer(self):
        self.start_admin()
        for admin in (self.unix, self.tcp):
            with HeldThread(self.daemon.process.pid, 'worker-1'):
                sock = admin.open()
                self.addCleanup(sock.close)
                sock.sendall(self.reload_request(admin))
                sock.shutdown(socket.SHUT_WR)
                self.assertEqual(admin.get('/readyz').status, 200)
            self.assertEqual(status_of(read_all(sock)), 200)

    def reload_request(self, admin):
        token = f'Authorization: Bearer {admin.token}\r\n' if admin.token else ''
        return f'POST /v1/reload HTTP/1.1\r\nContent-Length: 0\r\n{token}\r\n'.encode()

    def ask_and_leave(self, admin):
        """Asks for a reload that is begun, and closes."""
        with admin.open() as sock:
            sock.sendall(self.reload_request(admin))
            for _ in range(2):
                self.assertEqual(self.unix.get('/readyz').status, 200)

    def test_the_admin_listener_cannot_be_changed_by_a_reload(self):
        self.start_admin()
        for pattern in ('cannot reload', 'reload failed'):
            self.expect_error_line(pattern)
        self.write(admin={'address': '127.0.0.1:0'})
        answer = self.unix.post('/v1/reload')
        self.assert_error(answer, 409)
        self.assertIn('admin: cannot change while the daemon runs', ' '.join(answer.error['details']['errors']))
        self.restore()
