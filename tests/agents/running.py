"""Runs an invocation for real, for tests of agents."""

from __future__ import annotations

import subprocess

from pcsx.agents import Exit, Invocation


def run(made: Invocation) -> Exit:
    """Return how the child of *made* ended."""
    done = subprocess.run(
        made.argv,
        env=dict(made.env),
        input=made.stdin,
        capture_output=True,
        timeout=60,
        check=False,
    )
    code, signal = (done.returncode, None) if done.returncode >= 0 else (None, -done.returncode)
    return Exit(code=code, signal=signal, stdout=done.stdout, stderr=done.stderr)
