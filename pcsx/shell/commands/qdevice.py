"""`pcsx qdevice`: pcs's words for a quorum device's host; a witness is what votes here."""

from __future__ import annotations

from typing import Final

from pcsx.shell import elsewhere
from pcsx.shell.words import Level

command = Level(
    "qdevice",
    """Tell what votes from outside of the cluster here: a witness.

    \b
    Example: on a third machine
        pcsx witness
    Example: on a node of the cluster
        pcsx quorum witness add TOKEN
    """,
)
_SERVICE: Final = "pcsx-witness.service"
elsewhere.register(
    command,
    {
        "setup": (
            "corosync's quorum device is not served: a witness votes from outside instead",
            "On its machine: pcsx witness, and pcsx witness token; then here: pcsx quorum witness "
            "add TOKEN",
        ),
        "status": ("a witness is asked itself", "On its machine: pcsx witness status"),
        "destroy": (
            "a witness gives up its seats one by one",
            "On its machine: pcsx witness forget UUID, then systemctl disable --now "
            "pcsx-witness",
        ),
        **{
            verb: (
                f"the witness is a service of its machine ({_SERVICE})",
                f"On its machine: systemctl {done} pcsx-witness",
            )
            for verb, done in (
                ("start", "start"), ("stop", "stop"), ("kill", "kill -s KILL"),
                ("enable", "enable"), ("disable", "disable"),
            )
        },
    },
)  # fmt: skip
