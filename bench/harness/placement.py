"""Which processor each process runs on."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Placement:
    """The processors of the proxy under test, of the upstream and of the load generator."""

    proxy: frozenset[int]
    upstream: frozenset[int]
    load: frozenset[int]

    def describe(self) -> str:
        if self.proxy == self.load:
            return "not pinned"
        return (f"proxy on CPU {spell(self.proxy)}, upstream on CPU {spell(self.upstream)}, "
                f"wrk on CPU {spell(self.load)}")


def spell(cpus: frozenset[int]) -> str:
    return ",".join(str(cpu) for cpu in sorted(cpus))


def placement(pinned: bool) -> Placement:
    """The proxy alone on one processor; upstream and wrk on the next two, or sharing one where there are but two."""
    every = sorted(os.sched_getaffinity(0))
    if not pinned or len(every) < 2:
        return Placement(*[frozenset(every)] * 3)
    return Placement(frozenset(every[:1]), frozenset(every[1:2]), frozenset(every[2:3] or every[1:2]))
