"""The watchdog's device: a pipe stands for it; what is no watchdog is refused with its reason."""

from __future__ import annotations

import os
from pathlib import Path

from pcsx.daemon.io.watchdog import Watchdog


def test_it_is_petted_by_bytes_and_disarmed_by_the_magic_letter(tmp_path: Path):
    pipe = tmp_path / "watchdog"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    dog = Watchdog(str(pipe), 7, untimed=True)
    assert (dog.arm(), dog.refused) == (7000, "")
    dog.pet()
    assert os.read(reader, 10) == b"\0\0"
    dog.disarm()
    assert os.read(reader, 10) == b"V"
    assert os.read(reader, 10) == b"", "it is closed"
    dog.pet()
    os.close(reader)


def test_what_is_no_watchdog_is_not_armed(tmp_path: Path):
    (tmp_path / "plain").touch()
    for path, why in (("plain", "Inappropriate ioctl"), ("none", "No such file")):
        dog = Watchdog(str(tmp_path / path), 7)
        assert dog.arm() == 0
        assert why in dog.refused
    assert (Watchdog("", 7).arm(), Watchdog("", 7).refused) == (0, "")
