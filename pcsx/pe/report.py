"""The state of the cluster as the field's text: nodes, then resources, one line each.

What stands here is what the histories tell, before any decision. Only wording happens: every fact
comes from the working set.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from pcsx.pe.assign.nodes import current_node
from pcsx.pe.constraints.location import score_or_none
from pcsx.pe.model import (
    Bundle,
    Clone,
    Group,
    Node,
    Primitive,
    Replica,
    Resource,
    Role,
    WorkingSet,
)
from pcsx.pe.read.meta import role_of

PENDING: Final = {
    "start": "Starting", "stop": "Stopping", "migrate_to": "Migrating",
    "migrate_from": "Migrating", "promote": "Promoting", "demote": "Demoting",
}  # fmt: skip
"""What is said of a resource in place of its role while the task is under way."""
_PROBE_RESULTS: Final = {2: "Invalid parameter", 5: "Not installed"}


class Status:
    """Writes the status of one working set; *pending* tells of operations under way too."""

    def __init__(self, work: WorkingSet, *, pending: bool) -> None:
        self.work = work
        self.pending = pending
        self.lines: list[str] = []
        self.failed_probes: dict[str, dict[str, str]] = {}
        for failure in work.failures:
            entry = failure.operation
            name = (entry.get("operation_key") or entry.id).rpartition("_monitor_")[0]
            if failure.hidden_probe and name and (on_node := entry.get("on_node")):
                text = _PROBE_RESULTS.get(failure.exit_code, "Not installed")
                self.failed_probes.setdefault(name, {}).setdefault(on_node.lower(), text)

    def say(self, depth: int, text: str) -> None:
        """Add a line of a list of that depth."""
        self.lines.append(f"{'  ' * depth}* {text}")

    def whole(self) -> list[str]:
        """Return all lines: the nodes, an empty line, the resources."""
        if self.work.nodes:
            self.say(1, "Node List:")
            self.nodes()
            self.lines.append("")
        self.say(1, "Full List of Resources:")
        before = len(self.lines)
        for rsc in self.work.resources:
            if rsc.removed and not is_active(rsc, partly=True):
                continue
            self.resource(rsc, 2)
        if len(self.lines) == before:
            self.say(2, "No resources")
        return self.lines

    # --- Nodes ------------------------------------------------------------------------------

    def nodes(self) -> None:
        """Write the nodes: those with something to say by themselves, then the rest together."""
        together: dict[str, list[str]] = {
            "Online": [], "OFFLINE": [], "RemoteOnline": [], "RemoteOFFLINE": [], "GuestOnline": [],
        }  # fmt: skip
        for node in self.work.nodes:
            health = health_of(self.work, node)
            if node.unclean or node.pending or node.standby or node.in_maintenance or health:
                kind = "GuestNode" if node.is_guest else "RemoteNode"
                if not node.is_pcmk_remote:
                    kind = "Node"
                note = f" (health is {health})" if health else ""
                self.say(2, f"{kind} {node.name}: {node_status(node)}{note}")
            elif node.is_guest:
                if node.online:
                    together["GuestOnline"].append(node.name)
            else:
                prefix = "Remote" if node.is_pcmk_remote else ""
                state = "Online" if node.online else "OFFLINE"
                together[prefix + state].append(node.name)
        for title, names in together.items():
            if names:
                self.say(2, f"{title}: [ {' '.join(names)} ]")

    # --- Resources --------------------------------------------------------------------------

    def resource(self, rsc: Resource, depth: int) -> None:
        """Write *rsc* and all in it that is to be told."""
        match rsc:
            case Primitive():
                if not (rsc.internal and rsc.parent is None):
                    self.say(depth, self.primitive_text(rsc))
            case Group():
                self.group(rsc, depth)
            case Clone():
                self.clone(rsc, depth)
            case Bundle():
                self.bundle(rsc, depth)

    def group(self, group: Group, depth: int) -> None:
        """Write a group and its members."""
        words = []
        if is_disabled(group):
            words.append("disabled")
        words += _care_words(group)
        self.say(depth, f"Resource Group: {group.id}{_in_parentheses(words)}:")
        for member in group.children:
            self.resource(member, depth + 1)

    def clone(self, clone: Clone, depth: int) -> None:
        """Write a clone: the instances with something to say, then the nodes of the rest."""
        words = []
        if clone.promotable:
            words.append("promotable")
        if clone.globally_unique:
            words.append("unique")
        if is_disabled(clone):
            words.append("disabled")
        words += _care_words(clone)
        inner = clone.inner.id if clone.inner is not None else ""
        self.say(depth, f"Clone Set: {clone.id} [{inner}]{_in_parentheses(words)}:")
        if clone.globally_unique:
            for instance in clone.children:
                if not (instance.removed and not is_active(instance, partly=True)):
                    self.resource(instance, depth + 1)
            return
        promoted, started = self.instances(clone, depth + 1)
        self.clone_nodes(clone, promoted, started, depth + 1)

    def instances(self, clone: Clone, depth: int) -> tuple[set[Node], set[Node]]:
        """Write what must be told of single instances; return the nodes of the others."""
        promoted: set[Node] = set()
        started: set[Node] = set()
        for instance in clone.children:
            if self.pending and instance.pending_task is not None:
                self.resource(instance, depth)
                continue
            if not is_active(instance, partly=True):
                continue
            if any(rsc.removed or rsc.failed or not rsc.managed for rsc in instance.walk()):
                self.resource(instance, depth)
                continue
            places = _places(instance)
            lost = len(places) == 1 and not places[0].online and places[0].unclean
            if not is_active(instance, partly=False) or len(places) != 1 or lost:
                self.resource(instance, depth)
            elif max(member.role for member in instance.primitives()) == Role.PROMOTED:
                promoted.add(places[0])
            else:
                started.add(places[0])
        return promoted, started

    def clone_nodes(
        self, clone: Clone, promoted: set[Node], started: set[Node], depth: int
    ) -> None:
        """Write the nodes where instances do what they should, and where there are none."""
        self.node_list(depth, "Promoted", promoted)
        role = configured_role(clone)
        title = "Started"
        if clone.promotable:
            title = "Unpromoted (target-role)" if role == Role.UNPROMOTED else "Unpromoted"
        self.node_list(depth, title, started)
        if clone.clone_max <= len(promoted) + len(started):
            return
        taken = {node for rsc in clone.primitives() for node in rsc.active}
        single = isinstance(clone.children[0], Primitive)
        by_text: dict[str, set[Node]] = {}
        for node in clone.allowed or clone.known:
            if node in taken or node.is_bundle:
                continue
            probe = self.probe_of(clone, node) if single else None
            text = "Stopped"
            if probe is not None:
                text = f"Stopped ({probe})"
            elif role == Role.STOPPED:
                text = "Stopped (disabled)"
            by_text.setdefault(text, set()).add(node)
        for text in sorted(by_text):
            self.node_list(depth, text, by_text[text])

    def probe_of(self, rsc: Resource, node: Node | None) -> str | None:
        """Return what a failed probe of *rsc* said, on *node* or on any node.

        Only what is recorded by the very name counts, for all in a clone the name of what is
        cloned, and only where the record says on which node it was made.
        """
        name = rsc.id
        if isinstance(rsc.top, Clone) and rsc.top.children:
            name = rsc.top.children[0].base_id
        found = self.failed_probes.get(name)
        if not found:
            return None
        return next(iter(found.values())) if node is None else found.get(node.name.lower())

    def node_list(self, depth: int, title: str, nodes: set[Node]) -> None:
        """Write the names of *nodes* after *title*, if there are any."""
        if nodes:
            names = " ".join(node.name for node in sorted(nodes, key=lambda node: node.index))
            self.say(depth, f"{title}: [ {names} ]")

    def bundle(self, bundle: Bundle, depth: int) -> None:
        """Write a bundle, one line a replica."""
        several = " set" if len(bundle.replicas) > 1 else ""
        unique = " (unique)" if bundle.globally_unique else ""
        care = _in_parentheses(_care_words(bundle))
        self.say(depth, f"Container bundle{several}: {bundle.id} [{bundle.image}]{unique}{care}:")
        for replica in bundle.replicas:
            self.replica(replica, depth + 1)

    def replica(self, replica: Replica, depth: int) -> None:
        """Write one replica: the service's state on the container's node."""
        shown = replica.child or replica.container
        name = (replica.connection or replica.container).id
        address = f" ({replica.address})" if replica.ip is not None else ""
        node = current_node(replica.container)
        self.say(depth, self.primitive_text(shown, name=name + address, at=node, fixed=True))

    def primitive_text(
        self,
        rsc: Primitive,
        *,
        name: str | None = None,
        at: Node | None = None,
        fixed: bool = False,
    ) -> str:
        """Return the line of *rsc*; *fixed* tells it to be on the node *at* whatever it says."""
        node = at
        if not fixed:
            node = current_node(rsc) or (rsc.pending_node if self.pending else None)
            if node is None:
                node = rsc.pending_node or rsc.lock_node
        if len(rsc.active) > 1:
            node = None
        standard, provider, kind = rsc.agent
        agent = f"{standard}:{provider}:{kind}" if standard == "ocf" else f"{standard}:{kind}"
        text = f"{name or shown_name(rsc)}\t({agent}):\t"
        if rsc.removed:
            text += " ORPHANED"
        role = shown_role(rsc)
        if rsc.failed:
            text += " FAILED"
            if role == Role.PROMOTED:
                text += " Promoted"
        else:
            word = PENDING.get(rsc.pending_task or "") if self.pending else None
            text += f" {word or role.label}"
        if node is not None:
            text += f" {node.name}"
        if rsc.role == Role.STOPPED and (probe := self.probe_of(rsc, node)) is not None:
            text += f" ({probe}) "
        text += _in_parentheses(self.flags(rsc, node))
        if len(rsc.active) > 1:
            if description := rsc.meta.get("description"):
                text += f" ({description})"
            text += f" [ {' '.join(place.name for place in rsc.active)} ]"
        return text

    def flags(self, rsc: Primitive, node: Node | None) -> list[str]:
        """Return what is special about *rsc*, in a word each."""
        words = []
        if node is not None and not node.online and node.unclean:
            words.append("UNCLEAN")
        if node is not None and node is rsc.lock_node:
            words.append("LOCKED")
        if self.pending and rsc.pending_task == "monitor":
            words.append("Monitoring")
        role = role_of(rsc.meta.get("target-role"))
        if role == Role.STOPPED:
            words.append("disabled")
        elif role == Role.UNPROMOTED and rsc.topmost.promotable:
            words.append(f"target-role:{rsc.meta['target-role']}")
        if rsc.blocked:
            words.append("blocked")
        elif rsc.maintenance:
            words.append("maintenance")
        elif not rsc.managed:
            words.append("unmanaged")
        if rsc.failure_ignored:
            words.append("failure ignored")
        return words


# --- Facts that need a word or two ---------------------------------------------------------------


def node_status(node: Node) -> str:
    """Return the state of *node* in the field's words."""
    if node.unclean:
        if node.online:
            return "UNCLEAN (online)"
        return "UNCLEAN (pending)" if node.pending else "UNCLEAN (offline)"
    if node.pending:
        return "pending"
    if node.standby_by_failure and node.online:
        return "standby (on-fail)"
    if node.standby:
        if not node.online:
            return "OFFLINE (standby)"
        return "standby (with active resources)" if node.running else "standby"
    if node.in_maintenance:
        return "maintenance" if node.online else "OFFLINE (maintenance)"
    return "online" if node.online else "OFFLINE"


def health_of(work: WorkingSet, node: Node) -> str:
    """Return RED or YELLOW where the health of *node* is so, else nothing."""
    options = work.options
    if options.health_strategy == "none":
        return ""
    values = [value for name, value in node.attrs.items() if name.startswith("#health")]
    for colour, limit in (("red", options.health_red), ("yellow", options.health_yellow)):
        for value in values:
            number = score_or_none(value)
            if value.lower() == colour or (number is not None and number <= limit):
                return colour.upper()
    return ""


def is_active(rsc: Resource, *, partly: bool) -> bool:
    """Say whether all in *rsc* is active, or, if *partly*, anything in it."""
    if isinstance(rsc, Primitive):
        return any(node.unclean or node.online or not rsc.managed for node in rsc.active)
    found = (is_active(child, partly=partly) for child in rsc.children)
    return any(found) if partly else all(found)


def is_disabled(rsc: Resource) -> bool:
    """Say whether *rsc* is configured not to run, or not to be promoted."""
    role = role_of(rsc.meta.get("target-role"))
    return role == Role.STOPPED or (role == Role.UNPROMOTED and rsc.topmost.promotable)


def configured_role(clone: Clone) -> Role:
    """Return the target-role of *clone*, else that of its first instance."""
    text = clone.meta.get("target-role")
    if text is None and clone.children:
        text = clone.children[0].meta.get("target-role")
    return role_of(text) or Role.UNKNOWN


def shown_name(rsc: Primitive) -> str:
    """Return the id as it is shown: without a number where instances are alike."""
    if rsc.instance is not None and not rsc.globally_unique and not rsc.internal:
        return rsc.base_id
    return rsc.id


def shown_role(rsc: Primitive) -> Role:
    """Return the role as it is shown: in a promotable clone, Started is Unpromoted."""
    if rsc.role == Role.STARTED and rsc.topmost.promotable:
        return Role.UNPROMOTED
    return rsc.role


def instance_counts(work: WorkingSet) -> tuple[int, int, int]:
    """Return how many primitives there are, and how many are disabled and blocked."""
    total = disabled = blocked = 0
    for top in work.resources:
        for rsc in top.primitives():
            if rsc.removed and rsc.role == Role.STOPPED:
                continue
            total += 1
            disabled += is_disabled(rsc)
            blocked += rsc.blocked
    return total, disabled, blocked


def _places(rsc: Resource) -> list[Node]:
    return list(dict.fromkeys(node for member in rsc.primitives() for node in member.active))


def _care_words(rsc: Resource) -> list[str]:
    if rsc.maintenance:
        return ["maintenance"]
    return [] if rsc.managed else ["unmanaged"]


def _in_parentheses(words: Iterable[str]) -> str:
    text = ", ".join(words)
    return f" ({text})" if text else ""
