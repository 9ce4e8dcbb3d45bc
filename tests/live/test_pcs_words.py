"""Each word of pcs's `resource` and `stonith` on the same document by pcs itself, and by us.

Where pcs does it we do the same to the document and say the same; where it refuses we refuse, but
for what is named here: what we can do on a file too, and what we take where pcs knows no better.
"""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from lxml import etree

from pcsx import cli

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(shutil.which("pcs") is None, reason="needs Debian's pcs beside us"),
]

EMPTY: Final = (
    b'<cib crm_feature_set="3.16.1" validate-with="pacemaker-3.9" epoch="1" num_updates="0" '
    b'admin_epoch="0"><configuration><crm_config/><nodes><node id="1" uname="node1"/>'
    b'<node id="2" uname="node2"/><node id="3" uname="node3"/></nodes><resources/><constraints/>'
    b"</configuration><status/></cib>"
)
FREE: Final = (
    "nodes", "crm_config", "constraints", "acls", "tags", "alerts", "resources", "operations",
    "instance_attributes", "meta_attributes", "utilization", "cluster_property_set",
)  # fmt: skip
"""Elements whose children may stand in any order."""

STORIES: Final = {
    "resource": """
resource
resource status
resource config
resource create d1 ocf:pacemaker:Dummy
resource create d2 ocf:pacemaker:Dummy fake=x op monitor interval=15s timeout=5s meta priority=2
resource create d3 ocf:pacemaker:Dummy --disabled --no-default-ops
resource create d4 ocf:pacemaker:Dummy --group g1
resource create d5 ocf:pacemaker:Dummy --group g1 --before d4
resource create d7 ocf:pacemaker:Dummy clone
resource create d8 ocf:pacemaker:Dummy clone my-clone interleave=true
resource create s1 ocf:pacemaker:Stateful promotable
resource create ip2 IPaddr2 nic=lo
resource create ip3 IPaddr2 ip=10.0.0.8 nosuch=1
resource create ip IPaddr2 ip=10.0.0.8 nosuch=1 --force
resource create d9 systemd:nosuchunit
resource create d1 ocf:pacemaker:Dummy
resource create d9 ocf:pacemaker:Nosuch
resource config
resource config d1 g1
resource config d2 --output-format json
resource config --output-format cmd
resource config nosuch
resource delete d3
resource remove my-clone
resource delete nosuch
resource disable d1 d2
resource enable d2
resource enable nosuch
resource move d1
resource move-with-constraint d1 node1
resource move-with-constraint s1-clone node1 --promoted
resource ban d1 node2
resource ban s1-clone node2 --promoted
resource clear d1 node2
resource clear d1
resource clear s1-clone --promoted
resource update d1 fake= op monitor interval=33 timeout=44 meta migration-threshold=3
resource update d1 nosuch=1
resource op add d1 monitor interval=20s timeout=6s OCF_CHECK_LEVEL=10
resource op delete d1-monitor-interval-20s
resource op remove d1 stop interval=0s timeout=20s
resource op delete d1 monitor interval=99s
resource op defaults timeout=60s
resource op defaults set create id=op1 score=5 meta timeout=90s rule op monitor interval=10s
resource op defaults set create id=op2 meta timeout=95s rule date gt 2090-01-01
resource op defaults
resource op defaults config --full --all --no-expire-check
resource op defaults set update op1 meta timeout=91s
resource op defaults update timeout=61s
resource op defaults set delete op1
resource op defaults set remove op2
resource meta d1 failure-timeout=50 migration-threshold=
resource meta s1-clone notify=true
resource meta nosuch a=b
resource group list
resource group add g2 d1 d2
resource group remove g2 d1
resource group delete g1 d4
resource ungroup g2
resource group delete nosuch
resource clone d2 dc interleave=true
resource unclone dc
resource promotable s9
resource unclone s1-clone
resource promotable s1 s1p promoted-max=1
resource bundle create b1 container docker image=img
resource bundle create b2 container podman image=img replicas=2 network control-port=3121
resource bundle create b3 container docker
resource create inb ocf:pacemaker:Dummy bundle b2
resource bundle update b2 container image=img2 port-map add port=81 id=pm
resource bundle update b2 port-map remove pm meta priority=3
resource bundle reset b2 container image=img3 network control-port=3122
resource delete b1
resource unmanage d1 --monitor
resource manage d1 --monitor
resource manage nosuch
resource defaults resource-stickiness=100
resource defaults set create id=old meta priority=3 rule date in_range 2020-01-01 to 2021-01-01
resource defaults
resource defaults config --all
resource defaults config --no-expire-check --full
resource defaults update resource-stickiness=3
resource defaults set remove old
resource cleanup
resource refresh
resource failcount
resource failcount show d1
resource relocate clear
resource utilization d1 cpu=2 ram=100
resource utilization d1
resource utilization d1 ram=x
resource relations nosuch
resource restart d1
resource debug-start d1
resource debug-stop d1 --full
resource debug-promote s1
resource debug-demote s1
resource debug-monitor d1
""",
    "stonith": """
stonith
stonith status
stonith config
stonith create f1 fence_ipmilan ip=10.0.0.1 username=u pcmk_host_list=node1
stonith create f2 fence_ipmilan ip=10.0.0.2 pcmk_host_map=node2:1 op monitor interval=30s --disabled
stonith create f3 fence_apc nosuch=1
stonith create f3 fence_apc ip=1.2.3.4 username=x nosuch=1 --force
stonith create f4 fence_nosuch
stonith create f4 fence_ipmilan ip=10.0.0.1 method=cycle
stonith create f5 fence_ipmilan ip=10.0.0.1 action=off
stonith config f1 --output-format json
stonith config nosuch
stonith update f1 ip=10.0.0.9 lanplus=1
stonith update f1 nosuch=1
stonith op add f1 monitor interval=20s
stonith op delete f1-monitor-interval-20s
stonith op defaults update timeout=33s
stonith op defaults
stonith op defaults set create id=oo meta timeout=3s
stonith op defaults set update oo meta timeout=4s
stonith op defaults set delete oo
stonith meta f1 priority=4
stonith meta nosuch a=b
stonith defaults update priority=1
stonith defaults
stonith defaults set create id=dd meta priority=3
stonith defaults set update dd meta priority=4
stonith defaults set remove dd
stonith enable f2
stonith disable f1 f2
stonith enable nosuch
stonith cleanup
stonith refresh
stonith failcount
stonith level add 1 node1 f1
stonith level add 2 node1 f2 f3
stonith level add 1 regexp%node.* f1
stonith level add 2 attrib%rack=1 f2
stonith level add 1 %node3 f2
stonith level add 1 nosuch f1
stonith level add 1 node2 nosuch
stonith level add 1 node1 f1
stonith level add 10 node1 f1
stonith level
stonith config
stonith level verify
stonith level remove 1 target node1 stonith f1
stonith level delete 2 target attrib%rack=1
stonith level delete 9
stonith level clear target node1
stonith level clear stonith f1
stonith level clear
stonith history
stonith history cleanup
stonith history update
stonith fence node1
stonith confirm node1 --force
stonith sbd enable
stonith sbd status
stonith sbd watchdog test
stonith sbd device setup device=/dev/nosuch
stonith sbd device message /dev/nosuch node1 test
stonith delete f2
stonith remove f1
""",
}


class Theirs:
    """Debian's pcs, loaded once; see `pcs_words.py`."""

    def __init__(self) -> None:
        script = Path(__file__).with_name("pcs_words.py")
        self.child = subprocess.Popen(
            ["/usr/bin/python3", "-Es", script],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def __call__(self, words: list[str]) -> dict[str, Any]:
        assert self.child.stdin is not None and self.child.stdout is not None
        self.child.stdin.write(json.dumps(words) + "\n")
        self.child.stdin.flush()
        answer: dict[str, Any] = json.loads(self.child.stdout.readline())
        return answer


@pytest.fixture
def theirs() -> Iterator[Theirs]:
    peer = Theirs()
    yield peer
    assert peer.child.stdin is not None
    peer.child.stdin.close()
    peer.child.wait(10)


def configuration(path: Path) -> bytes:
    """Return the configuration in *path*, with what may stand in any order in one."""

    def put_in_order(element: etree._Element) -> None:
        element.text = element.tail = None
        for child in element:
            put_in_order(child)
        if element.tag in FREE:
            element[:] = sorted(element, key=lambda child: etree.tostring(child, method="c14n"))

    root = etree.parse(str(path)).getroot().find("configuration")
    assert root is not None
    put_in_order(root)
    for child in list(root):
        if not len(child):
            root.remove(child)
    text: bytes = etree.tostring(root, method="c14n")
    return text


def said(text: str) -> list[str]:
    return sorted(" ".join(line.split()) for line in text.splitlines() if line.strip())


@pytest.mark.parametrize("level", STORIES)
def test_each_word_does_and_says_what_pcs_does(
    level: str, theirs: Theirs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    peers, own = tmp_path / "theirs.xml", tmp_path / "own.xml"
    peers.write_bytes(EMPTY)
    faults = []
    for line in STORIES[level].strip().splitlines():
        words = shlex.split(line)
        own.write_bytes(peers.read_bytes())
        before = configuration(own)
        theirs_said = theirs(["-f", str(peers), *words])
        status = cli.run(["-f", str(own), *words])
        printed = capsys.readouterr()
        if (status == 0) != (theirs_said["status"] == 0):
            faults.append(f"{line}: status {status}: {theirs_said} / {printed}")
        elif status:
            if not printed.err.strip() or configuration(own) != before:
                faults.append(f"{line}: refused without a word, or a change: {printed}")
        elif said(printed.out) != said(theirs_said["out"]):
            faults.append(f"{line}: {theirs_said['out']!r} / {printed.out!r}")
        elif configuration(own) != configuration(peers):
            faults.append(f"{line}: {configuration(peers)!r} / {configuration(own)!r}")
    assert faults == []


LISTS: Final[dict[str, Callable[[set[str], set[str]], bool]]] = {
    "resource list ocf:pacemaker --nodesc": set.__eq__,
    "resource list ocf:heartbeat --nodesc": set.__eq__,
    "resource standards": set.__le__,  # units are listed though no systemd runs
    "resource providers": set.__le__,  # ours are one more
    "resource agents ocf:pacemaker": set.__eq__,
    "resource agents": set.__le__,
    "stonith list fence_ipmi --nodesc": set.__eq__,
}


def test_agents_are_listed_and_described_as_pcs_does(
    theirs: Theirs, capsys: pytest.CaptureFixture[str]
) -> None:
    for line, fits in LISTS.items():
        peers = set(said(theirs(line.split())["out"]))
        assert cli.run(line.split()) == 0
        own = set(said(capsys.readouterr().out))
        assert peers and fits(peers, own), (line, peers ^ own)
    for line in (
        "resource describe ocf:pacemaker:Stateful",
        "resource describe ocf:heartbeat:IPaddr2",
        "stonith describe fence_apc",
    ):
        peers = options(theirs(line.split())["out"])
        assert cli.run(line.split()) == 0
        own = options(capsys.readouterr().out)
        assert peers and peers <= own, (line, peers - own)


def options(text: str) -> set[str]:
    """Return what a description names: its options, with what each must be, and its operations."""
    return {
        head for head, colon, _ in (line.partition(":") for line in text.split("\n  ")) if colon
    }
