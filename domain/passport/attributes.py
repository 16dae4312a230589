"""Which attribute of a passport is shown to whom. The one table, the one projection.

Tiers and wording follow Annex XIII of Regulation (EU) 2023/1542 as the EC guidance of 2026-07-28 numbers it (`EC n`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType

from domain.shared.canonical import Canonical


class Tier(IntEnum):
    """Who may read; a higher tier reads all that lies below it."""

    PUBLIC = 0
    LEGITIMATE_INTEREST = 1
    AUTHORITY = 2
    OWNER = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """One attribute: its key, its tier, the heading it stands under and its names."""

    key: str
    tier: Tier
    group: str
    name_ko: str
    name_en: str
    ec: int | None = None


def _attribute(key: str, tier: Tier, group: str, name_ko: str, name_en: str, ec: int | None = None) -> Attribute:
    return Attribute(key=key, tier=tier, group=group, name_ko=name_ko, name_en=name_en, ec=ec)


_P, _L, _A, _O = Tier.PUBLIC, Tier.LEGITIMATE_INTEREST, Tier.AUTHORITY, Tier.OWNER

ATTRIBUTES: tuple[Attribute, ...] = (
    _attribute("model", _P, "product", "모델", "Model", 7),
    _attribute("maker", _P, "product", "제조사", "Manufacturer", 3),
    _attribute("category", _P, "product", "배터리 구분", "Battery category", 6),
    _attribute("responsible_ko", _P, "product", "책임 사업자", "Responsible operator (Korean)", 2),
    _attribute("responsible_en", _P, "product", "책임 사업자(영문)", "Responsible operator", 2),
    _attribute("manufactured_on", _P, "product", "제조일", "Date of manufacture", 9),
    _attribute("mass_g", _P, "product", "질량", "Mass", 10),
    _attribute("kr_battery_no", _L, "product", "배터리 식별번호", "Korean battery number"),
    _attribute("maker_serial", _L, "product", "제조사 일련번호", "Maker's serial number"),
    _attribute("battery_status", _L, "product", "배터리 상태", "Battery status", 67),
    _attribute("chemistry", _P, "composition", "화학계", "Chemistry", 12),
    _attribute("cell_model", _P, "composition", "셀 모델", "Cell model"),
    _attribute("critical_raw_materials", _P, "composition", "핵심 원료물질", "Critical raw materials", 15),
    _attribute("hazardous_substances", _P, "composition", "유해물질", "Hazardous substances", 13),
    _attribute("extinguishing_agent", _P, "composition", "소화 약제", "Extinguishing agent", 14),
    _attribute("rated_capacity_mah", _P, "performance", "정격 용량", "Rated capacity", 11),
    _attribute("rated_energy_wh", _P, "performance", "정격 에너지", "Rated energy"),
    _attribute("nominal_voltage_mv", _P, "performance", "공칭 전압", "Nominal voltage", 27),
    _attribute("modules_in_series", _P, "performance", "직렬 모듈 수", "Modules in series"),
    _attribute("certificate_number", _P, "certification", "인증서 번호", "Certificate number"),
    _attribute("certificate_body", _P, "certification", "인증 기관", "Certification body"),
    _attribute("grade", _P, "certification", "등급", "Grade"),
    _attribute("certified_on", _P, "certification", "인증일", "Certified on"),
    _attribute("valid_until", _P, "certification", "유효 기한", "Valid until"),
    _attribute("use_ko", _P, "certification", "허용 용도", "Allowed use (Korean)"),
    _attribute("use_en", _P, "certification", "허용 용도(영문)", "Allowed use"),
    _attribute("soh_ppm", _L, "condition", "건강 상태(SoH)", "State of health", 62),
    _attribute("usable_energy_wh", _L, "condition", "인증 사용 가능 에너지", "Certified usable energy"),
    _attribute("dismantling", _L, "condition", "해체 정보", "Dismantling information", 48),
    _attribute("test_report_number", _A, "certification", "시험성적서 번호", "Test report number", 50),
    _attribute("raw_file_sha256", _O, "certification", "원시 시험 파일 해시", "Raw test file hash"),
    _attribute("vehicle_ref", _A, "product", "차량 참조(해시)", "Vehicle reference (keyed hash)"),
)

BY_KEY: Mapping[str, Attribute] = MappingProxyType({attribute.key: attribute for attribute in ATTRIBUTES})


def visible(attributes: Mapping[str, Canonical], tier: Tier) -> dict[str, Canonical]:
    """Return what a reader of `tier` may see; an attribute that the table does not name is shown to nobody."""
    return {
        attribute.key: attributes[attribute.key]
        for attribute in ATTRIBUTES
        if attribute.tier <= tier and attribute.key in attributes
    }


def withheld(attributes: Mapping[str, Canonical], tier: Tier) -> int:
    """Return how many attributes are kept from a reader of `tier`, so that a page can say that there are more."""
    return len(attributes) - len(visible(attributes, tier))
