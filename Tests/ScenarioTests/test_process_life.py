"""The process and what the system gives it: workers, users, process ids, descriptors."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from support.balancer import BINARY, Balancer
from support.client import Client, ask, request
from support.deadline import seconds, wait_until
from support.replicas import Fleet, refuses
from support.workers import connections_per_worker, open_descriptors, processor_seconds
from support.wrapper import require, wrapped

ROOT = os.geteuid() == 0


# Workers


@pytest.mark.parametrize("round_", range(4))
def test_clients_spread_evenly_over_workers(round_: int) -> None:
    """With 64 clients and 2 workers no worker carries more than 60% of them."""
    with Fleet(1) as fleet, Balancer("--upstream", fleet[0].name, "--workers", "2") as balancer, ExitStack() as stack:
        clients = [stack.enter_context(Client(balancer.address)) for _ in range(64)]
        for client in clients:
            assert client.get().status == 200
        counts = connections_per_worker(balancer.pid, balancer.port)
        assert sum(counts) == 64 and len(counts) == 2, f"not seen from outside: {counts}"
        assert max(counts) <= 0.6 * 64, counts


def test_clients_that_all_come_at_once_spread_evenly() -> None:
    """Their connects wait in the queue while the process is stopped: no worker may take them all when it wakes."""
    with Fleet(1) as fleet, Balancer("--upstream", fleet[0].name, "--workers", "2") as balancer, ExitStack() as stack:
        balancer.send_signal(signal.SIGSTOP)
        try:
            clients = [stack.enter_context(Client(balancer.address)) for _ in range(64)]
        finally:
            balancer.send_signal(signal.SIGCONT)
        for client in clients:
            assert client.get().status == 200
        counts = connections_per_worker(balancer.pid, balancer.port)
        assert sum(counts) == 64 and max(counts) <= 0.6 * 64, counts


def test_spread_stays_even_when_clients_come_and_go() -> None:
    with Fleet(1) as fleet, Balancer("--upstream", fleet[0].name, "--workers", "2") as balancer, ExitStack() as stack:
        for _ in range(100):
            assert ask(balancer.address, request("GET", "/")).status == 200
        clients = [stack.enter_context(Client(balancer.address)) for _ in range(64)]
        for client in clients:
            assert client.get().status == 200
        wait_until(lambda: sum(connections_per_worker(balancer.pid, balancer.port)) == 64, "only these are left")
        counts = connections_per_worker(balancer.pid, balancer.port)
        assert max(counts) <= 0.6 * 64, counts


def test_an_idle_process_sleeps() -> None:
    with Fleet(1) as fleet, Balancer("--upstream", fleet[0].name) as balancer, Client(balancer.address) as client:
        assert client.get().status == 200
        before = processor_seconds(balancer.pid)
        time.sleep(1)
        assert processor_seconds(balancer.pid) - before <= 0.05


def test_descriptors_come_back() -> None:
    """After a thousand connections no more are open than after a hundred."""
    with Fleet(2) as fleet:
        args = ["--upstream", fleet[0].name, "--upstream", fleet[1].name, "--upstream-idle-timeout", "200ms"]
        with Balancer(*args) as balancer:

            def settled(requests: int) -> int:
                for _ in range(requests):
                    assert ask(balancer.address, request("GET", "/")).status == 200
                wait_until(lambda: not any(replica.connections for replica in fleet), "idle connections close")
                wait_until(lambda: not connections_per_worker(balancer.pid, balancer.port), "clients are gone")
                return open_descriptors(balancer.pid)

            assert settled(900) == settled(100)


# Where it runs


def test_as_process_1(tmp_path: Path) -> None:
    """As in a container: serves, reaps nothing, and heeds SIGTERM, which process 1 ignores unless it asks for it."""
    require("unshare", "--fork", "--pid", "--mount-proc", "true")
    with wrapped(tmp_path, 'exec unshare --fork --pid --mount-proc --kill-child "$@"'), Fleet(1) as fleet:
        with Balancer("--upstream", fleet[0].name) as balancer, Client(balancer.address) as client:
            children = Path(f"/proc/{balancer.pid}/task/{balancer.pid}/children").read_text().split()
            inside = int(children[0])
            status = Path(f"/proc/{inside}/status").read_text()
            assert "\t1\n" in status[status.index("NSpid:") :].splitlines(keepends=True)[0]
            assert client.get().status == 200
            client.send(request("GET", "/held"))
            wait_until(lambda: fleet[0].count("/held"), "the slow request arrives")
            os.kill(inside, signal.SIGTERM)
            wait_until(lambda: refuses(balancer.address), "the listener closes", within=1)
            fleet[0].release()
            answer = client.response()
            assert (answer.status, answer.fields.all("Connection")) == (200, ["close"])
            assert balancer.wait_exit(within=2) == 0


def test_without_root(tmp_path: Path) -> None:
    """As a user who may nothing, with no capabilities and no way to gain any."""
    if not ROOT:
        pytest.skip("not root: every other scenario already runs without")
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--no-new-privs"]
    require(*nobody, "true")
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        binary = Path(shutil.copy2(BINARY, directory))
        binary.chmod(0o755)
        require(*nobody, str(binary), "--version")
        with wrapped(tmp_path, f'exec {" ".join(nobody)} "$@"', binary), Fleet(1) as fleet:
            with Balancer("--upstream", fleet[0].name) as balancer:
                assert os.stat(f"/proc/{balancer.pid}").st_uid == 65534
                assert ask(balancer.address, request("GET", "/")).status == 200


def test_starts_with_closed_standard_input(tmp_path: Path) -> None:
    """Its first socket then gets descriptor 0."""
    with wrapped(tmp_path, 'exec "$@" <&-'), Fleet(1) as fleet:
        with Balancer("--upstream", fleet[0].name) as balancer:
            assert ask(balancer.address, request("GET", "/")).status == 200


# Out of descriptors

LIMIT = 64


def test_out_of_descriptors(tmp_path: Path) -> None:
    """It stops accepting, keeps serving those it has, says so once, sleeps meanwhile, and goes on afterwards."""
    require("prlimit", "--version")
    args = ["--workers", "1", "--upstream-idle-timeout", "60s"]
    with wrapped(tmp_path, f'exec prlimit --nofile={LIMIT}:{LIMIT} "$@"'), Fleet(1) as fleet, ExitStack() as stack:
        with Balancer("--upstream", fleet[0].name, *args) as balancer:
            first = [stack.enter_context(Client(balancer.address)) for _ in range(8)]
            for client in first:
                assert client.get().status == 200
            more = [stack.enter_context(Client(balancer.address)) for _ in range(LIMIT + 40)]
            said = balancer.wait_log(r" (warning|error) .*descriptor").string
            before = processor_seconds(balancer.pid)
            began = time.monotonic()
            while time.monotonic() - began < 1:
                assert {client.get().status for client in first} == {200}
                time.sleep(0.05)
            assert processor_seconds(balancer.pid) - before < seconds(0.5), "it turns in circles"
            assert len([line for line in balancer.log_lines() if "descriptor" in line]) == 1, said

            for client in more[:-4]:
                client.close()
            for client in more[-4:]:
                assert client.get().status == 200
            assert {client.get().status for client in first} == {200}


def test_out_of_descriptors_leaves_room_for_upstreams(tmp_path: Path) -> None:
    """A crowd of clients that take all places still gets answers: places are kept for the connections upstream."""
    require("prlimit", "--version")
    with wrapped(tmp_path, f'exec prlimit --nofile={LIMIT}:{LIMIT} "$@"'), Fleet(1) as fleet, ExitStack() as stack:
        with Balancer("--upstream", fleet[0].name, "--workers", "1") as balancer:
            crowd = [stack.enter_context(Client(balancer.address)) for _ in range(2 * LIMIT)]
            for client in crowd:
                client.send(request("GET", "/", "Connection: close"))
            statuses = [client.response(within=10).status for client in crowd]
            assert statuses == [200] * len(crowd), statuses


def test_hard_limit_is_used(tmp_path: Path) -> None:
    """Shells hand out a soft limit of 1024 under a far higher hard one, which is the one that matters."""
    require("prlimit", "--version")
    with wrapped(tmp_path, 'exec prlimit --nofile=64:4096 "$@"'), Fleet(1) as fleet, ExitStack() as stack:
        with Balancer("--upstream", fleet[0].name, "--workers", "1") as balancer:
            clients = [stack.enter_context(Client(balancer.address)) for _ in range(200)]
            assert {client.get().status for client in clients} == {200}


# Signals it was not asked to heed


def test_a_client_that_vanishes_does_not_end_it() -> None:
    """SIGPIPE is what a process gets for writing to one, and dies of unless it says otherwise."""
    with Fleet(1) as fleet, Balancer("--upstream", fleet[0].name) as balancer:
        for _ in range(20):
            with Client(balancer.address) as client:
                client.send(request("GET", "/bytes/5000000"))
                client.read_response_head()
                client.reset()
        began = time.monotonic()
        assert ask(balancer.address, request("GET", "/")).status == 200
        assert time.monotonic() - began < seconds(1)
        wait_until(lambda: not connections_per_worker(balancer.pid, balancer.port), "the dead clients are let go")
