"""The table of elements: attributes and children of each.

Attributes are words: `name` may be there, `name!` must be, `name=a|b` is one of these values,
`name!=a|b` both.
Children are words: `tag` any number of times, `tag?` at most once, `tag!` once at least. Their
order is free. What an element shares by `id-ref` it need not have itself.
"""

from __future__ import annotations

from typing import Final

from pcsx.lean import dataclass


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute: whether it must be there, and its values where they are counted."""

    name: str
    required: bool = False
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Child:
    """One kind of child: how often it must and may be there (None: any number of times)."""

    tag: str
    least: int = 0
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Shape:
    """What one element has."""

    attributes: dict[str, Attribute]
    children: dict[str, Child]


_SETS: Final = "instance_attributes meta_attributes"
_RESOURCE_SETS: Final = f"{_SETS} utilization"
_PAIRS: Final = ("id! id-ref score", "rule nvpair attributes?")
_UNITS: Final = (
    "id hours monthdays weekdays yearsdays yeardays months weeks years weekyears moon days minutes "
    "seconds"
)
_ENGINE: Final = (
    "image! replicas replicas-per-host promoted-max masters network options run-command"
)
_OLD_PERMISSION: Final = ("id! tag ref xpath attribute", "")
_OLD_PERMISSIONS: Final = "read write deny"

_TABLE: Final[dict[str, tuple[str, str]]] = {
    "configuration": (
        "",
        "crm_config? nodes? resources? constraints? rsc_defaults? op_defaults? acls? tags? alerts? "
        "fencing-topology?",
    ),
    "crm_config": ("", "cluster_property_set"),
    "nodes": ("", "node"),
    "resources": ("", "primitive template group clone master bundle"),
    "constraints": ("", "rsc_location rsc_colocation rsc_order rsc_ticket"),
    "rsc_defaults": ("", "meta_attributes"),
    "op_defaults": ("", "meta_attributes"),
    "acls": ("", "acl_role acl_target acl_group acl_user"),
    "tags": ("", "tag"),
    "alerts": ("", "alert"),
    "fencing-topology": ("", "fencing-level"),
    # sets of options and their rules
    "cluster_property_set": _PAIRS,
    "instance_attributes": _PAIRS,
    "meta_attributes": _PAIRS,
    "utilization": _PAIRS,
    "attributes": ("", "nvpair"),
    "nvpair": ("id! id-ref name! value", ""),
    "rule": (
        "id! id-ref role boolean-op=and|or score score-attribute",
        "expression date_expression rsc_expression op_expression rule",
    ),
    "expression": (
        "id! attribute! operation!=lt|gt|lte|gte|eq|ne|defined|not_defined "
        "type=string|number|integer|version value value-source=literal|param|meta",
        "",
    ),
    "rsc_expression": ("id! class provider type", ""),
    "op_expression": ("id! name! interval", ""),
    "date_expression": (
        "id! operation=in_range|date_spec|gt|lt|gte|lte|eq|ne start end value",
        "duration? date_spec?",
    ),
    "date_spec": (_UNITS, ""),
    "duration": (_UNITS, ""),
    # nodes
    "node": (
        "id! uname! type=normal|member|ping|remote description score",
        "instance_attributes utilization",
    ),
    # resources
    "primitive": (
        "id! class provider type template description",
        f"{_RESOURCE_SETS} operations?",
    ),
    "template": ("id! class! provider type! description", f"{_RESOURCE_SETS} operations?"),
    "group": ("id! description ordered collocated", f"{_SETS} primitive"),
    "clone": ("id! description", f"{_SETS} primitive? group?"),
    "master": ("id! description", f"{_SETS} primitive? group?"),
    "bundle": (
        "id! description",
        f"{_SETS} docker? podman? rkt? network? storage? primitive?",
    ),
    "docker": (_ENGINE, ""),
    "podman": (_ENGINE, ""),
    "rkt": (_ENGINE, ""),
    "network": (
        "ip-range-start control-port host-interface host-netmask add-host",
        "port-mapping",
    ),
    "port-mapping": ("id! port internal-port range", ""),
    "storage": ("", "storage-mapping"),
    "storage-mapping": ("id! source-dir source-dir-root target-dir! options", ""),
    "operations": ("id id-ref", "op"),
    "op": (
        "id! id-ref name! interval! timeout description start-delay interval-origin enabled "
        "disabled record-pending role on-fail prereq requires",
        _SETS,
    ),
    # constraints
    "rsc_location": (
        "id! rsc rsc-pattern role node score resource-discovery description",
        "resource_set rule lifetime?",
    ),
    "rsc_colocation": (
        "id! score score-attribute score-attribute-mangle rsc rsc-instance rsc-role with-rsc "
        "with-rsc-instance with-rsc-role node-attribute influence symmetrical description",
        "resource_set rule lifetime?",
    ),
    "rsc_order": (
        "id! first first-instance first-action then then-instance then-action kind score "
        "symmetrical require-all description",
        "resource_set rule lifetime?",
    ),
    "rsc_ticket": ("id! rsc rsc-role ticket! loss-policy description", "resource_set"),
    "resource_set": (
        "id! id-ref sequential require-all ordering action role score kind",
        "resource_ref",
    ),
    "resource_ref": ("id!", ""),
    "lifetime": ("id", "rule"),
    # the rest
    "fencing-level": (
        "id! target target-pattern target-attribute target-value index! devices!",
        "",
    ),
    "acl_role": ("id! description", f"acl_permission {_OLD_PERMISSIONS}"),
    "acl_permission": (
        "id! kind=read|write|deny xpath reference object-type attribute description",
        "",
    ),
    "acl_target": ("id! name description", "role"),
    "acl_group": ("id! name description", "role"),
    "acl_user": ("id! description", f"role_ref {_OLD_PERMISSIONS}"),
    "role": ("id!", ""),
    "role_ref": ("id!", ""),
    "read": _OLD_PERMISSION,
    "write": _OLD_PERMISSION,
    "deny": _OLD_PERMISSION,
    "tag": ("id! description", "obj_ref"),
    "obj_ref": ("id!", ""),
    "alert": ("id! path! description", f"{_SETS} select? recipient"),
    "recipient": ("id! value! description", _SETS),
    "select": ("", "select_nodes? select_fencing? select_resources? select_attributes?"),
    "select_nodes": ("", ""),
    "select_fencing": ("", ""),
    "select_resources": ("", ""),
    "select_attributes": ("", "attribute"),
    "attribute": ("id! name!", ""),
}


def _attribute(word: str) -> Attribute:
    name, equals, values = word.partition("=")
    if equals:
        return Attribute(name.rstrip("!"), name.endswith("!"), tuple(values.split("|")))
    return Attribute(name.rstrip("!"), name.endswith("!"))


def _child(word: str) -> Child:
    if word.endswith("?"):
        return Child(word[:-1], 0, 1)
    return Child(word[:-1], 1) if word.endswith("!") else Child(word)


GRAMMAR: Final[dict[str, Shape]] = {
    tag: Shape(
        {(a := _attribute(word)).name: a for word in attributes.split()},
        {(c := _child(word)).tag: c for word in children.split()},
    )
    for tag, (attributes, children) in _TABLE.items()
}
"""The shape of every element, by tag."""

ROOT: Final = "configuration"
"""The element that everything else stands in."""
