"""From a document to a working set: the stages of reading, in order."""

from __future__ import annotations

from datetime import datetime

from pcsx.cib.document import Cib
from pcsx.cib.evaluate import Circumstances, integer_of, truth_of
from pcsx.cib.objects import Document, Location, Order, TicketConstraint
from pcsx.cib.upgrade import upgraded
from pcsx.pe.constraints import colocation, location, ordering, tickets
from pcsx.pe.model import WorkingSet
from pcsx.pe.read.history import read_histories
from pcsx.pe.read.nodes import read_nodes
from pcsx.pe.read.options import read_options
from pcsx.pe.read.resources import read_resources
from pcsx.pe.read.states import read_states, read_tickets


def working_set(cib: Cib, wall: datetime, *, sanitized: bool = False) -> WorkingSet:
    """Return the working set of *cib* at the moment *wall*, with the state fully read.

    A *sanitized* document is one whose secrets were blotted out: that is no change of parameters.
    """
    return read(Document(upgraded(cib)), wall, sanitized=sanitized)


def read(
    document: Document, wall: datetime, *, sanitized: bool = False, devices: bool = False
) -> WorkingSet:
    """Return the working set of *document*; *devices*: something can fence that is not in it."""
    work = WorkingSet(document, wall, int(wall.timestamp()))
    work.sanitized = sanitized
    where = Circumstances(now=wall, turns=work.turns)
    attributes = document.attributes
    work.quorate = truth_of(attributes.get("have-quorum"))
    work.quorum_panic = bool(integer_of(attributes.get("no-quorum-panic")))
    work.dc_id = attributes.get("dc-uuid", "")
    read_options(work, where)
    work.fencing_available |= devices
    read_nodes(work, where)
    read_resources(work)
    _read_tags(work)
    read_tickets(work)
    read_states(work, where)
    read_histories(work, where)
    return work


def _read_tags(work: WorkingSet) -> None:
    for tag in work.cib.tags:
        if tag.id:
            refs = work.tags.setdefault(tag.id, [])
            refs += [ref.id for ref in tag.refs if ref.id and ref.id not in refs]


def read_constraints(work: WorkingSet) -> None:
    """Read the configured constraints of all kinds in the order of the document."""
    for constraint in work.cib.constraints:
        if isinstance(constraint, Location):
            location.read(work, constraint)
        elif isinstance(constraint, Order):
            ordering.read(work, constraint)
        elif isinstance(constraint, TicketConstraint):
            tickets.read(work, constraint)
        else:
            colocation.read(work, constraint)
