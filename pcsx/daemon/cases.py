"""The open cases of fencing as the DC has them carried out: by whom, until when, and who is next.

Which cases there are, and that one is over, is the log's to say. An executor is any member that
could do it; one that does not answer in time, or is lost, is followed by another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field

from pcsx.cib.fencing import devices_of
from pcsx.daemon.controller_port import Decide, Tell
from pcsx.daemon.fencer import CEDED
from pcsx.daemon.ledger import FenceClosed, Fencing
from pcsx.daemon.messages import FenceOrder, FenceResult
from pcsx.daemon.scene import Scene
from pcsx.daemon.takeover import watchdog_wait_ms
from pcsx.lean import dataclass
from pcsx.ring.frames import Boot, Reach
from pcsx.ring.port import Note, ViewId
from pcsx.ring.quorum import keep_ms
from pcsx.values import Now

CaseEffect = Tell | Decide | Note


@dataclass(slots=True)
class _Case:
    """An open case as this DC has it carried out."""

    executor: int
    lost_ms: int
    boot: Boot | None = None
    """The executor's life: another one knows nothing of the case."""
    tried: set[int] = field(default_factory=set)
    bitten_ms: int = 0
    """When the target's own watchdog has ended it; 0: that is not waited for."""
    told: ViewId | None = None
    """In which view all were told again who carries it out."""


class Cases:
    """See the module's paragraph. *executors* orders who could do an action to a target."""

    def __init__(self, scene: Scene, executors: Callable[[int, str], list[int]]) -> None:
        self._scene = scene
        self._executors = executors
        self._cases: dict[int, _Case] = {}

    @property
    def deadlines_ms(self) -> list[int]:
        """Return when to look again at each."""
        return [case.lost_ms for case in self._cases.values()]

    def clear(self) -> None:
        """Forget all: another is in charge."""
        self._cases.clear()

    def forget(self, case: int) -> None:
        """Let go of *case*, which the log has closed."""
        self._cases.pop(case, None)

    def go_on(self, now: Now) -> list[CaseEffect]:
        """Have every open case carried out by somebody."""
        effects: list[CaseEffect] = []
        scene = self._scene
        for case in scene.ledger.open_cases():
            running = self._cases.get(case.case)
            if self._is_taken_out(case):
                if running is None:
                    self._cases[case.case] = _Case(0, now.ms + case.limit_ms)
                    effects.append(self._close(case, "void", "it was taken out", now))
                continue
            busy = [id for id in scene.members if case.case in scene.picture.nodes[id].fencing]
            if running is not None and self._lives_anew(running):
                running.tried.discard(running.executor)
                if not busy and case.lost and scene.is_online(case.target):
                    running = None  # nobody is at it, and there is nothing left to do
                else:
                    running.executor, running.lost_ms = 0, now.ms
            if running is not None and running.executor in busy:
                effects += self._leave_to(running, case, busy)
            if running is None:
                if busy:
                    self._cases[case.case] = running = self._case_of(busy[0], case, now)
                    effects += self._leave_to(running, case, busy)
                elif case.lost and scene.is_online(case.target):
                    effects.append(self._close(case, "void", "it is heard again", now))
                    self._cases[case.case] = _Case(0, now.ms + case.limit_ms)
                else:
                    self._cases[case.case] = running = _Case(0, 0)
                    effects += self._give(case, running, now)
            elif running.bitten_ms:
                effects += self._watch_the_dog(case, running, now)
            elif running.lost_ms <= now.ms and busy and running.executor not in busy:
                running.executor, running.boot = busy[0], self._boot_of(busy[0])
                running.lost_ms = now.ms + case.limit_ms
                effects += self._leave_to(running, case, busy)
            elif running.lost_ms <= now.ms:
                if running.executor:
                    running.tried.add(running.executor)
                effects += self._give(case, running, now, "no answer in time")
        return effects

    def _is_taken_out(self, case: Fencing) -> bool:
        """Return whether the target of *case* is no node of the cluster any more."""
        return all(node.id != case.target for node in self._scene.config.nodes)

    def _case_of(self, executor: int, case: Fencing, now: Now) -> _Case:
        boot = self._boot_of(executor)
        return _Case(executor, now.ms + case.limit_ms, boot, {executor})

    def _boot_of(self, node: int) -> Boot | None:
        picture = self._scene.picture.nodes.get(node)
        return picture.boot if picture is not None else None

    def _lives_anew(self, running: _Case) -> bool:
        """Return whether the executor of a case is here in another life, and has said its status.

        It may have ended and begun anew between two views, so that none was without it.
        """
        picture = self._scene.picture.nodes.get(running.executor)
        if picture is None or not picture.present or running.boot is None:
            return False
        return picture.boot != running.boot

    def _leave_to(self, running: _Case, case: Fencing, busy: list[int]) -> list[CaseEffect]:
        """Say again, once a view, who carries *case* out, where others of *busy* are at it too.

        One that was lost with the case is back in the view; it ends what it does.
        """
        view = self._scene.view
        if len(busy) < 2 or view is None or running.told == view.id:
            return []
        running.told = view.id
        order = self._order(case, running.executor)
        name = self._scene.name_of(running.executor)
        return [Tell(order), Note("controller", f"case {case.case} is left to {name} alone")]

    def _order(self, case: Fencing, executor: int) -> FenceOrder:
        target = self._scene.name_of(case.target)
        return FenceOrder(self._scene.term, case.case, executor, target, case.action,
                          case.limit_ms, case.delay_ms)  # fmt: skip

    def _give(self, case: Fencing, running: _Case, now: Now, why: str = "") -> list[CaseEffect]:
        """Give *case* to the next member that could do it, or close it as failed."""
        able = self._executors(case.target, case.action)
        left = [id for id in able if id not in running.tried]
        if not left and (wait_ms := self._watchdog_wait_ms(case)) is not None:
            running.executor = 0
            running.bitten_ms = running.lost_ms = now.ms + wait_ms
            text = f"{self._scene.name_of(case.target)}: its watchdog ends it within {wait_ms} ms"
            return [Note("controller", text)]
        if not left:
            reason = why or "no member has a fence device for it"
            running.lost_ms = now.ms + case.limit_ms
            return [self._close(case, "failed", reason, now)]
        running.executor, running.boot = left[0], self._boot_of(left[0])
        running.tried.add(left[0])
        running.lost_ms = now.ms + case.limit_ms
        order, target = self._order(case, left[0]), self._scene.name_of(case.target)
        note = f"fence {target} ({case.action}) by {self._scene.name_of(left[0])}, case {case.case}"
        return [Tell(order), Note("controller", note)]

    def _watchdog_wait_ms(self, case: Fencing) -> int | None:
        """Return how long the target's watchdog needs to end it, where that may be relied on."""
        if not case.lost or case.action == "on" or case.target in self._scene.members:
            return None
        scene, target = self._scene, self._scene.name_of(case.target)
        wanted_ms = devices_of(scene.ledger.replica.cib).watchdog_ms(target)
        picture, keeps_ms = scene.picture.nodes.get(case.target), keep_ms(scene.config.timers)
        return watchdog_wait_ms(picture, wanted_ms=wanted_ms, keep_ms=keeps_ms)

    def _watch_the_dog(self, case: Fencing, running: _Case, now: Now) -> list[CaseEffect]:
        """Believe in the end of a node with a watchdog when its time is over, and it is silent."""
        if self._scene.reaches(case.target) is Reach.UP or case.target in self._scene.members:
            running.bitten_ms, running.lost_ms = 0, now.ms + case.limit_ms
            return [self._close(case, "void", "it is heard again", now)]
        if now.ms < running.bitten_ms:
            return []
        running.bitten_ms, running.lost_ms = 0, now.ms + case.limit_ms
        result = FenceResult(case.case, True, "its own watchdog has ended it", "watchdog", 0)
        return [self._close(case, "done", result.reason, now, result)]

    def _close(
        self, case: Fencing, verdict: str, reason: str, now: Now, result: FenceResult | None = None
    ) -> Decide:
        executor = self._cases[case.case].executor if case.case in self._cases else 0
        return Decide(
            FenceClosed(
                case.case,
                verdict,
                reason,
                result.device if result is not None else "",
                executor,
                result.took_ms if result is not None else 0,
                int(now.wall.timestamp()),
            )
        )

    def told(self, node: int, result: FenceResult, now: Now) -> list[CaseEffect]:
        """Take what *node* says came of a case: the log is to close it, or another has it next."""
        case = self._scene.ledger.fencings.get(result.case)
        if case is None or case.verdict:
            return []
        running = self._cases.setdefault(case.case, self._case_of(node, case, now))
        if result.reason == CEDED:
            running.tried.discard(node)
        if not result.ok and node != running.executor and running.executor in self._scene.members:
            return []  # the case was given to another since
        running.executor, running.boot = node, self._boot_of(node)
        if result.ok:
            running.lost_ms = now.ms + case.limit_ms
            return [self._close(case, "done", result.reason, now, result)]
        if self._is_taken_out(case):
            return [self._close(case, "void", "it was taken out", now)]
        if result.reason == "void":
            return [self._close(case, "void", "it is heard again", now, result)]
        return self._give(case, running, now, result.reason)

    def members_changed(self, now: Now) -> None:
        """Give the cases of those who are lost to others."""
        for case in self._cases.values():
            if case.executor and case.executor not in self._scene.members:
                case.lost_ms = now.ms
