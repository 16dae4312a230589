"""Neware's words for what a step did, in its spellings and languages."""

from domain.certification.model import StepKind

_KINDS = {
    **dict.fromkeys(("rest", "ocv", "pause", "搁置", "静置", "休止", "暂停"), StepKind.REST),
    **dict.fromkeys(("cc chg", "cc charge", "恒流充电", "恒流充"), StepKind.CC_CHARGE),
    **dict.fromkeys(("cv chg", "cv charge", "恒压充电", "恒压充"), StepKind.CV_CHARGE),
    **dict.fromkeys(
        ("cccv chg", "ccv chg", "pcccv chg", "cccv charge", "恒流恒压充电", "恒流恒压充"), StepKind.CCCV_CHARGE
    ),
    **dict.fromkeys(
        ("cp chg", "cr chg", "cpcv chg", "crcv chg", "chg", "charge", "充电", "恒功率充电"), StepKind.CHARGE
    ),
    **dict.fromkeys(("cc dchg", "cc discharge", "恒流放电", "恒流放"), StepKind.CC_DISCHARGE),
    **dict.fromkeys(
        ("cp dchg", "cr dchg", "cv dchg", "cccv dchg", "cpcv dchg", "crcv dchg", "dchg", "discharge"),
        StepKind.DISCHARGE,
    ),
    **dict.fromkeys(("放电", "恒功率放电", "恒阻放电", "恒压放电", "恒流恒压放电"), StepKind.DISCHARGE),
}


def kind_of_word(word: str) -> StepKind:
    """Return what a step's word means; `other` for one that is not known."""
    return _KINDS.get(word.strip().lower().replace("_", " "), StepKind.OTHER)
