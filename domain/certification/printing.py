"""What a test report and a certificate print, and what the signed record says."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from domain.certification.completeness import NOT_RECORDED
from domain.certification.decision import decision_words
from domain.certification.equipment import Device
from domain.certification.external import ExternalRecord, Proof, RecordKind, RecordStatus
from domain.certification.judging import spelled
from domain.certification.model import (
    Assessment,
    Certificate,
    DecisionRule,
    HistoryPlace,
    HoldRelease,
    Judgement,
    Laboratory,
    Meaning,
    Reception,
    Sampled,
    Scope,
    Signature,
    TestRun,
    TestVerdict,
    Verdict,
)
from domain.certification.requests import InspectionRequest
from domain.certification.status_list import StatusPlace, status_entries
from domain.certification.wording import quantity_name
from domain.shared.canonical import Canonical, sha256
from domain.shared.identifiers import ReportId
from domain.shared.time import day_start, seoul_day, utc_text

_NONE = ("없음", "none")
_TITLE = ("시험성적서", "TEST REPORT")
_RELATES = (
    "결과는 의뢰자가 제시한 시료에 한함. 시험기관의 서면 승인 없이 일부만 복제할 수 없음.",
    "Results relate only to the items tested. Not to be reproduced except in full without the laboratory's "
    "written approval.",
)
_MEANINGS = {
    Meaning.REVIEW: ("검토", "reviewed"),
    Meaning.HOLD_RELEASE: ("검토·보류 해제", "reviewed, hold released"),
    Meaning.APPROVAL: ("승인", "approved"),
    Meaning.ISSUE: ("발급", "issued"),
}


def report_content(
    *,
    number: str,
    issued_on: date,
    laboratory: Laboratory,
    reception: Reception,
    pack_print: Mapping[str, Canonical],
    runs: Sequence[TestRun],
    devices: Mapping[UUID, Device],
    assessment: Assessment,
    reviewed: Signature | None,
    approval: Signature,
    release: HoldRelease | None,
    request: InspectionRequest | None,
    cited: Sequence[ExternalRecord],
    verify_url: str,
) -> dict[str, Canonical]:
    """Return what a test report prints: ISO/IEC 17025 clause 7.8.2.1, a to p.

    `devices` are those that the runs name, by identifier; `request` is what the unit was received under, None where it
    was brought to the counter, `cited` the records of others that it cites. Whether everything is filled,
    `completeness` says.
    """
    judgement = assessment.judgement
    done = [test for test in judgement.tests if test.verdict is not Verdict.NOT_APPLICABLE]
    return {
        **_both("title", _TITLE),
        **_both("relates", _RELATES),
        "number": number,
        "issued_on": issued_on.isoformat(),
        "laboratory": {
            "name_ko": laboratory.name_ko,
            "name_en": laboratory.name_en,
            "address_ko": laboratory.address_ko,
            "address_en": laboratory.address_en,
        },
        "place_ko": laboratory.place_ko,
        "place_en": laboratory.place_en,
        **_both("scope", covered(reception, request)),
        "unit_scope": reception.facts.scope.value,
        "request_number": None if request is None else request.number,
        "prior_life_source": None if reception.facts.prior_life is None else reception.facts.prior_life.source,
        "pack": pack_print,
        "protocol": {"id": judgement.protocol_id, "version": judgement.protocol_version},
        "started_on": seoul_day(min(run.first_at for run in runs)).isoformat(),
        "finished_on": seoul_day(max(run.last_at for run in runs)).isoformat(),
        **bench_content(reception, runs, devices),
        "tests": [_test(test, reception.facts.sampled) for test in done],
        "not_assessed": [
            {"test_id": test.test_id, "reason": f"{test.reason_ko} / {test.reason_en}"}
            for test in judgement.tests
            if test.verdict in (Verdict.NOT_APPLICABLE, Verdict.NOT_ASSESSED)
        ],
        "disposition": judgement.disposition.value,
        "grade": judgement.grade,
        "soh_ppm": judgement.soh_ppm,
        "soh_u_ppm": judgement.soh_u_ppm,
        "usable_energy_wh": judgement.usable_energy_wh,
        **_both("decision_rule", decision_words(judgement.decision_rule)),
        "sampling_plan": sampling_plan(judgement, reception),
        **_both("sampling", sampling(reception)),
        **_both("deviations", deviations(done, runs, release)),
        **_both("external", external(runs, cited)),
        "cited_records": [_cited(one) for one in cited],
        "raw_files": [{"name": run.raw_file.name, "sha256": run.raw_file.sha256} for run in runs if run.raw_file],
        "tested_by": testers(runs),
        "reviewed_by": [] if reviewed is None else [_signed(reviewed)],
        "approved_by": _signed(approval),
        "verify_url": verify_url,
        "amends": None,
        "amends_reason": None,
        "amends_changes": None,
        "changes": [],
        "amended_by": [],
        "amendment_approved_by": [],
    }


def bench_content(
    reception: Reception, runs: Sequence[TestRun], devices: Mapping[UUID, Device]
) -> dict[str, Canonical]:
    """Return what a report prints of the reception and the bench alone, before anything is judged."""
    return {
        "applicant": _applicant(reception),
        "reception": {
            "number": reception.number,
            "received_at": utc_text(reception.received_at),
            "condition": reception.condition,
        },
        **_both("ambient", ambient(runs)),
        "equipment": [_equipment(run, None if run.device_id is None else devices[run.device_id]) for run in runs],
    }


def brought_up(printed: Mapping[str, Canonical]) -> dict[str, Canonical]:
    """Return an older report's content with every key that is printed today; what it did not say stays blank."""
    laid_out: dict[str, Canonical] = {
        **_both("title", _TITLE),
        **_both("relates", _RELATES),
        **{f"{name}_{language}": "" for name in _TWO_TONGUED for language in ("ko", "en")},
        "ambient_ko": printed.get("ambient", ""),
        "unit_scope": None,
        "request_number": None,
        "prior_life_source": None,
        "sampling_plan": "",
        "soh_u_ppm": None,
        "equipment": [],
        "cited_records": [],
        "changes": [],
        "amended_by": [],
        "amendment_approved_by": [],
        **{key: value for key, value in printed.items() if key != "ambient"},
    }
    return {
        **laid_out,
        "tests": [_brought_up_test(test) for test in _list(printed["tests"])],
        "reviewed_by": [_with_meaning(one) for one in _list(printed["reviewed_by"])],
        "approved_by": _with_meaning(printed["approved_by"]),
    }


_TWO_TONGUED = ("place", "scope", "sampling", "deviations", "external", "decision_rule", "ambient")


def _brought_up_test(test: Canonical) -> Canonical:
    if not isinstance(test, Mapping):
        return test
    quantities: list[Canonical] = [
        {**_both("name", quantity_name(str(one["quantity"]))), **one} if isinstance(one, Mapping) else one
        for one in _list(test["quantities"])
    ]
    return {**test, "quantities": quantities}


def _with_meaning(signed: Canonical) -> Canonical:
    if not isinstance(signed, Mapping):
        return signed
    meant = dict(_MEANINGS.values())
    return {"meaning_en": meant.get(str(signed["meaning_ko"]), ""), **signed}


def _list(value: Canonical) -> Sequence[Canonical]:
    return value if isinstance(value, Sequence) and not isinstance(value, str) else ()


def _both(name: str, said: tuple[str, str]) -> dict[str, Canonical]:
    """Return a thing said in Korean and in English under its two keys."""
    return {f"{name}_ko": said[0], f"{name}_en": said[1]}


def certificate_content(
    *,
    certificate: Certificate,
    laboratory: Laboratory,
    reception: Reception,
    pack_print: Mapping[str, Canonical],
    runs: Sequence[TestRun],
    devices: Mapping[UUID, Device],
    assessment: Assessment,
    reviewed: Signature | None,
    approval: Signature,
    request: InspectionRequest | None,
    cited: Sequence[ExternalRecord],
    verify_url: str,
    credential: str,
    qr_svg: str,
) -> dict[str, Canonical]:
    """Return what a certificate prints."""
    judgement = assessment.judgement
    return {
        "number": certificate.number,
        "issued_on": seoul_day(certificate.issued_at).isoformat(),
        "valid_until": certificate.valid_until.isoformat(),
        "reinspection_due_on": certificate.reinspection_due_on.isoformat(),
        "issuer": {
            "name_ko": laboratory.name_ko,
            "name_en": laboratory.name_en,
            "address_ko": laboratory.address_ko,
            "accreditation": laboratory.accreditation or None,
            "insurance": laboratory.insurance or None,
        },
        "applicant": _applicant(reception),
        **_both("unit", _UNIT[reception.facts.scope]),
        **_both("scope", covered(reception, request)),
        "request_number": None if request is None else request.number,
        "pack": pack_print,
        "protocol": {"id": judgement.protocol_id, "version": judgement.protocol_version},
        "report_number": certificate.report_number,
        "grade": certificate.grade,
        "soh_ppm": certificate.soh_ppm,
        "soh_u_ppm": judgement.soh_u_ppm,
        "soh_energy_ppm": _worst_ppm(judgement, "soh_energy", least=True),
        "r_increase_ppm": _worst_ppm(judgement, "r_increase", least=False),
        "usable_energy_wh": certificate.usable_energy_wh,
        "use_ko": judgement.use_ko,
        "use_en": judgement.use_en,
        **_both("decision_rule", decision_words(judgement.decision_rule)),
        **_both("ambient", ambient(runs)),
        "sampling_plan": sampling_plan(judgement, reception),
        **_both("sampling", sampling(reception)),
        **_both("external", external(runs, cited)),
        "cited_records": [_cited(one) for one in cited],
        "results": [one for test in judgement.tests for one in _results(test, runs, devices)],
        "raw_file_sha256": _raw_hashes(runs),
        "tested_by": testers(runs),
        "reviewed_by": [] if reviewed is None else [_signed(reviewed)],
        "approved_by": _signed(approval),
        "verify_url": verify_url,
        "credential": credential,
        "credential_sha256": sha256(credential).hex(),
        "qr_svg": qr_svg,
    }


def _results(
    test: TestVerdict, runs: Sequence[TestRun], devices: Mapping[UUID, Device]
) -> Iterator[dict[str, Canonical]]:
    """Yield a test's rules that were applied, with what the test was last measured with."""
    run = next(
        (one for one in reversed(runs) if any(found.test_id == test.test_id for found in one.measurements)), None
    )
    used = None if run is None else _equipment(run, None if run.device_id is None else devices[run.device_id])
    for rule in test.rules:
        if rule.verdict is not Verdict.NOT_APPLICABLE:
            yield {
                "test_id": test.test_id,
                **_both("name", (test.name_ko, test.name_en)),
                "rule": rule.rule,
                "measured": rule.measured,
                "limit": rule.limit,
                "unit": rule.unit,
                "verdict": rule.verdict.value,
                "device": None if used is None else used["device"],
                "serial": None if used is None else used["serial"],
                "calibration_due_on": None if used is None else used["due_on"],
            }


def _worst_ppm(judgement: Judgement, quantity: str, *, least: bool) -> int | None:
    """Return the worst value of a quantity in percent as parts per million, cut; None where it was not measured."""
    for test in judgement.tests:
        for one in test.quantities:
            if one.quantity == quantity:
                values = [Decimal(part) for part in one.value.split(", ")]
                return int((min(values) if least else max(values)) * 10_000)
    return None


def report_record(
    *,
    issuer: str,
    report_id: ReportId,
    number: str,
    content: str,
    amends: str | None,
    laboratory_en: str,
    product_uri: str,
    assessment_sha256: str,
    history: HistoryPlace,
    issued_at: datetime,
    base_url: str,
) -> dict[str, Canonical]:
    """Return the record of a report that is signed: it binds the number to the content, and both to the pack's history.

    A W3C verifiable credential (VC data model 2.0), not yet with its proof. It holds no name of a person.
    """
    return {
        "@context": [
            "https://www.w3.org/ns/credentials/v2",
            {"@vocab": f"{base_url}/vocabulary#"},
        ],
        "id": f"urn:uuid:{report_id}",
        "type": ["VerifiableCredential", "TestReportRecord"],
        "issuer": {"id": issuer, "name": laboratory_en},
        "validFrom": utc_text(issued_at),
        "credentialSubject": {
            "id": product_uri,
            "type": "ReuseBattery",
            "reportNumber": number,
            "contentSha256": sha256(content).hex(),
            "assessmentSha256": assessment_sha256,
            "historySequence": history.sequence,
            "historySeal": history.seal,
            **({} if amends is None else {"amendsReportNumber": amends}),
        },
    }


def credential_document(
    *,
    issuer: str,
    certificate: Certificate,
    laboratory: Laboratory,
    product_uri: str,
    pack_print: Mapping[str, Canonical],
    runs: Sequence[TestRun],
    assessment: Assessment,
    assessment_sha256: str,
    base_url: str,
    place: StatusPlace,
) -> dict[str, Canonical]:
    """Return the record that is signed: a W3C verifiable credential (VC data model 2.0), not yet with its proof.

    Whole numbers and strings only, so that every reader hashes the same text. It holds no name of a person.
    """
    judgement = assessment.judgement
    last_moment = day_start(certificate.valid_until + timedelta(days=1)) - timedelta(seconds=1)
    return {
        "@context": [
            "https://www.w3.org/ns/credentials/v2",
            {"@vocab": f"{base_url}/vocabulary#"},
        ],
        "id": f"urn:uuid:{certificate.certificate_id}",
        "type": ["VerifiableCredential", "ReuseBatteryCertificate"],
        "issuer": {"id": issuer, "name": laboratory.name_en},
        "validFrom": utc_text(certificate.issued_at),
        "validUntil": utc_text(last_moment),
        "credentialStatus": status_entries(place, base_url=base_url),
        "credentialSubject": {
            "id": product_uri,
            "type": "ReuseBattery",
            "certificateNumber": certificate.number,
            "reportNumber": certificate.report_number,
            "protocol": f"{judgement.protocol_id} {judgement.protocol_version}",
            "protocolSha256": judgement.protocol_sha256,
            "grade": certificate.grade,
            "sohPpm": certificate.soh_ppm,
            **({} if judgement.soh_u_ppm is None else {"sohUncertaintyPpm": judgement.soh_u_ppm}),
            "decisionRule": (judgement.decision_rule or DecisionRule.SIMPLE).value,
            "usableEnergyWh": certificate.usable_energy_wh,
            "usableEnergyBasis": judgement.basis_en,
            "chemistry": str(pack_print.get("chemistry", "")),
            "conditionsOfUseKo": judgement.use_ko,
            "conditionsOfUseEn": judgement.use_en,
            "reinspectionDueOn": certificate.reinspection_due_on.isoformat(),
            "assessmentSha256": assessment_sha256,
            "rawFileSha256": _raw_hashes(runs),
        },
    }


def _applicant(reception: Reception) -> dict[str, Canonical]:
    return {"name": reception.applicant.name, "contact": reception.applicant.contact}


_OF_THE_SAMPLE = frozenset({"rated_capacity", "rated_energy"})
"""Ratings against which the sample is judged; where that is one cell of a pack, they are not the pack's."""


def printed_name(quantity: str, sampled: Sampled) -> tuple[str, str]:
    """Return what a report calls a quantity, in Korean and in English; a sampled cell's rating says so."""
    ko, en = quantity_name(quantity)
    if sampled is Sampled.CELL and quantity in _OF_THE_SAMPLE:
        return f"{ko} (시료 셀 1개)", f"{en} (of the cell sampled)"
    return ko, en


def _test(test: TestVerdict, sampled: Sampled) -> dict[str, Canonical]:
    return {
        "test_id": test.test_id,
        "name_ko": test.name_ko,
        "name_en": test.name_en,
        "method": test.method,
        "quantities": [
            {
                "quantity": one.quantity,
                **_both("name", printed_name(one.quantity, sampled)),
                "value": one.value,
                "unit": one.unit,
                "source": one.source.value,
            }
            for one in test.quantities
        ],
        "verdicts": [
            {
                "rule": one.rule,
                "measured": one.measured,
                "limit": one.limit,
                "unit": one.unit,
                "verdict": one.verdict.value,
                "source": one.source,
                "reason_ko": one.reason_ko,
                "reason_en": one.reason_en,
            }
            for one in test.rules
        ],
    }


def _signed(signature: Signature) -> dict[str, Canonical]:
    return {
        "name": signature.printed_name,
        "at": utc_text(signature.signed_at),
        **_both("meaning", _MEANINGS[signature.meaning]),
    }


def _raw_hashes(runs: Sequence[TestRun]) -> list[Canonical]:
    return list(dict.fromkeys(run.raw_file.sha256 for run in runs if run.raw_file))


def testers(runs: Sequence[TestRun]) -> list[Canonical]:
    """Return who entered results, each once, in order."""
    return list(dict.fromkeys(run.recorded_by_name for run in runs))


def _equipment(run: TestRun, device: Device | None) -> dict[str, Canonical]:
    """Return what a run was measured with, with the calibration that held on its last day (17025, 6.4)."""
    held = None if device is None else device.calibration_on(seoul_day(run.last_at))
    return {
        "run": run.sequence,
        "tests": ", ".join(dict.fromkeys(one.test_id for one in run.measurements)),
        "device": run.equipment if device is None else device.name,
        "serial": None if device is None else device.serial,
        "certificate_no": None if held is None else held.certificate_no,
        "calibrated_on": None if held is None else held.calibrated_on.isoformat(),
        "due_on": None if held is None else held.due_on.isoformat(),
        "provider": run.provider or None,
    }


def ambient(runs: Sequence[TestRun]) -> tuple[str, str]:
    """Return the ambient temperature in Korean and English: as testers read it, else what a cycler saw at the cell."""
    read = [run.ambient_c for run in runs if run.ambient_c is not None]
    if read:
        span = f"{spelled(min(read))}–{spelled(max(read))}" if min(read) < max(read) else spelled(read[0])
        return f"{span} ℃", f"{span} °C"
    at_cell = [run.record.temperature_c for run in runs if run.record and run.record.temperature_c]
    if at_cell:
        lowest, highest = min(one.lowest for one in at_cell), max(one.highest for one in at_cell)
        span = f"{round(lowest, 1)}–{round(highest, 1)}"
        return f"시료 표면 {span} ℃", f"{span} °C at the surface of the item"
    return NOT_RECORDED, NOT_RECORDED


def sampling_plan(judgement: Judgement, reception: Reception) -> str:
    """Return what the sampling plan is referred to by: the protocol in its version, and the reception it served."""
    return f"{judgement.protocol_id} {judgement.protocol_version} · {reception.number}"


_UNIT = {
    Scope.PACK: ("배터리 팩", "battery pack"),
    Scope.MODULE: ("배터리 모듈", "battery module"),
    Scope.CELL: ("배터리 셀", "battery cell"),
    Scope.MATCHING_SET: ("배터리 세트", "matching set of batteries"),
}
_COUNTED = {
    Scope.PACK: ("팩", "pack", "packs"),
    Scope.MODULE: ("모듈", "module", "modules"),
    Scope.CELL: ("셀", "cell", "cells"),
    Scope.MATCHING_SET: ("세트", "matching set", "matching sets"),
}


def covered(reception: Reception, request: InspectionRequest | None) -> tuple[str, str]:
    """Return what a document covers, in Korean and English: one unit of which kind, and which of its request's.

    A request counts its units as they were asked for, whether or not each of them was taken in.
    """
    unit_ko, unit_en = _UNIT[reception.facts.scope]
    if request is None:
        return f"{unit_ko} 1점 (신청서 없이 창구에서 접수)", f"one {unit_en}, received at the counter without a request"
    count = len(request.units)
    if count == 1:
        return f"{unit_ko} 1점: 신청 {request.number}의 전부", f"one {unit_en}: all of request {request.number}"
    kinds = [(sum(one.scope is scope for one in request.units), names) for scope, names in _COUNTED.items()]
    parts_ko = ", ".join(f"{names[0]} {many}점" for many, names in kinds if many)
    parts_en = ", ".join(f"{many} {names[1] if many == 1 else names[2]}" for many, names in kinds if many)
    return (
        f"{unit_ko} 1점: 신청 {request.number}의 {count}점({parts_ko}) 중 {reception.request_line}번",
        f"one {unit_en}: unit {reception.request_line} of the {count} ({parts_en}) of request {request.number}",
    )


_WHOLE_UNIT = {
    Scope.PACK: ("팩 전체", "the whole pack"),
    Scope.MODULE: ("모듈 전체", "the whole module"),
    Scope.CELL: ("셀 자체", "the cell itself"),
    Scope.MATCHING_SET: ("세트 전체", "the whole matching set"),
}


def sampling(reception: Reception) -> tuple[str, str]:
    """Return how the sample was taken, in Korean and English."""
    if reception.facts.sampled is Sampled.CELL:
        cells = reception.facts.cell_count
        return (
            f"셀 {cells}개 중 1개를 시료로 용량 시험, 팩 값은 시료 값 × {cells}",
            f"capacity tested on 1 of {cells} cells; the pack's value is the sample's × {cells}",
        )
    return _WHOLE_UNIT[reception.facts.scope]


_KINDS = {RecordKind.CERTIFICATE: ("인증서", "certificate"), RecordKind.REPORT: ("성적서", "report")}
_STATUSES = {
    RecordStatus.VALID: ("유효", "valid"),
    RecordStatus.SUSPENDED: ("정지", "suspended"),
    RecordStatus.REVOKED: ("취소", "revoked"),
    RecordStatus.SUPERSEDED: ("대체됨", "superseded"),
    RecordStatus.WITHDRAWN: ("철회", "withdrawn"),
    RecordStatus.UNKNOWN: ("모름", "unknown"),
}


def external(runs: Sequence[TestRun], cited: Sequence[ExternalRecord] = ()) -> tuple[str, str]:
    """Return which results an outside laboratory measured, and which records of others are cited; or that none are.

    In Korean and English. A cited record is told by its source and number, with what it says and how it stood when it
    was taken in; nothing of it was judged on.
    """
    said = [
        (f"{run.provider} 제공: {what}", f"measured by {run.provider}: {what}")
        for run in runs
        if run.provider
        for what in (", ".join(dict.fromkeys(f"{one.test_id} {one.quantity}" for one in run.measurements)),)
    ]
    said += [_cited_words(one) for one in cited]
    return ("; ".join(ko for ko, _ in said), "; ".join(en for _, en in said)) if said else _NONE


def _cited_words(record: ExternalRecord) -> tuple[str, str]:
    one = record.content
    kind, status = _KINDS[one.kind], _STATUSES[one.status]
    says = [word for word in (one.grade, one.verdict) if word]
    says += [] if one.soh_ppm is None else [f"SOH {spelled(Decimal(one.soh_ppm) / 10_000)} %"]
    proof = ("서명 확인됨", "its signature was checked") if record.proof is Proof.VERIFIED else ("사본", "a copy")
    what = ", ".join(says)
    return (
        f"인용(판정에 쓰지 않음): {one.issuer} {kind[0]} {one.number}, {one.standard}, {one.issued_on} 발급, "
        f"{what}, 가져올 때 상태 {status[0]}, {proof[0]}",
        f"cited, not judged on: {kind[1]} {one.number} of {one.issuer}, {one.standard}, issued {one.issued_on}, "
        f"{what}, {status[1]} when it was taken in, {proof[1]}",
    )


def _cited(record: ExternalRecord) -> dict[str, Canonical]:
    one = record.content
    return {
        "issuer": one.issuer,
        "number": one.number,
        "kind": one.kind.value,
        "standard": one.standard,
        "grade": one.grade,
        "verdict": one.verdict,
        "soh_ppm": one.soh_ppm,
        "issued_on": one.issued_on.isoformat(),
        "status": one.status.value,
        "proof": record.proof.value,
        "content_sha256": one.sha256,
        "source_sha256": record.source_sha256,
    }


def deviations(
    tests: Sequence[TestVerdict], runs: Sequence[TestRun], release: HoldRelease | None = None
) -> tuple[str, str]:
    """Return every rule not applied, every deviation of a run and a hold's release, and why; or that there is none.

    In Korean and in English; what a person gave as reason stands in both as they wrote it.
    """
    said = [
        (f"{test.test_id} {rule.rule}: {rule.reason_ko}", f"{test.test_id} {rule.rule}: {rule.reason_en}")
        for test in tests
        for rule in test.rules
        if rule.verdict is Verdict.NOT_APPLICABLE
    ]
    said += list(dict.fromkeys((run.deviation, run.deviation_en or run.deviation) for run in runs if run.deviation))
    for run in runs:
        if run.told is not None:
            who = f"{run.told.said_by_name}, {seoul_day(run.told.said_at)}"
            said.append(
                (
                    f"{run.sequence}회차 시험의 장비는 기록한 뒤에 적음 ({who})",
                    f"the equipment of run {run.sequence} was said after it was recorded ({who})",
                )
            )
    if release is not None:
        because = f"{release.reason} ({release.released_by_name})"
        said.append((f"보류 해제: {because}", f"hold released: {because}"))
    return ("; ".join(ko for ko, _ in said), "; ".join(en for _, en in said)) if said else _NONE
