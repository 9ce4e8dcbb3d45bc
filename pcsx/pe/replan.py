"""Deciding again after little has changed: what the change did not touch is not decided anew.

`Replanner.plan` returns what `schedule` returns, byte for byte. It keeps of the last run which
resources are in one cell (`cells.py`), how many resources each of them gave to each node, and why
all was decided so. Where only histories and fail counts differ, the cells of these, and those that
have something to do already, are decided alone, in a part of the document. The outcome counts if
the nodes come out as they would without any resource, and if every resource gives to the nodes
what it gave before: then nothing else can have changed. In any other case all is decided anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import field, replace
from datetime import datetime
from typing import Any, Final

from pcsx.cib.document import Cib
from pcsx.cib.objects import Constraint, Document, History, Location, NodeState, Template
from pcsx.cib.patch import BOOKKEEPING
from pcsx.cib.upgrade import upgraded
from pcsx.lean import dataclass
from pcsx.pe.cells import Cells, Member, join_related, named_by, refers, speaking, tops_of
from pcsx.pe.model import Node, WorkingSet
from pcsx.pe.read.working_set import read
from pcsx.pe.reasons import Reason
from pcsx.pe.schedule import decide
from pcsx.pe.transition import Transition

_COUNTS: Final = re.compile(r"(?:fail-count|last-failure)-(.+?)(?::[0-9]+)?#.+_[0-9]+")
_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9_:-]+")
"""Names that mean themselves where fail counts are looked for by pattern."""
_NUMBERED: Final = re.compile(r"(.*):\d+")
_LARGE: Final = 0.5
"""From this share of all resources on, a part costs as much as the whole."""


class _NotLocalError(Exception):
    """What has changed may change everything."""


@dataclass(slots=True)
class _Sheet:
    """The document of the last run, and its states with what was read of them."""

    cib: Cib
    document: Document
    states: dict[str, NodeState]
    histories: dict[str, dict[str, History]]


@dataclass(slots=True)
class _Memory:
    """What is kept of the last decision."""

    wall: datetime
    devices: bool
    setting: tuple[Any, ...]
    """What the nodes are and all that is told of no resource, as without any resource."""
    gifts: dict[str, tuple[int, ...]]
    cells: Cells = field(default_factory=Cells)
    names: dict[str, Member] = field(default_factory=dict)
    """Under which names (in lower case) resources are known: those at the top that they are in."""
    owned: dict[Member, set[str]] = field(default_factory=dict)
    """By resource at the top: the names of the histories that are of it."""
    ties: list[tuple[Constraint, frozenset[Member]]] = field(default_factory=list)
    speaking: set[Member] = field(default_factory=set)
    reasons: dict[str, tuple[Reason, ...]] = field(default_factory=dict)


class Replanner:
    """Decides on one document after another. Not for two threads."""

    def __init__(self) -> None:
        self._sheet: _Sheet | None = None
        self._memory: _Memory | None = None
        self.local = False
        """Whether the last decision was made in a part of the document."""

    def plan(self, cib: Cib, wall: datetime, *, changed: frozenset[str] | None) -> Transition:
        """Return what `schedule(cib, wall)` returns.

        *changed* are the names of the nodes whose state may differ from that in the document
        before; all else in the document and its status must be as it was. None: all may differ.
        The tree of the document before may be that of *cib*, changed in place.
        """
        sheet, memory, self.local = self._sheet, self._memory, False
        self._sheet = self._memory = None  # whatever happens on the way
        if sheet is None or changed is None or upgraded(cib) is not cib:
            return self._plan_all(cib, wall, _read_sheet(cib))
        new, touched = _next_sheet(sheet, cib, changed)
        if memory is not None and wall >= memory.wall:
            try:
                transition = _plan_part(memory, new, wall, touched | _counted(memory, sheet, new))
            except _NotLocalError:
                pass
            else:
                self._sheet, self._memory, self.local = new, memory, True
                return transition
        return self._plan_all(cib, wall, new)

    def _plan_all(self, cib: Cib, wall: datetime, sheet: _Sheet | None) -> Transition:
        work = read(sheet.document if sheet else Document(upgraded(cib)), wall)
        transition = decide(work)
        if sheet is not None:
            self._sheet = sheet
            self._memory = _remember(work, transition, sheet, wall)
        return transition


# --- The document -------------------------------------------------------------------------------


def _read_sheet(cib: Cib) -> _Sheet | None:
    """Return the document as it is kept, None where its states cannot be told apart."""
    document = Document(cib)
    if upgraded(cib) is not cib:
        return None
    states = {state.uname: state for state in document.states if state.uname}
    if len(states) != len(document.states):
        return None
    return _sheet_of(cib, document, states, {})


def _sheet_of(
    cib: Cib, document: Document, states: dict[str, NodeState], known: dict[str, dict[str, History]]
) -> _Sheet:
    """Return the sheet in which every history is one object, those *known* already among them."""
    histories = {}
    for uname, state in states.items():
        if uname in known:
            histories[uname] = known[uname]
            continue
        found = tuple(state.histories)
        histories[uname] = {history.id: history for history in found}
        if state.lrm is not None:
            states[uname] = replace(state, lrm=state.lrm.choosing(found))
    return _Sheet(cib, document.narrowed(states=tuple(states.values())), states, histories)


def _next_sheet(
    old: _Sheet, cib: Cib, changed: frozenset[str]
) -> tuple[_Sheet, set[tuple[str, str]]]:
    """Return the sheet of *cib*, and which histories (node, name) differ from those in *old*."""
    document = Document(cib)
    same_tree = cib.tree is old.cib.tree
    states: dict[str, NodeState] = {}
    known: dict[str, dict[str, History]] = {}
    touched: set[tuple[str, str]] = set()
    for state in document.states:
        uname = state.uname or ""
        before = old.histories.get(uname)
        if same_tree and uname not in changed and before is not None:
            states[uname], known[uname] = old.states[uname], before
            continue
        histories = []
        for history in state.histories:
            last = before.get(history.id) if before is not None else None
            if last is None or not last.says_as(history):
                touched.add((uname, history.id))
            elif same_tree:
                history = last
            histories.append(history)
        known[uname] = {history.id: history for history in histories}
        if len(known[uname]) != len(histories):
            touched.add((uname, ""))
        touched |= {(uname, name) for name in (before or {}) if name not in known[uname]}
        if state.lrm is not None:
            state = replace(state, lrm=state.lrm.choosing(tuple(histories)))
        states[uname] = state
    document = document.narrowed(
        states=tuple(states.values()),
        resources=old.document.resources,
        constraints=old.document.constraints,
    )
    return _Sheet(cib, document, states, known), touched


def _counted(memory: _Memory, old: _Sheet, new: _Sheet) -> set[tuple[str, str]]:
    """Return whose fail counts differ; raises where anything else about the nodes does."""
    if _lasting(old) != _lasting(new) or list(old.states) != list(new.states):
        raise _NotLocalError
    found: set[tuple[str, str]] = set()
    for uname, state in new.states.items():
        last = old.states[uname]
        if last is state:
            continue
        if replace(last, transient=(), lrm=None) != replace(state, transient=(), lrm=None):
            raise _NotLocalError
        was, now = _pairs(last), _pairs(state)
        for name in was.keys() | now.keys():
            if was.get(name) != now.get(name):
                match = _COUNTS.fullmatch(name)
                if match is None:
                    raise _NotLocalError
                found.add((uname, match[1]))
    return found


def _lasting(sheet: _Sheet) -> dict[str, str]:
    return {n: v for n, v in sheet.document.attributes.items() if n not in BOOKKEEPING}


def _pairs(state: NodeState) -> dict[str, str | None]:
    """Return the node's attributes; raises where more than their values could matter."""
    found: dict[str, str | None] = {}
    for holder in state.transient:
        for block in holder.attributes:
            if block.rule is not None or block.id_ref is not None:
                raise _NotLocalError
            for pair in block.pairs:
                if pair.name is None or pair.name in found:
                    raise _NotLocalError
                found[pair.name] = pair.value
    return found


# --- A part -------------------------------------------------------------------------------------


def _plan_part(
    memory: _Memory, sheet: _Sheet, wall: datetime, touched: set[tuple[str, str]]
) -> Transition:
    """Return the decision on all, of which only what must be is decided; or raise."""
    chosen = _cells_of(memory, touched)
    if len(chosen) > _LARGE * len(memory.gifts):
        raise _NotLocalError
    work = read(_part(memory, sheet, chosen), wall, devices=memory.devices)
    work.tempo = _tempo(memory, chosen)
    part = decide(work)
    gifts = work.gifts
    if (
        {rsc.id for rsc in work.resources} != chosen
        or _setting_of(work, part) != memory.setting
        or any(gifts[id] != memory.gifts[id] for id in chosen)
        or list(gifts) != [id for id in memory.gifts if id in chosen]
    ):
        raise _NotLocalError
    memory.wall = wall
    _take(memory, work, part, chosen)
    return replace(part, reasons=_reasons_of(memory))


def _cells_of(memory: _Memory, touched: Iterable[tuple[str, str]]) -> set[Member]:
    """Return the resources at the top in all cells that were touched or have something to do."""
    roots = {memory.cells.root(member) for member in memory.speaking}
    for _, name in touched:
        owner = _own(memory, name)
        if owner is None:
            raise _NotLocalError
        roots.add(memory.cells.root(owner))
    return {id for id in memory.gifts if memory.cells.root(id) in roots}


def _part(memory: _Memory, sheet: _Sheet, chosen: set[Member]) -> Document:
    """Return the document as it would be if nothing but *chosen* were in it."""
    names = {name for top in chosen for name in memory.owned.get(top, ())}
    states = []
    for uname, state in sheet.states.items():
        if state.lrm is not None:
            known = sheet.histories[uname]
            picked = tuple(history for name, history in known.items() if name in names)
            state = replace(state, lrm=state.lrm.choosing(picked))
        states.append(state)
    return sheet.document.narrowed(
        states=tuple(states),
        resources=tuple(
            rsc for rsc in sheet.document.resources if rsc.id in chosen or isinstance(rsc, Template)
        ),
        constraints=tuple(
            constraint for constraint, tops in memory.ties if not tops or tops & chosen
        ),
    )


def _own(memory: _Memory, name: str) -> Member | None:
    """Return whose the histories called *name* are, and remember it."""
    found = _owner(memory, name)
    if found is not None:
        memory.owned.setdefault(found, set()).add(name)
    return found


def _owner(memory: _Memory, name: str) -> Member | None:
    found = memory.names.get(name.lower())
    if found is None and (match := _NUMBERED.fullmatch(name)):
        found = memory.names.get(match[1].lower())
    return found


def _tempo(memory: _Memory, chosen: set[Member]) -> dict[str, tuple[int, ...]]:
    """Return what the nodes are given by others before the turn of each of *chosen*."""
    found: dict[str, tuple[int, ...]] = {}
    passed: list[tuple[int, ...]] = []
    for id, gift in memory.gifts.items():
        if id not in chosen:
            if any(gift):
                passed.append(gift)
        elif passed:
            found[id] = tuple(map(sum, zip(*passed, strict=True)))
            passed = []
    return found


# --- What is kept -------------------------------------------------------------------------------


def _remember(
    work: WorkingSet, transition: Transition, sheet: _Sheet, wall: datetime
) -> _Memory | None:
    """Return what is to be known of a decision on all, None where no part of it stands alone."""
    if not _has_parts(work, sheet):
        return None
    bare = sheet.document.narrowed(
        states=tuple(
            replace(state, lrm=state.lrm.choosing(())) if state.lrm is not None else state
            for state in sheet.states.values()
        ),
        resources=tuple(rsc for rsc in sheet.document.resources if isinstance(rsc, Template)),
        constraints=(),
    )
    empty = read(bare, wall, devices=work.fencing_available)
    setting = _setting_of(empty, decide(empty))
    if empty.actions or setting != _setting_of(work, transition):
        return None
    memory = _Memory(wall, work.fencing_available, setting, dict(work.gifts))
    tops = tops_of(work)
    memory.ties = [(each, named_by(work, each, tops)) for each in work.cib.constraints]
    for _, named in memory.ties:
        first, *others = named or ("",)
        for other in others:
            memory.cells.join(first, other)
    _take(memory, work, transition, set(memory.gifts))
    for name in {name: None for known in sheet.histories.values() for name in known}:
        _own(memory, name)
    return memory


def _has_parts(work: WorkingSet, sheet: _Sheet) -> bool:
    """Say whether cells are all that ties resources together here."""
    ids = [rsc.id for rsc in work.resources]
    return (
        work.options.placement_strategy == "default"
        and not work.turns
        and not work.options.shutdown_lock
        and not work.unfencing_in_use
        and not any(node.is_pcmk_remote for node in work.nodes)
        and not any(action.rsc is None and action.node is not None for action in work.actions)
        and len(set(ids)) == len(ids) == len(work.gifts)
        and all(_PLAIN_NAME.fullmatch(id) for id in work.by_id)
        and not any(refers(constraint.sets) for constraint in work.cib.constraints)
        and all(
            not isinstance(each, Location) or each.rsc_pattern is None
            for each in work.cib.constraints
        )
        and not sheet.document.speaks_of("fail-count-", "last-failure-")
    )


def _take(memory: _Memory, work: WorkingSet, transition: Transition, chosen: set[Member]) -> None:
    """Take what was decided on *chosen* in place of what was known of these."""
    tops = tops_of(work)
    join_related(memory.cells, work, tops)
    for rsc, top in tops.items():
        for name in (rsc.id, rsc.base_id, rsc.history_name):
            if name is not None:
                known = memory.names.setdefault(name.lower(), top)
                memory.cells.join(known, top)
    memory.speaking = {id for id in memory.speaking if id in memory.gifts and id not in chosen}
    memory.speaking |= speaking(work, tops)
    if len(chosen) == len(memory.gifts):
        memory.reasons = {}
    for id in [id for id in memory.reasons if _owner(memory, id) in chosen]:
        del memory.reasons[id]
    found: dict[str, list[Reason]] = {}
    for reason in transition.reasons:
        found.setdefault(reason.resource, []).append(reason)
    memory.reasons |= {id: tuple(reasons) for id, reasons in found.items()}


def _reasons_of(memory: _Memory) -> tuple[Reason, ...]:
    return tuple(reason for id in sorted(memory.reasons) for reason in memory.reasons[id])


def _setting_of(work: WorkingSet, transition: Transition) -> tuple[Any, ...]:
    """Return all that is decided of the nodes and of the cluster as a whole."""
    return (
        tuple(_node_setting(node) for node in work.nodes),
        work.quorate,
        tuple(work.notices),
        tuple(reason for reason in transition.reasons if not reason.resource),
    )


def _node_setting(node: Node) -> tuple[Any, ...]:
    return (
        node.name, node.online, node.unclean, node.seen, node.pending, node.standby,
        node.standby_by_failure, node.in_maintenance, node.shutting_down, node.expected_up,
        node.never_probe, node.to_be_reset, node.base_score, node.fence_delayed,
    )  # fmt: skip
