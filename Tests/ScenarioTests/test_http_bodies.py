"""Bodies in every framing and both directions: exact at every size and split, and streamed."""

from __future__ import annotations

import threading

import pytest

from support.blocks import BLOCK, FRAMING_FIELDS, MEGABYTE, digest, digest_of_blocks
from support.client import Client, chunked, request
from support.origin import Connection, Request, always, ok
from support.stage import stage

# Answers without a body


@pytest.mark.parametrize("fields", [["Content-Length: 12345"], ["Transfer-Encoding: chunked"], []], ids=str)
def test_an_answer_to_head_has_no_body_and_keeps_its_fields(fields: list[str]) -> None:
    reply = "\r\n".join(["HTTP/1.1 200 OK", "X-A: 1", *fields, "", ""]).encode()

    def handler(connection: Connection) -> None:
        while got := connection.next_request():
            connection.send(reply if got.method == "HEAD" else ok(b"next"))

    with stage(handler, "--workers", "1") as front, front.client() as client:
        response = client.ask(request("HEAD", "/"))
        assert response.status == 200 and response.fields.one("X-A") == "1"
        if fields == ["Content-Length: 12345"]:
            assert response.fields.one("Content-Length") == "12345"
        else:
            assert not response.fields.has("Content-Length")
        assert client.get("/").content == b"next"
        assert len(front.origin.connections) == 1


def test_a_204_has_no_body() -> None:
    with stage(always(b"HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n")) as front, front.client() as client:
        for _ in range(2):
            response = client.get("/")
            assert (response.status, response.content) == (204, b"") and response.fields.one("X-A") == "1"


@pytest.mark.parametrize("fields", ["", "Content-Length: 500\r\n", "Transfer-Encoding: chunked\r\n"])
def test_a_304_has_no_body_whatever_its_fields_say(fields: str) -> None:
    reply = f'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n{fields}\r\n'.encode()
    with stage(always(reply)) as front, front.client() as client:
        for _ in range(2):
            response = client.get("/", 'If-None-Match: "x"')
            assert (response.status, response.content) == (304, b"") and response.fields.one("ETag") == '"x"'
            assert response.fields.all("Content-Length") == (["500"] if "500" in fields else [])


def test_an_answer_with_an_empty_body() -> None:
    for reply in (ok(b""), b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"):
        with stage(always(reply)) as front, front.client() as client:
            assert [client.get("/").content for _ in range(2)] == [b"", b""]


# Chunked, with extensions and trailers

RICH = b'4;a="b;c"\r\nWiki\r\n5;d\r\npedia\r\n0;last=1\r\nX-Sum: 9\r\nX-Sum: 10\r\nx-Empty:\r\n\r\n'
RICH_CHUNKS = [(b';a="b;c"', b"Wiki"), (b";d", b"pedia")]
RICH_TRAILERS = [("X-Sum", "9"), ("X-Sum", "10"), ("x-Empty", "")]


def test_a_chunked_request_passes_with_extensions_and_trailers() -> None:
    with stage(always(ok())) as front:
        sent = request("POST", "/", "Transfer-Encoding: chunked", "Trailer: X-Sum") + RICH
        assert front.ask(sent).status == 200
        body = front.origin.requests[0].body
        assert body.chunks == RICH_CHUNKS and body.trailers == RICH_TRAILERS
        assert front.origin.requests[0].fields.one("Trailer") == "X-Sum"


def test_a_chunked_answer_passes_with_extensions_and_trailers() -> None:
    reply = b"HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n" + RICH
    with stage(always(reply)) as front, front.client() as client:
        for _ in range(2):
            response = client.get("/")
            assert response.body.chunks == RICH_CHUNKS and response.trailers == RICH_TRAILERS
            assert response.fields.one("Trailer") == "X-Sum"


def test_each_part_of_an_answer_is_passed_on_as_it_comes() -> None:
    """Streamed, not collected: the client has the first chunk before the origin makes the second."""
    ready = threading.Event()

    def handler(connection: Connection) -> None:
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
        assert ready.wait(10)
        connection.send(b"3\r\ntwo\r\n0\r\n\r\n")

    with stage(handler) as front, front.client() as client:
        client.send(request("GET", "/"))
        client.read_response_head()
        assert client.read_until(b"one\r\n").endswith(b"3\r\none\r\n")
        ready.set()
        assert client.read_chunked().content == b"two"


def test_each_part_of_a_request_is_passed_on_as_it_comes() -> None:
    def handler(connection: Connection) -> None:
        connection.read_request_head()
        assert connection.read_exact(3) == b"one"
        connection.origin.requests.append(None)
        assert connection.read_exact(3) == b"two"
        connection.send(ok())

    with stage(handler) as front, front.client() as client:
        client.send(request("POST", "/", "Content-Length: 6") + b"one")
        front.origin.wait_requests(1)
        client.send(b"two")
        assert client.response().status == 200


# Read until close


def test_an_answer_until_close_comes_chunked_and_whole() -> None:
    def handler(connection: Connection) -> None:
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nX-A: 1\r\n\r\nfirst ")
        connection.send(b"second")

    with stage(handler) as front, front.client() as client:
        for _ in range(2):
            response = client.get("/")
            assert (response.framing, response.content) == ("chunked", b"first second")


def test_an_answer_until_close_without_a_byte() -> None:
    def handler(connection: Connection) -> None:
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\n\r\n")

    with stage(handler) as front, front.client() as client:
        assert [client.get("/").content for _ in range(2)] == [b"", b""]


# Every split point


def test_a_request_split_anywhere() -> None:
    """At each byte: the balancer reads the first part before the second is sent."""
    raw = (
        b"\r\nPOST /split?x=%20 HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\nX-A:  a  \r\n\r\n"
        b'5;x="y"\r\nhello\r\n6\r\n\r\nworl\r\n0\r\nX-T: t\r\n\r\n'
    )
    with stage(always(ok()), "--workers", "1") as front, front.client() as client:
        for point in range(1, len(raw)):
            client.send_apart([raw[:point], raw[point:]])
            assert client.response().status == 200, f"split at {point}"
            got = front.origin.requests[-1]
            assert (got.target, got.fields.one("X-A")) == ("/split?x=%20", "a"), f"split at {point}"
            assert got.content == b"hello\r\nworl" and got.body.trailers == [("X-T", "t")], f"split at {point}"
        assert len(front.origin.requests) == len(raw) - 1


def test_a_request_byte_by_byte() -> None:
    raw = request("POST", "/bytes", "X-A: a", body=b"hello")
    with stage(always(ok())) as front, front.client() as client:
        client.send_apart(raw[at : at + 1] for at in range(len(raw)))
        assert client.response().status == 200
        assert front.origin.requests[0].content == b"hello"


def test_a_pipeline_split_anywhere() -> None:
    raw = request("POST", "/1", body=b"one") + request("POST", "/2", "Transfer-Encoding: chunked") + chunked(b"two")
    with stage(always(lambda got: ok(got.content)), "--workers", "1") as front, front.client() as client:
        for point in range(1, len(raw)):
            client.send_apart([raw[:point], raw[point:]])
            got = [client.response().content for _ in range(2)]
            assert got == [b"one", b"two"], f"split at {point}"


SPLIT_ANSWERS = {
    "chunked with trailers": b"HTTP/1.1 200 OK\r\nX-A: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
    b'5;x="y"\r\nhello\r\n6\r\n\r\nworl\r\n0\r\nX-T: t\r\n\r\n',
    "with a length": b"HTTP/1.1 200 OK\r\nX-A: 1\r\nContent-Length: 11\r\n\r\nhello\r\nworl",
    "after interim answers": b"HTTP/1.1 103 Early Hints\r\nLink: </s>\r\n\r\n"
    b"HTTP/1.1 200 OK\r\nX-A: 1\r\nContent-Length: 11\r\n\r\nhello\r\nworl",
}


@pytest.mark.parametrize("reply", SPLIT_ANSWERS.values(), ids=SPLIT_ANSWERS.keys())
def test_an_answer_split_anywhere(reply: bytes) -> None:
    def handler(connection: Connection) -> None:
        while got := connection.next_request():
            point = int(got.target[1:])
            connection.send_apart([reply[:point], reply[point:]])

    with stage(handler, "--workers", "1") as front, front.client() as client:
        for point in range(1, len(reply)):
            response = client.get(f"/{point}")
            assert response.content == b"hello\r\nworl" and response.fields.one("X-A") == "1", f"split at {point}"
            assert response.trailers == ([("X-T", "t")] if b"X-T" in reply else []), f"split at {point}"
        assert len(front.origin.connections) == 1


def test_an_answer_byte_by_byte() -> None:
    reply = SPLIT_ANSWERS["chunked with trailers"]

    def handler(connection: Connection) -> None:
        connection.read_request()
        connection.send_apart(reply[at : at + 1] for at in range(len(reply)))

    with stage(handler) as front:
        response = front.ask(request("GET", "/"))
        assert response.content == b"hello\r\nworl" and response.trailers == [("X-T", "t")]


# Sizes at which buffers end


def test_bodies_of_every_awkward_size() -> None:
    """Around powers of two, in both directions, on one connection."""
    sizes = [0, 1, *[(1 << power) + offset for power in range(12, 19) for offset in (-1, 0, 1)]]

    def echo(got: Request) -> bytes:
        if got.target == "/chunked":
            return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(*filter(None, [got.content]))
        return ok(got.content)

    with stage(always(echo), "--workers", "1", record=False) as front, front.client(record=False) as client:
        for size in sizes:
            for target in ("/length", "/chunked"):
                sent = request("POST", target, body=BLOCK[:size])
                assert client.ask(sent).content == BLOCK[:size], f"{size} bytes, {target}"

def test_heads_of_every_awkward_size() -> None:
    """A body right behind a head that ends where a read may end."""
    with stage(always(lambda got: ok(got.content)), "--workers", "1") as front, front.client() as client:
        for size in [size + offset for size in (512, 1024, 2048, 4096, 8192, 16_384) for offset in (-2, -1, 0, 1, 2)]:
            bare = request("POST", "/", "X-P: ", body=b"hello")
            raw = bare.replace(b"X-P: ", b"X-P: " + b"x" * (size - len(bare) + len(b"hello")))
            assert client.ask(raw).content == b"hello", f"{size} bytes"


# Large bodies, byte for byte


def send_blocks(connection: Client | Connection, count: int, coding: str) -> None:
    """`count` megabytes; chunked in chunks whose sizes have nothing to do with any buffer's."""
    for _ in range(count):
        if coding == "chunked":
            sizes = [1, 4095, 65_537, 300_001]
            rest = MEGABYTE - sum(sizes)
            parts, at = [], 0
            for size in [*sizes, rest]:
                parts.append(b"%x\r\n%b\r\n" % (size, BLOCK[at : at + size]))
                at += size
            connection.send(b"".join(parts), within=30)
        else:
            connection.send(BLOCK, within=30)
    if coding == "chunked":
        connection.send(b"0\r\n\r\n")


@pytest.mark.parametrize("framing, megabytes", [("length", 50), ("chunked", 20), ("close", 20)])
def test_a_large_answer_is_byte_exact(framing: str, megabytes: int) -> None:
    def handler(connection: Connection) -> None:
        connection.read_request()
        fields = FRAMING_FIELDS[framing].format(bytes=megabytes * MEGABYTE)
        connection.send(f"HTTP/1.1 200 OK\r\n{fields}\r\n".encode())
        send_blocks(connection, megabytes, framing)

    with stage(handler) as front, front.client(record=False) as client:
        response = client.ask(request("GET", "/"), within=30)
        assert len(response.content) == megabytes * MEGABYTE
        assert digest(response.content) == digest_of_blocks(megabytes)
        assert response.framing == ("length" if framing == "length" else "chunked")


@pytest.mark.parametrize("framing, megabytes", [("length", 50), ("chunked", 20)])
def test_a_large_request_is_byte_exact(framing: str, megabytes: int) -> None:
    def echo_digest(got: Request) -> bytes:
        return ok(digest(got.content).encode())

    with stage(always(echo_digest), record=False) as front, front.client() as client:
        fields = FRAMING_FIELDS[framing].format(bytes=megabytes * MEGABYTE)
        client.send(f"POST / HTTP/1.1\r\nHost: test\r\n{fields}\r\n".encode())
        send_blocks(client, megabytes, framing)
        assert client.response(within=30).content == digest_of_blocks(megabytes).encode()
        assert client.ask(request("POST", "/", body=b"x")).content == digest(b"x").encode()


def test_large_bodies_in_both_directions_at_once() -> None:
    """An echo: the answer begins long before the request has ended, and neither waits for the other."""
    megabytes = 20

    def echo(connection: Connection) -> None:
        connection.read_request_head()
        connection.send(f"HTTP/1.1 200 OK\r\nContent-Length: {megabytes * MEGABYTE}\r\n\r\n".encode())
        left = megabytes * MEGABYTE
        while left:
            part = connection.read_some()
            left -= len(part)
            connection.send(part, within=30)

    with stage(echo, record=False) as front, front.client(record=False) as client:
        client.send(f"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: {megabytes * MEGABYTE}\r\n\r\n".encode())
        sender = threading.Thread(target=send_blocks, args=(client, megabytes, "length"))
        sender.start()
        response = client.response("POST", within=30)
        sender.join()
        assert digest(response.content) == digest_of_blocks(megabytes)
