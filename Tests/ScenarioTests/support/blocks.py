"""Large bodies, made of one random megabyte so that what is lost, doubled or moved changes the digest."""

from __future__ import annotations

import hashlib
import random

MEGABYTE = 1 << 20
# It repeats nowhere within itself.
BLOCK = random.Random(7).randbytes(MEGABYTE)


def digest_of_blocks(count: int) -> str:
    digest = hashlib.sha256()
    for _ in range(count):
        digest.update(BLOCK)
    return digest.hexdigest()


def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


# The field line that announces each framing of a body.
FRAMING_FIELDS = {
    "length": "Content-Length: {bytes}\r\n",
    "chunked": "Transfer-Encoding: chunked\r\n",
    "close": "",
}
