"""SRV records: where a service is, on which ports, in what order and with what shares (RFC 2782)."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import Iterator

import pytest

from support.balancer import Balancer
from support.client import Client, ask, request
from support.deadline import wait_until
from support.dns import EMPTY, NXDOMAIN, SERVFAIL, DnsServer, Service
from support.replicas import Replica, free_port, loopback

NAME = "_http._tcp.web.test"
QUICK = ["--resolve-interval", "100ms"]


@contextmanager
def replicas(dns: DnsServer, *hosts: str) -> Iterator[dict[str, Replica]]:
    """A replica for each host name, on an address and a port of its own."""
    with ExitStack() as stack:
        found = {}
        for number, host in enumerate(hosts):
            found[host] = stack.enter_context(Replica(loopback(number + 1), free_port()))
            dns.serve(host, found[host].address[0])
        yield found


def record(replicas: dict[str, Replica], host: str, **numbers: int) -> Service:
    return Service(host, replicas[host].address[1], **numbers)


@contextmanager
def balancer(dns: DnsServer, *args: str) -> Iterator[Balancer]:
    with Balancer("--upstream", f"srv:{NAME}", "--resolver", dns.address, "--workers", "1", *QUICK, *args) as balancer:
        yield balancer


def served_by(balancer: Balancer, requests: int) -> list[str]:
    with Client(balancer.address) as client:
        answers = [client.get() for _ in range(requests)]
    assert {answer.status for answer in answers} == {200}, [answer.status for answer in answers]
    return [answer.content.decode() for answer in answers]


def wait_served_by(balancer: Balancer, *expected: Replica) -> None:
    """Waits until exactly these replicas answer."""
    names = {replica.name for replica in expected}

    def answer() -> bool:
        with Client(balancer.address) as client:
            answers = [client.get() for _ in range(6 * len(expected))]
        return {each.status for each in answers} == {200} and {each.content.decode() for each in answers} == names

    wait_until(answer, f"{names} serve", within=8)


def test_hosts_and_ports_come_from_the_records() -> None:
    with DnsServer() as dns, replicas(dns, "a.test", "b.test") as found:
        dns.serve_services(NAME, record(found, "a.test"), record(found, "b.test"))
        with balancer(dns) as front:
            wait_served_by(front, *found.values())
            answers = served_by(front, 20)
            assert [answers.count(replica.name) for replica in found.values()] == [10, 10]


def test_a_host_that_moves_and_a_record_that_comes() -> None:
    with DnsServer() as dns, replicas(dns, "a.test", "b.test") as found:
        port = found["a.test"].address[1]
        with Replica(loopback(9), port) as moved:
            dns.serve_services(NAME, record(found, "a.test"))
            with balancer(dns) as front:
                wait_served_by(front, found["a.test"])
                dns.serve("a.test", moved.address[0])
                wait_served_by(front, moved)
                dns.serve_services(NAME, record(found, "a.test"), record(found, "b.test"))
                wait_served_by(front, moved, found["b.test"])
                front.wait_log(rf"srv:{NAME}: 1 endpoint \(\+{moved.address[0]}:{port}, .*new addresses of a\.test\.")
                front.wait_log(rf"srv:{NAME}: 2 endpoints \(\+{found['b.test'].name}\): new SRV records")


def test_weights_are_shares() -> None:
    """Of 100 requests, three quarters go to the host with three quarters of the weight."""
    with DnsServer() as dns, replicas(dns, "a.test", "b.test") as found:
        dns.serve_services(NAME, record(found, "a.test", weight=30), record(found, "b.test", weight=10))
        with balancer(dns, "--slow-start", "0") as front:
            wait_served_by(front, *found.values())
            answers = served_by(front, 100)
            assert 70 <= answers.count(found["a.test"].name) <= 80, answers.count(found["a.test"].name)


def test_a_weight_of_0_among_others_is_a_very_small_share() -> None:
    with DnsServer() as dns, replicas(dns, "a.test", "b.test") as found:
        dns.serve_services(NAME, record(found, "a.test", weight=1), record(found, "b.test", weight=0))
        with balancer(dns, "--slow-start", "0") as front:
            front.wait_log("2 endpoints")
            assert served_by(front, 100).count(found["b.test"].name) <= 2


def test_priorities_are_tiers() -> None:
    """The second priority serves only where the first does not."""
    with DnsServer() as dns, replicas(dns, "a.test", "b.test") as found:
        first, second = found["a.test"], found["b.test"]
        dns.serve_services(NAME, record(found, "a.test", priority=1), record(found, "b.test", priority=2))
        with balancer(dns, "--health-interval", "100ms") as front:
            wait_served_by(front, first)
            first.stop()
            wait_served_by(front, second)
            assert set(served_by(front, 10)) == {second.name}
            first.start()
            wait_served_by(front, first)


def test_failures_keep_the_set_and_absence_empties_it() -> None:
    with DnsServer() as dns, replicas(dns, "a.test") as found:
        dns.serve_services(NAME, record(found, "a.test"))
        with balancer(dns) as front:
            wait_served_by(front, found["a.test"])
            dns.answer(NAME, SERVFAIL)
            dns.answer("a.test", SERVFAIL)
            front.wait_log(rf"{NAME}: SERVFAIL, keeping 1 SRV record")
            dns.wait_queries(NAME, 2, "SRV")
            assert served_by(front, 4)
            dns.answer(NAME, NXDOMAIN)
            wait_until(lambda: ask(front.address, request("GET", "/")).status == 503, "the pool empties")
            front.wait_log(rf"srv:{NAME}: 0 endpoints \(-{found['a.test'].name}\): no such name")


@pytest.mark.parametrize("gone", ["root", "empty"])
def test_a_service_that_says_it_is_not_there(gone: str) -> None:
    """A target of "." is RFC 2782's way to say so; no record at all means the same."""
    with DnsServer() as dns, replicas(dns, "a.test") as found:
        dns.serve_services(NAME, record(found, "a.test"))
        with balancer(dns) as front:
            wait_served_by(front, found["a.test"])
            if gone == "root":
                dns.serve_services(NAME, Service(".", 0))
            else:
                dns.answer(NAME, EMPTY)
            wait_until(lambda: ask(front.address, request("GET", "/")).status == 503, "the pool empties")
            front.wait_log("no such service")
            dns.serve_services(NAME, record(found, "a.test"))
            wait_served_by(front, found["a.test"])


def test_a_service_that_moves_altogether_loses_no_request() -> None:
    with DnsServer() as dns, replicas(dns, "a.test", "b.test") as found:
        dns.serve_services(NAME, record(found, "a.test"))
        with balancer(dns, "--queue-timeout", "1ms") as front:
            wait_served_by(front, found["a.test"])
            for host in ("b.test", "a.test", "b.test"):
                dns.serve_services(NAME, record(found, host))
                wait_until(lambda: set(served_by(front, 3)) == {found[host].name}, f"{host} serves")
