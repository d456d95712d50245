"""Clients that come and go all the time, to notice whether the door is ever closed."""

import threading

from harness.connection import Connection, connect_socket
from harness.handshake import Request, read_response


class Visitors:
    """Clients that come one after the other, on several threads, and notice every refusal."""

    COUNT = 4

    def __init__(self, address):
        self.address = address
        self.refused = 0
        self.visits = 0
        self.welcomed = 0
        self.ended = threading.Event()
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self._run) for _ in range(self.COUNT)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        for thread in self.threads:
            thread.join()

    def _run(self):
        while not self.ended.is_set():
            self._visit()

    def _visit(self):
        welcomed = refused = 0
        try:
            with Connection(connect_socket(self.address)) as connection:
                connection.send(Request().encode())
                welcomed = read_response(connection).status == 101
        except ConnectionRefusedError:
            refused = 1
        except (OSError, AssertionError):
            pass    # a stop may meet a handshake; only nobody at the door is an error
        with self.lock:
            self.visits += 1
            self.welcomed += welcomed
            self.refused += refused
