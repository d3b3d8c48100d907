"""Which fields are taken out, which are written, and that all others pass unchanged, in both directions."""

from __future__ import annotations

import re
from typing import Iterator

import pytest

from support.client import ask, request
from support.origin import Request, always, answer, ok
from support.stage import Stage, passed, stage
from support.wire import Fields


@pytest.fixture(scope="module")
def front() -> Iterator[Stage]:
    with stage(always(ok()), "--workers", "1") as running:
        yield running


def forward(front: Stage, *fields: str, version: str = "HTTP/1.1") -> Fields:
    """The fields that reach the origin when these are sent."""
    assert front.ask(request("GET", "/", *fields, version=version)).status == 200
    return front.origin.requests[-1].fields


def backward(*fields: str) -> Fields:
    """The fields that reach the client when the origin answers with these."""
    with stage(always(answer("200 OK", *fields, body=b"ok"))) as front:
        return front.ask(request("GET", "/")).fields


# Hop-by-hop, RFC 9110 section 7.6.1


@pytest.mark.parametrize(
    "fields, left",
    [
        (["Connection: keep-alive", "Keep-Alive: timeout=5"], []),
        (["Keep-Alive: timeout=5"], []),
        (["Proxy-Connection: keep-alive"], []),
        (["proxy-connection: close"], []),
        (["TE: trailers"], []),
        (["TE: trailers", "Connection: TE"], []),
        (["Connection: X-Hop", "X-Hop: 1", "X-End: 2"], [("X-End", "2")]),
        (["X-Hop: 1", "Connection: X-Hop", "X-Hop: 2"], []),
        (["Connection: x-hop", "X-HOP: 1"], []),
        (["Connection: close, X-Hop ,\tx-other", "X-Hop: 1", "X-Other: 2", "X-Hope: 3"], [("X-Hope", "3")]),
        (["Connection: X-A", "Connection: X-B", "X-A: 1", "X-B: 2", "X-C: 3"], [("X-C", "3")]),
        (["Connection: ,, X-A,,", "X-A: 1"], []),
        (["Connection: X-Nowhere"], []),
        (["Upgrade: websocket"], []),
        (["Proxy-Authorization: Basic x"], [("Proxy-Authorization", "Basic x")]),
        (["Trailer: X-T"], [("Trailer", "X-T")]),
        (["Accept-Encoding: gzip", "Cache-Control: no-cache", "Authorization: x"], None),
    ],
    ids=str,
)
def test_hop_by_hop_fields_of_a_request(front: Stage, fields: list[str], left: list | None) -> None:
    if left is None:
        left = [tuple(field.split(": ", 1)) for field in fields]
    assert passed(forward(front, *fields)) == [("Host", "test"), *left]


@pytest.mark.parametrize(
    "fields, left",
    [
        (["Connection: keep-alive", "Keep-Alive: timeout=5"], []),
        (["Keep-Alive: timeout=5, max=100"], []),
        (["Proxy-Connection: keep-alive"], []),
        (["Connection: X-Hop", "X-Hop: 1", "X-End: 2"], [("X-End", "2")]),
        (["Connection: x-hop, X-Other", "X-HOP: 1", "x-other: 2"], []),
        (["Proxy-Authenticate: Basic"], [("Proxy-Authenticate", "Basic")]),
        (["Upgrade: h2c", "Connection: Upgrade"], []),
        (["Server: s", "Date: d", "X-a: 1", "x-A: 2"], [("Server", "s"), ("Date", "d"), ("X-a", "1"), ("x-A", "2")]),
        (["Set-Cookie: a=1", "X: y", "Set-Cookie: b=2"], [("Set-Cookie", "a=1"), ("X", "y"), ("Set-Cookie", "b=2")]),
        (["X-Empty:", "X-Obs: \xff"], [("X-Empty", ""), ("X-Obs", "\xff")]),
    ],
    ids=str,
)
def test_hop_by_hop_fields_of_an_answer(fields: list[str], left: list) -> None:
    got = [field for field in backward(*fields) if field[0].lower() not in ("via", "x-request-id")]
    assert got == [*left, ("Content-Length", "2")]


@pytest.mark.parametrize("name", ["Host", "Content-Length", "X-Forwarded-For", "Via", "X-Request-Id"])
def test_connection_cannot_name_away_what_the_balancer_answers_for(name: str) -> None:
    """A known attack: `Connection: X-Forwarded-For` to hide from the origin, `Content-Length` to smuggle."""
    with stage(always(lambda got: ok(got.content))) as front, front.client() as client:
        response = client.ask(request("POST", "/", f"Connection: {name}", body=b"hello"))
        if response.status == 200:
            got = front.origin.requests[0]
            assert got.fields.one(name) and got.content == b"hello" and got.fields.one("Host") == "test"
        else:
            assert response.status == 400 and front.origin.requests == []


def test_transfer_encoding_named_by_connection_frames_all_the_same() -> None:
    with stage(always(lambda got: ok(got.content))) as front, front.client() as client:
        raw = request("POST", "/", "Connection: Transfer-Encoding", "Transfer-Encoding: chunked")
        response = client.ask(raw + b"5\r\nhello\r\n0\r\n\r\n")
        assert response.content == b"hello" or (response.status == 400 and front.origin.requests == [])


# Host


def test_the_clients_host_is_kept(front: Stage) -> None:
    assert forward(front, "Host: tweet.example:8080").all("Host") == ["tweet.example:8080"]


# X-Forwarded-*


def test_forwarded_fields_where_there_were_none(front: Stage) -> None:
    got = forward(front, "Host: shop.example:81")
    assert got.one("X-Forwarded-For") == "127.0.0.1"
    assert got.one("X-Forwarded-Proto") == "http"
    assert got.one("X-Forwarded-Host") == "shop.example:81"


def test_forwarded_for_names_the_client_that_connects(front: Stage) -> None:
    with front.client(source="127.0.0.7") as client:
        assert client.get("/").status == 200
    assert front.origin.requests[-1].fields.one("X-Forwarded-For") == "127.0.0.7"


@pytest.mark.parametrize("listen, client", [("[::1]:0", "::1"), (":0", "::1"), (":0", "127.0.0.1")])
def test_forwarded_for_over_either_family(listen: str, client: str) -> None:
    """An IPv4 client of a listener for both families is named by its IPv4 address."""
    with stage(always(ok()), "--listen", listen) as front:
        assert ask((client, front.balancer.port), request("GET", "/")).status == 200
        assert front.origin.requests[0].fields.one("X-Forwarded-For") == client


@pytest.mark.parametrize(
    "sent, expected",
    [
        (["X-Forwarded-For: 192.0.2.1"], "192.0.2.1, 127.0.0.1"),
        (["X-Forwarded-For: 192.0.2.1, 198.51.100.2"], "192.0.2.1, 198.51.100.2, 127.0.0.1"),
        (["X-Forwarded-For: 192.0.2.1", "x-forwarded-for: 2001:db8::1"], "192.0.2.1, 2001:db8::1, 127.0.0.1"),
        (["X-Forwarded-For: unknown"], "unknown, 127.0.0.1"),
    ],
    ids=str,
)
def test_forwarded_for_is_continued_in_one_field(front: Stage, sent: list[str], expected: str) -> None:
    assert forward(front, *sent).one("X-Forwarded-For") == expected


@pytest.mark.parametrize("empty", ["X-Forwarded-For:", "X-Forwarded-For:   "])
def test_an_empty_forwarded_for_is_as_none(front: Stage, empty: str) -> None:
    assert forward(front, empty).one("X-Forwarded-For") == "127.0.0.1"


def test_a_clients_own_proto_and_host_are_replaced(front: Stage) -> None:
    got = forward(front, "X-Forwarded-Proto: https", "X-Forwarded-Host: evil", "x-forwarded-host: worse")
    assert (got.one("X-Forwarded-Proto"), got.one("X-Forwarded-Host")) == ("http", "test")


def test_forwarded_host_of_an_absolute_target(front: Stage) -> None:
    assert front.ask(request("GET", "http://real.example/x", "Host: real.example")).status == 200
    got = front.origin.requests[-1].fields
    assert (got.one("Host"), got.one("X-Forwarded-Host")) == ("real.example", "real.example")


# Via, RFC 9110 section 7.6.3


def test_via_on_a_request(front: Stage) -> None:
    assert forward(front).all("Via") == ["1.1 balancer"]


def test_via_of_an_http_1_0_client(front: Stage) -> None:
    assert forward(front, version="HTTP/1.0").all("Via") == ["1.0 balancer"]


def test_via_is_added_last(front: Stage) -> None:
    assert forward(front, "Via: 1.0 first", "Via: 1.1 second (x)").all("Via") == [
        "1.0 first",
        "1.1 second (x)",
        "1.1 balancer",
    ]


def test_via_on_an_answer() -> None:
    assert backward().all("Via") == ["1.1 balancer"]
    assert backward("Via: 1.1 inner").all("Via") == ["1.1 inner", "1.1 balancer"]


def test_via_of_an_http_1_0_upstream() -> None:
    with stage(always(b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n")) as front:
        assert front.ask(request("GET", "/")).fields.all("Via") == ["1.0 balancer"]


# X-Request-Id


def test_a_request_id_is_made(front: Stage) -> None:
    made = {forward(front).one("X-Request-Id") for _ in range(20)}
    assert len(made) == 20 and all(re.fullmatch(r"[0-9a-f]{32}", one) for one in made)


@pytest.mark.parametrize("sent", ["a", "A-b_c.9", "x" * 128, "550e8400-e29b-41d4-a716-446655440000"])
def test_a_valid_request_id_is_kept(front: Stage, sent: str) -> None:
    assert forward(front, f"X-Request-ID: {sent}").one("X-Request-Id") == sent


@pytest.mark.parametrize("sent", ["", "a b", "x" * 129, "a/b", 'a"b', "a\xff", "<script>", "a,b"])
def test_an_invalid_request_id_is_replaced(front: Stage, sent: str) -> None:
    assert re.fullmatch(r"[0-9a-f]{32}", forward(front, f"X-Request-Id: {sent}").one("X-Request-Id"))


def test_two_request_ids_become_one(front: Stage) -> None:
    assert len(forward(front, "X-Request-Id: a", "X-Request-Id: b").all("X-Request-Id")) == 1


# Status lines


@pytest.mark.parametrize(
    "status", ["200 OK", "200 ", "299 Any Thing: at all!", "404 Gr\xfc\xdfe", "599 X", "226 IM Used", "418 I'm a cup"]
)
def test_status_and_reason_pass(status: str) -> None:
    with stage(always(answer(status))) as front:
        response = front.ask(request("GET", "/"))
        assert f"{response.status} {response.reason}" == status


def test_fields_are_written_on_the_connections_own_terms() -> None:
    """A client's `Connection` and framing are the balancer's: the origin's chunked answer names no close."""

    def reply(got: Request) -> bytes:
        return b"HTTP/1.1 200 OK\r\nX-A: 1\r\nConnection: close, X-B\r\nX-B: 2\r\nContent-Length: 0\r\n\r\n"

    with stage(always(reply)) as front, front.client() as client:
        for _ in range(2):
            fields = client.get("/").fields
            assert not fields.has("Connection") and not fields.has("X-B") and fields.one("X-A") == "1"


def test_a_head_of_many_kilobytes_passes() -> None:
    cookies = [f"Set-Cookie: c{number}={'x' * 300}" for number in range(60)]
    assert len(backward(*cookies).all("Set-Cookie")) == 60
