"""Clients that are closed one after the other."""

import selectors
import time

from harness.deadline import Deadline


def moments_of_closing(clients, end_with, code=1012):
    """When the Close of each came (s), in their order; end_with(code, client) answers it."""
    moments = []
    deadline = Deadline('the Close of every client', 30)
    with selectors.DefaultSelector() as selector:
        for client in clients:
            selector.register(client.sock, selectors.EVENT_READ, client)
        while len(moments) < len(clients):
            for key, _ in selector.select(deadline.remaining()):
                moments.append(time.monotonic())
                selector.unregister(key.fileobj)
                end_with(code, key.data)
    return moments
