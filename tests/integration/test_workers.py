"""How connections and their load are split among workers."""

from collections import Counter

from harness import frames
from harness.admin_case import AdminTest
from harness.deadline import wait_until
from harness.frames import BINARY

WORKERS = 3
EACH = 8
MESSAGES = 200


class SplitTest(AdminTest):
    """The worker with the fewest connections gets the next."""

    def setUp(self):
        super().setUp()
        self.admin = self.start_admin(workers=WORKERS)
        self.clients = [self.client() for _ in range(WORKERS * EACH)]

    def on_each_worker(self):
        return [worker['connections'] for worker in self.admin.get('/v1/status').json['workers']]

    def listed(self):
        """The connections by the number of their worker, which their id begins with."""
        for connection in self.admin.get('/v1/connections').json['connections']:
            yield int(connection['id'].split('-')[0]), connection

    def test_as_many_connections_go_to_each(self):
        self.assertEqual(self.on_each_worker(), [EACH] * WORKERS)

    def test_new_ones_take_the_place_of_those_that_have_left_one_worker(self):
        ports = {connection['port'] for worker, connection in self.listed() if worker == 1}
        for client in self.clients:
            if client.sock.getsockname()[1] in ports:
                client.close_orderly()
        wait_until(lambda: self.on_each_worker() == [EACH, 0, EACH], 'one worker to be empty')
        for expected in range(1, EACH + 1):
            self.client()
            self.assertEqual(self.on_each_worker(), [EACH, expected, EACH])

    def test_no_worker_is_left_behind_when_all_are_busy(self):
        message = b'x' * 20
        for client in self.clients:
            client.send(frames.binary(message) * MESSAGES)
        for client in self.clients:
            for _ in range(MESSAGES):
                client.expect(BINARY, message)
        taken = Counter()
        for worker, connection in self.listed():
            taken[worker] += connection['messages_in']
        self.assertEqual(taken, {worker: EACH * MESSAGES for worker in range(WORKERS)})
