"""The base class of tests that make visits in Chromium, Firefox and WebKit, and their classes."""

from harness import certificates, configuration
from harness.case import SharedDaemonTest
from harness.engines import Engine


class EngineVisits:
    """One engine and one daemon with ROUTES, over TCP and TLS, for all tests of a class; mixed into a
    SharedDaemonTest by in_each_engine."""

    ROUTES = []
    engine_name = None

    @classmethod
    def configuration(cls):
        listeners = [configuration.PLAIN,
                     configuration.tls_listener([certificates.get('localhost')])]
        return configuration.configuration(cls.ROUTES, listeners)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.engine = Engine(cls.engine_name)
        cls.addClassCleanup(cls.engine.stop)


def in_each_engine(visits):
    """The classes of tests for Chromium, Firefox and WebKit, in this order."""
    return [type(f'{name}Test', (visits, SharedDaemonTest),
                 {'engine_name': name.lower(), '__module__': visits.__module__})
            for name in ('Chromium', 'Firefox', 'WebKit')]
