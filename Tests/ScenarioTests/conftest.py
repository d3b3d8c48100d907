"""Fixtures that all scenarios share."""

from __future__ import annotations

import signal
import sys

import pytest


def pytest_configure(config: pytest.Config) -> None:
    # A test run that is ended from outside still unwinds its `with` blocks, and so ends the processes it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
