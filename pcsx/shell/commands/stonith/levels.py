"""`stonith level`: which devices are used together, and which are tried next."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

from pcsx.cib.document import Cib
from pcsx.cib.edit import levels, read
from pcsx.cib.edit.levels import Target
from pcsx.errors import Failed, Finding, Refused
from pcsx.shell import args
from pcsx.shell.output.levels import level_commands, level_lines, levels_object
from pcsx.shell.run import Run
from pcsx.shell.words import Level, wrong_words


def register(level: Level) -> None:
    """Add the words of this file to *level*."""
    made = Level(
        "level", "Say which devices fence a node together, and which are next.", default="config"
    )
    made.verb("config", "show", options=("output-format", "full"))(config)
    made.verb("add", usage="LEVEL TARGET DEVICE... [id=ID]")(add)
    made.verb("delete", "remove", usage="LEVEL [target TARGET] [stonith DEVICE...]")(delete)
    made.verb("clear", usage="[target TARGET | stonith DEVICE...]")(clear)
    made.verb("verify")(verify)
    level.add_command(made)


def config(run: Run, words: list[str]) -> None:
    """Show the fencing levels of every target.

    \b
    Example:
        pcsx stonith level config
    """
    found = levels.levels(run.cib())
    run.give(
        [
            {"id": level.id, "level": level.index, "target": level.target.text,
             "devices": list(level.devices)}
            for level in found
        ]
    )  # fmt: skip
    form = run.output_format
    if form == "json":
        run.say(json.dumps(levels_object(found)))
        return
    lines = level_commands(found) if form == "cmd" else level_lines(found)
    if lines:
        run.say((";\n" if form == "cmd" else "\n").join(lines))


def add(run: Run, words: list[str]) -> None:
    """Add a level: devices that are all used to fence the target, when lower levels failed.

    The target is a node, `regexp%PATTERN` or `attrib%NAME=VALUE`.

    \b
    Example:
        pcsx stonith level add 2 node1 pdu-a pdu-b
    """
    if len(words) < 3:
        raise args.misused(run.usage)
    index, target = _index(words[0]), Target.parse(words[1])
    named = [word for word in words[2:] if word.startswith("id=")]
    devices = _devices(word for word in words[2:] if word not in named)
    id = named[-1].removeprefix("id=") if named else ""
    if not devices:
        raise args.misused(run.usage)
    run.judge(_faults(run.cib(), target, devices))
    run.change(lambda base: levels.add(base, index, target, devices, id=id))


def _index(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise wrong_words(f"'{text}' is not a valid level value, use a positive integer")
    return int(text)


def _devices(words: Iterable[str]) -> list[str]:
    return [name for word in words for name in word.split(",") if name]


def _faults(cib: Cib, target: Target, devices: Sequence[str]) -> Iterator[Finding]:
    missing = sorted(set(devices) - set(read.fence_devices(cib)))
    if missing:
        yield Finding.error(
            "no-such-device",
            missing[0],
            f"Stonith resource(s) {args.listed(missing)} do not exist",
            force="no-such-device",
        )
    if target.node and target.node not in read.node_names(cib):
        yield Finding.error(
            "no-such-node",
            target.node,
            f"Node '{target.node}' does not appear to exist in configuration",
            force="no-such-node",
        )


def delete(run: Run, words: list[str]) -> None:
    """Delete a level: all of that number, or those of a target or with just these devices.

    \b
    Example:
        pcsx stonith level delete 2 target node1
    """
    if not words:
        raise args.misused(run.usage)
    index = _index(words[0])
    target, devices = _chosen(run, words[1:])
    _delete(run, index, target, devices)


def _chosen(run: Run, words: list[str]) -> tuple[Target | None, list[str]]:
    """Return target and devices, by today's words or by the older ones without keywords."""
    if not words:
        return None, []
    if words[0] not in ("target", "stonith"):
        known = set(read.fence_devices(run.cib()))
        if words[0] in known and words[0] not in read.node_names(run.cib()):
            return None, _devices(words)
        return Target.parse(words[0]), _devices(words[1:])
    parts = args.sections(words, ("target", "stonith"), once=("target", "stonith"))
    targets = args.flat(parts.get("target"))
    if len(targets) > 1 or ("target" in parts and not targets):
        raise args.misused(run.usage)
    return (Target.parse(targets[0]) if targets else None), _devices(
        args.flat(parts.get("stonith"))
    )


def _delete(run: Run, index: int, target: Target | None, devices: Sequence[str]) -> None:
    def change(base: Cib) -> Cib:
        made, count = levels.delete(base, index=index, target=target, devices=devices)
        if not count and not run.flag("idempotent"):
            about = f" for '{target.text}'" if target is not None else ""
            using = f" with device(s) {args.listed(devices)}" if devices else ""
            raise Failed(f"Fencing level{about} at level '{index}'{using} does not exist")
        return made

    run.change(change)


def clear(run: Run, words: list[str]) -> None:
    """Delete all levels, those of a target, or those with just these devices.

    \b
    Example:
        pcsx stonith level clear target node1
    """
    target, devices = _chosen(run, words)

    def change(base: Cib) -> Cib:
        made, count = levels.delete(base, target=target, devices=devices)
        if not count and words[:1] in (["target"], ["stonith"]):
            about = f" for '{target.text}'" if target is not None else ""
            using = f" with device(s) {args.listed(devices)}" if devices else ""
            text = f"Fencing level{about}{using} does not exist"
            raise Refused([Finding.error("no-such-level", "", text)])
        return made

    run.change(change)


def verify(run: Run, words: list[str]) -> None:
    """Check that all devices and nodes of all levels exist.

    \b
    Example:
        pcsx stonith level verify
    """
    faults: list[Finding] = []
    for level in levels.levels(run.cib()):
        faults += [
            Finding.error(f.code, f.subject, f.text)
            for f in _faults(run.cib(), level.target, level.devices)
        ]
    run.judge(dict.fromkeys(faults))
