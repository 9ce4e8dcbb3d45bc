"""Laws of alerts as the document has them: who is called, for what, and with which settings."""

from __future__ import annotations

from datetime import UTC, datetime

from pcsx.cib.alerts import tellers_of
from pcsx.cib.document import Cib

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def cib(alerts: str) -> Cib:
    return Cib.from_bytes(
        f"""<cib validate-with="pacemaker-3.9" epoch="1" num_updates="0" admin_epoch="0">
        <configuration><crm_config/><nodes/><resources/><constraints/><alerts>{alerts}</alerts>
        </configuration><status/></cib>""".encode()
    )


def pairs(tag: str, id: str, **values: str) -> str:
    inner = "".join(
        f'<nvpair id="{id}-{name}" name="{name.replace("_", "-")}" value="{value}"/>'
        for name, value in values.items()
    )
    return f'<{tag} id="{id}">{inner}</{tag}>'


def test_an_alert_without_recipients_is_called_once_and_for_all_but_attributes():
    (teller,) = tellers_of(cib('<alert id="a" path="/x"/>'), NOON)
    assert (teller.id, teller.path, teller.recipient) == ("a", "/x", "")
    wanted = [teller.wants(kind) for kind in ("node", "fencing", "resource", "attribute")]
    assert wanted == [True, True, True, False]


def test_a_recipients_settings_win_over_its_alerts():
    said = f"""<alert id="a" path="/x">
        {pairs("meta_attributes", "m", timeout="5s")}
        {pairs("instance_attributes", "i", from_="ha", level="1")}
        <recipient id="r" value="ops">{pairs("instance_attributes", "ri", level="2")}</recipient>
        <recipient id="s" value="dev">{pairs("meta_attributes", "rm", timeout="9s")}</recipient>
        </alert>"""
    ops, dev = tellers_of(cib(said), NOON)
    assert (ops.recipient, ops.timeout_ms, dict(ops.params)["level"]) == ("ops", 5000, "2")
    assert (dev.recipient, dev.timeout_ms, dict(dev.params)["level"]) == ("dev", 9000, "1")


def test_what_is_disabled_is_not_called():
    off = pairs("meta_attributes", "m", enabled="false")
    assert tellers_of(cib(f'<alert id="a" path="/x">{off}</alert>'), NOON) == ()


def test_a_filter_names_what_is_told():
    said = """<alert id="a" path="/x"><select><select_attributes>
        <attribute id="p" name="pingd"/></select_attributes><select_fencing/></select></alert>"""
    (teller,) = tellers_of(cib(said), NOON)
    assert teller.wants("attribute", "pingd")
    assert teller.wants("fencing")
    assert not teller.wants("attribute", "other")
    assert not teller.wants("node")
