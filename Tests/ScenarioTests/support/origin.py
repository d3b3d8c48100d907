"""Scripted raw origins: what stands behind the balancer in a scenario.

    def handler(connection):
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with Origin(handler) as origin, Balancer("--upstream", origin.name) as balancer:
        ...

A handler runs in a thread of its own for each connection, which is closed when it returns. An error in a handler,
also a failed assertion, fails the test.
"""

from __future__ import annotations

import re
import socket
import threading
from dataclasses import dataclass, field
from types import TracebackType
from typing import Callable

from .deadline import seconds, wait_until
from .wire import Body, Cut, Fields, Head, Malformed, Wire

REQUEST_LINE = re.compile(r"([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([!-~\x80-\xff]+) HTTP/1\.([01])")


@dataclass
class Request:
    """A request as an origin received it."""

    method: str
    target: str
    version: str
    fields: Fields
    raw_head: bytes
    body: Body = field(default_factory=lambda: Body("none"))

    @property
    def content(self) -> bytes:
        return self.body.content


class Connection(Wire):
    """An accepted connection; `index` counts them from 0."""

    def __init__(self, connection: socket.socket, origin: Origin, index: int) -> None:
        super().__init__(connection, origin.record)
        self.origin = origin
        self.index = index

    def read_request_head(self, within: float = 10.0) -> Request:
        """The next request's head; its body, if any, is left to be read."""
        head: Head = self.read_head(within)
        match = REQUEST_LINE.fullmatch(head.start)
        if not match:
            raise Malformed(f"no request line: {head.start!r}")
        return Request(match[1], match[2], f"HTTP/1.{match[3]}", head.fields, head.raw)

    def read_body(self, request: Request, within: float = 10.0) -> None:
        if request.fields.has("Transfer-Encoding"):
            if request.fields.one("Transfer-Encoding") != "chunked":
                raise Malformed(f"transfer coding: {request.fields}")
            request.body = self.read_chunked(within)
        elif request.fields.has("Content-Length"):
            request.body = Body("length", self.read_exact(int(request.fields.one("Content-Length")), within))

    def read_request(self, within: float = 10.0) -> Request:
        """The next request, whole. It is also added to the origin's `requests`."""
        request = self.read_request_head(within)
        self.read_body(request, within)
        self.origin.requests.append(request)
        return request

    def next_request(self, within: float = 10.0) -> Request | None:
        """As `read_request`, but None where the connection ends before the request's first byte."""
        try:
            request = self.read_request_head(within)
        except Cut as cut:
            if cut.so_far:
                raise
            return None
        self.read_body(request, within)
        self.origin.requests.append(request)
        return request


Handler = Callable[[Connection], None]


class Origin:
    """A TCP server on an address of this machine. It records its connections and the requests they read.

    Its address is known, and connecting to it refused, before its `with` block begins.
    """

    def __init__(self, handler: Handler, host: str = "127.0.0.1", port: int = 0, record: bool = True) -> None:
        self.handler = handler
        self.record = record
        self.connections: list[Connection] = []
        self.requests: list[Request] = []
        self._errors: list[BaseException] = []
        self._threads: list[threading.Thread] = []
        self._stopping = False
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind((host, port))
        self.address: tuple[str, int] = self._listener.getsockname()[:2]

    @property
    def name(self) -> str:
        """`HOST:PORT`, as `--upstream` takes it."""
        return f"{self.address[0]}:{self.address[1]}"

    @property
    def received(self) -> bytes:
        """Every byte that came on any connection."""
        return b"".join(bytes(connection.received) for connection in self.connections)

    def wait_requests(self, count: int, within: float = 5.0) -> list[Request]:
        wait_until(lambda: len(self.requests) >= count, f"{count} requests at the origin", within)
        return self.requests

    def wait_connections(self, count: int, within: float = 5.0) -> list[Connection]:
        wait_until(lambda: len(self.connections) >= count, f"{count} connections at the origin", within)
        return self.connections

    def __enter__(self) -> Origin:
        self._listener.listen(512)
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()
        return self

    def _accept(self) -> None:
        while True:
            try:
                accepted, _ = self._listener.accept()
            except OSError:
                return
            connection = Connection(accepted, self, len(self.connections))
            self.connections.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: Connection) -> None:
        try:
            self.handler(connection)
        except BaseException as error:
            if not self._stopping:
                self._errors.append(error)
        finally:
            connection.close()

    def stop_listening(self) -> None:
        """No new connection is accepted: connecting is refused from now on. Those that are open go on."""
        if self._listener.fileno() >= 0:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._acceptor.join(seconds(5))
            self._listener.close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop_listening()
        self._stopping = True
        for connection in self.connections:
            try:
                connection.socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # Its handler has closed it.
        for thread in self._threads:
            thread.join(seconds(5))
            assert not thread.is_alive(), "a handler does not end"
        if error is not None:
            for caught in self._errors:
                error.add_note(f"in the origin's handler: {caught!r}")
        elif self._errors:
            raise self._errors[0]


def ok(body: bytes = b"ok", *fields: str) -> bytes:
    """A plain 200 with Content-Length."""
    return answer("200 OK", *fields, body=body)


def answer(status: str, *fields: str, body: bytes = b"") -> bytes:
    """An answer with Content-Length and these fields before it."""
    lines = [f"HTTP/1.1 {status}", *fields, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def always(reply: bytes | Callable[[Request], bytes]) -> Handler:
    """Answers every request of a kept-alive connection with these bytes, or with what the function makes of it."""

    def handler(connection: Connection) -> None:
        while request := connection.next_request():
            connection.send(reply if isinstance(reply, bytes) else reply(request))

    return handler


def once(reply: bytes) -> Handler:
    """Answers one request with these bytes and closes the connection in order."""

    def handler(connection: Connection) -> None:
        connection.read_request()
        connection.send(reply)

    return handler


def in_turn(*handlers: Handler) -> Handler:
    """The first connection goes to the first handler, and so on; those that are more go to the last."""

    def handler(connection: Connection) -> None:
        handlers[min(connection.index, len(handlers) - 1)](connection)

    return handler
