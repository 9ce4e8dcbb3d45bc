"""`constraint location`: which nodes a resource likes, and which it never runs on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pcsx.cib.document import Cib
from pcsx.cib.edit import constraints, operations, read, rules
from pcsx.cib.edit.constraints import DISCOVERY, Subject
from pcsx.errors import Finding
from pcsx.shell import args
from pcsx.shell.run import Run
from pcsx.shell.words import Level, wrong_words

RULE_OPTIONS: Final = ("role", "score", "score-attribute")
RULE_ROLES: Final = ("Master", "Promoted", "Slave", "Unpromoted")


class _Location(Level):
    """What is no word of the level is a resource, with what it likes after it."""

    def takes_default(self, words: list[str]) -> bool:
        return True


def register(level: Level) -> None:
    """Add the words of this file to *level*."""
    made = _Location(
        "location", "Say which nodes a resource likes, and where it never runs.", default="of"
    )
    made.verb("config", "show", usage="[resources [ID]... | nodes [NODE]...]",
              options=("full", "all", "output-format"))(config)  # fmt: skip
    made.verb("add", usage="ID RESOURCE NODE SCORE [resource-discovery=WHEN]")(add)
    made.verb("delete", "remove", usage="ID")(delete)
    made.verb(
        "of",
        usage="RESOURCE prefers|avoids NODE[=SCORE]... | "
        "RESOURCE rule [OPTION=VALUE]... EXPRESSION",
        options=("full", "all", "output-format"),
    )(of)
    level.add_command(made)


def config(run: Run, words: list[str]) -> None:
    """Show location constraints, by resource or by node.

    \b
    Example:
        pcsx constraint location config nodes node1
    """
    from pcsx.shell.output.constraints import show_locations

    if words and words[0] not in ("resources", "nodes"):
        raise args.misused(run.usage)
    show_locations(run, by_node=words[:1] == ["nodes"], only=words[1:])


def of(run: Run, words: list[str]) -> None:
    """Say which nodes a resource likes or avoids, and how much; or by a rule.

    \b
    Example:
        pcsx constraint location web prefers node1=100 node2=50
    Example: never where the network is gone
        pcsx constraint location web rule score=-INFINITY not_defined pingd or pingd lt 1
    """
    if not words:
        config(run, [])
        return
    if len(words) < 3 or words[1] not in ("prefers", "avoids", "rule"):
        raise args.misused(run.usage)
    subject = Subject.parse(words[0])
    if words[1] == "rule":
        _by_rule(run, subject, words[2:])
        return
    wanted = [_preference(word, avoid=words[1] == "avoids") for word in words[2:]]
    _judge_nodes(run, [node for node, _ in wanted])

    def change(base: Cib) -> Cib:
        for node, score in wanted:
            base = constraints.locate(base, subject, node, score, force=run.force)
        return base

    run.change(change)


def _preference(word: str, *, avoid: bool) -> tuple[str, str]:
    node, equals, score = word.partition("=")
    score = constraints.require_score(score if equals else "INFINITY")
    if avoid:
        score = score[1:] if score.startswith("-") else f"-{score.lstrip('+')}"
    return node, score


def _judge_nodes(run: Run, nodes: Sequence[str]) -> None:
    known = read.node_names(run.cib())
    missing = [node for node in nodes if node not in known]
    if run.is_live:
        run.judge(
            Finding.error(
                "no-such-node", node, f"Node '{node}' does not seem to be in the cluster",
                force="no-such-node",
            )
            for node in missing
        )  # fmt: skip
        return
    for node in missing:
        run.warn(f"Node '{node}' is not in this file", code="no-such-node", subject=node)


def add(run: Run, words: list[str]) -> None:
    """Add a location constraint with an id of your choice.

    \b
    Example:
        pcsx constraint location add l-web web node1 100 resource-discovery=never
    """
    if len(words) < 4:
        raise args.misused(run.usage)
    id, subject_text, node, score = words[:4]
    options = args.pairs(words[4:])
    subject = Subject.parse(subject_text)
    run.judge(_discovery_faults(options))
    _judge_nodes(run, [node])
    run.change(
        lambda base: constraints.locate(
            base, subject, node, score, id=id, options=options, force=run.force
        )
    )


def _discovery_faults(options: dict[str, str]) -> list[Finding]:
    faults = [
        Finding.error("constraint-option", name, f"bad option '{name}'")
        for name in options
        if name != "resource-discovery"
    ]
    value = options.get("resource-discovery")
    if value is not None and value not in DISCOVERY:
        faults.append(
            Finding.error(
                "constraint-value",
                value,
                f"'{value}' is not a valid resource-discovery value, use {args.listed(DISCOVERY)}",
            )
        )
    return faults


def delete(run: Run, words: list[str]) -> None:
    """Delete a location constraint.

    \b
    Example:
        pcsx constraint location delete l-web
    """
    if len(words) != 1:
        raise args.misused(run.usage)
    run.change(lambda base: constraints.unlocate(base, words[0]))


def rule_words(
    words: Sequence[str], others: Sequence[str]
) -> tuple[dict[str, str], dict[str, str], rules.Part]:
    """Return the options before a rule (those in *others*), the rule's attributes, and the rule."""
    rest = list(words)
    options: dict[str, str] = {}
    attributes: dict[str, str] = {}
    while rest and "=" in rest[0]:
        name, _, value = rest[0].partition("=")
        if name in others:
            options[name] = value
        elif name in RULE_OPTIONS:
            attributes[name] = value
        else:
            break
        rest.pop(0)
    if not rest:
        raise wrong_words("no rule expression was specified")
    role = attributes.get("role")
    if role is not None:
        if role.lower() not in [known.lower() for known in RULE_ROLES]:
            raise wrong_words(f"invalid role '{role}', use {args.listed(RULE_ROLES)}")
        attributes["role"] = operations.today_role(role)
    if "score" in attributes and "score-attribute" in attributes:
        raise wrong_words("can not specify both score and score-attribute")
    if "score" in attributes:
        constraints.require_score(attributes["score"])
    elif "score-attribute" not in attributes:
        attributes["score"] = "INFINITY"
    ordered: dict[str, str] = {
        name: attributes[name] for name in RULE_OPTIONS if name in attributes
    }
    return options, ordered, rules.parse(rest)


def _by_rule(run: Run, subject: Subject, words: list[str]) -> None:
    options, attributes, part = rule_words(words, ("id", "constraint-id", "resource-discovery"))
    discovery = {k: v for k, v in options.items() if k == "resource-discovery"}
    run.judge(_discovery_faults(discovery))
    run.change(
        lambda base: constraints.locate_by_rule(
            base, subject, part, id=options.get("constraint-id", ""),
            rule_id=options.get("id", ""), options=discovery, attributes=attributes,
            force=run.force,
        )
    )  # fmt: skip
