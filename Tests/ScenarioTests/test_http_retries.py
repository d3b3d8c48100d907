"""When a request is tried again, and when it must not be: a POST is never sent twice."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from contextlib import contextmanager
from typing import Iterator

import pytest

from support.balancer import Balancer
from support.client import Client, chunked, push, request
from support.deadline import wait_until
from support.origin import Connection, Origin, always, in_turn, ok
from support.stage import stage

POST = request("POST", "/", body=b"once")


@contextmanager
def refusing() -> Iterator[str]:
    """An address where connecting is refused: it is bound, so that nobody else listens there, and no listener."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield "{}:{}".format(*bound.getsockname())


# Connect failures


@pytest.mark.parametrize(
    "raw",
    [
        request("GET", "/"),
        POST,
        request("PATCH", "/", "Transfer-Encoding: chunked") + chunked(b"one", b"two"),
        request("POST", "/", body=b"x" * 1_000_000),
    ],
    ids=["GET", "POST", "chunked PATCH", "large POST"],
)
def test_a_refused_connection_is_tried_elsewhere(raw: bytes) -> None:
    with refusing() as closed, Origin(always(lambda got: ok(b"%d" % len(got.content)))) as origin:
        with Balancer("--upstream", closed, "--upstream", origin.name, "--workers", "1") as balancer:
            with Client(balancer.address) as client:
                for _ in range(4):
                    assert client.ask(raw).status == 200
        assert len(origin.requests) == 4


def test_several_refusing_endpoints_are_passed_over() -> None:
    with refusing() as one, refusing() as two, Origin(always(ok())) as origin:
        upstreams = [word for name in (one, two, origin.name) for word in ("--upstream", name)]
        with Balancer(*upstreams, "--workers", "1") as balancer, Client(balancer.address) as client:
            for _ in range(6):
                assert client.ask(POST).status == 200


@pytest.mark.parametrize("count", [1, 3])
def test_a_502_where_all_refuse(count: int) -> None:
    with refusing() as closed:
        upstreams = ["--upstream", closed] * count
        with Balancer(*upstreams) as balancer, Client(balancer.address) as client:
            for _ in range(2):
                assert client.ask(POST).status == 502


def test_a_502_to_head_has_no_body() -> None:
    with refusing() as closed, Balancer("--upstream", closed) as balancer, Client(balancer.address) as client:
        for method in ("HEAD", "GET", "HEAD", "GET"):
            response = client.ask(request(method, "/"))
            assert response.status == 502 and bool(response.content) == (method == "GET")


def test_an_endpoint_that_comes_back_is_used_again() -> None:
    origin = Origin(always(ok()))
    with Balancer("--upstream", origin.name) as balancer, Client(balancer.address) as client:
        assert client.ask(POST).status == 502
        with origin:
            wait_until(lambda: client.ask(POST).status == 200, "the endpoint serves")


# Connections that die


def dies_on_second(how: str):
    """Serves one request; takes the second in whole, and then ends without a byte of answer."""

    def handler(connection: Connection) -> None:
        connection.read_request()
        connection.send(ok(b"first"))
        if connection.next_request() and how == "reset":
            connection.reset()

    return handler


@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "TRACE"])
def test_an_idempotent_request_is_tried_again_when_a_reused_connection_dies(method: str, how: str) -> None:
    with stage(in_turn(dies_on_second(how), always(ok(b"second"))), "--workers", "1") as front:
        with front.client() as client:
            assert client.get("/").content == b"first"
            assert client.ask(request(method, "/again")).status == 200
        assert [got.target for got in front.origin.requests] == ["/", "/again", "/again"]


@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize("method", ["POST", "PATCH", "PURGE", "get"])
def test_another_request_is_never_sent_twice(method: str, how: str) -> None:
    """It was sent whole and may have been processed: the client is told, and decides."""
    with stage(in_turn(dies_on_second(how), always(ok(b"second"))), "--workers", "1") as front:
        with front.client() as client:
            assert client.get("/").content == b"first"
            assert client.ask(request(method, "/once", body=b"once")).status == 502
            assert client.get("/next").content == b"second"
        assert [got.target for got in front.origin.requests] == ["/", "/once", "/next"]


def test_a_post_without_body_is_never_sent_twice_either() -> None:
    with stage(in_turn(dies_on_second("close"), always(ok(b"second"))), "--workers", "1") as front:
        with front.client() as client:
            assert client.get("/").content == b"first"
            assert client.ask(request("POST", "/once")).status == 502
        assert [got.target for got in front.origin.requests] == ["/", "/once"]


@pytest.mark.parametrize("first", ["the request", "the end"])
def test_a_post_that_comes_together_with_the_end_of_an_idle_connection(first: str) -> None:
    """No byte of it need be lost: the connection had ended before the POST was passed on."""
    idle, go, gone = threading.Event(), threading.Event(), threading.Event()

    def ends(connection: Connection) -> None:
        connection.read_request()
        connection.send(ok(b"first"))
        idle.set()
        assert go.wait(10)
        connection.close()
        gone.set()

    with stage(in_turn(ends, always(ok(b"second"))), "--workers", "1") as front, front.client() as client:
        assert client.get("/").content == b"first"
        assert idle.wait(10)
        with front.balancer.paused():
            if first == "the request":
                client.send(POST)
            go.set()
            assert gone.wait(10)
            if first == "the end":
                client.send(POST)
        assert client.response("POST").content == b"second"


@pytest.mark.parametrize("said", [b"H", b"HTTP/1.1 200 OK\r\n"], ids=repr)
def test_a_request_is_not_tried_again_after_an_answer_byte(said: bytes) -> None:
    def first(connection: Connection) -> None:
        connection.read_request()
        connection.send(ok(b"first"))
        connection.read_request()
        connection.send(said)

    with stage(in_turn(first, always(ok(b"second"))), "--workers", "1") as front, front.client() as client:
        assert client.get("/").content == b"first"
        assert client.get("/again").status == 502
        assert [got.target for got in front.origin.requests] == ["/", "/again"]


def test_retries_come_to_an_end() -> None:
    """An origin that takes every request and answers none: the client hears of it, and it is not hammered."""

    def mute(connection: Connection) -> None:
        connection.read_request()

    with stage(mute, "--workers", "1") as front, front.client() as client:
        assert client.get("/").status == 502
        assert len(front.origin.requests) <= 3


def test_a_fresh_connection_that_dies_loses_a_post_once() -> None:
    def mute(connection: Connection) -> None:
        connection.read_request()

    with stage(in_turn(mute, always(ok())), "--workers", "1") as front, front.client() as client:
        assert client.ask(POST).status == 502
        assert len(front.origin.requests) == 1


def test_a_large_body_is_not_tried_again_in_part() -> None:
    """What was streamed is gone; a retry could only send its end."""

    def first(connection: Connection) -> None:
        connection.read_request()
        connection.send(ok(b"first"))
        connection.read_request_head()
        connection.read_exact(1_000_000)
        connection.reset()

    with stage(in_turn(first, always(lambda got: ok(b"%d" % len(got.content)))), "--workers", "1") as front:
        with front.client() as client:
            assert client.get("/").content == b"first"
            pushing = push(client, request("PUT", "/", body=b"x" * 20_000_000))
            assert client.response("PUT").status == 502
            pushing.join()
        assert len(front.origin.requests) == 1


# Under the race that matters: idle connections that close just as they are reused


def closes_after_each(connection: Connection) -> None:
    """Promises a persistent connection, and closes it: as servers do whose idle time is over."""
    got = connection.read_request()
    connection.send(ok(got.target.encode()))


def hammer(balancer: Balancer, method: str, first: int, results: dict[str, int]) -> None:
    client = Client(balancer.address)
    for number in range(first, first + 100):
        target = f"/{number}"
        body = b"x" if method == "POST" else None
        response = client.ask(request(method, target, body=body))
        results[target] = response.status
        if response.status == 200:
            assert response.content == target.encode()
    client.close()


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_connections_that_close_as_they_are_reused(method: str) -> None:
    """Every GET is answered; a POST comes once at most, and a 200 says that it came."""
    results: dict[str, int] = {}
    with stage(closes_after_each) as front:
        threads = [
            threading.Thread(target=hammer, args=(front.balancer, method, base, results))
            for base in range(1000, 5000, 1000)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        arrived = Counter(got.target for got in front.origin.requests)
    assert len(results) == 400
    if method == "GET":
        assert set(results.values()) == {200}
    else:
        assert set(results.values()) <= {200, 502}
        assert max(arrived.values()) == 1, "a POST was sent twice"
        assert all(arrived[target] == 1 for target, status in results.items() if status == 200)
        assert sum(status == 200 for status in results.values()) >= 300
