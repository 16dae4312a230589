"""Which decision rule a judgement follows (ISO/IEC 17025, 7.8.6): with or without the uncertainty of the health.

Source: ILAC-G8:09/2019, guard band w = U at k = 2.
"""

from collections.abc import Sequence
from decimal import ROUND_CEILING, Decimal, localcontext

from domain.certification.model import DecisionRule
from domain.certification.uncertainty import Conditions, expanded, sources

_WORDS = {
    DecisionRule.SIMPLE: (
        "단순 수용: 측정 불확도를 고려하지 않고 측정값을 한계값과 직접 비교함",
        "simple acceptance: the measured value is compared with the limit, uncertainty is not added",
    ),
    DecisionRule.GUARDED: (
        "보호대역 수용 (w = U, k = 2): SOH에서 확장불확도를 뺀 값으로 한계와 등급을 판정하고, "
        "한계가 그 사이에 있으면 보류함",
        "guarded acceptance (w = U, k = 2): limits and grade are met by the SOH less its expanded uncertainty; "
        "where a limit lies between, the unit is held",
    ),
}


def decision_words(rule: DecisionRule | None) -> tuple[str, str]:
    """Return a rule as a report states it, in Korean and English; before there was a choice, it was the simple one."""
    return _WORDS[rule or DecisionRule.SIMPLE]


def soh_uncertainty(
    soh: Decimal, *, told: Decimal | None, repeated_ah: Sequence[Decimal], assumed: Conditions | None = None
) -> Decimal:
    """Return the expanded uncertainty (k = 2) of a health, in points of percent, as is the health.

    Args:
        soh: state of health by capacity.
        told: what the test file or the tester said of it; it counts where it is there.
        repeated_ah: full discharges of one variant; the last two say how well it repeats.
        assumed: what the laboratory's procedure assumes; the default where None.
    """
    return told if told is not None else expanded(soh, sources(assumed or Conditions(), repeated_ah=repeated_ah))


def uncertainty_ppm(u_percent: Decimal) -> int:
    """Return an uncertainty in parts per million of the rated capacity, rounded up: it is never understated."""
    with localcontext(prec=60):
        return int((u_percent * 10_000).to_integral_value(ROUND_CEILING))
