"""What a fence device's own parameters say: whom it reaches, by which plug, and how soon.

These are the `pcmk_*` parameters of the field, which are for the fencer and not for the agent.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

from pcsx.cib.fencing import Device
from pcsx.values import parse_duration_ms

_SEPARATORS: Final = re.compile(r"[\s,;]+")


def names_in(output: bytes) -> frozenset[str]:
    """Return all names that the output of `list` has: plugs and aliases, not their states."""
    words = _SEPARATORS.split(output.decode("utf-8", "replace"))
    return frozenset(word for word in words if word and word.lower() not in ("on", "off"))


def static_names(device: Device) -> frozenset[str]:
    """Return the nodes that `pcmk_host_list` and `pcmk_host_map` name."""
    listed = _SEPARATORS.split(device.param("pcmk_host_list"))
    return frozenset(name for name in listed if name) | host_map(device).keys()


def plug_of(device: Device, target: str) -> str:
    """Return what *device* calls *target*: its entry in the host map, or the same."""
    return host_map(device).get(target, target) if target else ""


def host_map(device: Device) -> dict[str, str]:
    """Return which plug each node has by the device's `pcmk_host_map`: `node:plug;node:plug,plug`.

    A backslash takes the next character as it is.
    """
    found: dict[str, str] = {}
    name: str | None = None
    word = ""
    text = iter(device.param("pcmk_host_map") + ";")
    for char in text:
        if char == "\\":
            word += next(text, "")
        elif char in ":=" and name is None:
            name, word = word, ""
        elif char in "; \t\n":
            if name and word:
                found[name] = word
            name, word = None, ""
        else:
            word += char
    return found


def drawn_delay_ms(device: Device, target: str, *, case: int, node: str) -> int:
    """Return how long to wait before *device* is used: its base, and up to its maximum by chance.

    The chance is one that this node has for this case, whoever asks: two nodes that shoot at each
    other draw differently.
    """
    base_ms = delay_base_ms(device, target)
    spread_ms = max(0, delay_max_ms(device, target) - base_ms)
    drawn = hashlib.blake2s(f"{node}\0{target}\0{case}".encode(), digest_size=4)
    return base_ms + spread_ms * int.from_bytes(drawn.digest(), "big") // (1 << 32)


def delay_max_ms(device: Device, target: str) -> int:
    """Return the longest delay that *device* may take before *target*."""
    most_ms = parse_duration_ms(device.param("pcmk_delay_max")) or 0
    return max(most_ms, delay_base_ms(device, target))


def delay_base_ms(device: Device, target: str) -> int:
    """Return the device's base delay, which may be said for each node: `node:0s;other:5s`."""
    text = device.param("pcmk_delay_base")
    if ":" not in text:
        return parse_duration_ms(text) or 0
    pairs = (entry.partition(":") for entry in re.split(r"[;\s]+", text))
    return parse_duration_ms({node: delay for node, _, delay in pairs}.get(target, "")) or 0
