"""Which tool answers which name, and one call of one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from pcsx.daemon.tools.attributes import attrd_updater, crm_attribute, crm_failcount, crm_master
from pcsx.daemon.tools.cluster import cibadmin, crm_mon, crm_node, pacemakerd
from pcsx.daemon.tools.fencing import stonith_admin
from pcsx.daemon.tools.port import UNSUPPORTED, USAGE, Facts, Said, Wrong
from pcsx.daemon.tools.resource import crm_resource
from pcsx.daemon.tools.tickets import crm_ticket

_Tool = Callable[[tuple[str, ...], Mapping[str, str], Facts], Said]

TOOLS: Final[dict[str, _Tool]] = {
    "attrd_updater": attrd_updater,
    "cibadmin": cibadmin,
    "crm_attribute": crm_attribute,
    "crm_failcount": crm_failcount,
    "crm_master": crm_master,
    "crm_mon": crm_mon,
    "crm_node": crm_node,
    "crm_resource": crm_resource,
    "crm_ticket": crm_ticket,
    "pacemakerd": pacemakerd,
    "stonith_admin": stonith_admin,
}
"""What is served, by name."""


def answer(tool: str, words: tuple[str, ...], env: Mapping[str, str], facts: Facts) -> Said:
    """Return what the call of *tool* with *words* comes to."""
    program = TOOLS.get(tool)
    if program is None:
        return Said(UNSUPPORTED, stderr=f"{tool}: there is no such tool\n")
    try:
        return program(words, env, facts)
    except Wrong as wrong:
        return Said(USAGE, stderr=f"{tool}: {wrong}\n")
