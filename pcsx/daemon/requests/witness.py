"""Requests about the cluster's witness: have one vote, have none, and whether it answers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pcsx.daemon.member import Member, MemberEffect
from pcsx.daemon.requests.desk import Desk, Outcome
from pcsx.daemon.requests.reading import addresses_of, bytes_of
from pcsx.daemon.witnessing import Enrolled, Refused
from pcsx.errors import Failed, NoQuorum
from pcsx.protocol import WitnessAdd, WitnessSet
from pcsx.ring.config import RingConfig, WitnessSeat
from pcsx.ring.join import Token
from pcsx.ring.port import Proposed
from pcsx.ring.quorum import is_on
from pcsx.values import Now


def add(desk: Desk, request: WitnessAdd, now: Now) -> list[Outcome]:
    """Go to the witness that gave the token, then have the log decide that it votes."""
    member = desk.member
    if not member.scene.quorum.quorate:
        raise NoQuorum("who votes is put on record, which needs quorum")
    check(member.machine.voters.newest, adding=True)
    try:
        token = Token.from_text(request.token)
    except ValueError as error:
        hint = "pcsx witness token, on the witness's machine, shows a new one."
        raise Failed(f"this is no token: {error}", hint) from None

    def enrolled(told: Enrolled | Refused, later: Now) -> list[MemberEffect]:
        if isinstance(told, Refused):
            return list(desk.fail(told.error))
        seat = told.seat
        addresses = tuple(f"{address.host} {address.port}" for address in seat.addresses)
        wish = WitnessSet(addresses, seat.key.hex(), seat.nonce)
        try:
            return list(decide(replace(desk, request=wish), wish, later))
        except (Failed, NoQuorum) as error:
            return list(desk.fail(error))

    return desk.node.enroll(token, enrolled, now)


def decide(desk: Desk, request: WitnessSet, now: Now) -> list[Outcome]:
    """Have the log decide which witness votes, as the leader."""
    seat = None
    if request.key:
        if not request.addresses or request.nonce < 0:
            raise Failed("a witness has an address, and a seat that is not below 0")
        addresses = addresses_of(request.addresses)
        seat = WitnessSeat(addresses, bytes_of(request.key, "its key", 32), request.nonce)

    def here(member: Member) -> list[Outcome]:
        check(member.machine.voters.newest, adding=seat is not None)

        def then(proposed: Proposed, _: Now) -> list[MemberEffect]:
            if not proposed.index and proposed.refusal:
                return list(desk.fail(NoQuorum(f"not decided: {proposed.refusal}")))
            where = " ".join(request.addresses)
            return list(desk.ok({"witness": where, "changed": bool(proposed.index)}))

        return list(member.proposals.edit(lambda config: replace(config, witness=seat), now, then))

    return desk.on_leader(here, now)


def check(config: RingConfig, *, adding: bool) -> None:
    """Raise `Failed` where *config* takes no witness, or has none to give up."""
    if adding and config.witness is not None:
        raise Failed("this cluster has a witness", "pcsx quorum witness remove, first.")
    if adding and is_on(config, "auto_tie_breaker"):
        raise Failed(
            "a witness and a tie-breaker do not go together",
            "pcsx quorum update auto_tie_breaker= takes the tie-breaker away.",
        )
    if not adding and config.witness is None:
        raise Failed("this cluster has no witness", "pcsx quorum witness add TOKEN adds one.")


def described(desk: Desk) -> dict[str, Any] | None:
    """Return the witness as this node sees it: where, votes, and whether it answers here."""
    seat = desk.member.machine.voters.newest.witness
    if seat is None:
        return None
    line = desk.node.line
    return {
        "addresses": [f"{address.host}:{address.port}" for address in seat.addresses],
        "key": seat.key.hex(),
        "votes": seat.votes,
        "here": line.here,
        "fault": "" if line.here else line.fault or "not connected yet",
    }
