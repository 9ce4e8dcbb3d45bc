"""A configuration being worked on: definitions put in, elements deleted, renamed and regrouped.

All methods that change anything do it whole or not at all: what is refused leaves the
configuration as it was. Whether the outcome makes sense in other ways is for `pcsx.cib.check`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from pcsx.cib import SECTIONS as SECTION_ORDER
from pcsx.cib.plain import COMMENTS, Element
from pcsx.errors import Finding, Refused
from pcsx.shell.syntax.cluster import SECTIONS
from pcsx.shell.syntax.containers import RESOURCES
from pcsx.shell.syntax.definition import Definition, Way
from pcsx.shell.syntax.ids import REFERENCES, TOP, Maker, ids_in
from pcsx.shell.syntax.pruning import REFERRING, Pruner

_DEFAULT_IDS: Final = {section: name for section, _, name in SECTIONS.values()}
_CONTAINED: Final = {
    "group": ("primitive",),
    "clone": ("primitive", "group"),
    "master": ("primitive", "group"),
    "bundle": ("primitive",),
}
_OPTION_SETS: Final = ("cluster_property_set", "meta_attributes")


class Workspace:
    """One configuration and what may be done to it."""

    def __init__(self, configuration: Element) -> None:
        """Work on *configuration*, which is nobody else's."""
        self.root = configuration

    # --- finding

    def section(self, tag: str) -> Element:
        """Return the section of that tag, made where there is none."""
        found = self.root.find(tag)
        if found is None:
            found = Element(tag)
            place = sum(_place(section.tag) <= _place(tag) for section in self.root.children)
            self.root.children.insert(place, found)
        return found

    def find(self, name: str) -> Element | None:
        """Return what people call *name*: a named element, a node, or a set of options."""
        if name == "fencing_topology":
            return self.root.find("fencing-topology")
        found = [e for _, e in self._named() if name_of(e) == name]
        others = (e for e in found if e.tag != "node")
        return next(others, found[0] if found else None)

    def find_like(self, definition: Definition) -> Element | None:
        """Return what has the name of *definition*; nodes have names of their own."""
        is_node = definition.element.tag == "node"
        return next(
            (
                e
                for _, e in self._named()
                if (e.tag == "node") == is_node and name_of(e) == definition.name
            ),
            None,
        )

    def has(self, definition: Definition) -> bool:
        """Return whether what *definition* would make anew is there, in the same form."""
        if definition.way is Way.SECTION:
            return bool(self.section(definition.section).children)
        old = self.find_like(definition) if definition.way is Way.PUT else None
        return old is not None and old.tag == definition.element.tag != "node"

    def names(self) -> list[str]:
        """Return the names of all that can be shown, edited and deleted, in document order."""
        return [name_of(element) for _, element in self._named()]

    def parent_of(self, element: Element) -> Element:
        """Return what *element* stands in."""
        return next(e for e in self.root.walk() if any(c is element for c in e.children))

    def _named(self) -> Iterator[tuple[Element, Element]]:
        for section in self.root.children:
            for element in section.children:
                yield section, element
                if element.tag in _CONTAINED:  # a primitive holds no other
                    for inner in element.walk():
                        if inner is not element and inner.tag in RESOURCES:
                            yield section, inner

    # --- definitions

    def define(
        self, definitions: Sequence[Definition], *, replace: bool, merge_nodes: bool = True
    ) -> None:
        """Put all *definitions* in, in any order; raises `Refused` with all that is wrong.

        With *replace* a definition takes the place of what has its name; without, that is refused.
        """
        with_new = _Putting(self, definitions, replace=replace, merge_nodes=merge_nodes)
        self._whole(with_new.put)

    def _whole(self, work: Callable[[], None]) -> None:
        before = self.root.copy()
        try:
            work()
        except Refused:
            self.root = before
            raise

    # --- commands

    def delete(self, names: Sequence[str]) -> list[str]:
        """Delete what is called *names*, with all only it was for; return what else changed."""
        told: list[str] = []

        def work() -> None:
            findings = [_no(name) for name in names if self.find(name) is None]
            if findings:
                raise Refused(findings)
            for name in names:
                element = self.find(name)
                if element is not None and element.tag == "acl_role":
                    self._refuse_if_used(name, {*names})
                if element is not None:
                    told.extend(Pruner(self).delete(element))

        self._whole(work)
        return told

    def speak_for_members(self, definition: Definition) -> list[str]:
        """Let constraints name what *definition* made instead of its members; return changes."""
        return list(Pruner(self).speak_for(definition.name, definition.members))

    def rename(self, old: str, new: str) -> None:
        """Give *old* the name *new*, in all that refers to it too."""
        element = self._required(old)
        if self.find(new) is not None or new in set(ids_in(self.root)):
            raise Refused([_error("id-taken", new, f"there is a {new} already")])
        if element.tag not in TOP or element.tag == "node":
            raise Refused([_error("rename", old, f"{old} cannot be renamed")])
        element.attributes["id"] = new
        for inner in self.root.walk():
            if inner.tag in REFERENCES and inner.id == old:
                inner.attributes["id"] = new
            for attribute in REFERRING:
                if inner.get(attribute) == old and not (inner.tag in TOP and attribute == "id"):
                    inner.attributes[attribute] = new
            if inner.tag == "fencing-level" and old in inner.get("devices").split(","):
                devices = [new if d == old else d for d in inner.get("devices").split(",")]
                inner.attributes["devices"] = ",".join(devices)

    def add_to_group(self, name: str, member: str, *, after: str = "", before: str = "") -> None:
        """Put the primitive *member* into the group *name*, at its end or beside another member."""
        group, primitive = self._group(name), self._required(member)
        if primitive.tag != "primitive":
            raise Refused([_error("group-member", member, f"{member} is no primitive")])
        holder = self.parent_of(primitive)
        if holder is not self.section("resources"):
            raise Refused([_error("taken", member, f"{member} is in {holder.id} already")])
        place = len(group.children)
        if beside := after or before:
            other = next((c for c in group.children if c.id == beside), None)
            if other is None:
                raise Refused([_error("group-member", beside, f"{beside} is not in {name}")])
            place = _index(group, other) + bool(after)
        del holder.children[_index(holder, primitive)]
        group.children.insert(place, primitive)

    def remove_from_group(self, name: str, member: str) -> None:
        """Take *member* out of the group *name* and let it stand alone."""
        group = self._group(name)
        primitive = next((c for c in group.all("primitive") if c.id == member), None)
        if primitive is None:
            raise Refused([_error("group-member", member, f"{member} is not in {name}")])
        if len(group.all("primitive")) == 1:
            raise Refused(
                [_error("group-empty", name, f"{member} is all that {name} has: delete {name}")]
            )
        del group.children[_index(group, primitive)]
        self.section("resources").children.append(primitive)

    def set_value(self, path: str, value: str) -> None:
        """Set the option or operation attribute that *path* names: ID.NAME or ID.OP[:N].NAME."""
        owner, *rest = path.split(".")
        for n in range(len(rest), 0, -1):  # names may have dots
            element = self.find(".".join([owner, *rest[: n - 1]]))
            if element is not None:
                break
        else:
            raise Refused([_no(owner)])
        words = rest[n - 1 :]
        name = ".".join(words)
        for pair in (e for e in _own(element) if e.tag == "nvpair" and e.get("name") == name):
            pair.attributes["value"] = value
            return
        if len(words) == 2 and (op := _op_of(element, words[0])) is not None:
            op.attributes[words[1]] = value
            return
        if len(words) == 1 and name in element.attributes and name != "id":
            element.attributes[name] = value
            return
        raise Refused([_error("no-attribute", path, f"{owner} has no {name} to set")])

    def erase(self, *, nodes: bool = False) -> None:
        """Delete everything, but for the nodes unless *nodes* says so too."""
        for section in self.root.children:
            if section.tag != "nodes" or nodes:
                section.children.clear()
                section.attributes.clear()

    def _refuse_if_used(self, role: str, going: set[str]) -> None:
        users = [
            user.id
            for user in self.section("acls").children
            if user.id not in going
            and any(c.tag in ("role", "role_ref") and c.id == role for c in user.children)
        ]
        if users:
            text = f"{role} is a role of {', '.join(users)}"
            raise Refused([_error("in-use", role, text)])

    def _group(self, name: str) -> Element:
        group = self._required(name)
        if group.tag != "group":
            raise Refused([_error("no-group", name, f"{name} is a {group.tag}, not a group")])
        return group

    def _required(self, name: str) -> Element:
        element = self.find(name)
        if element is None:
            raise Refused([_no(name)])
        return element


class _Putting:
    """One call of `Workspace.define`."""

    def __init__(
        self, workspace: Workspace, definitions: Sequence[Definition], *, replace: bool,
        merge_nodes: bool,
    ) -> None:  # fmt: skip
        self.workspace = workspace
        self.definitions = definitions
        self.replace = replace
        self.merge_nodes = merge_nodes
        self.findings: list[Finding] = []
        self.new: list[Element] = []
        self.maker = Maker(set())

    def put(self) -> None:
        self.find_doubles()
        self.raise_findings()
        replaced = [
            old
            for d in self.definitions
            if d.way is Way.PUT and (old := self.workspace.find_like(d)) is not None
        ]
        leaving = {id_ for old in replaced if old.tag != "node" for id_ in _own_ids(old)}
        self.maker = Maker(set(ids_in(self.workspace.root)) - leaving)
        self.maker.taken |= {name for d in self.definitions for name in ids_in(d.element)}
        self.free_members(replaced)
        # A monitor may stand before the resource that it is for.
        for definition in sorted(self.definitions, key=lambda one: one.way is Way.MONITOR):
            self.put_one(definition)
        for wanted in (("group",), ("clone", "master", "bundle")):
            for definition in self.definitions:
                if definition.element.tag in wanted and definition.way is Way.PUT:
                    self.take_members(definition)
        self.resolve_references()
        self.raise_findings()

    def raise_findings(self) -> None:
        if self.findings:
            raise Refused(self.findings)

    def refuse(self, definition: Definition, code: str, text: str) -> None:
        text = f"line {definition.number}: {text}"
        self.findings.append(_error(code, definition.name, text))

    def find_doubles(self) -> None:
        seen: set[tuple[bool, str]] = set()
        for definition in self.definitions:
            if definition.way is not Way.PUT or not definition.name:
                continue
            name = definition.name
            key = (definition.element.tag == "node", name)
            old = self.workspace.find_like(definition)
            if key in seen:
                self.refuse(definition, "id-twice", f"{name} is defined twice")
            elif old is not None and old.tag != definition.element.tag:
                if not {old.tag, definition.element.tag} <= {"clone", "master"}:
                    self.refuse(definition, "id-taken", f"{name} is a {old.tag} already")
            elif old is not None and not self.replace and old.tag != "node":
                self.refuse(definition, "id-taken", f"{name} exists already")
            seen.add(key)

    def free_members(self, replaced: Sequence[Element]) -> None:
        """Let the members of containers that are defined anew stand alone, in their place."""
        resources = self.workspace.section("resources")
        for container in replaced:
            if container.tag not in _CONTAINED:
                continue
            members = container.all(*RESOURCES)
            container.children = [c for c in container.children if c.tag not in RESOURCES]
            holder = self.workspace.parent_of(container)
            if holder is not resources:  # its own container is next, or keeps only the shell
                place = len(resources.children)
            else:
                place = _index(resources, container)
            resources.children[place:place] = members

    def put_one(self, definition: Definition) -> None:
        match definition.way:
            case Way.MONITOR:
                self.add_operation(definition)
            case Way.MERGE:
                self.merge_options(definition)
            case Way.SECTION:
                self.put_section(definition)
            case Way.CHILDREN:
                self.put_children(definition)
            case Way.PUT:
                self.put_element(definition)

    def put_element(self, definition: Definition) -> None:
        element = definition.element
        old = self.workspace.find_like(definition)
        if element.tag == "node":
            self.put_node(definition, old)
            return
        self.maker.fill(element)
        self.new.append(element)
        if old is None:
            self.workspace.section(definition.section).children.append(element)
            return
        holder = self.workspace.parent_of(old)
        holder.children[_index(holder, old)] = element
        if COMMENTS not in element.attributes and COMMENTS in old.attributes:
            element.attributes[COMMENTS] = old.attributes[COMMENTS]

    def put_node(self, definition: Definition, old: Element | None) -> None:
        node = definition.element
        self.maker.fill(node)
        if old is None:
            node.attributes.setdefault("id", node.get("uname"))
            self.workspace.section("nodes").children.append(node)
            return
        if not self.merge_nodes:
            old.attributes |= node.attributes
            old.children = node.children
            return
        if "description" in node.attributes:
            old.attributes["description"] = node.get("description")
        for attributes in node.children:
            mine = next((c for c in old.children if _is_same_set(c, attributes)), None)
            if mine is None:
                old.children.append(attributes)
            else:
                _merge_pairs(mine, attributes)

    def merge_options(self, definition: Definition) -> None:
        element, section = definition.element, self.workspace.section(definition.section)
        default = _DEFAULT_IDS[definition.section]
        mine = self.set_to_merge(section, element, default)
        if mine is None:
            element.attributes.setdefault("id", default)
            self.maker.fill(element)
            section.children.append(element)
            return
        element.attributes["id"] = mine.id
        self.maker.taken -= set(ids_in(mine))
        named = {pair.get("name"): pair.id for pair in mine.all("nvpair")}
        for pair in element.all("nvpair"):
            if pair.get("name") in named and not pair.id:
                pair.attributes["id"] = named[pair.get("name")]
        self.maker.taken |= set(ids_in(mine))
        self.maker.fill(element)
        mine.attributes |= element.attributes
        if rules := element.all("rule"):
            mine.children = rules + [child for child in mine.children if child.tag != "rule"]
        _merge_pairs(mine, element)

    def set_to_merge(self, section: Element, element: Element, default: str) -> Element | None:
        sets = section.all(*_OPTION_SETS)
        wanted = element.id or default
        for mine in sets:
            if mine.id == wanted:
                return mine
        if element.id or element.find("rule") is not None:
            return None
        return next((mine for mine in sets if mine.find("rule") is None and mine.id), None)

    def put_section(self, definition: Definition) -> None:
        element = definition.element
        section = self.workspace.section(definition.section)
        if section.children and not self.replace:
            self.refuse(
                definition, "id-taken", f"{definition.section} is there already: edit or delete it"
            )
            return
        if definition.section == "fencing-topology":
            self.maker.taken -= set(ids_in(section))
            element.children = list(self.levels(element.children))
        self.maker.fill(element)
        section.children = element.children
        section.attributes = dict(element.attributes)

    def put_children(self, definition: Definition) -> None:
        section = self.workspace.section(definition.section)
        section.attributes |= definition.element.attributes
        for child in definition.element.children:
            self.maker.fill(child)
            place = [n for n, c in enumerate(section.children) if c.id and c.id == child.id]
            if place:
                section.children[place[0]] = child
            else:
                section.children.append(child)

    def levels(self, levels: Sequence[Element]) -> Iterator[Element]:
        """Yield *levels*; those without a target once for each node."""
        for_all = [level for level in levels if not _has_target(level)]
        yield from (level for level in levels if _has_target(level))
        if for_all:
            for node in self.workspace.section("nodes").all("node"):
                for level in for_all:
                    attributes = {"target": node.get("uname"), **level.attributes}
                    yield Element("fencing-level", attributes)

    def add_operation(self, definition: Definition) -> None:
        resource = self.workspace.find(definition.target)
        if resource is None or resource.tag not in ("primitive", "template"):
            self.refuse(definition, "no-resource", f"there is no primitive {definition.target}")
            return
        operations = resource.find("operations") or resource.add("operations")
        op = definition.element
        self.maker.fill(op, resource.id)
        operations.children.append(op)

    def take_members(self, definition: Definition) -> None:
        container = definition.element
        resources = self.workspace.section("resources")
        first = sum(child.tag in ("docker", "podman", "rkt", "network", "storage")
                    for child in container.children) if container.tag == "bundle" else len(
            container.children)  # fmt: skip
        taken = []
        for name in definition.members:
            member = self.workspace.find(name)
            if member is None or member.tag not in RESOURCES:
                self.refuse(definition, "no-resource", f"there is no resource {name}")
            elif member.tag not in _CONTAINED[container.tag]:
                self.refuse(
                    definition, "member-kind",
                    f"{container.id} cannot hold {name}, which is a {member.tag}",
                )  # fmt: skip
            elif member in taken:
                self.refuse(definition, "member-twice", f"{name} is listed twice")
            elif (holder := self.workspace.parent_of(member)) is not resources:
                self.refuse(definition, "member-taken", f"{name} is in {holder.id} already")
            else:
                taken.append(member)
        for member in taken:
            del resources.children[_index(resources, member)]
        container.children[first:first] = taken

    def resolve_references(self) -> None:
        """Let `id-ref`s that name an object mean the object's element of that kind."""
        for element in (inner for new in self.new for inner in new.walk()):
            name = element.get("id-ref")
            owner = self.workspace.find(name) if name else None
            if owner is None or owner.tag == element.tag or owner.tag not in TOP:
                continue
            target = next((e for e in owner.walk() if e.tag == element.tag), None)
            if target is not None:
                element.attributes["id-ref"] = target.id or target.get("id-ref")
            if element.get("id-ref") == name and element.tag == "operations" and target is not None:
                target.attributes["id"] = f"{name}-operations"
                element.attributes["id-ref"] = target.id


def _place(tag: str) -> int:
    return SECTION_ORDER.index(tag) if tag in SECTION_ORDER else len(SECTION_ORDER)


def name_of(element: Element) -> str:
    """Return what people call *element*."""
    return element.get("uname") or element.id if element.tag == "node" else element.id


def _own(element: Element) -> Iterator[Element]:
    """Yield what is in *element* but not in the resources that it holds."""
    for child in element.children:
        if child.tag not in RESOURCES:
            yield child
            yield from _own(child)


def _own_ids(element: Element) -> Iterator[str]:
    yield element.id
    yield from (inner.id for inner in _own(element) if inner.id and inner.tag not in REFERENCES)


def _op_of(element: Element, name: str) -> Element | None:
    action, _, interval = name.partition("_") if "_" in name else name.partition(":")
    for op in (inner for inner in _own(element) if inner.tag == "op"):
        if op.get("name") in (name, action) and (
            op.get("name") == name or not interval or op.get("interval").startswith(interval)
        ):
            return op
    return None


def _has_target(level: Element) -> bool:
    return any(name.startswith("target") for name in level.attributes)


def _is_same_set(mine: Element, other: Element) -> bool:
    return mine.tag == other.tag and not mine.get("id-ref") and not other.get("id-ref")


def _merge_pairs(mine: Element, other: Element) -> None:
    for pair in other.all("nvpair"):
        old = next((p for p in mine.all("nvpair") if p.get("name") == pair.get("name")), None)
        if old is None:
            mine.children.append(pair)
        else:
            old.attributes["value"] = pair.get("value")


def _index(parent: Element, child: Element) -> int:
    return next(n for n, other in enumerate(parent.children) if other is child)


def _error(code: str, subject: str, text: str) -> Finding:
    return Finding.error(code, subject, text)


def _no(name: str) -> Finding:
    return _error("unknown", name, f"there is no {name} in the configuration")
