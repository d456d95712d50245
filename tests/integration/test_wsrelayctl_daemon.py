"""wsrelayctl and the daemon, as they are used."""

import re
import resource
import socket
import unittest

from harness import configuration
from harness.admin_case import AdminTest
from harness.control import DONE, FAILED, UNREACHABLE, USAGE, Control
from harness.deadline import wait_until
from harness.frames import BINARY, TEXT
from harness.threads import HeldThread

PAGE_ROWS = 1000


class ControlTest(AdminTest):
    """A daemon, and wsrelayctl that talks to its unix socket."""

    def start_control(self, **options):
        self.start_admin(**options)
        self.control = Control('-s', f'unix:{self.path}')
        return self.control

    def room(self, name):
        """Namespace and name of a room that is there."""
        return [[row['namespace'], row['name']] for row in self.control.json('rooms')['rooms']
                if row['name'] == name][0]


class LookTest(ControlTest):
    """Verbs that change nothing."""

    def test_status(self):
        control = self.start_control()
        self.client('/room/a')
        lines = dict(line.split(None, 1) for line in
                     control.output('status').partition('\n\n')[0].splitlines())
        self.assertEqual(lines['state'], 'serving')
        self.assertEqual(lines['version'], f'0.1.0, process {self.daemon.pid}')
        self.assertEqual(lines['rooms'], '1')
        self.assertRegex(lines['memory'], r'\A[\d.]+MiB\Z')
        self.assertEqual(control.json('status')['pid'], self.daemon.pid)

    def test_config_is_a_configuration(self):
        control = self.start_control()
        self.assertIn(f'\nadmin:\n  address: ["unix:{self.path}", "127.0.0.1:0"]\n',
                      control.output('config'))
        self.assertEqual(control.json('config')['config'], control.output('config'))

    def test_listeners(self):
        row, = self.start_control().rows('listeners')
        host, port = self.daemon.address('plain')
        self.assertEqual((row['NAME'], row['ADDRESS'], row['TLS']), ('plain', f'{host}:{port}', 'no'))

    def test_connections(self):
        control = self.start_control()
        client = self.client('/room/blue')
        self.client('/')
        row, = control.rows('connections', '--room', 'blue')
        host, port = client.sock.getsockname()
        self.assertEqual((row['STATE'], row['ADDRESS'], row['LISTENER'], row['ROUTE'], row['ROOM']),
                         ('open', f'{host}:{port}', 'plain', '/room/{name}', 'blue'))
        for filters, count in ((('--route', '/'), 1), (('--route', '/room/{name}'), 1),
                               (('--address', '127.0.0.1'), 2), (('--address', '::1'), 0),
                               (('--namespace', row['NAMESPACE']), 1), (('--namespace', 'x'), 0),
                               (('--state', 'open', '--room', 'blue'), 1), ((), 2)):
            with self.subTest(filters):
                self.assertEqual(len(control.rows('connections', *filters)), count)

    def test_pages_hold_every_room_once(self):
        names = [f'/room/{number}' for number in range(25)]
        control = self.start_control()
        for name in names:
            self.client(name)
        self.assertEqual(sorted(row['NAME'] for row in control.rows('rooms')),
                         sorted(str(number) for number in range(25)))
        self.assertEqual(sorted(row['NAME'] for row in control.rows('rooms', '--prefix', '1')),
                         sorted(str(number) for number in (1, *range(10, 20))))
        rows = control.json('rooms', '--limit', 7)
        self.assertEqual(len(rows['rooms']), 7)
        self.assertIsNotNone(rows['next'])

    def test_the_states_that_it_knows_are_those_of_the_daemon(self):
        control = self.start_control()
        states = control.refusal(USAGE, 'connections', '--state', 'x').partition(' one of ')[2]
        states = states.partition(' (')[0].split()
        self.assertEqual(sorted(states), sorted(re.findall(
            r'wsrelayd_connections\{state="(.*)"\}', control.output('metrics'))))
        for state in states:
            self.assertEqual(control.rows('connections', '--state', state), [])

    def test_more_than_a_page_of_connections(self):
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        control = self.start_control()
        count = PAGE_ROWS + 50
        for _ in range(count):
            self.client('/room/many')
        listed = control.json('connections', '--room', 'many', '--all')
        self.assertEqual(len({row['id'] for row in listed['connections']}), count)
        self.assertIsNone(listed['next'])
        self.assertEqual(control.output('connections', '--all').count('many'), count)

    def test_health_readiness_and_metrics(self):
        control = self.start_control()
        self.assertEqual(control.output('health'), 'ok\n')
        self.assertEqual(control.output('ready'), 'ready\n')
        self.assertIn('\nwsrelayd_rooms 0\n', control.output('metrics'))
        with HeldThread(self.daemon.pid, 'worker-1'):
            process = control.run('health')
            self.assertEqual((process.returncode, process.stderr), (FAILED, ''))
            self.assertIn('worker 1', process.stdout)
            self.assertEqual(control.run('metrics').returncode, FAILED)
            self.assertIn('not known', control.output('status'))
        wait_until(lambda: control.run('health').returncode == DONE, 'the daemon to be well again')

    def test_watch_shows_who_reads_slowly(self):
        control = self.start_control(workers=1, defaults={'send_queue': {'size': '64MiB'}})
        slow = self.client('/room/wide', receive_buffer=4096)
        for _ in range(12):
            control.output('publish', *self.room('wide'), data=b'x' * 1000000)
        block = control.output('watch', '--interval', '0.1', '--count', '1')
        port = slow.sock.getsockname()[1]
        self.assertRegex(block, r'\n +1 .* wide\n')
        self.assertRegex(block, rf'\n *[\d.]+MiB +0-\d+ +127.0.0.1:{port} .* wide\n')


class ActTest(ControlTest):
    """Verbs that change something."""

    def test_close(self):
        control = self.start_control()
        client = self.client('/room/a')
        other = self.client()
        row, = control.rows('connections', '--room', 'a')
        self.assertEqual(control.output('close', row['ID'], '--code', 4321, '--reason', 'genug'),
                         'closed 1 connection\n')
        self.assertEqual(client.expect_close(4321).reason, 'genug')
        client.close()
        other.echo('still there')
        self.assertRegex(control.refusal(FAILED, 'close', '0-999'), r'\Aclose: .+\.\Z')
        self.assertRegex(control.refusal(FAILED, 'close', row['ID'], '--code', 1006), 'close: .*')

    def test_close_room(self):
        control = self.start_control()
        clients = [self.client('/room/a') for _ in range(3)]
        other = self.client('/room/b')
        self.assertEqual(control.output('close-room', *self.room('a')), 'closed 3 connections\n')
        for client in clients:
            client.expect_close(1000)
        self.assertEqual(len(control.rows('connections', '--room', 'b', '--state', 'open')), 1)
        other.close()

    def test_publish(self):
        control = self.start_control()
        client = self.client('/room/a')
        room = self.room('a')
        for arguments, data, opcode, expected in (
                (('grüße',), b'', TEXT, 'grüße'), ((), 'two\nlines\n', TEXT, 'two\nlines\n'),
                (('--binary',), bytes(range(256)), BINARY, bytes(range(256))),
                (('',), b'', TEXT, ''), ((), 'a\0b', TEXT, 'a\0b')):
            self.assertEqual(control.output('publish', *room, *arguments, data=data),
                             'published to 1 member\n')
            client.expect(opcode, expected)
        self.assertEqual(control.refusal(FAILED, 'publish', room[0], 'nobody', 'x'),
                         f'publish: There is no room "nobody" in the namespace "{room[0]}"; '
                         'wsrelayctl rooms shows those that are there.')

    def test_what_the_daemon_does_not_take_is_refused(self):
        control = self.start_control()
        self.client('/room/a')
        complaint = control.refusal(FAILED, 'publish', *self.room('a'), data=b'"' * (1 << 20))
        self.assertRegex(complaint, r'\Apublish: .+\.\Z')

    def test_log_level(self):
        control = self.start_control()
        self.assertEqual(control.output('log-level'), 'info\n')
        self.assertEqual(control.output('log-level', 'debug'), 'debug\n')
        self.assertEqual(control.json('log-level'), {'level': 'debug'})

    def test_drain(self):
        control = self.start_control(timeouts={'drain': '200ms'})
        client = self.client('/room/a')
        self.assertEqual(control.output('drain'), 'draining\n')
        client.expect_close(1001, 1012)
        client.close()
        self.assertEqual(self.daemon.wait_exit(), 0)
        self.assertEqual(control.run('ready').returncode, UNREACHABLE)

    def test_a_daemon_that_drains_is_not_ready(self):
        control = self.start_control(timeouts={'drain': '60s', 'close': '60s'})
        client = self.client('/room/a')
        control.output('drain')
        process = control.run('ready')
        self.assertEqual((process.returncode, process.stdout), (FAILED, 'draining\n'))
        self.assertIn('state        draining\n', control.output('status'))
        client.close()
        self.daemon.stop()


class ServiceReloadTest(ControlTest):
    """The reload of the systemd unit, which fails when the reload fails."""

    def reload(self):
        return Control('-c', self.daemon.file, 'reload', '--wait', '--signal', self.daemon.pid)

    def break_the_file(self):
        """In a way that only binding shows."""
        for pattern in ('cannot listen', 'no address of the listener', 'reload failed'):
            self.expect_error_line(pattern)
        taken = socket.create_server(('127.0.0.1', 0))
        self.addCleanup(taken.close)
        address = '127.0.0.1:{}'.format(taken.getsockname()[1])
        listeners = [*self.daemon.content['listeners'], {'name': 'taken', 'address': address}]
        configuration.write({**self.daemon.content, 'listeners': listeners}, self.daemon.file)

    def test_it_succeeds_and_fails_with_the_reload(self):
        self.start_control()
        self.assertEqual(self.reload().output(), 'reloaded\n')
        self.break_the_file()
        self.assertEqual(self.reload().run().returncode, FAILED)

    def test_without_an_admin_listener_the_signal_is_sent(self):
        self.start_with()
        self.assertIn('SIGHUP was sent', self.reload().output())
        self.daemon.log.wait_for_count('reloaded', 1)

    def test_a_process_that_is_not_there_is_an_error(self):
        self.start_with()
        control = Control('-c', self.daemon.file, 'reload', '--signal', 4194304)
        self.assertIn('cannot send SIGHUP to process 4194304', control.refusal(FAILED))


class ReachTest(ControlTest):
    """The ways to the daemon."""

    def test_the_configuration_leads_to_it(self):
        self.start_control()
        control = Control('-c', self.daemon.file)
        self.assertEqual(control.json('status')['pid'], self.daemon.pid)

    def test_tcp_needs_the_token(self):
        self.start_control()
        address = '{}:{}'.format(*self.tcp.address)
        control = Control('-s', address)
        self.assertEqual(control.output('ready'), 'ready\n')
        self.assertIn('\nwsrelayd_rooms 0\n', control.output('metrics'))
        self.assertIn('--token-file', control.refusal(FAILED, 'status'))
        wrong = f'{self.directory}/wrong'
        with open(wrong, 'w', encoding='ascii') as file:
            file.write('another-token-of-some-length\n')
        self.assertIn('is another', control.refusal(FAILED, 'status', '-t', wrong))
        token = ('-t', f'{self.directory}/token')
        self.assertEqual(control.json('status', *token)['pid'], self.daemon.pid)

    def test_tcp_by_the_configuration_brings_the_token(self):
        self.start_control()
        file = configuration.write({'admin': {'address': '{}:{}'.format(*self.tcp.address),
                                              'token_file': f'{self.directory}/token'}},
                                   self.daemon.directory / 'tcp.yaml')
        self.assertEqual(Control('-c', file).json('status')['pid'], self.daemon.pid)


if __name__ == '__main__':
    unittest.main()
