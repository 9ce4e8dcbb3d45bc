"""`pcsx stonith`: fence devices, their levels, and fencing itself."""

from __future__ import annotations

from pcsx.shell.commands.stonith.level import command

__all__ = ["command"]
