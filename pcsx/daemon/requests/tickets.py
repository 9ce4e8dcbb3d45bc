"""Requests about tickets: their state at this site is decided by the log, so that it outlives all.

Whether another site has a ticket nobody knows here: that is for who asks, or a ticket manager.
"""

from __future__ import annotations

from pcsx.cib.tickets import TicketChange
from pcsx.daemon.ledger import TicketDecided
from pcsx.daemon.member import Member
from pcsx.daemon.requests.desk import Desk, Outcome
from pcsx.errors import NoQuorum, Refused
from pcsx.protocol import TicketSet
from pcsx.ring.port import Proposed
from pcsx.values import Now


def change(desk: Desk, request: TicketSet, now: Now) -> list[Outcome]:
    """Have the log change a ticket's state; answer when this node has applied it."""
    wish = TicketChange(request.ticket, request.put, request.dropped, request.forgotten)
    if found := wish.findings():
        raise Refused(found)

    def here(member: Member) -> list[Outcome]:
        known = member.ledger.tickets.get(wish.ticket)
        wall_s = int(now.wall.timestamp())
        state = wish.applied(known, wall_s)
        if state == known:
            return desk.ok({"changed": False, "state": state})

        def then(proposed: Proposed, _: Now) -> list[Outcome]:
            if not proposed.index:
                return desk.fail(NoQuorum(f"the ticket is as it was: {proposed.refusal}"))
            return desk.ok({"changed": True, "state": state})

        fact = TicketDecided(wish.ticket, wish.put, wish.dropped, wish.forgotten, desk.user, wall_s)
        return list(member.proposals.decide(fact, now, then))

    return desk.on_leader(here, now)
