#!/usr/bin/env python3
"""Tells the figures that it was told: those of the server's name in the file FAKE_FIGURES, where
`null` is a server that loses messages. Appends what it did to the file FAKE_RECORD."""

import json
import os
import re
import socket
import sys
from pathlib import Path

ARGUMENTS = sys.argv[1:]


def argument(name):
    return ARGUMENTS[ARGUMENTS.index(name) + 1]


def name_of_server():
    """The last argument of its command line; proof that the process is the right one."""
    text = Path(f'/proc/{argument("--pid")}/cmdline').read_text(encoding='utf-8')
    return text.split('\0')[-2]


def record(name):
    entry = {'server': name, 'arguments': ARGUMENTS, 'cores': sorted(os.sched_getaffinity(0)),
             'server_cores': sorted(os.sched_getaffinity(int(argument('--pid'))))}
    with open(os.environ['FAKE_RECORD'], 'a', encoding='utf-8') as file:
        file.write(json.dumps(entry) + '\n')


def main():
    port = int(re.search(r'127\.0\.0\.1:(\d+)', ARGUMENTS[-1])[1])
    socket.create_connection(('127.0.0.1', port)).close()
    name = name_of_server()
    record(name)
    figures = json.loads(Path(os.environ['FAKE_FIGURES']).read_text(encoding='utf-8'))[name]
    lost = figures is None
    print(json.dumps({
        'operations': 1000, 'operations_per_second': 200.0,
        'errors': {'lost': int(lost), 'wrong': 0}, 'first_error': 'one is lost' if lost else None,
        'latency_us': {'p99': 50}, 'limit': 'server',
        'server': {'cpu_us_per_operation': figures, 'busy_percent': 99, 'waiting_percent': 0.1},
    }))
    return int(lost)


if __name__ == '__main__':
    sys.exit(main())
