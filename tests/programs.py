"""Programs that tests run: each leads a session of its own, and nothing of it outlives it."""

import concurrent.futures
import os
import signal
import subprocess
import threading

STOP_SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)

# What a program may take to end what it runs itself, after it was told to.
END_SECONDS = 10

running = set()
stopped_by = None


def end_on_signals():
    """Has the first signal to stop end all programs, and run() start no more. A thread of its own
    does so: the main thread, which handlers run in, may wait for a lock and not notice."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)
    for number in STOP_SIGNALS:
        signal.signal(number, lambda *_: None)
    threading.Thread(target=end_on_byte, args=[reader], daemon=True).start()


def end_on_byte(reader):
    """What a signal writes is its number."""
    global stopped_by
    stopped_by = os.read(reader, 1)[0]
    for program in list(running):
        end(program)


def signal_all_of(program, number):
    """Sends a signal to a program and to everything that it has started in its session."""
    try:
        os.killpg(program.pid, number)
    except ProcessLookupError:
        pass


def end(program):
    """Lets a program end what it runs itself, and makes it end if it does not."""
    signal_all_of(program, signal.SIGTERM)
    try:
        program.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        pass
    signal_all_of(program, signal.SIGKILL)


def exit_if_stopped():
    if stopped_by is not None:
        raise SystemExit(128 + stopped_by)


def run(command, seconds_allowed, **options):
    """Runs a program to its end, which comes by force when it takes too long. Returns its status
    and what it wrote to standard output and, if the options say so, to standard error."""
    exit_if_stopped()
    program = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                               errors='replace', start_new_session=True, **options)
    running.add(program)
    late = threading.Timer(0 if stopped_by else seconds_allowed, end, [program])
    late.start()
    output, errors = program.communicate()
    late.cancel()
    signal_all_of(program, signal.SIGKILL)
    running.discard(program)
    exit_if_stopped()
    return program.returncode, output, errors


def run_all(jobs, at_once, report):
    """Calls functions that run programs, so many at a time, and `report` with each result as it
    comes."""
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        for future in concurrent.futures.as_completed([pool.submit(job) for job in jobs]):
            report(future.result())
