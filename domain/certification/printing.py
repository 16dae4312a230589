"""What a test report and a certificate print, and what the signed record says."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from domain.certification.judging import spelled
from domain.certification.model import (
    Assessment,
    Certificate,
    HoldRelease,
    Laboratory,
    Meaning,
    Reception,
    Sampled,
    Signature,
    TestRun,
    TestVerdict,
    Verdict,
)
from domain.certification.status_list import StatusPlace, status_entries
from domain.shared.canonical import Canonical, sha256
from domain.shared.time import day_start, seoul_day, utc_text

_DECISION_RULE_KO = "단순 수용: 측정 불확도를 고려하지 않고 측정값을 한계값과 직접 비교함"
_DECISION_RULE_EN = "simple acceptance: the measured value is compared with the limit, uncertainty is not added"
_NONE_KO = "없음"
_MEANINGS_KO = {
    Meaning.REVIEW: "검토",
    Meaning.HOLD_RELEASE: "검토·보류 해제",
    Meaning.APPROVAL: "승인",
    Meaning.ISSUE: "발급",
}


def report_content(
    *,
    number: str,
    issued_on: date,
    laboratory: Laboratory,
    reception: Reception,
    pack_print: Mapping[str, Canonical],
    runs: Sequence[TestRun],
    assessment: Assessment,
    reviewed: Signature | None,
    approval: Signature,
    release: HoldRelease | None,
    verify_url: str,
) -> dict[str, Canonical]:
    """Return what a test report prints: ISO/IEC 17025 clause 7.8.2.1, a to p, each filled."""
    judgement = assessment.judgement
    done = [test for test in judgement.tests if test.verdict is not Verdict.NOT_APPLICABLE]
    return {
        "number": number,
        "issued_on": issued_on.isoformat(),
        "laboratory": {
            "name_ko": laboratory.name_ko,
            "name_en": laboratory.name_en,
            "address_ko": laboratory.address_ko,
            "address_en": laboratory.address_en,
        },
        "place_ko": laboratory.place_ko,
        "applicant": _applicant(reception),
        "reception": {
            "number": reception.number,
            "received_at": utc_text(reception.received_at),
            "condition": reception.condition,
        },
        "pack": pack_print,
        "protocol": {"id": judgement.protocol_id, "version": judgement.protocol_version},
        "started_on": seoul_day(min(run.first_at for run in runs)).isoformat(),
        "finished_on": seoul_day(max(run.last_at for run in runs)).isoformat(),
        "ambient": ambient(runs),
        "tests": [_test(test) for test in done],
        "not_assessed": [
            {"test_id": test.test_id, "reason": f"{test.reason_ko} / {test.reason_en}"}
            for test in judgement.tests
            if test.verdict in (Verdict.NOT_APPLICABLE, Verdict.NOT_ASSESSED)
        ],
        "disposition": judgement.disposition.value,
        "grade": judgement.grade,
        "soh_ppm": judgement.soh_ppm,
        "usable_energy_wh": judgement.usable_energy_wh,
        "decision_rule_ko": _DECISION_RULE_KO,
        "decision_rule_en": _DECISION_RULE_EN,
        "sampling_ko": sampling(reception),
        "deviations_ko": deviations(done, runs, release),
        "external_ko": _NONE_KO,
        "raw_files": [{"name": run.raw_file.name, "sha256": run.raw_file.sha256} for run in runs if run.raw_file],
        "tested_by": testers(runs),
        "reviewed_by": [] if reviewed is None else [_signed(reviewed)],
        "approved_by": _signed(approval),
        "verify_url": verify_url,
        "amends": None,
        "amends_reason": None,
        "amends_changes": None,
    }


def certificate_content(
    *,
    certificate: Certificate,
    laboratory: Laboratory,
    reception: Reception,
    pack_print: Mapping[str, Canonical],
    runs: Sequence[TestRun],
    assessment: Assessment,
    approval: Signature,
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
            "accreditation": laboratory.accreditation,
        },
        "applicant": _applicant(reception),
        "pack": pack_print,
        "protocol": {"id": judgement.protocol_id, "version": judgement.protocol_version},
        "report_number": certificate.report_number,
        "grade": certificate.grade,
        "soh_ppm": certificate.soh_ppm,
        "usable_energy_wh": certificate.usable_energy_wh,
        "use_ko": judgement.use_ko,
        "use_en": judgement.use_en,
        "raw_file_sha256": _raw_hashes(runs),
        "tested_by": testers(runs),
        "approved_by": _signed(approval),
        "verify_url": verify_url,
        "credential": credential,
        "credential_sha256": sha256(credential).hex(),
        "qr_svg": qr_svg,
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


def _test(test: TestVerdict) -> dict[str, Canonical]:
    return {
        "test_id": test.test_id,
        "name_ko": test.name_ko,
        "name_en": test.name_en,
        "method": test.method,
        "quantities": [
            {"quantity": one.quantity, "value": one.value, "unit": one.unit, "source": one.source.value}
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
            }
            for one in test.rules
        ],
    }


def _signed(signature: Signature) -> dict[str, Canonical]:
    return {
        "name": signature.printed_name,
        "at": utc_text(signature.signed_at),
        "meaning_ko": _MEANINGS_KO[signature.meaning],
    }


def _raw_hashes(runs: Sequence[TestRun]) -> list[Canonical]:
    return list(dict.fromkeys(run.raw_file.sha256 for run in runs if run.raw_file))


def testers(runs: Sequence[TestRun]) -> list[Canonical]:
    """Return who entered results, each once, in order."""
    return list(dict.fromkeys(run.recorded_by_name for run in runs))


def ambient(runs: Sequence[TestRun]) -> str:
    """Return the ambient temperature as printed: as the testers read it, else what the cycler saw at the cell."""
    read = [run.ambient_c for run in runs if run.ambient_c is not None]
    if read:
        return f"{spelled(min(read))}–{spelled(max(read))} ℃" if min(read) < max(read) else f"{spelled(read[0])} ℃"
    at_cell = [run.record.temperature_c for run in runs if run.record and run.record.temperature_c]
    if at_cell:
        lowest, highest = min(one.lowest for one in at_cell), max(one.highest for one in at_cell)
        return f"시료 표면 {round(lowest, 1)}–{round(highest, 1)} ℃"
    return "기록 없음"


def sampling(reception: Reception) -> str:
    """Return the sampling plan as printed."""
    if reception.facts.sampled is Sampled.CELL:
        cells = reception.facts.cell_count
        return f"셀 {cells}개 중 1개를 시료로 용량 시험, 팩 값은 시료 값 × {cells}"
    return "팩 전체"


def deviations(tests: Sequence[TestVerdict], runs: Sequence[TestRun], release: HoldRelease | None = None) -> str:
    """Return every rule not applied, every device accepted and a hold's release, and why; or that there is none."""
    said = [
        f"{test.test_id} {rule.rule}: {rule.reason_ko}"
        for test in tests
        for rule in test.rules
        if rule.verdict is Verdict.NOT_APPLICABLE
    ]
    said += list(dict.fromkeys(run.deviation for run in runs if run.deviation))
    if release is not None:
        said.append(f"보류 해제: {release.reason} ({release.released_by_name})")
    return "; ".join(said) or _NONE_KO
