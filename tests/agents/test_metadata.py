"""Laws of metadata: what agents say is taken as it comes, and parameters are judged by it."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcsx.agents import check_parameters, metadata_from_json, parse_metadata
from pcsx.errors import Refused, Severity
from pcsx.values import Role

OCF = parse_metadata(
    b"""

<?xml version="1.0"?>
<!DOCTYPE resource-agent SYSTEM "ra-api-1.dtd">
<resource-agent name="db" version="2.0">
<version>1.1</version>
<longdesc lang="en">
  A database.
  It stores.
</longdesc>
<shortdesc lang="de">Eine Datenbank</shortdesc><shortdesc lang="en">A database</shortdesc>
<parameters>
 <parameter name="ip" required="1" unique="1"><content type="string"/></parameter>
 <parameter name="port" unique-group="addr"><content type="integer" default="1"/></parameter>
 <parameter name="mode" reloadable="1"><content type="select" default="a">
   <option value="a"/><option value="b"/></content></parameter>
 <parameter name="fast" reloadable="yes"><content type="boolean" default="0"/></parameter>
 <parameter name="password"><content type="string"/></parameter>
 <parameter name="token" private="1"/>
</parameters>
<actions>
 <action name="start" timeout="20s"/>
 <action name="monitor" role="Master" timeout="5" interval="10s" depth="10" start-delay="1s"/>
 <action name="monitor" role="Unpromoted" timeout="5" interval="11s"/>
 <action name="reload-agent" timeout="20"/>
</actions></resource-agent>"""
)

FENCE = parse_metadata(
    b"""<?xml version="1.0" ?><resource-agent name="fence_x" shortdesc="A switch">
<parameters>
 <parameter name="action" required="1"><content type="string" default="reboot"/></parameter>
 <parameter name="ip" required="1" obsoletes="ipaddr"><content type="string"/></parameter>
 <parameter name="ipaddr" required="1" deprecated="1"><content type="string"/></parameter>
 <parameter name="plug" required="1" obsoletes="port"><content type="string"/></parameter>
 <parameter name="port" required="1" deprecated="1"><content type="string"/></parameter>
 <parameter name="delay"><content type="second" default="0"/></parameter>
</parameters>
<actions><action name="on" automatic="1" on_target="1"/><action name="off"/></actions>
</resource-agent>"""
)


def codes(params: dict[str, str], metadata: object = OCF, *, whole: bool = True) -> list[str]:
    assert hasattr(metadata, "parameters")
    found = check_parameters(metadata, params, subject="r", whole=whole)  # type: ignore[arg-type]
    return [f"{finding.severity}: {finding.code}" for finding in found]


def test_texts_are_the_english_ones():
    assert OCF.shortdesc == "A database"
    assert OCF.longdesc == "A database.\nIt stores."
    assert FENCE.shortdesc == "A switch"
    assert OCF.version == "1.1"


def test_parameters_have_kind_default_and_rules():
    ip, port, mode, fast, password, token = OCF.parameters
    assert (ip.required, ip.unique_group, ip.default) == (True, "ip", None)
    assert (port.type, port.default, port.unique_group) == ("integer", "1", "addr")
    assert (mode.choices, mode.reloadable) == (("a", "b"), True)
    assert fast.reloadable and not password.reloadable
    assert (password.private, token.private, token.type) == (True, True, "string")
    assert OCF.private == ("password", "token")


def test_what_is_not_reloadable_restarts():
    assert OCF.restarting == ("ip", "port", "password", "token")
    assert FENCE.restarting is None


def test_actions_have_their_advised_times_and_roles():
    promoted = OCF.actions[1]
    assert (promoted.timeout_ms, promoted.interval_ms, promoted.start_delay_ms) == (
        5000, 10_000, 1000,
    )  # fmt: skip
    assert promoted.role is Role.PROMOTED and promoted.depth == "10"
    assert OCF.actions[2].role is Role.UNPROMOTED
    on = FENCE.action("on")
    assert on is not None and on.automatic and on.on_target


def test_a_fence_agents_target_goes_by_plug_or_else_by_port():
    assert FENCE.plug_parameter == "plug"
    assert OCF.plug_parameter == "port"


@pytest.mark.parametrize(
    "text", [b"", b"no xml", b"<?xml version='1.0'?><resource-agent", b"<cib/>", b"\xff\xfe",
             b"<resource-agents/>"],
)  # fmt: skip
def test_what_describes_no_agent_is_refused(text: bytes):
    with pytest.raises(Refused) as refused:
        parse_metadata(text)
    assert [finding.code for finding in refused.value.findings] == ["agent-metadata"]


def test_entities_are_never_resolved(tmp_path: Path):
    secret = tmp_path / "secret"
    secret.write_text("hidden")
    text = f"""<?xml version="1.0"?><!DOCTYPE resource-agent [<!ENTITY x SYSTEM "{secret}">]>
    <resource-agent name="a"><longdesc>&x;</longdesc></resource-agent>"""
    assert "hidden" not in parse_metadata(text.encode()).longdesc


@given(st.binary(max_size=200))
def test_garbage_is_refused_or_read_and_never_raised_otherwise(text: bytes):
    # A few ends make it whole: `/>` does.
    with suppress(Refused):
        parse_metadata(b"<?xml version='1.0'?><resource-agent " + text)
    with pytest.raises(Refused):
        parse_metadata(b"<?xml version='1.0'?><resource-agent <" + text)


def test_good_parameters_have_no_findings():
    assert codes({"ip": "1.2.3.4", "port": "80", "mode": "b", "fast": "yes", "trace_ra": "1"}) == []


def test_every_fault_is_found_at_once():
    params = {"port": "x", "mode": "c", "fast": "perhaps", "colour": "red"}
    assert codes(params) == [
        "error: parameter-unknown",
        "error: parameter-value",
        "error: parameter-value",
        "error: parameter-value",
        "error: parameter-missing",
    ]


def test_a_part_of_the_parameters_misses_nothing():
    assert codes({"port": "1"}, whole=False) == []


def test_old_names_are_taken_and_the_new_ones_told():
    assert codes({"ipaddr": "1"}, FENCE) == ["warning: parameter-deprecated"]
    assert codes({"ip": "1", "pcmk_host_list": "a"}, FENCE) == []
    assert codes({}, FENCE) == ["error: parameter-missing"]


def test_findings_can_be_forced():
    for finding in check_parameters(OCF, {"x": "1"}, subject="r"):
        assert finding.severity is not Severity.ERROR or finding.force


AGENTS = Path(__file__).parents[2] / ".." / "shared" / "conformance" / "agents.json"


@pytest.mark.skipif(not AGENTS.exists(), reason="the shared conformance data is not beside us")
def test_a_file_of_agents_is_read_whole():
    known = json.loads(AGENTS.read_text())
    for name, said in known.items():
        metadata = metadata_from_json(name, said)
        assert {p.name for p in metadata.parameters} == set(said["parameters"])
        assert len(metadata.actions) == len(said["actions"])
    ip = metadata_from_json("IPaddr2", known["ocf:heartbeat:IPaddr2"]).parameter("ip")
    assert ip is not None and ip.required


@pytest.mark.skipif(
    not os.path.exists("/usr/lib/ocf/resource.d/heartbeat/Dummy"),
    reason="resource-agents is not installed",
)
def test_an_installed_agent_describes_itself():
    from pcsx.agents import Host, Invocation, metadata_invocation, parse_agent
    from tests.agents.running import run

    name = parse_agent("ocf:heartbeat:Dummy")
    assert name is not None
    made = metadata_invocation(name, Host())
    assert isinstance(made, Invocation)
    metadata = parse_metadata(run(made).stdout)
    assert metadata.name == "Dummy" and metadata.has_action("monitor")
