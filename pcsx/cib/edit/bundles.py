"""Bundles: containers started by the cluster, with their network, storage and settings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from typing import Final

from lxml import etree

from pcsx.cib.document import Cib
from pcsx.cib.edit.operations import choices_text
from pcsx.cib.edit.tree import (
    Element,
    Pairs,
    clean_id,
    edited,
    free_id,
    make_set,
    put_pairs,
    refuse,
    remove,
    require_new_id,
    resource,
    section,
    update_set,
)
from pcsx.errors import Finding, Refused
from pcsx.lean import dataclass

KINDS: Final = ("docker", "podman", "rkt")
CONTAINER: Final = (
    "image", "masters", "network", "options", "promoted-max", "replicas", "replicas-per-host",
    "run-command",
)  # fmt: skip
NETWORK: Final = ("control-port", "host-interface", "host-netmask", "ip-range-start")
PORT_MAP: Final = ("id", "internal-port", "port", "range")
STORAGE_MAP: Final = ("id", "options", "source-dir", "source-dir-root", "target-dir")


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle to be, or what is to change in one (an empty value removes)."""

    container: Pairs = field(default_factory=dict)
    network: Pairs = field(default_factory=dict)
    ports: Sequence[Pairs] = ()
    storages: Sequence[Pairs] = ()
    meta: Pairs = field(default_factory=dict)
    ports_gone: Sequence[str] = ()
    storages_gone: Sequence[str] = ()


def faults(new: Bundle, *, whole: bool) -> Iterator[Finding]:
    """Tell what is wrong with *new*; *whole*: it is all there will be."""
    if whole and not new.container.get("image"):
        yield Finding.error("bundle-image", "image", "required container option 'image' is missing")
    if not whole and new.container.get("image", "x") == "":
        yield Finding.error("bundle-image", "image", "image cannot be empty, use image name")
    yield from _unknown(new.container, CONTAINER, "container")
    yield from _unknown(new.network, NETWORK, "network")
    for values in new.ports:
        yield from _unknown(values, PORT_MAP, "port-map")
        yield from _port_faults(values)
    for values in new.storages:
        yield from _unknown(values, STORAGE_MAP, "storage-map")
        yield from _storage_faults(values)
    for name in ("replicas", "replicas-per-host"):
        yield from _number(new.container, name, 1, "a positive integer", whole=whole)
    for name in ("promoted-max", "masters"):
        yield from _number(new.container, name, 0, "a non-negative integer", whole=whole)
    if {"promoted-max", "masters"} <= set(new.container):
        yield Finding.error(
            "bundle-exclusive", "masters",
            "Only one of container options 'masters' and 'promoted-max' can be used",
        )  # fmt: skip
    yield from _network_faults(new.network)


def _unknown(values: Pairs, known: Sequence[str], what: str) -> Iterator[Finding]:
    for name in values:
        if name not in known:
            yield Finding.error(
                "bundle-option", name,
                f"invalid {what} option '{name}', allowed options are: {choices_text(known)}",
            )  # fmt: skip


def _number(values: Pairs, name: str, least: int, text: str, *, whole: bool) -> Iterator[Finding]:
    value = values.get(name)
    if value is None or (value == "" and not whole):
        return
    if not (value.isascii() and value.isdigit() and int(value) >= least):
        yield Finding.error(
            "bundle-value", name, f"'{value}' is not a valid {name} value, use {text}"
        )


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and 1 <= int(text) <= 65535


def _port_faults(values: Pairs) -> Iterator[Finding]:
    if "port" in values and "range" in values:
        yield Finding.error(
            "bundle-port", "port", "Only one of port-map options 'port' and 'range' can be used"
        )
    elif "port" not in values and "range" not in values:
        yield Finding.error(
            "bundle-port", "port", "port-map option 'port' or 'range' has to be specified"
        )
    if "internal-port" in values and "port" not in values:
        yield Finding.error(
            "bundle-port", "internal-port",
            "If port-map option 'internal-port' is specified, port-map option 'port' must be "
            "specified as well",
        )  # fmt: skip
    for name in ("port", "internal-port"):
        if name in values and not _is_port(values[name]):
            yield _not_a_port(name, values[name])
    spread = values.get("range")
    if spread is not None:
        first, _, last = spread.partition("-")
        if not (_is_port(first) and _is_port(last) and int(first) <= int(last)):
            yield Finding.error(
                "bundle-value", "range",
                f"'{spread}' is not a valid range value, use port-port",
                force="bundle-value",
            )  # fmt: skip


def _not_a_port(name: str, value: str) -> Finding:
    return Finding.error(
        "bundle-value", name,
        f"'{value}' is not a valid {name} value, use a port number (1..65535)",
    )  # fmt: skip


def _storage_faults(values: Pairs) -> Iterator[Finding]:
    if "source-dir" in values and "source-dir-root" in values:
        yield Finding.error(
            "bundle-storage", "source-dir",
            "Only one of storage-map options 'source-dir' and 'source-dir-root' can be used",
        )  # fmt: skip
    elif "source-dir" not in values and "source-dir-root" not in values:
        yield Finding.error(
            "bundle-storage", "source-dir",
            "storage-map option 'source-dir' or 'source-dir-root' has to be specified",
        )  # fmt: skip
    if "target-dir" not in values:
        yield Finding.error(
            "bundle-storage", "target-dir", "required storage-map option 'target-dir' is missing"
        )


def _network_faults(values: Pairs) -> Iterator[Finding]:
    port = values.get("control-port", "")
    if port and not _is_port(port):
        yield _not_a_port("control-port", port)
    mask = values.get("host-netmask", "")
    if mask and not (re.fullmatch(r"\d+", mask) and 1 <= int(mask) <= 32):
        yield Finding.error(
            "bundle-value", "host-netmask",
            f"'{mask}' is not a valid host-netmask value, use a number of bits of the mask (1..32)",
            force="bundle-value",
        )  # fmt: skip


def create(cib: Cib, id: str, kind: str, new: Bundle, *, disabled: bool = False) -> Cib:
    """Return *cib* with the bundle *id*, whose containers *kind* (`docker`, `podman`) runs."""

    def change(conf: Element) -> None:
        require_new_id(conf, id, "bundle name")
        if kind not in KINDS:
            raise refuse(
                "bundle-kind", kind,
                f"'{kind}' is not a valid container type value, use {choices_text(KINDS)}",
            )  # fmt: skip
        bundle = etree.SubElement(section(conf, "resources"), "bundle", id=id)
        _fill(conf, bundle, kind, new, disabled=disabled)

    return edited(cib, change)


def reset(cib: Cib, id: str, new: Bundle, *, disabled: bool = False) -> Cib:
    """Return *cib* with the bundle *id* as *new* says and nothing of what it was before.

    What is in it stays.
    """

    def change(conf: Element) -> None:
        bundle = _bundle(conf, id)
        container = _container(bundle)
        container.attrib.clear()
        for child in bundle.iterfind("network"):
            child.attrib.clear()
        for child in (*bundle.iterfind("network/*"), *bundle.iterfind("storage/*")):
            remove(child)
        for pair in list(bundle.iterfind("meta_attributes/nvpair")):
            remove(pair)
        meta = {**new.meta, "target-role": "Stopped"} if disabled else new.meta
        _change(conf, bundle, replace(new, meta=meta))

    return edited(cib, change)


def _fill(conf: Element, bundle: Element, kind: str, new: Bundle, *, disabled: bool) -> None:
    etree.SubElement(bundle, kind, dict(sorted(new.container.items())))
    if new.network or new.ports:
        network = etree.SubElement(bundle, "network", dict(sorted(new.network.items())))
        for values in new.ports:
            _add_port(conf, bundle, network, values)
    if new.storages:
        storage = etree.SubElement(bundle, "storage")
        for values in new.storages:
            _add_storage(conf, bundle, storage, values)
    if new.meta:
        put_pairs(conf, make_set(conf, bundle, "meta_attributes"), new.meta, keep_empty=True)
    if disabled:
        update_set(conf, bundle, "meta_attributes", {"target-role": "Stopped"}, at=0)


def _add_port(conf: Element, bundle: Element, network: Element, values: Pairs) -> None:
    tail = values.get("port") or values.get("range", "")
    _add_mapping(conf, network, "port-mapping", values, f"{bundle.get('id')}-port-map-{tail}")


def _add_storage(conf: Element, bundle: Element, storage: Element, values: Pairs) -> None:
    _add_mapping(conf, storage, "storage-mapping", values, f"{bundle.get('id')}-storage-map")


def _add_mapping(conf: Element, parent: Element, tag: str, values: Pairs, wanted: str) -> None:
    id = values.get("id", "")
    if id:
        require_new_id(conf, id)
    attributes = {name: value for name, value in values.items() if name != "id"}
    etree.SubElement(parent, tag, {"id": id or free_id(conf, clean_id(wanted)), **attributes})


def _bundle(conf: Element, id: str) -> Element:
    found = resource(conf, id)
    if found is None:
        raise refuse("no-such-resource", id, f"bundle '{id}' does not exist")
    if found.tag != "bundle":
        raise refuse("not-a-bundle", id, f"'{id}' is not a bundle")
    return found


def _container(bundle: Element) -> Element:
    for kind in KINDS:
        found = bundle.find(kind)
        if found is not None:
            return found
    raise refuse(
        "bundle-kind", str(bundle.get("id")),
        f"The container of bundle '{bundle.get('id')}' is of a kind that is not known here",
    )  # fmt: skip


def update(cib: Cib, id: str, new: Bundle) -> Cib:
    """Return *cib* with the bundle *id* changed as *new* says."""

    def change(conf: Element) -> None:
        bundle = _bundle(conf, id)
        findings = [
            *_mapping_faults(bundle, "network", "port-mapping", "port-map", new.ports_gone),
            *_mapping_faults(bundle, "storage", "storage-mapping", "storage-map",
                             new.storages_gone),
        ]  # fmt: skip
        if findings:
            raise Refused(findings)
        _change(conf, bundle, new)

    return edited(cib, change)


def _change(conf: Element, bundle: Element, new: Bundle) -> None:
    _set_attributes(_container(bundle), new.container)
    network = bundle.find("network")
    if network is None and (any(new.network.values()) or new.ports):
        network = _insert(bundle, "network", after=KINDS)
    if network is not None:
        _set_attributes(network, new.network)
        _drop_mappings(network, new.ports_gone)
        for values in new.ports:
            _add_port(conf, bundle, network, values)
    storage = bundle.find("storage")
    if storage is None and new.storages:
        storage = _insert(bundle, "storage", after=(*KINDS, "network"))
    if storage is not None:
        _drop_mappings(storage, new.storages_gone)
        for values in new.storages:
            _add_storage(conf, bundle, storage, values)
    update_set(conf, bundle, "meta_attributes", new.meta, at=0)


def _mapping_faults(
    bundle: Element, parent: str, tag: str, what: str, ids: Sequence[str]
) -> Iterator[Finding]:
    there = {str(mapping.get("id")) for mapping in bundle.iterfind(f"{parent}/{tag}")}
    for id in ids:
        if id not in there:
            yield Finding.error(
                "no-such-mapping", id,
                f"bundle '{bundle.get('id')}' has no {what} with the id '{id}'",
            )  # fmt: skip


def _insert(bundle: Element, tag: str, *, after: Sequence[str]) -> Element:
    index = 0
    for number, child in enumerate(bundle):
        if child.tag in after:
            index = number + 1
    made = etree.Element(tag)
    bundle.insert(index, made)
    return made


def _set_attributes(element: Element, values: Mapping[str, str]) -> None:
    for name, value in values.items():
        if value:
            element.set(name, value)
        else:
            element.attrib.pop(name, "")


def _drop_mappings(parent: Element, ids: Sequence[str]) -> None:
    for child in list(parent):
        if child.get("id") in ids:
            parent.remove(child)
