"""The classes that are cheap to load behave as Python's own dataclasses do."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from dataclasses import field
from typing import ClassVar

import pytest

from pcsx.lean import dataclass as lean


@lean(frozen=True, slots=True)
class Frozen:
    """A value."""

    kind: ClassVar[str] = "thing"
    name: str
    parts: tuple[int, ...] = ()
    notes: list[str] = field(default_factory=list, compare=False, repr=False)
    unit: str = field(default="ms", kw_only=True)


@dataclasses.dataclass(frozen=True, slots=True)
class Theirs:
    """The same, made by Python."""

    kind: ClassVar[str] = "thing"
    name: str
    parts: tuple[int, ...] = ()
    notes: list[str] = field(default_factory=list, compare=False, repr=False)
    unit: str = field(default="ms", kw_only=True)


@lean(slots=True)
class Open:
    """What changes."""

    size: int
    twice: int = field(init=False)
    names: dict[str, int] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self.twice = 2 * self.size


def test_a_lean_class_takes_shows_and_compares_what_pythons_own_does():
    for given in (
        (("a",), {}),
        (("a", (1, 2)), {"unit": "s"}),
        ((), {"name": "a", "notes": ["x"]}),
    ):
        mine, its = Frozen(*given[0], **given[1]), Theirs(*given[0], **given[1])
        assert repr(mine) == repr(its).replace("Theirs", "Frozen")
        assert dataclasses.asdict(mine) == dataclasses.asdict(its)
        assert mine == Frozen(*given[0], **given[1]) and mine != its
        assert hash(mine) == hash(dataclasses.replace(mine, notes=["other"]))
    assert Frozen("a") != Frozen("b")
    assert Frozen.__match_args__ == Theirs.__match_args__
    assert Frozen("a").notes is not Frozen("a").notes


def test_a_lean_class_refuses_what_it_lacks_and_what_it_does_not_know():
    for wrong in ((), ("a", (), [], "s")):
        with pytest.raises(TypeError):
            Frozen(*wrong)
    with pytest.raises(TypeError):
        Frozen("a", colour="red")  # type: ignore[call-arg]


def test_a_frozen_lean_value_never_changes_and_travels_as_it_is():
    value = Frozen("a", (1,), unit="s")
    with pytest.raises(dataclasses.FrozenInstanceError):
        value.name = "b"  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        del value.name
    assert pickle.loads(pickle.dumps(value)) == copy.deepcopy(value) == value
    assert not hasattr(value, "__dict__")


def test_what_is_not_given_is_made_by_the_class_itself():
    value = Open(3)
    value.names["x"] = 1
    assert (value.twice, Open(4).names) == (6, {})
    with pytest.raises(TypeError):
        hash(value)


@lean(frozen=True, slots=True, order=True)
class Place:
    """What has an order."""

    epoch: int
    name: str = ""
    note: str = field(default="", compare=False)


@lean(frozen=True, slots=True, order=True)
class Count:
    """One field alone."""

    number: int


def test_a_lean_class_orders_its_values_by_their_fields_and_beside_no_other_class():
    low, same, high = Place(1, "b", "x"), Place(1, "b", "y"), Place(2, "a")
    assert low < high and low <= same <= high and high > low and high >= same >= low
    assert not low < same and not same > low
    assert sorted([high, Place(1, "c"), low]) == [low, Place(1, "c"), high]
    assert Count(1) < Count(2)
    with pytest.raises(TypeError):
        _ = low < Count(2)  # type: ignore[operator]
    with pytest.raises(TypeError):
        _ = Frozen("a") < Frozen("b")  # type: ignore[operator]
