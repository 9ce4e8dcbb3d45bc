"""`pcsx property`: options of the whole cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from pcsx.cib import options
from pcsx.cib.edit import properties
from pcsx.errors import Finding
from pcsx.shell import args
from pcsx.shell.run import Run
from pcsx.shell.words import Level
from pcsx.values import parse_bool, parse_duration_ms

command = Level(
    "property",
    """Show and set the options of the whole cluster.

    \b
    Example:
        pcsx property set no-quorum-policy=freeze
    """,
    default="config",
)

WRITTEN: Final = ("cluster-name",)
"""What has a command of its own, and is not set as a property."""

SHOW_OPTIONS = ("all", "defaults", "output-format", "full")


@command.verb("config", "show", "list", usage="[NAME]", options=SHOW_OPTIONS)
def config(run: Run, words: list[str]) -> None:
    """Show the options that are set; with --all also the others, with their defaults.

    \b
    Example:
        pcsx property config maintenance-mode
    """
    if len(words) > 1:
        raise args.misused(run.usage)
    found = properties.properties(run.cib())
    values = dict(found)
    if run.flag("all") or run.flag("defaults") or words:
        defaults = {
            option.name: option.default
            for option in options.CLUSTER.values()
            if not option.internal or option.default
        }
        values = defaults if run.flag("defaults") else {**defaults, **found}
    if words:
        values = {name: value for name, value in values.items() if name == words[0]}
    run.give(dict(sorted(values.items())))
    if run.option("output-format") == "json":
        from pcsx.shell.output.properties import properties_json

        run.say(properties_json(run.cib()))
        return
    lines = [f" {name}: {value}" for name, value in sorted(values.items())]
    run.say("\n".join(["Cluster Properties:", *lines]))


@command.verb("defaults", usage="[NAME]...", options=("full",))
def defaults(run: Run, words: list[str]) -> None:
    """Show what the options of the cluster are where they are not set; --full: also rare ones.

    \b
    Example:
        pcsx property defaults no-quorum-policy
    """
    known = {option.name: option for option in options.CLUSTER.values() if option.default}
    run.judge(
        Finding.error("property-unknown", name, f"No default value for property: '{name}'")
        for name in words
        if name not in known
    )
    names = words or [n for n, o in known.items() if run.flag("full") or not o.advanced]
    found = {name: known[name].default for name in sorted(names)}
    run.give(found)
    for name, value in found.items():
        run.say(f"{name}={value}")


@command.verb("set", usage="NAME=[VALUE]...")
def set_(run: Run, words: list[str]) -> None:
    """Set options of the whole cluster; an empty value removes one.

    \b
    Example:
        pcsx property set stonith-enabled=true maintenance-mode=
    """
    if not words:
        raise args.misused(run.usage)
    _change(run, args.pairs(words))


@command.verb("unset", usage="NAME...")
def unset(run: Run, words: list[str]) -> None:
    """Remove options of the whole cluster, so that their defaults hold.

    \b
    Example:
        pcsx property unset maintenance-mode
    """
    if not words:
        raise args.misused(run.usage)
    _change(run, dict.fromkeys(words, ""))


def _change(run: Run, values: Mapping[str, str]) -> None:
    there = properties.properties(run.cib())
    run.judge(_faults(values, there, idempotent=run.flag("idempotent")))
    if run.flag("idempotent"):
        values = {name: v for name, v in values.items() if there.get(name, "") != v}
    run.change(lambda base: properties.set_properties(base, values) if values else base)


@command.verb("describe", usage="[NAME]...", options=("full",))
def describe(run: Run, words: list[str]) -> None:
    """Tell what the options of the cluster are for, which values they take, and their defaults.

    \b
    Example:
        pcsx property describe no-quorum-policy
    """
    known = {option.name: option for option in options.CLUSTER.values()}
    run.judge(
        Finding.error("property-unknown", name, f"no such cluster property: '{name}'")
        for name in words
        if name not in known
    )
    told = [known[name] for name in words or sorted(known)]
    told = [option for option in told if words or run.flag("full") or not option.advanced]
    run.give(
        [{"name": o.name, "type": str(o.kind), "default": o.default, "text": o.text} for o in told]
    )
    for option in told:
        run.say(f"{option.name}")
        run.say(f"  {option.text}")
        run.say(f"  It must be {option.expected}; default: {option.default or '(none)'}")


def _is_watched(value: str, there: Mapping[str, str]) -> bool:
    """Return whether nodes may be taken for dead by *value*: only a watchdog makes that true."""
    return parse_duration_ms(value) == 0 or parse_bool(there.get("have-watchdog", "")) is True


def _faults(
    values: Mapping[str, str], there: Mapping[str, str], *, idempotent: bool
) -> Iterator[Finding]:
    settable = sorted({o.name for o in options.CLUSTER.values() if not o.internal})
    for name, value in values.items():
        option = options.CLUSTER.get(name)
        if value == "":
            if name not in there and not idempotent:
                yield Finding.error(
                    "property-not-set",
                    name,
                    f"Cannot remove property '{name}', it is not present in property set "
                    f"'{properties.BOOTSTRAP}'",
                    force="property-not-set",
                )
        elif name == "stonith-watchdog-timeout" and not _is_watched(value, there):
            yield Finding.error(
                "property-watchdog",
                name,
                "stonith-watchdog-timeout can only be unset or set to 0 while SBD is disabled",
            )
        elif name in WRITTEN or (option is not None and option.internal):
            yield Finding.error(
                "property-internal",
                name,
                f"invalid cluster property option '{name}': the cluster writes it itself",
            )
        elif option is None:
            yield Finding.error(
                "property-unknown",
                name,
                f"invalid cluster property option '{name}', allowed options are: "
                f"{args.listed(settable)}",
                force="property-unknown",
            )
        elif not option.accepts(value):
            yield Finding.error(
                "property-value",
                name,
                f"'{value}' is not a valid {name} value, use {option.expected}",
                force="property-value",
            )
