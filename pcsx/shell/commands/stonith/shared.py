"""The words of `stonith` that do what those of `resource` do, on fence devices."""

from __future__ import annotations

from pcsx.shell.commands.resource import create, history, state, update
from pcsx.shell.words import Level


def register(level: Level) -> None:
    """Add the words of this file to *level*."""
    history.register_failcount(level)
    level.verb("delete", "remove", usage="ID")(create.delete)
    level.verb("meta", usage="ID NAME=VALUE...")(update.meta)
    level.verb("enable", usage="ID...")(state.enable)
    level.verb("disable", usage="ID...")(state.disable)
    level.verb("cleanup", usage=state.CLEANUP, options=("node", "strict"))(state.cleanup)
    level.verb("refresh", usage="[ID] [node=NODE]", options=("node", "strict"))(state.refresh)
