"""What pcs refuses is refused, what it takes is taken, and the shapes are those it makes."""

from __future__ import annotations

import pytest

from tests.shell.support import Shell

MADE = ("resource create a ocf:test:Service path=/a", "resource create b ocf:test:Service path=/b")


@pytest.mark.parametrize(
    "spec", ["hours=99", "hours=9-5", "hours=5-5", "weekdays=0", "weekyears=99", "moon=8"]
)
def test_a_time_that_never_comes_is_refused(shell: Shell, spec: str) -> None:
    shell.must(MADE[0])
    assert shell(f"constraint location a rule date-spec {spec}").status == 1
    assert shell.ids("rule") == []


def test_the_days_of_a_month_begin_at_one_in_defaults_alone(shell: Shell) -> None:
    shell.must(MADE[0], "constraint location a rule date-spec monthdays=0")
    assert shell("resource defaults set create meta x=1 rule date-spec monthdays=0").status == 1


def test_an_operation_s_interval_in_a_rule_is_a_time(shell: Shell) -> None:
    rule = "resource op defaults set create meta timeout=5 rule op monitor interval="
    assert shell(f"{rule}bad").status == 1
    shell.must(f"{rule}5min", f"{rule}0")


def test_brackets_around_the_same_word_join_in_rules_about_nodes(shell: Shell) -> None:
    shell.must(MADE[0])
    shell.must("constraint location a rule (x eq 1) and (y eq 2 and z eq 3)")
    assert [len(rule) for rule in shell.cib.tree.iter("rule")] == [3]


@pytest.mark.parametrize(
    "text", ["(resource ::A or resource ::B) or resource ::C",
             "resource ::A or (resource ::B or resource ::C)"],
)  # fmt: skip
def test_brackets_make_a_rule_of_their_own_in_defaults(shell: Shell, text: str) -> None:
    assert shell("resource defaults set create meta x=1 rule", text).status == 0
    assert [len(rule) for rule in shell.cib.tree.iter("rule")] == [2, 2]


def test_what_is_in_a_cloned_group_is_not_cloned_again(shell: Shell) -> None:
    shell.must(*MADE, "resource group add g a b", "resource clone g")
    assert "a is already a clone" in shell("resource clone a").err
    assert "group that has already been cloned" in shell("resource clone g").err


def test_what_runs_everywhere_has_no_place_to_move_from(shell: Shell) -> None:
    shell.must(*MADE, "resource group add g a b", "resource clone g")
    shell.must("resource create p ocf:test:Stateful promotable")
    for id in ("a", "g", "g-clone"):
        assert "cannot move cloned" in shell(f"resource move-with-constraint {id} n1").err
    shell.must("resource move-with-constraint p-clone n1")


def test_an_option_that_no_container_has_cannot_be_forced_into_the_document(shell: Shell) -> None:
    assert shell("resource bundle create bu container docker image=x bad=1 --force").status == 1
    assert shell.ids("bundle") == []


def test_text_shows_primitives_then_groups_then_clones(shell: Shell) -> None:
    shell.must(MADE[0], "resource clone a", MADE[1], "resource group add g b")
    shell.must("resource create c ocf:test:Service path=/c")
    shown = shell("resource config").out
    assert shown.index("Resource: c") < shown.index("Group: g") < shown.index("Clone: a-clone")


def test_levels_are_told_as_json_and_as_the_commands_that_make_them(shell: Shell) -> None:
    device = "stonith create f fence_test ip=1 pcmk_host_list=n1"
    again = ["stonith level add 1 n1 f", "stonith level add 2 regexp%n.* f",
             "stonith level add 3 attrib%rack=1 f id=mine"]  # fmt: skip
    shell.must(device, *again)
    told = shell("stonith level config --output-format json").json
    assert told == {
        "target_node": [{"target": "n1", "id": "fl-n1-1", "index": 1, "devices": ["f"]}],
        "target_regex": [
            {"target_pattern": "n.*", "id": "fl-n.-2", "index": 2, "devices": ["f"]}
        ],
        "target_attribute": [
            {"target_attribute": "rack", "target_value": "1", "id": "mine", "index": 3,
             "devices": ["f"]}
        ],
    }  # fmt: skip
    before = shell.ids("fencing-level")
    commands = shell("stonith level config --output-format cmd").out.replace("'", "").split(";")
    shell.must("stonith level clear", *(line.strip().removeprefix("pcs ") for line in commands))
    assert shell.ids("fencing-level") == before


def test_attributes_of_nodes_are_told_as_json_and_as_commands(shell: Shell) -> None:
    shell.must("node attribute n1 rack=1 zone=x")
    told = shell("node attribute --output-format json").json["nodes"]
    assert [node["uname"] for node in told] == ["n1", "n2"]
    pairs = told[0]["instance_attributes"][0]["nvpairs"]
    assert [(pair["name"], pair["value"]) for pair in pairs] == [("rack", "1"), ("zone", "x")]
    assert told[1]["instance_attributes"] == []
    shown = shell("node attribute n1 --output-format cmd").out
    assert shown.strip() == "pcs -- node attribute n1 rack=1 zone=x"
    assert shell("node attribute --output-format xml").status == 1
