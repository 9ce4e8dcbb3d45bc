"""A node in its cluster: the ring's machine, the ledger, its resources and the DC's work, joined.

`Member` hands each event to its part and routes the answers until only effects for the outside are
left. Each part owns one thing and reaches the others by `Hands`.
"""

from pcsx.daemon.member.hands import Answerer, Gone, Known, MemberEffect, Passed
from pcsx.daemon.member.member import Member
from pcsx.daemon.member.waiters import Waiter

__all__ = ["Answerer", "Gone", "Known", "Member", "MemberEffect", "Passed", "Waiter"]
