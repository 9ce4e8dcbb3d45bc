"""Which document at which moment is meant: the present, a file's, or that of a past decision."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pcsx.cib.document import Cib
from pcsx.cib.evaluate import integer_of, moment_of
from pcsx.errors import Usage
from pcsx.lean import dataclass
from pcsx.pe.transition import Transition

if TYPE_CHECKING:
    from pcsx.shell.run import Run


@dataclass(frozen=True, slots=True)
class Past:
    """A decision that was kept: what it read, when, and what came of it (None: it broke off)."""

    number: int
    cib: Cib
    wall: datetime
    outcome: str
    transition: Transition | None


def past_decision(run: Run, number: int) -> Past:
    """Return decision *number* of the local daemon, or raise `Failed`."""
    from pcsx.protocol import Transitions

    run.live_only("decisions are kept by the daemon")
    answer = run.source.call(Transitions(number))
    kept = base64.b64decode(answer["transition"])
    return Past(
        number,
        Cib.from_bytes(answer["cib"].encode()),
        datetime.fromisoformat(answer["wall"]),
        answer["outcome"],
        Transition.from_bytes(kept) if kept else None,
    )


def past(run: Run, number: int) -> tuple[Cib, datetime]:
    """Return what decision *number* read, and when."""
    decision = past_decision(run, number)
    return decision.cib, decision.wall


def moment_of_file(run: Run, at: str | None) -> datetime:
    """Return the moment that counts: *at*, else the one recorded in a file, else now."""
    real = datetime.now().astimezone()
    if at:
        moment = moment_of(at, real.tzinfo, real)
        if moment is None:
            raise Usage(f"'{at}' is not a time (ISO 8601)")
        return moment
    recorded = integer_of(run.cib().tree.get("execution-date"))
    return real if recorded is None else datetime.fromtimestamp(recorded, UTC)
