#!/usr/bin/python3
"""A small HTTP server of one address, which takes SERVICE_SECONDS for each answer.

    replica.py HOST PORT

It writes a line when it listens, and then one for each request: the time on the monotonic clock.
On SIGTERM it ends in good order, as most servers do: it stops listening, closes idle connections, answers what it has
begun, and is gone.
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import sys
import time
from collections import deque

SERVICE_SECONDS = 0.02
END_OF_HEAD = b"\r\n\r\n"


class Replica:
    def __init__(self, host: str, port: int) -> None:
        self._body = host.encode()
        self._listener = socket.create_server((host, port), backlog=512)
        self._listener.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._received: dict[socket.socket, bytes] = {}
        self._awaited: deque[tuple[float, socket.socket]] = deque()  # The oldest is due first.
        self._stopping = False

    def serve(self) -> None:
        """Returns after SIGTERM, when the last request is answered."""
        self._wake_on_signal()
        record(time.monotonic())
        while not self._stopping:
            self._turn()
        self._selector.unregister(self._listener)
        self._listener.close()
        busy = {connection for _, connection in self._awaited}
        for connection in set(self._received) - busy:
            self._close(connection)
        while self._awaited:
            self._turn()

    def _turn(self) -> None:
        pause = max(0.0, self._awaited[0][0] - time.monotonic()) if self._awaited else None
        for key, _ in self._selector.select(pause):
            if key.fileobj is self._listener:
                self._accept()
            elif isinstance(key.fileobj, socket.socket) and key.fileobj in self._received:
                self._receive(key.fileobj)
        while self._awaited and self._awaited[0][0] <= time.monotonic():
            self._answer(self._awaited.popleft()[1])

    def _accept(self) -> None:
        connection, _ = self._listener.accept()
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received[connection] = b""
        self._selector.register(connection, selectors.EVENT_READ)

    def _receive(self, connection: socket.socket) -> None:
        try:
            data = connection.recv(65536)
        except OSError:
            data = b""
        if not data:
            self._close(connection)
            return
        self._received[connection] += data
        if self._received[connection].endswith(END_OF_HEAD):
            self._received[connection] = b""
            now = time.monotonic()
            record(now)
            self._awaited.append((now + SERVICE_SECONDS, connection))

    def _answer(self, connection: socket.socket) -> None:
        if connection not in self._received:
            return
        last = b"Connection: close\r\n" if self._stopping else b""
        head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%s\r\n" % (len(self._body), last)
        try:
            connection.sendall(head + self._body)
        except OSError:
            self._close(connection)
        if self._stopping and connection in self._received:
            self._close(connection)

    def _close(self, connection: socket.socket) -> None:
        del self._received[connection]
        self._selector.unregister(connection)
        connection.close()

    def _wake_on_signal(self) -> None:
        reading, writing = socket.socketpair()
        writing.setblocking(False)
        signal.set_wakeup_fd(writing.fileno())
        self._selector.register(reading, selectors.EVENT_READ)
        self._wakeup = (reading, writing)
        signal.signal(signal.SIGTERM, self._stop)

    def _stop(self, *_: object) -> None:
        self._stopping = True


def record(moment: float) -> None:
    """Written at once, so that a SIGKILL takes none of it away."""
    os.write(1, b"%.6f\n" % moment)


if __name__ == "__main__":
    Replica(sys.argv[1], int(sys.argv[2])).serve()
