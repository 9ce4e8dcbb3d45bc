"""The document in a file: whole writes, conflicts, and what a bad file is answered with."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pcsx.cib.document import Cib
from pcsx.cib.edit import properties
from pcsx.errors import Conflict, Failed, NoCluster, PcsxError
from pcsx.protocol import GetStatus
from pcsx.shell.filesource import FileSource
from pcsx.shell.papersource import PaperSource
from pcsx.shell.run import Run
from tests.shell.support import EMPTY


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file with an empty document."""
    path = tmp_path / "cib.xml"
    path.write_bytes(EMPTY)
    return path


def _changed(cib: Cib) -> Cib:
    return properties.set_properties(cib, {"batch-limit": "3"})


def test_a_commit_raises_the_epoch_by_one(file: Path) -> None:
    source = FileSource(str(file))
    base = source.cib()
    version = source.commit(base, _changed(base), "test")
    assert version.epoch == base.version.epoch + 1
    assert FileSource(str(file)).cib().version == version


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PCSX_STATE", str(tmp_path.parent / f"{tmp_path.name}-state"))


def test_what_others_changed_in_the_file_meanwhile_stays(file: Path) -> None:
    source = FileSource(str(file))
    base = source.cib()
    file.write_bytes(EMPTY.replace(b'uname="n2"', b'uname="n3"'))
    source.commit(base, _changed(base), "test")
    first = FileSource(str(file)).cib()
    source.commit(_changed(base), properties.set_properties(base, {"batch-limit": "4"}), "test")
    second = FileSource(str(file)).cib()
    assert [node.get("uname") for node in first.tree.iter("node")] == ["n1", "n3"]
    assert [node.get("uname") for node in second.tree.iter("node")] == ["n1", "n3"]
    assert properties.properties(second) == {"batch-limit": "4"}


def test_a_file_that_changed_meanwhile_at_the_same_place_is_a_conflict_and_stays(
    file: Path,
) -> None:
    source = FileSource(str(file))
    base = source.cib()
    theirs = properties.set_properties(base, {"batch-limit": "9"}).to_bytes()
    file.write_bytes(theirs)
    with pytest.raises(Conflict):
        source.commit(base, _changed(base), "test")
    assert file.read_bytes() == theirs


def test_a_change_of_a_file_is_on_record(file: Path) -> None:
    source = FileSource(str(file))
    base = source.cib()
    source.commit(base, _changed(base), "pcsx property set batch-limit=3")
    (change,) = FileSource(str(file)).changes()
    assert change.command == "pcsx property set batch-limit=3"
    assert change.base_digest == base.digest
    assert change.digest == FileSource(str(file)).cib().digest


def test_no_password_is_in_the_record_of_changes() -> None:
    words = ["stonith", "create", "f", "fence_a", "ip=x", "passwd=s3same", "password_file=/etc/b"]
    shown = "pcsx stonith create f fence_a ip=x 'passwd=********' password_file=/etc/b"
    assert Run(words, source=PaperSource(Cib.from_bytes(EMPTY))).command == shown


def test_mode_and_link_are_kept(file: Path) -> None:
    link = file.with_name("link.xml")
    link.symlink_to(file)
    file.chmod(0o640)
    source = FileSource(str(link))
    base = source.cib()
    source.commit(base, _changed(base), "test")
    assert link.is_symlink()
    assert file.stat().st_mode & 0o777 == 0o640


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_failed_write_leaves_the_old_file_and_no_draft(file: Path) -> None:
    source = FileSource(str(file))
    base = source.cib()
    file.parent.chmod(0o500)
    try:
        with pytest.raises(Failed):
            source.commit(base, _changed(base), "test")
    finally:
        file.parent.chmod(0o700)
    assert file.read_bytes() == EMPTY


def test_no_draft_is_left_behind(file: Path) -> None:
    source = FileSource(str(file))
    base = source.cib()
    source.commit(base, _changed(base), "test")
    assert os.listdir(file.parent) == ["cib.xml"]


@pytest.mark.parametrize("text", [b"", b"  ", b"<cib", b"<html/>", b"\x00\xff", b"{}"])
def test_a_bad_document_is_an_error_and_no_traceback(file: Path, text: bytes) -> None:
    file.write_bytes(text)
    with pytest.raises(PcsxError):
        FileSource(str(file)).cib()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(Failed, match=r"nowhere\.xml"):
        FileSource(str(tmp_path / "nowhere.xml")).cib()


def test_a_file_answers_no_requests_and_waits_for_nothing(file: Path) -> None:
    source = FileSource(str(file))
    with pytest.raises(NoCluster):
        source.call(GetStatus())
    base = source.cib()
    with pytest.raises(Failed):
        source.commit(base, _changed(base), "test", wait_s=1.0)
