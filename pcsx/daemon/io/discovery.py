"""Lobbies announce themselves by mDNS and look for each other: addresses as hints, never trust.

Sent only from the lobby. The library is loaded when it is first needed, in a thread.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any, Final

from pcsx.daemon.effects import Announce
from pcsx.daemon.events import LobbyFound

SERVICE: Final = "_pcsx-lobby._tcp.local."
MAX_FOUND: Final = 256


class Discovery:
    """One announcement and one search at a time; failures of mDNS are no failures of ours."""

    def __init__(self, port: int, address: str, feed: Callable[[LobbyFound], None]) -> None:
        self._port, self._address, self._feed = port, address, feed
        self._zeroconf: Any = None
        self._lock = asyncio.Lock()

    async def announce(self, order: Announce) -> None:
        """Announce this lobby, or take the announcement back."""
        async with self._lock:
            if not order.on:
                await self._close()
                return
            from zeroconf import ServiceInfo

            zeroconf = await self._open()
            if zeroconf is None:
                return
            await zeroconf.async_unregister_all_services()
            addresses = [self._address] if self._address else _own_addresses()
            info = ServiceInfo(
                SERVICE,
                f"{order.name}.{SERVICE}",
                port=self._port,
                properties={"fp": order.fingerprint, "v": "1"},
                parsed_addresses=addresses,
                server=f"{order.name}.local.",
            )
            try:
                await zeroconf.async_register_service(info, allow_name_change=True)
            except Exception as error:  # a network without multicast is no fault of this daemon
                _ignored(error)

    async def discover(self, for_ms: int) -> None:
        """Look for lobbies for *for_ms*, telling each that is found."""
        from zeroconf import ServiceStateChange
        from zeroconf.asyncio import AsyncServiceBrowser

        zeroconf = await self._open()
        if zeroconf is None:
            return
        names: dict[str, None] = {}

        def seen(**change: Any) -> None:
            if change["state_change"] is not ServiceStateChange.Removed and len(names) < MAX_FOUND:
                names.setdefault(change["name"])

        browser = AsyncServiceBrowser(zeroconf.zeroconf, SERVICE, handlers=[seen])
        told: set[str] = set()
        loop = asyncio.get_running_loop()
        until = loop.time() + for_ms / 1000
        while loop.time() < until:
            await asyncio.sleep(0.1)
            for name in [name for name in names if name not in told]:
                info = await zeroconf.async_get_service_info(SERVICE, name, timeout=500)
                if info is None:
                    continue
                told.add(name)
                fingerprint = (info.properties or {}).get(b"fp") or b""
                self._feed(
                    LobbyFound(
                        name.removesuffix(f".{SERVICE}"),
                        tuple(info.parsed_addresses()[:8]),
                        int(info.port or 0),
                        fingerprint.decode(errors="replace")[:64],
                    )
                )
        await browser.async_cancel()

    async def close(self) -> None:
        """Stop announcing."""
        async with self._lock:
            await self._close()

    async def _open(self) -> Any:
        if self._zeroconf is None:
            try:
                asynchronous = await asyncio.to_thread(_load)
                interfaces = [self._address] if self._address else None
                kwargs = {"interfaces": interfaces} if interfaces else {}
                self._zeroconf = asynchronous(**kwargs)
            except Exception as error:  # no network at all: the lobby still has its address
                _ignored(error)
                return None
        return self._zeroconf

    async def _close(self) -> None:
        if self._zeroconf is not None:
            zeroconf, self._zeroconf = self._zeroconf, None
            try:
                async with asyncio.timeout(2):
                    await zeroconf.async_close()
            except Exception as error:  # it was only an announcement
                _ignored(error)


def _load() -> Any:
    from zeroconf.asyncio import AsyncZeroconf

    return AsyncZeroconf


def _ignored(_error: Exception) -> None:
    """Do nothing: discovery is a comfort, and its absence is told by `setup` where it matters."""


def _own_addresses() -> list[str]:
    found = []
    for family, target in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect((target, 9))  # sends nothing: asks which address would be used
            except OSError:
                continue
            found.append(probe.getsockname()[0])
    return found or ["127.0.0.1"]
