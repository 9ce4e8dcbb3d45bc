"""Operations of a resource: what is given, what the agent advises, and both put together.

An operation is a mapping of its attributes (`name`, `interval`, …) in the order they are written;
`OCF_CHECK_LEVEL` among them becomes a parameter of the operation. A monitor without an interval
runs every 60 s, any other operation once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from lxml import etree

from pcsx.cib.document import Cib
from pcsx.cib.edit.tree import (
    Element,
    Pairs,
    all_ids,
    clean_id,
    edited,
    free_id,
    put_pairs,
    refuse,
    remove,
    resource,
)
from pcsx.errors import Finding, Refused
from pcsx.values import parse_duration_ms

CHECK_LEVEL: Final = "OCF_CHECK_LEVEL"
ATTRIBUTES: Final = (
    CHECK_LEVEL, "description", "enabled", "id", "interval", "interval-origin", "name", "on-fail",
    "record-pending", "role", "start-delay", "timeout",
)  # fmt: skip
ROLES: Final = ("Master", "Promoted", "Slave", "Started", "Stopped", "Unpromoted")
OLD_ROLES: Final = {"master": "Promoted", "slave": "Unpromoted"}
BOOLEANS: Final = ("0", "1", "false", "true")
ON_FAIL: Final = ("block", "demote", "fence", "ignore", "restart", "restart-container", "standby",
                  "stop")  # fmt: skip
NOT_RUN: Final = frozenset(("meta-data", "status", "validate-all"))
"""Actions of agents that the cluster never calls by itself."""

_CHOICES: Final = {
    "enabled": BOOLEANS,
    "record-pending": BOOLEANS,
    "on-fail": ON_FAIL,
    "role": ROLES,
}


def default_interval(name: str) -> str:
    """Return the interval of an operation for which none is given."""
    return "60s" if name == "monitor" else "0s"


def today_role(role: str) -> str:
    """Return the role in today's words and writing; an unknown one as it is."""
    lower = role.lower()
    if lower in OLD_ROLES:
        return OLD_ROLES[lower]
    return next((known for known in ROLES if known.lower() == lower), role)


def choices_text(choices: Iterable[str]) -> str:
    """Return the choices as messages list them."""
    return ", ".join(f"'{choice}'" for choice in choices)


def faults(
    given: Sequence[Pairs], names: Iterable[str] = (), *, force_names: bool = True
) -> Iterator[Finding]:
    """Tell what is wrong with the operations *given*; *names* are those the agent has."""
    known = sorted(set(names))
    for operation in given:
        name = operation.get("name", "")
        if known and name not in known:
            yield Finding.error(
                "operation-name",
                name,
                f"'{name}' is not a valid operation name value, use {choices_text(known)}",
                force="operation-name" if force_names else "",
            )
        for attribute in operation:
            if attribute not in ATTRIBUTES:
                yield Finding.error(
                    "operation-option",
                    attribute,
                    f"invalid resource operation option '{attribute}', allowed options are: "
                    f"{choices_text(ATTRIBUTES)}",
                )
        yield from _value_faults(operation)
    yield from _same_twice(given)


def _value_faults(operation: Pairs) -> Iterator[Finding]:
    for attribute, choices in _CHOICES.items():
        value = operation.get(attribute)
        lowered = [choice.lower() for choice in choices]
        if value is not None and value.lower() not in lowered:
            yield Finding.error(
                "operation-value",
                attribute,
                f"'{value}' is not a valid {attribute} value, use {choices_text(choices)}",
            )
    if "interval-origin" in operation and "start-delay" in operation:
        yield Finding.error(
            "operation-exclusive",
            operation.get("name", ""),
            "Only one of resource operation options 'interval-origin' and 'start-delay' can be "
            "used",
        )


def _same_twice(given: Sequence[Pairs]) -> Iterator[Finding]:
    seen: dict[tuple[str, str, int | str], list[str]] = {}
    for operation in given:
        name = operation.get("name", "")
        interval = operation.get("interval", default_interval(name))
        seen.setdefault((name, "", _milliseconds(interval)), []).append(interval)
    for (name, _, _), intervals in seen.items():
        if len(intervals) > 1:
            yield Finding.error(
                "operation-twice",
                name,
                "multiple specification of the same operation with the same interval:\n"
                f"{name} with intervals {', '.join(intervals)}",
            )


def _milliseconds(interval: str) -> int | str:
    """Return the interval as a number of milliseconds, or as it is where it is none."""
    value = parse_duration_ms(interval)
    return interval if value is None else value


def complete(
    given: Sequence[Pairs], advised: Sequence[Pairs], *, defaults: bool = True
) -> list[dict[str, str]]:
    """Return all operations of a new resource: those *given*, then what the agent advises.

    An advised operation gives way to a given one of its name. Without *defaults* only a monitor
    is added. A resource always has a monitor.
    """
    named = {operation.get("name", "") for operation in given}
    whole = [_normal(operation) for operation in given]
    added = [
        _normal(operation)
        for operation in advised
        if operation.get("name") not in NOT_RUN
        and operation.get("name") not in named
        and (defaults or operation.get("name") == "monitor")
    ]
    whole += _with_own_intervals(added)
    if "monitor" not in {operation["name"] for operation in whole}:
        whole.append({"name": "monitor", "interval": default_interval("monitor")})
    return whole


def _normal(operation: Pairs) -> dict[str, str]:
    made = {name: value for name, value in operation.items() if value != ""}
    made.setdefault("interval", default_interval(made.get("name", "")))
    if "role" in made:
        made["role"] = today_role(made["role"])
    return made


def _with_own_intervals(operations: list[dict[str, str]]) -> list[dict[str, str]]:
    """Return *operations* with the intervals of equal names made different, a second at a time."""
    taken: set[tuple[str, int]] = set()
    for operation in operations:
        milliseconds = parse_duration_ms(operation["interval"])
        if milliseconds is None:
            continue
        first = milliseconds
        while (operation["name"], milliseconds) in taken:
            milliseconds += 1000
        if milliseconds != first:
            operation["interval"] = str(milliseconds // 1000)
        taken.add((operation["name"], milliseconds))
    return operations


def append(conf: Element, primitive: Element, operation: Pairs) -> Element:
    """Add *operation* to *primitive* as a new resource's operations are written."""
    operations = _operations(primitive)
    attributes = {name: value for name, value in operation.items() if name != CHECK_LEVEL}
    id = attributes.pop("id", None) or free_id(conf, _id(primitive, attributes))
    made = etree.SubElement(operations, "op", {**attributes, "id": id})
    if CHECK_LEVEL in operation:
        inside = etree.SubElement(made, "instance_attributes", id=f"{id}-instance_attributes")
        put_pairs(conf, inside, {CHECK_LEVEL: operation[CHECK_LEVEL]})
    return made


def _operations(primitive: Element) -> Element:
    found = primitive.find("operations")
    return etree.SubElement(primitive, "operations") if found is None else found


def _id(primitive: Element, operation: Pairs) -> str:
    return clean_id(
        f"{primitive.get('id')}-{operation.get('name')}-interval-{operation.get('interval')}"
    )


# --- operations of a resource that is there


def add(cib: Cib, id: str, operation: Pairs, *, force: bool = False) -> Cib:
    """Return *cib* with one operation more at the resource *id*."""

    def change(conf: Element) -> None:
        primitive = _primitive(conf, id)
        if "id" in operation and operation["id"] in all_ids(conf):
            raise refuse(
                "id-exists",
                operation["id"],
                f"id '{operation['id']}' is already in use, please specify another one",
            )
        whole = checked(operation, force=force)
        _refuse_twice(primitive, whole, force=force)
        _put(conf, primitive, whole)

    return edited(cib, change)


def checked(operation: Pairs, *, force: bool = False) -> dict[str, str]:
    """Return *operation* with its default interval and today's role; raise on bad values."""
    faults: list[Finding] = []
    for name, value in operation.items():
        if name not in ATTRIBUTES and not force:
            faults.append(
                Finding.error(
                    "operation-option",
                    name,
                    f"{name} is not a valid op option",
                    force="operation-option",
                )
            )
        choices = _CHOICES.get(name) if name in ("role", "on-fail") else None
        lowered = [choice.lower() for choice in choices or ()]
        if choices and value.lower() not in lowered and not force:
            faults.append(
                Finding.error(
                    "operation-value",
                    name,
                    f"{name} must be: {choices_text(choices)}",
                    force="operation-value",
                )
            )
    if faults:
        raise Refused(faults)
    return _normal(operation)


def _refuse_twice(primitive: Element, operation: Pairs, *, force: bool) -> None:
    name, interval = operation["name"], operation["interval"]
    same = [op for op in primitive.iterfind("operations/op") if op.get("name") == name]
    exact = [op for op in same if _milliseconds(op.get("interval", "0")) == _milliseconds(interval)]
    if exact:
        raise refuse(
            "operation-twice",
            name,
            f"operation {name} with interval {_seconds(interval)} already specified for "
            f"{primitive.get('id')}:\n" + "\n".join(map(_line, exact)),
        )
    if force or CHECK_LEVEL in operation:
        return
    alike = [
        op
        for op in same
        if today_role(op.get("role", "Started")) == operation.get("role", "Started")
    ]
    if alike:
        raise refuse(
            "operation-alike",
            name,
            f"operation {name} already specified for {primitive.get('id')}, "
            "use --force to override:\n" + "\n".join(map(_line, alike)),
        )


def _seconds(interval: str) -> str:
    milliseconds = parse_duration_ms(interval)
    if milliseconds is None or milliseconds % 1000:
        return interval
    return f"{milliseconds // 1000}s"


def _line(op: Element) -> str:
    attributes = " ".join(
        f"{name!s}={value!s}"
        for name, value in sorted(op.attrib.items())
        if name not in ("id", "name")
    )
    return f"{op.get('name')} {attributes} ({op.get('id')})".replace("  ", " ")


def _put(conf: Element, primitive: Element, operation: Pairs, at: int | None = None) -> None:
    operations = _operations(primitive)
    id = operation.get("id") or free_id(conf, _id(primitive, operation))
    attributes = {"id": id, "name": operation["name"], "interval": operation["interval"]}
    for name, value in operation.items():
        if name not in attributes and name != CHECK_LEVEL:
            attributes[name] = value
    made = etree.Element("op", attributes)
    if CHECK_LEVEL in operation:
        level = operation[CHECK_LEVEL]
        inside = etree.SubElement(made, "instance_attributes", id=f"params-{id}")
        etree.SubElement(
            inside, "nvpair", name=CHECK_LEVEL, value=level,
            id=clean_id(f"{id}-{CHECK_LEVEL}-{level}"),
        )  # fmt: skip
    operations.insert(len(operations) if at is None else at, made)


def update(conf: Element, primitive: Element, operation: Pairs) -> None:
    """Put *operation* in the place of the first of its name; what is not given is forgotten."""
    if set(operation) <= {"name"}:
        return
    whole = _normal(operation)
    operations = _operations(primitive)
    at = None
    for index, op in enumerate(operations.findall("op")):
        if op.get("name") == whole["name"]:
            at = index
            operations.remove(op)
            break
    for op in operations.findall("op"):
        same = op.get("name") == whole["name"] and _milliseconds(
            op.get("interval", "0")
        ) == _milliseconds(whole["interval"])
        if same:
            raise refuse(
                "operation-twice",
                whole["name"],
                f"operation {whole['name']} with interval {_seconds(whole['interval'])} already "
                f"specified for {primitive.get('id')}:\n{_line(op)}",
            )
    _put(conf, primitive, whole, at)


def delete_by_id(cib: Cib, id: str) -> Cib:
    """Return *cib* without the operation named *id*."""

    def change(conf: Element) -> None:
        op = next((op for op in conf.iter("op") if op.get("id") == id), None)
        if op is None:
            raise refuse("no-such-operation", id, f"unable to find operation id: {id}")
        remove(op)

    return edited(cib, change)


def delete(cib: Cib, id: str, operation: Pairs) -> Cib:
    """Return *cib* without the operations of *id* that have just the attributes given.

    With a name alone all operations of that name go.
    """

    def change(conf: Element) -> None:
        primitive = _primitive(conf, id)
        found = [op for op in primitive.iterfind("operations/op") if _is(op, operation)]
        if not found:
            wanted = " ".join(f"{key}={value}" for key, value in operation.items() if key != "name")
            raise refuse(
                "no-such-operation",
                id,
                f"Unable to find operation matching: {operation['name']} {wanted}".rstrip(),
            )
        for op in found:
            remove(op)

    return edited(cib, change)


def _is(op: Element, operation: Pairs) -> bool:
    attributes = {name: value for name, value in op.attrib.items() if name != "id"}
    return (set(operation) == {"name"} and attributes.get("name") == operation["name"]) or (
        attributes == dict(operation)
    )


def _primitive(conf: Element, id: str) -> Element:
    found = resource(conf, id)
    if found is None or found.tag != "primitive":
        raise refuse("no-such-resource", id, f"Unable to find resource: {id}")
    return found
