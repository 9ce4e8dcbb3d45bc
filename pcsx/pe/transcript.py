"""A whole what-if as text, section by section, as the field's `crm_simulate` writes it.

`Plan` is what was asked for; `play` reads, decides, carries out, and returns the text with all
that was decided.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Final

from pcsx.cib.document import Cib
from pcsx.lean import dataclass
from pcsx.pe.model import Primitive, WorkingSet
from pcsx.pe.read.working_set import working_set
from pcsx.pe.report import Status, instance_counts
from pcsx.pe.schedule import decide
from pcsx.pe.summary import summary_lines
from pcsx.pe.transition import Transition
from pcsx.pe.wishes import Wishes

if TYPE_CHECKING:
    from pcsx.pe.simulate import Line
    from pcsx.pe.whatif import Operation

_BANNER: Final = (
    "",
    "              *** Resource management is DISABLED ***",
    "  The cluster will not attempt to start, stop or recover services",
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do with a document."""

    wall: datetime
    """The moment that counts."""
    real: datetime
    """The moment now, for what is recorded."""
    time_line: str = ""
    """What to say about the moment, if it is not now."""
    wishes: Wishes = field(default_factory=Wishes)
    failures: tuple[str, ...] = ()
    schedule: bool = False
    carry_out: bool = False
    scores: bool = False
    utilization: bool = False
    quiet: bool = False
    tell_attributes: bool = False
    """Tell the attributes of nodes with every status."""
    tell_failures: bool = False
    """Tell what failed, and how often, with every status."""
    sanitized: bool = False
    """The document may have its secrets blotted out, as files that are passed around do."""
    warnings: tuple[str, ...] = ()


@dataclass(slots=True)
class Played:
    """What came of it."""

    text: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    modified: Cib | None = None
    """The document after the wishes."""
    after: Cib | None = None
    """The document after everything was carried out."""
    transition: Transition | None = None
    work: WorkingSet | None = None
    """What the transition was made of."""
    complete: bool = True


def play(cib: Cib, plan: Plan) -> Played:
    """Return what *plan* makes of *cib*, in words and as values."""
    return _Player(plan).play(cib)


class _Player:
    """Plays one plan and writes it down."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.played = Played(errors=list(plan.warnings))
        self.out = self.played.text

    def say(self, *lines: str) -> None:
        """Write lines, unless only scores are wanted."""
        if not self.plan.quiet:
            self.out.extend(lines)

    def play(self, cib: Cib) -> Played:
        """Play all sections."""
        plan, played = self.plan, self.played
        work = working_set(cib, plan.wall, sanitized=plan.sanitized)
        self.tell_time()
        self.tell_current(work)
        if plan.wishes:
            cib = self.modify(cib, work)
            work = working_set(cib, plan.wall, sanitized=plan.sanitized)
        played.modified = cib
        if not plan.schedule:
            return played
        work.tell_scores = plan.scores
        work.tell_utilization = plan.utilization
        played.transition, played.work = decide(work), work
        self.tell_scores(work)
        self.say("", "Transition Summary:")
        if not plan.quiet:
            self.say(*summary_lines(work))
        if plan.carry_out:
            self.carry_out(cib, work)
        return played

    def tell_time(self) -> None:
        """Write which moment counts, if that is not now."""
        if self.plan.time_line:
            self.say(self.plan.time_line)

    def tell_current(self, work: WorkingSet) -> None:
        """Write the state as it is."""
        if self.plan.quiet:
            return
        told = work.options.maintenance_mode
        if told:
            self.say(*_BANNER)
        total, disabled, blocked = instance_counts(work)
        if disabled or blocked:
            if told:
                self.say("")
            told = True
            self.say(
                f"{disabled} of {total} resource instances DISABLED and {blocked} BLOCKED "
                "from further action due to failure"
            )
        if told:
            self.say("")
        self.say("Current cluster status:", *Status(work, pending=True).whole())
        self.tell_details(work)

    def tell_details(self, work: WorkingSet) -> None:
        """Write what was asked for beside nodes and resources."""
        if not (self.plan.tell_attributes or self.plan.tell_failures):
            return
        from pcsx.pe.details import attribute_lines, failure_lines  # most runs have no use for it

        if self.plan.tell_attributes:
            self.say(*attribute_lines(work))
        if self.plan.tell_failures:
            self.say(*failure_lines(work, self.plan.real))

    def modify(self, cib: Cib, work: WorkingSet) -> Cib:
        """Write and do what is to be different."""
        from pcsx.pe.whatif import with_wishes  # most runs have no use for it

        self.say("", "Performing Requested Modifications:")
        changed = with_wishes(
            cib,
            self.plan.wishes,
            self.plan.real,
            start_is_fatal=work.options.start_failure_is_fatal,
            compared=partial(_compared, work),
        )
        self.tell_lines(changed.lines)
        self.played.errors += changed.errors
        self.tell_time()
        return changed.cib

    def tell_scores(self, work: WorkingSet) -> None:
        """Write the scores and what is left of the nodes' capacity, if asked for."""
        plan = self.plan
        titles = {
            (True, True): "Assignment Scores and Utilization Information:",
            (True, False): "Assignment Scores:",
            (False, True): "Utilization Information:",
        }
        title = titles.get((plan.scores, plan.utilization))
        if title is None:
            return
        self.say("", title)
        lead = "" if plan.quiet else "  * "
        self.out.extend(lead + line for line in work.score_lines)

    def carry_out(self, cib: Cib, work: WorkingSet) -> None:
        """Write what is done, and the state after it."""
        from pcsx.pe.simulate import carry_out  # most runs have no use for it

        plan, played = self.plan, self.played
        assert played.transition is not None
        self.say("", "Executing Cluster Transition:")
        known = frozenset(
            name
            for name, found in work.by_history_name.items()
            if any(rsc.history_name == name for rsc in found)
        )
        done = carry_out(
            cib, played.transition, wall=plan.real, failures=plan.failures,
            known=known.union(work.by_id),
        )  # fmt: skip
        self.tell_lines(done.lines)
        played.errors += done.errors
        played.after = done.cib
        if not done.complete:
            played.complete = False
            played.errors += ["Transition failed: terminated", "An invalid transition was produced"]
        if plan.quiet:
            return
        self.tell_time()
        self.say("", "Revised Cluster Status:")
        revised = working_set(done.cib, plan.wall, sanitized=plan.sanitized)
        self.say(*Status(revised, pending=False).whole())
        self.tell_details(revised)

    def tell_lines(self, lines: list[Line] | tuple[Line, ...]) -> None:
        """Write lines of a story."""
        self.say(*(f"  * {line.text}" if line.listed else line.text for line in lines))


def _compared(work: WorkingSet, operation: Operation) -> Mapping[str, str]:
    """Return by what *operation* is compared with the configuration, if it ran now."""
    from pcsx.pe.actions.changes import compared_now

    node = work.node_of(operation.node)
    names = (operation.resource, operation.resource.partition(":")[0])
    candidates = [rsc for name in names for rsc in work.by_base_id.get(name, ())]
    for rsc in candidates:
        if node is not None and isinstance(rsc, Primitive):
            return compared_now(work, rsc, node, operation.task, operation.interval_ms)[0]
    return {}
