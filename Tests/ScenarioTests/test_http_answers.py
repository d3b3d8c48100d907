"""As strict with answers: malformed ones, cut ones, unasked ones. None is ever taken for what it is not."""

from __future__ import annotations

import threading

import pytest

from support.client import chunked, request
from support.deadline import seconds, wait_until
from support.kernel import unread_by_peer
from support.origin import Connection, always, in_turn, ok
from support.stage import Stage, stage
from support.wire import Cut

NEXT = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"


def table(cases: dict) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("reply", cases.values(), ids=cases.keys())


def says(reply: bytes, then: str = "close"):
    """Answers one request with these bytes; then closes, resets, or waits for the balancer to end."""

    def handler(connection: Connection) -> None:
        connection.read_request()
        connection.send(reply)
        if then == "reset":
            # The bytes have to be out of the socket first: a reset discards what the balancer has not read.
            connection.wait_taken()
            connection.reset()
        elif then == "wait":
            connection.expect_end(within=10)

    return handler


def lines(*fields: bytes, status: bytes = b"HTTP/1.1 200 OK") -> bytes:
    return b"\r\n".join([status, *fields, b"", b""])


# Malformed heads: a 502

MALFORMED = {
    "no HTTP": b"hello there\r\n\r\n",
    "an empty line": b"\r\n\r\n",
    "an empty line first": b"\r\n" + NEXT,
    "body without head": b"<html></html>\r\n\r\n",
    "another protocol": lines(b"Content-Length: 0", status=b"ICY 200 OK"),
    "version 2": lines(b"Content-Length: 0", status=b"HTTP/2.0 200 OK"),
    "version 0.9": lines(b"Content-Length: 0", status=b"HTTP/0.9 200 OK"),
    "version in lower case": lines(b"Content-Length: 0", status=b"http/1.1 200 OK"),
    "no status": lines(b"Content-Length: 0", status=b"HTTP/1.1"),
    "two digits": lines(b"Content-Length: 0", status=b"HTTP/1.1 20 OK"),
    "four digits": lines(b"Content-Length: 0", status=b"HTTP/1.1 2000 OK"),
    "no digits": lines(b"Content-Length: 0", status=b"HTTP/1.1 abc OK"),
    "status 000": lines(b"Content-Length: 0", status=b"HTTP/1.1 000 OK"),
    "status 099": lines(b"Content-Length: 0", status=b"HTTP/1.1 099 OK"),
    "negative status": lines(b"Content-Length: 0", status=b"HTTP/1.1 -20 OK"),
    "two spaces": lines(b"Content-Length: 0", status=b"HTTP/1.1  200 OK"),
    "tab": lines(b"Content-Length: 0", status=b"HTTP/1.1\t200 OK"),
    "leading space": lines(b"Content-Length: 0", status=b" HTTP/1.1 200 OK"),
    "NUL in the reason": lines(b"Content-Length: 0", status=b"HTTP/1.1 200 O\0K"),
    "bare CR in the reason": lines(b"Content-Length: 0", status=b"HTTP/1.1 200 O\rK"),
    "bare LF after the status line": b"HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n",
    "bare LF after a field": b"HTTP/1.1 200 OK\r\nX: y\nContent-Length: 0\r\n\r\n",
    "bare LF everywhere": b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
    "bare LF as the empty line": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\n",
    "CR CR LF": b"HTTP/1.1 200 OK\r\r\nContent-Length: 0\r\n\r\n",
    "bare CR in a value": lines(b"X: y\rz", b"Content-Length: 0"),
    "NUL in a value": lines(b"X: \0", b"Content-Length: 0"),
    "control in a value": lines(b"X: \x01", b"Content-Length: 0"),
    "obs-fold": lines(b"X: y", b" z", b"Content-Length: 0"),
    "space before the colon": lines(b"X : y", b"Content-Length: 0"),
    "space in a name": lines(b"X Y: z", b"Content-Length: 0"),
    "empty name": lines(b": y", b"Content-Length: 0"),
    "no colon": lines(b"X", b"Content-Length: 0"),
    "NUL in a name": lines(b"X\0: y", b"Content-Length: 0"),
    "length beside chunked": lines(b"Content-Length: 3", b"Transfer-Encoding: chunked") + chunked(b"abc"),
    "chunked beside length": lines(b"Transfer-Encoding: chunked", b"Content-Length: 3") + chunked(b"abc"),
    "differing lengths": lines(b"Content-Length: 3", b"Content-Length: 4") + b"abcd",
    "differing lengths in one line": lines(b"Content-Length: 3, 4") + b"abcd",
    "length with sign": lines(b"Content-Length: +3") + b"abc",
    "negative length": lines(b"Content-Length: -3") + b"abc",
    "hexadecimal length": lines(b"Content-Length: 0x3") + b"abc",
    "empty length": lines(b"Content-Length:") + b"abc",
    "length beyond 64 bits": lines(b"Content-Length: 18446744073709551619") + b"abc",
    "unknown coding": lines(b"Transfer-Encoding: cow") + b"abc",
    "unknown coding before chunked": lines(b"Transfer-Encoding: cow, chunked") + chunked(b"abc"),
    "gzip before chunked": lines(b"Transfer-Encoding: gzip, chunked") + chunked(b"abc"),
    "chunked not final": lines(b"Transfer-Encoding: chunked, gzip") + chunked(b"abc"),
    "chunked twice": lines(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked") + chunked(b"abc"),
    "chunked in quotes": lines(b'Transfer-Encoding: "chunked"') + chunked(b"abc"),
    "chunked after vertical tab": lines(b"Transfer-Encoding: \x0bchunked") + chunked(b"abc"),
    "chunked with space before the colon": lines(b"Transfer-Encoding : chunked") + chunked(b"abc"),
    "chunked in HTTP/1.0": lines(b"Transfer-Encoding: chunked", status=b"HTTP/1.0 200 OK") + chunked(b"abc"),
    "an unasked 101": lines(b"Connection: Upgrade", b"Upgrade: x", status=b"HTTP/1.1 101 Switching Protocols"),
    "malformed after an interim one": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n",
    "field of 300 KB": lines(b"X: " + b"y" * 300_000, b"Content-Length: 0"),
    "20,000 fields": lines(*[b"X: y"] * 20_000, b"Content-Length: 0"),
    "line without end": b"HTTP/1.1 200 " + b"x" * 300_000,
}


@table(MALFORMED)
def test_a_malformed_answer_is_a_502(reply: bytes) -> None:
    """And the connection it came on is not used again; the client's is."""
    with stage(in_turn(says(reply, then="wait"), always(ok(b"next"))), "--workers", "1") as front:
        with front.client() as client:
            response = client.ask(request("POST", "/", body=b"x"), within=10)
            assert response.status == 502 and not response.fields.has("X")
            assert client.get("/next").content == b"next"
        assert len(front.origin.connections) == 2


@pytest.mark.parametrize("field", ["Content-Length: 3, 3", "Content-Length: 3\r\nContent-Length: 3"])
def test_equal_lengths_are_one_or_refused(field: str) -> None:
    with stage(says(f"HTTP/1.1 200 OK\r\n{field}\r\n\r\nabc".encode())) as front:
        response = front.ask(request("POST", "/", body=b"x"))
        assert response.status == 502 or response.content == b"abc"


def test_a_status_line_without_its_last_space() -> None:
    """RFC 9112 section 4 demands the space of a server; many leave it out. Either way it is whole or a 502."""
    with stage(says(b"HTTP/1.1 200\r\nContent-Length: 3\r\n\r\nabc")) as front:
        response = front.ask(request("POST", "/", body=b"x"))
        assert response.status == 502 or (response.status, response.content) == (200, b"abc")


# Cut short: never whole at the client

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
CUT_SHORT = {
    "no byte of a length": b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n",
    "within a length": b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello",
    "within a terabyte": b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\nhello",
    "one byte before a length's end": b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello the",
    "before the first chunk": CHUNKED,
    "within a size": CHUNKED + b"1",
    "after a size": CHUNKED + b"5\r\n",
    "within an extension": CHUNKED + b"5;a=b",
    "within a chunk": CHUNKED + b"5\r\nhel",
    "before a chunk's line end": CHUNKED + b"5\r\nhello",
    "within a chunk's line end": CHUNKED + b"5\r\nhello\r",
    "before the last chunk": CHUNKED + b"5\r\nhello\r\n",
    "within the last chunk": CHUNKED + b"5\r\nhello\r\n0",
    "after the last chunk's size": CHUNKED + b"5\r\nhello\r\n0\r\n",
    "within the last line end": CHUNKED + b"5\r\nhello\r\n0\r\n\r",
    "within a trailer": CHUNKED + b"5\r\nhello\r\n0\r\nX: y",
    "after a trailer": CHUNKED + b"5\r\nhello\r\n0\r\nX: y\r\n",
}


def assert_cut(front: Stage, version: str = "HTTP/1.1") -> None:
    """The client sees a cut answer, or none of it but a 502; and the next request is served."""
    with front.client() as client:
        try:
            response = client.ask(request("POST", "/", version=version, body=b"x"))
        except Cut as cut:
            # Without framing of its own, only a reset tells a cut body from a whole one.
            assert version == "HTTP/1.1" or cut.reset
        else:
            assert response.status == 502
    assert front.ask(request("GET", "/next")).content == b"next"


@pytest.mark.parametrize("then", ["close", "reset"])
@table(CUT_SHORT)
def test_an_answer_cut_short_is_cut_at_the_client(reply: bytes, then: str) -> None:
    with stage(in_turn(says(reply, then), always(ok(b"next")))) as front:
        assert_cut(front)


@pytest.mark.parametrize("then", ["close", "reset"])
@pytest.mark.parametrize("name", ["within a chunk", "before the last chunk", "after the last chunk's size"])
def test_a_chunked_answer_cut_short_is_a_reset_for_an_http_1_0_client(name: str, then: str) -> None:
    with stage(in_turn(says(CUT_SHORT[name], then), always(ok(b"next")))) as front:
        assert_cut(front, version="HTTP/1.0")


@pytest.mark.parametrize("version", ["HTTP/1.1", "HTTP/1.0"])
def test_an_until_close_answer_ended_by_a_reset_is_cut(version: str) -> None:
    with stage(in_turn(says(b"HTTP/1.1 200 OK\r\n\r\nhello", then="reset"), always(ok(b"next")))) as front:
        assert_cut(front, version)


MALFORMED_LATER = {
    "size": CHUNKED + b"5\r\nhello\r\n0x1\r\na\r\n0\r\n\r\n",
    "size with space": CHUNKED + b"5\r\nhello\r\n1 \r\na\r\n0\r\n\r\n",
    "negative size": CHUNKED + b"5\r\nhello\r\n-1\r\na\r\n0\r\n\r\n",
    "size beyond 64 bits": CHUNKED + b"5\r\nhello\r\n10000000000000001\r\na\r\n0\r\n\r\n",
    "bare LF after a size": CHUNKED + b"5\r\nhello\r\n1\na\r\n0\r\n\r\n",
    "no line end after a chunk": CHUNKED + b"5\r\nhello0\r\n\r\n",
    "bare LF after a chunk": CHUNKED + b"5\r\nhello\n0\r\n\r\n",
    "longer than its size": CHUNKED + b"5\r\nhello there\r\n0\r\n\r\n",
    "bare LF as the end": CHUNKED + b"5\r\nhello\r\n0\r\n\n",
    "bad name in a trailer": CHUNKED + b"5\r\nhello\r\n0\r\nBad Name: x\r\n\r\n",
    "obs-fold in a trailer": CHUNKED + b"5\r\nhello\r\n0\r\nX: y\r\n z\r\n\r\n",
    "NUL in a trailer": CHUNKED + b"5\r\nhello\r\n0\r\nX: \0\r\n\r\n",
    "bare LF in an extension": CHUNKED + b"5\r\nhello\r\n1;a\nb\r\na\r\n0\r\n\r\n",
}


@table(MALFORMED_LATER)
def test_chunks_that_are_malformed_cut_the_answer(reply: bytes) -> None:
    with stage(in_turn(says(reply, then="wait"), always(ok(b"next")))) as front:
        assert_cut(front)


# Unasked bytes

MORE_THAN_ASKED = {
    "after a length": ok(b"ok") + NEXT,
    "after an empty body": ok(b"") + NEXT,
    "after a last chunk": CHUNKED + chunked(b"ok") + NEXT,
    "after a 204": b"HTTP/1.1 204 No Content\r\n\r\n" + NEXT,
    "after a 304": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n" + NEXT,
    "a 304 with its body": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\nevil",
    "after a large body": ok(b"x" * 300_000) + NEXT,
    "one byte": ok(b"ok") + b"\n",
    "an empty line": ok(b"ok") + b"\r\n",
}


@table(MORE_THAN_ASKED)
def test_bytes_after_an_answer_reach_nobody(reply: bytes) -> None:
    """Response-queue poisoning: what comes too much must not become the next request's answer."""
    with stage(in_turn(says(reply, then="wait"), always(ok(b"next"))), "--workers", "1") as front:
        with front.client() as client:
            response = client.ask(request("POST", "/", body=b"x"))
            assert response.status in (200, 204, 304) and response.content in (b"ok", b"", b"x" * 300_000)
            assert client.get("/next").content == b"next"
        assert front.ask(request("GET", "/next")).content == b"next"
        assert len(front.origin.connections) == 2


def test_a_body_after_the_answer_to_head_reaches_nobody() -> None:
    reply = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
    with stage(in_turn(says(reply, then="wait"), always(ok(b"next"))), "--workers", "1") as front:
        with front.client() as client:
            assert client.ask(request("HEAD", "/")).fields.one("Content-Length") == "4"
            assert client.get("/next").content == b"next"


@pytest.mark.parametrize("unasked", [NEXT, b"x", b"\r\n", b"HTTP/1.1 408 Request Timeout\r\n\r\n"], ids=repr)
def test_bytes_on_an_idle_upstream_connection_close_it(unasked: bytes) -> None:
    idle, ended = threading.Event(), threading.Event()

    def first(connection: Connection) -> None:
        connection.read_request()
        connection.send(ok(b"first"))
        assert idle.wait(10)
        connection.send(unasked)
        connection.expect_end()
        ended.set()

    with stage(in_turn(first, always(ok(b"next"))), "--workers", "1") as front, front.client() as client:
        assert client.get("/").content == b"first"
        idle.set()
        assert ended.wait(seconds(5)), "the connection stays open"
        assert client.ask(request("POST", "/", body=b"x")).content == b"next"


@pytest.mark.parametrize("first", ["the request", "the bytes"])
def test_unasked_bytes_that_come_together_with_the_next_request(first: str) -> None:
    """They were there before the request was passed on, so they cannot be its answer."""
    idle, go = threading.Event(), threading.Event()

    def unasked(connection: Connection) -> None:
        connection.read_request()
        connection.send(ok(b"first"))
        idle.set()
        assert go.wait(10)
        connection.send(NEXT)
        connection.expect_end()

    with stage(in_turn(unasked, always(ok(b"next"))), "--workers", "1") as front, front.client() as client:
        assert client.get("/").content == b"first"
        assert idle.wait(seconds(5))
        with front.balancer.paused():
            if first == "the request":
                client.send(request("POST", "/next", body=b"x"))
            go.set()
            wait_until(lambda: unread_by_peer(front.origin.connections[0].socket), "the bytes are there")
            if first == "the bytes":
                client.send(request("POST", "/next", body=b"x"))
        assert client.response("POST").content == b"next"


# One answer's bytes are no other's


def answer_by_number(connection: Connection) -> None:
    """Answers /N with N repeated; N modulo 5 says in which framing, one of which is cut in the middle."""
    while got := connection.next_request():
        number = got.target[1:].encode()
        body = number * 2000
        kind = int(number) % 5
        if kind == 0:
            connection.send(CHUNKED + chunked(*[number] * 2000))
        elif kind == 1:
            connection.send(b"HTTP/1.1 200 OK\r\n\r\n" + body)
            return
        elif kind == CUT_KIND:
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body[: len(body) // 2])
            return
        elif kind == 3:
            connection.send(ok(body) + NEXT)
        else:
            connection.send(ok(body))


CUT_KIND = 2


def ask_by_numbers(front: Stage, numbers: range, failures: list[str]) -> None:
    client = front.client()
    for number in numbers:
        own = str(number).encode()
        try:
            response = client.get(f"/{number}", within=10)
            whole = response.content == own * 2000 and number % 5 != CUT_KIND
            right = whole or (number % 5 == CUT_KIND and response.status == 502)
            got = response.content
        except Cut as cut:
            right = number % 5 == CUT_KIND and (own * 2000).startswith(cut.so_far)
            got = cut.so_far
            client.close()
            client = front.client()
        if not right:
            failures.append(f"/{number}: {len(got)} bytes, {got[:40]!r}...{got[-40:]!r}")
    client.close()


def test_many_clients_get_their_own_answers() -> None:
    """Connections are shared, cut and reused under way, and no byte of one answer comes in another."""
    failures: list[str] = []
    with stage(answer_by_number) as front:
        threads = [
            threading.Thread(target=ask_by_numbers, args=(front, range(base, base + 50), failures))
            for base in range(1000, 9000, 1000)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failures == []
