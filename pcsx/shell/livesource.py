"""The running cluster as a source of the document: reads and commits through the local daemon."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

from pcsx.cib import patch
from pcsx.cib.document import Cib, Version
from pcsx.cib.replica import Change
from pcsx.cib.status import bare
from pcsx.client import Client
from pcsx.errors import TimedOut
from pcsx.protocol import Changes, Commit, GetCib, Request, WaitIdle

Progress = Callable[[dict[str, Any]], None]


class LiveSource:
    """The cluster that the local daemon is a member of; connects when first asked."""

    live = True

    def __init__(
        self, timeout_s: float, progress: Progress | None = None, *, only_asks: bool = False
    ) -> None:
        """Wait *timeout_s* for each answer; *progress* is told each line of what takes longer."""
        self._timeout_s = timeout_s
        self._only_asks = only_asks
        self._progress = progress
        self._client: Client | None = None
        self._name = os.urandom(16).hex()
        self._seq = 0

    @property
    def client(self) -> Client:
        """Return the connection, made now if there is none."""
        if self._client is None:
            self._client = Client(timeout_s=self._timeout_s, only_asks=self._only_asks)
        return self._client

    def cib(self) -> Cib:
        """Return the cluster's document with its status section."""
        return Cib.from_bytes(self.call(GetCib())["cib"].encode())

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
        """Commit the difference of the two configurations; wait for it to be done if asked."""
        before, after = bare(base), bare(new)
        change = patch.diff(before, after)
        self._seq += 1
        version = before.version
        answer = self.call(
            Commit(
                (version.admin_epoch, version.epoch, version.num_updates),
                before.digest,
                change.to_bytes().decode(),
                command,
                self._name,
                self._seq,
                force=force,
                confirm_ms=int((confirm_s or 0) * 1000),
            )
        )
        if wait_s is not None:
            self.settle(wait_s)
        told = answer["version"]
        parts = told.split(".") if isinstance(told, str) else told
        return Version(*map(int, parts))

    def changes(self) -> list[Change]:
        """Return the changes that the cluster has on record, newest last."""
        return [Change.from_bytes(text.encode()) for text in self.call(Changes())["changes"]]

    def settle(self, wait_s: float) -> None:
        """Wait until the cluster has done all that its document asks for.

        Raises `TimedOut` after *wait_s*, with what it waits for itself; a DC that changes in
        between is followed.
        """
        until, waits_for = time.monotonic() + wait_s, ""
        while (left_s := until - time.monotonic()) > 0:
            answer = self.call(WaitIdle(int(left_s * 1000)), timeout_s=left_s + 5)
            if answer["rested"]:
                return
            waits_for = answer["waits_for"]
            if not answer["in_charge"]:
                time.sleep(0.1)
        what = f"the cluster is {waits_for}" if waits_for else "the cluster still works on it"
        raise TimedOut(what, wait_s, "It goes on without you: pcsx status shows how far it is.")

    def call(self, request: Request, timeout_s: float | None = None) -> dict[str, Any]:
        """Return the daemon's answer to *request*, telling progress on the way."""
        return self.client.call(request, self._progress, timeout_s)
