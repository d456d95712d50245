"""The deployments of wsrelayd-deploy(7): files and commands work as they are printed, behind a real
nginx, with other ports and paths. systemctl, certbot and, for commands only, nginx are programs that
write down how they were called."""

import grp
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest
from pathlib import Path

from harness import certificates, frames
from harness.client import Client
from harness.connection import answers, connect_socket, free_port, wrap
from harness.daemon import STOP_SECONDS, Daemon
from harness.deadline import wait_until
from harness.handshake import Request, read_response
from harness.manager import listening_socket
from harness.nginx import nginx_command
from harness.tools import REPOSITORY, daemon_binary
from harness.units import problems, template_unit, write_units

EXAMPLES = REPOSITORY / 'etc/examples'
MANUAL = REPOSITORY / 'man/wsrelayd-deploy.7'
SITE = 'https://ws.example.org'


def blocks(title=''):
    """What stands in literal blocks of one section of the manual, or of all."""
    text = MANUAL.read_text(encoding='utf-8')
    if title:
        text = text.split(f'\n.Sh {title}\n')[1].split('\n.Sh ')[0]
    found = re.findall(r'^\.Bd -literal -offset indent\n(.*?)^\.Ed$', text, re.M | re.S)
    return [re.sub(r'(?m)^\\&', '', block).replace('\\e', '\\') for block in found]


def files(found):
    return [block for block in found if block.startswith('#')]


class DeploymentCase(unittest.TestCase):
    """A directory that stands for the root of the machine, and the ports of this test."""

    example = None
    section = None

    def setUp(self):
        self.root = Path(tempfile.mkdtemp(prefix='wsrelayd-test-'))
        self.addCleanup(shutil.rmtree, self.root)
        self.root.chmod(0o755)
        self.ports = {}
        live = self.root / 'etc/letsencrypt/live/ws.example.org'
        for directory in (live, self.root / 'etc/wsrelayd/tls', self.root / 'run/wsrelayd'):
            directory.mkdir(parents=True)
        self.live = live
        self.renew('localhost')
        self.called = self.root / 'called'
        self.programs = self.root / 'programs'
        self.programs.mkdir()
        for name in ('systemctl', 'certbot', 'nginx'):
            program = self.programs / name
            program.write_text(f'#!/bin/sh\necho "{name} $*" >>{self.called}\n', encoding='ascii')
            program.chmod(0o755)

    def renew(self, name):
        """What certbot does: other files under the same names."""
        for source, target in zip(certificates.get(name), ('fullchain.pem', 'privkey.pem')):
            shutil.copy(source, self.live / target)

    # ---- files as printed ----

    def port(self, printed):
        return self.ports.setdefault(printed, free_port())

    def moved(self, text):
        """The same text below this test's root and with its ports."""
        text = re.sub(r'(?<![\w/.])/(?=(?:etc|run|usr)/)', f'{self.root}/', text)
        text = re.sub(r'127\.0\.0\.1:(\d+)', lambda m: f'127.0.0.1:{self.port(m[1])}', text)
        text = text.replace('listen 443 ', f'listen 127.0.0.1:{self.port("443")} ')
        text = text.replace('listen [::]:443 ', f'listen [::1]:{self.port("443")} ')
        return text.replace('-g wsrelayd ', f'-g {grp.getgrgid(os.getgid()).gr_name} ')

    def place(self, name, target):
        """Puts a file of the example where its first line says."""
        text = (EXAMPLES / self.example / name).read_text(encoding='utf-8')
        self.assertRegex(text, rf'(?m)\A(#!/bin/sh\n)?# {re.escape(target)}\b')
        path = self.root / target.lstrip('/')
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.moved(text), encoding='utf-8')
        return path

    def run_commands(self):
        """Those of the section, in the directory of its files; returns what they have called."""
        self.called.write_text('', encoding='ascii')
        for block in blocks(self.section):
            if block not in files([block]):
                self.run_shell(self.moved(block))
        return self.called.read_text(encoding='ascii').splitlines()

    def run_shell(self, text, **environment):
        result = subprocess.run(
            ['sh', '-eu'], input=text, cwd=EXAMPLES / self.example, text=True, capture_output=True,
            check=False, env={'PATH': f'{self.programs}:/usr/bin:/bin', **environment})
        self.assertEqual(result.returncode, 0, result.stderr)

    def assert_drop_in_is_in_order(self, drop_in):
        """systemd finds nothing wrong with the units when it is there."""
        self.assertEqual(problems(write_units(drop_in.parent.parent)), (0, ''))

    # ---- processes ----

    def spawn(self, *command):
        process = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

        def end():
            process.terminate()
            process.communicate(timeout=STOP_SECONDS)
        self.addCleanup(end)
        return process

    def serve(self, path, address):
        """Checks a configuration and serves it, as the unit does."""
        check = subprocess.run([daemon_binary(), '-t', '-c', path], capture_output=True, text=True,
                               check=False)
        self.assertEqual(check.returncode, 0, check.stderr)
        process = self.spawn(daemon_binary(), '-c', path)
        wait_until(lambda: answers(address) or process.poll() is not None, 'the daemon')
        self.assertIsNone(process.poll())
        return process

    def start_nginx(self):
        site = self.place('nginx.conf', '/etc/nginx/conf.d/wsrelayd.conf')
        process = self.spawn(*nginx_command(self.root, f'include {site};'))
        wait_until(lambda: answers(self.entrance) or process.poll() is not None, 'nginx')
        self.assertIsNone(process.poll())

    # ---- what every deployment has to do ----

    @property
    def entrance(self):
        return '127.0.0.1', self.port('443')

    def secure(self):
        sock = wrap(connect_socket(self.entrance), server_name='localhost')
        self.addCleanup(sock.close)
        return sock

    def client(self, path):
        request = Request(path, host='ws.example.org').add('Origin', SITE)
        return Client(self.secure()).open(request)

    def assert_works(self):
        """An echo, a room, and a page of another site that is kept out of it."""
        echo = self.client('/echo')
        echo.echo('as printed')
        echo.send(frames.close(1000))
        echo.expect_close(1000)
        first, second = self.client('/room/lobby'), self.client('/room/lobby')
        first.send(frames.frame(frames.TEXT, 'hello'))
        second.expect(frames.TEXT, 'hello')
        stranger = Client(self.secure())
        stranger.send(Request('/room/lobby').add('Origin', 'https://example.net').encode())
        self.assertEqual(read_response(stranger).status, 403)


class NginxTest(DeploymentCase):
    """Plain, behind nginx."""

    example = 'nginx'
    section = 'PLAIN, BEHIND NGINX'

    def test_it_works(self):
        path = self.place('wsrelayd.yaml', '/etc/wsrelayd/wsrelayd.yaml')
        self.serve(path, ('127.0.0.1', self.port('8080')))
        self.start_nginx()
        self.assert_works()

    def test_its_commands_work(self):
        self.assertEqual(self.run_commands(),
                         ['systemctl enable wsrelayd', 'systemctl restart wsrelayd', 'nginx -t',
                          'systemctl reload nginx'])


class UnixSocketTest(DeploymentCase):
    """A unix socket, behind nginx."""

    example = 'unix'
    section = 'UNIX SOCKET, BEHIND NGINX'

    def test_it_works(self):
        path = self.place('wsrelayd.yaml', '/etc/wsrelayd/wsrelayd.yaml')
        self.serve(path, str(self.root / 'run/wsrelayd/ws.sock'))
        self.start_nginx()
        self.assert_works()

    def test_its_commands_work(self):
        self.assertEqual(self.run_commands(), ['systemctl daemon-reload', 'systemctl enable wsrelayd',
                                               'systemctl restart wsrelayd', 'nginx -t',
                                               'systemctl reload nginx'])

    def test_nginx_may_connect_to_what_belongs_to_the_group_of_the_service(self):
        drop_in = self.place('group.conf', '/etc/systemd/system/wsrelayd.service.d/group.conf')
        _, _, settings = drop_in.read_text(encoding='utf-8').partition('\n')
        manual = (REPOSITORY / 'man/wsrelayd.8').read_text(encoding='utf-8')
        self.assertIn(settings, manual)
        self.assert_drop_in_is_in_order(drop_in)
        path = self.place('wsrelayd.yaml', '/etc/wsrelayd/wsrelayd.yaml')
        address = self.root / 'run/wsrelayd/ws.sock'
        self.serve(path, str(address))
        self.assertEqual(address.stat().st_mode & 0o777, 0o660)


class CertbotTest(DeploymentCase):
    """TLS by the daemon, on a socket of systemd's, with files that are replaced."""

    example = 'certbot'
    section = 'TLS WITH CERTBOT'
    hook = '/etc/letsencrypt/renewal-hooks/deploy/wsrelayd'

    def setUp(self):
        super().setUp()
        # certbot's part: the first certificate.
        with (self.programs / 'certbot').open('a', encoding='ascii') as program:
            program.write(f'mv {self.root}/issued/* {self.live}\n')
        (self.root / 'issued').mkdir()
        for name in ('fullchain.pem', 'privkey.pem'):
            (self.live / name).rename(self.root / 'issued' / name)
        self.commands = self.install()
        self.drop_in = self.place('port.conf',
                                  '/etc/systemd/system/wsrelayd-secure.socket.d/port.conf')
        self.sockets = [('secure', sock) for sock in self.listen()]

    def install(self):
        """The commands of the manual, which copy the hook as it is printed."""
        self.place('deploy-hook', self.hook)
        printed = EXAMPLES / self.example / 'deploy-hook'
        hook = self.root / self.hook.lstrip('/')
        moved = hook.read_text(encoding='utf-8')
        hook.unlink()
        block, = [block for block in blocks(self.section) if block not in files([block])]
        before, install, after = re.fullmatch(r'(.*)(install -m 755 [^\n]*\n)(.*)', block, re.S).groups()
        self.run_shell(self.moved(before + install))
        self.assertEqual(hook.read_text(encoding='utf-8'), printed.read_text(encoding='utf-8'))
        self.assertEqual(hook.stat().st_mode & 0o777, 0o755)
        hook.write_text(moved, encoding='utf-8')
        self.run_shell(self.moved(after))
        return self.called.read_text(encoding='ascii').splitlines()

    def listen(self):
        """What systemd does for the socket unit, with the addresses of this machine alone."""
        text = self.drop_in.read_text(encoding='utf-8')
        lines = re.findall(r'^ListenStream=(.*)$', text, re.M)
        self.assertEqual(lines, ['', '0.0.0.0:443', '[::]:443'])
        self.assert_drop_in_is_in_order(self.drop_in)
        return [listening_socket((host, self.port('443'))) for host in ('127.0.0.1', '::1')]

    def tearDown(self):
        for _, sock in self.sockets:
            sock.close()
        super().tearDown()

    def serve_passed(self):
        path = self.place('wsrelayd.yaml', '/etc/wsrelayd/wsrelayd.yaml')
        text = path.read_text(encoding='utf-8')
        self.assertIn('address: "systemd:secure"', text)
        daemon = Daemon(text, passed=self.sockets).launch()
        self.addCleanup(daemon.remove)
        daemon.log.wait_for_count('listening', 2)
        return daemon

    def deploy(self):
        """What certbot does after a renewal."""
        self.called.unlink()
        subprocess.run([self.root / self.hook.lstrip('/')], check=True,
                       env={'PATH': f'{self.programs}:/usr/bin:/bin',
                            'RENEWED_LINEAGE': str(self.live)})
        self.assertEqual(self.called.read_text(encoding='ascii'),
                         'systemctl try-reload-or-restart wsrelayd.service\n')

    def certificate(self):
        return self.secure().getpeercert(binary_form=True)

    def test_it_works_and_shows_the_new_certificate_after_a_renewal(self):
        daemon = self.serve_passed()
        self.assert_works()
        before = self.certificate()

        self.renew('other')
        self.deploy()
        with self.client('/echo') as client:
            daemon.signal(signal.SIGHUP)
            wait_until(lambda: self.certificate() != before, 'the new certificate')
            client.echo('as before')
        self.assert_works()

    def test_its_commands_work(self):
        self.assertEqual(self.commands, [
            'systemctl stop wsrelayd', 'certbot certonly --standalone -d ws.example.org',
            'systemctl try-reload-or-restart wsrelayd.service', 'systemctl daemon-reload', 'systemctl enable --now wsrelayd-secure.socket',
            'systemctl start wsrelayd'])

    def test_others_cannot_read_the_key(self):
        key = self.root / 'etc/wsrelayd/tls/privkey.pem'
        self.assertEqual(key.stat().st_mode & 0o777, 0o640)
        self.assertEqual(sorted(path.name for path in key.parent.iterdir()),
                         ['fullchain.pem', 'privkey.pem'])


class InstancesTest(DeploymentCase):
    """wsrelayd@.service."""

    example = 'instances'
    section = 'MANY INSTANCES'

    def test_they_work(self):
        unit = template_unit()
        for name, printed in (('echo', '8081'), ('chat', '8082')):
            path = self.place(f'{name}.yaml', f'/etc/wsrelayd/{name}.yaml')
            command = re.search(r'^ExecStart=/usr/sbin/wsrelayd -c (\S+)$', unit, re.M)[1]
            self.assertEqual(path, self.root / command.replace('%i', name).lstrip('/'))
            self.serve(path, ('127.0.0.1', self.port(printed)))
        self.start_nginx()
        self.assert_works()

    def test_its_commands_work(self):
        self.assertEqual(self.run_commands(), [
            'systemctl disable --now wsrelayd',
            'systemctl enable --now wsrelayd@echo wsrelayd@chat', 'nginx -t', 'systemctl reload nginx'])

    def test_nothing_in_the_unit_is_shared_that_goes_with_an_instance(self):
        unit = template_unit()
        self.assertNotIn('/etc/wsrelayd/wsrelayd.yaml', unit)
        self.assertRegex(unit, r'(?m)^RuntimeDirectory=wsrelayd-%i$')
        self.assertRegex(unit, r'(?m)^Description=.*\(%i\)$')


class ManualTest(unittest.TestCase):
    """wsrelayd-deploy(7) and etc/examples have the same files."""

    def test_the_manual_shows_every_file_as_it_is(self):
        there = [path.read_text(encoding='utf-8') for path in EXAMPLES.glob('*/*')]
        self.assertTrue(there)
        self.assertEqual(sorted(files(blocks())), sorted(there))


if __name__ == '__main__':
    unittest.main()
