"""The CORS protocol, spoken for the upstream; and who and what is let in at all."""

from __future__ import annotations

from contextlib import suppress

from support.client import chunked, request
from support.modified import modified
from support.origin import Connection, always, ok
from support.wire import Cut

SHOP = "https://shop.test"
ROUTE = """
cors: {origins: ['https://shop.test', 'https://b.test'], methods: [GET, PUT], credentials: true, expose: [X-Total], max_age: 5m}
"""
MINE = ["Access-Control-Allow-Origin: https://mine.test", "Access-Control-Allow-Credentials: false"]


def cors(fields) -> dict[str, str]:
    return {name: value for name, value in fields if name.lower().startswith("access-control-")}


def test_a_preflight_is_answered_here() -> None:
    with modified(always(ok()), ROUTE) as stage, stage.client() as client:
        preflight = [
            "Access-Control-Request-Method: PUT",
            "Access-Control-Request-Headers: content-type,x-token",
        ]
        allowed = client.ask(request("OPTIONS", "/thing", f"Origin: {SHOP}", *preflight))
        assert allowed.status == 204
        assert cors(allowed.fields) == {
            "Access-Control-Allow-Origin": SHOP,
            "Access-Control-Allow-Credentials": "true",
            "Access-Control-Allow-Methods": "GET, PUT",
            "Access-Control-Allow-Headers": "content-type,x-token",
            "Access-Control-Max-Age": "300",
        }
        refused = client.ask(request("OPTIONS", "/thing", "Origin: https://evil.test", *preflight))
        assert refused.status == 204
        assert cors(refused.fields) == {}
        for answer in (allowed, refused):
            assert answer.fields.one("Vary").startswith("Origin")
        assert stage.origin.requests == []


def test_answers_say_who_may_read_them() -> None:
    with modified(always(ok(b"ok", *MINE)), ROUTE) as stage, stage.client() as client:
        allowed = client.get("/", f"Origin: {SHOP}")
        assert cors(allowed.fields) == {
            "Access-Control-Allow-Origin": SHOP,
            "Access-Control-Allow-Credentials": "true",
            "Access-Control-Expose-Headers": "X-Total",
        }
        # The upstream's own are not its to say.
        for answer in (client.get("/", "Origin: https://evil.test"), client.get("/")):
            assert (answer.status, answer.content) == (200, b"ok")
            assert cors(answer.fields) == {}
            assert answer.fields.one("Vary") == "Origin"


def test_other_options_pass() -> None:
    with modified(always(ok()), ROUTE) as stage:
        answer = stage.ask(request("OPTIONS", "/", f"Origin: {SHOP}"))
        assert answer.status == 200
        assert cors(answer.fields)["Access-Control-Allow-Origin"] == SHOP


def test_any_origin_is_a_star() -> None:
    with modified(always(ok(b"ok", *MINE)), "cors: true") as stage:
        answer = stage.ask(request("GET", "/", f"Origin: {SHOP}"))
        assert cors(answer.fields) == {"Access-Control-Allow-Origin": "*"}
        assert not answer.fields.has("Vary")


def test_answers_of_our_own_can_be_read_too() -> None:
    route = "cors: 'https://shop.test'\naccess: ['deny all']"
    with modified(always(ok()), "cors: 'https://shop.test'\nbasic_auth: {realm: r, users: {}}") as stage:
        refused = stage.ask(request("GET", "/", f"Origin: {SHOP}"))
        assert refused.status == 401
        assert cors(refused.fields)["Access-Control-Allow-Origin"] == SHOP
        # A preflight brings no password.
        asked = stage.ask(request("OPTIONS", "/", f"Origin: {SHOP}", "Access-Control-Request-Method: GET"))
        assert asked.status == 204
    with modified(always(ok()), route) as stage:
        assert stage.ask(request("OPTIONS", "/", f"Origin: {SHOP}", "Access-Control-Request-Method: GET")).status == 403


def test_networks_are_let_in_or_not() -> None:
    with modified(always(ok()), "access: ['deny 127.0.0.2', 'allow 127.0.0.0/8', 'deny all']") as stage:
        for source, status in {"127.0.0.1": 200, "127.0.0.2": 403, "127.9.9.9": 200}.items():
            with stage.client(source=source) as client:
                assert client.get("/").status == status, source
        assert len(stage.origin.requests) == 2


def test_a_body_that_is_too_long_is_refused() -> None:
    def handler(connection: Connection) -> None:
        with suppress(Cut):
            always(ok())(connection)

    with modified(handler, "body_limit: 100KiB") as stage:
        limit = 100 * 1024
        assert stage.ask(request("POST", "/", body=b"x" * limit)).status == 200
        with stage.client() as client:
            # It is refused by its length: nothing of it has to come.
            client.send(request("POST", "/", f"Content-Length: {limit + 1}"))
            assert client.response().status == 413
        head = request("POST", "/", "Transfer-Encoding: chunked")
        pieces = [b"x" * 1000] * 102 + [b"x" * 400]
        assert stage.ask(head + chunked(*pieces)).status == 200
        # Where its chunks lie does not matter, nor how they come.
        assert stage.ask(head + chunked(*pieces, b"x")).status == 413
        assert stage.ask(head + chunked(b"x" * (limit + 1))).status == 413
        small = chunked(*[b"x"] * 1000)
        assert stage.ask(head + small).status == 200
        assert len(stage.origin.requests) == 3
