"""Names are asked for again and again, whatever the TTL says, and a DNS server's bad day empties no pool."""

from __future__ import annotations

import time

import pytest

from support.balancer import Balancer
from support.client import Client, ask, request
from support.deadline import seconds, wait_until
from support.dns import EMPTY, GARBAGE, NXDOMAIN, REFUSED, SERVFAIL, SILENCE, DnsServer, Reply
from support.replicas import Fleet, loopback

QUICK = ["--resolve-interval", "100ms"]


def served_by(balancer: Balancer, requests: int) -> list[str]:
    """Which replica answered each of so many requests on one connection; all of them must be 200."""
    with Client(balancer.address) as client:
        answers = [client.get() for _ in range(requests)]
    assert {answer.status for answer in answers} == {200}, [answer.status for answer in answers]
    return [answer.content.decode() for answer in answers]


def wait_served_by(balancer: Balancer, fleet: Fleet, *indices: int, within: float = 2.0) -> None:
    """Waits until exactly these replicas answer."""
    expected = {fleet[index].name for index in indices}
    count = 4 * len(expected)
    wait_until(lambda: set(served_by(balancer, count)) == expected, f"{expected} serve", within)


def wait_started(balancer: Balancer, fleet: Fleet, *indices: int) -> None:
    """The same after a start, when the pool is empty until the first answer of DNS."""
    wait_until(lambda: status(balancer) == 200, "it serves")
    wait_served_by(balancer, fleet, *indices)


def status(balancer: Balancer) -> int:
    return ask(balancer.address, request("GET", "/")).status


# A name that is not there yet


def test_absent_at_start_then_appears() -> None:
    """It starts, says 503 and when to come back, and serves within 1.5 s of the name's appearance."""
    with Fleet(1) as fleet, DnsServer() as dns:
        with Balancer("--upstream", f"web.test:{fleet.port}", "--resolver", dns.address) as balancer:
            answer = ask(balancer.address, request("GET", "/"))
            assert answer.status == 503
            assert 1 <= int(answer.fields.one("Retry-After")) <= 60
            dns.wait_queries("web.test", 1, "A")
            dns.serve("web.test", *fleet.hosts)
            wait_until(lambda: status(balancer) == 200, "the new replica serves", within=1.5)


@pytest.mark.parametrize("reply", [SERVFAIL, REFUSED, SILENCE, EMPTY, GARBAGE])
def test_starts_and_answers_503_whatever_dns_does(reply: Reply) -> None:
    with Fleet(1) as fleet, DnsServer() as dns:
        dns.answer("web.test", reply)
        with Balancer("--upstream", f"web.test:{fleet.port}", "--resolver", dns.address, *QUICK) as balancer:
            began = time.monotonic()
            answer = ask(balancer.address, request("GET", "/"))
            assert answer.status == 503 and answer.fields.has("Retry-After")
            assert time.monotonic() - began < seconds(2.5), "a request waits on DNS"
            dns.serve("web.test", *fleet.hosts)
            wait_until(lambda: status(balancer) == 200, "the replica serves", within=3)


def test_one_absent_name_does_not_hold_up_another() -> None:
    with Fleet(1) as fleet, DnsServer() as dns:
        dns.answer("silent.test", SILENCE)
        dns.serve("web.test", *fleet.hosts)
        args = ["--upstream", f"web.test:{fleet.port}", "--route", f"/silent=silent.test:{fleet.port}"]
        with Balancer(*args, "--resolver", dns.address, *QUICK) as balancer:
            wait_until(lambda: status(balancer) == 200, "the name that is there serves", within=1)
            assert ask(balancer.address, request("GET", "/silent")).status == 503


# A DNS server's bad day


@pytest.mark.parametrize("fault", [SERVFAIL, REFUSED, SILENCE, GARBAGE])
def test_last_good_set_stays(fault: Reply) -> None:
    with Fleet(2) as fleet, DnsServer() as dns:
        dns.serve("web.test", *fleet.hosts)
        with Balancer("--upstream", f"web.test:{fleet.port}", "--resolver", dns.address, *QUICK) as balancer:
            wait_started(balancer, fleet, 0, 1)
            dns.answer("web.test", fault)
            dns.wait_queries("web.test", 5, within=8)
            assert set(served_by(balancer, 8)) == {fleet[0].name, fleet[1].name}
            dns.serve("web.test", fleet.hosts[1])
            wait_served_by(balancer, fleet, 1, within=3)


def test_an_answer_with_the_wrong_id_is_not_believed() -> None:
    """It is what a forger sends; the answer that was asked for comes when the server is itself again."""
    with Fleet(2) as fleet, DnsServer() as dns:
        dns.serve("web.test", fleet.hosts[0])
        with Balancer("--upstream", f"web.test:{fleet.port}", "--resolver", dns.address, *QUICK) as balancer:
            wait_started(balancer, fleet, 0)
            dns.serve("web.test", fleet.hosts[1], wrong_id=True)
            dns.wait_queries("web.test", 4, "A", within=10)
            assert set(served_by(balancer, 8)) == {fleet[0].name}
            dns.serve("web.test", fleet.hosts[1])
            wait_served_by(balancer, fleet, 1, within=6)


def test_a_dns_server_that_restarts_on_its_port_is_heard_again() -> None:
    with Fleet(2) as fleet, DnsServer() as dns:
        dns.serve("web.test", fleet.hosts[0])
        with Balancer("--upstream", f"web.test:{fleet.port}", "--resolver", dns.address, *QUICK) as balancer:
            wait_started(balancer, fleet, 0)
            dns.stop()
            balancer.wait_log(r"web\.test: .*, keeping 1 endpoint")
            with DnsServer(port=dns.port) as restarted:
                restarted.serve("web.test", fleet.hosts[1])
                wait_served_by(balancer, fleet, 1, within=3)


def test_last_good_set_stays_when_the_dns_server_is_gone() -> None:
    with Fleet(2) as fleet, DnsServer() as dns:
        dns.serve("web.test", *fleet.hosts)
        with Balancer("--upstream", f"web.test:{fleet.port}", "--resolver", dns.address, *QUICK) as balancer:
            wait_started(balancer, fleet, 0, 1)
            dns.stop()
            gone = time.monotonic()
            while time.monotonic() - gone < 1.2:
                assert set(served_by(balancer, 8)) == {fleet[0].name, fleet[1].name}


@pytest.mark.parametrize(("family", "fault"), [("A", SERVFAIL), ("A", SILENCE), ("AAAA", SERVFAIL), ("AAAA", REFUSED)])
def test_one_family_failing_is_no_empty_answer(family: str, fault: Reply) -> None:
    """The other family's honest "no such record" must not be taken for the whole name's."""
    host = loopback(1) if family == "A" else "::1"
    with Fleet(host) as fleet, DnsServer() as dns:
        dns.serve("web.test", host)
        with Balancer("--upstream", f"web.test:{fleet.port}", "--resolver", dns.address, *QUICK) as balancer:
            wait_started(balancer, fleet, 0)
            dns.answer("web.test", fault, family)
            dns.wait_queries("web.test", 3, family, within=10)
            assert set(served_by(balancer, 4)) == {fleet[0].name}


def test_the_family_that_still_answers_is_believed() -> None:
    """AAAA fails, A changes: the change is followed."""
    with Fleet(2) as fleet, DnsServer() as dns:
        dns.serve("web.test", fleet.hosts[0])
        dns.answer("web.test", SERVFAIL, "AAAA")
        with Balancer("--upstream", f"web.test:{fleet.port}", "--resolver", dns.address, *QUICK) as balancer:
            wait_started(balancer, fleet, 0)
            dns.serve("web.test", fleet.hosts[1])
            dns.answer("web.test", SERVFAIL, "AAAA")
            wait_served_by(balancer, fleet, 1)


# A name that goes


@pytest.mark.parametrize("reply", [NXDOMAIN, EMPTY])
def test_pool_empties_once_confirmed(reply: Reply) -> None:
    with Fleet(2) as fleet, DnsServer() as dns:
        dns.serve("web.test", *fleet.hosts)
        with Balancer("--upstream", f"web.test:{fleet.port}", "--resolver", dns.address) as balancer:
            wait_started(balancer, fleet, 0, 1)
            gone = time.monotonic()
            dns.answer("web.test", reply)
            wait_until(lambda: status(balancer) == 503, "the pool empties", within=3)
            assert len(dns.queries("web.test", "A", since=gone)) >= 2, "emptied on the word of one answer"
            assert ask(balancer.address, request("GET", "/")).fields.has("Retry-After")
            dns.serve("web.test", fleet.hosts[0])
            wait_until(lambda: status(balancer) == 200, "the name that is back serves", within=1.5)


@pytest.mark.parametrize("reply", [NXDOMAIN, EMPTY])
def test_one_wrong_answer_empties_nothing(reply: Reply) -> None:
    with Fleet(2) as fleet, DnsServer() as dns:
        dns.serve("web.test", *fleet.hosts)
        with Balancer("--upstream", f"web.test:{fleet.port}", "--resolver", dns.address, *QUICK) as balancer:
            wait_started(balancer, fleet, 0, 1)
            for _ in range(3):
                wrong = time.monotonic()
                dns.answer_once("web.test", reply)
                while len(dns.queries("web.test", "A", since=wrong)) < 3:
                    assert set(served_by(balancer, 4)) == {fleet[0].name, fleet[1].name}
                    assert time.monotonic() - wrong < seconds(5)


def test_two_names_in_one_pool_empty_apart() -> None:
    with Fleet(2) as fleet, DnsServer() as dns:
        dns.serve("one.test", fleet.hosts[0])
        dns.serve("two.test", fleet.hosts[1])
        args = ["--upstream", f"one.test:{fleet.port}", "--upstream", f"two.test:{fleet.port}"]
        with Balancer(*args, "--resolver", dns.address, *QUICK) as balancer:
            wait_started(balancer, fleet, 0, 1)
            dns.answer("one.test", NXDOMAIN)
            wait_served_by(balancer, fleet, 1)
            dns.answer("two.test", SERVFAIL)
            dns.wait_queries("two.test", 4)
            assert set(served_by(balancer, 4)) == {fleet[1].name}


def test_an_address_that_two_names_give_is_one_endpoint() -> None:
    with Fleet(2) as fleet, DnsServer() as dns:
        dns.serve("one.test", fleet.hosts[0])
        dns.serve("two.test", *fleet.hosts)
        args = ["--upstream", f"one.test:{fleet.port}", "--upstream", f"two.test:{fleet.port}", "--workers", "1"]
        with Balancer(*args, "--resolver", dns.address, *QUICK) as balancer:
            wait_started(balancer, fleet, 0, 1)
            answers = served_by(balancer, 20)
            assert answers.count(fleet[0].name) == 10, answers


# How it asks


def test_a_ttl_of_600_seconds_is_not_waited_for() -> None:
    """Each name is asked for once an interval at least."""
    with Fleet(1) as fleet, DnsServer() as dns:
        dns.serve("web.test", *fleet.hosts, ttl=600)
        args = ["--upstream", f"web.test:{fleet.port}", "--resolver", dns.address, "--resolve-interval", "200ms"]
        with Balancer(*args) as balancer:
            wait_started(balancer, fleet, 0)
            ten = dns.wait_queries("web.test", 10, "A")
            took = ten[9].at - ten[0].at
            assert 9 * 0.1 <= took <= seconds(9 * 0.3), f"ten queries in {took:.2f} s at an interval of 200 ms"
            assert len(dns.queries("web.test", "AAAA", since=ten[0].at)) >= 8


def test_a_ttl_of_0_is_asked_again_ten_times_a_second() -> None:
    """The interval is only the longest that an answer is used; a shorter TTL is honoured, down to 100 ms."""
    with Fleet(2) as fleet, DnsServer() as dns:
        dns.serve("web.test", fleet.hosts[0], ttl=0)
        args = ["--upstream", f"web.test:{fleet.port}", "--resolver", dns.address, "--resolve-interval", "1m"]
        with Balancer(*args) as balancer:
            wait_started(balancer, fleet, 0)
            six = dns.wait_queries("web.test", 6, "A")
            took = six[5].at - six[0].at
            assert 5 * 0.09 <= took <= seconds(5 * 0.2), f"six queries in {took:.2f} s"
            dns.serve("web.test", fleet.hosts[1], ttl=600)
            wait_served_by(balancer, fleet, 1, within=1)


def test_a_shuffled_answer_moves_nothing() -> None:
    """Each answer is in another order: endpoints and their connections stay, and so does the evenness."""
    with Fleet(5) as fleet, DnsServer() as dns:
        dns.serve("web.test", *fleet.hosts, shuffled=True)
        args = ["--upstream", f"web.test:{fleet.port}", "--resolver", dns.address, "--workers", "1", *QUICK]
        with Balancer(*args, "--health-check", "off") as balancer:
            wait_started(balancer, fleet, *range(5))
            accepted = [replica.accepted for replica in fleet]
            for _ in range(5):
                answers = served_by(balancer, 10)
                assert [answers.count(replica.name) for replica in fleet] == [2] * 5
                dns.wait_queries("web.test", 1, "A")
            assert [replica.accepted for replica in fleet] == accepted
            assert len([line for line in balancer.log_lines() if "5 endpoints (+" in line]) == 1


def test_a_record_given_twice_is_one_endpoint() -> None:
    with Fleet(2) as fleet, DnsServer() as dns:
        dns.serve("web.test", fleet.hosts[0], *fleet.hosts, fleet.hosts[0])
        args = ["--upstream", f"web.test:{fleet.port}", "--resolver", dns.address, "--workers", "1", *QUICK]
        with Balancer(*args) as balancer:
            wait_started(balancer, fleet, 0, 1)
            answers = served_by(balancer, 20)
            assert answers.count(fleet[0].name) == 10, answers


def test_aliases_are_followed() -> None:
    """web.test is an alias of one.test, that of two.test, and that is where the addresses are."""
    with Fleet(2) as fleet, DnsServer() as dns:
        dns.serve("web.test", fleet.hosts[0], aliases=("one.test", "two.test"))
        with Balancer("--upstream", f"web.test:{fleet.port}", "--resolver", dns.address, *QUICK) as balancer:
            wait_started(balancer, fleet, 0)
            dns.serve("web.test", fleet.hosts[1], aliases=("three.test",))
            wait_served_by(balancer, fleet, 1)


def test_a_server_that_refuses_edns_is_asked_without() -> None:
    with Fleet(2) as fleet, DnsServer() as dns:
        dns.serve("web.test", fleet.hosts[0], plain=True)
        with Balancer("--upstream", f"web.test:{fleet.port}", "--resolver", dns.address, *QUICK) as balancer:
            wait_started(balancer, fleet, 0)
            assert {query.edns for query in dns.queries("web.test", "A")} == {True, False}
            dns.serve("web.test", fleet.hosts[1], plain=True)
            wait_served_by(balancer, fleet, 1)


def test_one_family_alone_is_asked_for() -> None:
    with Fleet(loopback(1), "::1") as fleet, DnsServer() as dns:
        dns.serve("web.test", *fleet.hosts)
        args = ["--upstream", f"web.test:{fleet.port}", "--resolver", dns.address, *QUICK]
        for family, index, unused in (("ipv4", 0, "AAAA"), ("ipv6", 1, "A")):
            began = time.monotonic()
            with Balancer(*args, "--ip-family", family) as balancer:
                wait_started(balancer, fleet, index)
            assert not dns.queries("web.test", unused, since=began)


def test_each_change_and_its_reason_is_one_line() -> None:
    with Fleet(2) as fleet, DnsServer() as dns:
        one, two = fleet.hosts
        dns.serve("web.test", one)
        with Balancer("--upstream", f"web.test:{fleet.port}", "--resolver", dns.address, *QUICK) as balancer:
            wait_started(balancer, fleet, 0)
            dns.serve("web.test", two)
            wait_served_by(balancer, fleet, 1)
            dns.answer("web.test", SERVFAIL)
            balancer.wait_log("keeping")
            dns.serve("web.test", two)
            balancer.wait_log("resolved again")
            dns.answer("web.test", NXDOMAIN)
            balancer.wait_log("0 endpoints")
            words = [line.split(maxsplit=2) for line in balancer.log_lines()]
            assert [f"{level} {said}" for _, level, said in words if said.startswith("web.test")] == [
                f"info web.test:{fleet.port}: 1 endpoint (+{one})",
                f"info web.test:{fleet.port}: 1 endpoint (+{two}, -{one})",
                "warning web.test: SERVFAIL, keeping 1 endpoint",
                "info web.test: resolved again, keeping 1 endpoint",
                f"warning web.test:{fleet.port}: 0 endpoints (-{two}): no such name",
            ]


def test_stale_addresses_leave_after_their_limit() -> None:
    with Fleet(1) as fleet, DnsServer() as dns:
        dns.serve("web.test", *fleet.hosts)
        args = ["--upstream", f"web.test:{fleet.port}", "--resolver", dns.address, "--stale-limit", "1s", *QUICK]
        with Balancer(*args) as balancer:
            wait_started(balancer, fleet, 0)
            dns.answer("web.test", SERVFAIL)
            failed = time.monotonic()
            wait_until(lambda: status(balancer) == 503, "the pool empties", within=4)
            assert time.monotonic() - failed > 0.8
            balancer.wait_log(r"0 endpoints \(-.*\): nothing learned for 1 s, SERVFAIL")
            dns.serve("web.test", *fleet.hosts)
            wait_until(lambda: status(balancer) == 200, "it serves again")


def test_a_name_used_twice_is_asked_for_once() -> None:
    with Fleet(1) as fleet, DnsServer() as dns:
        dns.serve("web.test", *fleet.hosts)
        routes = [f"--route=/{letter}=web.test:{fleet.port}" for letter in "abcdefgh"]
        with Balancer(*routes, "--resolver", dns.address, "--resolve-interval", "200ms") as balancer:
            wait_until(lambda: ask(balancer.address, request("GET", "/h")).status == 200, "it serves")
            five = dns.wait_queries("web.test", 5, "A")
            assert five[4].at - five[0].at >= 4 * 0.1, "a query for each route"


def test_forty_replicas_through_truncation_to_tcp() -> None:
    with Fleet(40) as fleet, DnsServer() as dns:
        dns.serve("web.test", *fleet.hosts, truncated=True)
        args = ["--upstream", f"web.test:{fleet.port}", "--resolver", dns.address, "--workers", "1", *QUICK]
        with Balancer(*args) as balancer:
            wait_until(lambda: status(balancer) == 200, "it serves")
            assert set(served_by(balancer, 40)) == {replica.name for replica in fleet}
            assert {query.transport for query in dns.queries("web.test", "A")} == {"udp", "tcp"}


def test_forty_replicas_in_one_datagram() -> None:
    """With EDNS (RFC 6891) the answer fits and no TCP is needed."""
    with Fleet(40) as fleet, DnsServer() as dns:
        dns.serve("web.test", *fleet.hosts)
        args = ["--upstream", f"web.test:{fleet.port}", "--resolver", dns.address, "--workers", "1", *QUICK]
        with Balancer(*args) as balancer:
            wait_until(lambda: status(balancer) == 200, "it serves")
            assert set(served_by(balancer, 40)) == {replica.name for replica in fleet}
            asked = dns.queries("web.test")
            assert all(query.edns and query.transport == "udp" for query in asked), asked
            assert all(1220 <= query.udp_size <= 4096 for query in asked), asked


def test_a_thousand_replicas() -> None:
    """Over TCP, because no datagram holds them. One process listens for all of 127.0.0.0/8."""
    hosts = [f"127.20.{number // 250}.{number % 250 + 1}" for number in range(1000)]
    with Fleet("0.0.0.0") as fleet, DnsServer() as dns:
        dns.serve("web.test", *hosts, ttl=0)
        args = ["--upstream", f"web.test:{fleet.port}", "--resolver", dns.address, "--workers", "1"]
        with Balancer(*args, "--health-check", "off") as balancer:
            wait_until(lambda: status(balancer) == 200, "it serves")
            served_by(balancer, 1000)
            lines = balancer.wait_access(1001)
            used = {line.partition("upstream=")[2].partition(":")[0] for line in lines}
            assert used == set(hosts)
            dns.serve("web.test", *hosts[:7])
            balancer.wait_log(r"7 endpoints \(-.* 977 more\)")
            served_by(balancer, 70)
            lines = balancer.wait_access(1071)[1001:]
            assert {line.partition("upstream=")[2].partition(":")[0] for line in lines} == set(hosts[:7])


def test_a_truncated_answer_that_tcp_cannot_complete_shrinks_nothing() -> None:
    with Fleet(40) as fleet, DnsServer(tcp=False) as dns:
        dns.serve("web.test", *fleet.hosts)
        args = ["--upstream", f"web.test:{fleet.port}", "--resolver", dns.address, "--workers", "1", *QUICK]
        with Balancer(*args) as balancer:
            wait_until(lambda: status(balancer) == 200, "it serves")
            dns.serve("web.test", *fleet.hosts, truncated=True)
            dns.wait_queries("web.test", 6, "A", within=10)
            assert len(set(served_by(balancer, 40))) == 40


def test_both_families_are_used() -> None:
    with Fleet(loopback(1), loopback(2), "::1") as fleet, DnsServer() as dns:
        dns.serve("web.test", *fleet.hosts)
        args = ["--upstream", f"web.test:{fleet.port}", "--resolver", dns.address, "--workers", "1", *QUICK]
        with Balancer(*args) as balancer:
            wait_started(balancer, fleet, 0, 1, 2)
            answers = served_by(balancer, 30)
            assert [answers.count(replica.name) for replica in fleet] == [10, 10, 10]


def test_a_second_resolver_is_asked_where_the_first_is_silent() -> None:
    with Fleet(1) as fleet, DnsServer() as silent, DnsServer() as dns:
        silent.answer("web.test", SILENCE)
        dns.serve("web.test", *fleet.hosts)
        args = ["--resolver", silent.address, "--resolver", dns.address, *QUICK]
        with Balancer("--upstream", f"web.test:{fleet.port}", *args) as balancer:
            wait_until(lambda: status(balancer) == 200, "the second resolver's answer is used", within=4)


def test_a_dead_first_resolver_costs_nothing_once_known() -> None:
    """Its silence lasts 700 ms for whoever asks it first: from the second time on, nobody does."""
    with Fleet(2) as fleet, DnsServer() as dead, DnsServer() as dns:
        dead.answer("web.test", SILENCE)
        dns.serve("web.test", fleet.hosts[0])
        args = ["--resolver", dead.address, "--resolver", dns.address, *QUICK]
        with Balancer("--upstream", f"web.test:{fleet.port}", *args) as balancer:
            wait_until(lambda: status(balancer) == 200, "it serves", within=4)
            balancer.wait_log(f"name server {dead.address} keeps silent: asking {dns.address} first")
            ten = dns.wait_queries("web.test", 10, "A")
            assert ten[9].at - ten[0].at < seconds(2.5), "each refresh waits for the dead server"
            dead.serve("web.test", fleet.hosts[1])
            wait_served_by(balancer, fleet, 1, within=7)
            balancer.wait_log(f"name server {dead.address} answers again: asking it first")


# What needs no DNS


def test_ip_literals_ask_nobody() -> None:
    with Fleet(loopback(1), "::1") as fleet, DnsServer() as dns:
        args = ["--upstream", fleet[0].name, "--upstream", fleet[1].name, "--resolver", dns.address, *QUICK]
        with Balancer(*args) as balancer:
            assert set(served_by(balancer, 10)) == {fleet[0].name, fleet[1].name}
            assert all(not dns.queries(host) for host in (*fleet.hosts, ""))


def test_localhost_comes_from_the_hosts_file() -> None:
    with Fleet("127.0.0.1") as fleet, DnsServer() as dns:
        with Balancer("--upstream", f"localhost:{fleet.port}", "--resolver", dns.address, *QUICK) as balancer:
            wait_until(lambda: status(balancer) == 200, "localhost serves", within=1.5)
            assert fleet[0].requests
