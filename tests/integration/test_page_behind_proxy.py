"""The page behind a proxy that speaks TLS and adds a prefix to all paths."""

import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from harness import certificates, configuration
from harness.connection import answers, free_port
from harness.daemon import STOP_SECONDS
from harness.deadline import wait_until
from harness.engines_case import EngineVisits, in_each_engine
from harness.nginx import nginx_command

SITE = '''
server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {certificate};
    ssl_certificate_key {key};
    location /tools/echo/ {{
        proxy_pass http://127.0.0.1:{daemon_port}/;
        proxy_http_version 1.1;
        proxy_set_header Host $http_host;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $http_connection;
    }}
}}
'''


class ProxyVisits(EngineVisits):
    """What is done in each engine."""

    ROUTES = [{'path': '/', 'handler': 'echo', 'page': True},
              {'path': '/room', 'handler': {'type': 'broadcast', 'room': 'one'}, 'page': True}]

    @classmethod
    def configuration(cls):
        return configuration.configuration(cls.ROUTES)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        certificate, key = certificates.get('localhost')
        directory = Path(tempfile.mkdtemp(prefix='wsrelayd-nginx-'))
        cls.addClassCleanup(shutil.rmtree, directory)
        cls.port = free_port()
        command = nginx_command(directory, SITE.format(
            port=cls.port, certificate=certificate, key=key,
            daemon_port=cls.daemon.address('plain')[1]))
        proxy = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        cls.addClassCleanup(proxy.wait, STOP_SECONDS)
        cls.addClassCleanup(proxy.terminate)
        wait_until(lambda: answers(('127.0.0.1', cls.port)) or proxy.poll() is not None, 'nginx')

    def test_the_page_finds_its_socket_under_the_prefix(self):
        url = f'localhost:{self.port}/tools/echo/'
        self.engine.visit('everyKind', {'page': f'https://{url}', 'socket': f'wss://{url}'})

    def test_a_room_has_its_page_there_too(self):
        url = f'localhost:{self.port}/tools/echo/room'
        self.engine.visit('room', {'page': f'https://{url}/.ws', 'socket': f'wss://{url}'})


ChromiumTest, FirefoxTest, WebKitTest = in_each_engine(ProxyVisits)


if __name__ == '__main__':
    unittest.main()
