"""Which endpoint of a pool gets the next request."""

from __future__ import annotations

import socket
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from support.balancer import Balancer
from support.client import Client, ask, request
from support.deadline import seconds, wait_until
from support.replicas import Fleet, Replica, loopback
from support.workers import connections_per_worker

LEAST = ["--policy", "least-connections"]


def upstreams(fleet: Fleet) -> list[str]:
    return [f"--upstream={replica.name}" for replica in fleet]


def counted(address: tuple[str, int], requests: int, connections: int = 1) -> Counter[str]:
    """How many of so many requests each replica answered, over connections that take turns."""
    with ExitStack() as stack:
        clients = [stack.enter_context(Client(address)) for _ in range(connections)]
        return Counter(clients[i % connections].get().content.decode() for i in range(requests))


@contextmanager
def held(balancer: Balancer, fleet: Fleet, count: int) -> Iterator[list[Replica]]:
    """So many requests that get no answer before the block ends, and the replicas that hold them."""
    with ExitStack() as stack:
        for number in range(count):
            stack.enter_context(Client(balancer.address)).send(request("GET", "/held"))
            wait_until(lambda: sum(r.count("/held") for r in fleet) > number, "the slow request arrives")
        yield [replica for replica in fleet for _ in range(replica.count("/held"))]
        for replica in fleet:
            replica.release()


@pytest.mark.parametrize("connections", [1, 7])
@pytest.mark.parametrize("replicas", [2, 3, 5])
def test_round_robin_is_exactly_even(replicas: int, connections: int) -> None:
    with Fleet(replicas) as fleet, Balancer(*upstreams(fleet), "--workers", "1") as balancer:
        assert counted(balancer.address, 20 * replicas, connections) == {r.name: 20 for r in fleet}


def test_round_robin_takes_turns() -> None:
    with Fleet(3) as fleet, Balancer(*upstreams(fleet), "--workers", "1") as balancer:
        with Client(balancer.address) as client:
            answers = [client.get().content.decode() for _ in range(9)]
        assert len(set(answers[:3])) == 3 and answers == 3 * answers[:3]


def test_round_robin_is_even_over_workers() -> None:
    """A request each on connections of their own: the workers do not all begin with the same endpoint."""
    with Fleet(4) as fleet, Balancer(*upstreams(fleet), "--workers", "4") as balancer:
        counts = Counter(ask(balancer.address, request("GET", "/")).content.decode() for _ in range(400))
        assert all(count >= 80 for count in counts.values()) and len(counts) == 4, counts


def test_least_connections_prefers_the_idle_one() -> None:
    with Fleet(2) as fleet, Balancer(*upstreams(fleet), *LEAST, "--workers", "1") as balancer:
        with held(balancer, fleet, 1) as (busy,):
            assert counted(balancer.address, 20)[busy.name] == 0


def test_least_connections_counts_for_all_workers() -> None:
    """Whichever worker a client lands on, it knows of the request that another worker has running."""
    with Fleet(2) as fleet, Balancer(*upstreams(fleet), *LEAST, "--workers", "4") as balancer:
        with held(balancer, fleet, 1) as (busy,):
            counts = Counter(ask(balancer.address, request("GET", "/")).content.decode() for _ in range(40))
            # An answer reaches its client a moment before it is counted as ended, and another worker may take the next
            # request within that moment. Workers that count for themselves would send a third to the busy one.
            assert counts[busy.name] <= 6, counts


def test_least_connections_levels_slow_requests() -> None:
    """Twelve requests that stay go three to each of four endpoints."""
    with Fleet(4) as fleet, Balancer(*upstreams(fleet), *LEAST, "--workers", "2") as balancer:
        with held(balancer, fleet, 12):
            assert [replica.count("/held") for replica in fleet] == [3, 3, 3, 3]


def test_least_connections_breaks_ties_evenly() -> None:
    with Fleet(4) as fleet, Balancer(*upstreams(fleet), *LEAST, "--workers", "1") as balancer:
        counts = counted(balancer.address, 400)
        assert len(counts) == 4 and all(60 <= count <= 140 for count in counts.values()), counts


def test_least_connections_breaks_ties_evenly_beside_a_busy_endpoint() -> None:
    """With one endpoint out of the running, its share does not all fall to its neighbour."""
    with Fleet(4) as fleet, Balancer(*upstreams(fleet), *LEAST, "--workers", "1") as balancer:
        with held(balancer, fleet, 1) as (busy,):
            counts = counted(balancer.address, 300)
        assert counts[busy.name] == 0
        assert len(counts) == 3 and all(60 <= count <= 140 for count in counts.values()), counts


def test_a_client_that_leaves_is_no_longer_counted() -> None:
    """Requests whose clients have gone hold no place: afterwards both endpoints are as good as each other."""
    with Fleet(2) as fleet, Balancer(*upstreams(fleet), *LEAST, "--workers", "1") as balancer:
        clients = [Client(balancer.address) for _ in range(5)]
        for client in clients:
            client.send(request("GET", "/held"))
        wait_until(lambda: sum(replica.count("/held") for replica in fleet) == 5, "the slow requests arrive")
        for client in clients:
            client.reset()
        wait_until(lambda: not connections_per_worker(balancer.pid, balancer.port), "the clients' ends are noticed")
        for replica in fleet:
            replica.release()
        wait_until(lambda: not any(replica.connections for replica in fleet), "the abandoned requests end", within=2)
        counts = counted(balancer.address, 100)
        assert min(counts.values()) >= 25 and len(counts) == 2, counts


def test_an_endpoint_that_refuses_fails_no_request() -> None:
    with Fleet(3) as fleet, Balancer(*upstreams(fleet)) as balancer:
        fleet[1].stop()
        counts = counted(balancer.address, 60)
        assert set(counts) == {fleet[0].name, fleet[2].name}
        fleet[1].start()
        wait_until(lambda: counted(balancer.address, 6)[fleet[1].name], "it is tried again", within=15)


def test_a_suspect_is_avoided() -> None:
    """An endpoint that swallows connects costs one connect time-out, not one in three requests each."""
    with Fleet(2) as fleet, swallowing(fleet.port) as swallower:
        args = [*upstreams(fleet), "--upstream", swallower, "--connect-timeout", "400ms", "--workers", "1"]
        # Probes would find it out before any request.
        with Balancer(*args, "--health-check", "off") as balancer:
            began = time.monotonic()
            counts = counted(balancer.address, 30)
            took = time.monotonic() - began
            assert sum(counts.values()) == 30 and len(counts) == 2
            assert 0.3 < took < seconds(1.1), f"30 requests took {took:.2f} s: the silent endpoint was asked again"


@contextmanager
def swallowing(port: int) -> Iterator[str]:
    """The name of a listener whose queue is full: the kernel drops what else wants to connect."""
    host = loopback(200)
    with socket.create_server((host, port), backlog=0), ExitStack() as stack:
        for _ in range(8):
            filler = stack.enter_context(socket.socket())
            filler.settimeout(0.05)
            filler.connect_ex((host, port))
        yield f"{host}:{port}"
