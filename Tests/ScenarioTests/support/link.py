"""A network link that loses and delays packets, between two network namespaces of its own.

    with Link(loss=0.03, delay=0.02) as link, link.far(), Deployment(3, link.network, link.host) as web, link.near():
        ...  # what is started here reaches the replicas only through the link

Not every kernel has netem: here a program (`carrier`) moves the packets. It needs root and /dev/net/tun.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

from .carrier import DEVICE, entered
from .wrapper import require

CARRIER = Path(__file__).with_name("carrier.py")


class Link:
    """`loss` is the share of packets lost in each direction, `delay` the seconds that each takes one way, and up to
    `jitter` more at random, so that packets overtake one another."""

    network = "10.77.1"  # every address of which is on the far side
    host = "10.77.1.254"

    def __init__(self, loss: float = 0, delay: float = 0, jitter: float = 0) -> None:
        self._shape = [str(loss), str(delay), str(jitter)]
        self._names = [f"bl-{os.getpid()}-near", f"bl-{os.getpid()}-far"]

    def __enter__(self) -> Link:
        with ExitStack() as stack:
            for name in self._names:
                _ip("netns", "add", name)
                stack.callback(_ip, "netns", "delete", name)
                _ip("-n", name, "link", "set", "dev", "lo", "up")
            command = [sys.executable, "-I", "-S", str(CARRIER), *self._names, *self._shape]
            self._carrier = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            stack.callback(self._end)
            self._expect("ready")
            for name, own, other in zip(self._names, ["10.77.0", self.network], [self.network, "10.77.0"]):
                _ip("-n", name, "link", "set", "dev", DEVICE, "up")
                _ip("-n", name, "address", "add", f"{own}.254/24", "dev", DEVICE)
                _ip("-n", name, "route", "add", f"{other}.0/24", "dev", DEVICE)
                _ip("-n", name, "route", "add", "local", f"{own}.0/24", "dev", "lo")
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def near(self) -> AbstractContextManager[None]:
        """The block, and every thread and process that it starts, is on the side of the clients and the balancer."""
        return entered(self._names[0])

    def far(self) -> AbstractContextManager[None]:
        """The block, and every thread and process that it starts, is on the side of the replicas."""
        return entered(self._names[1])

    def cut_off(self, *hosts: str) -> None:
        """From now on every packet from or to these addresses is lost; none: the link is as at the beginning."""
        self._carrier.stdin.write(" ".join(["cut", *hosts, "\n"]).encode())
        self._carrier.stdin.flush()
        self._expect("cut")

    def _expect(self, word: str) -> None:
        said = self._carrier.stdout.readline().decode().strip()
        assert said == word, f"the link said {said!r} instead of {word!r}"

    def _end(self) -> None:
        self._carrier.kill()
        self._carrier.communicate()


def require_link() -> None:
    """Skips the test, and says why, where no link can be made."""
    require("ip", "netns", "list")
    require("unshare", "--net", "ip", "tuntap", "add", "dev", DEVICE, "mode", "tun")


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, timeout=10)
