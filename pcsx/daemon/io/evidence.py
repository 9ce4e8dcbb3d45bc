"""What a child that nears its limit is doing: its processes, what they wait for, what they hold.

Read from /proc while it still runs, because a moment later it is killed and nobody will know.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from pcsx.lean import dataclass

PROCESSES_MAX: Final = 40
FILES_MAX: Final = 16
COMMAND_MAX: Final = 160


@dataclass(frozen=True, slots=True)
class _Process:
    pid: int
    parent: int
    group: int
    state: str
    name: str


_STATES: Final = {
    "R": "running", "S": "sleeping", "D": "waiting for a device or a file server", "T": "stopped",
    "t": "traced", "Z": "ended", "X": "ended", "I": "idle",
}  # fmt: skip


def evidence_of(group: int) -> str:
    """Return, as lines, the processes of the process group and all below them."""
    found = _processes()
    wanted = {pid for pid, process in found.items() if process.group == group}
    grown = True
    while grown:
        below = {pid for pid, process in found.items() if process.parent in wanted} - wanted
        wanted |= below
        grown = bool(below)
    tops = [pid for pid in sorted(wanted) if found[pid].parent not in wanted]
    lines: list[str] = []
    for pid in tops:
        _tell(pid, 0, found, wanted, lines)
    return "\n".join(lines)


def _tell(
    pid: int, depth: int, found: dict[int, _Process], wanted: set[int], lines: list[str]
) -> None:
    if sum(not line.lstrip().startswith(("waits", "holds")) for line in lines) >= PROCESSES_MAX:
        return
    process = found[pid]
    if process.state in "ZX" and process.name == "true":
        return  # it holds the place of the group, and did nothing
    indent = "  " * depth
    command = _read(pid, "cmdline").replace("\0", " ").strip() or f"[{process.name}]"
    state = _STATES.get(process.state, process.state)
    lines.append(f"{indent}{pid} {command[:COMMAND_MAX]}: {state}")
    channel = _read(pid, "wchan").strip()
    if channel not in ("", "0"):
        call = _read(pid, "syscall").split(" ", 1)[0].strip()
        number = f" (system call {call})" if call.isdigit() else ""
        lines.append(f"{indent}  waits in {channel}{number}")
    if files := _files(pid):
        lines.append(f"{indent}  holds {', '.join(files)}")
    for child in sorted(child for child in wanted if found[child].parent == pid):
        _tell(child, depth + 1, found, wanted, lines)


def _processes() -> dict[int, _Process]:
    found: dict[int, _Process] = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        before, _, after = _read(int(name), "stat").rpartition(")")
        words = after.split()
        if len(words) > 3:
            title = before.partition("(")[2]
            found[int(name)] = _Process(int(name), int(words[1]), int(words[2]), words[0], title)
    return found


def _printable(name: str) -> str:
    """Return a file's name, which may be of any bytes, as text of one line."""
    text = os.fsencode(name).decode("utf-8", "replace")
    return "".join(char if char.isprintable() else "?" for char in text)


def _files(pid: int) -> list[str]:
    directory = Path(f"/proc/{pid}/fd")
    seen: dict[str, None] = {}
    try:
        for name in sorted(os.listdir(directory), key=int):
            target = os.readlink(directory / name)
            if not target.startswith(("pipe:", "/dev/null", "anon_inode:")):
                seen.setdefault(_printable(target))
    except OSError:
        pass
    files = list(seen)
    more = [f"and {len(files) - FILES_MAX} more"] if len(files) > FILES_MAX else []
    return files[:FILES_MAX] + more


def _read(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text("utf-8", "replace")
    except OSError:
        return ""
