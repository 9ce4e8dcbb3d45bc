"""The working set of one run of the engine: nodes, resources, actions and what ties them.

Everything here is mutable, is filled and changed by the other rooms of `pe`, and dies with the
run. Scores are ints, durations milliseconds, times epoch seconds; no element and no string score
is left. Lists keep the order of creation; where the field's rules say "newest first" they are
walked with `reversed`. Nothing is decided here.

Who fills what (each room's functions take the `WorkingSet` first):

- `read/`: options, nodes, resources, histories, operations (`find_op`, `op_options`, `on_fail`),
  parameters (`params_of`), fail counts (`fail_count`); walks the configured constraints and hands
  each to `constraints/{location,colocation,ordering,tickets}.py` (`read(work, constraint)`).
- `assign/` and `constraints/`: `Resource.allowed`, `assigned`, `next_role`, score lines.
- `actions/`: everything made of `Action`; `actions/make.py` has
  `ask(work, rsc, task, node, *, required, interval_ms=0, key=None) -> Action` and
  `new_link(first, then, kind)`; `actions/fencing.py` has `can_fence(work, node)` and
  `request(work, node, reason, *, delayed=False)`; `actions/changes.py` compares digests.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Any

from pcsx.lean import dataclass
from pcsx.values import INFINITY

if TYPE_CHECKING:
    from datetime import datetime

    from pcsx.cib import objects
    from pcsx.pe.reasons import Note

Table = dict["Node", int]
"""Scores by node. A missing node has no entry, which is not the same as 0."""


class Role(IntEnum):
    """What a resource is, or is to be, in the order in which roles are compared."""

    UNKNOWN = 0
    STOPPED = 1
    STARTED = 2
    UNPROMOTED = 3
    PROMOTED = 4

    @property
    def label(self) -> str:
        """Return the role as it is shown."""
        return _ROLE_LABELS[self]


_ROLE_LABELS = ("Unknown", "Stopped", "Started", "Unpromoted", "Promoted")


class Kind(IntEnum):
    """The kinds of resource, in the order in which colocations prefer them."""

    PRIMITIVE = 1
    GROUP = 2
    CLONE = 3
    BUNDLE = 4


class Requires(IntEnum):
    """What a resource needs before it may start."""

    NOTHING = 0
    QUORUM = 1
    FENCING = 2
    UNFENCING = 3


class MultipleActive(StrEnum):
    """What to do with a resource that is active where it should not be."""

    STOP_START = "stop_start"
    STOP_ONLY = "stop_only"
    BLOCK = "block"
    STOP_UNEXPECTED = "stop_unexpected"


class OnFail(IntEnum):
    """What follows a failure, in the order of severity."""

    IGNORE = 0
    DEMOTE = 1
    RESTART = 2
    RESET_REMOTE = 3
    RESTART_CONTAINER = 4
    BAN = 5
    BLOCK = 6
    STOP = 7
    STANDBY = 8
    FENCE = 9


class Discovery(IntEnum):
    """Whether a resource may be probed on a node; a constraint only ever raises it."""

    ALWAYS = 0
    NEVER = 1
    EXCLUSIVE = 2


class QuorumPolicy(StrEnum):
    """What a partition without quorum does."""

    STOP = "stop"
    FREEZE = "freeze"
    IGNORE = "ignore"
    DEMOTE = "demote"
    FENCE = "fence"


@dataclass(slots=True, eq=False, repr=False)
class Options:
    """The cluster options, read and checked; the names are those of `crm_config`."""

    no_quorum_policy: QuorumPolicy = QuorumPolicy.STOP
    symmetric: bool = True
    maintenance_mode: bool = False
    stop_all: bool = False
    stop_removed_resources: bool = True
    cancel_removed_actions: bool = True
    start_failure_is_fatal: bool = True
    startup_probes: bool = True
    fencing_enabled: bool = True
    fencing_action: str = "reboot"
    fencing_timeout: str = "60s"
    have_watchdog: bool = False
    concurrent_fencing: bool = True
    startup_fencing: bool = True
    priority_fencing_delay_ms: int = 0
    node_pending_timeout_ms: int = 0
    fence_remote_without_quorum: bool = False
    shutdown_lock: bool = False
    shutdown_lock_limit_ms: int = 0
    placement_strategy: str = "default"
    health_strategy: str = "none"
    health_base: int = 0
    health_green: int = 0
    health_yellow: int = 0
    health_red: int = -INFINITY
    cluster_delay: str = "60s"
    batch_limit: str = "0"
    migration_limit: str = "-1"
    cluster_name: str | None = None


class Node:
    """A machine, or a guest or container that runs resources like one."""

    __slots__ = (
        "assigned_count",
        "attrs",
        "base_score",
        "connection",
        "expected_up",
        "fence_delayed",
        "history_read",
        "id",
        "in_maintenance",
        "index",
        "is_bundle",
        "is_dc",
        "is_pcmk_remote",
        "name",
        "never_probe",
        "online",
        "pending",
        "permanent",
        "priority",
        "recorded_maintenance",
        "remote_fenced",
        "running",
        "seen",
        "shutting_down",
        "sort_key",
        "standby",
        "standby_by_failure",
        "to_be_reset",
        "unclean",
        "utilization",
    )  # fmt: skip

    def __init__(self, node_id: str, name: str, *, is_pcmk_remote: bool = False) -> None:
        self.id = node_id
        self.name = name
        self.sort_key: tuple[Any, ...] = ()
        """The natural order of names; `WorkingSet.nodes` is sorted by it."""
        self.index = -1
        """The place in `WorkingSet.nodes`."""
        self.is_pcmk_remote = is_pcmk_remote
        """A remote, guest or bundle node: it runs no cluster daemon of its own."""
        self.is_bundle = False
        self.connection: Primitive | None = None
        """The resource that connects to a remote, guest or bundle node."""
        self.base_score = 0
        self.attrs: dict[str, str] = {}
        """Permanent, built-in and transient attributes together, as rules see them."""
        self.permanent: dict[str, str] = {}
        self.utilization: dict[str, int] = {}
        """What is left of the capacity."""
        self.online = False
        self.unclean = False
        self.seen = False
        """Its state was read, or it needs none."""
        self.pending = False
        self.standby = False
        self.standby_by_failure = False
        self.in_maintenance = False
        self.recorded_maintenance = False
        """What a remote node's state says that it was told about maintenance."""
        self.shutting_down = False
        self.expected_up = False
        self.is_dc = False
        self.never_probe = False
        self.to_be_reset = False
        """A guest or remote node that must be reset before it counts as stopped."""
        self.remote_fenced = False
        """A remote node that has been fenced since its connection failed."""
        self.fence_delayed = False
        """It left the membership: `priority-fencing-delay` applies to its fencing."""
        self.history_read = False
        self.running: list[Primitive] = []
        """What was found active here, in the order of discovery."""
        self.assigned_count = 0
        """How many primitives were assigned to it in this run."""
        self.priority = 0

    @property
    def is_guest(self) -> bool:
        """Say whether it lives within a resource (a guest or a bundle's container)."""
        return self.connection is not None and self.connection.launcher is not None

    @property
    def is_remote(self) -> bool:
        """Say whether it is a machine that is reached through a connection resource."""
        return self.is_pcmk_remote and not self.is_guest

    @property
    def available(self) -> bool:
        """Say whether it can take resources: online, clean, neither leaving nor set aside."""
        return self.online and not (
            self.shutting_down or self.unclean or self.standby or self.in_maintenance
        )

    def __repr__(self) -> str:
        return f"Node({self.name})"


class Resource:
    """What all kinds of resource have in common."""

    __slots__ = (
        "actions",
        "actions_by_key",
        "active",
        "agent",
        "allow_migrate",
        "allow_unhealthy_nodes",
        "allowed",
        "assigned",
        "assigned_score",
        "base_id",
        "being_assigned",
        "blocked",
        "bundle_node",
        "children",
        "config",
        "connects",
        "container_attribute_target",
        "counts",
        "critical",
        "dangling",
        "discovery",
        "exclusive_discovery",
        "failed",
        "failure_ignored",
        "failure_timeout_ms",
        "globally_unique",
        "history_name",
        "id",
        "index",
        "instance",
        "internal",
        "is_assigned",
        "is_connection",
        "is_consulted",
        "known",
        "launched",
        "launcher",
        "locations",
        "lock_node",
        "lock_s",
        "maintenance",
        "managed",
        "meta",
        "migration_threshold",
        "multiple_active",
        "must_stop",
        "next_role",
        "notify",
        "ops",
        "params_by_node",
        "parent",
        "partial_source",
        "partial_target",
        "pending_node",
        "pending_task",
        "priority",
        "promotable",
        "promoted_locations",
        "promotion_priority",
        "reconnect_ms",
        "reload",
        "removed",
        "requires",
        "role",
        "scratch",
        "start_pending",
        "stickiness",
        "target_role",
        "target_role_text",
        "this_with",
        "tickets",
        "utilization",
        "with_this",
    )  # fmt: skip

    kind: Kind

    def __init__(self, rsc_id: str, config: objects.Resource | None, parent: Collective | None):
        self.id = rsc_id
        """The id within this run: an instance of a clone has its `:N`."""
        self.base_id = rsc_id
        """The id as configured."""
        self.config = config
        self.parent = parent
        self.children: list[Resource] = []
        self.index = -1
        """The place in `WorkingSet.resources`, for resources at the top."""
        self.instance: int | None = None
        """The number of an instance of a clone, and of the members of such a group."""
        self.agent: tuple[str, str, str] = ("", "", "")
        self.ops: tuple[objects.Operation, ...] = ()
        """The configured operations, those of the template included."""
        self.meta: dict[str, str] = {}
        self.params_by_node: dict[Node | None, dict[str, str]] = {}
        """What `read.parameters.params_of` worked out so far."""
        self.utilization: dict[str, int] = {}

        # What the configuration asks for.
        self.priority = 0
        self.stickiness = 0
        self.migration_threshold = INFINITY
        self.failure_timeout_ms = 0
        self.reconnect_ms = 0
        """A remote connection's reconnect_interval; it replaces the failure-timeout."""
        self.requires = Requires.QUORUM
        self.multiple_active = MultipleActive.STOP_START
        self.critical = True
        self.notify = False
        self.allow_migrate = False
        self.allow_unhealthy_nodes = False
        self.container_attribute_target = ""
        self.promotable = False
        """A promotable clone, and everything in one."""
        self.globally_unique = True
        """False for anonymous clones and what is in them."""
        self.target_role = Role.UNKNOWN
        """The configured limit for `next_role`; UNKNOWN where there is none."""
        self.target_role_text = ""
        self.managed = True
        self.maintenance = False
        self.internal = False
        """Made by the engine (of a bundle or a guest), not configured by itself."""
        self.is_connection = False
        """ocf:pacemaker:remote: the resource that connects to a remote or guest node."""
        self.connects: Node | None = None
        """The node that a connection leads to."""
        self.bundle_node: Node | None = None
        """The one node where the inner instance of a bundle's replica may run."""
        self.launcher: Primitive | None = None
        """The container or virtual machine that this one lives in."""
        self.launched: list[Primitive] = []

        # What was found.
        self.removed = False
        """Known from histories alone; the configuration has it no more."""
        self.role = Role.STOPPED
        self.next_role = Role.UNKNOWN
        self.active: list[Node] = []
        """Where it was found active, in the order of discovery."""
        self.known: dict[Node, None] = {}
        """Where its state is known (probed), in the order of discovery."""
        self.history_name: str | None = None
        """The name in the histories, where it differs from the id."""
        self.failed = False
        self.must_stop = False
        """Failed so that it must be stopped before it is started again."""
        self.failure_ignored = False
        self.blocked = False
        self.start_pending = False
        self.pending_task: str | None = None
        self.pending_node: Node | None = None
        self.partial_source: Node | None = None
        self.partial_target: Node | None = None
        self.dangling: list[Node] = []
        """Where a finished migration still needs its stop."""
        self.lock_node: Node | None = None
        self.lock_s: int | None = None

        # Where it may run, and where it will.
        self.allowed: Table = {}
        self.discovery: dict[Node, Discovery] = {}
        """Only what differs from ALWAYS."""
        self.exclusive_discovery = False
        self.locations: list[Location] = []
        self.promoted_locations: list[Location] = []
        self.this_with: list[Colocation] = []
        """The colocations in which it is the dependent, sorted by the primary."""
        self.with_this: list[Colocation] = []
        """The colocations in which it is the primary, sorted by the dependent."""
        self.tickets: list[TicketConstraint] = []
        self.counts: dict[Node, int] = {}
        """How many instances a clone has on each node so far."""
        self.promotion_priority = 0
        self.assigned: Node | None = None
        self.assigned_score = 0
        """What it had for that node; for an unmanaged one, the node's own score."""
        self.is_assigned = False
        """Its assignment is finished, whether or not there is a node."""
        self.being_assigned = False
        self.is_consulted = False
        """A mark against loops while preferences are collected."""
        self.scratch: Any = None
        """For the room that is at work; nobody relies on what another left."""

        # What will be done.
        self.actions: list[Action] = []
        self.actions_by_key: dict[str, list[Action]] = {}
        """The same by key, oldest first."""
        self.reload = False

    def walk(self) -> Iterator[Resource]:
        """Return this one and everything in it, parents first."""
        yield self
        for child in self.children:
            yield from child.walk()

    def primitives(self) -> Iterator[Primitive]:
        """Return the primitives in it, itself if it is one, in order."""
        for child in self.children:
            yield from child.primitives()

    @property
    def top(self) -> Resource:
        """Return the outermost ancestor, but never a bundle around this one."""
        rsc = self
        while rsc.parent is not None and rsc.parent.kind != Kind.BUNDLE:
            rsc = rsc.parent
        return rsc

    @property
    def topmost(self) -> Resource:
        """Return the outermost ancestor, a bundle included."""
        rsc = self
        while rsc.parent is not None:
            rsc = rsc.parent
        return rsc

    @property
    def anonymous_clone(self) -> Resource | None:
        """Return the anonymous clone that it is in, if any."""
        top = self.top
        return top if top.kind == Kind.CLONE and not top.globally_unique else None

    @property
    def is_fence_device(self) -> bool:
        """Say whether its agent is a fence agent."""
        return self.agent[0] == "stonith"

    @property
    def in_bundle(self) -> bool:
        """Say whether it is a part of a bundle."""
        return self.topmost.kind == Kind.BUNDLE

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.id})"


class Primitive(Resource):
    """One service, or one instance of it."""

    __slots__ = ()
    kind = Kind.PRIMITIVE

    def primitives(self) -> Iterator[Primitive]:
        """Return itself."""
        yield self


class Collective(Resource):
    """A resource that is made of others."""

    __slots__ = ()


class Group(Collective):
    """Members that run on one node, one after the other."""

    __slots__ = ("collocated", "ordered")
    kind = Kind.GROUP

    def __init__(self, rsc_id: str, config: objects.Resource | None, parent: Collective | None):
        super().__init__(rsc_id, config, parent)
        self.ordered = True
        self.collocated = True


class Clone(Collective):
    """Instances of a primitive or group; `children` are the instances."""

    __slots__ = (
        "clone_max", "clone_min", "clone_node_max", "has_notifications", "inner", "interleave",
        "notifications", "ordered", "promoted_max", "promoted_node_max", "promotion_sorted",
        "scores_added",
    )  # fmt: skip
    kind = Kind.CLONE

    def __init__(self, rsc_id: str, config: objects.Resource | None, parent: Collective | None):
        super().__init__(rsc_id, config, parent)
        self.clone_max = 1
        self.clone_node_max = 1
        self.clone_min = 0
        self.promoted_max = 0
        self.promoted_node_max = 0
        self.ordered = False
        self.interleave = False
        self.has_notifications = False
        self.notifications: dict[str, Any] = {}
        """The points around each task at which the instances are told (`actions/notify.py`)."""
        self.inner: objects.Primitive | objects.Group | None = None
        """What is cloned, as configured."""
        self.promotion_sorted = False
        self.scores_added = False


class Replica:
    """One copy of a bundle: its container, with address, connection and service where it has."""

    __slots__ = ("address", "child", "connection", "container", "ip", "node", "number")

    def __init__(self, number: int, container: Primitive) -> None:
        self.number = number
        self.container = container
        self.ip: Primitive | None = None
        self.address: str | None = None
        self.connection: Primitive | None = None
        self.child: Primitive | None = None
        self.node: Node | None = None


class Bundle(Collective):
    """Containers of one image; `children` are per replica container, address and connection, and
    last the inner clone."""

    __slots__ = (
        "image", "inner", "interleave", "launcher_type", "promoted_max", "replicas",
        "replicas_per_host",
    )  # fmt: skip
    kind = Kind.BUNDLE

    def __init__(self, rsc_id: str, config: objects.Resource | None, parent: Collective | None):
        super().__init__(rsc_id, config, parent)
        self.replicas: list[Replica] = []
        self.replicas_per_host = 1
        self.promoted_max = 0
        self.inner: Clone | None = None
        self.image = ""
        self.launcher_type = "docker"
        self.interleave = False


class Location:
    """One location constraint on one resource: scores by node, for one role or any."""

    __slots__ = ("discovery", "id", "role", "rsc", "scores")

    def __init__(
        self, constraint_id: str, rsc: Resource, role: Role, scores: Table, discovery: Discovery
    ) -> None:
        self.id = constraint_id
        self.rsc = rsc
        self.role = role
        """UNKNOWN where it holds for any role."""
        self.scores = scores
        self.discovery = discovery


class Colocation:
    """*dependent* is to be (score) where *primary* is."""

    __slots__ = (
        "attribute", "dependent", "dependent_role", "explicit", "id", "influence", "primary",
        "primary_role", "score",
    )  # fmt: skip

    def __init__(
        self, colocation_id: str, score: int, dependent: Resource, primary: Resource
    ) -> None:
        self.id = colocation_id
        self.score = score
        self.dependent = dependent
        self.primary = primary
        self.dependent_role = Role.UNKNOWN
        self.primary_role = Role.UNKNOWN
        self.attribute = "#uname"
        self.influence = True
        self.explicit = False
        """Configured by the user; not implied by a group, bundle or container."""


class TicketConstraint:
    """What becomes of a resource when a ticket is lost."""

    __slots__ = ("id", "loss_policy", "role", "rsc", "ticket")

    def __init__(
        self, constraint_id: str, rsc: Resource, ticket: Ticket, loss_policy: str, role: Role
    ) -> None:
        self.id = constraint_id
        self.rsc = rsc
        self.ticket = ticket
        self.loss_policy = loss_policy
        self.role = role


class Ticket:
    """The right of this site to run what depends on it."""

    __slots__ = ("attrs", "granted", "id", "last_granted_s", "standby")

    def __init__(self, ticket_id: str) -> None:
        self.id = ticket_id
        self.granted = False
        self.standby = False
        self.last_granted_s = -1
        self.attrs: dict[str, str] = {}


class Action:
    """One thing that might be done. `flags` are the bits of `pe.flags`."""

    __slots__ = (
        "after",
        "agent_timeout_ms",
        "before",
        "cancels",
        "default_delay",
        "extra",
        "flags",
        "id",
        "interval_ms",
        "key",
        "mark",
        "meta",
        "needs",
        "node",
        "op",
        "options_read",
        "priority",
        "reason",
        "requires",
        "rsc",
        "runnable_before",
        "task",
    )  # fmt: skip

    def __init__(
        self, action_id: int, rsc: Resource | None, key: str, task: str, node: Node | None
    ) -> None:
        self.id = action_id
        self.rsc = rsc
        self.key = key
        self.task = task
        self.node = node
        self.interval_ms = 0
        self.flags = 0
        self.reason: str | None = None
        self.priority = 0
        self.requires = Requires.NOTHING
        self.op: objects.Operation | None = None
        """The configured operation, if there is one."""
        self.options_read = False
        self.meta: dict[str, str] = {}
        """The operation's options, and what the engine adds to them."""
        self.extra: dict[str, str] = {}
        """Agent parameters of this operation alone."""
        self.agent_timeout_ms = 20_000
        self.default_delay = False
        self.needs = 0
        """How many MIN inputs a COUNTED action needs."""
        self.runnable_before = 0
        """How many it has so far."""
        self.cancels: str | None = None
        """The task that a cancel ends."""
        self.before: list[Link] = []
        """The links in which it is *then*, oldest first."""
        self.after: list[Link] = []
        """The links in which it is *first*, oldest first."""
        self.mark = 0
        """For walks; nobody relies on what another left."""

    def __repr__(self) -> str:
        where = f" on {self.node.name}" if self.node else ""
        return f"Action({self.id} {self.key}{where} {self.flags:#x})"


class Link:
    """*first* comes before *then*, and what that does (the link bits of `pe.flags`)."""

    __slots__ = ("first", "given", "in_graph", "kind", "then")

    def __init__(self, first: Action, then: Action, kind: int) -> None:
        self.first = first
        self.then = then
        self.kind = kind
        """What it does now; 0 once it is disabled."""
        self.given = kind
        """What it did when it was made."""
        self.in_graph = False

    def __repr__(self) -> str:
        return f"Link({self.first.key} -> {self.then.key} {self.kind:#x})"


class Ordering:
    """A stored order between actions that need not exist yet, each a resource's task or given."""

    __slots__ = (
        "first_action", "first_rsc", "first_task", "kind", "origin", "then_action", "then_rsc",
        "then_task",
    )  # fmt: skip

    def __init__(
        self,
        first: tuple[Resource | None, str],
        then: tuple[Resource | None, str],
        kind: int,
        *,
        first_action: Action | None = None,
        then_action: Action | None = None,
        origin: str = "",
    ) -> None:
        self.first_rsc, self.first_task = first
        self.then_rsc, self.then_task = then
        self.kind = kind
        self.first_action = first_action
        self.then_action = then_action
        self.origin = origin
        """The id of the configured constraint, where one asked for it."""


@dataclass(slots=True)
class Paths:
    """How far wishes are still followed in this turn of assigning (`assign/preferences.py`)."""

    revisits: int = 20_000
    """How often somebody may yet be asked again, by another way."""
    scans: int = 20_000
    """Once that is used up: how many colocations may yet be looked at beyond the first."""
    revisits_later: int = 80_000
    """How many revisits are left for all turns that follow."""
    scans_later: int = 480_000
    """How many scans are left for all turns that follow."""
    told: bool = False
    """It was said that not all wishes are followed."""


@dataclass(slots=True)
class FailedOperation:
    """A failure that the history tells of, for status and for people."""

    rsc: Primitive
    node: Node
    operation: objects.HistoryOperation
    exit_code: int
    status: int
    hidden_probe: bool = False
    """A probe that only says that the agent or its setup is missing there."""


@dataclass(slots=True, eq=False, repr=False)
class WorkingSet:
    """One run of the engine."""

    cib: objects.Document
    wall: datetime
    now_s: int
    options: Options = field(default_factory=Options)
    quorate: bool = False
    quorum_panic: bool = False
    """The cluster was quorate once, so that losing quorum may fence."""
    fencing_available: bool = False
    """There is a fence device, or a watchdog."""
    unfencing_in_use: bool = False
    dc_id: str = ""
    nodes: list[Node] = field(default_factory=list)
    """All nodes, in the natural order of their names."""
    nodes_by_id: dict[str, Node] = field(default_factory=dict)
    """By lower-case id."""
    nodes_by_name: dict[str, Node] = field(default_factory=dict)
    """By lower-case name."""
    resources: list[Resource] = field(default_factory=list)
    """The resources at the top: by priority, then as configured; removed ones last."""
    by_id: dict[str, Resource] = field(default_factory=dict)
    """Every resource at any depth by its id within this run; the first of its id."""
    by_base_id: dict[str, list[Resource]] = field(default_factory=dict)
    """Every resource at any depth by its configured id, in order."""
    by_history_name: dict[str, list[Resource]] = field(default_factory=dict)
    templates: dict[str, list[str]] = field(default_factory=dict)
    """Template id: the ids of the primitives made from it."""
    tags: dict[str, list[str]] = field(default_factory=dict)
    tickets: dict[str, Ticket] = field(default_factory=dict)
    locations: list[Location] = field(default_factory=list)
    """As read; applied from the last to the first."""
    colocations: list[Colocation] = field(default_factory=list)
    orderings: list[Ordering] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)
    """All actions in the order of creation; the newest is last."""
    node_actions: dict[str, Action] = field(default_factory=dict)
    """The actions without a resource by key."""
    next_action_id: int = 1
    containers_to_stop: list[Primitive] = field(default_factory=list)
    failures: list[FailedOperation] = field(default_factory=list)
    failed_keys: set[tuple[Primitive, Node, str]] = field(default_factory=set)
    """Of which operations `failures` tells already."""
    migration_limit: int = -1
    recheck_at_s: int | None = None
    timely: dict[Resource, None] = field(default_factory=dict)
    """The resources on which time alone may soon decide otherwise."""
    gifts: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """By the id of each resource at the top, in the order of assigning: by how many each of
    `nodes` has more assigned to it after than before."""
    tempo: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """Where this is a part of a cluster: what others are given before each resource at the top."""
    paths: Paths = field(default_factory=Paths)
    tell_scores: bool = False
    """Keep the score lines (they cost time)."""
    tell_utilization: bool = False
    score_lines: list[str] = field(default_factory=list)
    """What was asked for of scores and capacities, in the order in which it came up."""
    notes: list[Note] = field(default_factory=list)
    """Why it was decided so, in the order of deciding (`pe.reasons`)."""
    notices: list[str] = field(default_factory=list)
    sanitized: bool = False
    """The document hides private parameters, so that a digest of the public ones will do."""
    deferred_checks: list[tuple[Primitive, Node, objects.HistoryOperation, bool]] = field(
        default_factory=list
    )
    """Entries of bundles' connections to compare once the containers have their nodes; whether
    the entry is that of a failure."""
    outdated: set[objects.HistoryOperation] = field(default_factory=set)
    """Failures of recurring operations that expired: these are to be issued again."""
    history: Any = None
    """The index of histories that `read/history.py` makes."""
    turns: list[int] = field(default_factory=list)
    """The moments (epoch seconds) at which rules that were judged turn."""

    def node_of(self, name_or_id: str) -> Node | None:
        """Return the node of that id, else of that name, in any letter case."""
        word = name_or_id.lower()
        return self.nodes_by_id.get(word) or self.nodes_by_name.get(word)

    def recheck_by(self, moment_s: int, rsc: Resource | None = None) -> None:
        """Remember that the decision (on *rsc*) may differ from *moment_s* on by time alone."""
        if moment_s > self.now_s and rsc is not None:
            self.timely[rsc] = None
        if moment_s > self.now_s and (self.recheck_at_s is None or moment_s < self.recheck_at_s):
            self.recheck_at_s = moment_s
