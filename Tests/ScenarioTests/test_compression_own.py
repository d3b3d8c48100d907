"""Files and answers of our own in a content coding: whose, how they are framed, and what is given back."""

from __future__ import annotations

import gzip
import os
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Iterator

import pytest

from support.blocks import MEGABYTE
from support.client import Client, Response, request
from support.codings import ALL, DECODERS, PAGE, gunzip, noise
from support.configured import configured
from support.deadline import SLOWNESS, wait_until
from support.modified import modified
from support.origin import Connection
from support.site import Site
from support.wire import Cut


@contextmanager
def compressed(root: Path, *modifiers: str, compress: str = "true") -> Iterator[Site]:
    """The files below `root`, and the balancer that compresses them."""
    lines = [f"files: {root}", f"compress: {compress}", *modifiers]
    text = "workers: 1\nroutes:\n  /:\n" + "".join(f"    {line}\n" for line in lines)
    with configured(text) as balancer:
        yield Site(root, balancer)


def wait_nothing_open(served: Site) -> None:
    """Files that nobody is sent are closed."""
    descriptors = Path(f"/proc/{served.balancer.pid}/fd")

    def is_closed() -> bool:
        return not any(str(served.root) in os.readlink(entry) for entry in descriptors.iterdir() if entry.is_symlink())

    wait_until(is_closed, "files that nobody is sent are closed")


def assert_coded(response: Response, coding: str) -> None:
    assert response.status == 200
    assert response.fields.one("Content-Encoding") == coding
    assert response.fields.one("Vary") == "Accept-Encoding"
    assert response.fields.one("ETag").startswith('W/"') and response.fields.one("ETag").endswith(f'-{coding}"')
    for name in ("Content-Type", "Last-Modified", "Date"):
        assert response.fields.has(name), name
    for name in ("Content-Length", "Accept-Ranges"):
        assert not response.fields.has(name), name


@pytest.mark.parametrize("coding", DECODERS)
@pytest.mark.parametrize("size", [1024, 16 * 1024, 32 * 1024, 100_000, 3_000_000])
def test_a_file_of_any_size_decodes(tmp_path: Path, coding: str, size: int) -> None:
    body = (PAGE * (size // len(PAGE) + 1))[: size // 2] + noise(size - size // 2)
    with compressed(tmp_path) as served, served.client() as client:
        served.write("a.txt", body)
        for _ in range(2):
            response = client.ask(request("GET", "/a.txt", f"Accept-Encoding: {coding}"), within=30)
            assert_coded(response, coding)
            assert response.framing == "chunked"
            assert DECODERS[coding](response.content) == body


def test_files_one_behind_the_other(tmp_path: Path) -> None:
    with compressed(tmp_path) as served, served.client() as client:
        served.write("a.html", PAGE)
        client.send(request("GET", "/a.html", ALL) + request("GET", "/a.html") + request("GET", "/a.html", ALL))
        first, second, third = (client.response() for _ in range(3))
        assert DECODERS["zstd"](first.content) == DECODERS["zstd"](third.content) == second.content == PAGE
        assert len(first.content) < len(PAGE) / 5


def test_clients_that_want_a_file_as_it_is_hear_that_it_varies(tmp_path: Path) -> None:
    with compressed(tmp_path) as served:
        served.write("a.html", PAGE)
        asked = [request("GET", "/a.html"), request("GET", "/a.html", ALL, version="HTTP/1.0")]
        for accepts in ("gzip;q=0", "deflate", "identity, gzip;q=0.9"):
            asked.append(request("GET", "/a.html", f"Accept-Encoding: {accepts}"))
        with ExitStack() as stack:
            for raw in asked:
                response = stack.enter_context(served.client()).ask(raw)
                assert not response.fields.has("Content-Encoding")
                assert response.fields.one("Vary") == "Accept-Encoding"
                assert response.fields.one("Content-Length") == str(len(PAGE))
                assert response.content == PAGE


def test_files_for_which_it_does_not_pay_are_left(tmp_path: Path) -> None:
    with compressed(tmp_path) as served:
        for name, content in {"a.png": PAGE, "short.txt": PAGE[:1023], "empty.txt": b""}.items():
            served.write(name, content)
            response = served.get(f"/{name}", ALL)
            assert response.content == content
            assert not response.fields.has("Content-Encoding") and not response.fields.has("Vary")
            assert response.fields.one("Accept-Ranges") == "bytes"


def test_a_part_is_one_of_the_file_as_it_is(tmp_path: Path) -> None:
    with compressed(tmp_path) as served:
        served.write("a.html", PAGE)
        response = served.get("/a.html", ALL, "Range: bytes=100-199")
        assert (response.status, response.content) == (206, PAGE[100:200])
        assert response.fields.one("Content-Range") == f"bytes 100-199/{len(PAGE)}"
        assert response.fields.one("Vary") == "Accept-Encoding"
        assert not response.fields.has("Content-Encoding")
        assert not response.fields.one("ETag").endswith('-zstd"')
        assert served.get("/a.html", ALL, f"Range: bytes={len(PAGE)}-").status == 416


def test_head_of_a_file_has_the_same_fields(tmp_path: Path) -> None:
    with compressed(tmp_path) as served, served.client() as client:
        served.write("a.html", PAGE)
        for fields in ([ALL], [ALL, "Range: bytes=0-1"], []):
            head = client.ask(request("HEAD", "/a.html", *fields))
            get = client.ask(request("GET", "/a.html", *fields[:1]))
            for name in ("Content-Encoding", "Vary", "ETag", "Last-Modified", "Content-Length", "Content-Type"):
                assert head.fields.all(name) == get.fields.all(name), name


def test_conditions_are_about_the_coded_file(tmp_path: Path) -> None:
    with compressed(tmp_path) as served:
        served.write("a.html", PAGE)
        plain = served.get("/a.html").fields.one("ETag")
        coded = served.get("/a.html", ALL)
        tag = coded.fields.one("ETag")
        since = f"If-Modified-Since: {coded.fields.one('Last-Modified')}"
        for condition in (f"If-None-Match: {tag}", "If-None-Match: *", since):
            response = served.get("/a.html", ALL, condition)
            assert (response.status, response.content) == (304, b"")
            assert response.fields.one("ETag") == tag
            assert response.fields.one("Vary") == "Accept-Encoding"
            assert not response.fields.has("Content-Encoding") and not response.fields.has("Transfer-Encoding")
        assert_coded(served.get("/a.html", ALL, f"If-None-Match: {plain}"), "zstd")
        assert_coded(served.get("/a.html", "Accept-Encoding: br", f"If-None-Match: {tag}"), "br")
        assert served.get("/a.html", f"If-None-Match: {tag}").content == PAGE
        unchanged = served.get("/a.html", f"If-None-Match: {plain}")
        assert unchanged.status == 304
        assert unchanged.fields.one("Vary") == "Accept-Encoding"
        # A weak tag never fits where bytes count (RFC 9110 section 8.8.3.2).
        assert served.get("/a.html", ALL, f"If-Match: {tag}").status == 412
        assert served.get("/a.html", ALL, f"If-Range: {tag}", "Range: bytes=0-1").content == PAGE


def test_a_sibling_comes_before_compression(tmp_path: Path) -> None:
    with compressed(tmp_path) as served:
        served.write("a.html", PAGE)
        sibling = served.write("a.html.gz", gzip.compress(PAGE)).read_bytes()
        response = served.get("/a.html", ALL)
        assert response.fields.one("Content-Encoding") == "gzip"
        assert response.fields.one("Content-Length") == str(len(sibling))
        assert response.content == sibling
        response = served.get("/a.html", "Accept-Encoding: br")
        assert_coded(response, "br")
        assert DECODERS["br"](response.content) == PAGE
        for fields in ([], ["Accept-Encoding: br", f"If-None-Match: {response.fields.one('ETag')}"]):
            assert served.get("/a.html", *fields).fields.all("Vary") == ["Accept-Encoding"]


def test_what_the_route_does_to_fields_breaks_no_coded_file(tmp_path: Path) -> None:
    changes = "response_headers: {set: {X-Ours: a}, remove: [Content-Encoding, Vary, ETag]}"
    with compressed(tmp_path, changes) as served:
        served.write("a.html", PAGE)
        response = served.get("/a.html", "Accept-Encoding: gzip")
        assert response.fields.one("X-Ours") == "a"
        assert not response.fields.has("ETag")
        assert response.fields.one("Vary") == "Accept-Encoding"
        assert response.fields.one("Content-Encoding") == "gzip"
        assert gunzip(response.content) == PAGE


def test_a_slow_client_of_a_coded_file_costs_no_memory(tmp_path: Path) -> None:
    content = noise(24 * MEGABYTE)
    with compressed(tmp_path) as served:
        served.write("big.txt", content)
        served.write("small.txt", PAGE)
        served.get("/small.txt", ALL)
        before = served.balancer.memory_kilobytes()
        with served.client(record=False, receive_buffer=65536) as client:
            client.send(request("GET", "/big.txt", "Accept-Encoding: gzip"))
            assert client.read_response_head().fields.one("Content-Encoding") == "gzip"
            for _ in range(5):
                assert DECODERS["br"](served.get("/small.txt", "Accept-Encoding: br").content) == PAGE
            growth = served.balancer.memory_kilobytes() - before
            assert growth < 8 * 1024 or SLOWNESS > 1, f"{growth} kB more than before"
            assert gunzip(client.read_chunked(within=60).content) == content
            assert client.ask(request("GET", "/small.txt")).content == PAGE
        wait_nothing_open(served)


def test_a_file_that_gets_shorter_is_not_taken_for_the_whole(tmp_path: Path) -> None:
    with compressed(tmp_path) as served:
        path = served.write("big.txt", noise(24 * MEGABYTE))
        with served.client(record=False, receive_buffer=65536) as client:
            client.send(request("GET", "/big.txt", "Accept-Encoding: gzip"))
            client.read_response_head()
            os.truncate(path, 16 * MEGABYTE)
            with pytest.raises(Cut) as cut:
                client.read_chunked(within=60)
            assert cut.value.reset
        wait_nothing_open(served)
        response = served.get("/big.txt", "Accept-Encoding: gzip", within=60)
        assert len(gunzip(response.content)) == 16 * MEGABYTE


def test_a_file_that_was_changed_just_now_is_sent_as_it_is(tmp_path: Path) -> None:
    with compressed(tmp_path) as served:
        served.write("a.txt", PAGE)
        before = served.get("/a.txt", "Accept-Encoding: gzip")
        served.write("a.txt", PAGE[:5000])
        after = served.get("/a.txt", "Accept-Encoding: gzip")
        assert gunzip(after.content) == PAGE[:5000]
        assert before.fields.one("ETag") != after.fields.one("ETag")


def test_clients_that_leave_coded_files_leave_nothing_behind(tmp_path: Path) -> None:
    with compressed(tmp_path, compress="{codings: [brotli], level: 1}") as served:
        served.write("big.txt", noise(8 * MEGABYTE))
        served.write("a.txt", PAGE)
        # More than there are encoders at a time.
        for number in range(60):
            with Client(served.balancer.address, record=False, receive_buffer=4096) as client:
                client.send(request("GET", "/big.txt", ALL))
                client.socket.recv(100)
                if number % 2:
                    client.reset()
        assert_coded(served.get("/a.txt", ALL, within=20), "br")
        wait_nothing_open(served)


def test_clients_that_stop_reading_a_coded_file_are_cut_off(tmp_path: Path) -> None:
    with compressed(tmp_path, "timeouts: {body: 500ms}", compress="[brotli]") as served, ExitStack() as stack:
        served.write("big.txt", noise(8 * MEGABYTE))
        served.write("a.txt", PAGE)
        # As many as there are encoders at a time.
        clients = [stack.enter_context(served.client(record=False, receive_buffer=4096)) for _ in range(24)]
        for client in clients:
            client.send(request("GET", "/big.txt", ALL))
            client.read_response_head(within=20)
        wait_nothing_open(served)
        for client in clients:
            with pytest.raises(Cut) as cut:
                client.read_chunked(within=20)
            assert cut.value.reset
        assert_coded(served.get("/a.txt", ALL), "br")


def test_when_encoders_run_out_files_go_plain(tmp_path: Path) -> None:
    with compressed(tmp_path, compress="[brotli]") as served, ExitStack() as stack:
        served.write("big.txt", noise(8 * MEGABYTE))
        served.write("a.txt", PAGE)
        clients = [stack.enter_context(served.client(record=False, receive_buffer=4096)) for _ in range(24)]
        for client in clients:
            client.send(request("GET", "/big.txt", ALL))
            assert client.read_response_head(within=20).fields.one("Content-Encoding") == "br"
        response = served.get("/a.txt", ALL, within=20)
        assert not response.fields.has("Content-Encoding")
        assert response.fields.one("Vary") == "Accept-Encoding"
        assert response.fields.one("ETag") == served.get("/a.txt").fields.one("ETag")
        assert response.content == PAGE
        clients[0].reset()
        wait_until(lambda: served.get("/a.txt", ALL, within=20).fields.has("Content-Encoding"), "an encoder is free")


# Answers of our own


@pytest.mark.parametrize("coding", DECODERS)
@pytest.mark.parametrize("target", ["/text", "/rendered", "/missing"])
def test_our_own_answers_are_compressed(tmp_path: Path, coding: str, target: str) -> None:
    text = "all work and no play " * 2000
    configuration = f"""
        routes:
          /text: {{reply: {{text: {text!r}}}, compress: true}}
          /rendered: {{reply: {{template: {"{path} " + text!r}}}, compress: true}}
          /missing: {{files: {tmp_path}, error_pages: {{404: {{text: {text!r}}}}}, compress: true}}
          /short: {{reply: {{text: short}}, compress: true}}
    """
    expected = f"{target} {text}" if target == "/rendered" else text
    with configured(configuration) as balancer, Client(balancer.address) as client:
        for _ in range(2):
            response = client.ask(request("GET", target, f"Accept-Encoding: {coding}"))
            assert response.status == (404 if target == "/missing" else 200)
            assert response.fields.one("Content-Encoding") == coding
            assert response.fields.one("Vary") == "Accept-Encoding"
            assert response.framing == "chunked"
            assert DECODERS[coding](response.content).decode().strip() == expected.strip()
        head = client.ask(request("HEAD", target, f"Accept-Encoding: {coding}"))
        assert head.fields.one("Content-Encoding") == coding
        assert not head.fields.has("Content-Length") and not head.fields.has("Transfer-Encoding")
        plain = client.ask(request("GET", target))
        assert plain.content.decode().strip() == expected.strip()
        assert plain.fields.one("Vary") == "Accept-Encoding"
        short = client.ask(request("GET", "/short", ALL))
        assert short.content.strip() == b"short"
        assert not short.fields.has("Content-Encoding") and not short.fields.has("Vary")


def test_an_error_page_takes_the_place_of_a_coded_answer() -> None:
    """The upstream's answer turns out to be malformed once an encoder was made for it."""
    bad = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\nno chunk\r\n"
    modifiers = "compress: {codings: [brotli]}\nretries: off\nerror_pages: {502: {text: '" + "sorry " * 1000 + "'}}"

    def handler(connection: Connection) -> None:
        connection.read_request()
        connection.send(bad)

    with modified(handler, modifiers, "--workers", "1", "--ejection", "off") as stage:
        # More than there are encoders at a time.
        for _ in range(30):
            response = stage.ask(request("GET", "/", ALL))
            assert response.status == 502
            assert response.fields.one("Content-Encoding") == "br"
            assert DECODERS["br"](response.content).startswith(b"sorry sorry")
