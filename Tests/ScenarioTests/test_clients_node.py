"""Node's clients, `http` with an `Agent` and `fetch`, through the balancer to a Node server."""

from __future__ import annotations

from typing import Iterator

import pytest

from support.balancer import Balancer
from support.node import CHECKS, node_origin, run_check


@pytest.fixture(scope="module")
def balancer() -> Iterator[Balancer]:
    with node_origin() as origin, Balancer("--upstream", origin) as running:
        yield running


def test_the_checks_are_found() -> None:
    assert len(CHECKS) == 13


@pytest.mark.parametrize("check", CHECKS)
def test_node(balancer: Balancer, check: str) -> None:
    run_check(balancer.url, check)
