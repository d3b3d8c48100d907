"""Files that change while they are served, clients that are slow, and those that leave."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from support.blocks import BLOCK, MEGABYTE
from support.client import Client, request
from support.deadline import SLOWNESS, wait_until
from support.site import Site, site
from support.wire import Cut

BIG = 100 * MEGABYTE


def write_big(served: Site, name: str = "big.bin", megabytes: int = 100) -> Path:
    path = served.root / name
    with path.open("wb") as file:
        for _ in range(megabytes):
            file.write(BLOCK)
    return path


def open_below(served: Site) -> list[str]:
    """What the balancer has open in the directory."""
    links = []
    for entry in Path(f"/proc/{served.balancer.pid}/fd").iterdir():
        try:
            links.append(os.readlink(entry))
        except FileNotFoundError:
            pass
    return [link for link in links if link.startswith(str(served.root))]


def wait_nothing_open(served: Site) -> None:
    wait_until(lambda: not open_below(served), "files that nobody asks for are closed")


def begin(served: Site, target: str, client: Client) -> None:
    client.send(request("GET", target))
    assert client.read_response_head().status == 200


def test_a_slow_client_costs_no_memory(tmp_path: Path) -> None:
    with site(tmp_path) as served:
        write_big(served)
        served.write("small.txt", b"small")
        served.get("/small.txt")
        before = served.balancer.memory_kilobytes()
        with served.client(record=False, receive_buffer=65536) as client:
            begin(served, "/big.bin", client)
            for _ in range(20):
                assert client.read_exact(MEGABYTE, 20) == BLOCK
            assert served.get("/small.txt").content == b"small", "others are served meanwhile"
            growth = served.balancer.memory_kilobytes() - before
            assert growth < 8 * 1024 or SLOWNESS > 1, f"{growth} kB more than before"
            for _ in range(80):
                assert client.read_exact(MEGABYTE, 20) == BLOCK
            assert client.get("/small.txt").content == b"small"
        wait_nothing_open(served)


def test_a_replaced_file_is_sent_to_its_end(tmp_path: Path) -> None:
    with site(tmp_path) as served:
        path = write_big(served, megabytes=20)
        with served.client(record=False, receive_buffer=65536) as client:
            begin(served, "/big.bin", client)
            (served.root / "next").write_bytes(b"next")
            os.replace(served.root / "next", path)
            wait_until(lambda: served.get("/big.bin").content == b"next", "the other is noticed")
            for _ in range(20):
                assert client.read_exact(MEGABYTE) == BLOCK
        wait_nothing_open(served)


def test_a_truncated_file_does_not_look_whole(tmp_path: Path) -> None:
    with site(tmp_path) as served:
        path = write_big(served, megabytes=20)
        with served.client(record=False, receive_buffer=65536) as client:
            begin(served, "/big.bin", client)
            os.truncate(path, 12 * MEGABYTE)
            with pytest.raises(Cut) as cut:
                client.read_exact(20 * MEGABYTE, 20)
            assert cut.value.reset
        wait_nothing_open(served)
        assert served.get("/big.bin", "Range: bytes=0-0").fields.one("Content-Range") == f"bytes 0-0/{12 * MEGABYTE}"


def test_a_small_file_that_shrinks_is_sent_as_it_is(tmp_path: Path) -> None:
    with site(tmp_path) as served:
        served.write("a.txt", b"a long content")
        assert served.get("/a.txt").content == b"a long content"
        served.write("a.txt", b"short")
        assert served.get("/a.txt").content == b"short", "what was known of it does not fit any more"


def test_a_part_is_of_the_state_that_is_named(tmp_path: Path) -> None:
    with site(tmp_path) as served:
        served.write("a.txt", b"one one")
        first = served.get("/a.txt").fields.one("ETag")
        served.write("a.txt", b"two two")
        answer = served.get("/a.txt", "Range: bytes=0-2")
        assert (answer.status, answer.content) == (206, b"two")
        assert answer.fields.one("ETag").removeprefix("W/") != first.removeprefix("W/")


def test_another_directory_of_the_name_is_noticed(tmp_path: Path) -> None:
    with site(tmp_path) as served:
        served.write("a.txt", b"one")
        assert served.get("/a.txt").content == b"one"
        (tmp_path / "next").mkdir()
        (tmp_path / "next" / "a.txt").write_bytes(b"two")
        os.rename(served.root, tmp_path / "old")
        os.rename(tmp_path / "next", served.root)
        wait_until(lambda: served.get("/a.txt").content == b"two", "the other directory is noticed")
        shutil.rmtree(served.root)
        wait_until(lambda: served.get("/a.txt").status == 404, "it is noticed that there is none")


@pytest.mark.parametrize("how", ["reset", "close"])
def test_who_leaves_keeps_no_file_open(tmp_path: Path, how: str) -> None:
    with site(tmp_path) as served:
        write_big(served, megabytes=20)
        clients = [served.client(record=False, receive_buffer=65536) for _ in range(8)]
        for client in clients:
            begin(served, "/big.bin", client)
        for client in clients:
            getattr(client, how)()
        wait_nothing_open(served)
        served.balancer.wait_access(8, '"GET /big.bin HTTP/1.1" 200 ')


def test_a_half_closed_client_gets_it_all(tmp_path: Path) -> None:
    with site(tmp_path) as served:
        write_big(served, megabytes=20)
        with served.client(record=False) as client:
            begin(served, "/big.bin", client)
            client.half_close()
            for _ in range(20):
                assert client.read_exact(MEGABYTE) == BLOCK


def test_a_client_that_stalls_is_cut_off(tmp_path: Path) -> None:
    with site(tmp_path, "--body-timeout", "1s") as served:
        write_big(served, megabytes=20)
        with served.client(record=False, receive_buffer=65536) as client:
            begin(served, "/big.bin", client)
            wait_nothing_open(served)
            with pytest.raises(Cut):
                client.read_exact(20 * MEGABYTE)


def test_a_drain_lets_it_end(tmp_path: Path) -> None:
    with site(tmp_path) as served:
        write_big(served, megabytes=20)
        with served.client(record=False, receive_buffer=65536) as client:
            begin(served, "/big.bin", client)
            served.balancer.send_signal(15)
            for _ in range(20):
                assert client.read_exact(MEGABYTE) == BLOCK
        assert served.balancer.wait_exit() == 0
