"""TLS: versions, certificates by name, ALPN, client certificates, sessions, and every way in which
a TLS connection can break or turn out to be something else."""

import os
import re
import socket
import ssl
import subprocess
import threading
import warnings

from harness import certificates, configuration, frames
from harness.case import SharedDaemonTest
from harness.client import Client
from harness.connection import (FIN, RESET, SECURE, Connection, client_context,
                                client_hello, connect_socket, remote_name)
from harness.deadline import wait_until
from harness.handshake import Request, check_refusal, read_response
from harness.tools import require

CERTIFICATES = ('localhost', 'other', 'wild', 'common', 'rsa', 'chain')


class TlsTest(SharedDaemonTest):
    """One daemon with a TLS listener for each kind of settings."""

    @classmethod
    def configuration(cls):
        pairs = [certificates.get(name) for name in CERTIFICATES]
        authority = str(certificates.directory() / 'ca.pem')
        tls = configuration.tls_listener
        return configuration.configuration(timeouts={'handshake': '3s'}, listeners=[
            configuration.PLAIN,
            tls(pairs),
            tls(pairs[:1], 'modern', min_version='1.3'),
            tls(pairs[:2], 'optional', client_auth='optional', client_ca=authority),
            tls(pairs[:2], 'required', client_auth='required', client_ca=authority),
        ])

    def context(self, certificate=None, **settings):
        """A client that checks the server's certificate against the authority's."""
        context = client_context(**settings)
        context.load_verify_locations(certificates.directory() / 'ca.pem')
        context.verify_mode = ssl.CERT_REQUIRED
        if certificate is not None:
            context.load_cert_chain(*certificates.get(certificate))
        return context

    def wrapped(self, listener='secure', context=None, server_name=None, session=None):
        """A TLS connection."""
        sock = connect_socket(self.daemon.address(listener))
        self.addCleanup(sock.close)
        sock = (context or self.context()).wrap_socket(
            sock, server_hostname=server_name, suppress_ragged_eofs=False, session=session)
        self.addCleanup(sock.close)
        return sock

    def assert_works(self, sock):
        """The TLS connection carries a WebSocket."""
        client = Client(sock).open(Request())
        client.echo('over TLS')
        client.close_orderly()

    def assert_alert(self, alert, listener='secure', **options):
        """The server refuses the handshake with this alert, in TLS 1.3 behind its own part."""
        with self.assertRaises(ssl.SSLError) as raised:
            self.wrapped(listener, **options).recv(100)
        self.assertIn(alert, str(raised.exception).lower().replace('_', ' '))


class VersionTest(TlsTest):
    """min_version, and nothing below 1.2 ever."""

    def limited(self, version):
        context = self.context()
        context.set_ciphers('ALL:@SECLEVEL=0')
        context.minimum_version = context.maximum_version = version
        return context

    def test_tls_1_0_and_1_1_are_refused(self):
        for version in ('TLSv1', 'TLSv1_1'):
            with self.subTest(version), warnings.catch_warnings():
                warnings.simplefilter('ignore', DeprecationWarning)
                self.assert_alert('protocol version',
                                  context=self.limited(ssl.TLSVersion[version]))

    def test_tls_1_2_and_1_3_are_served(self):
        for version in ('TLSv1_2', 'TLSv1_3'):
            with self.subTest(version):
                sock = self.wrapped(context=self.limited(ssl.TLSVersion[version]))
                name = version.replace('_', '.')
                self.assertEqual(sock.version(), name)
                remote = remote_name(sock)
                self.assert_works(sock)
                line = self.daemon.log.wait_for('closed', remote=remote)
                self.assertEqual(line.get('tls'), name)

    def test_min_version_refuses_1_2(self):
        self.assert_alert('protocol version', 'modern',
                          context=self.limited(ssl.TLSVersion.TLSv1_2))
        self.assert_works(self.wrapped('modern'))

    def test_ciphers_without_forward_secrecy_or_authentication_are_refused(self):
        for cipher in ('AES128-GCM-SHA256', 'ECDHE-ECDSA-AES128-SHA', 'AES256-SHA',
                       'ECDHE-RSA-AES256-SHA384'):
            with self.subTest(cipher):
                context = self.limited(ssl.TLSVersion.TLSv1_2)
                context.set_ciphers(f'{cipher}:@SECLEVEL=0')
                self.assert_alert('handshake failure', context=context)

    def test_aead_ciphers_with_forward_secrecy_are_served(self):
        for cipher in ('ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-CHACHA20-POLY1305',
                       'ECDHE-ECDSA-AES256-GCM-SHA384'):
            with self.subTest(cipher):
                context = self.limited(ssl.TLSVersion.TLSv1_2)
                context.set_ciphers(cipher)
                sock = self.wrapped(context=context)
                self.assertEqual(sock.cipher()[0], cipher)
                self.assert_works(sock)


class ServerNameTest(TlsTest):
    """Certificates by server name."""

    NAMES = {
        None: 'localhost', 'localhost': 'localhost', 'other.example': 'other.example',
        'OTHER.Example': 'other.example', 'other.example.': 'other.example',
        'a.wild.example': 'wild.example', 'A.WILD.example': 'wild.example',
        'exact.other.example': 'wild.example', 'rsa.example': 'rsa.example',
        'common.example': 'common.example', 'chain.example': 'chain.example',
        # Unknown names get the first certificate: a wildcard is for one whole label.
        'unknown.example': 'localhost', 'a.b.wild.example': 'localhost',
        'wild.example': 'localhost', 'another.example': 'localhost', 'example': 'localhost',
        'x.other.example': 'localhost',
    }

    def test_exact_wildcard_unknown_and_none(self):
        for server_name, common_name in self.NAMES.items():
            with self.subTest(server_name):
                sock = self.wrapped(server_name=server_name)
                subject = dict(pair for entry in sock.getpeercert()['subject'] for pair in entry)
                self.assertEqual(subject['commonName'], common_name)
                self.assert_works(sock)

    def test_the_host_of_the_request_need_not_be_the_server_name(self):
        client = Client(self.wrapped(server_name='other.example'))
        client.open(Request(host='rsa.example'))
        client.close_orderly()


class ProtocolNegotiationTest(TlsTest):
    """ALPN: http/1.1, or none."""

    def test_http_1_1_is_selected_or_nothing(self):
        for offered, selected in ((['http/1.1'], 'http/1.1'), (['h2', 'http/1.1'], 'http/1.1'),
                                  (['http/1.0', 'http/1.1', 'h2'], 'http/1.1'), (['h2'], None),
                                  (['x' * 255], None), ([], None)):
            with self.subTest(offered):
                context = self.context()
                if offered:
                    context.set_alpn_protocols(offered)
                sock = self.wrapped(context=context)
                self.assertEqual(sock.selected_alpn_protocol(), selected)
                self.assert_works(sock)


class ClientCertificateTest(TlsTest):
    """client_auth and client_ca, for every certificate that the server may show."""

    SERVER_NAMES = ('localhost', 'other.example')
    VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)

    def each(self, certificate):
        for version in self.VERSIONS:
            for server_name in self.SERVER_NAMES:
                context = self.context(certificate)
                context.maximum_version = version
                yield {'context': context, 'server_name': server_name}

    def check_served(self, listener, certificate):
        for options in self.each(certificate):
            self.assert_works(self.wrapped(listener, **options))

    def check_refused(self, listener, certificate, alert):
        for options in self.each(certificate):
            self.assert_alert(alert, listener, **options)

    def test_none_asks_for_none(self):
        self.check_served('secure', None)
        self.check_served('secure', 'stranger')

    def test_optional_takes_none_or_a_good_one(self):
        self.check_served('optional', None)
        self.check_served('optional', 'client')
        self.check_refused('optional', 'stranger', 'unknown ca')

    def test_required_takes_a_good_one_only(self):
        self.check_served('required', 'client')
        self.check_refused('required', 'stranger', 'unknown ca')
        for options in self.each(None):
            version = options['context'].maximum_version
            self.assert_alert('certificate required' if version == ssl.TLSVersion.TLSv1_3
                              else 'handshake failure', 'required', **options)


class SessionTest(TlsTest):
    """Tickets: sessions are resumed, but on their own listener only."""

    VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)

    def session(self, context, listener='secure'):
        sock = self.wrapped(listener, context, 'localhost')
        client = Client(sock).open(Request())
        client.echo('the ticket comes before this')
        session = sock.session
        client.close_orderly()
        return session

    def test_a_session_is_resumed(self):
        for version in self.VERSIONS:
            with self.subTest(version.name):
                context = self.context(maximum_version=version)
                session = self.session(context)
                again = self.wrapped('secure', context, 'localhost', session)
                self.assertTrue(again.session_reused)
                self.assert_works(again)

    def test_a_session_of_another_listener_is_not(self):
        for version in self.VERSIONS:
            with self.subTest(version.name):
                context = self.context('client', maximum_version=version)
                session = self.session(context)
                other = self.wrapped('required', context, 'localhost', session)
                self.assertFalse(other.session_reused)
                self.assert_works(other)


class OpensslClientTest(TlsTest):
    """What only the openssl program does."""

    def converse(self, *options, command, until):
        """Runs s_client, gives it a command when it is connected; returns what it printed."""
        host, port = self.daemon.address('secure')
        process = subprocess.Popen(
            [require('openssl'), 's_client', '-connect', f'{host}:{port}', *options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        killer = threading.Timer(15, process.kill)
        self.addCleanup(killer.cancel)
        killer.start()
        printed = []
        for line in process.stdout:
            printed.append(line.decode('latin-1').rstrip())
            if 'Extended master secret' in printed[-1] or 'No ALPN' in printed[-1]:
                break
        for part in command:
            process.stdin.write(part)
            process.stdin.flush()
            printed.extend(self.read_up_to(process.stdout, until))
        process.stdin.close()
        return '\n'.join(printed)

    @staticmethod
    def read_up_to(stream, until):
        for line in stream:
            text = line.decode('latin-1').rstrip()
            yield text
            if re.search(until, text):
                return

    def test_renegotiation_is_refused(self):
        printed = self.converse('-tls1_2', command=[b'R\n'], until='error|no renegotiation')
        self.assertIn('RENEGOTIATING', printed)
        self.assertRegex(printed.lower(), 'no.renegotiation|handshake failure')

    def test_key_updates_are_followed(self):
        printed = self.converse('-tls1_3', command=[b'K\n', Request().encode()],
                                until='KEYUPDATE|HTTP/1.1')
        self.assertIn('KEYUPDATE', printed)
        self.assertIn('HTTP/1.1 101', printed)


class EndTest(TlsTest):
    """FIN and RST in each state of a TLS connection."""

    def raw(self, listener='secure'):
        sock = connect_socket(self.daemon.address(listener))
        self.addCleanup(sock.close)
        return Connection(sock)

    def connect_to(self, stage):
        """A connection that has come so far."""
        hello = client_hello()
        if stage in ('connected', 'half a ClientHello', 'a ClientHello'):
            connection = self.raw()
            connection.send({'connected': b'', 'half a ClientHello': hello[:len(hello) // 2],
                             'a ClientHello': hello}[stage])
            return connection
        client = Client(self.socket(SECURE))
        if stage == 'half a request':
            client.send(Request().encode()[:40])
        elif stage != 'a handshake':
            client.open(Request())
            client.send({'open': b'', 'half a frame': frames.text('x' * 100)[:50],
                         'closed': frames.close(1000)}[stage])
        return client

    STAGES = ('connected', 'half a ClientHello', 'a ClientHello', 'a handshake', 'half a request')

    def test_every_end_at_every_stage_of_the_handshake_leaves_nothing(self):
        self.client(mode=SECURE).close_orderly()
        before = self.daemon.descriptor_count()
        for stage in self.STAGES:
            for end in ('close', 'reset', 'finish_sending'):
                with self.subTest(stage=stage, end=end):
                    connection = self.connect_to(stage)
                    getattr(connection, end)()
                    if end == 'finish_sending':
                        connection.sock.settimeout(15)
                        self.drain(connection)
        wait_until(lambda: self.daemon.descriptor_count() <= before, 'descriptors to be closed')

    def drain(self, connection):
        """The server ends the connection too."""
        try:
            while connection.sock.recv(4096):
                pass
        except OSError:
            pass
        connection.close()

    def test_an_end_without_a_close_frame_is_logged_as_1006(self):
        for stage in ('open', 'half a frame'):
            for end in ('close', 'reset', 'finish_sending'):
                with self.subTest(stage=stage, end=end):
                    client = self.connect_to(stage)
                    self.assert_closed(client, getattr(client, end), 1006)

    def assert_closed(self, client, act, code):
        """The client's line `closed`, once it has acted, has this code."""
        remote = remote_name(client.sock)
        act()
        line = self.daemon.log.wait_for('closed', remote=remote)
        self.assertEqual(line.get('code'), code, line)

    def test_after_both_closes_any_end_is_clean(self):
        for end in ('reset', 'finish_sending', 'close'):
            with self.subTest(end):
                client = self.connect_to('closed')
                client.expect_close(1000)
                self.assert_closed(client, getattr(client, end), 1000)

    def test_the_server_ends_with_close_notify(self):
        """The client's socket would raise on a bare FIN."""
        client = self.connect_to('closed')
        client.expect_close(1000)
        client.expect_end(FIN)

    def test_close_notify_alone_ends_the_connection(self):
        client = self.connect_to('open')
        self.assert_closed(client, lambda: self.notify(client), 1006)

    @staticmethod
    def notify(client):
        """Sends close_notify without a FIN."""
        client.sock.settimeout(0)
        try:
            client.sock.unwrap()
        except OSError:
            pass

    def test_a_broken_record_ends_the_connection(self):
        for garbage in (b'\x17\x03\x03\xff\xff' + b'x' * 100,
                        b'\x17\x03\x03\x00\x20' + b'x' * 32, b'not TLS at all, not at all'):
            with self.subTest(garbage[:5]):
                client = self.connect_to('open')
                with tcp_under(client.sock) as tcp:
                    self.assert_closed(client, lambda tcp=tcp, data=garbage: tcp.send(data), 1006)


def tcp_under(tls_socket):
    """The TCP connection under a TLS socket, to write past TLS."""
    return socket.socket(fileno=os.dup(tls_socket.fileno()))


class OtherProtocolTest(TlsTest):
    """What arrives is not what the port speaks."""

    PLAIN_REQUESTS = (Request().encode(), b'GET / HTTP/1.0\r\n\r\n', b'POST / HTTP/1.1\r\n\r\n',
                      b'HEAD / HTTP/1.1\r\nHost: x\r\n\r\n', b'PUT / HTTP/1.1\r\n\r\n')

    def plain_connection(self, listener):
        sock = connect_socket(self.daemon.address(listener))
        self.addCleanup(sock.close)
        return Connection(sock)

    def test_plain_http_on_a_tls_port_gets_a_plaintext_400_that_says_so(self):
        for head in self.PLAIN_REQUESTS:
            for drip in (False, True):
                with self.subTest(head[:16], drip=drip):
                    connection = self.plain_connection('secure')
                    connection.drip = drip
                    connection.send(head)
                    response = read_response(connection)
                    self.assertEqual(response.status, 400)
                    check_refusal(response)
                    self.assertIn(b'TLS', response.body)
                    self.assertEqual(connection.read_end(), (FIN, b''))

    def test_anything_else_on_a_tls_port_is_ended(self):
        garbage = [b'\0' * 200, b'SSH-2.0-OpenSSH_9.2\r\n', b'\x80\x2e\x01\x00\x02' + b'\0' * 60,
                   b'\x16\x03\x01\xff\xff' + b'x' * 70000, b'\x15\x03\x01\x00\x02\x02\x28',
                   b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', b'\x17\x03\x03\x00\x05hello',
                   self.random_bytes(65536), self.random_bytes(100) + b'\0' * 20000]
        for data in garbage:
            with self.subTest(data[:10]):
                connection = self.plain_connection('secure')
                connection.send(data)
                self.assertIn(connection.read_end()[0], (FIN, RESET))

    @staticmethod
    def random_bytes(count):
        with open('/dev/urandom', 'rb') as stream:
            return stream.read(count)

    def test_anything_but_http_on_a_plain_port_gets_400_or_is_ended(self):
        garbage = [client_hello(), b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', b'SSH-2.0-OpenSSH_9.2\r\n',
                   b'PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n', b'\r\n\r\nGET / HTTP/1.1\r\n\r\n',
                   b'\0' * 20000, *[self.random_bytes(65536) for _ in range(10)]]
        connections = [self.plain_connection('plain') for _ in garbage]
        for connection, data in zip(connections, garbage):
            connection.send(data)
        for connection, data in zip(connections, garbage):
            with self.subTest(data[:10]):
                self.assert_bad_request_or_end(connection)

    def assert_bad_request_or_end(self, connection):
        ending, rest = connection.read_end()
        self.assertIn(ending, (FIN, RESET))
        if rest and ending == FIN:
            self.assertRegex(rest, rb'\AHTTP/1\.1 (400|405|414|431|505) [ -~]+\r\n')
            self.assertRegex(rest, rb'\r\n\r\n[ -~]+\n?\Z')

    def test_a_tls_handshake_that_stops_hinders_nobody(self):
        waiting = [self.plain_connection('secure') for _ in range(50)]
        for connection in waiting:
            connection.send(client_hello()[:-1])
        self.assert_works(self.wrapped())
        for connection in waiting:
            connection.close()
