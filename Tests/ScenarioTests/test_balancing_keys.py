"""Clients that come back to the endpoint that they were at: by hash of a key, by cookie."""

from __future__ import annotations

import pytest

from support.balancer import Balancer
from support.client import Client, ask, request
from support.deadline import wait_until
from support.endpoints import answers, upstreams
from support.replicas import Fleet

HASHES = pytest.mark.parametrize("policy", ["ring-hash", "maglev"])


def who(balancer: Balancer, target: str = "/", *fields: str) -> str:
    got = ask(balancer.address, request("GET", target, *fields))
    assert got.status == 200
    return got.content.decode()


@HASHES
@pytest.mark.parametrize(
    "key, requests",
    [
        ("uri", [(f"/{n}", ()) for n in range(40)]),
        ("header:X-User", [("/", (f"x-user: user {n}",)) for n in range(40)]),
        ("cookie:user", [("/", (f"Cookie: a=b; user=u{n}; c=d",)) for n in range(40)]),
    ],
    ids=["uri", "header", "cookie"],
)
def test_a_key_has_its_endpoint(policy: str, key: str, requests: list[tuple[str, tuple[str, ...]]]) -> None:
    """Each key always goes to one endpoint, in another run of the balancer too, and all endpoints have some keys."""
    with Fleet(3) as fleet:
        found = []
        for _ in range(2):
            with Balancer(*upstreams(fleet), "--policy", policy, "--hash-key", key, "--workers", "2") as balancer:
                found += [[who(balancer, target, *fields) for target, fields in requests] for _ in range(2)]
        assert found[0] == found[1] == found[2] == found[3]
        assert set(found[0]) == {replica.name for replica in fleet}


@HASHES
def test_a_client_has_its_endpoint(policy: str) -> None:
    with Fleet(3) as fleet, Balancer(*upstreams(fleet), "--policy", policy) as balancer:
        homes = set()
        for number in range(1, 31):
            found = set()
            for _ in range(2):
                with Client(balancer.address, source=f"127.0.3.{number}") as client:
                    found.add(client.get().content.decode())
            assert len(found) == 1
            homes |= found
        assert homes == {replica.name for replica in fleet}


@HASHES
def test_who_leaves_takes_only_its_own_keys(policy: str) -> None:
    with Fleet(4) as fleet:
        args = ("--policy", policy, "--hash-key", "uri", "--health-check", "off")
        targets = [f"/{n}" for n in range(60)]
        with Balancer(*upstreams(fleet), *args) as balancer:
            before = [who(balancer, target) for target in targets]
        gone = fleet[0].name
        with Balancer(*upstreams(list(fleet)[1:]), *args) as balancer:
            after = [who(balancer, target) for target in targets]
        moved = [b for b, a in zip(before, after) if b != gone and a != b]
        assert len(moved) <= (0 if policy == "ring-hash" else len(targets) // 6), moved


def test_a_cookie_brings_its_client_back() -> None:
    """Also to another balancer with the same secret, and not where somebody has made it up."""
    secret = ("--policy", "sticky", "--sticky-secret", "between us", "--sticky-cookie", "home")
    with Fleet(3) as fleet:
        cookies = {}
        with Balancer(*upstreams(fleet), *secret, "--workers", "1") as balancer:
            for _ in range(3):
                got = ask(balancer.address, request("GET", "/"))
                value, *attributes = got.fields.one("Set-Cookie").split("; ")
                assert attributes == ["Path=/", "HttpOnly", "SameSite=Lax"]
                assert value.startswith("home=")
                cookies[got.content.decode()] = value
        assert set(cookies) == {replica.name for replica in fleet}, "new clients go round"
        assert len(set(cookies.values())) == 3
        with Balancer(*upstreams(fleet), *secret, "--workers", "2") as balancer:
            for home, cookie in cookies.items():
                for _ in range(4):
                    got = ask(balancer.address, request("GET", "/", f"Cookie: a=b; {cookie}"))
                    assert got.content.decode() == home and not got.fields.has("Set-Cookie")
            forged = ask(balancer.address, request("GET", "/", "Cookie: home=0123456789abcdef"))
            assert forged.fields.one("Set-Cookie").partition(";")[0] in cookies.values()
        with Balancer(*upstreams(fleet), "--policy", "sticky", "--sticky-cookie", "home") as balancer:
            balancer.wait_log("no sticky secret is given")
            home, cookie = next(iter(cookies.items()))
            assert ask(balancer.address, request("GET", "/", f"Cookie: {cookie}")).fields.has("Set-Cookie")


def test_a_client_whose_endpoint_is_gone_gets_another() -> None:
    with Fleet(2) as fleet:
        args = ("--policy", "sticky", "--sticky-secret", "s", "--workers", "1", "--health-check", "off")
        with Balancer(*upstreams(fleet), *args) as balancer:
            first = ask(balancer.address, request("GET", "/"))
            cookie = first.fields.one("Set-Cookie").partition(";")[0]
            home = next(each for each in fleet if each.name == first.content.decode())
            other = next(each for each in fleet if each is not home)
            home.stop()
            got = ask(balancer.address, request("GET", "/", f"Cookie: {cookie}"))
            assert (got.status, got.content.decode()) == (200, other.name)
            assert got.fields.one("Set-Cookie").partition(";")[0] != cookie


@pytest.mark.parametrize("policy", ["round-robin", "least-connections"])
def test_weights_are_shares(policy: str) -> None:
    """One request after another: where all are idle, nobody is left out because its weight is small."""
    with Fleet(2) as fleet:
        weighted = [f"--upstream={fleet[0].name},weight=3", f"--upstream={fleet[1].name}"]
        with Balancer(*weighted, "--policy", policy, "--workers", "1") as balancer:
            assert answers(balancer, 40) == {fleet[0].name: 30, fleet[1].name: 10}


def test_a_backup_serves_where_nobody_else_can() -> None:
    with Fleet(2) as fleet:
        pool = [f"--upstream={fleet[0].name}", f"--upstream={fleet[1].name},backup"]
        with Balancer(*pool, "--workers", "1", "--health-interval", "100ms", "--health-fall", "1") as balancer:
            balancer.wait_log(f"endpoint {fleet[0].name} is healthy")
            assert answers(balancer) == {fleet[0].name: 20}
            fleet[0].stop()
            balancer.wait_log("is unhealthy")
            wait_until(lambda: answers(balancer) == {fleet[1].name: 20}, "the backup serves")
            fleet[0].start()
            wait_until(lambda: answers(balancer) == {fleet[0].name: 20}, "the backup stands by again")


def test_a_tier_passes_on_what_it_cannot_bear() -> None:
    """Of three endpoints of the first tier one is left: 33% x 1.4 of the requests stay, the others spill over."""
    with Fleet(4) as fleet:
        pool = [f"--upstream={replica.name}" for replica in list(fleet)[:3]] + [f"--upstream={fleet[3].name},priority=1"]
        with Balancer(*pool, "--workers", "1", "--health-interval", "100ms", "--health-fall", "1") as balancer:
            for replica in fleet:
                balancer.wait_log(f"endpoint {replica.name} is healthy")
            assert fleet[3].name not in answers(balancer, 60)
            fleet[0].stop()
            fleet[1].stop()
            wait_until(lambda: len([l for l in balancer.log_lines() if "is unhealthy" in l]) == 2, "two are unhealthy")
            wait_until(lambda: set(answers(balancer, 30)) == {fleet[2].name, fleet[3].name}, "it spills over")
            counts = answers(balancer, 100)
            assert 44 <= counts[fleet[2].name] <= 49, counts
