"""`pcsx resource`: what the cluster runs, in the words of `pcs resource`."""

from __future__ import annotations

from pcsx.shell.commands.resource.level import command

__all__ = ["command"]
