"""One origin, one balancer in front of it: the stage of most scenarios."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import Iterator

from .balancer import Balancer
from .client import Client, Response, ask, request
from .origin import Handler, Origin, always, ok
from .wire import Fields

# What the balancer itself adds to a request, apart from what it passes on.
OWN_REQUEST_FIELDS = {"x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-request-id", "via"}


@dataclass
class Stage:
    origin: Origin
    balancer: Balancer

    def client(self, **options: object) -> Client:
        return Client(self.balancer.address, **options)

    def ask(self, raw: bytes, within: float = 5.0) -> Response:
        """One request on a connection of its own."""
        return ask(self.balancer.address, raw, within)

    def assert_serves_next(self) -> None:
        """Whatever happened before, the next request on a connection of its own gets what `serve_next` answers."""
        assert self.ask(request("GET", "/next")).content == b"next"


serve_next = always(ok(b"next"))


# An origin counts connections and plays a part on each: it must not take a probe for one.
UNPROBED = ("--health-check", "off")


@contextmanager
def stage(handler: Handler, *args: str, record: bool = True) -> Iterator[Stage]:
    with Origin(handler, record=record) as origin:
        with Balancer("--upstream", origin.name, *UNPROBED, *args) as balancer:
            yield Stage(origin, balancer)


def passed(fields: Fields) -> list[tuple[str, str]]:
    """The fields of a forwarded request without those the balancer adds."""
    return [(name, value) for name, value in fields if name.lower() not in OWN_REQUEST_FIELDS]
