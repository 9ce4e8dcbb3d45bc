"""A document that is in no file and in no cluster: what commands would make of it, on paper."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pcsx.cib.document import Cib, Version
from pcsx.errors import NoCluster

if TYPE_CHECKING:
    from pcsx.cib.replica import Change
    from pcsx.protocol import Request


class PaperSource:
    """One document in memory."""

    live: bool = False

    def __init__(self, cib: Cib) -> None:
        """Begin with *cib*."""
        self._cib = cib

    def cib(self) -> Cib:
        """Return the document as it is by now."""
        return self._cib

    def commit(
        self,
        base: Cib,
        new: Cib,
        command: str,
        *,
        wait_s: float | None = None,
        force: tuple[str, ...] = (),
        confirm_s: float | None = None,
    ) -> Version:
        """Take *new* for the document."""
        self._cib = new
        return new.version

    def changes(self) -> list[Change]:
        """Return nothing: paper has no history."""
        return []

    def settle(self, wait_s: float) -> None:
        """Return at once: nothing runs on paper."""

    def call(self, request: Request, timeout_s: float | None = None) -> dict[str, Any]:
        """Refuse: paper runs nothing."""
        raise NoCluster(f"'{request.do}' needs the running cluster", "Nothing was done.")
