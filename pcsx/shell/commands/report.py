"""`pcsx report`: all that helps to understand a fault, in one file, without secrets."""

from __future__ import annotations

import io
import json
import os
import subprocess
import tarfile
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

from pcsx.errors import Failed, PcsxError
from pcsx.protocol import (
    Diary,
    FenceHistory,
    GetStatus,
    QuorumInfo,
    Request,
    RingStats,
    RingStatus,
    Transitions,
)
from pcsx.shell import args
from pcsx.shell.run import Run
from pcsx.shell.scrubbing import secrets_of, without
from pcsx.shell.words import Verb

ENDING: Final = ".tar.gz"
LOG_S: Final = 60
LOG_BYTES_MAX: Final = 32 << 20
ASKED: Final[dict[str, Request]] = {
    "ring.json": RingStatus(),
    "ring-stats.json": RingStats(),
    "quorum.json": QuorumInfo(),
    "fencing.json": FenceHistory(),
    "decisions.json": Transitions(),
    "operations.json": Diary(),
}
"""What a daemon tells, and under which name that is kept."""


def write(run: Run, words: list[str]) -> None:
    """Put configuration, state, history and logs of this node into one file, without secrets.

    What cannot be had is named in it, so a report is made of a node that is down, too; with -f it
    is of that file. --from and --to (as journalctl takes them) bound the log; it begins a day ago.

    \b
    Example:
        pcsx report fault.tar.gz --from "2 hours ago"
    """
    if len(words) != 1:
        raise args.misused("pcsx report FILE")
    path = words[0] if words[0].endswith((ENDING, ".tgz")) else words[0] + ENDING
    if os.path.exists(path) and not run.force:
        raise Failed(f"{path} is there already", "Name another file, or use --force.")
    secrets, missing, parts = _secrets(run), [], {}
    for name, make in _parts(run):
        try:
            parts[name] = without(make(), secrets)
        except PcsxError as error:
            missing.append(f"{name}: {error}")
    parts["README.txt"] = _contents(run, parts, missing)
    if not run.flag("dry-run"):
        _pack(path, parts)
    run.changed = True
    run.give({"file": path, "parts": sorted(parts), "missing": missing})
    for text in missing:
        run.warn(f"not in it: {text}", code="left-out")
    run.say(f"Written: {path} ({len(parts)} files; secrets are hidden). Look it through yourself.")


def _secrets(run: Run) -> list[str]:
    try:
        return secrets_of(run.cib())
    except PcsxError:
        return []


def _parts(run: Run) -> Iterator[tuple[str, Callable[[], str]]]:
    yield "configuration.crm", lambda: _configuration(run)
    yield "configuration.xml", lambda: run.cib().to_bytes().decode()
    yield "status.txt", lambda: _status(run)
    yield "changes.txt", lambda: _changes(run)
    if run.is_live:
        yield "cluster.json", lambda: _cluster(run)
        for name, request in ASKED.items():
            yield name, lambda request=request: _json(run.source.call(request))  # type: ignore[misc]
        yield "log.txt", lambda: _log(run)


def _configuration(run: Run) -> str:
    from pcsx.cib.plain import unseal
    from pcsx.shell.syntax.printing import show

    return show(unseal(run.cib()), masked=True)


def _status(run: Run) -> str:
    from pcsx.pe.state import running_lines
    from pcsx.shell.commands.status import read_state
    from pcsx.shell.output.status import signs, status_lines

    value, work = read_state(run)
    lines = status_lines(value, running_lines(work, hide_inactive=False), full=True, signs=signs())
    return "\n".join(lines) + "\n"


def _changes(run: Run) -> str:
    from pcsx.shell.changes import history_of, line_of

    return "".join(f"{line_of(record)}\n" for record in history_of(run).newest())


def _cluster(run: Run) -> str:
    told = run.source.call(GetStatus())
    return _json({name: value for name, value in told.items() if name != "cib"})


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, sort_keys=True) + "\n"


def _log(run: Run) -> str:
    """Return what the daemon here wrote to the journal."""
    since = run.option("from", "-1day")
    words = ["journalctl", "--no-pager", "-o", "short-iso", "-u", "pcsx", f"--since={since}"]
    if until := run.option("to"):
        words.append(f"--until={until}")
    try:
        done = subprocess.run(words, capture_output=True, timeout=LOG_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Failed(f"journalctl: {error}") from error
    if done.returncode:
        raise Failed(f"journalctl: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout[-LOG_BYTES_MAX:].decode(errors="replace")


def _contents(run: Run, parts: dict[str, str], missing: list[str]) -> str:
    from pcsx import __version__

    lines = [
        f"pcsx {__version__}, {time.strftime('%Y-%m-%dT%H:%M:%S%z')}, {os.uname().nodename}",
        "Values that are secret by their name are hidden, wherever they stand.", "",
        *sorted(parts), "",
    ]  # fmt: skip
    lines += [f"Not here: {text}" for text in missing]
    return "\n".join(lines) + "\n"


def _pack(path: str, parts: dict[str, str]) -> None:
    top = os.path.basename(path).removesuffix(ENDING).removesuffix(".tgz")
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(handle, "wb") as raw, tarfile.open(fileobj=raw, mode="w:gz") as tar:
            for name, text in sorted(parts.items()):
                data = text.encode(errors="replace")
                entry = tarfile.TarInfo(f"{top}/{name}")
                entry.size, entry.mtime, entry.mode = len(data), int(time.time()), 0o600
                tar.addfile(entry, io.BytesIO(data))
    except OSError as error:
        raise Failed(f"cannot write {path}: {error.strerror}") from error


command = Verb("report", write, usage="FILE", options=("from", "to"))
