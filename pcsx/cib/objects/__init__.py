"""What the document holds, as frozen dataclasses: one file a family, each read and written whole.

`Document` gives the sections; every class has `from_xml` and `to_xml`, and what it does not know
rides along in `extra`.
"""

from pcsx.cib.objects.base import Extra, XmlObject
from pcsx.cib.objects.constraints import (
    Colocation,
    Constraint,
    Location,
    Order,
    ResourceRef,
    ResourceSet,
    TicketConstraint,
)
from pcsx.cib.objects.document import Document
from pcsx.cib.objects.nodes import Node, ObjectRef, Tag
from pcsx.cib.objects.nvpairs import (
    ClusterPropertySet,
    InstanceAttributes,
    MetaAttributes,
    NvBlock,
    NvPair,
    Utilization,
)
from pcsx.cib.objects.others import (
    AclGroup,
    AclPermission,
    AclRole,
    AclRoleRef,
    AclTarget,
    Alert,
    AlertAttribute,
    AlertSelect,
    FencingLevel,
    Recipient,
    SelectAttributes,
    SelectFencing,
    SelectNodes,
    SelectResources,
)
from pcsx.cib.objects.resources import (
    Bundle,
    Clone,
    ContainerImage,
    Docker,
    Group,
    Network,
    Operation,
    Operations,
    Podman,
    PortMapping,
    Primitive,
    Resource,
    Storage,
    StorageMapping,
    Template,
)
from pcsx.cib.objects.rules import (
    Condition,
    DateExpression,
    DateSpec,
    Duration,
    Expression,
    OpExpression,
    RscExpression,
    Rule,
)
from pcsx.cib.objects.status import (
    History,
    HistoryOperation,
    Lrm,
    NodeState,
    TicketState,
    TransientAttributes,
)

__all__ = [
    "AclGroup", "AclPermission", "AclRole", "AclRoleRef", "AclTarget", "Alert", "AlertAttribute",
    "AlertSelect", "Bundle", "Clone", "ClusterPropertySet", "Colocation", "Condition", "Constraint",
    "ContainerImage", "DateExpression", "DateSpec", "Docker", "Document", "Duration", "Expression",
    "Extra", "FencingLevel", "Group", "History", "HistoryOperation",
    "InstanceAttributes", "Location", "Lrm", "MetaAttributes", "Network", "Node", "NodeState",
    "NvBlock", "NvPair", "ObjectRef", "OpExpression", "Operation", "Operations", "Order", "Podman",
    "PortMapping", "Primitive", "Recipient", "Resource", "ResourceRef", "ResourceSet",
    "RscExpression", "Rule", "SelectAttributes", "SelectFencing", "SelectNodes", "SelectResources",
    "Storage", "StorageMapping", "Tag", "Template", "TicketConstraint", "TicketState",
    "TransientAttributes", "Utilization", "XmlObject",
]  # fmt: skip
