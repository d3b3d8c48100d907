"""Names and passwords: who is let in, who waits, and that nobody else waits with them."""

from __future__ import annotations

import base64
import hashlib
import re
import select
import subprocess
import time

import pytest

from support.client import request
from support.modified import modified
from support.deadline import wait_until
from support.origin import always, ok

PASSWORD = "open sesame"


# crypt(5) with 1,000 rounds, and with so many that it takes some tenths of a second.
QUICK = "$6$rounds=1000$2nDgn/ibzELsn7wt$WnVHqFKL.fNAYU2OzwM9gHbTApN/4RqJojY.UU9hqJitY3aJ8g6v./IzdffeipIj3mG4hgdYQH2Sz7.9AqzRD."
BCRYPT = "$2b$04$nkDhxd38ODVg9xf.UBpGzuasZBrist8bloX.xbzzGoXo1483hNyTG"
SLOW = "$6$rounds=400000$2nDgn/ibzELsn7wt$"
DIGEST = "{SHA256}" + hashlib.sha256(PASSWORD.encode()).hexdigest()

ROUTE = f"""
basic_auth:
  realm: The "inner" circle
  users: {{ann: '{QUICK}', bob: '{BCRYPT}', cid: '{DIGEST}'}}
"""
SLOW_ROUTE = f"basic_auth: {{realm: r, users: {{ann: '{SLOW}{'a' * 86}'}}}}"


def basic(name: str, password: str) -> str:
    return "Authorization: Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def test_who_has_the_password_is_let_in() -> None:
    with modified(always(ok(b"inside")), ROUTE) as stage, stage.client() as client:
        for name in ("ann", "bob", "cid") * 2:
            response = client.get("/", basic(name, PASSWORD))
            assert (response.status, response.content) == (200, b"inside")
        # The upstream sees it too, as it does behind nginx.
        assert stage.origin.requests[0].fields.one("Authorization") == basic("ann", PASSWORD).split(": ")[1]


@pytest.mark.parametrize(
    "fields",
    [
        [],
        [basic("ann", "wrong")],
        [basic("ann", "")],
        [basic("cid", "wrong")],
        [basic("eve", PASSWORD)],
        [basic("", "")],
        ["Authorization: Basic"],
        ["Authorization: Basic ???"],
        ["Authorization: Bearer abc"],
        [basic("ann", PASSWORD), basic("ann", PASSWORD)],
        [basic("ann", "a" * 2000)],
    ],
)
def test_nobody_else_is(fields: list[str]) -> None:
    with modified(always(ok()), ROUTE) as stage, stage.client() as client:
        for _ in range(2):
            response = client.get("/", *fields)
            assert response.status == 401
            challenge = response.fields.one("WWW-Authenticate")
            assert challenge == 'Basic realm="The \\"inner\\" circle", charset="UTF-8"'
        assert client.get("/", basic("ann", PASSWORD)).status == 200
        assert len(stage.origin.requests) == 1


def test_the_log_names_the_user() -> None:
    with modified(always(ok()), ROUTE, "--workers", "1") as stage:
        stage.ask(request("GET", "/one", basic("ann", PASSWORD)))
        stage.ask(request("GET", "/two"))
        stage.ask(request("GET", "/three", basic('e v"e', "x")))
        lines = wait_until(lambda: len(stage.balancer.access_lines()) >= 3 and stage.balancer.access_lines(), "lines")
        assert [re.split(" - | \\[", line)[1] for line in lines] == ["ann", "-", "e\\x20v\\x22e"]


def test_a_slow_hash_holds_nobody_up() -> None:
    with modified(always(ok()), SLOW_ROUTE, "--workers", "1") as stage:
        with stage.client() as slow, stage.client() as other:
            started = time.monotonic()
            slow.send(request("GET", "/", basic("ann", "wrong")))
            asked = 0
            while not select.select([slow.socket], [], [], 0)[0]:
                # Refused at once, over and over, while the other one waits.
                assert other.get("/").status == 401
                asked += 1
            took = time.monotonic() - started
            assert slow.response().status == 401
            assert took > 0.05 and asked > 20


def test_who_leaves_while_waiting_leaves_nothing_behind() -> None:
    with modified(always(ok()), SLOW_ROUTE, "--workers", "1") as stage:
        for number in range(5):
            client = stage.client()
            client.send(request("GET", "/", basic("ann", f"wrong {number}")))
            client.close()
        assert stage.ask(request("GET", "/", basic("ann", "wrong")), within=20).status == 401


def test_too_many_are_told_to_come_again() -> None:
    with modified(always(ok()), SLOW_ROUTE, "--workers", "1") as stage:
        clients = [stage.client() for _ in range(16)]
        for number, client in enumerate(clients):
            client.send(request("GET", "/", basic("ann", f"wrong {number}")))
        answers = [client.response(within=30) for client in clients]
        assert {answer.status for answer in answers} == {401, 503}
        # One client's turn is eight at a time.
        assert sum(answer.status == 401 for answer in answers) >= 8
        for answer in answers:
            assert answer.fields.has("Retry-After") == (answer.status == 503)


def test_a_password_that_was_right_costs_nothing_again() -> None:
    slow = subprocess.run(
        ["python3", "-W", "ignore", "-c", f"import crypt; print(crypt.crypt({PASSWORD!r}, {SLOW!r}))"],
        capture_output=True,
        check=True,
        timeout=60,
    ).stdout.decode().strip()
    route = f"basic_auth: {{realm: r, users: {{ann: '{slow}'}}}}"
    with modified(always(ok()), route, "--workers", "1") as stage, stage.client() as client:
        started = time.monotonic()
        assert client.get("/", basic("ann", PASSWORD), within=20).status == 200
        first = time.monotonic() - started
        started = time.monotonic()
        for _ in range(20):
            assert client.get("/", basic("ann", PASSWORD)).status == 200
        assert (time.monotonic() - started) / 20 < first / 2
        assert client.get("/", basic("ann", PASSWORD + "!"), within=20).status == 401


def test_a_body_waits_with_its_request() -> None:
    with modified(always(ok()), ROUTE) as stage:
        body = b"x" * 300_000
        response = stage.ask(request("POST", "/", basic("bob", PASSWORD), body=body))
        assert response.status == 200
        assert stage.origin.requests[0].content == body
