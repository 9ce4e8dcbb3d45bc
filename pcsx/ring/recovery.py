"""Where old views end when a new one begins: who holds which message, and who copies it to whom.

Pure arithmetic on the FLUSHes of all members of the new view.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pcsx.ring.messages import NO_VIEW, Copy, Cut, Flush
from pcsx.ring.port import ViewId


def cuts_of(flushes: Mapping[int, Flush]) -> tuple[Cut, ...]:
    """Return the end of each old view that members come from, by view id.

    It is before the first place that none of those who come from it holds: what is past a hole
    was delivered by nobody who stays, and its sender sends it again.
    """
    return tuple(_cut(old, group) for old, group in sorted(_groups(flushes).items()))


def copies_of(flushes: Mapping[int, Flush], cuts: tuple[Cut, ...]) -> tuple[Copy, ...]:
    """Return which holder gives which messages, so that nobody lacks one before its cut."""
    groups = _groups(flushes)
    return tuple(copy for cut in cuts for copy in _copies(cut, groups[cut.old]))


def _groups(flushes: Mapping[int, Flush]) -> dict[ViewId, dict[int, Flush]]:
    groups: dict[ViewId, dict[int, Flush]] = {}
    for node in sorted(flushes):
        if flushes[node].old != NO_VIEW:
            groups.setdefault(flushes[node].old, {})[node] = flushes[node]
    return groups


def _cut(old: ViewId, group: Mapping[int, Flush]) -> Cut:
    upto = max(flush.upto for flush in group.values())
    ranges = sorted(range_ for flush in group.values() for range_ in flush.have)
    for first, last in ranges:
        if first <= upto + 1:
            upto = max(upto, last)
    safe = max(flush.stable for flush in group.values())
    return Cut(old, upto, min(safe, upto), tuple(sorted(group)))


def _copies(cut: Cut, group: Mapping[int, Flush]) -> Iterator[Copy]:
    held = {node: _places(flush) for node, flush in group.items()}
    missing = sorted(
        {
            place
            for node, flush in group.items()
            for place in range(flush.upto + 1, cut.upto + 1)
            if place not in held[node]
        }
    )
    run: Copy | None = None
    for place in missing:
        holder = min(node for node in group if place in held[node])
        if run is not None and (run.holder, run.last) == (holder, place - 1):
            run = Copy(cut.old, holder, run.first, place)
            continue
        if run is not None:
            yield run
        run = Copy(cut.old, holder, place, place)
    if run is not None:
        yield run


def _places(flush: Flush) -> set[int]:
    return {place for first, last in flush.have for place in range(first, last + 1)}
