from collections.abc import Callable
from itertools import pairwise

import pytest

from pcsx.pe.actions.base import new_link, node_pseudo_action
from pcsx.pe.actions.make import ask
from pcsx.pe.constraints.propagate import Propagation
from pcsx.pe.flags import (
    ASYM,
    BACK,
    BLOCK,
    CANCEL,
    COUNTED,
    ELSE,
    FGRAPH,
    FORCED_IN,
    FWD,
    MIGCHAIN,
    MIGRATABLE,
    MIN,
    ONNODE,
    OPTIONAL,
    ORD,
    PBACK,
    PSEUDO,
    RESTART,
    RUNNABLE,
    SAMEFWD,
    TGRAPH,
)
from pcsx.pe.model import Action, Role, WorkingSet

from ..assign.build import add_primitive, cluster

Change = Callable[[Action, Action], None]


@pytest.fixture
def work() -> WorkingSet:
    return cluster("a b")


def settled(work: WorkingSet, kind: int, change: Change) -> tuple[Action, Action]:
    """Return x's stop and y's start, both optional and runnable, changed and settled."""
    x, y = add_primitive(work, "x", active="a"), add_primitive(work, "y", active="a")
    first = ask(work, x, "stop", work.nodes[0], required=False)
    then = ask(work, y, "start", work.nodes[0], required=False)
    change(first, then)
    new_link(first, then, kind)
    Propagation(work).settle(then)
    return first, then


def require_first(first: Action, then: Action) -> None:
    first.flags &= ~OPTIONAL


def require_then(first: Action, then: Action) -> None:
    then.flags &= ~OPTIONAL


def forbid_first(first: Action, then: Action) -> None:
    first.flags &= ~RUNNABLE


def forbid_then(first: Action, then: Action) -> None:
    then.flags &= ~RUNNABLE


def test_fwd_requires_what_follows_and_says_why(work: WorkingSet) -> None:
    _, then = settled(work, FWD, require_first)
    assert not then.flags & OPTIONAL
    assert then.reason == "required x stop"


def test_fwd_does_nothing_where_the_first_is_part_of_a_migration(work: WorkingSet) -> None:
    def migrate(first: Action, then: Action) -> None:
        first.flags = first.flags & ~OPTIONAL | MIGRATABLE

    assert settled(work, FWD, migrate)[1].flags & OPTIONAL


@pytest.mark.parametrize("change", [require_first, require_then, forbid_first])
def test_order_alone_changes_nothing(work: WorkingSet, change: Change) -> None:
    first, then = settled(work, ORD, change)
    assert then.flags == (RUNNABLE if change is require_then else RUNNABLE | OPTIONAL)
    assert first.reason is None and then.reason is None


def test_block_makes_impossible_what_follows(work: WorkingSet) -> None:
    _, then = settled(work, BLOCK, forbid_first)
    assert not then.flags & RUNNABLE
    assert then.reason == "unrunnable x stop"


def test_back_takes_the_migration_from_what_comes_first(work: WorkingSet) -> None:
    def migrate(first: Action, then: Action) -> None:
        first.flags |= MIGRATABLE
        then.flags &= ~OPTIONAL

    first, _ = settled(work, BACK, migrate)
    assert not first.flags & MIGRATABLE
    assert first.flags & OPTIONAL
    assert first.reason == "unmigrateable y start"


def test_pback_requires_the_first_only_of_what_is_promoted(work: WorkingSet) -> None:
    assert settled(work, PBACK, require_then)[0].flags & OPTIONAL

    def promoted(first: Action, then: Action) -> None:
        require_then(first, then)
        assert then.rsc is not None
        then.rsc.role = Role.PROMOTED

    assert not settled(work, PBACK, promoted)[0].flags & OPTIONAL


def test_restart_requires_the_stop_that_a_required_start_needs(work: WorkingSet) -> None:
    assert not settled(work, RESTART, require_then)[0].flags & OPTIONAL
    assert settled(work, RESTART, forbid_then)[0].flags & OPTIONAL, "another resource's"


def test_a_chain_of_migration_breaks_as_a_whole(work: WorkingSet) -> None:
    first, _ = settled(work, MIGCHAIN, require_then)
    assert not first.flags & (RUNNABLE | OPTIONAL)


def test_else_makes_a_pseudo_start_a_real_one(work: WorkingSet) -> None:
    def migrating(first: Action, then: Action) -> None:
        forbid_first(first, then)
        then.flags |= PSEUDO | MIGRATABLE

    assert not settled(work, ELSE, migrating)[1].flags & (PSEUDO | MIGRATABLE)


def test_cancel_makes_the_first_needless(work: WorkingSet) -> None:
    def both(first: Action, then: Action) -> None:
        require_first(first, then)
        require_then(first, then)

    assert settled(work, ORD | CANCEL, both)[0].flags & OPTIONAL


def test_an_asymmetric_order_forbids_a_start_elsewhere(work: WorkingSet) -> None:
    def elsewhere(first: Action, then: Action) -> None:
        forbid_first(first, then)
        assert then.rsc is not None
        then.rsc.active = [work.nodes[1]]

    _, then = settled(work, ASYM, elsewhere)
    assert not then.flags & (RUNNABLE | OPTIONAL)
    assert settled(work, ASYM, forbid_first)[1].flags & OPTIONAL, "it runs there and may stay"


def test_links_for_one_node_are_dropped_between_two(work: WorkingSet) -> None:
    def apart(first: Action, then: Action) -> None:
        require_first(first, then)
        then.node = work.nodes[1]

    _, then = settled(work, FWD | ONNODE, apart)
    assert then.flags & OPTIONAL
    assert then.before[0].kind == 0


def test_samefwd_becomes_fwd(work: WorkingSet) -> None:
    _, then = settled(work, SAMEFWD, require_first)
    assert not then.flags & OPTIONAL
    assert then.before[0].kind == FWD


def test_what_is_shown_does_not_become_required(work: WorkingSet) -> None:
    _, then = settled(work, FGRAPH, require_first)
    assert then.flags & FORCED_IN and then.flags & OPTIONAL
    first, _ = settled(work, TGRAPH, require_then)
    assert first.flags & FORCED_IN and first.flags & OPTIONAL


@pytest.mark.parametrize("needed", [1, 2])
def test_a_counted_action_needs_a_number_of_runnable_inputs(work: WorkingSet, needed: int) -> None:
    x = add_primitive(work, "x")
    point = node_pseudo_action(work, "point", required=False)
    point.flags |= COUNTED
    point.needs = needed
    for node in work.nodes:
        start = ask(work, x, "start", node, required=True)
        if node is work.nodes[1]:
            start.flags &= ~RUNNABLE
        new_link(start, point, MIN)
    Propagation(work).settle(point)
    assert bool(point.flags & RUNNABLE) == (needed == 1)


def test_a_long_chain_is_settled_to_its_end() -> None:
    work = cluster("a")
    starts = [
        ask(work, add_primitive(work, f"r{n}"), "start", work.nodes[0], required=n == 0)
        for n in range(300)
    ]
    for start in starts[1:]:
        start.flags |= OPTIONAL
    for first, then in pairwise(starts):
        new_link(first, then, FWD)
    Propagation(work).settle(starts[1])
    assert not any(start.flags & OPTIONAL for start in starts)


def test_a_stop_that_cannot_be_of_a_blocked_resource_blocks_what_follows(work: WorkingSet) -> None:
    def stuck(first: Action, then: Action) -> None:
        forbid_first(first, then)
        assert first.rsc is not None
        first.rsc.managed, first.rsc.blocked = False, True

    assert not settled(work, FWD, stuck)[1].flags & RUNNABLE
