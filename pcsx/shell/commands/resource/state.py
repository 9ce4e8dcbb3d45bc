"""What resources may do: `enable`, `disable`, `manage`, `unmanage`, `cleanup`, `refresh`."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from pcsx.cib.edit import read, resources
from pcsx.errors import Failed, Finding, Refused
from pcsx.shell import args
from pcsx.shell.outlook import Step, plan
from pcsx.shell.run import Run
from pcsx.shell.words import Level, wrong_words

if TYPE_CHECKING:
    from pcsx.cib.document import Cib

CLEANUP: Final = "[ID] [node=NODE] [operation=OPERATION [interval=INTERVAL]]"
_RESOURCES: Final = ("primitive", "group", "clone", "master", "bundle")


def register(level: Level) -> None:
    """Add the words of this file to *level*."""
    level.verb("enable", "start", usage="ID...")(enable)
    level.verb(
        "disable", "stop", usage="ID...", options=("safe", "no-strict", "simulate", "brief")
    )(disable)
    level.verb("safe-disable", usage="ID...", options=("no-strict", "simulate", "brief"))(
        safe_disable
    )
    level.verb("manage", usage="ID...", options=("monitor",))(manage)
    level.verb("unmanage", usage="ID...", options=("monitor",))(unmanage)
    level.verb("cleanup", usage=CLEANUP, options=("node", "strict"))(cleanup)
    level.verb("refresh", usage="[ID] [node=NODE]", options=("node", "strict", "full"))(refresh)


def enable(run: Run, words: list[str]) -> None:
    """Let the cluster start resources.

    \b
    Example:
        pcsx resource enable web --wait=60
    """
    if not words:
        raise wrong_words("You must specify resource(s) to enable")
    run.change(lambda base: resources.enable(base, words))
    for id in words:
        run.expect(id, running=True)


def disable(run: Run, words: list[str]) -> None:
    """Stop resources and keep them stopped.

    With --safe nothing is done where other resources would be touched in any way; with --no-strict
    others may move, but not stop or be demoted. With --simulate what would happen is told, and
    nothing is done.

    \b
    Example:
        pcsx resource disable web --wait
    Example: only where nothing else depends on it
        pcsx resource disable web --safe
    """
    if not words:
        raise wrong_words("You must specify resource(s) to disable")
    is_safe = run.flag("safe") or run.flag("no-strict")
    if is_safe or run.flag("simulate"):
        others = _foretell(run, words)
        if run.flag("simulate"):
            return
        if others:
            raise Refused([_not_safe(step) for step in others])
    run.change(lambda base: resources.disable(base, words))
    for id in words:
        run.expect(id, running=False)


def safe_disable(run: Run, words: list[str]) -> None:
    """Stop resources and keep them stopped, unless other resources would be touched.

    \b
    Example:
        pcsx resource safe-disable web
    """
    run.take({"safe": True})
    disable(run, words)


def _foretell(run: Run, words: list[str]) -> list[Step]:
    """Tell what disabling *words* would do, if that was asked; return what others would suffer."""
    base = run.cib()
    steps = plan(base, resources.disable(base, words), datetime.now().astimezone())
    own = _with_members(base, words)
    others = [step for step in steps if step.resource.partition(":")[0] not in own]
    if run.flag("no-strict"):
        others = [step for step in others if step.do in ("stop", "demote")]
    if run.flag("simulate"):
        run.give({"plan": [step.to_json() for step in steps], "others": len(others)})
        if not steps and not run.flag("brief"):
            run.say("Nothing would happen.")
        for step in steps:
            run.say(step.resource if run.flag("brief") else step.sentence)
    return others


def _with_members(cib: Cib, words: list[str]) -> set[str]:
    """Return *words* with what tags among them stand for, and with all that is inside these."""
    own = set(words)
    for tag in cib.tree.iter("tag"):
        own |= {str(each.get("id")) for each in tag} if tag.get("id") in own else set()
    for tag_name in ("bundle", "clone", "master", "group", "primitive"):
        for element in cib.tree.iter(tag_name):
            if element.get("id") in own:
                own |= {str(inner.get("id")) for inner in element.iter(*_RESOURCES)}
    return own


def _not_safe(step: Step) -> Finding:
    return Finding.error(
        "not-safe", step.resource,
        f"Disabling specified resources would have an effect on other resources: {step.sentence}",
        hint="Leave --safe away to accept that, or disable these as well.",
    )  # fmt: skip


def manage(run: Run, words: list[str]) -> None:
    """Let the cluster act on resources again; with --monitor their monitors run again too.

    \b
    Example:
        pcsx resource manage web --monitor
    """
    if not words:
        raise wrong_words("You must specify resource(s) to manage")
    monitors = run.flag("monitor")
    run.change(lambda base: resources.manage(base, words, monitors=monitors))
    for id in resources.without_monitor(run.cib(), words):
        run.warn(
            f"Resource '{id}' has no enabled monitor operations. Re-run with '--monitor' to "
            "enable them.",
            code="no-monitor",
            subject=id,
        )


def unmanage(run: Run, words: list[str]) -> None:
    """Let the cluster leave resources alone; with --monitor their monitors stop too.

    \b
    Example:
        pcsx resource unmanage web --monitor
    """
    if not words:
        raise wrong_words("You must specify resource(s) to unmanage")
    monitors = run.flag("monitor")
    run.change(lambda base: resources.unmanage(base, words, monitors=monitors))


def cleanup(run: Run, words: list[str]) -> None:
    """Forget failures, so that the cluster tries again where it had given up.

    Of what is in a group, clone or bundle the whole of it is meant, unless --strict is given.

    \b
    Example:
        pcsx resource cleanup web node=node1 operation=monitor interval=10s
    """
    _forget(run, words, refresh=False)


def refresh(run: Run, words: list[str]) -> None:
    """Forget all that was seen of a resource, and look again.

    Of what is in a group, clone or bundle the whole of it is meant, unless --strict is given.

    \b
    Example:
        pcsx resource refresh web
    """
    _forget(run, words, refresh=True)


def asked_of(run: Run, words: list[str], *known: str) -> tuple[str, dict[str, str]]:
    """Return the resource (empty: all) and the options called *known*, as they were given."""
    names, options = args.leading_and_pairs(words)
    if len(names) > 1 or set(options) - set(known):
        raise args.misused(run.usage)
    if names:
        read.require_resource(run.cib(), names[0].partition(":")[0])
    node = options.get("node", "")
    if node and node not in read.node_names(run.cib()):
        raise Failed(f"Node '{node}' does not exist in the cluster")
    if "interval" in options:
        if "operation" not in options:
            raise Failed("an interval without an operation: say operation=NAME, too")
        interval_ms_of(options)
    return names[0] if names else "", options


def interval_ms_of(options: dict[str, str]) -> int:
    """Return the interval that *options* ask for, in ms; -1 where they name none."""
    from pcsx.values import parse_duration_ms

    if "interval" not in options:
        return -1
    interval_ms = parse_duration_ms(options["interval"])
    if interval_ms is None:
        raise Failed(f"'{options['interval']}' is not a valid interval value")
    return interval_ms


def _forget(run: Run, words: list[str], *, refresh: bool) -> None:
    from pcsx.protocol import Cleanup

    run.live_only("it changes what the cluster remembers")
    filters = ("node",) if refresh else ("node", "operation", "interval")
    id, options = asked_of(run, words, *filters)
    node = options.get("node") or run.option("node")
    wish = Cleanup(
        id, node, refresh, options.get("operation", ""), interval_ms_of(options),
        strict=run.flag("strict"),
    )  # fmt: skip
    run.give(run.source.call(wish))
    run.changed = True
    run.say(f"Cleaned up {id or 'all resources'} on {node or 'all nodes'}")
    if run.wait_s is not None:
        run.settle()
