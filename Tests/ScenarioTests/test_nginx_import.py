"""`balancer import-nginx`: nginx and the balancer with what it makes of nginx's file get the same requests, side by side.

Each pair in nginx_import/ is a file as compose stacks have it, and the requests to compare, one a line:

    METHOD TARGET [-H 'Name: value']... [-d BODY] [--differs PART]...

What clients and upstreams see has to be the same. `--differs` excepts a PART of it: what the import notes.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import shlex
import shutil
import socket
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest

from support.balancer import BINARY, Balancer
from support.client import Client, request
from support.nginx import PROGRAM, Nginx
from support.origin import Connection, Origin, Request, answer
from support.wire import Cut

HERE = Path(__file__).parent / "nginx_import"
FILES = sorted(path.stem for path in HERE.glob("*.conf"))

# What the files call their upstreams; each is an origin here.
SERVICES = ["tweet-ui:8080", "tweet-text-ui:8080", "api:3000", "api-spare:3000", "app:8000", "chat:4000", "blog:2368"]
# Directories of images that the files name; they are found below the test's own.
ROOTS = ["/usr/share/nginx/html", "/var/www", "/srv", "/etc/nginx/conf.d"]

# Fields that say which server this is, or how this connection goes on.
CONNECTION = {
    "connection", "keep-alive", "transfer-encoding", "content-length", "date", "server", "via", "accept-ranges",
    "x-request-id", "vary", "etag", "last-modified", "expires",
}
# What the balancer tells upstreams where nothing sets it.
OURS = {"x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-request-id", "via"}
# Two names for one type.
TYPES = {"application/javascript": "text/javascript", "image/vnd.microsoft.icon": "image/x-icon"}
NGINX_PAGE = re.compile(rb"<hr><center>nginx")


@dataclass
class Case:
    line: int
    method: str
    target: str
    fields: list[str]
    body: bytes | None
    differs: list[str]


def cases(name: str) -> list[Case]:
    parser = argparse.ArgumentParser()
    parser.add_argument("method")
    parser.add_argument("target")
    parser.add_argument("-H", dest="fields", action="append", default=[])
    parser.add_argument("-d", dest="body")
    parser.add_argument("-n", dest="bytes", type=int)
    parser.add_argument("--differs", action="append", default=[])
    found = []
    for line, text in enumerate((HERE / f"{name}.requests").read_text().splitlines(), start=1):
        if not text.strip() or text.startswith("#"):
            continue
        asked = parser.parse_args(shlex.split(text))
        body = b"x" * asked.bytes if asked.bytes else asked.body.encode() if asked.body is not None else None
        found.append(Case(line, asked.method, asked.target, asked.fields, body, asked.differs))
    return found


# Upstreams


def told(service: str, request: Request, *more: str) -> bytes:
    """What the upstream has seen, for the client to compare; a status or a place to go where the path asks for one."""
    seen = {
        "service": service,
        "method": request.method,
        "target": request.target,
        "fields": sorted([name.lower(), value] for name, value in request.fields),
        "body": request.content.decode("latin-1"),
    }
    status = re.search(r"/answer-(\d{3})", request.target)
    fields = ["Content-Type: application/json", "X-Service: " + service, *more]
    if place := request.fields.all("X-Go-To"):
        fields.append("Location: " + place[0])
    return answer(f"{status[1]} Told" if status else "200 OK", *fields, body=json.dumps(seen).encode())


def upstream(service: str):
    def handler(connection: Connection) -> None:
        while request := connection.next_request():
            if request.fields.has("Upgrade"):
                connection.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
                connection.send(connection.read_exact(4, 10).upper())
                return
            is_last = request.version == "HTTP/1.0" or "close" in request.fields.all("Connection")
            connection.send(told(service, request, *(["Connection: close"] if is_last else [])))
            if is_last:
                return

    return handler


# Clients


def asked(port: int, case: Case) -> dict:
    """What a client gets, in a form that does not depend on the port."""
    fields = list(case.fields)
    if not any(field.lower().startswith("host:") for field in fields):
        fields.insert(0, f"Host: localhost:{port}")
    is_upgrade = any(field.lower().startswith("upgrade:") for field in fields)
    with Client(("127.0.0.1", port)) as client:
        try:
            client.send(request(case.method, case.target, *fields, body=case.body))
        except Cut:
            pass  # The answer may have come before the body was taken.
        try:
            response = client.response(case.method, within=10)
        except Cut as cut:
            assert not cut.so_far, f"cut after {cut.so_far!r}"
            return {"status": "closed"}
        if response.status == 101 and is_upgrade:
            client.send(b"ping")
            return {"status": 101, "echo": client.read_exact(4, 10).decode()}
    return seen(response, port, case)


def seen(response, port: int, case: Case) -> dict:
    found = {"status": response.status}
    fields = {}
    for name, value in response.fields:
        if name.lower() not in CONNECTION:
            fields.setdefault(name.lower(), []).append(value)
    body = response.content
    if "gzip" in fields.get("content-encoding", []):
        body = gzip.decompress(body)
    if "location" in fields:
        # nginx says the whole URL, with its own port, where the configuration has a path.
        base = urljoin(f"http://localhost:{port}/", urlsplit(case.target).path)
        fields["location"] = [urljoin(base, place).replace(f":{port}", "") for place in fields["location"]]
    if "content-type" in fields:
        kinds = [kind.split(";")[0] for kind in fields["content-type"]]
        fields["content-type"] = [TYPES.get(kind, kind) for kind in kinds]
    if response.status >= 300 and (NGINX_PAGE.search(body) or response.status < 400):
        body = b"a page of the server's own"
    found["body"] = body.decode("latin-1").replace(f":{port}", ":PORT").replace(f'"{port}"', '"PORT"')
    found["fields"] = {name: sorted(values) for name, values in sorted(fields.items())}
    return found


def compare(case: Case, nginx: dict, ours: dict) -> list[str]:
    """Where they differ, in words."""
    found = []
    is_own_page = nginx.get("body") == "a page of the server's own"
    for part in ("status", "echo", "body"):
        one, two = nginx.get(part), ours.get(part)
        if part == "body" and is_own_page:
            continue
        if part == "body" and one and two and one.startswith('{"service"') and two.startswith('{"service"'):
            found += upstream_differences(json.loads(one), json.loads(two), case)
        elif one != two and part not in case.differs:
            found.append(f"{part}: nginx {one!r}, balancer {two!r}")
    one, two = nginx.get("fields", {}), ours.get("fields", {})
    for name in sorted(set(one) | set(two)):
        if name == "content-type" and is_own_page:
            continue
        if one.get(name) != two.get(name) and name not in case.differs:
            found.append(f"{name}: nginx {one.get(name)}, balancer {two.get(name)}")
    return found


def upstream_differences(nginx: dict, ours: dict, case: Case) -> list[str]:
    found = [
        f"upstream's {part}: nginx {nginx[part]!r}, balancer {ours[part]!r}"
        for part in ("service", "method", "target", "body")
        if nginx[part] != ours[part] and part not in case.differs
    ]
    one, two = (fields(side) for side in (nginx, ours))
    for name in sorted(set(one) | set(two)):
        if name in OURS and name not in one or name in CONNECTION or f"upstream's {name}" in case.differs:
            continue
        if one.get(name) != two.get(name):
            found.append(f"upstream's {name}: nginx {one.get(name)}, balancer {two.get(name)}")
    return found


def fields(told: dict) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in told["fields"]:
        found.setdefault(name, []).append(value)
    return found


# Both of them


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def placed(text: str, names: dict[str, str], ports: dict[int, int], root: Path) -> str:
    """The file with this machine's names in place of those of a compose stack."""
    for name, address in names.items():
        text = re.sub(rf"(?<![\w.-]){re.escape(name)}\b", address, text)
    for directory in ROOTS:
        text = re.sub(rf"(?<![\w/]){re.escape(directory)}\b", f"{root}{directory}", text)
    text = re.sub(r"listen \[::\]:\d+[^;]*;", "", text)
    return re.sub(r"listen (\d+)", lambda found: f"listen 127.0.0.1:{ports[int(found[1])]}", text)


@pytest.mark.skipif(not PROGRAM, reason="no nginx here; `make test` installs nginx-light")
@pytest.mark.parametrize(
    "name",
    FILES,
)
def test_answers_are_those_of_nginx(name: str, tmp_path: Path) -> None:
    text = (HERE / f"{name}.conf").read_text()
    listened = sorted({int(port) for port in re.findall(r"listen (\d+)", text)})
    root = tmp_path / "root"
    shutil.copytree(HERE / "site", root, symlinks=True)
    with ExitStack() as stack:
        names = {}
        for service in SERVICES:
            origin = stack.enter_context(Origin(upstream(service), record=False))
            names[service] = origin.name
        free = free_ports(2 * len(listened))
        nginx_ports = dict(zip(listened, free))
        our_ports = dict(zip(listened, free[len(listened) :]))
        (tmp_path / "nginx").mkdir()
        stack.enter_context(
            Nginx(placed(text, names, nginx_ports, root), tmp_path / "nginx", list(nginx_ports.values()))
        )
        source = tmp_path / f"{name}.conf"
        source.write_text(placed(text, names, our_ports, root))
        imported = subprocess.run([BINARY, "import-nginx", source], capture_output=True, text=True, timeout=20)
        assert imported.returncode == 0, imported.stderr
        target = tmp_path / "balancer.yaml"
        target.write_text(imported.stdout)
        listens = [word for port in our_ports.values() for word in ("--listen", f"127.0.0.1:{port}")]
        stack.enter_context(Balancer("-c", str(target), *listens))
        problems = []
        for case in cases(name):
            port = int(next((f.split(":")[1] for f in case.fields if f.startswith("Port:")), listened[0]))
            case.fields = [field for field in case.fields if not field.startswith("Port:")]
            nginx, ours = asked(nginx_ports[port], case), asked(our_ports[port], case)
            for difference in compare(case, nginx, ours):
                problems.append(f"{name}.requests:{case.line}: {case.method} {case.target}: {difference}")
        assert not problems, "\n".join([*problems, "", imported.stdout])


# The command


def imported(path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([BINARY, "import-nginx", str(path)], capture_output=True, text=True, timeout=20)


def test_prints_the_file_and_its_notes(tmp_path: Path) -> None:
    nginx = tmp_path / "server.conf"
    nginx.write_text("server {\n  listen 80;\n  location / {\n    proxy_cache x;\n    proxy_pass http://a:1;\n  }\n}\n")
    found = imported(nginx)
    assert found.returncode == 0
    assert f"{nginx}:4: note: proxy_cache x: left out; answers are not cached\n" in found.stderr
    assert "  # nginx: proxy_cache x: left out; answers are not cached (line 4)\n  /: {to: a:1, " in found.stdout
    ours = tmp_path / "balancer.yaml"
    ours.write_text(found.stdout)
    checked = subprocess.run([BINARY, "check", str(ours)], capture_output=True, text=True, timeout=20)
    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("server {\n  listen 80\n}\n", '3: error: "listen" has no ";" before this "}"'),
        ("server {\n", '1: error: "server" has no closing brace'),
        ("location / { }", '1: error: "location" is not allowed here; it belongs into a server'),
    ],
)
def test_says_where_a_file_is_none(tmp_path: Path, text: str, message: str) -> None:
    nginx = tmp_path / "server.conf"
    nginx.write_text(text)
    found = imported(nginx)
    assert (found.returncode, found.stdout, found.stderr) == (65, "", f"{nginx}:{message}\n")


def test_says_that_there_is_no_file(tmp_path: Path) -> None:
    found = imported(tmp_path / "missing.conf")
    assert (found.returncode, found.stdout) == (65, "")
    assert found.stderr.startswith(f"{tmp_path}/missing.conf:1: error: cannot be read")
