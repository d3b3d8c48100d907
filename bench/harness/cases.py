"""What is measured, and what is to be reached."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Target:
    """A bound on the balancer's own figure, or on its ratio to a peer's where `versus` names one."""

    metric: str
    most: float
    versus: str | None = None


@dataclass(frozen=True)
class Case:
    """One kind of load. `path` is the upstream's; `idle` cases open that many connections and leave them."""

    name: str
    title: str
    path: str = "/small"
    connections: int = 64
    close: bool = False
    body_bytes: int = 0
    answer_bytes: int | None = None
    idle: int = 0
    targets: tuple[Target, ...] = field(default=())


def cpu(nginx: float, haproxy: float) -> tuple[Target, ...]:
    return (Target("cpu_us", nginx, "nginx"), Target("cpu_us", haproxy, "haproxy"))


SMALL_BODY = "x" * 128

CASES: tuple[Case, ...] = (
    Case("small-1", "small answer, 1 connection", connections=1, answer_bytes=128),
    Case("small-64", "small answer, 64 connections", answer_bytes=128,
         targets=cpu(0.85, 0.80) + (Target("p99_us", 1.00, "nginx"), Target("p99_us", 1.00, "haproxy"),
                                    Target("io_calls", 4.1))),
    Case("small-512", "small answer, 512 connections", connections=512, answer_bytes=128),
    Case("new-connection", "new connection per request", close=True, answer_bytes=128, targets=cpu(0.85, 0.85)),
    Case("16k", "16 KiB answer", path="/16k", answer_bytes=16 << 10, targets=cpu(0.85, 0.85)),
    Case("1m", "1 MiB answer", path="/1m", connections=16, answer_bytes=1 << 20, targets=cpu(0.50, 0.70)),
    Case("post-16k", "POST of 16 KiB", path="/upload", body_bytes=16 << 10),
    Case("idle", "5,000 idle connections", idle=5000, targets=(Target("pss_bytes", 512),)),
)


def named(names: list[str]) -> list[Case]:
    """The cases of these names, in the order of CASES. Raises ValueError for a name that is none."""
    known = [case.name for case in CASES]
    for name in names:
        if name not in known:
            raise ValueError(f'--cases: "{name}" is no case; use some of {",".join(known)}')
    return [case for case in CASES if case.name in names]
