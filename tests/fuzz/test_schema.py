"""Our schema beside the field's, where both are here: a small run of `tests.fuzz.schema`."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from random import Random

import pytest
from lxml import etree

from tests.fuzz.schema import THEIRS, good_documents, judge, mutate

SHARED = Path(__file__).parents[2] / ".." / "shared" / "conformance" / "scheduler" / "xml"


@pytest.mark.skipif(
    not (THEIRS.exists() and SHARED.is_dir()), reason="the field's schema or documents are missing"
)
def test_what_the_field_refuses_is_refused_and_what_it_accepts_fits() -> None:
    schema = etree.RelaxNG(etree.parse(THEIRS))
    documents = list(good_documents(SHARED, schema))[::10]
    random = Random(11)
    disagreements = []
    for _ in range(400):
        root = deepcopy(random.choice(documents))
        if found := judge(root, mutate(root, random), schema):
            disagreements.append(found)
    assert disagreements == []
