"""The stack's images, made from what is on this machine: nothing is pulled, nothing is built in a container.

Each image holds a program, the libraries it needs, and the settings (user, entry point, ...) that the last stage of its
Dockerfile has.
"""

import io
import re
import subprocess
import tarfile
from collections.abc import Iterable
from pathlib import Path

from docker_engine import Engine

SETTINGS = ("USER", "ENV", "EXPOSE", "WORKDIR", "ENTRYPOINT", "CMD", "STOPSIGNAL")

PASSWD = """\
root:x:0:0::/root:/usr/sbin/nologin
node:x:1000:1000::/home/node:/usr/sbin/nologin
balancer:x:999:999::/nonexistent:/usr/sbin/nologin
"""
GROUP = "root:x:0:\nnode:x:1000:\nbalancer:x:999:\n"


def make_image(engine: Engine, name: str, dockerfile: Path, files: dict[str, Path], directory: Path) -> None:
    """Makes the image `name` of `files` (path in the image to path here); `directory` is for what lies in between."""
    archive = directory / f"{name.partition(':')[0]}.tar"
    with tarfile.open(archive, "w", dereference=True) as tar:
        for path, text in {"etc/passwd": PASSWD, "etc/group": GROUP, "etc/nsswitch.conf": "hosts: files dns\n"}.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text.encode()))
        for path, source in sorted(files.items()):
            tar.add(source, path.lstrip("/"))
    changes = [argument for setting in settings(dockerfile) for argument in ("--change", setting)]
    engine.docker("import", *changes, str(archive), name, timeout=120)
    archive.unlink()


def settings(dockerfile: Path) -> list[str]:
    """The instructions of the last stage that say how a container runs."""
    last_stage = re.split(r"^FROM .*$", dockerfile.read_text(), flags=re.MULTILINE)[-1]
    return [line for line in last_stage.splitlines() if line.split(" ", 1)[0] in SETTINGS]


def with_libraries(path: str, program: Path) -> dict[str, Path]:
    """The program at `path`, its libraries where every program looks for them, and the loader where it must be."""
    files = {path: program}
    listing = subprocess.run(["ldd", str(program)], capture_output=True, text=True, timeout=10).stdout
    for library in re.findall(r"=> (/\S+)", listing):
        files[f"/usr/lib/{Path(library).name}"] = Path(library)
    for loader in re.findall(r"^\s*(/\S+) \(0x", listing, flags=re.MULTILINE):
        files[loader] = Path(loader)
    return files


def balancer_files(program: Path) -> dict[str, Path]:
    return with_libraries("/usr/local/bin/balancer", program)


def node_files(node: Path, apps: Path) -> dict[str, Path]:
    """Node with the parts that Debian's build of it loads from elsewhere, and the apps."""
    program = with_libraries("/usr/local/bin/node", node)
    return {
        **program,
        **{str(part): part for path, file in program.items() if "node" in path for part in external_parts(file)},
        **{f"/app/{path.name}": path for path in apps.iterdir() if path.is_file()},
    }


def external_parts(file: Path) -> Iterable[Path]:
    """The JavaScript files that a Node program or library names by their full path."""
    names = set(re.findall(rb"/usr/share/nodejs/[\w./-]+\.js", file.read_bytes()))
    return [path for path in (Path(name.decode()) for name in names) if path.exists()]
