"""Laws of `pcsx.cib.upgrade`: older documents are lifted, newer ones left as they are."""

from __future__ import annotations

from pcsx.cib.document import Cib
from pcsx.cib.upgrade import NEWEST, upgraded


def cib(validate: str, body: str = "") -> Cib:
    configuration = f"<configuration>{body}</configuration><status/>"
    return Cib.from_bytes(f'<cib validate-with="{validate}">{configuration}</cib>'.encode())


def test_a_current_document_stays_the_same() -> None:
    current = cib("pacemaker-3.9")
    assert upgraded(current) is current


def test_an_older_document_says_that_it_was_lifted() -> None:
    assert upgraded(cib("pacemaker-2.10")).tree.get("validate-with") == NEWEST


def test_a_document_checked_against_no_schema_stays_so() -> None:
    assert upgraded(cib("none")).tree.get("validate-with") == "none"


def test_a_master_becomes_a_promotable_clone() -> None:
    lifted = upgraded(
        cib("pacemaker-2.5", '<resources><master id="ms"><primitive id="p"/></master></resources>')
    ).tree
    clone = lifted.find("configuration/resources/clone")
    assert clone is not None and clone.get("id") == "ms"
    pair = clone.find("meta_attributes/nvpair")
    assert pair is not None and (pair.get("name"), pair.get("value")) == ("promotable", "true")


def test_old_default_options_become_defaults() -> None:
    lifted = upgraded(
        cib(
            "pacemaker-1.2",
            '<crm_config><cluster_property_set id="o"><nvpair id="s" '
            'name="default-resource-stickiness" value="7"/></cluster_property_set></crm_config>'
            "<resources/>",
        )
    ).tree
    pair = lifted.find("configuration/rsc_defaults/meta_attributes/nvpair")
    assert pair is not None
    assert (pair.get("name"), pair.get("value")) == ("resource-stickiness", "7")
    assert lifted.find("configuration/crm_config/cluster_property_set/nvpair") is None


def test_rules_in_a_lifecycle_stand_in_the_constraint() -> None:
    lifted = upgraded(
        cib(
            "pacemaker-1.0",
            '<constraints><rsc_location id="l" rsc="a"><lifecycle><rule id="r"/></lifecycle>'
            "</rsc_location></constraints>",
        )
    ).tree
    assert lifted.find("configuration/constraints/rsc_location/rule") is not None
    assert next(lifted.iter("lifecycle"), None) is None


def test_a_document_without_status_gets_one() -> None:
    bare = Cib.from_bytes(b'<cib validate-with="pacemaker-3.9"/>')
    assert upgraded(bare).tree.find("status") is not None
