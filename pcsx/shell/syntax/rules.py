"""Rules and their expressions, both ways.

    rule [$id=ID | $id-ref=ID] [$role=R] [SCORE:] expr ((and|or) expr)...
    expr := ATTR [string:|number:|integer:|version:]OP VALUE | (defined|not_defined) ATTR
          | date (lt END | gt START | in start=S (end=E | k=v...) | spec k=v...)
          | rsc_expression k=v... | op_expression k=v... | ( expr ... )

An expression whose id is its own begins with `$id=ID`. A rule has one kind of boolean operator;
brackets make a rule inside it.
"""

from __future__ import annotations

from typing import Final

from pcsx.cib.plain import Element
from pcsx.shell.syntax.cursor import Cursor, score_of, short_score
from pcsx.shell.syntax.lexer import pair, quote
from pcsx.shell.syntax.say import Say, Unsayable

COMPARISONS: Final = ("lt", "gt", "lte", "gte", "eq", "ne")
_TYPES: Final = ("string", "number", "integer", "version")
_UNITS: Final = (
    "hours", "monthdays", "weekdays", "yearsdays", "yeardays", "months", "weeks", "years",
    "weekyears", "moon", "days", "minutes", "seconds",
)  # fmt: skip
_OPTIONS: Final = ("$id", "$id-ref", "$role", "$boolean-op", "$score")
_PLAIN_EXPRESSIONS: Final = {
    "rsc_expression": ("class", "provider", "type"),
    "op_expression": ("name", "interval"),
}


def read_rule(cursor: Cursor) -> Element:
    """Return the rule that follows the word `rule`, which is read already."""
    rule = Element("rule")
    while (name := cursor.look().partition("=")[0].lower()) in _OPTIONS and cursor.is_option():
        rule.attributes[name[1:]] = cursor.take().partition("=")[2]
    if "id-ref" in rule.attributes:
        return rule
    if rule.attributes.get("score") == "":
        del rule.attributes["score"]
    else:
        _read_score(cursor, rule)
    _read_expressions(cursor, rule)
    return rule


def _read_score(cursor: Cursor, rule: Element) -> None:
    word = cursor.look()
    if not word.endswith(":") or cursor.key() in _TYPES:
        rule.attributes["score"] = "INFINITY"
        return
    cursor.take()
    score = score_of(word[:-1])
    if score is not None:
        rule.attributes["score"] = score
    elif word[:-1]:
        rule.attributes["score-attribute"] = word[:-1]
    else:
        cursor.back()
        cursor.fail("expected a score")


def _read_expressions(cursor: Cursor, rule: Element) -> None:
    rule.children.append(_read_expression(cursor))
    operator = ""
    while cursor.key() in ("and", "or"):
        if operator and cursor.key() != operator:
            cursor.fail("and & or cannot be mixed in one rule: put brackets around one of them")
        operator = cursor.take().lower()
        rule.children.append(_read_expression(cursor))
    if operator == "or":
        rule.attributes["boolean-op"] = operator


def _read_expression(cursor: Cursor) -> Element:
    if cursor.look().startswith("$id="):
        identity = cursor.take().partition("=")[2]
        expression = _read_expression(cursor)
        expression.attributes["id"] = identity
        return expression
    if cursor.accept("("):
        inner = Element("rule")
        _read_expressions(cursor, inner)
        if not cursor.accept(")"):
            cursor.fail("expected )")
        return inner
    if cursor.key() in ("defined", "not_defined") and cursor.look(1).lower() not in COMPARISONS:
        operation = cursor.take().lower()
        return Element(
            "expression", {"operation": operation, "attribute": cursor.take("an attribute")}
        )
    if cursor.key() == "date" and cursor.look(1).lower().removeprefix("date_") in _DATES:
        return _read_date(cursor)
    if (names := _PLAIN_EXPRESSIONS.get(cursor.key())) is not None:
        expression = Element(cursor.take().lower())
        while cursor.look().partition("=")[0] in names and (found := cursor.option()):
            expression.attributes[found[0]] = found[1]
        return expression
    return _read_comparison(cursor)


def _read_comparison(cursor: Cursor) -> Element:
    attribute = cursor.take("an expression")
    word = cursor.take("a comparison")
    kind, colon, operation = word.lower().rpartition(":")
    if operation not in COMPARISONS or (colon and kind not in _TYPES):
        cursor.back()
        cursor.fail(f"expected a comparison ({', '.join(COMPARISONS)})")
    expression = Element("expression", {"operation": operation, "attribute": attribute})
    if colon:
        expression.attributes["type"] = kind
    expression.attributes["value"] = cursor.take("a value")
    return expression


_DATES: Final = ("lt", "gt", "in", "in_range", "spec")


def _read_date(cursor: Cursor) -> Element:
    cursor.take()
    operation = cursor.take().lower().removeprefix("date_")
    expression = Element("date_expression")
    match operation:
        case "lt":
            expression.attributes |= {"operation": "lt", "end": cursor.take("a date")}
        case "gt":
            expression.attributes |= {"operation": "gt", "start": cursor.take("a date")}
        case "spec":
            expression.attributes["operation"] = "date_spec"
            _read_units(cursor, expression.add("date_spec"))
        case _:
            expression.attributes["operation"] = "in_range"
            while cursor.look().partition("=")[0] in ("start", "end") and (
                found := cursor.option()
            ):
                expression.attributes[found[0]] = found[1]
            if cursor.look().partition("=")[0] in (*_UNITS, "$id"):
                _read_units(cursor, expression.add("duration"))
            if len(expression.attributes) == 1:
                cursor.fail("expected start= or end=", at_end=cursor.ended)
    return expression


def _read_units(cursor: Cursor, element: Element) -> None:
    while True:
        name = cursor.look().partition("=")[0]
        if not cursor.is_option() or name not in (*_UNITS, "$id"):
            break
        found = cursor.option()
        assert found is not None
        element.attributes[found[0].lstrip("$")] = found[1]
    if not element.attributes:
        cursor.fail(f"expected one of {', '.join(_UNITS)}", at_end=cursor.ended)


# --- printing ----------------------------------------------------------------------------------


def say_rule(say: Say, rule: Element) -> str:
    """Return *rule* with the word `rule` before it."""
    if reference := rule.get("id-ref"):
        return f"rule {pair('$id-ref', reference)}"
    words = ["rule", *say.id_word(rule)]
    known = {"id", "role", "score", "score-attribute", "boolean-op"}
    say.only(rule, known)
    if role := rule.get("role"):
        words.append(pair("$role", role))
    operator = rule.get("boolean-op")
    if "boolean-op" in rule.attributes and (operator != "or" or len(rule.children) < 2):
        words.append(pair("$boolean-op", operator))
    if attribute := rule.get("score-attribute"):
        words.append(f"{quote(attribute)}:")
    elif "score" not in rule.attributes:
        words.append("$score=")
    elif rule.get("score") != "INFINITY":
        words.append(f"{short_score(rule.get('score'))}:")
    words.append(_say_expressions(say, rule))
    return " ".join(words)


def _say_expressions(say: Say, rule: Element) -> str:
    operator = " or " if rule.get("boolean-op") == "or" else " and "
    if not rule.children:
        raise Unsayable
    return operator.join(_say_expression(say, child) for child in rule.children)


def _say_expression(say: Say, element: Element) -> str:
    return " ".join([*say.id_word(element), _say_bare_expression(say, element)])


def _say_bare_expression(say: Say, element: Element) -> str:
    match element.tag:
        case "rule":
            say.only(element, {"id", "boolean-op"})
            return f"( {_say_expressions(say, element)} )"
        case "expression":
            return _say_comparison(say, element)
        case "date_expression":
            return _say_date(say, element)
        case tag if tag in _PLAIN_EXPRESSIONS:
            names = _PLAIN_EXPRESSIONS[tag]
            say.only(element, {"id", *names})
            return " ".join([tag, *(pair(n, element.get(n)) for n in names if element.get(n))])
    raise Unsayable


def _say_comparison(say: Say, element: Element) -> str:
    say.only(element, {"id", "attribute", "operation", "type", "value"})
    operation, attribute = element.get("operation"), quote_attribute(element.get("attribute"))
    if operation in ("defined", "not_defined"):
        return f"{operation} {attribute}"
    kind = f"{element.get('type')}:" if "type" in element.attributes else ""
    return f"{attribute} {kind}{operation} {quote(element.get('value'))}"


def quote_attribute(name: str) -> str:
    """Return the name of a node attribute, whose leading # needs no quotes."""
    return (
        f"#{quote(name[1:])}"
        if name.startswith("#") and quote(name[1:]) == name[1:]
        else (quote(name))
    )


def _say_date(say: Say, element: Element) -> str:
    say.only(element, {"id", "operation", "start", "end"})
    start, end = element.get("start"), element.get("end")
    match element.get("operation"), element.children:
        case "lt", []:
            return f"date lt {quote(end)}"
        case "gt", []:
            return f"date gt {quote(start)}"
        case "date_spec", [spec] if spec.tag == "date_spec":
            return f"date spec {_say_units(say, spec)}"
        case "in_range", children:
            words = [
                pair(name, element.get(name)) for name in ("start", "end") if element.get(name)
            ]
            words += [_say_units(say, child) for child in children]
            return f"date in {' '.join(words)}"
    raise Unsayable


def _say_units(say: Say, element: Element) -> str:
    words = [pair(name, value) for name, value in element.attributes.items() if name != "id"]
    return " ".join([*words, *say.id_word(element)])
