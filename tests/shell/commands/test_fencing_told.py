"""Fencing on record, told as sentences."""

from __future__ import annotations

from typing import Any

import pytest

from pcsx.shell.commands.stonith.fencing import told

CASE = {
    "case": 7, "target": "n2", "action": "reboot", "origin": "root", "verdict": "done",
    "reason": "", "device": "power", "delegate": "n1", "began_s": 0, "ended_s": 60, "took_ms": 1234,
}  # fmt: skip


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({}, "n2 was rebooted by n1 with power in 1.2 s, asked for by root"),
        ({"action": "off"}, "n2 was switched off by n1 with power in 1.2 s, asked for by root"),
        ({"verdict": "pending", "ended_s": 0}, "n2: a reboot is under way, asked for by root"),
        (
            {"verdict": "failed", "reason": "no answer in time"},
            "n2: a reboot FAILED (no answer in time), asked for by root",
        ),
        (
            {"verdict": "void", "reason": "it is heard again"},
            "n2: a reboot was called off (it is heard again), asked for by root",
        ),
    ],
)
def test_a_fencing_is_one_sentence(more: dict[str, Any], text: str) -> None:
    assert told({**CASE, **more}).split("  ", 1)[1] == text
