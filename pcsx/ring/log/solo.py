"""The solo rule: how the survivor of two voters goes on, by proof that the other is dead.

Pure questions on the log of one node (RING.md 7). Neither of a pair is a quorum, so without the
rule a pair stops when one is lost. The proof is bound to one life of the other; only a node that
both have admitted, in its present life, may use it; and it never rests on a clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from pcsx.ring.config import RingConfig
from pcsx.ring.log.changes import RESTORE, owed_votes, with_numbers, without_vote
from pcsx.ring.quorum import Voters, has_quorum


def partner_of(voters: Voters, me: int) -> int:
    """Return the other one where the newest entry counts a pair of which *me* is one, else 0.

    While a change is under way its new voters count: of a pair that is just being made again, the
    first may go on alone once more. Whether it may is for `is_admitted` to say.
    """
    if me not in voters.pair:
        return 0
    return voters.pair[1] if voters.pair[0] == me else voters.pair[0]


def is_admitted(me: int, boot: int, known: RingConfig | None, later: Iterable[Voters]) -> bool:
    """Return whether the life *boot* of *me* counts for both.

    *known* is what was committed last as far as this life knows, *later* are the entries about
    voters that its log holds behind it: none of them may have a quorum without this node.
    """
    if known is None:
        return False
    configs = [known]
    for voters in later:
        configs += [config for config in (voters.config, voters.joint) if config is not None]
    return all(
        _lists(config, me, boot)
        and not has_quorum(config, [node.id for node in config.nodes if node.id != me])
        for config in configs
    )


def _lists(config: RingConfig, me: int, boot: int) -> bool:
    return any(node.id == me and node.boot == boot and node.votes > 0 for node in config.nodes)


def alone(config: RingConfig, me: int, partner: int) -> RingConfig:
    """Return the configuration in which *me* decides alone and the votes of *partner* are owed."""
    assert partner_of(Voters(config), me) == partner
    return without_vote(config, partner)


def forced(
    config: RingConfig, me: int, *, boot: int, lineage: int, over: Mapping[int, int]
) -> RingConfig:
    """Return *config* begun anew: *me* decides alone, and lives of others up to *over* are refused.

    The others stay as learners to whom their votes are owed, once they have come over; a witness is
    given up.
    """
    for node in config.nodes:
        if node.id != me:
            if node.votes:
                config = without_vote(config, node.id)
            config = config.with_over(node.id, max(node.boot, over.get(node.id, 0)))
    owed = owed_votes(config)
    votes = config.node(me).votes or owed.pop(me, 0) or 1
    nodes = tuple(
        replace(node, votes=votes, boot=boot) if node.id == me else node for node in config.nodes
    )
    anew = replace(config, lineage=lineage, nodes=nodes, witness=None)
    return with_numbers(anew, RESTORE, owed)
