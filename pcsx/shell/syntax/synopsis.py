"""How each definition of the language is written, what it is for, and one example.

Help, completion, the synopsis below the prompt and the manual's page on the grammar read this
table; `reading` has the reader of each keyword, and a test keeps both in step. The usage lines are
read by `pcsx.shell.usage`.
"""

from __future__ import annotations

from typing import Final

from pcsx.lean import dataclass


@dataclass(frozen=True, slots=True)
class Synopsis:
    """One definition: the *usage* after the keyword, a sentence, an example; *older* are hidden."""

    usage: str
    text: str
    example: str
    older: bool = False


_RULE: Final = "rule [$id=ID] [$role=ROLE] [SCORE:] EXPRESSION..."
_PRIMITIVE: Final = (
    "ID AGENT [description=TEXT] [params] [PARAMETER=VALUE]... [params PARAMETER=VALUE..."
    " | meta META=VALUE... | utilization NAME=NUMBER... | operations [$id=ID] [$id-ref=OWNER]"
    " | op OPERATION [OPTION=VALUE]... [op_params PARAMETER=VALUE...] [op_meta META=VALUE...]]..."
)
_CONTAINER: Final = "[description=TEXT] [meta META=VALUE... | params PARAMETER=VALUE...]..."
_OPTIONS: Final = "[$id=ID | SET:] [rule EXPRESSION...] {}=VALUE..."
_SUBJECT: Final = "ID ROLE..."

DEFINITIONS: Final[dict[str, Synopsis]] = {
    "primitive": Synopsis(
        _PRIMITIVE,
        "Define a resource that an agent looks after.",
        "primitive vip IPaddr2 params ip=10.0.0.9 op monitor interval=10s",
    ),
    "group": Synopsis(
        f"ID RESOURCE... {_CONTAINER}",
        "Define resources that run together and start one after the other.",
        "group web vip apache",
    ),
    "clone": Synopsis(
        f"ID RESOURCE {_CONTAINER}",
        "Run a resource or a group on many nodes; with promotable=true some are promoted.",
        "clone c-ping ping meta interleave=true",
    ),
    "ms": Synopsis(
        f"ID RESOURCE {_CONTAINER}",
        "Define a clone of which some instances are promoted.",
        "ms db-clone db meta notify=true",
        older=True,
    ),
    "master": Synopsis(
        f"ID RESOURCE {_CONTAINER}",
        "Define a clone of which some instances are promoted.",
        "master db-clone db meta notify=true",
        older=True,
    ),
    "bundle": Synopsis(
        "ID docker|podman|rkt NAME=VALUE..."
        " [network [NAME=VALUE]... [port-mapping NAME=VALUE...]..."
        " | storage [storage-mapping NAME=VALUE...]..."
        " | primitive RESOURCE | meta META=VALUE...]...",
        "Define containers that the cluster starts, and what runs inside.",
        "bundle b podman image=web replicas=2 primitive web",
    ),
    "rsc_template": Synopsis(
        _PRIMITIVE,
        "Define what many primitives have in common; they name it as @ID.",
        "rsc_template vm VirtualDomain op monitor interval=30s timeout=60s",
    ),
    "monitor": Synopsis(
        "RESOURCE[:ROLE] INTERVAL[:TIMEOUT]",
        "Add a monitor operation to a resource.",
        "monitor vip 10s:20s",
    ),
    "location": Synopsis(
        "ID ({ RESOURCE... } | RESOURCE) [role=ROLE | resource-discovery=WHEN]..."
        f" (SCORE: NODE | {_RULE})",
        "Say how much a resource wants a node, or must have it or never.",
        "location l-web web 100: node1",
    ),
    "colocation": Synopsis(
        "ID SCORE: RESOURCE[:ROLE]... [node-attribute=NAME]",
        "Say that the first resource runs where the second one runs.",
        "colocation fs-with-db inf: fs db:Promoted",
    ),
    "collocation": Synopsis(
        "ID SCORE: RESOURCE[:ROLE]... [node-attribute=NAME]",
        "Say that the first resource runs where the second one runs.",
        "collocation fs-with-db inf: fs db:Promoted",
        older=True,
    ),
    "order": Synopsis(
        "ID [Mandatory:|Optional:|Serialize:|SCORE:] RESOURCE[:ACTION]... [symmetrical=BOOLEAN]",
        "Say that one resource starts before another, and stops after it.",
        "order db-first Mandatory: db:promote fs:start",
    ),
    "rsc_ticket": Synopsis(
        "ID TICKET: RESOURCE[:ROLE]... [loss-policy=POLICY]",
        "Let resources run only while the site has a ticket.",
        "rsc_ticket t-db ticketA: db loss-policy=fence",
    ),
    "tag": Synopsis(
        "ID RESOURCE...",
        "Give a set of resources a name.",
        "tag billing vip db web",
    ),
    "property": Synopsis(
        _OPTIONS.format("PROPERTY"),
        "Set options of the whole cluster.",
        "property maintenance-mode=true",
    ),
    "rsc_defaults": Synopsis(
        _OPTIONS.format("META"),
        "Set meta attributes for every resource that does not say otherwise.",
        "rsc_defaults resource-stickiness=100",
    ),
    "op_defaults": Synopsis(
        _OPTIONS.format("OPTION"),
        "Set options for every operation that does not say otherwise.",
        "op_defaults timeout=60s",
    ),
    "fencing_topology": Synopsis(
        "[NODE: | attr:NAME=VALUE | pattern:REGEX] DEVICES...",
        "Say which fence devices are tried, in which order; a comma joins devices of one level.",
        "fencing_topology node1: ipmi1 pdu1,pdu2",
    ),
    "node": Synopsis(
        "NODE[:KIND] [description=TEXT]"
        " [attributes ATTRIBUTE=VALUE... | utilization NAME=NUMBER... | ATTRIBUTE=VALUE]...",
        "Give a node attributes and capacities.",
        "node node1 attributes site=berlin utilization memory=64",
    ),
    "role": Synopsis(
        "ID (read|write|deny SELECTOR... [attribute:NAME])...",
        "Define what users of a role may read and change.",
        'role watcher read xpath:"/cib"',
    ),
    "acl_target": Synopsis(
        _SUBJECT,
        "Give a user roles.",
        "acl_target alice watcher",
    ),
    "acl_group": Synopsis(
        _SUBJECT,
        "Give a group of users roles.",
        "acl_group operators watcher",
    ),
    "user": Synopsis(
        "ID [role:ROLE... | read|write|deny SELECTOR]...",
        "Give a user roles, as older configurations write it.",
        "user alice role:watcher",
        older=True,
    ),
    "alert": Synopsis(
        "ID PATH [attributes NAME=VALUE... | meta META=VALUE..."
        " | select nodes|fencing|resources|attributes... | to [{] RECIPIENT [}]]...",
        "Call a program when something happens.",
        "alert mail /usr/local/bin/mail.sh to admin@example.org",
    ),
    "xml": Synopsis(
        "ELEMENT...",
        "Put in an element that the language has no words for.",
        'xml <primitive id="p" class="ocf" provider="pacemaker" type="Dummy"/>',
    ),
}
"""Keywords in the order in which the manual tells of them."""
