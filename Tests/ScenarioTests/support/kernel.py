"""What the kernel knows about a TCP connection, asked through sock_diag(7)."""

from __future__ import annotations

import errno
import fcntl
import socket
import struct

NETLINK_SOCK_DIAG = 4
SOCK_DIAG_BY_FAMILY = 20
NLM_F_REQUEST = 1
NLMSG_ERROR = 2
SIOCOUTQNSD = 0x894B


def unread_by_peer(connection: socket.socket) -> int:
    """Bytes sent on this connection that the program at its other end, on this machine, has not read yet."""
    try:
        # What waits here to be sent; not what waits for its acknowledgement, which a peer puts off by 40 ms.
        unsent = struct.unpack("i", fcntl.ioctl(connection, SIOCOUTQNSD, b"\0" * 4))[0]
        return unsent + receive_queue(connection.getpeername(), connection.getsockname())
    except OSError as error:
        if error.errno == errno.ENOTCONN:
            return 0  # It was reset: nobody will read any more.
        raise


def receive_queue(local: tuple, remote: tuple) -> int:
    """The unread bytes of the socket with these two names; 0 where there is none any more."""
    family = socket.AF_INET6 if ":" in local[0] else socket.AF_INET
    identity = struct.pack(
        "!HH16s16sIII",
        local[1],
        remote[1],
        socket.inet_pton(family, local[0]),
        socket.inet_pton(family, remote[0]),
        0,  # any interface
        0xFFFFFFFF,  # no cookie: whatever socket it is now
        0xFFFFFFFF,
    )
    # inet_diag_req_v2: family, protocol, extensions, padding, state mask, then the socket's identity.
    payload = struct.pack("=BBBBI", family, socket.IPPROTO_TCP, 0, 0, 0xFFFFFFFF) + identity
    header = struct.pack("=IHHII", 16 + len(payload), SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST, 0, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG) as netlink:
        netlink.send(header + payload)
        answer = netlink.recv(8192)
    if struct.unpack_from("=H", answer, 4)[0] == NLMSG_ERROR:
        code = -struct.unpack_from("=i", answer, 16)[0]
        if code == errno.ENOENT:
            return 0
        raise OSError(code, "sock_diag")
    # inet_diag_msg: 4 bytes, a 48-byte identity, the timer's 4 bytes, then idiag_rqueue.
    return struct.unpack_from("=I", answer, 16 + 4 + 48 + 4)[0]
