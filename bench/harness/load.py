"""wrk, and connections that are opened and left idle."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from .cases import Case
from .processes import Failure, Processes, wait_for
from .servers import ADDRESS, BENCH, Server


@dataclass(frozen=True)
class Load:
    """What wrk saw: latencies in microseconds, `failed` the number of requests that got no 200."""

    requests: int
    seconds: float
    p50_us: float
    p99_us: float
    failed: int


def command(case: Case, server: Server, seconds: int) -> list[str]:
    """wrk's command line for `case`: one thread, so that it takes no more than one processor."""
    words = ["wrk", "-t", "1", "-c", str(case.connections), "-d", f"{seconds}s", "--latency", "--timeout", "10s",
             "-s", str(BENCH / "wrk" / "load.lua")]
    if case.close:
        words += ["-H", "Connection: close"]
    words += [server.url + case.path]
    return words + ["--", str(case.body_bytes)] if case.body_bytes else words


class Wrk:
    """wrk, started and at work."""

    def __init__(self, processes: Processes, case: Case, server: Server, seconds: int, log: Path,
                 cpus: frozenset[int]) -> None:
        self._processes = processes
        self._log = log
        self._seconds = seconds
        self._process = processes.start(command(case, server, seconds), log, cpus)

    def result(self) -> Load:
        """Waits for the end and returns what was seen. Raises Failure when wrk failed."""
        try:
            status = self._process.wait(self._seconds + 30)
        except subprocess.TimeoutExpired:
            raise Failure("wrk did not end in time") from None
        self._processes.end(self._process)
        text = self._log.read_text()
        if status != 0 or not text.rstrip().endswith("}"):
            raise Failure(f"wrk ended with {status}:\n{text}")
        seen = json.loads(text.splitlines()[-1])
        return Load(seen["requests"], seen["seconds"], seen["p50_us"], seen["p99_us"], sum(seen["errors"].values()))

    def wait_until(self, condition: Callable[[], object]) -> None:
        """Returns when `condition` holds. Raises Failure when wrk ends before."""

        def holds_or_ended() -> bool:
            if self._process.poll() is not None:
                raise Failure(f"wrk ended too early:\n{self._log.read_text()}")
            return bool(condition())

        wait_for(holds_or_ended, "wrk's load to flow")

    def end(self) -> None:
        """Ends wrk before its time; there is no result then."""
        self._processes.end(self._process)


def children_seconds() -> float:
    """Processor seconds of all children that have ended: wrk's, taken before and after."""
    times = os.times()
    return times.children_user + times.children_system


@contextmanager
def idle_connections(server: Server, count: int) -> Iterator[None]:
    """Opens `count` keep-alive connections; each makes one request and then stays open until the block is left."""
    head = f"GET /small HTTP/1.1\r\nHost: {ADDRESS}:{server.port}\r\n\r\n".encode()
    with ExitStack() as stack:
        for _ in range(count):
            connection = stack.enter_context(socket.create_connection((ADDRESS, server.port), timeout=10))
            connection.sendall(head)
            read_small_answer(connection, server)
        yield


def read_small_answer(connection: socket.socket, server: Server) -> None:
    """Reads a whole answer with Content-Length. Raises Failure when it is not a 200 or is cut short."""
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += receive(connection, server)
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").lower().split("\r\n")
    length = next((int(line.split(":")[1]) for line in lines if line.startswith("content-length:")), None)
    if length is None or " 200 " not in lines[0] + " ":
        raise Failure(f"{server.name} answered an idle connection's request with {lines[0]}")
    while len(body) < length:
        body += receive(connection, server)


def receive(connection: socket.socket, server: Server) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise Failure(f"{server.name} closed a connection in the middle of an answer")
    return data
