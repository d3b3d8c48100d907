"""A configuration file that a scenario changes while the balancer runs by it."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Callable


class Configuration:
    """A file in a directory of its own, which goes with the `with` block.

    with Configuration("routes: {/: ...}") as file, Balancer("-c", file.name) as balancer:
        file.move("routes: {/: ...}")
    """

    def __init__(self, text: str) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="balancer-configuration-"))
        self.path = self.directory / "balancer.yaml"
        self.path.write_text(text)
        self._versions = 0

    @property
    def name(self) -> str:
        return str(self.path)

    def __enter__(self) -> Configuration:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self.directory)

    # Ways of changing it

    def write(self, text: str) -> None:
        """In place, as `cp` and `>` do: the file is empty for a moment."""
        self.path.write_text(text)

    def move(self, text: str) -> None:
        """Another file with its name, as `mv` does."""
        new = self.directory / "new"
        new.write_text(text)
        new.replace(self.path)

    def edit(self, text: str) -> None:
        """As vim does: the old file is renamed, a new one written, the old one removed."""
        backup = self.directory / "balancer.yaml~"
        self.path.rename(backup)
        self.path.write_text(text)
        backup.unlink()

    def remove(self, text: str) -> None:
        """Gone, and back."""
        self.path.unlink()
        self.path.write_text(text)

    def swap(self, text: str) -> None:
        """As the kubelet changes a ConfigMap: the file is a link by way of `..data`, which is made to lead elsewhere."""
        self._versions += 1
        version = self.directory / f"..{self._versions}"
        version.mkdir()
        (version / "balancer.yaml").write_text(text)
        link = self.directory / "..data_tmp"
        link.symlink_to(version.name)
        link.replace(self.directory / "..data")
        if not self.path.is_symlink():
            self.path.unlink()
            self.path.symlink_to("..data/balancer.yaml")
        old = self.directory / f"..{self._versions - 1}"
        if old.exists():
            shutil.rmtree(old)

    def through_another_name(self, text: str) -> None:
        """As a file that a container has mounted by itself is changed: by a name that is not in this directory."""
        other = Path(tempfile.mkdtemp(prefix="balancer-elsewhere-"))
        try:
            os.link(self.path, other / "balancer.yaml")
            (other / "balancer.yaml").write_text(text)
        finally:
            shutil.rmtree(other)

    @property
    def ways(self) -> list[Callable[[str], None]]:
        return [self.write, self.move, self.edit, self.remove, self.through_another_name, self.swap]
