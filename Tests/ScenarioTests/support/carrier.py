"""Carries IP packets between two network namespaces as a bad network would: it loses some and puts off the others.

    python carrier.py NEAR FAR LOSS DELAY JITTER

It makes a TUN device in each namespace, says `ready`, and moves packets between them until standard input ends: TCP and
UDP meet with lost SYNs, late ACKs, and packets that overtake one another. A line `cut ADDRESS...` on standard input,
repeated on standard output, names the addresses whose packets are all lost from now on.
"""

from __future__ import annotations

import ctypes
import fcntl
import heapq
import os
import random
import select
import struct
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

CLONE_NEWNET = 0x40000000
TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
DEVICE = "link"
PACKETS_MAX = 10_000  # under way at a time; more are lost, as in a router whose queue is full


@contextmanager
def entered(name: str) -> Iterator[None]:
    """Moves the calling thread into the network namespace of this name while the block runs."""
    with open("/proc/thread-self/ns/net") as original, open(f"/run/netns/{name}") as namespace:
        _setns(namespace.fileno())
        try:
            yield
        finally:
            _setns(original.fileno())


def _setns(descriptor: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def _open_device(namespace: str) -> int:
    with entered(namespace):
        device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH", DEVICE.encode(), IFF_TUN | IFF_NO_PI))
        return device


def _carry(near: int, far: int, loss: float, delay: float, jitter: float) -> None:
    dice = random.Random(1)
    other = {near: far, far: near}
    under_way: list[tuple[float, int, int, bytes]] = []
    cut: set[bytes] = set()
    count = 0
    while True:
        wait = max(0.0, under_way[0][0] - time.monotonic()) if under_way else None
        ready, _, _ = select.select([near, far, sys.stdin], [], [], wait)
        if sys.stdin in ready:
            said = os.read(sys.stdin.fileno(), 4096).decode().split()
            if not said:
                return
            cut = {bytes(map(int, host.split("."))) for host in said[1:]}
            print("cut", flush=True)
        for device in (near, far):
            while device in ready and (packet := _read(device)):
                # The addresses of IPv4 (RFC 791 section 3.1).
                is_lost = dice.random() < loss or packet[12:16] in cut or packet[16:20] in cut
                if not is_lost and len(under_way) < PACKETS_MAX:
                    count += 1
                    arrival = time.monotonic() + delay + dice.random() * jitter
                    heapq.heappush(under_way, (arrival, count, other[device], packet))
        while under_way and under_way[0][0] <= time.monotonic():
            _, _, device, packet = heapq.heappop(under_way)
            with suppress(OSError):  # The device's queue is full: the packet is lost.
                os.write(device, packet)


def _read(device: int) -> bytes | None:
    """The next packet; None where there is none."""
    try:
        return os.read(device, 65536)
    except BlockingIOError:
        return None


def _main(near: str, far: str, loss: str, delay: str, jitter: str) -> None:
    devices = _open_device(near), _open_device(far)
    print("ready", flush=True)
    _carry(*devices, float(loss), float(delay), float(jitter))


if __name__ == "__main__":
    _main(*sys.argv[1:])
