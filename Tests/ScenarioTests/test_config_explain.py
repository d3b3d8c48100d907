"""`balancer explain`: which route would serve a request, and why; and that the proxy does what it says."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from support.balancer import BINARY, Balancer
from support.client import ask, request
from support.deadline import seconds

FILE = """
listen: 127.0.0.1:0
routes:
  /: {reply: {text: root}}
  /a: {reply: {text: a}}
  = /a/exact: {reply: {text: exact}}
  POST /a: {reply: {text: post}}
  ~ ^/a/\\d+$: {reply: {text: digits}}
  ^~ /a/fast: {reply: {text: fast}}
  api.test/: {reply: {text: api}}
  "*.shop.test/": {reply: {text: shop}}
"""


def explain(*args: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("BALANCER")}
    return subprocess.run(
        [str(BINARY.resolve()), "explain", "-c", "balancer.yaml", *args],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=seconds(20),
    )


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("explain")
    (directory / "balancer.yaml").write_text(FILE)
    return directory


@pytest.fixture(scope="module")
def balancer(directory: Path):
    with Balancer("-c", str(directory / "balancer.yaml"), "--listen", "127.0.0.1:0") as balancer:
        yield balancer


CASES = [
    ("GET", "/", "x.test", "/", "root"),
    ("GET", "/a", "x.test", "/a", "a"),
    ("GET", "/a/b", "x.test", "/a", "a"),
    ("GET", "/ab", "x.test", "/", "root"),
    ("GET", "/a/exact", "x.test", "= /a/exact", "exact"),
    ("POST", "/a/b", "x.test", "POST /a", "post"),
    ("GET", "/a/12", "x.test", r"~ ^/a/\d+$", "digits"),
    ("GET", "/a/fast/12", "x.test", "^~ /a/fast", "fast"),
    ("GET", "/%61/./12", "x.test", r"~ ^/a/\d+$", "digits"),
    ("GET", "/a", "api.test", "api.test/", "api"),
    ("GET", "/a", "deep.www.shop.test", "*.shop.test/", "shop"),
    ("GET", "/a/12", "shop.test", r"~ ^/a/\d+$", "digits"),
]


@pytest.mark.parametrize(("method", "path", "host", "route", "answer"), CASES)
def test_it_says_what_the_proxy_does(
    directory: Path, balancer: Balancer, method: str, path: str, host: str, route: str, answer: str
) -> None:
    said = explain(method, f"http://{host}{path}", cwd=directory)
    assert (said.returncode, said.stderr) == (0, "")
    line = next(line for line in said.stdout.splitlines() if line.startswith("route:"))
    assert line.endswith(f"  {route}"), said.stdout
    fields = [f"Host: {host}"] + (["Content-Length: 0"] if method == "POST" else [])
    sent = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{field}\r\n" for field in fields) + "\r\n"
    assert ask(balancer.address, sent.encode()).content.decode() == answer


def test_it_says_why_rule_by_rule(directory: Path) -> None:
    said = explain("/a/12", "-H", "Host: x.test", "--client", "10.1.2.3", cwd=directory)
    assert said.stdout == (
        "listener:  127.0.0.1:0\n"
        "request:   GET /a/12, host x.test, from 10.1.2.3\n"
        "route:     balancer.yaml:8  ~ ^/a/\\d+$\n"
        "answer:    200, text/plain; charset=utf-8\n"
        "\n"
        "routes for this host and path, in the order in which they are asked:\n"
        "  balancer.yaml:8  ~ ^/a/\\d+$  serves\n"
        "  balancer.yaml:7  POST /a     comes later\n"
        "  balancer.yaml:5  /a          comes later\n"
        "  balancer.yaml:4  /           comes later\n"
        "\n"
        "others:\n"
        "  balancer.yaml:6   = /a/exact    is for another path\n"
        "  balancer.yaml:9   ^~ /a/fast    is for another path\n"
        "  balancer.yaml:10  api.test/     is for another host\n"
        "  balancer.yaml:11  *.shop.test/  is for another host\n"
    )


def test_it_knows_what_would_be_refused(directory: Path) -> None:
    assert "answer:    400: servers disagree" in explain("/a/..%2fb", cwd=directory).stdout
    assert "answer:    400: no such request" in explain("GET", "/a b", cwd=directory).stdout


def test_it_names_services_and_their_shares(tmp_path: Path) -> None:
    (tmp_path / "balancer.yaml").write_text("services: {a: 'a:1', b: ['b:1', 'b:2']}\nroutes: {/x: {to: {a: 9, b: 1}}}\n")
    said = explain("/x", cwd=tmp_path)
    assert "service:   90% to a: a:1 (round-robin)\nservice:   10% to b: b:1, b:2 (round-robin)\n" in said.stdout
    assert "answer:    404: no route takes the request" in explain("/y", cwd=tmp_path).stdout


@pytest.mark.parametrize(
    "args", [[], ["GET"], ["GET", "ftp://x/"], ["GET", "/", "/"], ["/", "--client", "nobody"], ["/", "-H", "nonsense"]]
)
def test_wrong_questions_are_wrong_usage(directory: Path, args: list[str]) -> None:
    said = explain(*args, cwd=directory)
    assert (said.returncode, said.stdout) == (64, "")
    assert said.stderr.startswith("balancer: ") and said.stderr.count("\n") == 1


def test_a_wrong_file_is_said_to_be_wrong(tmp_path: Path) -> None:
    (tmp_path / "balancer.yaml").write_text("polcy: rr\nroutes: {/: 'web:80'}\n")
    said = explain("/", cwd=tmp_path)
    assert (said.returncode, said.stdout) == (65, "")
    assert 'unknown key "polcy"' in said.stderr
