"""The results as a Markdown page, which is also what the terminal shows."""

from __future__ import annotations

from typing import Any

from .summary import OURS

LABELS = {"balancer": "balancer", "nginx": "nginx", "haproxy": "HAProxy"}
METRICS = {"cpu_us": "CPU per request", "p99_us": "p99", "io_calls": "I/O calls per request",
           "pss_bytes": "bytes per idle connection"}


def markdown(results: dict[str, Any]) -> str:
    """The whole page."""
    proxies = results["options"]["proxies"]
    loaded = [case for case in results["cases"] if "cpu_us" in next(iter(case["medians"].values()))]
    idle = [case for case in results["cases"] if case not in loaded]
    parts = ["# Benchmark results", machine(results)]
    if any(case["targets"] for case in results["cases"]):
        parts += ["## Targets", targets(results["cases"])]
    if loaded:
        parts += ["## CPU per request (us: user + system)", cpu(loaded, proxies),
                  "## Requests per second (and how busy the proxy's processor was)", rate(loaded, proxies),
                  "## Latency, median (us)", latency(loaded, proxies, "p50_us"),
                  "## Latency, 99th percentile (us)", latency(loaded, proxies, "p99_us"),
                  "## System calls per request", calls(loaded, proxies)]
    if idle:
        parts += ["## Memory per idle connection (bytes: PSS / RSS)", memory(idle, proxies)]
    notes = remarks(loaded)
    return "\n\n".join(parts + ([notes] if notes else [])) + "\n"


def machine(results: dict[str, Any]) -> str:
    about, options = results["machine"], results["options"]
    versions = ", ".join(f"{name} {number}" for name, number in sorted(about["versions"].items()))
    return (f"{about['date']}. {about['cpu']}, {about['cores']} processors, {about['memory_mib']} MiB; "
            f"{about['system']}, Linux {about['kernel']}, TCP {about['congestion_control']}; {versions}. "
            f"{options['rounds']} rounds of {options['seconds']} s, alternating; {options['placement']}"
            f"{'; HAProxy splices' if options['haproxy_splice'] else ''}. Figures are "
            f"medians of the rounds, ratios are medians of each round's ratio (lowest to highest in brackets).")


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table, padded so that it reads well as plain text too."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    lines = [head, ["-" * widths[0]] + ["-" * (width - 1) + ":" for width in widths[1:]], *rows]
    return "\n".join("| " + " | ".join(cell.ljust(width) if column == 0 else cell.rjust(width)
                                       for column, (cell, width) in enumerate(zip(line, widths))) + " |"
                     for line in lines)


def targets(cases: list[dict[str, Any]]) -> str:
    rows = []
    for case in cases:
        for target in case["targets"]:
            versus = f", to {LABELS[target['versus']]}'s" if target["versus"] else ""
            digits = 0 if target["metric"] == "pss_bytes" else 2
            value = "-" if target["value"] is None else f"{target['value']:.{digits}f}"
            outcome = {True: "reached", False: "**missed**", None: "not measured"}[target["reached"]]
            rows.append([f"{case['title']}: {METRICS[target['metric']]}{versus}", f"{target['most']:.{digits}f}",
                         value, outcome])
    return table(["target", "at most", "measured", ""], rows)


def ratio(case: dict[str, Any], peer: str, metric: str) -> str:
    figures = case["ratios"].get(peer, {}).get(metric)
    return f"{figures['median']:.2f} ({figures['low']:.2f}-{figures['high']:.2f})" if figures else "-"


def versus(case: dict[str, Any], proxies: list[str], metric: str) -> list[str]:
    return [ratio(case, peer, metric) for peer in peers(proxies)]


def heads(proxies: list[str]) -> list[str]:
    return ["case"] + [LABELS[proxy] for proxy in proxies] + [f"to {LABELS[peer]}'s" for peer in peers(proxies)]


def peers(proxies: list[str]) -> list[str]:
    """A column for each peer, where there is something to compare it with."""
    return [peer for peer in proxies if peer != OURS] if OURS in proxies else []


def cpu(cases: list[dict[str, Any]], proxies: list[str]) -> str:
    def cell(figures: dict[str, float]) -> str:
        return f"{figures['cpu_us']:.1f}: {figures['cpu_user_us']:.1f} + {figures['cpu_system_us']:.1f}"

    return table(heads(proxies), [[case["title"]] + [cell(case["medians"][proxy]) for proxy in proxies]
                                  + versus(case, proxies, "cpu_us") for case in cases])


def rate(cases: list[dict[str, Any]], proxies: list[str]) -> str:
    def cell(figures: dict[str, float]) -> str:
        return f"{figures['requests_per_second']:,.0f} ({figures['busy']:.0%})"

    return table(heads(proxies), [[case["title"]] + [cell(case["medians"][proxy]) for proxy in proxies]
                                  + versus(case, proxies, "requests_per_second") for case in cases])


def latency(cases: list[dict[str, Any]], proxies: list[str], percentile: str) -> str:
    return table(heads(proxies), [[case["title"]] + [f"{case['medians'][proxy][percentile]:,.0f}" for proxy in proxies]
                                  + versus(case, proxies, percentile) for case in cases])


def calls(cases: list[dict[str, Any]], proxies: list[str]) -> str:
    rows = []
    for case in cases:
        for proxy in proxies:
            by_name = case["system_calls_per_request"].get(proxy, {})
            names = sorted(by_name, key=lambda name: -by_name[name])
            listed = ", ".join(f"{name} {by_name[name]:.2f}" for name in names if by_name[name] >= 0.005)
            rows.append([case["title"], LABELS[proxy], f"{case['medians'][proxy].get('io_calls', 0):.2f}", listed])
    return table(["case", "", "I/O and poller", "each call by name"], rows)


def memory(cases: list[dict[str, Any]], proxies: list[str]) -> str:
    rows = [[case["title"]] + [f"{case['medians'][proxy]['pss_bytes']:,.0f} / "
                               f"{case['medians'][proxy]['rss_bytes']:,.0f}" for proxy in proxies] for case in cases]
    return table(["case"] + [LABELS[proxy] for proxy in proxies], rows)


def remarks(cases: list[dict[str, Any]]) -> str:
    """What a reader should know before believing a figure."""
    lines = []
    for case in cases:
        for proxy, failed in case["failed"].items():
            if failed:
                lines.append(f"- {case['title']}: {failed} requests failed through {LABELS[proxy]}.")
        strangers = max(round["metrics"]["strangers"] for round in case["rounds"])
        if strangers > 0.1:
            lines.append(f"- {case['title']}: other work took up to {strangers:.0%} of a processor meanwhile.")
    return "\n".join(["## Remarks", "", *lines]) if lines else ""
