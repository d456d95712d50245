"""The daemon and the requests that all handshake tests share."""

from harness import configuration
from harness.case import SharedDaemonTest
from harness.handshake import Request

SUBPROTOCOLS = ['alpha', 'beta.v2', 'gamma']
ORIGINS = ['https://example.org', 'http://localhost:3000', 'https://*.example.net']

# A route with all settings as shipped, one that chooses a subprotocol, one that checks origins.
ROUTES = [
    {'path': '/', 'handler': 'echo'},
    {'path': '/x', 'handler': 'echo'},
    {'path': '/subprotocols', 'handler': 'echo', 'subprotocols': SUBPROTOCOLS},
    {'path': '/origins', 'handler': 'echo', 'origins': ORIGINS},
]

# Statuses of the specification: malformed; not a WebSocket request.
BAD = 400
UPGRADE_REQUIRED = 426


class HandshakeTest(SharedDaemonTest):
    """Requests in every mode against one daemon."""

    @classmethod
    def configuration(cls):
        return configuration.configuration(routes=ROUTES, listeners=cls.plain_and_secure())

    def each_refused(self, cases, *statuses):
        """Every request of (label, request) is refused with one of the statuses."""
        for label, request in cases:
            with self.subTest(label):
                self.assert_refused(request, *statuses)

    def each_accepted(self, cases):
        """Every request of (label, request) opens a WebSocket that works."""
        for label, request in cases:
            with self.subTest(label):
                client = self.assert_accepted(request)
                client.close_orderly()


def with_field(name, *values, target='/'):
    """A request in which a field has these values, one line each, instead of its usual one."""
    request = Request(target).without(name)
    for value in values:
        request.add(name, value)
    return request


def field_cases(name, values):
    """(label, request) for each value; a tuple of values is that many lines."""
    cases = []
    for value in values:
        lines = value if isinstance(value, tuple) else (value,)
        cases.append((f'{name}: {lines}', with_field(name, *lines)))
    return cases


def raw(line=None, *field_lines, end='\r\n\r\n'):
    """A request's bytes from a request line and further lines behind the usual ones."""
    lines = Request().encode().decode('latin-1').split('\r\n')[:-2]
    if line is not None:
        lines[0] = line
    return ('\r\n'.join([*lines, *field_lines]) + end).encode('latin-1')
