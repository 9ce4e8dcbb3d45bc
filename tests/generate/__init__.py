"""Makes the files that are generated from the program itself: `make generated`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pcsx import cli
from pcsx.shell.completion import script
from tests.generate.manual import pages
from tests.generate.rooms import rooms

ROOT = Path(__file__).parent.parent.parent
COMPLETIONS = {"bash": "pcsx.bash", "zsh": "_pcsx", "fish": "pcsx.fish"}


def files() -> Iterator[tuple[Path, str]]:
    """Yield every generated file with its text."""
    for shell, name in COMPLETIONS.items():
        yield ROOT / "completions" / name, script(cli.root, shell)
    for name, text in pages(cli.root):
        yield ROOT / "man" / name, text
    yield ROOT / "docs" / "ROOMS.md", rooms(ROOT)


def write() -> list[Path]:
    """Write what is not as it should be, remove what is generated no more; return the paths."""
    wanted = dict(files())
    changed = []
    for path, text in wanted.items():
        path.parent.mkdir(exist_ok=True)
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            changed.append(path)
    for folder in ("completions", "man"):
        for path in sorted((ROOT / folder).iterdir()):
            if path not in wanted:
                path.unlink()
                changed.append(path)
    return changed
