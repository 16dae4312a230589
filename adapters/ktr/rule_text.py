"""Translates the short human text of a protocol's rules and formulas into typed ones. Text is never evaluated.

A small grammar covers arithmetic and comparisons; a few sentences are known as sentences. Whatever is
neither, or names a quantity that the protocol does not have, is not translated, and the caller refuses.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal

from domain.certification.conditions import (
    AnyOf,
    BelowSiteProtection,
    BurntOrExploded,
    Combined,
    Condition,
    Constant,
    DoesNotAct,
    Element,
    Exceeds,
    FallsShort,
    HoldsAnyOf,
    HoldsClass,
    IsFalse,
    IsTrue,
    IsWord,
    LifetimeUntraceable,
    Magnitude,
    Measured,
    Operator,
    Reduced,
    Reduction,
    StandsOut,
    Term,
    Today,
)
from domain.certification.protocol import Quantity, QuantityKind

WINDOW_NAMES = frozenset({"v_max", "v_min", "protect_hi", "protect_lo", "hard_low"})
"""Names that the chemistry's voltage window supplies."""

_TOKEN = re.compile(r"\s*(?:([0-9]+(?:\.[0-9]+)?(?:e[0-9]{1,3})?)|([A-Za-z_][A-Za-z0-9_]*)|(==|[-+*/()\[\]{},<>]))")
_OPERATORS = {"+": Operator.PLUS, "-": Operator.MINUS, "*": Operator.TIMES, "/": Operator.OVER}
_REDUCTIONS = {"min": Reduction.LEAST, "max": Reduction.GREATEST, "sum": Reduction.TOTAL, "mean": Reduction.MEAN}
_NUMERIC = (QuantityKind.NUMBER, QuantityKind.ROW, QuantityKind.DAY)
_DEPTH_MAX = 20
_LENGTH_MAX = 500
_TOKEN_COUNT_MAX = 200


class NotTranslated(Exception):
    """The text is none that this grammar knows; never leaves the package."""


def formula(text: str, quantities: Mapping[str, Quantity]) -> Term:
    """Translate a derived quantity's formula.

    Raises:
        NotTranslated: the text is no formula over known quantities.
    """
    spread = re.fullmatch(r"([0-9]+)\*\(max-min\)/mean", text.replace(" ", ""))
    if spread and "capacities" in quantities:
        row = (Measured("capacities"),)
        width = Combined(Reduced(Reduction.GREATEST, row), Operator.MINUS, Reduced(Reduction.LEAST, row))
        whole = Combined(Constant(Decimal(spread[1])), Operator.TIMES, width)
        return Combined(whole, Operator.OVER, Reduced(Reduction.MEAN, row))
    reader = _Reader(text, quantities)
    term = reader.term()
    reader.end()
    return term


def rule(text: str, quantities: Mapping[str, Quantity], of_test: Mapping[str, Quantity]) -> Condition:
    """Translate a rule; it states the condition that fails.

    Args:
        text: as the file spells it.
        quantities: everything the protocol measures.
        of_test: what the rule's own test measures.

    Raises:
        NotTranslated: the text is no rule over known quantities.
    """
    for pattern, make in _SENTENCES:
        found = re.fullmatch(pattern, text.strip())
        if found:
            return make(found, quantities, of_test)
    reader = _Reader(text, quantities)
    condition = reader.condition()
    reader.end()
    return condition


_Make = Callable[[re.Match[str], Mapping[str, Quantity], Mapping[str, Quantity]], Condition]


def _known(name: str, quantities: Mapping[str, Quantity], *kinds: QuantityKind) -> str:
    if name not in quantities or (kinds and quantities[name].kind not in kinds):
        raise NotTranslated(name)
    return name


def _lifetime(_: re.Match[str], quantities: Mapping[str, Quantity], __: Mapping[str, Quantity]) -> Condition:
    return LifetimeUntraceable(tuple(_known(name, quantities) for name in ("serial", "maker", "manufactured_on")))


def _fault_class(found: re.Match[str], quantities: Mapping[str, Quantity], _: Mapping[str, Quantity]) -> Condition:
    return HoldsClass(_known(found[1], quantities, QuantityKind.WORDS), frozenset(found[2].split("|")))


def _lot(found: re.Match[str], quantities: Mapping[str, Quantity], _: Mapping[str, Quantity]) -> Condition:
    return StandsOut(_known(found[1], quantities, *_NUMERIC), Decimal(found[2]))


def _protection(found: re.Match[str], _: Mapping[str, Quantity], of_test: Mapping[str, Quantity]) -> Condition:
    functions = tuple(key for key in of_test if key.endswith("_cutoff"))
    if not functions:
        raise NotTranslated(found[0])
    return DoesNotAct(functions, _known(found[1], of_test, QuantityKind.YES_NO))


def _unknown(found: re.Match[str], quantities: Mapping[str, Quantity], _: Mapping[str, Quantity]) -> Condition:
    return IsWord(_known(found[1], quantities, QuantityKind.TEXT), "unknown")


def _burnt(found: re.Match[str], _: Mapping[str, Quantity], of_test: Mapping[str, Quantity]) -> Condition:
    outcomes = tuple(key for key, quantity in of_test.items() if quantity.kind is QuantityKind.OUTCOME)
    if not outcomes:
        raise NotTranslated(found[0])
    return BurntOrExploded(outcomes)


def _below_site(found: re.Match[str], quantities: Mapping[str, Quantity], _: Mapping[str, Quantity]) -> Condition:
    return BelowSiteProtection(_known(found[1], quantities, QuantityKind.TEXT))


_SENTENCES: tuple[tuple[str, _Make], ...] = (
    (r"scope == cell and lifetime traceability data missing", _lifetime),
    (r"any (\w+) of class (\w+(?:\|\w+)*)", _fault_class),
    (r"robust_z\((\w+) within lot, median/MAD\) > ([0-9]+(?:\.[0-9]+)?)", _lot),
    (r"any function does not act, or (\w+) is false", _protection),
    (r"(\w+) unknown", _unknown),
    (r"any fire or explosion", _burnt),
    (r"(\w+) below site requirement", _below_site),
)


class _Reader:
    """Reads one text from left to right by the grammar; nothing is looked at twice."""

    def __init__(self, text: str, quantities: Mapping[str, Quantity]) -> None:
        if len(text) > _LENGTH_MAX:
            raise NotTranslated("too long")
        self._tokens = _tokens(text)
        self._at = 0
        self._depth = 0
        self._quantities = quantities

    def condition(self) -> Condition:
        """Read clauses joined by "or"."""
        parts = [self._clause()]
        while self._take("or"):
            parts.append(self._clause())
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def term(self) -> Term:
        """Read products joined by plus and minus."""
        self._depth += 1
        if self._depth > _DEPTH_MAX:
            raise NotTranslated("nested too deep")
        left = self._product()
        while self._next() in ("+", "-"):
            operator = _OPERATORS[self._pop()]
            left = Combined(left, operator, self._product())
        self._depth -= 1
        return left

    def end(self) -> None:
        """Refuse anything left over."""
        if self._at != len(self._tokens):
            raise NotTranslated(self._next())

    def _clause(self) -> Condition:
        if self._take("not"):
            return IsFalse(_known(self._pop(), self._quantities, QuantityKind.YES_NO))
        quantity = self._quantities.get(self._next())
        if quantity is not None and quantity.kind not in _NUMERIC:
            return self._worded(quantity)
        left = self.term()
        sign = self._pop()
        if sign not in ("<", ">"):
            raise NotTranslated(sign)
        right = self.term()
        return FallsShort(left, right) if sign == "<" else Exceeds(left, right)

    def _worded(self, quantity: Quantity) -> Condition:
        self._pop()
        if quantity.kind is QuantityKind.YES_NO:
            return IsTrue(quantity.key)
        if self._take("=="):
            return IsWord(quantity.key, self._word(quantity))
        if quantity.kind is QuantityKind.WORDS and self._take("in"):
            self._need("{")
            words = [self._word(quantity)]
            while self._take(","):
                words.append(self._word(quantity))
            self._need("}")
            return HoldsAnyOf(quantity.key, frozenset(words))
        raise NotTranslated(quantity.key)

    def _word(self, quantity: Quantity) -> str:
        word = self._pop()
        if quantity.words and word not in quantity.words:
            raise NotTranslated(word)
        return word

    def _product(self) -> Term:
        left = self._factor()
        while self._next() in ("*", "/"):
            operator = _OPERATORS[self._pop()]
            left = Combined(left, operator, self._factor())
        return left

    def _factor(self) -> Term:
        word = self._pop()
        if word == "(":
            inner = self.term()
            self._need(")")
            return inner
        if word[0].isdigit():
            return Constant(Decimal(word))
        if word == "abs":
            self._need("(")
            inner = self.term()
            self._need(")")
            return Magnitude(inner)
        if word in _REDUCTIONS:
            self._need("(")
            terms = [self.term()]
            while self._take(","):
                terms.append(self.term())
            self._need(")")
            return Reduced(_REDUCTIONS[word], tuple(terms))
        if word == "today":
            return Today()
        if word in WINDOW_NAMES:
            return Measured(word)
        name = _known(word, self._quantities, *_NUMERIC)
        if self._take("["):
            sign = -1 if self._take("-") else 1
            index = self._pop()
            self._need("]")
            if not index.isdigit():
                raise NotTranslated(index)
            return Element(name, sign * int(index))
        return Measured(name)

    def _next(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _pop(self) -> str:
        token = self._next()
        if not token:
            raise NotTranslated("the text ends too early")
        self._at += 1
        return token

    def _take(self, token: str) -> bool:
        if self._next() != token:
            return False
        self._at += 1
        return True

    def _need(self, token: str) -> None:
        if not self._take(token):
            raise NotTranslated(token)


def _tokens(text: str) -> tuple[str, ...]:
    tokens: list[str] = []
    at = 0
    rest = text.rstrip()
    while at < len(rest):
        found = _TOKEN.match(rest, at)
        if found is None or len(tokens) >= _TOKEN_COUNT_MAX:
            raise NotTranslated(rest[at:])
        tokens.append(found[0].strip())
        at = found.end()
    return tuple(tokens)
