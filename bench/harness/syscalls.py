"""System calls per request, counted by strace for a moment while the load runs."""

from __future__ import annotations

import signal
import time
from pathlib import Path

from . import accounting
from .processes import Failure, wait_for
from .servers import Server, Stage

# What touches a socket, a pipe or the poller counts as I/O. The rest (futex, brk, getpid ...) is listed, not counted.
IO_CALLS = frozenset("""
    accept accept4 bind close connect dup dup2 dup3 epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 epoll_wait fcntl
    getpeername getsockname getsockopt ioctl io_uring_enter pipe pipe2 poll ppoll pread64 preadv preadv2 pselect6
    pwrite64 pwritev pwritev2 read readv recvfrom recvmmsg recvmsg select sendfile sendmmsg sendmsg sendto setsockopt
    shutdown socket splice tee vmsplice write writev
""".split())


def count(stage: Stage, server: Server, seconds: float) -> dict[str, float]:
    """Calls per request by name, of all threads of `server`, while somebody else keeps it under load.

    The requests are those that the upstream counted between strace's start and its end, so that the connections'
    opening and closing falls outside, unless it belongs to each request.
    """
    output = stage.directory / "strace.out"
    command = ["strace", "-c", "-U", "calls,name", "-f", "-q", "-o", str(output)]
    for pid in accounting.tree(server.pid):
        command += ["-p", str(pid)]
    tracer = stage.processes.start(command, stage.directory / "strace.log", stage.placement.load)
    wait_for(lambda: tracer.poll() is not None or all_traced(server), "strace to attach")
    if tracer.poll() is not None:
        raise Failure(f"strace ended: {(stage.directory / 'strace.log').read_text()}")
    before = stage.proxied_requests()
    time.sleep(seconds)
    requests = stage.proxied_requests() - before
    stage.processes.end(tracer, signal.SIGINT)
    if requests <= 0:
        raise Failure(f"no request passed {server.name} under strace")
    return {name: calls / requests for name, calls in parse(output)}


def all_traced(server: Server) -> bool:
    return all("TracerPid:\t0\n" not in (thread / "status").read_text()
               for thread in accounting.threads(server.pid))


def parse(output: Path) -> list[tuple[str, int]]:
    """The rows `calls name` of strace's summary, without its head, rulers and total."""
    rows = [line.split() for line in output.read_text().splitlines()]
    return [(row[1], int(row[0])) for row in rows if len(row) == 2 and row[0].isdigit() and row[1] != "total"]


def io_calls(per_request: dict[str, float]) -> float:
    return sum(calls for name, calls in per_request.items() if name in IO_CALLS)
