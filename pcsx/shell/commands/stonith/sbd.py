"""`stonith sbd`: pcs's words for watchdogs and disks; what of them is the daemon's is told here.

The daemon feeds the node's watchdog itself. Poison pills on a shared disk are sbd's own business.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from pcsx.errors import Elsewhere
from pcsx.shell import elsewhere
from pcsx.shell.run import Run
from pcsx.shell.words import Level

DEVICES: Final = Path("/sys/class/watchdog")
_DISK: Final = (
    "pcsx writes nothing on shared disks: its nodes go by their watchdogs",
    "A disk is sbd's own: sbd -d DEVICE create, its service on each node, and a device of the "
    "agent fence_sbd.",
)


def register(level: Level) -> None:
    """Add the level of this file to *level*."""
    sbd = Level("sbd", "Show the nodes' watchdogs, which the daemon feeds itself.")
    sbd.verb("enable", usage="")(enable)
    sbd.verb("disable", usage="")(disable)
    sbd.verb("status", options=("full",))(status)
    sbd.verb("config")(config)
    sbd.commands["enable"].hidden = sbd.commands["disable"].hidden = True
    device = Level("device", "Tell whose business a shared disk is.")
    elsewhere.register(device, {"setup": _DISK, "message": _DISK, "add": _DISK, "remove": _DISK})
    device.hidden = True
    sbd.add_command(device)
    watchdog = Level("watchdog", "Show the watchdogs of this machine.", default="list")
    watchdog.verb("list")(watchdogs)
    elsewhere.register(
        watchdog,
        {
            "test": (
                "a test of a watchdog resets this machine, at a moment that nobody chose",
                "Choose it: systemctl stop pcsx, then: wdctl; echo 1 > /dev/watchdog",
            )
        },
    )
    sbd.add_command(watchdog)
    level.add_command(sbd)


def enable(run: Run, words: list[str]) -> None:
    """Tell how a watchdog is armed: by each node's own settings.

    \b
    Example:
        pcsx stonith sbd enable
    """
    if any(word.startswith("device=") for word in words):
        raise Elsewhere(*_DISK)
    raise Elsewhere(
        "the daemon feeds the watchdog itself, without sbd",
        'On each node, in pcsx.toml: watchdog = "/dev/watchdog"; then restart the daemon, and: '
        "pcsx property set stonith-watchdog-timeout=-1",
    )


def disable(run: Run, words: list[str]) -> None:
    """Tell that sbd is not used; the exit status is 1 where watchdogs are relied on.

    \b
    Example:
        pcsx stonith sbd disable
    """
    from pcsx.cib.edit import properties

    value = properties.properties(run.cib()).get("stonith-watchdog-timeout", "0")
    if value.strip("0s") != "":
        raise Elsewhere(
            f"fencing relies on watchdogs (stonith-watchdog-timeout={value})",
            "pcsx property unset stonith-watchdog-timeout; then watchdog out of each pcsx.toml",
        )
    run.changed = False
    run.say("sbd is not used, and nothing relies on watchdogs.")


def status(run: Run, words: list[str]) -> None:
    """Show each node's watchdog: whether it is armed, and after how long it bites.

    \b
    Example:
        pcsx stonith sbd status
    """
    from pcsx.protocol import GetStatus

    run.live_only("it asks the nodes")
    nodes: list[dict[str, Any]] = run.source.call(GetStatus())["nodes"]
    run.give([{"name": one["name"], "watchdog_ms": one.get("watchdog_ms", 0)} for one in nodes])
    for one in nodes:
        timeout_ms = one.get("watchdog_ms", 0)
        text = f"bites after {timeout_ms / 1000:g} s" if timeout_ms else "none is armed"
        run.say(f"{one['name']}: {text}")


def config(run: Run, words: list[str]) -> None:
    """Show whether fencing relies on watchdogs, and for how long it waits for them.

    \b
    Example:
        pcsx stonith sbd config
    """
    from pcsx.cib.edit import properties

    value = properties.properties(run.cib()).get("stonith-watchdog-timeout", "0")
    run.give({"stonith-watchdog-timeout": value})
    run.say(f"stonith-watchdog-timeout={value}")
    run.note("What a node's daemon feeds stands in its pcsx.toml (watchdog).")


def watchdogs(run: Run, words: list[str]) -> None:
    """Show the watchdogs of this machine, as the kernel tells them; none is opened.

    \b
    Example:
        pcsx stonith sbd watchdog list
    """
    found = {f"/dev/{path.name}": _identity(path) for path in sorted(DEVICES.glob("watchdog*"))}
    run.give(found)
    for path, identity in found.items():
        run.say(f"{path}: {identity}" if identity else path)
    if not found:
        run.say("This machine has no watchdog; softdog is one in software: modprobe softdog")


def _identity(path: Path) -> str:
    try:
        return (path / "identity").read_text().strip()
    except OSError:
        return ""
