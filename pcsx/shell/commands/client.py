"""`pcsx client`: pcs's word for a user's way to its daemon; the socket knows its callers here."""

from __future__ import annotations

from pcsx.shell.elsewhere import settled
from pcsx.shell.run import Run
from pcsx.shell.words import Level

command = Level(
    "client",
    """Tell how the daemon knows who asks.

    \b
    Example:
        pcsx client local-auth
    """,
)


@command.verb("local-auth", usage="[PORT]", options=("u", "p"))
def local_auth(run: Run, words: list[str]) -> None:
    """Tell that no password is needed: the daemon's socket knows who asks.

    \b
    Example:
        pcsx client local-auth
    """
    settled(run, "No password is needed: the daemon's socket knows who asks.")
