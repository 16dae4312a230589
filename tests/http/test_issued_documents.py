"""What was really issued, from reception to certificate: its text, what it carries, and its signature."""

import base64
import hashlib
import json
from datetime import date
from io import BytesIO

import pytest
from asn1crypto import x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext
from pypdf import PdfReader

from adapters.ktr.credentials import PublishedKeys
from app.ports import Ports
from domain.certification.completeness import missing_items
from domain.shared.actor import SYSTEM
from domain.shared.canonical import sha256
from domain.shared.documents import DocumentKind
from tests.http.test_records import pdfs


@pytest.fixture
async def issued(story, signed_in) -> dict[str, bytes]:
    return await pdfs(story, signed_in)


@pytest.fixture
async def stored(story, ports: Ports) -> dict[str, object]:
    """Report and certificate as they are kept."""
    async with ports.unit(SYSTEM) as work:
        reception = await work.receptions.one(story.life.receptions[0].reception_id)
        (certificate,) = await work.certificates.of_pack(reception.pack_id)
        return {
            "reception": reception,
            "runs": await work.test_runs.of_reception(reception),
            "report": await work.reports.of_reception(reception),
            "certificate": certificate,
            "entries": await work.histories.entries(reception.pack_id),
            "history": (await work.histories.head(reception.pack_id)).pack_id,
        }


def squeezed(pdf: bytes) -> str:
    """The text of all pages without any space: a line may break anywhere."""
    return "".join("".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages).split())


def attached(pdf: bytes) -> dict[str, tuple[str, bytes]]:
    """Each attachment's bytes, and how the document says it relates to them (`AFRelationship`)."""
    found = {}
    for one in PdfReader(BytesIO(pdf)).trailer["/Root"]["/AF"]:
        file = one.get_object()
        found[file["/UF"]] = (file["/AFRelationship"], file["/EF"]["/F"].get_object().get_data())
    return found


async def signature_of(pdf: bytes, did_document):
    """Check a PDF's one signature by the published certificates, as any reader would."""
    keys = [one["publicKeyJwk"] for one in did_document["verificationMethod"] if "publicKeyJwk" in one]
    roots = [x509.Certificate.load(base64.b64decode(key["x5c"][0])) for key in keys]
    (signature,) = PdfFileReader(BytesIO(pdf)).embedded_signatures
    status = await async_validate_pdf_signature(
        signature, ValidationContext(trust_roots=roots, allow_fetching=False), skip_diff=True
    )
    return status, signature.evaluate_signature_coverage()


async def test_a_report_prints_everything_it_must_say_in_both_languages(issued, stored):
    content = json.loads(stored["report"].content)
    text = squeezed(issued["report"])

    assert missing_items(content) == ()
    assert content["prior_life_source"] == "의뢰자 진술, 제조사 자료"
    assert "의뢰자진술,제조사자료" in text
    assert content["number"] in text
    for name in (
        "title", "relates", "place", "ambient", "sampling", "deviations", "external", "decision_rule",
    ):  # fmt: skip
        for language in ("ko", "en"):
            assert "".join(content[f"{name}_{language}"].split()) in text, (name, language)
    ratings = {one["quantity"]: one["name_ko"] for test in content["tests"] for one in test["quantities"]}
    assert ratings["rated_capacity"] == "정격 용량 (시료 셀 1개)"  # 5 Ah beside a pack of 600
    assert ratings["nominal_voltage"] == "공칭 전압"
    for test in content["tests"]:
        assert "".join(f"{test['name_ko']}{test['name_en']}".split()) in text
        for one in test["quantities"]:
            assert "".join(f"{one['name_ko']}{one['name_en']}".split()) in text, one["quantity"]


async def test_a_report_names_the_calibration_of_every_registered_device(issued, stored):
    text = squeezed(issued["report"])
    equipment = json.loads(stored["report"].content)["equipment"]

    assert [one["run"] for one in equipment] == [run.sequence for run in stored["runs"]]
    known = [one for one in equipment if one["serial"] is not None]
    assert [one["tests"] for one in known] == ["T06", "T03", "T04, T08", "T07, T11"]
    for one in known:
        due = date.fromisoformat(one["due_on"])
        assert f"{one['serial']}{one['certificate_no']}" in text
        assert f"{due.year}.{due.month}.{due.day}." in text


async def test_a_certificate_says_how_well_the_health_is_known_who_signed_and_on_what(issued, stored):
    certificate, text = stored["certificate"], squeezed(issued["certificate"])
    content = json.loads(attached(issued["certificate"])["result.json"][1])

    u_hundredths = -(-content["soh_u_ppm"] // 100)
    soh = certificate.soh_ppm // 100
    assert f"{soh // 100}.{soh % 100:02d}±{u_hundredths // 100}.{u_hundredths % 100:02d}%" in text
    for name in ("김시험", "윤검토", "최승인"):
        assert name in text
    for run in stored["runs"]:
        if run.raw_file is not None:
            assert run.raw_file.sha256 in text
    for wanted in (
        content["sampling_plan"].replace(" · ", ""), content["use_ko"], content["use_en"], content["ambient_en"],
        content["issuer"]["accreditation"], content["issuer"]["insurance"], "배상책임보험", "재검사기한",
    ):  # fmt: skip
        assert "".join(wanted.split()) in text, wanted
    assert content["soh_energy_ppm"] > 0
    assert content["r_increase_ppm"] is not None
    rules = [rule for test in json.loads(stored["report"].content)["tests"] for rule in test["verdicts"]]
    applied = [(one["rule"], one["verdict"]) for one in rules if one["verdict"] != "not_applicable"]
    assert [(one["rule"], one["verdict"]) for one in content["results"]] == applied
    assert all(one["device"] for one in content["results"])


async def test_what_is_attached_is_what_is_stored_byte_for_byte(issued, stored):
    report, certificate = stored["report"], stored["certificate"]

    assert attached(issued["report"]) == {
        "result.json": ("/Source", report.content.encode()),
        "proof.json": ("/Supplement", report.record.encode()),
    }
    found = attached(issued["certificate"])
    assert found["proof.json"] == ("/Supplement", certificate.credential.encode())
    relation, content = found["result.json"]
    assert (relation, json.loads(content)["credential"]) == ("/Source", certificate.credential)
    assert sha256(report.content).hex() == hashlib.sha256(attached(issued["report"])["result.json"][1]).hexdigest()


async def test_the_proof_of_a_report_binds_its_content_and_the_packs_history(client, issued, stored):
    keys = PublishedKeys((await client.get("/.well-known/did.json")).json())
    proof = json.loads(attached(issued["report"])["proof.json"][1])
    await keys.verify(proof)
    await keys.verify(json.loads(attached(issued["certificate"])["proof.json"][1]))

    said = proof["credentialSubject"]
    assert said["contentSha256"] == hashlib.sha256(stored["report"].content.encode()).hexdigest()
    before, entry = [
        next(one for one in stored["entries"] if one.sequence == number)
        for number in (said["historySequence"], said["historySequence"] + 1)
    ]
    assert said["historySeal"] == before.seal.hex()
    sealed = json.loads(entry.payload)
    told = sealed.get("particulars", sealed)
    assert told["report_content_sha256"] == said["contentSha256"]
    assert told["report_record_sha256"] == sha256(stored["report"].record).hex()
    assert told["report_pdf_sha256"] == hashlib.sha256(issued["report"]).hexdigest()


@pytest.mark.parametrize("kind", ["report", "certificate"])
async def test_a_signature_covers_the_whole_file_and_fails_after_one_changed_byte(client, issued, kind):
    did_document, pdf = (await client.get("/.well-known/did.json")).json(), issued[kind]
    status, coverage = await signature_of(pdf, did_document)

    assert (status.bottom_line, status.intact) == (True, True)
    assert coverage is SignatureCoverageLevel.ENTIRE_FILE
    for place in (pdf.index(b"stream") + 40, len(pdf) // 2):
        changed = bytearray(pdf)
        changed[place] ^= 1
        spoilt, _ = await signature_of(bytes(changed), did_document)
        assert (spoilt.bottom_line, spoilt.intact) == (False, False)


@pytest.mark.parametrize("kind", ["report", "certificate"])
async def test_the_unsigned_document_is_the_same_bytes_when_it_is_set_again(issued, stored, ports: Ports, kind):
    document = {"report": DocumentKind.TEST_REPORT, "certificate": DocumentKind.CERTIFICATE}[kind]
    found = attached(issued[kind])
    content = json.loads(found["result.json"][1])

    again = await ports.documents.typeset(
        document, content, dated_on=date.fromisoformat(content["issued_on"]), proof=found["proof.json"][1].decode()
    )

    assert issued[kind].startswith(again)
    assert b"/ByteRange" not in again
    assert PdfReader(BytesIO(again)).trailer["/Root"]["/Metadata"].get_object().get_data().count(b"pdfaid:part") > 0
