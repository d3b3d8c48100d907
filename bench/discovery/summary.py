"""What was seen, by step and proxy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from statistics import median
from typing import Any

from .fleet import Pool, Replica
from .load import Outcome
from .schedule import STEPS, Window

# Where replicas go on serving without being listed: only there a proxy's last request says when it took note.
SERVE_UNLISTED = {"down"}


def summarize(pool: Pool, outcomes: list[Outcome], windows: list[Window]) -> dict[str, Any]:
    """The figures of one proxy: over the whole run, and for each step."""
    all_steps = [step.name for step in STEPS]
    return {"all": figures(pool, outcomes, windows, all_steps),
            "steps": {name: figures(pool, outcomes, windows, [name]) for name in all_steps}}


def figures(pool: Pool, outcomes: list[Outcome], windows: list[Window], steps: list[str]) -> dict[str, Any]:
    within = [window for window in windows if window.step in steps]
    seen = [outcome for outcome in outcomes if any(w.start <= outcome.due < w.end for w in within)]
    firsts = [first_seconds(replica) for replica in pool.ever if replica.listed_in in steps]
    lasts = [last_seconds(replica) for replica in pool.ever
             if replica.unlisted_in in steps and replica.unlisted_in in SERVE_UNLISTED]
    return {
        "requests": len(seen),
        "failed": sum(outcome.error is not None for outcome in seen),
        "errors": dict(Counter(outcome.error for outcome in seen if outcome.error is not None)),
        "longest_seconds": round(max((outcome.seconds for outcome in seen), default=0.0), 3),
        "first_request": spread(firsts),
        "last_request": spread(lasts),
    }


def first_seconds(replica: Replica) -> float | None:
    """From when a replica was both listed and listening to its first request; None where there was none."""
    listening, *requests = replica.record()
    usable = max(listening, replica.listed_at or 0.0)
    return max(0.0, requests[0] - usable) if requests else None


def last_seconds(replica: Replica) -> float:
    """From when a replica was no longer listed to its last request; 0 where none came any more."""
    _, *requests = replica.record()
    return max(0.0, max(requests, default=0.0) - (replica.unlisted_at or 0.0))


def spread(seconds: Iterable[float | None]) -> dict[str, Any] | None:
    """Median and worst of these; `never` counts what did not happen at all."""
    every = list(seconds)
    known = [each for each in every if each is not None]
    if not every:
        return None
    return {"count": len(every), "never": len(every) - len(known),
            "median_seconds": round(median(known), 3) if known else None,
            "worst_seconds": round(max(known), 3) if known else None}
