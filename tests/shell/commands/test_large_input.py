"""Input of any size: what no configuration is, is refused at once, in a message of a screen."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from pcsx.cib.document import MAX_BYTES
from pcsx.shell.session import TEXT_MAX
from tests.shell.support import Shell

WORD = 1 << 17


@pytest.fixture(scope="module")
def hundred(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of 100 MB that takes no room on the disk: zeros, after a first line."""
    path = tmp_path_factory.mktemp("large") / "large"
    with path.open("wb") as file:
        file.truncate(100 << 20)
    return path


def _begin(path: Path, head: bytes) -> str:
    with path.open("r+b") as file:
        file.write(head)
    return str(path)


@pytest.mark.parametrize(
    "head",
    [b"primitive a ocf:test:Service\n", b'{"schema": "pcsx-config/1", ', b"<cib><configuration/>"],
)
@pytest.mark.parametrize(
    "words", ["config load", "apply --plan", "config convert", "configure load update"]
)
def test_a_hundred_megabytes_are_refused_before_they_are_read(
    shell: Shell, hundred: Path, head: bytes, words: str
) -> None:
    before = shell.path.read_bytes()
    ran = shell(words, _begin(hundred, head))
    assert (ran.status, "MiB" in ran.err, len(ran.err) < 500) == (1, True, True), ran.err[:500]
    assert shell.path.read_bytes() == before


def test_a_document_of_a_hundred_megabytes_is_refused(shell: Shell, hundred: Path) -> None:
    path = _begin(hundred, b"<cib><configuration/></cib>")
    for words in ("resource config", "simulate -S"):
        ran = shell.bare("-f", path, *words.split())
        assert (ran.status, "cib-too-large" in ran.err or "more than" in ran.err) == (1, True), (
            words
        )


@pytest.mark.parametrize(
    "text",
    [
        "[" * WORD,
        "{" * WORD,
        "(" * WORD,
        "order o " + "( " * 100_000,
        "primitive a ocf:test:Service params path=" + "y" * WORD + " nosuch='",
        "primitive a ocf:test:Service \\\n" * 1000 + "'",
        "location l a rule " + "#uname eq n1 and " * 4_000 + "x",
        "<cib>" + "<a>" * 100_000,
        '<!DOCTYPE cib [<!ENTITY a "b">]><cib>&a;</cib>',
        '<!DOCTYPE cib SYSTEM "file:///etc/passwd"><cib/>',
        '<cib><configuration description="&a;"/></cib>',
        '{"schema": "pcsx-config/1", "configuration": ' + "[" * 100_000,
    ],
    ids=lambda text: text[:20].strip(),
)
def test_long_and_deep_input_gets_one_message_of_a_screen_at_most(
    shell: Shell, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(text) < TEXT_MAX < MAX_BYTES
    before = shell.path.read_bytes()
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))
    ran = shell("config load -")
    assert ran.status == 1 and 0 < len(ran.err) < 4000, (ran.status, ran.err[:300])
    assert "internal" not in ran.err
    assert shell.path.read_bytes() == before
