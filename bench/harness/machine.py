"""What the benchmark ran on."""

from __future__ import annotations

import os
import re
import subprocess
from datetime import datetime, timezone
from pathlib import Path

from .servers import balancer_binary

VERSION_COMMANDS = {
    "nginx": ["nginx", "-v"],
    "haproxy": ["haproxy", "-v"],
    "wrk": ["wrk", "-v"],
    "strace": ["strace", "-V"],
}


def describe(proxies: list[str]) -> dict[str, object]:
    """Machine and versions, for the results."""
    commands = dict(VERSION_COMMANDS)
    if "balancer" in proxies:
        commands["balancer"] = [str(balancer_binary()), "--version"]
    return {
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "cpu": first(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text()),
        "cores": len(os.sched_getaffinity(0)),
        "memory_mib": int(first(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text())) // 1024,
        "kernel": os.uname().release,
        "system": first(r'PRETTY_NAME="(.+)"', Path("/etc/os-release").read_text()),
        "congestion_control": Path("/proc/sys/net/ipv4/tcp_congestion_control").read_text().strip(),
        # A connection tracker makes every packet dearer, for all three alike.
        "connection_tracking": Path("/proc/net/nf_conntrack").exists() or Path("/proc/sys/net/netfilter").exists(),
        "versions": {name: version(command) for name, command in commands.items()},
    }


def first(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    return match[1] if match else "unknown"


def version(command: list[str]) -> str:
    """The first version number that `command` prints."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    return first(r"(\d+\.\d+[\w.+-]*)", done.stdout + done.stderr)
