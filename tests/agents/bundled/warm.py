"""Fence agents called many times at the price of one start: each call is a child of its own still.

A process loads the agent and what it takes to speak to BMCs, and forks for every call; sessions and
threads begin in the fork, as they would in a process that was just started.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import TracebackType

from pcsx.agents import Exit, Invocation

LIBRARIES = {
    "fence_pcsx_ipmi": "pyghmi.ipmi.command",
    "fence_pcsx_redfish": "pyghmi.redfish.command",
}

SERVER = """
import importlib, json, os, runpy, sys
path, library = sys.argv[1:]
importlib.import_module(library)
agent = runpy.run_path(path, run_name="agent")["AGENT"]
sys.argv = [path]
for line in sys.stdin:
    given, pipes = json.loads(line), [os.pipe() for _ in range(3)]
    child = os.fork()
    if not child:
        os.write(pipes[0][1], given.encode())
        for _, end in pipes[:1]:
            os.close(end)
        for number, (ends, side) in enumerate(zip(pipes, (0, 1, 1))):
            os.dup2(ends[side], number)
        sys.stdin = open(0, closefd=False)
        agent.main()
    for _, end in pipes:
        os.close(end)
    said = [open(pipes[n][0], "rb").read().decode(errors="replace") for n in (1, 2)]
    os.close(pipes[0][0])
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(json.dumps([code, *said]), flush=True)
"""


class Warm:
    """One fence agent, loaded."""

    def __init__(self, agent: str, made: Invocation) -> None:
        path = next(word for word in made.argv if word.endswith(".py"))
        self._server = subprocess.Popen(
            [sys.executable, "-I", "-c", SERVER, path, LIBRARIES[agent]],
            env=dict(made.env), cwd=Path(path).parent, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def __enter__(self) -> Warm:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._server.communicate()

    def run(self, made: Invocation) -> Exit:
        """Return how the call of *made* ended."""
        assert self._server.stdin is not None and self._server.stdout is not None
        self._server.stdin.write(json.dumps(made.stdin.decode()) + "\n")
        self._server.stdin.flush()
        code, stdout, stderr = json.loads(self._server.stdout.readline())
        return Exit(code=code, stdout=stdout.encode(), stderr=stderr.encode())
