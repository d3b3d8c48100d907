"""One origin, one balancer in front of it: the stage of most scenarios."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import Iterator

from .balancer import Balancer
from .client import Client, Response, ask
from .origin import Handler, Origin
from .wire import Fields

# What the balancer itself adds to a request, apart from what it passes on.
OWN_REQUEST_FIELDS = {"x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-request-id", "via"}


@dataclass
class Stage:
    origin: Origin
    balancer: Balancer

    def client(self, **options: object) -> Client:
        return Client(self.balancer.address, **options)

    def ask(self, request: bytes, within: float = 5.0) -> Response:
        """One request on a connection of its own."""
        return ask(self.balancer.address, request, within)


@contextmanager
def stage(handler: Handler, *args: str, record: bool = True) -> Iterator[Stage]:
    with Origin(handler, record=record) as origin, Balancer("--upstream", origin.name, *args) as balancer:
        yield Stage(origin, balancer)


def passed(fields: Fields) -> list[tuple[str, str]]:
    """The fields of a forwarded request without those the balancer adds."""
    return [(name, value) for name, value in fields if name.lower() not in OWN_REQUEST_FIELDS]
