"""Laws of the disk: what was answered is there after a crash, and a fault is never hidden."""

from __future__ import annotations

import errno
import os
import queue
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from pcsx.daemon.io import disk
from pcsx.errors import Failed
from pcsx.ring import wal
from pcsx.ring.config import Address, RingConfig, RingNode
from pcsx.ring.port import (
    Damage,
    Entry,
    EntryKind,
    HardState,
    Persist,
    Persisted,
    PersistFailed,
    Snapshot,
    SoloIntent,
)
from pcsx.values import NodeName

CONFIG = RingConfig(
    "0" * 32, "test", 7, (RingNode(1, NodeName("a"), (Address("127.0.0.1", 5450),), bytes(32)),)
)
FOUNDING = Snapshot(1, 0, CONFIG, b"founded")


class Running:
    """A disk with its answers in a queue."""

    def __init__(self, path: Path) -> None:
        self.answers: queue.Queue[Persisted | PersistFailed] = queue.Queue()
        self.disk = disk.Disk(path, self.answers.put)

    def perform(self, *persists: Persist) -> list[Persisted | PersistFailed]:
        for persist in persists:
            self.disk.perform(persist)
        return [self.answers.get(timeout=30) for _ in persists]

    def close(self) -> None:
        self.disk.close()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    path = tmp_path / "cluster"
    disk.found(path, FOUNDING)
    return path


def app(first: int, last: int, term: int = 1, size: int = 10) -> tuple[Entry, ...]:
    return tuple(
        Entry(index, term, EntryKind.APP, b"%d" % index * size) for index in range(first, last + 1)
    )


def test_a_founding_is_found(place: Path) -> None:
    recovered = disk.recover(place)
    assert recovered.snapshot == FOUNDING
    assert (recovered.hard, recovered.entries) == (HardState(), ())
    assert recovered.damage is Damage.CLEAN


def test_a_log_that_holds_little_is_read_with_little_memory(place: Path) -> None:
    tracemalloc.start()
    try:
        recovered = disk.recover(place)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert recovered.damage is Damage.CLEAN
    assert peak < 1024 * 1024


def test_what_lies_behind_a_long_stretch_of_zeros_is_judged(place: Path) -> None:
    first = sorted((place / "wal").iterdir())[0]
    with first.open("r+b") as segment:
        segment.seek(1024 * 1024)
        segment.write(b"x")
    assert disk.recover(place).damage is not Damage.CLEAN


def test_a_place_that_is_taken_is_not_founded_again(place: Path) -> None:
    with pytest.raises(Failed):
        disk.found(place, FOUNDING)


def test_a_half_written_founding_is_as_none(tmp_path: Path) -> None:
    path = tmp_path / "cluster"
    (tmp_path / "cluster.new" / "wal").mkdir(parents=True)
    with pytest.raises(Failed):
        disk.recover(path)
    disk.found(path, FOUNDING)
    assert disk.recover(path).damage is Damage.CLEAN


def test_each_life_has_a_higher_boot_counter_that_is_durable_before_it_begins(place: Path) -> None:
    for counter in (1, 2, 3):
        assert disk.begin_life(place).hard.boot_counter == counter
        assert disk.recover(place).hard.boot_counter == counter


def test_what_was_answered_is_there_at_the_next_start(place: Path) -> None:
    running = Running(place)
    hard = HardState(3, 1, 4, 2)
    answers = running.perform(
        Persist(1, hard),
        Persist(2, entries=app(2, 9)),
        Persist(3, HardState(4, 2, 4, 2), truncate_from=6, entries=app(6, 7, term=4)),
    )
    running.close()
    assert answers == [Persisted(1), Persisted(2), Persisted(3)]
    recovered = disk.recover(place)
    assert recovered.hard == HardState(4, 2, 4, 2)
    assert recovered.entries == app(2, 5) + app(6, 7, term=4)


def test_a_snapshot_stands_for_the_entries_before_it(place: Path) -> None:
    running = Running(place)
    later = Snapshot(5, 1, CONFIG, b"later")
    running.perform(Persist(1, entries=app(2, 8)), Persist(2, snapshot=later))
    running.perform(Persist(3, entries=app(9, 9)))
    running.close()
    recovered = disk.recover(place)
    assert recovered.snapshot == later and recovered.entries == app(6, 9)


def test_a_snapshot_taken_from_the_leader_may_lie_behind_the_end_of_the_log(place: Path) -> None:
    running = Running(place)
    leaders = Snapshot(100, 6, CONFIG, b"leader's")
    running.perform(Persist(1, entries=app(2, 8)), Persist(2, snapshot=leaders))
    running.perform(Persist(3, entries=app(101, 102, term=6)))
    running.close()
    recovered = disk.recover(place)
    assert recovered.snapshot == leaders and recovered.entries == app(101, 102, term=6)


def test_the_log_goes_on_in_another_segment_and_old_ones_are_removed(place: Path) -> None:
    running = Running(place)
    for first in range(2, 62, 2):
        running.perform(Persist(first, entries=app(first, first + 1, size=500_000)))
    assert len(list((place / "wal").glob("*.seg"))) >= 3
    assert len(disk.recover(place).entries) == 60
    running.perform(Persist(99, snapshot=Snapshot(61, 1, CONFIG, b"all")))
    running.close()
    assert len(list((place / "wal").glob("*.seg"))) == 1
    recovered = disk.recover(place)
    assert recovered.damage is Damage.CLEAN and recovered.entries == ()


def test_one_batch_may_be_larger_than_a_segment(place: Path) -> None:
    running = Running(place)
    running.perform(Persist(1, entries=(Entry(2, 1, EntryKind.APP, b"x" * 17_000_000),)))
    running.perform(Persist(2, entries=app(3, 3)))
    running.close()
    assert [entry.index for entry in disk.recover(place).entries] == [2, 3]


def test_a_torn_tail_is_cut_off_and_the_log_goes_on(place: Path) -> None:
    running = Running(place)
    running.perform(Persist(1, entries=app(2, 3)))
    running.perform(Persist(2, entries=app(4, 4, size=2000)))
    running.close()
    segment = next((place / "wal").glob("*.seg"))
    data = bytearray(segment.read_bytes())
    end = len(bytes(data).rstrip(b"\0"))
    data[end - 700 : end] = bytes(700)
    segment.write_bytes(data)
    assert disk.recover(place).damage is Damage.TORN
    assert disk.recover(place).entries == app(2, 3)
    running = Running(place)
    running.perform(Persist(3, entries=app(4, 5, term=2)))
    running.close()
    recovered = disk.recover(place)
    assert recovered.damage is Damage.CLEAN
    assert recovered.entries == app(2, 3) + app(4, 5, term=2)


def damaged(place: Path) -> None:
    """Flip a byte of an acknowledged entry."""
    running = Running(place)
    running.perform(Persist(1, HardState(7, 1, 1, 1)))
    running.perform(Persist(2, entries=app(2, 5)))
    running.perform(Persist(3, entries=app(6, 6)))
    running.close()
    segment = next((place / "wal").glob("*.seg"))
    with segment.open("r+b") as file:
        file.seek(60)
        byte = file.read(1)
        file.seek(60)
        file.write(bytes([byte[0] ^ 0xFF]))


def test_a_lost_entry_makes_an_amnesiac_that_stays_one(place: Path) -> None:
    damaged(place)
    assert disk.recover(place).damage is Damage.AMNESIAC
    assert disk.recover(place).hard.term == 7
    running = Running(place)
    assert running.perform(Persist(1, HardState(8, 0, 1, 2))) == [Persisted(1)]
    refused = running.perform(Persist(2, entries=app(2, 2)))
    assert isinstance(refused[0], PersistFailed)
    running.close()
    recovered = disk.recover(place)
    assert recovered.damage is Damage.AMNESIAC and recovered.hard.term == 8


def test_an_amnesiac_is_one_no_more_when_it_has_the_log_anew(place: Path) -> None:
    damaged(place)
    running = Running(place)
    anew = Snapshot(40, 8, CONFIG, b"anew")
    running.perform(Persist(1, HardState(8, 0, 1, 2)))
    running.perform(Persist(2, truncate_from=1, snapshot=anew))
    running.perform(Persist(3, entries=app(41, 42, term=8)))
    running.close()
    recovered = disk.recover(place)
    assert recovered.damage is Damage.CLEAN
    assert recovered.snapshot == anew and recovered.entries == app(41, 42, term=8)
    assert recovered.hard == HardState(8, 0, 1, 2)
    assert disk.begin_life(place).damage is Damage.CLEAN


@pytest.mark.parametrize("name", ["hard", "wal", "snap"])
def test_whatever_file_is_lost_is_noticed(place: Path, name: str) -> None:
    running = Running(place)
    running.perform(Persist(1, HardState(2, 1, 1, 1)))
    running.perform(Persist(2, entries=app(2, 4)))
    running.perform(Persist(3, snapshot=Snapshot(3, 1, CONFIG, b"three")))
    running.close()
    if name == "hard":
        os.unlink(place / "hard")
    elif name == "wal":
        next((place / "wal").glob("*.seg")).unlink()
    else:
        (place / "snap" / "3-1.state").write_bytes(b"other")
    assert disk.recover(place).damage is Damage.AMNESIAC


def test_after_one_failure_nothing_is_acknowledged_any_more(place: Path) -> None:
    running = Running(place)
    running.perform(Persist(1, entries=app(2, 2)))
    (place / "snap").rename(place / "gone")
    failed = running.perform(Persist(2, snapshot=Snapshot(2, 1, CONFIG, b"two")))
    after = running.perform(Persist(3, entries=app(3, 3)))
    running.close()
    assert isinstance(failed[0], PersistFailed) and failed[0].reason
    assert isinstance(after[0], PersistFailed)


class FaultyOs:
    """The system's calls as the disk sees them, of which one, and all that write later, fail."""

    def __init__(self, number: int, code: int) -> None:
        self._left, self._code = number, code
        self.struck = False

    def __getattr__(self, name: str) -> Any:
        real = getattr(os, name)
        if name not in ("pwrite", "pwritev", "fsync", "fdatasync", "rename", "open"):
            return real

        def call(*words: Any, **more: Any) -> Any:
            reads = name == "open" and not words[1] & os.O_CREAT
            if not reads:
                self._left -= 1
            if self._left < 0 and not reads:
                self.struck = True
                raise OSError(self._code, os.strerror(self._code))
            return real(*words, **more)

        return call


@pytest.mark.parametrize("code", (errno.ENOSPC, errno.EIO))
def test_whatever_call_fails_what_was_answered_is_there_and_nothing_is_answered_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    monkeypatch.setattr(wal, "SEGMENT_BYTES", 4096)
    work = (
        Persist(1, HardState(1, 1, 1, 1), entries=app(2, 4)),
        Persist(2, entries=app(5, 6, size=400)),
        Persist(3, HardState(2, 0, 1, 1), truncate_from=6, entries=app(6, 9, 2, size=300)),
        Persist(4, snapshot=Snapshot(7, 2, CONFIG, b"seven")),
        Persist(5, entries=app(10, 12, 2)),
    )
    number, struck = 0, True
    while struck:
        place = tmp_path / f"{number}"
        disk.found(place, FOUNDING)
        faulty = FaultyOs(number, code)
        monkeypatch.setattr(disk, "os", faulty)
        running = Running(place)
        answers = [running.perform(each)[0] for each in work]
        running.close()
        monkeypatch.setattr(disk, "os", os)
        done = [isinstance(answer, Persisted) for answer in answers]
        assert done == sorted(done, reverse=True), "something was answered after a failure"
        struck = faulty.struck
        assert struck or all(done)
        assert running.disk.full is (code == errno.ENOSPC and not all(done))
        found = disk.recover(place)
        assert found.damage is not Damage.AMNESIAC, f"call {number}"
        last = found.entries[-1].index if found.entries else found.snapshot.index
        assert last >= (0, 4, 6, 9, 9, 12)[done.count(True)], f"call {number}"
        assert found.hard.term >= (0, 1, 1, 2, 2, 2)[done.count(True)], f"call {number}"
        number += 1
    assert number > 20


def test_a_full_disk_is_told_gives_up_its_ballast_and_is_noticed_when_it_has_room(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = Running(place)
    running.perform(Persist(1, entries=app(2, 2)))
    assert (place / disk.BALLAST).stat().st_size > 0
    monkeypatch.setattr(disk, "os", FaultyOs(0, errno.ENOSPC))
    (failed,) = running.perform(Persist(2, entries=app(3, 3)))
    assert isinstance(failed, PersistFailed) and "No space left" in failed.reason
    assert running.disk.full and not (place / disk.BALLAST).exists()
    monkeypatch.setattr(disk, "free_bytes", lambda _: wal.SEGMENT_BYTES)
    assert not running.disk.has_room(), "the ballast is to be taken again"
    monkeypatch.setattr(disk, "free_bytes", lambda _: 1 << 40)
    assert running.disk.has_room()
    monkeypatch.setattr(disk, "os", os)
    running.close()


def test_a_segment_that_cannot_be_prepared_leaves_no_file_and_nothing_open(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wal, "SEGMENT_BYTES", 4096)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        with monkeypatch.context() as patch, pytest.raises(OSError, match="No space left"):
            patch.setattr(disk, "os", FaultyOs(2, errno.ENOSPC))
            disk._filled(place / "wal" / "spare", 1 << 22)
    assert len(os.listdir("/proc/self/fd")) == before
    assert not (place / "wal" / "spare").exists()


def test_a_place_without_a_cluster_answers_every_wish_with_a_failure(tmp_path: Path) -> None:
    running = Running(tmp_path / "nothing")
    answers = running.perform(Persist(1, HardState(1, 1, 1, 1)), Persist(2))
    running.close()
    assert all(isinstance(answer, PersistFailed) for answer in answers)


def test_a_fencing_that_was_meant_is_found_by_the_next_life(tmp_path: Path):
    disk.found(tmp_path / "c", FOUNDING)
    disk.begin_life(tmp_path / "c")
    running = Running(tmp_path / "c")
    running.perform(Persist(1, intents=(SoloIntent(2, 7, 1),)))
    running.disk.close()
    assert disk.recover(tmp_path / "c").intents == (SoloIntent(2, 7, 1),)


def test_a_log_that_is_disowned_is_one_with_a_loss_and_lives_go_on_far_above(place: Path):
    running = Running(place)
    running.perform(Persist(1, HardState(term=3, boot_counter=2), entries=app(2, 4)))
    running.close()
    disk.disown(place, 500)
    recovered = disk.begin_life(place)
    assert recovered.damage is Damage.AMNESIAC and recovered.entries == ()
    assert recovered.hard.boot_counter == 501 and recovered.hard.term == 3


def test_the_first_life_is_above_the_lives_that_a_founding_names(tmp_path: Path):
    disk.found(tmp_path / "again", FOUNDING, boot=7)
    assert disk.begin_life(tmp_path / "again").hard.boot_counter == 8


def test_what_is_decided_is_written_with_the_log_and_with_the_hard_state(place: Path) -> None:
    running = Running(place)
    running.perform(Persist(1, entries=app(2, 9), decided=(7, 1)))
    running.close()
    assert (7, 1) in disk.recover(place).decided
    assert disk.recover(place).entries == app(2, 9)
    running = Running(place)
    running.perform(Persist(1, HardState(3, 1, 4, 2), decided=(9, 1)))
    running.close()
    assert (9, 1) in disk.recover(place).decided
    assert disk.begin_life(place).decided == disk.recover(place).decided


def test_a_log_begun_anew_knows_of_nothing_decided_in_the_one_that_was_lost(place: Path) -> None:
    running = Running(place)
    running.perform(Persist(1, HardState(1), entries=app(2, 9), decided=(8, 1)))
    running.perform(Persist(2, HardState(2), decided=(9, 1)))
    running.close()
    damaged(place)
    running = Running(place)
    running.perform(Persist(1, truncate_from=1, snapshot=Snapshot(4, 3, CONFIG, b"anew")))
    running.close()
    assert {index for index, _ in disk.recover(place).decided} == {0}


def test_an_end_that_is_told_keeps_no_segment_from_being_removed(place: Path) -> None:
    running = Running(place)
    size = wal.SEGMENT_BYTES // 2 - 200
    for index in (2, 3, 4):
        entry = Entry(index, 1, EntryKind.APP, b"x" * size)
        running.perform(Persist(index, entries=(entry,), decided=(index - 1, 1)))
    running.perform(Persist(9, snapshot=Snapshot(3, 1, CONFIG, b"three")))
    running.close()
    assert len(list((place / "wal").glob("*.seg"))) == 1
