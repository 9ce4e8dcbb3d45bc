"""`dataclass` as Python's own, for what every start of the program loads.

Python's compiles six methods for each class, which for some dozens of classes is a third of what
loading the engine takes. Here the classes share all methods but `__init__`, and that is compiled
when the first value is made. For mypy, `replace`, `fields`, `match` and `pickle` there is no
difference.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import MISSING, Field, FrozenInstanceError
from operator import attrgetter, ge, gt, le, lt
from types import MemberDescriptorType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(cls=None, *, frozen=False, slots=False, eq=True, repr=True, order=False):
        """Return *cls*, or a decorator that gives a class what `dataclasses.dataclass` gives it."""

        def made(cls):
            return _finished(cls, frozen=frozen, slots=slots, eq=eq, shown=repr, order=order)

        return made if cls is None else made(cls)


def _finished(cls: type, *, frozen: bool, slots: bool, eq: bool, shown: bool, order: bool) -> type:
    own = cls.__dict__
    kept = {name for name in ("__init__", "__repr__", "__eq__", "__hash__") if name in own}
    if not cls.__doc__:  # else Python's own takes the class apart for one
        cls.__doc__ = cls.__name__
    bare: Any = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots)(cls)
    fields = dataclasses.fields(bare)
    compared = tuple(f.name for f in fields if f.compare)
    methods: dict[str, Any] = {"__init__": _first_init(bare, fields, frozen=frozen)}
    if shown:
        methods["__repr__"] = _repr
    if eq:
        methods["__eq__"], hashed = _comparison(compared)
        methods["__hash__"] = hashed if frozen else None
    if order:
        methods |= _ordering(compared)
    for name, method in methods.items():
        if name not in kept:
            setattr(bare, name, method)
    if frozen:
        if slots:
            bare.__getstate__, bare.__setstate__ = _travelling(tuple(f.name for f in fields))
        bare.__setattr__, bare.__delattr__ = _refuse_to_set, _refuse_to_delete
    finished: type = bare
    return finished


def _first_init(cls: Any, fields: tuple[Field[Any], ...], *, frozen: bool) -> Callable[..., None]:
    """Return an `__init__` that puts the compiled one in its own place and calls that."""

    def __init__(self: Any, *args: Any, **values: Any) -> None:
        cls.__init__ = compiled = _compiled_init(cls, fields, frozen=frozen)
        compiled(self, *args, **values)

    return __init__


def _compiled_init(
    cls: Any, fields: tuple[Field[Any], ...], *, frozen: bool
) -> Callable[..., None]:
    known: dict[str, Any] = {"_put": object.__setattr__, "_made": MISSING}
    taken: list[str] = []
    named: list[str] = []
    body: list[str] = []
    for field in fields:
        name, value = field.name, field.name
        asked = name
        if not field.init and field.default_factory is field.default is MISSING:
            continue
        if field.default_factory is not MISSING:
            known[f"_new_{name}"] = field.default_factory
            asked = f"{name}=_made"
            value = f"_new_{name}() if {name} is _made else {name}"
        elif field.default is not MISSING:
            known[f"_default_{name}"] = field.default
            asked = f"{name}=_default_{name}"
        if field.init:
            (named if field.kw_only else taken).append(asked)
        else:
            value = f"_new_{name}()" if f"_new_{name}" in known else f"_default_{name}"
        slot = getattr(cls, name, None)
        if not frozen:
            body.append(f"self.{name}={value}")
        elif isinstance(slot, MemberDescriptorType):
            # Filled directly, a slot takes a third of the time that `object.__setattr__` does.
            known[f"_fill_{name}"] = slot.__set__
            body.append(f"_fill_{name}(self,{value})")
        else:
            body.append(f"_put(self,{name!r},{value})")
    if hasattr(cls, "__post_init__"):
        body.append("self.__post_init__()")
    heads = ["self", *taken, *(["*", *named] if named else [])]
    source = f"def __init__({','.join(heads)}):\n " + "\n ".join(body or ["pass"])
    exec(source, known)
    compiled: Callable[..., None] = known["__init__"]
    compiled.__qualname__ = f"{cls.__qualname__}.__init__"
    return compiled


def _comparison(names: tuple[str, ...]) -> tuple[Callable[..., Any], Callable[..., int]]:
    key: Callable[[Any], Any] = attrgetter(*names) if names else lambda _: ()

    def __eq__(self: Any, other: object) -> Any:
        return key(self) == key(other) if other.__class__ is self.__class__ else NotImplemented

    def __hash__(self: Any) -> int:
        return hash(key(self))

    return __eq__, __hash__


def _ordering(names: tuple[str, ...]) -> dict[str, Callable[..., Any]]:
    """Return what orders the values of one class by their fields."""
    key: Callable[[Any], Any] = attrgetter(*names) if names else lambda _: ()

    def made(than: Callable[[Any, Any], bool]) -> Callable[..., Any]:
        def compare(self: Any, other: object) -> Any:
            same = other.__class__ is self.__class__
            return than(key(self), key(other)) if same else NotImplemented

        return compare

    return {f"__{than.__name__}__": made(than) for than in (lt, le, gt, ge)}


def _repr(self: Any) -> str:
    said = (f"{f.name}={getattr(self, f.name)!r}" for f in dataclasses.fields(self) if f.repr)
    return f"{type(self).__qualname__}({', '.join(said)})"


def _travelling(names: tuple[str, ...]) -> tuple[Callable[..., Any], Callable[..., None]]:
    """Return how a value is taken apart for `pickle` and `copy`, and put together again."""
    key: Callable[[Any], Any] = attrgetter(*names) if names else lambda _: ()

    def __getstate__(self: Any) -> Any:
        return key(self)

    def __setstate__(self: Any, state: Any) -> None:
        for name, value in zip(names, (state,) if len(names) == 1 else state, strict=True):
            object.__setattr__(self, name, value)

    return __getstate__, __setstate__


def _refuse_to_set(self: object, name: str, value: object) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(self: object, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")
