"""Waiting for conditions. Every wait has an end, and its failure says what was waited for."""

import time

DEFAULT_SECONDS = 15.0
POLL_SECONDS = 0.005


class Stopwatch:
    """How long something took, compared with what the daemon was configured to take."""

    # What the machine may add: other tests run at the same time, and sanitizers are slow.
    SLACK_SECONDS = 4.0

    # Clocks of whole milliseconds on both sides.
    ROUNDING_SECONDS = 0.005

    def __init__(self):
        self.started = time.monotonic()

    def seconds(self):
        return time.monotonic() - self.started

    def check(self, least, most=None):
        """Fails unless so many seconds have passed, and not much more than `most` of them."""
        passed = self.seconds()
        latest = (least if most is None else most) + self.SLACK_SECONDS
        if not least - self.ROUNDING_SECONDS <= passed <= latest:
            raise AssertionError(f'took {passed:.3f} s, expected {least:g} s to {latest:g} s')


def paced(seconds, total):
    """Counts up, a step each `seconds`, until `total` have passed: for peers that go on doing
    something for a while."""
    end = time.monotonic() + total
    step = 0
    while time.monotonic() < end:
        yield step
        step += 1
        time.sleep(seconds)


class Deadline:
    """A point in time by which something has to have happened."""

    def __init__(self, what, seconds=DEFAULT_SECONDS):
        self.what = what
        self.seconds = seconds
        self.end = time.monotonic() + seconds

    def remaining(self):
        """Seconds left; fails the test when there are none."""
        left = self.end - time.monotonic()
        if left <= 0:
            raise AssertionError(self.message())
        return left

    def message(self):
        return f'waited {self.seconds:g} s in vain for {self.what}'


def wait_until(condition, what, seconds=DEFAULT_SECONDS):
    """Returns the first true value of condition()."""
    deadline = Deadline(what, seconds)
    while True:
        value = condition()
        if value:
            return value
        deadline.remaining()
        time.sleep(POLL_SECONDS)
