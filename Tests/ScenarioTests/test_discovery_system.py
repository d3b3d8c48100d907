"""What the system says about names: resolv.conf(5) and hosts(5), in a mount namespace of the balancer's own."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.balancer import Balancer
from support.client import ask, request
from support.deadline import wait_until
from support.dns import NXDOMAIN, DnsServer
from support.replicas import Fleet, loopback
from support.wrapper import require, wrapped

QUICK = ["--resolve-interval", "100ms"]


@pytest.fixture(autouse=True)
def namespaces() -> None:
    """Both the mount namespace and port 53, where resolv.conf's servers listen, take a privilege."""
    if os.geteuid():
        pytest.skip("not root: a mount namespace and a DNS server on port 53 cannot be made here")
    require("unshare", "-m", "true")


@contextmanager
def etc(directory: Path, name: str, text: str) -> Iterator[Path]:
    """While the block runs, a `Balancer` sees this text as the file of that name in /etc."""
    file = directory / name
    file.write_text(text)
    inner = f'mount --bind {file} /etc/{name} && exec "$@"'
    with wrapped(directory, f"exec unshare -m sh -c '{inner}' - \"$@\""):
        yield file


def serves(balancer: Balancer, path: str = "/") -> bool:
    return ask(balancer.address, request("GET", path)).status == 200


@contextmanager
def dns_on_port_53() -> Iterator[DnsServer]:
    with DnsServer(host=loopback(53), port=53) as dns:
        yield dns


def test_servers_and_search_list(tmp_path: Path) -> None:
    """A bare name is tried in each search domain in turn."""
    text = f"nameserver {loopback(53)}\nsearch one.test two.test\n"
    with Fleet(1) as fleet, dns_on_port_53() as dns, etc(tmp_path, "resolv.conf", text):
        dns.serve("web.two.test", *fleet.hosts)
        with Balancer("--upstream", f"web:{fleet.port}", *QUICK) as balancer:
            wait_until(lambda: serves(balancer), "the name in the second search domain serves")
            assert dns.queries("web.one.test"), "the first search domain was not asked"


def test_ndots_decides_what_is_tried_first(tmp_path: Path) -> None:
    text = f"nameserver {loopback(53)}\nsearch one.test\noptions ndots:2\n"
    with Fleet(2) as fleet, dns_on_port_53() as dns, etc(tmp_path, "resolv.conf", text):
        dns.serve("web.here.one.test", fleet.hosts[0])
        dns.serve("web.here", fleet.hosts[1])
        with Balancer("--upstream", f"web.here:{fleet.port}", *QUICK) as balancer:
            wait_until(lambda: serves(balancer), "it serves")
            assert ask(balancer.address, request("GET", "/")).content.decode() == fleet[0].name


def test_enough_dots_are_tried_as_they_are(tmp_path: Path) -> None:
    """Docker writes `ndots:0`: even a bare name is absolute first."""
    text = f"nameserver {loopback(53)}\nsearch one.test\noptions ndots:0\n"
    with Fleet(2) as fleet, dns_on_port_53() as dns, etc(tmp_path, "resolv.conf", text):
        dns.serve("web", fleet.hosts[0])
        dns.serve("web.one.test", fleet.hosts[1])
        with Balancer("--upstream", f"web:{fleet.port}", *QUICK) as balancer:
            wait_until(lambda: serves(balancer), "it serves")
            assert ask(balancer.address, request("GET", "/")).content.decode() == fleet[0].name


def test_a_trailing_dot_is_absolute(tmp_path: Path) -> None:
    text = f"nameserver {loopback(53)}\nsearch one.test\noptions ndots:5\n"
    with Fleet(1) as fleet, dns_on_port_53() as dns, etc(tmp_path, "resolv.conf", text):
        dns.serve("web.test", *fleet.hosts)
        with Balancer("--upstream", f"web.test.:{fleet.port}", *QUICK) as balancer:
            wait_until(lambda: serves(balancer), "it serves")
            assert not dns.queries("web.test.one.test")


def test_a_searched_name_that_goes_empties_its_pool(tmp_path: Path) -> None:
    text = f"nameserver {loopback(53)}\nsearch one.test two.test\n"
    with Fleet(1) as fleet, dns_on_port_53() as dns, etc(tmp_path, "resolv.conf", text):
        dns.serve("web.two.test", *fleet.hosts)
        with Balancer("--upstream", f"web:{fleet.port}", *QUICK) as balancer:
            wait_until(lambda: serves(balancer), "it serves")
            dns.answer("web.two.test", NXDOMAIN)
            wait_until(lambda: ask(balancer.address, request("GET", "/")).status == 503, "the pool empties")


def test_a_swarm_names_the_tasks_of_a_service(tmp_path: Path) -> None:
    """The service's own name is one virtual address; `tasks.` before it gives the replicas."""
    text = f"nameserver {loopback(53)}\noptions ndots:0\n"
    with Fleet(2) as fleet, dns_on_port_53() as dns, etc(tmp_path, "resolv.conf", text):
        dns.serve("web", loopback(99))
        dns.serve("tasks.web", *fleet.hosts)
        with Balancer("--upstream", f"tasks.web:{fleet.port}", "--workers", "1", *QUICK) as balancer:
            wait_until(lambda: serves(balancer), "it serves")
            answers = {ask(balancer.address, request("GET", "/")).content.decode() for _ in range(4)}
            assert answers == {fleet[0].name, fleet[1].name}


def test_a_replaced_resolv_conf_is_followed(tmp_path: Path) -> None:
    """Another server, another search list: both count from the next refresh on, and the old server is left alone."""
    text = f"nameserver {loopback(53)}\nsearch one.test\n"
    with Fleet(2) as fleet, dns_on_port_53() as dns, etc(tmp_path, "resolv.conf", text) as file:
        with DnsServer(host=loopback(54), port=53) as other:
            dns.serve("web.one.test", fleet.hosts[0])
            other.serve("web.two.test", fleet.hosts[1])
            with Balancer("--upstream", f"web:{fleet.port}", *QUICK) as balancer:
                wait_until(lambda: serves(balancer), "it serves")
                file.write_text(f"nameserver {loopback(54)}\nsearch two.test\n")
                wait_until(
                    lambda: ask(balancer.address, request("GET", "/")).content.decode() == fleet[1].name,
                    "the other server's address serves",
                    within=2,
                )
                balancer.wait_log(f"resolv.conf changed: asking {loopback(54)}:53")
                replaced = time.monotonic()
                other.wait_queries("web.two.test", 3, "A")
                assert not dns.queries("web.one.test", since=replaced)


def test_resolver_flag_takes_the_place_of_the_servers(tmp_path: Path) -> None:
    """Port 53 is the default of `--resolver`; resolv.conf's own server is never asked."""
    text = f"nameserver {loopback(54)}\n"
    with Fleet(1) as fleet, dns_on_port_53() as dns, etc(tmp_path, "resolv.conf", text):
        with DnsServer(host=loopback(54), port=53) as unused:
            dns.serve("web.test", *fleet.hosts)
            with Balancer("--upstream", f"web.test:{fleet.port}", "--resolver", loopback(53), *QUICK) as balancer:
                wait_until(lambda: serves(balancer), "it serves")
                assert not unused.queries("web.test")


def test_hosts_file_names_and_its_changes(tmp_path: Path) -> None:
    """Names of the hosts file need no DNS, and are read again as other names are asked again."""
    with Fleet(3) as fleet, DnsServer() as dns:
        text = f"{fleet.hosts[0]} web.test other.test\n{fleet.hosts[1]} web.test\n"
        with etc(tmp_path, "hosts", text) as hosts:
            args = ["--upstream", f"web.test:{fleet.port}", "--resolver", dns.address, "--workers", "1", *QUICK]
            with Balancer(*args) as balancer:
                wait_until(lambda: serves(balancer), "it serves")
                answers = [ask(balancer.address, request("GET", "/")).content.decode() for _ in range(4)]
                assert set(answers) == {fleet[0].name, fleet[1].name}
                hosts.write_text(f"{fleet.hosts[2]} web.test\n")
                wait_until(
                    lambda: ask(balancer.address, request("GET", "/")).content.decode() == fleet[2].name,
                    "the new address of the hosts file serves",
                    within=1.5,
                )
