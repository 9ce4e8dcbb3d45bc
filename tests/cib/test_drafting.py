"""The worker's document, made of what has changed, is the one that is put together whole."""

from __future__ import annotations

import pickle
import random
from dataclasses import replace

import pytest

from pcsx.cib.document import Cib
from pcsx.cib.drafting import PIECE, Configured, Draft, NodeChanged, Told
from pcsx.cib.status import SET, NodeState, Operation, ResourceHistory, Situation, node_element
from tests.pe import small


def _history(id: str, call: int) -> ResourceHistory:
    operation = Operation(f"{id}_last_0", (("operation", "start"), ("call-id", str(call))))
    return ResourceHistory(id, ("ocf", "pacemaker", "Dummy"), (operation,))


def _state(id: str, *resources: ResourceHistory) -> NodeState:
    return NodeState(id, f"n{id}", True, True, "member", "member", (), resources)


def _configuration(name: str) -> Cib:
    return small.cluster(small.primitive(name), nodes="n1 n2")


def _carried(told: Told, draft: Draft, situation: Situation) -> None:
    for part in told.parts(situation):
        draft.take(pickle.loads(pickle.dumps(part)))


def _changed(rng: random.Random, old: Situation) -> Situation:
    """Return a situation a little further on."""
    match rng.randint(0, 7):
        case 0:
            return replace(old, configuration=_configuration(rng.choice("abc")))
        case 1:
            return replace(old, attributes=(("have_quorum", rng.choice("01")), ("dc_uuid", "1")))
        case 7:
            known = rng.choice(((), (("T", (("granted", "true"),)), ("U", (("standby", "true"),)))))
            return replace(old, tickets=known)
        case 2:
            ids = rng.sample(["1", "2", "3"], rng.randint(1, 3))
            known = {state.id: state for state in old.states}
            return replace(old, states=tuple(known.get(id, _state(id)) for id in ids))
    at = rng.randrange(len(old.states))
    state = old.states[at]
    histories = {each.id: each for each in state.resources}
    for _ in range(rng.randint(0, 3)):
        name = f"r{rng.randint(1, 5)}"
        if rng.random() < 0.3:
            histories.pop(name, None)
        else:
            histories[name] = _history(name, rng.randint(1, 99))
    state = replace(
        state,
        online=rng.random() < 0.8,
        attributes=rng.choice(((), (("site", "x"),))),
        resources=tuple(histories[name] for name in sorted(histories)),
    )
    return replace(old, states=(*old.states[:at], state, *old.states[at + 1 :]))


@pytest.mark.parametrize("seed", range(30))
def test_a_document_that_is_kept_up_is_the_one_put_together(seed: int) -> None:
    rng = random.Random(seed)
    situation = Situation(_configuration("a"), (_state("1"), _state("2")), (("dc_uuid", "1"),))
    told, draft = Told(), Draft()
    before: dict[str, str] | None = None
    for _ in range(15):
        _carried(told, draft, situation)
        cib, changed = draft.draw()
        assert cib.digest == situation.document().digest
        now = {s.uname: repr(s) for s in situation.states}
        if changed is not None:
            assert before is not None
            assert changed >= {name for name in now if now[name] != before.get(name)}
        before = now
        situation = _changed(rng, situation)


def test_only_what_has_changed_is_told_and_in_small_pieces() -> None:
    many = [_history(f"r{n:04}", n) for n in range(3 * PIECE)]
    first = Situation(_configuration("a"), (_state("1", *many), _state("2")), ())
    told = Told()
    parts = list(told.parts(first))
    assert isinstance(parts[0], Configured)
    assert max(len(p.come) for p in parts if isinstance(p, NodeChanged)) == PIECE
    assert list(told.parts(first)) == []
    new = [*many[:7], _history("r0007", 99), *many[8:]]
    again = list(told.parts(replace(first, states=(_state("1", *new), first.states[1]))))
    assert [(p.gone, p.come) for p in again if isinstance(p, NodeChanged)] == [
        ((), ()),
        ((), (new[7],)),
    ]


def test_an_attribute_in_a_set_of_its_own_is_in_that_block() -> None:
    attributes = ((f"{SET}mine:a", "1"), (f"{SET}mine:b", "2"), ("c", "3"))
    state = replace(_state("1"), attributes=attributes)
    blocks = node_element(state).findall("transient_attributes/instance_attributes")
    assert {
        block.get("id"): {pair.get("name"): pair.get("id") for pair in block} for block in blocks
    } == {"mine": {"a": "mine-a", "b": "mine-b"}, "status-1": {"c": "status-1-c"}}
