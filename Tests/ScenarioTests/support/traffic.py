"""Clients that ask without end, check every answer to the last byte, and remember what came of each request.

    with Traffic(balancer.address, "GET", "POST") as traffic:
        ...
    assert not traffic.failures

Their answers come from `faulty_replica`, which says in each who answered and what it was asked.
"""

from __future__ import annotations

import http.client
import random
import threading
import time
import zlib
from collections import Counter
from dataclasses import dataclass

from .deadline import seconds, wait_until
from .deployment import Replica
from .faulty_replica import padding

# Between two requests of a client, on average: the load leaves room for replicas that start and stop beside it.
PAUSE_SECONDS = 0.004
# A client that has to wait longer counts as failed. Nothing here may take so long.
PATIENCE_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Outcome:
    """One request: when it was sent and its answer was whole (monotonic clock), who answered, or what was wrong."""

    request_id: str
    method: str
    began: float
    ended: float
    replica: str = ""
    status: int = 0
    error: str = ""

    @property
    def seconds(self) -> float:
        return self.ended - self.began

    def __str__(self) -> str:
        return f"{self.request_id} at {self.began:.3f}: {self.error or self.replica} after {self.seconds:.3f} s"


class Traffic:
    """Threads that ask while the `with` block runs: most on kept connections, some on a new one for each request.

    Every request has an id of its own, a method of those named, a body where the method has one, and asks for an answer
    of up to `answer_bytes`.
    """

    def __init__(
        self,
        address: tuple[str, int],
        *methods: str,
        kept: int = 12,
        fresh: int = 3,
        answer_bytes: int = 60_000,
        service: str = "web",
    ) -> None:
        self._address = address
        self._methods = methods
        self._answer_bytes = answer_bytes
        self._service = service
        self._ending = threading.Event()
        self.outcomes: list[Outcome] = []
        clients = [(f"kept{number}", True) for number in range(kept)]
        clients += [(f"fresh{number}", False) for number in range(fresh)]
        self._threads = [threading.Thread(target=self._client, args=client, daemon=True) for client in clients]

    def __enter__(self) -> Traffic:
        for thread in self._threads:
            thread.start()
        wait_until(lambda: len(self.outcomes) > 100, "the clients ask")
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Ends the clients, each after its running request; from now on nothing changes. May be called again."""
        self._ending.set()
        for thread in self._threads:
            thread.join(seconds(PATIENCE_SECONDS) + 5)
            assert not thread.is_alive(), "a client still waits for its answer"

    # While it runs

    def keep_on(self, duration: float) -> None:
        """Lets the clients ask for so many seconds."""
        assert not self._ending.wait(duration), "the clients have ended"

    def keep_on_until(self, moment: float) -> None:
        """Lets the clients ask until a moment of the monotonic clock."""
        self.keep_on(max(0.0, moment - time.monotonic()))

    def served_since(self, moment: float) -> Counter[str]:
        """How many requests sent since then each replica has answered."""
        return Counter(outcome.replica for outcome in list(self.outcomes) if outcome.began >= moment)

    def wait_served(self, *replicas: Replica, within: float) -> None:
        """Waits until each of these has answered a request sent from now on."""
        start = time.monotonic()
        hosts = {replica.host for replica in replicas}
        wait_until(lambda: hosts <= self.served_since(start).keys(), f"{hosts} all serve", within)

    # What came of it

    @property
    def failures(self) -> list[Outcome]:
        return [outcome for outcome in list(self.outcomes) if outcome.error]

    def milliseconds(self, percent: float) -> float:
        """The time in which so many of the requests were over, answered or not."""
        times = sorted(outcome.seconds * 1000 for outcome in self.outcomes)
        return times[min(len(times) - 1, int(len(times) * percent / 100))]

    # One client

    def _client(self, name: str, keeps: bool) -> None:
        dice = random.Random(name)
        connection = http.client.HTTPConnection(*self._address, timeout=seconds(PATIENCE_SECONDS))
        count = 0
        while not self._ending.wait(dice.random() * 2 * PAUSE_SECONDS):
            count += 1
            self.outcomes.append(self._ask(connection, f"{name}-{count}", dice))
            if not keeps:
                connection.close()
        connection.close()

    def _ask(self, connection: http.client.HTTPConnection, request_id: str, dice: random.Random) -> Outcome:
        method = dice.choice(self._methods)
        body = dice.randbytes(dice.choice([1, 300, 20_000])) if method != "GET" else b""
        size = min(dice.choice([0, 0, 500, 500, 5_000, 60_000]), self._answer_bytes)
        fields = {"X-Request-Id": request_id}
        if method != "GET":
            fields["Content-Length"] = str(len(body))
        replica, status, error = "", 0, ""
        began = time.monotonic()
        try:
            connection.request(method, f"/{request_id}?{size}", body or None, fields)
            response = connection.getresponse()
            status = response.status
            content = response.read()
            if status == 200:
                replica = self._replica(content, f"{method} {request_id} {len(body)} {zlib.crc32(body)}", size)
            else:
                error = f"{status} {content[:100]!r}"
        except (OSError, http.client.HTTPException, ValueError) as failure:
            connection.close()
            error = repr(failure)
        return Outcome(request_id, method, began, time.monotonic(), replica, status, error)

    def _replica(self, content: bytes, asked: str, size: int) -> str:
        """Who answered. Raises ValueError where it is not the answer to what was asked, whole and nothing more."""
        line, _, rest = content.partition(b"\n")
        service, replica, *echo = line.decode().split(" ")
        if service != self._service:
            raise ValueError(f"{replica} of the service {service} answered")
        if " ".join(echo) != asked:
            raise ValueError(f"{replica} answered {line!r} to {asked}")
        if rest != padding(size):
            raise ValueError(f"{replica} sent {len(rest)} of {size} bytes, or others")
        return replica
