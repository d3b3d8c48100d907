"""Waiting on conditions, never on luck: every wait has a deadline and says what it waited for."""

from __future__ import annotations

import os
import time
from typing import Callable, TypeVar

Value = TypeVar("Value")

# Sanitizer builds and loaded machines set this: every deadline is multiplied, no expectation changes.
SLOWNESS = float(os.environ.get("BALANCER_SLOW", "0") or 0) * 4 + 1


def seconds(nominal: float) -> float:
    """The deadline for something that takes at most `nominal` seconds on an unburdened machine."""
    return nominal * SLOWNESS


def wait_until(condition: Callable[[], Value], what: str, within: float = 5.0) -> Value:
    """Polls until `condition` returns something true, and returns it. Often at first: most waits are short."""
    end = time.monotonic() + seconds(within)
    pause = 0.0001
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= end:
            raise AssertionError(f"waited {seconds(within):.1f} s in vain: {what}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.005)
