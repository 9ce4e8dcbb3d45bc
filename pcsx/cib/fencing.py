"""What the document says of fencing: devices, levels and options, as plain values.

`devices_of` reads it for the daemon's fencer; what a device can do is asked of the device itself,
by `pcsx.daemon.fencer`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import field
from datetime import UTC, datetime
from typing import Final

from lxml import etree

from pcsx.cib.document import Cib
from pcsx.cib.evaluate import Circumstances, fill
from pcsx.cib.objects import Document, InstanceAttributes, MetaAttributes, NvBlock
from pcsx.lean import dataclass
from pcsx.values import INFINITY, parse_bool, parse_duration_ms, parse_score

DEFAULT_TIMEOUT_MS: Final = 60_000
WATCHDOG_AGENT: Final = "fence_watchdog"
"""A device of this agent is no program to call: it says for which nodes watchdogs count."""

Pairs = tuple[tuple[str, str], ...]

_LONG_AGO: Final = datetime(1, 1, 1, tzinfo=UTC)


def priorities_of(cib: Cib) -> dict[str, int]:
    """Return what each primitive weighs where two nodes fence each other, by id; 0 is left out.

    A primitive's own priority counts, else that of the group, clone or bundle that it is in.
    """
    found: dict[str, int] = {}
    resources = cib.tree.find("configuration/resources")
    for primitive in resources.iter("primitive") if resources is not None else ():
        for element in (primitive, *primitive.iterancestors("group", "clone", "master", "bundle")):
            values = element.findall("meta_attributes/nvpair[@name='priority']")
            if values:
                found[primitive.get("id") or ""] = parse_score(values[0].get("value") or "0") or 0
                break
    return {id: priority for id, priority in found.items() if priority}


@dataclass(frozen=True, slots=True)
class Device:
    """One fence device: a program with parameters, known by the id of its resource."""

    id: str
    agent: str
    params: Pairs = ()
    priority: int = 0
    banned: tuple[str, ...] = ()
    """Nodes that must not use it, by name."""
    unfences: bool = False

    def param(self, name: str, default: str = "") -> str:
        """Return the parameter *name*, or *default*."""
        return dict(self.params).get(name, default)


@dataclass(frozen=True, slots=True)
class Level:
    """Devices that must all succeed, and the nodes that they are for: by one of three ways."""

    index: int
    devices: tuple[str, ...]
    target: str = ""
    pattern: str = ""
    attribute: tuple[str, str] = ("", "")

    def is_for(self, node: str, attributes: Pairs) -> bool:
        """Return whether the level is for *node*, which has *attributes*."""
        if self.target:
            return self.target == node
        if self.pattern:
            try:
                return re.search(self.pattern, node) is not None
            except re.error:
                return False
        return self.attribute[0] != "" and self.attribute in attributes


@dataclass(frozen=True, slots=True)
class Devices:
    """All that fencing goes by; devices are sorted, the first to be tried first."""

    devices: tuple[Device, ...] = ()
    levels: tuple[Level, ...] = ()
    enabled: bool = True
    action: str = "reboot"
    timeout_ms: int = DEFAULT_TIMEOUT_MS
    watchdog_timeout_ms: int = 0
    """Nonzero: a lost node with an armed watchdog counts as ended after this; below 0: choose."""
    watched: tuple[str, ...] | None = None
    """The nodes whose watchdogs count; None: all."""
    node_attributes: tuple[tuple[str, Pairs], ...] = ()
    _by_id: dict[str, Device] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._by_id.update((device.id, device) for device in self.devices)

    def get(self, id: str) -> Device | None:
        """Return the device with *id*, or None."""
        return self._by_id.get(id)

    def watchdog_ms(self, node: str) -> int:
        """Return how long the watchdog of *node* is waited for; 0: it does not count."""
        counts = self.watched is None or node in self.watched
        return self.watchdog_timeout_ms if counts else 0

    def levels_for(self, node: str) -> tuple[tuple[str, ...], ...]:
        """Return the devices of each level for *node*, in the order of trying; none: no levels.

        Levels that name the node win over those that match its name, and these over those that
        go by an attribute.
        """
        attributes = dict(self.node_attributes).get(node, ())
        for way in ("target", "pattern", "attribute"):
            found = [
                level
                for level in self.levels
                if _way(level) == way and level.is_for(node, attributes)
            ]
            if found:
                return tuple(
                    level.devices for level in sorted(found, key=lambda level: level.index)
                )
        return ()


def _way(level: Level) -> str:
    return "target" if level.target else "pattern" if level.pattern else "attribute"


def devices_of(cib: Cib, wall: datetime | None = None) -> Devices:
    """Return what *cib* says of fencing.

    Parameters under a rule count where the rule holds at *wall*; without it they do not count.
    A device that is disabled is left out, and so is a program that is no `fence_*`.
    """
    reader = _Reader(cib, wall)
    options = reader.options()
    devices = sorted(reader.devices(), key=lambda device: (-device.priority, device.id))
    watching = [device for device in devices if device.agent == WATCHDOG_AGENT]
    return Devices(
        devices=tuple(device for device in devices if device.agent != WATCHDOG_AGENT),
        watched=_watched(watching),
        levels=tuple(reader.levels()),
        enabled=parse_bool(_option(options, "enabled", "true")) is not False,
        action="off" if _option(options, "action", "reboot") in ("off", "poweroff") else "reboot",
        timeout_ms=parse_duration_ms(_option(options, "timeout", "")) or DEFAULT_TIMEOUT_MS,
        watchdog_timeout_ms=_watchdog_ms(_option(options, "watchdog-timeout", "0")),
        node_attributes=tuple(reader.nodes()),
    )


def _option(options: dict[str, str], name: str, default: str) -> str:
    """Return the option by its newer name if that is set, else by the older one."""
    return options.get(f"fencing-{name}") or options.get(f"stonith-{name}") or default


def _watched(devices: list[Device]) -> tuple[str, ...] | None:
    """Return the nodes that devices for watchdogs name; without names, all count."""
    hosts = " ".join(device.param("pcmk_host_list") for device in devices)
    return tuple(sorted(set(hosts.replace(",", " ").replace(";", " ").split()))) or None


def _watchdog_ms(text: str) -> int:
    if text.strip().startswith("-"):
        return -1
    return parse_duration_ms(text) or 0


class _Reader:
    """One document, as far as fencing needs it."""

    def __init__(self, cib: Cib, wall: datetime | None) -> None:
        self._document = Document(cib)
        self._wall = wall
        self._configuration = cib.tree.find("configuration")

    def _find(self, path: str) -> list[etree._Element]:
        return [] if self._configuration is None else self._configuration.findall(path)

    def _values(self, blocks: list[NvBlock], first: str | None = None) -> dict[str, str]:
        if self._wall is None:
            blocks = [block for block in blocks if block.rule is None]
        where = Circumstances(self._wall or _LONG_AGO)
        return fill({}, blocks, where, self._document, first_id=first)

    def options(self) -> dict[str, str]:
        return self._values(list(self._document.crm_config), "cib-bootstrap-options")

    def devices(self) -> Iterator[Device]:
        templates = {element.get("id"): element for element in self._find("resources/template")}
        for primitive in self._find("resources//primitive"):
            template = templates.get(primitive.get("template"))
            described = primitive if template is None else template
            agent = primitive.get("type") or described.get("type") or ""
            id = primitive.get("id") or ""
            kind = primitive.get("class") or described.get("class")
            if kind != "stonith" or not id or not agent.startswith("fence_"):
                continue
            sources = [primitive] if template is None else [primitive, template]
            params = self._pairs(sources, InstanceAttributes)
            meta = self._pairs(sources, MetaAttributes)
            if meta.get("target-role", "").lower() == "stopped":
                continue
            yield Device(
                id,
                agent,
                tuple(sorted(params.items())),
                parse_score(meta.get("priority") or params.get("priority")) or 0,
                tuple(self._bans(primitive)),
                params.get("provides", meta.get("provides", "")) == "unfencing",
            )

    def _pairs(self, sources: list[etree._Element], family: type[NvBlock]) -> dict[str, str]:
        """Return what the blocks of *family* say; an element's own win over its template's."""
        values: dict[str, str] = {}
        for source in sources:
            blocks: list[NvBlock] = [family.from_xml(el) for el in source.iterfind(family.tag)]
            values = {**self._values(blocks), **values}
        return values

    def _bans(self, primitive: etree._Element) -> list[str]:
        """Return the nodes that a location constraint forbids to the device or what holds it."""
        ids = {primitive.get("id")}
        ids |= {parent.get("id") for parent in primitive.iterancestors("clone", "group", "master")}
        found = set()
        for constraint in self._find("constraints/rsc_location"):
            score = parse_score(constraint.get("score"))
            if constraint.get("rsc") in ids and score is not None and score <= -INFINITY:
                found.add(constraint.get("node") or "")
        return sorted(found - {""})

    def levels(self) -> Iterator[Level]:
        for said in self._document.fencing_levels:
            devices = tuple((said.devices or "").replace(",", " ").split())
            index = said.index or ""
            if not devices or not index.isascii() or not index.isdigit() or int(index) < 1:
                continue
            attribute = (said.target_attribute or "", said.target_value or "")
            yield Level(
                int(index), devices, said.target or "", said.target_pattern or "", attribute
            )

    def nodes(self) -> Iterator[tuple[str, Pairs]]:
        for node in self._find("nodes/node"):
            values = self._pairs([node], InstanceAttributes)
            yield node.get("uname") or "", tuple(sorted(values.items()))
