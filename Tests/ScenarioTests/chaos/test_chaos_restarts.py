"""Replicas are restarted, killed, taken away and added under load, and no client notices."""

from __future__ import annotations

import random
import time

from support.deadline import SLOWNESS
from support.deployment import Deployment, Replica
from support.traffic import Outcome, Traffic
from support.verdict import Judge

SETTLED = 0.3  # between two restarts: what comes up next is not waited for
# What an answer may hold so that it leaves in one piece: of one that has begun, the rest dies with its replica.
ONE_PIECE = 5_000


def test_rolling_restart_with_sigterm(judge: Judge) -> None:
    """Each replica in its turn stops listening, finishes what it has, ends within a second, and comes back where it
    was. DNS names it all the time."""
    with Deployment(4) as web, web.balancer() as balancer:
        with Traffic(balancer.address, "GET", "POST") as traffic:
            for replica in web:
                replica.terminate()
                replica.start()
                traffic.keep_on(SETTLED)
            traffic.wait_served(*web, within=10)
        judge(web, balancer, traffic)


def test_rolling_replacement_with_sigterm(judge: Judge) -> None:
    """Each replica gives way to one at another address, as under a container engine: DNS names the new one before it
    listens, and the old one until it has ended."""
    with Deployment(3) as web, web.balancer() as balancer:
        with Traffic(balancer.address, "GET", "POST") as traffic:
            named = list(web)
            for replica in list(web):
                named.append(web.add())
                web.name(*named)
                named[-1].wait_ready()
                replica.terminate()
                named.remove(replica)
                web.name(*named)
                traffic.keep_on(SETTLED)
            traffic.wait_served(*named, within=10)
        judge(web, balancer, traffic)


def test_rolling_restart_with_sigkill(judge: Judge) -> None:
    """Without a warning, twice around; requests that may be sent twice."""
    with Deployment(4) as web, web.balancer() as balancer:
        with Traffic(balancer.address, "GET", "PUT", answer_bytes=ONE_PIECE) as traffic:
            for replica in [*web, *web]:
                replica.kill()
                replica.start()
                traffic.keep_on(SETTLED)
            traffic.wait_served(*web, within=10)
        judge(web, balancer, traffic)


def test_scale_to_zero_and_back_within_the_queue_time(judge: Judge) -> None:
    """All replicas end at once, and DNS forgets them. Others listen and have their names half of the time later that
    requests wait at most."""
    patience = 1.0 * SLOWNESS
    with Deployment(2) as web, web.balancer("--queue-timeout", f"{round(patience * 1000)}ms") as balancer:
        with Traffic(balancer.address, "GET", "POST") as traffic:
            for _ in range(2):
                traffic.keep_on(0.5)
                old = web.replicas[-2:]
                gone = time.monotonic()
                for replica in old:
                    replica.ask_to_end()
                web.name()
                new = [web.add(), web.add()]
                traffic.keep_on_until(gone + patience / 2)
                for replica in new:
                    replica.wait_ready()
                web.name(*new)
                for replica in old:
                    replica.wait_ended()
                traffic.wait_served(*new, within=3)
        judge(web, balancer, traffic)


def test_random_kills_and_joins(judge: Judge) -> None:
    """Replicas join, leave, are killed for good, or killed and restarted, in any order. A POST that was under way while
    a replica was being killed may fail, since nobody knows whether it was done; nothing else may."""
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    dice = random.Random(seed)
    kills: list[tuple[float, float]] = []

    def kill(replica: Replica) -> None:
        began = time.monotonic()
        replica.kill()
        kills.append((began, time.monotonic()))

    def excused(outcome: Outcome) -> bool:
        met = any(outcome.began <= ended and began <= outcome.ended for began, ended in kills)
        return met and outcome.method == "POST" and outcome.status == 502

    with Deployment(3) as web, web.balancer() as balancer:
        with Traffic(balancer.address, "GET", "PUT", "POST", answer_bytes=ONE_PIECE) as traffic:
            present = list(web)
            end = time.monotonic() + 6
            while time.monotonic() < end:
                traffic.keep_on(dice.uniform(0, 0.5))
                change = dice.choice(["join", "join", "leave", "die", "restart"])
                if change == "join" and len(present) < 8:
                    present.append(web.add())
                    web.name(*present)
                elif change == "leave" and len(present) > 2:
                    present.pop(dice.randrange(len(present))).terminate()
                    web.name(*present)
                elif change == "die" and len(present) > 2:
                    kill(present.pop(dice.randrange(len(present))))
                    traffic.keep_on(dice.uniform(0, 0.2))
                    web.name(*present)
                elif change == "restart" and len(present) > 2:
                    struck = dice.choice(present)
                    kill(struck)
                    struck.start()
            print(f"{len(kills)} kills, {len(web.replicas)} replicas in all")
        judge(web, balancer, traffic, excused)
