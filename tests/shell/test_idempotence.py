"""What is there already counts as made, what is gone as deleted; the rest is a conflict."""

from __future__ import annotations

import io

import pytest

from tests.shell.commands.conftest import shell
from tests.shell.support import Shell

__all__ = ["shell"]
BASE = (
    "resource create a ocf:test:Service path=/a",
    "resource create b ocf:test:Service path=/b",
    "resource create c ocf:test:Service path=/c clone",
)
MAKERS = (
    "resource create d ocf:test:Service path=/d op monitor interval=7s",
    "resource create d ocf:test:Service path=/d clone interleave=true",
    "resource create d ocf:test:Service path=/d --group g",
    "resource clone a",
    "constraint order a then b",
    "constraint colocation add a with b",
    "constraint location a prefers n1=5",
    "constraint ticket add T a",
    "acl role create r read xpath /cib",
    "tag create t a b",
    "alert create path=/x id=al",
    "stonith create f fence_test ip=192.0.2.1",
    "property set batch-limit=3",
    "cluster node add-remote far",
)


@pytest.mark.parametrize("line", MAKERS)
def test_made_twice_is_made_once(shell: Shell, line: str) -> None:
    shell.must(*BASE, f"{line} --idempotent")
    once = shell.cib
    again = shell(f"{line} --idempotent --json")
    assert (again.status, again.json["changed"]) == (0, False)
    assert shell.cib == once


@pytest.mark.parametrize(
    ("line", "other"),
    [
        ("resource create d ocf:test:Service path=/d", "level=4"),
        ("resource create d ocf:test:Service path=/d", "clone"),
        ("constraint order a then b", "kind=Optional"),
        ("tag create t a", "b"),
    ],
)
def test_what_is_there_otherwise_is_a_conflict_that_update_solves(
    shell: Shell, line: str, other: str
) -> None:
    shell.must(*BASE, line)
    before = shell.cib
    refused = shell(f"{line} {other} --idempotent --json")
    assert refused.status == 3
    assert "+ " in refused.json["error"]["facts"]["difference"]
    assert shell.cib == before
    shell.must(f"{line} {other} --idempotent --update", f"{line} {other} --idempotent")
    assert shell.cib != before


@pytest.mark.parametrize(
    "line",
    [
        "resource delete nosuch", "tag delete nosuch", "constraint delete nosuch",
        "acl role delete nosuch", "alert delete nosuch", "stonith delete nosuch",
        "resource unclone a", "property unset batch-limit",
    ],
)  # fmt: skip
def test_what_is_gone_counts_as_deleted(shell: Shell, line: str) -> None:
    shell.must(*BASE)
    assert shell(line).status == 1
    ran = shell(f"{line} --idempotent --json")
    assert (ran.status, ran.json["changed"]) == (0, False)


def test_of_several_those_that_are_there_are_deleted(shell: Shell) -> None:
    shell.must(*BASE, "tag create t a", "tag create u b", "tag delete t nosuch --idempotent")
    assert shell.ids("tag") == ["u"]


def test_other_refusals_stay(shell: Shell) -> None:
    assert shell("resource create d ocf:test:Service --idempotent").status == 1


def test_the_environment_can_ask_for_it(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PCSX_IDEMPOTENT", "1")
    shell.must(BASE[0], BASE[0])


DEFINED = (
    "configure primitive d ocf:test:Service params path=/d op monitor interval=7s",
    "configure group g a b",
    "configure clone cl a meta interleave=true",
    "configure location l a 5: n1",
    "configure order o Mandatory: a b",
    "configure tag t a b",
    "configure role r read xpath:/cib",
    "configure fencing_topology n1: f",
    "configure property batch-limit=3",
)


@pytest.mark.parametrize("line", DEFINED)
def test_what_is_defined_twice_is_defined_once(shell: Shell, line: str) -> None:
    shell.must(*BASE, "stonith create f fence_test ip=192.0.2.1", f"--idempotent {line}")
    once = shell.cib
    again = shell(f"--idempotent --json {line}")
    assert (again.status, again.json["changed"]) == (0, False)
    assert shell.cib == once


def test_what_is_defined_otherwise_is_a_conflict_that_update_solves(shell: Shell) -> None:
    shell.must(*BASE, "configure group g a", "configure fencing_topology n1: f", "configure show")
    before = shell.cib
    for line in (
        "configure primitive a ocf:test:Service params path=/other",
        "configure group g a b",
        "configure fencing_topology n2: f",
    ):
        refused = shell(f"--idempotent --json {line}")
        assert refused.status == 3, line
        assert "+ " in refused.json["error"]["facts"]["difference"]
        assert shell.cib == before
    shell.must("--idempotent --update configure group g a b")
    assert shell("configure show g").out == "group g a b\n"


def test_lines_of_a_batch_are_each_counted_as_done(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.must(*BASE, "configure primitive d ocf:test:Service params path=/a")
    text = "primitive d ocf:test:Service params path=/a\ntag t a\ndelete nosuch\n"
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    ran = shell("--idempotent configure")
    assert ran.status == 0, ran
    assert shell.ids("tag") == ["t"]


def test_what_is_gone_counts_as_deleted_in_crms_words_too(shell: Shell) -> None:
    shell.must(*BASE, "configure tag t a")
    ran = shell("--idempotent --json configure delete t nosuch")
    assert (ran.status, ran.json["changed"]) == (0, True), ran
    again = shell("--idempotent --json configure delete t nosuch")
    assert (again.status, again.json["changed"]) == (0, False)
