"""A typed test protocol: what is measured, which conditions fail, how a unit is graded, how long that holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from domain.certification.conditions import DID_NOT_ACT, Condition, DoesNotAct, Term
from domain.certification.errors import QuantityMalformed, QuantityUnknown, UnitDiffers
from domain.certification.model import (
    Chemistry,
    Disposition,
    Measurement,
    MeasurementSource,
    Scope,
    Value,
    Verdict,
)

_ROW_LENGTH_MAX = 4_096
_WORD_LENGTH_MAX = 200
_NUMBER_MAX = Decimal(10) ** 12
_DECIMAL_PLACES_MAX = 15

Given = str | bool | int | Decimal | Sequence["str | int | Decimal"]
"""A value as a door or a file hands it over: numbers as text, integer or Decimal, never as float."""


class QuantityKind(StrEnum):
    """What a quantity's value looks like."""

    NUMBER = "number"
    ROW = "row of numbers"
    YES_NO = "true or false"
    TEXT = "text"
    OUTCOME = "the outcome in a word"
    WORD = "one of the listed words"
    DAY = "a day written YYYY-MM-DD"
    WORDS = "a list of words"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """One thing a test measures. `required` None leaves it to the rules that need it.

    `per_cycle` marks what is recorded cycle by cycle and counts by its last; `many` allows a row of
    values (per cell, per state of charge), of which the worst counts.
    """

    key: str
    kind: QuantityKind
    unit: str = ""
    required: bool | None = None
    words: tuple[str, ...] = ()
    derived: Term | None = None
    per_cycle: bool = False
    many: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One rule: the condition that fails, what failing means, and where the limit comes from."""

    text: str
    condition: Condition
    verdict: Verdict
    disposition: Disposition | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """One test of the protocol.

    `scopes` empty means every unit. `alternatives` are groups of quantities of which one group suffices.
    `sampling` says how many units of a design are tested, in the protocol's words; empty where each unit is.
    """

    __test__ = False  # the name is the field's word; pytest must not collect it

    test_id: str
    name_ko: str
    name_en: str
    method: str
    scopes: tuple[Scope, ...]
    required: bool
    quantities: tuple[Quantity, ...]
    limits: tuple[Limit, ...]
    alternatives: tuple[tuple[str, ...], ...] = ()
    sampling: str = ""
    sampling_source: str = ""

    def applies_to(self, scope: Scope) -> bool:
        """Say whether the test is one of a unit of this scope."""
        return not self.scopes or scope in self.scopes

    def required_for(self, scope: Scope) -> bool:
        """Say whether a unit of this scope must have the test."""
        return self.required and self.applies_to(scope)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Voltage limits of one chemistry, V a cell, and where they come from."""

    v_max: Decimal
    v_min: Decimal
    protect_hi: Decimal
    protect_lo: Decimal
    hard_low: Decimal
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """One column of a grade: a quantity that must be at least, or at most, a value."""

    quantity: str
    least: bool
    value: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeRow:
    """A grade, the columns that must all hold, and the use that it permits. A row without bounds takes the rest."""

    grade: str
    bounds: tuple[Bound, ...]
    use_ko: str
    use_en: str
    review_months: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ambient:
    """At which temperature is tested, how far it may be off (°C), and who says so."""

    target_c: Decimal
    tolerance_c: Decimal
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """A whole protocol in one version; `sha256` is of the text it was read from.

    `earlier_when` names what ends the validity early, in the protocol's words.
    """

    protocol_id: str
    version: str
    sha256: str
    scopes: tuple[Scope, ...]
    windows: tuple[tuple[Chemistry, Window], ...]
    tests: tuple[Test, ...]
    grades: tuple[GradeRow, ...]
    validity_months: int
    validity_source: str = ""
    earlier_when: tuple[str, ...] = ()
    ambient: Ambient | None = None

    def ambient_deviation(self, measured_c: Decimal | None) -> tuple[str, str]:
        """Return how a test's ambient temperature is off the target, as a report prints it, in Korean and in English.

        Both are empty where it is not.
        """
        if self.ambient is None or measured_c is None:
            return "", ""
        target, tolerance = self.ambient.target_c, self.ambient.tolerance_c
        if abs(measured_c - target) <= tolerance:
            return "", ""
        return (
            f"주위 온도 {measured_c} ℃: 기준 {target} ± {tolerance} ℃를 벗어남",
            f"ambient temperature {measured_c} °C: outside {target} ± {tolerance} °C",
        )

    def window(self, chemistry: Chemistry) -> Window | None:
        """Return a chemistry's voltage window; None where the protocol has none yet."""
        return dict(self.windows).get(chemistry)

    def quantity(self, test_id: str, key: str) -> Quantity:
        """Return a quantity of a test.

        Raises:
            QuantityUnknown: the protocol has no such test, or the test no such quantity.
        """
        for test in self.tests:
            if test.test_id == test_id:
                for quantity in test.quantities:
                    if quantity.key == key:
                        return quantity
        raise QuantityUnknown(test_id=test_id, quantity=key)

    def knows(self, test_id: str, key: str) -> bool:
        """Return whether a test of this protocol has such a quantity."""
        return any(one.key == key for test in self.tests if test.test_id == test_id for one in test.quantities)

    def measurement(
        self, *, test_id: str, quantity: str, given: Given, unit: str | None, source: MeasurementSource
    ) -> Measurement:
        """Bring a value as handed over into the kind and unit of its quantity.

        Raises:
            QuantityUnknown: the protocol has no such quantity.
            QuantityMalformed: the value is not of the quantity's kind.
            UnitDiffers: the unit is another; units are never guessed or converted.
        """
        known = self.quantity(test_id, quantity)
        if (unit or "") != known.unit:
            raise UnitDiffers(test_id=test_id, quantity=quantity, needed=known.unit or "-", given=unit or "-")
        value = _typed(known, given)
        if value is None and given == DID_NOT_ACT and self._may_fail_to_act(test_id, quantity):
            value = DID_NOT_ACT
        if value is None:
            raise QuantityMalformed(test_id=test_id, quantity=quantity, needed=_needed(known))
        return Measurement(test_id=test_id, quantity=quantity, value=value, unit=known.unit, source=source)

    def _may_fail_to_act(self, test_id: str, quantity: str) -> bool:
        return any(
            isinstance(limit.condition, DoesNotAct) and quantity in limit.condition.functions
            for test in self.tests
            if test.test_id == test_id
            for limit in test.limits
        )


def _needed(quantity: Quantity) -> str:
    return f"{quantity.kind} ({', '.join(quantity.words)})" if quantity.words else str(quantity.kind)


def _typed(quantity: Quantity, given: Given) -> Value | None:
    """Return the value in the quantity's kind; None when it is not of it."""
    match quantity.kind, given:
        case QuantityKind.YES_NO, bool():
            return given
        case _, bool():
            return None
        case QuantityKind.NUMBER, str() | int() | Decimal():
            return _decimal(given)
        case QuantityKind.NUMBER, [*_] if quantity.many or quantity.per_cycle:
            return _row(given)
        case QuantityKind.ROW, [*_]:
            return _row(given)
        case QuantityKind.TEXT | QuantityKind.OUTCOME, str():
            return given if 0 < len(given) <= _WORD_LENGTH_MAX else None
        case QuantityKind.WORD, str():
            return given if given in quantity.words else None
        case QuantityKind.DAY, str():
            return _day(given)
        case QuantityKind.WORDS, [*_]:
            return _words(quantity, given)
        case _:
            return None


def _decimal(given: object) -> Decimal | None:
    if isinstance(given, bool) or not isinstance(given, str | int | Decimal):
        return None
    try:
        value = Decimal(given)
    except InvalidOperation:
        return None
    exponent = value.as_tuple().exponent
    if not value.is_finite() or abs(value) > _NUMBER_MAX:
        return None
    return value if isinstance(exponent, int) and exponent >= -_DECIMAL_PLACES_MAX else None


def _row(given: object) -> tuple[Decimal, ...] | None:
    if not isinstance(given, Sequence) or not 0 < len(given) <= _ROW_LENGTH_MAX:
        return None
    numbers = tuple(value for one in given if (value := _decimal(one)) is not None)
    return numbers if len(numbers) == len(given) else None


def _day(given: str) -> str | None:
    try:
        return date.fromisoformat(given).isoformat()
    except ValueError:
        return None


def _words(quantity: Quantity, given: object) -> tuple[str, ...] | None:
    if not isinstance(given, Sequence) or len(given) > _ROW_LENGTH_MAX:
        return None
    words = tuple(one for one in given if isinstance(one, str) and 0 < len(one) <= _WORD_LENGTH_MAX)
    if len(words) != len(given) or (quantity.words and not set(words) <= set(quantity.words)):
        return None
    return tuple(sorted(set(words)))
