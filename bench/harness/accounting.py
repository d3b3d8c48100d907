"""Processor time and memory of a process tree, read from /proc (see proc(5))."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def tree(root: int) -> list[int]:
    """`root` and every process below it."""
    found = [root]
    for pid in found:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            found += [int(child) for child in (thread / "children").read_text().split()]
    return found


def threads(root: int) -> list[Path]:
    """The /proc directory of every thread of the tree below `root`."""
    return [thread for pid in tree(root) for thread in Path(f"/proc/{pid}/task").iterdir()]


@dataclass(frozen=True)
class ProcessorTime:
    """Seconds on a processor. The kernel knows the sum to the nanosecond and samples its parts at each tick."""

    total: float
    user: float
    system: float

    @staticmethod
    def of(root: int) -> ProcessorTime:
        nanoseconds = user = system = 0
        for thread in threads(root):
            nanoseconds += int((thread / "schedstat").read_text().split()[0])
            # The name, field 2, may hold spaces; user and system time are fields 14 and 15.
            fields = (thread / "stat").read_text().rpartition(")")[2].split()
            user += int(fields[11])
            system += int(fields[12])
        return ProcessorTime(nanoseconds / 1e9, user / TICKS_PER_SECOND, system / TICKS_PER_SECOND)

    def since(self, before: ProcessorTime) -> ProcessorTime:
        """What was used since `before`: the exact sum, split as the ticks fell."""
        total = self.total - before.total
        user = self.user - before.user
        system = self.system - before.system
        share = user / (user + system) if user + system > 0 else 0.0
        return ProcessorTime(total, total * share, total * (1 - share))


@dataclass(frozen=True)
class Memory:
    """Bytes of memory: `pss` counts a page shared by n processes as 1/n of it in each, `rss` in full."""

    pss: int
    rss: int

    @staticmethod
    def of(root: int) -> Memory:
        pss = rss = 0
        for pid in tree(root):
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                name, _, rest = line.partition(":")
                if name == "Pss":
                    pss += int(rest.split()[0]) * 1024
                elif name == "Rss":
                    rss += int(rest.split()[0]) * 1024
        return Memory(pss, rss)


def machine_busy_seconds() -> float:
    """Seconds that all processors together were busy since boot, stolen time included."""
    user, nice, system, _, _, irq, softirq, steal = map(int, Path("/proc/stat").read_text().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / TICKS_PER_SECOND
