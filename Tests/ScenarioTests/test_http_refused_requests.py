"""What laxness would let through as smuggled requests: refused, the connection closed, nothing of it passed on."""

from __future__ import annotations

from typing import Iterator

import pytest

from support.client import request
from support.origin import always, ok
from support.stage import Stage, stage
from support.wire import Cut

HOST = b"Host: test\r\n"
NEXT = b"GET /smuggled HTTP/1.1\r\nHost: test\r\n\r\n"


@pytest.fixture(scope="module")
def front() -> Iterator[Stage]:
    # One worker: a request that was wrongly let through is under way before the probe that follows it.
    with stage(always(ok()), "--workers", "1") as running:
        yield running


def assert_refused(front: Stage, raw: bytes, expected: int | set[int]) -> None:
    """`raw` is answered with the status and a closed connection, and no byte of it comes to the origin."""
    statuses = {expected} if isinstance(expected, int) else expected
    before = len(front.origin.received)
    with front.client() as client:
        client.send(raw)
        response = client.response()
        assert response.status in statuses, response
        assert response.fields.one("Connection").lower() == "close"
        client.expect_close()
    seen = len(front.origin.requests)
    assert front.ask(request("GET", "/probe")).status == 200
    probe = front.origin.requests[-1]
    assert [sent.target for sent in front.origin.requests[seen:]] == ["/probe"]
    assert front.origin.received[before:] == probe.raw_head, "bytes beside the probe came to the origin"


def head(*lines: bytes, start: bytes = b"GET / HTTP/1.1") -> bytes:
    """A head of these lines, a Host line before them."""
    return b"\r\n".join([start, b"Host: test", *lines, b"", b""])


def post(*lines: bytes, body: bytes = b"") -> bytes:
    return head(*lines, start=b"POST / HTTP/1.1") + body


REQUEST_LINES = {
    "HTTP/0.9": (b"GET /\r\n\r\n", 400),
    "version in lower case": (head(start=b"GET / http/1.1"), 400),
    "no version": (head(start=b"GET / "), 400),
    "version without minor": (head(start=b"GET / HTTP/1"), 400),
    "version with two-digit minor": (head(start=b"GET / HTTP/1.10"), 400),
    "version with two-digit major": (head(start=b"GET / HTTP/11.1"), 400),
    "version with two dots": (head(start=b"GET / HTTP/1.1.1"), 400),
    "version with a sign": (head(start=b"GET / HTTP/+1.1"), 400),
    "another protocol": (head(start=b"GET / SIP/1.1"), 400),
    "version 2.0": (head(start=b"GET / HTTP/2.0"), 505),
    "version 0.9 in the line": (head(start=b"GET / HTTP/0.9"), 505),
    "version 3.1": (head(start=b"GET / HTTP/3.1"), 505),
    "HTTP/2 preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    "TLS hello": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(32) + b"\r\n\r\n", 400),
    "space before the method": (head(start=b" GET / HTTP/1.1"), 400),
    "space after the version": (head(start=b"GET / HTTP/1.1 "), 400),
    "two spaces after the method": (head(start=b"GET  / HTTP/1.1"), 400),
    "two spaces after the target": (head(start=b"GET /  HTTP/1.1"), 400),
    "tab after the method": (head(start=b"GET\t/ HTTP/1.1"), 400),
    "tab after the target": (head(start=b"GET /\tHTTP/1.1"), 400),
    "space in the target": (head(start=b"GET /a b HTTP/1.1"), 400),
    "NUL in the target": (head(start=b"GET /a\0b HTTP/1.1"), 400),
    "bare CR in the target": (head(start=b"GET /a\rb HTTP/1.1"), 400),
    "control in the target": (head(start=b"GET /a\x01b HTTP/1.1"), 400),
    "DEL in the target": (head(start=b"GET /a\x7fb HTTP/1.1"), 400),
    "fragment in the target": (head(start=b"GET /a#b HTTP/1.1"), 400),
    "relative target": (head(start=b"GET a HTTP/1.1"), 400),
    "empty target": (head(start=b"GET  HTTP/1.1"), 400),
    "asterisk with GET": (head(start=b"GET * HTTP/1.1"), 400),
    "absolute target without authority": (head(start=b"GET http:///a HTTP/1.1"), 400),
    "absolute target with user information": (head(start=b"GET http://test@evil/ HTTP/1.1"), 400),
    "CONNECT": (head(start=b"CONNECT test:443 HTTP/1.1"), 501),
    "no method": (head(start=b" / HTTP/1.1"), 400),
    "method with at sign": (head(start=b"G@T / HTTP/1.1"), 400),
    "method with parenthesis": (head(start=b"GE(T / HTTP/1.1"), 400),
    "method in quotes": (head(start=b'"GET" / HTTP/1.1'), 400),
    "method with NUL": (head(start=b"GE\0T / HTTP/1.1"), 400),
    "method with obs-text": (head(start=b"G\xc9T / HTTP/1.1"), 400),
    "field line first": (b"Host: test\r\n\r\n", 400),
}

LINE_ENDS = {
    "bare LF after the request line": (b"GET / HTTP/1.1\nHost: test\r\n\r\n", 400),
    "bare LF after a field line": (b"GET / HTTP/1.1\r\nHost: test\nX: y\r\n\r\n", 400),
    "bare LF as the empty line": (b"GET / HTTP/1.1\r\nHost: test\r\n\n", 400),
    "bare LF everywhere": (b"GET / HTTP/1.1\nHost: test\n\n", 400),
    "bare LF as the leading line": (b"\nGET / HTTP/1.1\r\nHost: test\r\n\r\n", 400),
    "bare CR after the request line": (b"GET / HTTP/1.1\rHost: test\r\n\r\n", 400),
    "bare CR after a field line": (b"GET / HTTP/1.1\r\nHost: test\rX: y\r\n\r\n", 400),
    "CR CR LF after the request line": (b"GET / HTTP/1.1\r\r\nHost: test\r\n\r\n", 400),
    "CR CR LF after a field line": (b"GET / HTTP/1.1\r\nHost: test\r\r\n\r\n", 400),
    "CR before the empty line": (b"GET / HTTP/1.1\r\nHost: test\r\n\rX: y\r\n\r\n", 400),
    "bare CR as the leading line": (b"\rGET / HTTP/1.1\r\nHost: test\r\n\r\n", 400),
}

FIELD_LINES = {
    "space before the colon": (head(b"X : y"), 400),
    "tab before the colon": (head(b"X\t: y"), 400),
    "space in the name": (head(b"X Y: z"), 400),
    "space before the name": (b"GET / HTTP/1.1\r\n X: y\r\nHost: test\r\n\r\n", 400),
    "empty name": (head(b": y"), 400),
    "no colon": (head(b"X"), 400),
    "NUL in the name": (head(b"X\0: y"), 400),
    "DEL in the name": (head(b"X\x7f: y"), 400),
    "obs-text in the name": (head(b"X\xfc: y"), 400),
    "parenthesis in the name": (head(b"X(: y"), 400),
    "bracket in the name": (head(b"[X]: y"), 400),
    "quotes in the name": (head(b'"X": y'), 400),
    "slash in the name": (head(b"X/Y: z"), 400),
    "comma in the name": (head(b"X,Y: z"), 400),
    "obs-fold with space": (head(b"X: y", b" z"), 400),
    "obs-fold with tab": (head(b"X: y", b"\tz"), 400),
    "obs-fold of an empty line": (head(b"X: y", b" "), 400),
    "NUL in a value": (head(b"X: y\0z"), 400),
    "control in a value": (head(b"X: y\x01z"), 400),
    "vertical tab in a value": (head(b"X: y\x0bz"), 400),
    "DEL in a value": (head(b"X: y\x7fz"), 400),
    "escape in a value": (head(b"X: \x1b[31m"), 400),
}

HOSTS = {
    "missing": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "missing beside others": (b"GET / HTTP/1.1\r\nX: y\r\n\r\n", 400),
    "missing with an absolute target": (b"GET http://test/ HTTP/1.1\r\n\r\n", 400),
    "repeated": (head(b"Host: other"), 400),
    "repeated alike": (head(b"Host: test"), 400),
    "repeated in another case": (head(b"HOST: test"), 400),
    "repeated with an absolute target": (head(b"Host: other", start=b"GET http://test/ HTTP/1.1"), 400),
    "repeated in HTTP/1.0": (head(b"Host: other", start=b"GET / HTTP/1.0"), 400),
    "two in one line": (b"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400),
    "space within": (b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
    "a path": (b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
    "user information": (b"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400),
    "port that is no number": (b"GET / HTTP/1.1\r\nHost: a:8o\r\n\r\n", 400),
    "space before the colon": (b"GET / HTTP/1.1\r\nHost : test\r\n\r\n", 400),
}


def length(value: bytes) -> bytes:
    return post(b"Content-Length: " + value, body=b"hello" + NEXT)


LENGTHS = {
    "plus sign": (length(b"+5"), 400),
    "negative": (length(b"-5"), 400),
    "negative zero": (length(b"-0"), 400),
    "hexadecimal": (length(b"0x5"), 400),
    "hexadecimal digit": (length(b"5a"), 400),
    "fraction": (length(b"5.0"), 400),
    "exponent": (length(b"5e0"), 400),
    "underscore": (length(b"0_5"), 400),
    "space within": (length(b"0 5"), 400),
    "tab within": (length(b"0\t5"), 400),
    "vertical tab before": (length(b"\x0b5"), 400),
    "vertical tab after": (length(b"5\x0b"), 400),
    "NUL after": (length(b"5\0"), 400),
    "quotes": (length(b'"5"'), 400),
    "empty": (length(b""), 400),
    "white space only": (length(b" \t "), 400),
    "obs-text": (length(b"\xb5"), 400),
    "full-width digit": (length("５".encode()), 400),
    "semicolon": (length(b"5;"), 400),
    "differing in one line": (length(b"5, 6"), 400),
    "differing in one line without space": (length(b"5,6"), 400),
    "comma after": (length(b"5,"), 400),
    "comma before": (length(b",5"), 400),
    "2^64 + 5": (length(b"18446744073709551621"), {400, 413}),
    "2^63": (length(b"9223372036854775808"), {400, 413}),
    "thirty digits": (length(b"9" * 30), {400, 413}),
    "differing in two lines": (post(b"Content-Length: 5", b"Content-Length: 6", body=b"hello!"), 400),
    "differing, zero first": (post(b"Content-Length: 0", b"Content-Length: 5", body=b"hello"), 400),
    "differing in number of digits": (post(b"Content-Length: 5", b"Content-Length: 50", body=b"hello"), 400),
    "second one malformed": (post(b"Content-Length: 5", b"Content-Length: x", body=b"hello"), 400),
    "space before the colon": (post(b"Content-Length : 5", body=b"hello"), 400),
    "folded": (post(b"Content-Length:", b" 5", body=b"hello"), 400),
    "in HTTP/1.0": (head(b"Content-Length: +5", start=b"POST / HTTP/1.0") + b"hello", 400),
}


def coding(*lines: bytes) -> bytes:
    """A chunked body of nothing, with the hidden request after it, under these Transfer-Encoding lines."""
    return post(*lines, body=b"0\r\n\r\n" + NEXT)


CODINGS = {
    "CL.TE": (post(b"Content-Length: 6", b"Transfer-Encoding: chunked", body=b"0\r\n\r\nG"), 400),
    "TE.CL": (post(b"Transfer-Encoding: chunked", b"Content-Length: 4", body=b"5c\r\nGPOST / HTTP/1.1\r\n"), 400),
    "beside a zero length": (post(b"Content-Length: 0", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"), 400),
    "beside an empty length": (coding(b"Content-Length:", b"Transfer-Encoding: chunked"), 400),
    "identity beside a length": (post(b"Content-Length: 5", b"Transfer-Encoding: identity", body=b"hello"), 400),
    "empty beside a length": (post(b"Content-Length: 5", b"Transfer-Encoding:", body=b"hello"), 400),
    "unknown beside a length": (post(b"Content-Length: 5", b"Transfer-Encoding: cow", body=b"hello"), {400, 501}),
    "space before the colon": (coding(b"Transfer-Encoding : chunked"), 400),
    "tab before the colon": (coding(b"Transfer-Encoding\t: chunked"), 400),
    "space before the colon, beside a length": (
        post(b"Content-Length: 5", b"Transfer-Encoding : chunked", body=b"0\r\n\r\n"),
        400,
    ),
    "space before the name": (coding(b" Transfer-Encoding: chunked"), 400),
    "folded value": (coding(b"Transfer-Encoding:", b" chunked"), 400),
    "folded second coding": (coding(b"Transfer-Encoding: chunked", b" , identity"), 400),
    "after a bare LF": (coding(b"X: y\nTransfer-Encoding: chunked"), 400),
    "after a bare CR": (coding(b"X: y\rTransfer-Encoding: chunked"), 400),
    "before a bare CR": (coding(b"Transfer-Encoding: chunked\rX: y"), 400),
    "xchunked": (coding(b"Transfer-Encoding: xchunked"), {400, 501}),
    "chunkedx": (coding(b"Transfer-Encoding: chunkedx"), {400, 501}),
    "chunk": (coding(b"Transfer-Encoding: chunk"), {400, 501}),
    "cow": (coding(b"Transfer-Encoding: cow"), {400, 501}),
    "identity": (coding(b"Transfer-Encoding: identity"), {400, 501}),
    "gzip": (coding(b"Transfer-Encoding: gzip"), {400, 501}),
    "empty": (coding(b"Transfer-Encoding:"), {400, 501}),
    "a comma": (coding(b"Transfer-Encoding: ,"), {400, 501}),
    "space within": (coding(b"Transfer-Encoding: chu nked"), {400, 501}),
    "vertical tab before": (coding(b"Transfer-Encoding: \x0bchunked"), {400, 501}),
    "vertical tab after": (coding(b"Transfer-Encoding: chunked\x0b"), {400, 501}),
    "form feed before": (coding(b"Transfer-Encoding:\x0cchunked"), {400, 501}),
    "NUL before": (coding(b"Transfer-Encoding: \0chunked"), 400),
    "NUL after": (coding(b"Transfer-Encoding: chunked\0"), 400),
    "no-break space before": (coding(b"Transfer-Encoding: \xa0chunked"), {400, 501}),
    "obs-text after": (coding(b"Transfer-Encoding: chunked\xff"), {400, 501}),
    "double quotes": (coding(b'Transfer-Encoding: "chunked"'), {400, 501}),
    "single quotes": (coding(b"Transfer-Encoding: 'chunked'"), {400, 501}),
    "brackets": (coding(b"Transfer-Encoding: [chunked]"), {400, 501}),
    "with a parameter": (coding(b"Transfer-Encoding: chunked;q=1"), {400, 501}),
    "with an empty parameter": (coding(b"Transfer-Encoding: chunked;"), {400, 501}),
    "twice in one line": (coding(b"Transfer-Encoding: chunked, chunked"), 400),
    "twice in two lines": (coding(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"), 400),
    "chunked not final": (coding(b"Transfer-Encoding: chunked, gzip"), {400, 501}),
    "chunked not final, identity": (coding(b"Transfer-Encoding: chunked, identity"), {400, 501}),
    "chunked not final, two lines": (
        coding(b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity"),
        {400, 501},
    ),
    "unknown line before": (coding(b"Transfer-Encoding: cow", b"Transfer-Encoding: chunked"), {400, 501}),
    "gzip before chunked": (coding(b"Transfer-Encoding: gzip, chunked"), 501),
    "in HTTP/1.0": (head(b"Transfer-Encoding: chunked", start=b"POST / HTTP/1.0") + b"0\r\n\r\n", 400),
    "in HTTP/1.0 beside a length": (
        head(b"Content-Length: 5", b"Transfer-Encoding: chunked", start=b"POST / HTTP/1.0") + b"0\r\n\r\n",
        400,
    ),
    "on a GET beside a length": (head(b"Content-Length: 5", b"Transfer-Encoding: chunked") + b"0\r\n\r\n", 400),
}


def chunks(body: bytes) -> bytes:
    return post(b"Transfer-Encoding: chunked", body=body)


CHUNKS = {
    "size with 0x": b"0x5\r\nhello\r\n0\r\n\r\n",
    "zero with 0x": b"0x0\r\n\r\n" + NEXT,
    "space before the size": b" 5\r\nhello\r\n0\r\n\r\n",
    "tab before the size": b"\t5\r\nhello\r\n0\r\n\r\n",
    "space after the size": b"5 \r\nhello\r\n0\r\n\r\n",
    "tab after the size": b"5\t\r\nhello\r\n0\r\n\r\n",
    "negative size": b"-1\r\nhello\r\n0\r\n\r\n",
    "plus sign": b"+5\r\nhello\r\n0\r\n\r\n",
    "no hexadecimal": b"g\r\nhello\r\n0\r\n\r\n",
    "hexadecimal, then something": b"5g\r\nhello\r\n0\r\n\r\n",
    "empty size": b"\r\nhello\r\n0\r\n\r\n",
    "extension without size": b";a=b\r\nhello\r\n0\r\n\r\n",
    "comma after the size": b"5,\r\nhello\r\n0\r\n\r\n",
    "underscore in the size": b"0_5\r\nhello\r\n0\r\n\r\n",
    "NUL after the size": b"5\0\r\nhello\r\n0\r\n\r\n",
    "quotes around the size": b'"5"\r\nhello\r\n0\r\n\r\n',
    "2^64 + 5 as size": b"10000000000000005\r\nhello\r\n0\r\n\r\n",
    "2^64 - 1 as size": b"ffffffffffffffff\r\nhello\r\n0\r\n\r\n",
    "2^63 as size": b"8000000000000000\r\nhello\r\n0\r\n\r\n",
    "forty digits": b"f" * 40 + b"\r\nhello\r\n0\r\n\r\n",
    "bare LF after the size": b"5\nhello\r\n0\r\n\r\n",
    "bare CR after the size": b"5\rhello\r\n0\r\n\r\n",
    "CR CR LF after the size": b"5\r\r\nhello\r\n0\r\n\r\n",
    "bare LF after the last size": b"0\n\r\n",
    "bare LF after an extension": b"5;a=b\nhello\r\n0\r\n\r\n",
    "bare LF in an extension": b"5;a\nb\r\nhello\r\n0\r\n\r\n",
    "bare CR in an extension": b"5;a\rb\r\nhello\r\n0\r\n\r\n",
    "NUL in an extension": b"5;a=\0\r\nhello\r\n0\r\n\r\n",
    "control in an extension": b"5;a=\x01\r\nhello\r\n0\r\n\r\n",
    "line end in a quoted extension": b'5;a="q;\r\n"\r\nhello\r\n0\r\n\r\n',
    "extension without name": b"5;=b\r\nhello\r\n0\r\n\r\n",
    "no line end after the data": b"5\r\nhello0\r\n\r\n",
    "bare LF after the data": b"5\r\nhello\n0\r\n\r\n",
    "bare CR after the data": b"5\r\nhello\r0\r\n\r\n",
    "LF CR after the data": b"5\r\nhello\n\r0\r\n\r\n",
    "two bytes for the line end": b"5\r\nhelloxx0\r\n\r\n",
    "data longer than its size": b"5\r\nhello there\r\n0\r\n\r\n",
    "bare LF as the end": b"5\r\nhello\r\n0\r\n\n",
    "bare LF after the last data's size": b"5\r\nhello\r\n0\n\n",
    "trailer with a bad name": b"0\r\nBad Name: x\r\n\r\n",
    "trailer without name": b"0\r\n: x\r\n\r\n",
    "trailer without colon": b"0\r\nX\r\n\r\n",
    "trailer with space before the colon": b"0\r\nX : y\r\n\r\n",
    "trailer with a bare LF": b"0\r\nX: y\n\r\n",
    "trailer with a bare CR": b"0\r\nX: y\rZ: z\r\n\r\n",
    "trailer with NUL": b"0\r\nX: \0\r\n\r\n",
    "trailer with obs-fold": b"0\r\nX: y\r\n z\r\n\r\n",
    "trailer with space before the name": b"0\r\n X: y\r\n\r\n",
}

CHUNKS_OVER_BOUNDS = {
    "size of a thousand digits": b"0" * 999 + b"5\r\nhello\r\n0\r\n\r\n",
    "extension of 70 KB": b"5;a=" + b"b" * 70_000 + b"\r\nhello\r\n0\r\n\r\n",
}

SIZES = {
    "request line of 8193 bytes": (head(start=b"GET /" + b"a" * (8193 - 14) + b" HTTP/1.1"), 414),
    "request line without end": (b"GET /" + b"a" * 9000, 414),
    "method without end": (b"G" * 9000, {400, 414, 501}),
    "field of 40 KB": (head(b"X: " + b"y" * 40_000), 431),
    "field without end": (b"GET / HTTP/1.1\r\nHost: test\r\nX: " + b"y" * 40_000, 431),
    "name without end": (b"GET / HTTP/1.1\r\nHost: test\r\n" + b"y" * 40_000, 431),
    "head of 33 KB": (head(*[b"X-%03d: %b" % (line, b"y" * 300) for line in range(110)]), 431),
    "201 field lines": (head(*[b"X: y"] * 200), 431),
    "Host of 5,000 bytes": (b"GET / HTTP/1.1\r\nHost: " + b"a" * 5000 + b"\r\n\r\n", {400, 431}),
    "authority of 5,000 bytes": (head(start=b"GET http://" + b"a" * 5000 + b"/ HTTP/1.1"), {400, 414}),
    "five thousand field lines": (head(*[b"X: y"] * 5000), 431),
}

UPGRADES = {
    "bytes after it": (head(b"Connection: Upgrade", b"Upgrade: websocket") + b"\x81\x05hello", 400),
    "a request after it": (head(b"Connection: Upgrade", b"Upgrade: websocket") + NEXT, 400),
}


def table(cases: dict) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", cases.values(), ids=cases.keys())


@table(REQUEST_LINES)
def test_request_line(front: Stage, case: tuple) -> None:
    assert_refused(front, *case)


@table(LINE_ENDS)
def test_line_end(front: Stage, case: tuple) -> None:
    assert_refused(front, *case)


@table(FIELD_LINES)
def test_field_line(front: Stage, case: tuple) -> None:
    assert_refused(front, *case)


@table(HOSTS)
def test_host(front: Stage, case: tuple) -> None:
    assert_refused(front, *case)


@table(LENGTHS)
def test_content_length(front: Stage, case: tuple) -> None:
    assert_refused(front, *case)


@table(CODINGS)
def test_transfer_encoding(front: Stage, case: tuple) -> None:
    assert_refused(front, *case)


@table(CHUNKS)
def test_chunk(front: Stage, case: bytes) -> None:
    assert_refused(front, chunks(case), 400)


@table(CHUNKS_OVER_BOUNDS)
def test_chunk_over_bounds(front: Stage, case: bytes) -> None:
    assert_refused(front, chunks(case), {400, 413, 431})


@table(SIZES)
def test_size(front: Stage, case: tuple) -> None:
    assert_refused(front, *case)


@table(UPGRADES)
def test_upgrade(front: Stage, case: tuple) -> None:
    assert_refused(front, *case)


@pytest.mark.parametrize(
    "coded",
    [b"2;\n\r\nde\r\n0\r\n\r\n", b"0x2\r\nde\r\n0\r\n\r\n", b"2\r\ndef\r\n0\r\n\r\n", b"0\r\nBad Name: x\r\n\r\n"],
    ids=["extension", "size", "chunk end", "trailer"],
)
def test_a_chunk_that_is_malformed_later_cuts_what_was_begun(coded: bytes) -> None:
    """The origin has seen the head and a chunk: it must not take what it has for a whole request."""

    def handler(connection) -> None:
        got = connection.read_request_head()
        with pytest.raises(Cut):
            connection.read_body(got)
        connection.origin.requests.append(got)

    with stage(handler) as front, front.client() as client:
        client.send(post(b"Transfer-Encoding: chunked", body=b"3\r\nabc\r\n"))
        front.origin.wait_connections(1)
        client.wait_taken()
        client.send(coded)
        response = client.response()
        assert response.status == 400 and response.fields.one("Connection").lower() == "close"
        client.expect_close()
        front.origin.wait_requests(1)


def test_a_refused_request_ends_a_pipeline(front: Stage) -> None:
    """Those before it are answered, those after it are not looked at."""
    seen = len(front.origin.requests)
    with front.client() as client:
        client.send(request("GET", "/1") + request("GET", "/2") + head(b"X : y") + request("GET", "/3"))
        assert [client.response().status for _ in range(3)] == [200, 200, 400]
        client.expect_close()
    assert front.ask(request("GET", "/probe")).status == 200
    assert [sent.target for sent in front.origin.requests[seen:]] == ["/1", "/2", "/probe"]


def test_what_exceeds_a_length_is_the_next_request(front: Stage) -> None:
    with front.client() as client:
        client.send(request("POST", "/1", body=b"hello") + b"x" + request("GET", "/smuggled x"))
        assert [client.response().status for _ in range(2)] == [200, 400]
        client.expect_close()
    assert front.origin.requests[-1].content == b"hello"


def test_a_refusal_arrives_though_the_client_still_sends(front: Stage) -> None:
    """Closing with unread bytes resets the connection and can destroy the answer: the close has to linger."""
    with front.client() as client:
        client.send(head(b"X : y"))
        client.send(b"x" * 500_000)
        response = client.response()
        assert response.status == 400
        client.expect_end()


def test_a_refused_request_in_pieces_is_refused_too(front: Stage) -> None:
    before = front.origin.received
    with front.client() as client:
        client.send_apart([b"POST / HTTP/1.1\r\nHost: test\r\nTransfer-Enc", b"oding :"])
        assert client.response().status == 400
        client.expect_close()
    assert front.origin.received == before


def test_endless_trailers_cut_what_was_begun() -> None:
    """A trailer section may be begun before its size is known; its bound ends the request, not the memory."""

    def handler(connection) -> None:
        got = connection.read_request_head()
        with pytest.raises(Cut):
            connection.read_body(got)

    with stage(handler) as front, front.client() as client:
        client.send(post(b"Transfer-Encoding: chunked", body=b"0\r\n" + b"X: y\r\n" * 20_000))
        assert client.response().status in (400, 431)
        client.expect_end()
