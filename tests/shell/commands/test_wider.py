"""Laws of what pcs and crm have beside resources: recipes, booth, reports, backups."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest
from lxml import etree

from pcsx.cib.document import Cib
from pcsx.shell.recipes import RECIPES
from tests.shell.support import Shell

FILLED = {
    "id": "x", "ip": "192.0.2.7", "device": "/dev/sdb1", "directory": "/srv", "resource": "r0",
    "unit": "postgresql", "nodes": "n1,n2", "vg": "shared", "lv": "data", "config": "/etc/x.xml",
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_a_recipe_s_page_is_read_and_makes_what_it_names(shell: Shell, name: str) -> None:
    values = [f"{v.name}={FILLED[v.name]}" for v in RECIPES[name].values if v.default is None]
    shell.must(f"recipe run {name} {' '.join(values)} --force")
    assert shell("configure show x").status == 0
    again = shell(f"recipe run {name} {' '.join(values)} --force")
    assert again.status == 1 and "already there" in again.err


def test_a_recipe_tells_all_that_is_wrong_with_its_values(shell: Shell) -> None:
    ran = shell("recipe run web ipp=1 configfile=$(x)")
    assert ran.status == 1
    assert all(word in ran.err for word in ("needs id", "needs ip", "takes no ipp", "$(x)"))
    assert "Did you mean: web?" in shell("recipe show wep").err


def test_a_planned_recipe_changes_nothing(shell: Shell) -> None:
    before = shell.path.read_bytes()
    assert "primitive" in shell("recipe run virtual-ip id=a ip=192.0.2.1 --plan --force").out
    assert shell.path.read_bytes() == before


def test_booth_s_files_hold_what_was_said_and_refuse_what_cannot_be(
    shell: Shell, tmp_path: Path
) -> None:
    conf, key = tmp_path / "b.conf", tmp_path / "b.key"
    files = f"--booth-conf={conf} --booth-key={key}"

    def booth(words: str) -> int:
        return shell.bare("booth", *words.split(), *files.split()).status

    assert booth("setup sites 192.0.2.1 192.0.2.2") == 1  # an even number of peers
    assert booth("setup sites 192.0.2.1 192.0.2.2 arbitrators 192.0.2.3") == 0
    assert (key.stat().st_mode & 0o777, key.stat().st_size) == (0o600, 64)
    assert booth("setup sites 192.0.2.1 192.0.2.2 arbitrators 192.0.2.3") == 1
    assert booth("ticket add T1 expire=100 timeout=5") == 0
    assert (booth("ticket add T1"), booth("ticket add T2 foo=1"), booth("ticket add a_b")) == (
        1, 1, 1,
    )  # fmt: skip
    assert conf.read_text() == (
        f"authfile = {key}\nsite = 192.0.2.1\nsite = 192.0.2.2\narbitrator = 192.0.2.3\n"
        'ticket = "T1"\n  expire = 100\n  timeout = 5\n'
    )
    assert (booth("ticket remove T9"), booth("ticket remove T1")) == (1, 0)
    assert "T1" not in conf.read_text()
    conf.write_text("site 192.0.2.1\n")
    assert "line 1" in shell.bare("booth", "config", *files.split()).err
    assert (booth("destroy"), conf.exists(), key.exists()) == (0, False, False)


def test_a_report_has_no_secret_and_names_what_it_lacks(shell: Shell, tmp_path: Path) -> None:
    shell.must("stonith create f fence_test ip=192.0.2.1 password=hunter2hunter2 --force")
    told = shell("report", str(tmp_path / "r"), "--json").json
    with tarfile.open(tmp_path / "r.tar.gz") as tar:
        texts = {m.name: tar.extractfile(m).read() for m in tar if m.isfile()}  # type: ignore[union-attr]
    assert told["ok"] and {"r/configuration.xml", "r/changes.txt", "r/README.txt"} <= set(texts)
    assert not any(b"hunter2" in text for text in texts.values())
    assert b"fence_test" in texts["r/configuration.crm"]
    assert shell("report", str(tmp_path / "r")).status == 1  # nothing is written over


def test_a_backup_comes_back_as_one_change(shell: Shell, tmp_path: Path) -> None:
    shell.must("resource create a ocf:test:Service path=/srv")
    digest = _configuration(shell)
    shell.must(f"config backup {tmp_path}/b", "resource delete a")
    shell.must(f"config restore {tmp_path}/b.tar.bz2")
    assert _configuration(shell) == digest
    shell.must("undo")
    assert shell("resource config a").status == 1
    assert shell(f"config restore {shell.path}").status == 1


def _configuration(shell: Shell) -> bytes:
    found = Cib.from_bytes(shell.path.read_bytes()).tree.find("configuration")
    return etree.tostring(found, method="c14n")


def test_elements_are_described_and_what_has_no_description_says_so(shell: Shell) -> None:
    shell.must("resource create a ocf:test:Service path=/srv")
    shell("resource", "description", "a", "the shop")
    assert shell("resource description a").out == "the shop\n"
    assert shell("cib element description a").out == "the shop\n"
    shell("cib", "element", "description", "a", "")
    assert "description" not in shell.path.read_text()
    assert "has no description" in shell("cib element description a-instance_attributes").err
    assert shell("resource description nobody").status == 1


def test_only_what_is_promotable_is_promoted_and_demoted(shell: Shell) -> None:
    shell.must("resource create p ocf:test:Stateful promotable", "resource demote p")
    assert 'value="Unpromoted"' in shell.path.read_text()
    shell.must("resource promote p-clone", "resource create a ocf:test:Service path=/srv")
    assert 'value="Promoted"' in shell.path.read_text()
    assert shell("resource promote a").status == 1


def test_the_disks_of_a_device_of_reservations_are_set_added_and_taken_away(shell: Shell) -> None:
    shell.must("stonith create s fence_scsi devices=/dev/a --force")
    shell.must("stonith update-scsi-devices s add /dev/b /dev/c delete /dev/a")
    assert "/dev/b,/dev/c" in shell.path.read_text()
    assert shell("stonith update-scsi-devices s delete /dev/z").status == 1
    assert shell("stonith update-scsi-devices s set /dev/x add /dev/y").status == 1
    shell.must("stonith create f fence_test ip=192.0.2.1")
    assert "not a device of fence_scsi" in shell("stonith update-scsi-devices f set /dev/x").err


def test_a_note_on_the_other_site_is_kept_and_shown(shell: Shell, tmp_path: Path) -> None:
    path = f"--dr-conf={tmp_path / 'dr.json'}"
    assert shell(f"dr config {path}").status == 1
    shell.must(f"dr set-recovery-site far1 far2 {path}")
    assert shell(f"dr config {path}").out.endswith("    far1\n    far2\n")
    (tmp_path / "dr.json").write_text("[1]")
    assert shell(f"dr config {path}").status == 1
    shell.must(f"dr destroy {path}")


def test_the_state_as_xml_is_whole_and_names_resources_and_tickets(shell: Shell) -> None:
    shell.must(
        "resource create a ocf:test:Service path=/srv",
        "resource create p ocf:test:Stateful promotable",
        "ticket grant T --force",
    )
    tree = etree.fromstring(shell("status xml").out.encode())
    assert [e.get("id") for e in tree.iter("resource")][:1] == ["a"]
    assert tree.find("resources/clone").get("multi_state") == "true"
    assert tree.find("tickets/ticket").get("status") == "granted"


def test_a_file_s_leftover_node_is_cleared_and_a_remote_node_is_not(shell: Shell) -> None:
    shell.must("cluster node clear n2")
    assert 'uname="n2"' not in shell.path.read_text()
    assert shell("cluster node clear n2 --json").json["changed"] is False
    shell.must("cluster node add-remote r1 192.0.2.9 --force")
    assert shell("cluster node clear r1").status == 1


def test_relocation_shows_what_only_stickiness_holds(shell: Shell) -> None:
    assert "Everything runs where" in shell("resource relocate show").out
    assert json.loads(shell("resource relocate dry-run --json").out)["data"] == []
    assert shell("resource relocate run nobody").status == 1


def test_defaults_that_do_not_hold_yet_say_so_unless_nobody_is_to_look(shell: Shell) -> None:
    shell.must(
        "resource defaults set create id=late meta priority=3 rule date gt 2090-01-01",
        "resource defaults set create id=old meta priority=3 rule date lt 2020-01-01",
    )
    told = shell("resource defaults").out
    assert "Meta Attrs (not yet in effect): late" in told and "old" not in told
    told = shell("resource defaults --no-expire-check").out
    assert "Meta Attrs: late" in told and "Meta Attrs: old" in told


def test_constraints_on_what_becomes_a_clone_are_on_the_clone(shell: Shell) -> None:
    shell.must(
        "resource create a ocf:test:Service path=/a",
        "resource create b ocf:test:Service path=/b",
        "constraint order a then b",
        "constraint location a prefers n1",
        "resource clone a",
    )
    named = {e.get("first") or e.get("rsc") for e in shell.cib.tree.iterfind(".//constraints/*")}
    assert named == {"a-clone"}


def test_a_move_for_a_time_has_the_fields_ids(shell: Shell) -> None:
    shell.must(
        "resource create a ocf:test:Service path=/a",
        "resource move-with-constraint a n1 lifetime=PT1H",
    )
    made = shell.cib.tree.find(".//constraints/rsc_location")
    assert made is not None
    assert [e.get("id") for e in made.iter()] == [
        "cli-prefer-a", "cli-prefer-rule-a", "cli-prefer-expr-a", "cli-prefer-lifetime-end-a",
    ]  # fmt: skip


def test_on_a_file_no_agent_judges_parameters(shell: Shell) -> None:
    ran = shell("resource create a ocf:test:Service path=/a --agent-validation")
    assert ran.status == 1 and "runs the agent on a node" in ran.err and not shell.ids("primitive")


def test_a_fence_agents_description_has_what_every_device_takes(shell: Shell) -> None:
    told = shell("stonith describe fence_test").out
    assert "Stonith options:\n  ip (required)" in told and "\n  pcmk_host_list: " in told
    assert "pcmk_off_timeout" not in told
    assert "pcmk_off_timeout" in shell("stonith describe fence_test --full").out


def test_advised_timeouts_are_for_what_the_cluster_asks_of_the_resource(
    shell: Shell, tmp_path: Path
) -> None:
    text = tmp_path / "s.crm"
    text.write_text(
        "primitive s ocf:test:Stateful op monitor interval=9 role=Master\n"
        "primitive t ocf:test:Stateful op promote interval=0 timeout=7\n"
        "clone c s meta promotable=true\n"
        "primitive p ocf:test:Service path=/srv op monitor interval=5 role=Stopped\n"
    )
    shell.must(f"configure load update {text}", "configure default-timeouts s p t")
    shown = {
        line.split()[1]: line
        for line in shell("configure show").out.replace(" \\\n\t", " ").splitlines()
    }
    assert "op promote interval=0 timeout=30s" in shown["s"] and "op demote" not in shown["s"]
    assert "op promote interval=0 timeout=7" in shown["t"]
    assert "op monitor interval=5 role=Stopped op start interval=0 timeout=30s" in shown["p"]
    assert "op stop interval=0 timeout=40s" in shown["p"]


def test_a_bundle_shows_its_software_and_the_older_word_for_promoted_copies(shell: Shell) -> None:
    shell.must(
        "resource bundle create b container rkt image=x:1 masters=2 port-map range=80 --force"
    )
    assert "Rkt: image=x:1 promoted-max=2" in shell("resource config").out
    assert "container rkt" in shell("resource config --output-format=cmd").out
    told = shell("resource config --output-format=json").json["bundles"][0]
    assert told["container_type"] == "rkt"
    assert told["container_options"]["promoted_max"] == 2
