"""Clients that ask for /tweet.html over kept connections, without end, and remember what came of each request."""

import http.client
import itertools
import re
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from docker_engine import Engine

CLIENTS = 16

# Between two requests of a client: the load leaves room for forty starting containers on two processors.
PAUSE_SECONDS = 0.005


@dataclass(frozen=True, slots=True)
class Outcome:
    """One request: the id it went by, when it was sent and when its answer was whole (seconds since the epoch), and
    what came of it."""

    name: str
    began: float
    ended: float
    status: int | None = None
    replica: str | None = None
    retry_after: str | None = None
    error: str | None = None

    @property
    def good(self) -> bool:
        return self.status == 200 and self.error is None

    @property
    def unavailable(self) -> bool:
        """The right answer where a service has no replicas (RFC 9110 section 15.6.4)."""
        return self.status == 503 and self.retry_after is not None and self.error is None

    def __str__(self) -> str:
        return f"{self.name}: {self.error or self.status} from {self.replica} after {self.ended - self.began:.3f} s"


class Load:
    """The running clients. Use as a context: leaving it ends them."""

    def __init__(self, engine: Engine, port: int, path: str):
        self.port = port
        self.path = path
        self.outcomes: list[Outcome] = []
        # For each replica, when its first good answer was there.
        self.served: dict[str, float] = {}
        self.ending = threading.Event()
        self.pool = ThreadPoolExecutor(CLIENTS, initializer=engine.enter_network)
        self.clients: list[Future] = []

    def __enter__(self) -> "Load":
        self.clients = [self.pool.submit(self.client, number) for number in range(CLIENTS)]
        return self

    def __exit__(self, *_: object) -> None:
        self.ending.set()
        self.pool.shutdown()

    def keep_on(self, seconds: float) -> None:
        """Lets the load go on for that long. Raises what a client died of, should one have."""
        for client in wait(self.clients, timeout=seconds).done:
            client.result()

    def client(self, number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        requests = itertools.count(1)
        while not self.ending.wait(PAUSE_SECONDS):
            outcome = ask(connection, self.path, name=f"client-{number}-request-{next(requests)}")
            self.outcomes.append(outcome)
            if outcome.good:
                self.served.setdefault(outcome.replica, outcome.ended)
        connection.close()

    def sent_between(self, start: float, end: float) -> list[Outcome]:
        """The requests sent in that time. Of those sent last, some may be missing while the clients run."""
        return [outcome for outcome in self.outcomes if start <= outcome.began < end]


def ask(connection: http.client.HTTPConnection, path: str, name: str) -> Outcome:
    began = time.time()
    try:
        connection.request("GET", path, headers={"X-Request-Id": name})
        response = connection.getresponse()
        body = response.read().decode()
    except (OSError, http.client.HTTPException, UnicodeDecodeError) as error:
        connection.close()
        return Outcome(name, began, time.time(), error=f"{type(error).__name__}: {error}")
    return Outcome(
        name,
        began,
        time.time(),
        status=response.status,
        replica=response.getheader("X-Replica"),
        retry_after=response.getheader("Retry-After"),
        error=fault_of(response, body),
    )


def fault_of(response: http.client.HTTPResponse, body: str) -> str | None:
    """What is wrong with a 200: a page that is not whole, or not by the replicas that its head names."""
    if response.status != 200:
        return None
    signatures = [response.getheader("X-Replica"), response.getheader("X-Api-Replica")]
    if not body.endswith("</html>\n"):
        return "the page is cut short"
    if re.findall(r"</b> ([^<]+)</span>", body)[-2:] != signatures:
        return f"the page is not the one of {signatures}"
    return None
