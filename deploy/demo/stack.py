"""The demo's stack: which services there are, where they live, and how `run` and `scale` talk.

Every replica is a process on a loopback address of its own, so all of them can use the same port, as containers do.
"""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

DEMO = Path(__file__).resolve().parent
REPOSITORY = DEMO.parent.parent

BALANCER_ADDRESS = "127.0.0.1"

# dnsmasq, in the place of Docker's 127.0.0.11.
DNS_ADDRESS = "127.0.53.53"

REPLICAS_MAX = 200


@dataclass(frozen=True)
class Ports:
    """The ports the stack uses. The replicas share the balancer's: whoever moves one usually must move both."""

    balancer: int
    dns: int

    @property
    def replicas(self) -> int:
        return self.balancer


@dataclass(frozen=True)
class Service:
    """A service of the stack: its route through the balancer and the /24 of its replicas."""

    name: str
    route: str
    network: str
    replicas_at_start: int

    @property
    def program(self) -> Path:
        return DEMO / "apps" / f"{self.name}.js"

    def address(self, number: int) -> str:
        return f"{self.network}.{number}"


SERVICES = {
    service.name: service
    for service in (
        Service("tweet-ui", "/tweet.html", "127.0.11", replicas_at_start=2),
        Service("tweet-text-ui", "/tweet.txt", "127.0.12", replicas_at_start=1),
        Service("tweet-api", "/api/tweet", "127.0.10", replicas_at_start=2),
    )
}


class DemoError(Exception):
    """What the person at the terminal is told, in one line."""


def state_directory() -> Path:
    """The directory of this user's running demo: there is at most one."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime and os.access(runtime, os.W_OK):
        return Path(runtime) / "balancer-demo"
    return Path(tempfile.gettempdir()) / f"balancer-demo-{os.getuid()}"


def control_socket() -> Path:
    """Where `run` listens for what `scale` asks: a line `tweet-ui 5`, then lines of what came of it."""
    return state_directory() / "control"
