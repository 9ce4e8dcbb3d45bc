"""Modules of Python's own that many name at their head and a command seldom uses: loaded when used.

A command on a file would otherwise spend a sixth of its time on loading what takes functions apart
(`inspect`, for lxml, click and dataclasses), compares texts, or runs programs, and use none of it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib import import_module
from threading import RLock
from types import ModuleType
from typing import Any, Final

SELDOM: Final = {
    "difflib": (), "gettext": ("gettext", "ngettext"), "inspect": ("getfullargspec",),
    "ipaddress": (), "json": (), "platform": (), "shlex": (), "subprocess": (), "tempfile": (),
}  # fmt: skip
"""The modules, and their functions that libraries take out of them at once, to call them later."""
ANSWERED: Final[dict[str, dict[str, Callable[[], str]]]] = {
    "platform": {"system": lambda: os.uname().sysname},
}
"""What is asked of a module while another is loaded (`uuid`), answered as the module would."""
_GIVING_WAY: Final = RLock()


def put_off() -> None:
    """Stand in for the modules that were not loaded yet, until something is asked of them."""
    for name, functions in SELDOM.items():
        if name not in sys.modules:
            sys.modules[name] = _Later(name, functions)


class _Later(ModuleType):
    """Stands for a module, and hands on what it is asked for."""

    def __init__(self, name: str, functions: tuple[str, ...]) -> None:
        super().__init__(name)
        for function in functions:
            setattr(self, function, _called_later(self, function))
        for function, answer in ANSWERED.get(name, {}).items():
            setattr(self, function, answer)

    def __getattr__(self, name: str) -> Any:
        return getattr(_loaded(self), name)


def _loaded(standing_in: _Later) -> ModuleType:
    name = standing_in.__name__
    with _GIVING_WAY:  # else two threads could load it twice
        if sys.modules.get(name) is standing_in:
            del sys.modules[name]
    return import_module(name)


def _called_later(standing_in: _Later, function: str) -> Callable[..., Any]:
    def called(*args: Any, **named: Any) -> Any:
        return getattr(_loaded(standing_in), function)(*args, **named)

    return called
