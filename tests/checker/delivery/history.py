"""What happened, as the clients recorded it: publications and connections, room by room.

A record is a line of JSON. Each has `t` (seconds of a clock that all clients share), `client`,
`conn` (a connection, which is a member of one room) and `ev`, what happened:

    joined  the handshake is done: `room`, `asked` (when the request was sent), `own` (whether the
            room gives a sender its own messages)
    send    a message is about to be sent: `n`, which rises, and `sha`, of its type and bytes
    recv    a message has come: `sender` (a client) and `n`, or null if it does not say, and `sha`
    left    what is accepted from here on need not come: the client is about to send its Close, or
            to stop the server; it goes on reading until the server's Close. `owed`: whether all
            that was accepted before must come, or may lack an end as on a broken connection
    closed  the connection has ended: `code`, 1006 without a Close from the server

Times err on the safe side: `t` of send and left, and `asked`, are taken before the fact; `t` of
all others after it. The records are complete: nothing is under way when they end.
"""

import json
import math
from dataclasses import dataclass, field

NEVER = math.inf
ABNORMAL = 1006

FIELDS = {
    'joined': ('room', 'asked', 'own'),
    'send': ('n', 'sha'),
    'recv': ('sender', 'n', 'sha'),
    'left': ('owed',),
    'closed': ('code',),
}


class MalformedRecords(Exception):
    """The records themselves make no sense; says where."""


@dataclass(eq=False)
class Publication:
    """A message that a client sent."""
    sender: str
    n: int
    conn: 'Connection'
    sent: float
    sha: str

    # The first time that any connection got it, and a time by which the server has accepted it;
    # NEVER if it was not seen anywhere and need not have arrived.
    first_delivered: float = NEVER
    accepted: float = NEVER

    def __str__(self):
        return f'message {self.n} of {self.sender}'


@dataclass(eq=False)
class Receipt:
    """A message that a connection got; `publication` is None when nobody sent it to that room."""
    time: float
    sender: str
    n: int
    sha: str
    publication: Publication = None


@dataclass(eq=False)
class Connection:
    """A connection's time in its room."""
    name: str
    client: str
    room: str
    asked: float
    joined: float
    own: bool
    left: float = NEVER
    owed: bool = True
    closed: float = NEVER
    code: int = None
    sends: list = field(default_factory=list)
    receipts: list = field(default_factory=list)

    @property
    def orderly(self):
        """Whether the server has read all that was sent: it is open to the end of the records, or
        its client's Close was answered."""
        if self.closed == NEVER:
            return self.left == NEVER
        return self.left != NEVER and self.code != ABNORMAL

    @property
    def lived(self):
        """Whether nothing may be missing."""
        return self.orderly and self.owed

    def sequence(self):
        """The publications that it got, each where it came first."""
        return list(dict.fromkeys(receipt.publication for receipt in self.receipts
                                  if receipt.publication is not None))

    def takes(self, publication):
        """Whether publications of this sender are for this connection at all."""
        return self.own or publication.conn is not self


@dataclass
class Room:
    """All that happened in one room."""
    name: str
    connections: list = field(default_factory=list)
    publications: dict = field(default_factory=dict)


class History:
    """All records, put together."""

    def __init__(self):
        self.rooms = {}
        self.connections = {}

    # ---- reading ----

    def add(self, record):
        """Adds a record, which follows all earlier ones of its connection."""
        kind = record.get('ev')
        if kind not in FIELDS:
            raise MalformedRecords(f'unknown event {kind!r}')
        missing = [name for name in ('t', 'client', 'conn', *FIELDS[kind]) if name not in record]
        if missing:
            raise MalformedRecords(f'{kind} without {", ".join(missing)}')
        if kind == 'joined':
            self._joined(record)
        else:
            getattr(self, f'_{kind}')(self._connection(record), record)

    def _connection(self, record):
        if record['conn'] not in self.connections:
            raise MalformedRecords(f'{record["ev"]} on {record["conn"]}, which has not joined')
        return self.connections[record['conn']]

    def _joined(self, record):
        name = record['conn']
        if name in self.connections:
            raise MalformedRecords(f'{name} joined twice')
        connection = Connection(name, record['client'], record['room'], record['asked'],
                                record['t'], record['own'])
        self.connections[name] = connection
        self.rooms.setdefault(connection.room, Room(connection.room)).connections.append(connection)

    def _send(self, connection, record):
        publication = Publication(connection.client, record['n'], connection, record['t'],
                                  record['sha'])
        key = (publication.sender, publication.n)
        if connection.sends and connection.sends[-1].n >= publication.n:
            raise MalformedRecords(f'{publication} sent after {connection.sends[-1]}')
        if self.rooms[connection.room].publications.setdefault(key, publication) is not publication:
            raise MalformedRecords(f'{publication} sent twice')
        connection.sends.append(publication)

    @staticmethod
    def _recv(connection, record):
        connection.receipts.append(Receipt(record['t'], record['sender'], record['n'],
                                           record['sha']))

    @staticmethod
    def _left(connection, record):
        connection.left = record['t']
        connection.owed = record['owed']

    @staticmethod
    def _closed(connection, record):
        connection.closed = record['t']
        connection.code = record['code']

    # ---- putting together ----

    def finish(self):
        """Finds what was received among what was sent, and by when all of it was accepted."""
        for connection in self.connections.values():
            publications = self.rooms[connection.room].publications
            for receipt in connection.receipts:
                self._resolve(receipt, publications.get((receipt.sender, receipt.n)))
        for connection in self.connections.values():
            self._bound_acceptance(connection)
        return self

    @staticmethod
    def _resolve(receipt, publication):
        if publication is not None:
            receipt.publication = publication
            publication.first_delivered = min(publication.first_delivered, receipt.time)

    @staticmethod
    def _bound_acceptance(connection):
        """The server reads a connection in order: what came before something accepted is, too."""
        latest = connection.closed if connection.orderly else NEVER
        for publication in reversed(connection.sends):
            latest = min(latest, publication.first_delivered)
            publication.accepted = latest


def read(paths):
    """The history in these files of records."""
    history = History()
    for path in paths:
        with open(path, encoding='utf-8') as lines:
            for number, line in enumerate(lines, 1):
                try:
                    history.add(json.loads(line))
                except (MalformedRecords, json.JSONDecodeError) as error:
                    raise MalformedRecords(f'{path}:{number}: {error}') from None
    return history.finish()
