"""Which worker carries which client connection, seen from outside: proc(5), the `tfd` lines of an epoll descriptor."""

from __future__ import annotations

import re
from pathlib import Path

ESTABLISHED = "01"


def connections_per_worker(pid: int, port: int) -> list[int]:
    """For each epoll instance of the process that watches any, the number of clients connected to a port."""
    accepted = _accepted_inodes(pid, port)
    clients = {fd for fd, inode in _sockets(pid).items() if inode in accepted}
    counts = [len(clients & watched) for watched in _watched(pid)]
    return [count for count in counts if count]


def open_descriptors(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def processor_seconds(pid: int) -> float:
    """What the process has used so far of user and system time, to the hundredth."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def _links(pid: int) -> dict[int, str]:
    links = {}
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            links[int(entry.name)] = str(entry.readlink())
        except FileNotFoundError:
            pass  # Closed since the listing.
    return links


def _sockets(pid: int) -> dict[int, str]:
    return {fd: link[8:-1] for fd, link in _links(pid).items() if link.startswith("socket:[")}


def _watched(pid: int) -> list[set[int]]:
    epolls = [fd for fd, link in _links(pid).items() if link == "anon_inode:[eventpoll]"]
    texts = [Path(f"/proc/{pid}/fdinfo/{fd}").read_text() for fd in epolls]
    return [{int(fd) for fd in re.findall(r"^tfd:\s*(\d+)", text, re.MULTILINE)} for text in texts]


def _accepted_inodes(pid: int, port: int) -> set[str]:
    """The inodes of established sockets whose own port this is."""
    inodes = set()
    for table in ("tcp", "tcp6"):
        for row in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = row.split()
            if fields[3] == ESTABLISHED and int(fields[1].rpartition(":")[2], 16) == port:
                inodes.add(fields[9])
    return inodes
