"""Whom the document wants to be told of events, and how: alerts as plain values."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from pcsx.cib.document import Cib
from pcsx.cib.evaluate import Circumstances, fill
from pcsx.cib.objects import Document
from pcsx.cib.objects.others import Alert, Recipient
from pcsx.lean import dataclass
from pcsx.values import parse_bool, parse_duration_ms

TIMEOUT_MS: Final = 30_000
STAMP: Final = "%H:%M:%S.%06N"
KINDS: Final = ("node", "fencing", "resource", "attribute")
"""The kinds of events; without a filter all are told but the last."""

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Teller:
    """One program to be called for one recipient (or for none)."""

    id: str
    path: str
    recipient: str = ""
    params: Pairs = ()
    timeout_ms: int = TIMEOUT_MS
    stamp: str = STAMP
    kinds: tuple[str, ...] = KINDS[:3]
    attributes: tuple[str, ...] = ()
    """Of which attributes; empty: of all."""

    def wants(self, kind: str, attribute: str = "") -> bool:
        """Return whether it is to be told of such an event."""
        if kind not in self.kinds:
            return False
        return kind != "attribute" or not self.attributes or attribute in self.attributes


def tellers_of(cib: Cib, wall: datetime) -> tuple[Teller, ...]:
    """Return who is to be called, by the rules that hold at *wall*; what is disabled is left out.

    A recipient's own settings win over its alert's.
    """
    document = Document(cib)
    found: list[Teller] = []
    for alert in document.alerts:
        kinds, attributes = _filter(alert)
        recipients: tuple[Recipient | None, ...] = alert.recipients or (None,)
        for recipient in recipients:
            params: dict[str, str] = {}
            meta: dict[str, str] = {}
            where = Circumstances(wall)
            for source in (recipient, alert):
                if source is not None:
                    fill(params, list(source.params), where, document)
                    fill(meta, list(source.meta), where, document)
            if parse_bool(meta.get("enabled", "true")) is False or not alert.path:
                continue
            found.append(
                Teller(
                    alert.id or "",
                    alert.path,
                    (recipient.value or "") if recipient is not None else "",
                    tuple(sorted(params.items())),
                    parse_duration_ms(meta.get("timeout", "")) or TIMEOUT_MS,
                    meta.get("timestamp-format") or STAMP,
                    kinds,
                    attributes,
                )
            )
    return tuple(found)


def _filter(alert: Alert) -> tuple[tuple[str, ...], tuple[str, ...]]:
    select = alert.select
    if select is None:
        return KINDS[:3], ()
    chosen = {
        "node": select.nodes,
        "fencing": select.fencing,
        "resource": select.resources,
        "attribute": select.attributes,
    }
    names = select.attributes.attributes if select.attributes is not None else ()
    kinds = tuple(kind for kind in KINDS if chosen[kind] is not None)
    return kinds, tuple(each.name or "" for each in names)
