"""Words of `pcsx cluster` for what is done by hand elsewhere, and by itself or not at all here."""

from __future__ import annotations

from typing import Final

from pcsx.cib.edit import nodes
from pcsx.errors import Failed, Finding
from pcsx.shell import args, elsewhere
from pcsx.shell.run import Run
from pcsx.shell.words import Level

_RENAME: Final = (
    "a node has one name everywhere, and one word changes it",
    "pcsx cluster node rename NODE NEW_NAME",
)
ELSEWHERE: Final = {
    "authkey corosync": (
        "the cluster makes its own key and gives it to every node",
        "A new one: pcsx cluster authkey rotate",
    ),
    "kill": (
        "a daemon that is killed leaves what runs here to the others, who fence this node",
        "In good order: pcsx cluster stop. By force: systemctl kill -s KILL pcsx",
    ),
    "corosync": (
        "there is no corosync.conf: the log keeps what the ring is made of",
        "pcsx cluster config show; pcsx cluster setup --corosync_conf FILE writes such a file",
    ),
    "uidgid": (
        "no file says who may speak to the daemon: the members of the group pcsx may, and root",
        "What each may then do: pcsx acl user create NAME ROLE...",
    ),
    "run": (
        "the daemons carry no commands but those of agents between nodes",
        "Over ssh: for n in NODE...; do ssh $n COMMAND; done",
    ),
    "node rename-cib": _RENAME,
    "node rename-corosync": _RENAME,
}
SYNC: Final = "Nothing is to be sent: the log keeps the configuration the same on every node."


def register(level: Level, node: Level) -> None:
    """Add the words of this file to *level*, and those about nodes to *node*."""
    elsewhere.register(level, ELSEWHERE)
    elsewhere.register_settled(
        level,
        {
            "sync": SYNC,
            "reload": "Nothing is to be read anew: a change counts once the log has it.",
        },
    )
    level.verb("restart", usage="")(restart)
    node.verb("clear", usage="NODE")(clear)
    level.verb("auth", usage="", options=("u", "p"))(auth)
    level.verb("pcsd-status", usage="[NODE]...")(pcsd_status)
    level.verb("report", usage="FILE", options=("from", "to"))(report)
    for name in ("auth", "pcsd-status", "report"):
        level.commands[name].hidden = True


def restart(run: Run, words: list[str]) -> None:
    """Leave the ring in good order on this node, and join it again.

    Another node is restarted from there: once it has left, nobody here can reach it.

    \b
    Example:
        pcsx cluster restart --wait
    """
    from pcsx.shell.commands.cluster_live import VERBS, wait_online

    if words:
        raise args.misused(run.usage)
    wait_s = run.wait_s
    run.given.pop("wait", None)
    VERBS["stop"](run, [])
    VERBS["start"](run, [])
    if wait_s is not None:
        wait_online(run, wait_s)


def clear(run: Run, words: list[str]) -> None:
    """Forget a node that is in the ring no more: its entry, attributes and capacities.

    \b
    Example:
        pcsx cluster node clear node4
    """
    if len(words) != 1:
        raise args.misused(run.usage)
    name = words[0]
    if run.is_live and name in _members(run):
        raise Failed(
            f"{name} is a node of this cluster",
            f"It is taken out by: pcsx cluster node remove {name}",
        )
    if name in nodes.remote_names(run.cib()):
        text = f"a resource makes {name} a node"
        hint = f"It is taken out by: pcsx cluster node delete-remote {name} (or delete-guest)"
        run.judge([Finding.error("in-use", name, text, hint=hint)])
    if not run.change(lambda base: nodes.forget(base, name)):
        run.note(f"Nothing is kept of a node {name}", code="none", subject=name)


def _members(run: Run) -> list[str]:
    from pcsx.protocol import GetStatus

    return [str(node["name"]) for node in run.source.call(GetStatus())["nodes"]]


def auth(run: Run, words: list[str]) -> None:
    """Tell how nodes trust each other here: by the cluster's keys, without passwords.

    \b
    Example:
        pcsx cluster auth
    """
    from pcsx.shell.commands.host import auth as of_hosts

    if words:
        raise args.misused(run.usage)
    of_hosts(run, [])


def pcsd_status(run: Run, words: list[str]) -> None:
    """Show which nodes' daemons are here; the exit status is 2 where one is not.

    \b
    Example:
        pcsx cluster pcsd-status
    """
    from pcsx.shell.commands.pcsd import status

    status(run, [word for word in words if word != "all"])


def report(run: Run, words: list[str]) -> None:
    """Put all that helps to understand a fault into one file, as pcsx report does.

    \b
    Example:
        pcsx cluster report fault.tar.gz
    """
    from pcsx.shell.commands.report import write

    write(run, words)
