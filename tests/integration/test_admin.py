"""The admin listener: who may ask what, what is answered, and that nobody is held up by it."""

import contextlib
import json
import os
import signal
import socket
import stat
import struct
import subprocess

from harness import configuration, frames
from harness.admin import TOKEN, Admin, read_all, status_of
from harness.admin_case import (CONNECTIONS_MAX, PATIENCE_SECONDS, AdminTest, admin_sockets)
from harness.daemon import run_to_end
from harness.deadline import Stopwatch, wait_until
from harness.manager import listening_socket, warnings_of
from harness.threads import HeldThread
from harness.tools import require

OVERFLOW_MAX = 2
LINGER_SECONDS = 2
HEAD_MAX = 8192
LINE_MAX = 4096
STEP_CONNECTIONS = 512
QUESTIONS = 70     # more than wait for workers
FIELDS_MAX = 64
BODY_MAX = 1 << 20


class HttpTest(AdminTest):
    """Requests and answers as such."""

    def test_an_answer_is_complete_and_ends_the_connection(self):
        admin = self.start_admin()
        for path in ('/healthz', '/readyz', '/metrics', '/v1/status', '/v1/nothing'):
            with self.subTest(path=path):
                answer = admin.get(path)
                self.assertEqual(answer.headers['Connection'], 'close')
                self.assertEqual(int(answer.headers['Content-Length']), len(answer.content))

    def test_a_second_request_on_the_connection_is_not_answered(self):
        admin = self.start_admin()
        request = b'GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n'
        response = admin.raw(request + request)
        self.assertEqual(response.count(b'HTTP/1.1 '), 1)

    def test_head_is_answered_without_content(self):
        admin = self.start_admin()
        response = admin.raw(b'HEAD /readyz HTTP/1.1\r\nHost: x\r\n\r\n')
        self.assertEqual(status_of(response), 200)
        self.assertIn(b'Content-Length: 6\r\n', response)
        self.assertTrue(response.endswith(b'\r\n\r\n'))

    def test_what_is_not_there_is_said_to_be_so(self):
        admin = self.start_admin()
        for path in ('/', '/v1', '/v1/', '/v1/status/', '/v1/connections/0-1', '/healthz/x',
                     '/v1/connections//close', '/v1/connections/0-1/2/close'):
            with self.subTest(path=path):
                self.assert_error(admin.get(path), 404)

    def test_a_wrong_method_is_told_the_right_ones(self):
        admin = self.start_admin()
        for method, path, allow in (('POST', '/healthz', 'GET, HEAD'),
                                    ('DELETE', '/v1/log-level', 'GET, HEAD, PUT'),
                                    ('GET', '/v1/rooms/close', 'POST'),
                                    ('GET', '/v1/connections/0-1/close', 'POST')):
            with self.subTest(method=method, path=path):
                answer = admin.request(method, path)
                self.assert_error(answer, 405)
                self.assertEqual(answer.headers['Allow'], allow)

    def test_what_is_no_request_is_refused(self):
        admin = self.start_admin()
        for request in (b'GET / HTTP/2.0\r\n\r\n', b'nonsense\r\n\r\n', b'\r\n',
                        b'GET http://x/ HTTP/1.1\r\n\r\n', b'GET /\n\n',
                        b'POST /v1/rooms/close HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n',
                        b'POST /v1/rooms/close HTTP/1.1\r\nContent-Length: 1, 1\r\n\r\n',
                        b'POST /v1/rooms/close HTTP/1.1\r\nContent-Length: -1\r\n\r\n',
                        b'POST /v1/rooms/close HTTP/1.1\r\nContent-Length: 1\r\n'
                        b'Content-Length: 1\r\n\r\n'):
            with self.subTest(request=request):
                self.assertEqual(status_of(admin.raw(request)), 400)

    def test_the_request_line_is_limited(self):
        admin = self.start_admin()
        room = LINE_MAX - len('GET /?x= HTTP/1.1')
        for size, status in ((room - 1, 404), (room, 404), (room + 1, 414)):
            with self.subTest(size=size):
                request = f'GET /?x={"a" * size} HTTP/1.1\r\nHost: x\r\n\r\n'
                self.assertEqual(status_of(admin.raw(request.encode())), status)

    def test_the_head_is_limited(self):
        admin = self.start_admin()
        for size, status in ((HEAD_MAX - 1, 404), (HEAD_MAX, 404), (HEAD_MAX + 1, 431)):
            with self.subTest(size=size):
                begin = b'GET /x HTTP/1.1\r\nX: '
                request = begin + b'a' * (size - len(begin) - 4) + b'\r\n\r\n'
                self.assertEqual(len(request), size)
                self.assertEqual(status_of(admin.raw(request)), status)

    def test_the_fields_are_limited(self):
        admin = self.start_admin()
        for count, status in ((FIELDS_MAX - 1, 404), (FIELDS_MAX, 404), (FIELDS_MAX + 1, 431)):
            with self.subTest(count=count):
                request = b'GET /x HTTP/1.1\r\n' + b'X: y\r\n' * count + b'\r\n'
                self.assertEqual(status_of(admin.raw(request)), status)

    def test_the_body_is_limited(self):
        admin = self.start_admin()
        frame = len(json.dumps({'level': ''}))
        for size, status in ((BODY_MAX - 1, 400), (BODY_MAX, 400), (BODY_MAX + 1, 413)):
            with self.subTest(size=size):
                answer = admin.put('/v1/log-level', {'level': 'x' * (size - frame)})
                self.assert_error(answer, status)

    def test_a_body_that_is_waited_for_is_asked_for(self):
        admin = self.start_admin()
        body = b'{"level": "notice"}'
        with admin.open() as sock:
            sock.sendall(b'PUT /v1/log-level HTTP/1.1\r\nExpect: 100-continue\r\n'
                         b'Content-Length: %d\r\n\r\n' % len(body))
            self.assertEqual(sock.recv(100), b'HTTP/1.1 100 Continue\r\n\r\n')
            sock.sendall(body)
            self.assertEqual(status_of(read_all(sock)), 200)

    def test_bodies_that_are_no_objects_are_refused(self):
        admin = self.start_admin()
        for body in (b'', b'{', b'[]', b'1', b'\xff', b'{"level": 1}', b'{"level": "loud"}',
                     b'{"level": "info", "level": "info"}', b'{"level": "info", "more": 1}'):
            with self.subTest(body=body):
                self.assert_error(admin.put('/v1/log-level', body), 400)

    def test_unknown_parameters_are_refused(self):
        admin = self.start_admin()
        for path in ('/v1/status?x=1', '/v1/connections?rooms=a', '/v1/rooms?room=a'):
            with self.subTest(path=path):
                self.assert_error(admin.get(path), 400)

    def test_curl_gets_an_answer_over_the_unix_socket(self):
        self.start_admin()
        result = subprocess.run(
            [require('curl'), '-sS', '--max-time', '15', '--unix-socket', self.path,
             'http://localhost/v1/status'],
            capture_output=True, text=True, check=True)
        self.assertEqual(json.loads(result.stdout)['pid'], self.daemon.pid)


    def test_what_clients_send_is_escaped(self):
        admin = self.start_admin()
        for name in ('"', '\\', '<b>', "'"):
            with self.subTest(name=name):
                response = admin.raw(f'GET /v1/status?{name}=1 HTTP/1.1\r\n\r\n'.encode())
                head, _, content = response.partition(b'\r\n\r\n')
                self.assertEqual(status_of(head), 400)
                if b'parameter' in content:
                    self.assertEqual(json.loads(content)['error']['details'], {'parameter': name})
        client = self.client()
        number = admin.get('/v1/connections').json['connections'][0]['id']
        reason = 'a"b\\c\nlevel=error \u001b[0m'
        answer = admin.post(f'/v1/connections/{number}/close', {'code': 4000, 'reason': reason})
        self.assertEqual(answer.status, 200)
        self.assertEqual(client.expect_close(4000).reason, reason)
        client.send(frames.close(4000))
        client.expect_end()
        self.assertEqual(self.daemon.log.wait_for('closed', code=4000).get('reason'), reason)


class AccessTest(AdminTest):
    """Who may ask."""

    def test_over_tcp_only_metrics_and_health_are_free(self):
        self.start_admin()
        self.tcp.token = None
        for path in ('/metrics', '/healthz', '/readyz'):
            self.assertEqual(self.tcp.get(path).status, 200, path)
        for path in ('/v1/status', '/v1/nothing', '/nothing'):
            answer = self.tcp.get(path)
            self.assert_error(answer, 401)
            self.assertEqual(answer.headers['WWW-Authenticate'], 'Bearer')

    def test_the_token_opens_the_rest(self):
        self.start_admin()
        self.assertEqual(self.tcp.get('/v1/status').status, 200)
        for value in (f'bearer {TOKEN}', f'BEARER {TOKEN}'):
            answer = self.tcp.get('/v1/status', headers={'Authorization': value})
            self.assertEqual(answer.status, 200, value)

    def test_anything_but_the_token_does_not(self):
        self.start_admin()
        for value in ('Bearer', 'Bearer ', f'Bearer {TOKEN[:-1]}', f'Bearer {TOKEN}x',
                      f'Bearer {TOKEN[:-1]}x', f'Basic {TOKEN}', TOKEN, f'Bearer  {TOKEN}'):
            with self.subTest(value=value):
                answer = self.tcp.get('/v1/status', headers={'Authorization': value})
                self.assert_error(answer, 401)

    def test_without_a_token_file_a_port_serves_the_three_only(self):
        self.start_admin(token=None)
        self.tcp.token = TOKEN
        self.assertEqual(self.tcp.get('/readyz').status, 200)
        answer = self.tcp.get('/v1/status')
        self.assert_error(answer, 401)
        self.assertIn('admin.token_file is not set', answer.error['message'])
        self.assertEqual(answer.error['details'], {'configured': False})
        self.assertEqual(self.unix.get('/v1/status').status, 200)

    def test_the_token_is_in_no_log(self):
        self.start_admin(log={'level': 'debug'})
        self.tcp.get('/v1/status')
        self.tcp.get('/v1/config')
        self.assertNotIn(TOKEN, self.daemon.log.tail())

    def test_the_unix_socket_has_its_mode_and_is_removed(self):
        self.start_admin()
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o660)
        self.check_stop()
        self.assertFalse(os.path.exists(self.path))

    def test_a_passed_socket_is_served(self):
        path = f'{self.make_directory()}/passed.sock'
        with listening_socket(path) as sock:
            content = configuration.configuration(admin={'address': 'systemd:admin'})
            self.start(content, passed=[('admin', sock)])
            self.assertEqual(Admin(path).get('/v1/status').json['pid'], self.daemon.pid)
            self.assertEqual(warnings_of(self.daemon), [])
            self.check_stop()
            self.assertTrue(os.path.exists(path), 'the file of a passed socket was removed')

    def test_a_socket_that_is_not_passed_keeps_it_from_starting(self):
        content = configuration.configuration(admin={'address': 'systemd:admin'})
        status, lines = run_to_end(content)
        self.assertEqual(status, 1)
        self.assertTrue(any('systemd:admin' in line for line in lines), lines)
        self.assertEqual(run_to_end(content, '-t')[0], 0)

    def test_a_token_that_all_can_read_is_warned_about(self):
        content = configuration.configuration()
        self.directory = self.make_directory()
        content['admin'] = {'address': '127.0.0.1:0',
                            'token_file': self.write_token(TOKEN, 0o644)}
        self.start(content)
        self.assertTrue(any('token_file' in event.message for event in self.daemon.log.events))

    def test_a_port_that_others_can_reach_is_warned_about(self):
        content = configuration.configuration(admin={'address': '0.0.0.0:0'})
        self.start(content)
        self.assertTrue(any('other machines' in event.message
                            for event in self.daemon.log.events))

    def test_a_token_file_that_cannot_be_used_keeps_it_from_starting(self):
        self.directory = self.make_directory()
        for token in ('short', 'x' * 513, 'not allowed here!', None):
            with self.subTest(token=token):
                path = self.write_token(token) if token else f'{self.directory}/missing'
                content = configuration.configuration(
                    admin={'address': '127.0.0.1:0', 'token_file': path})
                for arguments in ((), ('-t',)):
                    status, lines = run_to_end(content, *arguments)
                    self.assertEqual(status, 1)
                    self.assertTrue(any('token_file' in line for line in lines), lines)


class HealthTest(AdminTest):
    """/healthz and /readyz."""

    def test_a_daemon_that_serves_is_well(self):
        admin = self.start_admin()
        self.assertEqual(admin.get('/healthz').text, 'ok\n')
        self.assertEqual(admin.get('/readyz').text, 'ready\n')

    def test_a_worker_that_does_not_turn_is_named(self):
        admin = self.start_admin()
        with HeldThread(self.daemon.pid, 'worker-1'):
            for _ in range(3):
                answer = admin.get('/healthz')
                self.assertEqual(answer.status, 503)
                self.assertIn('worker 1', answer.text)
            self.assertEqual(admin.get('/readyz').status, 200)
        wait_until(lambda: admin.get('/healthz').status == 200, 'the daemon to be well again')

    def test_a_blocked_worker_shows_in_the_status_and_nowhere_else(self):
        admin = self.start_admin()
        with HeldThread(self.daemon.pid, 'worker-0'):
            status = admin.get('/v1/status')
            self.assertEqual(status.status, 200)
            self.assertGreater(status.json['workers'][0]['turn_age_ms'], 1000)
            self.assertIsNone(status.json['messages_in'])
            self.assert_error(admin.get('/metrics'), 503)
            self.assertEqual(admin.get('/v1/listeners').status, 200)

    def test_it_is_not_ready_while_it_stops(self):
        admin = self.start_admin(timeouts={'close': '60s', 'drain': '60s'})
        client = self.client()
        self.daemon.signal(signal.SIGTERM)
        self.daemon.log.wait_for_count('stopping', 1)
        answer = admin.get('/readyz')
        self.assertEqual((answer.status, answer.text), (503, 'stopping\n'))
        self.assertEqual(admin.get('/healthz').status, 200)
        status = admin.get('/v1/status').json
        self.assertEqual(status['state'], 'stopping')
        wait_until(lambda: admin.get('/v1/status').json['uptime_seconds'] >
                   status['uptime_seconds'] + 1.5, 'a worker that has ended to be silent for long')
        self.assertEqual(admin.get('/healthz').status, 200)
        client.expect_close(1001)
        client.send(frames.close(1001))
        client.expect_end()
        self.daemon.wait_exit()
        self.assertFalse(os.path.exists(self.path))


class BlockedTest(AdminTest):
    """Many questions to a worker that does not answer."""

    def leave(self, admin, path):
        with admin.open() as sock:
            sock.sendall(f'GET {path} HTTP/1.1\r\n\r\n'.encode())
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
            for _ in range(2):
                self.assertEqual(self.unix.get('/readyz').status, 200)

    def test_strangers_do_not_use_up_the_questions_of_those_here(self):
        self.start_admin()
        self.tcp.token = None
        with HeldThread(self.daemon.pid, 'worker-0'):
            for _ in range(QUESTIONS):
                self.leave(self.tcp, '/metrics')
            self.assertEqual(self.unix.get('/v1/status').status, 200)

    def test_a_worker_that_has_left_a_question_unanswered_is_not_asked_it_again(self):
        """So scrapes do not pile up, and the answer comes at once."""
        admin = self.start_admin()
        with HeldThread(self.daemon.pid, 'worker-0'):
            self.assert_error(admin.get('/metrics'), 503)
            watch = Stopwatch()
            for _ in range(QUESTIONS):
                answer = admin.get('/metrics')
                self.assert_error(answer, 503)
                self.assertEqual(answer.error['details'], {'worker': 0})
            self.assertIsNone(admin.get('/v1/status').json['messages_in'])
            watch.check(0, 1)
        wait_until(lambda: admin.get('/metrics').status == 200, 'the worker to answer')

    def test_a_worker_that_answers_again_is_asked_again(self):
        """Though another holds up what it was not asked because it was silent."""
        admin = self.start_admin()
        with contextlib.ExitStack() as first:
            first.enter_context(HeldThread(self.daemon.pid, 'worker-0'))
            self.assert_error(admin.get('/metrics'), 503)
            with HeldThread(self.daemon.pid, 'worker-1'):
                self.assert_error(admin.get('/metrics'), 503)
                first.close()
                wait_until(lambda: admin.get('/metrics').error['details'] == {'worker': 1},
                           'worker 0 to answer')
        wait_until(lambda: admin.get('/metrics').status == 200, 'worker 1 to answer')


class DrainTest(AdminTest):
    """POST /v1/drain, and what is told while the daemon drains."""

    def assert_drains(self, client):
        answer = self.unix.get('/readyz')
        self.assertEqual((answer.status, answer.text), (503, 'draining\n'))
        self.assertEqual(self.unix.get('/healthz').status, 200)
        self.assertEqual(self.unix.get('/v1/status').json['state'], 'draining')
        client.echo()

    def test_readiness_fails_as_soon_as_the_signal_comes(self):
        self.start_admin(timeouts={'drain_delay': '60s'})
        client = self.client()
        self.daemon.signal(signal.SIGUSR2)
        self.daemon.log.wait_for_count('draining', 1)
        self.assert_drains(client)
        self.client().echo()

    def test_a_drain_can_be_asked_for(self):
        self.start_admin(timeouts={'drain_delay': '60s'})
        client = self.client()
        for body in (None, {}):
            answer = self.unix.post('/v1/drain', body)
            self.assertEqual((answer.status, answer.json), (202, {'state': 'draining'}))
            self.assert_drains(client)

    def test_connections_leave_when_a_drain_was_asked_for(self):
        self.start_admin(timeouts={'drain_delay': '0s', 'drain': '100ms'})
        client = self.client()
        self.assertEqual(self.unix.post('/v1/drain').status, 202)
        client.expect_close(1012)
        client.send(frames.close(1012))
        client.expect_end()
        self.daemon.wait_exit()

    def test_a_drain_that_cannot_be(self):
        self.start_admin(timeouts={'close': '60s', 'drain': '60s'})
        client = self.client()
        self.assert_error(self.unix.post('/v1/drain', {'delay': '1s'}), 400)
        self.daemon.signal(signal.SIGTERM)
        self.daemon.log.wait_for_count('stopping', 1)
        self.assert_error(self.unix.post('/v1/drain'), 409)
        client.expect_close(1001)
        client.send(frames.close(1001))
        client.expect_end()
        self.daemon.wait_exit()


class StopTest(AdminTest):
    """Questions that are under way when the daemon stops."""

    def test_a_scrape_that_a_worker_has_not_done_with_does_no_harm(self):
        """The worker has so many connections that it looks at them in several turns, and it is told
        to stop in the turn in which it begins with that."""
        admin = self.start_admin(workers=1, timeouts={'close': '1h', 'drain': '1h'})
        for _ in range(STEP_CONNECTIONS + 10):
            self.client()
        with HeldThread(self.daemon.pid, 'worker-0'):
            sock = admin.open()
            self.addCleanup(sock.close)
            sock.sendall(b'GET /metrics HTTP/1.1\r\n\r\n')
            for _ in range(2):
                self.assertEqual(admin.get('/readyz').status, 200)
            for line in ('stopping', 'stopping at once'):
                self.daemon.signal(signal.SIGTERM)
                self.daemon.log.wait_for_count(line, 1)
        self.assertEqual(self.daemon.wait_exit(), 0, self.daemon.log.tail())
        self.check_stop()


class PatienceTest(AdminTest):
    """Clients that are slow or many."""

    def test_slow_clients_hold_up_nobody(self):
        admin = self.start_admin()
        slow = []
        for data in (b'', b'GET /met', b'GET /metrics HTTP/1.1\r\n',
                     b'PUT /v1/log-level HTTP/1.1\r\nContent-Length: 10\r\n\r\n{'):
            sock = admin.open()
            self.addCleanup(sock.close)
            sock.sendall(data)
            slow.append(sock)
        watch = Stopwatch()
        self.assertEqual(admin.get('/healthz').status, 200)
        self.assertEqual(admin.get('/metrics').status, 200)
        self.client().echo()
        watch.check(0, 5)

    def test_simultaneous_connections_are_limited(self):
        """A worker that is held lets nobody have an answer."""
        admin = self.start_admin()
        for mine, other in ((admin, self.tcp), (self.tcp, admin)):
            with HeldThread(self.daemon.pid, 'worker-1'):
                held = [self.open_reload(mine, other) for _ in range(CONNECTIONS_MAX)]
                for _ in range(OVERFLOW_MAX):
                    held.append(wait_until(lambda: self.told_that_it_is_full(mine), 'a 503'))
                self.assertEqual(self.read_until_end(mine.open()), b'')
                self.assertEqual(other.get('/readyz').status, 200)
            for sock in held:
                sock.close()
            wait_until(lambda: self.is_served(mine), 'room for one more')

    def test_clients_that_ask_for_nothing_make_room(self):
        self.start_admin()
        for admin in (self.unix, self.tcp):
            for begin in (b'', b'GET /healthz HTTP/1.1\r\nX: ',
                          b'GET /healthz HTTP/1.1\r\nContent-Length: 9\r\n\r\n'):
                with self.subTest(address=admin.address, begin=begin):
                    watch = Stopwatch()
                    held = [self.open_with(admin, begin) for _ in range(CONNECTIONS_MAX + 1)]
                    self.assert_is_ended(held[0])
                    for path in ('/healthz', '/readyz', '/metrics'):
                        self.assertEqual(admin.get(path).status, 200)
                    watch.check(0, 1)
                    for sock in held:
                        sock.close()

    def test_clients_that_have_had_their_answer_make_room(self):
        self.start_admin()
        for admin in (self.unix, self.tcp):
            for _ in range(CONNECTIONS_MAX + 1):
                sock = self.open_with(admin, b'GET /readyz HTTP/1.1\r\n\r\n')
                self.assertEqual(status_of(self.read_until_end(sock)), 200)

    def test_who_has_ended_its_side_is_not_waited_for(self):
        admin = self.start_admin()
        for path in ('/readyz', '/metrics'):
            watch = Stopwatch()
            sock = self.open_with(admin, f'GET {path} HTTP/1.1\r\n\r\n'.encode())
            sock.shutdown(socket.SHUT_WR)
            self.assertEqual(status_of(self.read_until_end(sock)), 200)
            wait_until(lambda: admin_sockets(self.daemon.pid, self.path) == 0,
                       'the daemon to close')
            self.assertLess(watch.seconds(), LINGER_SECONDS)

    def assert_is_ended(self, sock):
        """With a reset if something had not been read."""
        try:
            self.assertEqual(read_all(sock), b'')
        except ConnectionResetError:
            pass

    def open_with(self, admin, data):
        """A connection over which this has been sent; it stays open."""
        sock = admin.open()
        self.addCleanup(sock.close)
        sock.sendall(data)
        return sock

    def open_reload(self, admin, other):
        """A connection that waits for a reload. It does when two more have been served."""
        token = f'Authorization: Bearer {admin.token}\r\n' if admin.token else ''
        sock = self.open_with(
            admin, f'POST /v1/reload HTTP/1.1\r\nContent-Length: 0\r\n{token}\r\n'.encode())
        for _ in range(2):
            self.assertEqual(other.get('/readyz').status, 200)
        return sock

    def told_that_it_is_full(self, admin):
        """The socket, still open; None when there was no room for that either: one that has been
        closed may still count."""
        sock = admin.open()
        response = self.read_until_end(sock)
        if response == b'':
            return None
        self.assertEqual(status_of(response), 503)
        return sock

    def read_until_end(self, sock):
        """What comes without anything being sent; the socket stays open."""
        self.addCleanup(sock.close)
        return read_all(sock)

    def test_a_request_has_its_time(self):
        admin = self.start_admin()
        watch = Stopwatch()
        slow = [admin.open() for _ in range(2)]
        slow[1].sendall(b'PUT /v1/log-level HTTP/1.1\r\nContent-Length: 10\r\n\r\n{')
        for sock in slow:
            self.assertEqual(self.read_until_end(sock), b'')
        watch.check(PATIENCE_SECONDS - 1, PATIENCE_SECONDS + 4)

    def test_an_answer_has_its_time(self):
        path = '/' + 'x' * 900
        admin = self.start_admin(routes=[configuration.ECHO_ROUTE] + [
            {'path': f'{path}{number}', 'handler': 'echo'} for number in range(900)])
        whole = len(admin.get('/v1/config').content)
        watch = Stopwatch()
        with admin.open() as sock:
            sock.sendall(b'GET /v1/config HTTP/1.1\r\n\r\n')
            wait_until(lambda: admin_sockets(self.daemon.pid, self.path) > 0,
                       'the daemon to take it')
            wait_until(lambda: admin_sockets(self.daemon.pid, self.path) == 0,
                       'the daemon to give up')
            watch.check(PATIENCE_SECONDS - 1, PATIENCE_SECONDS + 4)
            self.assertLess(len(read_all(sock)), whole)

    def test_who_takes_the_answer_and_stays_is_not_waited_for(self):
        admin = self.start_admin()
        watch = Stopwatch()
        with admin.open() as sock:
            sock.sendall(b'GET /readyz HTTP/1.1\r\n\r\n')
            self.assertEqual(status_of(read_all(sock)), 200)
            wait_until(lambda: admin_sockets(self.daemon.pid, self.path) == 0,
                       'the daemon to close')
        watch.check(LINGER_SECONDS - 1, LINGER_SECONDS + 4)
