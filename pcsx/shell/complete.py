"""What to say about a line that is being typed: what may come next, and how it is written.

`advise` reads the last line of a text by the tree and by the usage of the command it names, and
gives offers with their meaning, the synopsis with the current argument, and a line of help. It
only looks: nothing is run or changed, but agents are asked for their metadata where *ask* allows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import click

from pcsx.cib.options import CLUSTER, FENCING
from pcsx.errors import Refused
from pcsx.lean import dataclass
from pcsx.shell.facts import Facts, Thing
from pcsx.shell.places import (
    FIXED,
    SCORES,
    TABLES,
    Offer,
    Spot,
    is_fence,
    kinds_of,
    may_become,
    meaning_of,
    metadata_for,
    option_offers,
    option_values,
    options_in,
    parameter_meaning,
    parameter_values,
    place_help,
    section_words,
    what_names,
)
from pcsx.shell.tree import WORDS, Found, Path, Tree, summary
from pcsx.shell.typed import Typed, TypedLine, typed_lines
from pcsx.shell.usage import Item, grammar, tokens


@dataclass(frozen=True, slots=True)
class Advice:
    """What can be said about the place where the cursor is."""

    offers: tuple[Offer, ...] = ()
    start: int = 0
    synopsis: tuple[tuple[str, bool], ...] = ()
    """The usage in parts; those that are true now are what is being typed."""
    help: str = ""
    missing: tuple[str, ...] = ()


class Adviser:
    """Advises on lines typed at a level of *tree*, by *facts*."""

    def __init__(self, tree: Tree, facts: Facts) -> None:
        """Know the commands and the configuration."""
        self.tree = tree
        self.facts = facts

    # --- the line being typed

    def advise(self, path: Path, text: str, *, ask: bool = False) -> Advice:
        """Return what can be said about the end of *text*, typed on the level *path*."""
        lines = typed_lines(text)
        line = lines[-1] if lines else TypedLine((), False, True)
        typed = list(line.words)
        current = Typed("", len(text), len(text))
        if typed and not line.after_blank:
            current = typed.pop()
        before = [one.word for one in typed]
        path = self.tree.pasted_level(path, [one.texts[0] for one in lines if one.words])
        try:
            found = self.tree.find(path, before)
        except Refused as error:
            return Advice(help=str(error))
        if found.is_level and not found.rest:
            return self._on_level(path, found, before, current)
        spot = self._spot(found, current.word)
        return Advice(
            tuple(self._offers(spot, ask=ask)),
            current.start,
            tuple(_synopsis(spot)),
            self._help(spot, ask=ask),
            tuple(self._missing(spot, ask=ask)),
        )

    def _spot(self, found: Found, current: str) -> Spot:
        words = tuple(word for word in found.rest if not word.startswith("--"))
        return Spot(found, grammar(found.usage).read(words), words, current)

    def _on_level(self, path: Path, found: Found, before: Sequence[str], current: Typed) -> Advice:
        """Advise on a word that names a command or a level."""
        level = found.command
        word = current.word
        lead = ""
        if not before and word.startswith("/"):
            lead, _, word = word.rpartition("/")
            lead += "/"
            above = self.tree.find((), [lead]) if lead != "/" else self.tree.find((), [])
            if not above.is_level or above.rest:
                return Advice()
            found, level = above, above.command
        assert isinstance(level, click.Group)
        offers = [
            Offer(lead + name, text)
            for name, text in self.tree.words(level)
            if name.startswith(word)
        ]
        if not before and not lead:
            offers += [Offer(name, text) for name, text in WORDS.items() if name.startswith(word)]
        if word.startswith("-"):
            offers = list(option_offers(found, word))
        help = summary(level) if not offers or not word else offers[0].meaning
        title = " ".join(found.path) or "pcsx"
        return Advice(tuple(offers), current.start, ((f"{title} ", False), ("WORD", True)), help)

    # --- offers

    def _offers(self, spot: Spot, *, ask: bool) -> Iterator[Offer]:
        if spot.current.startswith("--"):
            yield from option_offers(spot.found, spot.current)
            return
        seen: set[str] = set()
        for item in sorted(spot.reading.expected, key=_rank):
            for offer in self._item_offers(item, spot, ask=ask):
                if offer.text not in seen and may_become(offer.text, spot.current):
                    seen.add(offer.text)
                    yield offer

    def _item_offers(self, item: Item, spot: Spot, *, ask: bool) -> Iterator[Offer]:
        name, equals, _ = spot.current.partition("=")
        if item.is_pair and equals:
            if item.literal and item.literal != name:
                return
            for value in self._values(item, name, spot, ask=ask):
                yield Offer(f"{name}={value.text}", value.meaning)
            return
        if item.is_pair and item.literal:
            yield Offer(f"{item.literal}=", place_help(item.place), ends=False)
        elif item.is_pair:
            given = {word.partition("=")[0] for word in section_words(spot)}
            for option_name, meaning in self._names(item, spot, ask=ask):
                if option_name not in given:
                    yield Offer(f"{option_name}=", meaning, ends=False)
        elif item.literal:
            yield Offer(item.literal, "")
        else:
            for offer in self._places(item, spot, ask=ask):
                yield Offer(item.lead + offer.text, offer.meaning, offer.ends)
            if item.lead and item.place not in FIXED:
                yield Offer(item.lead, place_help(item.place), ends=False)

    def _places(self, item: Item, spot: Spot, *, ask: bool) -> Iterator[Offer]:
        """Offer what may stand where the usage has a word in capitals."""
        place, noun = item.place, spot.found.path[:1]
        if place == "AGENT":
            for agent in self.facts.agent_names(ask=ask):
                if (agent.standard == "stonith") == (noun == ("stonith",)) or noun == (
                    "configure",
                ):
                    yield Offer(str(agent), "")
                    if agent.standard == "ocf" and spot.current and ":" not in spot.current:
                        yield Offer(agent.type, str(agent))
            for thing in self.facts.of("template") if noun == ("configure",) else ():
                yield Offer(f"@{thing.id}", f"template of {thing.text}")
            return
        if place == "SCORE":
            colon = ":" if item.text.endswith(":") else ""
            for score, text in SCORES.items():
                yield Offer(score + colon, text)
            return
        if place in FIXED:
            for word, text in FIXED[place].items():
                yield Offer(word, text)
        if place == "OPERATION":
            yield from self._operations(spot, ask=ask)
        if place == "PROPERTY" or (place == "NAME" and noun == ("property",)):
            for option in options_in(CLUSTER):
                yield Offer(option.name, meaning_of(option))
        if place == "COPY" or (noun == ("cib",) and place == "NAME"):
            from pcsx.shell import shadows

            for name in shadows.names():
                yield Offer(name, "a copy")
        for thing in self._things(item, spot):
            if thing.id not in spot.words[1:]:
                colon = ":" if item.text.endswith(":") else ""
                state = self.facts.nodes.get(thing.id) if thing.kind == "node" else ""
                yield Offer(thing.id + colon, state or thing.text)

    def _operations(self, spot: Spot, *, ask: bool) -> Iterator[Offer]:
        metadata = metadata_for(spot, self.facts, ask=ask)
        for action in metadata.actions if metadata else ():
            if action.name not in ("meta-data", "metadata", "validate-all"):
                advised = [f"timeout {action.timeout}"] if action.timeout else []
                advised += [f"every {action.interval}"] if action.interval else []
                yield Offer(action.name, ", ".join(advised))
        if metadata is None:
            for name in ("monitor", "start", "stop", "promote", "demote"):
                yield Offer(name, "")

    def _things(self, item: Item, spot: Spot) -> Iterable[Thing]:
        """Return the things of the kinds that fit."""
        kinds = kinds_of(item.place, spot.found.path)
        things = self.facts.of(*kinds)
        if spot.found.path[:1] == ("configure",) and item.place == "RESOURCE":
            return [thing for thing in things if self._is_choice(thing, spot.found.path[-1])]
        return things

    def _is_choice(self, thing: Thing, word: str) -> bool:
        """Return whether *thing* makes sense as a resource after the definition *word*."""
        match word:
            case "group" | "modgroup":
                return thing.kind == "primitive" and not thing.inside
            case "clone" | "ms" | "master":
                return thing.kind in ("primitive", "group") and not thing.inside
            case "location" | "colocation" | "order" | "rsc_ticket":
                return not thing.inside
        return True

    # --- names and values

    def _names(self, item: Item, spot: Spot, *, ask: bool) -> Iterator[tuple[str, str]]:
        """Return the names that a pair may have, with their meaning."""
        match what_names(item, spot):
            case "parameter":
                metadata = metadata_for(spot, self.facts, ask=ask)
                shown = [p for p in metadata.parameters if not p.deprecated] if metadata else []
                for parameter in sorted(shown, key=lambda p: not p.required):
                    yield parameter.name, parameter_meaning(parameter)
                if is_fence(spot, self.facts):
                    for option in options_in(FENCING):
                        yield option.name, meaning_of(option)
            case table:
                for option in options_in(TABLES.get(table, {})):
                    yield option.name, meaning_of(option)

    def _values(self, item: Item, name: str, spot: Spot, *, ask: bool) -> Iterator[Offer]:
        """Return the values that the pair *name* may have."""
        what = what_names(item, spot) if not item.literal else ""
        if what == "parameter":
            metadata = metadata_for(spot, self.facts, ask=ask)
            parameter = metadata.parameter(name) if metadata else None
            if parameter is not None:
                yield from parameter_values(parameter)
                return
            what = "fencing"
        option = TABLES.get(what, {}).get(name)
        if option is not None:
            yield from option_values(option)
            return
        plain = Item(item.place, place=item.place)
        yield from self._places(plain, spot, ask=ask)

    # --- the line of help

    def _help(self, spot: Spot, *, ask: bool) -> str:
        name, equals, _ = spot.current.partition("=")
        for item in spot.reading.expected:
            if item.is_pair and equals and (not item.literal or item.literal == name):
                text = dict(self._names(item, spot, ask=ask)).get(name) if not item.literal else ""
                if text:
                    return f"{name}: {text}"
        expected = [item for item in spot.reading.expected if not item.literal or item.is_pair]
        if expected and not expected[0].is_pair:
            said = place_help(expected[0].place, spot.found.path)
            if said:
                return f"{expected[0].text}: {said}"
        return summary(spot.found.command)

    def _missing(self, spot: Spot, *, ask: bool) -> Iterator[str]:
        """Return the required parameters that are not given yet."""
        if not spot.agent or spot.agent.startswith("@"):
            return
        metadata = metadata_for(spot, self.facts, ask=ask)
        given = {word.partition("=")[0] for word in (*spot.words, spot.current) if "=" in word}
        for parameter in metadata.parameters if metadata else ():
            known = {parameter.name, *parameter.obsoletes}
            is_target = parameter.name in ("action", "port", "plug")
            if is_target and is_fence(spot, self.facts):
                continue
            if parameter.required and not parameter.deprecated and not known & given:
                yield parameter.name


def _rank(item: Item) -> int:
    """Return where the offers of *item* stand: what is filled in before what begins a section."""
    if not item.literal:
        return int(item.is_pair)
    return 2 + item.is_pair


def _synopsis(spot: Spot) -> Iterator[tuple[str, bool]]:
    """Return the usage in parts, those being typed marked."""
    yield " ".join(spot.found.path) + " ", False
    expected = {item.text for item in spot.reading.expected}
    name, equals, _ = spot.current.partition("=")
    if equals:
        pairs = [item for item in spot.reading.expected if item.is_pair]
        expected = {item.text for item in pairs if item.fits(f"{name}=")} or expected
    for item_text in _spaced(tokens(spot.found.usage)):
        words = set(item_text.strip("[]()| .").split("|")) | {item_text.strip("[]()| ").rstrip(".")}
        yield item_text, bool(words & expected)


def _spaced(parts: Sequence[str]) -> Iterator[str]:
    for n, part in enumerate(parts):
        after = parts[n + 1] if n + 1 < len(parts) else "]"
        glue = part in ("[", "(") or after in ("]", ")", "...")
        yield part if glue else part + " "
