"""`pcsx acl`: who may read and change what."""

from __future__ import annotations

from collections.abc import Sequence

from pcsx.cib.edit import acls, properties
from pcsx.cib.edit.acls import KINDS, SCOPES, TARGETS, Permission
from pcsx.shell import args
from pcsx.shell.run import Run
from pcsx.shell.words import Level, wrong_words
from pcsx.values import parse_bool

command = Level(
    "acl",
    """Say who may read and change what.

    \b
    Example:
        pcsx acl role create operator write xpath //crm_config
    """,
    default="config",
)


@command.verb("config", "show", usage="")
def config(run: Run, words: list[str]) -> None:
    """Show roles, users and groups, and whether access is controlled at all.

    \b
    Example:
        pcsx acl config
    """
    from pcsx.shell.output.others import acl_lines, acl_object

    enabled = parse_bool(properties.properties(run.cib()).get("enable-acl", "false")) is True
    run.give(acl_object(run.cib(), enabled=enabled))
    run.say("\n".join(acl_lines(run.cib(), enabled=enabled)))


@command.verb("enable", usage="")
def enable(run: Run, words: list[str]) -> None:
    """Control access from now on.

    \b
    Example:
        pcsx acl enable
    """
    run.change(lambda base: properties.set_properties(base, {"enable-acl": "true"}))


@command.verb("disable", usage="")
def disable(run: Run, words: list[str]) -> None:
    """Control access no longer.

    \b
    Example:
        pcsx acl disable
    """
    run.change(lambda base: properties.set_properties(base, {"enable-acl": "false"}))


role = Level("role", "Create, delete, assign and unassign roles.")
command.add_command(role)


@role.verb(
    "create",
    usage="ROLE [description=TEXT] [read|write|deny xpath QUERY | read|write|deny id ID]...",
)
def create_role(run: Run, words: list[str]) -> None:
    """Create a role with permissions.

    \b
    Example:
        pcsx acl role create operator description=Operators read xpath /cib
    """
    if not words:
        raise args.misused(run.usage)
    id, rest, description = words[0], words[1:], ""
    if rest and rest[0].startswith("description="):
        description = rest.pop(0).partition("=")[2]
    wanted = permissions(rest)
    run.change(lambda base: acls.create_role(base, id, wanted, description))


def permissions(words: Sequence[str]) -> list[Permission]:
    """Return the permissions that *words* spell: three words each."""
    found = []
    rest = list(words)
    while rest:
        if len(rest) < 3:
            raise wrong_words(
                f"missing permission words after '{' '.join(rest)}'",
                hint="A permission is: read|write|deny xpath|id VALUE",
            )
        kind, scope, query = rest[0].lower(), rest[1].lower(), rest[2]
        if kind not in KINDS:
            raise wrong_words(f"'{rest[0]}' is not a permission, use {args.listed(KINDS)}")
        if scope not in SCOPES:
            raise wrong_words(f"'{rest[1]}' is not a scope, use {args.listed(SCOPES)}")
        found.append(Permission(kind, scope, query))
        rest = rest[3:]
    return found


@role.verb("delete", "remove", usage="ROLE", options=("autodelete",))
def delete_role(run: Run, words: list[str]) -> None:
    """Delete a role, and take it from whoever has it.

    \b
    Example:
        pcsx acl role delete operator
    """
    if len(words) != 1:
        raise args.misused(run.usage)
    empty = run.flag("autodelete")
    run.change(lambda base: acls.delete_role(base, words[0], and_empty=empty))


@role.verb("assign", usage="ROLE [to] [user|group] NAME")
def assign(run: Run, words: list[str]) -> None:
    """Give a role to a user or a group.

    \b
    Example:
        pcsx acl role assign operator to user alice
    """
    id, kind, name = _assignment(run, words, "to")
    run.change(lambda base: acls.assign(base, id, kind, name))


@role.verb("unassign", usage="ROLE [from] [user|group] NAME", options=("autodelete",))
def unassign(run: Run, words: list[str]) -> None:
    """Take a role from a user or a group.

    \b
    Example:
        pcsx acl role unassign operator from user alice
    """
    id, kind, name = _assignment(run, words, "from")
    empty = run.flag("autodelete")
    run.change(lambda base: acls.unassign(base, id, kind, name, and_empty=empty))


def _assignment(run: Run, words: list[str], filler: str) -> tuple[str, str, str]:
    rest = list(words)
    if len(rest) < 2:
        raise args.misused(run.usage)
    id = rest.pop(0)
    if rest[0] == filler and len(rest) > 1:
        rest.pop(0)
    kind = rest.pop(0) if rest[0] in TARGETS and len(rest) > 1 else ""
    if len(rest) != 1:
        raise args.misused(run.usage)
    return id, kind, rest[0]


def _register_targets(kind: str) -> None:
    level = Level(kind, f"Create and delete {kind}s of access control.")

    def create(run: Run, words: list[str]) -> None:
        if not words:
            raise args.misused(run.usage)
        run.change(lambda base: acls.create_target(base, kind, words[0], words[1:]))

    create.__doc__ = (
        f"Let a {kind} of the system have roles.\n\n\b\nExample:\n"
        f"    pcsx acl {kind} create alice operator"
    )

    def delete(run: Run, words: list[str]) -> None:
        if len(words) != 1:
            raise args.misused(run.usage)
        run.change(lambda base: acls.delete_target(base, kind, words[0]))

    delete.__doc__ = (
        f"Forget a {kind} and its roles.\n\n\b\nExample:\n    pcsx acl {kind} delete alice"
    )
    level.verb("create", usage="NAME [ROLE]...")(create)
    level.verb("delete", "remove", usage="NAME")(delete)
    command.add_command(level)


for _kind in TARGETS:
    _register_targets(_kind)

permission = Level("permission", "Add permissions to roles, and delete them.")
command.add_command(permission)


@permission.verb("add", usage="ROLE (read|write|deny (xpath QUERY | id ID))...")
def add_permission(run: Run, words: list[str]) -> None:
    """Let a role do more, or deny it something.

    \b
    Example:
        pcsx acl permission add operator write id web
    """
    if len(words) < 4:
        raise args.misused(run.usage)
    wanted = permissions(words[1:])
    run.change(lambda base: acls.add_permissions(base, words[0], wanted))


@permission.verb("delete", "remove", usage="PERMISSION-ID")
def delete_permission(run: Run, words: list[str]) -> None:
    """Delete a permission by its id, which `pcsx acl config` shows.

    \b
    Example:
        pcsx acl permission delete operator-write
    """
    if len(words) != 1:
        raise args.misused(run.usage)
    run.change(lambda base: acls.delete_permission(base, words[0]))


@command.verb("can", usage="USER PATH [read|write]")
def can(run: Run, words: list[str]) -> None:
    """Tell what a user may do with what an XPath selects, and by which groups; status 2 for no.

    Each element is judged by itself. Without access control all may do everything.

    \b
    Example: may ann change constraints?
        pcsx acl can ann //constraints write
    """
    from pcsx.cib.access import judged

    if len(words) not in (2, 3) or (len(words) == 3 and words[2] not in ("read", "write")):
        raise args.misused(run.usage)
    user, path = words[0], words[1]
    wanted = words[2:] or ["read", "write"]
    groups = _groups_of(user)
    found = judged(run.cib(), user, path, groups)
    if not found:
        raise wrong_words(f"'{path}' selects nothing in this document, or is no XPath")
    for place, mode in found:
        told = [f"may {word}" if word in mode else f"may not {word}" for word in wanted]
        run.say(f"{place}: {user} {', '.join(told)}")
    run.give(
        {
            "user": user,
            "groups": list(groups),
            "places": [{"path": place, **{w: w in mode for w in wanted}} for place, mode in found],
        }
    )
    if not all(set(wanted) <= set(mode) for _, mode in found):
        run.exit_status = 2


def _groups_of(user: str) -> tuple[str, ...]:
    """Return the groups of *user* on this machine; none where it does not know the user."""
    import grp
    import os
    import pwd

    try:
        numbers = os.getgrouplist(user, pwd.getpwnam(user).pw_gid)
        return tuple(sorted(grp.getgrgid(number).gr_name for number in set(numbers)))
    except KeyError:
        return ()
