"""The results as a Markdown page, which is also what the terminal shows. Its first table is the README's."""

from __future__ import annotations

from typing import Any

from harness.report import LABELS, table

from .schedule import STEPS


def markdown(results: dict[str, Any]) -> str:
    """The whole page."""
    proxies = list(results["proxies"])
    settings = [f"## {LABELS[name]}'s settings\n\n```\n{results['proxies'][name]['settings'].rstrip()}\n```"
                for name in proxies]
    return "\n\n".join(["# Discovery benchmark", about(results), overview(results, proxies), "## By step",
                        by_step(results, proxies), "## Remarks", remarks(results, proxies), *settings]) + "\n"


def about(results: dict[str, Any]) -> str:
    machine, options = results["machine"], results["options"]
    versions = ", ".join(f"{LABELS[name]} {machine['versions'][name]}" for name in results["proxies"])
    return (f"{machine['date']}. {machine['cpu']}, {machine['cores']} processors; {machine['system']}, "
            f"Linux {machine['kernel']}; {versions}. {options['rounds']} rounds in {options['seconds']:.0f} s, "
            f"{options['rate']} requests/s to each proxy at the same time; a replica takes "
            f"{options['service_seconds'] * 1000:.0f} ms for an answer. Times are medians (worst in brackets), from "
            f"the moment that a replica is both listed by DNS and listening, or is no longer listed.")


def overview(results: dict[str, Any], proxies: list[str]) -> str:
    whole = {name: results["proxies"][name]["all"] for name in proxies}
    rows = [["first request on a new replica"] + [times(whole[name]["first_request"]) for name in proxies],
            ["last request on one no longer listed"] + [times(whole[name]["last_request"]) for name in proxies],
            ["failed requests"] + [failed(whole[name]) for name in proxies]]
    rows += [[f"failed: {step.title}"] + [failed(results["proxies"][name]["steps"][step.name]) for name in proxies]
             for step in STEPS]
    rows += [["longest answer"] + [f"{whole[name]['longest_seconds']:.2f} s" for name in proxies],
             ["DNS questions a second"] + [f"{results['proxies'][name]['questions_per_second']:.1f}"
                                           for name in proxies]]
    return table([""] + [LABELS[name] for name in proxies], rows)


def by_step(results: dict[str, Any], proxies: list[str]) -> str:
    rows = []
    for step in STEPS:
        for name in proxies:
            seen = results["proxies"][name]["steps"][step.name]
            rows.append([step.title, LABELS[name], times(seen["first_request"]), times(seen["last_request"]),
                         failed(seen), f"{seen['longest_seconds']:.2f} s"])
    return table(["step", "", "first request", "last request", "failed", "longest answer"], rows)


def remarks(results: dict[str, Any], proxies: list[str]) -> str:
    """What the failed requests got, and what a reader should know before believing a figure."""
    lines = []
    for name in proxies:
        errors = results["proxies"][name]["all"]["errors"]
        listed = ", ".join(f"{count:,} times {kind}" for kind, count in sorted(errors.items()))
        lines.append(f"- {LABELS[name]}: {listed or 'no failure'}.")
    shortest, longest = min(results["outages_seconds"]), max(results["outages_seconds"])
    lines.append(f"- When all are replaced at once, nobody can answer for {shortest:.2f} to {longest:.2f} s.")
    if results["strangers"] > 0.1:
        lines.append(f"- Other work took {results['strangers']:.0%} of a processor meanwhile.")
    return "\n".join(lines)


def times(spread: dict[str, Any] | None) -> str:
    if spread is None:
        return "-"
    never = f", {spread['never']} never" if spread["never"] else ""
    if spread["median_seconds"] is None:
        return "never"
    return f"{spread['median_seconds']:.2f} s ({spread['worst_seconds']:.2f}{never})"


def failed(seen: dict[str, Any]) -> str:
    return f"{seen['failed']:,} of {seen['requests']:,}"
