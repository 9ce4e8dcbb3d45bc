"""`pcsx cluster`: found, start and stop the cluster, its nodes and its document."""

from __future__ import annotations

from pcsx.shell.commands.cluster.level import command

__all__ = ["command"]
