"""Conditional requests and ranges of files (RFC 9110 sections 13 and 14)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from support.client import Response
from support.deadline import wait_until
from support.site import Site, site

CONTENT = bytes(range(256)) * 400
DATE = "Sun, 09 Sep 2001 01:46:40 GMT"


def strong_tag(served: Site, target: str) -> str:
    """The tag once the last change of the file lies long enough back."""

    def tag() -> str:
        found = served.get(target, method="HEAD").fields.one("ETag")
        return "" if found.startswith("W/") else found

    return wait_until(tag, "the tag is strong", within=8)


def test_a_young_file_has_a_weak_tag(tmp_path: Path) -> None:
    with site(tmp_path) as served:
        served.write("a.bin", CONTENT)
        weak = served.get("/a.bin").fields.one("ETag")
        assert weak.startswith('W/"'), "it may change again before the file system's clock goes on"
        assert served.get("/a.bin", f"If-None-Match: {weak}").status == 304
        assert served.get("/a.bin", f"If-Range: {weak}", "Range: bytes=0-1").status == 200
        strong = strong_tag(served, "/a.bin")
        assert weak == "W/" + strong
        assert served.get("/a.bin", f"If-None-Match: {weak}").status == 304


def test_conditions(tmp_path: Path) -> None:
    with site(tmp_path) as served:
        served.write("a.bin", CONTENT)
        tag = strong_tag(served, "/a.bin")
        for fields, status in [
            ((f"If-None-Match: {tag}",), 304),
            ((f'If-None-Match: "x", W/{tag}',), 304),
            (("If-None-Match: *",), 304),
            (('If-None-Match: "x"',), 200),
            (('If-None-Match: "x"', f"If-Modified-Since: {DATE}"), 200),
            ((f"If-Modified-Since: {DATE}",), 304),
            (("If-Modified-Since: Sun Sep  9 01:46:40 2001",), 304),
            (("If-Modified-Since: Sunday, 09-Sep-01 01:46:39 GMT",), 200),
            (("If-Modified-Since: nonsense",), 200),
            ((f"If-Match: {tag}",), 200),
            (('If-Match: "x"',), 412),
            ((f"If-Unmodified-Since: {DATE}",), 200),
            (("If-Unmodified-Since: Sun, 09 Sep 2001 01:46:39 GMT",), 412),
            ((f"If-Match: {tag}", f"If-None-Match: {tag}"), 304),
            ((f"If-None-Match: {tag}", "Range: bytes=0-1"), 304),
            ((f"If-Range: {tag}", "Range: bytes=0-1"), 206),
            ((f"If-Range: {DATE}", "Range: bytes=0-1"), 206),
            (('If-Range: "x"', "Range: bytes=0-1"), 200),
            (("If-Range: Sun, 09 Sep 2001 01:46:41 GMT", "Range: bytes=0-1"), 200),
        ]:
            for method in ["GET", "HEAD"]:
                expected = 200 if method == "HEAD" and status == 206 else status
                assert served.get("/a.bin", *fields, method=method).status == expected, (method, fields)
        answer = served.get("/a.bin", f"If-None-Match: {tag}")
        assert answer.fields.one("ETag") == tag and answer.fields.one("Last-Modified") == DATE
        assert not answer.fields.has("Content-Length") and not answer.fields.has("Content-Type")


@pytest.mark.parametrize(
    ("wanted", "part"),
    [
        ("0-0", slice(0, 1)),
        ("100-199", slice(100, 200)),
        ("102399-", slice(102399, None)),
        ("-5", slice(-5, None)),
        ("0-", slice(0, None)),
        ("50000-999999999", slice(50000, None)),
        ("-999999999", slice(0, None)),
        ("10-19,20-29,15-40", slice(10, 41)),
    ],
)
def test_one_range(tmp_path: Path, wanted: str, part: slice) -> None:
    with site(tmp_path) as served:
        served.write("a.bin", CONTENT)
        answer = served.get("/a.bin", f"Range: bytes={wanted}")
        first, last, _ = part.indices(len(CONTENT))
        assert answer.status == 206 and answer.content == CONTENT[part]
        assert answer.fields.one("Content-Range") == f"bytes {first}-{last - 1}/{len(CONTENT)}"
        assert answer.fields.one("Content-Type") == "application/octet-stream"


def parts(answer: Response) -> list[tuple[str, bytes]]:
    boundary = re.fullmatch(r"multipart/byteranges; boundary=([0-9a-f]{16})", answer.fields.one("Content-Type"))[1]
    pieces = answer.content.split(b"\r\n--" + boundary.encode())
    assert pieces[0] == b"" and pieces[-1] == b"--\r\n"
    found = []
    for piece in pieces[1:-1]:
        head, _, content = piece.partition(b"\r\n\r\n")
        assert b"\r\nContent-Type: application/octet-stream\r\n" in head
        found.append((re.search(rb"Content-Range: bytes (.*)", head)[1].decode(), content))
    return found


def test_several_ranges(tmp_path: Path) -> None:
    with site(tmp_path) as served:
        served.write("a.bin", CONTENT)
        with served.client() as client:
            for _ in range(2):
                answer = client.get("/a.bin", "Range: bytes=-10, 0-4, 200000-, 3-6, 1000-90999")
                assert answer.status == 206 and not answer.fields.has("Content-Range")
                assert parts(answer) == [
                    (f"0-6/{len(CONTENT)}", CONTENT[:7]),
                    (f"1000-90999/{len(CONTENT)}", CONTENT[1000:91000]),
                    (f"102390-102399/{len(CONTENT)}", CONTENT[-10:]),
                ]
        served.balancer.wait_access(2, rf" 206 {len(answer.content)} ")


def test_ranges_that_make_no_sense(tmp_path: Path) -> None:
    with site(tmp_path) as served:
        served.write("a.bin", CONTENT)
        served.write("empty.bin", b"")
        for wanted in ["102400-", "-0", "500000-600000, 102400-"]:
            answer = served.get("/a.bin", f"Range: bytes={wanted}")
            assert (answer.status, answer.fields.one("Content-Range")) == (416, f"bytes */{len(CONTENT)}")
        assert served.get("/empty.bin", "Range: bytes=0-").status == 416
        flood = ",".join(f"{place}-{place}" for place in range(0, 2000, 4))
        for field in ["bytes=5-2", "bytes=x", "lines=0-1", "bytes=", f"bytes={flood}"]:
            answer = served.get("/a.bin", f"Range: {field}")
            assert answer.status == 200 and answer.content == CONTENT, field
        overlapping = ",".join(["0-"] * 16)
        answer = served.get("/a.bin", f"Range: bytes={overlapping}")
        assert answer.status == 206 and answer.content == CONTENT, "the same bytes are sent once"
