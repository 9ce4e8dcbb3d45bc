"""Changes of who is in the ring, as values: a node more, a node less, another name, other links.

Each takes a configuration and returns the next one, or raises `Failed` with what is wrong. The log
makes them true, in joint steps where votes change; a newcomer votes once it has caught up.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from typing import Final

from pcsx.errors import Failed
from pcsx.ring.config import MAX_LINKS, MAX_NODES, Address, RingConfig, RingNode
from pcsx.ring.log.changes import LEFT, RESTORE, numbers_of, with_numbers
from pcsx.values import NodeName

LINK: Final = re.compile(r"link([0-7])_([a-z]+)")
_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,62})")


def with_newcomer(
    config: RingConfig,
    *,
    name: str,
    addresses: tuple[Address, ...],
    key: bytes,
    used: Collection[int] = (),
) -> RingConfig:
    """Return *config* with one more node, that learns the log before it votes.

    An id of *used* was some other node's, whose lives are on record: it is not given again.
    """
    _check_name(config, name)
    known = next((node for node in config.nodes if node.key == key), None)
    if known is not None:
        raise Failed(
            f"{name} has the identity of {known.name}: one is a copy of the other",
            f"On {name}: remove identity.key from its state directory and restart pcsx.",
        )
    links = len(config.nodes[0].addresses)
    if len(addresses) != links:
        raise Failed(
            f"{name} has {len(addresses)} addresses, and this cluster {links} links",
            "Give one address a link: pcsx cluster join TOKEN ADDRESS...",
        )
    _check_free(config, addresses)
    taken = {node.id for node in config.nodes} | set(used)
    id = next((id for id in range(1, MAX_NODES + 1) if id not in taken), 0)
    if not id or len(config.nodes) >= MAX_NODES:
        raise Failed(f"a cluster has up to {MAX_NODES} nodes in its time, and all were there")
    nodes = (*config.nodes, RingNode(id, NodeName(name), addresses, key, votes=0))
    nodes = tuple(sorted(nodes, key=lambda node: node.id))
    owed = numbers_of(config, RESTORE) | {id: 1}
    return with_numbers(replace(config, nodes=nodes), RESTORE, owed)


def without_node(config: RingConfig, name: str) -> RingConfig:
    """Return *config* without the node *name*; the last one stays."""
    node = _named(config, name)
    if len(config.nodes) == 1:
        raise Failed(f"{name} is the last node", "pcsx cluster destroy ends the cluster.")
    nodes = tuple(each for each in config.nodes if each.id != node.id)
    if not any(each.votes for each in nodes):
        raise Failed(f"nobody would vote without {name}: the others still learn the log")
    config = replace(config, nodes=nodes)
    for option in (RESTORE, LEFT):
        left = {id: value for id, value in numbers_of(config, option).items() if id != node.id}
        config = with_numbers(config, option, left)
    return config


def renamed(config: RingConfig, old: str, new: str) -> RingConfig:
    """Return *config* with another name for the node *old*."""
    node = _named(config, old)
    _check_name(config, new)
    return _with(config, replace(node, name=NodeName(new)))


def with_name(config: RingConfig, name: str) -> RingConfig:
    """Return *config* with another name for the cluster."""
    if not _NAME.fullmatch(name):
        raise Failed(f"{name!r} is not a cluster's name", "Letters, digits, dots, dashes and _.")
    return replace(config, name=name)


def with_link(config: RingConfig, addresses: dict[str, Address]) -> RingConfig:
    """Return *config* with one more link: an address for every node."""
    _check_all(config, addresses)
    if len(config.nodes[0].addresses) >= MAX_LINKS:
        raise Failed(f"a cluster has up to {MAX_LINKS} links")
    _check_free(config, tuple(addresses.values()))
    nodes = tuple(
        replace(node, addresses=(*node.addresses, addresses[node.name])) for node in config.nodes
    )
    return replace(config, nodes=nodes)


def with_link_moved(config: RingConfig, link: int, addresses: dict[str, Address]) -> RingConfig:
    """Return *config* with other addresses of some nodes for the link with that number."""
    _check_link(config, link)
    for name in addresses:
        _named(config, name)
    _check_free(config, tuple(addresses.values()))
    for name, address in addresses.items():
        node = _named(config, name)
        parts = (*node.addresses[:link], address, *node.addresses[link + 1 :])
        config = _with(config, replace(node, addresses=parts))
    return config


def without_link(config: RingConfig, link: int) -> RingConfig:
    """Return *config* without the link with that number; those behind it move up."""
    _check_link(config, link)
    if len(config.nodes[0].addresses) == 1:
        raise Failed("this is the last link", "pcsx cluster link add gives another first.")
    nodes = tuple(
        replace(node, addresses=(*node.addresses[:link], *node.addresses[link + 1 :]))
        for node in config.nodes
    )
    options = []
    for name, value in config.options:
        match = LINK.fullmatch(name)
        if match is None:
            options.append((name, value))
        elif int(match[1]) != link:
            number = int(match[1]) - (int(match[1]) > link)
            options.append((f"link{number}_{match[2]}", value))
    return replace(config, nodes=nodes, options=tuple(sorted(options)))


def with_priority(config: RingConfig, link: int, priority: int) -> RingConfig:
    """Return *config* with that priority for a link: the highest that works carries the data."""
    _check_link(config, link)
    if not 0 <= priority <= 255:
        raise Failed(f"a link's priority is 0 to 255, not {priority}")
    options = dict(config.options)
    options[f"link{link}_priority"] = str(priority)
    return replace(config, options=tuple(sorted(options.items())))


def _named(config: RingConfig, name: str) -> RingNode:
    node = config.named(name)
    if node is None:
        known = ", ".join(str(each.name) for each in config.nodes)
        raise Failed(f"there is no node {name}", f"Nodes: {known}.")
    return node


def _with(config: RingConfig, node: RingNode) -> RingConfig:
    nodes = tuple(node if each.id == node.id else each for each in config.nodes)
    return replace(config, nodes=nodes)


def _check_name(config: RingConfig, name: str) -> None:
    if not _NAME.fullmatch(name):
        text = "A name has up to 63 letters, digits, dots, dashes and underscores."
        raise Failed(f"{name!r} is not a node's name", text)
    if config.named(name) is not None:
        raise Failed(f"there is a node {name} already")


def _check_link(config: RingConfig, link: int) -> None:
    count = len(config.nodes[0].addresses)
    if not 0 <= link < count:
        raise Failed(f"there is no link {link}", f"Links: 0 to {count - 1}.")


def _check_all(config: RingConfig, addresses: dict[str, Address]) -> None:
    for name in addresses:
        _named(config, name)
    missing = [str(node.name) for node in config.nodes if node.name not in addresses]
    if missing:
        raise Failed(f"a link needs an address of every node; missing: {', '.join(missing)}")


def _check_free(config: RingConfig, addresses: tuple[Address, ...]) -> None:
    taken = {address: node.name for node in config.nodes for address in node.addresses}
    seen: set[Address] = set()
    for address in addresses:
        if address in taken:
            raise Failed(f"{address.host} port {address.port} is {taken[address]}'s already")
        if address in seen:
            raise Failed(f"{address.host} port {address.port} is given twice")
        seen.add(address)
