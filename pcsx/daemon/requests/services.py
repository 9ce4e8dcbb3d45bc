"""Requests of applications: groups, the store, quorum, locks, and what the heart counts."""

from __future__ import annotations

from pcsx.daemon.effects import Effect, TellHeart
from pcsx.daemon.requests.desk import Desk, Outcome
from pcsx.daemon.services import Client
from pcsx.protocol import (
    GroupJoin,
    GroupLeave,
    GroupList,
    GroupSend,
    LockAcquire,
    LockList,
    LockRelease,
    ProcessShow,
    QuorumWatch,
    RingStats,
    StoreGet,
    StoreSet,
    StoreWatch,
)
from pcsx.ring.frames import AskStats
from pcsx.values import Now


def _client(desk: Desk) -> Client:
    assert not desk.passed, "services are asked on one's own node"
    return desk.member.services.client(desk.client, desk.pid)


def stats(desk: Desk, _request: RingStats, _now: Now) -> list[Outcome]:
    """Ask the heart what it counts, and answer with that."""
    desk.member.stats_waits.append(desk.answer)
    return [TellHeart(AskStats())]


def group_join(desk: Desk, request: GroupJoin, _now: Now) -> list[Outcome]:
    """Join a group, and tell what happens in it."""
    return desk.member.services.join(_client(desk), request.group, desk.answer)


def group_leave(desk: Desk, request: GroupLeave, _now: Now) -> list[Outcome]:
    """Leave a group."""
    return [*desk.member.services.leave(_client(desk), request.group), *desk.ok({})]


def group_send(desk: Desk, request: GroupSend, _now: Now) -> list[Outcome]:
    """Say something to a group that was joined."""
    return desk.member.services.send(_client(desk), request, desk.answer)


def group_list(desk: Desk, _request: GroupList, _now: Now) -> list[Outcome]:
    """Answer with all groups and who is in them."""
    services = desk.member.services
    groups = {name: services.people(name) for name in services.groups.names}
    return desk.ok({"groups": groups})


def store_get(desk: Desk, request: StoreGet, _now: Now) -> list[Outcome]:
    """Answer with a part of the store."""
    services = desk.member.services

    def read(_told: object = None, _last: bool = True) -> list[Effect]:
        entries = [[e.key, e.kind, e.value] for e in services.read(request.prefix)]
        return desk.answer({"entries": entries, "revision": services.changes.revision}, True)

    if not "stats.".startswith(request.prefix[:6]) or not request.prefix:
        return list(read())
    # The heart is asked anew; the answer waits for what it counts.
    desk.member.stats_waits.append(read)
    return [TellHeart(AskStats())]


def store_set(desk: Desk, request: StoreSet, _now: Now) -> list[Outcome]:
    """Write or remove an entry of the store."""
    services = desk.member.services
    return services.write(request.key, request.type, request.value, desk.answer)


def store_watch(desk: Desk, request: StoreWatch, _now: Now) -> list[Outcome]:
    """Tell what changes in the store."""
    services = desk.member.services
    return services.watch_store(_client(desk), request.prefix, request.revision, desk.answer)


def quorum_watch(desk: Desk, request: QuorumWatch, _now: Now) -> list[Outcome]:
    """Tell how quorum stands."""
    services = desk.member.services
    return services.watch_quorum(_client(desk), request.revision, desk.answer)


def lock_acquire(desk: Desk, request: LockAcquire, _now: Now) -> list[Outcome]:
    """Wait for a lock and hold it."""
    return desk.member.services.acquire(_client(desk), request.name, desk.answer)


def lock_release(desk: Desk, request: LockRelease, _now: Now) -> list[Outcome]:
    """Give a lock back."""
    return [*desk.member.services.release(_client(desk), request.name), *desk.ok({})]


def lock_list(desk: Desk, _request: LockList, _now: Now) -> list[Outcome]:
    """Answer with all locks."""
    return desk.ok({"locks": desk.member.services.lock_table()})


def process_show(desk: Desk, request: ProcessShow, _now: Now) -> list[Outcome]:
    """Show what becomes of a program that the client watches over."""
    client = _client(desk)
    effects: list[Outcome] = []
    for name, value in request.pairs:
        key = f"runtime.process.{client.process.pid}.{name}"
        effects += desk.member.services.show(key, "str", value)
    return [*effects, *desk.ok({})]
