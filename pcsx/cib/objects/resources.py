"""Resources as configured: primitives and their templates, groups, clones, bundles."""

from __future__ import annotations

from typing import ClassVar

from pcsx.cib.objects.base import NOTHING, Extra, XmlObject, attribute, many, one
from pcsx.cib.objects.nvpairs import InstanceAttributes, MetaAttributes, Utilization


class Operation(XmlObject):
    """One operation of a resource and its options."""

    tag: ClassVar[str] = "op"
    id: str | None = attribute()
    name: str | None = attribute()
    interval: str | None = attribute()
    timeout: str | None = attribute()
    role: str | None = attribute()
    on_fail: str | None = attribute()
    enabled: str | None = attribute()
    start_delay: str | None = attribute()
    interval_origin: str | None = attribute()
    record_pending: str | None = attribute()
    description: str | None = attribute()
    meta: tuple[MetaAttributes, ...] = many(MetaAttributes)
    params: tuple[InstanceAttributes, ...] = many(InstanceAttributes)
    extra: Extra = NOTHING

    def options(self) -> dict[str, str]:
        """Return all that stands on the element itself, under the names of the CIB, but the id."""
        named = {
            "name": self.name,
            "interval": self.interval,
            "timeout": self.timeout,
            "role": self.role,
            "on-fail": self.on_fail,
            "enabled": self.enabled,
            "start-delay": self.start_delay,
            "interval-origin": self.interval_origin,
            "record-pending": self.record_pending,
            "description": self.description,
        }
        options = {name: value for name, value in named.items() if value is not None}
        options.update(self.extra.attributes)
        return options


class Operations(XmlObject):
    """The operations of a resource; with *id_ref*, another one's."""

    tag: ClassVar[str] = "operations"
    id: str | None = attribute()
    id_ref: str | None = attribute()
    ops: tuple[Operation, ...] = many(Operation)
    extra: Extra = NOTHING


class Resource(XmlObject):
    """What all kinds of resource have; only the subclasses occur."""

    id: str = attribute()
    description: str | None = attribute()
    meta: tuple[MetaAttributes, ...] = many(MetaAttributes)
    params: tuple[InstanceAttributes, ...] = many(InstanceAttributes)
    utilization: tuple[Utilization, ...] = many(Utilization)

    def attributes(self) -> dict[str, str]:
        """Return what stands on the element itself, as meta-attributes see it."""
        found = {"id": self.id}
        if self.description is not None:
            found["description"] = self.description
        rest: Extra = getattr(self, "extra", Extra())
        found.update(rest.attributes)
        return found


class Primitive(Resource):
    """One service."""

    tag: ClassVar[str] = "primitive"
    class_: str | None = attribute("class")
    provider: str | None = attribute()
    type: str | None = attribute()
    template: str | None = attribute()
    operations: Operations | None = one(Operations)
    extra: Extra = NOTHING

    def attributes(self) -> dict[str, str]:
        """Return what stands on the element itself, as meta-attributes see it."""
        found = Resource.attributes(self)
        for name, value in (
            ("class", self.class_),
            ("provider", self.provider),
            ("type", self.type),
            ("template", self.template),
        ):
            if value is not None:
                found[name] = value
        return found


class Template(Primitive):
    """A primitive's content for others to begin from; it runs nowhere itself."""

    tag: ClassVar[str] = "template"


class Group(Resource):
    """Primitives that run together, in order."""

    tag: ClassVar[str] = "group"
    members: tuple[Primitive, ...] = many(Primitive)
    extra: Extra = NOTHING


class Clone(Resource):
    """A primitive or group that runs in several instances."""

    tag: ClassVar[str] = "clone"
    contents: tuple[Primitive | Group, ...] = many(Primitive, Group)
    extra: Extra = NOTHING


class ContainerImage(XmlObject):
    """The container software and the image of a bundle; the subclasses name the software."""

    image: str | None = attribute()
    replicas: str | None = attribute()
    replicas_per_host: str | None = attribute()
    promoted_max: str | None = attribute()
    masters: str | None = attribute()
    run_command: str | None = attribute()
    network: str | None = attribute()
    options: str | None = attribute()
    extra: Extra = NOTHING


class Docker(ContainerImage):
    """A bundle of docker."""

    tag: ClassVar[str] = "docker"


class Podman(ContainerImage):
    """A bundle of podman."""

    tag: ClassVar[str] = "podman"


class Rkt(ContainerImage):
    """A bundle of rkt, which nothing runs any more."""

    tag: ClassVar[str] = "rkt"


class PortMapping(XmlObject):
    """A port, or range of ports, that leads into the container."""

    tag: ClassVar[str] = "port-mapping"
    id: str | None = attribute()
    port: str | None = attribute()
    internal_port: str | None = attribute()
    range: str | None = attribute()
    extra: Extra = NOTHING


class Network(XmlObject):
    """How the containers of a bundle are reached."""

    tag: ClassVar[str] = "network"
    id: str | None = attribute()
    ip_range_start: str | None = attribute()
    host_interface: str | None = attribute()
    host_netmask: str | None = attribute()
    control_port: str | None = attribute()
    add_host: str | None = attribute()
    ports: tuple[PortMapping, ...] = many(PortMapping)
    extra: Extra = NOTHING


class StorageMapping(XmlObject):
    """A directory of the host that is seen in the container."""

    tag: ClassVar[str] = "storage-mapping"
    id: str | None = attribute()
    source_dir: str | None = attribute()
    source_dir_root: str | None = attribute()
    target_dir: str | None = attribute()
    options: str | None = attribute()
    extra: Extra = NOTHING


class Storage(XmlObject):
    """What the containers of a bundle mount."""

    tag: ClassVar[str] = "storage"
    id: str | None = attribute()
    mappings: tuple[StorageMapping, ...] = many(StorageMapping)
    extra: Extra = NOTHING


class Bundle(Resource):
    """Containers of one image, with what belongs to each."""

    tag: ClassVar[str] = "bundle"
    docker: Docker | None = one(Docker)
    podman: Podman | None = one(Podman)
    rkt: Rkt | None = one(Rkt)
    network: Network | None = one(Network)
    storage: Storage | None = one(Storage)
    primitive: Primitive | None = one(Primitive)
    extra: Extra = NOTHING
