"""Rules of a protocol as typed values: terms that measure, conditions that fail. Nothing here evaluates text.

Every rule states the condition under which a unit *fails*. A condition has three answers: it holds,
it does not, or it cannot be told, and then it names what is missing; missing is never pass.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, DivisionByZero, InvalidOperation, localcontext
from enum import StrEnum
from typing import assert_never

from domain.certification.model import Scope, Value

_DIGITS = 50
_MAD_TO_SIGMA = Decimal("0.6745")
DID_NOT_ACT = "did_not_act"
"""What a tester writes in place of a cut-off value when a protection function did not act."""
_UNKNOWN = "unknown"
_FIRE_WORDS = frozenset({"fire", "explosion"})

Number = Decimal | tuple[Decimal, ...]


class Operator(StrEnum):
    """How two numbers are combined."""

    PLUS = "+"
    MINUS = "-"
    TIMES = "*"
    OVER = "/"


class Reduction(StrEnum):
    """How several numbers become one."""

    LEAST = "min"
    GREATEST = "max"
    TOTAL = "sum"
    MEAN = "mean"


@dataclass(frozen=True, slots=True)
class Constant:
    """A number written in the rule."""

    value: Decimal


@dataclass(frozen=True, slots=True)
class Measured:
    """A quantity; of one that is recorded cycle by cycle, its last."""

    quantity: str


@dataclass(frozen=True, slots=True)
class Element:
    """One cycle of a quantity that is recorded cycle by cycle; -1 is the last."""

    quantity: str
    index: int


@dataclass(frozen=True, slots=True)
class Reduced:
    """The least, greatest, total or mean of everything in `terms`."""

    reduction: Reduction
    terms: tuple["Term", ...]


@dataclass(frozen=True, slots=True)
class Magnitude:
    """A number without its sign."""

    term: "Term"


@dataclass(frozen=True, slots=True)
class Combined:
    """Two terms and what is done with them, element by element where one is a row of numbers."""

    left: "Term"
    operator: Operator
    right: "Term"


@dataclass(frozen=True, slots=True)
class Today:
    """The Seoul day of the judgement, as a count of days."""


Term = Constant | Measured | Element | Reduced | Magnitude | Combined | Today


@dataclass(frozen=True, slots=True)
class Exceeds:
    """Fails when `left` lies above `right`; of a row of numbers, when any does."""

    left: Term
    right: Term


@dataclass(frozen=True, slots=True)
class FallsShort:
    """Fails when `left` lies below `right`; of a row of numbers, when any does."""

    left: Term
    right: Term


@dataclass(frozen=True, slots=True)
class IsTrue:
    """Fails when a yes-or-no quantity is yes."""

    quantity: str


@dataclass(frozen=True, slots=True)
class IsFalse:
    """Fails when a yes-or-no quantity is no."""

    quantity: str


@dataclass(frozen=True, slots=True)
class IsWord:
    """Fails when a quantity is exactly this word."""

    quantity: str
    word: str


@dataclass(frozen=True, slots=True)
class HoldsAnyOf:
    """Fails when a set of words holds any of `words`."""

    quantity: str
    words: frozenset[str]


@dataclass(frozen=True, slots=True)
class HoldsClass:
    """Fails when any fault code in a list begins with one of the classes."""

    quantity: str
    classes: frozenset[str]


@dataclass(frozen=True, slots=True)
class DoesNotAct:
    """Fails when any protection function did not act, or the contactors are not sound."""

    functions: tuple[str, ...]
    contactors: str


@dataclass(frozen=True, slots=True)
class StandsOut:
    """Fails when a value's robust z within its lot, 0.6745·(x - median)/MAD, exceeds the limit."""

    quantity: str
    limit: Decimal


@dataclass(frozen=True, slots=True)
class BurntOrExploded:
    """Fails when any destructive test of the design ended in fire or explosion."""

    quantities: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BelowSiteProtection:
    """Fails when an IP code lies below what the site needs."""

    quantity: str


@dataclass(frozen=True, slots=True)
class LifetimeUntraceable:
    """Fails for a single cell whose maker, serial or day of manufacture is not known."""

    quantities: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Fails when any of its parts does."""

    parts: tuple["Condition", ...]


Condition = (
    Exceeds
    | FallsShort
    | IsTrue
    | IsFalse
    | IsWord
    | HoldsAnyOf
    | HoldsClass
    | DoesNotAct
    | StandsOut
    | BurntOrExploded
    | BelowSiteProtection
    | LifetimeUntraceable
    | AnyOf
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Everything a condition may look at.

    `series` names the quantities recorded cycle by cycle; `lots` gives, for a quantity, the values of
    the units received together; `site_ip_code` is the protection that the place of use needs.
    """

    values: Mapping[str, Value]
    today: date
    scope: Scope
    series: frozenset[str] = frozenset()
    lots: Mapping[str, tuple[Decimal, ...]] = field(default_factory=dict)
    site_ip_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a condition says: `fails` None when `missing` quantities, or an `inapplicable` reason, keep it silent."""

    fails: bool | None
    missing: tuple[str, ...] = ()
    inapplicable: str = ""


class _Missing(Exception):
    """A term needs quantities that were not measured; never leaves this module."""

    def __init__(self, *quantities: str) -> None:
        super().__init__(*quantities)
        self.quantities = quantities


def answer(condition: Condition, known: Known) -> Answer:
    """Say whether a unit fails a condition, or why that cannot be told."""
    try:
        with localcontext(prec=_DIGITS):
            return _answer(condition, known)
    except _Missing as error:
        return Answer(fails=None, missing=error.quantities)


def number(term: Term, known: Known) -> Number | None:
    """Return what a term comes to, in fifty digits and unrounded; None when a quantity is missing."""
    try:
        with localcontext(prec=_DIGITS):
            return _number(term, known)
    except _Missing:
        return None


def quantities_of(node: Condition | Term) -> tuple[str, ...]:
    """Return the quantities that a rule looks at, in order and each once."""
    return tuple(dict.fromkeys(_quantities_of(node)))


def _quantities_of(node: Condition | Term) -> Sequence[str]:
    match node:
        case Constant() | Today():
            return ()
        case (
            Measured(quantity)
            | Element(quantity, _)
            | IsTrue(quantity)
            | IsFalse(quantity)
            | IsWord(quantity, _)
            | HoldsAnyOf(quantity, _)
            | HoldsClass(quantity, _)
            | StandsOut(quantity, _)
            | BelowSiteProtection(quantity)
        ):
            return (quantity,)
        case Reduced(_, terms):
            return [name for term in terms for name in _quantities_of(term)]
        case Magnitude(term):
            return _quantities_of(term)
        case Combined(left, _, right) | Exceeds(left, right) | FallsShort(left, right):
            return [*_quantities_of(left), *_quantities_of(right)]
        case DoesNotAct(functions, contactors):
            return (*functions, contactors)
        case BurntOrExploded(quantities) | LifetimeUntraceable(quantities):
            return quantities
        case AnyOf(parts):
            return [name for part in parts for name in _quantities_of(part)]
        case _:
            assert_never(node)


def _answer(condition: Condition, known: Known) -> Answer:
    match condition:
        case Exceeds(left, right):
            return Answer(fails=any(a > b for a, b in _pairs(_number(left, known), _number(right, known))))
        case FallsShort(left, right):
            return Answer(fails=any(a < b for a, b in _pairs(_number(left, known), _number(right, known))))
        case IsTrue(quantity):
            return Answer(fails=_yes(quantity, known))
        case IsFalse(quantity):
            return Answer(fails=not _yes(quantity, known))
        case IsWord(quantity, word):
            return Answer(fails=_value(quantity, known) == word)
        case HoldsAnyOf(quantity, words):
            return Answer(fails=any(word in words for word in _words(quantity, known)))
        case HoldsClass(quantity, classes):
            return Answer(fails=any(word.startswith(tuple(classes)) for word in _words(quantity, known)))
        case DoesNotAct(functions, contactors):
            parts: list[Condition] = [IsWord(function, DID_NOT_ACT) for function in functions]
            return _any((*parts, IsFalse(contactors)), known)
        case StandsOut(quantity, limit):
            return _stands_out(quantity, limit, known)
        case BurntOrExploded(quantities):
            return _any([IsWord(quantity, word) for quantity in quantities for word in sorted(_FIRE_WORDS)], known)
        case BelowSiteProtection(quantity):
            return _below_site(quantity, known)
        case LifetimeUntraceable(quantities):
            if known.scope is not Scope.CELL:
                return Answer(fails=False)
            return Answer(fails=any(known.values.get(quantity) in (None, "", _UNKNOWN) for quantity in quantities))
        case AnyOf(parts_given):
            return _any(parts_given, known)
        case _:
            assert_never(condition)


def _any(parts: Sequence[Condition], known: Known) -> Answer:
    """One part that fails decides; otherwise one that cannot be told leaves the whole untold."""
    answers = [answer(part, known) for part in parts]
    if any(one.fails for one in answers):
        return Answer(fails=True)
    missing = tuple(dict.fromkeys(name for one in answers for name in one.missing))
    return Answer(fails=None, missing=missing) if missing else Answer(fails=False)


def _stands_out(quantity: str, limit: Decimal, known: Known) -> Answer:
    lot = known.lots.get(quantity, ())
    if len(lot) < 3:
        return Answer(fails=None, inapplicable="no-lot")
    middle = _median(lot)
    spread = _median([abs(one - middle) for one in lot])
    if spread == 0:
        return Answer(fails=None, missing=(f"MAD({quantity})",))
    values = _row(_number(Measured(quantity), known))
    return Answer(fails=any(_MAD_TO_SIGMA * (one - middle) / spread > limit for one in values))


def _below_site(quantity: str, known: Known) -> Answer:
    if known.site_ip_code is None:
        return Answer(fails=None, inapplicable="no-site")
    here, needed = str(_value(quantity, known)), known.site_ip_code
    if not (len(here) == len(needed) == 4 and here[:2] == needed[:2] == "IP" and (here + needed)[2:4].isdigit()):
        raise _Missing(quantity)
    return Answer(fails=here[2] < needed[2] or here[3] < needed[3])


def _median(values: Sequence[Decimal]) -> Decimal:
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def _number(term: Term, known: Known) -> Number:
    match term:
        case Constant(value):
            return value
        case Today():
            return Decimal(known.today.toordinal())
        case Measured(quantity):
            measured = _numeric(quantity, known)
            if quantity in known.series and isinstance(measured, tuple):
                return measured[-1]
            return measured
        case Element(quantity, index):
            row = _row(_numeric(quantity, known))
            if not -len(row) <= index < len(row):
                raise _Missing(f"{quantity}[{index}]")
            return row[index]
        case Reduced(reduction, terms):
            return _reduce(reduction, [one for part in terms for one in _row(_number(part, known))])
        case Magnitude(inner):
            found = _number(inner, known)
            return tuple(abs(one) for one in found) if isinstance(found, tuple) else abs(found)
        case Combined(left, operator, right):
            a, b = _number(left, known), _number(right, known)
            found = tuple(_combine(x, operator, y, quantities_of(right)) for x, y in _pairs(a, b))
            return found if isinstance(a, tuple) or isinstance(b, tuple) else found[0]
        case _:
            assert_never(term)


def _reduce(reduction: Reduction, values: Sequence[Decimal]) -> Decimal:
    match reduction:
        case Reduction.LEAST:
            return min(values)
        case Reduction.GREATEST:
            return max(values)
        case Reduction.TOTAL:
            return sum(values, Decimal(0))
        case Reduction.MEAN:
            return sum(values, Decimal(0)) / len(values)
        case _:
            assert_never(reduction)


def _combine(left: Decimal, operator: Operator, right: Decimal, divisor: tuple[str, ...]) -> Decimal:
    match operator:
        case Operator.PLUS:
            return left + right
        case Operator.MINUS:
            return left - right
        case Operator.TIMES:
            return left * right
        case Operator.OVER:
            try:
                return left / right
            except (DivisionByZero, InvalidOperation) as error:
                raise _Missing(*divisor) from error  # a zero divisor was not measured, it was left at zero
        case _:
            assert_never(operator)


def _pairs(left: Number, right: Number) -> list[tuple[Decimal, Decimal]]:
    match left, right:
        case tuple(), tuple():
            if len(left) != len(right):
                raise _Missing("rows of unequal length")
            return list(zip(left, right, strict=True))
        case tuple(), Decimal():
            return [(one, right) for one in left]
        case Decimal(), tuple():
            return [(left, one) for one in right]
        case Decimal(), Decimal():
            return [(left, right)]
        case _:
            raise ValueError("a number is a Decimal or a row of them")


def _row(value: Number) -> tuple[Decimal, ...]:
    return value if isinstance(value, tuple) else (value,)


def _value(quantity: str, known: Known) -> Value:
    value = known.values.get(quantity)
    if value is None:
        raise _Missing(quantity)
    return value


def _yes(quantity: str, known: Known) -> bool:
    value = _value(quantity, known)
    if not isinstance(value, bool):
        raise _Missing(quantity)
    return value


def _words(quantity: str, known: Known) -> tuple[str, ...]:
    value = _value(quantity, known)
    if not isinstance(value, tuple):
        raise _Missing(quantity)
    return tuple(str(word) for word in value)


def _numeric(quantity: str, known: Known) -> Number:
    match _value(quantity, known):
        case bool():
            raise _Missing(quantity)
        case Decimal() as found:
            return found
        case str() as text:
            try:
                return Decimal(date.fromisoformat(text).toordinal())
            except ValueError as error:
                raise _Missing(quantity) from error
        case row:
            numbers = tuple(one for one in row if isinstance(one, Decimal))
            if not numbers or len(numbers) != len(row):
                raise _Missing(quantity)
            return numbers
