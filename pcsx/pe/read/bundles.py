"""Bundles: for each replica a container, perhaps an address and a connection to what runs inside,
and one implicit clone of the service, whose instances run each in its own container.

The parts are described as if they were configured and then made like any other resource.
"""

from __future__ import annotations

import re
from typing import Final

from pcsx.cib import objects
from pcsx.cib.evaluate import truth_of
from pcsx.lean import dataclass
from pcsx.pe.model import Bundle, Clone, Discovery, Node, Primitive, Replica, WorkingSet
from pcsx.pe.read import resources
from pcsx.pe.read.meta import REPLICAS_MAX, limited_instances, whole_of
from pcsx.pe.read.nodes import new_node
from pcsx.pe.scores import add_to
from pcsx.values import INFINITY

_CONTROL_PORT: Final = "3121"
_INNER_SCORE: Final = 500


@dataclass(slots=True)
class _Plan:
    """What the replicas of one bundle have in common."""

    bundle: Bundle
    config: objects.Bundle
    software: objects.ContainerImage
    network: objects.Network
    addresses: list[str | None]
    has_service: bool
    control_port: str

    @property
    def host_list(self) -> str:
        """Return the options that tell each container the addresses of all."""
        if self.network.add_host is not None and not truth_of(self.network.add_host):
            return f" --hosts-entry=ip={self.bundle.id}"
        return "".join(
            f" --add-host={self.bundle.id}-{number}:{address}"
            for number, address in enumerate(self.addresses)
            if address is not None
        )


def unpack_bundle(work: WorkingSet, bundle: Bundle) -> bool:
    """Make all that is in *bundle*; False where it cannot work."""
    config = bundle.config
    assert isinstance(config, objects.Bundle)
    software = config.docker or config.podman
    if software is None:
        return False
    counts = {
        name: value
        for name, value in (
            ("promoted-max", software.promoted_max or software.masters),
            ("replicas", software.replicas),
            ("replicas-per-host", software.replicas_per_host),
        )
        if value is not None
    }
    bundle.promoted_max = whole_of(counts, ("promoted-max",), 0)
    wanted = max(1, whole_of(counts, ("replicas",), bundle.promoted_max or 1))
    replicas = limited_instances(work, bundle, wanted, REPLICAS_MAX)
    bundle.replicas_per_host = max(1, whole_of(counts, ("replicas-per-host",), 1))
    bundle.globally_unique = bundle.replicas_per_host > 1
    bundle.launcher_type = software.tag
    bundle.image = software.image or ""
    bundle.interleave = truth_of(bundle.meta.get("interleave"))
    bundle.promotable = bundle.promotable or bundle.promoted_max > 0
    network = config.network or objects.Network()
    has_service = config.primitive is not None
    if has_service and not (network.ip_range_start or network.control_port):
        return False
    if has_service and not network.ip_range_start:
        bundle.replicas_per_host = 1  # it keeps being called unique, though
    if has_service:
        bundle.inner = _inner_clone(work, bundle, replicas)
        if bundle.inner is None:
            return False
    plan = _Plan(
        bundle,
        config,
        software,
        network,
        addresses_from(network.ip_range_start, replicas),
        has_service,
        network.control_port or _CONTROL_PORT,
    )
    for number in range(replicas):
        if not _add_replica(work, plan, number):
            return False
    if bundle.inner is not None:
        bundle.children.append(bundle.inner)
    return True


def _inner_clone(work: WorkingSet, bundle: Bundle, replicas: int) -> Clone | None:
    config = bundle.config
    assert isinstance(config, objects.Bundle) and config.primitive is not None
    promotable = bundle.promoted_max > 0
    meta = {
        "ordered": "true",
        "clone-max": str(replicas),
        "clone-node-max": str(bundle.replicas_per_host),
        "globally-unique": "true" if bundle.replicas_per_host > 1 else "false",
        "promotable": "true" if promotable else None,
        "promoted-max": str(bundle.promoted_max) if promotable else None,
    }
    clone = resources.unpack(
        work,
        objects.Clone(
            id=f"{bundle.id}-{'master' if promotable else 'clone'}",
            meta=(objects.MetaAttributes(pairs=resources.pairs(meta)),),
            contents=(config.primitive,),
        ),
        bundle,
    )
    if clone is None:
        return None
    assert isinstance(clone, Clone)
    clone.internal = True
    if any(instance.notify for instance in clone.children):
        clone.notify = clone.has_notifications = True
    return clone


def addresses_from(first: str | None, count: int) -> list[str | None]:
    """Return *count* addresses, one after the other, from *first* on; None where there is none."""
    found: list[str | None] = []
    address = first
    for _ in range(count):
        found.append(address)
        address = _next_address(address)
    return found


def _next_address(address: str | None) -> str | None:
    match = re.fullmatch(r"(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})", address or "")
    if match is None:
        return None
    a, b, c, d = (int(part) for part in match.groups())
    if d <= 253:
        return f"{a}.{b}.{c}.{d + 1}"
    return f"{a}.{b}.{c + 1}.1" if c <= 253 else None


def _xml_id(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.\-]", ".", text)


def _part(
    work: WorkingSet,
    bundle: Bundle,
    rsc_id: str,
    agent: tuple[str, str, str],
    params: dict[str, str | None],
) -> Primitive | None:
    monitor = objects.Operation(id=f"{rsc_id}-monitor-interval-60s", name="monitor", interval="60s")
    made = resources.unpack(
        work,
        objects.Primitive(
            id=rsc_id,
            class_=agent[0],
            provider=agent[1],
            type=agent[2],
            meta=(objects.MetaAttributes(pairs=resources.pairs({"internal_rsc": "true"})),),
            params=(objects.InstanceAttributes(pairs=resources.pairs(params)),),
            operations=objects.Operations(ops=(monitor,)),
        ),
        bundle,
    )
    assert made is None or isinstance(made, Primitive)
    return made


def _add_replica(work: WorkingSet, plan: _Plan, number: int) -> bool:
    bundle = plan.bundle
    container = _part(
        work,
        bundle,
        _xml_id(f"{bundle.id}-{bundle.launcher_type}-{number}"),
        ("ocf", "heartbeat", bundle.launcher_type),
        _container_params(plan, number),
    )
    if container is None:
        return False
    container.globally_unique = False
    container.instance = number
    replica = Replica(number, container)
    bundle.replicas.append(replica)
    bundle.children.append(container)
    replica.address = plan.addresses[number]
    if replica.address is not None:
        replica.ip = _part(
            work,
            bundle,
            _xml_id(f"{bundle.id}-ip-{replica.address}"),
            ("ocf", "heartbeat", "IPaddr2"),
            {
                "ip": replica.address,
                "nic": plan.network.host_interface,
                "cidr_netmask": plan.network.host_netmask or "32",
            },
        )
        if replica.ip is None:
            return False
        bundle.children.append(replica.ip)
    return bundle.inner is None or _add_connection(work, plan, replica)


def _add_connection(work: WorkingSet, plan: _Plan, replica: Replica) -> bool:
    bundle = plan.bundle
    assert bundle.inner is not None
    child = bundle.inner.children[replica.number]
    assert isinstance(child, Primitive)
    replica.child = child
    name = _xml_id(f"{bundle.id}-{replica.number}")
    if name in work.by_id:
        name = _xml_id(f"pcmk-internal-{child.id}-remote-{replica.number}")
    node = work.nodes_by_name.get(name.lower())
    if node is None:
        node = new_node(work, name, name, "container")
    else:
        _forbid_everywhere(work, node)
    node.is_bundle = True
    node.base_score = -INFINITY
    node.never_probe = True
    replica.node = node
    connection = resources.unpack(
        work,
        resources.connection_config(
            name,
            replica.container.id,
            addr=replica.address or "#uname",
            port=plan.control_port,
            start_timeout=None,
        ),
        bundle,
    )
    if connection is None:
        return False
    assert isinstance(connection, Primitive)
    replica.connection = connection
    for host in connection.allowed:
        if host.is_pcmk_remote:
            connection.allowed[host] = -INFINITY
    connection.launcher = replica.container
    replica.container.launched.append(connection)
    bundle.children.append(connection)
    child.allowed = {node: _INNER_SCORE}
    child.discovery = {node: Discovery.EXCLUSIVE}
    child.exclusive_discovery = True
    child.bundle_node = node
    add_to(bundle.inner.allowed, node, -INFINITY)
    replica.container.utilization.update(child.utilization)
    child.utilization = {}
    if replica.address is not None:
        child.meta["external-ip"] = replica.address
    return True


def _forbid_everywhere(work: WorkingSet, node: Node) -> None:
    """Keep what was unpacked so far away from a node that turns out to be a bundle's."""
    for rsc in work.by_id.values():
        if node in rsc.allowed:
            rsc.allowed[node] = -INFINITY
            rsc.discovery[node] = Discovery.NEVER


def _container_params(plan: _Plan, number: int) -> dict[str, str | None]:
    mounts, sources = _mounts_of(plan, number)
    command = plan.software.run_command
    if command is None and plan.has_service:
        command = "/usr/sbin/pacemaker-remoted"
    return {
        "image": plan.software.image,
        "allow_pull": "true",
        "force_kill": "false",
        "reuse": "false",
        "run_opts": _run_options(plan, number, mounts),
        "mount_points": ",".join(sources),
        "run_cmd": command,
        "monitor_cmd": "/bin/true",
    }


def _mounts_of(plan: _Plan, number: int) -> tuple[list[str], list[str]]:
    """Return the mounts as options, and the directories made for this replica alone."""
    storage = plan.config.storage
    mappings = list(storage.mappings) if storage is not None else []
    if plan.has_service:
        mappings.append(
            objects.StorageMapping(
                source_dir="/etc/pacemaker/authkey", target_dir="/etc/pacemaker/authkey"
            )
        )
        if all(mapping.target_dir != "/var/log" for mapping in mappings):
            mappings.append(
                objects.StorageMapping(
                    source_dir_root="/var/log/pacemaker/bundles", target_dir="/var/log"
                )
            )
    options, own = [], []
    for mapping in mappings:
        source = mapping.source_dir
        if mapping.source_dir_root is not None:
            source = f"{mapping.source_dir_root}/{plan.bundle.id}-{number}"
            own.append(source)
        suffix = f":{mapping.options}" if mapping.options is not None else ""
        options.append(f"-v {source}:{mapping.target_dir}{suffix}")
    return options, own


def _run_options(plan: _Plan, number: int, mounts: list[str]) -> str:
    address = plan.addresses[number]
    network = plan.software.network
    parts = ["--restart=no"] if plan.bundle.launcher_type == "docker" else []
    if plan.network.ip_range_start is not None:
        parts.append(f"-h {plan.bundle.id}-{number}")
    parts.append("-e PCMK_stderr=1")
    if network is not None:
        parts.append(f"--net={network}")
    parts.append(f"-e PCMK_remote_port={plan.control_port}")
    parts += mounts
    for port, internal in _ports_of(plan):
        if address is not None:
            parts.append(f"-p {address}:{port}:{internal}")
        elif network != "host":
            parts.append(f"-p {port}:{internal}")
    if plan.software.options is not None:
        parts.append(plan.software.options)
    parts.append(plan.host_list)
    return "".join(f" {part}" for part in parts)


def _ports_of(plan: _Plan) -> list[tuple[str, str]]:
    ports = []
    for mapping in plan.network.ports:
        if mapping.port is not None:
            ports.append((mapping.port, mapping.internal_port or mapping.port))
        elif mapping.range is not None:
            ports.append((mapping.range, mapping.range))
    if plan.has_service:
        ports.append((plan.control_port, plan.control_port))
    return ports
