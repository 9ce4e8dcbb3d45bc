"""Live tests need root and network namespaces; the figures that they see are printed at the end."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Generator
from typing import Any, Final

import pytest
from tabulate import tabulate

from tests.live.lab import Lab

NEEDED: Final = ("ip", "nft", "nsenter", "unshare", "crm_verify", "nginx")
_FIGURES: Final[list[tuple[str, str, str]]] = []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave live tests out, with the reason, where they cannot run."""
    if os.geteuid() != 0:
        reason = "needs root: sudo make test-live"
    else:
        missing = [name for name in NEEDED if shutil.which(name, path=_path()) is None]
        if not missing:
            return
        reason = f"needs {', '.join(missing)}: .ci/install-live"
    for item in items:
        if item.get_closest_marker("live"):
            item.add_marker(pytest.mark.skip(reason=reason))


def _path() -> str:
    return f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


@pytest.fixture
def figure() -> Callable[[str, str, float | str], None]:
    """Return what notes a figure: of which situation, of what, and how much."""

    def note(situation: str, what: str, value: float | str) -> None:
        text = value if isinstance(value, str) else f"{value:.2f} s"
        _FIGURES.append((situation, what, text))

    return note


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep the machines' logs once a test has failed."""
    report = yield
    Lab.keep = Lab.keep or report.failed
    return report


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the figures."""
    if _FIGURES:
        terminalreporter.write_sep("=", "figures seen")
        terminalreporter.write_line(tabulate(_FIGURES, ("situation", "what", "figure")))
