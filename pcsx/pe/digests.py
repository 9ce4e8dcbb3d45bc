"""The digest of an operation's parameters, by which a changed definition is seen.

Whoever records an operation and whoever later compares it with the configuration must compute the
same text, so the one function lives here. Which parameters belong to an operation is decided by
the callers.
"""

from __future__ import annotations

from _md5 import md5  # type: ignore[import-not-found]  # hashlib, without OpenSSL
from collections.abc import Iterable, Mapping
from typing import Final

_LEFT_OUT: Final = frozenset(
    ("id", "crm_feature_set", "op-digest", "on_node", "on_node_uuid", "pcmk_external_ip")
)
_ESCAPES: Final = str.maketrans(
    {
        "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;",
        "\n": "&#10;", "\t": "&#9;", "\r": "&#13;",
    }
)  # fmt: skip


def escaped(text: str) -> str:
    """Return *text* as it stands within a double-quoted XML attribute."""
    return text if text.isalnum() else text.translate(_ESCAPES)


def compared_parameters(
    params: Mapping[str, str], *, interval_ms: int, timeout_ms: int | None = None
) -> dict[str, str]:
    """Return what of *params* counts when an operation is compared with its record.

    Meta entries do not count, except the timeout of a recurring operation.
    """
    kept = {
        name: value
        for name, value in params.items()
        if name not in _LEFT_OUT and not name.startswith("CRM_meta_")
    }
    if interval_ms > 0 and timeout_ms is not None:
        kept["CRM_meta_timeout"] = str(timeout_ms)
    return kept


def digest_of(params: Mapping[str, str]) -> str:
    """Return the MD5 (the field's choice; no secret hangs on it) of *params*, sorted by name."""
    attributes = "".join(f' {name}="{escaped(params[name])}"' for name in sorted(params))
    text = f" <parameters{attributes}/>\n"
    digest: str = md5(text.encode()).hexdigest()
    return digest


def restart_digest_of(params: Mapping[str, str], names: Iterable[str]) -> str:
    """Return the digest of only those *params* that *names* lists."""
    wanted = set(names)
    return digest_of({name: value for name, value in params.items() if name in wanted})
