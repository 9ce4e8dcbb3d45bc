"""`pcsx diff`: what differs between two states of the configuration."""

from __future__ import annotations

from pcsx.shell.changes import changes_command, compare

command = changes_command(
    "diff",
    """Show what differs between two states of the configuration, in crm's language.

    Without words, what the last change did. A state is a file, a copy (pcsx cib), the number of a
    change (the state after it), or live. With --exit-code the status is 2 where something differs.

    \b
    Example: since change 17
        pcsx diff 17
    Example: between a file and the cluster
        pcsx diff work.xml live
    """,
    usage="[A [B]]",
    body=compare,
)
