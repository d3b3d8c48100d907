"""curl through the balancer."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Iterator

import pytest

from support.balancer import Balancer
from support.deadline import seconds
from support.origin import Connection, Request, always, answer
from support.stage import Stage, stage
from support.wire import Cut

BODY = b"0123456789abcdef" * 400_000


def describe(got: Request) -> bytes:
    seen = {"method": got.method, "target": got.target, "fields": got.fields, "framing": got.body.framing}
    seen["digest"] = hashlib.sha256(got.content).hexdigest()
    return answer("200 OK", "Content-Type: application/json", body=json.dumps(seen).encode())


def handler(connection: Connection) -> None:
    """Describes each request; continues what waits for it; answers HEAD without a body."""
    while True:
        try:
            got = connection.read_request_head()
        except Cut:
            return
        if got.fields.has("Expect"):
            connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        connection.read_body(got)
        reply = describe(got)
        connection.send(reply[: reply.index(b"\r\n\r\n") + 4] if got.method == "HEAD" else reply)


@pytest.fixture(scope="module")
def front() -> Iterator[Stage]:
    if not shutil.which("curl"):
        pytest.skip("curl is not installed (Debian package: curl)")
    with stage(handler, record=False) as running:
        yield running


def curl(*args: str, stdin: bytes = b"") -> subprocess.CompletedProcess:
    command = ["curl", "--silent", "--show-error", "--max-time", str(seconds(20)), *args]
    done = subprocess.run(command, input=stdin, capture_output=True, timeout=seconds(30))
    assert done.returncode == 0, f"curl says {done.returncode}: {done.stderr.decode()}"
    return done


def seen(done: subprocess.CompletedProcess) -> dict:
    return json.loads(done.stdout)


def test_two_urls_share_a_connection(front: Stage) -> None:
    url = front.balancer.url
    done = curl("--verbose", f"{url}/one", f"{url}/two")
    assert b"/one" in done.stdout and b"/two" in done.stdout
    assert re.search(rb"Re-using existing connection", done.stderr)


def test_a_post_from_standard_input_is_chunked(front: Stage) -> None:
    done = curl("-X", "POST", "-T", "-", f"{front.balancer.url}/up", stdin=BODY)
    assert seen(done)["framing"] == "chunked" and seen(done)["digest"] == hashlib.sha256(BODY).hexdigest()


def test_a_large_post_waits_for_continue(front: Stage, tmp_path: Path) -> None:
    (tmp_path / "body").write_bytes(BODY)
    done = curl("--verbose", "--data-binary", f"@{tmp_path / 'body'}", f"{front.balancer.url}/up")
    assert seen(done)["digest"] == hashlib.sha256(BODY).hexdigest()
    assert b"> Expect: 100-continue" in done.stderr and b"< HTTP/1.1 100 Continue" in done.stderr


def test_http_1_0(front: Stage) -> None:
    done = curl("--http1.0", "--include", f"{front.balancer.url}/old")
    assert b'"target": "/old"' in done.stdout


def test_head(front: Stage) -> None:
    done = curl("--head", f"{front.balancer.url}/head")
    assert done.stdout.startswith(b"HTTP/1.1 200 OK\r\n") and b"Content-Length: " in done.stdout


def test_the_fields_that_curl_sends_pass(front: Stage) -> None:
    fields = dict(seen(curl("-H", "X-Empty;", "-H", "x-lower: 1", "-A", "agent", f"{front.balancer.url}/f"))["fields"])
    assert (fields["X-Empty"], fields["x-lower"], fields["User-Agent"]) == ("", "1", "agent")
    assert fields["Host"] == f"127.0.0.1:{front.balancer.port}"


def test_as_a_forward_proxy_curl_sends_absolute_targets(front: Stage) -> None:
    got = seen(curl("--proxy", front.balancer.url, "http://name.example/path"))
    fields = dict(got["fields"])
    assert (got["target"], fields["Host"]) == ("/path", "name.example") and "Proxy-Connection" not in fields


def test_a_request_target_asterisk(front: Stage) -> None:
    assert seen(curl("-X", "OPTIONS", "--request-target", "*", front.balancer.url))["target"] == "*"


def test_curl_sees_a_cut_answer_as_cut() -> None:
    def cut(connection: Connection) -> None:
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")

    with stage(cut) as front:
        done = subprocess.run(["curl", "--silent", front.balancer.url], capture_output=True, timeout=seconds(20))
        assert done.returncode in (18, 56), f"curl takes a cut answer for whole: {done.stdout!r}"


def test_an_offered_upgrade_to_http_2_is_declined(front: Stage) -> None:
    done = curl("--http2", "--include", f"{front.balancer.url}/h2c")
    assert done.stdout.startswith(b"HTTP/1.1 200 OK\r\n")
    fields = dict(json.loads(done.stdout[done.stdout.index(b"{") :])["fields"])
    assert not {"Upgrade", "HTTP2-Settings", "Connection"} & fields.keys()


def test_an_upgrade_that_is_refused() -> None:
    with stage(always(describe)) as front:
        done = curl("-H", "Connection: Upgrade", "-H", "Upgrade: echo", f"{front.balancer.url}/1")
        assert dict(seen(done)["fields"])["Upgrade"] == "echo"


def test_many_urls_in_parallel(front: Stage) -> None:
    done = curl("--parallel", "--parallel-max", "20", f"{front.balancer.url}/[1-200]")
    targets = re.findall(rb'"target": "(/\d+)"', done.stdout)
    assert sorted(targets) == sorted(b"/%d" % number for number in range(1, 201))


def test_nothing_answers_503_or_502_by_a_page_curl_can_read() -> None:
    with Balancer("--upstream", "127.0.0.1:1") as balancer:
        done = curl("--include", balancer.url)
        assert done.stdout.startswith(b"HTTP/1.1 502 ")
