"""Assigning a bundle: its containers, then what lives with each of them, then the roles inside."""

from __future__ import annotations

from pcsx.pe.assign.colocated import link
from pcsx.pe.assign.dispatch import assign, assigns
from pcsx.pe.assign.instances import compare_instances, distribute
from pcsx.pe.assign.prepare import too_many_failures
from pcsx.pe.model import Bundle, Colocation, Kind, Node, Replica, Resource, WorkingSet
from pcsx.pe.scores import INFINITY, NEVER, score_lines
from pcsx.pe.sorting import merge_sorted


@assigns(Kind.BUNDLE)
def assign_bundle(
    work: WorkingSet, rsc: Resource, prefer: Node | None, reversible: bool
) -> Node | None:
    """Assign the bundle's containers as instances, and all else where its container is.

    Asked again, it tells its scores again, but nothing moves.
    """
    assert isinstance(rsc, Bundle)
    if rsc.being_assigned:
        return None
    rsc.being_assigned = True
    if work.tell_scores:
        work.score_lines += score_lines("pcmk__bundle_assign", rsc)
    containers: list[Resource] = [replica.container for replica in rsc.replicas]
    distribute(
        work,
        rsc,
        merge_sorted(containers, compare_instances(work, rsc)),
        most=len(containers),
        most_per_node=rsc.replicas_per_host,
    )
    for replica in rsc.replicas:
        _assign_replica(work, rsc, replica)
    if rsc.inner is not None:
        nodes = {replica.node for replica in rsc.replicas}
        for node in rsc.inner.allowed:
            rsc.inner.allowed[node] = 0 if node in nodes else NEVER
        assign(work, rsc.inner)
    rsc.being_assigned = False
    rsc.is_assigned = True
    return None


def _assign_replica(work: WorkingSet, bundle: Bundle, replica: Replica) -> None:
    """Assign the address, the connection and the service of one replica."""
    if replica.ip is not None:
        assign(work, replica.ip)
    connection, child, inside = replica.connection, replica.child, replica.node
    if connection is None or child is None or inside is None:
        return
    host = replica.container.assigned
    if host is not None and host.is_remote and host.connection is not None:
        link(Colocation(f"{connection.id}-with-{host.name}", INFINITY, connection, host.connection))
    assign(work, connection)
    if child.is_assigned:
        return
    for node in child.allowed:
        if node is not inside:
            child.allowed[node] = NEVER
        elif not too_many_failures(work, child, node):
            child.allowed[node] = INFINITY
    assert bundle.inner is not None
    bundle.inner.being_assigned = True
    assign(work, child, prefer=inside)
    bundle.inner.being_assigned = False
