"""The store: a node's own words are its own, and a merge has one outcome everywhere."""

from itertools import permutations

import pytest

from pcsx.ring.services.store import Entry, Store, fault_of
from pcsx.ring.services.words import Standing, Written

Triples = tuple[tuple[str, str, str], ...]


def standing(*, quorate: bool = True, own: Triples = (), shared: Triples = ()) -> Standing:
    return Standing(quorate, (), own, shared, (), ())


def settled(*nodes: int) -> Store:
    store = Store()
    store.view_changed(nodes, [f"n{node}" for node in nodes])
    for node in nodes:
        store.hear(node, f"n{node}", standing())
    return store


def test_a_node_writes_under_its_own_name_only() -> None:
    store = settled(1, 2)

    assert store.hear(2, "n2", Written("view.node.n1.x", "str", "y", 1)) == []
    assert store.hear(1, "n1", Written("view.node.n1.x", "str", "y", 1)) == [
        Entry("view.node.n1.x", "str", "y")
    ]


def test_a_name_that_begins_like_another_is_another() -> None:
    store = settled(1, 11)

    assert store.hear(1, "n1", Written("view.node.n11.x", "str", "y", 1)) == []


def test_what_is_so_already_is_no_news() -> None:
    store = settled(1)
    store.hear(1, "n1", Written("view.shared.x", "u8", "1", 1))

    assert store.hear(1, "n1", Written("view.shared.x", "u8", "1", 2)) == []


def test_a_merge_follows_the_side_with_quorum_whoever_speaks_first() -> None:
    said = {
        1: standing(quorate=False, shared=(("view.shared.x", "str", "lonely"),)),
        2: standing(shared=(("view.shared.x", "str", "many"),)),
        3: standing(shared=(("view.shared.x", "str", "many"),)),
    }
    for order in permutations(said):
        store = Store()
        store.view_changed([1, 2, 3], ["n1", "n2", "n3"])
        for node in order:
            store.hear(node, f"n{node}", said[node])
        assert store.get("view.shared.") == [Entry("view.shared.x", "str", "many")]


def test_without_quorum_anywhere_the_lowest_node_decides() -> None:
    store = Store()
    store.view_changed([1, 2], ["n1", "n2"])
    store.hear(2, "n2", standing(quorate=False, shared=(("view.shared.x", "str", "two"),)))
    store.hear(1, "n1", standing(quorate=False, shared=(("view.shared.y", "str", "one"),)))

    assert store.get("view.shared.") == [Entry("view.shared.y", "str", "one")]


def test_what_is_written_while_views_merge_counts_after_it() -> None:
    store = Store()
    store.view_changed([1, 2], ["n1", "n2"])
    store.hear(1, "n1", standing(shared=(("view.shared.x", "str", "old"),)))

    assert store.hear(1, "n1", Written("view.shared.x", "str", "new", 1)) == []
    store.hear(2, "n2", standing())
    assert store.get("view.shared.") == [Entry("view.shared.x", "str", "new")]


def test_what_a_lost_node_said_of_itself_goes_with_it() -> None:
    store = settled(1, 2)
    store.hear(2, "n2", Written("view.node.n2.x", "str", "y", 1))

    assert store.view_changed([1], ["n1"]) == [Entry("view.node.n2.x", "", "")]


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    (
        ("i8", "-128", "128"),
        ("u8", "255", "-1"),
        ("u64", str(2**64 - 1), str(2**64)),
        ("i16", "-32768", "x"),
        ("float", "1.5", "one"),
        ("float", "3e38", "4e38"),
        ("double", "1e300", ""),
        ("bytes", "00ff", "0x"),
    ),
)
def test_a_value_must_be_one_of_its_type(kind: str, good: str, bad: str) -> None:
    assert fault_of("view.shared.x", kind, good) == ""
    assert fault_of("view.shared.x", kind, bad)
