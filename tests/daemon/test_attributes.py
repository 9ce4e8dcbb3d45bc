"""Laws of transient attributes: what is dampened waits until it is steady."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcsx.daemon.attributes import (
    Attributes,
    Changed,
    Delay,
    Refresh,
    Tick,
    Update,
    grown,
    merged,
)
from pcsx.values import Now


def at(ms: int) -> Now:
    return Now(ms, datetime(2026, 1, 1, tzinfo=UTC))


def test_without_a_delay_a_change_is_told_at_once():
    attributes = Attributes()
    assert attributes.step(Update(1, "x", "5"), at(0)) == [Changed(1, (("x", "5"),))]
    assert attributes.step(Update(1, "x", None), at(1)) == [Changed(1, (("x", ""),))]
    assert attributes.deadline_ms is None


def test_a_dampened_change_waits_and_a_further_one_begins_the_wait_anew():
    attributes = Attributes()
    assert attributes.step(Update(1, "ping", "100", 5000), at(0)) == []
    assert attributes.step(Update(1, "ping", "0"), at(4000)) == []
    assert attributes.deadline_ms == 9000
    assert attributes.step(Tick(), at(8999)) == []
    assert attributes.step(Tick(), at(9000)) == [Changed(1, (("ping", "0"),))]


def test_values_of_several_nodes_go_out_together():
    attributes = Attributes()
    attributes.step(Update(2, "ping", "0", 5000), at(0))
    attributes.step(Update(1, "ping", "100"), at(100))
    assert attributes.step(Tick(), at(5100)) == [
        Changed(1, (("ping", "100"),)),
        Changed(2, (("ping", "0"),)),
    ]


def test_a_new_delay_counts_for_what_is_held():
    attributes = Attributes()
    attributes.step(Update(1, "x", "1", 60_000), at(0))
    assert attributes.step(Delay("x", 0), at(10)) == [Changed(1, (("x", "1"),))]


def test_a_refresh_lets_everything_out():
    attributes = Attributes()
    attributes.step(Update(1, "x", "1", 60_000), at(0))
    assert attributes.step(Refresh(), at(10)) == [Changed(1, (("x", "1"),))]


def test_a_writer_reads_what_it_wrote_though_it_is_held():
    attributes = Attributes()
    attributes.step(Update(1, "x", "1", 60_000), at(0))
    attributes.step(Update(1, "y", None, 60_000), at(0))
    assert merged({"y": "2", "z": "3"}, attributes, 1) == {"x": "1", "z": "3"}
    assert merged({"y": "2"}, attributes, 2) == {"y": "2"}
    assert attributes.held(1, "x") == "1" and attributes.held(2, "x") is None


@pytest.mark.parametrize(
    ("text", "current", "value"),
    [("5", "1", "5"), ("x++", "", "1"), ("x++", "4", "5"), ("x+=10", "5", "15"),
     ("value+=-3", "5", "2"), ("x+=INFINITY", "5", "INFINITY"), ("x++", "INFINITY", "INFINITY"),
     ("x+=much", "5", "x+=much"), ("++", "5", "++"), ("x++", "red", "1")],
)  # fmt: skip
def test_a_sum_is_made_of_what_is_there(text: str, current: str, value: str):
    assert grown(text, current) == value


@given(
    st.lists(
        st.tuples(
            st.integers(1, 2), st.sampled_from("xy"), st.sampled_from([None, "1", "2"]),
            st.sampled_from([None, 0, 100]), st.integers(0, 80),
        ),
        max_size=30,
    )
)  # fmt: skip
def test_the_last_word_on_each_attribute_is_told_in_the_end(
    story: list[tuple[int, str, str | None, int | None, int]],
):
    attributes, told, wanted, ms = Attributes(), {}, {}, 0
    for node, name, value, delay_ms, pause_ms in story:
        wanted[node, name] = value or ""
        changes = attributes.step(Update(node, name, value, delay_ms), at(ms))
        ms += pause_ms
        changes += attributes.step(Tick(), at(ms))
        for changed in changes:
            told |= {(changed.node, name): value for name, value in changed.pairs}
    for changed in attributes.step(Tick(), at(ms + 1000)):
        told |= {(changed.node, name): value for name, value in changed.pairs}
    assert told == wanted
