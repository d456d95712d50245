"""Programs that tests drive. A missing one fails the test with the command that installs it."""

import functools
import os
import re
import shutil
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
NODE_MODULES = REPOSITORY / 'build' / 'node_modules'
INSTALL = 'run: make check-deps'


def require(*names):
    """The path of a program, by the first name it has, or a failure that says how to get it."""
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        raise AssertionError(f'{names[0]} is not installed; {INSTALL}')
    return path


def require_node_module(name):
    """Node's path and an environment in which it finds the module."""
    node = require('node')
    modules = Path(os.environ.get('NODE_MODULES', NODE_MODULES))
    if not (modules / name).is_dir():
        raise AssertionError(f'{modules}/{name} is not installed; {INSTALL}')
    return node, {**os.environ, 'NODE_PATH': str(modules)}


def require_websockets():
    """The Python package `websockets` of Debian 12 (version 10)."""
    try:
        import websockets
    except ImportError:
        raise AssertionError(f'python3-websockets is not installed; {INSTALL}') from None
    return websockets


def daemon_binary():
    path = Path(os.environ.get('WSRELAYD', REPOSITORY / 'build' / 'wsrelayd')).resolve()
    if not path.is_file():
        raise AssertionError(f'{path} does not exist; run: make')
    return path


@functools.cache
def is_sanitized():
    """Whether the binary is a sanitizer's build, whose memory says little."""
    return re.search(rb'__[at]san_init', daemon_binary().read_bytes()) is not None


def is_thread_sanitized():
    """Whether it is ThreadSanitizer's."""
    return b'__tsan_init' in daemon_binary().read_bytes()
