"""What each connection should have got, and did not."""

from collections import defaultdict

from delivery.history import NEVER


def lost(room):
    """Not received on a connection that lived from before it was sent until after it was
    accepted."""
    for connection in room.connections:
        if connection.lived:
            for publication in missing(room, connection):
                yield f'{connection.name} did not get {publication}'


def unsignalled_gap(room):
    """Not received on a connection that may miss what came last, though something later was."""
    places = Places(room)
    for connection in room.connections:
        if connection.lived:
            continue
        ends = places.ends(connection)
        for publication in missing(room, connection):
            if places.before(publication, ends):
                yield f'{connection.name} did not get {publication}, but something later'


def missing(room, connection):
    """What was surely sent after the connection had joined, accepted before it left, and not
    received."""
    got = set(connection.sequence())
    for publication in room.publications.values():
        if connection.joined < publication.sent < connection.closed \
                and publication.accepted <= connection.left and connection.takes(publication) \
                and may_be_expected(publication) and publication not in got:
            yield publication


def may_be_expected(publication):
    """What nobody got of a sender whose connection broke may never have reached the server."""
    return publication.conn.orderly or publication.accepted < NEVER


class Places:
    """Where each publication stands in the orders that are known: those in which the senders sent,
    and those in which the connections received."""

    def __init__(self, room):
        self.places = defaultdict(dict)
        for connection in room.connections:
            self._add('sent', connection, connection.sends)
            self._add('received', connection, connection.sequence())

    def _add(self, kind, connection, publications):
        for index, publication in enumerate(publications):
            self.places[publication][kind, connection] = index

    def ends(self, connection):
        """In each order: the last place of something that the connection has got."""
        ends = {}
        for publication in connection.sequence():
            for order, index in self.places[publication].items():
                ends[order] = max(index, ends.get(order, index))
        return ends

    def before(self, publication, ends):
        """Whether it stands before such a place in any order."""
        return any(index < ends.get(order, 0) for order, index in self.places[publication].items())
