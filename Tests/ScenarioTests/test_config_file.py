"""The configuration file: `balancer -c FILE` serves what it says, `check` judges it, `schema` describes it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import jsonschema
import pytest
import yaml

from support.balancer import BINARY, REPOSITORY, Balancer
from support.client import ask, request
from support.deadline import seconds
from support.replicas import Fleet, free_port


def run(*args: str | Path, env: dict[str, str] | None = None, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """One balancer that says something and ends."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("BALANCER")}
    return subprocess.run(
        [str(BINARY.resolve()), *map(str, args)],
        env=environment | (env or {}),
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=seconds(20),
    )


def write(directory: Path, text: str, name: str = "balancer.yaml") -> Path:
    path = directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


# ---- serving ---------------------------------------------------------------------------------------------------------


def test_five_lines_serve(tmp_path: Path) -> None:
    with Fleet(2) as fleet:
        file = write(tmp_path, f"access_log: stdout\nroutes:\n  /: {fleet[0].name}\n  /api: {fleet[1].name}\n")
        with Balancer("-c", str(file)) as balancer:
            assert ask(balancer.address, request("GET", "/")).content.decode() == fleet[0].name
            assert ask(balancer.address, request("GET", "/api/x")).content.decode() == fleet[1].name


def test_the_file_may_be_named_by_the_environment(tmp_path: Path) -> None:
    with Fleet(1) as fleet:
        file = write(tmp_path, "routes: {/: '${UPSTREAM}'}\n")
        with Balancer(env={"BALANCER_CONFIG": str(file), "UPSTREAM": fleet[0].name}) as balancer:
            assert ask(balancer.address, request("GET", "/")).status == 200


def test_flags_win_over_the_file(tmp_path: Path) -> None:
    with Fleet(1) as fleet:
        file = write(tmp_path, f"listen: 127.0.0.1:{free_port()}\naccess_log: off\nroutes: {{/: '{fleet[0].name}'}}\n")
        with Balancer(f"--config={file}", "--listen", "127.0.0.1:0") as balancer:
            assert ask(balancer.address, request("GET", "/")).status == 200


def test_upstreams_and_routes_belong_into_the_file(tmp_path: Path) -> None:
    file = write(tmp_path, "routes: {/: '127.0.0.1:9'}\n")
    for args, env, name in [
        (["--upstream", "a:1"], {}, "--upstream"),
        (["--route", "/=a:1"], {}, "--route"),
        ([], {"BALANCER_UPSTREAM": "a:1"}, "BALANCER_UPSTREAM"),
    ]:
        ended = run("-c", file, *args, env=env)
        assert ended.returncode == 64
        assert ended.stderr.startswith(f"balancer: {name}: ") and "excludes --config" in ended.stderr
        assert ended.stderr.count("\n") == 1


def test_a_wrong_file_does_not_start(tmp_path: Path) -> None:
    file = write(tmp_path, "listen: 127.0.0.1:0\npolcy: rr\nroutes: {/: nowhere}\n")
    ended = run("--config", file)
    assert (ended.returncode, ended.stdout) == (65, "")
    assert ended.stderr == (
        f'{file}:2:1: error: unknown key "polcy"; there is none like it here\n'
        "polcy: rr\n"
        "^~~~~\n"
        f'{file}:3:13: error: /: "nowhere" is no service; use the name of one under services, or HOST:PORT\n'
        "routes: {/: nowhere}\n"
        "            ^~~~~~~\n"
    )
    assert run("-c", tmp_path / "none.yaml").returncode == 65


# ---- check -----------------------------------------------------------------------------------------------------------


def test_check_says_all_that_is_wrong(tmp_path: Path) -> None:
    write(tmp_path, "services:\n  web: web:80\n  api: {upstream: 'api:80'}\nroutes:\n  /: wbe\n")
    ended = run("check", "balancer.yaml", cwd=tmp_path)
    assert ended.returncode == 65
    assert ended.stdout == "balancer.yaml: 2 errors\n"
    assert ended.stderr == (
        'balancer.yaml:3:9: error: unknown key "upstream"; did you mean "upstreams"?\n'
        "  api: {upstream: 'api:80'}\n"
        "        ^~~~~~~~\n"
        'balancer.yaml:5:6: error: /: "wbe" is no service; did you mean "web"?\n'
        "  /: wbe\n"
        "     ^~~\n"
    )


def test_check_touches_nothing(tmp_path: Path) -> None:
    port = free_port()
    log = tmp_path / "access.log"
    file = write(tmp_path, f"listen: 127.0.0.1:{port}\naccess_log: {log}\nroutes: {{/: 'web.invalid:80'}}\n")
    with Balancer("--upstream", "127.0.0.1:9", "--listen", f"127.0.0.1:{port}"):
        ended = run("check", file)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, f"{file}: valid\n", "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["balancer.yaml"]


def test_check_warns_and_still_accepts(tmp_path: Path) -> None:
    file = write(tmp_path, "services: {web: 'web:80', spare: 'spare:80'}\nroutes: {/: web}\n")
    ended = run("check", file)
    assert (ended.returncode, ended.stdout) == (0, f"{file}: 1 warning\n")
    assert 'warning: no route leads to the service "spare"' in ended.stderr


@pytest.mark.parametrize("args", [["check"], ["check", "a", "b"], ["schema", "x"], ["chekc"], ["check", "--nope", "a"]])
def test_wrong_commands_are_wrong_usage(args: list[str]) -> None:
    ended = run(*args)
    assert (ended.returncode, ended.stdout) == (64, "")
    assert ended.stderr.startswith("balancer: ") and ended.stderr.count("\n") == 1


def test_ten_thousand_routes_are_checked_in_time(tmp_path: Path) -> None:
    routes = "".join(f"  /r{index}: {{to: web, timeouts: {{response: 1s}}}}\n" for index in range(10_000))
    ended = run("check", write(tmp_path, f"services: {{web: 'web:80'}}\nroutes:\n{routes}"))
    assert (ended.returncode, ended.stderr) == (0, "")


# ---- schema ----------------------------------------------------------------------------------------------------------


class Loader(yaml.SafeLoader):
    """YAML 1.2, as editors read it: on and off are texts."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:int")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Loader.add_implicit_resolver("tag:yaml.org,2002:bool", yaml.resolver.re.compile("^(true|false)$"), list("tf"))
Loader.add_implicit_resolver("tag:yaml.org,2002:int", yaml.resolver.re.compile("^-?[0-9]+$"), list("-0123456789"))

EVERYTHING = """
include: []
listen: [":80", "127.0.0.1:81"]
admin: 127.0.0.1:9901
access_log: off
log_level: info
workers: 2
drain_timeout: 10s
resolver: {servers: [127.0.0.11], interval: 1s, stale_limit: off, ip_family: any}
timeouts: {header: 10s, body: 30s, idle: 75s, connect: 2s, response: 60s, upstream_idle: 4s, tunnel: 1h}
clients: {age: 1h, requests: 100000}
x-anchor: &service
  policy: {name: sticky, hash_key: uri, cookie: c, secret: "${SECRET:-hush}"}
defaults:
  service: {policy: least-connections}
  route: {compress: true}
services:
  tweet-ui: tweet-ui:8080
  tweets: [a:80, "b:80,backup"]
  api:
    <<: *service
    upstreams: [api:8080, "api-spare:8080,backup"]
    health: {check: http:/status, interval: 1s, timeout: 1s, rise: 1, fall: 2, status: 200, body: ok, host: web.test}
    ejection: {failures: 3, time: 5s, max: 50%}
    panic_threshold: 50%
    slow_start: 0
    retries: {on: all, attempts: 6, try_timeout: 15s, budget: 20%, body: 64KiB, non_idempotent: off}
    limits: {queue_timeout: 1s, queue_length: 1, requests: 0, connections: 0, connection_age: 1m, connection_requests: 1}
  other: {upstreams: x:1, health: off, ejection: on, retries: off, policy: rr}
routes:
  /: {files: public}
  /f: {files: {root: public, index: index.html, precompressed: off, missing: {to: api}, types: {x: a/b}, hide_dot_files: on}}
  /g: {files: {root: public, missing: 404}}
  /tweet.html: tweet-ui
  /new: new:80
  = /status: {reply: {json: {"status": "ok"}}}
  /text: {reply: {status: 201, type: text/x, text: hi}}
  /html: {reply: {html: hi}}
  /template: {reply: {template: "{host}"}}
  /none: {reply: 444}
  "GET,HEAD api.example.com/v1": {to: api, strip_prefix: true}
  /split: {to: {api: 90, tweets: 10}, replace_prefix: /x, log: off, body_limit: 10MiB, mirror: {to: other, percent: 5%}}
  "*.example.com ~ ^/u/(?<user>[a-z]+)$": {redirect: "https://{host}/users/{user}"}
  /r: {redirect: {to: /x, status: 308}}
  /m:
    to: api
    rewrite: {regex: "^/m/(.*)", with: "/{1}"}
    request_headers: {set: {X-A: 1}, add: {X-B: [a, b]}, remove: [X-C]}
    response_headers: {remove: Server}
    timeouts: {response: 1s, body: 1s, tunnel: 1s}
    retries: {attempts: 1}
    cors: {origins: ["https://a.test"], methods: [GET], headers: X-A, expose: X-B, credentials: on, max_age: 10m}
    basic_auth: {realm: zone, users: {anna: $5$salt$hash}}
    access: [allow 10.0.0.0/8, deny all]
    compress: {codings: [zstd, br], min_size: 1KiB, types: [text/*], level: 5}
    error_pages: {404: {text: gone}, 500-599: {html: no, status: 503, upstream: true}, 403: {json: [1], type: a/b}}
    mirror: other
  /n: {to: api, rewrite: "/x{path}", cors: true, compress: [gzip], allow: 10.0.0.0/8, deny: 10.0.0.1, retries: off}
  /o: {to: api, error_pages: {404: public/404.html, 500: {file: public/404.html}}}
"""

MATCHES = """
listen: [":80"]
routes:
  - {match: GET /a, to: "web:80"}
  - match: {port: 80, host: a.test, path: = /x, method: GET, header: {X: true}, query: {a: 1}, client: 10.0.0.0/8}
    reply: 200
"""


@pytest.fixture(scope="module")
def schema() -> dict:
    ended = run("schema")
    assert (ended.returncode, ended.stderr) == (0, "")
    schema = json.loads(ended.stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    return schema


def objections(schema: dict, text: str) -> list[str]:
    return [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(yaml.load(text, Loader))]


def groups(schema: dict) -> dict[str, set[str]]:
    return {name: set(group["properties"]) for name, group in {"file": schema, **schema["$defs"]}.items()}


@pytest.mark.parametrize("text", [EVERYTHING, MATCHES], ids=["everything", "matches"])
def test_schema_and_check_accept_the_same(schema: dict, tmp_path: Path, text: str) -> None:
    write(tmp_path, "gone", "public/404.html")
    file = write(tmp_path, text.replace("include: []\n", ""))
    ended = run("check", file)
    assert "error" not in ended.stderr and ended.returncode == 0
    assert objections(schema, text.replace("include: []\n", "")) == []


def test_the_example_says_every_key_of_the_schema(schema: dict) -> None:
    said: set[str] = set()

    def gather(value: object) -> None:
        if isinstance(value, dict):
            said.update(map(str, value))
            for inner in value.values():
                gather(inner)
        elif isinstance(value, list):
            for inner in value:
                gather(inner)

    gather(yaml.load(EVERYTHING, Loader))
    gather(yaml.load(MATCHES, Loader))
    for name, keys in groups(schema).items():
        assert keys <= said, f"{name}: {keys - said}"


@pytest.mark.parametrize(
    "text",
    [
        "polcy: rr\n",
        "listen: 80\n",
        "workers: many\n",
        "timeouts: {header: 10}\n",
        "services: {web: {upstreams: a:1, policy: fastest}}\n",
        "services: {web: {polcy: rr}}\n",
        "routes: {/: {to: a:1, compress: lzma}}\n",
        "routes: {/: {to: a:1, nope: 1}}\n",
        "routes: [{match: {paht: /}, to: a:1}]\n",
        "log_level: loud\n",
    ],
)
def test_schema_and_check_object_to_the_same(schema: dict, tmp_path: Path, text: str) -> None:
    assert objections(schema, text) != []
    ended = run("check", write(tmp_path, text))
    assert ended.returncode == 65 and ":1:" in ended.stderr


def test_the_tweet_stack_is_valid(schema: dict) -> None:
    file = REPOSITORY / "deploy/balancer.yaml"
    ended = run("check", file)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, f"{file}: valid\n", "")
    assert objections(schema, file.read_text()) == []


@pytest.mark.parametrize("page", [False, True])
def test_an_answer_that_is_too_large_is_refused(tmp_path: Path, page: bool) -> None:
    file = tmp_path / "balancer.yaml"
    (tmp_path / "page.html").write_text("x" * (48 * 1024 + 1))
    reply = "{reply: 404, error_pages: {404: page.html}}" if page else f"{{reply: {{text: '{'x' * (48 * 1024 + 1)}'}}}}"
    file.write_text(f"routes: {{/: {reply}}}\n")
    done = subprocess.run([str(BINARY), "check", str(file)], capture_output=True, text=True)
    assert done.returncode == 65 and "48KiB" in done.stdout + done.stderr
