"""One simulated machine: its disk, its services and its daemon, which may die without it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace

from pcsx.agents.types import Exit, Invocation
from pcsx.daemon.events import Life
from pcsx.daemon.node import Node
from pcsx.ring.frames import Boot
from pcsx.ring.heart import Heart
from pcsx.ring.heart_port import LeaveWills
from pcsx.ring.levels import FEATURES, Range
from pcsx.ring.port import Damage, Entry, HardState, Persist, Recovered, Snapshot, SoloIntent
from tests.sim.clock import Clock


@dataclass
class Disk:
    """What survives: the newest of everything that was synced before the lights went out."""

    snapshot: Snapshot
    hard: HardState = field(default_factory=HardState)
    entries: list[Entry] = field(default_factory=list)
    intents: list[SoloIntent] = field(default_factory=list)
    decided: tuple[tuple[int, int], tuple[int, int]] = ((0, 0), (0, 0))
    """What the hard state and the log say was decided last, by index and term."""
    keys: tuple[bytes, ...] = ()
    """The cluster's keys; empty: the first one."""
    identity: bytes = b""
    """The node's own key; empty: the first one."""
    former: bytes = b""
    coming: bytes = b""
    damage: Damage = Damage.CLEAN
    """What the next start finds."""
    failing: str = ""
    """Why it takes nothing now (`no space left on device`): no daemon can start on it either."""
    failed: bool = False
    """It failed in this life, and is not written to again before the next."""
    slow_ms: int = 0
    """How much longer each sync takes."""
    decisions: dict[int, tuple[bytes, bytes]] = field(default_factory=dict)

    def copy(self) -> Disk:
        """Return a backup."""
        return replace(
            self,
            entries=list(self.entries),
            intents=list(self.intents),
            decisions=dict(self.decisions),
        )

    def rot(self) -> None:
        """Lose the log; the checksums tell the next start."""
        self.entries, self.damage = [], Damage.AMNESIAC

    def write_hard(self, order: Persist) -> None:
        """Do what comes first of what `Persist` asks."""
        if order.hard is not None:
            self.hard = order.hard
            self.decided = (max(self.decided[0], order.decided), self.decided[1])

    def write(self, order: Persist) -> None:
        """Do what `Persist` asks, all of it."""
        self.write_hard(order)
        if order.snapshot is not None:
            self.snapshot = order.snapshot
            self.entries = [each for each in self.entries if each.index > order.snapshot.index]
            if order.truncate_from == 1:
                self.damage, self.decided = Damage.CLEAN, ((0, 0), (0, 0))
        if order.truncate_from:
            self.entries = [each for each in self.entries if each.index < order.truncate_from]
        self.entries += order.entries
        self.intents += order.intents
        if order.entries:
            self.decided = (self.decided[0], max(self.decided[1], order.decided))

    def disown(self, boot: int) -> None:
        """Do what `Disown` asks."""
        self.rot()
        self.hard = replace(self.hard, boot_counter=max(boot, self.hard.boot_counter))

    def open(self, me: int, psk: bytes, nonce: int) -> Life:
        """Begin a life: the boot counter rises first."""
        self.hard = replace(self.hard, boot_counter=self.hard.boot_counter + 1)
        recovered = Recovered(
            self.hard, self.snapshot, tuple(self.entries), self.damage, tuple(self.intents),
            self.decided,
        )  # fmt: skip
        boot, kept = Boot(self.hard.boot_counter, nonce), tuple(self.decisions.values())
        return Life(me, boot, recovered, self.keys or (psk,), kept, self.former, self.coming)


@dataclass
class Machine:
    """A machine: power, daemon, disk, and the services that run on it, which outlive the daemon."""

    id: int
    name: str
    disk: Disk
    copies: int = 0
    """The machine that this one is a copy of: it has that one's node, key and addresses."""
    powered: bool = True
    heart: Heart | None = None
    node: Node | None = None
    life: int = 0
    """Rises with each start of the daemon: what was under way for an earlier one is lost."""
    clock: Clock = field(default_factory=Clock)
    paused_until_ms: int = 0
    stood_until_ms: int = 0
    """Until when its clock stood still, if it ever did."""
    hung_ms: dict[str, int] = field(default_factory=dict)
    """Until when the `heart` or the brain (`node`) of this life alone stands still."""
    services: dict[str, str] = field(default_factory=dict)
    """Resource -> `started` or `promoted`."""
    pending: deque[Persist] = field(default_factory=deque)
    """Asked for and not synced yet: lost when the power goes."""
    children: dict[int, Invocation] = field(default_factory=dict)
    barren_until_ms: int = 0
    """Until when no process can be begun: there is no memory left, or no descriptor."""
    bites_ms: int | None = None
    """When the watchdog ends this machine, unless it is petted; None: it is not armed."""
    wills: LeaveWills | None = None
    """What the heart of this life has left for its supervisor, and for a crash kernel."""
    quits: list[int] = field(default_factory=list)
    features: Range = FEATURES
    """What the program that is installed here speaks: its next start goes by it."""

    @property
    def node_id(self) -> int:
        """Return which node of the cluster it is."""
        return self.copies or self.id

    @property
    def is_up(self) -> bool:
        """Return whether its daemon lives."""
        return self.powered and self.node is not None

    def held_ms(self, who: str) -> int:
        """Return until when *who* (`heart`, `node` or `disk`) stands still."""
        if not self.hung_ms:
            return self.paused_until_ms
        return max(self.paused_until_ms, self.hung_ms.get(who, 0))

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
