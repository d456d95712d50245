"""What the figures were measured on."""

import os
import platform
import re
import subprocess
from pathlib import Path

from harness.tools import REPOSITORY

from runner.processes import GENERATOR_CORES, SECOND_SERVER_CORES, SERVER_CORES


def processor():
    text = Path('/proc/cpuinfo').read_text(encoding='utf-8')
    found = re.search(r'^(?:model name|Model|Processor)\s*:\s*(.+)$', text, re.MULTILINE)
    return found[1] if found else platform.machine()


def memory():
    text = Path('/proc/meminfo').read_text(encoding='ascii')
    kilobytes = int(re.search(r'MemTotal:\s+(\d+)', text)[1])
    return f'{kilobytes / (1 << 20):.0f} GiB'


def revision():
    """The commit that this tree is at, if it is one."""
    try:
        result = subprocess.run(['git', 'describe', '--always', '--dirty'], cwd=REPOSITORY,
                                capture_output=True, text=True, check=False)
    except OSError:
        return 'unknown'
    return result.stdout.strip() or 'unknown'


def compiler():
    result = subprocess.run(['cc', '--version'], capture_output=True, text=True, check=False)
    return result.stdout.partition('\n')[0]


def numbers(cores):
    return ' and '.join(str(core) for core in sorted(cores))


def describe():
    """Pairs of what and which."""
    system = os.uname()
    return (
        ('processor', f'{processor()}, {os.cpu_count()} cores, {system.machine}'),
        ('memory', memory()),
        ('kernel', f'{system.sysname} {system.release}'),
        ('compiler', compiler()),
        ('commit', revision()),
        ('cores', f'servers on {numbers(SERVER_CORES)}, with two workers on '
                  f'{numbers(SECOND_SERVER_CORES)}, the generator on {numbers(GENERATOR_CORES)}'),
    )
