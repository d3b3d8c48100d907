"""Limits of endpoints and connections, and the queue behind them."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack

import pytest

from support.balancer import Balancer
from support.client import Client, ask, request
from support.deadline import seconds, wait_until
from support.origin import Connection, Origin, always, ok
from support.replicas import Fleet
from support.stage import UNPROBED, stage

WORKERS = pytest.mark.parametrize("workers", ["1", "3"])


class Gate:
    """An origin's handler that holds each request until it is let go, and knows how many it holds."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self.held = 0
        self.most = 0
        self._free = 0

    def __call__(self, connection: Connection) -> None:
        while connection.next_request():
            with self._condition:
                self.held += 1
                self.most = max(self.most, self.held)
                self._condition.wait_for(lambda: self._free > 0, 10)
                self._free -= 1
                self.held -= 1
            connection.send(ok())

    def let_go(self, count: int) -> None:
        with self._condition:
            self._free += count
            self._condition.notify_all()


def ask_at_once(stack: ExitStack, balancer: Balancer, count: int) -> list[Client]:
    clients = [stack.enter_context(Client(balancer.address)) for _ in range(count)]
    for client in clients:
        client.send(request("GET", "/"))
    return clients


@WORKERS
@pytest.mark.parametrize("limit", ["--endpoint-requests", "--endpoint-connections"])
def test_what_is_beyond_the_limit_waits_its_turn(limit: str, workers: str) -> None:
    gate = Gate()
    with stage(gate, limit, "2", "--queue-timeout", "10s", "--workers", workers) as front, ExitStack() as stack:
        clients = ask_at_once(stack, front.balancer, 8)
        wait_until(lambda: gate.held == 2, "two requests arrive")
        gate.let_go(8)
        assert [client.response().status for client in clients] == [200] * 8
        assert gate.most == 2


@WORKERS
def test_room_is_taken_at_once(workers: str) -> None:
    """Eighty requests of ten milliseconds, four at a time: that is a fifth of a second, if nobody dozes."""

    def slow(connection: Connection) -> None:
        while connection.next_request():
            time.sleep(0.01)
            connection.send(ok())

    args = ("--endpoint-requests", "4", "--queue-timeout", "10s", "--workers", workers)
    with stage(slow, *args) as front, ExitStack() as stack:
        began = time.monotonic()
        clients = ask_at_once(stack, front.balancer, 80)
        assert [client.response().status for client in clients] == [200] * 80
        assert time.monotonic() - began < seconds(1)


@WORKERS
def test_who_has_waited_long_enough_is_told(workers: str) -> None:
    gate = Gate()
    args = ("--endpoint-requests", "1", "--queue-timeout", "300ms", "--workers", workers)
    with stage(gate, *args) as front, ExitStack() as stack:
        [first] = ask_at_once(stack, front.balancer, 1)
        wait_until(lambda: gate.held == 1, "a request arrives")
        began = time.monotonic()
        [second] = ask_at_once(stack, front.balancer, 1)
        got = second.response()
        assert (got.status, got.fields.one("Retry-After")) == (503, "1")
        assert time.monotonic() - began >= 0.29
        gate.let_go(1)
        assert first.response().status == 200


def test_the_queue_is_bounded() -> None:
    gate = Gate()
    args = ("--endpoint-requests", "1", "--queue-timeout", "10s", "--queue-length", "2", "--workers", "1")
    with stage(gate, *args) as front, ExitStack() as stack:
        clients = ask_at_once(stack, front.balancer, 1)
        wait_until(lambda: gate.held == 1, "a request arrives")
        clients += ask_at_once(stack, front.balancer, 2)
        assert ask(front.balancer.address, request("GET", "/")).status == 503
        gate.let_go(3)
        assert [client.response().status for client in clients] == [200] * 3


def test_another_endpoint_takes_what_one_may_not() -> None:
    with Fleet(2) as fleet, ExitStack() as stack:
        args = [f"--upstream={replica.name}" for replica in fleet] + ["--endpoint-requests", "3", "--workers", "1"]
        with Balancer(*args) as balancer:
            for _ in range(6):
                stack.enter_context(Client(balancer.address)).send(request("GET", "/held"))
            wait_until(lambda: [replica.count("/held") for replica in fleet] == [3, 3], "each has three")
            for replica in fleet:
                replica.release()


def test_a_request_waits_for_an_empty_pool() -> None:
    """No name server answers, so the pool is empty: the request gets its answer after the time of the queue."""
    args = ("--upstream", "web.test:80", "--resolver", "127.0.0.1:9", "--queue-timeout", "400ms")
    with Balancer(*args) as balancer:
        began = time.monotonic()
        got = ask(balancer.address, request("GET", "/"))
        assert (got.status, got.fields.one("Retry-After")) == (503, "1")
        assert 0.39 <= time.monotonic() - began < 3


@pytest.mark.parametrize("option, value", [("--connection-requests", "3"), ("--connection-age", "1ms")])
def test_connections_to_an_endpoint_have_a_life(option: str, value: str) -> None:
    with stage(always(ok()), option, value, "--workers", "1") as front, front.client() as client:
        for _ in range(9):
            assert client.get().status == 200
            time.sleep(0.002)  # So that one of a millisecond is over.
        assert len(front.origin.connections) == (3 if option == "--connection-requests" else 9)


@pytest.mark.parametrize("option, value", [("--client-requests", "3"), ("--client-age", "100ms")])
def test_a_client_is_told_that_its_connection_has_had_its_life(option: str, value: str) -> None:
    with stage(always(ok()), option, value) as front, front.client() as client:
        answers = []
        while not answers or not answers[-1].fields.has("Connection"):
            answers.append(client.get())
            assert len(answers) < 10_000
        assert answers[-1].fields.one("Connection") == "close"
        if option == "--client-requests":
            assert len(answers) == 3
        client.expect_end()


def test_idle_connections_are_given_up_for_another_worker() -> None:
    """Each worker's requests find the endpoint's one connection idle in another: they get one of their own."""
    origin = Origin(always(ok()))
    with origin, Balancer("--upstream", origin.name, *UNPROBED, "--endpoint-connections", "1", "--workers", "4") as front:
        for _ in range(20):
            assert ask(front.address, request("GET", "/")).status == 200
