"""Persistent connections on both sides, pipelining, HTTP/1.0, `Connection: close`."""

from __future__ import annotations

import threading

import pytest

from support.client import chunked, request
from support.deadline import seconds
from support.origin import Connection, Request, always, answer, in_turn, ok, once
from support.stage import passed, stage


def echo_target(request: Request) -> bytes:
    """The target and the body, so that every answer can be told from every other."""
    return answer("200 OK", body=request.target.encode() + b"|" + request.content)


# Keep-alive


def test_many_requests_share_one_connection_on_either_side() -> None:
    with stage(always(echo_target), "--workers", "1") as front, front.client() as client:
        for number in range(50):
            assert client.get(f"/{number}").content == b"/%d|" % number
        assert len(front.origin.connections) == 1


def test_large_answers_leave_their_upstream_connection_usable() -> None:
    """The last move of a large body takes just what is left of it and does not show that nothing follows."""
    body = bytes(range(256)) * 4096
    with stage(always(ok(body)), "--workers", "1") as front, front.client() as client:
        for number in range(5):
            assert client.get(f"/{number}").content == body
        assert len(front.origin.connections) == 1


def test_clients_that_come_and_go_share_an_upstream_connection() -> None:
    with stage(always(echo_target), "--workers", "1") as front:
        for number in range(20):
            assert front.ask(request("GET", f"/{number}")).content == b"/%d|" % number
        assert len(front.origin.connections) == 1


def test_keep_alive_holds_over_every_framing() -> None:
    replies = {
        "/length": ok(b"length"),
        "/empty": ok(b""),
        "/chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(b"chu", b"nked"),
        "/no-content": b"HTTP/1.1 204 No Content\r\n\r\n",
        "/not-modified": b'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\nContent-Length: 5\r\n\r\n',
    }
    with stage(always(lambda got: replies[got.target]), "--workers", "1") as front, front.client() as client:
        contents = [client.get(target).content for target in [*replies, *reversed(replies)]]
        assert contents == [b"length", b"", b"chunked", b"", b"", b"", b"", b"chunked", b"", b"length"]
        assert len(front.origin.connections) == 1


def test_an_upstream_connection_carries_one_request_at_a_time() -> None:
    """Nothing is sent on it before the answer to what was sent has ended: no answer can go to the wrong request."""
    both = threading.Barrier(2)

    def handler(connection: Connection) -> None:
        while got := connection.next_request():
            both.wait(10)
            connection.send(echo_target(got))

    with stage(handler, "--workers", "1") as front, front.client() as one, front.client() as two:
        one.send(request("GET", "/one"))
        two.send(request("GET", "/two"))
        assert (one.response().content, two.response().content) == (b"/one|", b"/two|")
        assert len(front.origin.connections) == 2


# Pipelining


def test_a_hundred_pipelined_requests_are_answered_in_order() -> None:
    with stage(always(echo_target)) as front, front.client() as client:
        client.send(b"".join(request("GET", f"/{number}") for number in range(100)))
        assert [client.response().content for _ in range(100)] == [b"/%d|" % number for number in range(100)]


def test_pipelined_requests_with_bodies() -> None:
    with stage(always(echo_target)) as front, front.client() as client:
        sent = []
        for number in range(40):
            body = bytes([65 + number % 26]) * (number * 37)
            if number % 2:
                sent.append(request("POST", f"/{number}", body=body))
            else:
                coded = chunked(*([body] if body else []), trailers=b"X-T: t\r\n")
                sent.append(request("POST", f"/{number}", "Transfer-Encoding: chunked") + coded)
        client.send(b"".join(sent))
        for number in range(40):
            assert client.response().content == b"/%d|" % number + bytes([65 + number % 26]) * (number * 37)


def test_a_head_request_in_the_middle_of_a_pipeline() -> None:
    def handler(connection: Connection) -> None:
        while got := connection.next_request():
            reply = echo_target(got)
            connection.send(reply.split(b"|")[0][: reply.index(b"\r\n\r\n") + 4] if got.method == "HEAD" else reply)

    with stage(handler) as front, front.client() as client:
        client.send(request("GET", "/1") + request("HEAD", "/22") + request("GET", "/3"))
        assert client.response().content == b"/1|"
        head = client.response("HEAD")
        assert head.fields.one("Content-Length") == "4" and head.content == b""
        assert client.response().content == b"/3|"


def test_pipelined_answers_keep_their_order_when_the_first_is_slow() -> None:
    release = threading.Event()

    def handler(connection: Connection) -> None:
        while got := connection.next_request():
            if got.target == "/slow":
                assert release.wait(10)
            connection.send(echo_target(got))

    with stage(handler) as front, front.client() as client:
        client.send(request("GET", "/slow") + request("GET", "/fast"))
        client.expect_silence(0.1)
        release.set()
        assert [client.response().content for _ in range(2)] == [b"/slow|", b"/fast|"]


def test_a_pipeline_goes_on_after_the_client_stops_sending() -> None:
    """A client may half-close after its last request: everything it asked for is still answered."""
    with stage(always(echo_target)) as front, front.client() as client:
        client.send(b"".join(request("GET", f"/{number}") for number in range(5)))
        client.half_close()
        assert [client.response().content for _ in range(5)] == [b"/%d|" % number for number in range(5)]
        client.expect_close()


# Connection: close


def test_a_client_that_says_close_gets_it() -> None:
    with stage(always(ok()), "--workers", "1") as front:
        with front.client() as client:
            response = client.get("/", "Connection: close")
            assert response.fields.one("Connection").lower() == "close" and response.content == b"ok"
            client.expect_close()
        assert front.ask(request("GET", "/")).status == 200
        assert len(front.origin.connections) == 1, "a client's close is not the upstream connection's"
        assert not front.origin.requests[0].fields.has("Connection")


@pytest.mark.parametrize("value", ["close", "Close", "CLOSE", "keep-alive, close", "x,close ,y", ",, close"])
def test_close_is_found_in_any_spelling(value: str) -> None:
    with stage(always(ok())) as front, front.client() as client:
        client.send(request("GET", "/1", f"Connection: {value}") + request("GET", "/2"))
        assert client.response().status == 200
        client.expect_end()
        assert [got.target for got in front.origin.requests] == ["/1"]


@pytest.mark.parametrize("value", ["keep-alive", "closed", "x-close", "close-x", '"close"', ""])
def test_what_is_not_close_keeps_alive(value: str) -> None:
    with stage(always(ok())) as front, front.client() as client:
        assert client.get("/1", f"Connection: {value}").status == 200
        assert client.get("/2").status == 200


def test_an_upstream_that_says_close_is_not_asked_again() -> None:
    """Also where it does not close yet; and its `Connection` is its own: the client's connection stays."""

    def handler(connection: Connection) -> None:
        connection.read_request()
        connection.send(answer("200 OK", "Connection: close", body=b"%d" % connection.index))
        assert connection.next_request() is None

    with stage(handler, "--workers", "1") as front, front.client() as client:
        for number in range(5):
            response = client.get("/")
            assert response.content == b"%d" % number and not response.fields.has("Connection")


def test_an_upstream_that_closes_after_each_answer_costs_no_request() -> None:
    """A closed idle connection is seen before it is used again."""
    with stage(once(ok()), "--workers", "1") as front, front.client() as client:
        for _ in range(20):
            assert client.get("/").status == 200
        assert len(front.origin.connections) == 20


# HTTP/1.0 clients


def test_an_http_1_0_client_is_closed_after_its_answer() -> None:
    with stage(always(ok())) as front, front.client() as client:
        response = client.ask(b"GET /old HTTP/1.0\r\nHost: test\r\n\r\n")
        assert response.content == b"ok"
        client.expect_close()
        got = front.origin.requests[0]
        assert got.version == "HTTP/1.1" and passed(got.fields) == [("Host", "test")]


def test_an_http_1_0_client_may_ask_to_keep_alive() -> None:
    """RFC 9112 section 9.3 and appendix C.2.2: it has to be told that its wish is granted."""
    with stage(always(ok())) as front, front.client() as client:
        for _ in range(3):
            response = client.ask(b"GET / HTTP/1.0\r\nHost: test\r\nConnection: Keep-Alive\r\n\r\n")
            assert response.content == b"ok" and response.fields.one("Connection").lower() == "keep-alive"


def test_an_http_1_0_client_gets_a_chunked_answer_until_close() -> None:
    """No chunked coding for a client that cannot know it, and so no keep-alive either, though it asked."""
    reply = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(b"one ", b"two", trailers=b"X-T: t\r\n")
    with stage(always(reply)) as front, front.client() as client:
        response = client.ask(b"GET / HTTP/1.0\r\nHost: test\r\nConnection: keep-alive\r\n\r\n")
        assert (response.framing, response.content) == ("close", b"one two")
        assert not any("keep-alive" in value.lower() for value in response.fields.all("Connection"))


def test_an_http_1_0_client_gets_an_until_close_answer_as_it_is() -> None:
    with stage(once(b"HTTP/1.1 200 OK\r\n\r\nuntil close")) as front, front.client() as client:
        response = client.ask(b"GET / HTTP/1.0\r\nHost: test\r\n\r\n")
        assert (response.framing, response.content) == ("close", b"until close")


def test_an_http_1_0_post_with_length() -> None:
    with stage(always(echo_target)) as front, front.client() as client:
        client.send(b"POST /p HTTP/1.0\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello")
        assert client.response().content == b"/p|hello"
        client.expect_close()


def test_an_http_1_0_client_sees_no_interim_answers() -> None:
    early = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </s>\r\n\r\n"
    with stage(always(early + ok())) as front, front.client() as client:
        response = client.ask(b"GET / HTTP/1.0\r\nHost: test\r\n\r\n")
        assert response.status == 200 and response.interim == []


# HTTP/1.0 upstreams


def test_an_http_1_0_upstream_that_closes() -> None:
    with stage(once(b"HTTP/1.0 200 OK\r\n\r\nold")) as front, front.client() as client:
        for _ in range(3):
            response = client.get("/")
            assert (response.version, response.framing, response.content) == ("HTTP/1.1", "chunked", b"old")


def test_an_http_1_0_upstream_with_length_is_not_asked_again() -> None:
    def handler(connection: Connection) -> None:
        connection.read_request()
        connection.send(b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nold")
        assert connection.next_request() is None

    with stage(handler, "--workers", "1") as front, front.client() as client:
        for _ in range(3):
            response = client.get("/")
            assert (response.version, response.framing, response.content) == ("HTTP/1.1", "length", b"old")
        assert len(front.origin.connections) == 3


def test_an_http_1_0_upstream_that_keeps_alive() -> None:
    reply = b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\nold"
    with stage(always(reply), "--workers", "1") as front, front.client() as client:
        for _ in range(3):
            response = client.get("/")
            assert response.content == b"old" and not response.fields.has("Connection")


def test_http_1_0_on_both_sides() -> None:
    with stage(once(b"HTTP/1.0 200 OK\r\n\r\nold")) as front, front.client() as client:
        response = client.ask(b"GET / HTTP/1.0\r\n\r\n")
        assert (response.framing, response.content) == ("close", b"old")


# Ends


def test_an_idle_upstream_connection_that_is_closed_costs_no_post() -> None:
    noticed = threading.Event()

    def first(connection: Connection) -> None:
        connection.read_request()
        connection.send(ok(b"first"))
        connection.half_close()
        connection.expect_close()
        noticed.set()

    with stage(in_turn(first, always(ok(b"second"))), "--workers", "1") as front, front.client() as client:
        assert client.get("/").content == b"first"
        assert noticed.wait(seconds(5)), "the balancer keeps a connection that its upstream has closed"
        assert client.ask(request("POST", "/", body=b"x")).content == b"second"


def test_a_client_that_leaves_without_a_word_leaves_no_trace() -> None:
    with stage(always(ok())) as front:
        with front.client() as client:
            client.half_close()
            client.expect_close()
        with front.client() as client:
            client.reset()
        assert front.ask(request("GET", "/")).status == 200
        assert len(front.origin.requests) == 1


def test_a_client_that_leaves_within_a_head_reaches_no_upstream() -> None:
    with stage(always(ok())) as front:
        with front.client() as client:
            client.send(b"GET /half HTTP/1.1\r\nHost: te")
            client.half_close()
            rest = client.read_to_end()
            assert rest == b"" or rest.startswith(b"HTTP/1.1 400 ")
        assert front.ask(request("GET", "/")).status == 200
        assert [got.target for got in front.origin.requests] == ["/"]
