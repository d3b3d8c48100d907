"""Each phase has its own limit: head, body, connect, response head, idle, and what the client then sees."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager
from typing import Iterator

import pytest

from support.balancer import Balancer
from support.client import Client, request
from support.deadline import seconds
from support.origin import Connection, Origin, always, in_turn, ok
from support.stage import stage
from support.wire import Cut

SHORT = "300ms"
AT_LEAST = 0.25  # Coarse timers may fire a little early; never by much.


@contextmanager
def takes_at_least(nominal: float) -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began >= nominal, "the time-out struck too early"


# The client's head


@pytest.mark.parametrize("begun", [b"G", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: test\r\n"], ids=repr)
def test_a_head_that_does_not_come_to_its_end_is_a_408(begun: bytes) -> None:
    with stage(always(ok()), "--header-timeout", SHORT) as front, front.client() as client:
        with takes_at_least(AT_LEAST):
            client.send(begun)
            response = client.response()
        assert response.status == 408 and response.fields.one("Connection").lower() == "close"
        client.expect_close()
        assert front.origin.connections == []


def test_a_head_that_drips_is_no_progress() -> None:
    """The whole head has one limit, or a slow client could hold its connection for ever."""
    with stage(always(ok()), "--header-timeout", "500ms") as front, front.client() as client:
        began = time.monotonic()
        client.send(b"GET / HTTP/1.1\r\n")
        while time.monotonic() - began < seconds(5):
            try:
                client.send(b"X: y\r\n")
                client.socket.settimeout(0.05)
                if client.socket.recv(1, socket.MSG_PEEK):
                    break
            except TimeoutError:
                pass
        assert client.response().status == 408
        client.expect_end()


@pytest.mark.parametrize("begun", [b"", b"\r\n"], ids=repr)
def test_a_connection_without_a_request_is_closed(begun: bytes) -> None:
    """Nothing was asked: either a 408 or nothing is said (RFC 9110 section 15.5.9)."""
    with stage(always(ok()), "--header-timeout", SHORT) as front, front.client() as client:
        client.send(begun)
        with takes_at_least(AT_LEAST):
            rest = client.read_to_end()
        assert rest == b"" or rest.startswith(b"HTTP/1.1 408 ")


def test_the_second_head_has_the_limit_too() -> None:
    with stage(always(ok()), "--header-timeout", SHORT) as front, front.client() as client:
        assert client.get("/").status == 200
        client.send(b"GET / HT")
        assert client.response().status == 408
        client.expect_close()


# The client's body


@pytest.mark.parametrize("framing", ["Content-Length: 10", "Transfer-Encoding: chunked"])
def test_a_request_body_that_stalls_ends_both_sides(framing: str) -> None:
    cut = threading.Event()

    def handler(connection: Connection) -> None:
        got = connection.read_request_head()
        with pytest.raises(Cut):
            connection.read_body(got)
        cut.set()

    with stage(handler, "--body-timeout", SHORT) as front, front.client() as client:
        client.send(request("POST", "/", framing) + b"5\r\nhe")
        with takes_at_least(AT_LEAST):
            response = client.response()
        assert response.status == 408 and response.fields.one("Connection").lower() == "close"
        client.expect_close()
        assert cut.wait(seconds(5))


def test_a_request_body_that_is_slow_but_moves_is_whole() -> None:
    with stage(always(lambda got: ok(got.content)), "--body-timeout", "500ms") as front, front.client() as client:
        client.send(request("POST", "/", "Content-Length: 10"))
        for _ in range(10):
            time.sleep(0.1)
            client.send(b"x")
        assert client.response().content == b"x" * 10


def test_a_client_that_does_not_take_its_answer_is_let_go() -> None:
    ended = threading.Event()

    def handler(connection: Connection) -> None:
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (100 << 20))
        with pytest.raises(Cut):
            for _ in range(100):
                connection.send(bytes(1 << 20), within=20)
        ended.set()

    with stage(handler, "--body-timeout", SHORT, record=False) as front, front.client(record=False) as client:
        client.send(request("GET", "/"))
        assert client.read_response_head().status == 200
        assert ended.wait(seconds(10)), "the balancer still holds the answer"
        with pytest.raises(Cut):
            client.read_exact((100 << 20) - 1)


# The upstream


@contextmanager
def full_listener(host: str = "127.0.0.1") -> Iterator[str]:
    """A listener that is up and completes no connection: its queue is full, so that SYNs are dropped."""
    with socket.socket() as listener:
        listener.bind((host, 0))
        listener.listen(0)
        waiting = []
        try:
            for _ in range(64):
                one = socket.socket()
                one.setblocking(False)
                one.connect_ex(listener.getsockname())
                waiting.append(one)
                if not connected(one):
                    break
            else:
                pytest.skip("this kernel completes connections beyond a listener's queue")
            yield "{}:{}".format(*listener.getsockname())
        finally:
            for one in waiting:
                one.close()


def connected(connection: socket.socket) -> bool:
    """Whether the handshake completes, which takes microseconds on the loopback where it does at all."""
    end = time.monotonic() + 0.2
    while time.monotonic() < end:
        try:
            connection.getpeername()
            return True
        except OSError:
            time.sleep(0.005)
    return False


def test_a_connection_that_does_not_come_about_is_tried_elsewhere() -> None:
    """No byte of the request can have been processed, so that also a POST is."""
    with full_listener() as deaf, Origin(always(ok())) as origin:
        arguments = ["--upstream", deaf, "--upstream", origin.name, "--connect-timeout", SHORT, "--workers", "1"]
        with Balancer(*arguments) as balancer, Client(balancer.address) as client:
            for _ in range(4):
                assert client.ask(request("POST", "/", body=b"x")).status == 200


def test_a_connection_that_never_comes_about_is_an_error() -> None:
    with full_listener() as deaf:
        limits = ["--connect-timeout", SHORT, "--response-timeout", "1s"]
        with Balancer("--upstream", deaf, *limits) as balancer, Client(balancer.address) as client:
            with takes_at_least(AT_LEAST):
                assert client.ask(request("GET", "/"), within=10).status in (502, 504)


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\nX: "], ids=["nothing", "half a head"])
def test_an_upstream_that_does_not_answer_is_a_504(said: bytes) -> None:
    ended = threading.Event()

    def handler(connection: Connection) -> None:
        connection.read_request()
        if said:
            connection.send(said)
        connection.expect_end()
        ended.set()

    with stage(in_turn(handler, always(ok())), "--response-timeout", SHORT) as front, front.client() as client:
        with takes_at_least(AT_LEAST):
            assert client.ask(request("GET", "/")).status == 504
        assert ended.wait(seconds(5)), "the connection stays open"
        assert client.get("/").status == 200
        assert len(front.origin.requests) == 2, "a request that timed out was tried again"


def test_the_response_limit_begins_when_the_request_has_ended() -> None:
    """A slow upload is no slow answer."""
    with stage(always(ok()), "--response-timeout", "500ms") as front, front.client() as client:
        client.send(request("POST", "/", "Content-Length: 10"))
        for _ in range(10):
            time.sleep(0.1)
            client.send(b"x")
        assert client.response().status == 200


def test_a_client_that_pauses_within_its_body_is_not_its_upstreams_fault() -> None:
    with stage(always(lambda got: ok(got.content)), "--response-timeout", SHORT) as front, front.client() as client:
        client.send(request("POST", "/", "Content-Length: 10") + b"hello")
        front.origin.wait_connections(1)
        time.sleep(0.8)
        client.send(b"there")
        assert client.response().content == b"hellothere"


def test_an_answer_that_stalls_is_cut() -> None:
    def handler(connection: Connection) -> None:
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
        connection.expect_end()

    with stage(handler, "--response-timeout", SHORT, "--body-timeout", SHORT) as front, front.client() as client:
        client.send(request("GET", "/"))
        assert client.read_response_head().status == 200
        with takes_at_least(AT_LEAST), pytest.raises(Cut):
            client.read_exact(10)


def test_an_answer_that_is_slow_but_moves_is_whole() -> None:
    def handler(connection: Connection) -> None:
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
        for _ in range(10):
            time.sleep(0.1)
            connection.send(b"x")

    limits = ["--response-timeout", "500ms", "--body-timeout", "500ms", "--idle-timeout", "500ms"]
    with stage(handler, *limits) as front:
        assert front.ask(request("GET", "/")).content == b"x" * 10


# Idle connections


def test_an_idle_client_connection_is_closed_in_order() -> None:
    with stage(always(ok()), "--idle-timeout", SHORT) as front, front.client() as client:
        assert client.get("/").status == 200
        with takes_at_least(AT_LEAST):
            client.expect_close()


def test_a_client_connection_in_use_is_not_idle() -> None:
    with stage(always(ok()), "--idle-timeout", "500ms") as front, front.client() as client:
        for _ in range(10):
            assert client.get("/").status == 200
            time.sleep(0.1)


def test_a_client_that_waits_for_its_answer_is_not_idle() -> None:
    def handler(connection: Connection) -> None:
        connection.read_request()
        time.sleep(0.8)
        connection.send(ok())

    limits = ["--idle-timeout", SHORT, "--header-timeout", SHORT, "--body-timeout", SHORT]
    with stage(handler, *limits) as front:
        assert front.ask(request("GET", "/")).status == 200


def test_an_idle_upstream_connection_is_closed() -> None:
    closed = threading.Event()

    def first(connection: Connection) -> None:
        connection.read_request()
        connection.send(ok())
        with takes_at_least(AT_LEAST):
            connection.expect_close()
        closed.set()

    options = ["--upstream-idle-timeout", SHORT, "--workers", "1"]
    with stage(in_turn(first, always(ok())), *options) as front, front.client() as client:
        assert client.get("/").status == 200
        assert closed.wait(seconds(5)), "the idle connection stays open"
        assert client.ask(request("POST", "/", body=b"x")).status == 200


def test_an_upstreams_own_idle_time_is_heeded() -> None:
    """It says when it will close: the balancer does so before, and no request meets the end."""
    closed = threading.Event()

    def first(connection: Connection) -> None:
        connection.read_request()
        connection.send(ok(b"ok", "Keep-Alive: timeout=2"))
        connection.expect_close(within=2)
        closed.set()

    options = ["--upstream-idle-timeout", "1m", "--workers", "1"]
    with stage(in_turn(first, always(ok())), *options) as front, front.client() as client:
        assert client.get("/").status == 200
        assert closed.wait(seconds(3))
        assert client.ask(request("POST", "/", body=b"x")).status == 200


def test_many_idle_connections_end_together() -> None:
    with stage(always(ok()), "--idle-timeout", SHORT) as front:
        clients = [front.client() for _ in range(100)]
        for client in clients:
            assert client.get("/").status == 200
        for client in clients:
            client.expect_close()
            client.close()
