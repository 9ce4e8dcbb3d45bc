"""Laws of how long stops may last: chains by groups and orders, limits, and what is worse."""

from __future__ import annotations

from pcsx.cib import Cib
from pcsx.cib.stopping import stopping_of, worst_of

DUMMY = 'class="ocf" provider="pcsx" type="dummy"'


def document(resources: str = "", constraints: str = "", properties: str = "") -> Cib:
    return Cib.from_bytes(
        f'<cib><configuration><crm_config><cluster_property_set id="o">{properties}'
        f"</cluster_property_set></crm_config><nodes/><resources>{resources}</resources>"
        f"<constraints>{constraints}</constraints></configuration><status/></cib>".encode()
    )


def primitive(id: str, stop: str = "") -> str:
    ops = f'<operations><op id="{id}-o" name="stop" interval="0" timeout="{stop}"/></operations>'
    return f'<primitive id="{id}" {DUMMY}>{ops if stop else ""}</primitive>'


def pair(name: str, value: str) -> str:
    return f'<nvpair id="p-{name}" name="{name}" value="{value}"/>'


def test_members_of_a_group_stop_one_after_the_other_last_first():
    found = stopping_of(document(f'<group id="g">{primitive("a", "5s")}{primitive("b", "7s")}'
                                 "</group>"))  # fmt: skip
    assert found.before == (("b", "a"),)
    assert found.chain_ms(dict(found.limits), parallel=8) == 12_000


def test_an_order_makes_a_chain_and_what_is_not_on_it_runs_beside():
    order = '<rsc_order id="o1" first="a" then="b"/>'
    found = stopping_of(document(primitive("a", "5s") + primitive("b", "7s") + primitive("c", "4s"),
                                 order))  # fmt: skip
    assert found.chain_ms(dict(found.limits), parallel=8) == 12_000 + 4000 // 8
    assert found.chain_ms({"a": 5000, "c": 4000}, parallel=1) == 9000


def test_sets_stop_in_turn_from_the_last():
    sets = (
        '<rsc_order id="o1"><resource_set id="s1" sequential="false"><resource_ref id="a"/>'
        '<resource_ref id="b"/></resource_set><resource_set id="s2"><resource_ref id="c"/>'
        "</resource_set></rsc_order>"
    )
    found = stopping_of(document(primitive("a") + primitive("b") + primitive("c"), sets))
    assert found.before == (("c", "a"), ("c", "b"))


def test_a_circle_counts_as_all_one_after_the_other():
    orders = '<rsc_order id="o1" first="a" then="b"/><rsc_order id="o2" first="b" then="a"/>'
    found = stopping_of(document(primitive("a", "5s") + primitive("b", "7s"), orders))
    assert found.chain_ms(dict(found.limits), parallel=8) == 12_000


def test_without_a_limit_of_its_own_the_default_counts():
    assert stopping_of(document(primitive("a"))).limits == (("a", 20_000),)


def test_policies_and_maintenance_say_whether_it_stops_at_all():
    for policy, stops in (("stop", True), ("fence", True), ("freeze", False), ("ignore", False),
                          ("demote", False)):  # fmt: skip
        assert stopping_of(document(properties=pair("no-quorum-policy", policy))).stops is stops
    assert not stopping_of(document(properties=pair("maintenance-mode", "true"))).stops
    unmanaged = f'<meta_attributes id="m">{pair("is-managed", "false")}</meta_attributes>'
    assert not stopping_of(document(f'<primitive id="a" {DUMMY}>{unmanaged}</primitive>')).stops


def test_the_worst_is_no_shorter_and_no_bolder_than_any():
    one = stopping_of(
        document(primitive("a", "5s"), properties=pair("unfenced-takeover", "likely"))
    )
    other = stopping_of(document(primitive("a", "9s") + primitive("b", "1s"),
                                 properties=pair("unfenced-takeover", "never")))  # fmt: skip
    worst = worst_of((one, other))
    assert worst.limits == (("a", 9000), ("b", 1000))
    assert worst.takeover == "never" and worst.stops
