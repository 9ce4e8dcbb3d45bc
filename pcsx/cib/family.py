"""Whose histories belong to a resource: of a collective those of all that is in it."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

from lxml import etree

from pcsx.cib.document import Cib

_COLLECTIVES = ("group", "clone", "master", "bundle")
_CONTAINERS = ("docker", "podman", "rkt")


def histories_of(cib: Cib, id: str, *, strict: bool = False) -> tuple[str, ...]:
    """Return the ids under which nodes keep history of the resource *id*, or of one instance of it.

    Of what is in a collective those of the whole outermost one, unless *strict*. What is not in the
    document, as one that was deleted, has its own.
    """
    name = id.partition(":")[0]
    found = next((each for each in _resources(cib) if each.get("id") == name), None)
    if found is None or (strict and name != id):
        return (id,)
    whole = found
    if not strict:
        whole = next(reversed(list(found.iterancestors(*_COLLECTIVES))), found)
    own = [str(each.get("id")) for each in whole.iter("primitive")]
    for bundle in whole.iter("bundle"):
        own += _replicas(bundle)
    return tuple(own)


def _resources(cib: Cib) -> Iterator[etree._Element]:
    section = cib.tree.find("configuration/resources")
    if section is not None:
        yield from section.iter("primitive", *_COLLECTIVES)


def _replicas(bundle: etree._Element) -> list[str]:
    """Return the ids of a bundle's containers, of the connections into them and their addresses."""
    container = next((each for each in bundle if each.tag in _CONTAINERS), None)
    if container is None:
        return []
    id = bundle.get("id")
    count = _number(container, "replicas") or _number(container, "promoted-max") or 1
    names = [f"{id}-{kind}{n}" for n in range(count) for kind in (f"{container.tag}-", "")]
    network = bundle.find("network")
    try:
        first = ip_address(network.get("ip-range-start", "") if network is not None else "")
    except ValueError:
        return names
    return names + [f"{id}-ip-{first + n}" for n in range(count)]


def _number(element: etree._Element, name: str) -> int:
    text = element.get(name, "")
    return int(text) if text.isascii() and text.isdigit() else 0
