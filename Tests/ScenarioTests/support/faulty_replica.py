"""One replica of a service, as a program: it answers, writes down what it does, and misbehaves where it is told to.

    python faulty_replica.py HOST PORT SERVICE LEDGER

Each line of standard input is a `Behaviour`, from the next request on; its end ends the program. Standard output says
`ready` once connecting succeeds, and repeats each behaviour once it holds. The ledger is a file that replicas share: a
line for each connection, each request that arrived, and each that was done, written before its answer leaves.

SIGTERM is followed as well-behaved servers do: no new connections, `Connection: close` in further answers on those that
there are, and the end as soon as none is left, or with the last running request once `GRACE_SECONDS` are over.
"""

from __future__ import annotations

import ctypes
import os
import selectors
import signal
import socket
import struct
import sys
import threading
import time
import zlib
from contextlib import suppress

GRACE_SECONDS = 0.8
SO_ATTACH_FILTER = 26
BPF_RET = 0x06


class Behaviour:
    """What becomes of requests."""

    ANSWER = "answer"
    SILENCE = "silence"  # read, and never answered
    FAIL = "fail"  # answered 500
    RESET = "reset"  # each connection is reset as soon as it is there
    RESET_READING = "reset-reading"  # reset with a part of the request read


class Event:
    """What the ledger's lines are about."""

    CONNECTED = "connected"
    ARRIVED = "arrived"
    DONE = "done"


def padding(size: int) -> bytes:
    """The end of an answer: so many bytes that show one out of place."""
    return (bytes(range(256)) * (size // 256 + 1))[:size]


class FaultyReplica:
    def __init__(self, host: str, port: int, service: str, ledger: str) -> None:
        self.name = host
        self.service = service
        self.behaviour = Behaviour.ANSWER
        self._draining = False
        self._connections = 0
        self._running = 0
        self._changed = threading.Condition()
        self._ledger = os.open(ledger, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        self._listener = socket.create_server((host, port), backlog=512)
        self._listener.setblocking(False)

    def run(self) -> None:
        """Serves until standard input ends or SIGTERM has been followed."""
        woken, waker = socket.socketpair()
        waker.setblocking(False)
        signal.set_wakeup_fd(waker.fileno())
        signal.signal(signal.SIGTERM, lambda *_: None)
        with selectors.DefaultSelector() as selector:
            for source in (self._listener, sys.stdin.fileno(), woken):
                selector.register(source, selectors.EVENT_READ)
            print("ready", flush=True)
            while True:
                ready = [key.fileobj for key, _ in selector.select()]
                if self._listener in ready:
                    self._accept()
                if woken in ready:
                    return self._drain()
                if sys.stdin.fileno() in ready:
                    said = os.read(sys.stdin.fileno(), 100).decode().strip()
                    if not said:
                        return
                    self.behaviour = said
                    print(said, flush=True)

    def _accept(self) -> None:
        with suppress(BlockingIOError):
            while True:
                connection, _ = self._listener.accept()
                connection.setblocking(True)
                with self._changed:
                    self._connections += 1
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _drain(self) -> None:
        # The listener's close resets what waits to be accepted: nothing more comes, then the queue is emptied.
        _drop_packets(self._listener)
        self._accept()
        self._listener.close()
        self._draining = True
        with self._changed:
            self._changed.wait_for(lambda: not self._connections, GRACE_SECONDS)
            self._changed.wait_for(lambda: not self._running)

    def _note(self, event: str, method: str = "-", request_id: str = "-") -> None:
        line = f"{time.monotonic():.6f} {self.service} {self.name} {event} {method} {request_id}\n"
        os.write(self._ledger, line.encode())

    # One connection

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._note(Event.CONNECTED)
            if self.behaviour == Behaviour.RESET:
                _reset(connection)
            else:
                self._converse(connection)
        with self._changed:
            self._connections -= 1
            self._changed.notify()

    def _converse(self, connection: socket.socket) -> None:
        pending = b""
        while pending or (pending := connection.recv(65536)):
            with self._changed:
                self._running += 1
            try:
                rest = self._exchange(connection, pending)
            finally:
                with self._changed:
                    self._running -= 1
                    self._changed.notify()
            if rest is None:
                return
            pending = rest

    def _exchange(self, connection: socket.socket, pending: bytes) -> bytes | None:
        """Serves one request that has begun to arrive. Returns what came behind it; None: the connection has to end."""
        if self.behaviour in (Behaviour.RESET, Behaviour.RESET_READING):
            self._note(Event.ARRIVED)
            return _reset(connection)
        while b"\r\n\r\n" not in pending:
            if not (part := connection.recv(65536)):
                return None
            pending += part
        head, _, body = pending.partition(b"\r\n\r\n")
        length = _content_length(head)
        while len(body) < length:
            if not (part := connection.recv(65536)):
                return None
            body += part
        method, target = head.decode("latin-1").split(" ", 2)[:2]
        request_id, _, size = target.removeprefix("/").partition("?")
        self._note(Event.ARRIVED, method, request_id)
        if self.behaviour == Behaviour.SILENCE:
            while connection.recv(65536):
                pass
            return None
        if self.behaviour == Behaviour.FAIL:
            connection.sendall(b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 6\r\n\r\nbroken")
            return body[length:]
        self._note(Event.DONE, method, request_id)
        digest = zlib.crc32(body[:length])
        answer = f"{self.service} {self.name} {method} {request_id} {length} {digest}\n".encode() + padding(int(size))
        closing = "Connection: close\r\n" if self._draining else ""
        connection.sendall(f"HTTP/1.1 200 OK\r\n{closing}Content-Length: {len(answer)}\r\n\r\n".encode() + answer)
        return None if closing else body[length:]


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


def _drop_packets(listener: socket.socket) -> None:
    """Lets nothing more reach a listener: a filter of one instruction, `ret 0` (socket(7), SO_ATTACH_FILTER)."""
    instruction = ctypes.create_string_buffer(struct.pack("HBBI", BPF_RET, 0, 0, 0))
    listener.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HP", 1, ctypes.addressof(instruction)))


def _reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


if __name__ == "__main__":
    FaultyReplica(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]).run()
