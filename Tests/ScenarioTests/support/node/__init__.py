"""Node as a client and as an origin. Its scripts stand beside this file and need no packages."""

from __future__ import annotations

import re
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

import pytest

from ..deadline import seconds

HERE = Path(__file__).resolve().parent
CHECKS = re.findall(r"^  async (\w+)\(\)", (HERE / "clients.mjs").read_text(), re.MULTILINE)


def node() -> str:
    """Node's path; where it is missing, the test is skipped and says so."""
    found = shutil.which("node")
    if not found:
        pytest.skip("node is not installed (Debian package: nodejs)")
    return found


@contextmanager
def node_origin() -> Iterator[str]:
    """The Node server's `HOST:PORT`."""
    process = subprocess.Popen([node(), str(HERE / "origin.mjs")], stdout=subprocess.PIPE, text=True)
    try:
        yield f"127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.communicate()


def run_check(url: str, check: str) -> None:
    """Runs one of `CHECKS` against this URL."""
    done = subprocess.run(
        [node(), str(HERE / "clients.mjs"), url, check], capture_output=True, text=True, timeout=seconds(20)
    )
    assert (done.returncode, done.stdout) == (0, "passed\n"), done.stdout + done.stderr
