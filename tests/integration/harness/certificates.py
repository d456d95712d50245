"""The test certificates: made once a run by tests/certificates, shared by all processes."""

import atexit
import functools
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from harness.tools import REPOSITORY, require

VARIABLE = 'WSRELAYD_TEST_CERTIFICATES'


def make(directory):
    require('openssl')
    subprocess.run([REPOSITORY / 'tests' / 'certificates', str(directory)], check=True)


@functools.cache
def directory():
    """Where they are: given by the runner, or made for this process alone."""
    if VARIABLE in os.environ:
        return Path(os.environ[VARIABLE])
    made = Path(tempfile.mkdtemp(prefix='wsrelayd-certificates-'))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    make(made)
    return made


def get(name):
    """The pair (certificate, private key) of one of the names in tests/certificates."""
    return directory() / f'{name}.pem', directory() / f'{name}.key'
