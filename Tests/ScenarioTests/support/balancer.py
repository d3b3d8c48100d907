"""The balancer under test: a real process, started, watched and ended by a `with` block.

    with Balancer("--upstream", "127.0.0.1:9000") as balancer:
        ...connect to balancer.address...

Leaving the block ends the process with SIGTERM and fails the test if it does not exit with status 0, or if it
reported a crash or a sanitizer finding while it ran.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Iterator, Mapping

from .deadline import seconds, wait_until

REPOSITORY = Path(__file__).resolve().parents[3]
BINARY = Path(os.environ.get("BALANCER") or REPOSITORY / ".build/release/balancer")

CRASH = re.compile(
    r"ERROR: (Address|Leak)Sanitizer|WARNING: ThreadSanitizer|SUMMARY: \w*Sanitizer|Fatal error|runtime error:"
)
LISTENING = re.compile(r"listening on (?P<host>\S+):(?P<port>\d+)$")


class Lines:
    """The lines of one output stream, gathered by a thread of their own, with a way to wait for more."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._lines: list[str] = []
        self._changed = threading.Condition()
        self._ended = False
        self._thread = threading.Thread(target=self._gather, args=(stream,), daemon=True)
        self._thread.start()

    def _gather(self, stream: IO[bytes]) -> None:
        with stream:
            for line in stream:
                with self._changed:
                    self._lines.append(line.decode("utf-8", "backslashreplace").rstrip("\n"))
                    self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def all(self) -> list[str]:
        with self._changed:
            return list(self._lines)

    def wait_match(self, pattern: re.Pattern[str], count: int, within: float) -> list[re.Match[str]]:
        """The first `count` matches (one a line), fewer if the stream ends or the deadline passes before."""
        end = time.monotonic() + seconds(within)
        with self._changed:
            while True:
                found = [match for match in map(pattern.search, self._lines) if match]
                left = end - time.monotonic()
                if len(found) >= count or self._ended or left <= 0:
                    return found[:count]
                self._changed.wait(left)

    def join(self) -> None:
        self._thread.join(seconds(5))


class Balancer:
    """One balancer process. Arguments are its command line; `--listen 127.0.0.1:0` is added where none is given, unless
    its file says so and `listen` is False.

    `env` adds to the environment, from which all `BALANCER...` variables of the tests themselves are taken out.
    """

    def __init__(self, *args: str, env: Mapping[str, str] | None = None, listen: bool = True) -> None:
        self.args = [str(arg) for arg in args]
        self.environment = {key: value for key, value in os.environ.items() if not key.startswith("BALANCER")}
        self.environment.update(env or {})
        listens = sum(1 for arg in self.args if arg == "--listen" or arg.startswith("--listen="))
        if listen and not listens and "BALANCER_LISTEN" not in self.environment:
            self.args += ["--listen", "127.0.0.1:0"]
        self._listeners_expected = max(listens, 1)
        self.addresses: list[tuple[str, int]] = []

    def __enter__(self) -> Balancer:
        if not BINARY.exists():
            raise AssertionError(f"no balancer at {BINARY}: build it, or name one in the environment as BALANCER")
        self.process = subprocess.Popen(
            [str(BINARY), *self.args],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert self.process.stdout and self.process.stderr
        self._access = Lines(self.process.stdout)
        self._log = Lines(self.process.stderr)
        try:
            self._await_listeners()
        except BaseException:
            self._kill()
            raise
        return self

    def _await_listeners(self) -> None:
        found = self._log.wait_match(LISTENING, self._listeners_expected, within=10)
        if len(found) < self._listeners_expected:
            raise AssertionError(f"the balancer does not listen; it said:\n{self._said()}")
        self.addresses = [(match["host"].strip("[]"), int(match["port"])) for match in found]

    @property
    def address(self) -> tuple[str, int]:
        """Where the first listener listens, as `socket.create_connection` takes it."""
        return self.addresses[0]

    @property
    def port(self) -> int:
        return self.address[1]

    @property
    def url(self) -> str:
        return f"http://{self.address[0]}:{self.port}"

    @property
    def pid(self) -> int:
        return self.process.pid

    def access_lines(self) -> list[str]:
        """What standard output, the default access log, holds so far."""
        return self._access.all()

    def log_lines(self) -> list[str]:
        """What standard error, the event log, holds so far."""
        return self._log.all()

    def wait_access(self, count: int = 1, regex: str = "", within: float = 5.0) -> list[str]:
        """The first `count` access-log lines that match, once they are written: the log is buffered."""
        found = self._access.wait_match(re.compile(regex), count, within)
        lines = self.access_lines()
        assert len(found) == count, f"{len(found)} of {count} access-log lines match {regex!r} in {lines}"
        return [match.string for match in found]

    def wait_log(self, regex: str, within: float = 5.0) -> re.Match[str]:
        """The first event-log line that matches, once it is written."""
        found = self._log.wait_match(re.compile(regex), 1, within)
        assert found, f"no event-log line matches {regex!r}; the log:\n{self._said()}"
        return found[0]

    def memory_kilobytes(self) -> int:
        """The resident set, proc(5) `VmRSS`."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1])

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Stops the process for the block: what happens in it, the process then finds all at once."""
        self.send_signal(signal.SIGSTOP)
        wait_until(lambda: self._thread_states() == {"T"}, "all threads stop")
        try:
            yield
        finally:
            self.send_signal(signal.SIGCONT)

    def _thread_states(self) -> set[str]:
        """proc(5): `T` is a thread that a signal has stopped; the leader may stop before the others do."""
        stats = Path(f"/proc/{self.pid}/task").glob("*/stat")
        return {stat.read_text().rpartition(")")[2].split()[0] for stat in stats}

    def send_signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def wait_exit(self, within: float = 15.0) -> int:
        """The exit status (negative: the signal that ended it), once both output streams are read to their end.

        It is then the caller's to judge.
        """
        self._ended_by_test = True
        try:
            status = self.process.wait(seconds(within))
        except subprocess.TimeoutExpired:
            self._kill()
            raise AssertionError(f"no exit within {seconds(within):.1f} s; it said:\n{self._said()}") from None
        self._access.join()
        self._log.join()
        return status

    def terminate(self, number: signal.Signals = signal.SIGTERM, within: float = 15.0) -> int:
        """Sends the signal and returns the exit status."""
        self.send_signal(number)
        return self.wait_exit(within)

    _ended_by_test = False

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._kill()
            error.add_note(f"the balancer said:\n{self._said()}")
            return
        if not self._ended_by_test:
            died = self.process.poll()
            assert died is None, f"the balancer died by itself, status {died}; it said:\n{self._said()}"
            status = self.terminate()
            assert status == 0, f"exit status {status} after SIGTERM; it said:\n{self._said()}"
        assert not CRASH.search(self._said()), f"a crash or a sanitizer's finding:\n{self._said()}"

    def _kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._access.join()
        self._log.join()

    def _said(self) -> str:
        return "\n".join(self.log_lines()[-60:])
