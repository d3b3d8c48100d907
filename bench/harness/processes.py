"""Starting a process, and ending every one that was started."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

PR_SET_PDEATHSIG = 1
libc = ctypes.CDLL(None, use_errno=True)


class Failure(Exception):
    """The benchmark cannot go on; the text says why, for a person to read."""


def wait_for(condition: Callable[[], object], what: str, seconds: float = 10.0) -> None:
    """Returns when `condition` holds. Raises Failure naming `what` when it does not within `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise Failure(f"waited {seconds:g} s in vain for {what}")
        time.sleep(0.01)


def end_on_signals() -> None:
    """Lets SIGINT and SIGTERM unwind the stack, so that `with` blocks end what they started.

    SIGINT too is set, for where the shell had it ignored: in a background job.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


def raise_descriptor_limit() -> int:
    """Allows as many open files as the hard limit does, up to 20,000, for this process and all it starts."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = 20_000 if hard == resource.RLIM_INFINITY else min(hard, 20_000)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return allowed


class Processes:
    """A `with` block's worth of processes. All of them have ended when the block is left, however it is left."""

    def __init__(self) -> None:
        self._running: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        for process in reversed(list(self._running)):
            self.end(process)

    def start(self, command: list[str], log: Path, cpus: frozenset[int]) -> subprocess.Popen[bytes]:
        """Starts `command` on `cpus`, its output going to the file `log`."""

        def in_the_child() -> None:
            # Should this script be killed outright, the kernel ends the child in its place.
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
            os.sched_setaffinity(0, cpus)

        with log.open("wb") as output:
            # A session of its own: a Ctrl-C reaches this script alone, which then ends the child in good order.
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                                       start_new_session=True, preexec_fn=in_the_child)
        self._running.append(process)
        return process

    def end(self, process: subprocess.Popen[bytes], sign: signal.Signals = signal.SIGTERM) -> None:
        """Ends `process` by its id: asks, and after 5 s insists."""
        if process.poll() is None:
            process.send_signal(sign)
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._running.remove(process)
