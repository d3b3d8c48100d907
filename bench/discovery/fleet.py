"""Each proxy's replicas, and what DNS says of them.

Every proxy has a name and replicas of its own, so that none sees another's requests. What happens to one pool happens
to all at the same moment.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from harness.processes import Failure, Processes

from .names import Names

PROGRAM = Path(__file__).resolve().parent / "replica.py"
PATIENCE_SECONDS = 10.0


@dataclass
class Replica:
    """One replica of one pool. Times are of the monotonic clock; None: that has not happened to it yet."""

    pool: Pool
    address: str
    log: Path
    process: subprocess.Popen[bytes] | None = None
    listed_at: float | None = None
    listed_in: str | None = None  # The step in which DNS began to name it, and below, ceased to.
    unlisted_at: float | None = None
    unlisted_in: str | None = None
    hole: list[socket.socket] = field(default_factory=list)

    def record(self) -> list[float]:
        """When it listened, and then when each request came. Empty as long as it does not listen."""
        return [float(line) for line in self.log.read_text().splitlines()] if self.log.exists() else []


class Pool:
    """The replicas of one proxy under one name: those that DNS lists, oldest first, and all there ever were."""

    def __init__(self, proxy: str, number: int) -> None:
        self.proxy = proxy
        self.name = f"{proxy}.test"
        self.number = number
        self.listed: list[Replica] = []
        self.ever: list[Replica] = []


class Fleet:
    """All pools. A change is made to the first of `pools` first, but before anything else happens to all."""

    def __init__(self, proxies: list[str], names: Names, processes: Processes, directory: Path,
                 cpus: frozenset[int]) -> None:
        self.pools = [Pool(proxy, number) for number, proxy in enumerate(proxies, start=1)]
        self.port = free_port()
        self.step = ""
        self.outages_seconds: list[float] = []  # For how long there was no replica that could have answered.
        self._names = names
        self._processes = processes
        self._directory = directory
        self._cpus = cpus

    def rotate(self) -> None:
        """Lets another pool come first from now on."""
        self.pools = self.pools[1:] + self.pools[:1]

    def reserve(self, count: int) -> list[Replica]:
        """`count` replicas for each pool that do not run yet, at addresses that none has had before."""
        fresh = []
        for pool in self.pools * count:
            address = f"127.8.{pool.number}.{len(pool.ever) + 1}"
            pool.ever.append(Replica(pool, address, self._directory / f"replica-{address}.log"))
            fresh.append(pool.ever[-1])
        return fresh

    async def launch(self, replicas: list[Replica]) -> None:
        """Starts these; returns when all of them listen."""
        for replica in replicas:
            command = [sys.executable, "-I", "-S", str(PROGRAM), replica.address, str(self.port)]
            replica.process = self._processes.start(command, replica.log, self._cpus)
        for replica in replicas:
            await until(lambda: bool(replica.record()), f"{replica.address} to listen")

    def oldest(self, count: int) -> list[Replica]:
        """The `count` replicas of each pool that have been listed longest."""
        return [replica for pool in self.pools for replica in pool.listed[:count]]

    def list(self, replicas: list[Replica]) -> None:
        """Adds these to what DNS answers."""
        now = time.monotonic()
        for replica in replicas:
            replica.pool.listed.append(replica)
            replica.listed_at, replica.listed_in = now, self.step
        self._publish()

    def unlist(self, replicas: list[Replica]) -> None:
        """Takes these out of what DNS answers."""
        now = time.monotonic()
        for replica in replicas:
            replica.pool.listed.remove(replica)
            replica.unlisted_at, replica.unlisted_in = now, self.step
        self._publish()

    async def end(self, replicas: list[Replica], sign: signal.Signals) -> None:
        """Sends `sign` to all of these; returns when they have ended."""
        ending = [replica.process for replica in replicas if replica.process is not None]
        for process in ending:
            process.send_signal(sign)
        for process in ending:
            await until(lambda: process.poll() is not None, f"process {process.pid} to end")
            self._processes.end(process)

    async def silence(self, replicas: list[Replica]) -> None:
        """Kills these and lets connects to their addresses hang, as when a host is gone.

        A listening socket whose queue is full does not answer further ones (listen(2)).
        """
        await self.end(replicas, signal.SIGKILL)
        for replica in replicas:
            address = (replica.address, self.port)
            replica.hole = [socket.create_server(address, backlog=0), begin_connect(address), begin_connect(address)]

    def end_silence(self, replicas: list[Replica]) -> None:
        """Gives the addresses of `silence` back."""
        for replica in replicas:
            while replica.hole:
                replica.hole.pop().close()

    def _publish(self) -> None:
        for pool in self.pools:
            self._names.point(pool.name, [replica.address for replica in pool.listed])


async def until(condition: Callable[[], bool], what: str) -> None:
    """Returns when `condition` holds, and lets other tasks run meanwhile. Raises Failure when it takes too long."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise Failure(f"waited {PATIENCE_SECONDS:g} s in vain for {what}")
        await asyncio.sleep(0.002)


def begin_connect(address: tuple[str, int]) -> socket.socket:
    connection = socket.socket()
    connection.setblocking(False)
    connection.connect_ex(address)
    return connection


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("0.0.0.0", 0))
        return int(probe.getsockname()[1])
