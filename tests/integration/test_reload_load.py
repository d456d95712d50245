"""A hundred reloads, every second one of a broken file, while members of rooms talk: nothing is lost.

It runs with few members. With RELOAD_MEMBERS=10000 and RELOAD_ROOMS=100 in the environment, and
that many descriptors, it is the whole promise; it prints what it has measured.
"""

import itertools
import os
import shutil
import ssl
import time

from harness import certificates, configuration, load
from harness.connection import client_context, connect_socket
from harness.reloading import ERRORS, FAILED, Reloading
from harness.tools import is_sanitized
from test_room_order import EVERY_TRANSPORT, RoomOrderTest

MEMBERS = int(os.environ.get('RELOAD_MEMBERS', '24'))
ROOMS = int(os.environ.get('RELOAD_ROOMS', '2'))
RELOADS = int(os.environ.get('RELOAD_COUNT', '100'))
ECHOES = 20
NAMES = ('localhost', 'other')

# What the allocators of the threads keep varies by so much. A sanitizer's has a shadow, and puts
# what is freed to use again late.
GROWTH_BYTES = (4 << 20) * (5 if is_sanitized() else 1)


class UnderLoadTest(RoomOrderTest, Reloading):
    """Certificates, a listener and a route change with each good one."""

    def setUp(self):
        super().setUp()
        self.pair = (self.directory / 'server.pem', self.directory / 'server.key')
        self.install(NAMES[0])

    def _remove(self):
        for path in self.pair:
            path.unlink(missing_ok=True)
        super()._remove()

    def install(self, name):
        for source, target in zip(certificates.get(name), self.pair):
            new = target.with_suffix('.new')
            shutil.copy(source, new)
            new.replace(target)

    def content_of(self, number, base):
        """Every second one is broken."""
        round_ = number // 2
        secure = {**configuration.tls_listener([self.pair]),
                  'address': base['listeners'][1]['address']}
        listeners = [base['listeners'][0], secure, base['listeners'][2]]
        routes = [*base['routes'], {'path': f'/route{round_}', 'handler': 'echo'}]
        if round_ % 2:
            listeners.append({'name': 'passing', 'address': '127.0.0.1:0'})
        if number % 2:
            routes[-1]['handler'] = 'broken'
        return {**base, 'listeners': listeners, 'routes': routes}

    def test_nothing_is_lost(self):
        for workers in (1, 2):
            with self.subTest(workers=workers):
                self.run_reloads(workers)

    def run_reloads(self, workers):
        for pattern in ERRORS:
            self.expect_error_line(pattern)
        self.start_rooms(workers, limits={'connections': MEMBERS + ECHOES + 100,
                                          'pending': MEMBERS + 100})
        original = self.daemon.content
        members = self.join_rooms()
        echo = self.start_echoes()
        resident = []
        begin = time.monotonic()
        for number in range(RELOADS):
            self.talk(members, number)
            self.reload_while_talking(number, original)
            self.crowd.run_senders(600)
            self.check_certificate(number)
            resident.append(self.daemon.resident_bytes())
        seconds = time.monotonic() - begin
        status, output, errors = echo.interrupt()
        self.assertEqual(status, 0, f'{output}{errors}')
        self.finish()
        received = sum(member.received for member in members)
        self.crowd = type(self.crowd)()
        self.check_memory(resident)
        self.daemon.content = original
        self.restore()
        self.check_stop()
        self.check_counts()
        if MEMBERS >= 1000:
            print(f'{MEMBERS} members in {ROOMS} rooms, {workers} workers: {RELOADS} reloads in '
                  f'{seconds:.0f} s, {received} deliveries, resident {resident[0] >> 20} MiB '
                  f'after the first reload, {max(resident) >> 20} MiB at most, '
                  f'{resident[-1] >> 20} MiB after the last')

    def join_rooms(self):
        """Over all transports."""
        modes = itertools.cycle(EVERY_TRANSPORT)
        return [self.crowd.add(self.member(self.socket(next(modes)),
                                           path=f'/room/{number % ROOMS}'))
                for number in range(MEMBERS)]

    def start_echoes(self):
        host, port = self.daemon.address()
        echo = load.Running('echo', '--json', '--connections', ECHOES, '--duration', 3600,
                            '--rate', 2000, '--size', 100, f'ws://{host}:{port}/')
        self.addCleanup(echo.end)
        return echo

    def talk(self, members, number):
        """In the course of all reloads everybody talks."""
        self.crowd.senders.clear()
        count = max(4, -(-len(members) // RELOADS))
        first = number * count
        self.publish([members[(first + i) % len(members)] for i in range(count)], 1 if
                     MEMBERS >= 1000 else 3, sizes=(20, 125, 126, 700))

    def reload_while_talking(self, number, original):
        message = FAILED if number % 2 else 'reloaded'
        count = len(self.daemon.log.with_message(message)) + 1
        if number % 2 == 0:
            self.install(self.name_of(number))
        self.daemon.content = original
        configuration.write(self.content_of(number, original), self.daemon.file)
        self.daemon.signal(self.SIGNAL)
        self.crowd.run(lambda: len(self.daemon.log.with_message(message)) >= count,
                       f'reload {number}', 600)
        if number % 2 == 0:
            self.check_live(self.daemon.log.with_message(message)[-1])

    def check_live(self, line):
        """What is in force, what the members have, and what a client that leaves has for a while."""
        self.assertEqual(line.get('live_snapshots'), 1, line)
        self.assertLessEqual(line.get('live_routes'), 3, line)
        self.assertLessEqual(line.get('live_listeners'), 4 + 3 + 2, line)

    @staticmethod
    def name_of(number):
        return NAMES[(number // 2 + 1) % 2]

    def check_certificate(self, number):
        """A new client is shown the one of the last good reload."""
        context = client_context()
        context.load_verify_locations(certificates.directory() / 'ca.pem')
        context.verify_mode = ssl.CERT_REQUIRED
        with context.wrap_socket(connect_socket(self.daemon.address('secure'))) as sock:
            names = [name for _, name in sock.getpeercert()['subjectAltName']]
        self.assertEqual('other.example' in names, self.name_of(number) == 'other', names)

    def check_memory(self, resident):
        half = len(resident) // 2
        self.assertLess(max(resident[half:]) - max(resident[:half]), GROWTH_BYTES, resident)

    def check_counts(self):
        """Of all that was built only what is in force is left."""
        line = self.daemon.log.with_message('stopped')[0]
        self.assert_counts(line, reloads_succeeded=-(-RELOADS // 2), reloads_failed=RELOADS // 2,
                           live_snapshots=1, live_routes=3)
