"""Questions to the person at the terminal: they go to stderr, the answer is a line of stdin."""

from __future__ import annotations

import sys


def yes(question: str) -> bool:
    """Return whether the answer to *question* is yes; nothing and the end of input are no."""
    return _answer(question).lower() in ("y", "yes")


def typed(name: str, purpose: str) -> bool:
    """Return whether a person types the cluster's *name* to *purpose*; nobody there has not."""
    return sys.stdin.isatty() and _answer(f"Type the cluster's name ({name}) {purpose}: ") == name


def _answer(question: str) -> str:
    sys.stderr.write(question)
    sys.stderr.flush()
    return sys.stdin.readline().strip()
