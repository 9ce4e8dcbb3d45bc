"""What a daemon keeps on its disk beside the log: its identity, its cluster, its place in it.

`identity.key` is made in the lobby; `identity.next` is beside it while it changes, and
`identity.former` from then on. A cluster is a directory of its UUID with the log's files and
`member` (who we are there, and the cluster's keys); one that is `stopped` is not entered at start.
All of this runs in threads or before the loop, never on it.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from pcsx.daemon.effects import KeepDecision, KeepIdentity, Store
from pcsx.daemon.events import Life
from pcsx.daemon.io import disk
from pcsx.errors import Failed
from pcsx.ring.config import RingConfig
from pcsx.ring.frames import Boot
from pcsx.ring.log.entries import Entries

_MEMBER: Final = "member.json"
_STOPPED: Final = "stopped"
_DECISIONS: Final = "decisions"
_COMING: Final = "identity.next"
_FORMER: Final = "identity.former"
_FOUNDING: Final = "founding"
"""A cluster that this node has the keys of, and that has not begun yet."""


class State:
    """The state directory; holding it open keeps a second daemon out."""

    def __init__(self, path: str) -> None:
        """Make and lock *path*; raises `Failed` where another daemon holds it or it is not ours."""
        self.path = Path(path)
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise Failed(
                f"cannot keep state in {path}: {error.strerror}",
                "Run it as root, or name another place with --state-dir.",
            ) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            text = f"another daemon keeps its state in {path}"
            raise Failed(text, "Each daemon needs a --state-dir of its own.") from error

    def identity(self) -> bytes:
        """Return this node's private key, made now if there is none."""
        file = self.path / "identity.key"
        if file.exists():
            key = file.read_bytes()
            if len(key) == 32:
                return key
            raise Failed(f"{file} is damaged: {len(key)} bytes, not 32", "Restore or remove it.")
        key = os.urandom(32)
        write_secret(file, key)
        return key

    def keep_identity(self, order: KeepIdentity) -> None:
        """Have this node's own keys on disk, the one in force and those beside it; durable."""
        # In this order no life finds a configuration that has a key which is nowhere.
        for name, key in ((_COMING, order.coming), (_FORMER, order.former)):
            if key:
                write_secret(self.path / name, key)
        if order.identity != self.identity():
            write_secret(self.path / "identity.key", order.identity)
        if not order.coming:
            (self.path / _COMING).unlink(missing_ok=True)
            sync_directories((self.path,))

    def beside(self, which: str) -> bytes:
        """Return the key beside this node's own, the *next* or the *former* one, or nothing."""
        file = self.path / f"identity.{which}"
        key = file.read_bytes() if file.exists() else b""
        return key if len(key) == 32 and key != self.identity() else b""

    def cluster(self) -> str:
        """Return the UUID of the cluster that is founded here, or nothing."""
        found = sorted(each.parent.name for each in self.path.glob(f"*/{_MEMBER}"))
        return found[0] if found else ""

    def is_stopped(self, cluster: str) -> bool:
        """Return whether the node was told to stay out of its cluster."""
        return (self.path / cluster / _STOPPED).exists()

    def set_stopped(self, cluster: str, *, on: bool) -> None:
        """Keep in mind whether this node stays out of *cluster*."""
        marker = self.path / cluster / _STOPPED
        if on:
            marker.touch()
        else:
            marker.unlink(missing_ok=True)

    def last_config(self, cluster: str) -> RingConfig:
        """Return the newest configuration of *cluster* that is on this disk, decided or not."""
        recovered = disk.recover(self.path / cluster)
        snapshot = recovered.snapshot
        entries = Entries(snapshot.index, snapshot.term, snapshot.config)
        entries.append(recovered.entries)
        return entries.voters.newest

    def found(self, order: Store) -> None:
        """Write the founding state of a cluster: whole, or not at all."""
        if self.cluster():
            raise Failed("this node keeps the state of a cluster already")
        place = self.path / order.cluster
        shutil.rmtree(place, ignore_errors=True)
        disk.found(place, order.snapshot, boot=order.boot)
        (place / _FOUNDING).touch()
        member = {"me": order.me, "secrets": {name: value.hex() for name, value in order.secrets}}
        write_secret(place / _MEMBER, json.dumps(member).encode())

    def forget_unbegun(self) -> None:
        """Forget a cluster that was never begun: whoever founded it went away in the middle.

        Nobody has acted as its member yet, so that the node is as it was: in its lobby.
        """
        cluster = self.cluster()
        if cluster and (self.path / cluster / _FOUNDING).exists():
            self.forget(cluster)

    def keep_keys(self, cluster: str, keys: tuple[bytes, ...]) -> None:
        """Have *keys* in place of those of *cluster*, the one to call with first; durable."""
        file = self.path / cluster / _MEMBER
        member = json.loads(file.read_bytes())
        member["secrets"] = {f"psk{number}": key.hex() for number, key in enumerate(keys)}
        write_secret(file, json.dumps(member).encode())

    def disown(self, cluster: str, boot: int) -> None:
        """Count the log of *cluster* as lost, and lives from above *boot* on."""
        disk.disown(self.path / cluster, boot)

    def keep_decision(self, order: KeepDecision) -> None:
        """Write a decision, each file whole or not at all; and remove those that are gone."""
        place = self.path / self.cluster() / _DECISIONS
        place.mkdir(mode=0o700, exist_ok=True)
        if order.body is not None:
            write_secret(place / f"{order.number}.body", order.body)
        if (place / f"{order.number}.body").exists():
            write_secret(place / f"{order.number}.json", order.head)
        for number in order.gone:
            for kind in ("json", "body"):
                (place / f"{number}.{kind}").unlink(missing_ok=True)

    def _decisions(self, cluster: str) -> tuple[tuple[bytes, bytes], ...]:
        """Return what `keep_decision` wrote, the oldest first; what cannot be read is left out."""
        found: list[tuple[bytes, bytes]] = []
        place = self.path / cluster / _DECISIONS
        for head in sorted(place.glob("*.json"), key=lambda file: file.stat().st_mtime_ns):
            with contextlib.suppress(OSError):
                found.append((head.read_bytes(), head.with_suffix(".body").read_bytes()))
        return tuple(found)

    def forget(self, cluster: str) -> None:
        """Move the state of *cluster* away, without its keys."""
        place = self.path / cluster
        (place / _MEMBER).unlink(missing_ok=True)
        disk.give_up_ballast(place)
        away = self.path / "forgotten"
        shutil.rmtree(away, ignore_errors=True)
        with contextlib.suppress(FileNotFoundError):
            place.rename(away)

    def open(self, cluster: str) -> Life:
        """Begin a life in *cluster*: recover the log, and put a higher boot counter on record."""
        place = self.path / cluster
        member = json.loads((place / _MEMBER).read_bytes())
        if (place / _FOUNDING).exists():
            (place / _FOUNDING).unlink()
            sync_directories((place,))
        recovered = disk.begin_life(place)
        nonce = int.from_bytes(os.urandom(7), "big")
        boot = Boot(recovered.hard.boot_counter, nonce)
        # "psk" alone is what a founder wrote; the others are numbered, the one to call with first.
        keys = sorted(member["secrets"].items())
        psks = tuple(bytes.fromhex(k) for _, k in keys)
        return Life(
            int(member["me"]), boot, recovered, psks, self._decisions(cluster),
            self.beside("former"), self.beside("next"),
        )  # fmt: skip


def write_secret(file: Path, data: bytes) -> None:
    """Write *data* to *file*, 0600, whole or not at all, durable."""
    temporary = file.with_name(file.name + ".new")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(handle, view) :]
        os.fsync(handle)
    finally:
        os.close(handle)
    temporary.rename(file)
    sync_directories((file.parent,))


def sync_directories(places: Iterable[Path]) -> None:
    """Make the names in each of *places* durable."""
    for place in places:
        handle = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def read_bootstrap_key(path: str) -> tuple[bytes | None, str]:
    """Return the bootstrap key in *path*, or None and why it cannot be used."""
    try:
        with open(path, "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            key = file.read(4096)
    except FileNotFoundError:
        return None, f"there is no {path}"
    except OSError as error:
        return None, f"{path}: {error.strerror}"
    if mode & 0o077:
        return None, f"{path} can be read by others: chmod 600 {path}"
    if (len(key) == 65 and key.endswith(b"\n")) or len(key) == 64:
        with contextlib.suppress(ValueError):
            key = bytes.fromhex(key.decode().strip())
    if len(key) != 32:
        return None, f"{path} must hold 32 random bytes (or 64 hex digits), not {len(key)} bytes"
    return key, ""
