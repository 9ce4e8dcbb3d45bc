"""What access control asks of a request as a whole, where there are access lists at all.

Reads of the document are cut to what may be read, and changes are judged place by place; that is
done where they are served. Everything else that does something is for those who may write all of
the document, but for what only touches the status section.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from pcsx.cib import Cib
from pcsx.cib.access import PRIVILEGED, Mode, can, is_enabled
from pcsx.errors import NotAuthorised
from pcsx.protocol import (
    AgentMetadata,
    Changes,
    Cleanup,
    Commit,
    Diary,
    FailResource,
    FenceHistory,
    GetCib,
    GetState,
    GetStatus,
    GroupList,
    LobbyInfo,
    LockList,
    QuorumInfo,
    QuorumWatch,
    Request,
    RingStats,
    RingStatus,
    StoreGet,
    StoreWatch,
    TicketSet,
    Tool,
    Transitions,
    WaitIdle,
)

OWN: Final = frozenset(
    (
        AgentMetadata,
        Commit,
        FenceHistory,
        GetCib,
        GetState,
        GetStatus,
        LobbyInfo,
        RingStatus,
        WaitIdle,
        GroupList,
        LockList,
        QuorumInfo,
        QuorumWatch,
        RingStats,
        StoreGet,
        StoreWatch,
    )
)
"""Requests that are open to all, or judge for themselves."""

READS_ALL: Final = frozenset((Changes, Diary, Tool, Transitions))
"""Requests whose answers have, or come from, all of the document."""

EVERYTHING: Final = "//*"


def require_right(
    document: Callable[[], Cib], request: Request, user: str, groups: tuple[str, ...]
) -> None:
    """Raise `NotAuthorised` where *user* may not ask *request* of a cluster with *document*."""
    kind = type(request)
    if user in PRIVILEGED or kind in OWN:
        return
    cib = document()
    if not is_enabled(cib):
        return
    if kind in READS_ALL:
        xpath, mode, what = EVERYTHING, Mode.READ, "read the whole configuration"
    elif kind in (Cleanup, FailResource, TicketSet):
        xpath, mode, what = "/cib/status", Mode.WRITE, "change the status section"
    else:
        xpath, mode, what = EVERYTHING, Mode.WRITE, f"do this ({request.do})"
    if not can(cib, user, xpath, mode, groups):
        raise NotAuthorised(user, what)
