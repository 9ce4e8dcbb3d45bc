"""`pcsx constraint`: where resources run, in which order, and with which others."""

from __future__ import annotations

from pcsx.shell.commands.constraint.level import command

__all__ = ["command"]
