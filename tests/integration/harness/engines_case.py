"""The base class of tests that make visits in Chromium, Firefox and WebKit."""

from harness import certificates, configuration
from harness.engines import Engine


class EngineVisits:
    """One engine and one daemon with ROUTES, over TCP and TLS, for all tests of a class; mixed into a
    SharedDaemonTest."""

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
