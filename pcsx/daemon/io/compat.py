"""The directory of old names that agents find first: made anew at each start of the daemon."""

from __future__ import annotations

import importlib.util
import marshal
import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import Final

from pcsx.daemon.tools import TOOLS, VERSION

_LAUNCHER: Final = Path(__file__).parents[2] / "shell" / "compat" / "launcher.py"
_COMPILED: Final = ".launcher.pyc"
"""The launcher compiled: a program that is read at each call must not be compiled at each call."""

_HEADER: Final = 16

_ON_PAPER: Final = "crm_simulate"
"""It reads the cluster and decides by itself: nothing that the daemon should do."""

_LOCAL: Final = {
    # Asked for in nearly every call of some agents, and known without the daemon.
    "crm_node": """case "$*" in
    -n | --name) if [ -n "$PCSX_NODE" ]; then echo "$PCSX_NODE"; exit 0; fi ;;
esac
""",
    # In the background it is a loop around single calls, until it is ended.
    "crm_mon": """if [ -z "$PCSX_LOOPED" ]; then
    pid= out= interval=5 looped=
    for word; do
        case "$last" in
            -p | --pid-file) pid=$word ;;
            -h | --as-html | --output-to) out=$word ;;
            -i | --interval) interval=${word%s} ;;
        esac
        case "$word" in
            -d | --daemonize) looped=1 ;;
            --pid-file=*) pid=${word#*=} ;;
            --as-html=* | --output-to=*) out=${word#*=} ;;
            --interval=*) interval=${word#*=}; interval=${interval%s} ;;
        esac
        last=$word
    done
    if [ -n "$looped" ]; then
        export PCSX_LOOPED=1
        (
            while :; do
                "$0" "$@" >"$out.new" && mv "$out.new" "$out"
                sleep "$interval"
            done
        ) </dev/null >/dev/null 2>&1 &
        [ -z "$pid" ] || echo $! >"$pid"
        exit 0
    elif [ -n "$out" ] && [ "$out" != - ]; then
        export PCSX_LOOPED=1
        exec "$0" "$@" >"$out"
    fi
fi
""",
    "pacemakerd": f"""case "$*" in
    '-$' | --version) echo "Pacemaker {VERSION}"; exit 0 ;;
esac
""",
}


def install(directory: str, *, python: str = "") -> None:
    """Make *directory* hold the old names, and what is behind them, and nothing else.

    *python* is the interpreter that runs them; empty: this one, by the path of its release, as
    what is compiled is for that release alone.
    """
    python = python or os.path.realpath(sys.executable)
    compiled = os.path.join(os.path.abspath(directory), _COMPILED)
    files = {name: _script(name, python, compiled).encode() for name in TOOLS}
    shell = shlex.join([sys.executable, "-m", "pcsx", "simulate"])
    files[_ON_PAPER] = f'#!/bin/sh\nexec {shell} "$@"\n'.encode()
    files[_COMPILED] = _compiled(_LAUNCHER)
    if _holds(Path(directory), files):
        return
    fresh = Path(f"{directory}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True, mode=0o755)
    for name, content in files.items():
        path = fresh / name
        path.write_bytes(content)
        path.chmod(0o644 if name == _COMPILED else 0o755)
    shutil.rmtree(directory, ignore_errors=True)
    os.rename(fresh, directory)


def _script(name: str, python: str, compiled: str) -> str:
    call = shlex.join([python, "-I", "-S", compiled, name])
    return f'#!/bin/sh\n{_LOCAL.get(name, "")}exec {call} "$@"\n'


def _compiled(source: Path) -> bytes:
    """Return *source* as a file that Python runs without looking at the source again (PEP 552)."""
    text = source.read_bytes()
    code = compile(text, str(source), "exec", optimize=2, dont_inherit=True)
    unchecked = (1).to_bytes(4, "little")
    header = importlib.util.MAGIC_NUMBER + unchecked + importlib.util.source_hash(text)
    return header + marshal.dumps(code)


def _holds(directory: Path, files: dict[str, bytes]) -> bool:
    """Return whether *directory* holds these files and no others: agents may be using them."""
    try:
        there = {path.name: path.read_bytes() for path in directory.iterdir()}
    except OSError:
        return False
    # The same code has other bytes in another process; its header has the source's digest.
    return {name: _compared(name, content) for name, content in there.items()} == {
        name: _compared(name, content) for name, content in files.items()
    }


def _compared(name: str, content: bytes) -> bytes:
    return content[:_HEADER] if name == _COMPILED else content
