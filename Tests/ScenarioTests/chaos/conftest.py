"""The judge of each scenario here, and the table of what their clients met with."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from support.verdict import Judge


@pytest.fixture
def judge(record_property: Callable[[str, object], None]) -> Judge:
    return Judge(record_property)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    rows = [
        (report.nodeid.rpartition("::")[2], row)
        for outcome in ("passed", "failed")
        for report in terminalreporter.getreports(outcome)
        for name, row in report.user_properties
        if name == "traffic" and report.when == "call"
    ]
    if rows:
        terminalreporter.section("requests amid chaos")
        width = max(len(title) for title, _ in rows)
        terminalreporter.write_line(" " * (width + 37) + "p50          p99      longest")
        for title, row in rows:
            terminalreporter.write_line(f"{title:<{width}}{row}")
