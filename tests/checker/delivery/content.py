"""Each receipt by itself: was it sent, is it what was sent, and is it the only one?"""


def phantom(room):
    """Received, but never sent to this room, or not meant for this connection."""
    for connection in room.connections:
        for receipt in connection.receipts:
            if receipt.publication is None:
                yield (f'{connection.name} got message {receipt.n} of {receipt.sender}, '
                       f'which nobody sent to {room.name}')
            elif not connection.takes(receipt.publication):
                yield f'{connection.name} got its own {receipt.publication}'


def corrupted(room):
    """Received with another type or other bytes than it was sent with."""
    for connection in room.connections:
        for receipt in connection.receipts:
            if receipt.publication is not None and receipt.publication.sha != receipt.sha:
                yield f'{connection.name} got {receipt.publication} changed'


def duplicated(room):
    """Received again by the same connection."""
    for connection in room.connections:
        seen = set()
        for receipt in connection.receipts:
            if receipt.publication in seen:
                yield f'{connection.name} got {receipt.publication} again'
            elif receipt.publication is not None:
                seen.add(receipt.publication)
