"""The cluster's key changes while all goes on: nobody is without a key that the others open."""

from datetime import UTC, datetime
from hashlib import sha256
from random import Random

import pytest

from pcsx.daemon.rotation import OVERLAP_MS, Decide, Held, Keep, Offer, Rotation, Use
from pcsx.daemon.trust import KeyActive, KeyPrepared, KeyRetired, TokenMade, TokenUsed, Trust
from pcsx.values import Now

OLD, NEW = b"o" * 32, b"n" * 32


class Town:
    """Some nodes, a log that decides what the leader proposes, and words in one order."""

    def __init__(self, count: int, seed: int = 0) -> None:
        self.nodes = {id: Rotation(id, (OLD,)) for id in range(1, count + 1)}
        self.trust = Trust()
        self.leader = 1
        self.up = set(self.nodes)
        self.ms = 0
        self.random = Random(seed)
        self.uses = dict.fromkeys(self.nodes, (OLD,))
        self.facts: list[str] = []

    @property
    def now(self) -> Now:
        return Now(self.ms, datetime(2030, 1, 1, tzinfo=UTC))

    def do(self, node: int, effects: list[object]) -> None:
        todo = [(node, effect) for effect in effects]
        while todo:
            # Nodes go on in any order; what one node does stays in its own.
            who = self.random.choice(sorted({node for node, _ in todo}))
            effect = todo.pop(next(at for at, (node, _) in enumerate(todo) if node == who))[1]
            part = self.nodes[who]
            match effect:
                case Offer(to, key) if to in self.up:
                    todo += [(to, each) for each in self.nodes[to].offered(key, self.trust)]
                case Keep(keys):
                    todo += [(who, each) for each in part.kept(keys, self.trust)]
                case Use(keys):
                    self.uses[who] = keys
                case Held(digest, used):
                    for each in self.up:
                        self.nodes[each].heard(who, digest, used=used)
                case Decide(fact):
                    self.facts.append(type(fact).__name__)
                    self.trust.apply(fact)
                    for each in sorted(self.up):
                        told = self.nodes[each].decided(self.trust, self.now)
                        todo += [(each, one) for one in told]
            self.all_can_speak()

    def all_can_speak(self) -> None:
        for caller in self.up:
            for called in self.up:
                assert self.uses[caller][0] in self.uses[called]

    def run(self, ms: int) -> None:
        for _ in range(0, ms, 500):
            self.ms += 500
            part = self.nodes[self.leader]
            told = part.lead(self.trust, nodes=self.nodes, members=self.up, now=self.now)
            self.do(self.leader, list(told))


@pytest.mark.parametrize("seed", range(8))
def test_the_key_changes_and_at_every_moment_all_can_call_all(seed: int) -> None:
    town = Town(3, seed)

    town.do(1, list(town.nodes[1].begin(NEW, "test")))
    town.run(OVERLAP_MS + 3000)

    assert town.facts == ["KeyPrepared", "KeyActive", "KeyRetired"]
    assert set(town.uses.values()) == {(NEW,)}


def test_nothing_is_activated_before_the_last_node_has_the_key() -> None:
    town = Town(3)
    town.up = {1, 2}
    town.do(1, list(town.nodes[1].begin(NEW, "test")))
    town.run(60_000)
    assert town.facts == ["KeyPrepared"]

    town.up = {1, 2, 3}
    for node in (1, 2, 3):
        town.do(node, list(town.nodes[node].view_changed(town.trust)))
    town.run(OVERLAP_MS + 5000)

    assert town.facts[-1] == "KeyRetired"


def test_a_leader_without_the_key_to_come_takes_the_preparation_back() -> None:
    town = Town(2)
    fact = KeyPrepared(b"x" * 32, "the leader that had it is gone")
    town.trust.apply(fact)

    told = town.nodes[1].lead(town.trust, nodes=[1, 2], members=[1, 2], now=town.now)

    assert told == [Decide(KeyRetired(b""))]
    town.do(1, list(told))
    assert town.trust.pending == b""


def test_a_key_that_the_log_did_not_announce_is_not_kept() -> None:
    assert Rotation(2, (OLD,)).offered(NEW, Trust()) == []


def test_a_token_is_good_once_and_for_its_time() -> None:
    trust = Trust()
    trust.apply(TokenMade(b"i" * 16, b"s" * 32, 100, "root"))

    assert Trust.from_json(trust.to_json()).tokens == trust.tokens
    assert trust.shared_of(b"i" * 16, 99) == b"s" * 32
    assert trust.shared_of(b"i" * 16, 100) is None
    trust.apply(TokenUsed(b"i" * 16, "n4"))
    assert trust.shared_of(b"i" * 16, 99) is None


def test_who_was_away_goes_by_the_keys_that_a_member_gives_and_has_them_on_disk():
    back = Rotation(3, (OLD,))
    told = back.recalled((NEW, OLD), sure=True)
    assert told == [Keep((NEW, OLD)), Use((NEW, OLD))]
    assert back.recalled((NEW, OLD), sure=True) == []


def test_the_keys_of_who_has_no_quorum_open_too_and_only_until_it_is_known_which_do():
    ahead, behind, trust = Rotation(1, (NEW,)), Rotation(2, (OLD,)), Trust()
    trust.apply(KeyPrepared(sha256(NEW).digest(), "asked"))
    trust.apply(KeyActive(sha256(NEW).digest()))
    trust.apply(KeyRetired(sha256(NEW).digest()))

    assert ahead.recalled((OLD,), sure=False) == [Keep((NEW, OLD)), Use((NEW, OLD))]
    assert behind.recalled((NEW,), sure=False) == [Keep((OLD, NEW)), Use((OLD, NEW))]
    assert behind.decided(Trust(), Now(0, datetime(2030, 1, 1, tzinfo=UTC))) == []

    for part in (ahead, behind):
        part.quorum_changed(quorate=True, now=Now(0, datetime(2030, 1, 1, tzinfo=UTC)))
        due_ms = part.deadline_ms(trust, leading=False)
        assert due_ms is not None
        part.tick(trust, Now(due_ms, datetime(2030, 1, 1, tzinfo=UTC)))
        assert part.keys == (NEW,) and part.deadline_ms(trust, leading=False) is None


def test_the_active_key_is_offered_to_a_member_that_does_not_have_it():
    trust = Trust()
    leader, late = Rotation(1, (NEW, OLD)), Rotation(3, (OLD,))
    digest = sha256(NEW).digest()
    trust.apply(KeyPrepared(digest, "asked"))
    trust.apply(KeyActive(digest))
    now = Now(5000, datetime(2030, 1, 1, tzinfo=UTC))
    offers = leader.lead(trust, nodes=[1, 3], members=[1, 3], now=now)
    assert Offer(3, NEW) in offers
    assert late.offered(NEW, trust) == [Use((NEW, OLD)), Keep((NEW, OLD))]
    assert late.offered(b"x" * 32, trust) == []
