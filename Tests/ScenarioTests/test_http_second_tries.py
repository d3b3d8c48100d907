"""Second tries after time-outs and answers of 5xx, with bodies, within the budget."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack, contextmanager
from typing import Iterator

import pytest

from support.balancer import Balancer
from support.client import Client, chunked, request
from support.deadline import seconds
from support.origin import Connection, Origin, Request, always, answer, ok
from support.stage import UNPROBED

PUT = request("PUT", "/", body=b"again")
POST = request("POST", "/", body=b"once")


def silent(connection: Connection) -> None:
    """Takes a request and never answers."""
    connection.read_request()
    connection.read_to_end(within=20)


def fails(status: str) -> object:
    return always(answer(status, body=b"no"))


@contextmanager
def two(bad: object, *args: str) -> Iterator[tuple[Origin, Origin, Balancer]]:
    """An endpoint that is bad in this way, one that echoes, and a balancer with one worker, which never ejects."""
    good = Origin(always(lambda got: ok(got.content or b"ok")))
    with Origin(bad) as first, good:
        pool = ("--upstream", first.name, "--upstream", good.name, "--workers", "1", "--ejection", "off")
        with Balancer(*pool, *UNPROBED, *args) as balancer:
            yield first, good, balancer


@pytest.mark.parametrize("status", ["500 Oh", "502 No", "503 Later", "504 Late"])
def test_another_endpoint_may_do_better(status: str) -> None:
    with two(fails(status)) as (bad, good, balancer), Client(balancer.address) as client:
        for _ in range(6):
            got = client.ask(PUT)
            assert (got.status, got.content) == (200, b"again")
        assert len(bad.requests) >= 3, "each in turn"


@pytest.mark.parametrize("status, number", [("500 Oh", 500), ("503 Later", 503), ("501 Never", 501), ("404 Not here", 404)])
def test_what_nobody_does_better_is_the_answer(status: str, number: int) -> None:
    with Origin(fails(status)) as one, Origin(fails(status)) as other:
        args = ("--upstream", one.name, "--upstream", other.name, "--workers", "1", *UNPROBED)
        with Balancer(*args) as balancer, Client(balancer.address) as client:
            got = client.get()
            assert (got.status, got.content) == (number, b"no")
        assert len(one.requests) + len(other.requests) == (2 if number in (500, 503) else 1)


@pytest.mark.parametrize("status", ["500 Oh", "503 Later"])
def test_a_post_is_not_sent_twice(status: str) -> None:
    with two(fails(status)) as (bad, good, balancer), Client(balancer.address) as client:
        statuses = [client.ask(POST).status for _ in range(4)]
        assert sorted(statuses) == [200, 200, int(status[:3]), int(status[:3])]
        assert len(bad.requests) + len(good.requests) == 4


def test_a_post_is_sent_twice_where_that_is_asked_for() -> None:
    with two(fails("503 Later"), "--retry-non-idempotent", "on") as (_, _, balancer), Client(balancer.address) as client:
        assert [client.ask(POST).status for _ in range(4)] == [200] * 4


@pytest.mark.parametrize("causes", ["off", "connect,reset,timeout", "gateway"])
def test_only_the_causes_that_are_asked_for_count(causes: str) -> None:
    with two(fails("500 Oh"), "--retry-on", causes) as (_, _, balancer), Client(balancer.address) as client:
        assert sorted(client.get().status for _ in range(4)) == [200, 200, 500, 500]


def test_silence_is_left_for_another_endpoint() -> None:
    with two(silent, "--try-timeout", "200ms") as (bad, _, balancer):
        began = time.monotonic()
        for _ in range(4):
            with Client(balancer.address) as client:
                assert client.get().status == 200
        assert time.monotonic() - began < seconds(3)
        assert len(bad.requests) >= 1


def test_who_is_alone_has_the_whole_time() -> None:
    def slow(connection: Connection) -> None:
        connection.read_request()
        time.sleep(0.6)  # Three times what an attempt has where there is another.
        connection.send(ok(b"at last"))

    with Origin(slow) as origin:
        args = ("--upstream", origin.name, *UNPROBED, "--try-timeout", "200ms", "--response-timeout", "5s")
        with Balancer(*args) as balancer, Client(balancer.address) as client:
            assert client.get().content == b"at last"
        assert len(origin.requests) == 1


@pytest.mark.parametrize("size, statuses", [(60_000, {200}), (70_000, {200, 503})], ids=["kept", "too large"])
@pytest.mark.parametrize("coding", ["length", "chunked"])
def test_a_body_is_kept_up_to_its_bound(size: int, statuses: set[int], coding: str) -> None:
    """It comes in parts, each of which has gone to the endpoint before the next one comes."""
    body = bytes(range(256)) * (size // 256)

    def after_all(connection: Connection) -> None:
        while connection.next_request():
            connection.send(answer("503 Later"))

    with two(after_all) as (_, _, balancer):
        got = []
        for _ in range(4):
            with Client(balancer.address) as client:
                if coding == "length":
                    raw = request("PUT", "/", body=body)
                else:
                    parts = [body[at : at + 7_000] for at in range(0, len(body), 7_000)]
                    raw = request("PUT", "/", "Transfer-Encoding: chunked") + chunked(*parts)
                for at in range(0, len(raw), 10_000):
                    client.send(raw[at : at + 10_000])
                    time.sleep(0.005)  # Apart, or the kernel would join them.
                answered = client.response("PUT")
                got.append(answered.status)
                assert answered.status != 200 or answered.content == body
        assert set(got) == statuses, got


def test_second_tries_stay_within_their_budget() -> None:
    """Thirty requests at once fail at one endpoint: no more than three second tries are ever under way, and all are served."""
    lock = threading.Lock()
    now = {"under way": 0, "most": 0}

    def dies(connection: Connection) -> None:
        connection.read_request()

    def good(got: Request) -> bytes:
        if got.target != "/retried":
            return ok()
        with lock:
            now["under way"] += 1
            now["most"] = max(now["most"], now["under way"])
        time.sleep(0.01)
        with lock:
            now["under way"] -= 1
        return ok()

    with Origin(dies) as bad, Origin(always(good)) as better:
        # The better one stands by, so that whatever it gets is a second try.
        pool = ("--upstream", bad.name, "--upstream", f"{better.name},backup")
        args = ("--workers", "1", *UNPROBED, "--ejection", "off", "--retry-budget", "0%", "--queue-timeout", "10s")
        with Balancer(*pool, *args) as balancer, ExitStack() as stack:
            clients = [stack.enter_context(Client(balancer.address)) for _ in range(30)]
            for client in clients:
                client.send(request("GET", "/retried"))
            assert [client.response(within=15).status for client in clients] == [200] * 30
        assert 1 <= now["most"] <= 3
