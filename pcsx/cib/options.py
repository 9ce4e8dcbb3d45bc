"""Every option once: what it is called, which values it takes, its default, and what it does.

Five tables: cluster properties, meta attributes of resources, attributes of operations, parameters
that every fence device takes, and options of quorum. Completion, help, checks and the man pages
all read them. Options of agents come from the agents' own metadata and are not here. Where the
field has an older and a newer name (`stonith-…`, `fencing-…`) we write the older, which every
release reads, and read both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from functools import lru_cache
from typing import Final

from pcsx.errors import Finding, Severity
from pcsx.lean import dataclass
from pcsx.values import parse_bool, parse_duration_ms, parse_role, parse_score


class Kind(StrEnum):
    """What the text of a value must look like."""

    BOOLEAN = "boolean"
    INTEGER = "integer"
    SCORE = "score"
    DURATION = "duration"
    PERCENTAGE = "percentage"
    CHOICE = "select"
    ROLE = "role"
    STRING = "string"


@dataclass(frozen=True, slots=True)
class Option:
    """One option; *text* says in a sentence what it is for.

    *older* are names that mean the same; *minimum* and *maximum* bound an integer; *own* marks
    what only pcsx knows; *internal* marks what the cluster writes and people only read.
    """

    name: str
    kind: Kind
    default: str
    text: str
    choices: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    advanced: bool = False
    internal: bool = False
    own: bool = False

    def accepts(self, value: str) -> bool:
        """Return whether *value* is one that this option may have."""
        match self.kind:
            case Kind.BOOLEAN:
                return parse_bool(value) is not None
            case Kind.INTEGER:
                return self._is_number(value)
            case Kind.SCORE:
                return parse_score(value) is not None
            case Kind.DURATION:
                return value.strip() in ("-1", "INFINITY") or parse_duration_ms(value) is not None
            case Kind.PERCENTAGE:
                number = value.strip().removesuffix("%")
                return number.isascii() and number.isdigit()
            case Kind.CHOICE:
                return value.lower() in (choice.lower() for choice in self.choices)
            case Kind.ROLE:
                return parse_role(value) is not None
            case Kind.STRING:
                return True

    def _is_number(self, value: str) -> bool:
        word = value.strip()
        body = word[1:] if word[:1] in ("+", "-") else word
        if body.upper() == "INFINITY":
            return True
        if not (body.isascii() and body.isdigit()) or len(body) > 18:
            return False
        number = int(word)
        return not (
            (self.minimum is not None and number < self.minimum)
            or (self.maximum is not None and number > self.maximum)
        )

    @property
    def expected(self) -> str:
        """Return in words what a value must be."""
        match self.kind:
            case Kind.BOOLEAN:
                return "true or false"
            case Kind.INTEGER if self.minimum is not None and self.maximum is not None:
                return f"a whole number from {self.minimum} to {self.maximum}"
            case Kind.INTEGER if self.minimum is not None:
                return f"a whole number, at least {self.minimum}"
            case Kind.INTEGER:
                return "a whole number"
            case Kind.SCORE:
                return "a whole number, INFINITY or -INFINITY"
            case Kind.DURATION:
                return "a duration such as 20, 20s, 5min, 1h or PT5M"
            case Kind.PERCENTAGE:
                return "a percentage such as 80%"
            case Kind.CHOICE:
                return "one of " + ", ".join(self.choices)
            case Kind.ROLE:
                return "one of Stopped, Started, Unpromoted, Promoted"
            case Kind.STRING:
                return "any text"


Table = dict[str, Option]


def _table(options: Iterable[Option]) -> Table:
    table: Table = {}
    for option in options:
        for name in (option.name, *option.aliases):
            assert name not in table, name
            table[name] = option
    return table


def _flag(name: str, default: str, text: str, *aliases: str) -> Option:
    return Option(name, Kind.BOOLEAN, default, text, aliases=aliases)


def _time(name: str, default: str, text: str, *aliases: str) -> Option:
    return Option(name, Kind.DURATION, default, text, aliases=aliases)


def _number(
    name: str, default: str, text: str, minimum: int | None = None, maximum: int | None = None
) -> Option:
    return Option(name, Kind.INTEGER, default, text, minimum=minimum, maximum=maximum)


def _choice(name: str, default: str, choices: str, text: str, *aliases: str) -> Option:
    return Option(name, Kind.CHOICE, default, text, tuple(choices.split()), aliases)


def _text(name: str, default: str, text: str) -> Option:
    return Option(name, Kind.STRING, default, text)


CLUSTER: Final = _table((
    _text("cluster-name", "", "The cluster's name, shown to people and usable in rules"),
    Option(
        "cluster-infrastructure", Kind.STRING, "", "What carries the cluster's messages",
        internal=True,
    ),
    Option(
        "cluster-uuid", Kind.STRING, "", "The cluster's own random name", internal=True, own=True,
    ),
    Option("dc-version", Kind.STRING, "", "The release that the deciding node runs", internal=True),
    Option(
        "have-watchdog", Kind.BOOLEAN, "false", "Whether a watchdog can fence nodes by itself",
        internal=True,
    ),
    Option(
        "last-lrm-refresh", Kind.STRING, "", "When the operation history was last asked for anew",
        internal=True,
    ),
    _choice(
        "no-quorum-policy", "stop", "stop freeze ignore demote fence suicide",
        "What a partition without quorum does with its resources",
    ),
    _flag(
        "symmetric-cluster", "true",
        "Whether resources may run anywhere unless a constraint forbids it",
    ),
    _flag("maintenance-mode", "false", "Leave all resources alone and monitor nothing"),
    _flag(
        "start-failure-is-fatal", "true",
        "Whether one failed start bans a resource from the node until it is cleaned up",
    ),
    _flag(
        "enable-startup-probes", "true",
        "Ask on every node what runs there before starting anything",
    ),
    _flag(
        "shutdown-lock", "false",
        "Keep resources on a node that was shut down cleanly, and wait for it to return",
    ),
    _time("shutdown-lock-limit", "0", "How long such a lock lasts at most; 0 for ever"),
    _flag(
        "stonith-enabled", "true",
        "Whether nodes may be fenced; without it, a lost node's data is not safe",
        "fencing-enabled",
    ),
    _choice(
        "stonith-action", "reboot", "reboot off poweroff", "What fencing does to a node",
        "fencing-action",
    ),
    _time(
        "stonith-timeout", "60s", "How long fencing may take before it counts as failed",
        "fencing-timeout",
    ),
    _time(
        "stonith-watchdog-timeout", "0",
        "How long a lost node with a watchdog takes to reset itself; 0: do not rely on it",
        "fencing-watchdog-timeout",
    ),
    Option(
        "stonith-max-attempts", Kind.INTEGER, "10",
        "How often fencing of a node is tried before waiting for a change",
        aliases=("fencing-max-attempts",), minimum=1,
    ),
    _flag("concurrent-fencing", "true", "Whether several nodes may be fenced at the same time"),
    _choice(
        "fence-reaction", "stop", "stop panic",
        "What a node does that learns it was fenced and yet runs", "fencing-reaction",
    ),
    _flag("startup-fencing", "true", "Fence nodes that were never seen since the cluster started"),
    _time(
        "priority-fencing-delay", "0",
        "Delay against the node with the more important resources, where two fence each other",
    ),
    _time(
        "cluster-delay", "60s",
        "How long an action on another node may take on the way, beside its own timeout",
    ),
    _time(
        "node-pending-timeout", "0",
        "How long a node may take to join after it was seen, before it is fenced; 0 for ever",
    ),
    _number(
        "batch-limit", "0",
        "How many actions run at once in the whole cluster; 0: as the load allows; -1: any number",
        -1,
    ),
    _number(
        "migration-limit", "-1",
        "How many migrations a node takes part in at once; -1: any number", -1,
    ),
    Option(
        "load-threshold", Kind.PERCENTAGE, "80%",
        "Processor load above which a node is given fewer actions",
    ),
    _number(
        "node-action-limit", "0", "How many actions a node runs at once; 0: twice its cores", 0,
    ),
    _flag("stop-all-resources", "false", "Stop every resource, and start none"),
    _flag(
        "stop-orphan-resources", "true", "Stop resources that run and are configured no more",
        "stop-removed-resources",
    ),
    _flag(
        "stop-orphan-actions", "true", "Cancel recurring operations that are configured no more",
        "stop-removed-actions",
    ),
    _flag(
        "remove-after-stop", "false",
        "Forget a resource's history on a node after it stopped there",
    ),
    _number("pe-error-series-max", "-1", "How many decisions with errors are kept; -1: all", -1),
    _number("pe-warn-series-max", "5000", "How many decisions with warnings are kept; -1: all", -1),
    _number("pe-input-series-max", "4000", "How many other decisions are kept; -1: all", -1),
    _choice(
        "node-health-strategy", "none", "none migrate-on-red only-green progressive custom",
        "What attributes named #health-… do to a node's score",
    ),
    Option(
        "node-health-base", Kind.SCORE, "0",
        "Score that every node starts from, with the strategy progressive",
    ),
    Option("node-health-green", Kind.SCORE, "0", "Score of a health attribute that is green"),
    Option("node-health-yellow", Kind.SCORE, "0", "Score of a health attribute that is yellow"),
    Option("node-health-red", Kind.SCORE, "-INFINITY", "Score of a health attribute that is red"),
    _choice(
        "placement-strategy", "default", "default utilization minimal balanced",
        "How capacities of nodes and needs of resources decide where they run",
    ),
    _time(
        "dc-deadtime", "20s",
        "How long to wait for other nodes at the start before deciding without them",
    ),
    _time(
        "cluster-recheck-interval", "15min",
        "How often to decide anew where nothing happened, for rules and failure timeouts",
    ),
    _time("election-timeout", "2min", "How long electing the deciding node may take"),
    _time(
        "shutdown-escalation", "20min",
        "How long a node may take to stop its resources before it leaves all the same",
    ),
    _time("join-integration-timeout", "3min", "How long a joining node may take to answer"),
    _time("join-finalization-timeout", "30min", "How long a joining node may take to be taken in"),
    _time("transition-delay", "0s", "Wait this long for more news before acting on what happened"),
    _flag(
        "enable-acl", "false",
        "Whether access control lists decide what users may read and change",
    ),
    _number("cluster-ipc-limit", "500", "How many messages may wait for a local client", 1),
    Option(
        "unfenced-takeover", Kind.CHOICE, "likely",
        "Where nothing can fence, when a lost node's resources may be taken over",
        ("likely", "proven", "never"), own=True,
    ),
    Option(
        "unsafe-two-node", Kind.BOOLEAN, "false",
        "Let two nodes go on alone without fencing; risks that both run the same", own=True,
    ),
))  # fmt: skip
"""Cluster properties, by name and alias."""

_ON_FAIL: Final = "ignore block demote stop restart restart-container standby fence"

META: Final = _table((
    Option(
        "priority", Kind.SCORE, "0",
        "Where not all can run, those of lower priority are stopped first",
    ),
    _flag(
        "critical", "true", "Whether the failure of this resource moves those it depends on, too",
    ),
    Option("target-role", Kind.ROLE, "Started", "What the cluster should keep this resource in"),
    _flag("is-managed", "true", "Whether the cluster may start and stop this resource"),
    _flag("maintenance", "false", "Leave this resource alone and monitor it not at all"),
    Option(
        "resource-stickiness", Kind.SCORE, "0",
        "How much this resource wants to stay where it runs",
    ),
    _choice(
        "requires", "", "nothing quorum fencing unfencing",
        "What must be there before this resource may start",
    ),
    _number(
        "migration-threshold", "INFINITY",
        "After how many failures a node is no longer tried; 0 for never", 0,
    ),
    _time("failure-timeout", "0", "After how long failures are forgotten; 0 for never"),
    _choice(
        "multiple-active", "stop_start", "block stop_only stop_start stop_unexpected",
        "What to do where this resource runs more than once",
    ),
    _flag(
        "allow-migrate", "",
        "Whether this resource may be moved alive by migrate_to and migrate_from",
    ),
    _flag(
        "allow-unhealthy-nodes", "false",
        "Whether this resource may run on nodes whose health is bad",
    ),
    _text(
        "container-attribute-target", "",
        "Whether attributes of a guest belong to it or to its host",
    ),
    _text("remote-node", "", "Name of the guest node that this resource is"),
    _text("remote-addr", "", "Address under which the guest node is reached"),
    _number("remote-port", "3121", "Port under which the guest node is reached", 1, 65535),
    _time("remote-connect-timeout", "60s", "How long a connection to the guest node may take"),
    _flag(
        "remote-allow-migrate", "true", "Whether the connection to the guest node may move alive",
    ),
    Option(
        "pcsx-trace", Kind.STRING, "",
        "Operations whose agent shows each of its steps, separated by blanks, or all of them: all",
        own=True,
    ),
    _number("clone-max", "", "How many instances of a clone run in the whole cluster", 0),
    _number("clone-node-max", "1", "How many instances of a clone run on one node", 0),
    _number(
        "clone-min", "0", "How many instances must run before what depends on the clone starts", 0,
    ),
    _flag(
        "notify", "false", "Tell all instances before and after something happens to one of them",
    ),
    _flag("globally-unique", "false", "Whether instances do different things"),
    _flag("ordered", "false", "Start the instances of a clone one after the other"),
    _flag("interleave", "false", "Whether an instance depends only on what runs on its own node"),
    _flag("promotable", "false", "Whether instances can be promoted"),
    Option(
        "promoted-max", Kind.INTEGER, "1", "How many instances are promoted in the whole cluster",
        aliases=("master-max",), minimum=0,
    ),
    Option(
        "promoted-node-max", Kind.INTEGER, "1", "How many instances are promoted on one node",
        aliases=("master-node-max",), minimum=0,
    ),
    _flag("collocated", "true", "Whether members of a group must run on the same node (old)"),
    _text("resource_set", "", "Kept for tools that write it"),
    _text("provides", "", "What a fence device offers beside fencing, such as unfencing"),
))  # fmt: skip
"""Meta attributes of resources, by name and alias."""

OPERATION: Final = _table((
    _text("id", "", "The operation's own name in the document"),
    _text("name", "", "What is done: start, stop, monitor, …"),
    _time("interval", "0", "How long after one run the next one follows; 0: not by itself"),
    _time("timeout", "20s", "How long it may take before it counts as failed"),
    _choice("on-fail", "", _ON_FAIL, "What is done when it fails"),
    _flag("enabled", "true", "Whether it is carried out at all"),
    _flag("record-pending", "true", "Whether it is shown while it runs"),
    Option("role", Kind.ROLE, "", "Run it only where the resource has this role"),
    _choice(
        "requires", "", "nothing quorum fencing unfencing",
        "What must be there before it may run (old)",
    ),
    _time("start-delay", "0", "Wait this long before the first run"),
    _text("interval-origin", "", "A point in time from which the intervals are counted"),
    _text("description", "", "A word for people"),
    _time("trace", "", "Kept for tools that write it"),
))  # fmt: skip
"""Attributes of operations, by name."""

_FENCE_ACTIONS: Final = ("reboot", "off", "on", "list", "monitor", "status")

FENCING: Final = _table((
    _text(
        "pcmk_host_argument", "port",
        "The parameter that tells the agent which node is meant; none where there is no such one",
    ),
    _text(
        "pcmk_host_map", "",
        "The names that the device knows nodes by: node1:port1;node2:port2,port3",
    ),
    _text("pcmk_host_list", "", "The nodes that this device can fence"),
    _choice(
        "pcmk_host_check", "dynamic-list", "dynamic-list static-list status none",
        "How to find out which nodes this device can fence",
    ),
    _time("pcmk_delay_max", "0s", "Wait a random time up to this before fencing"),
    _text(
        "pcmk_delay_base", "0s",
        "Wait this long before fencing; or for each node: node1:1s;node2:5s",
    ),
    _number(
        "pcmk_action_limit", "1", "How many actions this device runs at once; -1: any number", -1,
    ),
    *(
        option
        for action in _FENCE_ACTIONS
        for option in (
            _text(f"pcmk_{action}_action", action, f"What the agent is told instead of {action}"),
            _time(f"pcmk_{action}_timeout", "60s", f"How long {action} may take with this device"),
            _number(
                f"pcmk_{action}_retries", "2",
                f"How often {action} is tried before it counts as failed", 0,
            ),
        )
    ),
    _text("pcmk_poweroff_action", "off", "What the agent is told instead of poweroff (old)"),
    _time("pcmk_timeout", "60s", "How long any action may take (old)"),
    _text("stonith-timeout", "", "How long any action may take (old)"),
    _text("priority", "", "Which of several devices is tried first (old)"),
))  # fmt: skip
"""Parameters that every fence device takes beside its agent's own."""

QUORUM: Final = _table((
    _number("expected_votes", "", "How many votes there are when all nodes are here", 1),
    _flag("two_node", "0", "The rule for exactly two nodes"),
    _flag("wait_for_all", "0", "Start only after all nodes have been seen together"),
    _flag("last_man_standing", "0", "Count lost nodes out after a while, so that fewer can go on"),
    _number(
        "last_man_standing_window", "10000",
        "How long after a loss nodes are counted out, in milliseconds", 1,
    ),
    _flag("auto_tie_breaker", "0", "Of two equal halves, let one go on"),
    _text(
        "auto_tie_breaker_node", "lowest",
        "Which half that is: lowest, highest or a list of node ids",
    ),
    _flag("allow_downscale", "0", "Count nodes out that left cleanly"),
))  # fmt: skip
"""Options of quorum, by name."""


def names_of(table: Table) -> list[str]:
    """Return the names that we write, in the table's order, without aliases."""
    return list(dict.fromkeys(option.name for option in table.values()))


def check_value(option: Option, value: str, subject: str) -> Iterator[Finding]:
    """Yield an error where *value* is none that *option* may have."""
    if not option.accepts(value):
        yield Finding.error(
            "option-value", subject, f"{option.name}={value}: expected {option.expected}",
            force="option-value",
        )  # fmt: skip


def check_options(
    table: Table, pairs: Iterable[tuple[str, str]], subject: str,
    *, unknown: Severity | None = Severity.ERROR,
) -> Iterator[Finding]:  # fmt: skip
    """Yield a finding for each name that *table* does not know, and for each value out of place.

    *unknown* says how much an unknown name weighs; None says nothing of it.
    """
    for name, value in pairs:
        option = table.get(name)
        if option is not None:
            yield from check_value(option, value, subject)
        elif unknown is not None:
            close = _closest(name, tuple(table))
            yield Finding(
                unknown, "option-unknown", subject, f"There is no option {name}",
                f"Did you mean {close}?" if close else "",
                "option-unknown" if unknown is Severity.ERROR else "",
            )  # fmt: skip


@lru_cache(maxsize=256)
def _closest(name: str, names: tuple[str, ...]) -> str:
    """Return which of *names* differs from *name* by the fewest letters, if by few.

    Remembered, since a document with a name of its own is judged anew at each change.
    """
    best = min(names, key=lambda known: (_distance(name, known), known))
    return best if _distance(name, best) <= max(1, len(name) // 4) else ""


def _distance(left: str, right: str) -> int:
    row = list(range(len(right) + 1))
    for n, letter in enumerate(left, 1):
        above, row[0] = row[0], n
        for m, other in enumerate(right, 1):
            above, row[m] = row[m], min(row[m] + 1, row[m - 1] + 1, above + (letter != other))
    return row[-1]
