"""Why a resource is where it is and a node is fenced, as text: the document decided once more.

What would help is tried on paper before it is advised.
"""

from __future__ import annotations

import contextlib
import io
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

import click

from pcsx.cib.document import Cib
from pcsx.errors import Failed, PcsxError
from pcsx.pe.model import Primitive, WorkingSet
from pcsx.pe.read.working_set import working_set
from pcsx.pe.remedies import Adviser, Remedy, Tried, fate, tried
from pcsx.pe.schedule import decide
from pcsx.pe.state import fencing_words
from pcsx.pe.transition import Transition
from pcsx.pe.whatif import with_wishes
from pcsx.pe.why import Explainer, Explanation, is_held, told
from pcsx.shell.papersource import PaperSource
from pcsx.shell.run import Run

_ADVICE_MAX: Final = 4


class Story:
    """All that is told of one document at one moment; `data` is the same as values."""

    def __init__(
        self,
        cib: Cib,
        wall: datetime,
        *,
        root: click.Command | None = None,
        sanitized: bool = False,
    ) -> None:
        """Decide on *cib*; *root* is the tree of commands with which advice is tried.

        *sanitized*: its secrets may be blotted out, as files that are passed around have them.
        """
        self.cib, self.wall, self.sanitized = cib, wall, sanitized
        context = click.get_current_context(silent=True)
        self.root = root or (context.find_root().command if context is not None else None)
        self.work, self.transition = self.decided(cib)
        self.explainer = Explainer(self.work)
        self.fencing: Mapping[str, Any] = {}
        """How the cluster's fencing stands, where there is a cluster that tells."""
        self.data: dict[str, Any] = {"wall": wall.isoformat(timespec="seconds")}

    def decided(self, cib: Cib) -> tuple[WorkingSet, Transition]:
        """Return the working set of *cib*, decided, and what comes of it."""
        work = working_set(cib, self.wall, sanitized=self.sanitized)
        return work, decide(work)

    def of_node(self, name: str) -> list[str]:
        """Return why the node *name* is fenced, or is not."""
        node = self.work.node_of(name)
        if node is None:
            raise Failed(f"there is no node '{name}'", "pcsx status names the nodes.")
        texts = self.explainer.fencing(node)
        self.data |= {"node": node.name, "texts": texts}
        return texts

    def of_resource(self, name: str, on: str = "", *, advise: bool = True) -> list[str]:
        """Return why the resource *name* is where it is (or not *on* a node), and what helps."""
        if on and self.work.node_of(on) is None:
            raise Failed(f"there is no node '{on}'", "pcsx status names the nodes.")
        primitives = self.explainer.named(name)
        if not primitives:
            raise Failed(f"there is no resource '{name}'", "pcsx resource status names them.")
        found = [self.explainer.explain(primitive, on) for primitive in primitives]
        lines = told(found)
        waits = self._waits(primitives)
        lines += [f"  {text}" for text in waits.values()]
        for other in dict.fromkeys(name for each in found for name in each.rests_on):
            if other not in {primitive.id for primitive in primitives}:
                rest = [self.explainer.explain(one) for one in self.explainer.named(other)]
                lines += ["", f"About {other}, on which it rests:"]
                lines += [f"  {line}" for line in told(rest)]
        advice = self._advice(primitives, on) if advise else []
        for remedy, outcome in advice:
            lines += _told_advice(remedy, outcome)
        self.data |= {
            "resource": name,
            "explanations": [_as_json(each) for each in found],
            "waits": waits,
            "advice": [
                {"aim": remedy.aim, "command": remedy.command,
                 "helps": None if outcome is None else outcome.helps,
                 "steps": {} if outcome is None else dict(outcome.steps)}
                for remedy, outcome in advice
            ],
        }  # fmt: skip
        return lines

    def _waits(self, primitives: list[Primitive]) -> dict[str, str]:
        """Return the nodes whose fencing *primitives* wait for, and that in words."""
        if not self.work.options.fencing_enabled:
            return {}
        names = dict.fromkeys(
            node.name for primitive in primitives for node in primitive.active if node.unclean
        )
        return {
            name: f"It waits until {name} is fenced. {fencing_words(self.fencing, name)}".rstrip()
            for name in names
        }

    def _advice(self, primitives: list[Primitive], on: str) -> list[tuple[Remedy, Tried | None]]:
        """Return what would help, tried; what helps by itself goes before what does not."""
        adviser = Adviser(self.explainer)
        found = dict.fromkeys(
            remedy for primitive in primitives for remedy in adviser.remedies(primitive, on)
        )
        given: list[tuple[Remedy, Tried | None]] = []
        first = {remedy.command or remedy.aim: remedy for remedy in reversed(found)}
        found = dict.fromkeys(r for r in found if first[r.command or r.aim] is r)
        for remedy in list(found)[: 2 * _ADVICE_MAX]:
            given.append((remedy, self.attempt(remedy, primitives)))
            if sum(outcome is None or outcome.helps for _, outcome in given) >= _ADVICE_MAX:
                break
        good = [(remedy, out) for remedy, out in given if out is None or out.helps]
        if all(p.assigned in p.active and not is_held(p) for p in primitives):
            return good  # it runs and stays: what makes no difference is no advice
        return good or given[:_ADVICE_MAX]

    def attempt(self, remedy: Remedy, primitives: list[Primitive]) -> Tried | None:
        """Return what *remedy* would do for *primitives*; None where it cannot be tried."""
        changed = self._with(remedy)
        if changed is None:
            return None
        work, transition = self.decided(changed)
        names = {primitive.base_id for primitive in primitives}
        twins = [one for name in sorted(names) for one in _primitives(work, name)]
        mine = [one for name in sorted(names) for one in _primitives(self.work, name)]
        return tried(fate(self.work, mine), fate(work, twins), transition)

    def _with(self, remedy: Remedy) -> Cib | None:
        if remedy.wishes is not None:
            return with_wishes(self.cib, remedy.wishes, self.wall, start_is_fatal=True).cib
        if self.root is None or any(word.isupper() for word in remedy.command.split()[3:4]):
            return None
        source = PaperSource(self.cib)
        argv = shlex.split(remedy.command)[1:]
        run = Run(argv, source=source)
        try:
            with (
                contextlib.redirect_stdout(io.StringIO()),
                contextlib.redirect_stderr(io.StringIO()),
            ):
                self.root.main(argv, "pcsx", standalone_mode=False, obj=run)
        except PcsxError:
            return None
        return source.cib()


def _primitives(work: WorkingSet, name: str) -> list[Primitive]:
    return [p for rsc in work.by_base_id.get(name, ()) for p in rsc.primitives()]


def _told_advice(remedy: Remedy, outcome: Tried | None) -> Iterable[str]:
    yield f"{remedy.aim}:  {remedy.command}" if remedy.command else f"{remedy.aim}:"
    if outcome is not None:
        yield f"  Would it run then?  {outcome.text}"


def _as_json(each: Explanation) -> dict[str, Any]:
    return {
        "resource": each.resource,
        "head": each.head,
        "texts": list(each.texts),
        "nodes": [asdict(on) for on in each.nodes],
        "rests_on": list(each.rests_on),
        "reasons": [
            {"why": str(reason.why), "resource": reason.resource, "node": reason.node,
             "facts": list(reason.facts), "sentence": reason.sentence}
            for reason in each.reasons
        ],
    }  # fmt: skip
