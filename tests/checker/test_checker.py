"""The checker of deliveries: good histories count nothing, each broken one exactly what it is."""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOOL = Path(__file__).resolve().parent / 'check-delivery'
COUNTS = ('lost', 'duplicated', 'reordered', 'divergent', 'non_monotonic', 'corrupted', 'phantom',
          'unsignalled_gap')


class Tape:
    """Records in the making: each takes place a second after the one before."""

    def __init__(self):
        self.records = []
        self.time = 100.0
        self.sent = {}

    def _add(self, client, ev, **fields):
        self.time += 1
        self.records.append({'t': self.time, 'client': client, 'conn': f'{client}/1', 'ev': ev,
                             **fields})

    def join(self, *clients, room='r', own=False):
        for client in clients:
            self._add(client, 'joined', room=room, own=own, asked=self.time + 0.5)
        return self

    def send(self, client, n):
        self._add(client, 'send', n=n, sha=f'{client}:{n}')
        return self

    def recv(self, clients, *messages, sha=None):
        """Each of these clients gets these messages, written as 'a1', in this order."""
        for client in clients:
            for message in messages:
                sender, n = message[0], int(message[1:])
                self._add(client, 'recv', sender=sender, n=n, sha=sha or f'{sender}:{n}')
        return self

    def leave(self, *clients, owed=True):
        for client in clients:
            self._add(client, 'left', owed=owed)
            self._add(client, 'closed', code=1000)
        return self

    def break_off(self, client, code=1006):
        self._add(client, 'closed', code=code)
        return self

    def lines(self):
        return ''.join(json.dumps(record) + '\n' for record in self.records)


class CheckerTest(unittest.TestCase):

    def run_tool(self, *texts):
        with tempfile.TemporaryDirectory(prefix='wsrelayd-checker-') as directory:
            paths = []
            for number, text in enumerate(texts):
                paths.append(Path(directory) / f'{number}.jsonl')
                paths[-1].write_text(text, encoding='utf-8')
            return subprocess.run([sys.executable, TOOL, *paths], capture_output=True, text=True,
                                  timeout=60, check=False)

    def assert_counts(self, tape, **wanted):
        """The tool prints exactly these counts, zero for all others, and tells what it counted."""
        result = self.run_tool(tape.lines())
        expected = [f'{name} {wanted.get(name, 0)}' for name in COUNTS]
        self.assertEqual(result.stdout.splitlines(), expected, result.stderr)
        self.assertEqual(result.returncode, 1 if wanted else 0)
        self.assertEqual({line.split(':')[0] for line in result.stderr.splitlines()}, set(wanted))

    def room(self, *clients, own=False):
        return Tape().join(*clients, own=own)


class GoodHistoryTest(CheckerTest):

    def test_everybody_gets_everything(self):
        tape = self.room('a', 'b', 'c').send('a', 1).send('b', 1).send('a', 2)
        tape.recv('c', 'b1', 'a1', 'a2').recv('b', 'a1', 'a2').recv('a', 'b1')
        self.assert_counts(tape.leave('a', 'b', 'c'))

    def test_nobody_leaves(self):
        self.assert_counts(self.room('a', 'b').send('a', 1).recv('b', 'a1'))

    def test_own_messages_come_back_where_they_should(self):
        tape = self.room('a', 'b', own=True).send('a', 1).send('b', 1)
        self.assert_counts(tape.recv('ab', 'b1', 'a1'))

    def test_what_was_sent_before_the_join_may_come_or_not(self):
        tape = self.room('a', 'b').send('a', 1).send('a', 2)
        self.assert_counts(tape.join('c').recv('c', 'a2').recv('b', 'a1', 'a2'))

    def test_what_was_accepted_after_the_leave_may_be_missing(self):
        tape = self.room('a', 'b', 'c').send('a', 1).leave('b')
        self.assert_counts(tape.recv('c', 'a1'))

    def test_an_ended_connection_may_miss_what_came_last(self):
        for code in (1006, 1013, 1001):
            tape = self.room('a', 'b', 'c')
            for n in (1, 2, 3):
                tape.send('a', n).recv('b', f'a{n}')
            self.assert_counts(tape.recv('c', 'a1').break_off('c', code))

    def test_a_member_that_leaves_may_miss_what_came_last_if_no_more_is_owed(self):
        tape = self.room('a', 'b', 'c')
        for n in (1, 2, 3):
            tape.send('a', n).recv('b', f'a{n}')
        self.assert_counts(tape.recv('c', 'a1').leave('c', owed=False))

    def test_a_leave_without_the_servers_close_is_a_broken_connection(self):
        tape = self.room('a', 'b', 'c').send('a', 1).recv('b', 'a1')
        tape._add('c', 'left', owed=True)
        self.assert_counts(tape.break_off('c'))

    def test_what_a_broken_sender_sent_last_may_have_reached_nobody(self):
        tape = self.room('a', 'b').send('a', 1).send('a', 2).break_off('a')
        self.assert_counts(tape.recv('b', 'a1'))

    def test_rooms_are_apart(self):
        tape = self.room('a', 'b').join('c', 'd', room='s').send('a', 1).send('c', 1)
        self.assert_counts(tape.recv('b', 'a1').recv('d', 'c1'))

    def test_records_may_come_in_several_files(self):
        tape = self.room('a', 'b').send('a', 1).recv('b', 'a1')
        files = [''.join(json.dumps(record) + '\n' for record in tape.records
                         if record['client'] == client) for client in 'ba']
        self.assertEqual(self.run_tool(*files).returncode, 0)


class BrokenHistoryTest(CheckerTest):

    def test_lost(self):
        tape = self.room('a', 'b', 'c').send('a', 1).send('a', 2).recv('c', 'a1', 'a2')
        self.assert_counts(tape.recv('b', 'a1'), lost=1)

    def test_lost_in_the_middle(self):
        tape = self.room('a', 'b', 'c').send('a', 1).send('a', 2).recv('c', 'a1', 'a2')
        self.assert_counts(tape.recv('b', 'a2'), lost=1)

    def test_lost_by_all(self):
        self.assert_counts(self.room('a', 'b', 'c').send('a', 1), lost=2)

    def test_lost_by_all_before_something_else_came(self):
        tape = self.room('a', 'b', 'c').send('a', 1).send('a', 2).recv('bc', 'a2')
        self.assert_counts(tape.leave('b', 'c', 'a'), lost=2)

    def test_lost_by_all_when_the_sender_left_first(self):
        tape = self.room('a', 'b', 'c').send('a', 1).leave('a')
        self.assert_counts(tape.leave('b', 'c'), lost=2)

    def test_lost_before_an_orderly_leave(self):
        tape = self.room('a', 'b', 'c').send('a', 1).recv('b', 'a1')
        self.assert_counts(tape.leave('c'), lost=1)

    def test_lost_of_a_broken_sender_whose_later_message_came(self):
        tape = self.room('a', 'b').send('a', 1).send('a', 2).break_off('a')
        self.assert_counts(tape.recv('b', 'a2'), lost=1)

    def test_lost_of_a_sender_that_left_and_was_owed_no_more(self):
        tape = self.room('a', 'b').send('a', 1).leave('a', owed=False)
        self.assert_counts(tape.leave('b'), lost=1)

    def test_own_message_lost(self):
        tape = self.room('a', 'b', own=True).send('a', 1)
        self.assert_counts(tape.recv('b', 'a1'), lost=1)

    def test_duplicated(self):
        tape = self.room('a', 'b').send('a', 1).send('a', 2)
        self.assert_counts(tape.recv('b', 'a1', 'a2', 'a1', 'a1'), duplicated=2)

    def test_reordered(self):
        tape = self.room('a', 'b', 'c').send('a', 1).send('a', 2)
        self.assert_counts(tape.recv('bc', 'a2', 'a1'), reordered=2)

    def test_divergent(self):
        tape = self.room('a', 'b', 'c', 'd').send('a', 1).send('b', 1)
        tape.recv('c', 'a1', 'b1').recv('d', 'b1', 'a1').recv('a', 'b1').recv('b', 'a1')
        self.assert_counts(tape, divergent=2)

    def test_divergent_in_a_circle_where_every_two_connections_agree(self):
        tape = self.room('a', 'b', 'c').send('a', 1).send('b', 1).send('c', 1)
        tape.recv('a', 'b1', 'c1').recv('b', 'c1', 'a1').recv('c', 'a1', 'b1')
        self.assert_counts(tape, divergent=3)

    def test_divergent_counts_nothing_before_or_after(self):
        tape = self.room('a', 'b', 'c', 'd')
        for n in range(1, 6):
            tape.send('a', n).send('b', n)
        begin, end = ('a1', 'b1', 'a2', 'b2'), ('a4', 'b4', 'a5', 'b5')
        tape.recv('c', *begin, 'a3', 'b3', *end).recv('d', *begin, 'b3', 'a3', *end)
        tape.recv('a', 'b1', 'b2', 'b3', 'b4', 'b5').recv('b', 'a1', 'a2', 'a3', 'a4', 'a5')
        self.assert_counts(tape, divergent=2)

    def test_non_monotonic_after_what_was_sent_later(self):
        """e had a1 before b1 was sent, so that no order of the room has b1 before a1."""
        tape = self.room('a', 'b', 'c', 'e').send('a', 1).recv('e', 'a1').leave('e')
        tape.send('b', 1).recv('c', 'b1', 'a1').recv('b', 'a1').recv('a', 'b1')
        self.assert_counts(tape, non_monotonic=1)

    def test_non_monotonic_from_before_the_join(self):
        tape = self.room('a', 'b').send('a', 1).recv('b', 'a1')
        self.assert_counts(tape.join('c').recv('c', 'a1'), non_monotonic=1)

    def test_corrupted(self):
        tape = self.room('a', 'b', 'c').send('a', 1).recv('b', 'a1')
        self.assert_counts(tape.recv('c', 'a1', sha='other'), corrupted=1)

    def test_phantom_that_nobody_sent(self):
        tape = self.room('a', 'b').send('a', 1).recv('b', 'a1')
        self.assert_counts(tape.recv('b', 'a7'), phantom=1)

    def test_phantom_without_a_sender(self):
        tape = self.room('a', 'b').send('a', 1).recv('b', 'a1')
        tape._add('b', 'recv', sender=None, n=None, sha='x')
        self.assert_counts(tape, phantom=1)

    def test_phantom_from_another_room(self):
        tape = self.room('a', 'b').join('c', room='s').send('a', 1)
        self.assert_counts(tape.recv('bc', 'a1'), phantom=1)

    def test_phantom_that_is_ones_own(self):
        tape = self.room('a', 'b').send('a', 1)
        self.assert_counts(tape.recv('ab', 'a1'), phantom=1)

    def test_unsignalled_gap_in_the_senders_order(self):
        tape = self.room('a', 'b', 'c').send('a', 1).send('a', 2).recv('b', 'a1', 'a2')
        self.assert_counts(tape.recv('c', 'a2').break_off('c', 1013), unsignalled_gap=1)

    def test_unsignalled_gap_before_a_leave(self):
        tape = self.room('a', 'b', 'c').send('a', 1).send('a', 2).recv('b', 'a1', 'a2')
        self.assert_counts(tape.recv('c', 'a2').leave('c', owed=False), unsignalled_gap=1)

    def test_unsignalled_gap_in_the_rooms_order(self):
        tape = self.room('a', 'b', 'c', 'd').send('a', 1).send('b', 1)
        tape.recv('d', 'a1', 'b1').recv('a', 'b1').recv('b', 'a1')
        self.assert_counts(tape.recv('c', 'b1').break_off('c'), unsignalled_gap=1)


class UsageTest(CheckerTest):

    def assert_refused(self, words, *texts):
        result = self.run_tool(*texts)
        self.assertEqual((result.returncode, result.stdout), (2, ''))
        self.assertIn(words, result.stderr)

    def test_records_are_wanted(self):
        self.assert_refused('usage')

    def test_records_without_a_publication_show_nothing(self):
        self.assert_refused('no publication', Tape().join('a', 'b').lines())

    def test_records_that_make_no_sense_are_told_with_their_line(self):
        joined = Tape().join('a').lines()
        for line, words in (('{', '2: '),
                            ('{"ev": "lost"}', "2: unknown event 'lost'"),
                            ('{"ev": "send", "t": 1, "client": "a", "conn": "a/1"}',
                             '2: send without n, sha'),
                            (Tape().send('b', 1).lines(), '2: send on b/1, which has not joined'),
                            (joined, '2: a/1 joined twice'),
                            (Tape().send('a', 1).send('a', 1).lines(), '3: message 1 of a')):
            with self.subTest(words=words):
                self.assert_refused(words, joined + line + '\n')


if __name__ == '__main__':
    unittest.main()
