"""A DNS server that does what a scenario tells it to, misbehaviour included (RFC 1035 section 4, RFC 6891).

    with DnsServer() as dns:
        dns.serve("web.test", "127.0.1.1", "::1")           # A and AAAA, TTL 600, as Docker's DNS claims
        dns.answer("web.test", SERVFAIL)                    # from now on, for both types
        dns.answer_once("web.test", NXDOMAIN)               # the next query of each type only
        dns.serve_services("_http._tcp.web", Service("a.test", 8080, priority=10))
        len(dns.queries("web.test", "A"))                   # who asked, over what

A name that was never mentioned is answered NXDOMAIN; a type that was not, with an empty answer.
"""

from __future__ import annotations

import ipaddress
import random
import socket
import socketserver
import struct
import threading
import time
from collections import deque
from dataclasses import dataclass, replace

from .deadline import wait_until

TYPES = {1: "A", 28: "AAAA", 33: "SRV"}
PLAIN_UDP_SIZE = 512  # RFC 1035 section 2.3.4: what a client without EDNS can take
TRUNCATED_RECORDS = 25  # what Docker's DNS leaves of forty in a truncated answer


@dataclass(frozen=True)
class Service:
    """An SRV record (RFC 2782)."""

    target: str
    port: int
    priority: int = 0
    weight: int = 0


@dataclass(frozen=True)
class Reply:
    """What one query gets.

    `aliases`: CNAMEs from the name to each in turn, and the addresses belong to the last. `shuffled`: each answer in an
    order of its own. `truncated`: over UDP only some records and the TC bit; the whole comes over TCP. `plain`: FORMERR
    to whoever uses EDNS, as from servers before RFC 6891. `wrong_id`: the answer is none to this question.
    """

    addresses: tuple[str, ...] = ()
    services: tuple[Service, ...] = ()
    aliases: tuple[str, ...] = ()
    rcode: int = 0
    ttl: int = 600
    shuffled: bool = False
    truncated: bool = False
    plain: bool = False
    wrong_id: bool = False
    silent: bool = False
    junk: bytes | None = None


EMPTY = Reply()
FORMERR = Reply(rcode=1)
SERVFAIL = Reply(rcode=2)
NXDOMAIN = Reply(rcode=3)
REFUSED = Reply(rcode=5)
SILENCE = Reply(silent=True)
GARBAGE = Reply(junk=b"\x81\x80\x00\x01\x00\xff\x00\x00\x00\x00" + b"\xc0\x0c" * 20)  # a name that points at itself


@dataclass(frozen=True)
class Query:
    """One question as it arrived. `udp_size` is what the client can take: 512, or what its EDNS record says."""

    name: str
    type: str
    transport: str
    edns: bool
    udp_size: int
    at: float


class DnsServer:
    """Listens on one port (0: any) over UDP and TCP while the `with` block runs. `tcp=False`: TCP is refused."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0, tcp: bool = True) -> None:
        self._lock = threading.Lock()
        self._replies: dict[tuple[str, str], Reply] = {}
        self._once: dict[tuple[str, str], deque[Reply]] = {}
        self._log: list[Query] = []
        self._servers = _bind(host, port, tcp)
        for server in self._servers:
            server.script = self
        self.port: int = self._servers[0].server_address[1]
        self.address = f"{host}:{self.port}"

    def __enter__(self) -> DnsServer:
        for server in self._servers:
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """From now on no one listens there. May be called again."""
        for server in self._servers:
            server.shutdown()
            server.server_close()

    # What a scenario says

    def serve(self, name: str, *addresses: str, **shape: object) -> None:
        """Answers the IPv4 addresses to A and the IPv6 addresses to AAAA, both from the same moment on.

        The rest is what a `Reply` takes.
        """
        with self._lock:
            for version, kind in ((4, "A"), (6, "AAAA")):
                own = tuple(a for a in addresses if ipaddress.ip_address(a).version == version)
                self._replies[name, kind] = Reply(addresses=own, **shape)

    def serve_services(self, name: str, *services: Service, **shape: object) -> None:
        """Answers these to SRV; their targets have to be served as well."""
        self.answer(name, Reply(services=services, **shape), "SRV")

    def answer(self, name: str, reply: Reply, kind: str | None = None) -> None:
        """Gives `reply` to every query for the name, or to those of one type."""
        with self._lock:
            for each in (kind,) if kind else TYPES.values():
                self._replies[name, each] = reply

    def answer_once(self, name: str, reply: Reply, kind: str | None = None) -> None:
        """Gives `reply` to the next query of each type (or of one), before what is said otherwise holds again."""
        with self._lock:
            for each in (kind,) if kind else TYPES.values():
                self._once.setdefault((name, each), deque()).append(reply)

    # What a scenario asks

    def queries(self, name: str, kind: str | None = None, since: float = 0.0) -> list[Query]:
        """The queries so far for a name, from the moment `since` (of the monotonic clock) on."""
        with self._lock:
            return [q for q in self._log if q.name == name and kind in (None, q.type) and q.at >= since]

    def wait_queries(self, name: str, count: int, kind: str | None = None, within: float = 5.0) -> list[Query]:
        """Waits until `count` more queries have come than at the call, and returns those."""
        start = time.monotonic()
        what = f"{count} more {kind or ''} queries for {name}"
        wait_until(lambda: len(self.queries(name, kind, since=start)) >= count, what, within)
        return self.queries(name, kind, since=start)

    # What the wire gets

    def respond(self, packet: bytes, transport: str) -> bytes | None:
        """The answer to one message, or nothing."""
        query, question = _parse(packet, transport)
        with self._lock:
            self._log.append(query)
            reply = self._choose(query)
        return None if reply.silent else _encode(packet[:2], question, query, reply)

    def _choose(self, query: Query) -> Reply:
        key = (query.name, query.type)
        if self._once.get(key):
            return self._once[key].popleft()
        known = any(name == query.name for name, _ in self._replies)
        return self._replies.get(key, EMPTY if known else NXDOMAIN)


class _UdpServer(socketserver.ThreadingUDPServer):
    daemon_threads = True
    max_packet_size = 4096
    script: DnsServer


class _TcpServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 64
    allow_reuse_address = True
    script: DnsServer


class _UdpHandler(socketserver.BaseRequestHandler):
    server: _UdpServer

    def handle(self) -> None:
        packet, sock = self.request
        answer = self.server.script.respond(packet, "udp")
        if answer is not None:
            sock.sendto(answer, self.client_address)


class _TcpHandler(socketserver.StreamRequestHandler):
    """A length of two bytes stands before each message (RFC 1035 section 4.2.2)."""

    server: _TcpServer

    def handle(self) -> None:
        while len(prefix := self.rfile.read(2)) == 2:
            packet = self.rfile.read(struct.unpack("!H", prefix)[0])
            answer = self.server.script.respond(packet, "tcp")
            if answer is not None:
                self.wfile.write(struct.pack("!H", len(answer)) + answer)


def _bind(host: str, port: int, tcp: bool) -> list[_UdpServer | _TcpServer]:
    for _ in range(50):
        udp = _UdpServer((host, port), _UdpHandler)
        if not tcp:
            return [udp]
        try:
            return [udp, _TcpServer(udp.server_address, _TcpHandler)]
        except OSError:
            udp.server_close()
    raise OSError(f"no port of {host} is free for both UDP and TCP")


def _parse(packet: bytes, transport: str) -> tuple[Query, bytes]:
    labels, at = [], 12
    while length := packet[at]:
        labels.append(packet[at + 1 : at + 1 + length].decode("latin-1").lower())
        at += 1 + length
    end = at + 5
    kind = struct.unpack("!H", packet[at + 1 : at + 3])[0]
    edns = packet[end : end + 3] == b"\x00\x00\x29"  # the root name, then type 41: an OPT record
    size = struct.unpack("!H", packet[end + 3 : end + 5])[0] if edns else PLAIN_UDP_SIZE
    name = ".".join(labels)
    return Query(name, TYPES.get(kind, str(kind)), transport, edns, size, time.monotonic()), packet[12:end]


def _encode(message_id: bytes, question: bytes, query: Query, reply: Reply) -> bytes:
    if reply.junk is not None:
        return message_id + reply.junk
    if reply.plain and query.edns:
        reply, query = FORMERR, replace(query, edns=False)
    if reply.wrong_id:
        message_id = bytes(byte ^ 0xFF for byte in message_id)
    opt = b"\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x00" if query.edns else b""
    records = _records(reply)
    size = 12 + len(question) + sum(map(len, records)) + len(opt)
    cut = query.transport == "udp" and (reply.truncated or size > max(query.udp_size, PLAIN_UDP_SIZE))
    kept = records[:TRUNCATED_RECORDS] if cut else records
    flags = 0x8180 | (0x0200 if cut else 0) | reply.rcode  # an answer, recursion desired and available
    header = struct.pack("!HHHHH", flags, 1, len(kept), 0, 1 if opt else 0)
    return message_id + header + question + b"".join(kept) + opt


def _records(reply: Reply) -> list[bytes]:
    owner = b"\xc0\x0c"  # a pointer to the question's name (RFC 1035 section 4.1.4)
    aliases = []
    for alias in reply.aliases:
        aliases.append(_record(owner, 5, reply.ttl, _name(alias)))
        owner = _name(alias)
    records = [_address(owner, address, reply.ttl) for address in reply.addresses]
    records += [_service(owner, service, reply.ttl) for service in reply.services]
    return aliases + (random.sample(records, len(records)) if reply.shuffled else records)


def _address(owner: bytes, address: str, ttl: int) -> bytes:
    ip = ipaddress.ip_address(address)
    return _record(owner, 1 if ip.version == 4 else 28, ttl, ip.packed)


def _service(owner: bytes, service: Service, ttl: int) -> bytes:
    numbers = struct.pack("!HHH", service.priority, service.weight, service.port)
    return _record(owner, 33, ttl, numbers + _name(service.target))


def _record(owner: bytes, kind: int, ttl: int, data: bytes) -> bytes:
    return owner + struct.pack("!HHIH", kind, 1, ttl, len(data)) + data


def _name(name: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".") if label) + b"\0"


def lookup(server: tuple[str, int], name: str) -> set[str]:
    """What a DNS server answers to A over UDP, asked directly: nothing of it comes out of a cache on the way."""
    question = _name(name) + b"\x00\x01\x00\x01"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(2)
        sock.connect(server)
        sock.send(b"\x00\x07\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + question)
        answer = sock.recv(4096)
    records = answer[12 + len(question) :]
    count = struct.unpack("!H", answer[6:8])[0]
    return {str(ipaddress.ip_address(records[16 * i + 12 : 16 * i + 16])) for i in range(count)}
