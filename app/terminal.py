"""What the command line shows: the story's result, and a pack's life as one timeline."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from app.inspecting import EvaluationOut, ForecastOut
from domain.journeys import trace
from domain.journeys.public_passport import standing_of
from domain.metering.model import FindingState, ImportReport
from domain.metering.usecases import ReadingsReport
from domain.metering.validation import FindingKind, Scanned
from domain.metering.vetting import ShownFinding
from domain.passport.model import EntryKind
from domain.shared.time import SEOUL

if TYPE_CHECKING:
    from app import demo, doctor

out = Console()
err = Console(stderr=True)

KINDS: Mapping[EntryKind, tuple[str, str, str]] = {
    EntryKind.MANUFACTURED: ("제조", "manufactured", "{maker} · {model} · {maker_serial}"),
    EntryKind.PASSPORT_ISSUED: ("여권 발급", "passport issued", "{product_uri}"),
    EntryKind.INSTALLED_IN_VEHICLE: ("차량 장착", "installed in vehicle", "{vehicle} {vehicle_class}"),
    EntryKind.REMOVED: ("탈거", "removed", "{distance_km} km · {reason}"),
    EntryKind.COLLECTED: ("회수", "collected", "{carrier}"),
    EntryKind.RECEIVED: ("접수", "received", "{reception} · {condition}"),
    EntryKind.TESTED: ("시험", "tested", "{reception} · {source} {format} {rows}{tests} {raw_file_sha256}"),
    EntryKind.GRADED: ("판정", "graded", "{disposition} · {grade} · SoH {soh_ppm} · {protocol} {protocol_version}"),
    EntryKind.REVIEWED: ("검토", "reviewed", "{reception} · {assessment_sha256}"),
    EntryKind.HOLD_RELEASED: ("보류 해제", "hold released", "{reception} · {reason}"),
    EntryKind.APPROVED: ("승인", "approved", "{reception} · {assessment_sha256}"),
    EntryKind.CERTIFIED: ("인증", "certified", "{certificate} · {report} · {grade} · ~{valid_until}"),
    EntryKind.REPORTED: ("성적서 발급", "reported", "{report} · {disposition}"),
    EntryKind.RELEASED: ("반출", "released", "{reception} · {how} · {reason}"),
    EntryKind.REPURPOSED: ("재사용 전환", "repurposed", "{product_uri}"),
    EntryKind.LABELLED: ("라벨 출력", "labelled", "{product_uri}"),
    EntryKind.DEPLOYED: ("배정", "deployed", "{contract} · {certificate} · {certified_wh} / {promised_wh} Wh"),
    EntryKind.IN_SERVICE: (
        "운영",
        "in service",
        "{month} · {site_charge_wh} → {site_discharge_wh} Wh · {renewable_share_ppm}",
    ),
    EntryKind.BILLED: ("청구", "billed", "{month} · {invoice}"),
    EntryKind.HEALTH_CHECKED: ("건강도 점검", "health checked", "SoH {soh_ppm} · {note}"),
    EntryKind.ALARM_TRIPPED: ("차단 경보", "alarm tripped", "{note}{signal} {value}"),
    EntryKind.ALARM_CLEARED: ("차단 해제", "trip cleared", "{signal} · {reason}"),
    EntryKind.OPENED: ("개봉", "opened", "{note}"),
    EntryKind.MOVED: ("이설", "moved", "{note}"),
    EntryKind.BMS_CHANGED: ("BMS 변경", "BMS changed", "{note}"),
    EntryKind.CERTIFICATE_ENDED: ("인증 종료", "certificate ended", "{certificate} · {how} · {reason}"),
    EntryKind.CERTIFICATE_REINSTATED: ("인증 회복", "certificate reinstated", "{certificate} · {reason}"),
    EntryKind.WITHDRAWN_FROM_USE: ("사용 중지", "withdrawn from use", "{contract} · {reason}"),
    EntryKind.REPORT_AMENDED: ("성적서 수정", "report amended", "{amends} → {report} · {reason}"),
    EntryKind.EXTERNAL_RECORD_KNOWN: ("외부 기록", "external record known", "{issuer} · {number} · {grade} · {proof}"),
}
"""Each kind's Korean and English name, and what of its particulars a line shows; the seal covers all of them."""

QUANTITIES: Mapping[str, tuple[str, str]] = {
    "grid_import": ("수전", "import"),
    "grid_export": ("역송", "export"),
    "pv": ("태양광", "PV"),
    "load": ("부하", "load"),
    "storage_charge": ("충전", "charge"),
    "storage_discharge": ("방전", "discharge"),
}

_STATUS = {"valid": "유효", "expired": "만료", "suspended": "정지", "revoked": "취소", "superseded": "대체됨"}


class _Shown(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return ""


def _particular(key: str, value: object) -> str:
    if isinstance(value, int) and key.endswith("_ppm"):
        return f"{value // 10_000}.{value % 10_000 // 100:02d} %"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, list):
        return " ".join(map(str, value))
    return f"{str(value)[:12]}…" if key.endswith("_sha256") else str(value)


def _line(kind: EntryKind, payload: str) -> str:
    particulars = json.loads(payload)
    return KINDS[kind][2].format_map(_Shown({key: _particular(key, value) for key, value in particulars.items()}))


_MARKS = {"ok": "[green]✓[/]", "warn": "[yellow]![/]", "fail": "[red]✗[/]"}


def show_findings(findings: "Sequence[doctor.Finding]", language: str) -> None:
    """Show what was found in a deployment, one line each."""
    for one in findings:
        said = one.said_ko if language == "ko" else one.said_en
        out.print(f"{_MARKS[one.verdict]} {one.code:<14} {escape(said)}", highlight=False)


def show_story(story: "demo.Story", language: str) -> None:
    """Show what the demonstration found, then the pack's life."""
    ko = language == "ko"
    told = story.told
    test, certificate, month, readings = told["test"], told["certificate"], told["month"], told["readings"]
    facts = Table(show_header=False, box=None, padding=(0, 2))
    facts.add_row(
        "시험" if ko else "Test",
        f"{test['format']} · {test['rows']:,} {'행' if ko else 'rows'}, {test['steps']} {'스텝' if ko else 'steps'} · "
        f"{test['variant']} {test['discharge_capacity_ah']} Ah, {test['discharge_energy_wh']} Wh",
    )
    facts.add_row(
        "인증" if ko else "Certificate",
        f"{certificate['certificate']} · {'등급' if ko else 'grade'} {certificate['grade']} · "
        f"SoH {certificate['soh_percent']} % · {certificate['usable_energy_wh']:,} Wh · {certificate['protocol']}",
    )
    facts.add_row("여권" if ko else "Passport", str(told["second_life"]["product_uri"]))
    totals = readings["totals_kwh"]
    facts.add_row(
        "계량" if ko else "Readings",
        f"{readings['intervals']:,} × {readings['channels']} · {'다시 보내면' if ko else 'sent again'} "
        f"+{readings['sent_again_stored']} · {'왕복효율' if ko else 'round trip'} {readings['round_trip']}",
    )
    if isinstance(totals, Mapping):
        facts.add_row(
            "",
            " · ".join(f"{names[0 if ko else 1]} {totals[key]}" for key, names in QUANTITIES.items() if key in totals)
            + " kWh",
        )
    invoice = month["invoice"]
    if isinstance(invoice, Mapping):
        facts.add_row(
            "청구" if ko else "Invoice",
            f"{invoice['number']} · {month['month']} · {invoice['taxable_krw']:,} + {'부가세' if ko else 'VAT'} "
            f"{invoice['vat_krw']:,} = {invoice['total_krw']:,} {'원' if ko else 'KRW'} · {invoice['state']}",
        )
    facts.add_row("거절" if ko else "Refused", f"{certificate['tester_may_not_approve']}")
    facts.add_row("", f"{told['contract']['refused_without_certificate']}")
    facts.add_row("", f"{certificate['one_changed_character']}")
    out.print(Panel(facts, title="결과" if ko else "Result", border_style="green", expand=False))
    if story.life is not None:
        show_trace(story.life, language, at=story.told_at)


def show_trace(found: trace.PackTrace, language: str, *, at: datetime) -> None:
    """Show a pack's life; `at` decides whether a certificate holds."""
    ko = language == "ko"
    table = Table(title="전 주기 이력" if ko else "Whole life", title_justify="left")
    headings = ("#", "일시 (서울)", "사건", "내용", "담당", "봉인")
    for heading in headings if ko else ("#", "When (Seoul)", "What", "Particulars", "Who", "Seal"):
        table.add_column(heading, overflow="fold")
    for entry in found.entries:
        table.add_row(
            str(entry.sequence),
            entry.occurred_at.astimezone(SEOUL).strftime("%Y-%m-%d %H:%M"),
            KINDS[entry.kind][0 if ko else 1],
            _line(entry.kind, entry.payload),
            entry.actor_name,
            entry.seal.hex()[:10],
        )
    out.print(table)
    out.print(_around(found, at=at, ko=ko))
    if found.broken is None:
        seals = len(found.entries) + found.hidden_entries
        said = f"봉인 {seals}건이 모두 맞습니다." if ko else f"All {seals} seals hold."
        out.print(f"[green]✓[/] {said}", highlight=False)
    else:
        out.print(f"[bold red]✗[/] {found.broken.sentence(language)}", highlight=False)


def _around(found: trace.PackTrace, *, at: datetime, ko: bool) -> Table:
    from app.demo import kwh

    lines = Table.grid(padding=(0, 2))
    lines.add_row("팩" if ko else "Pack", f"{found.pack.pack_id} · {found.head.state.value}")
    for one in found.passports:
        lines.add_row(
            "여권" if ko else "Passport", f"{one.product_uri} · {one.battery_status.value} · {one.state.value}"
        )
    for certificate in found.certificates:
        status = standing_of(certificate, at=at).value
        lines.add_row(
            "인증서" if ko else "Certificate",
            f"{certificate.number} · {certificate.grade} · {_STATUS[status] if ko else status} · "
            f"~{certificate.valid_until}",
        )
    for label in found.labels:
        lines.add_row("라벨" if ko else "Label", label.product_uri)
    for service in found.services:
        lines.add_row(
            "계약" if ko else "Contract",
            f"{service.contract.number} · {service.assignment.starts_at.astimezone(SEOUL):%Y-%m-%d}~",
        )
        for snapshot in service.snapshots:
            usage = snapshot.usage
            lines.add_row(
                "에너지" if ko else "Energy",
                f"{usage.month} · {kwh(usage.storage_charge_wh)} → {kwh(usage.storage_discharge_wh)} kWh",
            )
        for standing in service.invoices:
            lines.add_row(
                "청구서" if ko else "Invoice",
                f"{standing.invoice.number} · {standing.invoice.total_krw:,} KRW · {standing.state.value}",
            )
    return lines


FINDINGS: Mapping[FindingKind, str] = {
    FindingKind.SPIKE: "급등값",
    FindingKind.NEGATIVE: "음수",
    FindingKind.FROZEN: "고정값",
    FindingKind.UNIT_SLIP: "단위 오류",
    FindingKind.DECIMAL_COMMA: "소수점 쉼표",
    FindingKind.BLANK: "빈 칸",
    FindingKind.NAIVE_TIMESTAMP: "시간대 없음",
    FindingKind.MALFORMED_TIMESTAMP: "시각 형식 오류",
    FindingKind.OFF_GRID: "15분 경계 아님",
    FindingKind.OUT_OF_PERIOD: "기간 밖",
    FindingKind.GAP: "결측 구간",
    FindingKind.IDENTICAL_DUPLICATE: "같은 중복",
    FindingKind.CONFLICTING_DUPLICATE: "다른 중복",
    FindingKind.OUT_OF_ORDER: "순서 어긋남",
    FindingKind.BYTE_ORDER_MARK: "BOM",
    FindingKind.CRLF: "CRLF",
    FindingKind.REGISTER_ROLLOVER: "지침 순환",
    FindingKind.REGISTER_EXCHANGE: "계기 교체",
    FindingKind.REGISTER_DROP: "지침 감소",
    FindingKind.NOT_A_NUMBER: "숫자 아님",
    FindingKind.TOO_PRECISE: "소수 자릿수 초과",
    FindingKind.TOO_LARGE: "값 초과",
    FindingKind.ROW_LENGTH: "칸 수 다름",
    FindingKind.MALFORMED_ROW: "행 형식 오류",
    FindingKind.ABOVE_RATING: "정격 초과",
    FindingKind.IMBALANCE: "수지 불일치",
    FindingKind.STORAGE_DRIFT: "저장량 불일치",
    FindingKind.REGISTER_MISMATCH: "지침 불일치",
}
_FINDINGS_SHOWN = 40
_FINDING_STATES: Mapping[FindingState, str] = {
    FindingState.OPEN: "미처리",
    FindingState.ACCEPTED: "인정",
    FindingState.ESTIMATED: "추정으로 대체",
    FindingState.GONE: "해소",
}
_PULSES_SHOWN = 12


def show_stored_findings(found: Sequence[ShownFinding], language: str) -> None:
    """Print what looks wrong in stored days, and what became of it."""
    ko = language == "ko"
    table = Table(title=f"의심 구간 {len(found):,}건" if ko else f"{len(found):,} findings", title_justify="left")
    for heading in ("시각", "구간", "종류", "채널", "내용", "처리") if ko else (
        "at", "slots", "kind", "channel", "detail", "state"
    ):  # fmt: skip
        table.add_column(heading)
    for shown in found:
        one = shown.finding
        table.add_row(
            shown.starts_at.astimezone(SEOUL).isoformat(timespec="minutes"),
            str(one.slots),
            FINDINGS[FindingKind(one.kind)] if ko else one.kind,
            "-" if shown.channel is None else f"{one.channel_id} {shown.channel.quantity.value}",
            one.detail,
            _FINDING_STATES[one.state] if ko else one.state.value,
        )
    out.print(table)


def show_scanned(scanned: Scanned, language: str) -> None:
    """Print what a file would bring and what in it looks wrong."""
    ko = language == "ko"
    title = (
        f"{scanned.rows:,} 행 · 사용할 값 {scanned.accepted:,} · 지적 {len(scanned.findings):,}"
        if ko
        else f"{scanned.rows:,} rows · {scanned.accepted:,} values to take · {len(scanned.findings):,} findings"
    )
    table = Table(title=title, title_justify="left")
    for heading in ("행", "종류", "시각", "채널", "내용") if ko else ("row", "kind", "at", "channel", "detail"):
        table.add_column(heading)
    for one in scanned.findings[:_FINDINGS_SHOWN]:
        table.add_row(
            "-" if one.row is None else str(one.row),
            FINDINGS[one.kind] if ko else one.kind.value,
            "-" if one.at is None else one.at.astimezone(SEOUL).isoformat(timespec="minutes"),
            one.channel or "-",
            one.detail,
        )
    out.print(table)
    if len(scanned.findings) > _FINDINGS_SHOWN:
        out.print("… --json 에 모두 있습니다." if ko else "… --json names all of them.")
    if scanned.findings_left_out:
        left_out = f"{scanned.findings_left_out:,}"
        out.print(f"이 밖에 {left_out}건이 더 있습니다." if ko else f"{left_out} more are not named.", highlight=False)
    for channel, total_wh in scanned.totals_wh.items():
        out.print(f"{channel:>18} {total_wh:>16,} Wh", highlight=False)


def show_import(report: ImportReport, language: str) -> None:
    """Print what an import did."""
    names = ("신규", "중복", "상이", "지연") if language == "ko" else ("accepted", "duplicate", "conflicting", "late")
    counts = (report.accepted, report.duplicate, report.conflicting, report.late)
    out.print(_counted(names, counts), highlight=False)
    for quantity, total_wh in report.totals_wh.items():
        out.print(f"{quantity.value:>18} {total_wh:>16,} Wh", highlight=False)


def _counted(names: Sequence[str], counts: Sequence[int]) -> str:
    return " · ".join(f"{name} {count:,}" for name, count in zip(names, counts, strict=True))


def show_readings(report: ReadingsReport, language: str) -> None:
    """Print what became of a file's readings."""
    ko = language == "ko"
    names = ("신규", "중복", "상이", "거절", "지연")
    if not ko:
        names = ("accepted", "duplicate", "conflicting", "rejected", "late")
    counts = (report.accepted, report.duplicate, report.conflicting, report.rejected, report.late)
    out.print(_counted(names, counts), highlight=False)
    reads = report.registers
    if reads is not None:
        kinds = ("지침 신규", "중복", "상이", "채운 구간")
        if not ko:
            kinds = ("reads accepted", "duplicate", "conflicting", "slots filled")
        told = (reads.accepted, reads.duplicate, reads.conflicting, reads.slots)
        out.print(_counted(kinds, told), highlight=False)
        for found in reads.findings[:_FINDINGS_SHOWN]:
            kind = FINDINGS[found.kind] if ko else found.kind.value
            out.print(f"  {kind} · {found.channel or '-'} · {found.detail}", highlight=False, markup=False)
    for one in report.rejections[:_FINDINGS_SHOWN]:
        out.print(f"  {one.place}: {one.reason.value} × {one.values:,}", highlight=False, markup=False)


def show_evaluation(found: EvaluationOut, language: str) -> None:
    """Print what a test file says of the unit."""
    ko = language == "ko"
    lines = Table.grid(padding=(0, 2))
    capacity, health, impedance, cells = found.capacity, found.soh, found.impedance, found.cells
    if capacity is not None:
        efficiency = "".join(
            f" · {name} {value:.2f} %"
            for name, value in (
                ("CE", capacity.coulombic_efficiency_percent),
                ("EE", capacity.energy_efficiency_percent),
            )
            if value is not None
        )
        rate = "" if capacity.variant is None else f"{capacity.variant} · "
        lines.add_row(
            "용량" if ko else "Capacity",
            f"{rate}{capacity.capacity_ah:.4f} Ah · {capacity.energy_wh:.4f} Wh{efficiency}",
        )
    if health is not None:
        lines.add_row(
            "건강도" if ko else "Health", f"SoH {health.soh_percent:.2f} ± {health.u_percent:.2f} % (k = {health.k})"
        )
    for pulse in [one for one in found.dcir if one.direction == "discharge"][:_PULSES_SHOWN]:
        level = pulse.rated_percent if pulse.rated_percent is not None else pulse.soc_percent
        rate = f"{abs(pulse.current_a):g} A" if pulse.rate_c is None else f"{pulse.rate_c:.2g}C"
        at = "" if level is None else f" · SOC {level:.0f} %"
        lines.add_row("DCIR", f"{pulse.method} · {rate}{at} · {pulse.resistance_mohm:.3f} mΩ")
    if len(found.dcir) > _PULSES_SHOWN:
        lines.add_row("", f"… {len(found.dcir)} (--json)")
    for step in found.incremental_capacity:
        peaks = ", ".join(f"{peak.voltage_v:.2f}" for peak in step.peaks)
        lines.add_row("dQ/dV", f"{step.step} · {step.current_a:+.3f} A · {peaks} V")
    for rest in found.self_discharge:
        k = "-" if rest.k_mv_per_h is None else f"{rest.k_mv_per_h:.4f} mV/h"
        lines.add_row("자가방전" if ko else "Self-discharge", f"{rest.step} · {rest.hours:.1f} h · K {k}")
    if cells is not None:
        lines.add_row(
            "셀 편차" if ko else "Cell spread",
            f"{cells.channels} · "
            f"{cells.spread_mv_min:.1f} / {cells.spread_mv_median:.1f} / {cells.spread_mv_max:.1f} mV",
        )
    if impedance is not None:
        named = (("R₀", impedance.ohmic_intercept_mohm), ("1 kHz", impedance.acr_1khz_mohm))
        said = " · ".join(f"{name} {'-' if value is None else f'{value:.3f} mΩ'}" for name, value in named)
        lines.add_row("임피던스" if ko else "Impedance", said)
    out.print(Panel(lines, title="평가" if ko else "Evaluation", border_style="green", expand=False), highlight=False)


def show_forecast(found: ForecastOut, language: str) -> None:
    """Print a pack's outlook year by year, with its interval."""
    ko = language == "ko"
    factor = f"×{found.factor:.2f} ± {found.factor_spread:.2f}"
    table = Table(
        title=f"{'건강도 예측' if ko else 'Health forecast'} · {found.law} {factor} · "
        f"{'점검' if ko else 'checks'} {found.checks}",
        title_justify="left",
    )
    for heading in ("날짜", "SoH %", "구간 %") if ko else ("Day", "SoH %", "Interval %"):
        table.add_column(heading, justify="right")
    for one in found.years:
        table.add_row(one.on, f"{one.soh_percent:.1f}", f"{one.low_percent:.1f} ~ {one.high_percent:.1f}")
    out.print(table)
    if found.knee:
        out.print(
            "[bold yellow]![/] " + ("열화가 가속되고 있습니다(무릎점)." if ko else "The fade is speeding up: a knee.")
        )
    out.print(found.note)
