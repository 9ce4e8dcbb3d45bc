"""Laws of completion and marks: the fitting kind only, by metadata, by type; never an exception."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pcsx import cli
from pcsx.cib.document import Cib
from pcsx.cib.plain import unseal
from pcsx.shell.agents import Agents
from pcsx.shell.complete import Adviser
from pcsx.shell.facts import Facts
from pcsx.shell.marks import Badness, Marker
from pcsx.shell.run import Run
from pcsx.shell.tree import Tree
from pcsx.shell.typed import is_unfinished, typed_lines
from pcsx.shell.usage import grammar
from tests.shell.support import AGENTS

DOCUMENT = b"""<cib crm_feature_set="3.16.1" validate-with="pacemaker-3.9" epoch="1" num_updates="0"
 admin_epoch="0"><configuration><crm_config/><nodes><node id="1" uname="n1"/></nodes><resources>
 <primitive id="free" class="ocf" provider="test" type="Service"/>
 <group id="g"><primitive id="inside" class="ocf" provider="test" type="Stateful"/></group>
 <primitive id="power" class="stonith" type="fence_test"/>
 </resources><constraints><rsc_location id="l" rsc="g" node="n1" score="5"/></constraints>
 </configuration><status/></cib>"""
CONFIGURE = ("configure",)


@pytest.fixture
def adviser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Adviser:
    """Return an adviser on a small document."""
    path = tmp_path / "agents.json"
    path.write_text(json.dumps(AGENTS))
    monkeypatch.setenv("PCSX_AGENT_METADATA", str(path))
    facts = Facts(agents=Agents(Run([])))
    facts.take(unseal(Cib.from_bytes(DOCUMENT)), {"n1": "online"})
    return Adviser(Tree(cli.root), facts)


def offers(adviser: Adviser, path: tuple[str, ...], text: str) -> dict[str, str]:
    found = adviser.advise(path, text, ask=True).offers
    return {offer.text: offer.meaning for offer in found}


def errors(adviser: Adviser, path: tuple[str, ...], text: str) -> dict[str, str]:
    marks = Marker(adviser.tree, adviser.facts).marks(path, text)
    return {text[m.start : m.end]: m.why for m in marks if m.badness is not Badness.COMMAND}


def test_parameters_come_from_the_agent_the_required_first(adviser: Adviser) -> None:
    found = offers(adviser, CONFIGURE, "primitive p ocf:test:Service params ")
    assert next(iter(found)) == "path="
    assert found["path="].startswith("* string")
    assert found["level="] == "integer [3]  "


def test_what_is_still_needed_is_told_until_it_is_given(adviser: Adviser) -> None:
    line = "primitive p ocf:test:Service "
    assert adviser.advise(CONFIGURE, line, ask=True).missing == ("path",)
    assert adviser.advise(CONFIGURE, line + "path=/x ", ask=True).missing == ()


@pytest.mark.parametrize(
    ("path", "line", "ids"),
    [
        (CONFIGURE, "colocation c inf: ", {"free", "g", "power"}),
        (CONFIGURE, "group h ", {"free"}),
        (CONFIGURE, "clone c ", {"free", "g"}),
        (CONFIGURE, "location x g 100: ", {"n1"}),
        (("node",), "standby ", {"n1"}),
        (("stonith",), "enable ", {"power"}),
        (("constraint",), "delete ", {"l"}),
        ((), "resource move ", {"free", "g", "inside", "power"}),
        (("cib",), "/resource group delete ", {"g"}),
    ],
)
def test_ids_are_offered_of_the_fitting_kind_only(
    adviser: Adviser, path: tuple[str, ...], line: str, ids: set[str]
) -> None:
    known = {*adviser.facts.things, *adviser.facts.nodes}
    assert {text.rstrip(":") for text in offers(adviser, path, line)} & known == ids


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("property stonith-enabled=", {"true", "false"}),
        ("primitive p ocf:test:Stateful op monitor role=", {"Promoted", "Started"}),
        ("primitive p ocf:test:Service level=", {"3"}),
    ],
)
def test_values_are_offered_by_type(adviser: Adviser, line: str, values: set[str]) -> None:
    found = {text.partition("=")[2] for text in offers(adviser, CONFIGURE, line)}
    assert values <= found


def test_a_node_is_offered_with_its_state(adviser: Adviser) -> None:
    assert offers(adviser, ("node",), "standby ") == {"n1": "online"}


def test_the_current_argument_stands_out_in_the_synopsis(adviser: Adviser) -> None:
    parts = adviser.advise(CONFIGURE, "location x g 100: ").synopsis
    assert [text.strip() for text, now in parts if now] == ["NODE"]


@pytest.mark.parametrize(
    ("path", "line", "wrong"),
    [
        ((), "resorce ", "resorce"),
        (CONFIGURE, "location x nosuch 100: n1 ", "nosuch"),
        (CONFIGURE, "location x g 100: n9 ", "n9"),
        (CONFIGURE, "group h l ", "l"),
        (("resource",), "move nosuch ", "nosuch"),
        (CONFIGURE, "property stonith-enabled=maybe ", "stonith-enabled=maybe"),
        (CONFIGURE, "property no-such=1 ", "no-such=1"),
    ],
)
def test_unknown_words_ids_and_values_are_marked(
    adviser: Adviser, path: tuple[str, ...], line: str, wrong: str
) -> None:
    assert list(errors(adviser, path, line)) == [wrong]


def test_the_word_being_typed_is_not_wrong_yet(adviser: Adviser) -> None:
    assert errors(adviser, CONFIGURE, "location x nosu") == {}


def test_what_another_line_of_a_pasted_file_defines_is_known(adviser: Adviser) -> None:
    text = "group h new\nprimitive new ocf:test:Stateful\nlocation x h 1: n1\n"
    assert errors(adviser, (), text) == {}


def test_a_timeout_below_the_advised_one_is_a_warning_that_says_why(adviser: Adviser) -> None:
    line = "primitive p ocf:test:Service op start timeout=3s "
    offers(adviser, CONFIGURE, line)  # the menu asks the agent; marks never do
    marks = Marker(adviser.tree, adviser.facts).marks(CONFIGURE, line)
    assert [(m.badness, m.why) for m in marks if m.why] == [
        (Badness.WARNING, "ocf:test:Service advises at least 30s for start")
    ]


def test_every_usage_of_the_tree_is_a_grammar() -> None:
    for path, command in Tree(cli.root).walk():
        usage = str(getattr(command, "usage_text", ""))
        read = grammar(usage).read(())
        assert not usage or read.expected, path


def test_sections_may_come_in_any_order_and_again() -> None:
    read = grammar("ID [meta NAME=VALUE... | op OPERATION [NAME=VALUE]...]...").read(
        ["a", "op", "start", "x=1", "meta", "y=2", "op", "stop"]
    )
    assert all(read.marks)
    assert read.is_whole


def test_a_line_goes_on_after_a_backslash_and_in_an_open_quote() -> None:
    assert [is_unfinished(text) for text in ("a \\", "a 'b", 'a "b\n', "a", "a 'b'")] == [
        True, True, True, False, False,
    ]  # fmt: skip
    (line,) = typed_lines("a \\\n b")
    assert line.texts == ["a", "b"]


TEXT = st.text(
    st.sampled_from("ab g\n\\'\"=:/?#-[](){}|@.$éprimitive location 100 --force inf"), max_size=40
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=TEXT, lead=st.sampled_from(["", "primitive p ocf:test:Service ", "resource create "]))
def test_no_text_makes_advice_or_marks_fail(adviser: Adviser, text: str, lead: str) -> None:
    for path in ((), CONFIGURE, ("resource", "group")):
        advice = adviser.advise(path, lead + text, ask=True)
        assert 0 <= advice.start <= len(lead + text)
        for mark in Marker(adviser.tree, adviser.facts).marks(path, lead + text):
            assert 0 <= mark.start < mark.end <= len(lead + text)
