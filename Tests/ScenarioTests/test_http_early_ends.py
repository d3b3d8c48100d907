"""Closes and resets in every phase, on either side: the right thing, and never a hang."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from support.client import Client, chunked, push, request
from support.deadline import seconds, wait_until
from support.origin import Connection, in_turn, ok
from support.stage import Stage, serve_next, stage
from support.wire import Cut

MEGABYTE = 1 << 20


# The client leaves


@pytest.mark.parametrize(
    "framing", ["Content-Length: 100", "Content-Length: 1000000000000", "Transfer-Encoding: chunked"]
)
@pytest.mark.parametrize("how", ["close", "reset"])
def test_the_client_leaves_within_its_request_body(how: str, framing: str) -> None:
    """The origin must not take what it has for a whole request: its connection ends too."""
    begun, ended = threading.Event(), threading.Event()

    def handler(connection: Connection) -> None:
        got = connection.read_request_head()
        begun.set()
        with pytest.raises(Cut):
            connection.read_body(got)
        ended.set()

    with stage(in_turn(handler, serve_next)) as front:
        with front.client() as client:
            client.send(request("POST", "/", framing) + b"5\r\nhello\r\n")
            assert begun.wait(seconds(5))
            if how == "reset":
                client.reset()
        assert ended.wait(seconds(5))
        front.assert_serves_next()


def test_the_client_resets_while_its_answer_is_made() -> None:
    """The upstream connection carries an answer nobody wants: it is not for the next client."""
    asked, gone = threading.Event(), threading.Event()

    def handler(connection: Connection) -> None:
        connection.read_request()
        asked.set()
        assert gone.wait(10)
        try:
            connection.send(ok(b"late"))
            connection.expect_end()
        except Cut:
            pass

    with stage(in_turn(handler, serve_next), "--workers", "1") as front:
        with front.client() as client:
            client.send(request("GET", "/"))
            assert asked.wait(seconds(5))
            client.reset()
        gone.set()
        for _ in range(3):
            front.assert_serves_next()


def test_the_client_resets_while_its_answer_comes() -> None:
    """The balancer stops reading it: the origin's connection ends, however much it still had to send."""
    ended = threading.Event()

    def handler(connection: Connection) -> None:
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (1000 * MEGABYTE))
        with pytest.raises(Cut):
            for _ in range(1000):
                connection.send(bytes(MEGABYTE), within=10)
        ended.set()

    with stage(in_turn(handler, serve_next), "--workers", "1", record=False) as front:
        with front.client() as client:
            client.send(request("GET", "/"))
            assert client.read_response_head().status == 200
            client.read_exact(3 * MEGABYTE)
            client.reset()
        assert ended.wait(seconds(10))
        front.assert_serves_next()


def test_the_client_closes_while_its_answer_comes() -> None:
    ended = threading.Event()

    def handler(connection: Connection) -> None:
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        with pytest.raises(Cut):
            for _ in range(100_000):
                connection.send(b"10000\r\n%b\r\n" % bytes(65_536), within=10)
        ended.set()

    with stage(in_turn(handler, serve_next), "--workers", "1", record=False) as front:
        with front.client() as client:
            client.send(request("GET", "/"))
            assert client.read_response_head().status == 200
        assert ended.wait(seconds(10))
        front.assert_serves_next()


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_what_a_client_left_behind_reaches_no_other_client(framing: str) -> None:
    """Buffers and pipes are used again: what was in them when a client reset has to be gone."""

    def handler(connection: Connection) -> None:
        try:
            while got := connection.next_request():
                block = got.target[1:].encode() * (256 * 1024)
                if framing == "length":
                    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (16 * len(block)))
                    for _ in range(16):
                        connection.send(block)
                else:
                    connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                    connection.send(chunked(*[block] * 16))
        except Cut:
            pass  # The client that left.

    with stage(handler, "--workers", "1", record=False) as front:
        for turn in range(20):
            with front.client(record=False) as leaving:
                leaving.send(request("GET", "/A"))
                assert leaving.read_response_head().status == 200
                leaving.read_exact(turn * 100_000 + 1)
                leaving.reset()
            with front.client(record=False) as staying:
                content = staying.get("/B").content
                assert len(content) == 16 * 256 * 1024 and content.count(b"B") == len(content)


def test_what_a_client_sent_before_it_left_reaches_no_other_request() -> None:
    def handler(connection: Connection) -> None:
        try:
            while got := connection.next_request():
                connection.send(ok(b"%d of %d" % (got.content.count(b"B"), len(got.content))))
        except Cut:
            pass  # The client that left.

    with stage(handler, "--workers", "1", record=False) as front:
        for turn in range(20):
            with front.client() as leaving:
                leaving.send(request("POST", "/", "Content-Length: 4000000") + b"A" * (turn * 100_000 + 1))
                leaving.reset()
            assert front.ask(request("POST", "/", body=b"B" * 4_000_000)).content == b"4000000 of 4000000"


def test_a_client_may_half_close_after_its_request() -> None:
    """As `printf ... | nc` does: it has sent all it has to say, and waits for the answer."""
    release = threading.Event()

    def handler(connection: Connection) -> None:
        connection.read_request()
        assert release.wait(10)
        connection.send(ok(b"x" * 100_000))

    with stage(handler) as front, front.client() as client:
        client.send(request("GET", "/"))
        client.half_close()
        front.origin.wait_requests(1)
        release.set()
        assert client.response().content == b"x" * 100_000
        client.expect_close()


# The upstream leaves


def leave(connection: Connection, how: str, after: bytes = b"") -> None:
    connection.read_request()
    if after:
        connection.send(after)
        connection.wait_taken()
    if how == "reset":
        connection.reset()


@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize(
    "after", [b"", b"HTTP/1.1 2", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"], ids=repr
)
def test_the_upstream_leaves_before_its_head_is_whole(how: str, after: bytes) -> None:
    """The request may have been processed: a POST is not tried again, and no part of the head passes."""
    with stage(in_turn(lambda it: leave(it, how, after), serve_next), "--workers", "1") as front:
        with front.client() as client:
            assert client.ask(request("POST", "/", body=b"x")).status == 502
            assert client.get("/next").content == b"next"
        assert [got.method for got in front.origin.requests] == ["POST", "GET"]


@pytest.mark.parametrize("how", ["close", "reset"])
def test_the_upstream_leaves_within_the_request_body(how: str) -> None:
    """Without an answer: a 502, though the client is still sending."""

    def handler(connection: Connection) -> None:
        connection.read_request_head()
        connection.read_exact(1000)
        if how == "reset":
            connection.reset()

    with stage(in_turn(handler, serve_next)) as front:
        with front.client() as client:
            client.send(request("POST", "/", f"Content-Length: {20 * MEGABYTE}"))
            pushing = push(client, bytes(20 * MEGABYTE))
            assert client.response().status == 502
            client.expect_end()
            pushing.join()
        front.assert_serves_next()


def test_a_reset_does_not_disturb_the_neighbours() -> None:
    """Clients on the same worker, one of which loses its upstream within an answer."""
    go = threading.Event()

    def handler(connection: Connection) -> None:
        while got := connection.next_request():
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
            assert go.wait(10)
            if got.target == "/cut":
                connection.reset()
                return
            connection.send(got.target.encode().ljust(10))

    with stage(handler, "--workers", "1") as front:
        clients = [front.client() for _ in range(10)]
        for number, client in enumerate(clients):
            client.send(request("GET", "/cut" if number == 5 else f"/{number}"))
            assert client.read_response_head().status == 200
        go.set()
        for number, client in enumerate(clients):
            if number == 5:
                with pytest.raises(Cut):
                    client.read_exact(10)
            else:
                assert client.read_exact(10) == b"/%d" % number + b" " * 8
            client.close()


def sockets(front: Stage) -> int:
    """How many the balancer holds. Of other descriptors its threads open some after it listens."""
    count = 0
    for descriptor in Path(f"/proc/{front.balancer.pid}/fd").iterdir():
        try:
            count += os.readlink(descriptor).startswith("socket:")
        except FileNotFoundError:
            pass  # It was closed since.
    return count


def read_what_comes(client: Client) -> None:
    """Ends its request, and takes an answer or its absence: how an exchange ends is not the point here."""
    try:
        client.send(b"lo")
        client.read_some()
    except Cut:
        pass


def test_no_connection_is_left_behind() -> None:
    """After ends in all phases the balancer holds what it held before."""

    def handler(connection: Connection) -> None:
        try:
            kind = int(connection.read_request_head().target[1:]) % 4
            if kind == 1:
                connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
            elif kind == 2:
                connection.reset()
            elif kind == 3:
                connection.send(b"rubbish\r\n\r\n")
        except Cut:
            pass  # The client has left first.

    with stage(handler, "--workers", "1") as front:
        before = sockets(front)
        for number in range(40):
            with front.client() as client:
                client.send(request("POST", f"/{number}", "Content-Length: 5") + b"hel")
                if number % 3 == 0:
                    client.wait_taken()
                    client.reset()
                else:
                    read_what_comes(client)
        wait_until(lambda: sockets(front) <= before, "the balancer closes its connections")
