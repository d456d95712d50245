"""Certificates at a reload, and when their files change."""

import shutil

from harness import certificates, configuration
from harness.client import Client
from harness.connection import SECURE, client_context, connect_socket
from harness.reloading import ReloadTest

KIB = 1 << 10


class CertificateTest(ReloadTest):
    """Certificates are read anew."""

    def test_new_connections_see_the_new_certificate_and_old_ones_go_on(self):
        for _ in self.each_number_of_workers():
            self.install('localhost')
            self.reload()
            self.assertIn('localhost', self.served_names())
            old = self.client(mode=SECURE)
            self.install('other')
            self.reload()
            self.assertEqual(self.served_names(), ['other.example'])
            old.echo('under the certificate of before')
            old.echo('x' * 100 * KIB)
            old.close_orderly()
            self.client(mode=SECURE).close_orderly()

    def test_a_key_that_does_not_fit_changes_nothing(self):
        self.start_everywhere()
        shutil.copy(certificates.get('other')[1], self.pair[1])
        self.reload_in_vain()
        self.assertIn('localhost', self.served_names())
        self.client(mode=SECURE).close_orderly()

    def test_sessions_are_resumed_across_a_reload(self):
        self.start_everywhere()
        context = client_context()
        sock = self.secure(context)
        client = Client(sock).open()
        client.echo('with which the ticket comes')
        session = sock.session
        client.close_orderly()
        self.install('other')
        self.reload()
        sock = self.secure(context, session=session)
        self.assertTrue(sock.session_reused)
        Client(sock).open().close_orderly()

    def secure(self, context, **options):
        sock = context.wrap_socket(connect_socket(self.daemon.address('secure')),
                                   suppress_ragged_eofs=False, **options)
        self.addCleanup(sock.close)
        return sock


class CertificateWatchTest(ReloadTest):
    """tls.reload_on_change."""

    RENEWED = 'certificates reloaded'
    UNUSABLE = 'certificates have changed and cannot be used: the old ones stay in use'

    def test_certificates_are_read_when_their_files_change(self):
        for _ in self.each_number_of_workers(listeners=self.listeners(reload_on_change=True)):
            self.install('localhost')
            self.daemon.log.wait_for(self.RENEWED, listener='secure')
            old = self.client(mode=SECURE)
            self.install('other')
            self.daemon.log.wait_for_count(self.RENEWED, 2)
            self.assertEqual(self.served_names(), ['other.example'])
            old.echo('still here')
            old.close_orderly()

    def test_files_that_cannot_be_used_are_said_once(self):
        self.expect_error_line(self.UNUSABLE)
        self.expect_error_line('cannot set TLS up')
        self.start_everywhere(listeners=self.listeners(reload_on_change=True))
        shutil.copy(certificates.get('other')[1], self.pair[1])
        self.daemon.log.wait_for(self.UNUSABLE, listener='secure')
        self.assertIn('localhost', self.served_names())
        self.install('other')
        self.daemon.log.wait_for(self.RENEWED, listener='secure')
        self.assertEqual(self.served_names(), ['other.example'])
        self.assertEqual(len(self.daemon.log.with_message(self.UNUSABLE)), 1)

    def test_without_it_they_are_not_read(self):
        self.start_everywhere(listeners=[
            *self.listeners(), configuration.tls_listener([self.pair], 'watched',
                                                          reload_on_change=True)])
        self.install('other')
        self.daemon.log.wait_for(self.RENEWED, listener='watched')
        self.assertEqual(self.served_names('watched'), ['other.example'])
        self.assertIn('localhost', self.served_names())
