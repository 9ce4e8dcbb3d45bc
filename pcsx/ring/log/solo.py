"""The solo rule: how the survivor of two voters goes on, by proof that the other is dead.

Pure questions on the log of one node (RING.md 7). Neither of a pair is a quorum, so without the
rule a pair stops when one is lost. The proof is bound to one life of the other; only a node that
both have admitted, in its present life, may use it; and it never rests on a clock.
"""

from __future__ import annotations

from collections.abc import Iterable

from pcsx.ring.config import RingConfig
from pcsx.ring.log.changes import without_vote
from pcsx.ring.quorum import Voters, has_quorum, tie_breaker, weights


def partner_of(voters: Voters, me: int) -> int:
    """Return the other one where the newest entry counts a pair of which *me* is one, else 0."""
    if voters.joint is not None:
        return 0
    weight = weights(voters.config)
    if len(weight) != 2 or me not in weight or tie_breaker(voters.config):
        return 0
    (other,) = set(weight) - {me}
    return other if weight[me] == weight[other] else 0


def is_admitted(me: int, boot: int, known: RingConfig | None, later: Iterable[Voters]) -> bool:
    """Return whether the life *boot* of *me* counts for both.

    *known* is what was committed last as far as this life knows, *later* are the entries about
    voters that its log holds behind it: none of them may have a quorum without this node.
    """
    if known is None or not _lists(known, me, boot):
        return False
    for voters in later:
        for config in (voters.config, voters.joint):
            if config is None:
                continue
            others = [node.id for node in config.nodes if node.id != me]
            if not _lists(config, me, boot) or has_quorum(config, others):
                return False
    return True


def _lists(config: RingConfig, me: int, boot: int) -> bool:
    return any(node.id == me and node.boot == boot and node.votes > 0 for node in config.nodes)


def alone(config: RingConfig, me: int, partner: int) -> RingConfig:
    """Return the configuration in which *me* decides alone and the votes of *partner* are owed."""
    assert partner_of(Voters(config), me) == partner
    return without_vote(config, partner)
