"""History: each change can be found, told, and taken back while later ones stay."""

from dataclasses import replace

import pytest

from pcsx.cib import Cib, Version
from pcsx.cib.history import History
from pcsx.cib.replica import Change, Replica
from pcsx.errors import Conflict, Failed

from .test_replica import names, start, wish, with_resource


def lived(*resources: str, limit: int = 100) -> tuple[Replica, History]:
    replica, history = Replica(start()), History(limit=limit)
    for seq, name in enumerate(resources):
        change = replica.judge(wish(replica.cib, with_resource(replica.cib, name), seq))
        assert isinstance(change, Change)
        replica.apply(change)
        history.add(change)
    return replica, history


def test_the_newest_change_comes_first() -> None:
    _, history = lived("a", "b")
    assert [record.name for record in history.newest()] == ["0.3", "0.2"]
    assert history.newest(1)[0].to_json()["places"] == [
        "+ /cib/configuration/resources/primitive[@id='b']"
    ]


def test_an_older_change_is_undone_and_later_ones_stay() -> None:
    replica, history = lived("a", "b", "c")
    assert names(history.undone(replica.cib, "0.3")) == ["a", "c"]
    assert names(history.undone(replica.cib, "last")) == ["a", "b"]


def test_undoing_what_was_changed_since_conflicts() -> None:
    replica, history = lived("a")
    later = replica.cib.edited(lambda tree: next(tree.iter("primitive")).set("type", "Other"))
    with pytest.raises(Conflict):
        history.undone(later, "last")


def test_the_document_of_an_earlier_version_comes_back_byte_for_byte() -> None:
    replica, history = lived("a", "b")
    assert names(history.at(replica.cib, Version(0, 2, 0))) == ["a"]
    assert names(history.at(replica.cib, Version(0, 1, 0))) == []


def test_the_list_is_bounded_and_says_so() -> None:
    replica, history = lived("a", "b", "c", limit=2)
    assert len(history) == 2
    with pytest.raises(Failed):
        history.find("0.2")
    with pytest.raises(Failed):
        history.at(replica.cib, Version(0, 1, 0))


def test_an_empty_history_says_that_nothing_was_changed() -> None:
    with pytest.raises(Failed) as caught:
        History().find("last")
    assert "Nothing was changed" in str(caught.value)
    assert isinstance(start(), Cib)


def told(history: History, replica: Replica, command: str, new: Cib, seq: int) -> None:
    proposal = replace(wish(replica.cib, new, seq), command=command)
    change = replica.judge(proposal)
    assert isinstance(change, Change)
    replica.apply(change)
    history.add(change)


def test_undo_and_redo_walk_back_and_forth_over_the_changes_that_stand() -> None:
    replica, history = lived("a", "b")
    told(history, replica, "pcsx undo 0.3", history.undone(replica.cib, "0.3"), 2)
    assert (history.to_undo().name, history.to_redo().name) == ("0.2", "0.3")
    told(history, replica, "pcsx undo 0.2", history.undone(replica.cib, "0.2"), 3)
    assert history.to_redo().name == "0.2"
    with pytest.raises(Failed):
        history.to_undo()
    told(history, replica, "pcsx redo 0.2", history.redone(replica.cib, "0.2"), 4)
    assert names(replica.cib) == ["a"]
    assert (history.to_undo().name, history.to_redo().name) == ("0.2", "0.3")


def test_a_new_change_leaves_nothing_to_redo() -> None:
    replica, history = lived("a")
    told(history, replica, "pcsx undo 0.2", history.undone(replica.cib, "0.2"), 1)
    told(history, replica, "pcsx resource create b", with_resource(replica.cib, "b"), 2)
    with pytest.raises(Failed):
        history.to_redo()


def test_patches_take_no_more_room_than_they_are_given() -> None:
    _, unbounded = lived("a", "b", "c")
    sizes = [len(record.change.patch) for record in unbounded.newest()]
    bounded = History(
        [record.change for record in reversed(unbounded.newest())], bytes_max=sum(sizes[:2])
    )
    assert [record.name for record in bounded.newest()] == ["0.4", "0.3"]
