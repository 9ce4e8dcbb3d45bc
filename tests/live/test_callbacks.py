"""What agents call says what the field's own programs say: the same calls beside a real peer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import pytest

from tests.bench.peers import absent, pacemaker
from tests.live.cluster import Cluster
from tests.live.lab import Lab, until

pytestmark = pytest.mark.live

RESOURCES: Final = """<resources>
<primitive id="d" class="ocf" provider="pacemaker" type="Dummy">
 <utilization id="d-u"><nvpair id="d-u-cpu" name="cpu" value="2"/></utilization>
 <operations><op id="d-m" name="monitor" interval="10s"/></operations></primitive>
<clone id="db-clone"><meta_attributes id="db-meta">
 <nvpair id="db-meta-p" name="promotable" value="true"/></meta_attributes>
 <primitive id="db" class="ocf" provider="pacemaker" type="Stateful">
 <operations><op id="db-m1" name="monitor" interval="10s" role="Promoted"/>
 <op id="db-m2" name="monitor" interval="11s" role="Unpromoted"/></operations></primitive></clone>
</resources>"""

# As the agents of resource-agents, drbd and PAF make them; writes come before what reads them.
# Left out is what Pacemaker 2.1 does and 3 does not (a parameter that is missing ends with 0, an
# attribute that is missing with 78), and the remark on each change, which no agent reads.
CALLS: Final = """
crm_node -n
crm_node -i
crm_node -p
crm_node -l
crm_node -l -p
crm_node -q
crm_attribute -N n1 -l reboot --name kept -v 1
crm_attribute -N n2 -l reboot --name kept --update true
crm_attribute -l forever --node=n1 -n rack -v r1
crm_attribute -t nodes --node n1 -z -n hv_memory -v 2048
crm_attribute --type crm_config --name db_REPL_INFO -s redis_replication -v n1
crm_attribute -n runs_ers -v 0 -l reboot
crm_master -Q -l reboot -v 100
crm_attribute -p -v 7
attrd_updater -n plain -v 5
attrd_updater -n plain2 -U 6 -d 0
attrd_updater -p -n hidden -U true
attrd_updater -p --name hidden2 --node n2 --update 9
attrd_updater -n both -B 10 -d 0
sleep 2
crm_attribute -N n1 -l reboot --name kept --quiet
crm_attribute -N n2 -l reboot --name kept --query
crm_attribute -N n1 -l reboot --name kept
crm_attribute -l forever -n rack -G --quiet
crm_attribute -N n1 -l forever --query --name rack -q
crm_attribute -t nodes --node n1 -n rack -G -q
crm_attribute --quiet -t nodes --node n1 -z -n hv_memory
crm_attribute -t nodes --node n1 -z -n hv_memory
crm_attribute --type crm_config --name db_REPL_INFO -s redis_replication --query -q
crm_attribute --type crm_config --name db_REPL_INFO --query
crm_attribute --type=crm_config --name=stonith-enabled --query --quiet --default=true
crm_attribute --type=crm_config --name=nothing --query --quiet --default=true
crm_attribute --type=crm_config --name=nothing --query --default=true
crm_attribute --type=crm_config --name=nothing --query --quiet
crm_attribute -N n1 -l reboot --name nothing --quiet
crm_attribute -N nobody -l reboot --name kept --quiet
crm_attribute -p -G -q
crm_attribute -p -G
crm_master -G -q -l reboot
crm_master -q -l reboot -G
attrd_updater -n plain -Q
attrd_updater -n plain -Q -N n1
attrd_updater --query -n plain2 -N n1
attrd_updater -n plain -Q -A
attrd_updater -p -n hidden -Q
attrd_updater -p -N n2 -n hidden2 -Q
attrd_updater -p --name hidden2 --node n1 --query
attrd_updater -n both -Q
attrd_updater -n nothing -Q || false
crm_resource -r d -z -g cpu
crm_resource -Q -r d -z -g cpu
crm_resource -r d -z -p cpu -v 3 >/dev/null
crm_resource -r d -z -g cpu
crm_resource --resource=d --utilization --delete-parameter=cpu >/dev/null
crm_resource --resource d --locate
crm_resource --resource db --locate | sed s/n[12]/N/ | sort
crm_resource --resource nothing --locate
cibadmin -Q --xpath "//node_state//nvpair[@name='kept']" | sort
cibadmin -Q --xpath "//node_state[@crmd='online']//nvpair[@name='nothing']"
cibadmin -Q --xpath "//nvpair[@name='rack']"
crm_attribute -N n1 -l reboot --name kept -D
crm_attribute -N n1 -l reboot --name nothing -D
crm_attribute -l forever --node=n1 -n rack -D >/dev/null
attrd_updater -n plain -D
attrd_updater -D -n nothing -d 5s
crm_master -l reboot -D
sleep 2
crm_attribute -N n1 -l reboot --name kept -G -q
crm_attribute -l forever -n rack -G --quiet
crm_node --nothing
attrd_updater -Q
"""


@pytest.fixture(scope="module")
def told() -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    if reason := absent():
        pytest.skip(reason)
    with Lab(2) as lab:
        cluster = Cluster(lab)
        cluster.form("fast")
        cluster.pcsx("property set stonith-enabled=false")
        machine = lab.machines[0]
        machine.put("/etc/pcsx/calls", script("/run/pcsx/compat:").encode())
        cluster.pcsx("resource create d ocf:pacemaker:Dummy")
        cluster.pcsx("resource utilization d cpu=2")
        cluster.pcsx("resource create db ocf:pacemaker:Stateful promotable --wait=30")
        until(lambda: cluster.where("d"), 30, "d runs")
        ours = parted(machine.run("sh /etc/pcsx/calls", check=False, timeout_s=200).out)
    with pacemaker(2) as peer:
        peer.option(stonith_enabled="false")
        peer.cib(RESOURCES, "resources")
        peer.settled()
        theirs = parted(peer.nodes[0].sh(["sh", "-c", script("")], check=False).stdout)
    yield ours, theirs


def script(path: str) -> str:
    """Return the calls as one script, which finds the programs in *path* first."""
    lines = [f"export PATH={path}$PATH OCF_RESOURCE_INSTANCE=other; exec 2>/dev/null"]
    for number, call in enumerate(CALLS.strip().splitlines()):
        if call.startswith("sleep"):
            lines.append(call)
            continue
        lines.append(f'echo "### {number}"; {call}; echo "rc $?"')
    return "\n".join(lines)


def parted(output: str) -> dict[str, str]:
    """Return what each call printed, with its exit status at the end."""
    calls = CALLS.strip().splitlines()
    found = {}
    for part in output.split("### ")[1:]:
        number, _, text = part.partition("\n")
        found[f"{number} {calls[int(number)]}"] = re.sub(r'\bid="[^"]*"', 'id="X"', text)
    return found


def test_each_call_prints_and_ends_as_the_fields_own(
    told: tuple[dict[str, str], dict[str, str]],
) -> None:
    ours, theirs = told
    other = {
        call: (ours.get(call), text) for call, text in theirs.items() if ours.get(call) != text
    }
    assert not other, "\n".join(
        f"{call}\n   ours: {mine!r}\n theirs: {text!r}" for call, (mine, text) in other.items()
    )
