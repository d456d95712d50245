"""Configurations for one test each. JSON is YAML, so a dictionary is written as it stands."""

import json

ECHO_ROUTE = {'path': '/', 'handler': 'echo'}
ROOM_ROUTE = {'path': '/room/{name}', 'handler': {'type': 'broadcast', 'room': '{name}'}}

PLAIN = {'name': 'plain', 'address': '127.0.0.1:0'}


def tls_listener(certificates, name='secure', **settings):
    """A listener with TLS on a free port; `certificates` are pairs (certificate, private key)."""
    pairs = [{'certificate': str(chain), 'private_key': str(key)} for chain, key in certificates]
    return {'name': name, 'address': '127.0.0.1:0', 'tls': {'certificates': pairs, **settings}}


def unix_listener(path, **settings):
    return {'name': 'local', 'address': f'unix:{path}', **settings}


def configuration(routes=None, listeners=None, log=None, **top):
    """The mapping of a complete file: echo on `/`, a room on `/room/NAME`, all events logged."""
    return {
        'workers': 2,
        'log': {'level': 'info', 'format': 'json', 'access': True, **(log or {})},
        'listeners': listeners or [PLAIN],
        'routes': [ECHO_ROUTE, ROOM_ROUTE] if routes is None else routes,
        **top,
    }


def write(content, path):
    """Writes a mapping, or text as it stands, to a file."""
    text = content if isinstance(content, str) else json.dumps(content, indent=2)
    path.write_text(text, encoding='utf-8')
    return path
