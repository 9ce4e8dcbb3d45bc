"""Datagrams of those who have no session: the words of the dead, sent by who saw them end."""

from __future__ import annotations

import contextlib
import socket


class Sender(contextlib.ExitStack):
    """Sends datagrams from any port; failures are the network's, and forgotten."""

    def __init__(self) -> None:
        super().__init__()
        self._sockets: dict[int, socket.socket] = {}

    def send(self, packet: bytes, host: str, port: int) -> bool:
        """Send *packet*, and return whether this host took it."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            if family not in self._sockets:
                sending = self.enter_context(socket.socket(family, socket.SOCK_DGRAM))
                sending.setblocking(False)
                self._sockets[family] = sending
            self._sockets[family].sendto(packet, (host, port))
        except OSError:
            return False
        return True
