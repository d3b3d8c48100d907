"""Python's `http.client` and `urllib` through the balancer to Python's `http.server`."""

from __future__ import annotations

import hashlib
import http.client
import http.server
import json
import threading
import urllib.request
from contextlib import contextmanager
from typing import Iterator

import pytest

from support.balancer import Balancer
from support.deadline import seconds

BODY = b"0123456789abcdef" * 100_000


class Application(http.server.BaseHTTPRequestHandler):
    """Says what it was asked, as JSON."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        chunked = "chunked" in self.headers.get("Transfer-Encoding", "")
        body = self.read_chunked() if chunked else self.rfile.read(length)
        seen = {"path": self.path, "method": self.command, "headers": self.headers.items()}
        seen["digest"] = hashlib.sha256(body).hexdigest()
        said = json.dumps(seen).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(said)

    do_POST = do_PUT = do_HEAD = do_GET

    def read_chunked(self) -> bytes:
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            assert self.rfile.readline() == b"\r\n"
        assert self.rfile.readline() == b"\r\n"
        return body

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def application(protocol: str) -> Iterator[str]:
    kind = type("Handler", (Application,), {"protocol_version": protocol})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), kind) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module", params=["HTTP/1.1", "HTTP/1.0"])
def balancer(request: pytest.FixtureRequest) -> Iterator[Balancer]:
    with application(request.param) as origin, Balancer("--upstream", origin) as running:
        yield running


@pytest.fixture
def connection(balancer: Balancer) -> Iterator[http.client.HTTPConnection]:
    client = http.client.HTTPConnection(*balancer.address, timeout=seconds(10))
    yield client
    client.close()


def seen(connection: http.client.HTTPConnection) -> dict:
    response = connection.getresponse()
    assert response.status == 200
    return json.loads(response.read())


def test_requests_share_a_connection(connection: http.client.HTTPConnection) -> None:
    connection.connect()
    local = connection.sock.getsockname()
    for number in range(20):
        connection.request("GET", f"/{number}")
        assert seen(connection)["path"] == f"/{number}"
        assert connection.sock is not None and connection.sock.getsockname() == local


def test_a_post_with_length(connection: http.client.HTTPConnection) -> None:
    connection.request("POST", "/post", BODY)
    assert seen(connection)["digest"] == hashlib.sha256(BODY).hexdigest()


def test_a_post_in_chunks(connection: http.client.HTTPConnection) -> None:
    parts = (BODY[at : at + 10_000] for at in range(0, len(BODY), 10_000))
    connection.request("PUT", "/put", parts, encode_chunked=True)
    assert seen(connection)["digest"] == hashlib.sha256(BODY).hexdigest()


def test_head(connection: http.client.HTTPConnection) -> None:
    connection.request("HEAD", "/head")
    response = connection.getresponse()
    assert int(response.getheader("Content-Length")) > 0 and response.read() == b""
    connection.request("GET", "/after")
    assert seen(connection)["path"] == "/after"


def test_urllib_closes_after_each(balancer: Balancer) -> None:
    for number in range(5):
        with urllib.request.urlopen(f"{balancer.url}/{number}", timeout=seconds(10)) as response:
            assert json.loads(response.read())["path"] == f"/{number}"
            assert response.headers["Connection"].lower() == "close"
