"""A client that sends exactly the bytes it is told to, and reads answers strictly."""

from __future__ import annotations

import re
import socket
import threading
from dataclasses import dataclass, field
from types import TracebackType

from .deadline import seconds
from .wire import Body, Cut, Fields, Head, Malformed, Wire

STATUS_LINE = re.compile(r"HTTP/1\.([01]) ([1-9][0-9][0-9]) ([^\r\n]*)")


@dataclass
class Response:
    """A final answer with the interim (1xx) ones that came before it."""

    status: int
    reason: str
    version: str
    fields: Fields
    raw_head: bytes
    body: Body = field(default_factory=lambda: Body("none"))
    interim: list[Response] = field(default_factory=list)

    @property
    def content(self) -> bytes:
        return self.body.content

    @property
    def trailers(self) -> Fields:
        return self.body.trailers

    @property
    def framing(self) -> str:
        return self.body.framing


class Client(Wire):
    """A connection to the balancer.

    Response heads are read without a body by `read_response_head`, whole answers by `response`, which must be told
    the request's method, since an answer to HEAD has no body whatever its fields say (RFC 9112 section 6.3).
    """

    def __init__(
        self,
        address: tuple[str, int],
        record: bool = True,
        source: str | None = None,
        receive_buffer: int | None = None,
    ) -> None:
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        connection = socket.socket(family, socket.SOCK_STREAM)
        if receive_buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if source:
            connection.bind((source, 0))
        connection.settimeout(seconds(5))
        connection.connect(address)
        super().__init__(connection, record)

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def name(self) -> str:
        """This end's `ADDRESS:PORT`."""
        host, port = self.socket.getsockname()[:2]
        return f"{host}:{port}"

    def read_response_head(self, within: float = 5.0) -> Response:
        head: Head = self.read_head(within)
        match = STATUS_LINE.fullmatch(head.start)
        if not match:
            raise Malformed(f"no status line: {head.start!r}")
        return Response(int(match[2]), match[3], f"HTTP/1.{match[1]}", head.fields, head.raw)

    def response(self, method: str = "GET", within: float = 5.0) -> Response:
        """The next final answer, whole. Raises `Cut` where it is cut short, also where its end is a reset."""
        interim = []
        while (response := self.read_response_head(within)).status < 200 and response.status != 101:
            assert not response.fields.has("Content-Length") and not response.fields.has("Transfer-Encoding")
            interim.append(response)
        response.interim = interim
        response.body = self._read_body(response, method, within)
        return response

    def _read_body(self, response: Response, method: str, within: float) -> Body:
        fields = response.fields
        if response.status in (101, 204) and (fields.has("Content-Length") or fields.has("Transfer-Encoding")):
            raise Malformed(f"framing fields in a {response.status}: {fields}")
        if method == "HEAD" or response.status in (101, 204, 304):
            return Body("none")
        if fields.has("Transfer-Encoding"):
            if fields.one("Transfer-Encoding") != "chunked" or response.version != "HTTP/1.1":
                raise Malformed(f"transfer coding: {fields}")
            return self.read_chunked(within)
        if fields.has("Content-Length"):
            length = fields.one("Content-Length")
            if not re.fullmatch(r"[0-9]+", length):
                raise Malformed(f"Content-Length: {length}")
            return Body("length", self.read_exact(int(length), within))
        return Body("close", self.read_to_end(within))

    def ask(self, request: bytes, within: float = 5.0) -> Response:
        """Sends a request and returns its final answer. The method is taken from the request's first word."""
        self.send(request)
        return self.response(request.lstrip(b"\r\n").split(b" ", 1)[0].decode("latin-1"), within)

    def get(self, target: str = "/", *fields: str, within: float = 5.0) -> Response:
        return self.ask(request("GET", target, *fields), within)


def request(method: str, target: str, *fields: str, body: bytes | None = None, version: str = "HTTP/1.1") -> bytes:
    """A plain request. A body is sent with Content-Length; `Host: test` is there unless another one is given."""
    lines = list(fields)
    if not any(line.lower().startswith("host:") for line in lines):
        lines.insert(0, "Host: test")
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    head = "\r\n".join([f"{method} {target} {version}", *lines, "", ""])
    return head.encode("latin-1") + (body or b"")


def chunked(*chunks: bytes, trailers: bytes = b"") -> bytes:
    """The chunked coding of these chunks, without extensions."""
    coded = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    return coded + b"0\r\n" + trailers + b"\r\n"


def ask(address: tuple[str, int], request: bytes, within: float = 5.0) -> Response:
    """One request on a connection of its own."""
    with Client(address) as client:
        return client.ask(request, within)


def push(client: Client, data: bytes) -> threading.Thread:
    """Sends in a thread, as a client that looks for no answer before its end; stops quietly where it is cut off."""

    def send() -> None:
        try:
            client.send(data, within=20)
        except Cut:
            pass

    thread = threading.Thread(target=send)
    thread.start()
    return thread
