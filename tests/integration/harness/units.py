"""The systemd units, and how systemd judges them."""

import subprocess

from harness.tools import REPOSITORY, daemon_binary, require

UNITS = REPOSITORY / 'systemd'


def template_unit():
    """wsrelayd@.service, as make makes it."""
    return subprocess.run([require('sed'), '-f', UNITS / 'instances.sed', UNITS / 'wsrelayd.service'],
                          check=True, capture_output=True, text=True).stdout


def write_units(directory):
    """All units as they would be installed, with the program that is being tested; their paths."""
    texts = {path.name: path.read_text(encoding='ascii')
             for pattern in ('*.service', '*.socket') for path in UNITS.glob(pattern)}
    texts['wsrelayd@.service'] = template_unit()
    for name, text in texts.items():
        (directory / name).write_text(text.replace('/usr/sbin/wsrelayd', str(daemon_binary())),
                                      encoding='ascii')
    return [directory / name for name in sorted(texts)]


def analyze(*arguments):
    return subprocess.run([require('systemd-analyze'), *map(str, arguments)], capture_output=True,
                          text=True, check=False)


def problems(units):
    """Exit status and output of systemd's own check."""
    result = analyze('--man=no', 'verify', *units)
    return result.returncode, result.stdout + result.stderr
