"""The directory of old names that agents find first: made anew at each start of the daemon."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import Final

from pcsx.daemon.tools import TOOLS, VERSION

_LAUNCHER: Final = Path(__file__).parents[2] / "shell" / "compat" / "launcher.py"

_LOCAL: Final = {
    # Asked for in nearly every call of some agents, and known without the daemon.
    "crm_node": """case "$*" in
    -n | --name) if [ -n "$PCSX_NODE" ]; then echo "$PCSX_NODE"; exit 0; fi ;;
esac
""",
    "pacemakerd": f"""case "$*" in
    '-$' | --version) echo "Pacemaker {VERSION}"; exit 0 ;;
esac
""",
}


def install(directory: str, *, python: str = sys.executable) -> None:
    """Make *directory* hold the old names and nothing else."""
    texts = {name: _script(name, python) for name in TOOLS}
    if _holds(Path(directory), texts):
        return
    fresh = Path(f"{directory}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True, mode=0o755)
    for name, text in texts.items():
        path = fresh / name
        path.write_text(text)
        path.chmod(0o755)
    shutil.rmtree(directory, ignore_errors=True)
    os.rename(fresh, directory)


def _script(name: str, python: str) -> str:
    call = shlex.join([python, "-I", "-S", str(_LAUNCHER), name])
    return f'#!/bin/sh\n{_LOCAL.get(name, "")}exec {call} "$@"\n'


def _holds(directory: Path, texts: dict[str, str]) -> bool:
    """Return whether *directory* holds these texts and no others: agents may be using them."""
    try:
        return {path.name: path.read_text() for path in directory.iterdir()} == texts
    except (OSError, UnicodeDecodeError):
        return False
