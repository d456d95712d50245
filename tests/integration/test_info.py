"""What a client is told of its own connection: the handler `info`, and `?info=1`."""

import datetime
import json
import os
import re
import subprocess
import unittest

from harness import certificates, configuration, frames
from harness.case import SharedDaemonTest
from harness.client import Client
from harness.connection import (LOCAL, PLAIN, SECURE, Connection, client_context, connect_socket,
                                wrap)
from harness.handshake import Request
from harness.tools import daemon_binary

SECRET = 'Basic aGVpbWxpY2g6Z2VoZWlt'

ROUTES = [
    configuration.ECHO_ROUTE,
    {'path': '/info', 'handler': 'info', 'subprotocols': ['chat']},
    {'path': '/{rest*}', 'handler': {'type': 'echo', 'controls': True}},
]


class InfoTest(SharedDaemonTest):
    """Plain, TLS with a client certificate if there is one, and a unix socket."""

    @classmethod
    def configuration(cls):
        path = certificates.directory() / f'info-{os.getpid()}.sock'
        authority = str(certificates.directory() / 'ca.pem')
        secure = configuration.tls_listener([certificates.get('localhost')],
                                            client_auth='optional', client_ca=authority)
        listeners = [configuration.PLAIN, secure, configuration.unix_listener(path)]
        return configuration.configuration(ROUTES, listeners)

    def told(self, request=None, mode=PLAIN):
        """The client and what it was told; then it echoes, of any size."""
        client = self.client(request=request or Request('/info'), mode=mode)
        message = client.next_message()
        self.assertEqual(message.opcode, frames.TEXT)
        client.echo('and now an echo')
        client.echo(os.urandom(70000), frames.BINARY)
        client.close_orderly()
        return json.loads(message.payload)

    def test_the_client_as_it_is_seen(self):
        sock = connect_socket(self.daemon.address('plain'))
        with Client(sock).open(Request('/info')) as client:
            told = json.loads(client.next_message().payload)
            host, port = sock.getsockname()
            self.assertEqual(told['client'], {'address': host, 'port': port})
            self.assertEqual(told['listener'], 'plain')
            self.assertIsNone(told['tls'])
            client.close_orderly()

    def test_a_unix_socket(self):
        told = self.told(mode=LOCAL)
        self.assertEqual(told['client'], {'address': 'unix:'})
        self.assertEqual(told['listener'], 'local')

    def test_tls_without_a_client_certificate(self):
        tls = self.told(mode=SECURE)['tls']
        self.assertEqual(tls['version'], 'TLSv1.3')
        self.assertRegex(tls['cipher'], '^TLS_')
        self.assertIsNone(tls['client_certificate'])

    def test_tls_with_a_client_certificate(self):
        for version in ('TLSv1.2', 'TLSv1.3'):
            context = client_context()
            context.load_cert_chain(*certificates.get('client'))
            number = {'TLSv1.2': 0x0303, 'TLSv1.3': 0x0304}[version]
            context.minimum_version = context.maximum_version = number
            sock = wrap(connect_socket(self.daemon.address('secure')), context)
            with Client(sock).open(Request('/info')) as client:
                told = json.loads(client.next_message().payload)
                self.assertEqual(told['tls'], {'version': version, 'cipher': sock.cipher()[0],
                                               'client_certificate': 'CN=A client'})
                client.close_orderly()

    def test_the_request(self):
        request = Request('/info?a=%20b', host='Example.ORG:8080')
        request.add('Authorization', SECRET).add('Cookie', 'a=1; b=2').add('cookie', 'c=3')
        request.add('X-Empty', '').add('Sec-WebSocket-Protocol', 'other, chat')
        request.add('Sec-WebSocket-Extensions', 'permessage-deflate')
        told = self.told(request)
        self.assertEqual(told['request']['line'], 'GET /info?a=%20b HTTP/1.1')
        self.assertEqual([(field['name'], field['value']) for field in told['request']['fields']],
                         request.fields)
        self.assertEqual(told['host'], 'example.org')
        self.assertEqual(told['subprotocol'], 'chat')
        self.assertEqual(told['extensions'], [])

    def test_a_page_of_another_origin_gets_no_credentials(self):
        for origin, host, shown in ((None, 'localhost', True),
                                    ('http://localhost:8080', 'localhost:8080', True),
                                    ('https://LOCALHOST', 'localhost', True),
                                    ('http://localhost:3000', 'localhost:8080', False),
                                    ('https://evil.example', 'localhost', False),
                                    ('null', 'localhost', False)):
            with self.subTest(origin=origin):
                request = Request('/info', host=host).add('Cookie', 'a=secret').add(
                    'authorization', SECRET)
                if origin is not None:
                    request.add('Origin', origin)
                fields = self.told(request)['request']['fields']
                values = {field['name'].lower(): field['value'] for field in fields}
                self.assertEqual(values['cookie'] == 'a=secret', shown, values)
                self.assertEqual(values['authorization'] == SECRET, shown, values)
                if not shown:
                    self.assertEqual(values['cookie'],
                                     '(8 bytes, kept from a page of another origin)')

    def test_bytes_that_are_no_utf8_are_escaped(self):
        request = Request('/info').add('X-Latin', 'gr\xfc\xdf')
        request.add('X-Utf8', 'grüß'.encode().decode('latin-1'))
        fields = {field['name']: field['value']
                  for field in self.told(request)['request']['fields']}
        self.assertEqual(fields['X-Latin'], 'gr\\xfc\\xdf')
        self.assertEqual(fields['X-Utf8'], 'grüß')

    def test_a_head_in_pieces_and_one_as_large_as_can_be(self):
        request = Request('/info')
        request.add('X-Long', '\xff' * (8192 - len(request.encode()) - len('X-Long: \r\n')))
        self.assertEqual(len(request.encode()), 8192)
        connection = Connection(connect_socket(self.daemon.address('plain')), drip=True)
        with Client(connection.sock, drip=True).open(request) as client:
            fields = json.loads(client.next_message().payload)['request']['fields']
            self.assertEqual(fields[-1]['value'], '\\xff' * (len(fields[-1]['value']) // 4))
            client.close_orderly()

    def test_the_server_and_the_time(self):
        told = self.told()
        version = subprocess.run([daemon_binary(), '--version'], capture_output=True, text=True,
                                 check=True).stdout.split()[1]
        self.assertEqual(told['server'], {'name': 'wsrelayd', 'version': version})
        self.assertTrue(re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z', told['time']))
        age = datetime.datetime.now(datetime.timezone.utc) - datetime.datetime.fromisoformat(
            told['time'].replace('Z', '+00:00'))
        self.assertLess(abs(age.total_seconds()), 60)

    def test_the_control(self):
        told = self.told(Request('/any/path?info=1&subprotocol=mine')
                         .add('Sec-WebSocket-Protocol', 'mine'))
        self.assertEqual(told['subprotocol'], 'mine')
        client = self.client('/any/path?info=0')
        client.echo()
        client.close_orderly()

    def test_the_log_has_no_secret(self):
        self.told(Request('/info').add('Authorization', SECRET).add('Cookie', SECRET))
        self.assertNotIn(SECRET, '\n'.join(str(event) for event in self.daemon.log.events))


if __name__ == '__main__':
    unittest.main()
