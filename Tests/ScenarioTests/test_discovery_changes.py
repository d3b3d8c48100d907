"""What a change of addresses does to connections and requests that are under way."""

from __future__ import annotations

import time

from support.balancer import Balancer
from support.client import Client, ask, request
from support.deadline import seconds, wait_until
from support.dns import NXDOMAIN, DnsServer
from support.replicas import Fleet

QUICK = ["--resolve-interval", "100ms"]
LONG_IDLE = ["--upstream-idle-timeout", "60s"]  # so that only a change of addresses closes idle connections


def wait_all_serve(balancer: Balancer, fleet: Fleet) -> None:
    """Waits until each replica has answered, so that each holds an idle connection of the balancer's."""

    def all_asked() -> bool:
        ask(balancer.address, request("GET", "/"))
        return all(replica.requests for replica in fleet)

    wait_until(all_asked, "each replica serves", within=3)


def test_an_address_that_leaves() -> None:
    """It gets no new request, its idle connections close at once, and its running request finishes."""
    with Fleet(3) as fleet, DnsServer() as dns:
        dns.serve("web.test", *fleet.hosts)
        args = ["--upstream", f"web.test:{fleet.port}", "--resolver", dns.address, *QUICK, *LONG_IDLE]
        with Balancer(*args, "--workers", "1") as balancer:
            wait_all_serve(balancer, fleet)
            downloads = [Client(balancer.address) for _ in fleet]
            for download in downloads:
                download.send(request("GET", "/halves/400000"))
            wait_until(lambda: all(replica.count("/halves/400000") for replica in fleet), "one download each")
            for _ in fleet:
                assert ask(balancer.address, request("GET", "/")).status == 200
            assert [replica.connections for replica in fleet] == [2, 2, 2], "one that runs, one that idles"

            dns.serve("web.test", fleet.hosts[2])
            wait_until(
                lambda: fleet[0].connections == 1 and fleet[1].connections == 1,
                f"idle connections close: {[replica.connections for replica in fleet]}",
                within=1.5,
            )
            before = [len(replica.requests) for replica in fleet]
            for _ in range(20):
                assert ask(balancer.address, request("GET", "/")).content.decode() == fleet[2].name
            assert [len(replica.requests) for replica in fleet] == [before[0], before[1], before[2] + 20]

            for replica in fleet:
                replica.release()
            for download in downloads:
                assert len(download.response(within=5).content) == 400_000
                download.close()
            wait_until(
                lambda: fleet[0].connections == 0 and fleet[1].connections == 0,
                "a connection to an address that left closes behind its last request",
                within=1,
            )


def test_a_keep_alive_client_follows_without_noticing() -> None:
    """One client connection, ten complete exchanges of the replica set, not one failure."""
    with Fleet(2) as fleet, DnsServer() as dns:
        dns.serve("web.test", fleet.hosts[0])
        args = ["--upstream", f"web.test:{fleet.port}", "--resolver", dns.address, *QUICK, *LONG_IDLE]
        with Balancer(*args) as balancer:
            wait_until(lambda: ask(balancer.address, request("GET", "/")).status == 200, "it serves")
            with Client(balancer.address) as client:
                for turn in range(10):
                    expected = fleet[turn % 2]
                    dns.serve("web.test", expected.address[0])

                    def moved() -> bool:
                        answer = client.get()
                        assert answer.status == 200
                        return answer.content.decode() == expected.name

                    wait_until(moved, f"{expected.name} serves", within=1)


def test_all_workers_follow() -> None:
    with Fleet(2) as fleet, DnsServer() as dns:
        dns.serve("web.test", fleet.hosts[0])
        args = ["--upstream", f"web.test:{fleet.port}", "--resolver", dns.address, *QUICK, "--workers", "4"]
        with Balancer(*args) as balancer:
            wait_until(lambda: ask(balancer.address, request("GET", "/")).status == 200, "it serves")
            clients = [Client(balancer.address) for _ in range(32)]
            assert {client.get().content.decode() for client in clients} == {fleet[0].name}
            dns.serve("web.test", fleet.hosts[1])
            wait_until(
                lambda: {client.get().content.decode() for client in clients} == {fleet[1].name},
                "every worker uses the new address",
                within=1,
            )
            for client in clients:
                client.close()


def test_a_running_request_outlives_its_pool() -> None:
    """The name vanishes altogether: new requests get 503, the download that runs comes to its end."""
    with Fleet(1) as fleet, DnsServer() as dns:
        dns.serve("web.test", *fleet.hosts)
        with Balancer("--upstream", f"web.test:{fleet.port}", "--resolver", dns.address, *QUICK) as balancer:
            wait_all_serve(balancer, fleet)
            with Client(balancer.address) as download:
                download.send(request("GET", "/halves/400000"))
                download.read_response_head()
                dns.answer("web.test", NXDOMAIN)
                wait_until(lambda: ask(balancer.address, request("GET", "/")).status == 503, "the pool empties")
                fleet[0].release()
                assert len(download.read_exact(400_000)) == 400_000
                assert download.get().status == 503


def test_a_connect_failure_asks_again_at_once() -> None:
    """The interval is 10 s; the replica moves; traffic follows in a fraction of a second."""
    with Fleet(2) as fleet, DnsServer() as dns:
        dns.serve("web.test", fleet.hosts[0])
        args = ["--upstream", f"web.test:{fleet.port}", "--resolver", dns.address, "--resolve-interval", "10s"]
        with Balancer(*args) as balancer:
            wait_until(lambda: ask(balancer.address, request("GET", "/")).status == 200, "it serves")
            dns.serve("web.test", fleet.hosts[1])
            fleet[0].stop()
            failed = time.monotonic()
            wait_until(
                lambda: ask(balancer.address, request("GET", "/")).content.decode() == fleet[1].name,
                "the replica's new address serves",
                within=1,
            )
            assert dns.queries("web.test", "A", since=failed), "no query after the connect failure"


def test_a_request_whose_every_endpoint_refuses_waits_for_the_new_answer() -> None:
    """All replicas are exchanged and the old ones refuse: the first request already reaches a new one."""
    with Fleet(4) as fleet, DnsServer() as dns:
        dns.serve("web.test", *fleet.hosts[:2])
        args = ["--upstream", f"web.test:{fleet.port}", "--resolver", dns.address, "--resolve-interval", "10s"]
        with Balancer(*args) as balancer:
            wait_until(lambda: ask(balancer.address, request("GET", "/")).status == 200, "it serves")
            dns.serve("web.test", *fleet.hosts[2:])
            fleet[0].stop()
            fleet[1].stop()
            answer = ask(balancer.address, request("GET", "/"))
            assert answer.status == 200, answer
            assert answer.content.decode() in (fleet[2].name, fleet[3].name)


def test_connect_failures_do_not_flood_the_dns_server() -> None:
    """A dead replica that its DNS server keeps naming costs a query now and then, not one a request."""
    with Fleet(2) as fleet, DnsServer() as dns:
        dns.serve("web.test", *fleet.hosts)
        args = ["--upstream", f"web.test:{fleet.port}", "--resolver", dns.address, "--resolve-interval", "10s"]
        with Balancer(*args) as balancer:
            wait_all_serve(balancer, fleet)
            fleet[0].stop()
            began = time.monotonic()
            requests = 0
            while time.monotonic() - began < 1:
                with Client(balancer.address) as client:
                    for _ in range(20):
                        assert client.get().content.decode() == fleet[1].name
                        requests += 1
            asked = len(dns.queries("web.test", "A", since=began))
            assert 1 <= asked <= 25, f"{asked} queries beside {requests} requests"


def test_a_pool_that_refuses_altogether_answers_502_in_time() -> None:
    with Fleet(2) as fleet, DnsServer() as dns:
        dns.serve("web.test", *fleet.hosts)
        with Balancer("--upstream", f"web.test:{fleet.port}", "--resolver", dns.address) as balancer:
            wait_all_serve(balancer, fleet)
            for replica in fleet:
                replica.stop()
            began = time.monotonic()
            assert ask(balancer.address, request("GET", "/")).status == 502
            assert time.monotonic() - began < seconds(3)
            fleet[1].start()
            wait_until(lambda: ask(balancer.address, request("GET", "/")).status == 200, "it recovers", within=2)
