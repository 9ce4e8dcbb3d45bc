"""Which parameters may be seen by everybody, and the digests of fence devices made of them."""

from __future__ import annotations

from typing import Final

from pcsx.pe.digests import compared_parameters, digest_of
from pcsx.pe.model import Node, Primitive, WorkingSet
from pcsx.pe.read.parameters import params_of

_FENCER_PREFIX: Final = "pcmk_"
"""Parameters of fence devices that the fencer keeps for itself."""
_SECRETS: Final = {"passwd", "password"}


def public(rsc: Primitive, params: dict[str, str], hidden: set[str]) -> dict[str, str]:
    """Return the parameters that are no secret, and that the agent itself is given."""
    return {
        name: value
        for name, value in compared_parameters(params, interval_ms=0).items()
        if name not in hidden and not (rsc.is_fence_device and name.startswith(_FENCER_PREFIX))
    }


def device_digests(work: WorkingSet, device: Primitive, node: Node) -> tuple[str, str]:
    """Return the digests of a fence device's parameters: of all, and of the public ones."""
    params = params_of(work, device, node)
    everything = compared_parameters(params, interval_ms=0)
    return digest_of(everything), digest_of(public(device, params, _SECRETS))
