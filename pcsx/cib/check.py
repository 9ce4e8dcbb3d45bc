"""What a schema cannot say: references, loops, options, scores, and what is there but useless.

`check` returns all findings of a document at once, in the document's order within each family, and
never raises, whatever the document looks like. An error is what no node could make sense of; a
warning is what will surprise its author. Agents' own parameters are checked by the shell, which
knows the agents.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final

from lxml import etree

from pcsx.cib.document import SECTIONS, Cib, canonical
from pcsx.cib.options import CLUSTER, FENCING, META, OPERATION, Table, check_options, check_value
from pcsx.cib.replica import Proposal
from pcsx.cib.touched import Touched
from pcsx.errors import Finding, Severity
from pcsx.values import parse_bool, parse_duration_ms, parse_role, parse_score

RESOURCES: Final = ("primitive", "group", "clone", "master", "bundle")
"""The tags of resources."""

REFERRING: Final = frozenset(("resource_ref", "obj_ref", "role", "role_ref", "lrm_resource"))
"""Tags whose `id` names something else."""

ATTRIBUTE_SETS: Final = ("meta_attributes", "instance_attributes", "utilization")
"""The kinds of attribute set that resources, operations and templates have."""

_XML_ID: Final = re.compile(r"[^\W\d][\w.\-]*")
_OPTION_TABLES: Final = {
    "cluster_property_set": (CLUSTER, Severity.WARNING),
    "meta_attributes": (META, None),
}


class _Section:
    """One section of the configuration: where things are in it, and what it says of itself."""

    def __init__(self, text: bytes) -> None:
        self.root = etree.Element("configuration")
        if text:
            self.root.append(etree.fromstring(text))
        self.tag = str(self.root[0].tag) if text else ""
        self.elements = list(self.root.iter(etree.Element))[1:]
        self.by_id: dict[str, etree._Element] = {}
        for element in self.elements:
            if element.tag not in REFERRING and (name := element.get("id")):
                self.by_id.setdefault(name, element)
        self.named = [
            name
            for element in self.elements
            if (name := element.get("id")) is not None
            and element.tag not in REFERRING
            and element.tag != "node"  # a node's id is the ring's, and of another kind
        ]
        self.referring = [e for e in self.elements if _refers(e)]
        self.resources = self._tagged(*RESOURCES)
        self.templates = self._tagged("template")
        self.tags = self._tagged("tag")
        self.nodes = {node.get("uname", "") for node in self.root.iterfind("nodes/node")}
        self.nodes |= set(_remote_nodes(self.resources.values()))
        self.found = [tuple(family(self)) for family in INSIDE]

    def _tagged(self, *tags: str) -> dict[str, etree._Element]:
        return {name: element for name, element in self.by_id.items() if element.tag in tags}


class _Index:
    """Where things are in the whole: made once for each check, of what each section knows."""

    def __init__(self, sections: Sequence[_Section]) -> None:
        self.sections = sections
        self.by_id: dict[str, etree._Element] = {}
        self.resources: dict[str, etree._Element] = {}
        self.templates: dict[str, etree._Element] = {}
        self.tags: dict[str, etree._Element] = {}
        self.nodes: set[str] = set()
        for section in reversed(sections):  # the first of a name counts
            self.by_id.update(section.by_id)
            self.nodes |= section.nodes
        for section in sections:
            for kind in ("resources", "templates", "tags"):
                if known := getattr(section, kind):
                    getattr(self, kind).update(self._first(known))

    def _first(self, known: dict[str, etree._Element]) -> dict[str, etree._Element]:
        return {name: element for name, element in known.items() if self.by_id[name] is element}

    def iterfind(self, path: str) -> Iterator[etree._Element]:
        """Yield what *path* finds, which begins with a section's name."""
        tag = path.partition("/")[0]
        for section in self.sections:
            if section.tag == tag:
                yield from section.root.iterfind(path)

    def is_constrainable(self, name: str) -> bool:
        """Return whether a constraint may name *name*: resource, instance, template or tag."""
        return (
            name in self.resources
            or name in self.templates
            or name in self.tags
            or name.rpartition(":")[0] in self.resources
        )


def _refers(element: etree._Element) -> bool:
    """Return whether what *element* says depends on what other names stand for."""
    return (
        element.tag in ("obj_ref", "role", "role_ref")
        or element.get("id-ref") is not None
        or (element.tag == "primitive" and bool(element.get("template")))
    )


def _remote_nodes(resources: Iterable[etree._Element]) -> Iterator[str]:
    for resource in resources:
        if resource.get("provider") == "pacemaker" and resource.get("type") == "remote":
            yield resource.get("id", "")
        for pair in resource.iterfind("meta_attributes/nvpair"):
            if pair.get("name") == "remote-node":
                yield pair.get("value", "")


def check(cib: Cib) -> list[Finding]:
    """Return all that is wrong or odd in *cib*, errors and warnings mixed, in a stable order."""
    return list(_checked(cib))


def _checked(cib: Cib) -> tuple[Finding, ...]:
    sections = cib.sections
    if sections:
        return _checked_texts(tuple(sections.values()))
    configuration = cib.tree.find("configuration")
    return _checked_texts(
        () if configuration is None else tuple(canonical(child) for child in configuration)
    )


@lru_cache(maxsize=4)
def _checked_texts(texts: tuple[bytes, ...]) -> tuple[Finding, ...]:
    """Judge a configuration by what stands in it: its version and date are no part of that."""
    sections = _known.of([piece for text in texts for piece in _pieces(text)])
    index = _Index(sections)
    inside = (each for found in zip(*(s.found for s in sections), strict=True) for each in found)
    across = (tuple(family(index)) for family in ACROSS)
    return tuple(dict.fromkeys(finding for found in (*inside, *across) for finding in found))


@lru_cache(maxsize=14)
def _pieces(text: bytes) -> tuple[bytes, ...]:
    """Return a section as sections of one child each: of a thousand, a change leaves all but one.

    What is told inside of a section rests on no two of its children together.
    """
    section = etree.fromstring(text)
    if len(section) < 2 or section.nsmap or section.tag not in SECTIONS:
        return (text,)  # what is no section may say of itself what a piece would not
    tag = str(section.tag).encode()
    # What comes of one canonical text has one spelling, and this one takes a tenth of the time.
    first, *others = (etree.tostring(child, with_tail=False) for child in section)
    own = first.join((_start_of(section), b"</%s>" % tag))
    return own, *(b"<%s>%s</%s>" % (tag, child, tag) for child in others)


def _start_of(section: etree._Element) -> bytes:
    """Return the start tag of *section*, with its own attributes."""
    bare = etree.Element(section.tag)
    bare.attrib.update(section.attrib)
    return canonical(bare).removesuffix(b"</%s>" % str(section.tag).encode())


class _Known:
    """What is known of the pieces of the last two documents that were judged."""

    def __init__(self) -> None:
        self._last: dict[bytes, _Section] = {}
        self._before: dict[bytes, _Section] = {}

    def of(self, pieces: Iterable[bytes]) -> list[_Section]:
        """Return what each of *pieces* says of itself."""
        found = []
        fresh: dict[bytes, _Section] = {}
        for piece in pieces:
            section = fresh.get(piece) or self._last.get(piece) or self._before.get(piece)
            fresh[piece] = section = section or _Section(piece)
            found.append(section)
        self._last, self._before = fresh, self._last
        return found


_known = _Known()


def check_change(
    old: Cib, new: Cib, proposal: Proposal, touched: Sequence[Touched] | None = None
) -> list[Finding]:
    """Return the findings that a change brings in: those of *new* which *old* did not have.

    A document that was odd before can be changed, one step after the other. Where *touched*
    is all that differs, nothing else is looked at if that is sound and to all others as before.
    """
    if touched is not None and all(_is_sound_as_before(each) for each in touched):
        return []
    known = set(_checked(old))
    return [finding for finding in _checked(new) if finding not in known]


def _is_sound_as_before(touched: Touched) -> bool:
    """Return whether nothing is to be told of what was *touched*, and nothing anew of others."""
    piece = b"<%s>%%s</%s>" % ((touched.section.encode(),) * 2)
    sound, face = _looks(piece % touched.after)
    return sound and face == _looks(piece % touched.before)[1]


@lru_cache(maxsize=512)
def _looks(piece: bytes) -> tuple[bool, tuple[Any, ...]]:
    """Return whether there is nothing to tell of *piece* by itself, and what others go by in it.

    That is all that the families in `ACROSS` read.
    """
    section = _Section(piece)
    if section.referring or section.tag in _READ_ACROSS:
        face: tuple[Any, ...] = (piece,)
    else:
        agents = {**section.resources, **section.templates}
        face = (
            section.named,
            [(name, element.tag) for name, element in section.by_id.items()],
            [(name, each.get("class"), each.get("template")) for name, each in agents.items()],
            section.nodes,
            [
                pair
                for options in section.root.iterfind("crm_config/cluster_property_set")
                for pair in _pairs(options)
                if pair[0] in _FENCING_OPTIONS
            ],
        )
    return not any(section.found), face


_READ_ACROSS: Final = ("constraints", "fencing-topology")
_FENCING_OPTIONS: Final = frozenset(
    (
        "stonith-enabled", "fencing-enabled", "stonith-watchdog-timeout",
        "fencing-watchdog-timeout",
    )
)  # fmt: skip
"""The options of the cluster that `_check_fencing` reads."""


# --- ids and references ------------------------------------------------------------------------


def _check_ids(index: _Index) -> Iterator[Finding]:
    seen: set[str] = set()
    for section in index.sections:
        for name in section.named:
            if name in seen:
                yield Finding.error("id-twice", name, f"The id {name} is given to two elements")
            seen.add(name)


def _check_id_forms(section: _Section) -> Iterator[Finding]:
    for name in section.named:
        if not _XML_ID.fullmatch(name):
            yield Finding.error(
                "id-invalid", name, f"{name!r} cannot be an id: letters, digits, _ . - only, "
                "and a letter or _ first",
            )  # fmt: skip


_NEED_ID: Final = frozenset(
    (
        *RESOURCES, *ATTRIBUTE_SETS, "template", "op", "nvpair", "cluster_property_set",
        "rsc_location", "rsc_colocation", "rsc_order", "rsc_ticket", "resource_set", "rule",
        "expression", "tag",
        "alert", "recipient", "acl_role", "acl_permission", "fencing-level", "date_expression",
    )
)  # fmt: skip


def _check_missing_ids(section: _Section) -> Iterator[Finding]:
    for element in section.elements:
        if element.tag in _NEED_ID and not element.get("id") and not element.get("id-ref"):
            yield Finding.error("id-missing", _subject(element), f"A <{element.tag}> has no id")


def _check_references(index: _Index) -> Iterator[Finding]:
    for element in (e for section in index.sections for e in section.referring):
        if (name := element.get("id-ref")) is not None:
            target = index.by_id.get(name)
            if target is None:
                yield _unknown(element, name, f"There is no {element.tag} {name} to share")
            elif target.tag != element.tag:
                yield _unknown(
                    element, name, f"{name} is a {target.tag}, and a {element.tag} is wanted"
                )
        template, named = element.get("template"), element.get("id", "")
        if element.tag == "primitive" and template and template not in index.templates:
            yield _unknown(element, template, f"There is no template {template}")
        if element.tag == "obj_ref" and named not in index.by_id:
            yield Finding.warning(
                "reference-unknown", _subject(element), f"There is no {named} to tag"
            )
        if element.tag in ("role", "role_ref") and _tag_of(index.by_id.get(named)) != "acl_role":
            yield _unknown(element, named, f"There is no role {named}")


def _unknown(element: etree._Element, name: str, text: str) -> Finding:
    return Finding.error(
        "reference-unknown", _subject(element), text, hint=f"Create {name} first.",
        force="reference-unknown",
    )  # fmt: skip


def _tag_of(element: etree._Element | None) -> str:
    return "" if element is None else str(element.tag)


# --- resources ---------------------------------------------------------------------------------


def _check_resources(section: _Section) -> Iterator[Finding]:
    for name, resource in section.resources.items():
        children = [child for child in resource if child.tag in RESOURCES]
        match resource.tag:
            case "group":
                if not children:
                    yield Finding.error("group-empty", name, f"The group {name} has no member")
                for child in children:
                    if child.tag != "primitive":
                        yield Finding.error(
                            "group-member", name, f"A group holds primitives, not a {child.tag}"
                        )
            case "clone" | "master":
                if len(children) != 1:
                    yield Finding.error(
                        "clone-child", name, f"{name} must hold one primitive or group"
                    )
                elif children[0].tag not in ("primitive", "group"):
                    yield Finding.error(
                        "clone-child", name, f"A {children[0].tag} cannot be cloned"
                    )
            case "bundle":
                if not any(resource.find(engine) is not None for engine in _ENGINES):
                    yield Finding.error(
                        "bundle-engine", name, f"The bundle {name} names no container engine"
                    )
            case "primitive":
                yield from _check_primitive(name, resource)


_TRUTHS: Final = (
    "symmetrical", "sequential", "require-all", "enabled", "record-pending", "add-host",
)  # fmt: skip
_NUMBERS: Final = (
    "control-port", "host-netmask", "port", "internal-port", "replicas", "replicas-per-host",
    "promoted-max", "masters",
)  # fmt: skip


def _check_values(section: _Section) -> Iterator[Finding]:
    """Tell of attributes whose kind every element shares."""
    for element in section.elements:
        for name in _TRUTHS:
            value = element.get(name)
            if value is not None and parse_bool(value) is None:
                yield _bad_value(element, name, value, "true or false")
        for name in _NUMBERS if element.tag in _BUNDLE_PARTS else ():
            value = element.get(name)
            if value is not None and not (value.isascii() and value.isdigit()):
                yield _bad_value(element, name, value, "a whole number")


_BUNDLE_PARTS: Final = ("docker", "podman", "rkt", "network", "port-mapping")


def _bad_value(element: etree._Element, name: str, value: str, wanted: str) -> Finding:
    subject = _subject(element)
    return Finding.error("option-value", subject, f"{subject}: {name}={value} is not {wanted}")


def _check_rules(section: _Section) -> Iterator[Finding]:
    for rule in section.root.iter("rule"):
        if len(rule) == 0 and rule.get("id-ref") is None:
            yield Finding.error("rule-empty", _subject(rule), "A rule has no condition")


_ENGINES: Final = ("docker", "podman", "rkt")
_CLASSES: Final = ("ocf", "lsb", "stonith", "systemd", "service", "heartbeat", "upstart", "nagios")


def _check_primitive(name: str, resource: etree._Element) -> Iterator[Finding]:
    if resource.get("template") is None and not (resource.get("class") and resource.get("type")):
        yield Finding.error("agent-missing", name, f"{name} names no agent")
    kind = resource.get("class")
    if kind is not None and kind not in _CLASSES:
        yield Finding.error(
            "agent-class", name, f"{name}: there is no class {kind} of agents", force="agent-class"
        )
    if kind == "ocf" and not resource.get("provider"):
        yield Finding.error("agent-provider", name, f"{name}: an ocf agent needs a provider")


def _check_operations(section: _Section) -> Iterator[Finding]:
    for operations in section.root.iter("operations"):
        owner = _owner_of(operations)
        seen: Counter[tuple[str, int | None]] = Counter()
        for op in operations.iterfind("op"):
            pairs = [(str(k), str(v)) for k, v in op.items()]
            free = [pair for pair in pairs if pair[0] not in _LISTED]
            yield from check_options(OPERATION, free, owner, unknown=Severity.WARNING)
            listed = (pair for pair in pairs if pair[0] in _LISTED)
            for finding in check_options(OPERATION, listed, owner):
                yield replace(finding, force="")
            if op.get("id-ref") is None:
                seen[op.get("name", ""), parse_duration_ms(op.get("interval", "0"))] += 1
        for (action, interval), count in seen.items():
            if count > 1:
                yield Finding.error(
                    "operation-twice", owner,
                    f"{owner} has {count} operations {action} with interval {interval} ms",
                    force="operation-twice",
                )  # fmt: skip


_LISTED: Final = ("enabled", "on-fail", "record-pending", "role")
"""Attributes of an operation whose values the field's schema lists: no other can be forced in."""


def _check_option_sets(section: _Section) -> Iterator[Finding]:
    for element in section.elements:
        if isinstance(element.tag, str) and element.tag in _OPTION_TABLES:
            if element.tag == "meta_attributes" and _is_operations_or_alerts(element):
                continue
            table, unknown = _OPTION_TABLES[element.tag]
            yield from check_options(table, _pairs(element), _owner_of(element), unknown=unknown)
            yield from _check_twice(element)


def _check_known_options(section: _Section) -> Iterator[Finding]:
    for name, resource in section.resources.items():
        if resource.get("class") == "stonith":
            for attributes in resource.iterfind("instance_attributes"):
                yield from _check_known(FENCING, _pairs(attributes), name)
    for pairs in section.root.iterfind("op_defaults/meta_attributes"):
        yield from _check_known(OPERATION, _pairs(pairs), "op_defaults")


def _is_operations_or_alerts(attributes: etree._Element) -> bool:
    parent = attributes.getparent()
    return parent is not None and parent.tag in ("op", "op_defaults", "alert", "recipient")


def _check_known(table: Table, pairs: Iterable[tuple[str, str]], subject: str) -> Iterator[Finding]:
    for name, value in pairs:
        if (option := table.get(name)) is not None:
            yield from check_value(option, value, subject)


def _check_twice(attributes: etree._Element) -> Iterator[Finding]:
    for name, count in Counter(name for name, _ in _pairs(attributes)).items():
        if count > 1:
            yield Finding.warning(
                "option-twice", _owner_of(attributes), f"{name} is set {count} times in one set"
            )


def _pairs(attributes: etree._Element) -> list[tuple[str, str]]:
    return [
        (pair.get("name", ""), pair.get("value", ""))
        for pair in attributes.iterfind("nvpair")
        if pair.get("name") and pair.get("value") not in (None, "#default")
    ]


# --- constraints -------------------------------------------------------------------------------

_CONSTRAINED: Final = {
    "rsc_location": ("rsc",),
    "rsc_colocation": ("rsc", "with-rsc"),
    "rsc_order": ("first", "then"),
    "rsc_ticket": ("rsc",),
}
_ACTIONS: Final = ("start", "stop", "promote", "demote")
_KINDS: Final = ("Mandatory", "Optional", "Serialize")
_DISCOVERIES: Final = ("always", "never", "exclusive")
_LOSS_POLICIES: Final = ("stop", "demote", "fence", "freeze")


def _check_constraints(index: _Index) -> Iterator[Finding]:
    for constraint in index.iterfind("constraints/*"):
        name = _subject(constraint)
        for attribute in _CONSTRAINED.get(str(constraint.tag), ()):
            rsc = constraint.get(attribute)
            if rsc is not None and not index.is_constrainable(rsc):
                yield _unknown(constraint, rsc, f"{name}: there is no resource {rsc}")
        yield from _check_whole(constraint, name)
        for reference in constraint.iterfind("resource_set/resource_ref"):
            rsc = reference.get("id", "")
            if not index.is_constrainable(rsc):
                yield _unknown(constraint, rsc, f"{name}: there is no resource {rsc}")
        for group in constraint.iterfind("resource_set"):
            if len(group) == 0 and group.get("id-ref") is None:
                yield Finding.error("set-empty", name, f"{name}: a resource set has no member")
        match constraint.tag:
            case "rsc_location":
                yield from _check_location(index, constraint, name)
            case "rsc_colocation":
                if (rsc := constraint.get("rsc")) and rsc == constraint.get("with-rsc"):
                    yield Finding.error(
                        "colocation-self", name, f"{name}: {rsc} is with itself",
                        force="colocation-self",
                    )  # fmt: skip
            case "rsc_order":
                yield from _check_order(constraint, name)
            case "rsc_ticket":
                policy = constraint.get("loss-policy")
                if policy is not None and policy not in _LOSS_POLICIES:
                    yield _value(name, "loss-policy", policy, _LOSS_POLICIES)
                if not constraint.get("ticket"):
                    yield Finding.error("ticket-missing", name, f"{name} names no ticket")


def _check_whole(constraint: etree._Element, name: str) -> Iterator[Finding]:
    """Tell what a constraint without resource sets lacks."""
    if constraint.find("resource_set") is not None:
        return
    for attribute in _CONSTRAINED.get(str(constraint.tag), ()):
        pattern = constraint.get("rsc-pattern") if attribute == "rsc" else None
        if constraint.get(attribute) is None and pattern is None:
            yield Finding.error(
                "constraint-incomplete", name, f"{name} names no resource as {attribute}"
            )


def _check_location(index: _Index, constraint: etree._Element, name: str) -> Iterator[Finding]:
    node = constraint.get("node")
    if node is not None:
        if constraint.get("score") is None and constraint.find("lifetime") is None:
            yield Finding.error("score-missing", name, f"{name} has a node and no score")
        if node not in index.nodes:
            yield Finding.warning("node-unknown", name, f"{name}: there is no node {node} now")
    elif constraint.find("rule") is None:
        yield Finding.error("location-nowhere", name, f"{name} has neither a node nor a rule")
    discovery = constraint.get("resource-discovery")
    if discovery is not None and discovery not in _DISCOVERIES:
        yield _value(name, "resource-discovery", discovery, _DISCOVERIES)
    if (pattern := constraint.get("rsc-pattern")) is not None:
        try:
            re.compile(pattern)
        except re.error as error:
            yield Finding.warning("pattern", name, f"{name}: /{pattern}/ is odd: {error}")


def _check_order(constraint: etree._Element, name: str) -> Iterator[Finding]:
    first, then = constraint.get("first"), constraint.get("then")
    for attribute in ("first-action", "then-action"):
        action = constraint.get(attribute)
        if action is not None and action not in _ACTIONS:
            yield _value(name, attribute, action, _ACTIONS)
    kind = constraint.get("kind")
    if kind is not None and kind not in _KINDS:
        yield _value(name, "kind", kind, _KINDS)
    if first and first == then:
        same = constraint.get("first-action", "start") == constraint.get(
            "then-action", constraint.get("first-action", "start")
        )
        if same:
            yield Finding.error(
                "order-self", name, f"{name}: {first} waits for itself", force="order-self"
            )


def _value(name: str, option: str, value: str, choices: tuple[str, ...]) -> Finding:
    return Finding.error(
        "option-value", name, f"{option}={value}: expected one of {', '.join(choices)}"
    )


def _check_order_loops(index: _Index) -> Iterator[Finding]:
    """Yield an error for each loop of mandatory orders between resources that all must start."""
    after: dict[str, list[tuple[str, str]]] = {}
    for order in index.iterfind("constraints/rsc_order"):
        first, then = order.get("first"), order.get("then")
        plain = (
            order.get("first-action", "start") == "start"
            and order.get("then-action", "start") == "start"
        )
        mandatory = order.get("kind", "Mandatory") == "Mandatory" and order.get("score") != "0"
        if first and then and first != then and plain and mandatory:
            after.setdefault(first, []).append((then, _subject(order)))
    for loop in _loops(after):
        yield Finding.error(
            "order-loop", loop[0], "These wait for each other in a circle: " + " then ".join(loop),
            force="order-loop",
        )  # fmt: skip


def _loops(after: dict[str, list[tuple[str, str]]]) -> Iterator[list[str]]:
    """Yield one loop through each resource at which a depth-first walk comes back to itself."""
    done: set[str] = set()
    for start in after:
        if start in done:
            continue
        path: list[str] = [start]
        on_path = {start: 0}
        stack = [iter(after.get(start, ()))]
        while stack:
            step = next(stack[-1], None)
            if step is None:
                stack.pop()
                left = path.pop()
                del on_path[left]
                done.add(left)
            elif step[0] in on_path:
                yield [*path[on_path[step[0]] :], step[0]]
            elif step[0] not in done:
                on_path[step[0]] = len(path)
                path.append(step[0])
                stack.append(iter(after.get(step[0], ())))


def _check_scores(section: _Section) -> Iterator[Finding]:
    for element in section.elements:
        score = element.get("score")
        if score is not None and element.tag != "nvpair" and parse_score(score) is None:
            yield Finding.error(
                "score-invalid", _subject(element),
                f"The score {score!r} is no whole number, INFINITY or -INFINITY",
            )  # fmt: skip
        for attribute in ("role", "rsc-role", "with-rsc-role"):
            role = element.get(attribute)
            if (
                role is not None
                and element.tag not in ("op", "lrm_resource")
                and parse_role(role) is None
            ):
                yield Finding.error("role-unknown", _subject(element), f"There is no role {role}")


# --- the rest ----------------------------------------------------------------------------------


def _check_fencing(index: _Index) -> Iterator[Finding]:
    devices = {n for n, r in index.resources.items() if r.get("class") == "stonith"}
    devices |= {
        n
        for n, r in index.resources.items()
        if (template := index.templates.get(r.get("template", ""))) is not None
        and template.get("class") == "stonith"
    }
    options = {
        name: value
        for attributes in index.iterfind("crm_config/cluster_property_set")
        for name, value in _pairs(attributes)
    }
    wanted = options.get("stonith-enabled", options.get("fencing-enabled", "true"))
    watchdog = options.get("stonith-watchdog-timeout", options.get("fencing-watchdog-timeout", "0"))
    if (
        index.resources
        and not devices
        and parse_bool(wanted) is not False
        and watchdog.strip() in ("", "0")
    ):
        yield Finding.warning(
            "fencing-missing", "cluster",
            "Fencing is on and there is no device: resources of a lost node are recovered nowhere",
            hint="Create one with pcsx stonith create, or set stonith-enabled=false.",
        )  # fmt: skip
    for level in index.iterfind("fencing-topology/fencing-level"):
        for device in level.get("devices", "").split(","):
            if device and device not in devices:
                name = _subject(level)
                yield Finding.warning(
                    "reference-unknown", name, f"{name}: there is no fence device {device}"
                )
        number = level.get("index", "")
        if not (number.isascii() and number.isdigit() and 1 <= int(number[:9]) <= 99):
            yield Finding.error("level-index", _subject(level), f"There is no level {number!r}")


def _check_tags(section: _Section) -> Iterator[Finding]:
    for name, tag in section.tags.items():
        if len(tag) == 0:
            yield Finding.error("tag-empty", name, f"The tag {name} has no member")


def _check_together(section: _Section) -> Iterator[Finding]:
    """Tell what may each stand there, and not together: as Pacemaker's schema 3.9 has it."""
    for element in section.elements:
        if element.tag not in _TOGETHER:
            continue
        name = _subject(element)
        has = element.attrib.keys()
        match element.tag:
            case "op" if {"start-delay", "interval-origin"} <= {*has}:
                text = f"{name} has both start-delay and interval-origin, which exclude each other"
            case "rsc_location" if "role" in has and element.find("resource_set") is not None:
                text = f"{name} has sets, which have the role themselves: it can have none beside"
            case "rsc_colocation" if "score-attribute" in has:
                text = f"{name} takes its score from a node attribute, which colocations cannot"
            case "acl_permission" if "attribute" in has and "object-type" not in has:
                text = f"{name} names an attribute without the type of the elements that have it"
            case "acl_permission" if len({*has} & {"xpath", "reference", "object-type"}) != 1:
                text = f"{name} is about a path, an id or a type: one of them"
            case "select" if len({child.tag for child in element}) < len(element):
                text = f"{name} selects one kind of event twice"
            case _:
                continue
        yield Finding.error("not-together", name, text)


_TOGETHER: Final = ("op", "rsc_location", "rsc_colocation", "acl_permission", "select")


INSIDE: Final[tuple[Callable[[_Section], Iterator[Finding]], ...]] = (
    _check_id_forms,
    _check_missing_ids,
    _check_resources,
    _check_rules,
    _check_values,
    _check_operations,
    _check_option_sets,
    _check_known_options,
    _check_scores,
    _check_tags,
    _check_together,
)
"""What is told of a section without a look at the others."""

ACROSS: Final[tuple[Callable[[_Index], Iterator[Finding]], ...]] = (
    _check_ids,
    _check_references,
    _check_constraints,
    _check_order_loops,
    _check_fencing,
)
"""What is told of the whole."""


def _subject(element: etree._Element) -> str:
    """Return the id of *element* or of the nearest one around it."""
    at: etree._Element | None = element
    while at is not None:
        if at.tag not in REFERRING and (name := at.get("id")):
            return name
        at = at.getparent()
    return str(element.tag)


def _owner_of(inner: etree._Element) -> str:
    parent = inner.getparent()
    if parent is None or parent.tag in ("crm_config", "rsc_defaults", "op_defaults"):
        return _subject(inner)
    return _subject(parent)
