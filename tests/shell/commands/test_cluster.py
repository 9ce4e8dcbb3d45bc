"""The whole document by commands, and corosync.conf."""

from __future__ import annotations

from pathlib import Path

import pytest

from pcsx.shell import corosync_conf
from tests.shell.support import EMPTY, Shell

NODES = ("n1", "addr=192.0.2.1", "n2", "addr=192.0.2.2")


def _setup(shell: Shell, path: Path, *words: str) -> int:
    return shell.bare(
        "cluster", "setup", "demo", "--no-cluster-uuid", f"--corosync_conf={path}", *NODES, *words
    ).status


def test_setup_writes_a_file_that_reads_back(shell: Shell, tmp_path: Path) -> None:
    path = tmp_path / "corosync.conf"
    assert _setup(shell, path, "totem", "token=5000") == 0
    root = corosync_conf.parse(path.read_text())
    assert [section.name for section in root.inside] == ["totem", "nodelist", "quorum", "logging"]
    assert ("token", "5000") in root.inside[0].keys
    assert ("two_node", "1") in root.inside[2].keys


def test_a_file_that_is_there_is_replaced_only_when_told_so(shell: Shell, tmp_path: Path) -> None:
    path = tmp_path / "corosync.conf"
    path.write_text("mine\n")
    assert _setup(shell, path) == 1
    assert path.read_text() == "mine\n"
    assert _setup(shell, path, "--overwrite") == 0


@pytest.mark.parametrize(
    "words",
    [
        ("totem", "tokn=5"),
        ("n1", "addr=192.0.2.9"),
        ("n3", "addr=192.0.2.1"),
        ("transport", "carrier-pigeon"),
        ("transport", "knet", "crypto", "cipher=aes128", "hash=none"),
        ("transport", "knet", "link", "linknumber=7"),
        ("quorum", "wait_for_all=2"),
        ("totem", "token=}"),
    ],
)
def test_a_bad_setup_is_refused_and_writes_nothing(
    shell: Shell, tmp_path: Path, words: tuple[str, ...]
) -> None:
    path = tmp_path / "corosync.conf"
    assert _setup(shell, path, *words) == 1
    assert not path.exists()


def test_the_difference_of_two_files_is_pushed_onto_what_others_changed(
    shell: Shell, tmp_path: Path
) -> None:
    original, work = tmp_path / "original.xml", tmp_path / "work.xml"
    shell.must(f"cluster cib {original}", f"cluster cib {work}")
    assert shell.bare("-f", str(work), "property", "set", "batch-limit=3").status == 0
    shell.must("node standby n1", f"cluster cib-push {work} diff-against={original}")
    assert shell.ids("nvpair") == ["cib-bootstrap-options-batch-limit", "nodes-1-standby"]


def test_an_outdated_file_is_not_pushed_whole(shell: Shell, tmp_path: Path) -> None:
    work = tmp_path / "work.xml"
    shell.must(f"cluster cib {work}", "node standby n1")
    assert shell(f"cluster cib-push {work}").status == 1
    assert shell(f"cluster cib-push {work} --config").status == 0
    assert shell.ids("nvpair") == []


def test_a_section_is_cut_out(shell: Shell) -> None:
    assert shell("cluster cib scope=nodes").out.startswith("<nodes>\n  <node id=")
    assert shell("cluster cib scope=furniture").status == 1


def test_a_section_that_was_cut_out_is_pushed_alone(shell: Shell, tmp_path: Path) -> None:
    work, whole = tmp_path / "resources.xml", tmp_path / "whole.xml"
    primitive = b'<primitive id="%s" class="ocf" provider="test" type="Stateful"/>'
    held = EMPTY.replace(b"<resources/>", b"<resources><!--mine-->" + primitive % b"a")
    shell.path.write_bytes(held.replace(b"<constraints", b"</resources><constraints"))
    shell.must(f"cluster cib {work} scope=resources", f"cluster cib {whole}")
    assert work.read_bytes().startswith(b"<resources>\n  <!--mine-->\n  <primitive id=")
    work.write_bytes(work.read_bytes().replace(b"</res", primitive % b"b" + b"</res"))
    shell.must("node standby n1", f"cluster cib-push {work} scope=resources")
    assert shell.ids("primitive") == ["a", "b"]
    assert shell.ids("nvpair") == ["nodes-1-standby"]
    assert b"<!--mine-->" in shell.path.read_bytes()
    shell.must(f"cluster cib-push {whole} scope=resources")  # of a document only that section
    assert (shell.ids("primitive"), shell.ids("nvpair")) == (["a"], ["nodes-1-standby"])


@pytest.mark.parametrize(
    ("scope", "said"),
    [
        ("constraints", "this is a <resources>, not a <constraints>"),
        ("configuration", "this is a <resources>, not a <configuration>"),
    ],
)
def test_a_section_is_pushed_as_itself_only(
    shell: Shell, tmp_path: Path, scope: str, said: str
) -> None:
    work = tmp_path / "resources.xml"
    shell.must(f"cluster cib {work} scope=resources")
    before = shell.path.read_bytes()
    ran = shell(f"cluster cib-push {work} scope={scope}")
    assert (ran.status, shell.path.read_bytes()) == (1, before)
    assert said in ran.err


def test_a_document_without_the_section_pushes_nothing(shell: Shell, tmp_path: Path) -> None:
    work = tmp_path / "work.xml"
    work.write_bytes(EMPTY.replace(b"<resources/>", b""))
    shell.must("resource create a ocf:test:Stateful")
    ran = shell(f"cluster cib-push {work} scope=resources")
    assert ran.status == 1
    assert "scope 'resources' not present in new cib" in ran.err
    assert shell.ids("primitive") == ["a"]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (b'<resources bogus="1"/>', "bogus"),
        (
            b'<constraints><rsc_location id="l" rsc="gone" node="n1" score="5"/></constraints>',
            "gone",
        ),
    ],
)
def test_what_a_cluster_would_refuse_is_pushed_into_no_file(
    shell: Shell, tmp_path: Path, fault: bytes, said: str
) -> None:
    work = tmp_path / "work.xml"
    work.write_bytes(EMPTY.replace(b"<resources/><constraints/>", fault))
    before = shell.path.read_bytes()
    ran = shell(f"cluster cib-push {work} --config")
    assert (ran.status, shell.path.read_bytes()) == (1, before)
    assert said in ran.err
    assert shell(f"cluster cib-push {work} --config --force").status == 0


def test_verify_tells_all_faults(shell: Shell) -> None:
    broken = EMPTY.replace(
        b"<constraints/>",
        b'<constraints><rsc_location id="l" rsc="gone" node="n1" score="x"/></constraints>',
    )
    shell.path.write_bytes(broken)
    ran = shell("cluster verify --json")
    assert ran.status == 1
    assert len(ran.json["error"]["facts"]["findings"]) >= 2


def test_a_guest_is_a_node_until_it_is_taken_back(shell: Shell) -> None:
    shell.must("resource create vm ocf:test:Stateful", "cluster node add-guest g1 vm")
    assert "already exists" in shell("cluster node add-guest g1 vm").err
    shell.must("node standby g1", "cluster node delete-guest g1")
    assert shell("cluster node delete-guest g1").status == 1
