"""The tweet stack under Docker Compose, with Docker's own DNS: tweet-ui goes from one replica to forty, to none and
back while clients keep asking, and not one request fails that a replica could have answered."""

import os
import re
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.client import HTTPConnection
from pathlib import Path

import pytest
from compose_stack import REPOSITORY, ComposeStack, Replica, balancer_program, compose_program
from docker_engine import Engine, NoEngine, docker_engine
from docker_images import balancer_files, make_image, node_files
from tweet_load import Load, Outcome, ask

SERVICE = "tweet-ui"
COUNTS = (1, 5, 40, 1, 0, 2)

# By then the balancer follows a change: it asks every second, and a second time before it believes that a name is gone.
FOLLOW_SECONDS = 2.5

# The same where containers start by the dozen, each with a name before it can be reached: that leaves a small machine
# little time for anything else. The promise of about a second is held to where replicas are processes.
FOLLOW_MANY_SECONDS = 10.0

# How long the load goes on after each change is through.
HOLD_SECONDS = 5.0


@dataclass
class Step:
    """What one change of the number of replicas brought about. Times are in seconds since the epoch."""

    count: int
    before: frozenset[Replica]
    after: frozenset[Replica]
    began: float
    changed: float
    ended: float
    # When each new replica listened, and when the first answer it gave was at its client.
    listened: dict[str, float]
    served: dict[str, float]
    # All requests sent from this change on until the next.
    outcomes: list[Outcome] = field(default_factory=list, repr=False)

    @property
    def added(self) -> frozenset[Replica]:
        return self.after - self.before

    @property
    def removed(self) -> frozenset[Replica]:
        return self.before - self.after

    def wrong(self) -> list[Outcome]:
        """The requests that should have ended otherwise."""
        return [outcome for outcome in self.outcomes if not (outcome.good or self.excused(outcome))]

    def excused(self, outcome: Outcome) -> bool:
        """Whether no replica can have been there, and the balancer said so properly."""
        if not self.after:
            return outcome.unavailable
        if self.before or outcome.error or outcome.began > min(self.served.values(), default=self.ended):
            return False
        # The first replica has a name before it listens: it refuses, or cannot be reached.
        refused = outcome.status in (502, 504) and outcome.began < min(self.listened.values(), default=self.ended)
        return outcome.unavailable or refused


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    if not shutil.which("node"):
        pytest.skip("left out: node is not installed")
    if not os.access(balancer_program(), os.X_OK):
        pytest.fail(f"there is no {balancer_program()}; `make build` makes it")
    with skipping_without_engine(), docker_engine() as engine:
        if not compose_program(engine):
            pytest.skip("left out: neither `docker compose` nor docker-compose is installed")
        yield engine


@contextmanager
def skipping_without_engine() -> Iterator[None]:
    try:
        yield
    except NoEngine as reason:
        pytest.skip(f"left out: {reason}")


@pytest.fixture(scope="module")
def stack(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComposeStack]:
    """The stack of deploy/compose.yaml with one replica of each service, and two of tweet-api."""
    tag = f"scenario-{os.getpid()}"
    images = make_images(engine, tag, tmp_path_factory.mktemp("images"))
    stack = ComposeStack(engine, tag, unused_port())
    try:
        stack.up(tweet_api=2)
        yield stack
    finally:
        stack.down()
        engine.docker("rmi", "--force", *images)


def make_images(engine: Engine, tag: str, directory: Path) -> list[str]:
    deploy = REPOSITORY / "deploy"
    node = Path(shutil.which("node")).resolve()
    balancer, tweet_stack = f"balancer:{tag}", f"tweet-stack:{tag}"
    make_image(engine, balancer, deploy / "Dockerfile", balancer_files(balancer_program()), directory)
    make_image(engine, tweet_stack, deploy / "demo/Dockerfile", node_files(node, deploy / "demo/apps"), directory)
    return [balancer, tweet_stack]


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def steps(stack: ComposeStack, pytestconfig: pytest.Config) -> list[Step]:
    """The scenario itself; the tests below look at what came of it."""
    for path in ("/tweet.html", "/tweet.txt", "/api/tweet"):
        await_true(lambda: status_of(stack, path) == 200, f"{path} answers through the balancer", 20)
    with Load(stack.engine, stack.port, "/tweet.html") as load:
        steps = [take_step(stack, load, count) for count in COUNTS]
    for step, following in zip(steps, [*steps[1:], None]):
        step.outcomes = load.sent_between(step.began, following.began if following else float("inf"))
    with pytestconfig.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print(f"\n{table(steps)}")
    return steps


def take_step(stack: ComposeStack, load: Load, count: int) -> Step:
    before, began = stack.replicas(SERVICE), time.time()
    stack.scale(SERVICE, count)
    after, changed = stack.replicas(SERVICE), time.time()
    added = {replica.name for replica in after - before}
    try:
        await_true(lambda: added <= load.served.keys(), "every new replica serves", 20)
    except TimeoutError:
        pass  # The step says so by lacking it in `served`.
    load.keep_on(HOLD_SECONDS)
    ended = time.time()
    listened = {name: time_of_first_line(stack.log(name, "--timestamps")) for name in added}
    served = {name: load.served[name] for name in added if name in load.served}
    return Step(count, before, after, began, changed, ended, listened, served)


def status_of(stack: ComposeStack, path: str) -> int | None:
    """The status of one request, asked from where the stack's port is published."""

    def status() -> int | None:
        connection = HTTPConnection("127.0.0.1", stack.port, timeout=5)
        try:
            return ask(connection, path, name="ready").status
        finally:
            connection.close()

    with ThreadPoolExecutor(1, initializer=stack.engine.enter_network) as pool:
        return pool.submit(status).result()


def await_true(condition: Callable[[], bool], what: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds} s: {what}")
        time.sleep(0.05)


def time_of_first_line(log: str) -> float:
    """When a container said that it listens; `log` has Docker's timestamps, of nanoseconds."""
    stamp = log.split(" ", 1)[0]
    return datetime.fromisoformat(f"{stamp[:26]}+00:00").timestamp()


def table(steps: list[Step]) -> str:
    rows = [("replicas", "requests", "good", "503", "wrong", "served by", "scaled in", "followed in", "slowest")]
    for step in steps:
        rows.append(
            (
                str(step.count),
                str(len(step.outcomes)),
                str(sum(outcome.good for outcome in step.outcomes)),
                str(sum(outcome.unavailable for outcome in step.outcomes)),
                str(len(step.wrong())),
                str(len({outcome.replica for outcome in step.outcomes if outcome.good})),
                f"{step.changed - step.began:.2f} s",
                f"{slowest_to_serve(step):.2f} s" if step.added else "-",
                f"{max(outcome.ended - outcome.began for outcome in step.outcomes):.3f} s",
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(row, widths)) for row in rows)


def slowest_to_serve(step: Step) -> float:
    """Seconds from a new replica's listening to its first answer at a client, for the one that waited longest."""
    return max(step.served.get(name, float("inf")) - listened for name, listened in step.listened.items())


def test_no_request_fails_that_a_replica_could_have_answered(stack: ComposeStack, steps: list[Step]) -> None:
    wrong = [outcome for step in steps for outcome in step.wrong()]
    if wrong:
        pytest.fail(account_of(wrong[:10], stack.log_of("balancer")))
    assert all(any(outcome.good for outcome in step.outcomes) for step in steps if step.after)


def account_of(wrong: list[Outcome], log: str) -> str:
    """What the clients saw and, below each, what the balancer logged of that request."""
    lines = [line for line in log.splitlines() if " id=" in line]
    return "\n".join(
        entry
        for outcome in wrong
        for entry in (str(outcome), *(f"    {line}" for line in lines if line.endswith(f" id={outcome.name}")))
    )


def test_what_needs_no_replica_is_answered_from_the_file(stack: ComposeStack, steps: list[Step]) -> None:
    """deploy/balancer.yaml and the directory that it names are there, whatever becomes of the services."""
    assert [status_of(stack, path) for path in ("/", "/status", "/nothing")] == [200, 200, 404]


def test_every_new_replica_serves_soon_after_it_listens(steps: list[Step]) -> None:
    for step in steps:
        assert len(step.after) == step.count
        assert step.served.keys() == {replica.name for replica in step.added}
        if step.added:
            limit = FOLLOW_SECONDS if len(step.added) < 10 else FOLLOW_MANY_SECONDS
            assert slowest_to_serve(step) < limit


def test_removed_replicas_are_not_asked_any_more(stack: ComposeStack, steps: list[Step]) -> None:
    requests = logged_requests(stack.log_of("balancer"))
    for step in steps:
        settled = range(int(step.changed + FOLLOW_SECONDS) + 1, int(step.ended))
        asked = {address for second, address in requests if second in settled}
        gone = {replica.address for replica in step.removed} - {replica.address for replica in step.after}
        assert not asked & gone
        assert {replica.address for replica in step.after} <= asked


def logged_requests(log: str) -> list[tuple[int, str]]:
    """The second and the upstream's address of each request in the access log."""
    pattern = re.compile(r" \[([^]]+)\] .* upstream=([0-9.]+):\d+ ")
    matches = (pattern.search(line) for line in log.splitlines())
    moments: dict[str, int] = {}

    def second(stamp: str) -> int:
        if stamp not in moments:
            moments[stamp] = int(datetime.strptime(stamp, "%d/%b/%Y:%H:%M:%S %z").timestamp())
        return moments[stamp]

    return [(second(match[1]), match[2]) for match in matches if match]


def test_a_service_without_replicas_is_a_503_that_says_when_to_come_back(steps: list[Step]) -> None:
    [step] = [step for step in steps if step.count == 0]
    # A request that still waits when the next replicas come is theirs to answer.
    settled = [
        outcome
        for outcome in step.outcomes
        if outcome.began > step.changed + FOLLOW_SECONDS and outcome.ended < step.ended
    ]
    assert settled
    assert all(outcome.unavailable for outcome in settled)


def test_the_balancer_lived_through_it_and_ends_when_asked(stack: ComposeStack, steps: list[Step]) -> None:
    [container] = stack.inspect("balancer")
    assert container["State"]["Running"] and container["RestartCount"] == 0
    stack.stop("balancer")
    [container] = stack.inspect("balancer")
    assert container["State"]["ExitCode"] == 0
