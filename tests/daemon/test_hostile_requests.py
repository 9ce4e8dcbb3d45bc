"""Nothing that a client may say ends a daemon: requests of any sense are answered, or refused."""

from __future__ import annotations

from dataclasses import fields
from random import Random
from typing import Any

import pytest

from pcsx.protocol import REQUESTS
from tests.sim.chaos import RESOURCES
from tests.sim.cluster import Cluster

TEXTS = (
    "", " ", "x", "n1", "n9", "web", "\0", "a\0b", "\x01", "é" * 200, "../../x", "-1", "1", "u8",
    "9" * 20, "true", "<x/>", "view.shared.x", "view.node.n1.x", "str", "stats.", "a" * 70_000,
    "\u2028", "\ufffe", "😀", "votes.n1", "wait_for_all", "profile", "reboot", "add", "update",
    "grant", "=", "10.0.0.1", "::1", "10.0.0.1 5450", "1:2:3", "start", "ocf:pcsx:dummy", "lsb:x",
    "n1=10.0.0.9", "٣", "00" * 32,
)  # fmt: skip
NUMBERS = (0, 1, -1, 2, 64, 65, 255, 1000, 60_000, 2**31, 2**63 - 1, -(2**63))
ENDS = frozenset(
    ("destroy", "stop", "cluster-force-new", "cluster-rejoin", "node-remove", "fence", "run-agent")
)
"""What rightly ends a daemon, or runs a program that the judge of resources does not know."""


class Spelled:
    """A request as the JSON that a client may send."""

    def __init__(self, plain: dict[str, Any]) -> None:
        self._plain = plain

    def to_json(self) -> dict[str, Any]:
        return dict(self._plain)


def value_of(kind: str, chance: Random) -> Any:
    match kind:
        case "str":
            return chance.choice(TEXTS)
        case "int":
            return chance.choice(NUMBERS)
        case "bool":
            return chance.random() < 0.5
        case "tuple[str, ...]":
            return [chance.choice(TEXTS) for _ in range(chance.randrange(4))]
        case "tuple[tuple[str, str], ...]":
            return [[chance.choice(TEXTS) for _ in "kv"] for _ in range(chance.randrange(4))]
        case "tuple[int, int, int]":
            return [chance.choice(NUMBERS) for _ in range(3)]
        case _:
            return [{"name": chance.choice(TEXTS), "addresses": [chance.choice(TEXTS)]}]


@pytest.mark.parametrize("seed", range(3))
def test_requests_without_sense_are_answered_and_everybody_lives(seed: int) -> None:
    chance = Random(seed)
    made = Cluster(seed, 3, resources=RESOURCES)
    made.boot()
    made.until(made.at_rest, 40_000)
    for do in sorted(REQUESTS) * 4:
        if do in ENDS:
            continue
        plain = {each.name: value_of(str(each.type), chance) for each in fields(REQUESTS[do])}
        if do == "store-watch":
            plain["prefix"] = ""  # the judge looks for gaps in all of it
        made.ask(chance.choice((1, 2, 3)), Spelled({"do": do, **plain}))
        made.run(chance.choice((1, 5, 50)))
    assert all(machine.is_up for machine in made.machines.values())
