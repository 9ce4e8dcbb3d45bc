"""Which handler answers which request."""

from __future__ import annotations

from typing import Final

from pcsx.daemon.requests import agents, cib, cluster, fencing, tools
from pcsx.daemon.requests.desk import Handler
from pcsx.protocol import (
    Accept,
    AcceptAnswer,
    AgentMetadata,
    Changes,
    Cleanup,
    ClusterSetup,
    Commit,
    Confirm,
    ConfirmFence,
    Destroy,
    Diary,
    Fence,
    FenceHistory,
    GetCib,
    GetStatus,
    LobbyInfo,
    NodeStart,
    NodeStop,
    Request,
    RingStatus,
    RunAgent,
    SetupAnswer,
    TestAlert,
    Tool,
    Transitions,
    WaitIdle,
)

HANDLERS: Final[dict[type[Request], Handler]] = {
    GetStatus: cib.status,
    GetCib: cib.cib,
    Commit: cib.commit,
    Confirm: cib.confirm,
    Changes: cib.changes,
    WaitIdle: cib.wait,
    Cleanup: cluster.cleanup,
    Fence: fencing.fence,
    ConfirmFence: fencing.confirm,
    FenceHistory: fencing.history,
    AgentMetadata: agents.metadata,
    NodeStop: cluster.stop,
    NodeStart: cluster.start,
    Destroy: cluster.destroy,
    ClusterSetup: cluster.setup,
    SetupAnswer: cluster.setup_answer,
    Accept: cluster.accept,
    AcceptAnswer: cluster.accept_answer,
    LobbyInfo: cluster.info,
    RingStatus: cluster.ring,
    Tool: tools.tool,
    Transitions: cluster.transitions,
    Diary: cluster.diary,
    RunAgent: agents.run,
    TestAlert: agents.test_alert,
}
