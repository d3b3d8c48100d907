"""Answers before the request has ended, closes and resets in every phase: the right thing, and never a hang."""

from __future__ import annotations

import os
import threading

import pytest

from support.client import chunked, push, request
from support.deadline import seconds, wait_until
from support.origin import Connection, always, answer, in_turn, ok
from support.stage import Stage, stage
from support.wire import Cut

TOO_LARGE = answer("413 Content Too Large", "Connection: close", body=b"too large" * 100)
MEGABYTE = 1 << 20


def assert_serves(front: Stage) -> None:
    """The next request, on a connection of its own, gets its own answer."""
    assert front.ask(request("GET", "/next")).content == b"next"


serve_next = always(ok(b"next"))


# Early answers


def test_an_answer_before_the_body_has_ended_arrives_whole() -> None:
    """The origin reads on: the usual case of an application that answers after the head."""

    def handler(connection: Connection) -> None:
        connection.read_request_head()
        connection.send(TOO_LARGE)
        try:
            while connection.read_some():
                pass
        except Cut:
            pass

    with stage(in_turn(handler, serve_next)) as front:
        with front.client() as client:
            client.send(request("POST", "/", f"Content-Length: {20 * MEGABYTE}"))
            pushing = push(client, bytes(20 * MEGABYTE))
            response = client.response()
            assert (response.status, response.content) == (413, b"too large" * 100)
            client.expect_end()
            pushing.join()
        assert_serves(front)


def test_an_answer_before_the_body_has_ended_arrives_though_the_origin_resets() -> None:
    """It closes with unread bytes, which resets: what it said before is in the balancer's socket all the same."""

    def handler(connection: Connection) -> None:
        connection.read_request_head()
        connection.read_exact(100_000)
        connection.send(TOO_LARGE)

    with stage(in_turn(handler, serve_next)) as front:
        with front.client() as client:
            client.send(request("POST", "/", f"Content-Length: {20 * MEGABYTE}"))
            pushing = push(client, bytes(20 * MEGABYTE))
            response = client.response()
            assert (response.status, response.content) == (413, b"too large" * 100)
            client.expect_end()
            pushing.join()
        assert_serves(front)


def test_an_early_answer_reaches_a_client_that_first_sends_everything() -> None:
    """Two megabytes more than it should: the close lingers so that the answer is not destroyed by a reset."""

    def handler(connection: Connection) -> None:
        connection.read_request_head()
        connection.send(TOO_LARGE)
        connection.half_close()
        try:
            while connection.read_some():
                pass
        except Cut:
            pass

    with stage(in_turn(handler, serve_next)) as front:
        with front.client() as client:
            client.send(request("POST", "/", f"Content-Length: {2 * MEGABYTE}"))
            push(client, bytes(2 * MEGABYTE)).join()
            response = client.response()
            assert (response.status, response.content) == (413, b"too large" * 100)
        assert_serves(front)


def test_the_close_after_an_early_answer_lingers() -> None:
    """RFC 9112 section 9.6: what still comes must not be met with a reset, or some clients lose the answer."""

    def handler(connection: Connection) -> None:
        connection.read_request_head()
        connection.send(TOO_LARGE)
        connection.expect_end()

    with stage(handler) as front, front.client() as client:
        client.send(request("POST", "/", f"Content-Length: {MEGABYTE}"))
        response = client.response()
        assert (response.status, response.content) == (413, b"too large" * 100)
        client.expect_close()
        for _ in range(20):
            client.send(b"x" * 1000)
            client.wait_taken()


def test_an_early_answer_without_close_does_not_let_the_body_become_a_request() -> None:
    """RFC 9112 section 9.3: the rest of the body has to be read, or the connection closed."""
    smuggled = request("GET", "/smuggled")
    answered = threading.Event()

    def handler(connection: Connection) -> None:
        got = connection.read_request_head()
        connection.origin.requests.append(got)
        connection.send(answer("403 Forbidden", body=b"no"))
        answered.set()
        try:
            connection.read_body(got)
        except Cut:
            pass

    with stage(in_turn(handler, serve_next)) as front:
        with front.client() as client:
            client.send(request("POST", "/", f"Content-Length: {len(smuggled)}"))
            assert client.response().status == 403
            try:
                client.send(smuggled)
                client.send(request("GET", "/next"))
                assert client.response().content == b"next"
            except Cut:
                pass  # Closed: as good.
        assert_serves(front)
        assert "/smuggled" not in [got.target for got in front.origin.requests]


def test_an_early_answer_that_ends_after_the_request_is_exchanged_whole() -> None:
    """It begins before the body and ends after it. The client's connection stays, or its end was announced."""

    def handler(connection: Connection) -> None:
        while True:
            try:
                got = connection.read_request_head()
            except Cut:
                return
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
            connection.read_body(got)
            connection.send(got.content)

    with stage(handler, "--workers", "1") as front:
        for _ in range(3):
            with front.client() as client:
                client.send(request("POST", "/", "Content-Length: 5"))
                response = client.read_response_head()
                client.send(b"hello")
                assert response.status == 200 and client.read_exact(5) == b"hello"
                if response.fields.all("Connection") == ["close"]:
                    client.expect_close()
                else:
                    client.send(request("POST", "/", body=b"again"))
                    assert client.response("POST").content == b"again"


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
        assert_serves(front)


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
            assert_serves(front)


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
        assert_serves(front)


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
        assert_serves(front)


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
        assert_serves(front)


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


def descriptors(front: Stage) -> int:
    return len(os.listdir(f"/proc/{front.balancer.pid}/fd"))


def test_no_descriptor_is_left_behind() -> None:
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
        before = descriptors(front)
        for number in range(40):
            with front.client() as client:
                client.send(request("POST", f"/{number}", "Content-Length: 5") + b"hel")
                if number % 3 == 0:
                    client.wait_taken()
                    client.reset()
                else:
                    client.send(b"lo")
                    client.read_some()
        wait_until(lambda: descriptors(front) <= before, "the balancer lets go of its descriptors")
