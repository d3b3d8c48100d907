"""A balancer that is told what to do by a file."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent
from typing import Iterator

from .balancer import Balancer


@contextmanager
def configured(text: str, *args: str, **names: str) -> Iterator[Balancer]:
    """Runs the balancer with this file, in which `@NAME@` stands for the value of `names`. Nothing is probed."""
    text = dedent(text)
    for name, value in names.items():
        text = text.replace(f"@{name}@", value)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "balancer.yaml"
        file.write_text("defaults: {service: {health: off}}\n" + text)
        with Balancer("-c", str(file), *args) as balancer:
            yield balancer
