"""What a leader asks of a change: rights, shape and sense, in one call."""

from dataclasses import replace

import pytest
from lxml import etree

from pcsx.cib import Cib
from pcsx.cib.judging import CHECKS
from pcsx.cib.replica import Change, Replica
from pcsx.errors import NotAuthorised, Refused

from .test_replica import start, wish


def with_child(cib: Cib, section: str, xml: str) -> Cib:
    def add(tree: etree._Element) -> None:
        parent = tree.find(f"configuration/{section}")
        assert parent is not None
        parent.append(etree.fromstring(xml))

    return cib.edited(add)


def codes(xml: str) -> list[str]:
    with pytest.raises(Refused) as caught:
        Replica(start(), checks=CHECKS).judge(wish(start(), with_child(start(), "resources", xml)))
    return [finding.code for finding in caught.value.findings]


def test_a_sound_change_passes() -> None:
    xml = "<primitive id='a' class='lsb' type='x'/>"
    change = Replica(start(), checks=CHECKS).judge(
        wish(start(), with_child(start(), "resources", xml))
    )
    assert isinstance(change, Change)


def test_shape_and_sense_are_judged_together() -> None:
    assert codes("<primitive id='a' class='lsb' type='x' odd='1' template='t'/>") == [
        "schema", "reference-unknown", "fencing-missing",
    ]  # fmt: skip


def test_who_has_no_right_is_told_so_first() -> None:
    locked = with_child(
        start(), "crm_config",
        "<cluster_property_set id='o'><nvpair id='p' name='enable-acl' value='true'/>"
        "</cluster_property_set>",
    )  # fmt: skip
    proposal = wish(locked, with_child(locked, "resources", "<odd/>"))
    with pytest.raises(NotAuthorised):
        Replica(locked, checks=CHECKS).judge(replace(proposal, user="ann"))
