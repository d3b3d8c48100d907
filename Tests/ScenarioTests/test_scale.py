"""The product's main job: replicas come and go under load, traffic follows, and not one request fails.

Real replicas on loopback addresses of their own, a real DNS server that claims a TTL of 600 s, clients that ask
without a pause. Replicas go 2 -> 5 -> 2 -> five others; those that are removed are killed in the instant in which
DNS stops naming them. Each new one has to serve within 1.5 s of the change in DNS.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.balancer import Balancer
from support.client import ask, request
from support.deadline import seconds, wait_until
from support.dns import lookup
from support.load import Load
from support.replicas import ReplicaProcess, free_port, loopback

NAME = "web.test"
FOLLOWS_WITHIN = 1.5
SETTLED = 2.5  # how long each set of replicas is left to serve


class Dnsmasq:
    """dnsmasq with one hosts file, which SIGHUP makes it read again, and a TTL of 600 s."""

    def __init__(self, directory: Path) -> None:
        self.port = free_port()
        self._hosts = directory / "hosts"
        self._hosts.touch()
        self._hosts.chmod(0o644)
        binary = shutil.which("dnsmasq") or shutil.which("dnsmasq", path="/usr/sbin")
        if not binary:
            pytest.skip("dnsmasq is not installed (apt package dnsmasq-base)")
        options = ["--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--bind-interfaces"]
        options += [f"--port={self.port}", "--listen-address=127.0.0.1", "--local=/test/", "--local-ttl=600"]
        options += [f"--addn-hosts={self._hosts}", "--pid-file=", "--user=nobody", "--group="]
        unprivileged = ["setpriv", "--reuid=65534", "--clear-groups"] if os.geteuid() == 0 else []
        self._process = subprocess.Popen([*unprivileged, binary, *options], stderr=subprocess.DEVNULL)
        # A SIGHUP that comes before it is ready would end it.
        wait_until(lambda: self._names() is not None, "dnsmasq answers")

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def name(self, hosts: list[str]) -> float:
        """Names these replicas and no others. Returns when the first answer said so."""
        self._hosts.write_text("".join(f"{host} {NAME}\n" for host in hosts))
        self._process.send_signal(signal.SIGHUP)
        wait_until(lambda: self._names() == set(hosts), f"dnsmasq names {hosts}")
        return time.monotonic()

    def _names(self) -> set[str] | None:
        assert self._process.poll() is None, "dnsmasq ended"
        try:
            return lookup(("127.0.0.1", self.port), NAME)
        except OSError:
            return None  # It does not listen yet.

    def __enter__(self) -> Dnsmasq:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()


@dataclass
class Step:
    """One change of the replica set, and what came of it."""

    title: str
    followed: float
    requests: int
    failures: int

    def __str__(self) -> str:
        followed = f"{self.followed:8.3f} s" if self.followed else "         -"
        return f"{self.title:<22}{followed}{self.requests:>10}{self.failures:>10}"


class Service:
    """The replicas of one service and the DNS server that names them."""

    def __init__(self, stack: ExitStack, dns: Dnsmasq) -> None:
        self._stack = stack
        self._dns = dns
        self._port = free_port()
        self._running: dict[int, ReplicaProcess] = {}

    @property
    def upstream(self) -> str:
        return f"{NAME}:{self._port}"

    def change(self, *numbers: int) -> tuple[float, list[str]]:
        """Starts what is new, has DNS name exactly these, and kills the others at once. Returns when DNS changed, and
        the names of the new ones."""
        new = [number for number in numbers if number not in self._running]
        for number in new:
            self._running[number] = ReplicaProcess(loopback(number), self._port)
            self._stack.callback(self._running[number].kill)
        for number in new:
            self._running[number].wait_ready()
        changed = self._dns.name([loopback(number) for number in numbers])
        for number in [number for number in self._running if number not in numbers]:
            self._running.pop(number).kill()
        return changed, [self._running[number].name for number in new]


def step(service: Service, load: Load, title: str, *numbers: int) -> Step:
    answers, failures = load.answers, len(load.failures)
    changed, new = service.change(*numbers)
    deadline = changed + max(SETTLED, seconds(FOLLOWS_WITHIN))
    while time.monotonic() < deadline:
        time.sleep(0.01)
    late = [name for name in new if load.first.get(name, deadline) - changed > seconds(FOLLOWS_WITHIN)]
    followed = max((load.first.get(name, float("inf")) - changed for name in new), default=0)
    result = Step(title, followed, load.answers - answers, len(load.failures) - failures)
    print(result, f"  late: {late}" if late else "")
    assert not late, f"{late} did not serve within {FOLLOWS_WITHIN} s of the change in DNS"
    return result


@contextmanager
def running(policy: str) -> Iterator[tuple[Service, Balancer]]:
    """Two replicas, a DNS server that names them, and a balancer that has found them."""
    with tempfile.TemporaryDirectory() as directory, ExitStack() as stack:
        os.chmod(directory, 0o755)  # dnsmasq reads its hosts file as nobody
        dns = stack.enter_context(Dnsmasq(Path(directory)))
        service = Service(stack, dns)
        service.change(1, 2)
        args = ["--upstream", service.upstream, "--resolver", dns.address, "--policy", policy, "--workers", "2"]
        balancer = stack.enter_context(Balancer(*args, "--access-log", "off"))
        wait_until(lambda: ask(balancer.address, request("GET", "/")).status == 200, "the first replicas serve")
        yield service, balancer


@pytest.mark.parametrize("policy", ["round-robin", "least-connections"])
def test_scale_up_and_down_under_load(policy: str, capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled(), running(policy) as (service, balancer):
        print(f"\n{policy:<22}{'served after':>10}{'requests':>10}{'failed':>10}")
        with Load(balancer.address) as load:
            steps = [
                step(service, load, "2 replicas", 1, 2),
                step(service, load, "2 -> 5", 1, 2, 3, 4, 5),
                step(service, load, "5 -> 2, 3 killed", 1, 2),
                step(service, load, "2 -> 5 others", 6, 7, 8, 9, 10),
                step(service, load, "5 others -> 2 of them", 9, 10),
            ]
        print(f"{'all':<22}{'':>10}{load.answers:>10}{len(load.failures):>10}")
        assert not load.failures, "\n".join(load.failures[:10])
        assert all(each.requests > 200 for each in steps), "the clients hardly asked at all"


def test_replicas_change_at_random_under_load() -> None:
    """Sixty changes, each of which keeps some replicas, kills the others one after the other and adds new ones: a
    request may meet several that die while it is tried on them."""
    dice = random.Random(60)
    with running("round-robin") as (service, balancer), Load(balancer.address) as load:
        present = [1, 2]
        for _ in range(60):
            kept = dice.sample(present, dice.randint(0, len(present)))
            newest = max(present)
            present = kept + list(range(newest + 1, newest + 1 + dice.randint(0 if kept else 1, 4)))
            answers = load.answers
            service.change(*present)
            wait_until(lambda: load.answers > answers + 500, "the clients go on")
        load.stop()
        assert not load.failures, "\n".join(load.failures[:10])
