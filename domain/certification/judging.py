"""From measurements to a verdict, a disposition and a grade. Missing is never pass."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal, localcontext

from domain.certification.conditions import (
    Answer,
    Constant,
    Exceeds,
    FallsShort,
    Known,
    Measured,
    Number,
    StandsOut,
    Today,
    answer,
    number,
    quantities_of,
)
from domain.certification.decision import soh_uncertainty, uncertainty_ppm
from domain.certification.model import (
    SEVERITY,
    DecisionRule,
    Disposition,
    ItemFacts,
    Judgement,
    Measurement,
    MeasurementSource,
    RuleVerdict,
    Sampled,
    Scope,
    Shown,
    TestVerdict,
    Value,
    Verdict,
)
from domain.certification.protocol import Bound, GradeRow, Limit, Protocol, Test

_PRINTED_PLACES = Decimal("0.000001")
_SOH = "soh_capacity"
_U_SOH = "u_soh"
_DISCHARGES = "q_dis"
_ENERGY = "e_dis"
_WHOLE = {
    Scope.PACK: ("팩 전체 시험", "whole pack"),
    Scope.MODULE: ("모듈 전체 시험", "whole module"),
    Scope.CELL: ("셀 시험", "the cell itself"),
    Scope.MATCHING_SET: ("세트 전체 시험", "whole matching set"),
}
_RANK = {
    MeasurementSource.MANUAL: 0,
    MeasurementSource.BMS: 1,
    MeasurementSource.RAW: 2,
    MeasurementSource.RECEPTION: 3,
    MeasurementSource.DERIVED: 4,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a judgement looks at beside the measurements.

    `lots` gives the values of units received together, by quantity; `site_ip_code` is the protection
    that the place of use needs. Both may be unknown, and then the rules that need them do not apply. `rule` says
    whether the health must meet its limits less its uncertainty.
    """

    facts: ItemFacts
    today: date
    rule: DecisionRule = DecisionRule.SIMPLE
    lots: Mapping[str, tuple[Decimal, ...]] = field(default_factory=dict)
    site_ip_code: str | None = None

    @property
    def scope(self) -> Scope:
        """What is judged as one unit."""
        return self.facts.scope


def judge(
    protocol: Protocol, measurements: Sequence[Measurement], context: Context, *, released: bool = False
) -> Judgement:
    """Judge a unit by every rule of a protocol.

    `released` says that somebody looked at what the rules only ask to be looked at, and let it go on: a verdict
    of `review` then holds nothing back. What failed still fails, and what is missing still is.

    Where a quantity was measured more than once, a file outranks a BMS read-out, which outranks a typed
    value; within one source the later counts. Quantities with a formula are computed, unrounded; a
    typed one stands only where the formula's inputs are missing.

    By the guarded rule the health less its expanded uncertainty must meet each of its limits, else the unit is held,
    and the grade is the first that it reaches so.
    """
    counted = _counted([*measurements, *_reception_facts(protocol, context.facts, measurements)])
    known = _known(protocol, counted, context)
    soh = _last(known.values.get(_SOH))
    u_soh = None if soh is None else _uncertainty(soh, known)
    guard = u_soh if context.rule is DecisionRule.GUARDED else None
    tests = tuple(_test_verdict(test, counted, known, context, guard) for test in protocol.tests)
    row = _grade(protocol, known, context.scope, guard)
    disposition = _disposition(protocol, tests, row, released=released)
    reuse = disposition is Disposition.REUSE and row is not None
    energy = _last(known.values.get(_ENERGY))
    cells = context.facts.cell_count if context.facts.sampled is Sampled.CELL else 1
    with localcontext(prec=60):
        soh_ppm = None if soh is None else int(soh * 10_000)
        usable_energy_wh = None if energy is None else int(energy * cells)
    return Judgement(
        protocol_id=protocol.protocol_id,
        protocol_version=protocol.version,
        protocol_sha256=protocol.sha256,
        tests=tests,
        disposition=disposition,
        grade=row.grade if reuse and row else None,
        use_ko=row.use_ko if reuse and row else "",
        use_en=row.use_en if reuse and row else "",
        review_months=row.review_months if reuse and row else None,
        validity_months=protocol.validity_months,
        soh_ppm=soh_ppm,
        usable_energy_wh=usable_energy_wh,
        basis_ko=f"셀 시료 1개 × {cells}" if context.facts.sampled is Sampled.CELL else _WHOLE[context.scope][0],
        basis_en=f"cell sample x {cells}" if context.facts.sampled is Sampled.CELL else _WHOLE[context.scope][1],
        decision_rule=context.rule,
        soh_u_ppm=None if u_soh is None else uncertainty_ppm(u_soh),
    )


def _uncertainty(soh: Decimal, known: Known) -> Decimal:
    """Return the expanded uncertainty of the health, points of percent."""
    repeated = known.values.get(_DISCHARGES)
    return soh_uncertainty(
        soh,
        told=_last(known.values.get(_U_SOH)),
        repeated_ah=[one for one in repeated if isinstance(one, Decimal)] if isinstance(repeated, tuple) else (),
    )


def _reception_facts(
    protocol: Protocol, facts: ItemFacts, measurements: Sequence[Measurement]
) -> Iterable[Measurement]:
    """Let what was told at reception answer what the intake test asks; what a tester found is never told away."""
    answers: dict[str, Value] = {
        "chemistry": facts.chemistry.value,
        "rated_capacity": facts.sample_capacity_ah,
        "rated_energy": facts.sample_energy_kwh,
        "nominal_voltage": Decimal(facts.nominal_voltage_mv) / 1000,
        "manufactured_on": facts.manufactured_on.isoformat(),
    }
    if facts.calendar_expiry_on is not None:
        answers["calendar_expiry_on"] = facts.calendar_expiry_on.isoformat()
    if facts.prior_life is not None:
        found = [one.value for one in measurements if one.quantity == "event_flags" and isinstance(one.value, tuple)]
        flags = [str(flag) for row in (facts.prior_life.event_flags, *found) for flag in row]
        answers |= {"prior_use": facts.prior_life.use, "event_flags": tuple(dict.fromkeys(flags))}
    for test in protocol.tests:
        for quantity in test.quantities:
            if quantity.key in answers:
                yield Measurement(
                    test_id=test.test_id,
                    quantity=quantity.key,
                    value=answers[quantity.key],
                    unit=quantity.unit,
                    source=MeasurementSource.RECEPTION,
                )


def _counted(measurements: Iterable[Measurement]) -> dict[str, Measurement]:
    """Keep, for each quantity, the one measurement that counts."""
    counted: dict[str, Measurement] = {}
    for one in measurements:
        standing = counted.get(one.quantity)
        if standing is None or _RANK[one.source] >= _RANK[standing.source]:
            counted[one.quantity] = one
    return counted


def _known(protocol: Protocol, counted: dict[str, Measurement], context: Context) -> Known:
    """Add the chemistry's window and everything that can be computed; `counted` gains the latter."""
    values: dict[str, Value] = {key: one.value for key, one in counted.items()}
    window = protocol.window(context.facts.chemistry)
    if window is not None:
        for name in ("v_max", "v_min", "protect_hi", "protect_lo", "hard_low"):
            values[name] = getattr(window, name)
    known = Known(
        values=values,
        today=context.today,
        scope=context.scope,
        series=frozenset(q.key for test in protocol.tests for q in test.quantities if q.per_cycle),
        lots=context.lots,
        site_ip_code=context.site_ip_code,
    )
    formulas = [(test, q) for test in protocol.tests for q in test.quantities if q.derived is not None]
    for _ in formulas:  # a formula may use another's result; as many passes as formulas settle any order
        for test, quantity in formulas:
            found = None if quantity.derived is None else number(quantity.derived, known)
            if found is not None:
                values[quantity.key] = found
                counted[quantity.key] = Measurement(
                    test_id=test.test_id,
                    quantity=quantity.key,
                    value=found,
                    unit=quantity.unit,
                    source=MeasurementSource.DERIVED,
                )
    return known


def _test_verdict(
    test: Test, counted: Mapping[str, Measurement], known: Known, context: Context, guard: Decimal | None
) -> TestVerdict:
    required = test.required_for(context.scope)
    # What the data sheet or a formula supplies does not make a test performed.
    measured = [
        q.key
        for q in test.quantities
        if q.key in counted and counted[q.key].source not in (MeasurementSource.DERIVED, MeasurementSource.RECEPTION)
    ]
    shown = tuple(_shown(counted[q.key]) for q in test.quantities if q.key in counted)
    rules: tuple[RuleVerdict, ...] = ()
    reason_ko = reason_en = ""
    if not measured:
        verdict = Verdict.NOT_ASSESSED if required else Verdict.NOT_APPLICABLE
        if not test.applies_to(context.scope):
            reason_ko, reason_en = "이 단위에는 해당 없음", "not a test of such a unit"
        else:
            reason_ko, reason_en = (
                ("측정값 없음", "not measured") if required else ("선택 항목, 미실시", "optional, not done")
            )
    else:
        rules = tuple(_rule_verdict(limit, test, known, guard, required=required) for limit in test.limits)
        missing = [q.key for q in test.quantities if required and q.required and q.key not in counted]
        verdicts = [rule.verdict for rule in rules if rule.verdict is not Verdict.NOT_APPLICABLE]
        if missing:
            verdicts.append(Verdict.NOT_ASSESSED)
            reason_ko = f"필수 항목 없음: {', '.join(missing)}"
            reason_en = f"required and missing: {', '.join(missing)}"
        verdict = worst(verdicts)
    return TestVerdict(
        test_id=test.test_id,
        name_ko=test.name_ko,
        name_en=test.name_en,
        method=test.method,
        required=required,
        verdict=verdict,
        quantities=shown,
        rules=rules,
        reason_ko=reason_ko,
        reason_en=reason_en,
    )


def worst(verdicts: Sequence[Verdict]) -> Verdict:
    """Return the gravest of some verdicts; none at all is a pass."""
    return next((one for one in SEVERITY if one in verdicts), Verdict.PASS)


def _rule_verdict(limit: Limit, test: Test, known: Known, guard: Decimal | None, *, required: bool) -> RuleVerdict:
    said = answer(limit.condition, known)
    verdict, reason_ko, reason_en = _spoken(said, limit, test, known, required=required)
    if verdict is Verdict.PASS and guard is not None and _within_guard_band(limit, known, guard):
        verdict = Verdict.REVIEW
        reason_ko = f"한계가 확장불확도 ±{spelled(guard)} 안에 있음 (보호대역)"
        reason_en = f"the limit lies within the expanded uncertainty of ±{spelled(guard)} (guard band)"
    bound, unit = _bound(limit, test, known)
    return RuleVerdict(
        rule=limit.text,
        measured=_measured(limit, known),
        limit=bound,
        unit=unit,
        verdict=verdict,
        source=limit.source,
        reason_ko=reason_ko,
        reason_en=reason_en,
    )


def _within_guard_band(limit: Limit, known: Known, guard: Decimal) -> bool:
    """Say whether a health that meets a limit would not, were it lower by its uncertainty."""
    match limit.condition:
        case FallsShort(Measured(name), right) if name == _SOH:
            soh, bound = _last(known.values.get(_SOH)), number(right, known)
            return soh is not None and isinstance(bound, Decimal) and soh - guard < bound
        case _:
            return False


def _spoken(said: Answer, limit: Limit, test: Test, known: Known, *, required: bool) -> tuple[Verdict, str, str]:
    """Turn an answer into a verdict and, where it is silent, the reason in both languages."""
    if said.fails is not None:
        return (limit.verdict if said.fails else Verdict.PASS), "", ""
    if said.inapplicable == "no-lot":
        return Verdict.NOT_APPLICABLE, "비교할 로트 없음", "no lot to compare with"
    if said.inapplicable == "no-site":
        return Verdict.NOT_APPLICABLE, "설치 장소 요구 등급 없음", "no site requirement stated"
    missing = ", ".join(said.missing)
    if said.missing and all(name.endswith("[-2]") for name in said.missing):
        return (
            Verdict.NOT_APPLICABLE,
            "동일 조건의 완전 방전이 1회뿐이어서 안정화 확인 미적용",
            "only one full discharge of this variant, so stabilisation is not shown",
        )
    if _other_way_taken(said.missing, test, known):
        return Verdict.NOT_APPLICABLE, f"대체 방법으로 시험: {missing}", f"the other method was used: {missing}"
    optional = {q.key for q in test.quantities if q.required is False}
    if not required or set(said.missing) <= optional:
        return Verdict.NOT_APPLICABLE, f"선택 항목 없음: {missing}", f"optional and not given: {missing}"
    return Verdict.NOT_ASSESSED, f"측정값 없음: {missing}", f"not measured: {missing}"


def _other_way_taken(missing: Sequence[str], test: Test, known: Known) -> bool:
    """Say whether all that is missing belongs to one of the test's alternatives, and another is complete."""
    for group in test.alternatives:
        if set(missing) <= set(group):
            others = [other for other in test.alternatives if other is not group]
            return any(all(key in known.values for key in other) for other in others)
    return False


def _bound(limit: Limit, test: Test, known: Known) -> tuple[str, str]:
    """Return a simple rule's limit and unit as printed; a rule of words has neither."""
    units = {q.key: q.unit for q in test.quantities}
    match limit.condition:
        case Exceeds(left, right):
            sign = "≤"
        case FallsShort(left, right):
            sign = "≥"
        case StandsOut(_, value):
            return f"≤ {spelled(value)}", ""
        case _:
            return "-", ""
    if isinstance(right, Today):
        return f"{sign} {known.today.isoformat()}", ""
    found = right.value if isinstance(right, Constant) else number(right, known)
    unit = units.get(left.quantity, "") if isinstance(left, Measured) else _shared_unit(limit, units)
    return ("-" if found is None else f"{sign} {spelled(found)}"), unit


def _shared_unit(limit: Limit, units: Mapping[str, str]) -> str:
    """Return the unit of a least or greatest, which is that of its parts; a ratio has none."""
    if not limit.text.startswith(("min(", "max(")):
        return ""
    found = {units[key] for key in quantities_of(limit.condition) if key in units}
    return found.pop() if len(found) == 1 else ""


def _measured(limit: Limit, known: Known) -> str:
    """Return what the rule looked at: the number it compared, or each word."""
    match limit.condition:
        case Exceeds(Measured(day), Today()) | FallsShort(Measured(day), Today()) if day in known.values:
            return spelled(known.values[day])
        case Exceeds(left, _) | FallsShort(left, _):
            found = number(left, known)
            return "-" if found is None else spelled(found)
        case _:
            parts = [
                f"{key}={spelled(known.values[key])}" for key in quantities_of(limit.condition) if key in known.values
            ]
            return ", ".join(parts) or "-"


def _shown(one: Measurement) -> Shown:
    return Shown(quantity=one.quantity, value=spelled(one.value), unit=one.unit, source=one.source)


def spelled(value: Value | Number) -> str:
    """Spell a value as printed: numbers to at most six places, without trailing zeros."""
    match value:
        case bool():
            return "true" if value else "false"
        case Decimal():
            with localcontext(prec=60):
                short = value.quantize(_PRINTED_PLACES, rounding=ROUND_HALF_EVEN).normalize()
                return format(short if short else Decimal(0), "f")
        case str():
            return value
        case _:
            return ", ".join(spelled(one) for one in value) or "none"


def said_by(test: TestVerdict) -> tuple[Verdict, ...]:
    """Return everything a test said; its verdict alone would hide what is missing behind what was found."""
    lacks = bool(test.reason_en) and test.verdict is not Verdict.NOT_APPLICABLE
    return (test.verdict, *(rule.verdict for rule in test.rules), *((Verdict.NOT_ASSESSED,) if lacks else ()))


def _last(value: Value | None) -> Decimal | None:
    match value:
        case Decimal():
            return value
        case (*_, Decimal() as last):
            return last
        case _:
            return None


def _grade(protocol: Protocol, known: Known, scope: Scope, guard: Decimal | None) -> GradeRow | None:
    """Return the first row whose every column holds; None when a column's quantity is unknown.

    With a `guard` band the health must reach its column less that.
    A column whose quantity no test of this scope measures is none of the unit's: a cell has no weakest cell. A row
    that would have none left grades nothing.
    """
    elsewhere = {q.key for test in protocol.tests if not test.applies_to(scope) for q in test.quantities} - {
        q.key for test in protocol.tests if test.applies_to(scope) for q in test.quantities
    }
    for row in protocol.grades:
        own = [bound for bound in row.bounds if bound.quantity not in elsewhere]
        holds = [_holds(_raised(bound, guard), known.values.get(bound.quantity)) for bound in own]
        if None in holds or (row.bounds and not own):
            return None
        if all(holds):
            return row
    return None


def _raised(bound: Bound, guard: Decimal | None) -> Bound:
    """Raise a lower bound of the health by the guard band."""
    if guard is None or not bound.least or bound.quantity != _SOH:
        return bound
    return replace(bound, value=bound.value + guard)


def _holds(bound: Bound, value: Value | None) -> bool | None:
    """Say whether a column holds for the worst of a quantity's values; None when it was not measured."""
    match value:
        case bool():
            return None
        case Decimal():
            values: tuple[Decimal, ...] = (value,)
        case tuple():
            values = tuple(one for one in value if isinstance(one, Decimal))
        case _:
            return None
    if not values:
        return None
    return min(values) >= bound.value if bound.least else max(values) <= bound.value


def _disposition(
    protocol: Protocol, tests: Sequence[TestVerdict], row: GradeRow | None, *, released: bool
) -> Disposition:
    """Safety outranks performance, failing outranks holding, and only a graded unit is reused."""
    failed = [
        limit.disposition
        for test, said in zip(protocol.tests, tests, strict=True)
        for limit, rule in zip(test.limits, said.rules, strict=False)
        if rule.verdict is Verdict.HARD_FAIL
    ]
    if failed:
        performance_only = all(one is Disposition.RECYCLE for one in failed)
        return Disposition.RECYCLE if performance_only else Disposition.QUARANTINE
    held_by = (Verdict.NOT_ASSESSED,) if released else (Verdict.REVIEW, Verdict.NOT_ASSESSED)
    if any(said in held_by for test in tests for said in said_by(test)) or row is None:
        return Disposition.HOLD_REVIEW
    return Disposition.REUSE if row.bounds else Disposition.RECYCLE
