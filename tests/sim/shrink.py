"""Making a failing run small: which rounds of trouble, and which faults, it fails without."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace

from tests.sim.chaos import Chaos
from tests.sim.faults import Faults


@dataclass(frozen=True, slots=True)
class Case:
    """A run: a seed, but for some of its rounds and faults; *calm_ms* as `Chaos` has it."""

    seed: int
    skip: tuple[int, ...] = ()
    without: tuple[str, ...] = ()
    calm_ms: int = 0

    def run(self) -> None:
        """Run it; a violation is raised."""
        skip, without = frozenset(self.skip), frozenset(self.without)
        Chaos(self.seed, skip=skip, without=without, calm_ms=self.calm_ms).run()

    def to_json(self) -> str:
        """Return it as a file of the corpus has it."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Case:
        """Return what `to_json` wrote."""
        plain = json.loads(text)
        skip, without = tuple(plain["skip"]), tuple(plain["without"])
        return cls(plain["seed"], skip, without, plain["calm_ms"])


def fails(case: Case) -> bool:
    """Return whether *case* breaks an invariant."""
    try:
        case.run()
    except AssertionError:
        return True
    return False


def shrunk(seed: int, is_bad: Callable[[Case], bool] = fails) -> Case | None:
    """Return the least case of *seed* that still fails, by leaving out one thing after another."""
    case = Case(seed)
    if not is_bad(case):
        return None
    for number in range(Chaos(seed).rounds):
        smaller = replace(case, skip=(*case.skip, number))
        case = smaller if is_bad(smaller) else case
    for field in fields(Faults):
        smaller = replace(case, without=(*case.without, field.name))
        case = smaller if is_bad(smaller) else case
    return case
