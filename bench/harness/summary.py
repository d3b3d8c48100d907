"""Medians of the rounds and of the ratios, and which target is reached."""

from __future__ import annotations

from dataclasses import asdict
from statistics import median
from typing import Any

from .cases import Target
from .measure import Measured
from .syscalls import io_calls

OURS = "balancer"


def summarize(measured: Measured) -> dict[str, Any]:
    """One case's results as they are written: every round, medians, ratios, system calls, targets."""
    case = measured.case
    by_proxy: dict[str, dict[int, dict[str, float]]] = {}
    for sample in measured.samples:
        by_proxy.setdefault(sample.proxy, {})[sample.round] = sample.metrics
    medians = {proxy: {metric: median(round[metric] for round in rounds.values()) for metric in rounds[0]}
               for proxy, rounds in by_proxy.items()}
    for proxy, calls in measured.calls.items():
        medians[proxy]["io_calls"] = io_calls(calls)
    ratios = {peer: ratios_to(by_proxy[OURS], rounds) for peer, rounds in by_proxy.items()
              if peer != OURS and OURS in by_proxy}
    return {
        "name": case.name,
        "title": case.title,
        "medians": medians,
        "ratios": ratios,
        "targets": [verdict(target, medians, ratios) for target in case.targets] if OURS in medians else [],
        "failed": {proxy: sum(sample.failed for sample in measured.samples if sample.proxy == proxy)
                   for proxy in by_proxy},
        "system_calls_per_request": measured.calls,
        "rounds": [asdict(sample) for sample in measured.samples],
    }


def ratios_to(ours: dict[int, dict[str, float]], peers: dict[int, dict[str, float]]) -> dict[str, dict[str, float]]:
    """Per metric the median, lowest and highest of the rounds' ratios, ours to the peer's of the same round."""
    result = {}
    for metric in ours[0]:
        each = [ours[number][metric] / peers[number][metric] for number in ours if peers[number][metric]]
        if each:
            result[metric] = {"median": median(each), "low": min(each), "high": max(each)}
    return result


def verdict(target: Target, medians: dict[str, dict[str, float]],
            ratios: dict[str, dict[str, dict[str, float]]]) -> dict[str, Any]:
    """The target with what was measured; `reached` is None where the peer or the metric was not measured."""
    if target.versus is None:
        value = medians[OURS].get(target.metric)
    else:
        value = ratios.get(target.versus, {}).get(target.metric, {}).get("median")
    return asdict(target) | {"value": value, "reached": None if value is None else value <= target.most}
