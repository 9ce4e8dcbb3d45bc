"""Resources by commands: what lands in the document, and what is refused."""

from __future__ import annotations

import json

from tests.shell.support import Shell

SERVICE = "resource create web ocf:test:Service path=/srv"


def test_a_new_resource_gets_the_operations_that_its_agent_advises(shell: Shell) -> None:
    shell.must(SERVICE)
    assert shell.ids("op") == [
        "web-monitor-interval-15s", "web-start-interval-0s", "web-stop-interval-0s",
    ]  # fmt: skip
    assert shell.at("web-stop-interval-0s")["timeout"] == "40s"


def test_a_given_operation_replaces_the_advised_one_of_its_name(shell: Shell) -> None:
    shell.must(f"{SERVICE} op monitor interval=5s OCF_CHECK_LEVEL=20")
    assert [id for id in shell.ids("op") if "monitor" in id] == ["web-monitor-interval-5s"]
    assert "web-monitor-interval-5s-instance_attributes-OCF_CHECK_LEVEL" in shell.ids("nvpair")


def test_advised_monitors_of_one_interval_are_moved_apart(shell: Shell) -> None:
    shell.must("resource create st ocf:test:Stateful")
    monitors = [id for id in shell.ids("op") if "monitor" in id]
    assert monitors == ["st-monitor-interval-10s", "st-monitor-interval-11"]


def test_a_missing_required_parameter_is_named_and_can_be_forced(shell: Shell) -> None:
    ran = shell("resource create web ocf:test:Service")
    assert ran.status == 1
    assert "required resource option 'path' is missing, use --force to override" in ran.err
    assert shell("resource create web ocf:test:Service --force").status == 0


def test_every_fault_is_told_at_once(shell: Shell) -> None:
    ran = shell("resource create web ocf:test:Service colour=red op monitor role=Boss")
    assert "'colour'" in ran.err
    assert "'path'" in ran.err
    assert "'Boss'" in ran.err


def test_a_value_that_must_be_unique_is_refused_a_second_time(shell: Shell) -> None:
    shell.must(SERVICE)
    ran = shell("resource create web2 ocf:test:Service path=/srv")
    assert ran.status == 1
    assert "not unique" in ran.err
    assert "'web'" in ran.err


def test_what_exists_already_is_refused_and_nothing_changes(shell: Shell) -> None:
    shell.must(SERVICE)
    before = shell.path.read_bytes()
    ran = shell(SERVICE)
    assert (ran.status, "'web' already exists" in ran.err) == (1, True)
    assert shell.path.read_bytes() == before


def test_an_unknown_agent_is_refused_unless_forced(shell: Shell) -> None:
    assert "is not installed" in shell("resource create x ocf:test:Nothing").err
    assert shell("resource create x ocf:test:Nothing --force").status == 0
    assert shell.ids("op") == ["x-monitor-interval-60s"]


def test_options_may_stand_anywhere(shell: Shell) -> None:
    shell.must("resource --group g create web ocf:test:Service path=/srv --disabled")
    assert shell.ids("group") == ["g"]
    assert shell.at("web-meta_attributes-target-role")["value"] == "Stopped"


def test_after_two_dashes_everything_is_a_word(shell: Shell) -> None:
    ran = shell.bare(
        "--force", "-f", str(shell.path), "--", "resource", "create", "x", "ocf:test:Service",
        "path=--force",
    )  # fmt: skip
    assert ran.status == 0
    assert shell.at("x-instance_attributes-path")["value"] == "--force"


def test_only_an_agent_that_promotes_can_be_promotable(shell: Shell) -> None:
    ran = shell(f"{SERVICE} promotable")  # an agent of OCF 1.0 may not tell that it promotes
    assert (ran.status, "not compatible" in ran.err) == (0, True)
    assert shell("resource create n ocf:test:Newer promotable").status == 1
    shell.must("resource create st ocf:test:Stateful promotable promoted-max=1")
    assert shell.at("st-clone-meta_attributes-promotable")["value"] == "true"


def test_deleting_takes_constraints_groups_and_sets_along(shell: Shell) -> None:
    shell.must(
        f"{SERVICE} --group g",
        "resource create other ocf:test:Stateful",
        "constraint location g prefers n1",
        "constraint order set web other",
        "constraint colocation add other with web",
    )
    ran = shell("resource delete web")
    assert "Deleting Resource - web" in ran.err
    assert shell.ids("group") == shell.ids("rsc_location") == shell.ids("rsc_colocation") == []
    assert shell.ids("resource_ref") == ["other"]


def test_a_resource_in_a_tag_is_not_deleted(shell: Shell) -> None:
    shell.must(SERVICE, "tag create t web")
    ran = shell("resource delete web")
    assert (ran.status, "referenced in the tag: 't'" in ran.err) == (1, True)


def test_disabling_a_clone_is_undone_by_enabling_its_member(shell: Shell) -> None:
    shell.must(f"{SERVICE} clone", "resource disable web-clone", "resource enable web")
    assert shell.ids("nvpair") == ["web-instance_attributes-path"]


def test_managing_says_when_no_monitor_is_enabled(shell: Shell) -> None:
    shell.must(SERVICE, "resource unmanage web --monitor")
    assert "no enabled monitor operations" in shell("resource manage web").err


def test_the_last_member_dissolves_a_group_only_when_nothing_refers_to_it(shell: Shell) -> None:
    shell.must(f"{SERVICE} --group g", "constraint location g prefers n1")
    ran = shell("resource group add h web")
    assert (ran.status, "g" in ran.err) == (1, True)
    shell.must("constraint delete location-g-n1-INFINITY", "resource group add h web")
    assert shell.ids("group") == ["h"]


def test_updating_with_an_empty_value_removes_and_keeps_the_rest(shell: Shell) -> None:
    shell.must(f"{SERVICE} level=4", "resource update web level= op monitor timeout=9s")
    assert shell.ids("nvpair") == ["web-instance_attributes-path"]
    assert shell.at("web-monitor-interval-60s") == {
        "name": "monitor", "interval": "60s", "timeout": "9s",
    }  # fmt: skip


def test_a_required_parameter_cannot_be_removed(shell: Shell) -> None:
    shell.must(SERVICE)
    assert "'path' is missing" in shell("resource update web path=").err


def test_an_operation_of_the_same_interval_is_refused(shell: Shell) -> None:
    shell.must(SERVICE)
    ran = shell("resource op add web monitor interval=15")
    assert (ran.status, "already specified for web" in ran.err) == (1, True)


def test_ban_and_clear_leave_nothing_behind(shell: Shell) -> None:
    shell.must(SERVICE, "resource ban web n1")
    assert shell.at("cli-ban-web-on-n1")["score"] == "-INFINITY"
    shell.must("resource clear web")
    assert shell.ids("rsc_location") == []


def test_a_dry_run_tells_of_a_change_and_makes_none(shell: Shell) -> None:
    before = shell.path.read_bytes()
    ran = shell(f"{SERVICE} --dry-run --json")
    assert ran.json["changed"] is True
    assert shell.path.read_bytes() == before


def test_the_json_of_a_refusal_carries_every_finding(shell: Shell) -> None:
    ran = shell("resource create web ocf:test:Service colour=red --json")
    findings = ran.json["error"]["facts"]["findings"]
    assert ran.status == 1
    assert [f["code"] for f in findings] == ["parameter-unknown", "parameter-missing"]


def test_a_bundle_takes_one_resource_that_it_can_reach(shell: Shell) -> None:
    shell.must("resource bundle create b container podman image=i")
    assert "not be accessible" in shell(f"{SERVICE} bundle b").err
    shell.must("resource bundle update b network control-port=3121", f"{SERVICE} bundle b")
    assert "already contains" in shell("resource create y ocf:test:Stateful bundle b").err


def test_commands_that_config_prints_make_the_same_resources_again(shell: Shell) -> None:
    shell.must(
        f"{SERVICE} op monitor interval=5s OCF_CHECK_LEVEL=10 meta priority=2 --group g",
        "resource create st ocf:test:Stateful promotable promoted-max=1",
        "resource utilization web cpu=3",
        "resource bundle create b container docker image=i port-map port=80",
    )
    wanted = json.loads(shell("resource config --output-format=json").out)
    printed = shell("resource config --output-format=cmd").out.replace("\\\n", " ")
    shell.path.write_bytes(_empty())
    for line in printed.split(";\n"):
        shell.must(line.removeprefix("pcs ").strip())
    assert json.loads(shell("resource config --output-format=json").out).keys() == wanted.keys()
    for kind, objects in wanted.items():
        again = json.loads(shell("resource config --output-format=json").out)[kind]
        assert sorted(map(str, again)) == sorted(map(str, objects))


def _empty() -> bytes:
    from tests.shell.support import EMPTY

    return EMPTY
