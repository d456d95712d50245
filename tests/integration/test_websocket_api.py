"""The WebSocket API of Chromium, Firefox and WebKit against this server: browser/api.js, which is
written from the standard."""

import unittest

from harness.engines_case import EngineVisits, in_each_engine

ROUTES = [
    {'path': '/', 'handler': 'echo', 'subprotocols': ['alpha', 'beta'], 'max_message_size': '16MiB'},
    {'path': '/small', 'handler': 'echo', 'max_message_size': '100B'},
    {'path': '/brief', 'handler': 'echo', 'max_connection_age': '300ms'},
]


class ApiVisit(EngineVisits):
    """What is done in each engine."""

    ROUTES = ROUTES

    def test_it_is_as_the_standard_says(self):
        host, port = self.daemon.address()
        origin = f'ws://{host}:{port}'
        paths = {'echo': '/', 'small': '/small', 'brief': '/brief', 'nowhere': '/nowhere'}
        urls = {name: origin + path for name, path in paths.items()}
        self.engine.visit('api', {**urls, 'origin': origin, 'engine': self.engine_name})


ChromiumTest, FirefoxTest, WebKitTest = in_each_engine(ApiVisit)


if __name__ == '__main__':
    unittest.main()
