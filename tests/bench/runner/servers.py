"""The table of servers: what each is called, what it needs, how it is started, what it cannot do."""

import dataclasses
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from harness import certificates
from harness.tools import NODE_MODULES, REPOSITORY, daemon_binary

from runner.processes import CommandProcess
from runner.relay import RelayProcess

PEERS = REPOSITORY / 'tests' / 'bench' / 'peers'
TOOLS = REPOSITORY / 'build' / 'bench'
NGINX_MODULES = (Path('/usr/lib/nginx/modules'), Path('/usr/lib64/nginx/modules'))
DESCRIPTORS = 20000

# What a row may ask of a server, and what the words mean.
NEEDS = {
    'echo': 'sends every message back',
    'room': 'sends a message to all other members of a room',
    'upgrade': 'speaks HTTP',
    'tls': 'speaks TLS',
    'pipelining': 'keeps messages apart that come at once',
    'large': 'keeps messages of several KiB in one piece',
    'crowd': 'serves thousands of connections',
}


@dataclasses.dataclass(frozen=True)
class Server:
    """Everything that is known of a server before it runs."""

    name: str
    lacks: dict = dataclasses.field(default_factory=dict)   # a need: why it is not met
    scheme: str = 'ws'
    room: str = '/room/bench'
    publish: str = ''               # where publishers connect, when that is not the room
    arguments: tuple = ()           # more for the generator
    note: str = ''
    only_if_named: bool = False     # takes part only in rows that name it

    def missing(self):
        """What is not installed, and the command that installs it; None when all is there."""
        raise NotImplementedError

    def start(self):
        raise NotImplementedError

    def version(self):
        return ''

    def reason_against(self, row):
        """Why it cannot take part in a row; None when it can."""
        return next((self.lacks[need] for need in row.needs if need in self.lacks), None)


@dataclasses.dataclass(frozen=True)
class Command(Server):
    """A server that is started by a command line, with {port} and the like filled in."""

    command: tuple = ()
    find: Callable = dict           # values for the command line, or None when not installed
    install: str = 'make bench-deps'
    template: Path | None = None    # a file that is filled in and put into {directory}
    served_by_child: bool = False
    version_command: tuple = ()

    def missing(self):
        return None if self.command and self.find() is not None else self.install

    def start(self):
        certificate, key = certificates.get('localhost')
        values = {'certificate': certificate, 'key': key, 'descriptors': DESCRIPTORS,
                  **self.find()}
        process = CommandProcess(self.command, values, self.template,
                                 {'NODE_PATH': str(NODE_MODULES)})
        try:
            process.wait_listening(self.served_by_child)
        except BaseException:
            process.stop()
            raise
        return process

    def version(self):
        if not self.version_command:
            return ''
        command = [part.replace('{program}', str(self.find().get('program')))
                   for part in self.version_command]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        lines = (result.stdout + result.stderr).strip().splitlines()
        return lines[0] if lines else ''


@dataclasses.dataclass(frozen=True)
class Relay(Server):
    """wsrelayd, in one of the states that rows compare."""

    workers: int = 1
    idle: int = 0
    binary: Path | None = None
    under: tuple = ()

    def missing(self):
        return None

    def start(self):
        return RelayProcess(self.workers, self.idle, self.binary, self.under)

    def version(self):
        result = subprocess.run([self.binary or daemon_binary(), '-V'], capture_output=True,
                                text=True, check=False)
        return ', '.join(result.stdout.splitlines()[:3])


# ---- where programs are ----

def program(*names):
    """Finds a program by the first name that it has."""
    def find():
        path = next(filter(None, map(shutil.which, names)), None)
        return None if path is None else {'program': path}
    return find


def tool(name):
    """Finds one of the programs of tests/bench."""
    def find():
        path = TOOLS / name
        return {'program': path} if path.is_file() else None
    return find


def find_ws():
    return program('node')() if (NODE_MODULES / 'ws').is_dir() else None


def find_bun():
    path = next(NODE_MODULES.glob('@oven/bun-linux-*/bin/bun'), None)
    return None if path is None else {'program': path}


def find_websockets():
    for python in filter(None, map(shutil.which, ('/usr/bin/python3', 'python3'))):
        if subprocess.run([python, '-c', 'import websockets'], capture_output=True,
                          check=False).returncode == 0:
            return {'program': python}
    return None


def find_nchan():
    nginx = program('nginx', '/usr/sbin/nginx')()
    modules = (directory / 'ngx_nchan_module.so' for directory in NGINX_MODULES)
    module = next((path for path in modules if path.is_file()), None)
    return None if nginx is None or module is None else {**nginx, 'module': module}


# ---- the table ----

SERVING = ('{port}', '{tls_port}', '{certificate}', '{key}')
NO_ECHO = 'rooms only'
RAW = {'upgrade': 'bytes without HTTP', 'tls': 'plain only'}
RAW_ECHO = {**RAW, 'room': 'an echo only'}
RAW_ROOM = {**RAW, 'echo': NO_ECHO}
IDLE = 15000 - 64


def baseline(name, lacks):
    return Command(name, lacks=lacks, scheme='tcp', command=('{program}', '{port}'),
                   find=tool(name), install='make bench-tools')


TABLE = (
    Relay('wsrelayd'),
    baseline('raw_echo', RAW_ECHO),
    baseline('raw_fanout', RAW_ROOM),
    baseline('libevent_echo', RAW_ECHO),
    Command('uws', command=(), install='built outside this tree, see below',
            note='uWebSockets; named on the command line'),
    Command('bun', command=('{program}', str(PEERS / 'bun_server.js'), *SERVING), find=find_bun,
            version_command=('{program}', '--version'), note='uWebSockets inside'),
    Command('ws', command=('{program}', str(PEERS / 'ws_server.js'), *SERVING), find=find_ws,
            version_command=('{program}', '--print',
                             f'"ws " + require("{NODE_MODULES}/ws/package.json").version + '
                             '" on Node.js " + process.version')),
    Command('websockets', find=find_websockets, note='for Python, on asyncio',
            command=('{program}', str(PEERS / 'websockets_server.py'), *SERVING),
            version_command=('{program}', '-c',
                             'import websockets; print(websockets.__version__)')),
    Command('websocketd', find=program('websocketd'),
            command=('{program}', '--address=127.0.0.1', '--port={port}', '--binary=true',
                     '--loglevel=fatal', 'cat'),
            version_command=('{program}', '--version'),
            note='without the CPU time of its cat processes, of which each connection has one',
            lacks={'room': 'an echo only', 'tls': 'one port only',
                   'pipelining': 'cat returns bytes, not messages',
                   'large': 'cat returns bytes, not messages',
                   'crowd': 'a process for each connection'}),
    Command('nchan', find=find_nchan, template=PEERS / 'nchan.conf', served_by_child=True,
            command=('{program}', '-e', 'stderr', '-p', '{directory}', '-c',
                     '{directory}/nchan.conf'),
            version_command=('{program}', '-v'), publish='/publish/bench',
            lacks={'echo': NO_ECHO, 'tls': 'plain only'}),
    Command('lws', find=program('libwebsockets-test-server'),
            command=('{program}', '--port={port}', '-d', '1'), room='/?mirror=bench',
            arguments=('--subprotocol', 'lws-mirror-protocol', '--text'),
            note='libwebsockets\' test server, mirror protocol',
            lacks={'echo': 'mirrors to a room only', 'tls': 'one port only',
                   'large': 'splits messages of more than 128 bytes'}),
    Relay('wsrelayd, others idle', idle=IDLE, only_if_named=True),
    Relay('wsrelayd, in no room', room='/', only_if_named=True),
    Relay('wsrelayd, two workers', workers=2, only_if_named=True),
)


def with_peer(table, name, command_line):
    """The table with a server that is named on the command line; one of the same name gets the
    command line, and keeps what else is known of it. Raises ValueError."""
    command = tuple(shlex.split(command_line))
    if '{port}' not in command_line:
        raise ValueError(f'--peer {name}: its command has no {{port}} in it')
    known = {server.name: server for server in table}
    server = known.get(name, Command(name))
    if not isinstance(server, Command):
        raise ValueError(f'--peer {name}: this name is taken, choose another')
    lacks = dict(server.lacks)
    if '{tls_port}' not in command_line:
        lacks['tls'] = 'its command has no {tls_port} in it'
    known[name] = dataclasses.replace(server, command=command, find=dict, template=None,
                                      version_command=(), lacks=lacks)
    return tuple(known.values())


def with_other_build(table, binary):
    """The table with another build of wsrelayd beside the one of this tree."""
    return (*table, Relay('other wsrelayd', binary=binary))
