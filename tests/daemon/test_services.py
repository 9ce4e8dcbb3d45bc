"""What clients are told of quorum and the store: whole, in order, once, and within bounds."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from pcsx.daemon import messages
from pcsx.daemon.packing import packed
from pcsx.daemon.services import UNORDERED_MAX, Client, Services
from pcsx.errors import Failed
from pcsx.protocol import QuorumUpdate, QuorumWatch, StoreGet
from pcsx.ring.frames import Boot
from pcsx.ring.heart_port import Datagram
from pcsx.ring.machine import PAYLOAD_MAX
from pcsx.ring.services import groups, locks, store, words
from pcsx.ring.services.words import Standing, Word
from pcsx.ring.wire import BEAT, MAGIC
from tests.sim.chaos import RESOURCES
from tests.sim.cluster import Call, Cluster

KEYS = {
    "quorate", "view", "members", "votes", "expected_votes", "needed_votes", "flags", "reason",
    "revision",
}  # fmt: skip


def cluster(options: tuple[tuple[str, str], ...] = ()) -> Cluster:
    made = Cluster(7, 3, resources=RESOURCES, options=options)
    made.boot()
    made.until(made.at_rest, 40_000)
    return made


def watched(made: Cluster, id: int, revision: str = "") -> Call:
    call = made.ask(id, QuorumWatch(revision))
    made.until(lambda: bool(call.replies) or bool(revision), 1000, 5)
    return call


def lines(call: Call) -> list[dict[str, Any]]:
    return [reply["progress"] for reply in call.replies]


def test_quorum_is_told_whole_and_each_change_of_it() -> None:
    made = cluster()
    call = watched(made, 1)
    (first,) = lines(call)
    assert set(first) == KEYS | {"resync"} and first["resync"] is False
    assert first["quorate"] is True and sorted(first["members"]) == ["n1", "n2", "n3"]
    assert (first["votes"], first["expected_votes"], first["needed_votes"]) == (3, 3, 2)
    assert first["flags"] == [] and first["reason"] == "all votes present"

    made.ask(2, QuorumUpdate((("wait_for_all", "1"), ("votes.n3", "2"))))
    made.run(2000)
    last = lines(call)[-1]
    assert set(last) == KEYS
    assert last["flags"] == ["wait_for_all"] and last["expected_votes"] == 4
    assert any("changing" in line["flags"] for line in lines(call)), "the joint change is seen"

    made.partition((1,), (2, 3))
    made.run(8000)
    alone = lines(call)[-1]
    assert alone["quorate"] is False and alone["members"] == ["n1"] and alone["votes"] == 1
    assert alone["view"] != first["view"] and "missing: n2 n3" in alone["reason"]
    numbers = [int(line["revision"].rpartition(":")[2]) for line in lines(call)]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), "once, without gap"


def test_a_pair_says_that_it_is_one() -> None:
    made = Cluster(5, 2, resources=RESOURCES)
    made.boot()
    made.until(made.at_rest, 40_000)
    assert lines(watched(made, 1))[0]["flags"] == ["two_node"]


def test_who_names_the_last_revision_gets_the_rest_and_of_another_life_a_resync() -> None:
    made = cluster()
    call = watched(made, 2)
    seen = lines(call)[0]["revision"]
    made.partition((1,), (2, 3))
    made.run(8000)
    after = lines(call)[1:]
    assert after
    again = watched(made, 2, seen)
    made.run(100)
    assert lines(again) == after
    other = watched(made, 2, "9.abc:3")
    made.run(100)
    assert [line["resync"] for line in lines(other)] == [True]
    assert {k: v for k, v in lines(other)[0].items() if k != "resync"} == after[-1]


def test_what_the_heart_counts_is_in_the_store_by_the_names_of_the_manual() -> None:
    made = cluster()
    heart = made.machines[2].heart
    assert heart is not None
    source = made.config.node(1).addresses[0]
    for data in (b"short", bytes([MAGIC, BEAT]) + bytes(60), bytes([MAGIC, BEAT]) + bytes(60)):
        heart.step(Datagram(0, source, data), made.machines[2].clock.now(made.now_ms))
    made.pause(2, 400)
    made.run(1000)
    call = made.ask(2, StoreGet("stats."))
    made.run(50)
    entries = {key: (kind, value) for key, kind, value in call.replies[-1]["ok"]["entries"]}
    assert entries["stats.ring.drop.malformed"] == ("i64", "1")
    assert entries["stats.ring.drop.session"] == ("i64", "2")
    assert entries["stats.ring.not_taken"] == ("i64", "0")
    assert {"stats.schedmiss.0.timestamp", "stats.schedmiss.0.delay"} <= set(entries)


# --- bounds -----------------------------------------------------------------------------------


class Alone:
    """The services of a node that is alone: what is said is delivered when asked for."""

    def __init__(self) -> None:
        self.said: list[Word] = []
        self.told: list[Any] = []
        self.place = 0
        self.services = Services(1, Boot(1, 1), lambda id: f"n{id}", self._say)
        self.services.view_changed(1, (1,))
        self.services.quorum_changed({"quorate": True, "view": [1, 1], "members": ["n1"]})
        self.deliver()

    def _say(self, word: Word, safe: bool) -> list[Any]:
        self.said.append(word)
        return []

    def deliver(self) -> None:
        said, self.said = self.said, []
        for word in said:
            self.place += 1
            self.services.hear(1, word, self.place)

    def client(self, key: int = 1) -> Client:
        return self.services.client(key, 100 + key)

    def answer(self, told: Any, last: bool) -> list[Any]:
        self.told.append(told)
        return []

    def write(self, key: str, value: str) -> None:
        self.services.write(key, "str", value, self.answer)


def noise(chance: Random, count: int) -> str:
    """Return text of which each letter takes four bytes, and that no packing makes small."""
    return "".join(chr(chance.randrange(0x10000, 0x10FFFF)) for _ in range(count))


def test_bytes_are_counted_and_who_finds_no_room_is_told() -> None:
    alone = Alone()
    alone.write("view.shared.a", "é" * 65_000)
    alone.deliver()
    alone.write("view.shared.b", "é" * 65_000)
    alone.deliver()
    with pytest.raises(Failed, match="no room"):
        alone.write("view.shared.c", "é" * 10_000)
    assert [entry.key for entry in alone.services.read("view.shared.")] == [
        "view.shared.a", "view.shared.b",
    ]  # fmt: skip


def test_of_many_writes_at_once_those_beyond_the_room_are_refused_on_all_nodes() -> None:
    alone = Alone()
    for number in range(8):
        alone.write(f"view.shared.{number}", "x" * 60_000)
    alone.deliver()
    assert len(alone.services.read("view.shared.")) == 4
    done = [told for told in alone.told if not isinstance(told, Failed)]
    assert len(done) == 4 and len(alone.told) == 8


def test_all_that_clients_may_have_fits_the_first_message_of_a_view() -> None:
    chance = Random(1)
    alone = Alone()
    for owner in ("view.shared.", "view.node.n1."):
        for number in range(4):
            alone.write(f"{owner}{number}", noise(chance, 16_300))
        alone.deliver()
    for number in range(groups.JOINED_MAX):
        alone.services.join(alone.client(), f"{number:04}{noise(chance, 31)}", alone.answer)
    for number in range(locks.LOCKS_MAX):
        alone.services.acquire(alone.client(2), f"{number:04}{noise(chance, 31)}", alone.answer)
    alone.deliver()
    with pytest.raises(Failed, match="times already"):
        alone.services.join(alone.client(), "more", alone.answer)
    with pytest.raises(Failed, match="held and waited for"):
        alone.services.acquire(alone.client(), "more", alone.answer)
    alone.services.view_changed(2, (1,))
    (standing,) = [word for word in alone.said if isinstance(word, Standing)]
    assert len(standing.groups) == groups.JOINED_MAX and len(standing.locks) == locks.LOCKS_MAX
    said = packed(messages.encode(messages.Served(words.encode(standing))))
    assert len(said) <= PAYLOAD_MAX


def test_a_full_queue_says_try_again_and_takes_more_once_what_waits_has_its_place() -> None:
    alone = Alone()
    for number in range(UNORDERED_MAX):
        alone.write("view.shared.x", str(number))
    with pytest.raises(Failed) as refused:
        alone.write("view.shared.x", "more")
    assert "wait for their place" in str(refused.value) and "Try again" in refused.value.hint
    assert len(alone.said) == UNORDERED_MAX and alone.told == []
    alone.deliver()
    assert len(alone.told) == UNORDERED_MAX
    alone.write("view.shared.x", "more")
    alone.deliver()
    assert [entry.value for entry in alone.services.read("view.shared.x")] == ["more"]


def test_a_shared_key_has_a_name() -> None:
    assert store.fault_of("view.shared.", "str", "x")
    assert not store.fault_of("view.shared.x", "str", "x")
