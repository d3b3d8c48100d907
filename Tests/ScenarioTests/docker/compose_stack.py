"""deploy/compose.yaml, running: bring it up, scale its services, look at its containers."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from docker_engine import CommandFailed, Engine, output_of

REPOSITORY = Path(__file__).resolve().parents[3]
COMPOSE_FILE = REPOSITORY / "deploy/compose.yaml"


@dataclass(frozen=True)
class Replica:
    """A container of a service. Its name is what it signs its answers with."""

    name: str
    address: str


class ComposeStack:
    """The stack as a project of its own, with the images of `tag`, published on `port` of 127.0.0.1."""

    def __init__(self, engine: Engine, tag: str, port: int):
        self.engine = engine
        self.port = port
        self.project = f"balancer-{tag}"
        self.environment = {**engine.environment, "BALANCER_TAG": tag, "BALANCER_PORT": str(port)}

    def up(self, **replicas: int) -> None:
        """Brings up everything; a service that is not named gets one replica."""
        scales = [f"--scale={service.replace('_', '-')}={count}" for service, count in replicas.items()]
        self.compose("up", "--detach", "--no-build", *scales)

    def scale(self, service: str, count: int) -> None:
        options = ("--detach", "--no-build", "--no-recreate", "--no-deps")
        self.compose("up", *options, f"--scale={service}={count}", service)

    def stop(self, service: str) -> None:
        self.compose("stop", service)

    def down(self) -> None:
        self.compose("down", "--timeout=5", "--volumes")

    def compose(self, *arguments: str) -> str:
        project = [f"--file={COMPOSE_FILE}", f"--project-name={self.project}"]
        return output_of([*compose_program(self.engine), *project, *arguments], self.environment, timeout=120)

    def replicas(self, service: str) -> frozenset[Replica]:
        return frozenset(
            Replica(each["Config"]["Hostname"], network["IPAddress"])
            for each in self.inspect(service)
            for network in each["NetworkSettings"]["Networks"].values()
        )

    def inspect(self, service: str) -> list[dict]:
        """What the engine knows of the service's containers, stopped ones included."""
        labels = (f"com.docker.compose.project={self.project}", f"com.docker.compose.service={service}")
        containers = self.engine.docker("ps", "--all", "--quiet", *(f"--filter=label={label}" for label in labels))
        return json.loads(self.engine.docker("inspect", *containers.split())) if containers else []

    def log_of(self, service: str) -> str:
        """What the service's only container has printed."""
        [container] = self.inspect(service)
        return self.log(container["Id"])

    def log(self, container: str, *options: str) -> str:
        """What a container has printed, both streams in one."""
        return subprocess.run(
            ["docker", "logs", *options, container],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=True,
        ).stdout


def compose_program(engine: Engine) -> list[str] | None:
    """Compose v2 where Docker has it, or else docker-compose."""
    try:
        engine.docker("compose", "version")
        return ["docker", "compose"]
    except CommandFailed:
        program = shutil.which("docker-compose")
        return [program] if program else None


def balancer_program() -> Path:
    return Path(os.environ.get("BALANCER") or REPOSITORY / ".build/release/balancer").absolute()
