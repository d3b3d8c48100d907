"""Endpoints whose answers a test changes while they serve, and who of them serves.

    with endpoints(3) as made, Balancer(*upstreams(made)) as balancer:
        made[0].status = answer("503 Service Unavailable")    # to `/status`, which probes ask for
        made[1].fails = True                                  # answers 500 to all else
        wait_serving(balancer, made[2])
"""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack, contextmanager
from typing import Iterable, Iterator, Protocol

from .balancer import Balancer
from .client import Client
from .deadline import wait_until
from .origin import Origin, Request, always, answer, ok
from .replicas import loopback


class Named(Protocol):
    """What has an address that `--upstream` takes, and says it in its answers."""

    name: str


class Endpoint:
    """An origin on `loopback(number)` that says its name."""

    def __init__(self, number: int) -> None:
        self.status = ok(b"ready")
        self.fails = False
        # Each so many-th request fails; 0 for none.
        self.fails_each = 0
        self._asked = 0
        self.origin = Origin(always(self._answer), loopback(number))
        self.name = self.origin.name

    def _answer(self, request: Request) -> bytes:
        if request.target == "/status":
            return self.status
        self._asked += 1
        fails = self.fails or (self.fails_each and self._asked % self.fails_each == 0)
        return answer("500 Oh") if fails else ok(self.name.encode())

    @property
    def probes(self) -> list[Request]:
        return [request for request in self.origin.requests if request.target == "/status"]


@contextmanager
def endpoints(count: int) -> Iterator[list[Endpoint]]:
    with ExitStack() as stack:
        made = [Endpoint(number + 1) for number in range(count)]
        for endpoint in made:
            stack.enter_context(endpoint.origin)
        yield made


def upstreams(made: Iterable[Named]) -> list[str]:
    return [f"--upstream={endpoint.name}" for endpoint in made]


def answers(balancer: Balancer, requests: int = 20) -> Counter[str]:
    """How many of so many requests each endpoint answered. All of them are answered with 200."""
    with Client(balancer.address) as client:
        got = [client.get() for _ in range(requests)]
    assert {answer.status for answer in got} == {200}, got
    return Counter(answer.content.decode() for answer in got)


def wait_serving(balancer: Balancer, *expected: Named) -> None:
    """Waits until these answer and no others do; meanwhile no request fails."""
    names = {endpoint.name for endpoint in expected}
    wait_until(lambda: set(answers(balancer)) == names, f"{names} serve, and no others")
