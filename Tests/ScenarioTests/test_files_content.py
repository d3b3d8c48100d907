"""Files from a directory: what is sent for which path, and what is said of it."""

from __future__ import annotations

import os
import re
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from support.client import request
from support.origin import Origin, always, ok
from support.site import OLD, site


def test_a_file_is_sent_with_what_is_known_of_it(tmp_path: Path) -> None:
    with site(tmp_path) as served:
        served.write("sub/page.html", b"<p>hello</p>")
        answer = served.get("/sub/page.html?ignored=1")
        assert (answer.status, answer.reason, answer.content) == (200, "OK", b"<p>hello</p>")
        assert answer.fields.one("Content-Type") == "text/html; charset=utf-8"
        assert answer.fields.one("Content-Length") == "12"
        assert answer.fields.one("Accept-Ranges") == "bytes"
        assert answer.fields.one("Last-Modified") == "Sun, 09 Sep 2001 01:46:40 GMT"
        assert re.fullmatch(r'(W/)?"c-[0-9a-f]{1,16}"', answer.fields.one("ETag"))
        assert parsedate_to_datetime(answer.fields.one("Date")).timestamp() > OLD
        assert not answer.fields.has("Vary") and not answer.fields.has("Connection")
        line = served.balancer.wait_access(1)[0]
        assert '"GET /sub/page.html?ignored=1 HTTP/1.1" 200 12 ' in line
        assert " upstream=- upstream_time=- " in line


@pytest.mark.parametrize("size", [0, 1, 16 * 1024 - 1, 16 * 1024, 16 * 1024 + 1, 70_000, 3_000_000])
def test_every_size_is_sent_whole(tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    with site(tmp_path) as served:
        served.write("a.bin", content)
        with served.client() as client:
            for _ in range(2):
                answer = client.get("/a.bin")
                assert answer.status == 200 and answer.content == content
                assert answer.fields.one("Content-Type") == "application/octet-stream"
                head = client.ask(request("HEAD", "/a.bin"))
                assert head.status == 200 and head.fields.one("Content-Length") == str(size)
                assert head.fields.names == answer.fields.names
        served.balancer.wait_access(2, rf'"GET /a.bin HTTP/1.1" 200 {size} ')
        served.balancer.wait_access(2, '"HEAD /a.bin HTTP/1.1" 200 0 ')


def test_requests_behind_each_other_are_answered_in_order(tmp_path: Path) -> None:
    large = os.urandom(200_000)
    with site(tmp_path) as served:
        served.write("small.txt", b"small")
        served.write("large.bin", large)
        with served.client() as client:
            client.send(b"".join(request("GET", path) for path in ["/large.bin", "/small.txt", "/none", "/large.bin"]))
            assert client.response().content == large
            assert client.response().content == b"small"
            assert client.response().status == 404
            assert client.response().content == large


def test_old_clients_are_served(tmp_path: Path) -> None:
    with site(tmp_path) as served:
        served.write("a.txt", b"old")
        with served.client() as client:
            client.send(request("GET", "/a.txt", version="HTTP/1.0"))
            answer = client.response()
            assert answer.content == b"old" and answer.fields.one("Connection") == "close"
            client.expect_end()
        with served.client() as client:
            for _ in range(2):
                client.send(request("GET", "/a.txt", "Connection: keep-alive", version="HTTP/1.0"))
                answer = client.response()
                assert answer.content == b"old" and answer.fields.one("Connection") == "keep-alive"


def test_a_directory_is_its_index(tmp_path: Path) -> None:
    with site(tmp_path) as served:
        served.write("index.html", b"top")
        served.write("docs/index.html", b"docs")
        served.write("open/start.html", b"start")
        served.write("open/index.html", b"index")
        (served.root / "empty").mkdir()
        assert served.get("/").content == b"top"
        answer = served.get("/docs/")
        assert answer.content == b"docs" and answer.fields.one("Content-Type") == "text/html; charset=utf-8"
        assert served.get("/open/").content == b"start"
        assert served.get("/empty/").status == 404


@pytest.mark.parametrize(
    ("target", "location"),
    [
        ("/docs", "./docs/"),
        ("/docs?a=b&c", "./docs/?a=b&c"),
        ("/docs/sub%20dir?x", "./sub%20dir/?x"),
        ("http://other.example/docs", "./docs/"),
    ],
)
def test_a_directory_has_a_slash_at_its_end(tmp_path: Path, target: str, location: str) -> None:
    with site(tmp_path) as served:
        served.write("docs/sub dir/index.html", b"sub")
        answer = served.get(target)
        assert (answer.status, answer.fields.one("Location")) == (301, location)
        assert served.get(target, method="HEAD").fields.one("Location") == location


def test_what_is_missing(tmp_path: Path) -> None:
    with Origin(always(ok(b"elsewhere"))) as origin, site(tmp_path, other=origin.name) as served:
        served.write("app/index.html", b"application")
        served.write("app/a.js", b"script")
        served.write("else/here.txt", b"here")
        assert served.get("/none.txt").status == 404
        assert served.get("/none.txt", method="HEAD").status == 404
        assert served.get("/gone/x").status == 410
        answer = served.get("/app/some/view")
        assert (answer.status, answer.content) == (200, b"application")
        assert answer.fields.one("Content-Type") == "text/html; charset=utf-8"
        assert served.get("/app/a.js").content == b"script"
        assert served.get("/else/here.txt").content == b"here"
        assert served.get("/else/there.txt").content == b"elsewhere"
        assert served.get("/else/here.txt", method="POST").content == b"elsewhere"
        served.balancer.wait_access(1, f'"GET /else/there.txt HTTP/1.1" 200 9 .* upstream={origin.name} ')


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "get"])
def test_files_are_only_read(tmp_path: Path, method: str) -> None:
    with site(tmp_path) as served:
        served.write("a.txt", b"content")
        with served.client() as client:
            client.send(request(method, "/a.txt"))
            answer = client.response()
            assert (answer.status, answer.fields.one("Allow")) == (405, "GET, HEAD")
            assert client.get("/a.txt").content == b"content"


def test_the_body_of_a_get_is_no_request(tmp_path: Path) -> None:
    with site(tmp_path) as served:
        served.write("a.txt", b"content")
        with served.client() as client:
            client.send(request("GET", "/a.txt", body=b"GET /secret HTTP/1.1\r\nHost: a\r\n\r\n"))
            assert client.response().content == b"content"
            assert client.get("/a.txt").content == b"content"
        with served.client() as client:
            client.send(request("GET", "/a.txt", "Content-Length: 100"))
            answer = client.response()
            assert answer.content == b"content" and answer.fields.one("Connection") == "close"
            client.send(b"x" * 100)
            client.expect_end()


def test_coded_siblings_are_sent_to_those_who_accept_them(tmp_path: Path) -> None:
    with site(tmp_path) as served:
        served.write("a.js", b"plain script, and long")
        served.write("a.js.gz", b"the gzip one")
        served.write("a.js.br", b"brotli")
        served.write("stale.js", b"new content", modified=OLD + 10)
        served.write("stale.js.gz", b"of old content", modified=OLD)
        served.write("open/b.js", b"plain")
        served.write("open/b.js.gz", b"gzip")
        tags = set()
        for accepted, content, coding in [
            ("", b"plain script, and long", []),
            ("gzip", b"the gzip one", ["gzip"]),
            ("gzip, deflate, br, zstd", b"brotli", ["br"]),
            ("gzip;q=1, br;q=0.9", b"the gzip one", ["gzip"]),
            ("br;q=0, gzip;q=0, *;q=0", b"plain script, and long", []),
            ("*", b"brotli", ["br"]),
        ]:
            answer = served.get("/a.js", f"Accept-Encoding: {accepted}")
            assert (answer.content, answer.fields.all("Content-Encoding")) == (content, coding), accepted
            assert answer.fields.one("Vary") == "Accept-Encoding"
            assert answer.fields.one("Content-Type") == "text/javascript; charset=utf-8"
            tags.add(answer.fields.one("ETag"))
        assert len(tags) == 3, "each representation has a tag of its own"
        answer = served.get("/a.js", "Accept-Encoding: br", "Range: bytes=2-3")
        assert (answer.status, answer.content) == (206, b"ot"), "ranges are those of the coded content"
        assert served.get("/stale.js", "Accept-Encoding: gzip").content == b"new content"
        answer = served.get("/open/b.js", "Accept-Encoding: gzip")
        assert answer.content == b"plain" and not answer.fields.has("Vary")


def test_types_can_be_added(tmp_path: Path) -> None:
    with site(tmp_path) as served:
        served.write("open/a.log", b"x")
        served.write("a.log", b"x")
        assert served.get("/open/a.log").fields.one("Content-Type") == "text/x-log; charset=utf-8"
        assert served.get("/a.log").fields.one("Content-Type") == "text/plain; charset=utf-8"
