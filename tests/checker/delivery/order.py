"""The order of receipts: the sender's, the room's, and that of time itself."""

from collections import defaultdict


def reordered(room):
    """Received after a later message from the same connection."""
    for connection in room.connections:
        latest = {}
        for publication in connection.sequence():
            before = latest.setdefault(publication.conn, publication)
            if publication.n < before.n:
                yield f'{connection.name} got {publication} after {before}'
            else:
                latest[publication.conn] = publication


def non_monotonic(room):
    """Received too late to be in any order: somebody else had it before the connection asked to
    join, or before something was sent that came earlier on this connection."""
    for connection in room.connections:
        newest, reason = connection.asked, 'it asked to join'
        for publication in connection.sequence():
            if publication.first_delivered < newest:
                yield f'{connection.name} got {publication}, which was delivered before {reason}'
            if publication.sent > newest:
                newest, reason = publication.sent, f'{publication} was sent'


def divergent(room):
    """Has no place in one order of the room in which all connections could have got it."""
    before, after = defaultdict(set), defaultdict(set)
    for connection in room.connections:
        sequence = connection.sequence()
        for earlier, later in zip(sequence, sequence[1:]):
            after[earlier].add(later)
            before[later].add(earlier)
    tangled = _without_ends(before, after)
    tangled = _without_ends(after, before, tangled)
    for publication in sorted(tangled, key=lambda one: (one.sender, one.n)):
        yield f'{publication} comes in different orders'


def _without_ends(before, after, among=None):
    """What is left when one publication after the other is taken away that has none before it."""
    left = set(before) | set(after) if among is None else set(among)
    counts = {one: len(before[one] & left) for one in left}
    ready = [one for one, count in counts.items() if count == 0]
    while ready:
        first = ready.pop()
        left.discard(first)
        for later in after[first] & left:
            counts[later] -= 1
            if counts[later] == 0:
                ready.append(later)
    return left
