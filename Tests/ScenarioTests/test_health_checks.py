"""Probes: who is asked, what the answers mean, and where requests go then."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

from support.balancer import Balancer
from support.client import ask, request
from support.deadline import wait_until
from support.dns import DnsServer
from support.endpoints import answers, endpoints, upstreams, wait_serving
from support.origin import Connection, Origin, answer, ok
from support.replicas import Fleet, free_port, loopback

QUICK = ["--health-interval", "100ms", "--slow-start", "0"]
STATUS = ["--health-check", "http:/status", *QUICK]


# ---- HTTP ----------------------------------------------------------------------------------------------------------


def test_an_endpoint_that_fails_its_probes_gets_no_requests() -> None:
    with endpoints(3) as made, Balancer(*upstreams(made), *STATUS) as balancer:
        balancer.wait_log(f"info endpoint {made[0].name} is healthy: its first probe was answered")
        wait_serving(balancer, *made)
        made[0].status = answer("500 Oh")
        balancer.wait_log(f"warning endpoint {made[0].name} is unhealthy: 3 probes failed .answered 500.")
        wait_serving(balancer, *made[1:])
        made[0].status = ok()
        balancer.wait_log(f"info endpoint {made[0].name} is healthy again: 2 probes answered")
        wait_serving(balancer, *made)


def test_an_endpoint_that_answers_503_drains_at_once() -> None:
    with endpoints(3) as made, Balancer(*upstreams(made), *STATUS) as balancer:
        wait_until(lambda: all(endpoint.probes for endpoint in made), "all are probed")
        made[0].status = answer("503 Service Unavailable")
        balancer.wait_log(f"info endpoint {made[0].name} is draining: answered 503 to its probe", within=1)
        wait_serving(balancer, made[1], made[2])
        made[0].status = ok()
        balancer.wait_log(f"info endpoint {made[0].name} is healthy again")
        wait_serving(balancer, *made)


def test_an_endpoint_that_begins_to_close_its_connections_drains() -> None:
    with endpoints(3) as made, Balancer(*upstreams(made), *STATUS) as balancer:
        wait_until(lambda: all(endpoint.probes for endpoint in made), "all are probed")
        made[0].status = ok(b"ready", "Connection: close")
        balancer.wait_log(f"info endpoint {made[0].name} is draining: its answers end their connections")
        wait_serving(balancer, made[1], made[2])


def test_a_probe_is_a_plain_request_and_is_not_logged() -> None:
    with endpoints(1) as made, Balancer(*upstreams(made), *STATUS, "--health-host", "web.test") as balancer:
        probe = wait_until(lambda: made[0].probes, "a probe")[0]
        assert (probe.method, probe.target, probe.version) == ("GET", "/status", "HTTP/1.1")
        assert list(probe.fields) == [("Host", "web.test"), ("User-Agent", "balancer-health-check")]
        wait_until(lambda: len(made[0].probes) > 3, "more probes")
        answers(balancer, requests=1)
        assert "GET / " in balancer.wait_access()[0]


@pytest.mark.parametrize(
    "args, status, reason",
    [
        (["--health-status", "200,418"], answer("204 No Content"), "answered 204"),
        (["--health-body", "ready"], ok(b"starting"), "its answer lacks the text that is looked for"),
        ([], b"220 mail ready\r\n", "its answer is malformed"),
    ],
)
def test_what_is_expected_of_an_answer(args: list[str], status: bytes, reason: str) -> None:
    with endpoints(2) as made, Balancer(*upstreams(made), *STATUS, *args) as balancer:
        balancer.wait_log(f"endpoint {made[0].name} is healthy")
        made[0].status = status
        line = balancer.wait_log(f"endpoint {made[0].name} is unhealthy: .*").string
        assert line.endswith(f"3 probes failed ({reason})")
        wait_serving(balancer, made[1])


def test_where_most_are_unhealthy_all_are_used() -> None:
    with endpoints(4) as made, Balancer(*upstreams(made), *STATUS) as balancer:
        wait_until(lambda: all(endpoint.probes for endpoint in made), "all are probed")
        for endpoint in made[:3]:
            endpoint.status = answer("500 Oh")
        balancer.wait_log("warning .*: 1 of 4 endpoints is healthy: all are used")
        wait_serving(balancer, *made)
        made[0].status = made[1].status = ok()
        balancer.wait_log("info .*: [23] of 4 endpoints are healthy: the panic is over")
        wait_serving(balancer, made[0], made[1], made[3])


# ---- TCP, the default ----------------------------------------------------------------------------------------------


def test_an_endpoint_that_refuses_is_found_without_a_request() -> None:
    with Fleet(2) as fleet, Balancer(*upstreams(fleet), *QUICK) as balancer:
        balancer.wait_log(f"endpoint {fleet[0].name} is healthy: its first probe was answered")
        fleet[0].stop()
        balancer.wait_log(f"endpoint {fleet[0].name} is unhealthy: 3 probes failed .Connection refused.")
        fleet[0].start()
        balancer.wait_log(f"endpoint {fleet[0].name} is healthy again: 2 probes answered")
        assert not fleet[0].requests


def test_without_a_check_nobody_is_probed() -> None:
    with Fleet(1) as fleet, Balancer(*upstreams(fleet), *QUICK, "--health-check", "off") as balancer:
        answers(balancer, requests=5)
        assert fleet[0].accepted == 1, "the connection of the requests"


def test_a_new_endpoint_serves_once_it_listens() -> None:
    """It has its name before it listens, as containers do: no request fails, and it gets none before."""
    with Fleet(2) as fleet, DnsServer() as dns:
        fleet[1].stop()
        dns.serve("web.test", fleet.hosts[0])
        args = ["--upstream", f"web.test:{fleet.port}", "--resolver", dns.address, "--resolve-interval", "100ms"]
        with Balancer(*args, "--slow-start", "0") as balancer:
            balancer.wait_log(f"endpoint {fleet[0].name} is healthy")
            dns.serve("web.test", *fleet.hosts)
            balancer.wait_log("2 endpoints")
            assert set(answers(balancer, requests=50)) == {fleet[0].name}
            fleet[1].start()
            listening = time.monotonic()
            balancer.wait_log(f"endpoint {fleet[1].name} is healthy: its first probe was answered")
            wait_serving(balancer, *fleet)
            assert time.monotonic() - listening < 1
            assert "failed: Connection refused" not in "".join(balancer.log_lines()), "a request met the new one"


def test_a_pool_that_is_new_serves_before_it_is_probed() -> None:
    """The first request comes at once; it may not wait for a probe's result."""
    with Fleet(1) as fleet, Balancer(*upstreams(fleet)) as balancer:
        assert ask(balancer.address, request("GET", "/")).status == 200


def test_probes_follow_the_addresses() -> None:
    """Who has left is not asked any more."""
    with Fleet(2) as fleet, DnsServer() as dns:
        dns.serve("web.test", *fleet.hosts)
        args = ["--upstream", f"web.test:{fleet.port}", "--resolver", dns.address, "--resolve-interval", "100ms"]
        with Balancer(*args, *QUICK) as balancer:
            wait_until(lambda: fleet[1].accepted > 2, "probes")
            dns.serve("web.test", fleet.hosts[0])
            balancer.wait_log(f"-{fleet.hosts[1]}")
            left, stayed = fleet[1].accepted, fleet[0].accepted
            wait_until(lambda: fleet[0].accepted > stayed + 4, "the other one is still probed")
            assert fleet[1].accepted <= left + 1


# ---- slow start ----------------------------------------------------------------------------------------------------


def test_a_new_endpoint_gets_its_share_little_by_little() -> None:
    with Fleet(2) as fleet, DnsServer() as dns:
        dns.serve("web.test", fleet.hosts[0])
        args = ["--upstream", f"web.test:{fleet.port}", "--resolver", dns.address, "--resolve-interval", "100ms"]
        with Balancer(*args, "--slow-start", "1s", "--workers", "1") as balancer:
            balancer.wait_log(f"endpoint {fleet[0].name} is healthy")
            healthy = time.monotonic()
            wait_until(lambda: time.monotonic() - healthy > 1, "the first one is no longer new")
            dns.serve("web.test", *fleet.hosts)
            balancer.wait_log(f"endpoint {fleet[1].name} is healthy")
            first = wait_until(lambda: (counted := answers(balancer, 50))[fleet[1].name] and counted, "it serves")
            assert first[fleet[1].name] < 20, "far from a half at first"
            wait_until(lambda: answers(balancer, 50)[fleet[1].name] == 25, "a half at last", within=3)


# ---- gRPC ----------------------------------------------------------------------------------------------------------

SERVING, NOT_SERVING = b"\x08\x01", b"\x08\x02"


class HealthService:
    """grpcio's server with grpc.health.v1.Health, written by hand: messages are bytes."""

    def __init__(self, number: int) -> None:
        self.status = {"": SERVING, "tweets": SERVING}
        self.calls: list[str] = []
        self._address = (loopback(number), free_port())
        self.name = f"{self._address[0]}:{self._address[1]}"

    def _check(self, message: bytes, context: grpc.ServicerContext) -> bytes:
        service = message[2:].decode()
        self.calls.append(service)
        if service not in self.status:
            context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")
        return self.status[service]

    def __enter__(self) -> HealthService:
        check = grpc.unary_unary_rpc_method_handler(self._check)
        self._server = grpc.server(ThreadPoolExecutor(2))
        self._server.add_generic_rpc_handlers(
            [grpc.method_handlers_generic_handler("grpc.health.v1.Health", {"Check": check})]
        )
        assert self._server.add_insecure_port(self.name)
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop(None).wait(5)


@pytest.mark.parametrize("service", ["", "tweets"])
def test_a_grpc_service_says_how_it_is(service: str) -> None:
    check = f"grpc:{service}" if service else "grpc"
    with HealthService(1) as one, HealthService(2) as two:
        with Balancer(*upstreams([one, two]), *QUICK, "--health-check", check) as balancer:
            balancer.wait_log(f"endpoint {one.name} is healthy: its first probe was answered")
            assert set(one.calls) == {service}
            one.status[service] = NOT_SERVING
            balancer.wait_log(f"info endpoint {one.name} is draining: answered NOT_SERVING to its probe", within=1)
            one.status[service] = SERVING
            balancer.wait_log(f"endpoint {one.name} is healthy again: 2 probes answered")
            del one.status[service]
            balancer.wait_log(f'endpoint {one.name} is unhealthy: 3 probes failed .it knows no service "{service}".')
            assert f"endpoint {two.name} is unhealthy" not in "\n".join(balancer.log_lines())


def test_a_grpc_check_of_what_is_none() -> None:
    def refuse(connection: Connection) -> None:
        connection.read_until(b"\r\n\r\n")
        connection.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    with Origin(refuse) as origin, Balancer("--upstream", origin.name, *QUICK, "--health-check", "grpc") as balancer:
        balancer.wait_log(f"endpoint {origin.name} is unhealthy: .* .it does not speak HTTP/2.", within=8)
