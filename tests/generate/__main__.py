"""`python -m tests.generate`: write completions/ and man/ anew."""

from __future__ import annotations

from tests.generate import ROOT, write

for path in write():
    print(path.relative_to(ROOT))
