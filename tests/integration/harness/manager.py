"""The service manager's end of the notification socket, and of the sockets that it passes."""

import array
import contextlib
import os
import select
import shutil
import socket
import tempfile
from pathlib import Path

from harness.deadline import Deadline

MESSAGE_BYTES = 4096
DESCRIPTORS_MAX = 16


class Manager:
    """Receives what a service tells, in order, and keeps the descriptors that it stores."""

    def __init__(self, abstract=False, watchdog_seconds=None, store=None):
        self.directory = Path(tempfile.mkdtemp(prefix='wsrelayd-manager-'))
        self.name = f'@{self.directory}/notify' if abstract else str(self.directory / 'notify')
        self.address = '\0' + self.name[1:] if abstract else self.name
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind(self.address)
        self.watchdog_seconds = watchdog_seconds
        self.store = store      # how many descriptors may be stored; None: none
        self.stored = {}        # by name: a socket each
        self.fillers = []

    def environment(self):
        """What the service has to find in its environment."""
        variables = {'NOTIFY_SOCKET': self.name}
        if self.watchdog_seconds is not None:
            variables['WATCHDOG_USEC'] = str(int(self.watchdog_seconds * 1000000))
        if self.store is not None:
            variables['FDSTORE'] = str(self.store)
        return variables

    # ---- receiving ----

    def next(self, what='a message to the manager', seconds=15.0):
        """The text of the next message."""
        return self._next(Deadline(what, seconds))

    def _next(self, deadline):
        while not select.select([self.sock], [], [], deadline.remaining())[0]:
            pass
        return self._receive()

    def _receive(self):
        data, ancillary, _, _ = self.sock.recvmsg(
            MESSAGE_BYTES, socket.CMSG_LEN(DESCRIPTORS_MAX * array.array('i').itemsize))
        text = data.decode()
        descriptors = array.array('i')
        for _, _, content in ancillary:
            descriptors.frombytes(content)
        self._keep(text.splitlines(), descriptors)
        return text

    def _keep(self, lines, descriptors):
        name = next((line.partition('=')[2] for line in lines if line.startswith('FDNAME=')), None)
        if 'FDSTORE=1' in lines:
            one, = descriptors
            self.stored[name] = socket.socket(fileno=one)
        elif 'FDSTOREREMOVE=1' in lines:
            self.stored.pop(name).close()

    def waiting(self):
        """The messages that are there at this moment."""
        messages = []
        while select.select([self.sock], [], [], 0)[0]:
            messages.append(self._receive())
        return messages

    def wait_for(self, wanted, seconds=15.0):
        """Receives until this message; returns those before it."""
        deadline = Deadline(f'the message {wanted!r}', seconds)
        before = []
        while True:
            try:
                text = self._next(deadline)
            except AssertionError as error:
                raise AssertionError(f'{error}; there were {before}') from None
            if text == wanted:
                return before
            before.append(text)

    # ---- a socket without room ----

    def fill(self):
        """Nobody can send anything from now on."""
        while True:
            filler = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            filler.setblocking(False)
            self.fillers.append(filler)
            try:
                filler.sendto(b'FILLER=1', self.address)
            except BlockingIOError:
                return

    # ---- the end ----

    def close(self):
        for sock in (self.sock, *self.fillers, *self.stored.values()):
            sock.close()
        shutil.rmtree(self.directory, ignore_errors=True)


def listening_socket(address=('127.0.0.1', 0)):
    """A socket as a socket unit opens one: TCP for (host, port), else a unix socket."""
    if isinstance(address, tuple):
        family = socket.AF_INET6 if ':' in address[0] else socket.AF_INET
    else:
        family = socket.AF_UNIX
    sock = socket.socket(family, socket.SOCK_STREAM)
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    sock.bind(str(address) if family == socket.AF_UNIX else address)
    sock.listen(4096)
    return sock


def descriptors_of(pid):
    """The open descriptors of a process, and what each is; without those that it closes while
    they are looked at."""
    directory = f'/proc/{pid}/fd'
    targets = {}
    for number in os.listdir(directory):
        with contextlib.suppress(FileNotFoundError):
            targets[int(number)] = os.readlink(f'{directory}/{number}')
    return targets


# What a start may say of the machine and the user it runs as, whatever sockets it takes.
OF_THE_MACHINE = ('limits.connections is more than', 'serving as root')


def warnings_of(daemon):
    """The daemon's warnings without those of the machine and the user the tests run as."""
    return [event for event in daemon.log.since(0)
            if event.level == 'warning' and not event.get('message').startswith(OF_THE_MACHINE)]
