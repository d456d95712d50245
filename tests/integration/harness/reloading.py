"""Daemons whose configuration changes while they run."""

import shutil
import signal
import ssl
import tempfile
from pathlib import Path

from harness import certificates, configuration
from harness.case import DaemonTest
from harness.connection import PLAIN, client_context, connect_socket
from harness.handshake import Request

FAILED = 'reload failed: the configuration stays as it was'
ERRORS = ('cannot reload', 'reload failed', 'cannot listen', 'cannot set TLS up',
          'cannot open the log file')


class Reloading:
    """What tests do with a daemon whose file changes; mixed into a DaemonTest."""

    SIGNAL = signal.SIGHUP

    def reload(self, content=None, **changes):
        """Writes another file, has it read, and returns the line that says that it is in force."""
        return self._reload('reloaded', content, changes)

    def reload_in_vain(self, content=None, **changes):
        """The same with a file that is refused; returns all lines of the attempt."""
        for pattern in ERRORS:
            self.expect_error_line(pattern)
        position = self.daemon.log.position()
        self._reload(FAILED, content, changes)
        return self.daemon.log.since(position)

    def _reload(self, message, content, changes):
        content = {**self.daemon.content, **changes} if content is None else content
        configuration.write(content, self.daemon.file)
        count = len(self.daemon.log.with_message(message)) + 1
        self.daemon.signal(self.SIGNAL)
        line = self.daemon.log.wait_for_count(message, count, seconds=60)[-1]
        if message == 'reloaded' and isinstance(content, dict):
            self.daemon.content = content
        return line

    def restore(self):
        """The file is the one in force again."""
        configuration.write(self.daemon.content, self.daemon.file)

    def learn_address(self, name):
        """Where a listener that a reload has added listens."""
        line = self.daemon.log.wait_for('listening', listener=name)
        host, _, port = line.get('address').rpartition(':')
        self.daemon.addresses[name] = [(host, int(port))]

    def assert_counts(self, line, **wanted):
        counts = {name: line.get(name) for name in wanted}
        self.assertEqual(counts, wanted, line)


class ReloadTest(DaemonTest, Reloading):
    """Daemons on every transport, with certificates that can be replaced."""

    def setUp(self):
        super().setUp()
        self.directory = Path(tempfile.mkdtemp(prefix='wsrelayd-reload-'))
        self.addCleanup(shutil.rmtree, self.directory)
        self.pair = (self.directory / 'server.pem', self.directory / 'server.key')
        self.install('localhost')
        self.path = self.directory / 'socket'

    def install(self, name):
        """Another certificate under the name of the one that is served."""
        for source, target in zip(certificates.get(name), self.pair):
            new = target.with_suffix('.new')
            shutil.copy(source, new)
            new.replace(target)

    def listeners(self, **tls):
        return [configuration.PLAIN, configuration.tls_listener([self.pair], **tls),
                configuration.unix_listener(self.path)]

    def start_everywhere(self, workers=2, listeners=None, **top):
        return self.start_with(listeners=listeners or self.listeners(), workers=workers, **top)

    def each_number_of_workers(self, **top):
        """Daemons that accept in the main thread, and in the only worker."""
        for workers in (2, 1):
            with self.subTest(workers=workers):
                self.install('localhost')
                self.start_everywhere(workers, **top)
                yield workers
                self.check_stop()

    def served_names(self, listener='secure'):
        """The names in the certificate that a new client is shown."""
        context = client_context()
        context.load_verify_locations(certificates.directory() / 'ca.pem')
        context.verify_mode = ssl.CERT_REQUIRED
        with context.wrap_socket(connect_socket(self.daemon.address(listener))) as sock:
            return [name for _, name in sock.getpeercert()['subjectAltName']]

    def refused(self, path, mode=PLAIN):
        """The status that a handshake there is refused with."""
        return self.assert_refused(Request(path).encode(), 404, mode=mode).status
