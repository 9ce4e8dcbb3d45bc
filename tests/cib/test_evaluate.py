"""Laws of `pcsx.cib.evaluate`: what texts, dates, rules and blocks come to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from pcsx.cib.evaluate import (
    Circumstances,
    compare_versions,
    duration_ms_of,
    fill,
    in_spec,
    integer_of,
    later_by,
    moment_of,
    passes,
    score_of,
    seconds_of,
)
from pcsx.cib.objects import DateSpec, Document, Duration, MetaAttributes, Rule
from pcsx.cib.objects.base import XmlObject
from pcsx.values import INFINITY

NOON = datetime(2005, 1, 20, 12, 0, tzinfo=UTC)


class Nothing:
    """A document in which no reference leads anywhere."""

    def find(self, cls: type[XmlObject], element_id: str) -> None:
        return None


def rule(text: str) -> Rule:
    return Rule.from_xml(etree.fromstring(text))


def holds(text: str, **attributes: str) -> bool:
    return passes(rule(text), Circumstances(now=NOON, attributes=attributes), Nothing())


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("10", 10_000), ("10s", 10_000), ("3.9s", 3_000), ("500ms", 500), ("2min", 120_000),
        ("1h", 3_600_000), ("PT2M", 120_000), ("P30S", 30_000), ("P1M", 2_592_000_000),
        ("1d", 0), ("-5s", 0), ("x", 0), ("", 0), ("P1X", 0),
    ],
)  # fmt: skip
def test_a_duration_is_read_as_the_field_reads_it(text: str, ms: int) -> None:
    assert duration_ms_of(text) == ms


@pytest.mark.parametrize(("ms", "seconds"), [(0, 0), (1, 1), (999, 1), (1499, 1), (1500, 2)])
def test_a_duration_in_seconds_is_never_rounded_to_nothing(ms: int, seconds: int) -> None:
    assert seconds_of(ms) == seconds


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("INFINITY", INFINITY), ("-INFINITY", -INFINITY), ("+INFINITY", INFINITY),
        ("infinity", 7), ("10abc", 10), ("-3", -3), ("99999999999", INFINITY), ("", 7),
        (None, 7),
    ],
)  # fmt: skip
def test_a_score_is_read_as_the_field_reads_it(text: str | None, score: int) -> None:
    assert score_of(text, 7) == score


@given(st.text())
def test_no_text_breaks_a_reader(text: str) -> None:
    duration_ms_of(text)
    score_of(text)
    integer_of(text)
    moment_of(text, UTC, NOON)
    compare_versions(text, "1.2")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2005-020", datetime(2005, 1, 20, tzinfo=UTC)),
        ("2005-020T12:30", datetime(2005, 1, 20, 12, 30, tzinfo=UTC)),
        ("2014-05-07 00:28:00", datetime(2014, 5, 7, 0, 28, tzinfo=UTC)),
        ("20140507T002800Z", datetime(2014, 5, 7, 0, 28, tzinfo=UTC)),
        ("2005-W03-4", datetime(2005, 1, 20, tzinfo=UTC)),
        (
            "2005-01-20T12:30:00+02:00",
            datetime(2005, 1, 20, 12, 30, tzinfo=timezone(timedelta(hours=2))),
        ),
        ("12:30", datetime(2005, 1, 20, 12, 30, tzinfo=UTC)),
        ("2005-13-01", None),
        ("soon", None),
    ],
)
def test_a_moment_is_read_in_all_forms_of_iso_8601(text: str, moment: datetime | None) -> None:
    assert moment_of(text, UTC, NOON) == moment


def test_a_month_after_the_last_of_january_is_the_last_of_february() -> None:
    start = datetime(2004, 1, 31, tzinfo=UTC)
    assert later_by(start, Duration(months="1")) == datetime(2004, 2, 29, tzinfo=UTC)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (DateSpec(hours="9-16", weekdays="1-5"), True),
        (DateSpec(weekdays="6-7"), False),
        (DateSpec(years="2005-"), True),
        (DateSpec(years="-2004"), False),
        (DateSpec(yeardays="20"), True),
        (DateSpec(weeks="3", weekyears="2005"), True),
        (DateSpec(hours="x"), False),
    ],
)
def test_a_date_spec_wants_all_its_fields(spec: DateSpec, expected: bool) -> None:
    assert in_spec(spec, NOON) is expected


def test_a_rule_without_conditions_holds() -> None:
    assert holds('<rule id="r"/>')


def test_a_missing_attribute_is_not_equal_and_never_less() -> None:
    expression = '<rule id="r"><expression id="e" attribute="a" operation="{}" value="1"/></rule>'
    assert holds(expression.format("ne"))
    assert not holds(expression.format("eq"))
    assert not holds(expression.format("lt"))


def test_numbers_are_compared_as_numbers_where_order_is_asked_for() -> None:
    expression = '<rule id="r"><expression id="e" attribute="a" operation="gt" value="9"/></rule>'
    assert holds(expression, a="10")


def test_whole_numbers_that_are_none_are_compared_as_text() -> None:
    expression = (
        '<rule id="r"><expression id="e" attribute="a" operation="eq" type="integer" '
        'value="x"/></rule>'
    )
    assert holds(expression, a="X")


def test_any_condition_is_enough_for_or() -> None:
    inner = (
        '<expression id="e1" attribute="a" operation="defined"/>'
        '<expression id="e2" attribute="b" operation="defined"/>'
    )
    assert holds(f'<rule id="r" boolean-op="or">{inner}</rule>', a="1")
    assert not holds(f'<rule id="r">{inner}</rule>', a="1")


def test_a_date_range_tells_when_it_turns() -> None:
    where = Circumstances(now=NOON)
    text = (
        '<rule id="r"><date_expression id="d" operation="in_range" start="2005-019" '
        'end="2005-021"/></rule>'
    )
    assert passes(rule(text), where, Nothing())
    assert where.turns == [int(datetime(2005, 1, 21, tzinfo=UTC).timestamp()) + 1]


def test_a_range_needs_a_start_or_an_end() -> None:
    assert not holds('<rule id="r"><date_expression id="d" operation="in_range"/></rule>')


def block(text: str) -> MetaAttributes:
    return MetaAttributes.from_xml(etree.fromstring(f"<meta_attributes {text}</meta_attributes>"))


def test_the_block_of_the_highest_score_is_heard_and_of_equals_the_later() -> None:
    low = block('id="l" score="1"><nvpair id="1" name="a" value="low"/>')
    high = block('id="h" score="2"><nvpair id="2" name="a" value="high"/>')
    same = block('id="s" score="2"><nvpair id="3" name="a" value="later"/>')
    where = Circumstances(now=NOON)
    assert fill({}, (high, low), where, Nothing()) == {"a": "high"}
    assert fill({}, (high, same), where, Nothing()) == {"a": "later"}


def test_what_is_known_already_is_kept() -> None:
    given_block = block('id="b"><nvpair id="1" name="a" value="new"/>')
    where = Circumstances(now=NOON)
    assert fill({"a": "old"}, (given_block,), where, Nothing()) == {"a": "old"}


def test_a_block_that_stands_for_another_says_what_that_says() -> None:
    from pcsx.cib.document import Cib

    cib = Cib.from_bytes(
        b'<cib><configuration><rsc_defaults><meta_attributes id="m"><nvpair id="n" name="a" '
        b'value="1"/></meta_attributes></rsc_defaults></configuration></cib>'
    )
    where = Circumstances(now=NOON)
    reference = MetaAttributes(id_ref="m")
    assert fill({}, (reference,), where, Document(cib)) == {"a": "1"}
