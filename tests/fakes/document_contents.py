"""One realistic content per kind of document, made anew at each call so that a test may change it."""

import hashlib
from collections.abc import Mapping

from domain.certification.wording import quantity_name
from domain.shared.canonical import Canonical
from domain.shared.documents import DocumentKind

PRODUCT_URI = "https://passport.sunhwan.example/01/08801234567893/21/SH26-000123"
VERIFY_URL = "https://passport.sunhwan.example/verify/KTR-C-2026-000017?t=4f1c9a7e2b8d4c61a0e5f3927bd1c684"

Content = dict[str, Canonical]


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _pack() -> Content:
    return {
        "kr_battery_no": "KR26LGM50T12S0000000123",
        "maker_serial": "LGES-EV60-2019-11-004217",
        "product_uri": PRODUCT_URI,
        "model": "순환 SH-12M50",
        "chemistry": "NMC",
        "cell_model": "LG INR21700 M50T",
        "modules_in_series": 12,
        "rated_capacity_mah": 500_000,
        "rated_energy_wh": 21_780,
        "nominal_voltage_mv": 43560,
    }


def _quantity(quantity: str, value: Canonical, unit: str | None, source: str) -> Content:
    name_ko, name_en = quantity_name(quantity)
    return {
        "quantity": quantity,
        "name_ko": name_ko,
        "name_en": name_en,
        "value": value,
        "unit": unit,
        "source": source,
    }


def _verdict(rule: str, measured: str, limit: str, unit: str | None, verdict: str, source: str) -> Content:
    return {"rule": rule, "measured": measured, "limit": limit, "unit": unit, "verdict": verdict, "source": source}


def _tests() -> list[Content]:
    return [
        {
            "test_id": "T01",
            "name_ko": "입고·이력 확인",
            "name_en": "Intake and traceability",
            "method": None,
            "quantities": [
                _quantity("serial", "LGES-EV60-2019-11-004217", None, "manual"),
                _quantity("prior_use", "BEV", None, "manual"),
            ],
            "verdicts": [_verdict("event_flags in {flood, fire}", "없음", "없음", None, "pass", "default")],
        },
        {
            "test_id": "T03",
            "name_ko": "절연저항",
            "name_en": "Insulation resistance",
            "method": "DC 500 V를 60 s 동안 가하고 양극·음극과 외함 사이를 각각 재어 낮은 값을 쓴다",
            "quantities": [
                _quantity("r_iso_pos", "412.5", "MΩ", "manual"),
                _quantity("r_iso_neg", "398.0", "MΩ", "manual"),
                _quantity("ohm_per_volt", "9136822", "Ω/V", "derived"),
            ],
            "verdicts": [
                _verdict(
                    "ohm_per_volt < 100", "9136822", "100", "Ω/V", "pass", "recalled:ISO 6469-3 / UN R100 (100 Ohm/V)"
                ),
                _verdict("min(r_iso_pos, r_iso_neg) < 1.0", "398.0", "1.0", "MΩ", "pass", "recalled:KEC 132"),
            ],
        },
        {
            "test_id": "T06",
            "name_ko": "용량",
            "name_en": "Capacity",
            "method": "CCCV C/3 (C/20에서 종료), 1 h 휴지, CC C/3 방전, 3회 중 마지막 값. 이 시험은 C/2 변형으로 수행",
            "quantities": [
                _quantity("q_dis", "4.7175", "Ah", "raw"),
                _quantity("e_dis", "17.230", "Wh", "raw"),
                _quantity("coulombic_efficiency", "99.84", "%", "derived"),
                _quantity("t_max", "31.2", "°C", "raw"),
                _quantity("soh_capacity", "94.35", "%", "derived"),
            ],
            "verdicts": [
                _verdict("soh_capacity < 60", "94.35", "60", "%", "pass", "default"),
                _verdict("t_max > 45", "31.2", "45", "°C", "pass", "default"),
            ],
        },
        {
            "test_id": "T11",
            "name_ko": "모듈 간 편차",
            "name_en": "Spread between modules",
            "method": None,
            "quantities": [_quantity("capacity_range", "3.1", "%", "derived")],
            "verdicts": [_verdict("capacity_range > 5", "3.1", "5", "%", "pass", "default")],
        },
    ]


def _equipment(run: int, tests: str, device: str, serial: str | None = None) -> Content:
    known = serial is not None
    return {
        "run": run,
        "tests": tests,
        "device": device,
        "serial": serial,
        "certificate_no": "KC-CAL-2026-0117" if known else None,
        "calibrated_on": "2026-03-02" if known else None,
        "due_on": "2027-03-01" if known else None,
        "provider": None,
    }


def _test_report() -> Content:
    return {
        "title_ko": "시험성적서",
        "title_en": "TEST REPORT",
        "relates_ko": "결과는 의뢰자가 제시한 시료에 한함. 시험기관의 서면 승인 없이 일부만 복제할 수 없음.",
        "relates_en": "Results relate only to the items tested. Not to be reproduced except in full without approval.",
        "number": "KTR-R-2026-000042",
        "issued_on": "2026-11-21",
        "laboratory": {
            "name_ko": "한국화학융합시험연구원 구미 배터리센터",
            "name_en": "Korea Testing & Research Institute, Gumi Battery Centre",
            "address_ko": "경상북도 구미시 수출대로 137",
            "address_en": "137 Suchul-daero, Gumi-si, Gyeongsangbuk-do, Republic of Korea",
        },
        "place_ko": "성능안전동 2시험실 (고정 시설)",
        "place_en": "Performance and safety hall, laboratory 2 (permanent)",
        "applicant": {"name": "㈜구미리사이클링", "contact": "김하늘 · 054-000-1234"},
        "reception": {
            "number": "KTR-A-2026-000311",
            "received_at": "2026-11-09T23:41:00.000000Z",
            "condition": "외함 긁힘 2곳, 커넥터 이상 없음, 누액 없음. 운송용 완충재로 포장되어 입고됨",
        },
        "scope_ko": "배터리 팩 1점: 신청 Q-2026-000017의 3점(팩 1점, 셀 2점) 중 1번",
        "scope_en": "one battery pack: unit 1 of the 3 (1 pack, 2 cells) of request Q-2026-000017",
        "unit_scope": "pack",
        "request_number": "Q-2026-000017",
        "prior_life_source": "정비 이력서, 의뢰자 진술",
        "pack": _pack(),
        "protocol": {"id": "BAAS-REUSE-01", "version": "1.0.0"},
        "started_on": "2026-11-10",
        "finished_on": "2026-11-19",
        "ambient_ko": "25 ± 2 ℃, 상대습도 45 ± 10 %",
        "ambient_en": "25 ± 2 °C, relative humidity 45 ± 10 %",
        "equipment": [
            _equipment(1, "T06, T07", "팩 충방전기 1 MW", "CH-03"),
            _equipment(2, "T03", "절연저항계", "IR-11"),
            _equipment(3, "T01, T02", "육안, 두께 게이지"),
        ],
        "tests": list(_tests()),
        "not_assessed": [
            {"test_id": "T09", "reason": "선택 시험으로 의뢰되지 않음"},
            {"test_id": "T12", "reason": "설계 대표시험으로, 같은 설계의 시험성적서를 인용함"},
        ],
        "disposition": "reuse",
        "grade": "A",
        "soh_ppm": 943_500,
        "soh_u_ppm": 9_600,
        "usable_energy_wh": 20_549,
        "decision_rule_ko": "단순 수용: 측정값이 한계를 넘지 않으면 적합으로 판정하며, 불확도는 판정에 더하지 않음",
        "decision_rule_en": "Simple acceptance: uncertainty is stated and not added to the limit",
        "sampling_plan": "BAAS-REUSE-01 1.0.0 · KTR-A-2026-000311",
        "sampling_ko": "의뢰자가 제시한 팩 1대를 전수 시험함. 시료 채취 없음",
        "sampling_en": "the one pack that the applicant presented was tested; nothing was sampled",
        "deviations_ko": "없음",
        "deviations_en": "none",
        "external_ko": "없음",
        "external_en": "none",
        "raw_files": [
            {"name": "TESTCELL0001_M50T.ndax", "sha256": _sha("ndax")},
            {"name": "절연저항_2026-11-10.csv", "sha256": _sha("csv")},
        ],
        "tested_by": ["박시험", "이측정"],
        "reviewed_by": [
            {
                "name": "윤검토",
                "at": "2026-11-21T04:02:03.000000Z",
                "meaning_ko": "결과를 검토함",
                "meaning_en": "results reviewed",
            }
        ],
        "approved_by": {
            "name": "정승인",
            "at": "2026-11-21T05:12:33.000000Z",
            "meaning_ko": "결과를 승인하고 발급함",
            "meaning_en": "results approved and issued",
        },
        "verify_url": VERIFY_URL,
        "amends": None,
        "amends_reason": None,
        "amends_changes": None,
        "changes": [],
        "amended_by": [],
        "amendment_approved_by": [],
    }


def _result(test: Content, rule: Content) -> Content:
    return {
        "test_id": test["test_id"],
        "name_ko": test["name_ko"],
        "name_en": test["name_en"],
        **{name: rule[name] for name in ("rule", "measured", "limit", "unit", "verdict")},
        "device": "팩 충방전기 1 MW",
        "serial": "CH-03",
        "calibration_due_on": "2027-03-01",
    }


def _certificate(qr_svg: str) -> Content:
    return {
        "number": "KTR-C-2026-000017",
        "issued_on": "2026-11-21",
        "valid_until": "2028-11-20",
        "reinspection_due_on": "2028-11-20",
        "issuer": {
            "name_ko": "한국화학융합시험연구원",
            "name_en": "Korea Testing & Research Institute",
            "address_ko": "경상북도 구미시 수출대로 137",
            "accreditation": "재사용전지 안전성검사기관 (시범 운영용 표기)",
            "insurance": "배상책임보험 제2026-00417호",
        },
        "applicant": {"name": "㈜구미리사이클링", "contact": "김하늘 · 054-000-1234"},
        "unit_ko": "배터리 팩",
        "unit_en": "battery pack",
        "scope_ko": "배터리 팩 1점: 신청 Q-2026-000017의 3점(팩 1점, 셀 2점) 중 1번",
        "scope_en": "one battery pack: unit 1 of the 3 (1 pack, 2 cells) of request Q-2026-000017",
        "request_number": "Q-2026-000017",
        "pack": _pack(),
        "protocol": {"id": "BAAS-REUSE-01", "version": "1.0.0"},
        "report_number": "KTR-R-2026-000042",
        "grade": "A",
        "soh_ppm": 943_500,
        "soh_u_ppm": 9_514,
        "soh_energy_ppm": 949_256,
        "r_increase_ppm": 182_000,
        "usable_energy_wh": 20_549,
        "use_ko": "일일 충·방전 0.5C 이하, SOC 10–95 %, 주위 온도 0–40 °C의 고정형 저장 용도",
        "use_en": "Stationary storage, daily cycling up to 0.5C, SOC 10–95 %, ambient 0–40 °C",
        "decision_rule_ko": "단순 수용: 측정값을 한계값과 직접 비교함",
        "decision_rule_en": "simple acceptance: the measured value is compared with the limit",
        "ambient_ko": "24.8 ℃",
        "ambient_en": "24.8 °C",
        "sampling_plan": "BAAS-REUSE-01 1.0.0 · KTR-A-2026-000311",
        "sampling_ko": "팩 전체",
        "sampling_en": "the whole pack",
        "external_ko": "없음",
        "external_en": "none",
        "results": [_result(test, rule) for test in _tests() for rule in test["verdicts"]],
        "raw_file_sha256": [_sha("ndax"), _sha("csv")],
        "tested_by": ["박시험", "이측정"],
        "reviewed_by": [
            {
                "name": "윤검토",
                "at": "2026-11-21T04:02:03.000000Z",
                "meaning_ko": "결과를 검토함",
                "meaning_en": "results reviewed",
            }
        ],
        "approved_by": {
            "name": "정승인",
            "at": "2026-11-21T05:12:33.000000Z",
            "meaning_ko": "인증을 승인하고 발급함",
            "meaning_en": "certificate approved and issued",
        },
        "verify_url": VERIFY_URL,
        "credential": "credential",
        "credential_sha256": _sha("credential"),
        "qr_svg": qr_svg,
    }


def _line(ko: str, en: str, quantity: Canonical, unit: str, rate: str, amount: int, why: tuple[str, str]) -> Content:
    return {
        "description_ko": ko,
        "description_en": en,
        "quantity": quantity,
        "unit": unit,
        "rate": rate,
        "amount_krw": amount,
        "explanation_ko": why[0],
        "explanation_en": why[1],
    }


def _invoice() -> Content:
    return {
        "number": "SH-2026-10-000007",
        "issued_on": "2026-11-02",
        "due_on": "2026-11-20",
        "month": "2026-10",
        "seller": {
            "name_ko": "순환에너지서비스 주식회사",
            "name_en": "Sunhwan Energy Service Co., Ltd.",
            "business_no": "123-45-67890",
            "address_ko": "경상북도 구미시 1공단로 200, 3층",
            "bank_account": "대구은행 504-10-123456-7 순환에너지서비스",
        },
        "buyer": {
            "name_ko": "한빛금속 주식회사",
            "name_en": "Hanbit Metal Co., Ltd.",
            "business_no": "234-56-78901",
            "address_ko": "경상북도 구미시 수출대로 55",
        },
        "contract_number": "SH-K-2026-000003",
        "site_name": "구미 1공장 (금속가공)",
        "lines": [
            _line(
                "용량 요금",
                "Capacity fee",
                "20.549",
                "kWh",
                "6200",
                127_403,
                (
                    "인증서 KTR-C-2026-000017의 사용 가능 에너지 20.549 kWh × 월 6,200원",
                    "Certified usable energy 20.549 kWh × 6,200 KRW a month",
                ),
            ),
            _line(
                "방전 요금",
                "Discharge fee",
                "1668.5",
                "kWh",
                "90.8",
                151_499,
                (
                    "10월에 방전한 1,668.50 kWh × kWh당 90.8원, 원 미만 절사",
                    "1,668.50 kWh discharged in October × 90.8 KRW per kWh, cut to whole won",
                ),
            ),
            _line(
                "재생에너지 할인",
                "Renewable discount",
                "712.4",
                "kWh",
                "-12.5",
                -8_905,
                (
                    "방전한 전력 가운데 재생에너지로 충전된 712.40 kWh × kWh당 12.5원 할인",
                    "712.40 kWh of the discharged energy came from renewable plant; 12.5 KRW off each",
                ),
            ),
        ],
        "taxable_krw": 269_997,
        "vat_krw": 26_999,
        "total_krw": 296_996,
        "usage": {
            "charge_wh": 1_920_003,
            "discharge_wh": 1_668_500,
            "renewable_wh": 712_400,
            "renewable_share_ppm": 426_970,
            "snapshot_sha256": _sha("snapshot"),
        },
    }


def label(qr_svg: str) -> Content:
    """Return one label of the demonstration pack."""
    return {
        "product_uri": PRODUCT_URI,
        "element_string": "(01) 08801234567893 (21) SH26-000123",
        "kr_battery_no": "KR26LGM50T12S0000000123",
        "model": "순환 SH-12M50",
        "grade": "A",
        "soh_ppm": 943_500,
        "usable_energy_wh": 20_549,
        "certificate_number": "KTR-C-2026-000017",
        "valid_until": "2028-11-20",
        "qr_svg": qr_svg,
    }


def content_of(kind: DocumentKind, *, qr_svg: str) -> Content:
    """Return content that the document of this kind prints in full."""
    match kind:
        case DocumentKind.TEST_REPORT:
            return _test_report()
        case DocumentKind.CERTIFICATE:
            return _certificate(qr_svg)
        case DocumentKind.INVOICE:
            return _invoice()
        case DocumentKind.LABEL_SHEET:
            return {"labels": [label(qr_svg)]}


def inner(content: Mapping[str, Canonical], key: str) -> Content:
    """Return the object at a key, to be changed.

    Raises:
        TypeError: there is none.
    """
    value = content[key]
    if not isinstance(value, dict):
        raise TypeError(f"{key} is not an object")
    return value
