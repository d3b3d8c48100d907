"""Replicas of a service: small HTTP servers that say which of them answered.

    with Fleet(3) as fleet:                        # 127.x.y.1 to .3, all on one port
        fleet[0].requests, fleet[0].connections    # what it was asked; how many connections it holds open
    ReplicaProcess("127.0.7.1", 8080)              # the same server as a process, which can be killed

Every answer's body is the replica's address. `/held` is answered only after `release()`; `/halves/N` sends its head
and the first half of N bytes, and the second half after `release()`; `/bytes/N` sends N bytes at once.
"""

from __future__ import annotations

import contextlib
import os
import random
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

Address = tuple[str, int]
PATTERN = bytes(range(256)) * 4096  # 1 MiB that shows a byte out of place


def pattern(size: int) -> bytes:
    """The bytes of `/bytes/N` and `/halves/N`."""
    return (PATTERN * (size // len(PATTERN) + 1))[:size]


def loopback(host: int) -> str:
    """The address number `host` of a network that test runs side by side do not share."""
    pid = os.getpid()
    return f"127.{100 + pid // 256 % 100}.{pid % 256}.{host}"


def free_port() -> int:
    """A TCP port that no one uses on any address, outside the range from which outgoing connections take theirs."""
    while True:
        port = random.randrange(20_000, 32_000)
        with contextlib.suppress(OSError):
            socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True).close()
            return port


def refuses(address: Address) -> bool:
    """True where no one listens at the address any more."""
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with socket.socket(family) as knocker:
        return knocker.connect_ex(address) != 0


class Replica:
    """One server, one thread a connection, while the `with` block runs or until `stop`."""

    def __init__(self, host: str, port: int) -> None:
        self.address: Address = (host, port)
        self.name = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self.requests: list[str] = []
        self.accepted = 0
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._gate = threading.Event()
        self._listener: socket.socket | None = None

    def __enter__(self) -> Replica:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Listens; after a `stop` again."""
        family = socket.AF_INET6 if ":" in self.address[0] else socket.AF_INET
        listener = socket.create_server(self.address, family=family, backlog=512)
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def stop(self) -> None:
        """Closes the listener and every connection: from now on a connect is refused."""
        self._gate.set()
        if self._listener:
            # The accepting thread wakes from the shutdown; a close alone would leave it, and the port, waiting.
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def release(self) -> None:
        """Lets `/held` and the second half of `/halves/N` go."""
        self._gate.set()

    @property
    def connections(self) -> int:
        """How many connections are open: one is taken off when the other side's end has been read."""
        with self._lock:
            return len(self._open)

    def count(self, path: str) -> int:
        """How often a path was asked for."""
        with self._lock:
            return self.requests.count(path)

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with self._lock:
                    self.accepted += 1
                    self._open.add(connection)
                threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection: socket.socket) -> None:
        try:
            with connection, contextlib.suppress(OSError):
                for path in _request_targets(connection):
                    with self._lock:
                        self.requests.append(path)
                    self._answer(connection, path)
        finally:
            with self._lock:
                self._open.discard(connection)

    def _answer(self, connection: socket.socket, path: str) -> None:
        verb, _, size = path[1:].partition("?")[0].partition("/")
        body = pattern(int(size)) if verb in ("bytes", "halves") else self.name.encode()
        head = f"HTTP/1.1 200 OK\r\nX-Replica: {self.name}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        if verb == "halves":
            connection.sendall(head + body[: len(body) // 2])
            self._gate.wait()
            connection.sendall(body[len(body) // 2 :])
            return
        if verb == "held":
            self._gate.wait()
        connection.sendall(head + body)


def _request_targets(connection: socket.socket) -> Iterator[str]:
    """The target of each request on the connection, once its head and body are read."""
    pending = b""
    while True:
        while b"\r\n\r\n" not in pending:
            part = connection.recv(65536)
            if not part:
                return
            pending += part
        head, _, pending = pending.partition(b"\r\n\r\n")
        left = _content_length(head) - len(pending)
        while left > 0:
            part = connection.recv(65536)
            if not part:
                return
            pending += part
            left -= len(part)
        pending = pending[len(pending) + left :]
        yield head.split(b" ", 2)[1].decode("latin-1")


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


class Fleet:
    """Replicas on one port and addresses of their own, while the `with` block runs."""

    def __init__(self, *hosts: str | int) -> None:
        """A number alone: that many addresses of `loopback`; else the addresses themselves."""
        named = [str(host) for host in hosts]
        if len(hosts) == 1 and isinstance(hosts[0], int):
            named = [loopback(number + 1) for number in range(hosts[0])]
        self.hosts = named
        self.port = free_port()
        self.replicas = [Replica(host, self.port) for host in named]

    def __getitem__(self, index: int) -> Replica:
        return self.replicas[index]

    def __iter__(self) -> Iterator[Replica]:
        return iter(self.replicas)

    def __enter__(self) -> Fleet:
        for replica in self.replicas:
            replica.start()
        return self

    def __exit__(self, *_: object) -> None:
        for replica in self.replicas:
            replica.stop()


class ReplicaProcess:
    """The same server as a process of its own, which a scenario can kill as the kernel does."""

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.name = f"{host}:{port}"
        command = [sys.executable, "-I", "-S", str(Path(__file__)), host, str(port)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE)

    def wait_ready(self) -> None:
        """Returns once it listens."""
        assert self._process.stdout
        if self._process.stdout.readline() != b"ready\n":
            raise AssertionError(f"replica {self.name} did not start, status {self._process.wait()}")

    def kill(self) -> None:
        """SIGKILL: its connections are cut in the middle of whatever they carry."""
        self._process.kill()
        self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()


if __name__ == "__main__":
    with Replica(sys.argv[1], int(sys.argv[2])):
        print("ready", flush=True)
        threading.Event().wait()
