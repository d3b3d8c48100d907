"""Back-pressure: who does not read holds back who sends, and the balancer keeps next to nothing in between."""

from __future__ import annotations

import hashlib
import socket
import threading

import pytest

from support.balancer import Balancer
from support.blocks import BLOCK, FRAMING_FIELDS, MEGABYTE, digest, digest_of_blocks
from support.client import Client, request
from support.deadline import SLOWNESS, wait_until
from support.origin import Connection, always, ok
from support.stage import stage
from support.wire import Cut

GROWTH_KILOBYTES_MAX = 24 * 1024
PUSHED_MEGABYTES = 200


class Memory:
    """The balancer's memory from now on. A sanitizer's own hides it, so that then only the stalls are proof."""

    def __init__(self, balancer: Balancer) -> None:
        self._balancer = balancer
        self._before = balancer.memory_kilobytes()

    def assert_grown_less_than(self, kilobytes: int = GROWTH_KILOBYTES_MAX) -> None:
        growth = self._balancer.memory_kilobytes() - self._before
        assert growth < kilobytes or SLOWNESS > 1, f"{growth} kB more than before"



class Pusher:
    """Sends a block again and again as fast as it is let; `sent` is how often it has gone."""

    def __init__(self, wire: Client | Connection, count: int = PUSHED_MEGABYTES, block: bytes = BLOCK) -> None:
        self.sent = 0
        self.count = count
        self._block = block
        self._wire = wire

    def push(self) -> None:
        while self.sent < self.count:
            self._wire.send(self._block, within=60)
            self.sent += 1

    def push_until_cut(self) -> None:
        with pytest.raises(Cut):
            self.push()

    def wait_stalled(self) -> None:
        """Until nothing has gone for a while, which must be long before all has."""
        seen = [(-1, 0)]

        def stalled() -> bool:
            count, times = seen[0]
            seen[0] = (self.sent, times + 1 if self.sent == count else 0)
            return seen[0][1] >= 60

        wait_until(stalled, "the sender is held back", within=20)
        assert 0 < self.sent < self.count / 2, f"{self.sent} of {self.count} MB went to who does not read"


def read_blocks(wire: Client | Connection) -> str:
    total = hashlib.sha256()
    for _ in range(PUSHED_MEGABYTES):
        total.update(wire.read_exact(MEGABYTE, within=20))
    return total.hexdigest()


def test_a_client_that_does_not_read_holds_its_upstream_back() -> None:
    pushers: list[Pusher] = []

    def handler(connection: Connection) -> None:
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (PUSHED_MEGABYTES * MEGABYTE))
        pushers.append(Pusher(connection))
        pushers[0].push()

    with stage(handler, record=False) as front, front.client(record=False) as client:
        memory = Memory(front.balancer)
        client.send(request("GET", "/"))
        assert client.read_response_head().status == 200
        wait_until(lambda: pushers, "the answer begins")
        pushers[0].wait_stalled()
        memory.assert_grown_less_than()
        assert read_blocks(client) == digest_of_blocks(PUSHED_MEGABYTES)
        memory.assert_grown_less_than()


@pytest.mark.parametrize("framing", ["chunked", "close"])
def test_a_client_that_does_not_read_holds_back_an_answer_without_length_too(framing: str) -> None:
    megabytes = 60
    pushers: list[Pusher] = []
    chunk = b"%x\r\n%b\r\n" % (MEGABYTE, BLOCK)

    def handler(connection: Connection) -> None:
        connection.read_request()
        connection.send(f"HTTP/1.1 200 OK\r\n{FRAMING_FIELDS[framing]}\r\n".encode())
        pushers.append(Pusher(connection, megabytes, chunk if framing == "chunked" else BLOCK))
        pushers[0].push()
        if framing == "chunked":
            connection.send(b"0\r\n\r\n")

    with stage(handler, record=False) as front, front.client(record=False) as client:
        memory = Memory(front.balancer)
        client.send(request("GET", "/"))
        assert client.read_response_head().status == 200
        wait_until(lambda: pushers, "the answer begins")
        pushers[0].wait_stalled()
        memory.assert_grown_less_than()
        assert digest(client.read_chunked(within=20).content) == digest_of_blocks(megabytes)


def test_a_client_that_only_asks_is_held_back() -> None:
    """A pipeline without end, and no answer read: the balancer stops reading requests."""
    with stage(always(ok(b"x" * 10_000)), record=False) as front, front.client(record=False) as client:
        memory = Memory(front.balancer)
        pusher = Pusher(client, PUSHED_MEGABYTES, request("GET", "/") * 20_000)
        sender = threading.Thread(target=pusher.push_until_cut)
        sender.start()
        pusher.wait_stalled()
        memory.assert_grown_less_than()
        client.socket.shutdown(socket.SHUT_RDWR)
        sender.join()


def test_an_upstream_that_does_not_read_holds_its_client_back() -> None:
    begin = threading.Event()

    def handler(connection: Connection) -> None:
        connection.read_request_head()
        assert begin.wait(30)
        connection.send(ok(read_blocks(connection).encode()))

    with stage(handler, record=False) as front, front.client() as client:
        memory = Memory(front.balancer)
        client.send(request("POST", "/", f"Content-Length: {PUSHED_MEGABYTES * MEGABYTE}"))
        pusher = Pusher(client)
        sender = threading.Thread(target=pusher.push)
        sender.start()
        pusher.wait_stalled()
        memory.assert_grown_less_than()
        begin.set()
        assert client.response("POST", within=30).content == digest_of_blocks(PUSHED_MEGABYTES).encode()
        sender.join()
        memory.assert_grown_less_than()


def test_clients_that_do_not_read_cost_little_memory_each() -> None:
    clients_count, kilobytes_each_max = 16, 256

    def handler(connection: Connection) -> None:
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (PUSHED_MEGABYTES * MEGABYTE))
        with pytest.raises(Cut):
            connection.send(BLOCK * 30, within=30)

    with stage(handler, record=False) as front:
        memory = Memory(front.balancer)
        clients = [front.client(record=False) for _ in range(clients_count)]
        for client in clients:
            client.send(request("GET", "/"))
        for client in clients:
            assert client.read_response_head().status == 200
        memory.assert_grown_less_than(clients_count * kilobytes_each_max)
        for client in clients:
            client.reset()
