"""An admin listener whose every answer is the test's: what a real one says only on a bad day."""

import json
import os
import shutil
import socket
import tempfile
import threading
import urllib.parse
from dataclasses import dataclass

REASONS = {200: 'OK', 202: 'Accepted', 409: 'Conflict', 503: 'Service Unavailable'}
CODES = {400: 'bad_request', 401: 'unauthorized', 404: 'not_found', 409: 'conflict',
         500: 'internal', 503: 'unavailable'}


@dataclass
class Request:
    """What has been asked."""

    method: str
    path: str
    query: dict
    headers: dict
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


def answer(content, status=200, length=None):
    """The bytes of an answer: JSON of a mapping, or a text."""
    body = content if isinstance(content, bytes) else \
        content.encode() if isinstance(content, str) else json.dumps(content).encode()
    head = (f'HTTP/1.1 {status} {REASONS.get(status, "Any")}\r\nConnection: close\r\n'
            f'Content-Length: {len(body) if length is None else length}\r\n\r\n')
    return head.encode() + body


def error(status, message, **details):
    return answer({'error': {'code': CODES[status], 'message': message, 'details': details}},
                  status)


class FakeAdmin:
    """
    Answers each request with what `answers` has for 'METHOD /path': bytes, or a function of the
    request that gives them. None keeps the client waiting.
    """

    def __init__(self, answers=None, tcp=False):
        self.answers = answers or {}
        self.requests = []
        self.directory = tempfile.mkdtemp(prefix='wsrelayd-fake-')
        self.waiting = []
        if tcp:
            self.socket = socket.create_server(('127.0.0.1', 0))
            self.address = f'127.0.0.1:{self.socket.getsockname()[1]}'
        else:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.bind(f'{self.directory}/admin.sock')
            self.socket.listen()
            self.address = f'unix:{self.directory}/admin.sock'
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def _accept(self):
        while True:
            try:
                sock, _ = self.socket.accept()
            except OSError:
                return
            self._serve(sock)

    def _serve(self, sock):
        request = read_request(sock)
        self.requests.append(request)
        found = self.answers.get(f'{request.method} {request.path}',
                                 error(404, 'There is no such thing.'))
        data = found(request) if callable(found) else found
        if data is None:
            self.waiting.append(sock)
            return
        with sock:
            try:
                sock.sendall(data)
            except OSError:
                pass

    def stop(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join()
        for sock in self.waiting:
            sock.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def write(self, name, content, mode=0o600):
        """A file in its directory; returns the path."""
        path = f'{self.directory}/{name}'
        with open(path, 'w', encoding='utf-8') as file:
            file.write(content)
        os.chmod(path, mode)
        return path


def read_request(sock):
    data = b''
    while b'\r\n\r\n' not in data:
        data += sock.recv(65536)
    head, _, body = data.partition(b'\r\n\r\n')
    line, *fields = head.decode('latin-1').split('\r\n')
    method, target, version = line.split(' ')
    if version != 'HTTP/1.1':
        raise AssertionError(line)
    headers = dict(field.split(': ', 1) for field in fields)
    while len(body) < int(headers.get('Content-Length', 0)):
        body += sock.recv(65536)
    path, _, query = target.partition('?')
    return Request(method, path, dict(urllib.parse.parse_qsl(query, True, True)), headers, body)
