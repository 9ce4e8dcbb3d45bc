"""Every code that the program can give is explained, and nothing else is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from pcsx.shell.codes import MEANINGS
from tests.shell.support import Shell, shell

__all__ = ["shell"]

ROOT = Path(__file__).parents[2] / "pcsx"
CODE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
FIRST = frozenset(("error", "warning", "info", "_error", "refuse", "_refused"))
"""Functions that take a code first; `refuse` of a text being read takes it second."""
PARTS = ("ring", "pe", "sam.py", "messages.py")
"""Where these names mean something else."""


def _codes(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.AnnAssign(target=ast.Name("code"), value=ast.Constant(str(code))):
                yield code
            case ast.Call(func=func, args=args, keywords=keywords):
                name = func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")
                texts = [arg.value if isinstance(arg, ast.Constant) else None for arg in args]
                if name in FIRST and len(texts) > 1:
                    place = texts[1] if name == "refuse" and texts[0] is None else texts[0]
                    yield from [place] if isinstance(place, str) and CODE.fullmatch(place) else []
                for keyword in keywords:
                    if keyword.arg == "code" and isinstance(keyword.value, ast.Constant):
                        yield str(keyword.value.value)


def _given() -> set[str]:
    found = {"internal-error", "note"}
    for path in ROOT.rglob("*.py"):
        if not any(part in path.relative_to(ROOT).parts for part in PARTS):
            found |= set(_codes(path))
    return found


def test_every_code_is_explained_in_sentences() -> None:
    assert sorted(_given() - {*MEANINGS}) == []
    for code, text in MEANINGS.items():
        assert CODE.fullmatch(code), code
        assert text.endswith("."), code


def test_nothing_is_explained_that_is_never_told() -> None:
    made = {f"{what}-garbled" for what in ("committed", "proposal", "change", "snapshot")} | {
        f"no-such-{tag}" for tag in ("alert", "recipient")
    }
    assert sorted({*MEANINGS} - _given() - made) == []


def test_a_code_is_explained_and_an_unknown_one_refused(shell: Shell) -> None:
    assert "circle" in shell.bare("explain", "order-loop").out
    ran = shell.bare("--json", "explain", "order-lop")
    assert (ran.status, ran.json["error"]["hint"]) == (1, "Did you mean: order-loop, order-self?")
    assert len(shell.bare("explain").out.splitlines()) == len(MEANINGS)
