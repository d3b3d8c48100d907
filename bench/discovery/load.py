"""Requests at a steady rate, each one accounted for.

The rate does not depend on the answers: a request that is due is sent, on a new connection where the others are busy.
A proxy that lets requests wait thus gets as many as one that refuses them at once.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass

CONNECTIONS = 16
CONNECTIONS_MAX = 2048
PATIENCE_SECONDS = 5.0
REQUEST = b"GET / HTTP/1.1\r\nHost: bench.test\r\n\r\n"


@dataclass(frozen=True)
class Outcome:
    """One request: when it was due (monotonic), how long its answer took, and what went wrong, if anything did."""

    due: float
    seconds: float
    error: str | None


class Broken(Exception):
    """An answer that is no whole 200."""


class Load:
    """`rate` requests a second to one proxy, over keep-alive connections used in turn."""

    def __init__(self, address: tuple[str, int], rate: float) -> None:
        self.outcomes: list[Outcome] = []
        self._address = address
        self._rate = rate
        self._idle: deque[Connection] = deque()
        self._open = 0
        self._running: set[asyncio.Task[None]] = set()

    async def run(self, ending: asyncio.Event) -> None:
        """Sends until `ending` is set, and returns when every request has had its outcome."""
        start, sent = time.monotonic(), 0
        for _ in range(CONNECTIONS):
            self._idle.append(await self._connect())
        while not ending.is_set():
            due = start + sent / self._rate
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            task = asyncio.create_task(self._ask(due))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
            sent += 1
        await asyncio.gather(*self._running)
        while self._idle:
            self._drop(self._idle.popleft())

    async def _ask(self, due: float) -> None:
        error, began = None, time.monotonic()
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._exchange()
        except TimeoutError:
            error = "no answer in time"
        except Broken as broken:
            error = str(broken)
        except (OSError, asyncio.IncompleteReadError) as failure:
            error = "reset" if isinstance(failure, (ConnectionError, asyncio.IncompleteReadError)) else str(failure)
        self.outcomes.append(Outcome(due, time.monotonic() - began, error))

    async def _exchange(self) -> None:
        connection = await self._take()
        kept = False
        try:
            kept = await connection.ask()
        finally:
            if kept:
                self._idle.append(connection)
            else:
                self._drop(connection)

    async def _take(self) -> Connection:
        """The connection that has been idle longest and is still open, or a new one."""
        while self._idle:
            connection = self._idle.popleft()
            if not connection.ended():
                return connection
            self._drop(connection)
        return await self._connect()

    async def _connect(self) -> Connection:
        if self._open >= CONNECTIONS_MAX:
            raise Broken("too many connections wait")
        self._open += 1
        try:
            return Connection(*await asyncio.open_connection(*self._address))
        except BaseException:
            self._open -= 1
            raise

    def _drop(self, connection: Connection) -> None:
        self._open -= 1
        connection.close()


class Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def ask(self) -> bool:
        """Sends a request and reads its answer. Returns whether the connection can be used again."""
        self._writer.write(REQUEST)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        status = head.split(b" ", 2)[1]
        length = next((line for line in head.split(b"\r\n") if line.startswith(b"content-length:")), None)
        if length is not None:
            await self._reader.readexactly(int(length[15:]))
        if status != b"200":
            raise Broken(status.decode())
        return length is not None and b"\r\nconnection: close\r\n" not in head

    def ended(self) -> bool:
        return self._reader.at_eof() or self._writer.is_closing()

    def close(self) -> None:
        self._writer.close()
