"""The log on the disk: a thread that makes `Persist`s durable in order, and what a start finds.

A cluster's directory holds `hard`, `wal/NNN.seg` and `snap/INDEX-TERM.state` with its `.meta`.
`wal.py` says what the bytes mean; here they are written, synced and read. What was queued together
becomes durable together, by one `fdatasync`. After one failure the disk is not trusted again.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final

from pcsx.errors import Failed
from pcsx.ring import wal
from pcsx.ring.config import RingConfig
from pcsx.ring.port import (
    Damage,
    Entry,
    HardState,
    Persist,
    Persisted,
    PersistFailed,
    Recovered,
    Snapshot,
    SoloIntent,
)

SNAPSHOTS_KEPT: Final = 2
BALLAST: Final = "ballast"
"""A file that only takes up room: it is given up when the disk is full, for what must still be
written while this node lets go of what it did."""
BALLAST_BYTES: Final = 64 * 1024 * 1024
BALLAST_SHARE: Final = 8
"""On a small disk the ballast takes this part of what is free."""
ROOM: Final = 4 * 1024 * 1024
"""What a life needs above the next segment and the ballast."""
_AMNESIAC: Final = "amnesiac"
_ZEROS: Final = bytes(1024 * 1024)
_PIECE: Final = 64 * 1024

Answer = Callable[[Persisted | PersistFailed], None]


# --- founding and finding -------------------------------------------------------------------------


def found(path: Path, snapshot: Snapshot, *, boot: int = 0) -> None:
    """Write the founding state of a cluster into *path*, which must be empty or not there yet.

    The first life's boot counter is above *boot*. All of it or nothing: it is written beside, and
    takes its name when it is whole.
    """
    if path.exists() and any(path.iterdir()):
        raise Failed(f"{path} is there already", "Leave the cluster that it belongs to first.")
    beside = path.with_name(path.name + ".new")
    try:
        if beside.exists():
            shutil.rmtree(beside)
        (beside / "wal").mkdir(parents=True, mode=0o700)
        (beside / "snap").mkdir(mode=0o700)
        _write_snapshot(beside, snapshot)
        _write_whole(beside / "hard", _hard_block(wal.Slot(2, 0, HardState(boot_counter=boot))))
        os.close(_new_segment(beside / "wal", 1, wal.SEGMENT_BYTES))
        for folder in (beside / "wal", beside):
            _sync_folder(folder)
        os.rename(beside, path)
        _sync_folder(path.parent)
    except OSError as error:
        raise Failed(f"cannot write {path}: {error.strerror}") from error


def recover(path: Path) -> Recovered:
    """Return what the disk holds in *path*; raises `Failed` where no cluster was founded there."""
    snapshots = _snapshots(path)
    if not (path / "hard").exists() and not snapshots:
        raise Failed(f"no cluster was founded in {path}", "Set one up, or join one.")
    newest_is_sound = bool(snapshots) and _read_snapshot(path, snapshots[-1]) is not None
    snapshot = next(
        (found for name in reversed(snapshots) if (found := _read_snapshot(path, name))), None
    )
    if snapshot is None:
        raise Failed(
            f"no snapshot in {path} can be read",
            "Remove the directory, and join the cluster again with a token.",
        )
    slot = wal.newest_slot(_read(path / "hard"))
    segments = [_read_segment(path / "wal" / name) for name in _segments(path)]
    held = wal.replay(segments, slot=slot, snapshot=(snapshot.index, snapshot.term))
    hard = slot.hard if slot else HardState()
    damage = held.damage
    if not newest_is_sound or not segments or (path / _AMNESIAC).exists():
        damage = Damage.AMNESIAC
    entries = () if damage is Damage.AMNESIAC else held.entries
    decided = (held.decided, slot.decided) if slot else ()
    return Recovered(hard, snapshot, entries, damage, held.intents, decided)


def begin_life(path: Path) -> Recovered:
    """Return what the disk holds, with the boot counter of a new life that is durable already.

    Raises `Failed` where nothing was founded, OSError where the disk does not take it.
    """
    recovered = recover(path)
    counter = recovered.hard.boot_counter + 1
    hard = replace(recovered.hard, boot_counter=counter)
    files = _Files(path)
    try:
        files.perform([Persist(0, hard)])
    finally:
        files.close()
    return replace(recovered, hard=hard)


def disown(path: Path, boot: int) -> None:
    """Mark the log in *path* as one with a loss, and have the next boot counter above *boot*.

    The mark is durable first: a counter that has risen lets this node in again.
    """
    _write_whole(path / _AMNESIAC, b"")
    _sync_folder(path)
    recovered = recover(path)
    hard = replace(recovered.hard, boot_counter=max(boot, recovered.hard.boot_counter))
    files = _Files(path)
    try:
        files.perform([Persist(0, hard)])
    finally:
        files.close()


def _read(file: Path) -> bytes:
    """Return the bytes of *file*; where the medium gives none, that is damage, no failure."""
    try:
        return file.read_bytes()
    except OSError:
        return b""


def _read_segment(file: Path) -> bytes:
    """Return what was written to a segment, and only some of the zeros that follow it.

    A segment is of its full length from the start, and a daemon that once held all of it in memory,
    copied a few times to be judged, would keep that memory for its whole life.
    """
    written, zeros = bytearray(), 0
    try:
        with file.open("rb", buffering=0) as segment:
            while piece := segment.read(_PIECE):
                if piece.count(0) == len(piece):
                    zeros += len(piece)
                    continue
                written += bytes(zeros)
                written += piece
                zeros = 0
    except OSError:
        return b""
    return bytes(written + bytes(min(zeros, _PIECE)))


def _segments(path: Path) -> list[str]:
    with suppress(OSError):
        return sorted(name for name in os.listdir(path / "wal") if name.endswith(".seg"))
    return []


def _segment_number(name: str) -> int:
    return int(name.partition(".")[0])


def _snapshots(path: Path) -> list[str]:
    """Return the names of the snapshots that were finished, oldest first."""
    names = []
    with suppress(OSError):
        for name in os.listdir(path / "snap"):
            stem, dot, kind = name.rpartition(".")
            index, _, term = stem.partition("-")
            if (dot, kind) == (".", "meta") and index.isdecimal() and term.isdecimal():
                names.append((int(index), int(term), stem))
    return [stem for _, _, stem in sorted(names)]


def _read_snapshot(path: Path, stem: str) -> Snapshot | None:
    try:
        meta: dict[str, Any] = json.loads((path / "snap" / f"{stem}.meta").read_bytes())
        state = (path / "snap" / f"{stem}.state").read_bytes()
        if hashlib.sha256(state).hexdigest() != meta["sha256"]:
            return None
        config = RingConfig.from_bytes(meta["config"].encode())
        return Snapshot(int(meta["index"]), int(meta["term"]), config, state)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


# --- writing --------------------------------------------------------------------------------------


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _write_all(fd: int, data: bytes, offset: int) -> None:
    view = memoryview(data)
    while view:
        done = os.pwrite(fd, view, offset)
        view, offset = view[done:], offset + done


def _write_durably(fd: int, data: bytes, offset: int) -> None:
    """Write *data* so that it is on the disk at the return: `fdatasync` within the one call.

    A call less is a lock of the interpreter less to wait for, with each change of the cluster.
    """
    view = memoryview(data)
    while view:
        done = os.pwritev(fd, (view,), offset, os.RWF_DSYNC)
        view, offset = view[done:], offset + done


def _write_whole(file: Path, data: bytes) -> None:
    """Write *file* so that it is there whole or not at all; its folder is synced by the caller."""
    beside = file.with_name(file.name + ".tmp")
    fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        _write_all(fd, data, 0)
        os.fsync(fd)
    except OSError:
        with suppress(OSError):
            os.unlink(beside)
        raise
    finally:
        os.close(fd)
    os.rename(beside, file)


def _hard_block(slot: wal.Slot) -> bytes:
    """Return both slots of a new file: the newest in its place, one older in the other."""
    blocks = bytearray(2 * wal.SLOT_BYTES)
    for each in (replace(slot, number=slot.number - 1), slot):
        offset = wal.slot_offset(each.number)
        blocks[offset : offset + wal.SLOT_BYTES] = wal.slot_bytes(each)
    return bytes(blocks)


def _new_segment(folder: Path, number: int, size: int) -> int:
    """Return an open segment, filled with zeros and synced, under its final name."""
    fd = _filled(folder / f"{number:08}.tmp", size)
    try:
        os.rename(folder / f"{number:08}.tmp", folder / f"{number:08}.seg")
        _sync_folder(folder)
    except OSError:
        os.close(fd)
        raise
    return fd


def _filled(file: Path, size: int) -> int:
    """Return *file*, open, of *size* zeros that are durable; what cannot be filled is removed."""
    fd = os.open(file, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        for offset in range(0, size, len(_ZEROS)):
            _write_all(fd, _ZEROS[: min(len(_ZEROS), size - offset)], offset)
        os.fsync(fd)
    except OSError:
        os.close(fd)
        with suppress(OSError):
            os.unlink(file)
        raise
    return fd


# --- room -----------------------------------------------------------------------------------------


def free_bytes(path: Path) -> int:
    """Return how much a process like this may still write to the disk of *path*."""
    found = os.statvfs(path)
    return found.f_bavail * found.f_frsize


def take_ballast(path: Path) -> None:
    """Take up room in *path* that can be given up later, if there is any to spare."""
    file = path / BALLAST
    if file.exists():
        return
    size = min(BALLAST_BYTES, free_bytes(path) // BALLAST_SHARE)
    fd = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.posix_fallocate(fd, 0, max(1, size))
    except OSError:
        with suppress(OSError):
            os.unlink(file)
    finally:
        os.close(fd)


def give_up_ballast(path: Path) -> int:
    """Free the room that was taken up; return how much it was."""
    with suppress(OSError):
        size = os.stat(path / BALLAST).st_size
        os.unlink(path / BALLAST)
        return size
    return 0


def _write_snapshot(path: Path, snapshot: Snapshot) -> None:
    """Write *snapshot*: it counts once its `.meta` is there."""
    folder, stem = path / "snap", f"{snapshot.index}-{snapshot.term}"
    meta = {
        "index": snapshot.index,
        "term": snapshot.term,
        "sha256": hashlib.sha256(snapshot.state).hexdigest(),
        "config": snapshot.config.to_bytes().decode(),
    }
    _write_whole(folder / f"{stem}.state", snapshot.state)
    _write_whole(folder / f"{stem}.meta", json.dumps(meta, sort_keys=True).encode())
    _sync_folder(folder)


def _highest(records: Iterable[wal.Record]) -> int:
    """Return the highest index in *records*, or 0."""
    return max(
        (
            record.index - isinstance(record, wal.Truncate)
            for record in records
            if not isinstance(record, SoloIntent)
        ),
        default=0,
    )


class _Files:
    """The open files of one cluster's directory, and what has been written to them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._wal = path / "wal"
        self._hard = os.open(path / "hard", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._slot = wal.newest_slot(os.pread(self._hard, 2 * wal.SLOT_BYTES, 0)) or wal.Slot(
            0, 0, HardState()
        )
        self._amnesiac = (path / _AMNESIAC).exists()
        self._segments: list[tuple[int, int]] = []
        """Each segment by its number, with the highest index in it."""
        self._spare: int | None = None
        """The next segment, made while there was nothing else to do."""
        self._number = 0
        """The last segment's."""
        self._batch = 0
        self._fd = -1
        self._at = 0
        self._size = 0
        self._open()

    def _open(self) -> None:
        """Go on behind the last whole batch; a log with a loss is not written to again."""
        recovered = recover(self._path)
        if recovered.damage is Damage.AMNESIAC and not self._amnesiac:
            _write_whole(self._path / _AMNESIAC, b"")
            _sync_folder(self._path)
            self._amnesiac = True
        for name in _segments(self._path):
            found = wal.scan(_read_segment(self._wal / name))
            records = [record for batch in found.batches for record in batch[2]]
            highest = _highest(records)
            self._number = _segment_number(name)
            self._segments.append((self._number, highest))
            if found.batches:
                self._batch = found.batches[-1][0]
            self._at = found.end
        if not self._segments:
            self._roll(0)
            return
        last = self._wal / f"{self._segments[-1][0]:08}.seg"
        self._fd = os.open(last, os.O_RDWR | os.O_CLOEXEC)
        self._size = os.fstat(self._fd).st_size
        if recovered.damage is Damage.TORN:
            # What was cut off must not lie behind the batches to come.
            for at in range(self._at, self._size, len(_ZEROS)):
                _write_all(self._fd, _ZEROS[: self._size - at], at)
            os.fsync(self._fd)

    def perform(self, group: list[Persist]) -> None:
        """Make *group* durable: the hard state, a snapshot, then the log."""
        hard = next((p.hard for p in reversed(group) if p.hard is not None), None)
        decided = max(persist.decided for persist in group)
        if hard is not None and hard != self._slot.hard:
            self._write_hard(hard, max(decided, self._slot.decided))
        for persist in group:
            if persist.snapshot is not None:
                _write_snapshot(self._path, persist.snapshot)
                if persist.truncate_from == 1:
                    self._begin_anew()
        records: list[wal.Record] = []
        for persist in group:
            if persist.truncate_from > 1:
                records.append(wal.Truncate(persist.truncate_from))
            records += persist.entries
            records += persist.intents
        last = next((each for each in reversed(records) if isinstance(each, Entry)), None)
        if last is not None and decided[0]:
            records.append(wal.Truncate(last.index + 1, decided))
        if records:
            self._write_records(records)
        newest = max((p.snapshot.index for p in group if p.snapshot is not None), default=0)
        if newest:
            self._compact(newest)

    def _write_hard(self, hard: HardState, decided: tuple[int, int]) -> None:
        self._slot = wal.Slot(self._slot.number + 1, self._batch, hard, decided)
        offset = wal.slot_offset(self._slot.number)
        _write_all(self._hard, wal.slot_bytes(self._slot), offset)
        os.fdatasync(self._hard)

    def _write_records(self, records: list[wal.Record]) -> None:
        if self._amnesiac:
            raise OSError(errno.EIO, "the log is damaged")
        self._append(records)

    def _append(self, records: list[wal.Record]) -> None:
        data = wal.batch_bytes(self._batch + 1, self._slot.number, records)
        if self._at + len(data) > self._size:
            self._roll(len(data))
        _write_durably(self._fd, data, self._at)
        self._batch += 1
        self._at += len(data)
        number, highest = self._segments[-1]
        self._segments[-1] = (number, max(highest, _highest(records)))

    def _roll(self, needed: int) -> None:
        """Go on in a new segment, which holds *needed* bytes at least."""
        self._number += 1
        number = self._number
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        spare, self._spare = self._spare, None
        if spare is not None and needed <= wal.SEGMENT_BYTES:
            os.rename(self._wal / "spare", self._wal / f"{number:08}.seg")
            _sync_folder(self._wal)
            self._fd = spare
        else:
            if spare is not None:
                os.close(spare)
            self._fd = _new_segment(self._wal, number, max(needed, wal.SEGMENT_BYTES))
        self._size = os.fstat(self._fd).st_size
        self._at = 0
        self._segments.append((number, 0))

    def prepare(self) -> None:
        """Make the next segment beforehand once the present one is half full."""
        if self._spare is not None or self._at < self._size // 2:
            return
        self._spare = _filled(self._wal / "spare", wal.SEGMENT_BYTES)

    def _begin_anew(self) -> None:
        """Drop a log with a loss: a snapshot that was just written stands in its place."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        for name in _segments(self._path):
            os.unlink(self._wal / name)
        self._segments = []
        self._roll(0)
        self._batch = max(self._batch, self._slot.batch)
        self._write_hard(self._slot.hard, (0, 0))
        self._write_hard(self._slot.hard, (0, 0))  # both slots are sound again
        self._append([wal.Truncate(1)])  # and the log goes on behind them
        with suppress(FileNotFoundError):
            os.unlink(self._path / _AMNESIAC)
        _sync_folder(self._path)
        self._amnesiac = False

    def _compact(self, index: int) -> None:
        """Remove what a snapshot of *index* has made needless."""
        while len(self._segments) > 1 and self._segments[0][1] <= index:
            number, _ = self._segments.pop(0)
            os.unlink(self._wal / f"{number:08}.seg")
        for stem in _snapshots(self._path)[:-SNAPSHOTS_KEPT]:
            os.unlink(self._path / "snap" / f"{stem}.meta")
            with suppress(FileNotFoundError):
                os.unlink(self._path / "snap" / f"{stem}.state")

    def close(self) -> None:
        """Close all files."""
        for fd in (self._hard, self._fd, self._spare):
            if fd is not None and fd >= 0:
                os.close(fd)


# --- the thread -----------------------------------------------------------------------------------


class Disk:
    """Makes what it is given durable in *path*, in order, and tells *answer* from its thread."""

    def __init__(self, path: Path, answer: Answer) -> None:
        self._path = path
        self._answer = answer
        self._queue: SimpleQueue[Persist | None] = SimpleQueue()
        """What to make durable; None at the end."""
        self._failure = ""
        self.full = False
        """It failed for want of room: nothing is broken, and another life may go on."""
        self._wanted = 0
        self._thread = threading.Thread(target=self._run, name="disk", daemon=True)
        self._thread.start()

    def perform(self, persist: Persist) -> None:
        """Queue *persist*; it is answered by one `Persisted` or `PersistFailed`."""
        self._queue.put(persist)

    def close(self) -> None:
        """Finish what is queued, then end the thread and close the files."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        files: _Files | None = None
        try:
            files = _Files(self._path)
            with suppress(OSError):
                take_ballast(self._path)
        except (OSError, Failed) as error:
            self._fail(error)
        while queued := self._next():
            for group in _groups(queued):
                self._perform(files, group)
            self._prepare(files)
        if files is not None:
            files.close()

    def _next(self) -> list[Persist]:
        """Wait, then return all that is queued; nothing once this is closed."""
        queued: list[Persist] = []
        while not queued or not self._queue.empty():
            persist = self._queue.get()
            if persist is None:
                if queued:
                    self._queue.put(None)  # for the next look
                break
            queued.append(persist)
        return queued

    def _perform(self, files: _Files | None, group: list[Persist]) -> None:
        if not self._failure and files is not None:
            try:
                files.perform(group)
            except OSError as error:
                self._fail(error)
        for persist in group:
            if self._failure:
                self._answer(PersistFailed(persist.ticket, self._failure))
            else:
                self._answer(Persisted(persist.ticket))

    def _fail(self, error: OSError | Failed) -> None:
        """Write nothing more in this life; make room for those who let go of what they did."""
        if isinstance(error, Failed):
            self._failure = str(error)
            return
        self._failure = f"{self._path}: {error.strerror or error}"
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            self._wanted = wal.SEGMENT_BYTES + ROOM + give_up_ballast(self._path)
            self.full = True

    def has_room(self) -> bool:
        """Return whether there is room again for another life, and its ballast."""
        with suppress(OSError):
            return free_bytes(self._path) >= self._wanted
        return False

    def _prepare(self, files: _Files | None) -> None:
        """Use the time while nothing waits; failing here is told when the segment is needed."""
        if files is not None and not self._failure and self._queue.empty():
            with suppress(OSError):
                files.prepare()


def _groups(queued: list[Persist]) -> Iterator[list[Persist]]:
    """Yield what may become durable together: one with a snapshot stands alone."""
    group: list[Persist] = []
    for persist in queued:
        if persist.snapshot is not None:
            if group:
                yield group
            yield [persist]
            group = []
        else:
            group.append(persist)
    if group:
        yield group
