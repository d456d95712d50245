"""wsrelay-bench, and servers of any behaviour for it to measure."""

import json
import signal
import socket
import struct
import subprocess
import threading

from harness import frames
from harness.handshake import accept_for
from harness.tools import daemon_binary

SECONDS = 60
HANG_UP = object()


def generator():
    path = daemon_binary().parent / 'wsrelay-bench'
    if not path.is_file():
        raise AssertionError(f'{path} does not exist; run: make')
    return path


def run(*arguments, seconds=SECONDS, descriptors=None):
    """Runs the generator to its end, with so many descriptors; returns the finished process."""
    limit = [] if descriptors is None else ['prlimit', f'--nofile={descriptors}']
    try:
        return subprocess.run([*limit, generator(), *map(str, arguments)],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=seconds, check=False)
    except subprocess.TimeoutExpired as error:
        raise AssertionError(f'still running after {seconds} s: {error.stderr}') from None


class Running:
    """The generator while it runs."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen([generator(), *map(str, arguments)], text=True,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE)

    def interrupt(self):
        """Returns status, output and errors."""
        self.process.send_signal(signal.SIGINT)
        output, errors = self.process.communicate(timeout=SECONDS)
        return self.process.returncode, output, errors

    def end(self):
        self.process.kill()
        self.process.communicate()


# ---- what comes out ----

NUMBER = (int, float)
LATENCIES = ('min', 'mean', 'p50', 'p90', 'p99', 'p99_9', 'max')
FAULTS = ('refused', 'lost', 'wrong', 'closed', 'timeout')
LIMITS = ('server', 'generator', 'rate', 'latency', 'unknown')
OPERATIONS = {'echo': 'message', 'fanout': 'delivery', 'connect': 'connection',
              'idle': 'connection'}
SERVER = ('pid', 'cpu_us_per_operation', 'busy_percent', 'waiting_percent',
          'bytes_per_connection', 'peak_growth_bytes')
NUMBERS = ('connections', 'threads', 'duration_s', 'operations', 'operations_per_second',
           'payload_bytes')


def check_object(value, names, kinds):
    """An object with exactly these members, each of one of the kinds."""
    if tuple(value) != tuple(names):
        raise AssertionError(f'members {list(value)} instead of {list(names)}')
    for name in names:
        if not isinstance(value[name], kinds) or isinstance(value[name], bool):
            raise AssertionError(f'{name}: {value[name]!r}')


def check_result(result):
    """Fails unless it has every member that the manual page promises, and no other."""
    names = ['mode', 'url', 'connections', 'threads', 'duration_s', 'operation', 'operations',
             'operations_per_second', 'publications', 'payload_bytes', 'errors', 'first_error',
             'latency_us', 'generator', 'server', 'limit']
    if result['mode'] != 'fanout':
        names.remove('publications')
    check_object(result, names, (str, int, float, dict, type(None)))
    check_object({name: result[name] for name in NUMBERS}, NUMBERS, NUMBER)
    check_object(result['errors'], FAULTS, int)
    check_object(result['latency_us'], LATENCIES, (*NUMBER, type(None)))
    check_object(result['generator'], ('cpu_us_per_operation', 'busy_percent'),
                 (*NUMBER, type(None)))
    if result['server'] is not None:
        check_object(result['server'], SERVER, (*NUMBER, type(None)))
    if result['operation'] != OPERATIONS[result['mode']] or result['limit'] not in LIMITS:
        raise AssertionError(f'{result["operation"]}, {result["limit"]}')
    if (result['first_error'] is None) != (sum(result['errors'].values()) == 0):
        raise AssertionError(f'{result["first_error"]!r} with {result["errors"]}')
    return result


def result_of(process):
    """The checked result of a finished run with --json, whose status has to fit."""
    result = check_result(json.loads(process.stdout))
    expected = 1 if result['first_error'] else 0
    if process.returncode != expected:
        raise AssertionError(f'status {process.returncode} with {result["errors"]}')
    return result


def measure(*arguments, **options):
    """Runs it with --json and returns the checked result."""
    process = run(*arguments, '--json', **options)
    if process.returncode not in (0, 1):
        raise AssertionError(f'status {process.returncode}: {process.stderr}')
    return result_of(process)


# ---- scripted servers ----

def accepting(request, **changes):
    """A 101 for a request. A field is changed or (None) left out by its name with `_` for `-`."""
    key = next(line.partition(':')[2].strip() for line in request.decode().split('\r\n')
               if line.lower().startswith('sec-websocket-key:'))
    fields = {'Upgrade': 'websocket', 'Connection': 'Upgrade',
              'Sec-WebSocket-Accept': accept_for(key),
              **{name.replace('_', '-'): value for name, value in changes.items()}}
    lines = ['HTTP/1.1 101 Switching Protocols',
             *(f'{name}: {value}' for name, value in fields.items() if value is not None)]
    return '\r\n'.join([*lines, '', '']).encode()


class Peer:
    """The server's end of one connection."""

    def __init__(self, sock):
        self.sock = sock
        self.buffer = b''
        self.reserved = 0  # bits of the last frame, as frames.frame() takes them

    def take(self, count):
        """So many bytes; EOFError when the client has gone."""
        while len(self.buffer) < count:
            data = self.sock.recv(1 << 16)
            if not data:
                raise EOFError
            self.buffer += data
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def request(self):
        head = b''
        while not head.endswith(b'\r\n\r\n'):
            head += self.take(1)
        return head

    def frame(self):
        """Opcode and payload of the next frame, which has to be masked."""
        first, second = self.take(2)
        self.reserved = first >> 4 & 7
        length = second & 0x7F
        if length >= 126:
            length = int.from_bytes(self.take(2 if length == 126 else 8), 'big')
        if not second & 0x80:
            raise AssertionError('a client frame without a mask')
        key = self.take(4)
        return first & 0x0F, frames.mask(self.take(length), key)

    def send(self, data):
        self.sock.sendall(data)

    def offer(self, data):
        """Sends to one that may have gone."""
        try:
            self.send(data)
        except OSError:
            pass


def sent(opcode, payload, **options):
    """A server's frame."""
    return frames.frame(opcode, payload, masked=False, **options)


class ScriptedServer:
    """
    Listens on a free port. `answer(request)` gives the answer to a handshake, None for silence, or
    HANG_UP, sent byte by byte if it `drips`; `behave(peer, number, opcode, payload)` is called for each message and gives what to
    send, or HANG_UP. A Close is answered.
    """

    def __init__(self, behave=lambda peer, number, opcode, payload: sent(opcode, payload),
                 answer=accepting, drips=False):
        self.behave = behave
        self.answer = answer
        self.drips = drips
        self.requests = []
        self.peers = []
        self.pongs = []
        self.socket = socket.create_server(('127.0.0.1', 0))
        self.port = self.socket.getsockname()[1]
        self.url = f'ws://127.0.0.1:{self.port}/'
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def _accept(self):
        while True:
            try:
                sock, _ = self.socket.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.peers.append(Peer(sock))
            threading.Thread(target=self._serve, args=(self.peers[-1],), daemon=True).start()

    def _serve(self, peer):
        with peer.sock:
            try:
                self._talk(peer)
            except (EOFError, ConnectionError):
                pass

    def _talk(self, peer):
        request = peer.request()
        self.requests.append(request)
        answer = self.answer(request)
        if answer is HANG_UP:
            return
        for piece in frames.cut(answer, len(answer) if self.drips else 1) if answer else ():
            peer.send(piece)
        number = 0
        while True:
            opcode, payload = peer.frame()
            if opcode == frames.CLOSE:
                peer.send(sent(frames.CLOSE, payload))
                return
            if opcode == frames.PONG:
                self.pongs.append(payload)
                continue
            data = self.behave(peer, number, opcode, payload)
            if data is HANG_UP:
                return
            peer.send(data)
            number += 1

    def stop(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join()


class ServerOfBytes(ScriptedServer):
    """For tcp://: `pass_on(peer, data, others)` is called with whatever comes."""

    def __init__(self, pass_on):
        super().__init__()
        self.pass_on = pass_on
        self.url = f'tcp://127.0.0.1:{self.port}'

    def _talk(self, peer):
        while data := peer.sock.recv(1 << 16):
            self.pass_on(peer, data, [other for other in self.peers if other is not peer])


def close_frame(code, reason=''):
    return sent(frames.CLOSE, struct.pack('!H', code) + reason.encode())
