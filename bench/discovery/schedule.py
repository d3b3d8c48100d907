"""The steps of a round, each a change to every pool, and the course of a run.

Replicas come and go as Docker's do: a record appears before its replica listens, and goes after it has ended. Every
step leaves REPLICAS listed and serving.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from signal import SIGKILL, SIGTERM

from .fleet import Fleet, Replica

REPLICAS = 2
ADDED = 3
# Measured under Docker 20.10 with Compose: 0.25 to 0.6 s from the record to the listening process (the interpreter's
# start is a tenth of it), and 0.1 to 0.2 s from its end to that of the record.
LAUNCHED_AFTER_LISTED_SECONDS = 0.3
UNLISTED_AFTER_END_SECONDS = 0.15
# How long a replica that is no longer listed still serves, and how long a dead one stays listed.
LINGER_SECONDS = 3.0
# From a new replica to the end of the one that it replaces.
OVERLAP_SECONDS = 1.2
# How long nobody is listed when all are replaced at once.
EMPTY_SECONDS = 0.2
# From a step's beginning to its change, so that what the change cuts short is the step's own.
LEAD_SECONDS = 0.2
# What nginx needs at most, at a resolution of a second, to let an answer go.
SETTLE_SECONDS = 2.2


@dataclass(frozen=True)
class Step:
    name: str
    title: str
    change: Callable[[Fleet], Awaitable[None]]


@dataclass(frozen=True)
class Window:
    """A step as it was run: the requests due from `start` to before `end` (monotonic) are its own."""

    step: str
    round: int
    start: float
    end: float


async def scale_up(fleet: Fleet) -> None:
    """Three more, which listen before they are listed."""
    fresh = fleet.reserve(ADDED)
    await fleet.launch(fresh)
    fleet.list(fresh)


async def scale_down(fleet: Fleet) -> None:
    """Three are no longer listed, go on serving for a while, and end."""
    leaving = fleet.oldest(ADDED)
    fleet.unlist(leaving)
    await asyncio.sleep(LINGER_SECONDS)
    await fleet.end(leaving, SIGTERM)


async def rolling(fleet: Fleet) -> None:
    """Each gets a successor, and ends a second after that has come."""
    for _ in range(REPLICAS):
        leaving = fleet.oldest(1)
        await appear(fleet, 1)
        await asyncio.sleep(OVERLAP_SECONDS)
        await disappear(fleet, leaving)


async def recreate(fleet: Fleet) -> None:
    """All end at once, and only then are others started."""
    began = time.monotonic()
    await disappear(fleet, fleet.oldest(REPLICAS))
    await asyncio.sleep(EMPTY_SECONDS)
    await appear(fleet, REPLICAS)
    fleet.outages_seconds.append(time.monotonic() - began)


async def kill(fleet: Fleet) -> None:
    """One dies without DNS noticing. Its address refuses connects."""
    leaving = fleet.oldest(1)
    await fleet.end(leaving, SIGKILL)
    await asyncio.sleep(LINGER_SECONDS)
    fleet.unlist(leaving)
    await appear(fleet, 1)


async def silence(fleet: Fleet) -> None:
    """The same, but its address does not even refuse."""
    leaving = fleet.oldest(1)
    await fleet.silence(leaving)
    await asyncio.sleep(LINGER_SECONDS)
    fleet.unlist(leaving)
    await appear(fleet, 1)
    await asyncio.sleep(SETTLE_SECONDS)
    fleet.end_silence(leaving)


STEPS = (
    Step("up", "2 to 5 replicas", scale_up),
    Step("down", "5 to 2 replicas", scale_down),
    Step("rolling", "replaced one by one", rolling),
    Step("recreate", "all replaced at once", recreate),
    Step("kill", "one killed, listed for 3 s more", kill),
    Step("silence", "one's host silent, listed for 3 s more", silence),
)


async def appear(fleet: Fleet, count: int) -> None:
    """New replicas come as under Docker: they are listed first."""
    fresh = fleet.reserve(count)
    fleet.list(fresh)
    await asyncio.sleep(LAUNCHED_AFTER_LISTED_SECONDS)
    await fleet.launch(fresh)


async def disappear(fleet: Fleet, leaving: list[Replica]) -> None:
    """Replicas go as under Docker: SIGTERM, and when they have ended, so do their records."""
    await fleet.end(leaving, SIGTERM)
    await asyncio.sleep(UNLISTED_AFTER_END_SECONDS)
    fleet.unlist(leaving)


async def run(fleet: Fleet, rounds: int, tell: Callable[[str], None]) -> list[Window]:
    """Runs all steps `rounds` times. Returns when each was, to the moment from which on nothing changed any more."""
    windows = []
    for number in range(rounds):
        for step in STEPS:
            tell(f"  round {number + 1}/{rounds}  {step.title}")
            fleet.step, start = step.name, time.monotonic()
            # The changes of each round fall elsewhere in the one-second cycles in which the proxies resolve.
            await asyncio.sleep(LEAD_SECONDS + number / rounds)
            await step.change(fleet)
            await asyncio.sleep(SETTLE_SECONDS)
            windows.append(Window(step.name, number, start, time.monotonic()))
        fleet.rotate()
    return windows
