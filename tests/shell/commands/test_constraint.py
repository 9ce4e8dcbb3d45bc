"""Constraints by commands: ids, doubles, rules, sets."""

from __future__ import annotations

import pytest

from tests.shell.support import Shell


@pytest.fixture
def pair(shell: Shell) -> Shell:
    """Return the program on a document with the resources a and b."""
    shell.must("resource create a ocf:test:Stateful", "resource create b ocf:test:Stateful")
    return shell


def test_a_preference_has_the_score_in_its_id_and_replaces_the_older_one(pair: Shell) -> None:
    pair.must("constraint location a prefers n1=100", "constraint location a prefers n1=50")
    assert pair.ids("rsc_location") == ["location-a-n1-50"]


def test_avoiding_turns_the_sign_of_the_score(pair: Shell) -> None:
    pair.must("constraint location a avoids n1 n2=-7")
    assert pair.at("location-a-n1--INFINITY")["score"] == "-INFINITY"
    assert pair.at("location-a-n2-7")["score"] == "7"


def test_a_negative_number_is_a_word_and_no_option(pair: Shell) -> None:
    pair.must("constraint colocation add a with b -200")
    assert pair.at("colocation-a-b--200")["score"] == "-200"


@pytest.mark.parametrize(
    "line",
    [
        "constraint location a prefers n1=high",
        "constraint colocation add a with b score=high",
        "constraint order a then b kind=Sometimes",
        "constraint order a then b colour=red",
        "constraint location a rule score=high defined x",
        "constraint location a rule defined",
        "constraint location a rule pingd gt integer x",
        "constraint location a rule date gt yesterday",
        "constraint location add l a n1 5 resource-discovery=perhaps",
        "constraint order set a b sequential=maybe",
        "constraint ticket add T a loss-policy=cry",
        "constraint order a then nothing",
        "constraint location add a a n1 5",
    ],
)
def test_a_bad_value_is_refused_with_one_message_and_no_xml(pair: Shell, line: str) -> None:
    before = pair.path.read_bytes()
    ran = pair(line)
    assert ran.status == 1
    assert ran.err.startswith("Error: ")
    assert "<cib" not in ran.err
    assert pair.path.read_bytes() == before


@pytest.mark.parametrize(
    "line",
    [
        "constraint order a then b",
        "constraint colocation add a with b",
        "constraint ticket add T a",
        "constraint order set a b",
        "constraint location a rule site eq A",
    ],
)
def test_a_constraint_that_is_there_is_refused_unless_forced(pair: Shell, line: str) -> None:
    pair.must(line)
    ran = pair(line)
    assert (ran.status, "duplicate constraint already exists" in ran.err) == (1, True)
    assert pair(f"{line} --force").status == 0


@pytest.mark.parametrize(
    "again",
    [
        "constraint location a rule role=Promoted score=7 y gt 3 or ( x eq 1 and z eq 2 )",
        "constraint location a rule score-attribute=s ( z eq string 2 and x eq 1 ) or y gt 3",
    ],
)
def test_a_rule_is_there_already_whatever_follows_from_it(pair: Shell, again: str) -> None:
    pair.must("constraint location a rule ( x eq 1 and z eq 2 ) or y gt 3")
    assert "duplicate constraint already exists" in pair(again).err
    pair.must(again.replace("location a", "location b"))


def test_a_preference_with_an_id_takes_the_place_of_an_older_one(pair: Shell) -> None:
    pair.must("constraint location a prefers n1=5", "constraint location add own a n1 7")
    assert pair.ids("rsc_location") == ["own"]


def test_an_order_tells_what_it_was_made_of(pair: Shell) -> None:
    ran = pair("constraint order promote a then b id=o kind=Optional symmetrical=false")
    assert ran.err == (
        "Adding a b (kind: Optional) (Options: id=o symmetrical=false first-action=promote "
        "then-action=start)\n"
    )


def test_a_member_of_a_clone_is_not_constrained_in_its_place(pair: Shell) -> None:
    pair.must("resource clone a")
    ran = pair("constraint order a then b")
    assert "you should use the clone id: a-clone" in ran.err


def test_and_and_or_bind_from_the_left(pair: Shell) -> None:
    pair.must("constraint location a rule defined x or defined y and defined z")
    assert pair.at("location-a-rule")["boolean-op"] == "and"
    assert pair.at("location-a-rule-rule")["boolean-op"] == "or"


def test_brackets_make_a_rule_inside_a_rule(pair: Shell) -> None:
    pair.must("constraint location a rule pingd gt 3 and ( x eq y or z ne 1 )")
    assert pair.ids("rule") == ["location-a-rule", "location-a-rule-rule"]


def test_deleting_the_last_rule_deletes_the_constraint(pair: Shell) -> None:
    pair.must("constraint location a rule defined x", "constraint delete location-a-rule")
    assert pair.ids("rsc_location") == []


def test_commands_that_config_prints_make_the_same_constraints_again(pair: Shell) -> None:
    pair.must(
        "constraint location a prefers n1=5",
        "constraint location regexp%b.* avoids n2",
        "constraint location a rule score=9 site eq A and ( defined x or date gt 2030-01-01 )",
        "constraint order a then stop b kind=Optional symmetrical=false",
        "constraint colocation add a with Promoted b score=7",
        "constraint order set a b sequential=false setoptions kind=Serialize",
        "constraint ticket add T a loss-policy=stop",
    )
    text = pair("constraint config --full").out
    printed = pair("constraint config --output-format=cmd").out.strip()
    pair.must("constraint delete " + " ".join(_all_ids(pair)))
    assert pair("constraint config --full").out != text
    import shlex

    for line in printed.split(";\n"):
        words = shlex.split(line)[2:]
        assert pair.bare("-f", str(pair.path), "--", *words).status == 0, line
    assert pair("constraint config --full").out == text


def _all_ids(shell: Shell) -> list[str]:
    conf = shell.cib.tree.find("configuration/constraints")
    assert conf is not None
    return [str(child.get("id")) for child in conf]
