"""Laws of the changes that a leader asks for by itself."""

from __future__ import annotations

from dataclasses import replace

from pcsx.ring.log.changes import (
    LMS_WINDOW_MS,
    Facts,
    held_back,
    lms_window_ms,
    owed_votes,
    wanted_change,
    with_vote,
    without_vote,
)
from tests.ring.world import config_of

REST = Facts(boots={}, amnesiacs=(), gone=(), caught_up=())
CONFIG = config_of(3)
LMS = ("last_man_standing", "1")


def test_at_rest_nothing_is_wanted() -> None:
    assert wanted_change(config_of(3), REST) is None


def test_a_voter_that_lost_its_log_votes_no_more_unless_it_is_the_only_one() -> None:
    facts = replace(REST, amnesiacs=(2,))
    wanted = wanted_change(config_of(3), facts)
    assert wanted is not None and owed_votes(wanted[0]) == {2: 1}
    assert wanted_change(config_of(1), replace(REST, amnesiacs=(1,))) is None


def test_a_voter_that_is_gone_keeps_its_vote_without_last_man_standing_and_as_one_of_two() -> None:
    facts = replace(REST, gone=(3,))
    assert wanted_change(config_of(3), facts) is None
    wanted = wanted_change(config_of(3, options=(LMS,)), facts)
    assert wanted is not None and wanted[0].node(3).votes == 0
    assert wanted_change(config_of(2, options=(LMS,)), replace(REST, gone=(2,))) is None


def test_votes_are_given_back_to_those_who_have_caught_up() -> None:
    without = without_vote(config_of(3), 3)
    assert wanted_change(without, REST) is None
    wanted = wanted_change(without, replace(REST, caught_up=(3,)))
    assert wanted is not None and wanted[0] == config_of(3)


def test_new_lives_are_admitted_and_old_ones_never_come_back() -> None:
    wanted = wanted_change(config_of(2), replace(REST, boots={1: 4, 2: 0}))
    assert wanted is not None
    assert [node.boot for node in wanted[0].nodes] == [4, 0]
    assert wanted_change(wanted[0], replace(REST, boots={1: 3})) is None


def test_a_vote_that_is_taken_is_owed_in_full() -> None:
    three = config_of(3)
    three = replace(three, nodes=(*three.nodes[:2], replace(three.nodes[2], votes=2)))
    without = without_vote(three, 3)
    assert without.node(3).votes == 0 and owed_votes(without) == {3: 2}
    again = without_vote(without, 1)
    assert owed_votes(again) == {1: 1, 3: 2}
    assert with_vote(with_vote(again, 1), 3) == three


def test_the_window_is_ten_seconds_unless_it_is_set_and_none_without_the_option() -> None:
    assert lms_window_ms(config_of(2)) is None
    assert lms_window_ms(config_of(2, options=(LMS,))) == LMS_WINDOW_MS
    window = ("last_man_standing_window", "2500")
    assert lms_window_ms(config_of(2, options=(LMS, window))) == 2500


def test_the_level_rises_by_one_when_all_who_count_speak_the_next() -> None:
    all_speak = replace(REST, boots={1: 1, 2: 1, 3: 1}, speaks=dict.fromkeys((1, 2, 3), (1, 3)))
    admitted = replace(CONFIG, nodes=tuple(replace(node, boot=1) for node in CONFIG.nodes))
    wanted = wanted_change(admitted, all_speak)
    assert wanted is not None and wanted[0] == replace(admitted, level=2)
    again = wanted_change(wanted[0], all_speak)
    assert again is not None and again[0].level == 3
    assert wanted_change(again[0], all_speak) is None


def test_who_is_old_unheard_or_away_keeps_the_cluster_from_the_next_level() -> None:
    spoken = {1: (1, 2), 2: (1, 1)}
    assert held_back(CONFIG, (1, 2), spoken) == {2: "speaks 1 at most", 3: "is not here"}
    assert held_back(CONFIG, (1, 2, 3), {1: (1, 2), 2: (1, 2)}) == {
        3: "has not said yet what it speaks"
    }
    owed = without_vote(CONFIG, 3)
    assert held_back(owed, (1, 2), {1: (1, 2), 2: (1, 2)}) == {3: "is not here"}
    learner = replace(CONFIG, nodes=(*CONFIG.nodes[:2], replace(CONFIG.nodes[2], votes=0)))
    assert held_back(learner, (1, 2), {1: (1, 2), 2: (1, 2)}) == {}
