"""The synopses are true: one for each reader, and every example is one of what they describe."""

from __future__ import annotations

import pytest

from pcsx.shell.syntax.lexer import lines
from pcsx.shell.syntax.reading import READERS, read_definition
from pcsx.shell.syntax.synopsis import DEFINITIONS
from pcsx.shell.usage import grammar


def test_every_keyword_has_its_synopsis() -> None:
    assert set(DEFINITIONS) == set(READERS)


@pytest.mark.parametrize("word", DEFINITIONS)
def test_every_example_is_read(word: str) -> None:
    (line,) = lines(DEFINITIONS[word].example)
    assert line.words[0] == word
    assert read_definition(line).section


@pytest.mark.parametrize("word", [word for word in DEFINITIONS if word != "xml"])
def test_every_example_fits_its_usage(word: str) -> None:
    (line,) = lines(DEFINITIONS[word].example)
    read = grammar(DEFINITIONS[word].usage).read(line.words[1:])
    assert all(read.marks), dict(zip(line.words[1:], read.marks, strict=True))
    assert read.is_whole


@pytest.mark.parametrize(
    "text",
    [
        "primitive p IPaddr2 ip=1 meta target-role=Stopped op start timeout=1 op monitor "
        "interval=10s role=Promoted",
        "location l { a b } 100: n1",
        "location l web rule -inf: #uname eq n1 and date gt 2030-01-01",
        "colocation c inf: a b:Started node-attribute=rack",
        "order o Mandatory: a:promote b:start symmetrical=false",
        "order o a b",
        "fencing_topology n1: a,b c n2: d",
        "property $id=x maintenance-mode=true",
        "node n1 utilization cpu=4 attributes x=1 description=rack",
    ],
)
def test_other_forms_fit_too(text: str) -> None:
    (line,) = lines(text)
    read = grammar(DEFINITIONS[line.words[0]].usage).read(line.words[1:])
    assert all(read.marks), dict(zip(line.words[1:], read.marks, strict=True))
