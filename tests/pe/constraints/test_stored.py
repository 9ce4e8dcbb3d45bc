import pytest

from pcsx.pe.constraints.stored import is_ancestor, order
from pcsx.pe.flags import FWD, ORD, UNMIG

from ..assign.build import add_group, add_primitive, cluster


def stored(first: bool, then: bool, tasks: tuple[str, str]) -> list[tuple[str, str, int]]:
    work = cluster("a")
    x, y = add_primitive(work, "x"), add_primitive(work, "y")
    x.allow_migrate, y.allow_migrate = first, then
    order(work, x, tasks[0], y, tasks[1], ORD | FWD)
    return [(o.first_task, o.then_task, o.kind) for o in work.orderings[1:]]


@pytest.mark.parametrize(
    ("first", "then", "tasks", "added"),
    [
        (False, False, ("start", "start"), []),
        (True, False, ("start", "start"), []),
        (False, True, ("start", "start"), [("start", "migrate_to", ORD)]),
        (
            True,
            True,
            ("start", "start"),
            [("migrate_from", "migrate_to", ORD), ("start", "migrate_to", ORD | UNMIG)],
        ),
        (True, True, ("stop", "stop"), [("stop", "migrate_to", ORD | UNMIG)]),
        (False, True, ("stop", "stop"), [("stop", "migrate_to", ORD)]),
        (False, True, ("promote", "start"), [("promote", "migrate_to", ORD)]),
        (False, True, ("demote", "stop"), [("demote", "migrate_to", ORD)]),
        (True, True, ("start", "promote"), []),
    ],
)
def test_an_order_holds_for_the_migrations_that_stand_for_starts_and_stops(
    first: bool, then: bool, tasks: tuple[str, str], added: list[tuple[str, str, int]]
) -> None:
    assert stored(first, then, tasks) == added


def test_orders_within_a_family_mean_nothing_for_migrations() -> None:
    work = cluster("a")
    group = add_group(work, "g", "x y")
    member = group.children[0]
    member.allow_migrate = True
    assert is_ancestor(group, member) and not is_ancestor(member, group)
    order(work, group, "start", member, "start", ORD)
    assert len(work.orderings) == 1
