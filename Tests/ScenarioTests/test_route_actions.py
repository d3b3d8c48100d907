"""What a route does with its requests, and what it changes of them and of their answers."""

from __future__ import annotations

from collections import Counter
from email.utils import parsedate_to_datetime
from typing import Iterator

import pytest

from support.balancer import Balancer
from support.client import Client, Response, ask, request
from support.configured import configured
from support.deadline import wait_until
from support.origin import Origin, Request, always, answer, ok

CONFIG = """
    services:
      main: @main@
      other: @other@
    routes:
      /: main
      = /status: {reply: {json: {"status": "ok"}}}
      /gone: {reply: 410}
      /silent: {reply: 444}
      /hello: {reply: {template: "{method} {host} {path} {client} {header.x-name} {query.q} {cookie.c}"}}
      /old: {redirect: "https://{host}/new{query}"}
      /moved: {redirect: {to: /elsewhere, status: 308}}
      "~ ^/u/(?<user>[a-z]+)/(\\\\d+)$": {redirect: "/users/{user}?id={2}"}
      /half: {to: {main: 1, other: 3}}
      /never: {to: {main: 0, other: 1}}
      /api: {to: main, strip_prefix: true}
      /v1: {to: main, replace_prefix: /v2/}
      /set: {to: main, rewrite: "/made/{path}?a=b c"}
      /part: {to: main, rewrite: {regex: "/part/([^/]+)/x", with: "/whole/{1}"}}
      /fields:
        to: main
        request_headers:
          set: {X-Set: "{client}", Host: inner.test, User-Agent: us}
          add: {X-Added: [one, "two {path}"]}
          remove: [X-Removed, X-Forwarded-Host, Via]
        response_headers:
          set: {Server: "served at {host}"}
          add: {X-More: here}
          remove: [X-Secret]
      /pages:
        to: main
        error_pages:
          404: {html: "<p>not here</p>", upstream: true}
          500-599: {text: "sorry", status: 503, upstream: true}
          401: {text: "who are you", upstream: true}
      /ours: {to: main, error_pages: {404: {text: ours}}}
      /bare: {reply: 404, error_pages: {404: {text: filled}}}
      /said: {reply: {status: 404, text: said}, error_pages: {404: {text: filled}}}
      /copied: {to: main, mirror: other}
      /quiet: {to: main, log: off}
      /cut: {to: main, timeouts: {response: 200ms}, retries: off}
      "POST /only": {reply: {text: posted}}
      "sub.test/where": {reply: {text: sub}}
      "*.wild.test/where": {reply: {text: wild}}
      /where: {reply: {text: any}}
"""


def echo(request: Request) -> bytes:
    if request.target == "/pages/401":
        return answer("401 Unauthorized", 'WWW-Authenticate: Basic realm="there"', "X-Other: no", body=b"log in")
    if request.target.startswith("/pages/"):
        return answer(request.target.removeprefix("/pages/") + " Whatever", body=b"the upstream's own")
    return ok(request.target.encode() + b" " + request.body.content, "X-Secret: yes", "Server: origin")


@pytest.fixture(scope="module")
def origins() -> Iterator[tuple[Origin, Origin]]:
    with Origin(always(echo)) as main, Origin(always(echo)) as other:
        yield main, other


@pytest.fixture(scope="module")
def balancer(origins: tuple[Origin, Origin]) -> Iterator[Balancer]:
    main, other = origins
    with configured(CONFIG, main=main.name, other=other.name) as balancer:
        yield balancer


@pytest.fixture
def get(balancer: Balancer):
    def get(target: str, *fields: str, method: str = "GET", body: bytes | None = None) -> Response:
        return ask(balancer.address, request(method, target, *fields, body=body))

    return get


def test_a_fixed_answer(get) -> None:
    response = get("/status")
    assert (response.status, response.content) == (200, b'{"status":"ok"}')
    assert response.fields.one("Content-Type") == "application/json"
    assert parsedate_to_datetime(response.fields.one("Date")).tzinfo
    assert get("/status/x").content == b"/status/x "
    assert get("/status", method="HEAD").fields.one("Content-Length") == "15"
    assert get("/gone").status == 410


def test_a_connection_that_ends_without_an_answer(balancer: Balancer) -> None:
    with Client(balancer.address) as client:
        client.send(request("GET", "/silent"))
        assert client.read_to_end(5) == b""


def test_an_answer_with_variables(get) -> None:
    response = get("/hello/%77orld?p=1&q=x%20y", "X-Name: me", "Cookie: a=b; c=d")
    assert response.content == b"GET test /hello/world 127.0.0.1 me x%20y d"


def test_what_a_value_brings_cannot_end_a_line(get) -> None:
    response = get("/old?x=%0d%0aSet-Cookie:%20a=b")
    assert response.fields.one("Location") == "https://test/new?x=%0d%0aSet-Cookie:%20a=b"
    assert not response.fields.has("Set-Cookie")


def test_redirects(get) -> None:
    response = get("/old?a=1", "Host: shop.test:8080")
    assert (response.status, response.fields.one("Location")) == (302, "https://shop.test/new?a=1")
    response = get("/u/bob/42")
    assert (response.status, response.fields.one("Location")) == (302, "/users/bob?id=42")
    assert get("/u/bob/x").content == b"/u/bob/x "
    assert get("/moved").status == 308


def test_a_connection_goes_on_after_answers_of_ours(balancer: Balancer) -> None:
    with Client(balancer.address) as client:
        assert [client.get(path).status for path in ("/status", "/old", "/x", "/gone", "/status")] == [
            200, 302, 200, 410, 200,
        ]  # fmt: skip


def test_a_split_goes_by_weight(balancer: Balancer, origins: tuple[Origin, Origin]) -> None:
    before = [sum(request.target == "/half" for request in origin.requests) for origin in origins]
    with Client(balancer.address) as client:
        for _ in range(400):
            assert client.get("/half").status == 200
        for _ in range(20):
            assert client.get("/never").status == 200
    main, other = (sum(request.target == "/half" for request in origin.requests) for origin in origins)
    assert main - before[0] + other - before[1] == 400
    assert 50 < main - before[0] < 150
    assert Counter(request.target for request in origins[0].requests)["/never"] == 0


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/api", "/"),
        ("/api?x=1", "/?x=1"),
        ("/api/", "/"),
        ("/api/a/b?x=1", "/a/b?x=1"),
        ("/apis", "/apis"),
        ("/v1", "/v2"),
        ("/v1/a", "/v2/a"),
        ("/set/x", "/made/set/x?a=b%20c"),
        ("/part/a/x/y", "/whole/a/y"),
        ("/part/a/z", "/part/a/z"),
    ],
)
def test_rewritten_paths(get, target: str, expected: str) -> None:
    assert get(target).content == expected.encode() + b" "


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("//a///b", "/a/b"),
        ("/a/./b/../c", "/a/c"),
        ("/%61%2e/%7Eb", "/a./~b"),
        ("/a%2fb", "/a%2Fb"),
        ("/x/%2e%2e/api/y", "/y"),
        ("/a?b=//../%61", "/a?b=//../%61"),
    ],
)
def test_paths_are_normalised_before_they_are_compared_and_sent(get, target: str, expected: str) -> None:
    assert get(target).content == expected.encode() + b" "


@pytest.mark.parametrize("target", ["/..", "/a/../../b", "/%", "/%zz", "/a%00", "/a/..;/b", "/a/%2e%2e%2fb", "/a\\..\\b"])
def test_paths_that_servers_read_in_different_ways_are_refused(get, target: str) -> None:
    assert get(target).status == 400


@pytest.mark.parametrize(
    "target",
    [
        "/secret", "/secret/", "/secret/x", "/%73ecret/x", "//secret", "/./secret", "/x/../secret", "/secret%2Fx", "/secret%2fx",
        "/secret;a=b/x", "/secret;/x", "/secret%3Bx", "/secret\\x", "/secret%5Cx", "/x/%2e%2e/secret", "/%40own", "/@own/x", "/@own%2Fx",
        "/x%2F.env", "/.env", "/a%7Cb", "/a|b",
    ],
)  # fmt: skip
def test_no_spelling_of_a_path_slips_past_a_rule(target: str) -> None:
    config = """
        routes:
          /: {reply: {text: let in}}
          /secret: {reply: {text: let in}, deny: [all]}
          /@own: {reply: {text: let in}, deny: [all]}
          /a%7Cb: {reply: {text: let in}, deny: [all]}
          '~ /\\.env': {reply: {text: let in}, deny: [all]}
    """
    with configured(config) as balancer:
        assert ask(balancer.address, request("GET", target)).status in (400, 403)
        for other in ("/", "/a%2Fb", "/x;y", "/secrets", "/a%2Fsecret", "/own"):
            assert ask(balancer.address, request("GET", other)).content == b"let in", other


def test_a_redirect_leads_to_no_other_host() -> None:
    with configured("routes: {'~ ^/blog/(.*)$': {redirect: '/{1}'}}") as balancer:
        response = ask(balancer.address, request("GET", "/blog/\\evil.test/x"))
        assert response.fields.one("Location") == "/%5Cevil.test/x"


def test_fields_of_the_request(get, origins: tuple[Origin, Origin]) -> None:
    get("/fields", "X-Removed: a", "x-removed: b", "X-Set: spoofed", "User-Agent: them", "X-Kept: c")
    seen = origins[0].requests[-1].fields
    assert seen.one("X-Set") == "127.0.0.1"
    assert seen.one("Host") == "inner.test"
    assert seen.one("User-Agent") == "us"
    assert seen.all("X-Added") == ["one", "two /fields"]
    assert seen.one("X-Kept") == "c" and seen.has("X-Forwarded-For")
    assert not any(seen.has(name) for name in ("X-Removed", "X-Forwarded-Host", "Via"))


def test_fields_of_the_answer(get) -> None:
    response = get("/fields", "Host: a.test")
    assert response.fields.one("Server") == "served at a.test"
    assert response.fields.one("X-More") == "here"
    assert not response.fields.has("X-Secret")
    assert get("/x").fields.one("X-Secret") == "yes"


def test_error_pages(get) -> None:
    response = get("/pages/404")
    assert (response.status, response.content) == (404, b"<p>not here</p>")
    assert response.fields.one("Content-Type").startswith("text/html")
    response = get("/pages/500")
    assert (response.status, response.content) == (503, b"sorry")
    assert get("/pages/200").content == b"the upstream's own"
    response = get("/pages/401")
    assert (response.status, response.content) == (401, b"who are you")
    assert response.fields.one("WWW-Authenticate") == 'Basic realm="there"'
    assert not response.fields.has("X-Other")
    assert get("/ours").status == 200
    assert get("/bare").content == b"filled"
    assert get("/said").content == b"said"


def test_a_copy_goes_elsewhere_and_nobody_sees_its_answer(get, origins: tuple[Origin, Origin]) -> None:
    _, other = origins
    response = get("/copied/now", method="POST", body=b"x" * 50_000)
    assert response.content == b"/copied/now " + b"x" * 50_000
    wait_until(lambda: any(request.target == "/copied/now" for request in other.requests), "the copy comes")
    [copy] = [request for request in other.requests if request.target == "/copied/now"]
    assert (copy.method, copy.body.content) == ("POST", b"x" * 50_000)
    assert get("/copied/large", method="POST", body=b"y" * 500_000).status == 200
    assert get("/copied/next").status == 200
    wait_until(lambda: any(request.target == "/copied/next" for request in other.requests), "the next copy comes")
    assert not any(request.target == "/copied/large" for request in other.requests)


def test_what_is_not_logged(balancer: Balancer, get) -> None:
    get("/quiet/one")
    get("/loud/one")
    balancer.wait_access(1, "GET /loud/one ")
    assert not any("/quiet/one" in line for line in balancer.access_lines())


def test_the_log_has_the_target_that_the_client_wrote(balancer: Balancer, get) -> None:
    get("/api/./logged?x")
    balancer.wait_access(1, '"GET /api/./logged\\?x HTTP/1.1" 200')


def test_routes_by_method_and_host(get) -> None:
    assert get("/only", method="POST", body=b"").content == b"posted"
    assert get("/only").content == b"/only "
    assert get("/where", "Host: sub.test").content == b"sub"
    assert get("/where", "Host: SUB.test.:81").content == b"sub"
    assert get("/where", "Host: a.b.wild.test").content == b"wild"
    assert get("/where", "Host: wild.test").content == b"any"


def test_a_time_out_of_its_own() -> None:
    def silent(connection) -> None:
        connection.read_request()
        connection.read_to_end(10)

    config = "routes: {/: {to: @main@, timeouts: {response: 200ms}, retries: off}}"
    with Origin(silent) as origin, configured(config, main=origin.name) as balancer:
        assert ask(balancer.address, request("GET", "/")).status == 504


def test_the_largest_answer_that_a_file_may_hold() -> None:
    largest = 48 * 1024
    config = f"routes: {{/: {{reply: {{text: '{'x' * largest}'}}, response_headers: {{set: {{X: '{'y' * 4000}'}}}}}}}}"
    with configured(config) as balancer:
        assert ask(balancer.address, request("GET", "/")).content == b"x" * largest
