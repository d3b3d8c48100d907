"""balancer, nginx and HAProxy, each in front of its own name."""

from __future__ import annotations

import re
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

from harness.processes import Failure, Processes, wait_for
from harness.servers import balancer_binary

from .fleet import Fleet, Pool, free_port
from .load import REQUEST

PROXIES = ["balancer", "nginx", "haproxy"]
PEERS = Path(__file__).resolve().parent / "peers"
TEMPLATES = {"nginx": "nginx.conf", "haproxy": "haproxy.cfg"}
ADDRESS = "127.8.0.1"
# All that is not named here is at its default.
BALANCER = ("{{binary}} --listen {{address}}:{{port}} --upstream {{name}}:{{replica_port}} --resolver {{dns}} "
            "--access-log off")


@dataclass
class Proxy:
    """A running proxy."""

    name: str
    address: tuple[str, int]
    process: subprocess.Popen[bytes]


def start(pool: Pool, fleet: Fleet, dns: str, processes: Processes, directory: Path, cpus: frozenset[int]) -> Proxy:
    """Starts the pool's proxy and returns once it passes requests on."""
    port = free_port()
    values = {"directory": str(directory), "dns": dns, "address": ADDRESS, "port": str(port), "name": pool.name,
              "replica_port": str(fleet.port), "binary": str(balancer_binary())}
    file, log = directory / f"{pool.proxy}.conf", directory / f"{pool.proxy}.log"
    file.write_text(filled(settings(pool.proxy), values))
    command = {"balancer": filled(settings("balancer"), values).split(),
               "nginx": ["nginx", "-e", "stderr", "-p", str(directory), "-c", str(file)],
               "haproxy": ["haproxy", "-db", "-f", str(file)]}[pool.proxy]
    proxy = Proxy(pool.proxy, (ADDRESS, port), processes.start(command, log, cpus))

    def ready() -> bool:
        if proxy.process.poll() is not None:
            raise Failure(f"{proxy.name} ended with {proxy.process.returncode}:\n{log.read_text()}")
        return answers(proxy.address)

    wait_for(ready, f"{proxy.name} to pass a request on")
    return proxy


def settings(proxy: str) -> str:
    """What the proxy is told, before names and ports are filled in: a configuration, or balancer's command line."""
    return (PEERS / TEMPLATES[proxy]).read_text() if proxy in TEMPLATES else BALANCER


def filled(template: str, values: dict[str, str]) -> str:
    return re.sub(r"\{\{(\w+)\}\}", lambda match: values[match[1]], template)


def answers(address: tuple[str, int]) -> bool:
    """Whether a request gets a 200 there."""
    try:
        with socket.create_connection(address, timeout=2) as connection:
            connection.sendall(REQUEST)
            return connection.recv(4096).startswith(b"HTTP/1.1 200 ")
    except OSError:
        return False
