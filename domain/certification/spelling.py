"""The one spelling of what is stored, hashed and signed here, and the way back."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from uuid import UUID

from domain.certification.equipment import DeviceRange
from domain.certification.model import (
    Applicant,
    Assessment,
    CellSpread,
    ChargeCurve,
    Chemistry,
    CyclerFinding,
    CyclerFormat,
    CyclerRecord,
    CyclerStep,
    DecisionRule,
    Disposition,
    Extremes,
    HoldRelease,
    Impedance,
    ItemFacts,
    Judgement,
    LongRest,
    Measurement,
    MeasurementSource,
    PriorLife,
    RuleVerdict,
    Sampled,
    Scope,
    Shown,
    StepKind,
    TestVerdict,
    Value,
    Verdict,
)
from domain.shared.canonical import Canonical, canonical_text, sha256
from domain.shared.time import utc_text


def decimal_text(value: Decimal) -> str:
    """Spell a decimal without an exponent."""
    return format(value, "f")


def facts_text(facts: ItemFacts) -> str:
    """Spell the facts of a received item."""
    return canonical_text(
        {
            "calendar_expiry_on": None if facts.calendar_expiry_on is None else facts.calendar_expiry_on.isoformat(),
            "cell_capacity_mah": facts.cell_capacity_mah,
            "cell_count": facts.cell_count,
            "cells_in_series": facts.cells_in_series,
            "chemistry": facts.chemistry.value,
            "manufactured_on": facts.manufactured_on.isoformat(),
            "modules_in_series": facts.modules_in_series,
            "nominal_voltage_mv": facts.nominal_voltage_mv,
            "rated_capacity_mah": facts.rated_capacity_mah,
            "rated_energy_wh": facts.rated_energy_wh,
            "sampled": facts.sampled.value,
            **({} if facts.prior_life is None else {"prior_life": _prior_life(facts.prior_life)}),
            **({} if facts.scope is Scope.PACK else {"scope": facts.scope.value}),
        }
    )


def facts_of(text: str) -> ItemFacts:
    """Read the facts of a received item."""
    fields = _object(json.loads(text))
    expiry = fields["calendar_expiry_on"]
    return ItemFacts(
        calendar_expiry_on=None if expiry is None else date.fromisoformat(_word(expiry)),
        cell_capacity_mah=_count(fields["cell_capacity_mah"]),
        cell_count=_count(fields["cell_count"]),
        cells_in_series=_count(fields["cells_in_series"]),
        chemistry=Chemistry(_word(fields["chemistry"])),
        manufactured_on=date.fromisoformat(_word(fields["manufactured_on"])),
        modules_in_series=_count(fields["modules_in_series"]),
        nominal_voltage_mv=_count(fields["nominal_voltage_mv"]),
        rated_capacity_mah=_count(fields["rated_capacity_mah"]),
        rated_energy_wh=_count(fields["rated_energy_wh"]),
        sampled=Sampled(_word(fields["sampled"])),
        prior_life=_prior_life_of(fields.get("prior_life")),
        scope=Scope(_word(fields.get("scope", Scope.PACK.value))),
    )


def _prior_life(told: PriorLife) -> dict[str, Canonical]:
    return {"event_flags": list(told.event_flags), "source": told.source, "use": told.use}


def _prior_life_of(value: object) -> PriorLife | None:
    if value is None:
        return None
    fields = _object(value)
    flags = fields["event_flags"]
    if not isinstance(flags, list):
        raise ValueError("event flags are a list")
    return PriorLife(
        use=_word(fields["use"]),
        event_flags=tuple(_word(one) for one in flags),
        source=_word(fields["source"]),
    )


def applicant_text(applicant: Applicant) -> str:
    """Spell who asks."""
    return canonical_text({"contact": applicant.contact, "name": applicant.name})


def applicant_of(text: str) -> Applicant:
    """Read who asks."""
    fields = _object(json.loads(text))
    return Applicant(name=_word(fields["name"]), contact=_word(fields["contact"]))


def record_text(record: CyclerRecord) -> str:
    """Spell a cycler record; cells, impedance, curves and long rests stand in it only where the file has them."""
    more: dict[str, Canonical] = {}
    if record.cells is not None:
        more["cells"] = _cells(record.cells)
    if record.impedance is not None:
        more["impedance"] = _impedance(record.impedance)
    if record.curves:
        more["curves"] = [_curve(curve) for curve in record.curves]
    if record.rests:
        more["rests"] = [_rest(rest) for rest in record.rests]
    if record.part:
        more["part"] = record.part
    return canonical_text(
        {
            **more,
            "current_a": _extremes(record.current_a),
            "cycles": record.cycles,
            "cycles_as_recorded": record.cycles_as_recorded,
            "findings": [
                {"code": one.code, "en": one.said_en, "ko": one.said_ko, "rows": list(one.rows)}
                for one in record.findings
            ],
            "format": record.format.value,
            "hours": decimal_text(record.hours),
            "parser": record.parser,
            "rows": record.rows,
            "sha256": record.sha256,
            "steps": [_step(step) for step in record.steps],
            "temperature_c": _extremes(record.temperature_c),
            "voltage_v": _extremes(record.voltage_v),
        }
    )


def _step(step: CyclerStep) -> dict[str, Canonical]:
    return {
        "charge_ah": decimal_text(step.charge_ah),
        "counter_ah": None if step.counter_ah is None else decimal_text(step.counter_ah),
        "counter_wh": None if step.counter_wh is None else decimal_text(step.counter_wh),
        "energy_wh": decimal_text(step.energy_wh),
        "first_v": decimal_text(step.first_v),
        "hours": decimal_text(step.hours),
        "kind": step.kind.value,
        "last_v": decimal_text(step.last_v),
        "median_current_a": decimal_text(step.median_current_a),
        "rows": step.rows,
        "step": step.step,
    }


def _cells(cells: CellSpread) -> dict[str, Canonical]:
    return {
        "spread_mv_highest": decimal_text(cells.spread_mv_highest),
        "spread_mv_lowest": decimal_text(cells.spread_mv_lowest),
        "spread_mv_median": decimal_text(cells.spread_mv_median),
        "strongest": cells.strongest,
        "sum_gap_mv": decimal_text(cells.sum_gap_mv),
        "temperature_channels": cells.temperature_channels,
        "voltage_channels": cells.voltage_channels,
        "weakest": cells.weakest,
    }


def _impedance(impedance: Impedance) -> dict[str, Canonical]:
    intercept, acr = impedance.ohmic_intercept_ohm, impedance.acr_1khz_ohm
    more: dict[str, Canonical] = {} if acr is None else {"acr_1khz_ohm": decimal_text(acr)}
    return {
        **more,
        "frequency_hz": _extremes(impedance.frequency_hz),
        "ohmic_intercept_ohm": None if intercept is None else decimal_text(intercept),
    }


def _curve(curve: ChargeCurve) -> dict[str, Canonical]:
    return {
        "charge_nah": list(curve.charge_nah),
        "first_mv": curve.first_mv,
        "grid_mv": curve.grid_mv,
        "step": curve.step,
    }


def _rest(rest: LongRest) -> dict[str, Canonical]:
    return {
        "hours": decimal_text(rest.hours),
        "ocv_168h_v": None if rest.ocv_168h_v is None else decimal_text(rest.ocv_168h_v),
        "ocv_24h_v": decimal_text(rest.ocv_24h_v),
        "step": rest.step,
    }


def _extremes(extremes: Extremes | None) -> dict[str, Canonical] | None:
    if extremes is None:
        return None
    return {"highest": decimal_text(extremes.highest), "lowest": decimal_text(extremes.lowest)}


def cycler_record_of(value: object) -> CyclerRecord:
    """Read a cycler record from decoded JSON.

    Raises:
        ValueError: it is no such record; or KeyError, where something is missing.
    """
    fields = _object(value)
    recorded = fields["cycles_as_recorded"]
    return CyclerRecord(
        format=CyclerFormat(_word(fields["format"])),
        parser=_word(fields["parser"]),
        sha256=_word(fields["sha256"]),
        rows=_count(fields["rows"]),
        voltage_v=_extremes_of(fields["voltage_v"]),
        current_a=_extremes_of(fields["current_a"]),
        temperature_c=_extremes_of(fields["temperature_c"]),
        hours=_decimal(fields["hours"]),
        cycles=_count(fields["cycles"]),
        cycles_as_recorded=None if recorded is None else _count(recorded),
        steps=tuple(_step_of(_object(one)) for one in _list(fields["steps"])),
        findings=tuple(_finding_of(_object(one)) for one in _list(fields["findings"])),
        cells=_cells_of(fields.get("cells")),
        impedance=_impedance_of(fields.get("impedance")),
        curves=tuple(_curve_of(_object(one)) for one in _list(fields.get("curves", []))),
        rests=tuple(_rest_of(_object(one)) for one in _list(fields.get("rests", []))),
        part=_word(fields.get("part", "")),
    )


def _cells_of(value: object) -> CellSpread | None:
    if value is None:
        return None
    fields = _object(value)
    return CellSpread(
        voltage_channels=_count(fields["voltage_channels"]),
        temperature_channels=_count(fields["temperature_channels"]),
        spread_mv_lowest=_decimal(fields["spread_mv_lowest"]),
        spread_mv_median=_decimal(fields["spread_mv_median"]),
        spread_mv_highest=_decimal(fields["spread_mv_highest"]),
        weakest=_count(fields["weakest"]),
        strongest=_count(fields["strongest"]),
        sum_gap_mv=_decimal(fields["sum_gap_mv"]),
    )


def _impedance_of(value: object) -> Impedance | None:
    if value is None:
        return None
    fields = _object(value)
    intercept, acr = fields["ohmic_intercept_ohm"], fields.get("acr_1khz_ohm")
    return Impedance(
        frequency_hz=_extremes_of(fields["frequency_hz"]),
        ohmic_intercept_ohm=None if intercept is None else _decimal(intercept),
        acr_1khz_ohm=None if acr is None else _decimal(acr),
    )


def _curve_of(fields: Mapping[str, object]) -> ChargeCurve:
    return ChargeCurve(
        step=_count(fields["step"]),
        grid_mv=_count(fields["grid_mv"]),
        first_mv=_count(fields["first_mv"]),
        charge_nah=tuple(_count(one) for one in _list(fields["charge_nah"])),
    )


def _rest_of(fields: Mapping[str, object]) -> LongRest:
    later = fields["ocv_168h_v"]
    return LongRest(
        step=_count(fields["step"]),
        hours=_decimal(fields["hours"]),
        ocv_24h_v=_decimal(fields["ocv_24h_v"]),
        ocv_168h_v=None if later is None else _decimal(later),
    )


def _extremes_of(value: object) -> Extremes | None:
    if value is None:
        return None
    fields = _object(value)
    return Extremes(lowest=_decimal(fields["lowest"]), highest=_decimal(fields["highest"]))


def _step_of(fields: Mapping[str, object]) -> CyclerStep:
    ah, wh = fields["counter_ah"], fields["counter_wh"]
    return CyclerStep(
        step=_count(fields["step"]),
        kind=StepKind(_word(fields["kind"])),
        rows=_count(fields["rows"]),
        hours=_decimal(fields["hours"]),
        median_current_a=_decimal(fields["median_current_a"]),
        first_v=_decimal(fields["first_v"]),
        last_v=_decimal(fields["last_v"]),
        charge_ah=_decimal(fields["charge_ah"]),
        energy_wh=_decimal(fields["energy_wh"]),
        counter_ah=None if ah is None else _decimal(ah),
        counter_wh=None if wh is None else _decimal(wh),
    )


def _finding_of(fields: Mapping[str, object]) -> CyclerFinding:
    return CyclerFinding(
        code=_word(fields["code"]),
        said_ko=_word(fields["ko"]),
        said_en=_word(fields["en"]),
        rows=tuple(_count(row) for row in _list(fields["rows"])),
    )


def measurements_text(measurements: Sequence[Measurement]) -> str:
    """Spell measurements. A number is an object with its decimal text, so that it never turns into a word."""
    return canonical_text(
        [
            {
                "quantity": one.quantity,
                "source": one.source.value,
                "test_id": one.test_id,
                "unit": one.unit,
                "value": _value(one.value),
            }
            for one in measurements
        ]
    )


def measurements_of(text: str) -> tuple[Measurement, ...]:
    """Read measurements."""
    return tuple(
        Measurement(
            test_id=_word(fields["test_id"]),
            quantity=_word(fields["quantity"]),
            value=_value_of(fields["value"]),
            unit=_word(fields["unit"]),
            source=MeasurementSource(_word(fields["source"])),
        )
        for fields in (_object(one) for one in _list(json.loads(text)))
    )


def _value(value: Value) -> Canonical:
    match value:
        case bool() | str():
            return value
        case Decimal():
            return {"number": decimal_text(value)}
        case row:
            parts: list[Canonical] = []
            for one in row:
                parts.append({"number": decimal_text(one)} if isinstance(one, Decimal) else one)
            return parts


def _value_of(value: object) -> Value:
    match value:
        case bool() | str():
            return value
        case Mapping():
            return _decimal(_object(value)["number"])
        case [*parts]:
            numbers = tuple(_decimal(_object(one)["number"]) for one in parts if isinstance(one, Mapping))
            return numbers if numbers else tuple(_word(one) for one in parts)
        case _:
            raise ValueError("a measured value is a number, a word, a yes or no, or a row of them")


def judgement_text(judgement: Judgement) -> str:
    """Spell a judgement."""
    return canonical_text(_judgement(judgement))


def assessment_text(assessment: Assessment) -> str:
    """Spell an assessment: the text whose hash an approver signs."""
    return canonical_text(
        {
            "assessment_id": str(assessment.assessment_id),
            "judged_at": utc_text(assessment.judged_at),
            "judged_by": str(assessment.judged_by),
            "judgement": _judgement(assessment.judgement),
            "pack_id": str(assessment.pack_id),
            "reception_id": str(assessment.reception_id),
            "run_ids": [str(one) for one in assessment.run_ids],
            "sequence": assessment.sequence,
            "tenant_id": assessment.tenant_id,
        }
    )


def hold_release_text(assessment: Assessment, release: HoldRelease) -> str:
    """Spell the release of a hold: the text whose hash its signer signs, bound to the assessment that was held."""
    return canonical_text(
        {
            "assessment_sha256": sha256(assessment_text(assessment)).hex(),
            "judgement": _judgement(release.judgement),
            "reason": release.reason,
            "released_at": utc_text(release.released_at),
            "released_by": str(release.released_by),
        }
    )


def _judgement(judgement: Judgement) -> dict[str, Canonical]:
    # What was judged before there was a choice keeps the very text that was signed.
    more: dict[str, Canonical] = (
        {}
        if judgement.decision_rule is None
        else {"decision_rule": judgement.decision_rule.value, "soh_u_ppm": judgement.soh_u_ppm}
    )
    return {
        **more,
        "basis_en": judgement.basis_en,
        "basis_ko": judgement.basis_ko,
        "disposition": judgement.disposition.value,
        "grade": judgement.grade,
        "protocol_id": judgement.protocol_id,
        "protocol_sha256": judgement.protocol_sha256,
        "protocol_version": judgement.protocol_version,
        "review_months": judgement.review_months,
        "soh_ppm": judgement.soh_ppm,
        "tests": [_test(test) for test in judgement.tests],
        "usable_energy_wh": judgement.usable_energy_wh,
        "use_en": judgement.use_en,
        "use_ko": judgement.use_ko,
        "validity_months": judgement.validity_months,
    }


def _test(test: TestVerdict) -> dict[str, Canonical]:
    return {
        "method": test.method,
        "name_en": test.name_en,
        "name_ko": test.name_ko,
        "quantities": [
            {"quantity": one.quantity, "source": one.source.value, "unit": one.unit, "value": one.value}
            for one in test.quantities
        ],
        "reason_en": test.reason_en,
        "reason_ko": test.reason_ko,
        "required": test.required,
        "rules": [
            {
                "limit": one.limit,
                "measured": one.measured,
                "reason_en": one.reason_en,
                "reason_ko": one.reason_ko,
                "rule": one.rule,
                "source": one.source,
                "unit": one.unit,
                "verdict": one.verdict.value,
            }
            for one in test.rules
        ],
        "test_id": test.test_id,
        "verdict": test.verdict.value,
    }


def judgement_of(text: str) -> Judgement:
    """Read a judgement."""
    fields = _object(json.loads(text))
    rule = fields.get("decision_rule")
    return Judgement(
        protocol_id=_word(fields["protocol_id"]),
        protocol_version=_word(fields["protocol_version"]),
        protocol_sha256=_word(fields["protocol_sha256"]),
        tests=tuple(_test_of(_object(one)) for one in _list(fields["tests"])),
        disposition=Disposition(_word(fields["disposition"])),
        grade=_perhaps_word(fields["grade"]),
        use_ko=_word(fields["use_ko"]),
        use_en=_word(fields["use_en"]),
        review_months=_perhaps_count(fields["review_months"]),
        validity_months=_count(fields["validity_months"]),
        soh_ppm=_perhaps_count(fields["soh_ppm"]),
        usable_energy_wh=_perhaps_count(fields["usable_energy_wh"]),
        basis_ko=_word(fields["basis_ko"]),
        basis_en=_word(fields["basis_en"]),
        decision_rule=None if rule is None else DecisionRule(_word(rule)),
        soh_u_ppm=_perhaps_count(fields.get("soh_u_ppm")),
    )


def _test_of(fields: Mapping[str, object]) -> TestVerdict:
    return TestVerdict(
        test_id=_word(fields["test_id"]),
        name_ko=_word(fields["name_ko"]),
        name_en=_word(fields["name_en"]),
        method=_word(fields["method"]),
        required=fields["required"] is True,
        verdict=Verdict(_word(fields["verdict"])),
        quantities=tuple(_shown_of(_object(one)) for one in _list(fields["quantities"])),
        rules=tuple(_rule_of(_object(one)) for one in _list(fields["rules"])),
        reason_ko=_word(fields["reason_ko"]),
        reason_en=_word(fields["reason_en"]),
    )


def _shown_of(fields: Mapping[str, object]) -> Shown:
    return Shown(
        quantity=_word(fields["quantity"]),
        value=_word(fields["value"]),
        unit=_word(fields["unit"]),
        source=MeasurementSource(_word(fields["source"])),
    )


def _rule_of(fields: Mapping[str, object]) -> RuleVerdict:
    return RuleVerdict(
        rule=_word(fields["rule"]),
        measured=_word(fields["measured"]),
        limit=_word(fields["limit"]),
        unit=_word(fields["unit"]),
        verdict=Verdict(_word(fields["verdict"])),
        source=_word(fields["source"]),
        reason_ko=_word(fields["reason_ko"]),
        reason_en=_word(fields["reason_en"]),
    )


def token_sha256(token: str) -> str:
    """Return what is stored of a verification token; the token itself is only on paper and in the QR code."""
    return sha256(token).hex()


def ids_text(ids: Sequence[UUID]) -> str:
    """Spell a list of identifiers."""
    return canonical_text([str(one) for one in ids])


def ids_of(text: str) -> tuple[UUID, ...]:
    """Read a list of identifiers."""
    return tuple(UUID(_word(one)) for one in _list(json.loads(text)))


def _object(value: object) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise ValueError("an object is expected here")
    return {str(key): inner for key, inner in value.items()}


def _list(value: object) -> Sequence[object]:
    if not isinstance(value, list):
        raise ValueError("a list is expected here")
    return value


def _word(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("a text is expected here")
    return value


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("a whole number is expected here")
    return value


def _decimal(value: object) -> Decimal:
    try:
        found = Decimal(_word(value))
    except InvalidOperation as error:
        raise ValueError("a decimal is expected here") from error
    if not found.is_finite():
        raise ValueError("a finite decimal is expected here")
    return found


def _perhaps_word(value: object) -> str | None:
    return None if value is None else _word(value)


def _perhaps_count(value: object) -> int | None:
    return None if value is None else _count(value)


def ranges_text(ranges: Sequence[DeviceRange]) -> str:
    """Spell what a device is calibrated for."""
    return canonical_text(
        [
            {
                "highest": decimal_text(one.highest),
                "lowest": decimal_text(one.lowest),
                "uncertainty": decimal_text(one.uncertainty),
                "unit": one.unit,
            }
            for one in ranges
        ]
    )


def ranges_of(text: str) -> tuple[DeviceRange, ...]:
    """Read what `ranges_text` spelled."""
    return tuple(
        DeviceRange(
            unit=one["unit"],
            lowest=Decimal(one["lowest"]),
            highest=Decimal(one["highest"]),
            uncertainty=Decimal(one["uncertainty"]),
        )
        for one in json.loads(text)
    )
