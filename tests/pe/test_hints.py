"""The status says why what should run does not, and nothing of what is meant to rest."""

from __future__ import annotations

from pcsx.cib.document import Cib
from pcsx.pe.state import leaves, status_object
from tests.pe.small import NOON, clone, cluster, order, primitive, started, stopped


def told(cib: Cib) -> tuple[dict[str, str], list[str]]:
    """Return the hints by resource, and the lines of the screen about them."""
    value, _ = status_object(cib, None, NOON)
    hints = {leaf["id"]: leaf["why"] for leaf in leaves(value["resources"]) if "why" in leaf}
    return hints, [each["text"] for each in value["problems"] if "not run" in each["text"]]


def test_the_status_tells_node_by_node_why_a_resource_has_no_place() -> None:
    cib = cluster(
        primitive("web"), lost="b", attributes={"a": "standby=on"},
        histories=dict.fromkeys("ab", stopped("web")),
    )  # fmt: skip
    hints, lines = told(cib)
    assert hints == {"web": "a: it is in standby; b: it is offline"}
    assert lines == ["web does not run: a: it is in standby; b: it is offline."]


def test_the_status_names_the_order_that_a_resource_waits_for() -> None:
    cib = cluster(
        primitive("db", meta="target-role=Stopped") + primitive("web"),
        constraints=order("db", "web"),
        histories=dict.fromkeys("ab", stopped("db") + stopped("web")),
    )
    assert list(told(cib)[0]) == ["web"]
    assert "order db-web" in told(cib)[1][0]


def test_one_cause_of_many_is_one_line() -> None:
    names = [f"r{n}" for n in range(5)]
    cib = cluster(
        "".join(map(primitive, names)), attributes=dict.fromkeys("ab", "standby=on"),
        histories=dict.fromkeys("ab", "".join(map(stopped, names))),
    )  # fmt: skip
    hints, lines = told(cib)
    assert list(hints) == names
    assert len(lines) == 1
    assert lines[0].startswith("r0, r1, r2 and 2 more do not run: ")


def test_without_quorum_each_resource_has_the_cause_and_the_screen_is_not_filled_with_it() -> None:
    cib = cluster(primitive("web"), quorum=False, histories=dict.fromkeys("ab", stopped("web")))
    hints, lines = told(cib)
    assert "no-quorum-policy is stop" in hints["web"]
    assert lines == []


def test_what_is_meant_to_rest_or_about_to_start_needs_no_hint() -> None:
    for meta in ("target-role=Stopped", "is-managed=false", ""):
        cib = cluster(primitive("web", meta=meta), histories=dict.fromkeys("ab", stopped("web")))
        assert told(cib) == ({}, [])
    spare = cluster(
        clone("c", primitive("web")), attributes={"a": "standby=on"},
        histories={"a": stopped("web"), "b": started("web")},
    )  # fmt: skip
    assert told(spare) == ({}, [])
