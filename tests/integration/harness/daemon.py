"""One running wsrelayd: started on free ports, watched, stopped."""

import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from harness import configuration
from harness.deadline import wait_until
from harness.log import Log
from harness.tools import daemon_binary

STOP_SECONDS = 30
ACTIVATE = Path(__file__).with_name('activate.py')


class Daemon:
    """A process of the daemon, its directory and its log."""

    def __init__(self, content=None, arguments=(), environment=None, directory=None,
                 descriptors=None, standard_error=subprocess.PIPE, passed=None, under=()):
        self.directory = Path(directory or tempfile.mkdtemp(prefix='wsrelayd-test-'))
        self.owns_directory = directory is None
        self.content = content if content is not None else configuration.configuration()
        self.file = self.directory / 'wsrelayd.yaml'
        self.arguments = list(arguments)
        self.environment = {**os.environ, **(environment or {})}
        self.descriptors = descriptors  # (soft, hard) limit of open ones
        self.standard_error = standard_error
        self.passed = passed    # pairs (name, socket), as a socket unit would; None: started by hand
        self.under = list(under)    # a command that runs the daemon in its own process
        self.process = None
        self.log = None
        self.addresses = {}

    # ---- starting ----

    def launch(self):
        """Starts the process without waiting for anything. Its log is collected when standard
        error is not given."""
        configuration.write(self.content, self.file)
        command = [*self.under, str(daemon_binary()), '-c', str(self.file), *self.arguments]
        if self.passed is not None:
            command = self._activation() + command
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=self.standard_error, env=self.environment, cwd=self.directory,
            pass_fds=[sock.fileno() for _, sock in self.passed or ()],
            preexec_fn=self._limit_descriptors if self.descriptors else None)
        if self.process.stderr is not None:
            self.log = Log(self.process.stderr)
        return self

    def _activation(self):
        """What stands in front of the command to pass the sockets."""
        numbers = ':'.join(str(sock.fileno()) for _, sock in self.passed)
        names = ':'.join(name for name, _ in self.passed)
        return [sys.executable, '-I', '-S', str(ACTIVATE), numbers, names]

    def _limit_descriptors(self):
        resource.setrlimit(resource.RLIMIT_NOFILE, self.descriptors)

    def start(self):
        """Starts the process and waits until it listens everywhere."""
        self.launch()
        try:
            self.wait_listening()
        except AssertionError:
            self.kill()
            raise
        return self

    def wait_listening(self):
        """Learns the addresses from the `listening` lines, which come in the file's order."""
        wanted = [(listener['name'], address) for listener in self.content['listeners']
                  for address in self._addresses_of(listener)
                  for _ in range(self._sockets_of(address))]
        lines = self.log.wait_for_count('listening', len(wanted))
        for (name, _), line in zip(wanted, lines):
            self.addresses.setdefault(name, []).append(parse_address(line.get('address')))

    @staticmethod
    def _addresses_of(listener):
        address = listener['address']
        return [address] if isinstance(address, str) else address

    def _sockets_of(self, address):
        """How many sockets listen for one address: those passed under a name may be several."""
        if not address.startswith('systemd:'):
            return 1
        return sum(f'systemd:{name}' == address for name, _ in self.passed or ())

    def address(self, name='plain'):
        return self.addresses[name][0]

    # ---- watching ----

    @property
    def pid(self):
        return self.process.pid

    def resident_bytes(self):
        """Resident memory, from /proc."""
        status = Path(f'/proc/{self.pid}/status').read_text(encoding='ascii')
        return int(re.search(r'VmRSS:\s+(\d+) kB', status)[1]) * 1024

    def cpu_seconds(self):
        """User and system time used so far."""
        text = Path(f'/proc/{self.pid}/stat').read_text(encoding='ascii')
        values = text.rsplit(')', 1)[1].split()
        return (int(values[11]) + int(values[12])) / os.sysconf('SC_CLK_TCK')

    def descriptor_count(self):
        return len(os.listdir(f'/proc/{self.pid}/fd'))

    def limit_descriptors(self, limit):
        """Changes the limit of open descriptors of the running process."""
        hard = resource.prlimit(self.pid, resource.RLIMIT_NOFILE)[1]
        resource.prlimit(self.pid, resource.RLIMIT_NOFILE, (limit, hard))

    # ---- stopping ----

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self, seconds=STOP_SECONDS):
        """SIGTERM; returns the exit status."""
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        return self.wait_exit(seconds)

    def wait_exit(self, seconds=STOP_SECONDS):
        wait_until(lambda: self.process.poll() is not None, 'the daemon\'s end', seconds)
        if self.log is not None:
            self.log.join()
        return self.process.returncode

    def kill(self):
        """Ends the process whatever state it is in."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.log is not None:
            self.log.join()

    def remove(self):
        self.kill()
        if self.owns_directory:
            shutil.rmtree(self.directory, ignore_errors=True)


def parse_address(text):
    """What the log says of a bound address, as the socket module wants it."""
    if text.startswith('unix:'):
        return text[len('unix:'):]
    host, _, port = text.rpartition(':')
    return host.strip('[]'), int(port)


def run_to_end(content, *arguments, name='wsrelayd.yaml', seconds=20):
    """Runs the daemon where it is expected to end by itself; returns status and error lines."""
    with tempfile.TemporaryDirectory(prefix='wsrelayd-test-') as directory:
        path = Path(directory) / name
        if content is not None:
            configuration.write(content, path)
        result = run_command('-c', str(path), *arguments, seconds=seconds)
        return result.returncode, result.stderr.splitlines()


def run_command(*arguments, seconds=20, stdout=subprocess.PIPE):
    """Runs the binary with these arguments alone."""
    try:
        return subprocess.run([str(daemon_binary()), *arguments], stdin=subprocess.DEVNULL,
                              stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=seconds,
                              check=False)
    except subprocess.TimeoutExpired as error:
        raise AssertionError(f'still running after {seconds} s: {error.stderr}') from None
