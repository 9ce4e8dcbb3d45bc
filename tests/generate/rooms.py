"""The map of the house: every package and module with the first sentence of what it says it is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

HEAD: Final = """\
# The rooms of pcsx

Every package and module, in the words it begins with. This page is made by `make generated`; \
[ARCHITECTURE.md](../ARCHITECTURE.md) tells how the rooms hang together.
"""


def rooms(root: Path) -> str:
    """Return the map of the package below *root* (the folder of pyproject.toml) as Markdown."""
    parts = [HEAD]
    for package in _packages(root / "pcsx"):
        name = package.relative_to(root)
        parts.append(f"## {name}/\n\n{first_sentence(package / '__init__.py')}\n")
        lines = [
            f"- `{path.name}`: {first_sentence(path)}"
            for path in sorted(package.glob("*.py"))
            if path.name != "__init__.py"
        ]
        if lines:
            parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def first_sentence(path: Path) -> str:
    """Return the first sentence of a module's docstring on one line, or "" where it has none."""
    text = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    paragraph = " ".join(text.split("\n\n")[0].split())
    # A full stop ends a sentence where a space and a capital follow; `pe.schedule` does not.
    return re.split(r"(?<=[.!?]) (?=[A-Z`])", paragraph)[0]


def _packages(top: Path) -> Iterator[Path]:
    """Yield *top* and every package below it, parents before children."""
    yield top
    for folder in sorted(top.iterdir()):
        if (folder / "__init__.py").exists():
            yield from _packages(folder)
