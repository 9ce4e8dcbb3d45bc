"""`pcsx rule`: does a rule hold, where, and when does that change?"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pcsx.cib.attributes import lasting_attributes, transient_attributes
from pcsx.cib.edit import read, rules
from pcsx.cib.evaluate import Circumstances, depends_on_node, moment_of, passes
from pcsx.cib.objects.document import Document
from pcsx.cib.objects.rules import Rule
from pcsx.cib.turning import next_turn
from pcsx.errors import Failed
from pcsx.shell import args
from pcsx.shell.run import Run
from pcsx.shell.words import Level

command = Level(
    "rule",
    """Test rules: whether they hold now or at another time, and when they turn.

    A rule is named by its id, or written out as for a constraint.

    \b
    Example:
        pcsx rule check "date-spec hours=9-16 weekdays=1-5"
    """,
)


def _now(run: Run) -> datetime:
    real = datetime.now().astimezone()
    text = run.option("at")
    if not text:
        return real
    moment = moment_of(text, real.tzinfo, real)
    if moment is None:
        raise Failed(f"--at={text} is not a time (ISO 8601)", "For example: 2026-06-01T12:00:00")
    return moment


def _rule(run: Run, words: list[str]) -> Rule:
    """Return the rule that *words* name or spell."""
    document = Document(run.cib())
    if len(words) == 1:
        found = document.find(Rule, words[0])
        if found is not None:
            return found
        if " " not in words[0]:
            raise Failed(f"there is no rule '{words[0]}'", "pcsx constraint --full shows rules.")
    part = rules.parse(words, agents=True, operations=True, text=True)
    return rules.as_rule(part)


def _attributes(run: Run, node: str) -> dict[str, str]:
    cib = run.cib()
    own = {"#uname": node, "#kind": "cluster"}
    lasting = lasting_attributes(cib, node, "instance_attributes")
    return own | lasting | transient_attributes(cib, node)


def _answers(run: Run, words: list[str]) -> list[tuple[str, Rule, Circumstances]]:
    """Return each node for which the rule is to be judged ("" for all), and by what."""
    if not words:
        raise args.misused(run.usage)
    rule, now = _rule(run, words), _now(run)
    document = Document(run.cib())
    names = [run.option("node")] if run.option("node") else []
    if not names and depends_on_node(rule, document):
        names = read.node_names(run.cib())
        if not names:
            raise Failed("the rule asks for attributes of nodes, and there is no node")
    if not names:
        return [("", rule, Circumstances(now))]
    return [(name, rule, Circumstances(now, _attributes(run, name))) for name in names]


@command.verb("check", usage="ID | RULE", options=("at", "node"))
def check(run: Run, words: list[str]) -> None:
    """Tell whether a rule holds now, or --at another time; status 2 where it holds nowhere.

    A rule about attributes is judged for every node, or for --node alone.

    \b
    Example:
        pcsx rule check office-hours --at 2026-12-24T08:00
    Example:
        pcsx rule check "pingd gt 100 and date gt 2026-06-01"
    """
    found: list[dict[str, Any]] = []
    document = Document(run.cib())
    for node, rule, where in _answers(run, words):
        holds = passes(rule, where, document)
        found.append({"node": node, "holds": holds})
        lead = f"{node}: " if node else ""
        run.say(f"{lead}{'holds' if holds else 'does not hold'}")
    run.give(found)
    if not any(each["holds"] for each in found):
        run.exit_status = 2


@command.verb("next", usage="ID | RULE", options=("at", "node"))
def next_(run: Run, words: list[str]) -> None:
    """Tell when a rule turns next: from holding to not holding, or the other way.

    \b
    Example:
        pcsx rule next office-hours
    """
    found: list[dict[str, Any]] = []
    document = Document(run.cib())
    for node, rule, where in _answers(run, words):
        holds = passes(rule, where, document)
        turn = next_turn(rule, where, document)
        found.append(
            {"node": node, "holds": holds, "turns": turn.isoformat() if turn is not None else None}
        )
        lead = f"{node}: " if node else ""
        state = "holds" if holds else "does not hold"
        then = f"until {turn:%Y-%m-%d %H:%M:%S %z}" if turn is not None else "and never turns"
        run.say(f"{lead}{state} {then}")
    run.give(found)
