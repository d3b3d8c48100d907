"""Starting, awaiting and ending the demo's processes. None of them outlives the one that started it."""

import http.client
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterable
from pathlib import Path


def start(command: list[str], environment: dict[str, str] | None = None, log: Path | None = None) -> subprocess.Popen:
    """Starts a process that the terminal's Ctrl-C does not reach (the demo ends its processes in order) and that
    the kernel ends should the demo be killed. What it prints goes to `log`, or else to the terminal."""
    output = log.open("ab") if log else None
    try:
        return subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", "--", *command],
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    finally:
        if output:
            output.close()


def end(processes: Iterable[subprocess.Popen], patience: float) -> None:
    """Sends SIGTERM to all, waits up to `patience` seconds for the last of them, and kills those still there."""
    processes = list(processes)
    for process in processes:
        process.terminate()
    deadline = time.monotonic() + patience
    for process in processes:
        try:
            process.wait(max(0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def await_answer(address: str, port: int, path: str, process: subprocess.Popen) -> bool:
    """Waits until `http://address:port/path` answers 200. False if the process ends before, or after 30 s."""
    return await_true(lambda: answers(address, port, path), process)


def await_listening(address: str, port: int, process: subprocess.Popen) -> bool:
    """Waits until a TCP connection to the process can be made. False if the process ends before, or after 30 s."""
    return await_true(lambda: accepts(address, port), process)


def await_true(condition: Callable[[], bool], process: subprocess.Popen) -> bool:
    deadline = time.monotonic() + 30
    while not condition():
        if process.poll() is not None or time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def accepts(address: str, port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex((address, port)) == 0


def answers(address: str, port: int, path: str) -> bool:
    connection = http.client.HTTPConnection(address, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
