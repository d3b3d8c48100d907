"""A directory of files and a balancer that serves it.

    with site(tmp_path) as served:
        served.write("a.txt", b"content")
        served.get("/a.txt")
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from .balancer import Balancer
from .client import Client, Response, ask, request

CONFIGURATION = """
workers: 1
routes:
  /: {{files: {root}}}
  /app: {{files: {{root: {root}, missing: /app/index.html}}}}
  /gone: {{files: {{root: {root}, missing: 410}}}}
  /open: {{files: {{root: {root}, precompressed: false, hide_dot_files: false, index: [start.html, index.html], types: {{log: text/x-log}}}}}}
  /else: {{files: {{root: {root}, missing: {{to: "{other}"}}}}}}
"""

# Long enough that the tags of files from before are strong.
OLD = 1_000_000_000


class Site:
    def __init__(self, root: Path, balancer: Balancer) -> None:
        self.root = root
        self.balancer = balancer

    def write(self, name: str, content: bytes, modified: int | None = OLD) -> Path:
        """Writes a file in place. Its date is long ago unless another is given."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        if modified is not None:
            os.utime(path, (modified, modified))
        return path

    def client(self, **options: object) -> Client:
        return Client(self.balancer.address, **options)

    def get(self, target: str, *fields: str, method: str = "GET", within: float = 5.0) -> Response:
        """One request on a connection of its own."""
        return ask(self.balancer.address, request(method, target, *fields), within)


@contextmanager
def site(directory: Path, *args: str, other: str = "127.0.0.1:9") -> Iterator[Site]:
    """`other` is the service behind `/else` for what is no file."""
    root = directory / "root"
    root.mkdir()
    configuration = directory / "balancer.yaml"
    configuration.write_text(CONFIGURATION.format(root=root, other=other))
    with Balancer("-c", str(configuration), *args) as balancer:
        yield Site(root, balancer)
