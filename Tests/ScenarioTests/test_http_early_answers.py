"""Answers that come before the request has ended: they arrive whole, and the rest of the body becomes no request."""

from __future__ import annotations

from support.client import push, request
from support.origin import Connection, answer, in_turn
from support.stage import serve_next, stage
from support.wire import Cut

TOO_LARGE = answer("413 Content Too Large", "Connection: close", body=b"too large" * 100)
MEGABYTE = 1 << 20


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
        front.assert_serves_next()


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
        front.assert_serves_next()


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
        front.assert_serves_next()


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

    def handler(connection: Connection) -> None:
        got = connection.read_request_head()
        connection.origin.requests.append(got)
        connection.send(answer("403 Forbidden", body=b"no"))
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
        front.assert_serves_next()
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
