"""Tickets as ticket managers ask for them, and grant them: `crm_ticket`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pcsx.cib.tickets import (
    LAST_GRANTED,
    WORDS,
    TicketChange,
    is_granted,
    is_standby,
    states_of,
)
from pcsx.daemon.tools.port import NO_SUCH, NO_SUCH_TEXT, Facts, Said, Wrong, no_such
from pcsx.daemon.tools.words import Options, parsed
from pcsx.pe.digests import escaped
from pcsx.protocol import TicketSet

NOT_ALLOWED: Final = 4


def crm_ticket(words: tuple[str, ...], env: Mapping[str, str], facts: Facts) -> Said:
    """Do one call."""
    options, _ = parsed(
        words,
        """info|l details|L raw|w query-xml|q constraints|c grant|g revoke|r standby|s activate|a
        get-attr|G= set-attr|S= delete-attr|D= cleanup|C attr-value|v= default|d= force|f
        ticket|t= quiet|Q verbose|V""",
    )
    states = states_of(facts.document())
    name = options.get("ticket", "")
    if not options.keys() & _TICKET_CHANGES and "get-attr" not in options:
        return _shown_tickets(options, states)
    if not name:
        raise Wrong("which ticket? --ticket is missing")
    state = states.get(name, {})
    if (asked := options.get("get-attr")) is not None:
        value = state.get(asked, options.get("default"))
        return Said(NO_SUCH) if value is None else Said(stdout=f"{value}\n")
    change = _ticket_change(name, options)
    if found := change.findings():
        raise Wrong(found[0].text)
    if "force" not in options and (why := _risk(change, state)):
        return Said(NOT_ALLOWED, stderr=f"crm_ticket: {why}; --force does it all the same\n")
    return Said(then=TicketSet(change.ticket, change.put, change.dropped, change.forgotten))


_TICKET_CHANGES: Final = {*WORDS, "cleanup", "set-attr", "delete-attr"}


def _ticket_change(name: str, options: Options) -> TicketChange:
    put = dict(pair for word in WORDS if word in options for pair in WORDS[word])
    if "set-attr" in options:
        if "attr-value" not in options:
            raise Wrong("--attr-value is missing")
        put[options["set-attr"]] = options["attr-value"]
    dropped = (options["delete-attr"],) if "delete-attr" in options else ()
    return TicketChange(name, tuple(put.items()), dropped, "cleanup" in options)


def _risk(change: TicketChange, state: Mapping[str, str]) -> str:
    """Return what could go wrong with *change*, which nobody here can rule out."""
    new = change.applied(state, 0) or {}
    if is_granted(new) and not is_granted(state):
        return f"nobody here knows whether {change.ticket} is granted elsewhere"
    if is_granted(state) and not is_granted(new):
        return f"what needs {change.ticket} is dealt with by its loss-policy"
    return ""


def _shown_tickets(options: Options, states: Mapping[str, Mapping[str, str]]) -> Said:
    name = options.get("ticket", "")
    if name and name not in states:
        return no_such(f"crm_ticket: {NO_SUCH_TEXT}")
    chosen = {one: states[one] for one in sorted(states) if name in ("", one)}
    if "raw" in options:
        return Said(stdout="".join(f"{one}\n" for one in chosen))
    if "query-xml" in options:
        return Said(stdout="".join(map(_element, chosen.items())))
    return Said(stdout="".join(f"{_ticket_line(one, chosen[one])}\n" for one in chosen))


def _ticket_line(name: str, state: Mapping[str, str]) -> str:
    words = [name, "granted" if is_granted(state) else "revoked"]
    if is_standby(state):
        words.append("[standby]")
    if LAST_GRANTED in state:
        words.append(f"last-granted={state[LAST_GRANTED]}")
    return " ".join(words)


def _element(known: tuple[str, Mapping[str, str]]) -> str:
    pairs = {"id": known[0], **known[1]}
    told = "".join(f' {name}="{escaped(value)}"' for name, value in pairs.items())
    return f"<ticket_state{told}/>\n"
