"""The judge of these scenarios, judged: clients ask a replica directly, without a balancer that could hide anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from support.deployment import Deployment
from support.faulty_replica import Behaviour, Event
from support.traffic import Traffic
from support.verdict import Judge


@pytest.fixture
def web() -> Iterator[Deployment]:
    with Deployment(1) as web:
        yield web


@pytest.fixture
def traffic(web: Deployment) -> Iterator[Traffic]:
    with Traffic((web[0].host, web.port), "GET", "POST", kept=2, fresh=1) as traffic:
        yield traffic


def judged(web: Deployment, traffic: Traffic) -> None:
    Judge(lambda *_: None)(web, None, traffic)


def write(web: Deployment, event: str, method: str, request_id: str) -> None:
    """Adds a line to the ledger."""
    with web.ledger.path.open("a") as ledger:
        ledger.write(f"0 web {web[0].host} {event} {method} {request_id}\n")


def test_nothing_is_wrong(web: Deployment, traffic: Traffic) -> None:
    judged(web, traffic)


def test_an_answer_of_500_is_a_failure(web: Deployment, traffic: Traffic) -> None:
    web[0].behave(Behaviour.FAIL)
    with pytest.raises(AssertionError, match="failed:\n.*500"):
        traffic.keep_on(0.1)
        judged(web, traffic)


def test_a_reset_is_a_failure(web: Deployment, traffic: Traffic) -> None:
    web[0].behave(Behaviour.RESET_READING)
    with pytest.raises(AssertionError, match="failed:\n.*ConnectionResetError"):
        traffic.keep_on(0.1)
        judged(web, traffic)


def test_an_answer_of_another_service_is_a_failure(web: Deployment) -> None:
    with Traffic((web[0].host, web.port), "GET", kept=2, fresh=1, service="bank") as traffic:
        with pytest.raises(AssertionError, match="of the service web answered"):
            judged(web, traffic)


@pytest.mark.parametrize(
    ("tamper", "verdict"),
    [
        (lambda web, post: write(web, Event.DONE, "POST", post), "done twice"),
        (lambda web, post: write(web, Event.DONE, "POST", "unheard-of"), "nobody sent"),
        (lambda web, post: web.ledger.path.write_text(""), "done by nobody"),
    ],
)
def test_a_ledger_that_does_not_fit(
    web: Deployment, traffic: Traffic, tamper: Callable[[Deployment, str], None], verdict: str
) -> None:
    traffic.stop()
    tamper(web, next(outcome.request_id for outcome in traffic.outcomes if outcome.method == "POST"))
    with pytest.raises(AssertionError, match=verdict):
        judged(web, traffic)
