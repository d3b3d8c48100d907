"""Interim answers (RFC 9110 section 15.2) and `Expect: 100-continue` (section 10.1.1), end to end."""

from __future__ import annotations

import threading

import pytest

from support.client import chunked, request
from support.origin import Connection, always, answer, ok
from support.stage import stage

EXPECT = "Expect: 100-continue"


def test_the_origin_says_continue_and_the_client_goes_on() -> None:
    def handler(connection: Connection) -> None:
        for _ in range(2):
            got = connection.read_request_head()
            assert got.fields.one("Expect") == "100-continue"
            connection.expect_silence(0.05)
            connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
            connection.read_body(got)
            connection.send(ok(got.content))

    with stage(handler, "--workers", "1") as front, front.client() as client:
        for _ in range(2):
            client.send(request("POST", "/", EXPECT, "Content-Length: 5"))
            assert client.read_response_head().status == 100
            client.send(b"hello")
            assert client.response().content == b"hello"


def test_the_balancer_does_not_say_continue_itself() -> None:
    """Only the origin knows whether it wants the body."""
    ready = threading.Event()

    def handler(connection: Connection) -> None:
        got = connection.read_request_head()
        assert ready.wait(10)
        connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        connection.read_body(got)
        connection.send(ok())

    with stage(handler) as front, front.client() as client:
        client.send(request("POST", "/", EXPECT, "Content-Length: 5"))
        client.expect_silence(0.2)
        ready.set()
        assert client.read_response_head().status == 100
        client.send(b"hello")
        assert client.response().status == 200


@pytest.mark.parametrize("framing", ["Content-Length: 5", "Transfer-Encoding: chunked"])
def test_the_origin_refuses_and_the_body_is_never_sent(framing: str) -> None:
    """A final answer before the body: the connection can be of no more use, since the body may still come."""

    def handler(connection: Connection) -> None:
        connection.read_request_head()
        connection.send(answer("417 Expectation Failed", "Connection: close", body=b"no"))
        connection.expect_end()

    with stage(handler) as front, front.client() as client:
        client.send(request("POST", "/", EXPECT, framing))
        response = client.response()
        assert (response.status, response.content) == (417, b"no")
        assert response.fields.one("Connection").lower() == "close"
        client.expect_close()


def test_the_origin_refuses_and_the_client_sends_all_the_same() -> None:
    """The body must not be taken for the next request."""
    smuggled = request("GET", "/smuggled")

    def handler(connection: Connection) -> None:
        got = connection.read_request_head()
        connection.origin.requests.append(got)
        connection.send(answer("417 Expectation Failed", body=b"no"))
        connection.expect_end()

    with stage(handler) as front, front.client() as client:
        client.send(request("POST", "/", EXPECT, f"Content-Length: {len(smuggled)}"))
        assert client.read_response_head().status == 417
        client.send(smuggled)
        assert client.read_exact(2) == b"no"
        client.expect_end()
        assert [got.target for got in front.origin.requests] == ["/"]


def test_the_origin_answers_at_once_without_continue() -> None:
    def handler(connection: Connection) -> None:
        got = connection.read_request_head()
        connection.read_body(got)
        connection.send(ok(got.content))

    with stage(handler) as front, front.client() as client:
        client.send(request("POST", "/", EXPECT, body=b"hello"))
        response = client.response()
        assert (response.content, response.interim) == (b"hello", [])


def test_a_client_that_does_not_wait() -> None:
    def handler(connection: Connection) -> None:
        got = connection.read_request_head()
        connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        connection.read_body(got)
        connection.send(ok(got.content))

    with stage(handler) as front, front.client() as client:
        client.send(request("POST", "/", EXPECT, "Transfer-Encoding: chunked") + chunked(b"hel", b"lo"))
        response = client.response()
        assert response.content == b"hello" and [interim.status for interim in response.interim] == [100]


def test_an_unasked_continue_passes() -> None:
    with stage(always(b"HTTP/1.1 100 Continue\r\n\r\n" + ok())) as front, front.client() as client:
        for _ in range(2):
            assert [interim.status for interim in client.get("/").interim] == [100]


def test_early_hints_come_before_the_answer_is_made() -> None:
    ready = threading.Event()

    def handler(connection: Connection) -> None:
        connection.read_request()
        connection.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\nLink: </b>\r\n\r\n")
        assert ready.wait(10)
        connection.send(ok())

    with stage(handler) as front, front.client() as client:
        client.send(request("GET", "/"))
        hints = client.read_response_head()
        assert (hints.status, hints.fields.all("Link")) == (103, ["</a>; rel=preload", "</b>"])
        ready.set()
        assert client.response().status == 200


def test_several_interim_answers_pass_in_order() -> None:
    early = b"".join(b"HTTP/1.1 %b\r\nX-N: %d\r\n\r\n" % (s, n) for n, s in enumerate([b"102 P", b"103 E", b"199 X"]))
    with stage(always(early + ok())) as front, front.client() as client:
        interim = client.get("/").interim
        assert [(one.status, one.fields.one("X-N")) for one in interim] == [(102, "0"), (103, "1"), (199, "2")]


def test_interim_answers_to_a_pipeline_stay_with_their_requests() -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: <%b>\r\n\r\n"

    def both(got) -> bytes:
        return hints % got.target.encode() + ok(got.target.encode())

    with stage(always(both)) as front, front.client() as client:
        client.send(b"".join(request("GET", f"/{number}") for number in range(10)))
        for number in range(10):
            response = client.response()
            assert response.content == b"/%d" % number
            assert response.interim[0].fields.one("Link") == f"</{number}>"


def test_an_interim_answer_without_a_final_one_is_a_502() -> None:
    def handler(connection: Connection) -> None:
        connection.read_request()
        connection.send(b"HTTP/1.1 103 Early Hints\r\nLink: </s>\r\n\r\n")

    with stage(handler) as front, front.client() as client:
        response = client.ask(request("POST", "/", body=b"x"))
        assert response.status == 502 and [interim.status for interim in response.interim] == [103]
