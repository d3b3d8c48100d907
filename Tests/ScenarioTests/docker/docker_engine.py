"""A Docker engine for a scenario: one of its own where that is possible, otherwise one that is running already."""

import ctypes
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Where containers' queries go that Docker's own DNS cannot answer: there, no other name exists. Without it the fate of
# such a query, and with it what a service without replicas looks like, would hang on the machine's network.
OUTER_DNS = "198.18.0.53"

# Inside namespaces of their own, so that addresses, firewall rules, bridges, mounts and stray processes end with it.
START_ENGINE = f"""
set -e
ip link set lo up
ip address add {OUTER_DNS}/32 dev lo
dnsmasq --conf-file=/dev/null --pid-file= --listen-address={OUTER_DNS} --bind-interfaces \
    --no-resolv --no-hosts --local=/#/
# In the machine's /run it would find containerd, systemd and firewalld, and have them act outside of the namespaces.
mount -t tmpfs none /run
exec dockerd "$@"
"""

CLONE_NEWNET = 0x40000000


class NoEngine(Exception):
    """Why there is no Docker engine to be had, in one line."""


class Engine:
    """A running engine, and how to reach what it runs."""

    def __init__(self, host: str | None = None, network_of: int | None = None):
        self.environment = {**os.environ, **({"DOCKER_HOST": host} if host else {})}
        self.network_of = network_of

    def docker(self, *arguments: str, timeout: float = 60) -> str:
        """What `docker ARGUMENTS...` prints. Raises CommandFailed."""
        return output_of(["docker", *arguments], self.environment, timeout)

    def enter_network(self) -> None:
        """Moves the calling thread, for good, to where the engine publishes its containers' ports on 127.0.0.1."""
        if self.network_of is None:
            return
        namespace = os.open(f"/proc/{self.network_of}/ns/net", os.O_RDONLY)
        try:
            libc = ctypes.CDLL(None, use_errno=True)
            if libc.setns(namespace, CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")
        finally:
            os.close(namespace)


class CommandFailed(Exception):
    """A command that did not do what it should, with the end of what it said."""


def output_of(command: list[str], environment: dict[str, str], timeout: float) -> str:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=timeout)
    if done.returncode != 0:
        raise CommandFailed(f"{' '.join(command)}: status {done.returncode}: {done.stderr.strip()[-800:]}")
    return done.stdout


@contextmanager
def docker_engine() -> Iterator[Engine]:
    """An engine for the `with` block. The engine that DOCKER_HOST names is taken; or else one is started; or else one
    that is running is used. Raises NoEngine."""
    if os.environ.get("DOCKER_HOST"):
        yield running_engine()
        return
    obstacle = obstacle_to_own_engine()
    if obstacle:
        try:
            engine = running_engine()
        except NoEngine as error:
            raise NoEngine(f"{error}, and none can be started: {obstacle}") from error
        yield engine
        return
    with own_engine() as engine:
        yield engine


def running_engine() -> Engine:
    engine = Engine()
    try:
        engine.docker("info")
    except (OSError, CommandFailed, subprocess.TimeoutExpired) as error:
        raise NoEngine("no Docker engine is running") from error
    return engine


def obstacle_to_own_engine() -> str | None:
    if os.geteuid() != 0:
        return "only root can"
    missing = [program for program in ("dockerd", "docker", "dnsmasq", "ip", "iptables") if not shutil.which(program)]
    return f"{', '.join(missing)} not installed" if missing else None


@contextmanager
def own_engine() -> Iterator[Engine]:
    directory = Path(tempfile.mkdtemp(prefix="balancer-docker-"))
    log = directory / "dockerd.log"
    try:
        with log.open("wb") as output:
            process = subprocess.Popen(own_engine_command(directory), stdout=output, stderr=output)
        try:
            # `unshare` has entered the namespaces before it starts the engine in them.
            engine = Engine(f"unix://{directory}/docker.sock", network_of=process.pid)
            await_engine(engine, process, log)
            yield engine
        finally:
            end_engine(process)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def own_engine_command(directory: Path) -> list[str]:
    return [
        # Should the test be killed, the engine is too, and with it everything in its namespaces.
        *("setpriv", "--pdeathsig", "KILL", "--"),
        *("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--"),
        *("sh", "-c", START_ENGINE, "sh"),
        f"--data-root={directory}/data",
        f"--exec-root={directory}/exec",
        f"--pidfile={directory}/dockerd.pid",
        f"--host=unix://{directory}/docker.sock",
        f"--dns={OUTER_DNS}",
    ]


def await_engine(engine: Engine, process: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            engine.docker("info")
            return
        except (CommandFailed, subprocess.TimeoutExpired):
            if process.poll() is not None or time.monotonic() > deadline:
                lines = log.read_text(errors="replace").strip().splitlines() or ["it printed nothing"]
                raise NoEngine(f"dockerd does not start here: {lines[-1][-300:]}") from None
            time.sleep(0.1)


def end_engine(process: subprocess.Popen) -> None:
    """Asks the engine to end, and ends its namespaces should it take longer than 20 s."""
    try:
        for child in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split():
            os.kill(int(child), signal.SIGTERM)
        process.wait(20)
    except (FileNotFoundError, ProcessLookupError, subprocess.TimeoutExpired):
        process.kill()
        process.wait()
