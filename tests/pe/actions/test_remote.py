from __future__ import annotations

from pcsx.cib.document import Cib
from tests.pe import small


def moving_remote() -> Cib:
    """Return a cluster whose remote node's connection must leave a, and x must leave the remote."""
    agent = "ocf pacemaker remote"
    connection = small.primitive("r", meta="allow-migrate=true").replace("Dummy", "remote")
    text = small.cluster(
        connection + small.primitive("x", meta="target-role=Stopped"),
        constraints='<rsc_location id="l" rsc="r" node="a" score="-INFINITY"/>',
        histories={
            "a": small.history("r", small.operation("r", "start", 2), agent=agent),
        },
    ).to_bytes()
    runs = f'<lrm id="r"><lrm_resources>{small.started("x")}</lrm_resources></lrm>'
    state = f'<node_state id="r" uname="r" remote_node="true">{runs}</node_state></status>'
    return Cib.from_bytes(text.replace(b"</status>", state.encode()))


def test_what_leaves_a_remote_node_stops_before_its_connection_migrates():
    decision = small.Decision(moving_remote())
    assert "stop x r" in decision.before("migrate_to r a")
