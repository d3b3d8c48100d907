"""Answers of upstreams in a content coding: for whom, which, how they are framed, and that nothing is held back."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from support.client import Client, chunked, request
from support.codings import ALL, DECODERS, PAGE, gunzip, noise
from support.modified import modified
from support.deadline import wait_until
from support.origin import Connection, always, answer, ok
from support.wire import Cut

HTML = "Content-Type: text/html"
COMPRESS = "compress: true"


@pytest.mark.parametrize("coding", DECODERS)
def test_each_coding_decodes(coding: str) -> None:
    with modified(always(ok(PAGE, HTML)), COMPRESS) as stage:
        response = stage.ask(request("GET", "/", f"Accept-Encoding: {coding}"))
        assert response.fields.one("Content-Encoding") == coding
        assert response.fields.one("Vary") == "Accept-Encoding"
        assert response.framing == "chunked"
        assert not response.fields.has("Content-Length")
        assert len(response.content) < len(PAGE) / 5
        assert DECODERS[coding](response.content) == PAGE


@pytest.mark.parametrize("coding", DECODERS)
@pytest.mark.parametrize("size", [1024, 32 * 1024, 100_000, 3_000_000])
def test_any_size_decodes(coding: str, size: int) -> None:
    body = (PAGE * (size // len(PAGE) + 1))[: size // 2] + noise(size - size // 2)
    with modified(always(ok(body, HTML)), COMPRESS) as stage:
        with stage.client() as client:
            for _ in range(2):
                response = client.ask(request("GET", "/", f"Accept-Encoding: {coding}"), within=30)
                assert DECODERS[coding](response.content) == body
        assert len(stage.origin.connections) == 1


@pytest.mark.parametrize("framing", ["chunked", "close"])
def test_every_framing_is_taken_off(framing: str) -> None:
    def handler(connection: Connection) -> None:
        connection.read_request()
        if framing == "chunked":
            pieces = [PAGE[start : start + 777] for start in range(0, len(PAGE), 777)]
            body = chunked(*pieces, trailers=b"X-Trailer: a\r\n")
            connection.send(f"HTTP/1.1 200 OK\r\n{HTML}\r\nTransfer-Encoding: chunked\r\n\r\n".encode() + body)
        else:
            connection.send(f"HTTP/1.1 200 OK\r\n{HTML}\r\n\r\n".encode() + PAGE)

    with modified(handler, COMPRESS) as stage:
        response = stage.ask(request("GET", "/", "Accept-Encoding: gzip"))
        assert response.framing == "chunked"
        assert gunzip(response.content) == PAGE


def test_the_client_chooses_and_we_among_equals() -> None:
    with modified(always(ok(PAGE, HTML)), "compress: [brotli, gzip]") as stage:
        for accepts, coding in {
            "gzip, br, zstd": ["br"],
            "br;q=0.5, gzip": ["gzip"],
            "zstd": [],
            "*": ["br"],
            "gzip;q=0, br;q=0": [],
            "identity, gzip;q=0.9": [],
            "identity;q=0, gzip;q=0.9": ["gzip"],
        }.items():
            response = stage.ask(request("GET", "/", f"Accept-Encoding: {accepts}"))
            assert response.fields.all("Content-Encoding") == coding, accepts
            assert response.fields.one("Vary") == "Accept-Encoding"
            if not coding:
                assert response.fields.one("Content-Length") == str(len(PAGE))
                assert response.content == PAGE


def test_what_does_not_pay_or_must_not_be_is_left() -> None:
    cases = {
        "/image": ok(PAGE, "Content-Type: image/png"),
        "/short": ok(PAGE[:1023], HTML),
        "/coded": ok(PAGE, HTML, "Content-Encoding: gzip"),
        "/no-transform": ok(PAGE, HTML, "Cache-Control: no-transform"),
        "/untyped": ok(PAGE),
        "/part": answer("206 Partial Content", HTML, "Content-Range: bytes 0-1/9", body=PAGE),
    }
    with modified(always(lambda asked: cases[asked.target]), COMPRESS) as stage:
        for target, reply in cases.items():
            response = stage.ask(request("GET", target, ALL))
            assert not response.fields.has("Vary"), target
            assert response.fields.all("Content-Encoding") == (["gzip"] if target == "/coded" else [])
            assert reply.endswith(response.content) and len(response.content) >= 1023


def test_fields_of_the_whole_are_put_right() -> None:
    fields = [HTML, 'ETag: "v1"', "Accept-Ranges: bytes", "Vary: Origin", "Last-Modified: Tue, 01 Jul 2025 00:00:00 GMT"]
    with modified(always(ok(PAGE, *fields)), COMPRESS) as stage:
        coded = stage.ask(request("GET", "/", ALL))
        assert coded.fields.one("ETag") == 'W/"v1"'
        assert coded.fields.one("Vary") == "Origin, Accept-Encoding"
        assert not coded.fields.has("Accept-Ranges")
        assert coded.fields.has("Last-Modified")
        plain = stage.ask(request("GET", "/"))
        assert plain.fields.one("ETag") == '"v1"'
        assert plain.fields.one("Vary") == "Origin, Accept-Encoding"
        assert plain.fields.one("Accept-Ranges") == "bytes"


def test_head_has_the_same_fields() -> None:
    def reply(asked) -> bytes:
        whole = ok(PAGE, HTML, 'ETag: "v1"')
        return whole[: -len(PAGE)] if asked.method == "HEAD" else whole

    with modified(always(reply), COMPRESS) as stage:
        with stage.client() as client:
            head = client.ask(request("HEAD", "/", ALL))
            get = client.ask(request("GET", "/", ALL))
            for name in ("Content-Encoding", "Vary", "ETag", "Content-Length", "Content-Type"):
                assert head.fields.all(name) == get.fields.all(name), name


def test_http_10_gets_it_plain() -> None:
    with modified(always(ok(PAGE, HTML)), COMPRESS) as stage:
        response = stage.ask(request("GET", "/", ALL, version="HTTP/1.0"))
        assert not response.fields.has("Content-Encoding")
        assert response.fields.one("Vary") == "Accept-Encoding"
        assert response.content == PAGE


def test_events_are_not_held_back() -> None:
    def handler(connection: Connection) -> None:
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        for number in range(5):
            connection.send(b"%x\r\n%b\r\n" % (len(event(number)), event(number)))
            # The next event comes only when this one has arrived.
            wait_until(lambda: number in arrived, f"event {number}")
        connection.send(b"0\r\n\r\n")

    def event(number: int) -> bytes:
        return b"data: tick %d\n\n" % number

    arrived: set[int] = set()
    for coding, decode in DECODERS.items():
        arrived.clear()
        with modified(handler, COMPRESS) as stage, stage.client() as client:
            client.send(request("GET", "/", f"Accept-Encoding: {coding}"))
            assert client.read_response_head().fields.one("Content-Encoding") == coding
            coded = b""
            for number in range(5):
                while event(number) not in decode(coded, whole=False):
                    size = int(client.read_until(b"\r\n"), 16)
                    assert size > 0
                    coded += client.read_exact(size + 2)[:-2]
                arrived.add(number)
            last = client.read_chunked().content
            assert decode(coded + last) == b"".join(map(event, range(5)))


def test_a_slow_client_holds_its_upstream_back() -> None:
    body = noise(24 * 1024 * 1024)
    sent = 0

    def handler(connection: Connection) -> None:
        nonlocal sent
        connection.read_request()
        connection.send(f"HTTP/1.1 200 OK\r\n{HTML}\r\nContent-Length: {len(body)}\r\n\r\n".encode())
        connection.socket.settimeout(1)
        try:
            while sent < len(body):
                sent += connection.socket.send(body[sent : sent + 65536])
        except (TimeoutError, OSError):
            return

    with modified(handler, COMPRESS) as stage:
        with stage.client(receive_buffer=4096) as client:
            client.send(request("GET", "/", "Accept-Encoding: gzip"))
            client.read_response_head()
            stage.origin.connections[0].socket.settimeout(1)
            wait_until(lambda: not stage.origin._threads[0].is_alive(), "the origin gives up", within=20)
            assert sent < 16 * 1024 * 1024


def test_an_answer_that_is_cut_is_not_taken_for_the_whole() -> None:
    def handler(connection: Connection) -> None:
        connection.read_request()
        connection.send(ok(PAGE, HTML)[: -len(PAGE) // 2])

    with modified(handler, COMPRESS) as stage, stage.client() as client:
        client.send(request("GET", "/", "Accept-Encoding: gzip"))
        with pytest.raises(Cut):
            client.response()


def test_clients_that_leave_in_the_middle_leave_nothing_behind() -> None:
    with modified(always(ok(noise(400_000), HTML)), "compress: {codings: [brotli], level: 5}") as stage:
        # More than there are encoders at a time.
        for _ in range(60):
            with Client(stage.balancer.address, record=False, receive_buffer=4096) as client:
                client.send(request("GET", "/", ALL))
                client.socket.recv(100)
        response = stage.ask(request("GET", "/", ALL), within=20)
        assert response.fields.one("Content-Encoding") == "br"


def test_when_encoders_run_out_answers_go_plain() -> None:
    def handler(connection: Connection) -> None:
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        connection.send(b"9\r\ndata: a\n\n\r\n")
        connection.expect_end(within=60)

    route = "compress: {codings: [brotli, gzip]}"
    with modified(handler, route, "--workers", "1") as stage, ExitStack() as stack:
        clients = [stack.enter_context(stage.client()) for _ in range(29)]

        def coding(client: Client) -> str:
            client.send(request("GET", "/", ALL))
            return "".join(client.read_response_head(within=20).fields.all("Content-Encoding"))

        # As many as there is memory for: 64 MiB. They last as long as their answers.
        assert [coding(client) for client in clients] == ["br"] * 24 + ["gzip"] * 3 + [""] * 2
        clients[0].reset()
        wait_until(lambda: not stage.origin._threads[0].is_alive(), "the first answer has ended")
        with stage.client() as client:
            assert coding(client) == "br"
