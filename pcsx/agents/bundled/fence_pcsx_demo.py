"""Cuts the power of a demonstration's node: ends every process that belongs to it, at once.

A demonstration runs several nodes on one machine. For each it keeps a file `NODE` in a directory,
with lines of `key=value`:

    run=DIRECTORY      every process of the node has `PCSX_RUN_DIR=DIRECTORY` in its environment:
                       supervisor, heart, brain, agents, and the services that agents left behind
    pid=PID BEGAN      besides, this process and all below it (BEGAN: field 22 of its `stat`)
    power=on|off       the switch: who runs the demonstration starts a node only while it is on

*off* first turns the switch, then kills until nothing is left, and removes what agents remember in
DIRECTORY/agents, as a machine's `/run` is empty after a cut. *on* turns the switch.
"""

from __future__ import annotations

import os
import signal
import sys

sys.path.append(os.path.dirname(os.path.abspath(__file__)))
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from pcsx.agents.bundled.fence_protocol import Agent, Trouble
else:
    from fence_protocol import Agent, Trouble


class Demo:
    """The nodes of one demonstration."""

    def __init__(self, options: Mapping[str, str]) -> None:
        self.directory = options["state_dir"]
        if not os.path.isdir(self.directory):
            raise Trouble(f"there is no directory {self.directory}")

    def _file(self, plug: str) -> str:
        if os.sep in plug or plug.startswith("."):
            raise Trouble(f"'{plug}' names no node")
        return os.path.join(self.directory, plug)

    def _entries(self, plug: str) -> list[tuple[str, str]]:
        try:
            with open(self._file(plug)) as file:
                lines = [line.strip().partition("=") for line in file]
        except OSError as error:
            raise Trouble(f"there is no node '{plug}': {error.strerror}") from None
        return [(key, value) for key, equals, value in lines if equals]

    def plugs(self) -> list[tuple[str, str]]:
        """Return the nodes, sorted."""
        names = [name for name in sorted(os.listdir(self.directory)) if "." not in name]
        return [(name, name) for name in names]

    def state(self, plug: str) -> str:
        """Return `off` only where the switch is off and no process is left."""
        entries = self._entries(plug)
        switch = dict(entries).get("power", "on")
        return "off" if switch == "off" and not processes(entries) else "on"

    def switch(self, plug: str, state: str) -> None:
        """Turn the switch; for *off* end all that runs, too."""
        self._write(plug, state)
        if state == "on":
            return
        for _ in range(100):
            entries = self._entries(plug)
            left = processes(entries)
            if not left:
                break
            for pid in left:
                try:  # noqa: SIM105 (contextlib is slow to load)
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
        run_dir = dict(entries).get("run", "")
        if run_dir:
            forget(os.path.join(run_dir, "agents"))

    def _write(self, plug: str, state: str) -> None:
        lines = [f"{key}={value}\n" for key, value in self._entries(plug) if key != "power"]
        temporary = os.path.join(self.directory, f".{plug}.{os.getpid()}")
        with open(temporary, "w") as file:
            file.writelines([*lines, f"power={state}\n"])
        os.rename(temporary, self._file(plug))


def forget(directory: str) -> None:
    """Remove the files in *directory*, as far as there are any."""
    try:
        for name in os.listdir(directory):
            os.unlink(os.path.join(directory, name))
    except OSError:
        pass


def processes(entries: list[tuple[str, str]]) -> list[int]:
    """Return the living processes that *entries* tell of, but for this one, sorted."""
    marks = {f"PCSX_RUN_DIR={value}".encode() for key, value in entries if key == "run"}
    named = {value for key, value in entries if key == "pid"}
    parents: dict[int, int] = {}
    found: set[int] = set()
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        pid = int(name)
        try:
            with open(f"/proc/{pid}/stat", encoding="latin-1") as file:
                words = file.read().rpartition(")")[2].split()
            if words[0] in "ZX":
                continue
            parents[pid] = int(words[1])
            with open(f"/proc/{pid}/environ", "rb") as binary:
                environment = set(binary.read().split(b"\0"))
        except OSError:
            environment = set()
            if pid not in parents:
                continue
        if environment & marks or f"{pid} {words[19]}" in named:
            found.add(pid)
    grown = True
    while grown:
        below = {pid for pid, parent in parents.items() if parent in found} - found
        found |= below
        grown = bool(below)
    return sorted(found - {os.getpid()})


AGENT = Agent(
    "fence_pcsx_demo",
    "Power switch of a demonstration",
    "Cuts the power of a node of a demonstration, in which several nodes run on one machine: all "
    "processes of the node are killed at once, and it stays off until it is switched on.",
    (
        (
            "state_dir",
            "string",
            None,
            "The directory in which the demonstration keeps its nodes",
            "",
        ),
    ),
    Demo,
    plug_required=True,
)

if __name__ == "__main__":
    AGENT.main()
