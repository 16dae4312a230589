"""Files of others' records: read by content, refused whole when hostile, signatures checked by their issuer's keys."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.ktr.credentials import KtrCredentials
from adapters.ktr.record_files import KtrRecordFiles, rows_of
from adapters.ktr.signing import FileSigner
from domain.certification.errors import IssuerKeysWrong, RecordFileWrong
from domain.certification.external import ROWS_MAX, GivenFile, Proof, RecordForm, TrustedIssuer
from domain.shared.identifiers import PersonId, TenantId
from domain.shared.untrusted import FileRefused, FileTooLarge
from tests.fakes.records import ROW, csv_of, row, xlsx_of
from tests.fakes.system import CountedIds

AT = datetime(2025, 11, 3, 15, 0, tzinfo=UTC)
SAID = dict(ROW)
NAMES_KO = [
    "발급기관", "번호", "종류", "제품URI", "배터리식별번호", "제조일련번호", "기준", "등급", "판정", "건강도(%)",
    "발급일", "유효기한", "상태",
]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "form"),
    [
        pytest.param(csv_of(ROW), "csv", id="CSV with a byte-order mark"),
        pytest.param(csv_of(ROW, encoding="cp949"), "csv", id="CSV as a Korean spreadsheet saves it"),
        pytest.param(csv_of(ROW, head=NAMES_KO), "csv", id="CSV with Korean heads"),
        pytest.param(csv_of(ROW).replace(b",", b";"), "csv", id="CSV with semicolons"),
        pytest.param(xlsx_of(list(ROW), list(ROW.values())), "xlsx", id="XLSX"),
        pytest.param(
            xlsx_of(list(ROW), list(row(issued_on="45964", valid_until="46693").values())), "xlsx", id="XLSX with days"
        ),
        pytest.param(json.dumps({"format": "sunhwan-records/1", "records": [ROW]}).encode(), "json", id="JSON"),
    ],
)
def test_a_file_is_read_by_its_content(content: bytes, form: str) -> None:
    told, rows = rows_of(content, [])

    assert told == form
    (only,) = rows
    assert only["fields"] == SAID
    assert (only["proof"], only["code"]) == ("none", "")


def document(*records: object, **more: object) -> bytes:
    return json.dumps({"format": "sunhwan-records/1", "records": list(records), **more}).encode()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"  \n", "empty", id="an empty file"),
        pytest.param(b"\xff\xfe\x00\x01\x02\x81", "neither", id="binary"),
        pytest.param(csv_of(row(number="=1+1")), "formula", id="a formula in CSV"),
        pytest.param(csv_of(row(number="@SUM(A1)")), "formula", id="an at-formula in CSV"),
        pytest.param(xlsx_of(list(ROW), list(ROW.values()), formula="1+1"), "formula", id="a formula in XLSX"),
        pytest.param(xlsx_of(list(ROW), more={"xl/vbaProject.bin": "x"}), "macros", id="macros"),
        pytest.param(xlsx_of(list(ROW), more={"xl/externalLinks/externalLink1.xml": "<x/>"}), "links", id="links"),
        pytest.param(xlsx_of(list(ROW), sheets=2), "one sheet", id="two sheets"),
        pytest.param(xlsx_of(list(ROW), more={"../evil": "x"}), "unsafe", id="a member that leads outside"),
        pytest.param(xlsx_of(list(ROW), list(ROW.values()))[:-40], "damaged", id="a cut workbook"),
        pytest.param(csv_of(ROW).replace(b"kind", b"sort"), "unknown", id="an unknown column"),
        pytest.param(csv_of(ROW).replace(b"standard", b"number"), "twice", id="a column twice"),
        pytest.param(b"issuer,number\r\na,b", "missing", id="columns missing"),
        pytest.param(b'issuer,number\r\n"a,b', "broken", id="an open quote"),
        pytest.param(csv_of(*[ROW] * (ROWS_MAX + 1)), "at most", id="too many rows"),
        pytest.param(b'{"format": "sunhwan-records/1"', "broken", id="cut JSON"),
        pytest.param(b"[" * 100_000, "broken", id="JSON nested without end"),
        pytest.param(b'{"format": "sunhwan-records/1", "records": [], "x": 1}', "unknown", id="an unknown member"),
        pytest.param(b'{"format": "sunhwan-records/1", "records": {}}', "unknown", id="records that are no list"),
        pytest.param(b'{"format": "sunhwan-records/1", "format": "x", "records": []}', "broken", id="a member twice"),
        pytest.param(b'{"format": "sunhwan-records/2", "records": []}', "neither", id="another format"),
        pytest.param(document(*[{}] * (ROWS_MAX + 1)), "at most", id="too many records"),
    ],
)
def test_a_hostile_or_foreign_file_is_refused_whole_in_one_sentence(content: bytes, said: str) -> None:
    with pytest.raises(RecordFileWrong) as caught:
        rows_of(content, [])

    assert said in caught.value.sentence("en")
    assert caught.value.sentence("ko").startswith("기록 파일을 받을 수 없습니다: ")


def test_a_record_with_a_wrong_member_is_told_by_its_place_and_the_others_are_read() -> None:
    _, rows = rows_of(document(ROW, [], {**ROW, "grade": True}, {**ROW, "soh_percent": 84.25}), [])

    assert [one["place"] for one in rows] == ["records[0]", "records[1]", "records[2]", "records[3]"]
    assert [one["code"] != "" for one in rows] == [False, True, True, False]
    assert "grade" in str(rows[2]["en"])
    assert rows[3]["fields"]["soh_percent"] == "84.25"  # type: ignore[index]


def test_an_apostrophe_that_guards_a_text_is_taken_off() -> None:
    _, rows = rows_of(csv_of(row(verdict="'-정상", grade="-")), [])

    assert (rows[0]["fields"]["verdict"], rows[0]["fields"]["grade"]) == ("-정상", "-")  # type: ignore[index]


def test_a_row_longer_than_the_head_is_told_and_an_empty_one_left_out() -> None:
    _, rows = rows_of(csv_of(ROW) + b"\r\n,,,\r\n" + b"x," * 14, [])

    assert [(one["place"], one["code"] != "") for one in rows] == [("row 2", False), ("row 4", True)]


# ── signed records ────────────────────────────────────────────────────────────────────────────────


def unsigned(did: str, **subject: object) -> dict[str, object]:
    return {
        "@context": ["https://www.w3.org/ns/credentials/v2", {"@vocab": "https://other.example/vocabulary#"}],
        "id": "urn:uuid:00000000-0000-0000-0000-000000000001",
        "type": ["VerifiableCredential", "ReuseBatteryCertificate"],
        "issuer": {"id": did, "name": "Whoever"},
        "validFrom": "2025-11-02T15:30:00Z",
        "validUntil": "2027-11-02T14:59:59Z",
        "credentialSubject": {
            "id": "https://id.sunhwan.example/01/09506000134352/21/EV-1",
            "certificateNumber": "KC-2025-000007",
            "protocol": "SH-REUSE-01 1.0.0",
            "grade": "A",
            "sohPpm": 943_500,
            **subject,
        },
    }


@pytest.fixture
async def elsewhere(tmp_path: Path) -> KtrCredentials:
    return KtrCredentials(FileSigner(tmp_path), base_url="https://other.example")


async def issuer_of(credentials: KtrCredentials) -> TrustedIssuer:
    return TrustedIssuer(
        tenant_id=TenantId(2),
        did=credentials.issuer,
        name="다른시험원",
        document=json.dumps(await credentials.did_document()),
        registered_by=PersonId(CountedIds().new()),
        registered_by_name="서품질",
        registered_at=AT,
    )


async def read(content: bytes, *issuers: TrustedIssuer) -> GivenFile:
    return await KtrRecordFiles().read(content, issuers=issuers)


async def test_a_signed_record_is_verified_by_its_issuers_registered_keys(elsewhere: KtrCredentials) -> None:
    signed = await elsewhere.sign(unsigned(elsewhere.issuer), at=AT)

    given = await read(json.dumps(signed).encode(), await issuer_of(elsewhere))

    assert given.form is RecordForm.CREDENTIALS
    (only,) = given.rows
    assert (only.proof, only.code) == (Proof.VERIFIED, "")
    assert only.fields == {
        "issuer": "다른시험원",
        "number": "KC-2025-000007",
        "kind": "certificate",
        "product_uri": "https://id.sunhwan.example/01/09506000134352/21/EV-1",
        "standard": "SH-REUSE-01 1.0.0",
        "grade": "A",
        "verdict": "",
        "soh_percent": "94.35",
        "issued_on": "2025-11-03",
        "valid_until": "2027-11-02",
        "status": "unknown",
    }


async def test_without_its_issuers_keys_a_record_is_unverified_and_a_changed_one_is_told_broken(elsewhere) -> None:
    signed = dict(await elsewhere.sign(unsigned(elsewhere.issuer), at=AT))
    changed = {**signed, "credentialSubject": {**signed["credentialSubject"], "grade": "S"}}
    stranger = {**signed, "issuer": {"id": "did:web:stranger.example"}}
    lines = "\n".join(json.dumps(one) for one in (signed, changed, stranger)).encode()

    without = await read(lines)
    with_keys = await read(lines, await issuer_of(elsewhere))

    assert [one.proof for one in without.rows] == [Proof.UNVERIFIED] * 3
    assert [(one.proof, one.code) for one in with_keys.rows] == [
        (Proof.VERIFIED, ""),
        (Proof.NONE, "certification.signature-broken"),
        (Proof.UNVERIFIED, ""),
    ]
    assert without.rows[0].fields["issuer"] == "did:web:other.example"


def test_a_record_of_another_type_or_without_a_subject_is_told() -> None:
    other = {**unsigned("did:web:other.example"), "type": ["VerifiableCredential", "Diploma"]}
    nobodys = {**unsigned("did:web:other.example"), "issuer": 5}

    _, rows = rows_of(json.dumps([other, nobodys]).encode(), [])

    assert ["ReuseBatteryCertificate" in str(one["en"]) for one in rows] == [True, False]
    assert all(one["code"] == "certification.record-row-wrong" for one in rows)


async def test_a_file_is_refused_by_the_child_and_by_its_size() -> None:
    with pytest.raises(FileRefused) as caught:
        await read(csv_of(row(number="=HYPERLINK()")))
    with pytest.raises(FileTooLarge):
        await read(b"x" * (16 * 1024 * 1024 + 1))

    assert caught.value.code == "certification.record-file-wrong"


@pytest.mark.parametrize(
    "document",
    [
        pytest.param("no json", id="no JSON"),
        pytest.param("[]", id="no object"),
        pytest.param('{"id": "https://example"}', id="no DID"),
        pytest.param('{"id": "did:web:a.example", "verificationMethod": [], "assertionMethod": []}', id="no keys"),
        pytest.param("x" * 100_001, id="too long"),
    ],
)
def test_what_is_no_did_document_is_refused(document: str) -> None:
    with pytest.raises(IssuerKeysWrong):
        KtrRecordFiles().did_of(document)


async def test_a_did_document_must_be_its_own_keys(elsewhere: KtrCredentials) -> None:
    told = json.loads(json.dumps(await elsewhere.did_document()))

    assert KtrRecordFiles().did_of(json.dumps(told)) == "did:web:other.example"
    with pytest.raises(IssuerKeysWrong):
        KtrRecordFiles().did_of(json.dumps({**told, "id": "did:web:victim.example"}))
