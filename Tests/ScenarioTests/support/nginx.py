"""The real nginx, for comparison: a process with a configuration of its own, started and ended by a `with` block.

    with Nginx("server { listen 127.0.0.1:8000; return 204; }", directory, [8000]):
        ...

nginx is told to serve from `directory`, as the user who runs the tests, and to leave the rest of the machine alone.
"""

from __future__ import annotations

import getpass
import shutil
import signal
import socket
import subprocess
from pathlib import Path
from types import TracebackType

from .deadline import seconds, wait_until

PROGRAM = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")

# Around a file of conf.d, what nginx's image has around it; types of files are those of the machine.
AROUND = """
events {{ worker_connections 512; }}
http {{
    include /etc/nginx/mime.types;
    access_log off;
{configuration}
}}
"""
ALWAYS = """
user {user};
pid {directory}/nginx.pid;
daemon off;
worker_processes 1;
"""
TEMPORARY = "".join(
    f"    {kind}_temp_path {{directory}}/temporary-{kind};\n"
    for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
)


class Nginx:
    """One nginx with one worker. A file with an `http` block is taken as it is, another is put into one."""

    def __init__(self, configuration: str, directory: Path, ports: list[int]) -> None:
        self.directory = directory
        self.ports = ports
        names = {"user": getpass.getuser(), "directory": directory}
        temporary = TEMPORARY.format(**names)
        if "http {" in configuration:
            text = configuration.replace("http {", "http {\n" + temporary, 1)
        else:
            text = AROUND.format(configuration=temporary + configuration)
        self.path = directory / "whole.conf"
        self.path.write_text(ALWAYS.format(**names) + text)

    def __enter__(self) -> Nginx:
        assert PROGRAM, "no nginx here; install nginx-light"
        self._log = self.directory / "nginx.log"
        arguments = [PROGRAM, "-p", str(self.directory), "-c", str(self.path), "-e", str(self._log)]
        self.process = subprocess.Popen(
            arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        try:
            wait_until(self._serves, "nginx listens")
        except BaseException:
            self._end()
            raise
        return self

    def _serves(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"nginx does not start:\n{self.process.stderr.read()}")
        for port in self.ports:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=seconds(1)).close()
            except OSError:
                return False
        return True

    def _end(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(seconds(10))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stderr.close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None and self._log.exists():
            error.add_note(f"nginx said:\n{self._log.read_text()[-2000:]}")
        self._end()
