"""DNS fails, lies and changes its mind under load, and no client notices."""

from __future__ import annotations

import time

from support.deadline import SLOWNESS, seconds
from support.deployment import NAME, Deployment
from support.dns import SERVFAIL, SILENCE
from support.faulty_replica import Event
from support.traffic import Traffic
from support.verdict import Judge

OUTAGE = 30.0 if SLOWNESS == 1 else 9.0
# From a DNS answer to the last request that was chosen an endpoint for by what was known before.
PROPAGATION = 0.1


def test_dns_down(judge: Judge) -> None:
    """For half a minute no name server is of any use: it is silent, then nobody listens, then it fails. Meanwhile one
    replica restarts and another one ends, of which nobody can tell the balancer."""
    with Deployment(3) as web, web.balancer() as balancer:
        with Traffic(balancer.address, "GET", "POST") as traffic:
            down = time.monotonic()
            web.dns.answer(NAME, SILENCE)
            traffic.keep_on_until(down + OUTAGE / 3)
            web.dns.stop()
            web[0].terminate()
            web[0].start()
            traffic.keep_on_until(down + OUTAGE * 2 / 3)
            web.start_dns()
            web.dns.answer(NAME, SERVFAIL)
            web[1].terminate()
            late = web.add()
            late.wait_ready()
            traffic.keep_on_until(down + OUTAGE)
            web.name(web[0], late)
            traffic.wait_served(web[0], late, within=6)
        judge(web, balancer, traffic)


def test_dns_flapping(judge: Judge) -> None:
    """Five times a second DNS goes from one set of replicas to the other and back."""
    with Deployment(4) as web, web.balancer("--resolve-interval", "100ms") as balancer:
        sets = list(web)[:2], list(web)[2:]
        followed = 0
        with Traffic(balancer.address, "GET", "POST") as traffic:
            for turn in range(20):
                named = sets[turn % 2]
                web.name(*named)
                changed = time.monotonic()
                traffic.keep_on(0.2)
                followed += bool(traffic.served_since(changed).keys() & {replica.host for replica in named})
        judge(web, balancer, traffic)
        assert followed >= 16, f"only {followed} of 20 changes were followed before the next one"


def test_an_address_reused_by_another_service(judge: Judge) -> None:
    """DNS takes an address away; then somebody else answers there. What is promised: `PROPAGATION` after the DNS
    server has answered without an address, no request goes there any more, and no connection is left or made, be it
    for a retry or a health check. Before that answer, nobody can know."""
    with Deployment(3) as web, web.balancer() as balancer:
        with Traffic(balancer.address, "GET", "POST") as traffic:
            for replica in web.replicas[:2]:
                web.name(*[other for other in web if other is not replica])
                gone = web.dns.wait_queries(NAME, 2)[-1].at + seconds(PROPAGATION)
                traffic.keep_on_until(gone)
                assert not web.ledger.entries(Event.ARRIVED, replica=replica, since=gone)
                replica.kill()
                stranger = web.stranger(replica)
                stranger.start()
                traffic.keep_on(1)
                met = web.ledger.entries(Event.CONNECTED, replica=replica, since=gone)
                assert not met, f"the stranger met {met}"
                stranger.kill()
                replica.start()
                web.name(*web)
                traffic.wait_served(replica, within=10)
        judge(web, balancer, traffic)
