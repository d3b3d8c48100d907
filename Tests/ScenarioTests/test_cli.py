"""The command line as a contract: what it takes, what it says, and how it refuses."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import threading
from pathlib import Path

import pytest

from support.balancer import BINARY, REPOSITORY, Balancer
from support.client import Client, ask, request
from support.deadline import seconds
from support.replicas import Fleet, free_port

HARMLESS = ["--listen", "127.0.0.1:0", "--upstream", "127.0.0.1:9"]
# Every option, with a value that is right for it, and with what its error line has to say would be right.
PORTS = r"from [01] to 65535"
DURATION = r"\b500ms\b|from \d+(ms)? to \d+h, such as 1s"
PERCENTAGE = r"from 0% to 100%, such as 20%"
NUMBER = r"from [01] to \d+"
SWITCH = r"on or off"
OPTIONS = {
    "--listen": ("127.0.0.1:0", rf":PORT|{PORTS}"),
    "--upstream": ("127.0.0.1:9", rf":PORT|{PORTS}|weight=N|priority=N|srv:NAME"),
    "--route": ("/x=127.0.0.1:9", rf"PATH=HOST:PORT|HOST:PORT|{PORTS}|weight=N"),
    "--policy": ("lc", r"round-robin.*least-connections.*p2c.*random.*ring-hash.*maglev.*sticky"),
    "--hash-key": ("header:X-User", r"client, uri, header:NAME or cookie:NAME"),
    "--sticky-cookie": ("route", r"letters, digits"),
    "--sticky-secret": ("hush", r"1 to 1024 bytes"),
    "--slow-start": ("0", DURATION),
    "--health-check": ("off", r"off, tcp, http:/PATH, grpc or grpc:SERVICE"),
    "--health-interval": ("2s", DURATION),
    "--health-timeout": ("2s", DURATION),
    "--health-rise": ("1", NUMBER),
    "--health-fall": ("1", NUMBER),
    "--health-status": ("200,204,300-399", r"200-399"),
    "--health-body": ("ok", r"1 to 1024 bytes"),
    "--health-host": ("web.test:80", r"HOST or HOST:PORT"),
    "--ejection": ("off", SWITCH),
    "--ejection-failures": ("9", NUMBER),
    "--ejection-time": ("2s", DURATION),
    "--ejection-max": ("40%", PERCENTAGE),
    "--panic-threshold": ("0%", PERCENTAGE),
    "--retry-on": ("connect,500", r"all, off, or some of connect,reset,timeout,gateway,500"),
    "--retry-attempts": ("8", NUMBER),
    "--try-timeout": ("2s", DURATION),
    "--retry-budget": ("30%", PERCENTAGE),
    "--retry-body": ("32KiB", r"KiB, MiB or GiB|from 0 to 64KiB"),
    "--retry-non-idempotent": ("off", SWITCH),
    "--resolver": ("127.0.0.1:53", rf"IP:PORT|{PORTS}"),
    "--resolve-interval": ("2s", DURATION),
    "--stale-limit": ("off", r"off or a duration"),
    "--ip-family": ("ipv4", r"any, ipv4 or ipv6"),
    "--queue-timeout": ("2s", DURATION),
    "--queue-length": ("100", NUMBER),
    "--endpoint-requests": ("100", NUMBER),
    "--endpoint-connections": ("100", NUMBER),
    "--connection-age": ("2s", DURATION),
    "--connection-requests": ("100", NUMBER),
    "--client-age": ("2s", DURATION),
    "--client-requests": ("100", NUMBER),
    "--workers": ("1", NUMBER),
    "--access-log": ("stdout", r"stdout.*stderr.*off"),
    "--log-level": ("debug", r"debug.*info.*error"),
    "--drain-timeout": ("2s", DURATION),
    "--header-timeout": ("2s", DURATION),
    "--body-timeout": ("2s", DURATION),
    "--idle-timeout": ("2s", DURATION),
    "--connect-timeout": ("2s", DURATION),
    "--response-timeout": ("2s", DURATION),
    "--upstream-idle-timeout": ("2s", DURATION),
    "--tunnel-timeout": ("2s", DURATION),
}

# A value that is wrong for the option, where that is not the same as for most.
ALWAYS_WRONG = {
    "--access-log": "/nonexistent/directory/x",
    "--sticky-secret": "hush" * 300,
    "--health-body": "much" * 300,
}

DURATIONS = [flag for flag, (_, right) in OPTIONS.items() if right == DURATION]
PERCENTAGES = [flag for flag, (_, right) in OPTIONS.items() if right == PERCENTAGE]
NUMBERS = [flag for flag, (_, right) in OPTIONS.items() if right == NUMBER]

WRONG = [
    *[("--listen", value) for value in ("8080x", "127.0.0.1", ":", ":http", ":65536", ":-1", "300.0.0.1:80")],
    *[("--listen", value) for value in ("[::1]", "::1:8080", "[::1:8080", "[::1]8080", "web.test:80", "127.0.0.1:80 ")],
    *[("--upstream", value) for value in ("web", "web:", ":80", "web:0", "web:65536", "web:http", "web:+80")],
    *[("--upstream", value) for value in ("[::1]", "::1:80", "we b:80", "web..test:80", "http://web:80", "[web]:80")],
    *[("--upstream", value) for value in ("a" * 64 + ".test:80", "web:80/x", "web:80:80")],
    *[("--upstream", f"web:80,{role}") for role in ("weight=0", "weight=1001", "priority=256", "spare", "a:80", "")],
    *[("--upstream", value) for value in ("srv:", "srv:_http._tcp.web:80")],
    *[("--route", value) for value in ("/x", "x=web:80", "=web:80", "/x=", "/x=web", "/x=web:0", "/x=web:80,weight=x")],
    *[("--route", value) for value in ("/x=web:80,/y=api:80",)],
    *[("--policy", value) for value in ("fastest", "round-robin,lc")],
    *[("--hash-key", value) for value in ("ip", "header", "header:", "header:x user", "cookie:a=b")],
    *[("--sticky-cookie", value) for value in ("a=b", "a b")],
    *[("--health-check", value) for value in ("on", "http", "http:status", "http://web/status", "http:/a b", "grpc:")],
    *[("--health-status", value) for value in ("2xx", "199", "600", "300-200", "200,", "200, 204")],
    *[("--health-host", value) for value in ("http://web", "we b", "web:0")],
    *[("--retry-on", value) for value in ("on", "502", "all,500", "connect, reset")],
    *[("--retry-body", value) for value in ("64KB", "64K", "-1", "0.5KiB", "65KiB", "65537")],
    *[("--resolver", value) for value in ("dns.test", "127.0.0.1:0", "127.0.0.1:x", "127.0.0.1:65536")],
    *[("--resolve-interval", value) for value in ("0s", "5", "-1s", "s", "1d", "1 s", "99999999999999999999s")],
    *[("--stale-limit", value) for value in ("0", "never", "597h")],
    *[("--ip-family", value) for value in ("4", "ipv5")],
    *[("--workers", value) for value in ("0", "-1", "two", "1.5", "1000000")],
    *[("--retry-attempts", value) for value in ("0", "9")],
    ("--health-interval", "99ms"),
    ("--queue-length", "65537"),
    ("--access-log", "/nonexistent/directory/access.log"),
    ("--log-level", "loud"),
    *[(flag, "yes") for flag in ("--ejection", "--retry-non-idempotent")],
    *[(flag, "soon") for flag in DURATIONS],
    *[(flag, value) for flag in PERCENTAGES for value in ("20", "0.2", "101%", "-1%")],
    *[(flag, value) for flag in NUMBERS for value in ("many", "99999999999999999999")],
]


def run(*args: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Runs a command line that is expected to end by itself, and at once."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("BALANCER")}
    return subprocess.run(
        [str(BINARY), *args], env=clean | (env or {}), capture_output=True, text=True, timeout=seconds(5)
    )


def variable(flag: str) -> str:
    return "BALANCER_" + flag[2:].upper().replace("-", "_")


def always_wrong(flag: str) -> str:
    return ALWAYS_WRONG.get(flag, "no:good:at:all")


def harmless_beside(flag: str) -> list[str]:
    """A listener and an upstream that are right, without the one that is on trial."""
    return (HARMLESS[:2] if flag != "--listen" else []) + (HARMLESS[2:] if flag != "--upstream" else [])


def only_line(done: subprocess.CompletedProcess[str], status: int) -> str:
    """The one line that a refusal prints on standard error, and nothing on standard output."""
    assert (done.returncode, done.stdout) == (status, ""), done
    assert done.stderr.endswith("\n") and done.stderr.count("\n") == 1, f"not one line: {done.stderr!r}"
    return done.stderr


# What it says of itself


def test_version() -> None:
    done = run("--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"(balancer )?\d+\.\d+\.\d+\S*\n", done.stdout), done.stdout


def test_help_names_every_option() -> None:
    done = run("--help")
    assert (done.returncode, done.stderr) == (0, "")
    missing = [flag for flag in [*OPTIONS, "--version", "--help"] if not re.search(rf"{flag}\b", done.stdout)]
    assert not missing, f"{missing} not in:\n{done.stdout}"
    documented = set(re.findall(r"^  (--[a-z-]+) <", done.stdout, re.MULTILINE))
    assert documented == set(OPTIONS), "an option is not in the list of this file"


def test_help_is_readable() -> None:
    """The same 100 columns on any terminal, and a title for each group of options."""
    lines = run("--help", env={"COLUMNS": "200"}).stdout.splitlines()
    assert max(map(len, lines)) <= 100
    titles = ["TRAFFIC", "BALANCING", "HEALTH", "RETRIES", "DISCOVERY", "LIMITS", "PROCESS", "TIME-OUTS"]
    assert [line[:-1] for line in lines if line[:-1] in titles] == titles


def test_the_reference_has_every_option_and_its_default() -> None:
    text = " ".join(run("--help").stdout.split())
    documented = dict(re.findall(r"(--[a-z-]+) <\S+> (?:(?!--).)*?\(default: ((?:[^()]|\([^)]*\))*)\)", text))
    reference = (REPOSITORY / "docs/command-line.md").read_text()
    rows = dict(re.findall(r"^\| `(--[a-z-]+) \S+`(?: \+)? \| (.*?) \|", reference, re.MULTILINE))
    assert set(rows) == set(OPTIONS)
    assert {flag: default.replace("`", "") for flag, default in rows.items() if default != "none"} == documented


# Wrong values


@pytest.mark.parametrize(("flag", "value"), WRONG)
def test_wrong_value(flag: str, value: str) -> None:
    line = only_line(run(*harmless_beside(flag), f"{flag}={value}"), status=64)
    assert flag in line and f'"{value}"' in line, line
    assert re.search(OPTIONS[flag][1], line.replace(f'"{value}"', "", 1)), f"it does not say what would be right: {line}"


@pytest.mark.parametrize("flag", OPTIONS)
def test_empty_value(flag: str) -> None:
    assert flag in only_line(run(*harmless_beside(flag), f"{flag}="), status=64)
    assert flag in only_line(run(*harmless_beside(flag), flag, ""), status=64)


@pytest.mark.parametrize("flag", OPTIONS)
def test_wrong_value_in_the_environment(flag: str) -> None:
    """A variable is refused like a flag; the line names the variable, which is what the user has to change."""
    value = always_wrong(flag)
    line = only_line(run(*harmless_beside(flag), env={variable(flag): value}), status=64)
    assert line.startswith(f"balancer: {variable(flag)}: "), line
    assert (f'"{value}"' in line) == (flag != "--sticky-secret"), line


def test_the_secret_is_shown_nowhere() -> None:
    """Not where it is wrong, not where another option is, not where its own name is."""
    for args in (["--sticky-secret", "hush" * 300], ["--sticky-secret=hush", "--workers=0"], ["--sticky-secrte=hush"]):
        assert "hush" not in only_line(run(*HARMLESS, *args), status=64)
    with Balancer("--upstream", "127.0.0.1:9", "--log-level", "trace", env={"BALANCER_STICKY_SECRET": "hush"}) as balancer:
        balancer.wait_log(r"service default:")
        assert not [line for line in balancer.log_lines() if "hush" in line]


def test_a_target_in_two_roles() -> None:
    line = only_line(run("--upstream", "web:80", "--upstream", "web:80,backup"), status=64)
    assert '"web:80,backup"' in line and "once" in line


def test_a_value_with_control_bytes_stays_on_one_line() -> None:
    line = only_line(run("--listen", "127.0.0.1:0", "--upstream", "web\n\x1b[2Jtest:80"), status=64)
    assert "--upstream" in line and "\x1b" not in line


def test_unknown_option() -> None:
    assert "--frobnicate" in only_line(run(*HARMLESS, "--frobnicate"), status=64)


def test_option_without_its_value() -> None:
    assert "--policy" in only_line(run(*HARMLESS, "--policy"), status=64)


def test_stray_argument() -> None:
    assert "stray" in only_line(run(*HARMLESS, "stray"), status=64)


def test_nothing_to_serve() -> None:
    """Without an upstream and a route there is nothing it could do."""
    line = only_line(run("--listen", "127.0.0.1:0"), status=64)
    assert "--upstream" in line and "--route" in line


# The environment


def test_everything_from_the_environment(tmp_path: Path) -> None:
    with Fleet(3) as fleet:
        env = {variable(flag): right for flag, (right, _) in OPTIONS.items()} | {
            "BALANCER_UPSTREAM": f"{fleet[0].name},weight=2,{fleet[1].name}, weight=2",
            "BALANCER_ROUTE": f"/x={fleet[2].name}",
            "BALANCER_ACCESS_LOG": f"{tmp_path}/access.log",
        }
        with Balancer(env=env) as balancer:
            assert ask(balancer.address, request("GET", "/x")).content.decode() == fleet[2].name
            both = {ask(balancer.address, request("GET", "/")).content.decode() for _ in range(20)}
            assert both == {fleet[0].name, fleet[1].name}
            balancer.wait_log(rf"service default: {fleet[0].name},weight=2, {fleet[1].name},weight=2 least-connections$")
        assert len((tmp_path / "access.log").read_text().splitlines()) == 21


def test_flags_win() -> None:
    """A flag replaces what the environment says, also where the option can be repeated."""
    with Fleet(2) as fleet:
        env = {"BALANCER_UPSTREAM": fleet[0].name, "BALANCER_POLICY": "lc"}
        with Balancer("--upstream", fleet[1].name, "--policy", "rr", env=env) as balancer:
            balancer.wait_log(rf"service default: {fleet[1].name} round-robin$")
            assert {ask(balancer.address, request("GET", "/")).content.decode() for _ in range(6)} == {fleet[1].name}


def test_an_empty_variable_is_as_none() -> None:
    """Compose files pass `BALANCER_POLICY=${BALANCER_POLICY:-}`."""
    env = {"BALANCER_POLICY": "", "BALANCER_WORKERS": "", "BALANCER_ROUTE": ""}
    with Balancer("--upstream", "127.0.0.1:9", env=env) as balancer:
        balancer.wait_log(r"service default: 127\.0\.0\.1:9 round-robin$")


@pytest.mark.parametrize("flag", OPTIONS)
def test_both_spellings(flag: str) -> None:
    """`--flag=value` is `--flag value`: the same wrong value is refused in the same words."""
    value = always_wrong(flag)
    args = harmless_beside(flag)
    together = only_line(run(*args, f"{flag}={value}"), status=64)
    assert only_line(run(*args, flag, value), status=64) == together


# Listeners


def test_busy_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        name = "127.0.0.1:%d" % holder.getsockname()[1]
        line = only_line(run("--upstream", "127.0.0.1:9", "--listen", name), status=1)
        assert name in line and "in use" in line


def test_an_address_that_another_balancer_holds() -> None:
    """Two would take connections from each other in silence, since the listeners of workers share their port."""
    with Balancer("--upstream", "127.0.0.1:9") as balancer:
        name = f"127.0.0.1:{balancer.port}"
        line = only_line(run("--upstream", "127.0.0.1:9", "--listen", name), status=1)
        assert name in line


def test_foreign_address() -> None:
    line = only_line(run("--upstream", "127.0.0.1:9", "--listen", "192.0.2.1:8080"), status=1)
    assert "192.0.2.1:8080" in line


def test_the_same_address_twice_is_one_listener() -> None:
    name = f"127.0.0.1:{free_port()}"
    with Fleet(1) as fleet:
        balancer = Balancer("--upstream", fleet[0].name, env={"BALANCER_LISTEN": f"{name},{name}"})
        with balancer:
            balancer.wait_log(r"service default:")
            assert [line.endswith(name) for line in balancer.log_lines() if "listening" in line] == [True]
            assert ask(balancer.address, request("GET", "/")).status == 200


def test_nothing_listens_until_all_can() -> None:
    """The second address is busy: at no moment does the first accept a connection."""
    free = ("127.0.0.1", free_port())
    accepted: list[int] = []
    done = threading.Event()

    def knock() -> None:
        while not done.is_set():
            with socket.socket() as knocker:
                if knocker.connect_ex(free) == 0:
                    accepted.append(1)

    with socket.create_server(("127.0.0.1", 0)) as holder:
        busy = "127.0.0.1:%d" % holder.getsockname()[1]
        knocking = threading.Thread(target=knock)
        knocking.start()
        try:
            for _ in range(5):
                command = ["--upstream", "127.0.0.1:9", "--listen", f"{free[0]}:{free[1]}", "--listen", busy]
                assert busy in only_line(run(*command), status=1)
        finally:
            done.set()
            knocking.join()
    assert not accepted


def test_port_zero_is_named_and_serves_on_all_workers() -> None:
    with Fleet(1) as fleet, Balancer("--upstream", fleet[0].name, "--workers", "4") as balancer:
        assert balancer.port > 0
        assert [ask(balancer.address, request("GET", "/")).status for _ in range(30)] == [200] * 30


def test_several_listeners_and_pools_one_line_each() -> None:
    with Fleet(3) as fleet:
        args = ["--listen", "127.0.0.1:0", "--listen=[::1]:0", "--listen", "127.0.0.1:0"]
        args += ["--upstream", fleet[0].name, "--upstream", fleet[1].name]
        args += ["--route", f"/a={fleet[1].name}", "--route", f"/b={fleet[2].name}", "--route", f"/a={fleet[2].name}"]
        with Balancer(*args) as balancer:
            assert [host for host, _ in balancer.addresses] == ["127.0.0.1", "::1", "127.0.0.1"]
            assert len({port for _, port in balancer.addresses}) == 3
            for address in balancer.addresses:
                assert ask(address, request("GET", "/b")).content.decode() == fleet[2].name
            balancer.wait_log(r"service /b:")
            pools = [line.partition("service ")[2] for line in balancer.log_lines() if "service " in line]
            assert sorted(pools) == [
                f"/a: {fleet[1].name}, {fleet[2].name} round-robin",
                f"/b: {fleet[2].name} round-robin",
                f"default: {fleet[0].name}, {fleet[1].name} round-robin",
            ]


def test_event_log_lines_have_time_level_and_text() -> None:
    with Balancer("--upstream", "127.0.0.1:9") as balancer:
        shape = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (trace|debug|info|notice|warning|error) \S.*")
        assert balancer.log_lines() and all(shape.fullmatch(line) for line in balancer.log_lines())


def test_any_address_is_both_families() -> None:
    with Fleet(1) as fleet, Balancer("--upstream", fleet[0].name, "--listen", ":0") as balancer:
        for host in ("127.0.0.1", "::1"):
            assert ask((host, balancer.port), request("GET", "/")).status == 200


def test_default_is_port_8080_of_both_families() -> None:
    try:
        socket.create_server(("::", 8080), family=socket.AF_INET6, dualstack_ipv6=True).close()
    except OSError as error:
        pytest.skip(f"port 8080 is not free on this machine: {error}")
    with Fleet(1) as fleet:
        balancer = Balancer("--upstream", fleet[0].name)
        balancer.args = ["--upstream", fleet[0].name]
        with balancer:
            assert balancer.port == 8080
            for host in ("127.0.0.1", "::1"):
                assert ask((host, 8080), request("GET", "/")).status == 200


def test_ipv6_literals_up_and_down() -> None:
    with Fleet("::1") as fleet, Balancer("--listen", "[::1]:0", "--upstream", fleet[0].name) as balancer:
        with Client(balancer.address) as client:
            assert client.get().content.decode() == fleet[0].name


def test_a_client_over_ipv4_on_a_shared_listener_is_named_as_ipv4() -> None:
    """The kernel hands such a client over as `::ffff:127.0.0.1`, which no log reader or origin expects."""
    with Fleet(1) as fleet, Balancer("--upstream", fleet[0].name, "--listen", ":0") as balancer:
        assert ask(("127.0.0.1", balancer.port), request("GET", "/")).status == 200
        assert balancer.wait_access()[0].startswith("127.0.0.1 ")
