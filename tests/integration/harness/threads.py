"""One thread of a running process, held where it is while the others go on."""

import ctypes
import os
from pathlib import Path

from harness.deadline import wait_until

PTRACE_DETACH = 17
PTRACE_SEIZE = 0x4206
PTRACE_INTERRUPT = 0x4207
WAIT_FOR_THREADS = 0x40000000   # __WALL

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
LIBC.ptrace.restype = ctypes.c_long


def ptrace(request, thread):
    if LIBC.ptrace(request, thread, None, None) != 0:
        error = ctypes.get_errno()
        raise AssertionError(f'cannot hold a thread of the daemon: {os.strerror(error)}')


def find_thread(pid, name):
    """The number of the thread with this name."""
    def find():
        for directory in Path(f'/proc/{pid}/task').iterdir():
            if (directory / 'comm').read_text(encoding='ascii').strip() == name:
                return int(directory.name)
        return None
    return wait_until(find, f'a thread {name}')


class HeldThread:
    """Holds a thread from entering to leaving the context, as a system call that never comes back
    would."""

    def __init__(self, pid, name):
        self.thread = find_thread(pid, name)

    def __enter__(self):
        ptrace(PTRACE_SEIZE, self.thread)
        ptrace(PTRACE_INTERRUPT, self.thread)
        os.waitpid(self.thread, WAIT_FOR_THREADS)
        return self

    def __exit__(self, *_):
        ptrace(PTRACE_DETACH, self.thread)
