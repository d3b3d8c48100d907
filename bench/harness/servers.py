"""The upstream and the three proxies in front of it."""

from __future__ import annotations

import http.client
import os
import re
import socket
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .cases import CASES, SMALL_BODY, Case
from .placement import Placement
from .processes import Failure, Processes, wait_for

BENCH = Path(__file__).resolve().parent.parent
ADDRESS = "127.0.2.1"
ADDED = {"for", "proto", "host", "via", "id"}


@dataclass
class Server:
    """A running server: `process` is the root of its process tree."""

    name: str
    process: subprocess.Popen[bytes]
    port: int
    log: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def url(self) -> str:
        return f"http://{ADDRESS}:{self.port}"


def request(port: int, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
    """The status and body of one answer, on a connection of its own."""
    connection = http.client.HTTPConnection(ADDRESS, port, timeout=5)
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


class Stage:
    """Starts servers within `processes`, their files in `directory`; HAProxy splices answers if `splice`."""

    def __init__(self, processes: Processes, directory: Path, placement: Placement, descriptors: int,
                 splice: bool = False) -> None:
        self.processes = processes
        self.directory = directory
        self.placement = placement
        self.descriptors = descriptors
        self.splice = splice
        self._upstream: Server | None = None
        self._questions = 0
        self._starters: dict[str, Callable[[], Server]] = {
            "balancer": self._balancer, "nginx": self._nginx, "haproxy": self._haproxy}

    @property
    def upstream(self) -> Server:
        """The upstream, started at first use and kept for the whole run."""
        if self._upstream is None:
            files = self.directory / "files"
            files.mkdir()
            (files / "16k").write_bytes(b"x" * (16 << 10))
            (files / "1m").write_bytes(b"x" * (1 << 20))
            self._upstream = self._from_template(
                "upstream", "upstream.conf", self.placement.upstream,
                lambda file: ["nginx", "-e", "stderr", "-p", str(self.directory), "-c", str(file)])
        return self._upstream

    def proxied_requests(self) -> int:
        """How many requests the upstream has had that were not this question."""
        _, text = request(self.upstream.port, "GET", "/status")
        self._questions += 1
        numbers = text.decode().splitlines()[2].split()
        return int(numbers[2]) - self._questions

    def proxy(self, name: str) -> Server:
        """Starts the proxy of that name and sees that it answers, and does the same work as the others."""
        server = self._starters[name]()
        check_answers(server)
        check_added_fields(server)
        return server

    def _nginx(self) -> Server:
        return self._from_template(
            "nginx", "nginx.conf", self.placement.proxy,
            lambda file: ["nginx", "-e", "stderr", "-p", str(self.directory), "-c", str(file)])

    def _haproxy(self) -> Server:
        return self._from_template("haproxy", "haproxy.cfg", self.placement.proxy,
                                   lambda file: ["haproxy", "-db", "-f", str(file)])

    def _balancer(self) -> Server:
        upstream = f"{ADDRESS}:{self.upstream.port}"
        log = self.directory / "balancer.log"
        process = self.processes.start(
            [str(balancer_binary()), "--listen", f"{ADDRESS}:0", "--upstream", upstream, "--workers", "1",
             "--access-log", "off", "--log-level", "info"], log, self.placement.proxy)
        server = Server("balancer", process, 0, log)
        self._await(server, lambda: bound_port(log))
        server.port = bound_port(log)
        # It may answer 503 until its pool is filled.
        self._await(server, lambda: accepts(server.port) and request(server.port, "GET", "/small")[0] == 200)
        return server

    def _from_template(self, name: str, template: str, cpus: frozenset[int],
                       command: Callable[[Path], list[str]]) -> Server:
        port = free_port()
        values = {"directory": str(self.directory), "descriptors": str(self.descriptors), "address": ADDRESS,
                  "port": str(port), "small_body": SMALL_BODY,
                  "splice": "option splice-response" if self.splice else "no option splice-response"}
        if name != "upstream":
            values |= {"upstream_address": ADDRESS, "upstream_port": str(self.upstream.port)}
        text = (BENCH / "peers" / template).read_text()
        file = self.directory / template
        file.write_text(re.sub(r"\{\{(\w+)\}\}", lambda match: values[match[1]], text))
        log = self.directory / f"{name}.log"
        server = Server(name, self.processes.start(command(file), log, cpus), port, log)
        self._await(server, lambda: accepts(port))
        return server

    def _await(self, server: Server, ready: Callable[[], object]) -> None:
        def ready_or_ended() -> bool:
            if server.process.poll() is not None:
                raise Failure(f"{server.name} ended with {server.process.returncode}:\n{server.log.read_text()}")
            return bool(ready())

        wait_for(ready_or_ended, f"{server.name} to be ready")


def balancer_binary() -> Path:
    """The program under test: $BALANCER, or the release build of this repository."""
    return Path(os.environ.get("BALANCER") or BENCH.parent / ".build/release/balancer")


def bound_port(log: Path) -> int:
    """The port that balancer's log says it listens on; 0 as long as it does not say."""
    match = re.search(rf"listening on {re.escape(ADDRESS)}:(\d+)", log.read_text())
    return int(match[1]) if match else 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((ADDRESS, 0))
        return int(probe.getsockname()[1])


def accepts(port: int) -> bool:
    try:
        socket.create_connection((ADDRESS, port), timeout=1).close()
    except OSError:
        return False
    return True


def check_answers(server: Server) -> None:
    """Every case's request gets its whole answer through `server`, or Failure is raised."""
    for case in CASES:
        status, body = request(server.port, *method_and_body(case))
        if status != 200 or (case.answer_bytes is not None and len(body) != case.answer_bytes):
            raise Failure(f"{server.name} answers {case.path} with {status} and {len(body)} bytes")


def method_and_body(case: Case) -> tuple[str, str, bytes | None]:
    return ("POST", case.path, b"x" * case.body_bytes) if case.body_bytes else ("GET", case.path, None)


def check_added_fields(server: Server) -> None:
    """`server` adds the fields that the others add and keeps the client's Host, or Failure is raised."""
    _, body = request(server.port, "GET", "/added")
    fields = dict(line.split("=", 1) for line in body.decode().splitlines())
    missing = sorted(name for name in ADDED if not fields.get(name))
    if missing:
        raise Failure(f"{server.name} does not add {', '.join(missing)}: the comparison would not be fair")
    if not fields["received"].startswith(f"{ADDRESS}:{server.port} HTTP/1.1"):
        raise Failure(f"{server.name} sent the upstream {fields['received']!r}")
