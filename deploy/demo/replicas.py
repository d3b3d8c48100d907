"""The replicas of the services, and the DNS server that names those which are ready."""

import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import processes
from stack import BALANCER_ADDRESS, DNS_ADDRESS, SERVICES, DemoError, Ports, Service

# The apps finish their running requests within 5 s of SIGTERM.
REPLICA_PATIENCE_SECONDS = 6.0


class NameServer:
    """dnsmasq, told which addresses each service has. It hands them out with Docker's TTL of 600 s."""

    def __init__(self, directory: Path, ports: Ports):
        self.hosts = directory / "hosts"
        self.hosts.touch()
        log = directory / "dnsmasq.log"
        self.process = processes.start(
            [
                "dnsmasq",
                "--no-daemon",
                "--conf-file=/dev/null",
                "--log-facility=-",
                f"--listen-address={DNS_ADDRESS}",
                f"--port={ports.dns}",
                "--bind-interfaces",
                # It knows the stack's names and nothing else: any other name does not exist.
                "--no-resolv",
                "--no-hosts",
                "--local=/#/",
                f"--addn-hosts={self.hosts}",
                "--local-ttl=600",
            ],
            log=log,
        )
        # Only now does it know what SIGHUP means.
        if not processes.await_listening(DNS_ADDRESS, ports.dns, self.process):
            raise DemoError(f"dnsmasq did not start: {last_line(log)}")

    def publish(self, addresses: dict[str, list[str]]) -> None:
        """Replaces the answers. The next query gets the new ones."""
        lines = [f"{address} {name}\n" for name, known in addresses.items() for address in known]
        draft = self.hosts.with_suffix(".new")
        draft.write_text("".join(lines))
        draft.rename(self.hosts)
        self.process.send_signal(signal.SIGHUP)


class Replicas:
    """Every running replica. A replica is in the DNS from when it answers until it is told to go."""

    def __init__(self, directory: Path, ports: Ports, names: NameServer):
        self.directory = directory
        self.port = ports.replicas
        self.api_url = f"http://{BALANCER_ADDRESS}:{ports.balancer}/api"
        self.names = names
        self.running: dict[Service, dict[int, subprocess.Popen]] = {service: {} for service in SERVICES.values()}

    def scale(self, service: Service, count: int, say: Callable[[str], None]) -> None:
        """Starts or ends replicas until there are `count`, and tells `say` each step in a line."""
        running = self.running[service]
        if len(running) < count:
            free = (number for number in range(1, 255) if number not in running)
            self.add(service, [next(free) for _ in range(count - len(running))], say)
        elif len(running) > count:
            self.remove(service, sorted(running)[count:], say)
        say(f"{service.name} has {len(running)} {'replica' if len(running) == 1 else 'replicas'}")

    def add(self, service: Service, numbers: list[int], say: Callable[[str], None]) -> None:
        started = {number: self.start(service, number) for number in numbers}
        try:
            for number, process in started.items():
                if not processes.await_answer(service.address(number), self.port, "/status", process):
                    reason = last_line(self.log(service, number))
                    raise DemoError(f"{service.name}-{number} did not start: {reason}")
                say(f"started {service.name}-{number} on {service.address(number)}:{self.port}")
        except BaseException:
            processes.end(started.values(), REPLICA_PATIENCE_SECONDS)
            raise
        self.running[service].update(started)
        self.publish()
        say(f"added {len(numbers)} to the DNS")

    def remove(self, service: Service, numbers: list[int], say: Callable[[str], None]) -> None:
        leaving = [self.running[service].pop(number) for number in numbers]
        self.publish()
        say(f"took {len(numbers)} out of the DNS")
        processes.end(leaving, REPLICA_PATIENCE_SECONDS)
        for number in numbers:
            say(f"ended {service.name}-{number}")

    def start(self, service: Service, number: int) -> subprocess.Popen:
        environment = {
            "HOST": service.address(number),
            "PORT": str(self.port),
            "REPLICA": f"{service.name}-{number}",
            "TWEET_API_URL": self.api_url,
        }
        return processes.start(["node", str(service.program)], environment, self.log(service, number))

    def withdraw_dead(self) -> list[str]:
        """Takes replicas that ended by themselves out of the DNS, and returns their names."""
        dead = [
            (service, number)
            for service, running in self.running.items()
            for number, process in running.items()
            if process.poll() is not None
        ]
        for service, number in dead:
            del self.running[service][number]
        if dead:
            self.publish()
        return [f"{service.name}-{number}" for service, number in dead]

    def publish(self) -> None:
        self.names.publish(
            {
                service.name: [service.address(number) for number in running]
                for service, running in self.running.items()
            }
        )

    def log(self, service: Service, number: int) -> Path:
        return self.directory / f"{service.name}-{number}.log"

    def end(self) -> None:
        everyone = [process for running in self.running.values() for process in running.values()]
        processes.end(everyone, REPLICA_PATIENCE_SECONDS)


def last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").split("\n") if log.exists() else []
    return next((line for line in reversed(lines) if line.strip()), "it printed nothing")
