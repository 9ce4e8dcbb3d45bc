"""Laws of what the document says of fencing."""

from __future__ import annotations

from datetime import UTC, datetime

from pcsx.cib import Cib
from pcsx.cib.fencing import devices_of

CIB = Cib.from_bytes(
    b"""<cib><configuration><crm_config><cluster_property_set id="o">
      <nvpair id="o1" name="stonith-enabled" value="true"/>
      <nvpair id="o2" name="stonith-action" value="off"/>
      <nvpair id="o3" name="stonith-timeout" value="90s"/>
      <nvpair id="o4" name="stonith-watchdog-timeout" value="-1"/>
    </cluster_property_set></crm_config>
    <nodes><node id="1" uname="a"><instance_attributes id="n1">
      <nvpair id="n11" name="rack" value="r1"/></instance_attributes></node></nodes>
    <resources>
      <template id="t" class="stonith" type="fence_x"><instance_attributes id="ti">
        <nvpair id="ti1" name="ip" value="1.1.1.1"/>
        <nvpair id="ti2" name="user" value="u"/></instance_attributes></template>
      <primitive id="d" template="t"><instance_attributes id="di">
        <nvpair id="di1" name="ip" value="2.2.2.2"/></instance_attributes></primitive>
      <clone id="cl"><primitive id="e" class="stonith" type="fence_x">
        <meta_attributes id="em"><nvpair id="em1" name="priority" value="5"/></meta_attributes>
      </primitive></clone>
      <primitive id="off" class="stonith" type="fence_x"><meta_attributes id="fm">
        <nvpair id="fm1" name="target-role" value="Stopped"/></meta_attributes></primitive>
      <primitive id="strange" class="stonith" type="external/x"/>
      <primitive id="vip" class="ocf" provider="heartbeat" type="IPaddr2"/>
    </resources>
    <constraints>
      <rsc_location id="l1" rsc="cl" node="a" score="-INFINITY"/>
      <rsc_location id="l2" rsc="d" node="a" score="-100"/>
    </constraints>
    <fencing-topology>
      <fencing-level id="x1" target-attribute="rack" target-value="r1" index="1" devices="e"/>
      <fencing-level id="x2" target-pattern="^b" index="1" devices="d, e"/>
      <fencing-level id="x3" target="b1" index="2" devices="e"/>
      <fencing-level id="x4" target="b1" index="1" devices="d"/>
      <fencing-level id="x5" target-pattern="(" index="1" devices="d"/>
    </fencing-topology></configuration></cib>"""
)


def test_devices_are_read_with_templates_bans_and_priorities():
    devices = devices_of(CIB)
    assert [device.id for device in devices.devices] == ["e", "d"]
    d, e = devices.get("d"), devices.get("e")
    assert d is not None and e is not None
    assert dict(d.params) == {"ip": "2.2.2.2", "user": "u"} and d.banned == ()
    assert e.banned == ("a",) and e.priority == 5
    assert (devices.enabled, devices.action, devices.timeout_ms) == (True, "off", 90_000)
    assert devices.watchdog_timeout_ms == -1


def test_levels_by_name_win_over_patterns_and_these_over_attributes():
    devices = devices_of(CIB)
    assert devices.levels_for("b1") == (("d",), ("e",))
    assert devices.levels_for("b2") == (("d", "e"),)
    assert devices.levels_for("a") == (("e",),)
    assert devices.levels_for("c") == ()


def test_an_empty_document_has_no_devices_and_the_fields_defaults():
    devices = devices_of(Cib.from_bytes(b"<cib/>"))
    assert devices.devices == () and devices.enabled and devices.action == "reboot"
    assert devices.timeout_ms == 60_000


def test_parameters_under_a_rule_count_where_it_holds():
    cib = Cib.from_bytes(
        b"""<cib><configuration><resources>
        <primitive id="d" class="stonith" type="fence_x">
          <instance_attributes id="a" score="2"><rule id="r" boolean-op="and" score="0">
            <date_expression id="e" operation="gt" start="2026-06-01"/></rule>
            <nvpair id="a1" name="ip" value="new"/></instance_attributes>
          <instance_attributes id="b" score="1">
            <nvpair id="b1" name="ip" value="old"/></instance_attributes>
        </primitive></resources></configuration></cib>"""
    )
    moments = (None, datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))
    found = [devices_of(cib, wall).devices[0].param("ip") for wall in moments]
    assert found == ["old", "old", "new"]


def test_newer_names_of_options_are_read_and_win():
    cib = Cib.from_bytes(
        b"""<cib><configuration><crm_config><cluster_property_set id="o">
        <nvpair id="o1" name="stonith-enabled" value="true"/>
        <nvpair id="o2" name="fencing-enabled" value="false"/>
        <nvpair id="o3" name="fencing-timeout" value="30"/>
        </cluster_property_set></crm_config></configuration></cib>"""
    )
    devices = devices_of(cib)
    assert (devices.enabled, devices.timeout_ms) == (False, 30_000)
