"""Decoders of content codings, as clients have them, and contents to encode."""

from __future__ import annotations

import ctypes
import random
import subprocess
import zlib

SUCCESS, NEEDS_INPUT = 1, 2


def gunzip(coded: bytes, whole: bool = True) -> bytes:
    decoder = zlib.decompressobj(wbits=31)
    content = decoder.decompress(coded)
    assert not decoder.unused_data
    assert decoder.eof or not whole, "gzip: cut short"
    return content


def unbrotli(coded: bytes, whole: bool = True) -> bytes:
    library = ctypes.CDLL("libbrotlidec.so.1")
    library.BrotliDecoderCreateInstance.restype = ctypes.c_void_p
    state = ctypes.c_void_p(library.BrotliDecoderCreateInstance(None, None, None))
    source = ctypes.create_string_buffer(coded, max(len(coded), 1))
    room = ctypes.create_string_buffer(1 << 16)
    left = ctypes.c_size_t(len(coded))
    start = ctypes.c_void_p(ctypes.addressof(source))
    content = b""
    while True:
        free = ctypes.c_size_t(len(room))
        to = ctypes.c_void_p(ctypes.addressof(room))
        result = library.BrotliDecoderDecompressStream(
            state, ctypes.byref(left), ctypes.byref(start), ctypes.byref(free), ctypes.byref(to), None
        )
        content += room.raw[: len(room) - free.value]
        if not library.BrotliDecoderHasMoreOutput(state):
            break
    library.BrotliDecoderDestroyInstance(state)
    assert left.value == 0
    assert result == SUCCESS or not whole and result == NEEDS_INPUT, f"brotli: {result}"
    return content


def unzstd(coded: bytes, whole: bool = True) -> bytes:
    done = subprocess.run(["zstd", "-d", "-c"], input=coded, capture_output=True, timeout=60)
    assert done.returncode == 0 or not whole, done.stderr
    return done.stdout


DECODERS = {"gzip": gunzip, "br": unbrotli, "zstd": unzstd}

ALL = "Accept-Encoding: gzip, deflate, br, zstd"
PAGE = b"".join(b"<p>paragraph %d of the page, as pages go</p>\n" % number for number in range(2000))


def noise(count: int) -> bytes:
    """What no coding makes shorter."""
    return random.Random(4).randbytes(count)
