"""`resource restart`: stopped and started again, and waited for."""

from __future__ import annotations

from pcsx.cib.document import Cib
from pcsx.cib.edit import moves, read, resources
from pcsx.errors import Failed
from pcsx.shell import args
from pcsx.shell.run import Run
from pcsx.shell.words import Level

LIMIT_S = 3600.0


def register(level: Level) -> None:
    """Add the words of this file to *level*."""
    level.verb("restart", usage="ID [NODE]")(restart)


def restart(run: Run, words: list[str]) -> None:
    """Stop a resource and start it again; of a clone only the instance on a node, if one is named.

    What depends on the resource is restarted with it. The command returns when all of it runs
    again, or after the time of --wait.

    \b
    Example:
        pcsx resource restart web --wait=120
    """
    names, options = args.leading_and_pairs(words)
    node = options.pop("node", names[1] if len(names) == 2 else "")
    if not 1 <= len(names) <= 2 or options:
        raise args.misused(run.usage)
    run.live_only("it waits for the resource")
    id = names[0]
    kind = read.require_resource(run.cib(), id)
    if node and kind not in ("clone", "master", "bundle"):
        raise Failed(
            f"'{id}' is no clone or bundle: only of those one instance can be restarted",
            f"Without a node: pcsx resource restart {id}",
        )
    before = run.where(id)
    if not before or (node and node not in before):
        raise Failed(
            f"'{id}' does not run" + (f" on {node}" if node else "") + ": start it instead"
        )
    wait_s = run.wait_s if run.wait_s is not None else LIMIT_S
    meta = read.meta(run.cib(), id).get("target-role", "")
    if node:
        run.change_without_wait(lambda base: moves.ban(base, id, node, role="Started", until=""))
    else:
        run.change_without_wait(lambda base: resources.disable(base, [id]))
    try:
        run.settle(wait_s)
        left = run.where(id)
        if (node in left) if node else left:
            raise Failed(f"'{id}' did not stop on {', '.join(left)}", f"pcsx why {id}")
    finally:
        run.reread()
        run.change_without_wait(lambda base: _back(base, id, node, meta))
    run.settle(wait_s)
    after = run.where(id)
    if not after or (node and node not in after):
        raise Failed(f"'{id}' did not start again" + (f" on {node}" if node else ""),
                     f"pcsx why {id}")  # fmt: skip
    run.say(f"'{id}' runs again on {', '.join(after)}.")


def _back(base: Cib, id: str, node: str, role: str) -> Cib:
    if node:
        return moves.clear(base, id, node)[0]
    return resources.set_meta(base, id, {"target-role": role})
