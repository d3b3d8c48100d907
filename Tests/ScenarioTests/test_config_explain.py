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


GUARDED = """
listen: 127.0.0.1:0
services: {web: "127.0.0.1:1"}
routes:
  /other: {to: web, allow: [127.0.0.2]}
  /own: {reply: 200, allow: [127.0.0.1]}
  /cors: {to: web, cors: true, basic_auth: {users: {}}}
  /password: {to: web, basic_auth: {users: {}}}
  /short: {to: web, body_limit: 1KiB}
  /up: {to: web, rewrite: "/{header.x}"}
"""


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("guarded")
    (directory / "balancer.yaml").write_text(GUARDED)
    return directory


@pytest.fixture(scope="module")
def guard(guarded: Path):
    with Balancer("-c", str(guarded / "balancer.yaml"), "--listen", "127.0.0.1:0") as balancer:
        yield balancer


@pytest.mark.parametrize(
    ("method", "path", "fields", "line"),
    [
        ("GET", "/other", [], "answer:    403: the route's access rules keep 127.0.0.1 out"),
        ("GET", "/own", [], "answer:    200"),
        (
            "OPTIONS",
            "/cors",
            ["Origin: https://a.test", "Access-Control-Request-Method: PUT"],
            "answer:    204: a preflight, which the route's cors answers",
        ),
        ("OPTIONS", "/cors", [], "password:  asks for a name and a password (401)"),
        ("GET", "/password", [], "password:  asks for a name and a password (401)"),
        ("POST", "/short", ["Content-Length: 1025"], "answer:    413: the body is longer than 1KiB"),
        ("GET", "/up", ["X: ../.."], "answer:    400: the path cannot be rewritten so that it could be sent"),
    ],
)
def test_it_says_what_the_route_refuses(
    guarded: Path, guard: Balancer, method: str, path: str, fields: list[str], line: str
) -> None:
    said = explain(method, path, *[word for field in fields for word in ("-H", field)], cwd=guarded)
    assert said.returncode == 0
    assert line in said.stdout.splitlines(), said.stdout
    assert "service:" not in said.stdout or "answer:" not in said.stdout
    lines = [f"{method} {path} HTTP/1.1", "Host: x", *fields, "", ""]
    status = ask(guard.address, "\r\n".join(lines).encode()).status
    assert str(status) in line


def test_it_says_what_the_route_lets_in(guarded: Path) -> None:
    let_in = explain("/other", "--client", "127.0.0.2", cwd=guarded).stdout
    assert "answer:" not in let_in and "service:   web: 127.0.0.1:1" in let_in
    assert "body:      at most 1KiB (413)\nservice:" in explain("POST", "/short", cwd=guarded).stdout


@pytest.mark.parametrize(
    ("route", "target"),
    [
        ("/a: {to: web, strip_prefix: true}", "/b?q=1"),
        ("/a: {to: web, replace_prefix: /x}", "/x/b?q=1"),
        ("~ ^/a/(.): {to: web, rewrite: '/z/{1}'}", "/z/b?q=1"),
        ("/: {to: web, rewrite: {regex: b, with: c}}", "/a/c?q=1"),
    ],
)
def test_it_says_what_the_service_is_asked_for(tmp_path: Path, route: str, target: str) -> None:
    (tmp_path / "balancer.yaml").write_text(f"services: {{web: 'w:1'}}\nroutes:\n  {route}\n")
    said = explain("/a/b?q=1", cwd=tmp_path)
    assert f"service:   web: w:1 (round-robin)\ntarget:    {target}\n" in said.stdout, said.stdout + said.stderr


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
