"""The state of the cluster as Prometheus reads it.

Every series is there from the first scrape: what is stopped or lost is a 0, and no gap.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from pcsx.pe.state import leaves

Told = Mapping[str, Any]
Sample = tuple[dict[str, str], int]

STATES: Final = ("online", "standby", "maintenance", "pending", "unclean")


def metrics(value: Told | None) -> str:
    """Return the metrics of the state *value* (`pcsx-status/1`); None where no daemon answers."""
    return "".join(f"{line}\n" for line in _lines(value))


def _lines(value: Told | None) -> Iterator[str]:
    yield from _metric(
        "pcsx_up", "Whether the daemon of this node answers.", [({}, value is not None)]
    )
    if value is None:
        return
    cluster, counts = value["cluster"], value["counts"]
    name = {"cluster": cluster["name"]}
    fencing = cluster["fencing"]
    yield from _metric(
        "pcsx_quorate", "Whether this partition may act.", [(name, cluster["quorate"])]
    )
    yield from _metric(
        "pcsx_maintenance",
        "Whether the cluster is in maintenance.",
        [(name, cluster["maintenance"])],
    )
    yield from _metric(
        "pcsx_fencing_required",
        "Whether lost nodes must be fenced.",
        [(name, bool(fencing.get("required")))],
    )
    yield from _metric(
        "pcsx_fence_devices",
        "How many fence devices there are.",
        [(name, fencing.get("devices", 0))],
    )
    yield from _metric(
        "pcsx_node_state",
        "Whether a node is in that state.",
        (
            ({"node": node["name"], "type": node["type"], "state": state}, bool(node[state]))
            for node in value["nodes"]
            for state in STATES
        ),
    )
    yield from _metric(
        "pcsx_node_resources",
        "How many resources a node runs.",
        (({"node": node["name"]}, node["running"]) for node in value["nodes"]),
    )
    resources = list(leaves(value["resources"]))
    yield from _metric(
        "pcsx_resource_active",
        "On how many nodes a resource is active.",
        (({"resource": one["name"], "role": one["role"]}, len(one["nodes"])) for one in resources),
    )
    for word in ("failed", "blocked", "managed"):
        yield from _metric(
            f"pcsx_resource_{word}",
            f"Whether a resource is {word}.",
            (({"resource": one["name"]}, bool(one[word])) for one in resources),
        )
    failures: dict[tuple[str, str], int] = {}
    for failure in value["failures"]:
        key = failure["resource"], failure["node"]
        failures[key] = failures.get(key, 0) + 1
    yield from _metric(
        "pcsx_failures",
        "How many failed operations are on record.",
        (({"resource": rsc, "node": node}, count) for (rsc, node), count in failures.items()),
    )
    yield from _metric(
        "pcsx_problems",
        "How many problems status tells of.",
        (
            (
                {"severity": severity},
                sum(problem["severity"] == severity for problem in value["problems"]),
            )
            for severity in ("warning", "critical")
        ),
    )
    for word in ("instances", "instances_disabled", "instances_blocked"):
        yield from _metric(
            f"pcsx_{word}", f"How many resource {word.replace('_', ' ')}.", [(name, counts[word])]
        )


def _metric(
    name: str, help: str, samples: Iterable[tuple[dict[str, str], object]]
) -> Iterator[str]:
    yield f"# HELP {name} {help}"
    yield f"# TYPE {name} gauge"
    for labels, number in samples:
        told = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
        yield f"{name}{{{told}}} {_number(number)}" if told else f"{name} {_number(number)}"


def _number(value: object) -> int:
    return int(value) if isinstance(value, int) else 0


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
