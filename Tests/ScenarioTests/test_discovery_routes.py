"""A request's path decides which pool serves it: by the longest prefix that ends where a segment ends."""

from __future__ import annotations

import pytest

from support.balancer import Balancer
from support.client import Client, ask, request
from support.replicas import Fleet

DEFAULT, PAGE, A, AB = range(4)


@pytest.fixture(scope="module")
def fleet():
    with Fleet(4) as fleet:
        yield fleet


@pytest.fixture(scope="module")
def balancer(fleet: Fleet):
    routes = [f"--route=/tweet.html={fleet[PAGE].name}", f"--route=/a={fleet[A].name}"]
    with Balancer("--upstream", fleet[DEFAULT].name, *routes, "--route", f"/a/b={fleet[AB].name}") as balancer:
        yield balancer


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/", DEFAULT),
        ("/?/a", DEFAULT),
        ("/tweet.html", PAGE),
        ("/tweet.html?x=1", PAGE),
        ("/tweet.html/", PAGE),
        ("/tweet.html/more", PAGE),
        ("/tweet.htmlx", DEFAULT),
        ("/tweet.htm", DEFAULT),
        ("/tweet", DEFAULT),
        ("/Tweet.html", DEFAULT),
        ("/x/tweet.html", DEFAULT),
        ("/a", A),
        ("/a/", A),
        ("/a?x", A),
        ("/a?x=/a/b", A),
        ("/a/c", A),
        ("/a/bc", A),
        ("/a//b", AB),
        ("/ab", DEFAULT),
        ("/A", DEFAULT),
        ("//a", A),
        ("/a/b", AB),
        ("/a/b/", AB),
        ("/a/b?", AB),
        ("/a/b/c/d", AB),
        ("http://test/a/b", AB),
        ("http://test", DEFAULT),
        ("http://test?x", DEFAULT),
    ],
)
def test_longest_prefix_on_segment_boundaries(balancer: Balancer, fleet: Fleet, target: str, expected: int) -> None:
    answer = ask(balancer.address, request("GET", target))
    assert (answer.status, answer.content.decode()) == (200, fleet[expected].name)


def test_options_asterisk_goes_to_the_default_pool(balancer: Balancer, fleet: Fleet) -> None:
    assert ask(balancer.address, request("OPTIONS", "*")).content.decode() == fleet[DEFAULT].name


def test_requests_of_one_connection_are_routed_each_for_itself(balancer: Balancer, fleet: Fleet) -> None:
    with Client(balancer.address) as client:
        answers = [client.get(target).content.decode() for target in ("/a", "/", "/a/b", "/tweet.html", "/a")]
        assert answers == [fleet[index].name for index in (A, DEFAULT, AB, PAGE, A)]
        client.send(b"".join(request("GET", target) for target in ("/a", "/", "/a/b")))
        assert [client.response().content.decode() for _ in range(3)] == [fleet[i].name for i in (A, DEFAULT, AB)]


def test_a_path_given_twice_adds_to_its_pool() -> None:
    with Fleet(3) as fleet:
        routes = [f"--route=/a={fleet[0].name}", f"--route=/b={fleet[2].name}", f"--route=/a={fleet[1].name}"]
        with Balancer(*routes, "--workers", "1") as balancer, Client(balancer.address) as client:
            answers = [client.get("/a").content.decode() for _ in range(10)]
            assert [answers.count(replica.name) for replica in fleet] == [5, 5, 0]


def test_no_route_is_404_and_the_connection_goes_on() -> None:
    with Fleet(1) as fleet, Balancer("--route", f"/a={fleet[0].name}") as balancer:
        for target in ("/", "/ab", "/b?/a"):
            assert ask(balancer.address, request("GET", target)).status == 404
        assert ask(balancer.address, request("OPTIONS", "*")).status == 404
        assert fleet[0].requests == []
        assert ask(balancer.address, request("GET", "/a")).status == 200


def test_a_route_for_everything() -> None:
    with Fleet(2) as fleet:
        with Balancer("--route", f"/={fleet[0].name}", "--route", f"/a={fleet[1].name}") as balancer:
            assert ask(balancer.address, request("GET", "/x/y")).content.decode() == fleet[0].name
            assert ask(balancer.address, request("GET", "/a/y")).content.decode() == fleet[1].name
