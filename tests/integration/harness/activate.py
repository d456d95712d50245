"""Runs a command as systemd runs a service: sockets passed as descriptors from 3 on, and the process
itself named in the environment as the one that they and the watchdog are meant for.

usage: activate.py DESCRIPTORS NAMES COMMAND...     DESCRIPTORS: numbers, NAMES: both separated by `:`

A variable LISTEN_PID, LISTEN_FDS or LISTEN_FDNAMES that is set already stays as it is.
"""

import fcntl
import os
import sys

FIRST = 3
OUT_OF_THE_WAY = 100


def main(descriptors, names, *command):
    numbers = [int(number) for number in descriptors.split(':') if number]
    copies = [fcntl.fcntl(number, fcntl.F_DUPFD, OUT_OF_THE_WAY) for number in numbers]
    for target, copy in enumerate(copies, FIRST):
        os.dup2(copy, target)
    os.closerange(FIRST + len(copies), OUT_OF_THE_WAY + len(copies))
    if numbers:
        os.environ.setdefault('LISTEN_PID', str(os.getpid()))
        os.environ.setdefault('LISTEN_FDS', str(len(numbers)))
        os.environ.setdefault('LISTEN_FDNAMES', names)
    if 'WATCHDOG_USEC' in os.environ:
        os.environ.setdefault('WATCHDOG_PID', str(os.getpid()))
    os.execv(command[0], command)


main(*sys.argv[1:])
