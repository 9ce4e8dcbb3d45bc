"""The level `cluster`: words for the document and for corosync.conf, and those that need a daemon.

What needs a daemon is in `cluster_live`, which is imported when one of its words is called.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from pcsx.shell.commands.cluster import config, document, field, members, remotes, renewal, setup
from pcsx.shell.run import Run
from pcsx.shell.words import Level

LIVE: Final = {
    "accept": ("", (), "Compare the code of a founder, and join its cluster."),
    "start": ("[NODE]...", ("all",), "Join the ring again, and run resources."),
    "stop": ("[NODE]...", ("all",), "Move everything away, and leave the ring."),
    "destroy": ("", ("all", "yes"), "Leave the cluster for good."),
    "status": ("", (), "Show the headline, what is wrong, and the nodes."),
    "info": ("", (), "Show what the daemon here is."),
}
"""The words that a daemon answers: how they are written, their options, and what they do."""

command = Level(
    "cluster",
    """Found, start, stop and describe the cluster and its nodes.

    \b
    Example: three machines become a cluster
        pcsx cluster setup web n1=192.0.2.1 n2=192.0.2.2 n3=192.0.2.3
    """,
)


def _live(name: str, text: str) -> Callable[[Run, list[str]], None]:
    def body(run: Run, words: list[str]) -> None:
        from pcsx.shell.commands.cluster_live import VERBS

        VERBS[name](run, words)

    body.__doc__ = f"{text}\n\n\b\nExample:\n    pcsx cluster {name}"
    return body


for _name, (_usage, _options, _text) in LIVE.items():
    command.verb(_name, usage=_usage, options=_options)(_live(_name, _text))

for room in (setup, document, config, remotes, renewal):
    room.register(command)

members.register(command, remotes.NODE)
field.register(command, remotes.NODE)

command.room(f"{__package__}.takeover", "import")
