"""One simulated machine: its disk, its services and its daemon, which may die without it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace

from pcsx.agents.types import Exit, Invocation
from pcsx.daemon.events import Life
from pcsx.daemon.node import Node
from pcsx.ring.frames import Boot
from pcsx.ring.heart import Heart
from pcsx.ring.port import Damage, Entry, HardState, Persist, Recovered, Snapshot, SoloIntent


@dataclass
class Disk:
    """What survives: the newest of everything that was synced before the lights went out."""

    snapshot: Snapshot
    hard: HardState = field(default_factory=HardState)
    entries: list[Entry] = field(default_factory=list)
    intents: list[SoloIntent] = field(default_factory=list)
    keys: tuple[bytes, ...] = ()
    """The cluster's keys; empty: the first one."""
    disowned: bool = False
    """The log here is behind what others have seen of this machine: it has to be taken anew."""

    def write(self, order: Persist) -> None:
        """Do what `Persist` asks, all of it."""
        if order.snapshot is not None:
            self.snapshot = order.snapshot
            self.disowned = self.disowned and order.truncate_from != 1
            self.entries = [each for each in self.entries if each.index > order.snapshot.index]
        if order.truncate_from:
            self.entries = [each for each in self.entries if each.index < order.truncate_from]
        self.entries += order.entries
        self.intents += order.intents
        if order.hard is not None:
            self.hard = order.hard

    def disown(self, boot: int) -> None:
        """Do what `Disown` asks."""
        self.disowned = True
        self.hard = replace(self.hard, boot_counter=max(boot, self.hard.boot_counter))

    def open(self, me: int, psk: bytes) -> Life:
        """Begin a life: the boot counter rises first."""
        self.hard = replace(self.hard, boot_counter=self.hard.boot_counter + 1)
        damage = Damage.AMNESIAC if self.disowned else Damage.CLEAN
        entries = () if self.disowned else tuple(self.entries)
        recovered = Recovered(self.hard, self.snapshot, entries, damage)
        return Life(
            me, Boot(self.hard.boot_counter, self.hard.boot_counter), recovered, self.keys or (psk,)
        )


@dataclass
class Machine:
    """A machine: power, daemon, disk, and the services that run on it, which outlive the daemon."""

    id: int
    name: str
    disk: Disk
    powered: bool = True
    heart: Heart | None = None
    node: Node | None = None
    life: int = 0
    """Rises with each start of the daemon: what was under way for an earlier one is lost."""
    paused_until_ms: int = 0
    services: dict[str, str] = field(default_factory=dict)
    """Resource -> `started` or `promoted`."""
    pending: deque[Persist] = field(default_factory=deque)
    """Asked for and not synced yet: lost when the power goes."""
    children: dict[int, Invocation] = field(default_factory=dict)
    late: set[int] = field(default_factory=set)
    """Children whose order the power switch has taken already."""
    bites_ms: int | None = None
    """When the watchdog ends this machine, unless it is petted; None: it is not armed."""
    quits: list[int] = field(default_factory=list)

    @property
    def is_up(self) -> bool:
        """Return whether its daemon lives."""
        return self.powered and self.node is not None

    def run_agent(self, invocation: Invocation) -> Exit:
        """Do what a resource agent would do here, and return how it exits."""
        env = dict(invocation.env)
        action, resource = invocation.argv[-1], env.get("OCF_RESOURCE_INSTANCE", "")
        state = self.services.get(resource)
        match action:
            case "start":
                self.services[resource] = state or "started"
            case "stop":
                self.services.pop(resource, None)
            case "promote":
                self.services[resource] = "promoted"
            case "demote":
                self.services[resource] = "started"
            case "monitor":
                return Exit(code={None: 7, "started": 0, "promoted": 8}[state], took_ms=5)
            case "meta-data":
                return Exit(code=1, took_ms=5)
        return Exit(code=0, took_ms=5)
