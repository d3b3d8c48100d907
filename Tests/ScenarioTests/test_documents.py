"""The documents and the program say the same: every key is explained, every example is valid, every link leads somewhere."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Iterator

import pytest

from support.balancer import BINARY, REPOSITORY

DOCUMENTS = [
    REPOSITORY / name
    for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "bench/README.md", "deploy/README.md")
] + sorted((REPOSITORY / "docs").glob("*.md"))

# Of no password that anybody knows.
HASH = "$2y$05$abcdefghijklmnopqrstuuJ3tCmC0tRvqZ8Ww6VxZc7sYxV8m2p0K"


def name_of(document: Path) -> str:
    return str(document.relative_to(REPOSITORY))


def examples(document: Path) -> Iterator[tuple[int, str]]:
    """Configuration files that the document shows whole, and the lines on which they begin."""
    text = document.read_text()
    for match in re.finditer(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        if re.search(r"^routes:", match[1], re.MULTILINE):
            yield text[: match.start()].count("\n") + 2, match[1]


EXAMPLES = [
    pytest.param(text, id=f"{name_of(document)}:{line}") for document in DOCUMENTS for line, text in examples(document)
]


@pytest.mark.parametrize("text", EXAMPLES)
def test_an_example_is_valid(text: str, tmp_path: Path) -> None:
    for folder in ("public", "conf.d"):
        (tmp_path / folder).mkdir()
    (tmp_path / "common.yaml").write_text("log_level: info\n")
    (tmp_path / "sorry.html").write_text("<p>Sorry.</p>\n")
    (tmp_path / "users").write_text(f"bob:{HASH}\n")
    (tmp_path / "balancer.yaml").write_text(text)
    done = subprocess.run([BINARY, "check", "balancer.yaml"], cwd=tmp_path, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")


def test_there_are_examples() -> None:
    assert len(EXAMPLES) > 10


def keys(schema: object) -> Iterator[str]:
    """The names of all properties, wherever they stand."""
    if isinstance(schema, dict):
        for name, value in schema.items():
            if name == "properties":
                yield from value
                for property in value.values():
                    yield from keys(property)
            else:
                yield from keys(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from keys(value)


def test_the_reference_has_every_key() -> None:
    done = subprocess.run([BINARY, "schema"], capture_output=True, text=True, timeout=30, check=True)
    known = set(keys(json.loads(done.stdout)))
    assert len(known) > 80
    reference = (REPOSITORY / "docs/configuration.md").read_text()
    cells = re.findall(r"^\| ((?:`[a-z_]+`(?:, )?)+) \|", reference, re.MULTILINE)
    explained = {name for cell in cells for name in re.findall(r"`([a-z_]+)`", cell)} | {"match"}
    assert known - explained == set(), "not in docs/configuration.md"
    assert explained - known == set(), "explained, and unknown to the parser"


def anchors(document: Path) -> set[str]:
    """As GitHub makes them of titles."""
    text = re.sub(r"^```.*?^```", "", document.read_text(), flags=re.MULTILINE | re.DOTALL)
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title).strip().lower().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_links_lead_somewhere(document: Path) -> None:
    text = re.sub(r"^```.*?^```", "", document.read_text(), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        place = (document.parent / path).resolve() if path else document
        assert place.exists(), target
        assert not anchor or anchor in anchors(place), target


def test_the_tweet_stack_is_shown_as_it_is() -> None:
    """Its file stands in its README, but for the comment at its top."""
    file = re.sub(r"\A(#.*\n)+\n", "", (REPOSITORY / "deploy/balancer.yaml").read_text())
    assert f"```yaml\n{file}```" in (REPOSITORY / "deploy/README.md").read_text()
