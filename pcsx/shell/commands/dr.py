"""`pcsx dr`: which other cluster takes over when this whole site is lost; a note on this node.

Nothing acts on it: tickets are what lets one of two sites run something.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Final

from pcsx.errors import Failed
from pcsx.shell import args
from pcsx.shell.run import Run
from pcsx.shell.words import Level

command = Level(
    "dr",
    """Note which other cluster takes over when this site is lost, and show it.

    \b
    Example:
        pcsx dr set-recovery-site far1
        pcsx dr config
    """,
    default="config",
)
PATH: Final = "/etc/pcsx/disaster-recovery.json"
SCHEMA: Final = "pcsx-dr/1"


def _path(run: Run) -> Path:
    return Path(run.option("dr-conf", PATH))


def _read(run: Run) -> dict[str, Any]:
    path = _path(run)
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        roles = {"local": str(found["local"]), "remote": str(found["remote"])}
        return {**roles, "nodes": [str(one) for one in found["nodes"]]}
    except FileNotFoundError as error:
        raise Failed(
            "Disaster-recovery is not configured on this node", "pcsx dr set-recovery-site NODE..."
        ) from error
    except OSError as error:
        raise Failed(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise Failed(f"{path} is not what pcsx dr wrote", "pcsx dr destroy removes it") from error


@command.verb("config", "show", usage="", options=("dr-conf",))
def config(run: Run, words: list[str]) -> None:
    """Show this site's role, and the nodes of the other.

    \b
    Example:
        pcsx dr config
    """
    if words:
        raise args.misused(run.usage)
    found = _read(run)
    run.give(found)
    run.say("Local site:")
    run.say(f"  Role: {found['local'].capitalize()}")
    run.say("Remote site:")
    run.say(f"  Role: {found['remote'].capitalize()}")
    run.say("  Nodes:")
    for node in found["nodes"]:
        run.say(f"    {node}")


@command.verb("set-recovery-site", usage="NODE...", options=("dr-conf",))
def set_recovery_site(run: Run, words: list[str]) -> None:
    """Note the nodes of the cluster that takes over when this site is lost.

    \b
    Example:
        pcsx dr set-recovery-site far1 far2 far3
    """
    if not words:
        raise args.misused(run.usage)
    path = _path(run)
    if path.exists():
        raise Failed("Disaster-recovery is already configured", "pcsx dr destroy removes it")
    run.changed = True
    value = {"schema": SCHEMA, "local": "primary", "remote": "recovery", "nodes": words}
    if not run.flag("dry-run"):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
            with open(handle, "w", encoding="utf-8") as file:
                file.write(json.dumps(value, indent=2) + "\n")
        except OSError as error:
            raise Failed(f"cannot write {path}: {error.strerror}") from error
    run.note("Nothing acts on this note: bind what may run at one site only to a ticket.")


@command.verb("status", usage="", options=("full", "hide-inactive", "dr-conf"))
def status(run: Run, words: list[str]) -> None:
    """Show the state of this site, and how to see that of the other.

    \b
    Example:
        pcsx dr status
    """
    from pcsx.shell.commands.status import status as of_cluster

    if words:
        raise args.misused(run.usage)
    found = _read(run)
    run.say("--- Local cluster - Primary site ---" if not run.as_json else "")
    of_cluster(run, [])
    run.warn(
        "The other site is not asked: it is another cluster, with other keys",
        code="elsewhere",
        hint=f"ssh {found['nodes'][0]} pcsx status" if found["nodes"] else "",
    )


@command.verb("destroy", usage="", options=("dr-conf",))
def destroy(run: Run, words: list[str]) -> None:
    """Remove the note from this node.

    \b
    Example:
        pcsx dr destroy
    """
    if words:
        raise args.misused(run.usage)
    path = _path(run)
    run.changed = path.exists()
    if run.changed and not run.flag("dry-run"):
        try:
            path.unlink()
        except OSError as error:
            raise Failed(f"cannot remove {path}: {error.strerror}") from error
