"""Endpoints that are passed over for what they did to requests, and taken back."""

from __future__ import annotations

from collections import Counter

from support.balancer import Balancer
from support.client import Client
from support.deadline import wait_until
from support.endpoints import answers, endpoints, upstreams

# Probes would find some of this out by themselves.
UNPROBED = ["--health-check", "off", "--workers", "1"]


def wait_said(balancer: Balancer, text: str, lines: int = 1) -> None:
    """Asks until so many lines of the event log have this text. Requests that fail are tried elsewhere: none shows."""

    def said() -> bool:
        answers(balancer, requests=5)
        return sum(text in line for line in balancer.log_lines()) == lines

    wait_until(said, f"{lines} lines with {text!r}")


def test_an_endpoint_that_fails_is_ejected_tried_and_taken_back() -> None:
    with endpoints(3) as made, Balancer(*upstreams(made), *UNPROBED, "--ejection-time", "300ms") as balancer:
        made[0].fails = True
        wait_said(balancer, f"endpoint {made[0].name} is ejected for 300 ms: 5 failures in a row (answered 500)")
        asked = len(made[0].origin.requests)
        assert made[0].name not in answers(balancer, requests=10)
        assert len(made[0].origin.requests) == asked

        # Each trial fails, and the next ejection lasts twice as long.
        wait_said(balancer, f"warning endpoint {made[0].name} is ejected for 600 ms: its trial failed")
        made[0].fails = False
        wait_said(balancer, f"info endpoint {made[0].name} serves again after ")
        wait_until(lambda: answers(balancer, 30)[made[0].name] == 10, "it has its share")


def test_no_more_than_half_are_ejected() -> None:
    """Three of four fail: two are ejected, so that one that fails stays beside the one that does not."""
    args = [*UNPROBED, "--panic-threshold", "0%", "--retry-attempts", "4"]
    with endpoints(4) as made, Balancer(*upstreams(made), *args) as balancer:
        for endpoint in made[1:]:
            endpoint.fails = True
        wait_said(balancer, " is ejected for 5 s: ", lines=2)
        wait_said(balancer, "is not ejected for 5 failures in a row (answered 500): of 4 endpoints at most 2 may be")
        assert sum(" is ejected for " in line for line in balancer.log_lines()) == 2


def test_the_only_endpoint_is_never_ejected() -> None:
    with endpoints(1) as made, Balancer(*upstreams(made), *UNPROBED) as balancer:
        made[0].fails = True
        with Client(balancer.address) as client:
            assert {client.get().status for _ in range(20)} == {500}
        balancer.wait_log("is not ejected for 5 failures in a row .answered 500.: of 1 endpoint at most 0 may be")
        made[0].fails = False
        assert answers(balancer)[made[0].name] == 20


def test_an_outlier_is_ejected() -> None:
    """It fails each third request, never several in a row: success rates, which are compared every 10 s, tell."""
    with endpoints(6) as made, Balancer(*upstreams(made), *UNPROBED) as balancer:
        made[0].fails_each = 3

        def said() -> bool:
            answers(balancer, requests=60)
            return any(" is ejected for 5 s: " in line for line in balancer.log_lines())

        wait_until(said, "an endpoint is ejected", within=15)
        balancer.wait_log(f"endpoint {made[0].name} is ejected for 5 s: .*% of its requests succeeded, .*% on average")
        assert made[0].name not in answers(balancer, requests=30)
        assert sum(" is ejected" in line for line in balancer.log_lines()) == 1


def test_ejection_can_be_turned_off() -> None:
    args = [*UNPROBED, "--ejection", "off", "--retry-on", "off"]
    with endpoints(2) as made, Balancer(*upstreams(made), *args) as balancer:
        made[0].fails = True
        with Client(balancer.address) as client:
            assert Counter(client.get().status for _ in range(40)) == {200: 20, 500: 20}
        assert not any("eject" in line for line in balancer.log_lines())
