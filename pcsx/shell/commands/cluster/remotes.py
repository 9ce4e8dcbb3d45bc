"""`cluster node add-remote`, `add-guest` and their ends: nodes that only run resources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pcsx.cib.document import Cib
from pcsx.cib.edit import delete, read, resources
from pcsx.cib.edit.operations import complete
from pcsx.errors import Failed, Finding, Refused
from pcsx.shell import args
from pcsx.shell.agents import Agents, advised_operations
from pcsx.shell.commands.resource.create import given_operations
from pcsx.shell.run import Run
from pcsx.shell.words import Level, wrong_words

REMOTE = "ocf:pacemaker:remote"
GUEST_OPTIONS = ("remote-addr", "remote-connect-timeout", "remote-port")


NODE: Final = Level("node", "Add nodes and remove them; and nodes that only run resources.")


def register(level: Level) -> None:
    """Add the words of this file to *level*."""
    node = NODE
    node.verb(
        "add-remote",
        usage="NODE [ADDRESS] [NAME=VALUE]... [op NAME OPTION=VALUE...]... [meta NAME=VALUE...]",
    )(add_remote)
    node.verb("delete-remote", "remove-remote", usage="NODE")(delete_remote)
    node.verb("add-guest", usage="NODE RESOURCE [NAME=VALUE]...")(add_guest)
    node.verb("delete-guest", "remove-guest", usage="NODE")(delete_guest)
    level.add_command(node)


def add_remote(run: Run, words: list[str]) -> None:
    """Add a remote node: the cluster connects to it and runs resources there.

    \b
    Example:
        pcsx cluster node add-remote worker1 192.0.2.9 reconnect_interval=60
    """
    if not words:
        raise args.misused(run.usage)
    name, rest = words[0], words[1:]
    parts = args.sections(rest, ("op", "meta"), once=("op",))
    leading, given = args.leading_and_pairs(args.flat(parts[""]))
    if len(leading) > 1:
        raise args.misused(run.usage)
    unknown = sorted(set(given) - {"port", "reconnect_interval"})
    if unknown:
        raise wrong_words(
            f"invalid remote resource option {args.listed(unknown)}, allowed options are: "
            "'port', 'reconnect_interval'"
        )
    if name in read.node_names(run.cib()):
        raise exists(name)
    ops = given_operations(args.flat(parts.get("op")), "op" in parts)
    metadata = Agents(run).metadata(Agents(run).resolve(REMOTE))
    advised = advised_operations(metadata) if metadata is not None else []
    new = resources.Primitive(
        name,
        ("ocf", "pacemaker", "remote"),
        {**given, "server": leading[0] if leading else name},
        args.pairs(args.flat(parts.get("meta"))),
        complete(ops, advised),
    )
    run.change(lambda base: resources.create(base, new))
    run.expect(name, running=True)


def exists(name: str) -> Refused:
    """Return the refusal of a name that is taken."""
    return Refused([Finding.error("id-exists", name, f"'{name}' already exists")])


def delete_remote(run: Run, words: list[str]) -> None:
    """Remove a remote node, by its name or its address.

    \b
    Example:
        pcsx cluster node delete-remote worker1
    """
    if len(words) != 1:
        raise args.misused(run.usage)
    found = _remotes(run.cib(), words[0])
    if not found:
        raise Failed(f"remote node '{words[0]}' does not appear to exist in configuration")
    run.change(lambda base: delete.delete(base, found[0]).cib)


def _remotes(cib: Cib, name: str) -> list[str]:
    known = read.parameters_of_agent(cib, ("ocf", "pacemaker", "remote"))
    return [id for id, values in known if name in (id, values.get("server"))]


def add_guest(run: Run, words: list[str]) -> None:
    """Make the guest that a resource runs a node of the cluster.

    \b
    Example:
        pcsx cluster node add-guest guest1 vm1 remote-addr=192.0.2.20
    """
    if len(words) < 2:
        raise args.misused(run.usage)
    name, id = words[0], words[1]
    given = args.pairs(words[2:])
    unknown = sorted(set(given) - set(GUEST_OPTIONS))
    if unknown:
        raise wrong_words(
            f"invalid guest option {args.listed(unknown)}, allowed options are: "
            f"{args.listed(GUEST_OPTIONS)}"
        )
    if read.agent_of(run.cib(), id) is None:
        raise Failed(f"primitive '{id}' does not exist")
    if name in read.node_names(run.cib()) or read.kind_of(run.cib(), name) is not None:
        raise exists(name)
    if read.meta(run.cib(), id).get("remote-node"):
        raise Failed(f"the resource '{id}' is already a guest node")
    values = {"remote-node": name, **given}
    run.change(lambda base: resources.set_meta(base, id, values))


def delete_guest(run: Run, words: list[str]) -> None:
    """Let a guest be no node any more; the resource that runs it stays.

    \b
    Example:
        pcsx cluster node delete-guest guest1
    """
    if len(words) != 1:
        raise args.misused(run.usage)
    found = read.guest_resources(run.cib(), words[0])
    if not found:
        raise Failed(f"guest node '{words[0]}' does not appear to exist in configuration")
    gone: Mapping[str, str] = dict.fromkeys(("remote-node", *GUEST_OPTIONS), "")
    run.change(lambda base: resources.set_meta(base, found[0], gone))
