"""One origin, and a balancer in front of it whose only route has some modifiers."""

from __future__ import annotations

from contextlib import contextmanager
from textwrap import dedent
from typing import Iterator

from .configured import configured
from .origin import Handler, Origin
from .stage import Stage


@contextmanager
def modified(handler: Handler, modifiers: str, *args: str) -> Iterator[Stage]:
    """All requests go to the origin, by a route with these modifiers (YAML)."""
    lines = "".join(f"    {line}\n" for line in dedent(modifiers).strip().splitlines())
    with Origin(handler) as origin:
        text = f"services: {{origin: '{origin.name}'}}\nroutes:\n  /:\n    to: origin\n{lines}"
        with configured(text, *args) as balancer:
            yield Stage(origin, balancer)
