"""HTTP/1.x as bytes on a socket, read strictly: what either end of the balancer is checked against.

Reading follows RFC 9112 to the letter and fails on anything looser, so that every scenario also proves that what
the balancer writes, to clients and to origins, is well formed.
"""

from __future__ import annotations

import re
import socket
import struct
from dataclasses import dataclass, field
from typing import Iterable

from .deadline import seconds, wait_until
from .kernel import unread_by_peer

LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([^\r\n\0]*?)[ \t]*")
CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,16})((?:[ \t]*;[^\r\n\0]*)?)")


class Cut(Exception):
    """The connection ended, by a reset or in order, before what was being read was whole."""

    def __init__(self, reset: bool, so_far: bytes) -> None:
        super().__init__(f"{'reset' if reset else 'closed'} after {bytes(so_far[-400:])!r}")
        self.reset = reset
        self.so_far = so_far


class Malformed(AssertionError):
    """The peer broke RFC 9112."""


class Fields(list):
    """Field lines in order, as (name, value) pairs of `str` (Latin-1, so that every byte shows)."""

    def all(self, name: str) -> list[str]:
        return [value for key, value in self if key.lower() == name.lower()]

    def one(self, name: str) -> str:
        values = self.all(name)
        assert len(values) == 1, f"{len(values)} field lines {name} in {list(self)}"
        return values[0]

    def has(self, name: str) -> bool:
        return bool(self.all(name))

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self]


@dataclass
class Head:
    """A start line and its field lines; `raw` is all of it as received, with the empty line."""

    raw: bytes
    start: str
    fields: Fields


@dataclass
class Body:
    """A body taken out of its framing: `none`, `length`, `chunked` or `close`."""

    framing: str
    content: bytes = b""
    chunks: list[tuple[bytes, bytes]] = field(default_factory=list)
    """(extension as received, data) of each chunk, without the last one."""
    trailers: Fields = field(default_factory=Fields)


def parse_fields(lines: list[bytes]) -> Fields:
    fields = Fields()
    for line in lines:
        match = LINE.fullmatch(line)
        if not match:
            raise Malformed(f"no field line: {line!r}")
        fields.append((match[1].decode("latin-1"), match[2].decode("latin-1")))
    return fields


def parse_head(raw: bytes) -> Head:
    lines = raw.removesuffix(b"\r\n\r\n").split(b"\r\n")
    if any(byte in line for line in lines for byte in (b"\r", b"\n", b"\0")):
        raise Malformed(f"bare CR, bare LF or NUL in {raw!r}")
    head = Head(raw, lines[0].decode("latin-1"), parse_fields(lines[1:]))
    if len(head.fields.all("Content-Length")) > 1 or len(head.fields.all("Transfer-Encoding")) > 1:
        raise Malformed(f"framing said twice in {raw!r}")
    if head.fields.has("Content-Length") and head.fields.has("Transfer-Encoding"):
        raise Malformed(f"Content-Length beside Transfer-Encoding in {raw!r}")
    return head


class Wire:
    """One TCP connection. Every read has a deadline and raises `Cut` where the connection ends too early.

    `received` keeps all bytes that came, unless `record` is off (for very large bodies).
    """

    def __init__(self, connection: socket.socket, record: bool = True) -> None:
        self.socket = connection
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.record = record
        self.received = bytearray()
        self._pending = bytearray()

    # Writing

    def send(self, data: bytes, within: float = 10.0) -> None:
        self.socket.settimeout(seconds(within))
        try:
            self.socket.sendall(data)
        except TimeoutError:
            raise AssertionError(f"{len(data)} bytes could not be sent within {seconds(within):.1f} s") from None
        except (ConnectionResetError, BrokenPipeError):
            raise Cut(reset=True, so_far=b"") from None

    def send_apart(self, parts: Iterable[bytes]) -> None:
        """Sends each part only when the balancer has read the one before, so that its reads end where parts do."""
        for part in parts:
            self.send(part)
            self.wait_taken()

    def wait_taken(self, within: float = 5.0) -> None:
        """Until the balancer has read every byte sent so far out of its socket."""
        wait_until(lambda: unread_by_peer(self.socket) == 0, "the balancer reads what was sent", within)

    def half_close(self) -> None:
        """Sends FIN; reading goes on."""
        self.socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self.socket.close()

    def reset(self) -> None:
        """Sends RST instead of FIN, whatever is still unsent is lost."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    # Reading

    def _receive(self, within: float) -> bool:
        """Takes in what has come. False at the peer's orderly end."""
        self.socket.settimeout(seconds(within))
        try:
            part = self.socket.recv(1 << 18)
        except TimeoutError:
            raise AssertionError(
                f"nothing came within {seconds(within):.1f} s; before: {bytes(self._pending[-400:])!r}"
            ) from None
        except (ConnectionResetError, BrokenPipeError):
            raise Cut(reset=True, so_far=bytes(self._pending)) from None
        if self.record:
            self.received += part
        self._pending += part
        return bool(part)

    def _require(self, within: float) -> None:
        if not self._receive(within):
            raise Cut(reset=False, so_far=bytes(self._pending))

    def _take(self, count: int) -> bytes:
        data = bytes(self._pending[:count])
        del self._pending[:count]
        return data

    def read_some(self, within: float = 5.0) -> bytes:
        """What has come, at least a byte; empty at the peer's orderly end."""
        if not self._pending:
            self._receive(within)
        return self._take(len(self._pending))

    def read_exact(self, count: int, within: float = 5.0) -> bytes:
        while len(self._pending) < count:
            self._require(within)
        return self._take(count)

    def read_until(self, end: bytes, within: float = 5.0) -> bytes:
        """Everything up to and with `end`."""
        searched = 0
        while (found := self._pending.find(end, searched)) < 0:
            searched = max(0, len(self._pending) - len(end) + 1)
            self._require(within)
        return self._take(found + len(end))

    def read_to_end(self, within: float = 5.0) -> bytes:
        """Everything up to the peer's orderly end. A reset raises `Cut`."""
        while self._receive(within):
            pass
        return self._take(len(self._pending))

    def read_head(self, within: float = 5.0) -> Head:
        return parse_head(self.read_until(b"\r\n\r\n", within))

    def read_chunked(self, within: float = 5.0) -> Body:
        """A chunked body, RFC 9112 section 7.1, with its trailer section."""
        body = Body("chunked")
        content = bytearray()
        while True:
            line = self.read_until(b"\r\n", within).removesuffix(b"\r\n")
            match = CHUNK_LINE.fullmatch(line)
            if not match:
                raise Malformed(f"no chunk size line: {line!r}")
            size = int(match[1], 16)
            if size == 0:
                break
            data = self.read_exact(size, within)
            if self.read_exact(2, within) != b"\r\n":
                raise Malformed(f"no CRLF after a chunk of {size} bytes")
            body.chunks.append((match[2], data))
            content += data
        trailers = []
        while line := self.read_until(b"\r\n", within).removesuffix(b"\r\n"):
            trailers.append(line)
        body.trailers = parse_fields(trailers)
        body.content = bytes(content)
        return body

    # Ends

    def expect_close(self, within: float = 5.0) -> None:
        """The peer ends the connection in order, and sends not one byte more before."""
        rest = self.read_to_end(within)
        assert rest == b"", f"bytes where the end was due: {rest[:400]!r}"

    def expect_end(self, within: float = 5.0) -> None:
        """The peer ends the connection, in order or by a reset, and sends not one byte more before."""
        try:
            self.expect_close(within)
        except Cut as cut:
            assert cut.so_far == b"", f"bytes where the end was due: {cut.so_far[:400]!r}"

    def expect_silence(self, during: float) -> None:
        """Nothing comes and the connection stays, for this long."""
        assert not self._pending, f"bytes where none were due: {bytes(self._pending[:400])!r}"
        self.socket.settimeout(during)
        try:
            part = self.socket.recv(4096)
        except TimeoutError:
            return
        raise AssertionError(f"bytes where none were due: {part!r}" if part else "closed where it was to stay open")
