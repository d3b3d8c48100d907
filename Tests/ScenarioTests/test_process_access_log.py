"""One line a request, soon, wherever it was asked to go; a log that cannot be written holds nothing up."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.balancer import BINARY, Balancer, Lines
from support.client import Client, ask, request
from support.deadline import seconds, wait_until
from support.replicas import Fleet, free_port, refuses
from support.wrapper import wrapped

LINE = re.compile(
    r"(?P<client>\S+) - - \[(?P<time>\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000)\] "
    r'"(?P<request>[^"]*)" (?P<status>\d{3}) (?P<bytes>\d+|-) "(?P<referer>[^"]*)" "(?P<agent>[^"]*)" '
    r"upstream=(?P<upstream>\S+) upstream_time=(?P<upstream_time>\d+\.\d{6}|-) time=(?P<total>\d+\.\d{6}) "
    r"id=(?P<id>\S+)"
)
DROPPED = re.compile(r" warning access log: (\d+) lines dropped")


def parsed(line: str) -> dict[str, str]:
    match = LINE.fullmatch(line)
    assert match, f"not the format: {line!r}"
    return match.groupdict()


def test_fields_of_a_line() -> None:
    with Fleet(1) as fleet, Balancer("--upstream", fleet[0].name) as balancer:
        fields = ["Referer: http://r.test/", "User-Agent: probe/1", "X-Request-Id: abc-123"]
        ask(balancer.address, request("GET", "/bytes/1234?q=1", *fields))
        line = parsed(balancer.wait_access()[0])
        now = time.strftime("%d/%b/%Y:%H:", time.gmtime())
        assert line["client"] == "127.0.0.1" and line["time"].startswith(now)
        assert (line["request"], line["status"]) == ("GET /bytes/1234?q=1 HTTP/1.1", "200")
        assert (line["bytes"], line["referer"], line["agent"]) == ("1234", "http://r.test/", "probe/1")
        assert (line["upstream"], line["id"]) == (fleet[0].name, "abc-123")
        assert 0 < float(line["upstream_time"]) <= float(line["total"]) < seconds(1)


def test_times_are_those_of_the_request() -> None:
    with Fleet(1) as fleet, Balancer("--upstream", fleet[0].name) as balancer, Client(balancer.address) as client:
        assert client.get().status == 200
        time.sleep(0.3)  # The time between two requests belongs to neither.
        client.send(request("GET", "/held"))
        wait_until(lambda: fleet[0].count("/held"), "the slow request arrives")
        time.sleep(0.4)
        fleet[0].release()
        client.response()
        quick, slow = (parsed(line) for line in balancer.wait_access(2))
        assert float(quick["total"]) < 0.3
        assert 0.39 < float(slow["upstream_time"]) <= float(slow["total"]) < seconds(0.65)


def test_requests_that_no_upstream_answered() -> None:
    with Balancer("--route", f"/dead=127.0.0.1:{free_port()}", "--workers", "1") as balancer:
        ask(balancer.address, request("GET", "/none"))
        ask(balancer.address, request("GET", "/dead"))
        ask(balancer.address, b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
        lines = [parsed(line) for line in balancer.wait_access(3)]
        assert [line["status"] for line in lines] == ["404", "502", "400"]
        assert (lines[0]["upstream"], lines[0]["upstream_time"], lines[0]["referer"]) == ("-", "-", "-")


def test_what_a_client_sends_cannot_break_the_line() -> None:
    with Fleet(1) as fleet, Balancer("--upstream", fleet[0].name) as balancer:
        ask(balancer.address, request("GET", '/a"b\\c', 'User-Agent: x" 200 1 "-\t\\', "Referer: caf\xe9"))
        line = parsed(balancer.wait_access()[0])
        assert "\\x22" in line["request"] and "\\x22" in line["agent"] and "\\x09" in line["agent"]


def test_a_line_is_there_within_a_second() -> None:
    with Fleet(1) as fleet, Balancer("--upstream", fleet[0].name) as balancer, Client(balancer.address) as client:
        for count in range(1, 4):
            client.get()
            balancer.wait_access(count, within=1.2)


def test_file_is_appended_to(tmp_path: Path) -> None:
    file = tmp_path / "access.log"
    file.write_text("kept\n")
    with Fleet(1) as fleet, Balancer("--upstream", fleet[0].name, "--access-log", str(file)) as balancer:
        ask(balancer.address, request("GET", "/a"))
        wait_until(lambda: file.read_text().count("\n") == 2, "the line is written", within=1.2)
        assert balancer.access_lines() == []
    kept, line = file.read_text().splitlines()
    assert kept == "kept" and parsed(line)["request"] == "GET /a HTTP/1.1"


def test_stderr() -> None:
    with Fleet(1) as fleet, Balancer("--upstream", fleet[0].name, "--access-log", "stderr") as balancer:
        ask(balancer.address, request("GET", "/a"))
        parsed(balancer.wait_log(r'"GET /a HTTP/1\.1"', within=1.2).string)
        assert balancer.access_lines() == []


def test_off() -> None:
    with Fleet(1) as fleet, Balancer("--upstream", fleet[0].name, "--access-log", "off") as balancer:
        ask(balancer.address, request("GET", "/a"))
        assert balancer.terminate() == 0
        assert balancer.access_lines() == []
        assert not [line for line in balancer.log_lines() if "GET /a" in line]


def test_lines_of_all_workers_stay_whole() -> None:
    with Fleet(1) as fleet, Balancer("--upstream", fleet[0].name, "--workers", "4") as balancer:
        clients = [Client(balancer.address) for _ in range(16)]
        for number in range(50):
            for index, client in enumerate(clients):
                client.send(request("GET", f"/{index}/{number}/{'x' * 300}"))
            for client in clients:
                assert client.response().status == 200
        for client in clients:
            client.close()
        assert balancer.terminate() == 0
        targets = {parsed(line)["request"].split(" ")[1].rpartition("/")[0] for line in balancer.access_lines()}
        assert targets == {f"/{index}/{number}" for index in range(16) for number in range(50)}


# A log that is not read


@contextmanager
def unread_stdout(directory: Path) -> Iterator[int]:
    """While the block runs, a `Balancer` writes its standard output to a pipe, whose reading end this is."""
    fifo = directory / "stdout"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    with wrapped(directory, f'exec "$@" >{fifo}'):
        yield reader


def test_an_unread_log_holds_nothing_up(tmp_path: Path) -> None:
    """Megabytes of lines for a pipe that no one reads: serving goes on; what is dropped is counted; what was written
    are whole lines, and both together are all requests."""
    requests, target = 3000, "/" + "x" * 2000
    with unread_stdout(tmp_path) as reader, Fleet(1) as fleet:
        with Balancer("--upstream", fleet[0].name, "--workers", "2") as balancer, Client(balancer.address) as client:
            slowest = 0.0
            for _ in range(requests):
                began = time.monotonic()
                assert client.get(target).status == 200
                slowest = max(slowest, time.monotonic() - began)
            assert slowest < seconds(1), f"a request took {slowest:.2f} s"
            os.set_blocking(reader, True)
            written = Lines(os.fdopen(reader, "rb"))
            balancer.wait_log(DROPPED.pattern, within=3)
            for _ in range(10):
                assert client.get("/after").status == 200
            assert balancer.terminate() == 0
            written.join()
            lines = [parsed(line) for line in written.all()]
            dropped = [DROPPED.search(line) for line in balancer.log_lines()]
            total = sum(int(match[1]) for match in dropped if match)
            assert total > 0 and len(lines) + total == requests + 10
            assert sum(line["request"].startswith("GET /after") for line in lines) == 10


def test_a_reader_that_lags_at_the_exit_misses_no_line_unsaid(tmp_path: Path) -> None:
    """The pipe is full when SIGTERM comes and is read a moment later: what waited is written, or counted as dropped."""
    requests, target = 600, "/" + "x" * 500
    with unread_stdout(tmp_path) as reader, Fleet(1) as fleet:
        with Balancer("--upstream", fleet[0].name, "--workers", "1") as balancer, Client(balancer.address) as client:
            for number in range(requests):
                assert client.get(f"{target}/{number}").status == 200
                if number == requests // 2:
                    wait_until(lambda: readable_bytes(reader) > 60_000, "the pipe fills")
            client.close()
            balancer.send_signal(signal.SIGTERM)
            wait_until(lambda: refuses(balancer.address), "it drains")
            os.set_blocking(reader, True)
            written = Lines(os.fdopen(reader, "rb"))
            assert balancer.wait_exit() == 0
            written.join()
            dropped = [DROPPED.search(line) for line in balancer.log_lines()]
            total = sum(int(match[1]) for match in dropped if match)
            assert len([parsed(line) for line in written.all()]) + total == requests


def readable_bytes(descriptor: int) -> int:
    return struct.unpack("i", fcntl.ioctl(descriptor, termios.FIONREAD, b"\0" * 4))[0]


def test_a_stopped_reader_does_not_hold_up_the_exit(tmp_path: Path) -> None:
    with unread_stdout(tmp_path) as reader, Fleet(1) as fleet:
        with Balancer("--upstream", fleet[0].name) as balancer, Client(balancer.address) as client:
            for _ in range(1500):
                assert client.get("/" + "x" * 200).status == 200
            began = time.monotonic()
            assert balancer.terminate(within=8) == 0
            assert time.monotonic() - began < seconds(3)
        os.close(reader)


def test_a_reader_that_goes_away_does_not_end_it(tmp_path: Path) -> None:
    with unread_stdout(tmp_path) as reader, Fleet(1) as fleet:
        with Balancer("--upstream", fleet[0].name) as balancer, Client(balancer.address) as client:
            assert client.get().status == 200
            os.close(reader)
            began = time.monotonic()
            while time.monotonic() - began < 1:  # longer than lines are held back
                assert client.get().status == 200


def test_an_event_log_whose_reader_goes_away_does_not_end_it() -> None:
    with Fleet(1) as fleet:
        port = free_port()
        pools = ["--upstream", fleet[0].name, "--route", f"/dead=127.0.0.1:{free_port()}"]
        logs = ["--log-level", "debug", "--access-log", "stderr"]
        command = [str(BINARY), "--listen", f"127.0.0.1:{port}", *pools, *logs]
        process = subprocess.Popen(command, stderr=subprocess.PIPE)
        try:
            assert process.stderr
            while b"service /dead" not in process.stderr.readline():
                assert process.poll() is None
            process.stderr.close()
            began = time.monotonic()
            while time.monotonic() - began < 1:
                assert ask(("127.0.0.1", port), request("GET", "/dead")).status == 502
                assert ask(("127.0.0.1", port), request("GET", "/")).status == 200
            process.terminate()
            assert process.wait(seconds(3)) == 0
        finally:
            process.kill()
            process.wait()
