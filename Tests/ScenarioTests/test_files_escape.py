"""Nothing outside of the directory is served, nothing hidden, and nothing that is no file."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from support.client import ask, request
from support.site import Site, site

SECRET = b"nobody may see this"


def assert_hidden(served: Site, target: str) -> None:
    answer = served.get(target)
    assert answer.status in (400, 404), f"{target}: {answer.status}"
    assert SECRET not in answer.content


@pytest.mark.parametrize(
    "target",
    [
        "/../secret.txt",
        "/sub/../../secret.txt",
        "/..%2fsecret.txt",
        "/%2e%2e/secret.txt",
        "/%2e%2e%2fsecret.txt",
        "/.%2e/secret.txt",
        "/sub/..%2f..%2fsecret.txt",
        "/sub/%2e%2e/%2e%2e/secret.txt",
        "/..%5csecret.txt",
        "/..\\secret.txt",
        "/%252e%252e/secret.txt",
        "/..%00/secret.txt",
        "/a.txt%00.html",
        "/..%c0%afsecret.txt",
        "/%c0%ae%c0%ae/secret.txt",
        "/..;/secret.txt",
        "/./../secret.txt",
        "//../secret.txt",
        "/.../secret.txt",
        "/sub/..",
        "/..",
    ],
)
def test_no_path_leads_out(tmp_path: Path, target: str) -> None:
    (tmp_path / "secret.txt").write_bytes(SECRET)
    with site(tmp_path) as served:
        served.write("sub/x.txt", b"x")
        assert_hidden(served, target)
        absolute = target.replace("/", "//", 1) + str(tmp_path / "secret.txt")
        assert_hidden(served, absolute)


def test_links_stay_inside(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_bytes(SECRET)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "index.html").write_bytes(SECRET)
    with site(tmp_path) as served:
        served.write("data/v1/a.txt", b"version one")
        served.write("data/v2/a.txt", b"version two")
        for name, target in [
            ("file", "../secret.txt"),
            ("absolute", str(tmp_path / "secret.txt")),
            ("directory", "../outside"),
            ("proc", "/proc/self/root"),
            ("cwd", "/proc/self/cwd"),
            ("loop", "loop"),
            ("dangling", "nothing"),
            ("data/up", "../.."),
        ]:
            os.symlink(target, served.root / name)
        for target in [
            "/file",
            "/absolute",
            "/directory",
            "/directory/",
            "/directory/index.html",
            f"/proc{tmp_path}/secret.txt",
            "/cwd/",
            "/loop",
            "/dangling",
            "/data/up/secret.txt",
        ]:
            assert_hidden(served, target)
        # As Kubernetes does it: a link that is swapped, and links through it.
        os.symlink("v1", served.root / "data" / "..now")
        os.symlink("..now/a.txt", served.root / "data" / "a.txt")
        assert served.get("/data/a.txt").content == b"version one"


def test_dot_files_are_hidden(tmp_path: Path) -> None:
    with site(tmp_path) as served:
        for name in [".env", ".git/config", "sub/.htpasswd", "...", "sub/.well-known/x", ".well-known/.x"]:
            served.write(name, SECRET)
            assert_hidden(served, "/" + name)
            assert_hidden(served, "/" + name.replace(".", "%2e"))
        served.write(".well-known/acme-challenge/token", b"token")
        assert served.get("/.well-known/acme-challenge/token").content == b"token"
        served.write("open/.env", b"shown on purpose")
        assert served.get("/open/.env").content == b"shown on purpose"


def test_only_files_are_served(tmp_path: Path) -> None:
    with site(tmp_path) as served:
        os.mkfifo(served.root / "fifo")
        os.mkfifo(served.root / "page.html.gz")
        served.write("page.html", b"page")
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(served.root / "socket"))
        os.symlink("/dev/zero", served.root / "zero")
        for target in ["/fifo", "/socket", "/zero"]:
            assert_hidden(served, target)
        listener.close()
        assert served.get("/page.html", "Accept-Encoding: gzip").content == b"page"
        if os.geteuid() == 0:
            os.mknod(served.root / "device", 0o600 | 0o020000, os.makedev(1, 5))
            assert_hidden(served, "/device")


def test_what_may_not_be_read_is_forbidden(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    with site(tmp_path) as served:
        served.write("a.txt", SECRET).chmod(0)
        assert served.get("/a.txt").status == 403


def test_long_names_are_no_files(tmp_path: Path) -> None:
    with site(tmp_path) as served:
        served.write("n" * 255, b"longest")
        assert served.get("/" + "n" * 255).content == b"longest"
        for target in ["/" + "n" * 256, "/" + "n" * 7000, "/" + "a/" * 2000, "/" + "%41" * 2000]:
            assert served.get(target).status == 404
        assert ask(served.balancer.address, request("GET", "/" + "a" * 9000)).status == 414
