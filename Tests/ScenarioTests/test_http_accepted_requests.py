"""Nothing valid is refused: what is unusual and right reaches the origin as it was sent."""

from __future__ import annotations

from typing import Iterator

import pytest

from support.client import chunked, request
from support.origin import Request, always, ok
from support.stage import Stage, passed, stage

TOKEN = "!#$%&'*+-.^_`|~09AZaz"


@pytest.fixture(scope="module")
def front() -> Iterator[Stage]:
    with stage(always(ok()), "--workers", "1") as running:
        yield running


def deliver(front: Stage, raw: bytes) -> Request:
    """Sends `raw`, which must be answered with the origin's 200 on a connection that stays usable."""
    method = raw.lstrip(b"\r\n").split(b" ", 1)[0].decode("latin-1")
    with front.client() as client:
        client.send(raw)
        response = client.response(method)
        assert response.status == 200, response
        got = front.origin.requests[-1]
        if b"HTTP/1.0" not in raw:
            assert client.get("/after").status == 200
    return got


@pytest.mark.parametrize(
    "method", ["GET", "get", "PATCH", "DELETE", "PURGE", "M-SEARCH", "X", "PROPFIND", "TRACE", TOKEN, "A" * 200]
)
def test_any_token_as_method(front: Stage, method: str) -> None:
    assert deliver(front, request(method, "/")).method == method


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/%0D%0A%2F%7F",
        "/a?b=c&d=e?f/g",
        "/?",
        "/;a=b,c:d@e!$'()*+~",
        "/a?b=//c/../%61",
        "/*",
        pytest.param("/" + "a" * (8192 - 14), id="line of 8192 bytes"),
    ],
)
def test_origin_form_passes_unchanged(front: Stage, target: str) -> None:
    assert deliver(front, request("GET", target)).target == target


@pytest.mark.parametrize(
    "sent, target",
    [
        ("//", "/"),
        ("//a//b", "/a/b"),
        ("/a/../b/./c", "/b/c"),
        ("/%61/%2e%2E/b%2f%7e?%61", "/b%2F~?%61"),
        ("/http://other/", "/http:/other/"),
        ("http://other//a/./b", "/a/b"),
    ],
)
def test_a_path_passes_in_its_normal_form(front: Stage, sent: str, target: str) -> None:
    """RFC 3986 section 6.2.2: no other spelling of a path slips past a route."""
    assert deliver(front, request("GET", sent)).target == target


@pytest.mark.parametrize(
    "sent, target, host",
    [
        ("http://other/path?q", "/path?q", "other"),
        ("http://other:81/", "/", "other:81"),
        ("http://other", "/", "other"),
        ("http://other?q", "/?q", "other"),
        ("HTTP://OTHER/", "/", "OTHER"),
        ("http://[::1]:81/x", "/x", "[::1]:81"),
    ],
)
def test_absolute_form_becomes_origin_form_and_its_authority_the_host(
    front: Stage, sent: str, target: str, host: str
) -> None:
    got = deliver(front, request("GET", sent, "Host: ignored"))
    assert (got.target, got.fields.one("Host")) == (target, host)


@pytest.mark.parametrize("target, expected", [("*", "*"), ("http://other", "*"), ("http://other/", "/")])
def test_options_asterisk(front: Stage, target: str, expected: str) -> None:
    """RFC 9112 section 3.2.4: an absolute target without path becomes the asterisk at the last proxy."""
    assert deliver(front, request("OPTIONS", target)).target == expected


@pytest.mark.parametrize("empty_lines", [1, 2])
def test_leading_empty_lines_are_passed_over(front: Stage, empty_lines: int) -> None:
    assert deliver(front, b"\r\n" * empty_lines + request("GET", "/lead")).target == "/lead"


def test_an_empty_line_after_a_body_is_passed_over(front: Stage) -> None:
    with front.client() as client:
        client.send(request("POST", "/1", body=b"x=1") + b"\r\n" + request("GET", "/2"))
        assert [client.response().status for _ in range(2)] == [200, 200]


@pytest.mark.parametrize(
    "line, name, value",
    [
        (b"x-lower: v", "x-lower", "v"),
        (b"X-UPPER: V", "X-UPPER", "V"),
        (b"x-MiXeD: v", "x-MiXeD", "v"),
        (TOKEN.encode() + b": v", TOKEN, "v"),
        (b"Transfer_Encoding: chunked", "Transfer_Encoding", "chunked"),
        (b"X-None:v", "X-None", "v"),
        (b"X-Tab:\tv\t", "X-Tab", "v"),
        (b"X-Much: \t  v \t ", "X-Much", "v"),
        (b"X-Inside: a \t b", "X-Inside", "a \t b"),
        (b"X-Empty:", "X-Empty", ""),
        (b"X-Blank:  ", "X-Blank", ""),
        (b"X-Obs: \x80\xa0\xfe\xff", "X-Obs", "\x80\xa0\xfe\xff"),
        ("X-UTF8: Grüße".encode(), "X-UTF8", "Grüße".encode().decode("latin-1")),
        (b'X-Marks: "a", (b) <c> [d] {e} \\ : ; = ?', "X-Marks", '"a", (b) <c> [d] {e} \\ : ; = ?'),
        (b"X-Colon: a:b: c", "X-Colon", "a:b: c"),
        pytest.param(b"Cookie: " + b"c=" + b"d" * 16_000, "Cookie", "c=" + "d" * 16_000, id="long cookie"),
        (b"X: y", "X", "y"),
    ],
)
def test_field_lines_pass_as_sent(front: Stage, line: bytes, name: str, value: str) -> None:
    got = deliver(front, b"GET / HTTP/1.1\r\nHost: test\r\n" + line + b"\r\n\r\n")
    assert passed(got.fields) == [("Host", "test"), (name, value)]


def test_order_and_duplicates_pass_unchanged(front: Stage) -> None:
    lines = [("B", "1"), ("a", "2"), ("Host", "test"), ("B", "3"), ("Cookie", "x=1"), ("b", "1"), ("Cookie", "y=2")]
    raw = b"GET / HTTP/1.1\r\n" + b"".join(b"%b: %b\r\n" % (n.encode(), v.encode()) for n, v in lines) + b"\r\n"
    assert passed(deliver(front, raw).fields) == lines


def test_two_hundred_field_lines(front: Stage) -> None:
    fields = [f"X-{line}: {line}" for line in range(199)]
    assert len(passed(deliver(front, request("GET", "/", *fields)).fields)) == 200


def test_a_head_of_32_kilobytes(front: Stage) -> None:
    lines = [f"X-{line:03}: {'y' * 991}" for line in range(32)]
    raw = request("GET", "/", *lines)
    padding = 32_768 - len(raw) - len("X-P: \r\n")
    raw = request("GET", "/", *lines, "X-P: " + "z" * padding)
    assert len(raw) == 32_768
    assert len(passed(deliver(front, raw).fields)) == 34


@pytest.mark.parametrize(
    "host", ["test", "TEST", "test:8080", "127.0.0.1", "[::1]", "[::1]:80", "a.b-c_d~e", "x--y", "test:"]
)
def test_hosts_are_kept(front: Stage, host: str) -> None:
    assert deliver(front, request("GET", "/", f"Host: {host}")).fields.one("Host") == host


def test_an_empty_host_is_valid(front: Stage) -> None:
    """RFC 9112 section 3.2: empty where the target has no authority."""
    assert deliver(front, b"GET / HTTP/1.1\r\nHost:\r\n\r\n").fields.all("Host") == [""]


@pytest.mark.parametrize("value", ["5", "05", "0000000000000000000000000005"])
def test_content_length_with_leading_zeros(front: Stage, value: str) -> None:
    got = deliver(front, request("POST", "/", f"Content-Length: {value}") + b"hello")
    assert got.content == b"hello" and int(got.fields.one("Content-Length")) == 5


@pytest.mark.parametrize(
    "line",
    [
        "Transfer-Encoding: chunked",
        "transfer-encoding: CHUNKED",
        "TRANSFER-ENCODING:Chunked",
        "Transfer-Encoding:\tchunked\t",
        "Transfer-Encoding:    chunked   ",
    ],
)
def test_chunked_in_any_case_and_white_space(front: Stage, line: str) -> None:
    got = deliver(front, request("POST", "/", line) + chunked(b"hello"))
    assert got.content == b"hello" and got.body.framing == "chunked"


@pytest.mark.parametrize(
    "coded, content",
    [
        (b"5;ext=val\r\nhello\r\n0\r\n\r\n", b"hello"),
        (b'5;a="b c;d\\"e"\r\nhello\r\n0\r\n\r\n', b"hello"),
        (b"5;a;b=c;d\r\nhello\r\n0;last\r\n\r\n", b"hello"),
        (b"5 ; a = b\r\nhello\r\n0\r\n\r\n", b"hello"),
        (b"00005\r\nhello\r\n000\r\n\r\n", b"hello"),
        (b"a\r\n0123456789\r\n0\r\n\r\n", b"0123456789"),
        (b"A\r\n0123456789\r\n0\r\n\r\n", b"0123456789"),
        (b"0000000000000005\r\nhello\r\n0\r\n\r\n", b"hello"),
        (b"5\r\nhello\r\n5\r\n\r\n0\r\n\r\n0\r\n\r\n", b"hello\r\n0\r\n"),
        (b"0\r\n\r\n", b""),
        (b"0\r\nX-Empty:\r\nX-Obs: \xff\r\n\r\n", b""),
        (b"1\r\n\0\r\n0\r\n\r\n", b"\0"),
    ],
)
def test_chunks(front: Stage, coded: bytes, content: bytes) -> None:
    got = deliver(front, request("POST", "/", "Transfer-Encoding: chunked") + coded)
    assert got.content == content


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "OPTIONS", "PURGE"])
@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_body_with_any_method(front: Stage, method: str, framing: str) -> None:
    if framing == "length":
        raw = request(method, "/", body=b"GET /in-body HTTP/1.1\r\n\r\n")
    else:
        raw = request(method, "/", "Transfer-Encoding: chunked") + chunked(b"GET /in-body HTTP/1.1\r\n\r\n")
    seen = len(front.origin.requests)
    assert deliver(front, raw).content == b"GET /in-body HTTP/1.1\r\n\r\n"
    assert [got.target for got in front.origin.requests[seen:]] == ["/", "/after"]


def test_a_higher_minor_version_is_taken_as_1_1(front: Stage) -> None:
    """RFC 9110 section 2.5."""
    assert deliver(front, request("GET", "/", version="HTTP/1.2")).version == "HTTP/1.1"


def test_http_1_0_without_host(front: Stage) -> None:
    got = deliver(front, b"GET /old HTTP/1.0\r\n\r\n")
    assert got.target == "/old" and len(got.fields.all("Host")) == 1


@pytest.mark.parametrize(
    "lines",
    [
        ["Content-Length: 5, 5"],
        ["Content-Length: 5", "Content-Length: 5"],
        ["Transfer-Encoding: , chunked"],
        ["Transfer-Encoding: chunked,"],
    ],
    ids=str,
)
def test_what_may_be_refused_or_repaired_is_never_passed_on_as_it_is(front: Stage, lines: list[str]) -> None:
    """RFC 9110 sections 8.6 and 5.6.1 leave both open; ambiguous bytes at the origin are what they do not."""
    body = b"hello" if lines[0].startswith("Content") else chunked(b"hello")
    seen = len(front.origin.requests)
    response = front.ask(request("POST", "/", *lines) + body)
    assert response.status in (200, 400)
    delivered = front.origin.requests[seen:]
    assert [got.content for got in delivered] == ([b"hello"] if response.status == 200 else [])
    for got in delivered:
        framing = got.fields.all("Content-Length") + got.fields.all("Transfer-Encoding")
        assert framing in (["5"], ["chunked"])
