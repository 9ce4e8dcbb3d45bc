"""`pcsx why`: why a resource is where it is, why a node is fenced, and what would change it.

It decides again on the same document: the running cluster's, a file's, or that of a decision kept.
"""

from __future__ import annotations

import contextlib
import io
import shlex
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import click

from pcsx.cib.document import Cib
from pcsx.errors import Failed, PcsxError, Usage
from pcsx.pe.model import Primitive, WorkingSet
from pcsx.pe.read.working_set import working_set
from pcsx.pe.remedies import Adviser, Remedy, Tried, fate, tried
from pcsx.pe.schedule import decide
from pcsx.pe.state import fencing_words
from pcsx.pe.transition import Transition
from pcsx.pe.whatif import with_wishes
from pcsx.pe.why import Explainer, Explanation, is_held, told
from pcsx.shell.decided import moment_of_file, past
from pcsx.shell.papersource import PaperSource
from pcsx.shell.run import Run

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_ADVICE_MAX: Final = 4
EVERY: Final = "*"
"""For `--failed`: all that there is."""


@click.command("why", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("resource", required=False)
@click.option("--on", default="", metavar="NODE", help="Ask about this node alone.")
@click.option("--fenced", metavar="NODE", help="Why is this node fenced, or why not?")
@click.option("--moved", metavar="RESOURCE", help="Why does, or did, it move?")
@click.option(
    "--failed", metavar="[RESOURCE]", is_flag=False, flag_value=EVERY,
    help="What did its operations that failed do, or those of all?",
)  # fmt: skip
@click.option("--transition", type=int, metavar="N", help="As it was when N was decided.")
@click.option("-t", "--at", metavar="TIME", help="As if it were that time (ISO 8601).")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    resource: str | None,
    on: str,
    fenced: str | None,
    moved: str | None,
    failed: str | None,
    transition: int | None,
    at: str | None,
    as_json: bool,
) -> None:
    """Tell why a resource runs where it runs, or why it does not run, and what would change that.

    Each advice is tried on paper before it is given. With --transition N it is told of a past
    decision (see pcsx transition list); with -f of a file.

    \b
    Example: why does web not run?
        pcsx why web
    Example: why not on node2?
        pcsx why web --on node2
    Example: why was node3 fenced?
        pcsx why --fenced node3
    Example: what did the operations of web do that failed or hung?
        pcsx why --failed web
    Example: what has failed at all, and what did it do?
        pcsx why --failed
    """
    run: Run = click.get_current_context().obj
    if as_json:
        run.given["json"] = True
    if sum(word is not None for word in (resource, fenced, moved, failed)) != 1:
        raise Usage("name one resource, or a node with --fenced, or one with --moved or --failed")
    if failed is not None:
        from pcsx.shell.commands.resource import trace

        if failed == EVERY:
            trace.show_failures(run, on)
        else:
            trace.show(run, [failed, *([f"node={on}"] if on else [])])
        return
    asked = resource or moved or ""
    number = transition or 0
    if not number and run.is_live and (fenced or moved):
        number = _latest(run, fenced=fenced or "", moved=moved or "")
    cib, wall = past(run, number) if number else (run.cib(), moment_of_file(run, at))
    story = Story(cib, wall, sanitized=not run.is_live)
    if number and not transition:
        run.say(f"In transition {number}, decided {wall:%Y-%m-%d %H:%M:%S}:")
    if run.is_live and not number and any(node.unclean for node in story.work.nodes):
        from pcsx.protocol import GetStatus

        story.fencing = run.source.call(GetStatus())["cluster"].get("fencing", {})
    lines = story.of_node(fenced) if fenced else story.of_resource(asked, on, advise=moved is None)
    for line in lines:
        run.say(line)
    run.give(story.data | ({"transition": number} if number else {}))


def _latest(run: Run, *, fenced: str, moved: str) -> int:
    """Return the newest kept decision that fenced that node or moved that resource, or 0."""
    from pcsx.protocol import Transitions

    for row in run.source.call(Transitions())["transitions"]:
        if fenced and fenced in row["fenced"]:
            return int(row["number"])
        if moved and moved in row["moved"]:
            return int(row["number"])
    return 0


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
