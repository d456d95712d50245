"""Starting processes on chosen cores, and one running server on ports of its own."""

import contextlib
import os
import resource
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

from harness.deadline import wait_until

from runner.failure import Failure

# With more than two cores a server with two workers gets the third, too.
SERVER_CORES = frozenset({0})
SECOND_SERVER_CORES = frozenset({0, 2} & os.sched_getaffinity(0))
GENERATOR_CORES = frozenset({1})

START_SECONDS = 15
STOP_SECONDS = 15


@contextlib.contextmanager
def pinned_to(cores):
    """What is started inside runs on these cores alone, all its threads included."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores & before or before)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def raise_descriptor_limit():
    """For this process and all that it starts; returns the limit."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def free_ports(count):
    """Ports of the loopback address that nothing listens on; all different."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for sock in sockets:
            sock.bind(('127.0.0.1', 0))
        return [sock.getsockname()[1] for sock in sockets]


def accepts(port):
    with contextlib.suppress(OSError), socket.create_connection(('127.0.0.1', port), 1):
        return True
    return False


def children(pid):
    text = Path(f'/proc/{pid}/task/{pid}/children').read_text(encoding='ascii')
    return [int(child) for child in text.split()]


def fill(text, values):
    """Puts values in the place of their {names}; whatever else stands in braces stays."""
    for name, value in values.items():
        text = text.replace('{' + name + '}', str(value))
    return text


class CommandProcess:
    """A server that is a command line. Its ports, files and directory are filled in."""

    def __init__(self, command, values, template=None, environment=None):
        self.directory = Path(tempfile.mkdtemp(prefix='wsrelayd-bench-'))
        self.port, self.tls_port = free_ports(2)
        values = {'port': self.port, 'tls_port': self.tls_port, 'directory': self.directory,
                  **values}
        if template is not None:
            text = fill(template.read_text(encoding='utf-8'), values)
            (self.directory / template.name).write_text(text, encoding='utf-8')
        self.errors = (self.directory / 'errors').open('w+b')
        self.pid = None
        try:
            with pinned_to(SERVER_CORES):
                self.process = subprocess.Popen(
                    [fill(part, values) for part in command], stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL, stderr=self.errors,
                    env={**os.environ, **(environment or {})})
        except OSError as error:
            self._remove_files()
            raise Failure(f'cannot be started: {error}') from None

    def wait_listening(self, served_by_child=False):
        """Until it accepts; `pid` is then the process that does."""
        self._wait(lambda: accepts(self.port), f'port {self.port}')
        self.pid = self.process.pid
        if served_by_child:
            self.pid = self._wait(lambda: children(self.process.pid), 'a child')[0]

    def _wait(self, condition, what):
        """The condition's first true value. Raises Failure when the process ends before."""
        try:
            value = wait_until(lambda: self.has_ended() or condition(), what, START_SECONDS)
        except AssertionError as error:
            raise Failure(f'did not start: {error}') from None
        if self.has_ended():
            raise Failure(f'did not start: {self.state()}')
        return value

    def state(self):
        """What there is to say of it when something went wrong."""
        status = self.process.poll()
        self.errors.seek(0)
        lines = self.errors.read().decode('utf-8', 'replace').splitlines()
        said = f', said last: {lines[-1].strip()}' if lines else ''
        return ('still runs' if status is None else f'ended with status {status}') + said

    def has_ended(self):
        return self.process.poll() is not None

    def address(self, tls):
        return f'127.0.0.1:{self.tls_port if tls else self.port}'

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._remove_files()

    def _remove_files(self):
        self.errors.close()
        shutil.rmtree(self.directory, ignore_errors=True)
