"""What the modifiers of a route do to files."""

from __future__ import annotations

from pathlib import Path

from support.balancer import Balancer
from support.client import ask, request

CONFIGURATION = """
routes:
  /static:
    files: root
    strip_prefix: true
    response_headers: {set: {Cache-Control: "max-age=60", Content-Type: text/x-own}, remove: [ETag]}
  /errors: {files: root, error_pages: {404: page.html}}
  = /single: {files: root, rewrite: /docs/index.html}
"""


def test_files_below_a_prefix(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "docs").mkdir(parents=True)
    (root / "index.html").write_bytes(b"top")
    (root / "docs" / "index.html").write_bytes(b"docs")
    (tmp_path / "page.html").write_bytes(b"nothing here")
    (tmp_path / "secret.txt").write_bytes(b"secret")
    (tmp_path / "balancer.yaml").write_text(CONFIGURATION)
    with Balancer("-c", str(tmp_path / "balancer.yaml")) as balancer:

        def get(target: str, *fields: str):
            return ask(balancer.address, request("GET", target, *fields))

        # A relative reference fits, although the path that was looked for had no prefix any more.
        for target, location in [("/static", "./static/"), ("/static/docs?x=1", "./docs/?x=1")]:
            answer = get(target)
            assert (answer.status, answer.fields.one("Location")) == (301, location)
        assert get("/static/").content == b"top"
        answer = get("/static/docs/")
        assert answer.content == b"docs" and answer.fields.one("Cache-Control") == "max-age=60"
        assert answer.fields.one("Content-Type") == "text/x-own" and not answer.fields.has("ETag")
        assert answer.fields.one("Content-Length") == "4"
        answer = get("/errors/none")
        assert (answer.status, answer.content) == (404, b"nothing here")
        assert get("/single").content == b"docs"
        for target in ["/static/../secret.txt", "/static/..%2fsecret.txt", "/static..%2fsecret.txt"]:
            assert get(target).status in (400, 404)
        balancer.wait_access(1, '"GET /static/docs/ HTTP/1.1" 200 4 ')
