#!/usr/bin/python3
"""Runs the integration and conformance tests against a built daemon.

usage: WSRELAYD=path/to/wsrelayd tests/integration/run.py [NAME...]

A NAME is a module (test_echo) or a part of a test's name (rfc6455_5_2); one that chooses no test
fails. The modules run in processes of their own, some at a time, the longest first. What failed is
printed with its reason behind the modules' sums, where a cut log still has it; the last line is
"N passed, M failed", and the exit status 0 when nothing failed.
"""

import collections
import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
FOLDERS = (HERE, *(HERE.parent / name for name in ('conformance', 'checker', 'bench')))
AT_ONCE = 3
MODULE_SECONDS = 280

# Of one test's failures, which are many when all of its cases have the same cause.
SHOWN_PER_TEST = 4

# Modules that take longest start first, so that none is left alone at the end.
LONGEST_FIRST = ('test_page_in_browsers', 'test_browser', 'test_websocket_api', 'test_framing',
                 'test_room_order', 'test_timeouts', 'test_echo', 'test_slow_reader')

sys.path[:0] = [str(folder) for folder in (*FOLDERS, HERE.parent)]

import programs


def all_modules():
    names = sorted(path.stem for folder in FOLDERS for path in folder.glob('test_*.py'))
    return sorted(names, key=lambda name: (name not in LONGEST_FIRST, name))


# ---- in the process of one module ----

class Outcome(unittest.TestResult):
    """Counts tests, and keeps each failure's name and reason."""

    def __init__(self):
        super().__init__()
        self.problems = []
        self.failed_tests = set()

    def _record(self, test, reason):
        owner = getattr(test, 'test_case', test)
        self.failed_tests.add(owner.id())
        self.problems.append((test.id(), reason))

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._record(test, self.failures[-1][1])

    def addError(self, test, err):
        super().addError(test, err)
        self._record(test, self.errors[-1][1])

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            both = self.failures + self.errors
            reason = next(text for case, text in reversed(both) if case is subtest)
            self._record(subtest, reason)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._record(test, f'skipped, which no test may be: {reason}')


def tests_of(suite):
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from tests_of(item)
        else:
            yield item


def run_module(module, names):
    """Runs what these names choose of a module; prints its outcome as JSON."""
    tests = list(tests_of(unittest.defaultTestLoader.loadTestsFromName(module)))
    choices = {name: [test for test in tests if name == module or name in test.id()]
               for name in names}
    outcome = Outcome()
    unittest.TestSuite(test for test in tests
                       if any(test in choice for choice in choices.values())).run(outcome)
    passed = outcome.testsRun - len(outcome.failed_tests & set_of_run(outcome))
    print(json.dumps({'passed': passed, 'failed': len(outcome.failed_tests),
                      'problems': outcome.problems,
                      'choosing': [name for name, choice in choices.items() if choice]}))


def set_of_run(outcome):
    """Failed names that are tests; a failing class set-up or tear-down is none of those run."""
    return {name for name in outcome.failed_tests if not name.startswith(('setUp', 'tearDown'))}


# ---- in the runner ----

def run_process(name, names):
    """One module in its own process; returns (name, seconds, outcome)."""
    started = time.monotonic()
    status, output, errors = programs.run(
        [sys.executable, __file__, '--module', name, *names], MODULE_SECONDS,
        stderr=subprocess.PIPE)
    seconds = time.monotonic() - started
    try:
        outcome = json.loads(output.splitlines()[-1])
    except (IndexError, json.JSONDecodeError):
        reason = f'{output}{errors}exit status {status} after {seconds:.0f} s'
        outcome = {'passed': 0, 'failed': 1, 'problems': [(name, reason)], 'choosing': names}
    return name, seconds, outcome


def report(outcomes, result):
    name, seconds, outcome = result
    outcomes.append(outcome)
    if not outcome['passed'] and not outcome['failed']:
        return
    print(f'{name}: {outcome["passed"]} passed, {outcome["failed"]} failed '
          f'({seconds:.1f} s)', flush=True)


def show_problems(outcome):
    shown = collections.Counter()
    for test, reason in outcome['problems']:
        owner = test.partition(' ')[0]
        shown[owner] += 1
        if shown[owner] <= SHOWN_PER_TEST:
            indented = '\n'.join(f'    {line}' for line in reason.strip().splitlines())
            print(f'  FAILED {test}\n{indented}', flush=True)
    for owner, count in shown.items():
        if count > SHOWN_PER_TEST:
            print(f'  {owner}: {count - SHOWN_PER_TEST} more like these', flush=True)


def run_all(selected):
    outcomes = []
    modules = chosen(selected)
    jobs = [functools.partial(run_process, name, selected or [name]) for name in modules]
    programs.run_all(jobs, AT_ONCE, functools.partial(report, outcomes))
    for outcome in outcomes:
        show_problems(outcome)
    in_vain = set(selected or modules).difference(*(outcome['choosing'] for outcome in outcomes))
    for name in sorted(in_vain):
        print(f'FAILED {name}: there is no such test')
    passed = sum(outcome['passed'] for outcome in outcomes)
    failed = sum(outcome['failed'] for outcome in outcomes) + len(in_vain)
    print(f'{passed} passed, {failed} failed')
    return 0 if failed == 0 and passed > 0 else 1


def chosen(selected):
    """Only the named modules when every name is a module, else all: each filters its tests."""
    modules = all_modules()
    if selected and all(name in modules for name in selected):
        return [name for name in modules if name in selected]
    return modules


def main():
    if sys.argv[1:2] == ['--module']:
        run_module(sys.argv[2], sys.argv[3:])
        return 0
    programs.end_on_signals()
    certificates = tempfile.mkdtemp(prefix='wsrelayd-certificates-')
    try:
        from harness.certificates import VARIABLE, make
        make(certificates)
        os.environ[VARIABLE] = certificates
        return run_all(sys.argv[1:])
    finally:
        shutil.rmtree(certificates, ignore_errors=True)


if __name__ == '__main__':
    sys.exit(main())
