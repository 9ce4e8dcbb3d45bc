"""Random faults in good documents, judged by our schema and checks and by the field's schema.

    python -m tests.fuzz.schema DIRECTORY --count 2000

A section that is missing counts as an empty one here, and as a fault there: that is no
disagreement. DIRECTORY has documents; one that the field's schema (Debian's pacemaker-3.9.rng)
accepts is changed at one place, and both judge it. Told are the kinds of change about which they
disagree.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from random import Random

from lxml import etree

from pcsx.cib import Cib
from pcsx.cib.check import check
from pcsx.cib.schema import check_shape
from pcsx.errors import Severity

THEIRS = Path("/usr/share/pacemaker/pacemaker-3.9.rng")
JUNK = ("", "x y", "1.5", "-", "maybe", "INFINITYY", "9z")


def good_documents(directory: Path, schema: etree.RelaxNG) -> Iterator[etree._Element]:
    """Yield the documents of *directory* that fit *schema*, said to be of its version."""
    parser = etree.XMLParser(remove_blank_text=True, remove_comments=True)
    for path in sorted(directory.glob("*.xml")):
        root = etree.parse(path, parser).getroot()
        if root.tag != "cib":
            continue
        root.set("validate-with", "pacemaker-3.9")
        for status in root.findall("status"):
            root.remove(status)
        if schema.validate(root) and len(list(root.iter())) < 600:
            yield root


def mutate(root: etree._Element, random: Random) -> str:
    """Change *root* at one place below its configuration, and return what was done."""
    configuration = root.find("configuration")
    assert configuration is not None
    element = random.choice([e for e in configuration.iter() if e is not configuration])
    parent = element.getparent()
    assert parent is not None
    match random.randrange(7):
        case 0 if element.attrib:
            name = random.choice(sorted(element.attrib))
            del element.attrib[name]
            return f"without {element.tag}/@{name}"
        case 1:
            element.set("odd", "1")
            return f"odd {element.tag}"
        case 2 if element.attrib:
            name = random.choice(sorted(element.attrib))
            value = random.choice(JUNK)
            element.set(name, value)
            return f"{element.tag}/@{name}={value!r}"
        case 3:
            parent.remove(element)
            return f"{parent.tag} without {element.tag}"
        case 4:
            twin = deepcopy(element)
            for inner in twin.iter():
                if "id" in inner.attrib:
                    inner.set("id", inner.get("id", "") + ".twin")
            parent.append(twin)
            return f"{parent.tag} with another {element.tag}"
        case 5:
            other = random.choice([e for e in configuration.iter() if e not in element.iter()])
            other.append(element)
            return f"{element.tag} in {other.tag}"
        case _:
            old = element.tag
            element.tag = random.choice([e.tag for e in configuration.iter()])
            return f"{old} named {element.tag}"


def judge(root: etree._Element, kind: str, schema: etree.RelaxNG) -> str:
    """Return how the two disagree about *root*, or nothing."""
    cib = Cib(deepcopy(root))
    shape = check_shape(cib)
    errors = [f for f in check(cib) if f.severity is Severity.ERROR]
    theirs = schema.validate(root)
    if theirs and shape:
        return f"we refuse: {kind}: {shape[0].text}"
    if not theirs and not shape and not errors and not kind.startswith("configuration without"):
        return f"we accept: {kind}"
    return ""


def main() -> int:
    """Run as the module's paragraph says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    random = Random(given.seed)
    schema = etree.RelaxNG(etree.parse(THEIRS))
    documents = list(good_documents(given.directory, schema))
    kinds: Counter[str] = Counter()
    agreed = 0
    for _ in range(given.count):
        root = deepcopy(random.choice(documents))
        if disagreement := judge(root, mutate(root, random), schema):
            kinds[disagreement] += 1
        else:
            agreed += 1
    for kind, count in kinds.most_common(120):
        print(f"{count:5} {kind}")
    print(f"{agreed} of {given.count} agree ({len(documents)} documents)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
