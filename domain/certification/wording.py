"""What people call a protocol's quantities, words and kinds; what is not named here is called as the protocol does."""

from collections.abc import Iterable, Mapping, Sequence

from domain.certification.protocol import QuantityKind

_QUANTITIES: Mapping[str, tuple[str, str]] = {
    "serial": ("제조자 일련번호", "maker's serial"),
    "vehicle_ref": ("차량 참조값", "vehicle reference"),
    "maker": ("제조자", "maker"),
    "chemistry": ("화학계", "chemistry"),
    "rated_capacity": ("정격 용량", "rated capacity"),
    "rated_energy": ("정격 에너지", "rated energy"),
    "nominal_voltage": ("공칭 전압", "nominal voltage"),
    "mass": ("질량", "mass"),
    "manufactured_on": ("제조일", "manufactured on"),
    "calendar_expiry_on": ("사용 기한", "calendar expiry"),
    "prior_use": ("이전 용도", "prior use"),
    "event_flags": ("사고·이력", "events before"),
    "leak": ("누액", "leak"),
    "vent_open": ("벤트 개방", "vent open"),
    "burn_mark": ("소손 흔적", "burn mark"),
    "corrosion": ("부식", "corrosion"),
    "dent_depth": ("눌림 깊이", "depth of dents"),
    "swelling": ("팽창", "swelling"),
    "connector_ok": ("커넥터 양호", "connectors sound"),
    "label_ok": ("표시 양호", "labels sound"),
    "photos": ("사진", "photographs"),
    "r_iso_pos": ("절연저항 (+)", "insulation, positive"),
    "r_iso_neg": ("절연저항 (−)", "insulation, negative"),
    "test_voltage": ("시험 전압", "test voltage"),
    "working_voltage": ("사용 전압", "working voltage"),
    "ohm_per_volt": ("전압당 절연저항", "insulation per volt"),
    "ocv_pack": ("팩 개방전압", "open-circuit voltage, pack"),
    "ocv_cells": ("셀 개방전압", "open-circuit voltage, cells"),
    "cell_temp": ("셀 온도", "cell temperature"),
    "rest": ("휴지 시간", "rest"),
    "spread": ("전압 편차", "voltage spread"),
    "soh_bms": ("BMS 건강상태", "SOH by BMS"),
    "soc_bms": ("BMS 충전상태", "SOC by BMS"),
    "throughput_ah": ("누적 전하량", "charge throughput"),
    "throughput_kwh": ("누적 전력량", "energy throughput"),
    "full_equivalent_cycles": ("등가 완전 사이클", "full equivalent cycles"),
    "deep_discharge_events": ("과방전 횟수", "deep discharges"),
    "time_extreme_temp": ("극한 온도 시간", "hours at extreme temperature"),
    "time_charging_extreme_temp": ("극한 온도 충전 시간", "hours charged at extreme temperature"),
    "fast_charge_count": ("급속 충전 횟수", "fast charges"),
    "t_cell_max_ever": ("셀 최고 온도 이력", "highest cell temperature ever"),
    "dtc": ("고장 코드", "trouble codes"),
    "q_dis": ("방전 용량", "discharged charge"),
    "e_dis": ("방전 에너지", "discharged energy"),
    "q_chg": ("충전 용량", "charged charge"),
    "e_chg": ("충전 에너지", "charged energy"),
    "coulombic_efficiency": ("충방전 효율 (전하)", "coulombic efficiency"),
    "energy_efficiency": ("충방전 효율 (에너지)", "energy efficiency"),
    "t_max": ("최고 온도", "highest temperature"),
    "soh_capacity": ("건강상태 (용량)", "SOH by capacity"),
    "soh_energy": ("건강상태 (에너지)", "SOH by energy"),
    "u_soh": ("건강상태 불확도", "uncertainty of SOH"),
    "r_dis": ("방전 저항", "resistance, discharge"),
    "r_chg": ("충전 저항", "resistance, charge"),
    "r0_first_sample": ("첫 표본 저항", "resistance, first sample"),
    "r_new": ("신품 저항", "resistance when new"),
    "r_increase": ("저항 증가율", "rise of resistance"),
    "temp": ("시험 온도", "test temperature"),
    "ocv_24h": ("24 h 개방전압", "OCV after 24 h"),
    "ocv_168h": ("168 h 개방전압", "OCV after 168 h"),
    "k_value": ("K 값", "K value"),
    "charge_loss_28d": ("28 d 용량 손실", "loss of charge in 28 d"),
    "acr_1khz": ("교류 저항 (1 kHz)", "AC resistance at 1 kHz"),
    "r_ohmic_intercept": ("옴 저항", "ohmic intercept"),
    "overcharge_voltage_cutoff": ("과충전 전압 차단", "overcharge voltage cut-off"),
    "overcharge_current_cutoff": ("과충전 전류 차단", "overcharge current cut-off"),
    "overdischarge_cutoff": ("과방전 차단", "overdischarge cut-off"),
    "overtemp_cutoff": ("과열 차단", "over-temperature cut-off"),
    "response_time": ("응답 시간", "response time"),
    "software_version": ("소프트웨어 버전", "software version"),
    "software_verified": ("소프트웨어 확인", "software verified"),
    "contactors_ok": ("접촉기 양호", "contactors sound"),
    "capacities": ("개별 용량", "capacities"),
    "capacity_cv": ("용량 변동계수", "variation of capacity"),
    "capacity_range": ("용량 범위", "range of capacity"),
    "r_cv": ("저항 변동계수", "variation of resistance"),
    "weakest_cell_soh": ("최약 셀 건강상태", "SOH of the weakest cell"),
    "overcharge": ("과충전", "overcharge"),
    "overdischarge": ("과방전", "overdischarge"),
    "external_short": ("외부 단락", "external short"),
    "thermal_abuse": ("열 남용", "thermal abuse"),
    "propagation": ("열 전파", "propagation"),
    "drop_impact": ("낙하·충격", "drop and impact"),
    "report_ref": ("근거 성적서", "report referred to"),
    "ip_code": ("보호등급", "protection code"),
    "vibration_standard": ("진동 규격", "vibration standard"),
    "vibration_verdict": ("진동 결과", "vibration outcome"),
}


def quantity_name(key: str) -> tuple[str, str]:
    """Return a quantity's name in Korean and in English."""
    return _QUANTITIES.get(key, (key, key))


_WORDS: Mapping[str, tuple[str, str]] = {
    "none": ("없음", "none"),
    "light": ("경미", "light"),
    "heavy": ("심함", "heavy"),
    "BEV": ("전기차(BEV)", "electric vehicle (BEV)"),
    "PHEV": ("플러그인 하이브리드(PHEV)", "plug-in hybrid (PHEV)"),
    "HEV": ("하이브리드(HEV)", "hybrid (HEV)"),
    "ESS": ("에너지저장장치(ESS)", "energy storage (ESS)"),
    "test": ("시험용", "test"),
    "unknown": ("모름", "unknown"),
    "crash": ("충돌", "crash"),
    "flood": ("침수", "flood"),
    "fire": ("화재", "fire"),
    "recall_open": ("미조치 리콜", "open recall"),
    "opened_pack": ("개봉", "opened"),
}

_KINDS: Mapping[QuantityKind, tuple[str, str]] = {
    QuantityKind.NUMBER: ("숫자", "a number"),
    QuantityKind.ROW: ("숫자 여러 개", "numbers"),
    QuantityKind.YES_NO: ("예 또는 아니오", "yes or no"),
    QuantityKind.TEXT: ("200자 이내의 글", "up to 200 characters"),
    QuantityKind.OUTCOME: ("200자 이내의 글", "up to 200 characters"),
    QuantityKind.WORD: ("정해진 말", "one of the listed words"),
    QuantityKind.DAY: ("날짜(2026-11-30)", "a day (2026-11-30)"),
    QuantityKind.WORDS: ("정해진 말 여러 개, 없으면 -", "some of the listed words, - for none"),
}


_UNITS = {"percent": "%", "degC": "℃", "Ohm": "Ω", "MOhm": "MΩ", "mOhm": "mΩ", "Ohm/V": "Ω/V"}


def unit_name(unit: str) -> str:
    """Write a protocol's unit as people read it; one that is not named here stays as it is spelt."""
    return _UNITS.get(unit, unit)


def word_name(word: str) -> tuple[str, str]:
    """Return a protocol's word in Korean and in English."""
    return _WORDS.get(word, (word, word))


NOTHING = frozenset({"-", "–", "none", "없음"})
"""What people write where none of the words is meant, in small letters."""


def plain(text: str) -> str:
    """Bring a name to one spelling: blanks and case do not matter."""
    return "".join(text.split()).casefold()


def word_names(words: Iterable[str]) -> Mapping[str, str]:
    """Return the words by what people write for them: themselves and their names, in small letters without blanks."""
    return {plain(name): word for word in words for name in (*word_name(word), word)}


def kind_name(kind: QuantityKind, words: Sequence[str] = ()) -> tuple[str, str]:
    """Return what a value of a kind looks like, in Korean and in English, with the words to choose from."""
    ko, en = _KINDS[kind]
    if not words:
        return ko, en
    listed = [word_name(word) for word in words]
    return f"{ko}: {', '.join(one for one, _ in listed)}", f"{en}: {', '.join(one for _, one in listed)}"
