"""Laws of the parameters that a fence device has for the fencer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcsx.cib.fencing import Device
from pcsx.daemon.device_params import (
    delay_max_ms,
    drawn_delay_ms,
    host_map,
    names_in,
    plug_of,
    static_names,
)


def device(**params: str) -> Device:
    return Device("d", "fence_x", tuple(sorted(params.items())))


@pytest.mark.parametrize(
    ("text", "plugs"),
    [("b:1;c:2,3", {"b": "1", "c": "2,3"}), ("b=1 c=2", {"b": "1", "c": "2"}),
     (r"b:a\;b\ c", {"b": "a;b c"}), ("b:x:y;;:z;d:", {"b": "x:y"}), ("", {})],
)  # fmt: skip
def test_a_host_map_is_read_as_the_field_reads_it(text: str, plugs: dict[str, str]):
    assert host_map(device(pcmk_host_map=text)) == plugs


@given(st.text())
def test_any_text_is_read_as_some_host_map(text: str):
    assert all(host_map(device(pcmk_host_map=text)).values())


def test_a_target_without_an_entry_is_called_by_its_own_name():
    assert plug_of(device(pcmk_host_map="b:1"), "c") == "c"
    assert plug_of(device(pcmk_host_map="b:1"), "b") == "1"
    assert plug_of(device(pcmk_host_map="b:1"), "") == ""


def test_listed_nodes_are_separated_by_blanks_commas_or_semicolons():
    names = static_names(device(pcmk_host_list="a, b;c  d", pcmk_host_map="e:1"))
    assert sorted(names) == ["a", "b", "c", "d", "e"]
    assert static_names(device()) == frozenset()


def test_a_list_holds_plugs_and_aliases_and_not_their_states():
    assert sorted(names_in(b"1,web,ON\n2,db off\n")) == ["1", "2", "db", "web"]


@given(st.integers(0, 100_000), st.sampled_from("ab"))
def test_a_drawn_delay_is_within_base_and_maximum(case: int, node: str):
    shy = device(pcmk_delay_base="2s", pcmk_delay_max="7s")
    assert 2000 <= drawn_delay_ms(shy, "x", case=case, node=node) < 7000
    fixed = device(pcmk_delay_base="a:1s;b:3s")
    assert drawn_delay_ms(fixed, "b", case=case, node=node) == 3000
    assert drawn_delay_ms(device(), "b", case=case, node=node) == 0


def test_two_nodes_that_shoot_at_each_other_mostly_draw_differently():
    shy = device(pcmk_delay_max="10s")
    apart = [
        abs(drawn_delay_ms(shy, "b", case=n, node="a") - drawn_delay_ms(shy, "a", case=n, node="b"))
        for n in range(100)
    ]
    assert sum(1 for ms in apart if ms > 500) > 80


def test_a_base_above_the_maximum_is_the_maximum():
    assert delay_max_ms(device(pcmk_delay_base="9s", pcmk_delay_max="3s"), "x") == 9000
