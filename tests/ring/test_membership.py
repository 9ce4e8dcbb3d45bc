"""Changes of who is in the ring: newcomers learn first, faults are told, links stay aligned."""

from dataclasses import replace

import pytest

from pcsx.errors import Failed
from pcsx.ring import membership
from pcsx.ring.config import Address, RingConfig, RingNode
from pcsx.ring.log.changes import Facts, wanted_change
from pcsx.values import NodeName


def config(count: int = 2, links: int = 1) -> RingConfig:
    nodes = tuple(
        RingNode(
            id,
            NodeName(f"n{id}"),
            tuple(Address(f"10.0.{link}.{id}", 5450) for link in range(links)),
            bytes((id,)) * 32,
        )
        for id in range(1, count + 1)
    )
    return RingConfig("c" * 32, "web", 7, nodes)


def newcomer(old: RingConfig, name: str = "n9", used: tuple[int, ...] = ()) -> RingConfig:
    return membership.with_newcomer(
        old, name=name, addresses=(Address("10.0.0.9", 5450),), key=b"9" * 32, used=used
    )


def test_a_newcomer_learns_and_votes_once_it_has_caught_up() -> None:
    new = newcomer(config())
    node = new.named("n9")
    assert node is not None and node.votes == 0

    wanted = wanted_change(new, Facts({1: 1, 2: 1, 3: 1}, (), (), (3,)))

    assert wanted is not None
    assert wanted[0].node(3).votes == 1


def test_the_id_of_a_node_that_was_is_not_given_again() -> None:
    assert newcomer(config(), used=(3, 4)).nodes[-1].id == 5


@pytest.mark.parametrize(
    ("change", "said"),
    (
        (lambda c: newcomer(c, name="n1"), "already"),
        (lambda c: newcomer(c, name="a b"), "not a node's name"),
        (lambda c: newcomer(newcomer(c), name="n8"), "identity of n9"),
        (lambda c: newcomer(config(2, links=2)), "2 links"),
        (lambda c: membership.without_node(config(1), "n1"), "last node"),
        (lambda c: membership.without_node(c, "n7"), "no node n7"),
        (lambda c: membership.renamed(c, "n1", "n2"), "already"),
        (lambda c: membership.with_link(c, {"n1": Address("10.1.0.1", 5450)}), "missing: n2"),
        (lambda c: membership.without_link(c, 0), "last link"),
        (lambda c: membership.without_link(c, 3), "no link 3"),
        (lambda c: membership.with_priority(c, 0, 256), "0 to 255"),
        (
            lambda c: membership.with_link_moved(c, 0, {"n1": Address("10.0.0.2", 5450)}),
            "n2's already",
        ),
    ),
)
def test_what_cannot_be_is_refused_with_the_reason(change, said: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(Failed, match=said):
        change(config())


def test_a_pair_loses_one_and_is_no_pair() -> None:
    left = membership.without_node(config(2), "n2")

    assert [node.name for node in left.nodes] == ["n1"]


def test_what_is_owed_to_a_removed_node_is_forgotten() -> None:
    assert membership.without_node(newcomer(config()), "n9") == config()


def test_options_of_links_follow_their_numbers() -> None:
    old = config(2, links=3)
    old = membership.with_priority(membership.with_priority(old, 0, 1), 2, 9)

    new = membership.without_link(old, 1)

    assert dict(new.options) == {"link0_priority": "1", "link1_priority": "9"}
    assert [address.host for address in new.nodes[0].addresses] == ["10.0.0.1", "10.0.2.1"]


def test_adding_and_removing_a_link_leads_back() -> None:
    addresses = {f"n{id}": Address(f"10.9.0.{id}", 5450) for id in (1, 2)}

    assert membership.without_link(membership.with_link(config(), addresses), 1) == config()


def test_the_cluster_and_its_nodes_are_renamed_and_nothing_else() -> None:
    new = membership.with_name(membership.renamed(config(), "n2", "db"), "shop")

    assert (new.name, [node.name for node in new.nodes]) == ("shop", ["n1", "db"])
    assert replace(new, name="web", nodes=config().nodes) == config()
