"""`resource config` and `resource status`."""

from __future__ import annotations

from pcsx.shell.run import Run
from pcsx.shell.words import Level


def register(level: Level) -> None:
    """Add the words of this file to *level*."""
    level.verb("config", "show", usage="[ID]...", options=("output-format", "full"))(config)
    level.verb("status", usage="[ID] [node=NODE]", options=("hide-inactive", "full"))(status)


def config(run: Run, words: list[str]) -> None:
    """Show how resources are configured, as text, as commands or as JSON.

    \b
    Example:
        pcsx resource config web --output-format=cmd
    """
    from pcsx.shell.output.resources import show_resources

    show_resources(run, words, stonith=False)


def status(run: Run, words: list[str]) -> None:
    """Show what runs where.

    \b
    Example:
        pcsx resource status web
    """
    from pcsx.shell.output.running import show_running

    show_running(run, words, stonith=False)
