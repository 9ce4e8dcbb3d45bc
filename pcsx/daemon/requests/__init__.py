"""Clients' requests, one file a family: each reads, or asks a machine, and never decides.

A handler is given a `Desk`: the node, its member (if it is one), the request, who asks and how to
answer. What only the leader can do is passed on to it, as JSON, and comes back through `Member`.
"""

from pcsx.daemon.requests.desk import Desk, Handler
from pcsx.daemon.requests.table import HANDLERS

__all__ = ["HANDLERS", "Desk", "Handler"]
