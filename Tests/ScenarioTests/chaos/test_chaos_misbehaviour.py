"""One of three replicas misbehaves under load: no client notices, it is left alone, and used again once it is well."""

from __future__ import annotations

import time

import pytest

from support.deadline import seconds
from support.deployment import Deployment
from support.faulty_replica import Behaviour, Event
from support.traffic import Traffic
from support.verdict import Judge

# A request that a silent replica has is tried elsewhere after that time. What is ejected gets its first trial soon, so
# that there are several, and its full share of requests as soon as it has passed one.
ARGS = ["--try-timeout", "300ms", "--ejection-time", "500ms", "--slow-start", "0"]
FOUND_OUT_WITHIN = 1.5
SETTLED = 0.4  # after the ejection: what was sent before it, or chosen by a worker that had not heard, has ended
LEFT_ALONE = 1.5
CLIENTS = 40  # many requests at once meet the replica before it is found out
TOUCHES_MAX = 8  # connections and requests: trials, and checks of its health


@pytest.mark.parametrize("behaviour", [Behaviour.SILENCE, Behaviour.FAIL, Behaviour.RESET, Behaviour.RESET_READING])
def test_a_replica_that_misbehaves(judge: Judge, behaviour: str) -> None:
    """It reads requests and never answers, or answers 500 to everything, or resets each connection as soon as it is
    accepted, or in the middle of a request. Connecting works all the time."""
    with Deployment(3) as web, web.balancer(*ARGS) as balancer:
        with Traffic(balancer.address, "GET", "PUT", kept=CLIENTS) as traffic:
            web[0].behave(behaviour)
            balancer.wait_log(f"endpoint {web[0].host}:{web.port} is ejected", FOUND_OUT_WITHIN)
            traffic.keep_on(seconds(SETTLED))
            found_out = time.monotonic()
            traffic.keep_on(LEFT_ALONE)
            touches = len(web.ledger.entries(Event.CONNECTED, Event.ARRIVED, replica=web[0], since=found_out))
            share = sum(traffic.served_since(found_out).values()) // 3
            web[0].behave(Behaviour.ANSWER)
            traffic.wait_served(web[0], within=10)
        judge(web, balancer, traffic)
        assert touches <= TOUCHES_MAX < share, f"{touches} connections and requests, where {share} would be fair"


def test_a_replica_that_hangs_is_noticed_by_default(judge: Judge) -> None:
    """Nothing is set, its health check is passed (connecting works), and clients would not wait for `--try-timeout`."""
    with Deployment(3) as web, web.balancer() as balancer:
        with Traffic(balancer.address, "GET", "PUT") as traffic:
            web[0].behave(Behaviour.SILENCE)
            balancer.wait_log(f"endpoint {web[0].host}:{web.port} is ejected", 6)
            # Its trials meet the same silence.
            balancer.wait_log(f"endpoint {web[0].host}:{web.port} is ejected .*: its trial failed", 12)
            web[0].behave(Behaviour.ANSWER)
        judge(web, balancer, traffic)


def test_a_replica_that_freezes(judge: Judge) -> None:
    """The kernel goes on to accept connections for a process that is stopped."""
    with Deployment(3) as web, web.balancer(*ARGS) as balancer:
        with Traffic(balancer.address, "GET", "PUT", kept=CLIENTS) as traffic:
            web[0].freeze()
            balancer.wait_log(f"endpoint {web[0].host}:{web.port} is ejected", FOUND_OUT_WITHIN)
            traffic.keep_on(LEFT_ALONE)
            web[0].thaw()
            traffic.wait_served(web[0], within=10)
        judge(web, balancer, traffic)
