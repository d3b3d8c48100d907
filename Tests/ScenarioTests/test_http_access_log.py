"""The access log: the combined format, then the upstream, times and the request's id."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from support.client import chunked, request
from support.deadline import wait_until
from support.origin import Connection, always, in_turn, ok
from support.stage import stage
from support.wire import Cut

LINE = re.compile(
    r"(?P<client>\S+) - - \[(?P<time>[^\]]+)\] "
    r'"(?P<request>[^"]*)" (?P<status>\d{3}|-) (?P<bytes>\d+|-) "(?P<referer>[^"]*)" "(?P<agent>[^"]*)" '
    r"upstream=(?P<upstream>\S+) upstream_time=(?P<upstream_time>\d+\.\d{6}|-) time=(?P<total>\d+\.\d{6}|-) "
    r"id=(?P<id>\S+)"
)


def parse(line: str) -> re.Match[str]:
    match = LINE.fullmatch(line)
    assert match, f"not the access log's format: {line!r}"
    return match


def log_of(raw: bytes, handler=always(ok(b"hello")), *options: str) -> re.Match[str]:
    """The one line that one request leaves."""
    with stage(handler, *options) as front:
        with front.client() as client:
            try:
                client.ask(raw)
            except Cut:
                pass
        return parse(front.balancer.wait_access(1)[0])


def test_a_request_leaves_one_whole_line() -> None:
    with stage(always(ok(b"hello"))) as front:
        raw = request("GET", "/x?y=z", "Referer: http://from/", "User-Agent: test/1", "X-Request-Id: my-id")
        with front.client(source="127.0.0.9") as client:
            assert client.ask(raw).status == 200
        line = parse(front.balancer.wait_access(1)[0])
        assert line["client"] == "127.0.0.9" and line["request"] == "GET /x?y=z HTTP/1.1"
        assert (line["status"], line["bytes"]) == ("200", "5")
        assert (line["referer"], line["agent"]) == ("http://from/", "test/1")
        assert (line["upstream"], line["id"]) == (front.origin.name, "my-id")
        assert 0 < float(line["upstream_time"]) <= float(line["total"]) < 5


def test_the_time_is_this_machines_in_combined_format() -> None:
    line = log_of(request("GET", "/"))
    written = datetime.strptime(line["time"], "%d/%b/%Y:%H:%M:%S %z")
    assert abs(datetime.now(timezone.utc) - written) < timedelta(seconds=60)
    assert re.fullmatch(r"\d\d/[A-Z][a-z][a-z]/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}", line["time"])


def test_what_is_not_there_is_a_dash() -> None:
    line = log_of(request("GET", "/"))
    assert (line["referer"], line["agent"]) == ("-", "-")


def test_the_id_is_the_one_the_origin_sees() -> None:
    with stage(always(ok())) as front:
        assert front.ask(request("GET", "/")).status == 200
        line = parse(front.balancer.wait_access(1)[0])
        assert line["id"] == front.origin.requests[0].fields.one("X-Request-Id")


def test_the_request_line_is_the_clients() -> None:
    assert log_of(b"GET http://test/abs HTTP/1.1\r\nHost: test\r\n\r\n")["request"] == "GET http://test/abs HTTP/1.1"
    assert log_of(b"get /old HTTP/1.0\r\n\r\n")["request"] == "get /old HTTP/1.0"


@pytest.mark.parametrize(
    "sent, logged",
    [
        (b'a"b', r"a\x22b"),
        (b"a\tb", r"a\x09b"),
        (b'" 200 0 "-" "-" id=forged', r"\x22 200 0 \x22-\x22 \x22-\x22 id=forged"),
    ],
)
def test_no_client_can_forge_a_line(sent: bytes, logged: str) -> None:
    line = log_of(b"GET / HTTP/1.1\r\nHost: test\r\nUser-Agent: " + sent + b"\r\nReferer: " + sent + b"\r\n\r\n")
    assert (line["agent"], line["referer"]) == (logged, logged)


def test_a_quote_in_the_target_is_escaped_or_refused() -> None:
    line = log_of(b'GET /a"b HTTP/1.1\r\nHost: test\r\n\r\n')
    assert line["request"] in (r"GET /a\x22b HTTP/1.1", "-") and line["status"] in ("200", "400")


@pytest.mark.parametrize(
    "reply, count",
    [
        (ok(b""), 0),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 0),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\n\r\n", 0),
        (ok(b"x" * 1_000_000), 1_000_000),
    ],
    ids=["empty", "204", "304", "large"],
)
def test_the_bytes_are_the_bodys(reply: bytes, count: int) -> None:
    assert log_of(request("GET", "/"), always(reply))["bytes"] == str(count)


def test_the_bytes_of_an_answer_to_head_are_none() -> None:
    assert log_of(request("HEAD", "/"), always(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"))["bytes"] == "0"


def test_the_bytes_of_a_chunked_answer() -> None:
    """With or without the coding: between what was said and what went over the wire."""
    coded = chunked(b"hello", b"world")
    reply = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + coded
    assert 10 <= int(log_of(request("GET", "/"), always(reply))["bytes"]) <= len(coded)


@pytest.mark.parametrize(
    "raw, status",
    [
        (b"GET / HTTP/1.1\r\nX : y\r\n\r\n", "400"),
        (b"rubbish\r\n\r\n", "400"),
        (b"\x16\x03\x01\x00\x05hello\r\n\r\n", "400"),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n", "414"),
        (request("CONNECT", "test:443"), "501"),
    ],
    ids=["field", "rubbish", "TLS", "long", "CONNECT"],
)
def test_a_refused_request_is_logged_without_upstream(raw: bytes, status: str) -> None:
    line = log_of(raw)
    assert (line["status"], line["upstream"], line["upstream_time"]) == (status, "-", "-")


def test_a_502_is_logged_with_the_upstream_that_failed() -> None:
    def mute(connection: Connection) -> None:
        connection.read_request()

    with stage(mute) as front:
        assert front.ask(request("POST", "/", body=b"x")).status == 502
        line = parse(front.balancer.wait_access(1)[0])
        assert (line["status"], line["upstream"]) == ("502", front.origin.name)


def test_a_retried_request_is_one_line_with_the_last_upstream() -> None:
    def first(connection: Connection) -> None:
        connection.read_request()
        connection.send(ok())
        connection.read_request()

    with stage(in_turn(first, always(ok())), "--workers", "1") as front, front.client() as client:
        assert [client.get(f"/{number}").status for number in range(2)] == [200, 200]
        lines = [parse(line) for line in front.balancer.wait_access(2)]
        assert [line["request"] for line in lines] == ["GET /0 HTTP/1.1", "GET /1 HTTP/1.1"]
        assert [line["status"] for line in lines] == ["200", "200"]


def test_every_request_of_a_pipeline_is_logged_in_order() -> None:
    with stage(always(ok()), "--workers", "1") as front, front.client() as client:
        client.send(b"".join(request("GET", f"/{number}") for number in range(100)))
        assert [client.response().status for _ in range(100)] == [200] * 100
        lines = [parse(line)["request"] for line in front.balancer.wait_access(100)]
        assert lines == [f"GET /{number} HTTP/1.1" for number in range(100)]


def test_a_cut_answer_is_logged_too() -> None:
    def cut(connection: Connection) -> None:
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")

    line = log_of(request("GET", "/"), cut)
    assert line["status"] in ("200", "502") and int(line["bytes"]) <= 200


def test_a_tunnel_is_logged_when_it_ends() -> None:
    def handler(connection: Connection) -> None:
        connection.read_request()
        connection.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
        while connection.read_some():
            pass

    with stage(handler) as front:
        with front.client() as client:
            assert client.ask(request("GET", "/ws", "Connection: Upgrade", "Upgrade: x")).status == 101
            client.send(b"hello")
            client.half_close()
            client.expect_close()
        line = parse(front.balancer.wait_access(1)[0])
        assert (line["request"], line["status"]) == ("GET /ws HTTP/1.1", "101")


def test_the_log_may_go_to_a_file(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    with stage(always(ok()), "--access-log", str(path)) as front:
        assert front.ask(request("GET", "/in-file")).status == 200
        wait_until(lambda: path.exists() and path.read_text().endswith("\n"), "the file is written")
        assert parse(path.read_text().splitlines()[0])["request"] == "GET /in-file HTTP/1.1"
        assert front.balancer.access_lines() == []


def test_the_log_may_go_to_standard_error() -> None:
    with stage(always(ok()), "--access-log", "stderr") as front:
        assert front.ask(request("GET", "/in-stderr")).status == 200
        front.balancer.wait_log(r'"GET /in-stderr HTTP/1\.1" 200 ')
        assert front.balancer.access_lines() == []


def test_the_log_may_be_off() -> None:
    with stage(always(ok()), "--access-log", "off") as front:
        assert front.ask(request("GET", "/")).status == 200
    assert front.balancer.access_lines() == []


def test_what_is_buffered_is_written_before_the_process_ends() -> None:
    with stage(always(ok())) as front:
        for number in range(50):
            assert front.ask(request("GET", f"/{number}")).status == 200
        assert front.balancer.terminate() == 0
        assert len(front.balancer.access_lines()) == 50


def test_ipv6_clients_are_named() -> None:
    with stage(always(ok()), "--listen", "[::1]:0") as front:
        assert front.ask(request("GET", "/")).status == 200
        assert parse(front.balancer.wait_access(1)[0])["client"] == "::1"
