"""What the clients of a scenario had a right to, and whether they got it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from .balancer import Balancer
from .deployment import Deployment
from .traffic import Outcome, Traffic


class Judge:
    """Ends the traffic, records its numbers for the table at the end of the run, and fails where a request failed, or
    where a POST was done twice, was answered without being done, or was made up.

    `excused` says of a failure that nobody could have prevented it.
    """

    def __init__(self, record: Callable[[str, object], None]) -> None:
        self._record = record

    def __call__(
        self,
        web: Deployment,
        balancer: Balancer | None,
        traffic: Traffic,
        excused: Callable[[Outcome], bool] = lambda _: False,
    ) -> None:
        traffic.stop()
        failed = [outcome for outcome in traffic.failures if not excused(outcome)]
        self._record("traffic", _row(traffic, len(failed)))
        posts = {outcome.request_id: outcome for outcome in traffic.outcomes if outcome.method == "POST"}
        done = web.ledger.done("POST")
        twice = [request_id for request_id, times in done.items() if times > 1]
        lost = [outcome for outcome in posts.values() if not outcome.error and not done[outcome.request_id]]
        assert not twice, f"done twice: {twice[:10]}"
        assert not lost, f"answered, but done by nobody: {lost[:10]}"
        assert set(done) <= set(posts), "POSTs were done that nobody sent"
        assert not failed, f"{len(failed)} failed:\n" + "\n".join(_stories(failed[:10], balancer))


def _row(traffic: Traffic, failed: int) -> str:
    excused = len(traffic.failures) - failed
    row = f"{len(traffic.outcomes):8} requests{failed:6} failed{excused:4} excused"
    return row + "".join(f"{traffic.milliseconds(percent):10.1f} ms" for percent in (50, 99, 100))


def _stories(failures: list[Outcome], balancer: Balancer | None) -> Iterator[str]:
    """Each failure as the client and as the balancer's access log tell it."""
    access = balancer.access_lines() if balancer else []
    lines = {line.rpartition(" id=")[2]: line for line in access}
    for outcome in failures:
        yield f"{outcome}\n    {lines.get(outcome.request_id, 'not in the access log')}"
