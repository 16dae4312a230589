"""Rating: a pure function from a contract's terms, certified capacity and frozen usage to explained lines.

Rates are micro-won per watt-hour, so that Wh × rate is an exact integer; each line is cut to whole won once,
towards zero (원 미만 절사). VAT is no line: it is cut once, on the document.
"""

from domain.billing.errors import RatingInputsMalformed
from domain.billing.model import WHOLE_PPM, CapacityPart, LineKind, RatedLine, RatingInputs, RenewableBand, UsageFacts
from domain.shared.canonical import Canonical, canonical_text, sha256
from domain.shared.money import MICRO, Krw, truncated_krw


def inputs_text(inputs: RatingInputs) -> str:
    """Spell rating inputs in the one way that is hashed."""
    terms, usage = inputs.terms, inputs.usage
    bands: list[Canonical] = [
        {"discount_ppm": band.discount_ppm, "share_ppm_min": band.share_ppm_min} for band in terms.renewable_bands
    ]
    capacity: list[Canonical] = [
        {"billable_wh": part.billable_wh, "certificate_number": part.certificate_number, "days": part.days}
        for part in inputs.capacity
    ]
    return canonical_text(
        {
            "rating": 1,
            "month": str(inputs.month),
            "contract": {
                "contract_id": str(terms.contract_id),
                "number": terms.contract_number,
                "plan_code": terms.plan_code,
                "plan_version": terms.plan_version,
                "capacity_rate_micro_krw_per_wh_month": terms.capacity_rate_micro_krw_per_wh_month,
                "energy_rate_micro_krw_per_wh": terms.energy_rate_micro_krw_per_wh,
                "renewable_bands": bands,
            },
            "capacity": capacity,
            "usage": {
                "snapshot_id": str(usage.snapshot_id),
                "snapshot_sha256": usage.snapshot_sha256.hex(),
                "charge_wh": usage.charge_wh,
                "discharge_wh": usage.discharge_wh,
                "renewable_wh": usage.renewable_wh,
                "renewable_share_ppm": usage.renewable_share_ppm,
                "completeness_ppm": usage.completeness_ppm,
            },
        }
    )


def rate(inputs: RatingInputs) -> tuple[RatedLine, ...]:
    """Rate a contract's month: capacity fee, energy fee, renewable discount, each as far as the contract has it.

    Raises:
        RatingInputsMalformed: the inputs contradict themselves.
    """
    _check(inputs)
    inputs_sha256 = sha256(inputs_text(inputs))
    lines: list[RatedLine] = []
    terms = inputs.terms
    if terms.capacity_rate_micro_krw_per_wh_month is not None:
        lines.append(_capacity_line(inputs, terms.capacity_rate_micro_krw_per_wh_month, inputs_sha256))
    if terms.energy_rate_micro_krw_per_wh is not None:
        energy = _energy_line(inputs, terms.energy_rate_micro_krw_per_wh, inputs_sha256)
        lines.append(energy)
        if terms.renewable_bands:
            lines.append(_discount_line(inputs, energy.amount_krw, inputs_sha256))
    return tuple(lines)


def capacity_fee_krw(parts: tuple[CapacityPart, ...], *, rate_micro_krw_per_wh_month: int, days_in_month: int) -> Krw:
    """Return Σ days × Wh × rate / days in the month, divided once, cut towards zero."""
    wh_days = sum(part.days * part.billable_wh for part in parts)
    return Krw(wh_days * rate_micro_krw_per_wh_month // (days_in_month * MICRO))


def discount_krw(energy_fee_krw: int, *, discount_ppm: int) -> Krw:
    """Return the part of the energy fee, as printed, that is let off; at least 0, cut towards zero."""
    return truncated_krw(energy_fee_krw * discount_ppm)


def band_of(share_ppm: int, bands: tuple[RenewableBand, ...]) -> RenewableBand | None:
    """Return the highest band that a share reaches; its lower bound belongs to it."""
    reached = [band for band in bands if share_ppm >= band.share_ppm_min]
    return max(reached, key=lambda band: band.share_ppm_min) if reached else None


def _check(inputs: RatingInputs) -> None:
    terms, usage, days_in_month = inputs.terms, inputs.usage, inputs.month.days
    rates = (terms.capacity_rate_micro_krw_per_wh_month, terms.energy_rate_micro_krw_per_wh)
    if any(one is not None and one < 0 for one in rates):
        raise RatingInputsMalformed(wrong="a rate below zero")
    if any(part.billable_wh < 0 or not 0 < part.days <= days_in_month for part in inputs.capacity):
        raise RatingInputsMalformed(wrong="capacity days that do not fit the month")
    if min(usage.charge_wh, usage.discharge_wh, usage.renewable_wh) < 0:
        raise RatingInputsMalformed(wrong="energy below zero")
    if usage.renewable_wh > usage.discharge_wh:
        raise RatingInputsMalformed(wrong="more renewable energy than was discharged")
    shares = [usage.renewable_share_ppm, usage.completeness_ppm]
    shares += [ppm for band in terms.renewable_bands for ppm in (band.share_ppm_min, band.discount_ppm)]
    if not all(0 <= ppm <= WHOLE_PPM for ppm in shares):
        raise RatingInputsMalformed(wrong="a share beyond the whole")
    if len(usage.snapshot_sha256) != 32:
        raise RatingInputsMalformed(wrong="a snapshot hash that is not SHA-256")


def _capacity_line(inputs: RatingInputs, rate_micro: int, inputs_sha256: bytes) -> RatedLine:
    days = inputs.month.days
    amount = capacity_fee_krw(inputs.capacity, rate_micro_krw_per_wh_month=rate_micro, days_in_month=days)
    rate_krw = _per_kwh(rate_micro)
    if inputs.capacity:
        sum_ko = " + ".join(
            f"{p.billable_wh:,} Wh × {p.days}일 [인증서 {p.certificate_number}]" for p in inputs.capacity
        )
        sum_en = " + ".join(
            f"{p.billable_wh:,} Wh × {p.days} d [certificate {p.certificate_number}]" for p in inputs.capacity
        )
        why_ko = (
            f"({sum_ko}) × {rate_krw}원/kWh·월 ÷ 1,000 ÷ {days}일 = {amount:,}원 (원 미만 절사). "
            "용량은 약정 용량과 인증 용량 중 작은 값이며, 팩이 인증서와 함께 운용된 날만 셉니다."
        )
        why_en = (
            f"({sum_en}) × {rate_krw} KRW/kWh·month ÷ 1,000 ÷ {days} d = {amount:,} KRW (fractions cut). "
            "Capacity is the smaller of contracted and certified, on days a certified pack was in service."
        )
    else:
        why_ko = f"{inputs.month}에는 유효한 인증서로 운용된 팩이 없어 기본료가 0원입니다."
        why_en = f"No certified pack was in service in {inputs.month}, so the fee is 0 KRW."
    return RatedLine(
        kind=LineKind.CAPACITY_FEE,
        description_ko="용량 기본료 (인증 가용 용량)",
        description_en="Capacity fee (certified usable capacity)",
        quantity=sum(part.days * part.billable_wh for part in inputs.capacity),
        unit="Wh·d",
        rate=f"{rate_krw} KRW/kWh·month",
        amount_krw=amount,
        explanation_ko=f"{why_ko} {_contract_ko(inputs)}",
        explanation_en=f"{why_en} {_contract_en(inputs)}",
        inputs_sha256=inputs_sha256,
    )


def _energy_line(inputs: RatingInputs, rate_micro: int, inputs_sha256: bytes) -> RatedLine:
    usage = inputs.usage
    amount = truncated_krw(usage.discharge_wh * rate_micro)
    rate_krw = _per_kwh(rate_micro)
    return RatedLine(
        kind=LineKind.ENERGY_FEE,
        description_ko="사용량 요금 (방전 전력량)",
        description_en="Energy fee (discharged energy)",
        quantity=usage.discharge_wh,
        unit="Wh",
        rate=f"{rate_krw} KRW/kWh",
        amount_krw=amount,
        explanation_ko=(
            f"방전 {usage.discharge_wh:,} Wh ÷ 1,000 × {rate_krw}원/kWh = {amount:,}원 (원 미만 절사). "
            f"{_snapshot_ko(usage)} {_contract_ko(inputs)}"
        ),
        explanation_en=(
            f"{usage.discharge_wh:,} Wh discharged ÷ 1,000 × {rate_krw} KRW/kWh = {amount:,} KRW (fractions cut). "
            f"{_snapshot_en(usage)} {_contract_en(inputs)}"
        ),
        inputs_sha256=inputs_sha256,
    )


def _discount_line(inputs: RatingInputs, energy_fee_krw: int, inputs_sha256: bytes) -> RatedLine:
    usage, bands = inputs.usage, inputs.terms.renewable_bands
    band = band_of(usage.renewable_share_ppm, bands)
    share = _percent(usage.renewable_share_ppm)
    share_ko = f"방전 {usage.discharge_wh:,} Wh 중 재생에너지 {usage.renewable_wh:,} Wh, 비율 {share} %"
    share_en = f"{usage.renewable_wh:,} of {usage.discharge_wh:,} Wh discharged were renewable, {share} %"
    if band is None:
        floor = _percent(min(one.share_ppm_min for one in bands))
        discount_ppm, amount = 0, Krw(0)
        why_ko = f"{share_ko}: 할인 기준 {floor} %에 미치지 못해 할인이 없습니다."
        why_en = f"{share_en}: below the {floor} % from which a discount is given."
    else:
        discount_ppm = band.discount_ppm
        amount = discount_krw(energy_fee_krw, discount_ppm=discount_ppm)
        floor, part = _percent(band.share_ppm_min), _percent(discount_ppm)
        why_ko = (
            f"{share_ko} ({floor} % 이상 구간): 사용량 요금 {energy_fee_krw:,}원 × {part} % = "
            f"{amount:,}원 할인 (원 미만 절사)."
        )
        why_en = (
            f"{share_en} (band from {floor} %): energy fee {energy_fee_krw:,} KRW × {part} % = "
            f"{amount:,} KRW let off (fractions cut)."
        )
    return RatedLine(
        kind=LineKind.RENEWABLE_DISCOUNT,
        description_ko="재생에너지 비율 할인",
        description_en="Renewable-share discount",
        quantity=energy_fee_krw,
        unit="KRW",
        rate=f"-{_percent(discount_ppm)} %" if discount_ppm else "0 %",
        amount_krw=Krw(-amount),
        explanation_ko=f"{why_ko} {_snapshot_ko(usage)} {_contract_ko(inputs)}",
        explanation_en=f"{why_en} {_snapshot_en(usage)} {_contract_en(inputs)}",
        inputs_sha256=inputs_sha256,
    )


def _contract_ko(inputs: RatingInputs) -> str:
    return f"계약 {inputs.terms.contract_number}, 요금제 {inputs.terms.plan_code} 버전 {inputs.terms.plan_version}."


def _contract_en(inputs: RatingInputs) -> str:
    return (
        f"Contract {inputs.terms.contract_number}, plan {inputs.terms.plan_code} version {inputs.terms.plan_version}."
    )


def _snapshot_ko(usage: UsageFacts) -> str:
    return f"사용량 확정본 {usage.snapshot_sha256.hex()[:12]}, 완전성 {_percent(usage.completeness_ppm)} %."


def _snapshot_en(usage: UsageFacts) -> str:
    return f"Usage snapshot {usage.snapshot_sha256.hex()[:12]}, {_percent(usage.completeness_ppm)} % complete."


def _per_kwh(rate_micro_krw_per_wh: int) -> str:
    """Spell micro-won per Wh as won per kWh: 90,800 is `90.8`."""
    return _decimal(rate_micro_krw_per_wh, places=3)


def _percent(share_ppm: int) -> str:
    """Spell ppm as percent: 634,217 is `63.4217`."""
    return _decimal(share_ppm, places=4)


def _decimal(scaled: int, *, places: int) -> str:
    """Spell a non-negative scaled integer without trailing zeros, exactly."""
    whole, fraction = divmod(scaled, 10**places)
    digits = f"{fraction:0{places}d}".rstrip("0")
    return f"{whole:,}.{digits}" if digits else f"{whole:,}"
