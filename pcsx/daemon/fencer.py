"""Carrying fencing out on this node: which device, how, again, and one answer for each case.

`Fencer` is a machine. It is told to fence and does it; that it may, and that nobody else does, is
the DC's business. For a target it goes through the levels of its topology, or through the devices
that can reach it one by one, until one of them succeeds. Only an agent's exit status 0 counts as
success: not knowing is failure. An *off* is believed when the same device then says that it is off,
where it can say; and no device is believed while the target is still heard.

Whether a device can reach a target is told by its lists, or asked of the device itself; what was
asked is kept for a minute.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field
from typing import Final

from pcsx.agents import (
    AgentMetadata,
    Exit,
    Host,
    Invocation,
    Outcome,
    fence_invocation,
    outcome_of,
)  # fmt: skip
from pcsx.agents.bundled import FENCE_AGENTS
from pcsx.cib.fencing import Device, Devices
from pcsx.daemon.device_params import (
    delay_max_ms,
    drawn_delay_ms,
    names_in,
    plug_of,
    static_names,
)
from pcsx.daemon.effects import Kill, Spawn
from pcsx.daemon.events import ChildExited, Tick
from pcsx.lean import dataclass
from pcsx.ring.port import Note
from pcsx.values import Now, parse_duration_ms

KNOWN_MS: Final = 60_000
"""How long the answer to "whom can you reach?" counts."""

FAILED_MS: Final = 1000
"""How long it counts that the question failed: a device that is back is asked again."""

DONE_MAX: Final = 500
"""How many answers are kept, for a case that is ordered again."""

LEAST_MS: Final = 1000
"""Less than this is not worth another try."""

TRIES: Final = 2

SILENCE_MS: Final = 6000
"""How long a target may still be heard after it was cut off, unless the owner says otherwise."""

LISTEN_MS: Final = 50
"""How often it is looked whether the target has fallen silent."""

IS_OFF: Final = 2
"""The exit status of `status` for a plug that is off."""

CEDED: Final = "ceded"
"""The reason of an answer that says nothing of the target: another member carries the case out."""

POWER: Final = frozenset(("off", "on", "reboot"))

Metadata = Mapping[tuple[str, str, str], AgentMetadata]


# --- events, besides ChildExited and Tick ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Fence:
    """Do *action* (`off`, `reboot`, or `on`) to *target*, within *timeout_ms*.

    *delay_ms* comes on top of the devices' own delays; below zero there is no delay at all. If
    *term* is given, no agent is called before the leader's lease in it is seen.
    """

    case: int
    target: str
    action: str
    timeout_ms: int
    delay_ms: int = 0
    term: int = 0


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Do not fence after all, if no agent was told yet to switch anything: the answer is void."""

    case: int


@dataclass(frozen=True, slots=True)
class Cede:
    """Leave the case to the member that was told to carry it out: whatever runs here is ended."""

    case: int


@dataclass(frozen=True, slots=True)
class Refresh:
    """Ask the devices that might reach *target*, so that `can_fence` knows."""

    target: str


FencerEvent = Fence | Withdraw | Cede | Refresh | ChildExited | Tick


# --- effects, besides Spawn, Kill and Note --------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FenceDone:
    """The one answer to a case: *ok* with the *device* (or devices) that did it, or why not."""

    case: int
    ok: bool
    reason: str
    device: str
    took_ms: int


FencerEffect = Spawn | Kill | FenceDone | Note


# --- what others read -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether this node can fence a target: *can* is None as long as *needs* must be asked first.

    *devices* are those that can, *needs* those that do not know yet, each in the order of trying.
    """

    can: bool | None
    devices: tuple[str, ...]
    needs: tuple[str, ...]


# --- what is kept ---------------------------------------------------------------------------------


@dataclass(slots=True)
class _Known:
    """What a device said: whom it reaches by name, or yes to one target; a failure is no."""

    at_ms: int
    names: frozenset[str] | None = None
    failed: bool = False


@dataclass(frozen=True, slots=True)
class _Step:
    """One call of a device's agent; *must*: without its success the level has failed."""

    device: str
    action: str
    must: bool = True


@dataclass(slots=True)
class _Case:
    fence: Fence
    began_ms: int
    levels: list[tuple[str, ...]]
    steps: list[_Step] = field(default_factory=list)
    level: tuple[str, ...] = ()
    child: int = 0
    doing: _Step | None = None
    tries: int = 0
    until_ms: int = 0
    """The end of the present step, all its tries together."""
    wake_ms: int | None = None
    delayed: set[str] = field(default_factory=set)
    switched: bool = False
    silent_by_ms: int | None = None
    """All was switched off; when the target must have fallen silent."""
    failures: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Question:
    """A call that asks a device (`list`, or `status` of *target*), and the cases that wait."""

    device: str
    action: str
    target: str


class Fencer:
    """This node's fencer; see the module's paragraph.

    *children* gives the numbers of children; *metadata* may fill in as agents are asked;
    *sees_lease* tells whether the leader's lease in a term is seen now; *is_heard* tells of
    (case, target) whether the life that shall be ended is still heard; *is_elsewhere* whether
    another member is at that target too, beside whom nothing is begun.
    """

    def __init__(
        self,
        host: Host,
        *,
        children: Iterator[int],
        metadata: Metadata,
        sees_lease: Callable[[int, Now], bool] | None = None,
        is_heard: Callable[[int, str], bool] | None = None,
        is_elsewhere: Callable[[int, str], bool] | None = None,
    ) -> None:
        self._host = host
        self._children = children
        self._metadata = metadata
        self._sees_lease = sees_lease
        self._known = Devices()
        self._unread: Callable[[], Devices] | None = None
        self._is_heard = is_heard
        self._is_elsewhere = is_elsewhere
        self.silence_ms = SILENCE_MS
        self._cases: dict[int, _Case] = {}
        self._done: dict[int, FenceDone] = {}
        self._ceded: set[int] = set()
        """Children that were ended with their case, and have not exited yet."""
        self._questions: dict[int, _Question] = {}
        self._lists: dict[str, _Known] = {}
        self._statuses: dict[tuple[str, str], _Known] = {}

    # --- what others read and set ---

    @property
    def devices(self) -> Devices:
        """Return what fencing goes by; may be set at any time."""
        if self._unread is not None:
            read, self._unread = self._unread, None
            self.devices = read()
        return self._known

    @devices.setter
    def devices(self, devices: Devices) -> None:
        for id in [id for id in self._lists if self._known.get(id) != devices.get(id)]:
            del self._lists[id]
        for id, name in list(self._statuses):
            if self._known.get(id) != devices.get(id):
                del self._statuses[id, name]
        self._known = devices

    def follow(self, read: Callable[[], Devices]) -> None:
        """Go by what *read* returns, which is asked once, when it is next needed.

        The document changes far more often than anything is fenced.
        """
        self._unread = read

    @property
    def deadline_ms(self) -> int | None:
        """Return when the next delay is over."""
        wakes = [case.wake_ms for case in self._cases.values() if case.wake_ms is not None]
        return min(wakes, default=None)

    @property
    def cases(self) -> tuple[int, ...]:
        """Return the cases that are being carried out here, sorted."""
        return tuple(sorted(self._cases))

    def owns(self, child: int) -> bool:
        """Return whether *child* was begun by this machine and has not ended."""
        if child in self._questions or child in self._ceded:
            return True
        return any(case.child == child for case in self._cases.values())

    def candidates(self, target: str, now: Now | None = None) -> tuple[str, ...]:
        """Return the devices by which this node may fence *target*, first to be tried first.

        Those that were not asked yet are among them; those that said no are not.
        """
        order = [id for level in self.devices.levels_for(target) for id in level]
        order = order or [device.id for device in self.devices.devices]
        return tuple(
            id
            for id in dict.fromkeys(order)
            if (device := self.devices.get(id)) and self._reaches(device, target, now) is not False
        )

    def somebodys(self, target: str) -> tuple[str, ...]:
        """Return the devices by which some node may fence *target*, also where this one must not.

        What they say here of whom they reach counts for nobody else, so only lists do.
        """
        order = [id for level in self.devices.levels_for(target) for id in level]
        order = order or [device.id for device in self.devices.devices]
        return tuple(
            id
            for id in dict.fromkeys(order)
            if (device := self.devices.get(id))
            and self._reaches(device, target, None, node="") is not False
        )

    def is_done_by_target(self, devices: Iterable[str]) -> bool:
        """Return whether the agent of one of *devices* has `on` done by the target itself."""
        found = [self._metadata_of(id) for id in devices]
        return any(
            action.name == "on" and action.on_target
            for metadata in found
            if metadata is not None
            for action in metadata.actions
        )

    def inquiry(self, id: str, target: str) -> tuple[str, Invocation] | None:
        """Return how the device *id* is asked for the power of *target*, without cutting anything.

        One that cannot tell a state is only asked whether it answers (`monitor`); None: it is not
        there, must not be used here, or does not reach the target by its own lists.
        """
        device = self.devices.get(id)
        if device is None or self._reaches(device, target, None) is False:
            return None
        action = "status" if self._knows(id, "status") else "monitor"
        made = self._invocation(device, action, self._limit_ms(device, action), target)
        return None if isinstance(made, Outcome) else (action, made)

    def can_fence(self, target: str, now: Now) -> Answer:
        """Return whether this node can fence *target*, as far as its devices have said."""
        may = self.candidates(target, now)
        able = {id for id in may if self._can(id, target, now)}
        levels = self.devices.levels_for(target) or tuple((id,) for id in may)
        can: bool | None = None
        if any(all(id in able for id in level) for level in levels):
            can = True
        elif not any(all(id in may for id in level) for level in levels):
            can = False
        devices = tuple(id for id in may if id in able)
        return Answer(can, devices, tuple(id for id in may if id not in able))

    def _can(self, id: str, target: str, now: Now) -> bool:
        device = self.devices.get(id)
        return device is not None and self._reaches(device, target, now) is True

    def limit_ms(self, target: str, action: str) -> int:
        """Return how long fencing *target* may take at worst, all levels, tries and delays."""
        total = 0
        for level in self._levels(target, None):
            for step in filter(_takes_time, self._plan(level, action)):
                device = self.devices.get(step.device)
                if device is not None:
                    total += self._limit_ms(device, step.action) + delay_max_ms(device, target)
        return max(total, self.devices.timeout_ms) * 12 // 10

    # --- the machine ---

    def step(self, event: FencerEvent, now: Now) -> list[FencerEffect]:
        """Return what is to be done about *event*."""
        match event:
            case Fence():
                effects = self._fence(event, now)
            case Withdraw(case):
                effects = self._withdraw(case, now)
            case Cede(case):
                effects = self._cede(case, now)
            case Refresh(target):
                effects = self._refresh(target, now)
            case ChildExited(child, exit):
                effects = self._exited(child, exit, now)
            case Tick():
                effects = []
        return effects + self._go(now)

    def _fence(self, fence: Fence, now: Now) -> list[FencerEffect]:
        assert fence.action in POWER, fence.action
        if fence.case in self._cases:
            return []
        if fence.case in self._done:
            return [self._done[fence.case]]
        self._cases[fence.case] = case = _Case(fence, now.ms, self._levels(fence.target, now))
        if fence.delay_ms > 0 and fence.action != "on":
            case.wake_ms = now.ms + fence.delay_ms
        if not case.levels:
            case.failures.append("no device can reach it")
        names = " ".join(",".join(level) for level in case.levels)
        story = f"case {fence.case}: {fence.action} {fence.target} by {names or 'nothing'}"
        return [Note("fencer", story)]

    def _levels(self, target: str, now: Now | None) -> list[tuple[str, ...]]:
        levels = self.devices.levels_for(target)
        return list(levels or ((id,) for id in self.candidates(target, now)))

    def _plan(self, level: tuple[str, ...], action: str) -> list[_Step]:
        """Return the calls that do *action* by all devices of *level* together.

        Several devices mean several power supplies: a reboot is all off, then all on. So is a
        reboot by a device that knows none. What is off counts; that it comes back does not.
        """
        if action == "on" or (action == "reboot" and len(level) == 1 and self._reboots(level[0])):
            return [_Step(id, action) for id in level]
        offs = [_Step(id, "off") for id in level]
        offs += [_Step(id, "status") for id in level if self._can_say(id)]
        if action == "off":
            return offs
        return offs + [_Step(id, "on", must=False) for id in level if self._knows(id, "on")]

    def _can_say(self, id: str) -> bool:
        """Return whether the device can be asked for the state; ours have asked twice already."""
        metadata, device = self._metadata_of(id), self.devices.get(id)
        if metadata is None or device is None or device.agent in FENCE_AGENTS:
            return False
        return metadata.has_action("status")

    def _reboots(self, id: str) -> bool:
        device = self.devices.get(id)
        return (
            device is None or bool(device.param("pcmk_reboot_action")) or self._knows(id, "reboot")
        )

    def _knows(self, id: str, action: str) -> bool:
        """Return whether the device's agent has *action*, as long as nothing says otherwise."""
        metadata = self._metadata_of(id)
        return metadata is None or metadata.has_action(action)

    def _metadata_of(self, id: str) -> AgentMetadata | None:
        device = self.devices.get(id)
        return None if device is None else self._metadata.get(("stonith", "", device.agent))

    # --- going on ---

    def _go(self, now: Now) -> list[FencerEffect]:
        """Move every case on as far as it goes."""
        effects: list[FencerEffect] = []
        for number in list(self._cases):
            effects += self._advance(number, now)
        return effects

    def _advance(self, number: int, now: Now) -> list[FencerEffect]:
        effects: list[FencerEffect] = []
        while (case := self._cases.get(number)) is not None:
            if case.child or (case.wake_ms is not None and now.ms < case.wake_ms):
                break
            case.wake_ms = None
            if self._is_second(number, case):
                break
            if case.steps:
                begun = self._begin(case, case.steps[0], now)
                if begun is None:
                    break
                effects += begun
            elif case.level and not case.doing:
                if not self._is_silent(case, now):
                    effects += self._still_heard(case, now)
                    continue
                effects.append(self._succeed(number, now))
            elif case.levels:
                case.level = case.levels.pop(0)
                case.steps = self._plan(case.level, case.fence.action)
                case.silent_by_ms = None
                case.delayed.clear()
            else:
                effects.append(self._fail(number, now))
        return effects

    def _is_silent(self, case: _Case, now: Now) -> bool:
        """Return whether nothing contradicts the devices: what is off says nothing."""
        if case.fence.action == "on" or self._is_heard is None:
            return True
        return not self._is_heard(case.fence.case, case.fence.target)

    def _still_heard(self, case: _Case, now: Now) -> list[FencerEffect]:
        """Wait for the target to fall silent; when it does not, the level has failed."""
        if case.silent_by_ms is None:
            case.silent_by_ms = now.ms + self.silence_ms
        if now.ms < case.silent_by_ms:
            case.wake_ms = now.ms + LISTEN_MS
            return []
        by = ",".join(case.level)
        return self._give_up(case, f"{by}: says it is off, but {case.fence.target} is still heard")

    def _is_second(self, number: int, case: _Case) -> bool:
        """Return whether an earlier case does something to the same target: they go in turn."""
        return any(
            other.fence.target == case.fence.target
            for n, other in self._cases.items()
            if n < number
        )

    def _begin(self, case: _Case, step: _Step, now: Now) -> list[FencerEffect] | None:
        """Begin *step*, or what it needs before; None: it must wait, for a device or a delay."""
        device, target = self.devices.get(step.device), case.fence.target
        if device is None:
            return self._give_up(case, f"{step.device}: there is no such device")
        able = self._reaches(device, target, now)
        if able is None:
            return self._ask(device, target, case, now)
        if not able:
            return self._give_up(case, f"{device.id}: it cannot reach {target}")
        if case.fence.action != "on" and step.device not in case.delayed:
            case.delayed.add(step.device)
            delay_ms = (
                0
                if case.fence.delay_ms < 0
                else drawn_delay_ms(device, target, case=case.fence.case, node=self._host.node)
            )
            if delay_ms:
                case.wake_ms = now.ms + delay_ms
                return None
        if self._is_elsewhere is not None and self._is_elsewhere(case.fence.case, target):
            case.wake_ms = now.ms + LISTEN_MS
            return None
        if self._is_busy(device):
            return None
        if not case.switched and not self._may_begin(case.fence, now):
            case.levels.clear()
            return self._give_up(case, "STALE: the leader's lease is not seen here")
        return self._call(case, device, step, now)

    def _may_begin(self, fence: Fence, now: Now) -> bool:
        if not fence.term or self._sees_lease is None:
            return True
        return self._sees_lease(fence.term, now)

    def _is_busy(self, device: Device) -> bool:
        text = device.param("pcmk_action_limit", "1")
        limit = int(text) if text.isdigit() else (-1 if text.startswith("-") else 1)
        running = sum(
            1 for case in self._cases.values() if case.child and _device_of(case) == device.id
        )
        return limit >= 0 and running >= max(1, limit)

    def _call(self, case: _Case, device: Device, step: _Step, now: Now) -> list[FencerEffect]:
        if case.doing is not step:
            case.doing, case.tries = step, 0
            case.until_ms = now.ms + self._share_ms(case, device, step, now)
        left_ms = case.until_ms - now.ms
        if left_ms < LEAST_MS and case.tries == 0:
            return self._give_up(case, f"{device.id}: there is no time left for {step.action}")
        made = self._invocation(device, step.action, left_ms, case.fence.target)
        if isinstance(made, Outcome):
            return self._give_up(case, f"{device.id}: {made.reason}")
        case.tries += 1
        case.switched = True
        case.child = next(self._children)
        return [Spawn(case.child, made, "fence")]

    def _share_ms(self, case: _Case, device: Device, step: _Step, now: Now) -> int:
        """Return how long *step* may take: its own limit, or its share of what the case has left.

        A device that hangs must leave time for the next level, or a second level would be for show.
        """
        own_ms = self._limit_ms(device, step.action)
        left_ms = case.began_ms + case.fence.timeout_ms - now.ms
        rest = [other for other in case.steps if other is not step and _takes_time(other)]
        for level in case.levels:
            rest += [step for step in self._plan(level, case.fence.action) if _takes_time(step)]
        rest_ms = sum(
            self._limit_ms(known, other.action)
            for other in rest
            if (known := self.devices.get(other.device)) is not None
        )
        return min(own_ms, left_ms * own_ms // (own_ms + rest_ms))

    def _limit_ms(self, device: Device, action: str) -> int:
        text = device.param(f"pcmk_{action}_timeout")
        return parse_duration_ms(text) or self.devices.timeout_ms

    def _invocation(
        self, device: Device, action: str, limit_ms: int, target: str
    ) -> Invocation | Outcome:
        return fence_invocation(
            device.agent,
            device.param(f"pcmk_{action}_action", action),
            dict(device.params),
            self._host,
            timeout_ms=limit_ms,
            target=target,
            plug=plug_of(device, target),
            metadata=self._metadata_of(device.id),
        )

    def _give_up(self, case: _Case, why: str) -> list[FencerEffect]:
        """Leave the present level for the next one."""
        case.failures.append(why)
        case.steps, case.level, case.doing = [], (), None
        return [Note("fencer", f"case {case.fence.case}: {why}")]

    # --- ends ---

    def _exited(self, child: int, exit: Exit, now: Now) -> list[FencerEffect]:
        self._ceded.discard(child)
        question = self._questions.pop(child, None)
        if question is not None:
            self._learn(question, exit, now)
            return []
        case = next((case for case in self._cases.values() if case.child == child), None)
        if case is None:
            return []
        case.child = 0
        step = case.doing
        assert step is not None and case.steps[0] is step, f"child {child} of case {case}"
        wanted = IS_OFF if step.action == "status" else 0
        if exit.code == wanted and not exit.timed_out:
            return self._step_done(case, step)
        why = outcome_of("stonith", step.action, exit).reason
        if step.action == "status" and exit.code == 0:
            why = "it was switched off and is still on"
        if self._may_try_again(case, step, now):
            story = f"case {case.fence.case}: {step.device} {step.action}: {why}; again"
            return [Note("fencer", story)]
        if step.must:
            return self._give_up(case, f"{step.device}: {step.action}: {why}")
        story = (
            f"case {case.fence.case}: {step.device} {step.action}: {why}; it is off all the same"
        )
        return [Note("fencer", story), *self._step_done(case, step)]

    def _step_done(self, case: _Case, step: _Step) -> list[FencerEffect]:
        case.steps.pop(0)
        case.doing = None
        return []

    def _may_try_again(self, case: _Case, step: _Step, now: Now) -> bool:
        device = self.devices.get(step.device)
        text = "" if device is None else device.param(f"pcmk_{step.action}_retries")
        tries = int(text) if text.isascii() and text.isdigit() else TRIES
        return case.tries < tries and case.until_ms - now.ms >= LEAST_MS

    def _succeed(self, number: int, now: Now) -> FencerEffect:
        case = self._cases[number]
        return self._close(
            FenceDone(number, True, "", ",".join(case.level), now.ms - case.began_ms)
        )

    def _fail(self, number: int, now: Now) -> FencerEffect:
        case = self._cases[number]
        reason = "; ".join(dict.fromkeys(case.failures))
        return self._close(FenceDone(number, False, reason, "", now.ms - case.began_ms))

    def _withdraw(self, number: int, now: Now) -> list[FencerEffect]:
        case = self._cases.get(number)
        if case is None or case.switched:
            return []
        return [self._close(FenceDone(number, False, "void", "", now.ms - case.began_ms))]

    def _cede(self, number: int, now: Now) -> list[FencerEffect]:
        """End what is done for the case; it may be told to this node again."""
        case = self._cases.pop(number, None)
        if case is None:
            return []
        told: list[FencerEffect] = [Note("fencer", f"case {number}: another node carries it out")]
        if case.child:
            self._ceded.add(case.child)
            told.append(Kill(case.child))
        return [*told, FenceDone(number, False, CEDED, "", now.ms - case.began_ms)]

    def _close(self, done: FenceDone) -> FenceDone:
        del self._cases[done.case]
        self._done[done.case] = done
        while len(self._done) > DONE_MAX:
            del self._done[next(iter(self._done))]
        return done

    # --- whom a device can reach ---

    def _reaches(
        self, device: Device, target: str, now: Now | None, *, node: str | None = None
    ) -> bool | None:
        """Return whether *device* can cut *target* off; None: it has not been asked lately.

        Without *now* nobody can say what is lately: then only what the configuration says counts.
        It is used from *node*, or else from this one.
        """
        if (self._host.node if node is None else node) in device.banned:
            return False
        match self._check_of(device):
            case "static-list":
                return target in static_names(device)
            case "none":
                return True
            case "dynamic-list":
                known = self._lists.get(device.id)
            case "status":
                known = self._statuses.get((device.id, target))
            case _:
                return False
        known = None if now is None else _fresh(known, now)
        if known is None:
            return None
        if known.failed:
            return False
        return known.names is None or plug_of(device, target) in known.names

    def _check_of(self, device: Device) -> str:
        """Return how it is found out whom *device* reaches: as the user says, else by what it has.

        A device that is told no target, and no list of nodes, would cut off who knows whom: it is
        taken for no one's. Where its metadata is not known, only its own list is believed.
        """
        if said := device.param("pcmk_host_check"):
            return said
        if device.param("pcmk_host_list") or device.param("pcmk_host_map"):
            return "static-list"
        metadata = self._metadata_of(device.id)
        if metadata is None:
            return "dynamic-list"
        if not metadata.plug_parameter and not device.param("pcmk_host_argument"):
            return "nobody"
        known = self._lists.get(device.id)
        has_status = metadata.has_action("status")
        if metadata.has_action("list") and not (has_status and known is not None and known.failed):
            return "dynamic-list"
        return "status" if has_status else "none"

    def _ask(
        self, device: Device, target: str, case: _Case | None, now: Now
    ) -> list[FencerEffect] | None:
        """Begin the call that asks *device*, or return None where it is being asked already."""
        action = "list" if self._check_of(device) == "dynamic-list" else "status"
        question = _Question(device.id, action, target if action == "status" else "")
        if question in self._questions.values():
            return None
        limit_ms = self._limit_ms(device, action)
        if case is not None:
            limit_ms = self._share_ms(case, device, _Step(device.id, action), now)
        made = self._invocation(device, action, max(LEAST_MS, limit_ms), question.target)
        if isinstance(made, Outcome):
            self._learn(question, Exit(), now)
            return []
        child = next(self._children)
        self._questions[child] = question
        return [Spawn(child, made, "fence")]

    def _learn(self, question: _Question, exit: Exit, now: Now) -> None:
        if question.action == "list":
            failed = exit.code != 0 or exit.timed_out
            self._lists[question.device] = _Known(now.ms, names_in(exit.stdout), failed)
        else:
            failed = exit.code not in (0, 2) or exit.timed_out
            self._statuses[question.device, question.target] = _Known(now.ms, failed=failed)

    def _refresh(self, target: str, now: Now) -> list[FencerEffect]:
        effects: list[FencerEffect] = []
        for id in self.can_fence(target, now).needs:
            device = self.devices.get(id)
            if device is not None:
                effects += self._ask(device, target, None, now) or []
        return effects


def _takes_time(step: _Step) -> bool:
    """Return whether time must be left for *step*: to ask for the state is quick, or has failed."""
    return step.must and step.action != "status"


def _device_of(case: _Case) -> str:
    return case.doing.device if case.doing else ""


def _fresh(known: _Known | None, now: Now) -> _Known | None:
    if known is None or now.ms - known.at_ms > (FAILED_MS if known.failed else KNOWN_MS):
        return None
    return known
