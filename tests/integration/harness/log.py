"""The daemon's standard error: lines as they come, parsed, waited for, and linted at the end."""

import json
import re
import threading

from harness.deadline import Deadline

SANITIZER = re.compile(r'ERROR: (Address|Leak|Thread|Memory)Sanitizer|WARNING: ThreadSanitizer|'
                       r'runtime error:|SUMMARY: \w+Sanitizer')

LEVELS = ('error', 'warning', 'notice', 'info', 'debug')

# A line of `format: text`. Messages have no `=` in them; values with anything but plain characters
# stand in quotes, in which every quote is escaped.
FIELD = re.compile(r' (\w+)=(?:"((?:[^"\\]|\\.)*)"|([^" ]*))')
TEXT_LINE = re.compile(r'(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) '
                       rf'({"|".join(LEVELS)}) ([^=]*?)((?:{FIELD.pattern})*)')


class Event:
    """One line of the log."""

    def __init__(self, text):
        self.text = text
        self.fields = self.parse(text)

    @staticmethod
    def parse(text):
        """The line's fields, or None when it is not an event of either format."""
        try:
            return json.loads(text) if text.startswith('{') else Event.parse_text(text)
        except json.JSONDecodeError:
            return None

    @staticmethod
    def parse_text(text):
        line = TEXT_LINE.fullmatch(text)
        if line is None:
            return None
        fields = {name: re.sub(r'\\(["\\])', r'\1', quoted) or plain
                  for name, quoted, plain in FIELD.findall(line[4])}
        return {'time': line[1], 'level': line[2], 'message': line[3], **fields}

    @property
    def level(self):
        return (self.fields or {}).get('level')

    @property
    def message(self):
        return (self.fields or {}).get('message')

    def get(self, name):
        return (self.fields or {}).get(name)

    def matches(self, message, wanted):
        """Whether this is that message and has these fields; values are compared as text."""
        if self.message != message:
            return False
        return all(name in self.fields and str(self.fields[name]) == str(value)
                   for name, value in wanted.items())

    def __repr__(self):
        return self.text


class Log:
    """Collects a stream's lines in a thread of its own."""

    def __init__(self, stream):
        self.events = []
        self.ended = False
        self.changed = threading.Condition()
        self.thread = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self.thread.start()

    def _read(self, stream):
        for raw in stream:
            event = Event(raw.decode('utf-8', 'backslashreplace').rstrip('\n'))
            with self.changed:
                self.events.append(event)
                self.changed.notify_all()
        stream.close()
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def wait(self, condition, what, seconds=15.0):
        """Returns the first true value of condition(events), looked at whenever a line comes."""
        deadline = Deadline(f'{what} in the log', seconds)
        with self.changed:
            while True:
                value = condition(self.events)
                if value:
                    return value
                if self.ended:
                    raise AssertionError(f'the log ended without {what}:\n{self.tail()}')
                try:
                    self.changed.wait(deadline.remaining())
                except AssertionError as error:
                    raise AssertionError(f'{error}; its last lines:\n{self.tail()}') from None

    def wait_for(self, message, seconds=15.0, **fields):
        """The first event with this message and these fields."""
        def find(events):
            return next((event for event in events if event.matches(message, fields)), None)
        wanted = ', '.join(f'{name}={value}' for name, value in fields.items())
        return self.wait(find, f'a line "{message}" {wanted}'.rstrip(), seconds)

    def wait_for_count(self, message, count, seconds=15.0, **fields):
        """All events with this message and these fields, once there are so many."""
        def find(events):
            found = [event for event in events if event.matches(message, fields)]
            return found if len(found) >= count else None
        return self.wait(find, f'{count} lines "{message}" {fields}', seconds)

    def with_message(self, message):
        with self.changed:
            return [event for event in self.events if event.message == message]

    def position(self):
        with self.changed:
            return len(self.events)

    def since(self, position):
        with self.changed:
            return self.events[position:]

    def tail(self, count=12):
        return '\n'.join(event.text for event in self.events[-count:]) or '(nothing)'

    def join(self):
        """Waits for the end of the stream, which comes with the end of the process."""
        self.thread.join(15)
        return self.events


def lint(events, expected_errors):
    """What is wrong with these lines, as sentences."""
    problems = []
    for event in events:
        expected = any(re.search(pattern, event.text) for pattern in expected_errors)
        if SANITIZER.search(event.text):
            problems.append(f'a sanitizer reported: {event.text}')
        elif event.fields is None:
            if not expected:
                problems.append(f'a line that is no event: {event.text!r}')
        elif event.level not in LEVELS:
            problems.append(f'an event without a level: {event.text!r}')
        elif event.level == 'error' and not expected:
            problems.append(f'an unexpected error: {event.text}')
    return problems
