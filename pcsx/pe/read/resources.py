"""Resources as configured, made into those of the working set, with their instances.

Bundles are in `bundles.py`, what the meta-attributes mean in `meta.py`.
"""

from __future__ import annotations

from typing import Final

from pcsx.cib import objects
from pcsx.cib.evaluate import Circumstances, fill, integer_of, truth_of
from pcsx.pe.model import (
    Bundle,
    Clone,
    Collective,
    Group,
    Node,
    Primitive,
    Resource,
    Table,
    WorkingSet,
)
from pcsx.pe.read.meta import (
    INSTANCES_MAX,
    apply_meta,
    fill_meta,
    limited_instances,
    role_of,
    truth_in,
    whole_of,
)
from pcsx.pe.read.nodes import mark_unseen, remote_node
from pcsx.values import INFINITY

CONNECTION: Final = ("ocf", "pacemaker", "remote")


def read_resources(work: WorkingSet) -> None:
    """Make all configured resources, and the nodes that they imply."""
    work.unfencing_in_use = work.cib.mentions(
        "meta_attributes", frozenset(("provides", "requires")), "unfencing"
    )
    implied = read_implied(work)
    for config in (*work.cib.resources, *implied):
        if isinstance(config, objects.Template):
            work.templates.setdefault(config.id, [])
            continue
        rsc = unpack(work, config, None)
        if rsc is not None:
            work.resources.append(rsc)
    _link_launchers(work)
    _link_connections(work)
    work.resources.sort(key=lambda rsc: -rsc.priority)
    for index, rsc in enumerate(work.resources):
        rsc.index = index


# --- Nodes that resources imply -------------------------------------------------------------


def read_implied(work: WorkingSet) -> list[objects.Primitive]:
    """Make the nodes that connections and `remote-node` options imply.

    Returned are the connections to the guests, which nobody configured.
    """
    implied = []
    for config in work.cib.resources:
        if isinstance(config, objects.Primitive) and not isinstance(config, objects.Template):
            agent = (config.class_ or "", config.provider or "", config.type or "")
            if tuple(word.lower() for word in agent) == CONNECTION:
                remote_node(work, config.id)
                continue
            candidates: tuple[objects.Primitive, ...] = (config,)
        elif isinstance(config, objects.Group):
            candidates = config.members
        else:
            continue
        for candidate in candidates:
            connection = _guest_of(candidate)
            if connection is not None and connection.id.lower() not in work.nodes_by_name:
                remote_node(work, connection.id)
                implied.append(connection)
    return implied


def _guest_of(config: objects.Primitive) -> objects.Primitive | None:
    meta: dict[str, str] = {}
    for block in config.meta:
        for pair in block.pairs:
            if pair.name and pair.value is not None:
                meta[pair.name] = pair.value
    name = meta.get("remote-node")
    if not name:
        return None
    return connection_config(
        name,
        config.id,
        addr=meta.get("remote-addr"),
        port=meta.get("remote-port"),
        start_timeout=meta.get("remote-connect-timeout", "60s"),
        allow_migrate=meta.get("remote-allow-migrate"),
        managed=meta.get("is-managed"),
    )


def connection_config(
    name: str,
    container: str,
    *,
    addr: str | None,
    port: str | None,
    start_timeout: str | None,
    allow_migrate: str | None = None,
    managed: str | None = None,
) -> objects.Primitive:
    """Return the connection to the node *name* that lives in *container*, as if configured."""
    meta = {
        "internal_rsc": "true",
        "container": container,
        "allow-migrate": allow_migrate,
        "is-managed": managed,
    }
    ops = [
        objects.Operation(
            id=f"{name}-monitor-interval-30s", name="monitor", interval="30s", timeout="30s"
        )
    ]
    if start_timeout is not None:
        ops.append(
            objects.Operation(
                id=f"{name}-start-interval-0", name="start", interval="0", timeout=start_timeout
            )
        )
    return objects.Primitive(
        id=name,
        class_="ocf",
        provider="pacemaker",
        type="remote",
        meta=(objects.MetaAttributes(pairs=pairs(meta)),),
        params=(objects.InstanceAttributes(pairs=pairs({"addr": addr, "port": port})),),
        operations=objects.Operations(ops=tuple(ops)),
    )


def pairs(values: dict[str, str | None]) -> tuple[objects.NvPair, ...]:
    """Return those *values* that are set, as pairs."""
    return tuple(
        objects.NvPair(name=name, value=value)
        for name, value in values.items()
        if value is not None
    )


# --- One resource -----------------------------------------------------------------------------


def unpack(
    work: WorkingSet,
    config: objects.Resource,
    parent: Collective | None,
    *,
    number: int | None = None,
    meta: dict[str, str] | None = None,
    exclusive: bool = False,
) -> Resource | None:
    """Return the resource that *config* describes, with all in it; None if it is invalid.

    *number* makes it an instance (or a member of one); *meta* adds options to its own.
    """
    if isinstance(config, objects.Primitive):
        merged = expand_template(work, config)
        if merged is None:
            return None
        config = merged
    rsc_id = config.id if number is None else f"{config.id}:{number}"
    kind = _KINDS[type(config)]
    rsc = kind(rsc_id, config, parent)
    rsc.base_id = config.id
    rsc.instance = number
    if meta is not None:
        rsc.meta = meta
    rsc.exclusive_discovery = exclusive
    if isinstance(config, objects.Primitive):
        rsc.agent = (config.class_ or "", config.provider or "", config.type or "")
        rsc.is_connection = tuple(word.lower() for word in rsc.agent) == CONNECTION
        if config.operations is not None:
            rsc.ops = config.operations.ops
    fill_meta(work, rsc)
    rsc.internal = truth_of(rsc.meta.get("internal_rsc"))
    if parent is None or kind in (Bundle, Clone):
        rsc.promotable = kind in (Bundle, Clone) and truth_of(rsc.meta.get("promotable"))
    else:  # what a bundle is made of is not, whatever it inherits
        rsc.promotable = parent.promotable and not isinstance(parent, Bundle)
    _apply_uniqueness(rsc)
    apply_meta(work, rsc)
    if not _unpack_contents(work, rsc):
        return None
    _register(work, rsc)
    allow_everywhere(work, rsc)
    _read_utilization(work, rsc)
    return rsc


_KINDS: Final[dict[type[objects.Resource], type[Primitive | Group | Clone | Bundle]]] = {
    objects.Primitive: Primitive,
    objects.Group: Group,
    objects.Clone: Clone,
    objects.Bundle: Bundle,
}


def _apply_uniqueness(rsc: Resource) -> None:
    if isinstance(rsc, Clone):
        truth = truth_in(rsc.meta, "globally-unique")
        if truth is None:
            truth = whole_of(rsc.meta, ("clone-node-max",), 1) > 1
        rsc.globally_unique = truth
    elif rsc.parent is not None and rsc.instance is not None:
        rsc.globally_unique = truth_of(
            rsc.meta.get("globally-unique"), default=rsc.parent.globally_unique
        )


def _unpack_contents(work: WorkingSet, rsc: Resource) -> bool:
    """Make what is in *rsc*; False where that leaves it invalid."""
    match rsc:
        case Primitive():
            return _unpack_primitive(work, rsc)
        case Group():
            return _unpack_group(work, rsc)
        case Clone():
            return _unpack_clone(work, rsc)
        case Bundle():
            # Here, since a bundle is made of resources, which are unpacked here in turn.
            from pcsx.pe.read import bundles

            return bundles.unpack_bundle(work, rsc)
    raise AssertionError(rsc)


def _unpack_primitive(work: WorkingSet, rsc: Primitive) -> bool:
    standard = rsc.agent[0]
    if not standard or not rsc.agent[2]:
        return False
    clone = rsc.parent
    while clone is not None and not isinstance(clone, Clone):
        clone = clone.parent
    if clone is not None:
        if standard not in ("ocf", "stonith") and rsc.globally_unique:
            _force_anonymous(work, rsc, clone)
        if standard != "ocf" and clone.promotable:
            return False
    if rsc.is_fence_device:
        work.fencing_available = True
        if truth_of(rsc.meta.get("provides") and str(rsc.meta["provides"] == "unfencing")):
            work.unfencing_in_use = True
    return True


def _force_anonymous(work: WorkingSet, rsc: Primitive, clone: Clone) -> None:
    """Make *clone* anonymous: agents of this class cannot tell instances apart.

    One that was meant to be unique has no use for more instances than nodes then. What of an
    instance was made before the member that forces this, stays as it was meant.
    """
    if clone.globally_unique:
        clone.clone_node_max = 1
        clone.clone_max = min(clone.clone_max, len(work.nodes))
    for part in clone.walk():
        part.globally_unique = False
    rsc.globally_unique = False


def _unpack_group(work: WorkingSet, rsc: Group) -> bool:
    config = rsc.config
    assert isinstance(config, objects.Group)
    rsc.ordered = truth_of(rsc.meta.get("ordered"), default=True)
    rsc.collocated = truth_of(rsc.meta.get("collocated"), default=True)
    for member in config.members:
        child = unpack(work, member, rsc, number=rsc.instance)
        if child is not None:
            rsc.children.append(child)
    return bool(rsc.children)


def _unpack_clone(work: WorkingSet, rsc: Clone) -> bool:
    config = rsc.config
    assert isinstance(config, objects.Clone)
    if not config.contents:
        return False
    meta = rsc.meta
    rsc.inner = config.contents[0]
    if rsc.promotable:
        rsc.promoted_max = whole_of(meta, ("promoted-max", "master-max"), 1)
        rsc.promoted_node_max = whole_of(meta, ("promoted-node-max", "master-node-max"), 1)
    rsc.clone_node_max = whole_of(meta, ("clone-node-max",), 1)
    wanted = whole_of(meta, ("clone-max",), max(1, len(work.nodes)))
    rsc.clone_max = limited_instances(work, rsc, wanted, INSTANCES_MAX)
    rsc.clone_min = whole_of(meta, ("clone-min",), 0)
    rsc.ordered = truth_of(meta.get("ordered"))
    rsc.interleave = truth_of(meta.get("interleave"))
    rsc.has_notifications = rsc.notify
    if not rsc.globally_unique and rsc.clone_node_max > 1:
        rsc.clone_node_max = 1
    meta.setdefault("resource-stickiness", "1")
    meta["globally-unique"] = "true" if rsc.globally_unique else "false"
    for number in range(max(1, rsc.clone_max)):
        if number and number >= rsc.clone_max:
            break
        if add_instance(work, rsc) is None:
            return False
    return True


def add_instance(work: WorkingSet, clone: Clone) -> Primitive | Group | None:
    """Return one more instance of *clone*; beyond clone-max it is a removed one."""
    assert clone.inner is not None
    number = len(clone.children)
    meta = {"clone": str(number), "clone-max": str(clone.clone_max)}
    in_bundle = isinstance(clone.parent, Bundle)
    instance = unpack(work, clone.inner, clone, number=number, meta=meta, exclusive=in_bundle)
    if instance is None:
        return None
    assert isinstance(instance, Primitive | Group)
    if number >= clone.clone_max:
        for rsc in instance.walk():
            rsc.removed = True
    clone.children.append(instance)
    return instance


def _register(work: WorkingSet, rsc: Resource) -> None:
    work.by_id.setdefault(rsc.id, rsc)
    work.by_base_id.setdefault(rsc.base_id, []).append(rsc)


def allow_everywhere(work: WorkingSet, rsc: Resource) -> None:
    """Let *rsc* run on all nodes of a symmetric cluster, with each node's own score.

    In a cluster that is opted into, the connection of a guest or bundle node is everywhere, on
    bundle nodes too, since it goes where its container goes.
    """
    symmetric = work.options.symmetric
    if not symmetric and not (rsc.is_connection and "container" in rsc.meta):
        return
    if rsc.exclusive_discovery:
        return
    everywhere: Table = {
        node: max(-INFINITY, min(INFINITY, node.base_score))
        for node in work.nodes
        if not (symmetric and node.never_probe)
    }
    rsc.allowed = everywhere
    for child in rsc.children:
        _allow_new(child, everywhere)


def _allow_new(rsc: Resource, everywhere: Table) -> None:
    """Let what was made before the latest nodes run on these too."""
    if rsc.exclusive_discovery:
        return
    for node, score in everywhere.items():
        if node not in rsc.allowed:
            rsc.allowed[node] = score
    for child in rsc.children:
        _allow_new(child, everywhere)


def _read_utilization(work: WorkingSet, rsc: Resource) -> None:
    if rsc.config is not None and rsc.config.utilization:
        where = Circumstances(now=work.wall, agent=rsc.agent, turns=work.turns)
        for name, value in fill({}, rsc.config.utilization, where, work.cib).items():
            rsc.utilization[name] = integer_of(value) or 0


# --- Templates --------------------------------------------------------------------------------


def expand_template(work: WorkingSet, config: objects.Primitive) -> objects.Primitive | None:
    """Return *config* with what its template says first, and its operations resolved.

    None where there is no such template.
    """
    own = _operations_of(work, config.operations)
    if config.template is None:
        if own is config.operations:
            return config
        return config.replaced(operations=own)
    template = next(
        (
            item
            for item in work.cib.resources
            if isinstance(item, objects.Template) and item.id == config.template
        ),
        None,
    )
    if template is None:
        return None
    made = work.templates.setdefault(template.id, [])
    if config.id not in made:
        made.append(config.id)
    return config.replaced(
        class_=template.class_,
        provider=template.provider,
        type=template.type,
        template=None,
        meta=template.meta + config.meta,
        params=template.params + config.params,
        utilization=template.utilization + config.utilization,
        operations=_joined(own, _operations_of(work, template.operations)),
    )


def _operations_of(
    work: WorkingSet, operations: objects.Operations | None
) -> objects.Operations | None:
    if operations is not None and operations.id_ref is not None:
        return work.cib.find(objects.Operations, operations.id_ref)
    return operations


def _joined(
    own: objects.Operations | None, template: objects.Operations | None
) -> objects.Operations | None:
    """Return the operations of both; an own one hides the template's of its name and role."""
    if own is None or template is None:
        return own or template
    keys = {_operation_key(op) for op in own.ops}
    return own.replaced(
        ops=own.ops + tuple(op for op in template.ops if _operation_key(op) not in keys)
    )


def _operation_key(op: objects.Operation) -> tuple[str | None, str]:
    role = (op.role or "Started").lower()
    if role in ("started", "unpromoted", "slave"):
        role = "started"
    return op.name, role


# --- Ties between resources -------------------------------------------------------------------


def _link_launchers(work: WorkingSet) -> None:
    for rsc in work.resources:
        for primitive in rsc.primitives():
            container = primitive.meta.get("container")
            if container is None or primitive.launcher is not None:
                continue
            launcher = work.by_id.get(container)
            if not isinstance(launcher, Primitive):
                continue
            if _lives_in(launcher, primitive):
                work.notices.append(
                    f"{primitive.id} cannot live in {launcher.id}, which lives in it: the "
                    "container is ignored."
                )
            else:
                primitive.launcher = launcher
                launcher.launched.append(primitive)


def _lives_in(rsc: Primitive, launcher: Primitive) -> bool:
    """Say whether *rsc* is *launcher*, or lives in it at any depth."""
    inner: Resource | None = rsc
    while inner is not None and inner is not launcher:
        inner = inner.launcher
    return inner is launcher


def _link_connections(work: WorkingSet) -> None:
    for rsc in work.resources:
        for primitive in rsc.primitives():
            if primitive.is_connection:
                link_connection(work, primitive)


def link_connection(work: WorkingSet, connection: Primitive) -> None:
    """Tie *connection* to the node that it leads to."""
    node = work.nodes_by_name.get(connection.id.lower())
    if node is None or not node.is_pcmk_remote:
        return
    node.connection = connection
    connection.connects = node
    if connection.launcher is None:
        mark_unseen(work, node)
    else:
        node.attrs["#kind"] = "container"


def node_of_connection(connection: Resource) -> Node | None:
    """Return the node that *connection* leads to."""
    return connection.connects


__all__ = [
    "add_instance", "allow_everywhere", "connection_config", "expand_template", "link_connection",
    "node_of_connection", "pairs", "read_resources", "role_of", "unpack",
]  # fmt: skip
