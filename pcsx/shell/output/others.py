"""Access control, alerts and tags as text and as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pcsx.cib.document import Cib
from pcsx.cib.objects.document import Document
from pcsx.cib.objects.nvpairs import NvBlock
from pcsx.cib.objects.others import Alert, Recipient
from pcsx.shell.output.pairs import pair_text, pairs_of

_DISABLED = "disabled, run 'pcs acl enable' to enable"


def acl_lines(cib: Cib, *, enabled: bool) -> list[str]:
    """Return users, groups and roles as lines."""
    document = Document(cib)
    lines = [f"ACLs are {'enabled' if enabled else _DISABLED}"]
    lines.append("")
    for word, targets in (("User", document.acl_targets), ("Group", document.acl_groups)):
        for target in targets:
            roles = " ".join(str(role.id) for role in target.roles)
            lines += [f"{word}: {target.id}", f"  Roles: {roles}".rstrip()]
    for role in document.acl_roles:
        lines.append(f"Role: {role.id}")
        if role.description:
            lines.append(f"  Description: {role.description}")
        for permission in role.permissions:
            scope = "xpath" if permission.xpath else "id"
            query = permission.xpath or permission.reference or ""
            lines.append(f"  Permission: {permission.kind} {scope} {query} ({permission.id})")
    return lines


def acl_object(cib: Cib, *, enabled: bool) -> dict[str, Any]:
    """Return access control as a plain value."""
    document = Document(cib)
    return {
        "enabled": enabled,
        "users": {t.id: [role.id for role in t.roles] for t in document.acl_targets},
        "groups": {t.id: [role.id for role in t.roles] for t in document.acl_groups},
        "roles": [
            {
                "id": role.id,
                "description": role.description,
                "permissions": [
                    {"id": p.id, "kind": p.kind, "xpath": p.xpath, "reference": p.reference}
                    for p in role.permissions
                ],
            }
            for role in document.acl_roles
        ],
    }


def _pairs_line(title: str, blocks: Sequence[NvBlock]) -> list[str]:
    pairs = [pair for block in blocks for pair in pairs_of(block)]
    if not pairs:
        return []
    return [f"{title}: {' '.join(pair_text(name, value) for name, value in pairs)}"]


def _settings(thing: Alert | Recipient, depth: int) -> list[str]:
    pad = " " * depth
    lines = [f"Description: {thing.description}"] if thing.description else []
    lines += _pairs_line("Options", thing.params)
    lines += _pairs_line("Meta options", thing.meta)
    return [pad + line for line in lines]


def alert_lines(cib: Cib) -> list[str]:
    """Return alerts and their recipients as lines."""
    alerts = Document(cib).alerts
    if not alerts:
        return ["Alerts:", " No alerts defined"]
    lines = ["Alerts:"]
    for alert in alerts:
        lines.append(f" Alert: {alert.id} (path={alert.path})")
        lines += _settings(alert, 2)
        if alert.recipients:
            lines.append("  Recipients:")
        for recipient in alert.recipients:
            lines.append(f"   Recipient: {recipient.id} (value={recipient.value})")
            lines += _settings(recipient, 4)
    return lines


def alert_objects(cib: Cib) -> list[dict[str, Any]]:
    """Return alerts as plain values."""

    def settings(thing: Alert | Recipient) -> dict[str, Any]:
        return {
            "description": thing.description,
            "options": {n: v for block in thing.params for n, v in pairs_of(block)},
            "meta": {n: v for block in thing.meta for n, v in pairs_of(block)},
        }

    return [
        {
            "id": alert.id,
            "path": alert.path,
            **settings(alert),
            "recipients": [{"id": r.id, "value": r.value, **settings(r)} for r in alert.recipients],
        }
        for alert in Document(cib).alerts
    ]


def tag_lines(cib: Cib) -> list[str]:
    """Return tags as lines."""
    from pcsx.cib.edit import read

    lines = []
    for id, ids in read.tags(cib).items():
        lines += [id, *(f"  {name}" for name in ids)]
    return lines
