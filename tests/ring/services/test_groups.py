"""Groups: every member holds the same membership, and each change says why."""

from pcsx.ring.services.groups import Arrived, Changed, Groups, Reason
from pcsx.ring.services.words import Entered, Exited, Process, Sent, Standing

A, B = Process(1, 1, 100), Process(2, 1, 200)


def standing(*groups: tuple[str, Process]) -> Standing:
    return Standing(True, groups, (), (), (), ())


def test_who_joins_is_told_with_all_members() -> None:
    groups = Groups()
    groups.hear(1, Entered("g", A))

    assert groups.hear(2, Entered("g", B)) == [Changed("g", (A, B), (B,), (), Reason.JOIN)]


def test_a_lost_node_makes_one_change_for_each_group() -> None:
    groups = Groups()
    second = Process(2, 2, 201)
    for name, process in (("g", A), ("g", B), ("g", second), ("h", B)):
        groups.hear(process.node, Entered(name, process))

    assert groups.view_changed([1]) == [
        Changed("g", (A,), (), (B, second), Reason.NODEDOWN),
        Changed("h", (), (), (B,), Reason.NODEDOWN),
    ]
    assert groups.names == ["g"]


def test_a_node_that_comes_brings_its_processes() -> None:
    groups = Groups()
    groups.hear(1, Entered("g", A))

    assert groups.hear(2, standing(("g", B))) == [Changed("g", (A, B), (B,), (), Reason.NODEUP)]
    assert groups.hear(2, standing(("g", B))) == []


def test_a_process_that_died_is_not_one_that_left() -> None:
    groups = Groups()
    groups.hear(1, Entered("g", A))
    groups.hear(2, Entered("g", B))

    died, left = groups.hear(1, Exited("g", A, True)) + groups.hear(2, Exited("g", B, False))

    assert isinstance(died, Changed) and died.reason is Reason.PROCDOWN
    assert isinstance(left, Changed) and left.reason is Reason.LEAVE


def test_only_members_are_heard_and_nobody_speaks_for_another_node() -> None:
    groups = Groups()
    groups.hear(1, Entered("g", A))

    assert groups.hear(2, Sent("g", B.key, b"x", 1)) == []
    assert groups.hear(2, Exited("g", A, False)) == []
    assert groups.hear(1, Exited("g", Process(1, 1, 101), False)) == []
    assert groups.hear(1, Sent("h", A.key, b"x", 1)) == []
    assert groups.hear(1, Sent("g", A.key, b"x", 1)) == [Arrived("g", A, b"x")]
