"""Grades the engine on the golden cases in this one process, on two cores.

    python -m tests.pe.grade [--group TEXT] [--case NAME]… [--diff] [--write-baseline]

The comparison is the grader's own, imported from the shared folder beside the checkout. Without
options it prints the counts and the failures by feature group, and what passed in
`baseline.json` and does not now.
"""

from __future__ import annotations

import argparse
import difflib
import importlib.util
import json
import os
import sys
import time
import traceback
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from multiprocessing import Pool
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from pcsx.cib.document import Cib
from pcsx.cib.evaluate import moment_of
from pcsx.pe.emit import graph_xml
from pcsx.pe.transcript import Plan, Played, play

SHARED: Final = Path(__file__).parents[2] / ".." / "shared" / "conformance"
CASES: Final = SHARED / "scheduler"
BASELINE: Final = Path(__file__).parent / "baseline.json"
GRADES: Final = ("transition", "summary", "scores")
_NO_SCHEMA: Final = (
    'Schema validation of configuration is disabled (support for validate-with set to "none" is '
    "deprecated and will be removed in a future release)"
)


def grader() -> ModuleType:
    """Return the grader of the shared folder."""
    spec = importlib.util.spec_from_file_location(
        "scheduler_conformance", SHARED / "scheduler_conformance.py"
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GRADER: Final = grader() if SHARED.exists() else None


def cases() -> list[dict[str, Any]]:
    """Return all cases."""
    found: list[dict[str, Any]] = json.loads((CASES / "cases.json").read_text(encoding="utf-8"))
    return found


def moment_for(cib: Cib, args: Sequence[str]) -> tuple[datetime, datetime, str]:
    """Return as of when *cib* is to be decided, the time now, and what is told of that."""
    real = datetime.now(UTC)
    recorded = cib.tree.get("execution-date")
    if args[:1] and args[0] == "-t":
        moment = moment_of(args[1], UTC, real)
        assert moment is not None
        return moment, real, f"Setting effective cluster time: {args[1]}"
    if recorded is not None:
        wall = datetime.fromtimestamp(int(recorded), UTC)
        return wall, real, f"Using the original execution date of: {wall:%Y-%m-%d %H:%M:%SZ}"
    return real, real, ""


def _plan(cib: Cib, args: list[str], *, scores: bool) -> Plan:
    wall, real, line = moment_for(cib, args)
    warnings = (_NO_SCHEMA,) if cib.tree.get("validate-with") == "none" else ()
    return Plan(
        wall=wall, real=real, time_line=line, schedule=True, carry_out=not scores, scores=scores,
        quiet=scores, warnings=warnings, sanitized=True,
    )  # fmt: skip


def outputs(case: dict[str, Any]) -> dict[str, str]:
    """Return what the engine says to *case*, by grade; a fault of ours is its traceback."""
    cib = Cib.from_bytes((CASES / "xml" / f"{case['name']}.xml").read_bytes())
    try:
        whole: Played = play(cib, _plan(cib, case["args"], scores=False))
        scores: Played = play(cib, _plan(cib, case["args"], scores=True))
    except Exception:
        return dict.fromkeys(GRADES, "<fault/>\n" + traceback.format_exc())
    assert whole.transition is not None
    return {
        "transition": graph_xml(whole.transition),
        "summary": "\n".join([*whole.errors, *whole.text]),
        "scores": "\n".join(scores.text),
    }


def forms(grade: str, name: str, text: str) -> tuple[list[str], list[str]]:
    """Return the expected and the given as comparable lines."""
    assert GRADER is not None
    folder = "exp" if grade == "transition" else grade
    expected = (CASES / folder / f"{name}.{folder}").read_text(encoding="utf-8")
    if grade == "transition":
        sides = []
        for side in (expected, text):
            try:
                sides.append(GRADER.Transition(side).lines())
            except Exception:
                sides.append(side.splitlines())
        return sides[0], sides[1]
    if grade == "summary":
        return GRADER.normal_summary(expected), GRADER.normal_summary(text)
    return GRADER.normal_scores(expected), GRADER.normal_scores(text)


def judge(case: dict[str, Any]) -> tuple[str, list[str], str]:
    """Return the name, the grades that failed, and the differences as text."""
    given = outputs(case)
    failed, text = [], []
    for grade in GRADES:
        expected, got = forms(grade, case["name"], given[grade])
        if expected != got:
            failed.append(grade)
            text += difflib.unified_diff(expected, got, f"expected {grade}", "got", "", "", 1, "")
    return case["name"], failed, "\n".join(text)


def judge_all(chosen: list[dict[str, Any]], jobs: int = 2) -> dict[str, tuple[list[str], str]]:
    """Return the failed grades and the differences of all *chosen* cases by name."""
    if len(chosen) < 8 or jobs == 1:
        return {name: (failed, text) for name, failed, text in map(judge, chosen)}
    with Pool(jobs) as pool:
        found = pool.imap(judge, chosen, chunksize=8)
        return {name: (failed, text) for name, failed, text in found}


def passing(results: dict[str, tuple[list[str], str]]) -> dict[str, list[str]]:
    """Return the names that pass, by grade."""
    return {
        grade: sorted(name for name, (failed, _) in results.items() if grade not in failed)
        for grade in GRADES
    }


def lost(results: dict[str, tuple[list[str], str]]) -> list[str]:
    """Return what passed when the baseline was written and does not now."""
    before: dict[str, list[str]] = json.loads(BASELINE.read_text(encoding="utf-8"))
    return [
        f"{name} ({grade})"
        for grade, names in before.items()
        for name in names
        if name in results and grade in results[name][0]
    ]


def main() -> int:
    """Run the grader from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--group", default="")
    parser.add_argument("--case", action="append", default=[])
    parser.add_argument("--diff", action="store_true")
    parser.add_argument("--write-baseline", action="store_true")
    options = parser.parse_args()
    chosen = [
        case
        for case in cases()
        if options.group in case["group"] and (not options.case or case["name"] in options.case)
    ]
    started = time.monotonic()
    results = judge_all(chosen, jobs=min(2, os.cpu_count() or 1))
    by_group: dict[str, list[str]] = defaultdict(list)
    for case in chosen:
        failed, text = results[case["name"]]
        if failed:
            by_group[case["group"]].append(f"{case['name']:42} {' '.join(failed)}")
            if options.diff:
                print(f"== {case['name']}: {case['title']}\n{text}")
    for group, lines in sorted(by_group.items()):
        print(f"[{group}]")
        print("\n".join(f"  {line}" for line in lines))
    for grade, names in passing(results).items():
        print(f"{grade:10} {len(names)}/{len(chosen)}")
    print(f"{time.monotonic() - started:.1f} s")
    if options.write_baseline:
        BASELINE.write_text(json.dumps(passing(results), indent=1) + "\n", encoding="utf-8")
    elif BASELINE.exists() and (regressions := lost(results)):
        print("lost: " + ", ".join(regressions))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
