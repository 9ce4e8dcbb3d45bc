"""`constraint ticket`: what runs only where a ticket is held."""

from __future__ import annotations

from pcsx.cib.edit import constraints, operations, sets
from pcsx.shell import args
from pcsx.shell.commands.constraint.order import set_words
from pcsx.shell.run import Run
from pcsx.shell.words import Level


def register(level: Level) -> None:
    """Add the words of this file to *level*."""
    made = Level("ticket", "Say what runs only where a ticket is held.", default="config")
    made.verb("config", "show", options=("full", "output-format"))(config)
    made.verb("add", usage="TICKET [ROLE] RESOURCE [loss-policy=POLICY] [id=ID]")(add)
    made.verb("set", usage="ID... [OPTION=VALUE]... [set ID...]... setoptions ticket=TICKET ...")(
        set_
    )
    made.verb("delete", "remove", usage="TICKET RESOURCE")(delete)
    level.add_command(made)


def config(run: Run, words: list[str]) -> None:
    """Show ticket constraints.

    \b
    Example:
        pcsx constraint ticket config --full
    """
    from pcsx.shell.output.constraints import show_kind

    show_kind(run, "rsc_ticket")


def add(run: Run, words: list[str]) -> None:
    """Let a resource run only where a ticket is held.

    \b
    Example:
        pcsx constraint ticket add ticketA web loss-policy=fence
    """
    names, options = args.leading_and_pairs(words)
    if not 2 <= len(names) <= 3:
        raise args.misused(run.usage)
    ticket, id = names[0], names[-1]
    role = names[1] if len(names) == 3 else ""
    if role.lower() in operations.OLD_ROLES:
        run.warn(
            f"Value '{role}' of option role is deprecated and should not be used, use "
            f"'{operations.today_role(role)}' value instead",
            code="deprecated",
        )
    constraint_id = options.pop("id", "")
    run.change(
        lambda base: constraints.ticket(
            base, ticket, id, role=role, options=options, constraint_id=constraint_id,
            force=run.force,
        )
    )  # fmt: skip


def set_(run: Run, words: list[str]) -> None:
    """Let sets of resources run only where a ticket is held.

    \b
    Example:
        pcsx constraint ticket set a b setoptions ticket=ticketA loss-policy=stop
    """
    new, options = set_words(run, words)
    run.change(lambda base: sets.create(base, "rsc_ticket", new, options, force=run.force))


def delete(run: Run, words: list[str]) -> None:
    """Delete the constraints of a resource on a ticket.

    \b
    Example:
        pcsx constraint ticket delete ticketA web
    """
    if len(words) != 2:
        raise args.misused(run.usage)
    run.change(lambda base: constraints.delete_tickets(base, words[0], words[1]))
