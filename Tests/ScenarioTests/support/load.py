"""Clients that ask without a pause and forgive nothing: every answer that is not a whole 200 is a failure."""

from __future__ import annotations

import socket
import threading
import time

KEPT = b"GET / HTTP/1.1\r\nHost: web.test\r\n\r\n"
CLOSED = b"GET / HTTP/1.1\r\nHost: web.test\r\nConnection: close\r\n\r\n"


class Load:
    """Threads that send GETs while the `with` block runs: most on kept connections, some on a new one each time.

    `first[name]` is when the replica of that name answered first, `last[name]` when it did so last.
    """

    def __init__(self, address: tuple[str, int], kept: int = 20, closing: int = 4) -> None:
        self._address = address
        self._ending = threading.Event()
        self._lock = threading.Lock()
        self.failures: list[str] = []
        self.answers = 0
        self.first: dict[str, float] = {}
        self.last: dict[str, float] = {}
        tasks = [self._keep] * kept + [self._reconnect] * closing
        self._threads = [threading.Thread(target=task, daemon=True) for task in tasks]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Ends the threads, each after its running request; from now on nothing changes. May be called again."""
        self._ending.set()
        for thread in self._threads:
            thread.join(15)
            if thread.is_alive():
                self.failures.append("a client still waits for its answer")

    def _keep(self) -> None:
        while not self._ending.is_set():
            try:
                with self._connect() as connection:
                    while not self._ending.is_set():
                        self._ask(connection, KEPT)
            except (OSError, ValueError) as error:
                self._fail(error)

    def _reconnect(self) -> None:
        while not self._ending.is_set():
            try:
                with self._connect() as connection:
                    self._ask(connection, CLOSED)
                    if connection.recv(1):
                        raise ValueError("bytes after a closing answer")
            except (OSError, ValueError) as error:
                self._fail(error)

    def _connect(self) -> socket.socket:
        connection = socket.create_connection(self._address, timeout=10)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def _ask(self, connection: socket.socket, request: bytes) -> None:
        connection.sendall(request)
        name = _read_answer(connection)
        now = time.monotonic()
        with self._lock:
            self.answers += 1
            self.first.setdefault(name, now)
            self.last[name] = now

    def _fail(self, error: Exception) -> None:
        with self._lock:
            self.failures.append(f"{time.monotonic():.3f}: {error!r}")
        time.sleep(0.01)  # So that a balancer that is gone does not fill the memory with failures.


def _read_answer(connection: socket.socket) -> str:
    """The body of a 200 with Content-Length, and not a byte more."""
    data = b""
    while (end := data.find(b"\r\n\r\n")) < 0:
        data += _part(connection, data)
    head = data[:end].lower()
    if not head.startswith(b"http/1.1 200 "):
        raise ValueError(f"not a 200: {data[:200]!r}")
    length = int(head.split(b"\r\ncontent-length:", 1)[1].split(b"\r\n", 1)[0])
    while len(data) < end + 4 + length:
        data += _part(connection, data)
    if len(data) > end + 4 + length:
        raise ValueError(f"more than one answer: {data[:400]!r}")
    return data[end + 4 :].decode()


def _part(connection: socket.socket, so_far: bytes) -> bytes:
    part = connection.recv(65536)
    if not part:
        raise ValueError(f"closed after {so_far[:200]!r}")
    return part
