"""What resources may do: `enable`, `disable`, `manage`, `unmanage`, `cleanup`, `refresh`."""

from __future__ import annotations

from pcsx.cib.edit import read, resources
from pcsx.shell import args
from pcsx.shell.run import Run
from pcsx.shell.words import Level, wrong_words


def register(level: Level) -> None:
    """Add the words of this file to *level*."""
    level.verb("enable", "start", usage="ID...")(enable)
    level.verb(
        "disable", "stop", usage="ID...", options=("safe", "no-strict", "simulate", "brief")
    )(disable)
    level.verb("manage", usage="ID...", options=("monitor",))(manage)
    level.verb("unmanage", usage="ID...", options=("monitor",))(unmanage)
    level.verb("cleanup", usage="[ID] [node=NODE]", options=("node", "strict"))(cleanup)
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

    \b
    Example:
        pcsx resource disable web --wait
    """
    if not words:
        raise wrong_words("You must specify resource(s) to disable")
    run.change(lambda base: resources.disable(base, words))
    for id in words:
        run.expect(id, running=False)


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

    \b
    Example:
        pcsx resource cleanup web node=node1
    """
    _forget(run, words, refresh=False)


def refresh(run: Run, words: list[str]) -> None:
    """Forget all that was seen of a resource, and look again.

    \b
    Example:
        pcsx resource refresh web
    """
    _forget(run, words, refresh=True)


def _forget(run: Run, words: list[str], *, refresh: bool) -> None:
    from pcsx.protocol import Cleanup

    run.live_only("it changes what the cluster remembers")
    names, options = args.leading_and_pairs(words)
    if len(names) > 1 or set(options) - {"node", "operation", "interval"}:
        raise args.misused(run.usage)
    id = names[0] if names else ""
    if id:
        read.require_resource(run.cib(), id)
    node = options.get("node") or run.option("node")
    answer = run.source.call(Cleanup(id, node, refresh))
    run.changed = True
    run.give(answer)
    what = f"'{id}'" if id else "all resources"
    where = f" on {node}" if node else ""
    word = "history" if refresh else "failures"
    run.say(f"Forgot the {word} of {what}{where}; the cluster looks again.")
    if run.wait_s is not None:
        run.settle()
