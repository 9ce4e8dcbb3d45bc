"""What clients are told, as JSON: the cluster, its nodes, fencing, and what is left to do.

Pure views of the `Scene`, for requests and for those who wait; the shell makes text of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pcsx.cib import Cib
from pcsx.cib.fencing import Devices
from pcsx.daemon.controller import Controller
from pcsx.daemon.ledger import Fencing
from pcsx.daemon.scene import Scene
from pcsx.daemon.status import LOG
from pcsx.daemon.takeover import watchdog_of
from pcsx.ring.config import RingConfig
from pcsx.ring.frames import Reach

SCHEMA = "pcsx-cluster/1"


def cluster_of(
    scene: Scene, controller: Controller, *, devices: Devices, version: str
) -> dict[str, Any]:
    """Return the cluster as this node sees it; *devices* is what its fencing goes by."""
    config, quorum = scene.config, scene.quorum
    return {
        "schema": SCHEMA,
        "name": config.name,
        "uuid": config.cluster,
        "profile": config.profile,
        "version": version,
        "me": scene.name,
        "quorate": quorum.quorate,
        "votes": quorum.votes,
        "expected_votes": quorum.expected,
        "needed_votes": quorum.needed,
        "quorum_reason": quorum.reason,
        "dc": config.node(scene.dc).name if scene.dc else "",
        "leader": config.node(scene.leader).name if scene.leader else "",
        "term": scene.term,
        "view": [scene.view.id.epoch, scene.view.id.coordinator] if scene.view else None,
        "log_index": scene.ledger.index,
        "waits_for": controller.waits_for if scene.in_charge else "",
        "fencing": fencing_summary(
            scene, len(devices.devices), watchdog_timeout_ms=devices.watchdog_timeout_ms
        ),
    }


def quorum_of(scene: Scene) -> dict[str, Any]:
    """Return how quorum stands here, for those who watch it."""
    quorum, view = scene.quorum, scene.view
    return {
        "quorate": quorum.quorate,
        "view": [view.id.epoch, view.id.coordinator] if view is not None else None,
        "members": [str(scene.config.node(id).name) for id in scene.members],
        "votes": quorum.votes,
        "expected_votes": quorum.expected,
        "needed_votes": quorum.needed,
        "flags": list(quorum.flags),
        "reason": quorum.reason,
    }


def fencing_summary(scene: Scene, devices: int, watchdog_timeout_ms: int = 0) -> dict[str, Any]:
    """Return whether fencing is required, whether it can work, and when it last did.

    *watchdog_timeout_ms*: how long a lost node's watchdog is waited for; 0: it is not relied on,
    below 0: as long as it takes.
    """
    cib = scene.ledger.replica.cib
    closed = [case for case in scene.ledger.fencings.values() if case.verdict == "done"]
    last = max((case.ended_s for case in closed), default=0)
    return {
        "required": is_fencing_required(cib),
        "devices": devices,
        "watchdog_timeout_ms": watchdog_timeout_ms,
        "last_done_s": last,
        "open": [fencing_of(case, scene.config) for case in scene.ledger.open_cases()],
        "failed": [
            {**fencing_of(case, scene.config), "times": times}
            for case, times in failed_of(scene.ledger.fencings.values(), scene.ledger.admitted)
        ],
    }


def failed_of(
    fencings: Iterable[Fencing], admitted: Mapping[int, int]
) -> list[tuple[Fencing, int]]:
    """Return the last failure to end each target's present life, and how many there were in a row.

    *admitted* is the last life of each node that was let in.
    """
    failed: dict[int, tuple[Fencing, int]] = {}
    for case in sorted(fencings, key=lambda case: case.case):
        if case.action == "on" or case.boot < admitted.get(case.target, 0):
            continue
        if case.verdict == "done":
            failed.pop(case.target, None)
        elif case.verdict == "failed":
            _, times = failed.get(case.target, (case, 0))
            failed[case.target] = (case, times + 1)
    return list(failed.values())


def is_fencing_required(cib: Cib) -> bool:
    """Return whether `stonith-enabled` (or `fencing-enabled`) is on, as it is by default."""
    value = cib.cluster_option("fencing-enabled") or cib.cluster_option("stonith-enabled") or "true"
    return value.lower() not in ("false", "off", "no", "n", "0")


def nodes_of(scene: Scene) -> list[dict[str, Any]]:
    """Return every node of the cluster: who it is, and what is known of it."""
    nodes = []
    for node in scene.config.nodes:
        picture = scene.picture.nodes.get(node.id)
        reach = scene.reaches(node.id)
        online = scene.is_online(node.id)
        watchdog_ms, bites = watchdog_of(picture)
        down = scene.is_clean_down(node.id)
        present = picture is not None and picture.present
        nodes.append(
            {
                "name": node.name,
                "id": node.id,
                "addresses": [f"{address.host}:{address.port}" for address in node.addresses],
                "online": online,
                "pending": not online and node.id in scene.members,
                "clean": online or down or node.id in scene.members,
                "unseen": scene.is_unseen(node.id),
                "dc": node.id == scene.dc,
                "reach": Reach(reach).name.lower(),
                "held_out": scene.held_out.get(node.id, ""),
                "log": picture.attributes.get(LOG, "") if present and picture is not None else "",
                "watchdog_ms": watchdog_ms,
                "watchdog_bites": bites,
                "why": picture.why.name.lower() if picture is not None and not present else "",
                "since_s": picture.since_s if picture is not None and not present else 0,
            }
        )
    return nodes


def fencing_of(case: Fencing, config: RingConfig) -> dict[str, Any]:
    """Return one fencing on record."""
    names = {node.id: str(node.name) for node in config.nodes}
    return {
        "case": case.case,
        "target": names.get(case.target, str(case.target)),
        "action": case.action,
        "origin": case.by,
        "verdict": case.verdict or "pending",
        "ok": case.verdict == "done",
        "reason": case.reason,
        "device": case.device,
        "delegate": names.get(case.executor, ""),
        "began_s": case.began_s,
        "ended_s": case.ended_s,
        "took_ms": case.took_ms,
    }


def rest_of(scene: Scene, controller: Controller, *, rested: bool) -> dict[str, Any]:
    """Return what is left to do: nothing but what is *blocked*, or what is waited for."""
    return {
        "rested": rested,
        "in_charge": scene.in_charge,
        "blocked": [list(each) for each in controller.blocked],
        "notices": list(controller.notices),
        "waits_for": controller.waits_for,
    }
