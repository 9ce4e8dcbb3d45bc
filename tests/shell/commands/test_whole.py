"""The whole configuration by commands: applied, saved, loaded, converted, drawn, gone back to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.shell.support import Shell

FILE = """primitive a ocf:test:Service params path=/a
primitive b ocf:test:Service params path=/b
group g a b
primitive c ocf:test:Service params path=/c
order o c g
property batch-limit=7
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "web.crm"
    path.write_text(FILE)
    return path


def test_a_plan_changes_nothing_and_tells_by_its_status(shell: Shell, file: Path) -> None:
    before = shell.path.read_bytes()
    ran = shell(f"apply {file} --plan")
    assert (ran.status, shell.path.read_bytes()) == (2, before)
    assert "+ group g a b" in ran.out
    shell.must(f"apply {file}")
    assert shell(f"apply {file} --plan").status == 0


def test_what_the_file_does_not_name_stays(shell: Shell, file: Path) -> None:
    shell.must("resource create own ocf:test:Service path=/own", f"apply {file}")
    file.write_text(FILE.replace("group g a b", "group g a").replace("primitive b", "primitive d"))
    shell.must(f"apply {file}")
    assert sorted(shell.ids("primitive")) == ["a", "b", "c", "d", "own"]


def test_only_what_an_earlier_apply_made_is_pruned(shell: Shell, file: Path) -> None:
    shell.must("resource create own ocf:test:Service path=/own", f"apply {file}")
    file.write_text(FILE.replace("primitive c", "# ").replace("order", "# "))
    shell.must(f"apply {file} --prune")
    assert sorted(shell.ids("primitive")) == ["a", "b", "own"]
    assert shell.ids("rsc_order") == []
    assert shell(f"apply {file} --prune --plan").status == 0


@pytest.mark.parametrize("form", ["crm", "xml", "json"])
def test_what_is_saved_loads_into_the_same_configuration(
    shell: Shell, file: Path, form: str
) -> None:
    shell.must(f"apply {file}")
    made = shell.cib
    saved = file.with_name(f"saved.{form}")
    shell.must(f"config save {saved} --format {form}", "resource delete c")
    shell.must(f"config load --replace {saved}")
    assert shell.cib.with_version(made.version) == made
    assert saved.stat().st_mode & 0o077 == 0


def test_languages_convert_into_each_other(shell: Shell, file: Path) -> None:
    as_json = file.with_suffix(".json")
    as_json.write_text(shell(f"config convert {file} --format json").out)
    assert json.loads(as_json.read_text())["schema"] == "pcsx-config/1"
    back = shell(f"config convert {as_json} --format crm").out
    assert "group g a b" in back
    assert "order o c:start g:start" in back or "order o c g" in back


def test_commands_are_written_and_what_they_cannot_say_is_told(shell: Shell, file: Path) -> None:
    shell.must(f"apply {file}", "alert create path=/x")
    ran = shell("config save - --format cmd")
    assert "pcs property set batch-limit=7" in ran.out
    assert "left out: alerts" in ran.err


@pytest.mark.parametrize("text", ["{", '{"schema": 1}', '{"schema": "pcsx-config/1"}', "[]"])
def test_bad_json_is_refused_in_one_sentence(shell: Shell, file: Path, text: str) -> None:
    bad = file.with_suffix(".json")
    bad.write_text(text)
    ran = shell(f"config load --format json {bad}")
    assert ran.status == 1
    assert ran.err.count("\n") == 1


def test_the_picture_has_what_is_ordered_below_what_is_first(shell: Shell, file: Path) -> None:
    shell.must(f"apply {file}", f"config graph {file.with_suffix('.svg')}")
    assert '"c" -> "g"' in shell("config graph").out
    drawn = file.with_suffix(".svg").read_text()
    assert drawn.startswith("<svg")
    assert shell("config graph x.png").status == 1


def test_a_checkpoint_is_shown_and_restored(shell: Shell, file: Path) -> None:
    shell.must(f"apply {file}", "property set batch-limit=9", "resource delete c")
    assert "primitive c" in shell("config checkpoint view 2").out
    shell.must("config checkpoint restore 2")
    assert "c" in shell.ids("primitive")
    assert shell("diff 2 --exit-code").status == 0


def test_a_taken_over_cluster_is_told_part_by_part(shell: Shell, tmp_path: Path) -> None:
    old = tmp_path / "old.xml"
    old.write_text(
        '<cib validate-with="pacemaker-1.2"><configuration><resources><master id="m"><primitive '
        'id="a" class="ocf" provider="test" type="Stateful"/></master></resources>'
        "</configuration></cib>"
    )
    conf = tmp_path / "corosync.conf"
    conf.write_text(
        "totem {\n    cluster_name: web\n    rrp_mode: none\n}\n"
        "nodelist {\n    node {\n        name: n1\n        ring0_addr: 10.0.0.1\n    }\n}\n"
    )
    told = shell(f"cluster import {old} --corosync_conf {conf} --json").json["data"]
    assert told["setup"] == "pcsx cluster setup web n1=10.0.0.1"
    assert {"what": "totem.rrp_mode=none", "verdict": "not supported"}.items() <= next(
        row for row in told["rows"] if row["what"].startswith("totem.rrp")
    ).items()
    assert shell.ids("clone") == ["m"]


def test_a_faulty_document_is_taken_over_by_force_only(shell: Shell, tmp_path: Path) -> None:
    old = tmp_path / "old.xml"
    old.write_text(
        '<cib><configuration><constraints><rsc_location id="l" rsc="x" node="n1" score="1"/>'
        "</constraints></configuration></cib>"
    )
    assert shell(f"cluster import {old}").status == 1
    assert shell.ids("rsc_location") == []
    assert shell(f"cluster import {old} --force").status == 0


def test_what_was_saved_differs_in_nothing(shell: Shell, tmp_path: Path) -> None:
    shell.must("resource create own ocf:test:Service path=/own")
    for form in ("crm", "xml"):
        saved = tmp_path / f"all.{form}"
        shell.must(f"config save {saved} --format {form}")
        ran = shell(f"config diff {saved} --exit-code")
        assert (ran.status, ran.out) == (0, "")
