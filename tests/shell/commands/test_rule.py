"""Rules tested by hand, access tested by hand, and relations told."""

from __future__ import annotations

import pytest

from tests.shell.support import Shell

OFFICE = "date-spec hours=9-16 weekdays=1-5"


@pytest.mark.parametrize(
    ("rule", "at", "status"),
    [
        (OFFICE, "2026-12-24T10:00:00Z", 0),
        (OFFICE, "2026-12-24T17:00:00Z", 2),
        ("date gt 2026-06-01 and date lt 2026-07-01", "2026-06-15", 0),
        ("date gt 2026-06-01 and date lt 2026-07-01", "2026-07-15", 2),
    ],
)
def test_a_rule_is_judged_at_a_time(shell: Shell, rule: str, at: str, status: int) -> None:
    assert shell("rule check", rule, "--at", at).status == status


def test_a_rule_about_attributes_is_judged_for_each_node(shell: Shell) -> None:
    shell.must("node attribute n1 site=A")
    ran = shell("rule check --json", "site eq A")
    assert ran.json["data"] == [{"node": "n1", "holds": True}, {"node": "n2", "holds": False}]
    assert shell("rule check --node n2", "site eq A").status == 2


def test_a_configured_rule_is_found_by_its_id(shell: Shell) -> None:
    shell.must("resource create a ocf:test:Service path=/a")
    shell.must(f"constraint location a rule id=office {OFFICE}")
    told = shell("rule next office --at 2026-12-24T17:00:00 --json").json["data"][0]
    assert told["turns"].startswith("2026-12-25T09:00:00")
    assert shell("rule next nosuch").status == 1


@pytest.mark.parametrize(
    ("rule", "at", "turn"),
    [
        ("date in_range 2026-01-01 to 2026-02-01", "2025-12-01", "2026-01-01T00:00:00"),
        ("date in_range 2026-01-01 to 2026-02-01", "2026-01-15", "2026-02-01T00:00:01"),
        ("date in_range 2026-01-01 to 2026-02-01", "2026-03-01", None),
        ("date-spec months=2 monthdays=29", "2026-01-01", "2028-02-29T00:00:00"),
        ("date-spec hours=5 and date gt 2030-01-01T12:00", "2026-01-01", "2030-01-02T05:00:00"),
        ("date-spec years=2020", "2026-01-01", None),
        ("date-spec hours=5 or date lt 2026-03-01", "2026-01-01T05:30", "2026-03-01T00:00:00"),
        ("date-spec weekdays=6 and date-spec monthdays=13", "2026-01-01", "2026-06-13T00:00:00"),
        ("date gt 2030-01-01 and #uname eq nobody", "2026-01-01", None),
    ],
)
def test_when_a_rule_turns(shell: Shell, rule: str, at: str, turn: str | None) -> None:
    turns = shell("rule next --json", rule, "--at", at).json["data"][0]["turns"]
    assert (turns or "")[:19] == (turn or "")


def test_what_a_user_can_do_is_told_place_by_place(shell: Shell) -> None:
    shell.must("acl role create see read xpath /cib", "acl user create ann see", "acl enable")
    told = shell("acl can ann //constraints --json")
    assert told.json["data"]["places"] == [
        {"path": "/cib/configuration/constraints", "read": True, "write": False}
    ]
    assert told.status == 2
    assert shell("acl can ann //constraints read").status == 0
    assert shell("acl can bob //constraints read").status == 2
    assert shell("acl can root //constraints").status == 0
    assert shell("acl can ann //nothing").status == 1


def test_relations_are_told_from_the_nearest_on(shell: Shell) -> None:
    shell.must(
        "resource create a ocf:test:Service path=/a --group g",
        "resource create b ocf:test:Service path=/b",
        "constraint order a then b",
        "tag create t a",
    )
    kinds = [r["kind"] for r in shell("resource relations a --json").json["data"]["a"]]
    assert kinds == ["outer", "order", "tag"]
    assert "start a then start b (Mandatory)" in shell("resource relations b").out
    assert shell("resource relations nosuch").status == 1
