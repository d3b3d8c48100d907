"""Another configuration comes into force while requests run: at once, as a whole, and without a failed request."""

from __future__ import annotations

import json
import random
import signal
import socket
import threading
import time
from contextlib import ExitStack

import pytest

from support.balancer import Balancer
from support.client import Client, ask, request
from support.configuration import Configuration
from support.deadline import SLOWNESS, seconds, wait_until
from support.load import Load
from support.origin import Connection, Origin, always, ok
from support.wire import Cut
from support.workers import open_descriptors

BROKEN = [
    "routes: {/: [",
    "polcy: round-robin\nroutes: {/: 127.0.0.1:9}\n",
    "routes:\n  /: {to: nobody}\n",
    "",
    "\0",
    "routes:\n  '~ (': 127.0.0.1:9\n",
    "listen: 192.0.2.1:80\nroutes: {/: 127.0.0.1:9}\n",
]


def fixed(text: str, rest: str = "") -> str:
    """A file whose every answer is this text."""
    return f"access_log: off\n{rest}routes:\n  /: {{reply: {{text: {text}}}}}\n"


def forwarding(origin: Origin, routes: str = "", rest: str = "") -> str:
    """A file that sends everything to an origin that nobody probes."""
    return (
        f"access_log: off\n{rest}services:\n  main: {{upstreams: '{origin.name}', health: off}}\n"
        f"routes:\n  /: main\n{routes}"
    )


def answers(balancer: Balancer, content: str, target: str = "/") -> bool:
    return ask(balancer.address, request("GET", target)).content.decode() == content


def wait_answer(balancer: Balancer, content: str, within: float = 5.0) -> None:
    wait_until(lambda: answers(balancer, content), f"the answer {content}", within)


def page(address: tuple[str, int], path: str) -> str:
    response = ask(address, request("GET", path))
    assert response.status == 200, response
    return response.content.decode()


def admin_address(balancer: Balancer) -> tuple[str, int]:
    match = balancer.wait_log(r"admin pages on (\S+):(\d+)$")
    return match[1], int(match[2])


def metric(admin: tuple[str, int], name: str) -> float:
    for line in page(admin, "/metrics").splitlines():
        if line.startswith(f"{name} "):
            return float(line.split(" ")[1])
    raise AssertionError(f"no metric {name}")


# When


@pytest.mark.parametrize("way", ["write", "move", "edit", "remove", "through_another_name", "swap"])
def test_each_way_of_changing_the_file_counts(way: str) -> None:
    with Configuration(fixed("first")) as file, Balancer("-c", file.name) as balancer:
        wait_answer(balancer, "first")
        for text in ("second", "third"):
            getattr(file, way)(fixed(text))
            wait_answer(balancer, text)
        assert not [line for line in balancer.log_lines() if " error " in line]


def test_an_included_file_counts() -> None:
    with Configuration("include: more\naccess_log: off\n") as file:
        more = file.directory / "more"
        more.mkdir()
        (more / "a.yaml").write_text("routes: {/: {reply: {text: first}}}")
        with Balancer("-c", file.name) as balancer:
            (more / "a.yaml").write_text("routes: {/: {reply: {text: second}}}")
            wait_answer(balancer, "second")
            (more / "b.yaml").write_text("routes: {/x: {reply: {text: third}}}")
            wait_until(lambda: answers(balancer, "third", "/x"), "a file that is new in the directory")


def test_a_hangup_reads_the_file_and_says_what_came_of_it() -> None:
    with Configuration(fixed("first")) as file, Balancer("-c", file.name) as balancer:
        balancer.send_signal(signal.SIGHUP)
        balancer.wait_log("nothing has changed")
        wait_answer(balancer, "first")


def test_a_hangup_without_a_file_is_no_end() -> None:
    with Balancer("--upstream", "127.0.0.1:9") as balancer:
        balancer.send_signal(signal.SIGHUP)
        balancer.wait_log("no configuration file")


# What


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_file_is_refused_as_a_whole(broken: str) -> None:
    good = fixed("first", "listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\n")
    with Configuration(good) as file, Balancer("-c", file.name, listen=False) as balancer:
        admin = admin_address(balancer)
        file.move(broken)
        balancer.wait_log(r"error config \S+: refused for \d+ errors?; the last good one stays in force")
        assert answers(balancer, "first")
        state = json.loads(page(admin, "/config"))
        assert state["refusal"]["diagnostics"][0]["severity"] == "error"
        assert metric(admin, "balancer_config_last_reload_successful") == 0
        file.move(good)
        balancer.wait_log("valid again")
        assert json.loads(page(admin, "/config"))["refusal"] is None
        assert metric(admin, "balancer_config_last_reload_successful") == 1


def test_a_request_ends_by_the_rules_it_began_with() -> None:
    held = threading.Event()

    def slow(connection: Connection) -> None:
        connection.read_request()
        assert held.wait(seconds(10))
        connection.send(ok(b"whole"))

    with Origin(slow) as origin, ExitStack() as stack:
        file = stack.enter_context(Configuration(forwarding(origin, "  /x: {reply: {text: before}}\n")))
        balancer = stack.enter_context(Balancer("-c", file.name))
        with Client(balancer.address) as client:
            client.send(request("GET", "/"))
            origin.wait_requests(1)
            assert answers(balancer, "before", "/x")
            file.move(fixed("after"))
            wait_until(lambda: answers(balancer, "after", "/x"), "the new rules")
            held.set()
            assert client.response().content == b"whole"
            assert client.get().content == b"after", "the next one on the same connection goes by the new rules"


def test_a_new_service_has_its_addresses_from_the_first_request_on() -> None:
    with Origin(always(ok(b"one"))) as one, Origin(always(ok(b"two"))) as two:
        with Configuration(forwarding(one)) as file, Balancer("-c", file.name) as balancer:
            assert answers(balancer, "one")
            file.move(forwarding(one, f"  /two: localhost:{two.address[1]}\n"))
            balancer.wait_log("reloaded")
            assert answers(balancer, "two", "/two")


def test_upstream_connections_of_a_service_that_stays_live_on() -> None:
    with Origin(always(ok())) as origin:
        rest = "timeouts: {upstream_idle: 1m}\nworkers: 1\n"
        with Configuration(forwarding(origin, rest=rest)) as file, Balancer("-c", file.name) as balancer:
            with Client(balancer.address) as client:
                for number in range(5):
                    assert client.get().status == 200
                    file.move(forwarding(origin, f"  /{number}: {{reply: 204}}\n", rest))
                    wait_until(
                        lambda: ask(balancer.address, request("GET", f"/{number}")).status == 204, "the new route")
                assert client.get().status == 200
            assert len(origin.connections) == 1


def test_tunnels_live_on() -> None:
    def echo(connection: Connection) -> None:
        connection.read_request()
        connection.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        while part := connection.read_some(within=20):
            connection.send(part)

    with Origin(echo) as origin, ExitStack() as stack:
        file = stack.enter_context(Configuration(forwarding(origin, "  /x: {reply: {text: before}}\n")))
        balancer = stack.enter_context(Balancer("-c", file.name))
        with Client(balancer.address) as client:
            upgrade = request("GET", "/", "Connection: Upgrade", "Upgrade: websocket")
            assert client.ask(upgrade).status == 101
            for number in range(3):
                file.move(fixed(f"after{number}"))
                wait_until(lambda: answers(balancer, f"after{number}", "/x"), "the new rules")
                client.send(b"still there")
                assert client.read_exact(11) == b"still there"


# Listeners


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def refuses(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=seconds(2)).close()
    except ConnectionRefusedError:
        return True
    except ConnectionError:
        pass
    return False


def test_listeners_come_and_go_and_their_connections_stay() -> None:
    old, new = unused_port(), unused_port()
    with Configuration(fixed("first", f"listen: 127.0.0.1:{old}\n")) as file:
        with Balancer("-c", file.name, listen=False), Client(("127.0.0.1", old)) as client:
            assert client.get().content == b"first"
            file.move(fixed("both", f"listen: ['127.0.0.1:{old}', '127.0.0.1:{new}']\n"))
            wait_until(lambda: not refuses(new), "the new listener")
            assert ask(("127.0.0.1", new), request("GET", "/")).content == b"both"
            file.move(fixed("second", f"listen: 127.0.0.1:{new}\n"))
            wait_until(lambda: refuses(old), "the old listener closes")
            assert client.get().content == b"second", "a connection outlives its listener"
            # And back, at once.
            file.move(fixed("third", f"listen: 127.0.0.1:{old}\n"))
            wait_until(lambda: refuses(new) and not refuses(old), "and the other way round")
            assert ask(("127.0.0.1", old), request("GET", "/")).content == b"third"


def test_a_listener_gives_way_to_a_wider_one() -> None:
    port = unused_port()
    first = fixed("first", f"listen: 127.0.0.1:{port}\n")
    with Configuration(first) as file, Balancer("-c", file.name, listen=False) as balancer:
        file.move(fixed("second", f"listen: :{port}\n"))
        balancer.wait_log("reloaded")
        wait_until(lambda: ask(("127.0.0.1", port), request("GET", "/")).content == b"second", "the wider listener")


def test_a_port_that_is_taken_refuses_the_whole_file() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        own = unused_port()
        first = fixed("first", f"listen: 127.0.0.1:{own}\n")
        with Configuration(first) as file, Balancer("-c", file.name, listen=False) as balancer:
            file.move(fixed("changed", f"listen: 127.0.0.1:{own}\n"))
            balancer.wait_log("reloaded")
            before = open_descriptors(balancer.pid)
            file.move(fixed("second", f"listen: ['127.0.0.1:{own}', '127.0.0.1:{unused_port()}', '127.0.0.1:{port}']\n"))
            balancer.wait_log(f"cannot listen on 127.0.0.1:{port}: Address already in use")
            assert answers(balancer, "changed")
            wait_until(lambda: open_descriptors(balancer.pid) <= before, "what was bound for it is closed")


def test_the_admin_page_moves() -> None:
    first, second = unused_port(), unused_port()
    with Configuration(fixed("first", f"admin: 127.0.0.1:{first}\n")) as file, Balancer("-c", file.name):
        assert page(("127.0.0.1", first), "/healthz") == "ok\n"
        file.move(fixed("first", f"admin: 127.0.0.1:{second}\n"))
        wait_until(lambda: refuses(first), "the old one closes")
        assert page(("127.0.0.1", second), "/healthz") == "ok\n"
        file.move(fixed("first"))
        wait_until(lambda: refuses(second), "it is off")


# All of it together


class Held:
    """Connections that nothing may close: tunnels that echo, and kept ones that ask now and then."""

    def __init__(self, balancer: Balancer, stack: ExitStack, tunnels: int = 4, kept: int = 4) -> None:
        self.tunnels = [stack.enter_context(Client(balancer.address)) for _ in range(tunnels)]
        self.kept = [stack.enter_context(Client(balancer.address)) for _ in range(kept)]
        for client in self.tunnels:
            assert client.ask(request("GET", "/", "Connection: Upgrade", "Upgrade: x")).status == 101

    def look(self) -> None:
        for client in self.tunnels:
            client.send(b"ping")
            assert client.read_exact(4) == b"ping"
        for client in self.kept:
            assert client.get().status == 200


def serve_or_echo(connection: Connection) -> None:
    while got := connection.next_request(within=90):
        if got.fields.has("Upgrade"):
            connection.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
            while part := connection.read_some(within=90):
                connection.send(part)
            return
        connection.send(ok())


@pytest.mark.slow
def test_a_reload_every_100_ms_for_a_minute_fails_no_request() -> None:
    dice = random.Random(4)
    listen, extra = unused_port(), unused_port()
    with Origin(serve_or_echo, record=False) as one, Origin(serve_or_echo, record=False) as two, ExitStack() as stack:

        def valid(number: int) -> str:
            listeners = [f"127.0.0.1:{listen}"] + [f"127.0.0.1:{extra}"] * (number % 3 == 0)
            policy = ["round-robin", "least-connections", "ring-hash", "p2c", "maglev", "random"][number % 6]
            services = f"  main: {{upstreams: ['{one.name}', '{two.name}'], policy: {policy}}}\n"
            if number % 2:
                services += f"  other{number % 7}: {{upstreams: 'localhost:{two.address[1]}', health: http:/}}\n"
            routes = "".join(f"  /{number}/{index}: {{reply: 204}}\n" for index in range(number % 20))
            if number % 2:
                routes += f"  /other: other{number % 7}\n"
            return (
                f"listen: {json.dumps(listeners)}\nadmin: 127.0.0.1:0\naccess_log: off\nworkers: 2\n"
                f"timeouts: {{idle: {60 + number % 9}s}}\nservices:\n{services}routes:\n  /: main\n{routes}"
            )

        file = stack.enter_context(Configuration(valid(0)))
        balancer = stack.enter_context(Balancer("-c", file.name, listen=False))
        admin = admin_address(balancer)
        held = Held(balancer, stack)
        ways = file.ways[:-1]
        number = 0

        def reloads(duration: float) -> None:
            nonlocal number
            due = time.monotonic()
            end = due + duration
            while due < end:
                number += 1
                text = dice.choice(BROKEN) if dice.random() < 0.3 else valid(number)
                if dice.random() < 0.1:
                    balancer.send_signal(signal.SIGHUP)
                dice.choice(ways)(text)
                held.look()
                due += 0.1
                time.sleep(max(0.0, due - time.monotonic()))

        with Load(balancer.address, kept=6, closing=2) as load:
            reloads(10)
            memory, descriptors = balancer.memory_kilobytes(), open_descriptors(balancer.pid)
            reloads(50)
            file.move(valid(1))
            wait_until(
                lambda: json.loads(page(admin, "/config"))["refusal"] is None
                and metric(admin, "balancer_config_plans") == 1,
                "all that ran by former rules has ended")
            held.look()
            load.stop()
            assert not load.failures, load.failures[:5]
            assert load.answers > 1_000 / SLOWNESS
        assert metric(admin, "balancer_config_generation") > 100 / SLOWNESS
        grown = balancer.memory_kilobytes() - memory
        assert SLOWNESS > 1 or grown < 8_192, f"{grown} kB more than after ten seconds"
        wait_until(lambda: open_descriptors(balancer.pid) <= descriptors + 8, "descriptors are given back")


def test_reading_too_much_of_a_page_is_refused() -> None:
    with Configuration(fixed("first", "admin: 127.0.0.1:0\n")) as file, Balancer("-c", file.name) as balancer:
        admin = admin_address(balancer)
        assert ask(admin, request("POST", "/metrics", body=b"")).status == 405
        assert ask(admin, request("GET", "/nothing")).status == 404
        with Client(admin) as client:
            client.send(b"GET / HTTP/1.1\r\nX: " + b"x" * 10_000)
            assert client.response().status == 431
        with ExitStack() as stack:
            silent = [stack.enter_context(Client(admin)) for _ in range(40)]
            assert answers(balancer, "first")
            for client in silent[:16]:
                client.close()
            assert silent[20].ask(request("GET", "/healthz")).content == b"ok\n"
