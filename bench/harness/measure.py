"""One case: the proxies in turn, round after round."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from . import syscalls
from .accounting import Memory, ProcessorTime, machine_busy_seconds
from .cases import Case
from .load import Wrk, children_seconds, idle_connections
from .processes import Failure
from .servers import Server, Stage

WARM_UP_SECONDS = 1
STRACE_LOAD_SECONDS = 60
IDLE_CONNECTIONS_BEFORE = 64

Item = TypeVar("Item")


@dataclass(frozen=True)
class Plan:
    """How long to measure: `rounds` times `seconds` for each proxy in each case, then once under strace."""

    proxies: list[str]
    rounds: int
    seconds: int
    strace_seconds: int


@dataclass(frozen=True)
class Sample:
    """What one round of one proxy gave. `metrics` are named with their unit last; `failed` counts requests."""

    round: int
    proxy: str
    metrics: dict[str, float]
    failed: int = 0


@dataclass
class Measured:
    """All that was seen of one case; `calls` are system calls per request, by proxy and name."""

    case: Case
    samples: list[Sample] = field(default_factory=list)
    calls: dict[str, dict[str, float]] = field(default_factory=dict)


def measure(stage: Stage, case: Case, plan: Plan, tell: Callable[[str], None]) -> Measured:
    """Measures `case` as `plan` says, with a line of progress per round to `tell`."""
    return idle(stage, case, plan, tell) if case.idle else loaded(stage, case, plan, tell)


def loaded(stage: Stage, case: Case, plan: Plan, tell: Callable[[str], None]) -> Measured:
    """All proxies run through the whole case, at rest but for the one whose turn it is."""
    measured = Measured(case)
    with running(stage, plan.proxies) as servers:
        for server in servers:
            wrk(stage, case, server, WARM_UP_SECONDS).result()
        for number in range(plan.rounds):
            turn = [loaded_round(stage, case, server, number, plan.seconds) for server in rotated(servers, number)]
            measured.samples += turn
            tell(progress(number, plan, turn, "cpu_us", "us"))
        for server in servers:
            measured.calls[server.name] = traced(stage, case, server, plan.strace_seconds)
    return measured


def idle(stage: Stage, case: Case, plan: Plan, tell: Callable[[str], None]) -> Measured:
    """Each round starts its proxies afresh: memory that was taken once is not always given back."""
    measured = Measured(case)
    for number in range(plan.rounds):
        turn = []
        for name in rotated(plan.proxies, number):
            with running(stage, [name]) as [server]:
                turn.append(idle_round(case, server, number))
        measured.samples += turn
        tell(progress(number, plan, turn, "pss_bytes", "bytes"))
    return measured


def loaded_round(stage: Stage, case: Case, server: Server, number: int, seconds: int) -> Sample:
    """One run of wrk, and the processor time that `server` used over it."""
    busy, others = machine_busy_seconds(), known_seconds(stage, server)
    began, before = time.monotonic(), ProcessorTime.of(server.pid)
    load = wrk(stage, case, server, seconds).result()
    used, took = ProcessorTime.of(server.pid).since(before), time.monotonic() - began
    strangers = machine_busy_seconds() - busy - (known_seconds(stage, server) - others)
    if load.requests == 0:
        raise Failure(f"{server.name} answered no request of case {case.name}")
    return Sample(number, server.name, {
        "requests_per_second": load.requests / load.seconds,
        "cpu_us": used.total / load.requests * 1e6,
        "cpu_user_us": used.user / load.requests * 1e6,
        "cpu_system_us": used.system / load.requests * 1e6,
        "p50_us": load.p50_us,
        "p99_us": load.p99_us,
        "requests": load.requests,
        # How much of a processor the proxy had, and how much of one the machine's other work took.
        "busy": used.total / took,
        "strangers": max(0.0, strangers) / took,
    }, load.failed)


def known_seconds(stage: Stage, server: Server) -> float:
    """Processor seconds of all that belongs to the measurement: proxy, upstream and every wrk so far."""
    return ProcessorTime.of(server.pid).total + ProcessorTime.of(stage.upstream.pid).total + children_seconds()


def traced(stage: Stage, case: Case, server: Server, seconds: int) -> dict[str, float]:
    """System calls per request in a run of its own, since strace slows what it watches."""
    before = stage.proxied_requests()
    load = wrk(stage, case, server, STRACE_LOAD_SECONDS)
    load.wait_until(lambda: stage.proxied_requests() > before + 2 * case.connections)
    calls = syscalls.count(stage, server, seconds)
    load.end()
    return calls


def idle_round(case: Case, server: Server, number: int) -> Sample:
    """Bytes of memory that each of many idle connections adds to `server`."""
    # The first few connections fill pools and load code: that is not the price of a connection.
    with idle_connections(server, IDLE_CONNECTIONS_BEFORE):
        before = Memory.of(server.pid)
        with idle_connections(server, case.idle):
            after = Memory.of(server.pid)
    return Sample(number, server.name, {
        "pss_bytes": (after.pss - before.pss) / case.idle,
        "rss_bytes": (after.rss - before.rss) / case.idle,
        "resident_mib": after.rss / (1 << 20),
    })


@contextmanager
def running(stage: Stage, names: list[str]) -> Iterator[list[Server]]:
    """The proxies of these names, started, and ended when the block is left."""
    servers: list[Server] = []
    try:
        for name in names:
            servers.append(stage.proxy(name))
        yield servers
    finally:
        for server in servers:
            stage.processes.end(server.process)


def wrk(stage: Stage, case: Case, server: Server, seconds: int) -> Wrk:
    return Wrk(stage.processes, case, server, seconds, stage.directory / "wrk.log", stage.placement.load)


def rotated(items: list[Item], by: int) -> list[Item]:
    """`items` beginning elsewhere each time, so that none always comes first."""
    by %= len(items)
    return items[by:] + items[:by]


def progress(number: int, plan: Plan, turn: list[Sample], metric: str, unit: str) -> str:
    figures = sorted(turn, key=lambda sample: plan.proxies.index(sample.proxy))
    text = "  ".join(f"{sample.proxy} {sample.metrics[metric]:.1f}" for sample in figures)
    return f"  round {number + 1}/{plan.rounds}  {text}  {unit}"
