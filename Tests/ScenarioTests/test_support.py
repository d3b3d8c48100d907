"""The scenario tools tested against each other, without a balancer: origin and client speak directly."""

from __future__ import annotations

import socket

import pytest

from support.client import Client, ask, chunked, request
from support.kernel import unread_by_peer
from support.origin import Origin, always, answer, in_turn, ok, once
from support.wire import Cut, Malformed


def test_a_request_arrives_as_sent_and_its_answer_too() -> None:
    with Origin(always(ok(b"hello", "X-A: 1", "X-A: 2"))) as origin, Client(origin.address) as client:
        response = client.ask(request("POST", "/p?q", "X-B:  b ", body=b"12345"))
    assert (response.status, response.content, response.framing) == (200, b"hello", "length")
    assert response.fields.all("x-a") == ["1", "2"]
    sent = origin.requests[0]
    assert (sent.method, sent.target, sent.version, sent.content) == ("POST", "/p?q", "HTTP/1.1", b"12345")
    assert sent.fields == [("Host", "test"), ("X-B", "b"), ("Content-Length", "5")]


def test_chunked_bodies_keep_their_chunks_extensions_and_trailers() -> None:
    coded = b'3;a="b"\r\nabc\r\n2 \r\n'.replace(b"2 ", b"2") + b"de\r\n0\r\nX-T: t\r\n\r\n"
    with Origin(always(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + coded)) as origin:
        response = ask(origin.address, request("GET", "/"))
    assert response.body.chunks == [(b';a="b"', b"abc"), (b"", b"de")]
    assert response.content == b"abcde" and response.trailers == [("X-T", "t")]


def test_interim_answers_are_kept_apart() -> None:
    early = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </s>\r\n\r\n"
    with Origin(always(early + ok())) as origin:
        response = ask(origin.address, request("GET", "/"))
    assert [interim.status for interim in response.interim] == [100, 103]
    assert response.interim[1].fields.one("Link") == "</s>" and response.status == 200


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n",
        b"HTTP/1.1 200 OK\r\nContent-",
    ],
)
def test_a_truncated_answer_is_a_cut(reply: bytes) -> None:
    with Origin(once(reply)) as origin, pytest.raises(Cut) as cut:
        ask(origin.address, request("GET", "/"))
    assert not cut.value.reset


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n 5\r\nabcde\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcdefg0\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/2 200 OK\r\nContent-Length: 0\r\n\r\n",
    ],
)
def test_a_malformed_answer_fails(reply: bytes) -> None:
    with Origin(once(reply)) as origin, pytest.raises(Malformed):
        ask(origin.address, request("GET", "/"))


def test_a_reset_is_told_from_a_close() -> None:
    def handler(connection) -> None:
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\n\r\nabc")
        connection.read_until(b"now")
        connection.reset()

    with Origin(handler) as origin, Client(origin.address) as client, pytest.raises(Cut) as cut:
        client.send(request("GET", "/"))
        assert client.read_response_head().status == 200
        client.send(b"now")
        client.read_to_end()
    assert cut.value.reset


def test_connections_go_to_their_handlers_in_turn() -> None:
    with Origin(in_turn(once(ok(b"1")), once(ok(b"2")))) as origin:
        got = [ask(origin.address, request("GET", "/")).content for _ in range(3)]
    assert got == [b"1", b"2", b"2"]


def test_an_error_in_a_handler_fails_the_test() -> None:
    def handler(connection) -> None:
        connection.read_request()
        raise ValueError("from the handler")

    with pytest.raises(ValueError, match="from the handler"):
        with Origin(handler) as origin, Client(origin.address) as client:
            client.send(request("GET", "/"))
            client.expect_close()


def test_chunked_coding_is_what_the_reader_reads() -> None:
    with Origin(always(lambda got: answer("200 OK", body=got.content))) as origin:
        head = request("POST", "/", "Transfer-Encoding: chunked")
        response = ask(origin.address, head + chunked(b"abc", b"x" * 20, trailers=b"T: 1\r\n"))
    assert response.content == b"abc" + b"x" * 20 and origin.requests[0].body.trailers == [("T", "1")]


def test_the_kernel_tells_what_a_peer_has_not_read() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, Client(server.getsockname()) as client:
        accepted, _ = server.accept()
        with accepted:
            client.send(b"x" * 100)
            assert unread_by_peer(client.socket) == 100
            accepted.recv(60)
            assert unread_by_peer(client.socket) == 40
            accepted.recv(60)
            client.wait_taken()
