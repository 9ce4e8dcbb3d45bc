"""Fencing as agents ask for it, and for what is known of it: `stonith_admin`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from pcsx.daemon.tools.port import NO_SUCH, UNSUPPORTED, Facts, Said, Wrong, no_such
from pcsx.daemon.tools.words import Options, parsed
from pcsx.pe.digests import escaped
from pcsx.protocol import ConfirmFence, Fence, ForgetFences
from pcsx.values import parse_duration_ms

LIMIT_MS: Final = 120_000
API: Final = "2.38"
"""The version of the XML that the field's tools of the release write that these behave like."""

_ACTIONS: Final = {"fence": "off", "reboot": "reboot", "unfence": "on"}


def stonith_admin(words: tuple[str, ...], env: Mapping[str, str], facts: Facts) -> Said:
    """Do one call."""
    options, left = parsed(
        words,
        """fence|F= reboot|B= unfence|U= confirm|C= list|l= list-registered|L list-targets|s=
        query|Q= history|H= last|h= cleanup|c broadcast|b tag|T= timeout|t= tolerance= delay|y=
        output-as= quiet|q verbose|V list-installed|I metadata|M agent|a= as-node-id|n""",
    )
    if left:
        raise Wrong(f"what is '{left[0]}'?")
    for word, action in _ACTIONS.items():
        if word in options:
            return _fenced(options[word], action, options, facts)
    if "confirm" in options:
        return _confirmed(options["confirm"], facts)
    if "history" in options:
        return _history(options["history"], options, facts)
    if "last" in options:
        return _last(options["last"], facts)
    if "list-registered" in options:
        return _listed(facts.devices(""), options)
    if "list" in options:
        return _listed(facts.devices(options["list"]), options)
    if "query" in options:
        return Said() if options["query"] in facts.devices("") else Said(NO_SUCH)
    if "list-targets" in options:
        return _targets(options["list-targets"], facts)
    return Said(UNSUPPORTED, stderr="stonith_admin: this is not served here; see pcsx stonith\n")


def _fenced(name: str, action: str, options: Options, facts: Facts) -> Said:
    if facts.node(name) is None:
        return no_such(f"stonith_admin: Couldn't fence {name}: No such device")
    timeout_ms = parse_duration_ms(options.get("timeout", "")) or LIMIT_MS
    return Said(then=Fence(name, action, timeout_ms))


def _confirmed(name: str, facts: Facts) -> Said:
    if facts.node(name) is None:
        return no_such(f"stonith_admin: there is no node {name}")
    return Said(then=ConfirmFence(name))


def _listed(devices: tuple[str, ...], options: Options) -> Said:
    if options.get("output-as") == "xml":
        items = [f'<item name="device">{escaped(id)}</item>' for id in devices]
        return Said(stdout=_xml("registered fence devices", items))
    lines = [f"{id}\n" for id in devices]
    return Said(stdout="".join(lines) + _found(len(devices), "fence device"))


def _found(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'} found\n"


def _xml(name: str, items: list[str]) -> str:
    lines = [
        f'<pacemaker-result api-version="{API}" request="stonith_admin">',
        f'  <list name="{name}" count="{len(items)}">',
        *(f"    {item}" for item in items),
        "  </list>",
        '  <status code="0" message="OK"/>',
        "</pacemaker-result>",
    ]
    return "\n".join(lines) + "\n"


def _targets(device: str, facts: Facts) -> Said:
    if device not in facts.devices(""):
        return no_such("Couldn't list targets: No such device")
    names = [node.name for node in facts.nodes if device in facts.devices(node.name)]
    lines = [f"{name}\n" for name in names]
    return Said(stdout="".join(lines) + _found(len(names), "fence target"))


# --- what was fenced ------------------------------------------------------------------------------


def _history(target: str, options: Options, facts: Facts) -> Said:
    """Return what is on record, newest first: without --verbose the newest of each kind."""
    if "cleanup" in options:
        return Said(stdout=f"cleaning up fencing-history{_about(target)}\n",
                    then=ForgetFences("" if target == "*" else target))  # fmt: skip
    found = [
        case
        for case in reversed(facts.fencings())
        if target in ("*", "", case["target"]) and case["verdict"] != "void"
    ]
    if "verbose" not in options:
        kinds: dict[tuple[object, ...], Mapping[str, Any]] = {}
        for case in found:
            kinds.setdefault(tuple(case[key] for key in ("target", "action", "verdict")), case)
        found = list(kinds.values())
    if options.get("output-as") == "xml":
        return Said(stdout=_xml("fencing history", [_event(case) for case in found]))
    if "quiet" in options:
        return Said(stdout="".join(f"{case['ended_s']}\n" for case in found))
    lines = [_sentence(case, whole="verbose" in options) for case in found]
    return Said(stdout="".join(lines) + _found(len(found), "event"))


def _about(target: str) -> str:
    return "" if target in ("*", "") else f" for node {target}"


_DOING: Final = {"off": "turning off", "on": "turning on", "reboot": "reboot"}
_ENDS: Final = {"done": "success", "failed": "failed", "pending": "pending"}


def _sentence(case: Mapping[str, Any], *, whole: bool) -> str:
    status = _ENDS.get(case["verdict"], "failed")
    word = "successful" if status == "success" else status
    text = f"{_DOING.get(case['action'], case['action'])} of {case['target']} {word}: "
    if case["delegate"] and status == "success":
        text += f"delegate={case['delegate']}, "
    text += f"client={case['origin']}, origin={case['delegate'] or case['origin']}"
    if status != "pending":
        text += f", {'completed' if whole else f'last-{word}'}='{_moment(case)}'"
    return f"{text}\n"


def _event(case: Mapping[str, Any]) -> str:
    status = _ENDS.get(case["verdict"], "failed")
    said = {
        "action": case["action"], "target": case["target"], "client": case["origin"],
        "origin": case["delegate"] or case["origin"], "status": status,
    }  # fmt: skip
    if status == "pending":
        said["extended-status"] = "pending"
    else:
        if case["delegate"]:
            said["delegate"] = case["delegate"]
        said["completed"] = _moment(case)
    words = "".join(f' {name}="{escaped(str(value))}"' for name, value in said.items())
    return f"<fence_event{words}/>"


def _moment(case: Mapping[str, Any]) -> str:
    return f"{datetime.fromtimestamp(case['ended_s'], UTC):%Y-%m-%d %H:%M:%SZ}"


def _last(target: str, facts: Facts) -> Said:
    done = [c for c in facts.fencings() if c["target"] == target and c["verdict"] == "done"]
    if not done:
        return Said(stdout=f"Node {target} has never been fenced\n")
    moment = datetime.fromtimestamp(done[-1]["ended_s"]).astimezone()
    return Said(stdout=f"Node {target} last fenced at: {moment:%a %b %e %H:%M:%S %Y}\n")
