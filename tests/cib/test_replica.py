"""The replica: the leader judges, everyone applies, and all have the same document."""

from dataclasses import replace

import pytest

from pcsx.cib import Cib, Version
from pcsx.cib.founding import first_document
from pcsx.cib.replica import Change, Committed, Diverged, Proposal, Replica, propose
from pcsx.errors import Conflict, Failed, Finding, Refused


def start() -> Cib:
    return first_document("web", "0" * 32, [("1", "a"), ("2", "b")])


def with_resource(cib: Cib, name: str, kind: str = "Dummy") -> Cib:
    def add(tree):  # type: ignore[no-untyped-def]
        tree.find("configuration/resources").append(
            tree.makeelement("primitive", {"id": name, "class": "ocf", "type": kind})
        )

    return cib.edited(add)


def wish(base: Cib, new: Cib, seq: int = 1, client: str = "shell", **more: object) -> Proposal:
    made = propose(
        base, new, user="root", command="pcsx resource create", wall="2026-01-01T00:00:00Z",
        client_id=client, seq=seq,
    )  # fmt: skip
    return replace(made, **more)  # type: ignore[arg-type]


def judged(replica: Replica, proposal: Proposal) -> Change:
    change = replica.judge(proposal)
    assert isinstance(change, Change)
    return change


def names(cib: Cib) -> list[str | None]:
    return [e.get("id") for e in cib.tree.iter("primitive")]


def test_a_change_leads_every_node_to_the_same_document() -> None:
    leader, other = Replica(start()), Replica(start())
    change = judged(leader, wish(start(), with_resource(start(), "r")))
    again = Change.from_bytes(change.to_bytes())
    assert again == change
    leader.apply(change)
    assert other.apply(again) == Committed(Version(0, 2, 0), leader.cib.digest)
    assert other.cib == leader.cib
    assert names(other.cib) == ["r"]


def test_status_is_no_part_of_the_replica() -> None:
    replica = Replica(start())
    assert replica.cib.tree.find("status") is None


def test_each_change_takes_the_document_one_epoch_on() -> None:
    replica = Replica(start())
    for seq, name in enumerate("abc"):
        replica.apply(judged(replica, wish(replica.cib, with_resource(replica.cib, name), seq)))
    assert replica.cib.version == Version(0, 4, 0)
    assert replica.cib.tree.get("update-user") == "root"


def test_proposals_are_judged_on_what_passed_before_them() -> None:
    replica = Replica(start())
    first = judged(replica, wish(start(), with_resource(start(), "r"), client="x"))
    second = judged(replica, wish(start(), with_resource(start(), "s"), client="y"))
    assert replica.pending == 2
    for change in (first, second):
        replica.apply(change)
    assert (sorted(map(str, names(replica.cib))), replica.pending) == (["r", "s"], 0)


def test_another_leaders_entry_ends_what_was_judged_here() -> None:
    here, there = Replica(start()), Replica(start())
    judged(here, wish(start(), with_resource(start(), "r"), client="x"))
    here.apply(judged(there, wish(start(), with_resource(start(), "s"), client="y")))
    assert (names(here.tip), here.pending) == (["s"], 0)


def test_the_same_place_changed_twice_conflicts() -> None:
    replica = Replica(start())
    judged(replica, wish(start(), with_resource(start(), "r", "A"), client="x"))
    with pytest.raises(Conflict):
        replica.judge(wish(start(), with_resource(start(), "r", "B"), client="y"))


def test_a_retry_is_answered_with_the_first_result() -> None:
    replica = Replica(start())
    proposal = wish(start(), with_resource(start(), "r"))
    result = replica.apply(judged(replica, proposal))
    assert replica.judge(proposal) == result


def test_a_retry_while_the_first_is_under_way_is_not_done_twice() -> None:
    replica = Replica(start())
    proposal = wish(start(), with_resource(start(), "r"))
    judged(replica, proposal)
    with pytest.raises(Failed):
        replica.judge(proposal)


def test_an_older_wish_than_the_last_is_not_done() -> None:
    replica = Replica(start())
    replica.apply(judged(replica, wish(start(), with_resource(start(), "r"), seq=5)))
    with pytest.raises(Failed):
        replica.judge(wish(start(), with_resource(start(), "s"), seq=4))


def test_what_is_so_already_makes_no_entry() -> None:
    replica = Replica(start())
    answer = replica.judge(wish(start(), start()))
    assert answer == Committed(replica.cib.version, replica.cib.digest, changed=False)


def test_a_node_with_another_document_diverges_and_keeps_what_it_has() -> None:
    leader = Replica(start())
    odd = Replica(with_resource(start(), "odd"))
    before = odd.cib
    with pytest.raises(Diverged):
        odd.apply(judged(leader, wish(start(), with_resource(start(), "r"))))
    assert odd.cib == before


def test_a_wrong_digest_is_noticed() -> None:
    leader, other = Replica(start()), Replica(start())
    change = judged(leader, wish(start(), with_resource(start(), "r")))
    with pytest.raises(Diverged):
        other.apply(replace(change, digest="0" * 32))


def test_errors_of_the_checks_refuse_unless_they_are_forced() -> None:
    finding = Finding.error("odd", "r", "This is odd", force="odd")
    proposal = wish(start(), with_resource(start(), "r"))
    with pytest.raises(Refused) as caught:
        Replica(start(), checks=[lambda *_: [finding]]).judge(proposal)
    assert caught.value.findings == [finding]
    for force in (("odd",), ("*",)):
        forced = replace(proposal, force=force)
        assert isinstance(Replica(start(), checks=[lambda *_: [finding]]).judge(forced), Change)


def test_what_cannot_be_forced_is_refused_in_spite_of_force() -> None:
    finding = Finding.error("odd", "r", "This is odd")
    with pytest.raises(Refused):
        Replica(start(), checks=[lambda *_: [finding]]).judge(
            wish(start(), with_resource(start(), "r"), force=("*",))
        )


def test_the_admin_epoch_rises_and_never_falls() -> None:
    replica = Replica(start().with_version(Version(3, 1, 0)))
    low = with_resource(replica.cib, "r").with_version(Version(1, 1, 0))
    replica.apply(judged(replica, wish(replica.cib, low)))
    assert replica.cib.version == Version(3, 2, 0)
    high = replica.cib.with_version(Version(7, 0, 0))
    replica.apply(judged(replica, wish(replica.cib, high, seq=2)))
    assert replica.cib.version == Version(7, 3, 0)


def test_a_snapshot_carries_document_and_sessions() -> None:
    replica, other = Replica(start()), Replica(Cib.from_bytes(b"<cib/>"))
    proposal = wish(start(), with_resource(start(), "r"))
    result = replica.apply(judged(replica, proposal))
    other.restore(replica.snapshot())
    assert other.cib == replica.cib
    assert other.judge(proposal) == result
    assert other.snapshot() == replica.snapshot()


@pytest.mark.parametrize("text", (b"", b"{}", b"[]", b"\xff", b'{"format":2}', b"[" * 100_000))
def test_garbage_is_no_change_and_no_snapshot(text: bytes) -> None:
    replica = Replica(start())
    with pytest.raises(Refused):
        replica.restore(text)
    with pytest.raises(Refused):
        Change.from_bytes(text)
    assert replica.cib.version == Version(0, 1, 0)


def test_a_proposal_comes_over_the_wire_as_it_was() -> None:
    proposal = wish(start(), with_resource(start(), "r"), groups=("haclient",))
    assert Proposal.from_json(proposal.to_json()) == proposal
    with pytest.raises(Refused):
        Proposal.from_json({**proposal.to_json(), "seq": "1"})


def test_what_will_not_be_committed_takes_only_what_was_judged_on_it_along() -> None:
    leader, other = Replica(start()), Replica(start())
    first = judged(leader, wish(start(), with_resource(start(), "r"), client="x"))
    lost = judged(leader, wish(start(), with_resource(start(), "s"), client="y"))
    leader.forget_pending(lost)
    assert leader.pending == 1
    third = judged(leader, wish(start(), with_resource(start(), "t"), client="z"))
    for change in (first, third):
        assert leader.apply(change) == other.apply(Change.from_bytes(change.to_bytes()))
    assert names(leader.cib) == ["r", "t"]
