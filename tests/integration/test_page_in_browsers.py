"""The page in Chromium, Firefox and WebKit, used as a person would."""

import unittest

from harness import configuration
from harness.daemon import Daemon
from harness.engines_case import EngineVisits, in_each_engine

MANY = 5000

ROUTES = [
    {'path': '/', 'handler': 'echo', 'page': True, 'subprotocols': ['alpha', 'beta']},
    {'path': '/shaped', 'handler': {'type': 'echo', 'controls': True}, 'page': True},
    {'path': '/room/{name}', 'handler': {'type': 'broadcast', 'room': '{name}'}, 'page': True},
]


class PageVisits(EngineVisits):
    """What is done in each engine."""

    ROUTES = ROUTES

    def settings(self, path='/', page='', secure=False, **more):
        port = self.daemon.address('secure' if secure else 'plain')[1]
        authority = f'localhost:{port}' if secure else f'127.0.0.1:{port}'
        tls = 's' if secure else ''
        return {'page': f'http{tls}://{authority}{path}{page}',
                'socket': f'ws{tls}://{authority}{path}', **more}

    def test_every_kind_of_message_comes_back(self):
        self.engine.visit('everyKind', self.settings())

    def test_the_same_over_tls(self):
        self.engine.visit('everyKind', self.settings(secure=True))

    def test_a_file_is_sent(self):
        self.engine.visit('aFile', self.settings())

    def test_mistakes_are_told(self):
        self.engine.visit('mistakes', self.settings())

    def test_a_subprotocol_is_shown(self):
        self.engine.visit('negotiated', self.settings())

    def test_many_messages_are_sent_and_charted(self):
        self.engine.visit('manyMessages', self.settings(count=MANY))

    def test_the_log_can_be_read_paused_and_saved(self):
        self.engine.visit('theLog', self.settings())

    def test_the_detail_of_a_message_can_be_reached(self):
        self.engine.visit('theDetail', self.settings())

    def test_a_row_says_when_and_of_which_type(self):
        self.engine.visit('theRow', self.settings())

    def test_a_refusal_is_told(self):
        self.engine.visit('refused', self.settings())

    def test_the_echo_is_shaped(self):
        self.engine.visit('shaped', self.settings('/shaped'))

    def test_a_connection_may_be_left_while_it_closes(self):
        self.engine.visit('leftWhileClosing', self.settings('/shaped'))

    def test_who_waits_to_connect_again_may_stop(self):
        self.engine.visit('waits', self.settings('/shaped'))

    def test_buttons_keep_the_focus(self):
        self.engine.visit('keepsTheFocus', self.settings())

    def test_messages_go_at_a_rate_and_stop(self):
        self.engine.visit('atARate', self.settings())

    def test_a_message_of_the_log_can_be_sent_again(self):
        self.engine.visit('reuses', self.settings())

    def test_the_log_is_copied_or_says_that_it_is_not(self):
        self.engine.visit('copies', self.settings())

    def test_what_is_cut_is_marked(self):
        self.engine.visit('cutMessages', self.settings())

    def test_two_tabs_meet_in_a_room(self):
        self.engine.visit('room', self.settings('/room/lobby'))
        self.engine.visit('room', self.settings('/room/lobby', page='/.ws', secure=True))

    def test_nothing_stands_in_the_way_of_anybody(self):
        self.engine.visit('accessible', self.settings())

    def test_it_connects_again_when_the_server_is_back(self):
        daemon = Daemon(configuration.configuration(ROUTES)).start()
        self.addCleanup(daemon.remove)
        host, port = daemon.address()
        listener = {'name': 'plain', 'address': f'{host}:{port}'}

        def asked(what):
            nonlocal daemon
            if what == 'stop':
                self.assertEqual(daemon.stop(), 0)
            else:
                daemon = Daemon(configuration.configuration(ROUTES, [listener])).start()
                self.addCleanup(daemon.remove)
        url = f'{host}:{port}/'
        self.engine.visit('reconnects', {'page': f'http://{url}', 'socket': f'ws://{url}'}, asked)


ChromiumTest, FirefoxTest, WebKitTest = in_each_engine(PageVisits)


if __name__ == '__main__':
    unittest.main()
