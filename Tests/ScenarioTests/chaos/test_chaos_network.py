"""A network that loses, delays and swallows packets between the balancer and everything behind it, DNS included.

The link between two network namespaces is a program (see `support.link`), because not every kernel has netem.
"""

from __future__ import annotations

import pytest

from support.deployment import Deployment
from support.link import Link, require_link
from support.traffic import Traffic
from support.verdict import Judge

ANSWER_BYTES = 5_000


@pytest.mark.parametrize(
    ("loss", "delay", "jitter"),
    [(0.03, 0, 0), (0.02, 0.01, 0.02)],
    ids=["loss", "loss-delay-and-disorder"],
)
def test_a_bad_network(judge: Judge, loss: float, delay: float, jitter: float) -> None:
    require_link()
    with Link(loss, delay, jitter) as link, link.far():
        with Deployment(3, link.network, link.host) as web, link.near(), web.balancer() as balancer:
            with Traffic(balancer.address, "GET", "POST", answer_bytes=ANSWER_BYTES) as traffic:
                traffic.keep_on(3)
                traffic.wait_served(*web, within=5)
            judge(web, balancer, traffic)


def test_a_replica_that_is_cut_off(judge: Judge) -> None:
    """No packet reaches it or comes from it, for three seconds: no reset, no refusal, nothing."""
    require_link()
    with Link(delay=0.002) as link, link.far():
        args = ["--try-timeout", "300ms", "--ejection-time", "500ms", "--slow-start", "0"]
        with Deployment(3, link.network, link.host) as web, link.near(), web.balancer(*args) as balancer:
            with Traffic(balancer.address, "GET", "PUT", answer_bytes=ANSWER_BYTES) as traffic:
                link.cut_off(web[0].host)
                traffic.keep_on(3)
                link.cut_off()
                traffic.wait_served(*web, within=10)
            judge(web, balancer, traffic)
