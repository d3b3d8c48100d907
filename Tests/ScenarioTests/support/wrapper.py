"""Runs the balancer inside something else: another user, namespace or limit."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from . import balancer


@contextmanager
def wrapped(directory: Path, script: str, binary: Path | None = None) -> Iterator[None]:
    """While the block runs, a `Balancer` starts through this shell script, whose `"$@"` is the whole command line."""
    original = balancer.BINARY
    path = directory / "balancer"
    path.write_text(f'#!/bin/sh\nset -e\nset -- {shlex.quote(str(binary or original))} "$@"\n{script}\n')
    path.chmod(0o755)
    balancer.BINARY = path
    try:
        yield
    finally:
        balancer.BINARY = original


def require(*command: str) -> None:
    """Skips the test, and says why, where this command does not work here."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10)
    except FileNotFoundError as error:
        pytest.skip(f"{command[0]} is not installed: {error}")
    if done.returncode:
        pytest.skip(f"`{shlex.join(command)}` does not work here: {done.stderr.strip() or done.returncode}")
