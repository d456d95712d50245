"""Many members at once, and senders that go no faster than all others can read."""

import collections
import select

from harness.deadline import Deadline

WAIT_SECONDS = 0.05


class Sender:
    """A member with messages to publish: (opcode, size, pieces).

    At most `window` of them are on the way: sent, but not yet with every steady reader of the
    room. So nobody who reads is ever too slow, however slow the machine is.
    """

    def __init__(self, member, messages, window=4):
        self.member = member
        self.messages = iter(messages)
        self.window = window
        self.exhausted = False
        self.on_way = {}    # by number: how many steady readers do not have it yet

    def publish(self, readers):
        """Publishes all that it may."""
        while not self.finished and len(self.on_way) < self.window and not self.member.unsent:
            message = next(self.messages, None)
            if message is None:
                self.exhausted = True
                return
            n = self.member.publish(*message)
            if readers > 0:
                self.on_way[n] = readers

    def stop(self):
        """Nothing more is published."""
        self.messages = iter(())

    def arrived(self, n):
        """A steady reader has got that message."""
        if n in self.on_way:
            self.on_way[n] -= 1
            if self.on_way[n] == 0:
                del self.on_way[n]

    @property
    def finished(self):
        """Whether nothing more is to be expected."""
        return self.member.ended or (self.exhausted and not self.on_way)


class Crowd:
    """Members that are driven by one thread. The steady ones stay, and everybody waits for them."""

    def __init__(self):
        self.steady = []
        self.passing = []
        self.senders = {}
        self.readers = collections.Counter()    # of each room, how many steady members it has
        self.names = set()                      # of the steady ones

        # Called whenever somebody has got something: the best moment to disturb an order is when
        # one member knows already what others do not.
        self.on_receipt = lambda: None

    # ---- who takes part ----

    def add(self, member):
        self.steady.append(member)
        self.readers[member.room] += 1
        self.names.add(member.name)
        return member

    def add_passing(self, member):
        self.passing.append(member)
        return member

    def add_sender(self, member, messages, **options):
        self.senders[member.name] = Sender(member, messages, **options)
        return self.senders[member.name]

    def _readers(self, sender):
        """How many steady members get what this member publishes."""
        left_out = sender.name in self.names and not sender.own
        return self.readers[sender.room] - left_out

    # ---- turning ----

    def run(self, done, what, seconds=60.0):
        """Turns until done() is true."""
        deadline = Deadline(what, seconds)
        while not done():
            deadline.remaining()
            self.turn()

    def turn(self):
        """Publishes what may be published, then receives from all who have something."""
        for sender in self.senders.values():
            sender.publish(self._readers(sender.member))
        present = {one.fileno(): one for one in (*self.steady, *self.passing) if not one.ended}
        poll = select.poll()
        for number, member in present.items():
            poll.register(number, select.POLLIN | (select.POLLOUT if member.unsent else 0))
        ready = [(present[number], what) for number, what in poll.poll(WAIT_SECONDS * 1000)]
        for member, what in ready:
            if what & select.POLLOUT:
                member.flush()
        for member, what in ready:
            if what & ~select.POLLOUT:
                self._receive(member)

    def _receive(self, member):
        keys = member.receive()
        for name, n in keys:
            if member.name in self.names and name in self.senders:
                self.senders[name].arrived(n)
        if keys:
            self.on_receipt()

    # ---- to the end ----

    def run_senders(self, seconds=60.0):
        """Until all is published and all steady members have it."""
        self.run(lambda: all(sender.finished for sender in self.senders.values()),
                 'everything to be published and to arrive', seconds)

    def run_to_end(self):
        """Until all members have ended."""
        self.run(lambda: all(one.ended for one in (*self.steady, *self.passing)),
                 'the end of all members')

    def leave(self):
        """All leave orderly, when all is at rest: nothing may be missing then."""
        for member in (*self.steady, *self.passing):
            if not member.leaving and not member.ended:
                member.leave(owed=True)
        self.run_to_end()
