"""A service as it is deployed: replicas that are processes, a DNS server that names them, and a ledger they share.

    with Deployment(3) as web, web.balancer() as balancer, Traffic(balancer.address, "GET") as traffic:
        web[0].kill()
        web.name(web[1], web[2])
"""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from .balancer import Balancer
from .client import ask, request
from .deadline import wait_until
from .dns import NXDOMAIN, DnsServer
from .faulty_replica import Event
from .replicas import free_port

NAME = "web.test"
PROGRAM = Path(__file__).with_name("faulty_replica.py")
FIRST = request("GET", "/first?0")
GRACE_SECONDS = 1.0  # between SIGTERM and SIGKILL


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger."""

    at: float
    service: str
    replica: str
    event: str
    method: str
    request_id: str


class Ledger:
    """What replicas wrote down: it outlives them, however they end."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.touch()

    def entries(self, *events: str, replica: Replica | None = None, since: float = 0) -> list[Entry]:
        """The entries so far about these events, at one address or at all of them, from the moment `since` on."""
        lines = (line.split(" ") for line in self.path.read_text().splitlines())
        entries = (Entry(float(line[0]), *line[1:]) for line in lines)
        host = replica.host if replica else None
        return [e for e in entries if e.event in events and host in (None, e.replica) and e.at >= since]

    def done(self, method: str) -> Counter[str]:
        """How often each request of this method was done."""
        return Counter(entry.request_id for entry in self.entries(Event.DONE) if entry.method == method)


class Replica:
    """One address of a service, and the process that runs there, if any."""

    def __init__(self, host: str, port: int, ledger: Ledger, service: str = "web") -> None:
        self.host = host
        self._command = [sys.executable, "-I", "-S", str(PROGRAM), host, str(port), service, str(ledger.path)]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns once it listens."""
        self.start_soon()
        self.wait_ready()

    def start_soon(self) -> None:
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def wait_ready(self) -> None:
        self._expect("ready")

    def behave(self, behaviour: str) -> None:
        """Returns once it does so."""
        assert self._process and self._process.stdin
        self._process.stdin.write(f"{behaviour}\n".encode())
        self._process.stdin.flush()
        self._expect(behaviour)

    def terminate(self) -> None:
        """SIGTERM, and SIGKILL where it has not ended when its grace is over, as container engines do."""
        self.ask_to_end()
        self.wait_ended()

    def ask_to_end(self) -> None:
        assert self._process
        self._process.terminate()

    def wait_ended(self) -> None:
        assert self._process
        try:
            self._process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._forget()

    def kill(self) -> None:
        """SIGKILL: its connections are cut, whatever they carry. Nothing happens where none runs."""
        if self._process:
            self._process.kill()
            self._forget()

    def freeze(self) -> None:
        """SIGSTOP: the kernel goes on to accept connections for it, and nobody answers."""
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process
        self._process.send_signal(signal.SIGCONT)

    def _expect(self, word: str) -> None:
        assert self._process and self._process.stdout
        said = self._process.stdout.readline().decode().strip()
        assert said == word, f"replica {self.host} said {said!r} instead of {word!r}, status {self._process.poll()}"

    def _forget(self) -> None:
        assert self._process and self._process.stdin and self._process.stdout
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()
        self._process = None


class Deployment:
    """So many replicas, on one port and addresses of their own, all running and named when the `with` block begins.

    `network` is the part of their addresses before the last number, `dns_host` where the DNS server listens.
    """

    def __init__(self, count: int, network: str = "", dns_host: str = "127.0.0.1") -> None:
        self._network = network or f"127.7.{os.getpid() % 256}"
        self._dns_host = dns_host
        self._count = count
        self._numbers = itertools.count(1)
        self._stack = ExitStack()
        self.port = free_port()
        self.replicas: list[Replica] = []

    def __enter__(self) -> Deployment:
        with ExitStack() as stack:
            directory = stack.enter_context(tempfile.TemporaryDirectory())
            self.ledger = Ledger(Path(directory, "ledger"))
            self._stack = stack
            self.dns = stack.enter_context(DnsServer(self._dns_host, free_port()))
            for replica in [self.add() for _ in range(self._count)]:
                replica.wait_ready()
            self.name(*self.replicas)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def __getitem__(self, index: int) -> Replica:
        return self.replicas[index]

    def __iter__(self) -> Iterator[Replica]:
        return iter(self.replicas)

    def add(self) -> Replica:
        """A replica at an address that was not used before. It starts, and may not listen yet."""
        replica = Replica(f"{self._network}.{next(self._numbers)}", self.port, self.ledger)
        self._stack.callback(replica.kill)
        replica.start_soon()
        self.replicas.append(replica)
        return replica

    def stranger(self, replica: Replica) -> Replica:
        """Another service at the address of a replica; not started."""
        other = Replica(replica.host, self.port, self.ledger, service="stranger")
        self._stack.callback(other.kill)
        return other

    def name(self, *replicas: Replica) -> None:
        """From now on DNS names exactly these; none: there is no such name."""
        if replicas:
            self.dns.serve(NAME, *[replica.host for replica in replicas])
        else:
            self.dns.answer(NAME, NXDOMAIN)

    def start_dns(self) -> None:
        """Another name server at the place of the one that was stopped. It knows of no name."""
        self.dns = self._stack.enter_context(DnsServer(self._dns_host, self.dns.port))

    @contextmanager
    def balancer(self, *args: str) -> Iterator[Balancer]:
        """A balancer in front of the service, with two workers, that has found it."""
        fixed = ["--upstream", f"{NAME}:{self.port}", "--resolver", self.dns.address, "--workers", "2"]
        with Balancer(*fixed, *args) as balancer:
            wait_until(lambda: ask(balancer.address, FIRST).status == 200, "the first replicas serve")
            yield balancer
