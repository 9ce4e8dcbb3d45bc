"""Where a resource would run: the engine's plan acted out on paper, before anything is done."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from pcsx.cib.document import Cib
from pcsx.errors import Failed
from pcsx.pe.schedule import schedule
from pcsx.pe.simulate import carry_out
from pcsx.shell.output.running import nodes_of


def settled(cib: Cib, wall: datetime) -> Cib:
    """Return *cib* as it would be when the cluster has done all that it asks for now."""
    return carry_out(cib, schedule(cib, wall), wall=wall).cib


def check_move(
    cib: Cib,
    id: str,
    node: str,
    *,
    there: Callable[[Cib], Cib],
    back: Callable[[Cib], Cib],
    wall: datetime,
) -> None:
    """Refuse a move that would not reach *node*, or not last once its constraint is gone.

    *there* adds the constraint that moves, *back* takes it away again.
    """
    moved = settled(there(cib), wall)
    where = nodes_of(moved, id)
    if node not in where:
        raise Failed(
            f"'{id}' would not run on {node}; it would run on: {', '.join(where) or 'no node'}",
            f"pcsx why {id} --on {node}",
        )
    after = nodes_of(settled(back(moved), wall), id)
    if node not in after:
        raise Failed(
            f"'{id}' would not stay on {node}: without the constraint that moves it, it would run "
            f"on: {', '.join(after) or 'no node'}",
            f"pcsx resource move {id} {node} --keep-constraint keeps it there; or give it a "
            "resource-stickiness.",
        )
