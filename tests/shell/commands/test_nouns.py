"""Properties, nodes, fence devices, access, alerts and tags by commands."""

from __future__ import annotations

import pytest

from tests.shell.support import Shell

DEVICE = "stonith create f fence_test ip=192.0.2.1"


def test_an_unknown_property_is_refused_and_can_be_forced(shell: Shell) -> None:
    assert shell("property set no-such-property=1").status == 1
    assert shell("property set no-such-property=1 --force").status == 0


def test_a_property_of_the_wrong_kind_is_refused(shell: Shell) -> None:
    assert "'maybe' is not a valid maintenance-mode value" in (
        shell("property set maintenance-mode=maybe").err
    )


def test_removing_a_property_that_is_not_set_is_refused_but_not_when_idempotent(
    shell: Shell,
) -> None:
    assert shell("property unset batch-limit").status == 1
    assert shell("property unset batch-limit --idempotent").status == 0


def test_standby_is_an_attribute_that_unstandby_removes(shell: Shell) -> None:
    shell.must("node standby n1", "node maintenance --all")
    assert shell.at("nodes-1-standby")["value"] == "on"
    shell.must("node unstandby n1", "node unmaintenance --all")
    assert shell.ids("nvpair") == []


def test_all_nodes_that_do_not_exist_are_told_at_once(shell: Shell) -> None:
    ran = shell("node standby n8 n1 n9")
    assert ("n8" in ran.err, "n9" in ran.err) == (True, True)
    assert shell.ids("nvpair") == []


def test_a_capacity_is_a_whole_number(shell: Shell) -> None:
    assert "must be integer: 'cpu=many'" in shell("node utilization n1 cpu=many").err


def test_removing_an_attribute_that_is_not_there_has_the_status_2_of_pcs(shell: Shell) -> None:
    assert shell("node attribute n1 a=").status == 2


def test_a_fence_device_has_a_monitor_and_no_other_operation(shell: Shell) -> None:
    shell.must(DEVICE)
    assert shell.ids("op") == ["f-monitor-interval-60s"]


def test_deleting_a_device_deletes_its_levels(shell: Shell) -> None:
    shell.must(DEVICE, "stonith level add 1 n1 f", "stonith delete f")
    assert shell.ids("fencing-level") == []


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("stonith level add 0 n1 f", "use a positive integer"),
        ("stonith level add 1 n9 f", "Node 'n9' does not appear to exist"),
        ("stonith level add 1 n1 g", "'g' do not exist"),
        ("stonith level delete 3", "does not exist"),
        ("stonith create g stonith:fence_test ip=1", "cannot contain the ':' character"),
    ],
)
def test_a_bad_level_or_device_is_refused(shell: Shell, line: str, text: str) -> None:
    shell.must(DEVICE)
    ran = shell(line)
    assert (ran.status, text in ran.err) == (1, True)


def test_levels_are_shown_by_target(shell: Shell) -> None:
    shell.must(DEVICE, "stonith level add 2 n1 f", "stonith level add 1 regexp%n.* f")
    assert shell("stonith level").out == (
        "Target: n1\n  Level 2 - f\nTarget (regexp): n.*\n  Level 1 - f\n"
    )


def test_a_role_goes_from_its_users_when_it_is_deleted(shell: Shell) -> None:
    shell.must("acl role create r read xpath /cib", "acl user create u r", "acl role delete r")
    assert shell.ids("acl_target") == ["u"]
    assert shell.ids("role") == []


def test_a_permission_on_nothing_is_refused(shell: Shell) -> None:
    assert "id 'nothing' does not exist" in shell("acl role create r write id nothing").err


def test_a_recipient_is_told_only_once(shell: Shell) -> None:
    shell.must("alert create path=/a id=al", "alert recipient add al value=v")
    assert "already exists" in shell("alert recipient add al value=v").err


def test_a_tag_of_a_tag_is_refused(shell: Shell) -> None:
    shell.must(DEVICE, "tag create t f")
    assert shell("tag create u t").status == 1


def test_a_set_of_defaults_has_its_rule_before_its_values(shell: Shell) -> None:
    shell.must("resource defaults set create id=d meta a=1 rule resource ::Service")
    found = next(shell.cib.tree.iter("rsc_defaults"))
    assert [child.tag for child in found[0]] == ["rule", "nvpair"]


def test_with_several_sets_update_asks_which(shell: Shell) -> None:
    shell.must("resource defaults set create meta a=1", "resource defaults set create meta b=1")
    assert "Several options sets exist" in shell("resource defaults update c=1").err
