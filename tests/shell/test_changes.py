"""Changes as transactions: foreseen, recorded, undone, redone, and made on copies first."""

from __future__ import annotations

import pytest

from tests.shell.commands.conftest import shell
from tests.shell.support import Shell

__all__ = ["shell"]
CREATE = "resource create a ocf:test:Service path=/a"

RUNNING = b"""<cib crm_feature_set="3.16.1" validate-with="pacemaker-3.9" epoch="1" num_updates="0"
 admin_epoch="0" have-quorum="1" dc-uuid="1"><configuration><crm_config>
 <cluster_property_set id="cib-bootstrap-options"><nvpair id="s" name="stonith-enabled"
 value="false"/></cluster_property_set></crm_config><nodes><node id="1" uname="n1"/></nodes>
 <resources/><constraints/></configuration><status><node_state id="1" uname="n1" in_ccm="true"
 crmd="online" join="member" expected="member"><lrm id="1"><lrm_resources/></lrm></node_state>
 </status></cib>"""


def test_a_dry_run_shows_the_difference_and_changes_nothing(shell: Shell) -> None:
    before = shell.path.read_bytes()
    ran = shell(f"{CREATE} --dry-run")
    assert ran.status == 0
    assert "+ primitive a ocf:test:Service" in ran.out
    assert "<" not in ran.out
    assert shell.path.read_bytes() == before


def test_a_dry_run_tells_what_the_cluster_would_do(shell: Shell) -> None:
    shell.path.write_bytes(RUNNING)
    told = shell(f"{CREATE} --dry-run --json").json
    assert told["plan"] == [{"do": "start", "resource": "a", "details": "n1", "because": ""}]
    assert told["diff"]["before"] == ""
    assert told["changed"] is True


DONE = b"""<lrm_resource id="%s" class="ocf" provider="test" type="Stateful"><lrm_rsc_op
 id="%s_last_0" operation_key="%s_start_0" operation="start" transition-key="1:1:0:x"
 transition-magic="0:0;1:1:0:x" call-id="9" rc-code="0" op-status="0" interval="0"
 on_node="n1"/></lrm_resource>"""


def test_safely_nothing_is_disabled_that_others_need(shell: Shell) -> None:
    done = b"".join(DONE.replace(b"%s", name) for name in (b"a", b"b"))
    shell.path.write_bytes(
        RUNNING.replace(b"<lrm_resources/>", b"<lrm_resources>%s</lrm_resources>" % done)
    )
    shell.must(
        "resource create a ocf:test:Stateful",
        "resource create b ocf:test:Stateful",
        "constraint colocation add b with a",
    )
    before = shell.path.read_bytes()
    ran = shell("resource disable a --simulate")
    assert (ran.status, ran.out) == (0, "stop a (n1) due to node availability\n"
                                        "stop b (n1) due to node availability\n"), ran  # fmt: skip
    for line in ("resource disable a --safe", "resource safe-disable a", "resource disable a "
                 "--no-strict"):  # fmt: skip
        ran = shell(line)
        assert ran.status == 1
        assert "effect on other resources: stop b (n1)" in ran.err
        assert shell.path.read_bytes() == before
    shell.must("resource disable b --safe", "resource disable a b --safe")


def test_maintenance_is_of_the_cluster_a_node_or_a_resource(shell: Shell) -> None:
    shell.must(CREATE, "maintenance on", "maintenance on --node n1", "maintenance on --resource a")
    assert shell("maintenance --json").json["data"] == ["the cluster", "node n1", "resource a"]
    ran = shell("maintenance off")
    assert ran.err.count("Still in maintenance: ") == 2
    shell.must("maintenance off --node n1 --resource a")
    assert shell("maintenance").out == "Nothing is in maintenance.\n"
    assert "nothing watches over a file" in shell("maintenance on --for 2h").err


@pytest.mark.parametrize(("line", "status"), [(CREATE, 2), ("property set batch-limit=3", 0)])
def test_a_dry_run_tells_by_its_status_whether_anything_would_change(
    shell: Shell, line: str, status: int
) -> None:
    shell.must("property set batch-limit=3")
    assert shell(f"{line} --dry-run --exit-code").status == status


def test_a_secret_is_not_shown_and_its_change_is(shell: Shell) -> None:
    shell.must("stonith create f fence_test ip=192.0.2.1 passwd=one --force")
    ran = shell("stonith update f passwd=two --force --dry-run")
    assert "passwd" in ran.out
    assert "two" not in ran.out


def test_undo_brings_the_document_back_and_redo_the_change(shell: Shell) -> None:
    start = shell.cib
    shell.must(CREATE)
    made = shell.cib
    shell.must("undo")
    assert shell.cib.with_version(start.version) == start
    shell.must("redo")
    assert shell.cib.with_version(made.version) == made


def test_undoing_an_older_change_keeps_later_ones(shell: Shell) -> None:
    shell.must(CREATE, "resource create b ocf:test:Service path=/b", "undo 2")
    assert shell.ids("primitive") == ["b"]


def test_what_was_changed_since_is_not_undone(shell: Shell) -> None:
    shell.must("property set batch-limit=3", "property set batch-limit=4")
    ran = shell("undo 2")
    assert ran.status == 3
    assert "cib-bootstrap-options" in ran.err


def test_the_history_tells_command_and_effect(shell: Shell) -> None:
    shell.must(CREATE, "property set batch-limit=3")
    told = shell("history --json").json["data"]
    assert [record["id"] for record in told] == ["0.3", "0.2"]
    assert told[0]["command"].endswith("property set batch-limit=3")
    assert "+ primitive a" in shell("history 2").out


def test_diff_compares_states(shell: Shell) -> None:
    shell.must(CREATE, "property set batch-limit=3")
    assert "batch-limit=3" in shell("diff").out
    assert "primitive" not in shell("diff 2").out
    assert shell("diff 2 --exit-code").status == 2
    assert shell("diff 3 --exit-code").status == 0


def test_a_copy_is_changed_in_peace_and_committed_as_one(shell: Shell) -> None:
    shell.must("cib new plan")
    assert shell.bare("-c", "plan", *CREATE.split()).status == 0
    assert shell.bare("--shadow", "plan", "property", "set", "batch-limit=3").status == 0
    shell.must("node standby n1")
    assert shell.ids("primitive") == []
    epoch = shell.cib.version.epoch
    shell.must("cib commit plan")
    assert shell.ids("primitive") == ["a"]
    assert shell.at("nodes-1-standby")["value"] == "on"
    assert shell.cib.version.epoch == epoch + 1


def test_a_copy_that_touches_what_others_changed_is_a_conflict(shell: Shell) -> None:
    shell.must("property set batch-limit=1", "cib new plan")
    shell.bare("-c", "plan", "property", "set", "batch-limit=2")
    shell.must("property set batch-limit=3")
    before = shell.path.read_bytes()
    assert shell("cib commit plan").status == 3
    assert shell.path.read_bytes() == before


def test_copies_are_listed_reset_and_deleted(shell: Shell) -> None:
    shell.must("cib new one")
    shell.bare("-c", "one", "property", "set", "batch-limit=2")
    listed = shell("cib list --json").json["data"]
    assert listed == [{"name": "one", "in_use": False, "changed": True}]
    assert "batch-limit=2" in shell("cib diff one").out
    shell.must("cib reset one")
    assert shell("cib diff one").out == ""
    shell.must("cib delete one")
    assert shell("cib list").out == ""
    assert shell("cib diff one").status == 1


def test_a_copy_in_use_holds_for_the_commands_of_the_same_terminal(shell: Shell) -> None:
    shell.must("cib new plan", "cib use plan")
    assert shell.bare(*CREATE.split()).status == 0
    assert shell.ids("primitive") == []
    assert "+ primitive a" in shell("cib diff").out
    shell.must("cib use live")
    assert shell.bare("resource", "config").status == 5


def test_a_file_waits_for_no_confirmation(shell: Shell) -> None:
    assert shell(f"--confirmed 5m {CREATE}").status == 1
    assert shell.ids("primitive") == []
