"""SIGTERM and SIGINT: nothing new comes in, what runs is finished, and the time for that has an end."""

from __future__ import annotations

import signal
import time
from contextlib import ExitStack

import pytest

from support.balancer import Balancer
from support.client import Client, ask, request
from support.deadline import seconds, wait_until
from support.replicas import Fleet, pattern, refuses
from support.wire import Cut

SIGNALS = [signal.SIGTERM, signal.SIGINT]


# An idle connection is left open for a moment, so that a request that is on its way still finds it.
IDLE_CLOSES_WITHIN = 2.0


def wait_listeners_closed(balancer: Balancer) -> None:
    wait_until(lambda: refuses(balancer.address), "the listener closes", within=1)


@pytest.mark.parametrize("number", SIGNALS)
def test_running_requests_finish(number: signal.Signals) -> None:
    with Fleet(1) as fleet, Balancer("--upstream", fleet[0].name) as balancer:
        with Client(balancer.address) as download, Client(balancer.address) as slow, Client(balancer.address) as idle:
            assert idle.get().status == 200
            assert not idle.get().fields.has("Connection")
            download.send(request("GET", "/halves/3000000"))
            head = download.read_response_head()
            first = download.read_exact(1_000_000)
            slow.send(request("GET", "/held"))
            wait_until(lambda: fleet[0].count("/held"), "the slow request arrives")

            balancer.send_signal(number)
            wait_listeners_closed(balancer)
            idle.expect_close(IDLE_CLOSES_WITHIN)
            assert balancer.process.poll() is None
            fleet[0].release()
            assert first + download.read_exact(2_000_000) == pattern(3_000_000)
            assert head.status == 200
            download.expect_close(IDLE_CLOSES_WITHIN)
            answer = slow.response()
            assert (answer.status, answer.fields.all("Connection")) == (200, ["close"])
            slow.expect_close(within=1)
            assert balancer.wait_exit(within=2) == 0


@pytest.mark.parametrize("number", SIGNALS)
def test_without_connections_it_exits_at_once(number: signal.Signals) -> None:
    with Fleet(1) as fleet, Balancer("--upstream", fleet[0].name) as balancer:
        assert ask(balancer.address, request("GET", "/")).status == 200
        began = time.monotonic()
        assert balancer.terminate(number) == 0
        assert time.monotonic() - began < seconds(1)


def test_an_idle_client_does_not_hold_it_up() -> None:
    """Neither one between two requests nor one that has sent nothing yet."""
    with Fleet(1) as fleet, Balancer("--upstream", fleet[0].name) as balancer:
        with Client(balancer.address) as idle, Client(balancer.address) as fresh:
            assert idle.get().status == 200
            began = time.monotonic()
            assert balancer.terminate() == 0
            assert time.monotonic() - began < seconds(IDLE_CLOSES_WITHIN)
            idle.expect_close()
            fresh.expect_close()


@pytest.mark.parametrize("number", SIGNALS)
def test_drain_timeout_cuts_what_is_left(number: signal.Signals) -> None:
    with Fleet(1) as fleet, Balancer("--upstream", fleet[0].name, "--drain-timeout", "700ms") as balancer:
        with Client(balancer.address) as held, Client(balancer.address) as half, Client(balancer.address) as head:
            held.send(request("GET", "/held"))
            half.send(request("GET", "/halves/1000"))
            half.read_response_head()
            head.send(b"GET / HTTP/1.1\r\nHo")
            wait_until(lambda: fleet[0].count("/held"), "the slow request arrives")
            began = time.monotonic()
            assert balancer.terminate(number, within=5) == 0
            assert 0.6 < time.monotonic() - began < seconds(1.5)
            with pytest.raises(Cut):
                half.read_exact(1000)


def test_a_second_signal_stops_at_once() -> None:
    with Fleet(1) as fleet, Balancer("--upstream", fleet[0].name) as balancer:
        with Client(balancer.address) as held:
            held.send(request("GET", "/held"))
            wait_until(lambda: fleet[0].count("/held"), "the slow request arrives")
            balancer.send_signal(signal.SIGTERM)
            wait_listeners_closed(balancer)
            time.sleep(0.2)
            assert balancer.process.poll() is None, "one signal is enough to cut a running request"
            began = time.monotonic()
            balancer.terminate(signal.SIGINT)
            assert time.monotonic() - began < seconds(0.5)


def test_connections_in_the_listen_queue_are_answered() -> None:
    """Clients that connected before the signal are served, though it had not accepted them yet: their requests wait
    while the process is stopped, and the signal comes first when it goes on."""
    with Fleet(1) as fleet, Balancer("--upstream", fleet[0].name, "--workers", "2") as balancer, ExitStack() as stack:
        assert ask(balancer.address, request("GET", "/")).status == 200
        balancer.send_signal(signal.SIGSTOP)
        try:
            clients = [stack.enter_context(Client(balancer.address)) for _ in range(40)]
            for client in clients:
                client.send(request("GET", "/"))
            balancer.send_signal(signal.SIGTERM)
        finally:
            balancer.send_signal(signal.SIGCONT)
        assert [client.response().status for client in clients] == [200] * 40
        for client in clients:
            client.expect_close(IDLE_CLOSES_WITHIN)
        assert balancer.wait_exit(within=2) == 0


def test_requests_on_kept_connections_race_the_signal_without_loss() -> None:
    """A request that was sent before the signal is answered, or its connection ends before a byte of an answer."""
    with Fleet(1) as fleet, Balancer("--upstream", fleet[0].name, "--workers", "2") as balancer, ExitStack() as stack:
        clients = [stack.enter_context(Client(balancer.address)) for _ in range(20)]
        for client in clients:
            assert client.get().status == 200
        balancer.send_signal(signal.SIGSTOP)
        try:
            for client in clients:
                client.send(request("GET", "/"))
            balancer.send_signal(signal.SIGTERM)
        finally:
            balancer.send_signal(signal.SIGCONT)
        answers = [client.response() for client in clients]
        assert [answer.status for answer in answers] == [200] * 20
        assert balancer.wait_exit(within=2) == 0


def test_pipelined_requests_are_answered_before_the_close() -> None:
    with Fleet(1) as fleet, Balancer("--upstream", fleet[0].name) as balancer, Client(balancer.address) as client:
        client.send(request("GET", "/held") + request("GET", "/next"))
        wait_until(lambda: fleet[0].count("/held"), "the slow request arrives")
        balancer.send_signal(signal.SIGTERM)
        wait_listeners_closed(balancer)
        fleet[0].release()
        answer = client.response()
        assert answer.status == 200
        if not answer.fields.has("Connection"):
            answer = client.response()
        assert answer.fields.all("Connection") == ["close"]
        client.expect_end(within=1)
        assert balancer.wait_exit(within=2) == 0


def test_an_upload_that_runs_is_finished() -> None:
    with Fleet(1) as fleet, Balancer("--upstream", fleet[0].name) as balancer, Client(balancer.address) as client:
        client.send(request("POST", "/", "Content-Length: 200000") + b"x" * 100_000)
        wait_until(lambda: fleet[0].connections, "the upload begins")
        balancer.send_signal(signal.SIGTERM)
        wait_listeners_closed(balancer)
        client.send(b"x" * 100_000)
        answer = client.response()
        assert (answer.status, answer.fields.all("Connection")) == (200, ["close"])
        assert balancer.wait_exit(within=2) == 0


def test_it_stays_until_the_client_has_everything() -> None:
    """What the kernel has not sent yet would be lost with a container's network when its first process exits."""
    size = 300_000
    with Fleet(1) as fleet, Balancer("--upstream", fleet[0].name) as balancer:
        with Client(balancer.address, receive_buffer=4096) as slow:
            slow.send(request("GET", f"/bytes/{size}"))
            assert slow.read_response_head().status == 200
            balancer.send_signal(signal.SIGTERM)
            wait_listeners_closed(balancer)
            time.sleep(0.5)
            assert balancer.process.poll() is None, "it exits while its answer waits in the kernel"
            assert slow.read_exact(size) == pattern(size)
            slow.expect_close(IDLE_CLOSES_WITHIN)
            assert balancer.wait_exit(within=2) == 0


def test_it_exits_though_a_client_never_reads() -> None:
    with Fleet(1) as fleet, Balancer("--upstream", fleet[0].name, "--drain-timeout", "500ms") as balancer:
        with Client(balancer.address, receive_buffer=4096) as deaf:
            deaf.send(request("GET", "/bytes/30000000"))
            wait_until(lambda: fleet[0].requests, "the download begins")
            began = time.monotonic()
            assert balancer.terminate(within=5) == 0
            assert time.monotonic() - began < seconds(1.5)


def test_the_access_log_is_complete_after_the_exit() -> None:
    with Fleet(1) as fleet, Balancer("--upstream", fleet[0].name) as balancer, Client(balancer.address) as client:
        for number in range(200):
            assert client.get(f"/{number}").status == 200
        client.send(request("GET", "/held"))
        wait_until(lambda: fleet[0].count("/held"), "the slow request arrives")
        balancer.send_signal(signal.SIGTERM)
        fleet[0].release()
        assert client.response().status == 200
        assert balancer.wait_exit() == 0
        targets = [line.split('"')[1].split(" ")[1] for line in balancer.access_lines()]
        assert targets == [f"/{number}" for number in range(200)] + ["/held"]


def test_a_stop_before_any_request() -> None:
    """SIGTERM directly after the start-up lines, several times: there is no moment at which it is not handled."""
    for _ in range(5):
        with Balancer("--upstream", "127.0.0.1:9") as balancer:
            assert balancer.terminate(within=2) == 0
