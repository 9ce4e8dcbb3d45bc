"""`resource defaults` and `resource op defaults`."""

from __future__ import annotations

from typing import Final

from pcsx.cib.edit import defaults as edit
from pcsx.cib.edit import rules
from pcsx.errors import Finding
from pcsx.shell import args
from pcsx.shell.run import Run
from pcsx.shell.words import Level, VerbBody
from pcsx.values import parse_score

OVERRIDDEN: Final = (
    "Defaults do not apply to resources which override them with their own defined values"
)
SHOW_OPTIONS: Final = ("all", "full", "no-expire-check", "output-format")


class _Defaults(Level):
    """`defaults` alone shows, `defaults NAME=VALUE` sets."""

    def takes_default(self, words: list[str]) -> bool:
        return all("=" in word for word in words)


def register(level: Level) -> None:
    """Add the words of this file to *level*."""
    register_for(level, operations_too=False)


def register_for(level: Level, *, operations_too: bool) -> None:
    """Add `defaults` to *level*: of operations, or of resources."""
    kind = edit.OPERATIONS if operations_too else edit.RESOURCES
    what = "operations" if operations_too else "resources"
    made = _Defaults("defaults", f"Show and set default values of all {what}.", default="config")
    show = _show(kind)
    made.verb("config", usage="[NAME=VALUE]...", options=SHOW_OPTIONS)(show)
    made.verb("update", usage="NAME=VALUE...")(_update(kind))
    sets = Level("set", f"Create, change and delete sets of default values of {what}.")
    sets.verb("create", usage="[id=ID] [score=SCORE] [meta NAME=VALUE...] [rule EXPRESSION]")(
        _create(kind)
    )
    sets.verb("update", usage="ID meta NAME=VALUE...")(_update_set(kind))
    sets.verb("delete", "remove", usage="ID...")(_delete(kind))
    made.add_command(sets)
    level.add_command(made)


def _named(body: VerbBody, doc: str) -> VerbBody:
    body.__doc__ = doc
    return body


def _path(kind: str) -> str:
    return "op defaults" if kind == edit.OPERATIONS else "defaults"


def _example(kind: str) -> str:
    return "timeout=60s" if kind == edit.OPERATIONS else "resource-stickiness=100"


def _show(kind: str) -> VerbBody:
    def show(run: Run, words: list[str]) -> None:
        if words:
            _set(run, kind, words)
            return
        from pcsx.shell.output.defaults import show_defaults

        show_defaults(run, kind)

    return _named(
        show,
        "Show the default values; with NAME=VALUE, set them.\n\n\b\n"
        f"Example:\n    pcsx resource {_path(kind)} config",
    )


def _update(kind: str) -> VerbBody:
    def update(run: Run, words: list[str]) -> None:
        _set(run, kind, words)

    return _named(
        update,
        "Set default values; an empty value removes.\n\n\b\n"
        f"Example:\n    pcsx resource {_path(kind)} update {_example(kind)}",
    )


def _set(run: Run, kind: str, words: list[str]) -> None:
    values = args.pairs(words)
    run.warn(OVERRIDDEN, code="defaults-overridden")
    run.change(lambda base: edit.update(base, kind, values))


def _create(kind: str) -> VerbBody:
    def create(run: Run, words: list[str]) -> None:
        parts = args.sections(words, ("meta", "rule"), once=("meta", "rule"))
        options = args.pairs(parts[""][0])
        meta = args.pairs(args.flat(parts.get("meta")))
        run.judge(_option_faults(options))
        rule = None
        expression = args.flat(parts.get("rule"))
        if expression:
            operations = kind == edit.OPERATIONS
            rule = rules.parse(
                expression, agents=True, operations=operations, nodes=operations, text=True
            )
        run.warn(OVERRIDDEN, code="defaults-overridden")
        run.change(
            lambda base: edit.create(
                base, kind, meta, id=options.get("id", ""), score=options.get("score", ""),
                rule=rule,
            )
        )  # fmt: skip

    return _named(
        create,
        "Create a set of default values, for those that a rule picks if there is one.\n\n\b\n"
        "Example:\n    pcsx resource defaults set create meta priority=2 "
        "rule resource ocf:heartbeat:IPaddr2",
    )


def _option_faults(options: dict[str, str]) -> list[Finding]:
    faults = [
        Finding.error(
            "set-option", name, f"invalid option '{name}', allowed options are: 'id', 'score'"
        )
        for name in sorted(set(options) - {"id", "score"})
    ]
    score = options.get("score")
    if score is not None and parse_score(score) is None:
        faults.append(
            Finding.error(
                "score", score, f"invalid score '{score}', use integer or INFINITY or -INFINITY"
            )
        )
    return faults


def _update_set(kind: str) -> VerbBody:
    def update_set(run: Run, words: list[str]) -> None:
        if not words:
            raise args.misused(run.usage)
        parts = args.sections(words[1:], ("meta",), once=("meta",))
        if args.flat(parts[""]):
            raise args.misused(run.usage)
        values = args.pairs(args.flat(parts.get("meta")))
        run.warn(OVERRIDDEN, code="defaults-overridden")
        run.change(lambda base: edit.update_set(base, kind, words[0], values))

    return _named(
        update_set,
        "Set values in a set of default values; an empty value removes.\n\n\b\n"
        f"Example:\n    pcsx resource {_path(kind)} set update my-set meta {_example(kind)}",
    )


def _delete(kind: str) -> VerbBody:
    def delete(run: Run, words: list[str]) -> None:
        run.change(lambda base: edit.delete_sets(base, kind, words))

    return _named(
        delete,
        "Delete sets of default values, by their ids.\n\n\b\n"
        f"Example:\n    pcsx resource {_path(kind)} set delete my-set",
    )
