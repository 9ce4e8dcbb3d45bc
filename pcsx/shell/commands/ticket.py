"""`pcsx ticket`: which tickets this site has, and what is bound to them.

What needs a ticket is said by `pcsx constraint ticket`. A ticket is given by hand here, or by a
ticket manager that calls `crm_ticket`.
"""

from __future__ import annotations

import time

from pcsx.cib import tickets
from pcsx.cib.document import Cib
from pcsx.errors import Finding
from pcsx.shell import args
from pcsx.shell.run import Run
from pcsx.shell.words import Level

command = Level(
    "ticket",
    """Grant and revoke tickets: what a constraint binds to one runs only at the site that has it.

    \b
    Example: let this site run what needs the ticket sales
        pcsx ticket grant sales --force
    Example: hand it over in good order
        pcsx ticket standby sales --wait
        pcsx ticket revoke sales
    """,
    default="show",
)


def _change(run: Run, words: list[str], word: str) -> bool:
    """Make the change that *word* says; return whether it changed anything."""
    if len(words) != 1:
        raise args.misused(run.usage)
    change = tickets.change_of(word, words[0])
    run.judge(change.findings())
    run.judge(_risks(run.cib(), change))
    if not run.is_live or run.flag("dry-run"):
        return run.change(lambda cib: tickets.changed(cib, change, int(time.time())))
    from pcsx.protocol import TicketSet

    wish = TicketSet(change.ticket, change.put, change.dropped, change.forgotten)
    run.changed = bool(run.source.call(wish)["changed"])
    if run.wait_s is not None:
        run.settle()
    return run.changed


def _risks(cib: Cib, change: tickets.TicketChange) -> list[Finding]:
    """Return what could go wrong, and nobody but who asks can know."""
    name = change.ticket
    known = tickets.states_of(cib)
    state = known.get(name, {})
    new = change.applied(state, 0) or {}
    bound = tickets.dependents_of(cib).get(name, [])
    found = []
    if name not in known and not bound and not change.forgotten:
        text = f"No constraint names the ticket {name}"
        found.append(Finding.warning("ticket-unused", name, text))
    if tickets.is_granted(new) and not tickets.is_granted(state):
        text = f"Nobody here can know whether another site has the ticket {name}; two that have it "
        text += "may run the same service twice and damage its data"
        found.append(Finding.error("ticket-elsewhere", name, text, force="ticket-elsewhere"))
    lost = tickets.is_granted(state) and not tickets.is_granted(new)
    if lost and bound and not tickets.is_standby(state):
        text = f"Without the ticket {name} its loss-policy counts at once (constraint "
        text += f"{', '.join(bound)})"
        hint = f"In good order: pcsx ticket standby {name} --wait, then revoke."
        found.append(Finding.error("ticket-loss", name, text, hint=hint, force="ticket-loss"))
    return found


@command.verb("grant", usage="TICKET")
def grant(run: Run, words: list[str]) -> None:
    """Let this site have a ticket.

    \b
    Example:
        pcsx ticket grant sales --force
    """
    _change(run, words, "grant")


@command.verb("revoke", usage="TICKET")
def revoke(run: Run, words: list[str]) -> None:
    """Take a ticket from this site; what needs it is dealt with by its loss-policy.

    \b
    Example:
        pcsx ticket revoke sales
    """
    _change(run, words, "revoke")


@command.verb("standby", usage="TICKET")
def standby(run: Run, words: list[str]) -> None:
    """Stop or demote in good order what needs a ticket, before it is revoked.

    \b
    Example:
        pcsx ticket standby sales --wait
    """
    _change(run, words, "standby")


@command.verb("activate", "unstandby", usage="TICKET")
def activate(run: Run, words: list[str]) -> None:
    """End the standby of a ticket.

    \b
    Example:
        pcsx ticket activate sales
    """
    _change(run, words, "activate")


@command.verb("cleanup", "delete", "remove", usage="TICKET")
def cleanup(run: Run, words: list[str]) -> None:
    """Forget all that is known of a ticket; it counts as not granted.

    \b
    Example:
        pcsx ticket cleanup sales
    """
    _change(run, words, "cleanup")


@command.verb("show", "status", "list", "config", usage="[TICKET]")
def show(run: Run, words: list[str]) -> None:
    """Show tickets: whether this site has them, since when, and which constraints name them.

    \b
    Example:
        pcsx ticket show
    """
    from pcsx.shell.output.status import ticket_line

    if len(words) > 1:
        raise args.misused(run.usage)
    found = tickets.told_of(run.cib())
    if words:
        found = [one for one in found if one["id"] == words[0]]
        if not found:
            text = f"Nothing is known of a ticket {words[0]}, and no constraint names it"
            run.judge([Finding.error("no-such-ticket", words[0], text)])
    run.give(found)
    run.say("\n".join(map(ticket_line, found)) if found else "There are no tickets.")


@command.verb("time", usage="TICKET")
def last_time(run: Run, words: list[str]) -> None:
    """Show when a ticket was last granted to this site.

    \b
    Example:
        pcsx ticket time sales
    """
    if len(words) != 1:
        raise args.misused(run.usage)
    at = tickets.states_of(run.cib()).get(words[0], {}).get(tickets.LAST_GRANTED, "")
    run.give({"id": words[0], "last_granted": tickets.moment(at)})
    run.say(tickets.moment(at) or f"{words[0]} was never granted here, as far as is known.")
