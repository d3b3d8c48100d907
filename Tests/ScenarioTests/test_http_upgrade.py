"""`Upgrade` (RFC 9110 section 7.8): a two-way tunnel after the 101, an ordinary exchange where it is refused."""

from __future__ import annotations

import hashlib
import random
import threading
import time

import pytest

from support.client import Client, request
from support.deadline import SLOWNESS, seconds, wait_until
from support.origin import Connection, always, answer, ok
from support.stage import stage

ASK = request("GET", "/ws", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: dGhlIHNhbXBsZQ==")
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-A: 1\r\n\r\n"


def switch(connection: Connection) -> None:
    connection.read_request()
    connection.send(SWITCH)


def open_tunnel(client: Client) -> None:
    response = client.ask(ASK)
    assert (response.status, response.fields.one("X-A")) == (101, "1")
    assert response.fields.one("Upgrade") == "websocket" and response.fields.one("Connection").lower() == "upgrade"


def echo(connection: Connection) -> None:
    switch(connection)
    while part := connection.read_some(within=20):
        connection.send(part, within=20)


def test_the_request_reaches_the_origin_with_its_upgrade() -> None:
    with stage(echo) as front, front.client() as client:
        open_tunnel(client)
        got = front.origin.requests[0]
        assert got.fields.one("Upgrade") == "websocket" and got.fields.one("Connection").lower() == "upgrade"
        assert got.fields.one("Sec-WebSocket-Key") == "dGhlIHNhbXBsZQ=="


@pytest.mark.parametrize("value", ["upgrade", "UPGRADE", "keep-alive, Upgrade", "Upgrade,keep-alive"])
def test_upgrade_is_found_among_other_options(value: str) -> None:
    """Firefox sends `keep-alive, Upgrade`."""
    with stage(echo) as front, front.client() as client:
        client.send(request("GET", "/ws", f"Connection: {value}", "upgrade: WebSocket"))
        assert client.response().status == 101
        client.send(b"through")
        assert client.read_exact(7) == b"through"


def test_both_directions_carry_any_bytes() -> None:
    with stage(echo) as front, front.client() as client:
        open_tunnel(client)
        for message in (b"\x81\x05hello", b"GET / HTTP/1.1\r\n\r\n", bytes(range(256)) * 64, b"\0"):
            client.send(message)
            assert client.read_exact(len(message)) == message


def test_either_side_may_speak_first() -> None:
    def handler(connection: Connection) -> None:
        switch(connection)
        connection.send(b"from the origin")
        assert connection.read_exact(3) == b"ack"

    with stage(handler) as front, front.client() as client:
        open_tunnel(client)
        assert client.read_exact(15) == b"from the origin"
        client.send(b"ack")
        client.expect_close()


@pytest.mark.parametrize("size", [4096, 8192, 16_384, 32_767, 32_768])
def test_a_large_upgrade_request_is_no_two(size: int) -> None:
    """Sizes at which a read may end: nothing comes behind the head, though all of it is there at once."""
    padding = size - len(ASK) - len("X-P: \r\n")
    raw = ASK.replace(b"\r\n\r\n", b"\r\nX-P: " + b"x" * padding + b"\r\n\r\n")
    assert len(raw) == size
    with stage(echo) as front, front.client() as client:
        with front.balancer.paused():
            client.send(raw)
        assert client.response().status == 101
        client.send(b"through")
        assert client.read_exact(7) == b"through"


def test_last_words_arrive_though_the_origin_is_gone() -> None:
    """What the client says too late resets the upstream connection: that must not lose what was said before."""
    said, go = threading.Event(), threading.Event()

    def handler(connection: Connection) -> None:
        switch(connection)
        assert go.wait(10)
        connection.send(b"last words")
        connection.close()
        said.set()

    with stage(handler) as front, front.client() as client:
        open_tunnel(client)
        with front.balancer.paused():
            go.set()
            assert said.wait(10)
            client.send(b"too late")
        assert client.read_exact(10) == b"last words"
        client.expect_end()


def test_bytes_that_come_right_with_the_101_are_the_tunnels_first() -> None:
    def handler(connection: Connection) -> None:
        connection.read_request()
        connection.send(SWITCH + b"first bytes")
        connection.expect_close()

    with stage(handler) as front, front.client() as client:
        open_tunnel(client)
        assert client.read_exact(11) == b"first bytes"


def test_the_client_half_closes_and_still_hears() -> None:
    def handler(connection: Connection) -> None:
        switch(connection)
        assert connection.read_to_end() == b"question"
        connection.send(b"answer")

    with stage(handler) as front, front.client() as client:
        open_tunnel(client)
        client.send(b"question")
        client.half_close()
        assert client.read_to_end() == b"answer"


def test_the_origin_half_closes_and_still_hears() -> None:
    heard: list[bytes] = []

    def handler(connection: Connection) -> None:
        switch(connection)
        connection.send(b"question")
        connection.half_close()
        heard.append(connection.read_to_end())

    with stage(handler) as front:
        with front.client() as client:
            open_tunnel(client)
            assert client.read_to_end() == b"question"
            client.send(b"answer")
            client.half_close()
        assert wait_until(lambda: heard, "the origin hears the client") == [b"answer"]


def test_a_reset_on_one_side_ends_the_other() -> None:
    ended = threading.Event()

    def handler(connection: Connection) -> None:
        switch(connection)
        connection.read_exact(1)
        connection.expect_end()
        ended.set()

    with stage(handler) as front, front.client() as client:
        open_tunnel(client)
        client.send(b"x")
        client.wait_taken()
        client.reset()
        assert ended.wait(seconds(5))


def test_a_reset_by_the_origin_ends_the_client() -> None:
    def handler(connection: Connection) -> None:
        switch(connection)
        connection.read_exact(1)
        connection.reset()

    with stage(handler) as front, front.client() as client:
        open_tunnel(client)
        client.send(b"x")
        client.expect_end()


def test_much_in_both_directions_at_once() -> None:
    data = random.Random(3).randbytes(8 << 20)
    with stage(echo, record=False) as front, front.client(record=False) as client:
        open_tunnel(client)
        sender = threading.Thread(target=client.send, args=(data, 20))
        sender.start()
        back = client.read_exact(len(data), within=20)
        sender.join()
        assert hashlib.sha256(back).digest() == hashlib.sha256(data).digest()


def test_it_outlives_every_other_time_out_while_traffic_flows() -> None:
    limits = ["--idle-timeout", "--body-timeout", "--header-timeout", "--response-timeout", "--upstream-idle-timeout"]
    options = [word for limit in limits for word in (limit, "200ms")]
    with stage(echo, *options) as front, front.client() as client:
        open_tunnel(client)
        end = time.monotonic() + 1.0
        while time.monotonic() < end:
            client.send(b"tick")
            assert client.read_exact(4) == b"tick"
            time.sleep(0.05)


def test_traffic_in_one_direction_keeps_it_alive() -> None:
    def handler(connection: Connection) -> None:
        switch(connection)
        for _ in range(20):
            connection.send(b"tick")
            time.sleep(0.05)

    with stage(handler, "--tunnel-timeout", "500ms") as front, front.client() as client:
        open_tunnel(client)
        assert client.read_to_end() == b"tick" * 20


def test_a_silent_tunnel_ends_at_its_own_time_out() -> None:
    def handler(connection: Connection) -> None:
        switch(connection)
        connection.expect_end()

    with stage(handler, "--tunnel-timeout", "300ms") as front, front.client() as client:
        open_tunnel(client)
        began = time.monotonic()
        client.expect_end()
        assert time.monotonic() - began >= 0.25


@pytest.mark.parametrize(
    "refusal",
    [ok(b"no"), answer("426 Upgrade Required", "Connection: Upgrade", "Upgrade: h3", body=b"no")],
    ids=["200", "426"],
)
def test_a_refused_upgrade_is_an_ordinary_answer(refusal: bytes) -> None:
    def reply(got) -> bytes:
        return refusal if got.target == "/ws" else ok(b"next")

    with stage(always(reply)) as front, front.client() as client:
        assert client.ask(ASK).content == b"no"
        assert client.get("/next").content == b"next"


def test_a_426_says_what_to_upgrade_to() -> None:
    """RFC 9110 sections 15.5.22 and 7.8: it has an Upgrade field, which `Connection` has to name."""
    with stage(always(answer("426 Upgrade Required", "Connection: Upgrade", "Upgrade: h3"))) as front:
        fields = front.ask(request("GET", "/")).fields
        assert fields.one("Upgrade") == "h3" and "upgrade" in fields.one("Connection").lower()


def test_bytes_after_a_refused_upgrade_are_requests() -> None:
    with stage(always(ok(b"no"))) as front, front.client() as client:
        assert client.ask(ASK).status == 200
        client.send(request("GET", "/1") + request("GET", "/2"))
        assert [client.response().status for _ in range(2)] == [200, 200]


def test_bytes_before_the_101_never_reach_the_origin() -> None:
    """They might be the next request if the upgrade is refused, or the tunnel's: nobody can know."""
    asked = threading.Event()

    def handler(connection: Connection) -> None:
        connection.read_request()
        asked.set()
        connection.expect_end()

    with stage(handler) as front, front.client() as client:
        client.send(ASK)
        assert asked.wait(seconds(5))
        client.send(b"GET /early HTTP/1.1\r\nHost: test\r\n\r\n")
        assert client.response().status == 400
        client.expect_end()


@pytest.mark.parametrize(
    "fields",
    [
        ("Connection: close",),
        ("Upgrade: websocket",),
        ("Connection: keep-alive", "Upgrade: websocket"),
        ("Connection: Upgrade",),
        ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"),
    ],
    ids=str,
)
def test_what_is_no_upgrade_reaches_the_origin_without(fields: tuple) -> None:
    with stage(always(ok())) as front:
        assert front.ask(request("GET", "/", *fields)).status == 200
        got = front.origin.requests[0].fields
        assert not got.has("Upgrade") and not got.has("Connection") and not got.has("HTTP2-Settings")


def test_an_upgrade_of_http_1_0_is_none() -> None:
    """RFC 9110 section 7.8: a server ignores the field in an HTTP/1.0 request."""
    with stage(always(ok())) as front:
        assert front.ask(ASK.replace(b"HTTP/1.1", b"HTTP/1.0")).status == 200
        assert not front.origin.requests[0].fields.has("Upgrade")


def test_an_upgrade_with_a_body_is_an_ordinary_request() -> None:
    with stage(always(ok())) as front, front.client() as client:
        raw = request("POST", "/ws", "Connection: Upgrade", "Upgrade: websocket", body=b"hello")
        assert client.ask(raw).status == 200
        got = front.origin.requests[0]
        assert got.content == b"hello" and not got.fields.has("Upgrade") and not got.fields.has("Connection")
        assert client.get("/").status == 200


@pytest.mark.parametrize("raw", [request("GET", "/"), request("POST", "/", body=b"x")], ids=["GET", "POST"])
def test_an_unasked_101_is_a_502(raw: bytes) -> None:
    def handler(connection: Connection) -> None:
        connection.read_request()
        connection.send(SWITCH + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
        connection.expect_end()

    with stage(handler) as front, front.client() as client:
        assert client.ask(raw).status == 502


def test_a_101_cut_short_is_a_502() -> None:
    def handler(connection: Connection) -> None:
        connection.read_request()
        connection.send(SWITCH[:-2])

    with stage(handler) as front, front.client() as client:
        assert client.ask(ASK).status == 502


def test_a_tunnel_that_does_not_read_holds_its_sender_back() -> None:
    go = threading.Event()

    def handler(connection: Connection) -> None:
        switch(connection)
        assert go.wait(20)

    with stage(handler, record=False) as front, front.client() as client:
        open_tunnel(client)
        before = front.balancer.memory_kilobytes()
        client.socket.setblocking(False)
        sent, idle_since = 0, time.monotonic()
        while time.monotonic() - idle_since < 0.3 and sent < 200 << 20:
            try:
                sent += client.socket.send(bytes(1 << 20))
                idle_since = time.monotonic()
            except BlockingIOError:
                time.sleep(0.005)
        assert 0 < sent < 100 << 20
        assert SLOWNESS > 1 or front.balancer.memory_kilobytes() - before < 24 * 1024
        client.reset()
        go.set()
