"""`stonith test` and `verify`: would fencing work? Nothing is cut off to find out."""

from __future__ import annotations

from typing import Any, Final

from pcsx.cib.edit import read
from pcsx.errors import Failed, NoCluster, PcsxError
from pcsx.shell import args
from pcsx.shell.commands.stonith import levels
from pcsx.shell.run import Run
from pcsx.shell.words import Level

SLOW: Final = 0.5
"""A device that needs more of its timeout than this is warned of."""
LIMIT_S: Final = 180.0
_WORDS: Final = {"error": "ERROR", "absent": "NOT RUN"}
"""What is told of a device that did not say how the power is, by how its agent ended."""


def register(level: Level) -> None:
    """Add the words of this file to *level*."""
    level.verb("test", usage="[DEVICE] [node=NODE]")(test)
    level.verb("verify")(levels.verify)


def test(run: Run, words: list[str]) -> None:
    """Ask every device for the power of every node, from every node; nothing is cut off.

    Each answer is shown with the time that it took, beside the timeout that it has. The command
    fails if a device does not answer or answers with an error (what it said is shown), or if a node
    could not be fenced by any other node.

    \b
    Example:
        pcsx stonith test
    """
    from pcsx.protocol import GetStatus, ProbeDevices

    run.live_only("it asks the devices from the nodes")
    names, options = args.leading_and_pairs(words)
    if len(names) > 1 or set(options) - {"node"}:
        raise args.misused(run.usage)
    device = names[0] if names else ""
    if device and device not in read.fence_devices(run.cib()):
        raise Failed(f"there is no fence device '{device}'", "pcsx stonith")
    known = run.source.call(GetStatus())["nodes"]
    online = [str(node["name"]) for node in known if node["online"]]
    found: list[dict[str, Any]] = []
    for name in [options["node"]] if "node" in options else online:
        try:
            told = run.source.call(ProbeDevices(name, device), timeout_s=LIMIT_S)
        except NoCluster:
            raise
        except PcsxError as error:
            run.warn(f"{name} could not be asked: {error}", code="not-asked", subject=name)
            continue
        found += [{"from": told["node"], **each} for each in told["asked"]]
    run.give(found)
    if not found:
        raise Failed("no fence device can be asked", "pcsx stonith create NAME AGENT OPTIONS...")
    _show(run, found)
    targets = [str(node["name"]) for node in known]
    _judge(run, found, targets if not device and "node" not in options else [])


def _show(run: Run, found: list[dict[str, Any]]) -> None:
    from tabulate import tabulate

    rows = [
        [
            each["device"],
            each["target"],
            each["from"],
            each["state"]
            or ("answers" if each["ok"] else _WORDS.get(each.get("end", ""), "NO ANSWER")),
            f"{each['took_ms'] / 1000:.2f} s",
            f"{each['timeout_ms'] / 1000:g} s",
            each["reason"],
        ]
        for each in sorted(found, key=lambda e: (e["device"], e["target"], e["from"]))
    ]
    head = ["device", "node", "asked from", "power", "took", "timeout", ""]
    run.say(tabulate(rows, head, tablefmt="plain"))


def _judge(run: Run, found: list[dict[str, Any]], targets: list[str]) -> None:
    for each in found:
        where = f"{each['device']} asked from {each['from']} for {each['target']}"
        if each["ok"] and each["took_ms"] > each["timeout_ms"] * SLOW:
            run.warn(
                f"{where} needed more than half of its timeout", code="slow", subject=each["device"]
            )
        if not each["ok"]:
            run.exit_status = 1
    for target in targets:
        if not any(e["ok"] and e["target"] == target and e["from"] != target for e in found):
            run.exit_status = 1
            run.warn(
                f"no other node can reach a device for {target}: it could not be fenced",
                code="cannot-fence",
                subject=target,
            )
