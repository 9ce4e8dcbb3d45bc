"""Laws of the tools that agents call: their words, their output, and what they change."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from pcsx.cib import Cib
from pcsx.cib.attributes import is_promotable, lasting_attributes, property_of, with_property
from pcsx.cib.status import SET
from pcsx.daemon.attributes import Delay, Refresh, Update
from pcsx.daemon.records import OpRecord
from pcsx.daemon.status import PRIVATE
from pcsx.daemon.tools import TOOLS, Facts, NodeFacts, Running, Said, answer
from pcsx.protocol import Cleanup, ConfirmFence, FailResource, Fence, ForgetFences

CIB = Cib.from_bytes(
    b"""<cib><configuration>
    <crm_config><cluster_property_set id="cib-bootstrap-options">
      <nvpair id="p1" name="no-quorum-policy" value="freeze"/></cluster_property_set></crm_config>
    <nodes>
      <node id="1" uname="n1"><instance_attributes id="nodes-1">
        <nvpair id="nodes-1-rack" name="rack" value="r1"/></instance_attributes></node>
      <node id="2" uname="n2"/></nodes>
    <resources>
      <clone id="c"><meta_attributes id="cm">
        <nvpair id="cm1" name="promotable" value="true"/></meta_attributes>
        <primitive id="db" class="ocf" provider="heartbeat" type="pgsql">
          <operations><op id="o" name="monitor" interval="10s"/></operations></primitive></clone>
      <clone id="u"><meta_attributes id="um">
        <nvpair id="um1" name="globally-unique" value="true"/></meta_attributes>
        <primitive id="ip" class="ocf" provider="heartbeat" type="IPaddr2"/></clone>
      <primitive id="vm" class="ocf" provider="heartbeat" type="VirtualDomain">
        <utilization id="vm-u"><nvpair id="vm-u-cpu" name="cpu" value="2"/></utilization>
      </primitive>
    </resources></configuration></cib>"""
)
RUNNING = (
    Running("db", ("ocf", "heartbeat", "pgsql"), "n1", "Promoted"),
    Running("db", ("ocf", "heartbeat", "pgsql"), "n2", "Unpromoted"),
)


def record(resource: str, task: str, call: int, rc: int = 0, **other: Any) -> OpRecord:
    given = {"interval_ms": 0, "status": 0, "exec_ms": 12} | other
    return OpRecord(
        resource, ("ocf", "heartbeat", "pgsql"), f"{resource}_{task}_0", task, call=call, rc=rc,
        reason="", term=1, transition=1, action=1, target_rc=0, changed_s=0, queue_ms=0, digest="",
        **given,
    )  # fmt: skip


RECORDS = (
    ("n1", record("db", "start", 3)),
    ("n1", record("db", "monitor", 4, 8, interval_ms=10_000)),
    ("n2", record("db", "start", 5, 193, status=-1)),
    ("n3", record("db", "start", 1)),
)


def fencing(target: str, verdict: str, ended_s: int, **other: Any) -> dict[str, Any]:
    usual = {"action": "off", "origin": "root", "delegate": "n1", "reason": "", "device": "ipmi"}
    return {"target": target, "verdict": verdict, "ended_s": ended_s} | usual | other


FENCINGS = (
    fencing("n2", "done", 60),
    fencing("n2", "done", 120),
    fencing("n3", "failed", 180, action="reboot"),
    fencing("n3", "pending", 0, delegate=""),
)
FACTS = Facts(
    me="n1",
    nodes=(
        NodeFacts(
            1,
            "n1",
            True,
            {"ping": "100", "master-db": "5", "lsn": "1", "load": "7"},
            {"lsn": PRIVATE + "lsn", "load": f"{SET}mine:load"},
            dc=True,
        ),
        NodeFacts(2, "n2", True, {"ping": "0"}),
        NodeFacts(3, "n3", False, {}, clean=False),
    ),
    quorate=True,
    cib=CIB,
    document=lambda: CIB,
    running=lambda: RUNNING,
    records=lambda: RECORDS,
    fencings=lambda: FENCINGS,
    devices=lambda target: () if target == "n3" else ("ipmi",),
)


def call(line: str, **env: str) -> Said:
    tool, *words = line.split()
    return answer(tool, tuple(words), env, FACTS)


def shown(line: str, **env: str) -> str:
    said = call(line, **env)
    assert (said.status, said.stderr) == (0, ""), said
    return said.stdout


@pytest.mark.parametrize(
    ("line", "update"),
    [
        ("crm_attribute -n x -v 5 -l reboot", Update(1, "x", "5", 0)),
        ("crm_attribute --name=x --update=5 --lifetime=reboot -N n2", Update(2, "x", "5", 0)),
        ("crm_attribute -N n2 -l reboot --name x --delete", Update(2, "x", None, 0)),
        ("crm_attribute -l reboot -n ping -v ping++", Update(1, "ping", "101", 0)),
        ("crm_attribute -p -v 10", Update(1, "master-r", "10", 0)),
        ("crm_attribute --promotion=db --update=10", Update(1, "master-db", "10", 0)),
        ("crm_attribute -p db:1 -v 10", Update(1, "master-db", "10", 0)),
        ("crm_attribute -p ip:1 -v 10", Update(1, "master-ip:1", "10", 0)),
        ("crm_attribute -p -D", Update(1, "master-r", None, 0)),
        ("crm_master -Q -l reboot -v 100", Update(1, "master-r", "100", 0)),
        ("crm_master -N n2 -l reboot -v INFINITY", Update(2, "master-r", "INFINITY", 0)),
        ("attrd_updater -n x -U 5", Update(1, "x", "5", None)),
        ("attrd_updater -n x -v 5 -d 30s", Update(1, "x", "5", 30_000)),
        ("attrd_updater -n x -B 5 -d 2", Update(1, "x", "5", 2000)),
        ("attrd_updater -n x -Y -d 2", Delay("x", 2000)),
        ("attrd_updater -D -n x -N n2", Update(2, "x", None, None)),
        ("attrd_updater -R", Refresh()),
        (
            "attrd_updater --private --lifetime reboot -n x -U 1",
            Update(1, PRIVATE + "x", "1", None),
        ),
        ("attrd_updater -p -n ping -U 1", Update(1, "ping", "1", None)),
        ("attrd_updater -n lsn -U 2", Update(1, PRIVATE + "lsn", "2", None)),
        ("attrd_updater -n lsn -D", Update(1, PRIVATE + "lsn", None, None)),
        ("attrd_updater -n x -U 1 -s mine", Update(1, f"{SET}mine:x", "1", None)),
        ("attrd_updater -n load -U 1", Update(1, f"{SET}mine:load", "1", None)),
        ("attrd_updater -n ping -U 1 --set mine", Update(1, "ping", "1", None)),
        ("crm_attribute -n load -l reboot -D", Update(1, f"{SET}mine:load", None, 0)),
        ("crm_attribute -n x -l reboot -v 1 -s mine", Update(1, f"{SET}mine:x", "1", 0)),
    ],
)
def test_what_agents_write_is_a_transient_attribute(line: str, update: Any):
    said = call(line, OCF_RESOURCE_INSTANCE="r")
    assert (said.status, said.transient, said.cib) == (0, (update,), None), said


@pytest.mark.parametrize(
    ("line", "output"),
    [
        ("crm_attribute -n ping -l reboot -G", "scope=status  name=ping value=100\n"),
        ("crm_attribute -n ping -l reboot -N n2 -q", "0\n"),
        ("crm_attribute -n rack -l forever -G -Q", "r1\n"),
        ("crm_attribute -t nodes --node n1 -n rack -G -q", "r1\n"),
        ("crm_attribute --type=crm_config --name=no-quorum-policy --query -q", "freeze\n"),
        ("crm_attribute --type=crm_config -n stonith-enabled --query --quiet --default=true",
         "true\n"),
        ("crm_attribute -p db -G -q", "5\n"),
        ("crm_node -n", "n1\n"),
        ("crm_node -i", "1\n"),
        ("crm_node -l", "1 n1 member\n2 n2 member\n3 n3 lost\n"),
        ("crm_node -l -p", "n1 n2 \n"),
        ("crm_node -p -l", "1 n1 member\n2 n2 member\n3 n3 lost\n"),
        ("attrd_updater -n lsn -Q -N n2", 'name="lsn" host="n2" value=""\n'),
        ("crm_node -p", "n1 n2 \n"),
        ("crm_node -q", "1\n"),
        ("attrd_updater -n ping -Q -A",
         'name="ping" host="n1" value="100"\nname="ping" host="n2" value="0"\n'),
        ("attrd_updater --query -n ping -N n2", 'name="ping" host="n2" value="0"\n'),
        ("crm_resource -r db --locate",
         "resource db is running on: n1 Promoted\nresource db is running on: n2\n"),
        ("attrd_updater -n lsn -Q", 'name="lsn" host="n1" value="1"\n'),
        ("cibadmin -Q -o nodes",
         '<nodes>\n  <node id="1" uname="n1">\n    <instance_attributes id="nodes-1">\n'
         '      <nvpair id="nodes-1-rack" name="rack" value="r1"/>\n'
         '    </instance_attributes>\n  </node>\n  <node id="2" uname="n2"/>\n</nodes>\n'),
        ("crm_resource -Q -r vm -z -g cpu", "2\n"),
        ("crm_attribute -P i|s -l reboot -G",
         "".join(f"scope=status  name={name} value={value}\n"
                 for name, value in (("lsn", 1), ("master-db", 5), ("ping", 100)))),
        ("crm_attribute -G -t crm_config",
         "scope=crm_config  name=no-quorum-policy value=freeze\n"),
        ("crm_resource -l", "db\nip\nvm\n"),
        ("stonith_admin -L", "ipmi\n1 fence device found\n"),
        ("stonith_admin -l n3", "0 fence devices found\n"),
        ("stonith_admin -s ipmi", "n1\nn2\n2 fence targets found\n"),
        ("stonith_admin -Q ipmi", ""),
        ("stonith_admin -H n2",
         "turning off of n2 successful: delegate=n1, client=root, origin=n1, "
         "last-successful='1970-01-01 00:02:00Z'\n1 event found\n"),
        ("stonith_admin -H n3",
         "turning off of n3 pending: client=root, origin=root\n"
         "reboot of n3 failed: client=root, origin=n1, last-failed='1970-01-01 00:03:00Z'\n"
         "2 events found\n"),
        ("stonith_admin -h n3", "Node n3 has never been fenced\n"),
        ("pacemakerd -$", "Pacemaker 3.0.2\nWritten by pcsx\n"),
        ("cibadmin -Q --xpath //nvpair[@name='rack']/@id/..",
         '<nvpair id="nodes-1-rack" name="rack" value="r1"/>\n'),
    ],
)  # fmt: skip
def test_what_agents_read_has_the_fields_shape(line: str, output: str):
    assert shown(line) == output


@pytest.mark.parametrize(
    "line",
    ["crm_attribute -n x -l reboot -G -q", "crm_attribute -n x -l forever -G -N nobody",
     "attrd_updater -n x -Q", "crm_resource -r nothing --locate",
     "crm_resource -r vm -g nothing", "crm_resource -r nothing -g x",
     "cibadmin -Q --xpath //nothing", "stonith_admin -Q nothing", "stonith_admin -F nobody",
     "stonith_admin -s nothing", "crm_attribute -P ^zz -l reboot -G"],
)  # fmt: skip
def test_what_is_not_there_is_105_and_prints_nothing(line: str):
    said = call(line)
    assert (said.status, said.stdout) == (105, "")
    assert said.stderr or line.startswith("stonith_admin -Q")


@pytest.mark.parametrize(
    "line",
    ["crm_attribute", "crm_attribute -n", "crm_attribute --colour", "crm_attribute -p -v 1",
     "attrd_updater -n x", "attrd_updater -n x -U 1 -d soon", "crm_node", "crm_resource -W",
     "crm_attribute -P x -v 1 -l forever", "crm_attribute -P ( -l reboot -G",
     "attrd_updater -P x -Q", "stonith_admin n1", "crm_resource -C -I soon",
     "crm_resource -F -r db",
     "crm_attribute -t nonsense -n x", "cibadmin -Q --xpath //["],
)  # fmt: skip
def test_words_that_make_no_sense_are_a_usage_error(line: str):
    said = call(line)
    assert said.status == 64 and said.stderr


def test_several_short_options_can_be_one_word():
    assert shown("crm_attribute -Gqn ping -l reboot") == "100\n"


def test_the_node_is_the_one_that_the_agent_runs_on():
    assert shown("crm_attribute -n ping -l reboot -G -q", PCSX_NODE="n2") == "0\n"
    assert shown("crm_node -n", PCSX_NODE="n2") == "n2\n"


def test_a_lasting_attribute_is_a_change_of_the_document():
    said = call("crm_attribute -N n2 -l forever -n rack -v r2")
    assert said.cib is not None and said.transient == ()
    assert lasting_attributes(said.cib, "n2", "instance_attributes") == {"rack": "r2"}
    assert b'<instance_attributes id="nodes-2">' in said.cib.to_bytes()
    said = call("crm_attribute -t nodes --node n1 -z -n cpu -v 4")
    assert said.cib is not None
    assert lasting_attributes(said.cib, "n1", "utilization") == {"cpu": "4"}
    said = call("crm_attribute -l forever -n rack -D")
    assert said.cib is not None
    assert lasting_attributes(said.cib, "n1", "instance_attributes") == {}


def test_what_is_so_already_is_no_change():
    assert call("crm_attribute -l forever -n rack -v r1") == Said()
    assert call("crm_attribute -l forever -n other -D") == Said()
    assert call("crm_attribute -t crm_config -n no-quorum-policy -v freeze") == Said()


def test_a_property_can_have_a_block_of_its_own():
    said = call("crm_attribute --type crm_config --name r_REPL_INFO -s redis_replication -v n1")
    assert said.cib is not None
    assert property_of(said.cib, "r_REPL_INFO", "redis_replication") == "n1"
    assert property_of(said.cib, "no-quorum-policy") == "freeze"
    assert property_of(with_property(said.cib, "r_REPL_INFO", None), "r_REPL_INFO") is None


def test_a_resources_values_are_set_before_its_operations():
    said = call("crm_resource -r db:0 -z -p cpu -v 8")
    assert said.cib is not None
    assert lasting_attributes(said.cib, "db", "utilization", of="resource") == {"cpu": "8"}
    text = said.cib.to_bytes()
    assert text.index(b"db-utilization") < text.index(b"<operations>")
    said = call("crm_resource --resource=vm --utilization --delete-parameter=cpu")
    assert said.cib is not None
    assert lasting_attributes(said.cib, "vm", "utilization", of="resource") == {}


def test_the_status_is_found_by_the_patterns_of_agents():
    text = shown("crm_mon -1 --output-as=xml")
    redis = r'resource.*id="db".* role="(Promoted|Master)".* active="true".* orphaned="false"'
    assert re.search(redis + r'.* failed="false"', text)
    assert re.search(r'<resource id="db" .* role="(Promoted|Master)"', text)
    assert re.search(r'<node name="n2" .* online="true"', text)
    assert re.search(r'<node name="n3" .* online="false"', text)
    assert shown("crm_mon -1 --as-xml") == text


def test_what_is_not_served_says_so():
    for line in (
        "stonith_admin -I",
        "crm_resource -r vm",
        "cibadmin -R",
        "pacemakerd",
        "crm_nothing",
    ):
        assert call(line).status in (3, 64)


def test_whether_instances_can_be_promoted_is_the_clones_word():
    assert is_promotable(CIB, "db") and not is_promotable(CIB, "ip")


@given(st.sampled_from(sorted(TOOLS)), st.lists(st.text(max_size=6), max_size=5))
def test_any_words_have_an_answer(tool: str, words: list[str]):
    said = answer(tool, tuple(words), {}, FACTS)
    assert said.status in (0, 1, 3, 64, 105, 106)


def test_failures_are_counted_over_operations_and_forgotten_with_their_times():
    counted = {
        "fail-count-db#monitor_10000": "2", "last-failure-db#monitor_10000": "17",
        "fail-count-db#start_0": "INFINITY", "fail-count-dbx#start_0": "1",
    }  # fmt: skip
    facts = Facts(
        me="n1", nodes=(NodeFacts(1, "n1", True, counted),), quorate=True, cib=CIB,
        document=lambda: CIB, running=lambda: (),
    )  # fmt: skip

    def ask(line: str) -> Said:
        return answer("crm_failcount", tuple(line.split()), {}, facts)

    assert ask("-r db -G -q").stdout == "INFINITY\n"
    monitors = ask("-r db -G -n monitor -I 10s").stdout
    assert monitors == "scope=status  name=fail-count-db value=2\n"
    assert ask("-r db -D -n monitor").transient == (
        Update(1, "fail-count-db#monitor_10000", None, 0),
        Update(1, "last-failure-db#monitor_10000", None, 0),
    )


def test_a_set_that_is_named_is_the_one_that_changes():
    said = call("crm_attribute -N n1 -n rack -v r9 -l forever -s mine")
    assert said.cib is not None
    assert lasting_attributes(said.cib, "n1", "instance_attributes", block="mine") == {"rack": "r9"}
    assert lasting_attributes(said.cib, "n1", "instance_attributes", block="nodes-1") == {
        "rack": "r1"
    }


def test_a_ban_keeps_the_whole_clone_from_the_node():
    said = call("crm_resource -B -r db:1 -N n2 -Q")
    assert said.cib is not None
    (found,) = said.cib.tree.findall("configuration/constraints/rsc_location")
    assert (found.get("rsc"), found.get("node"), found.get("score")) == ("c", "n2", "-INFINITY")
    assert call("crm_resource -B -r db -N nobody").status == 105


def test_where_nothing_runs_is_told_beside_the_output():
    said = call("crm_resource -r vm --locate")
    assert (said.status, said.stdout, said.stderr) == (0, "", "resource vm is NOT running\n")


def test_a_pattern_means_each_attribute_that_the_node_has_and_fits():
    said = call("attrd_updater -P ^(ping|lsn)$ -U 3 -d 5s")
    assert said.transient == (
        Update(1, PRIVATE + "lsn", "3", 5000),
        Update(1, "ping", "3", 5000),
    )
    assert call("attrd_updater -P ping -D -N n2").transient == (Update(2, "ping", None),)
    assert call("attrd_updater -P ^none -U 1") == Said()
    assert call("crm_attribute -P ^l -v 9 -l reboot").transient == (
        Update(1, f"{SET}mine:load", "9", 0),
        Update(1, PRIVATE + "lsn", "9", 0),
    )


def test_operations_end_in_complete_or_pending():
    lines = shown("crm_resource --list-operations").splitlines()
    assert [line.split()[-1] for line in lines] == ["complete", "complete", "pending"]
    assert re.fullmatch(
        r"db\t\(ocf:heartbeat:pgsql\):\t Promoted: db_monitor_10000 \(node=n1, call=4, rc=8, "
        r"last-rc-change='\w+ \w+ +\d+ [\d:]+ \d+', exec=12ms\): complete",
        lines[1],
    )
    assert shown("crm_resource -O -N n2").splitlines() == lines[2:]
    assert shown("crm_resource -O -r vm") == ""
    assert len(shown("crm_resource -o").splitlines()) == 4


@pytest.mark.parametrize(
    ("line", "wish"),
    [
        ("stonith_admin --reboot=n2 --tag controld", Fence("n2", "reboot", 120_000)),
        ("stonith_admin -F n2 -t 30", Fence("n2", "off", 30_000)),
        ("stonith_admin -U n2", Fence("n2", "on", 120_000)),
        ("stonith_admin -C n2", ConfirmFence("n2")),
        ("stonith_admin -H n2 -c", ForgetFences("n2")),
        ("stonith_admin -H * --cleanup", ForgetFences("")),
        ("crm_resource --fail -r db -N n2", FailResource("db", "n2")),
        ("crm_resource -C", Cleanup()),
        ("crm_resource -R -r db -N n2", Cleanup("db", "n2", True)),
        ("crm_resource -C -r db -n monitor -I 10s", Cleanup("db", "", False, "monitor", 10_000)),
    ],
)
def test_what_others_do_is_asked_of_them(line: str, wish: Any):
    said = call(line)
    assert (said.status, said.then) == (0, wish)


def test_fencing_under_way_is_found_as_agents_look_for_it():
    text = shown("stonith_admin -H * --output-as xml")
    assert 'target="n3" client="root" origin="root" status="pending"' in text
    assert 'extended-status="pending"' in text
    assert 'extended-status="pending"' not in shown("stonith_admin -H n2 --output-as=xml")
    assert len(shown("stonith_admin -H n2 -V").splitlines()) == 3


def test_nodes_are_told_apart_by_type_and_cleanness():
    tree = etree.fromstring(shown("crm_mon -1X").encode())
    assert tree.xpath("count(//nodes/node[@type='member'])") == 3
    assert tree.xpath('count(//nodes/node[@type="member" and @unclean="false"])') == 2
    assert tree.xpath("//nodes//node[@online='true' and @standby='false']/@name") == ["n1", "n2"]


def test_the_status_is_there_as_text_and_as_a_page():
    text = shown("crm_mon -1")
    assert "Current DC: n1 - partition with quorum" in text
    assert "  * Node n3: UNCLEAN (offline)" in text and "  * Online: [ n1 n2 ]" in text
    assert "  * db\t(ocf:heartbeat:pgsql):\t Promoted n1" in text
    assert "Promoted n1" in shown("crm_mon -n -h /tmp/x.html")


def test_what_a_ban_made_is_cleared():
    banned = call("crm_resource -B -r db -N n2").cib
    assert banned is not None
    facts = replace(FACTS, cib=banned)
    said = answer("crm_resource", ("-U", "-r", "db"), {}, facts)
    assert said.cib is not None and said.cib.tree.find("configuration/constraints") is not None
    assert not said.cib.tree.findall("configuration/constraints/rsc_location")


def test_without_quorum_its_query_fails_as_well():
    said = answer("crm_node", ("-q",), {}, replace(FACTS, quorate=False))
    assert (said.status, said.stdout) == (106, "0\n")


OCF = Path("/usr/lib/ocf")
CALL = re.compile(
    r"(?:^|[\s\"'`(/}])(" + "|".join(TOOLS) + r")[\"'}]?"
    r"((?: +(?:\$\([^)\n]*\)|[^\s|;&<>`)])+)+)",
    re.MULTILINE,
)


@pytest.mark.skipif(not OCF.is_dir(), reason="no agents are installed")
def test_installed_agents_use_no_option_that_is_not_known():
    """Calls as they stand in the agents' text, with anything for what their variables have."""
    seen: dict[str, set[str]] = {}
    for path in OCF.rglob("*"):
        for tool, rest in CALL.findall(path.read_text(errors="replace") if path.is_file() else ""):
            text = re.sub(r"\$\([^)]*\)", "x", re.sub(r"\$\{?\w+\}?", "x", rest))
            words = [word.strip("\"')],.\\") for word in text.split()]
            if words[0][:1] != "-":
                continue  # prose
            said = answer(tool, tuple(words), {"OCF_RESOURCE_INSTANCE": "db"}, FACTS)
            assert "unknown option" not in said.stderr, f"{path}: {tool}{rest}: {said.stderr}"
            seen.setdefault(tool, set()).update(word for word in words if word[:1] == "-")
    if (OCF / "resource.d/heartbeat/pgsql").exists():
        assert {"crm_attribute", "attrd_updater", "crm_node", "crm_resource"} <= seen.keys()
        assert len(seen["crm_attribute"]) >= 10
