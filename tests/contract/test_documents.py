"""What every printer of documents promises, and what typst's pages say."""

import asyncio
import hashlib
import io
import os
import re
import sys
import unicodedata
from collections.abc import Callable, Iterator
from datetime import date

import pytest
from PIL import Image
from pypdf import PdfReader
from pypdf.generic import StreamObject

from adapters.documents.contents import SHAPES
from adapters.documents.typesetter import DocumentTookTooLong, TypstDocuments
from adapters.qr.labels import QrLabels
from domain.shared.canonical import canonical_text
from domain.shared.documents import DocumentKind, Documents
from tests.fakes.document_contents import PRODUCT_URI, VERIFY_URL, Content, content_of, inner
from tests.fakes.documents import FakeDocuments

DAY = date(2026, 11, 21)
KINDS = tuple(DocumentKind)


@pytest.fixture(scope="module")
def typst() -> Iterator[TypstDocuments]:
    documents = TypstDocuments()
    yield documents
    documents.close()


@pytest.fixture(params=["fake", "typst"])
def documents(request: pytest.FixtureRequest, typst: TypstDocuments) -> Documents:
    return FakeDocuments() if request.param == "fake" else typst


def content(kind: DocumentKind) -> Content:
    return content_of(kind, qr_svg=QrLabels().svg(VERIFY_URL if kind is DocumentKind.CERTIFICATE else PRODUCT_URI))


def pages(pdf: bytes) -> list[str]:
    """Return each page's words without white space, so that a line break does not hide one."""
    return [re.sub(r"\s", "", page.extract_text()) for page in PdfReader(io.BytesIO(pdf)).pages]


def printed(pdf: bytes, *wanted: str) -> list[str]:
    """Return those of the wanted words that the document does not print."""
    text = "".join(pages(pdf))
    return [words for words in wanted if re.sub(r"\s", "", words) not in text]


@pytest.mark.parametrize("kind", KINDS)
async def test_equal_content_and_day_give_equal_bytes(documents: Documents, kind: DocumentKind) -> None:
    first = await documents.typeset(kind, content(kind), dated_on=DAY)
    second = await documents.typeset(kind, dict(reversed(content(kind).items())), dated_on=DAY)

    assert first.startswith(b"%PDF-")
    assert first == second


@pytest.mark.parametrize("kind", KINDS)
async def test_another_day_gives_other_bytes(documents: Documents, kind: DocumentKind) -> None:
    first = await documents.typeset(kind, content(kind), dated_on=DAY)
    second = await documents.typeset(kind, content(kind), dated_on=date(2026, 11, 22))

    assert first != second


@pytest.mark.parametrize(("kind", "key"), [(kind, key) for kind in KINDS for key in SHAPES[kind]])
async def test_a_missing_key_is_named(documents: Documents, kind: DocumentKind, key: str) -> None:
    lacking = content(kind)
    del lacking[key]

    with pytest.raises(ValueError, match=rf"^{kind}: {key} is missing$"):
        await documents.typeset(kind, lacking, dated_on=DAY)


def _without_pack_model(report: Content) -> None:
    del inner(report, "pack")["model"]


def _with_a_number_for_a_quantity(report: Content) -> None:
    report["tests"] = [{"test_id": "T06", "name_ko": "", "name_en": "", "method": None, "quantities": [3]}]


def _with_day(report: Content) -> None:
    report["issued_on"] = "21.11.2026"


def _with_naive_instant(report: Content) -> None:
    inner(report, "approved_by")["at"] = "2026-11-21T05:12:33"


def _with_truth(report: Content) -> None:
    report["soh_ppm"] = True


def _without_tester(report: Content) -> None:
    report["tested_by"] = []


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        pytest.param(_without_pack_model, "test_report: pack.model is missing", id="inner key"),
        pytest.param(
            _with_a_number_for_a_quantity, "test_report: tests[0].quantities[0] is not an object", id="inside a list"
        ),
        pytest.param(_with_day, "test_report: issued_on is not a day, YYYY-MM-DD", id="day"),
        pytest.param(
            _with_naive_instant, "test_report: approved_by.at is not an instant with its offset, in ISO 8601", id="zone"
        ),
        pytest.param(_with_truth, "test_report: soh_ppm is not a whole number or null", id="truth is no number"),
        pytest.param(_without_tester, "test_report: tested_by is empty", id="nobody tested"),
    ],
)
async def test_content_of_another_shape_is_refused_in_words(
    documents: Documents, spoil: Callable[[Content], None], sentence: str
) -> None:
    report = content(DocumentKind.TEST_REPORT)
    spoil(report)

    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        await documents.typeset(DocumentKind.TEST_REPORT, report, dated_on=DAY)


async def test_a_report_shows_the_sixteen_items_of_iso_17025(typst: TypstDocuments) -> None:
    pdf = await typst.typeset(DocumentKind.TEST_REPORT, content(DocumentKind.TEST_REPORT), dated_on=DAY)

    items = {
        "a title": "시험성적서 TEST REPORT",
        "b laboratory": "한국화학융합시험연구원 구미 배터리센터",
        "b address": "경상북도 구미시 수출대로 137",
        "c place": "성능안전동 2시험실 (고정 시설) Performance and safety hall",
        "d number": "KTR-R-2026-000042",
        "d end mark": "— 이하 여백 · End of report —",
        "e applicant": "㈜구미리사이클링",
        "e contact": "김하늘 · 054-000-1234",
        "f method": "BAAS-REUSE-01 version 1.0.0",
        "g item": "LGES-EV60-2019-11-004217",
        "g condition": "외함 긁힘 2곳, 커넥터 이상 없음, 누액 없음.",
        "past told by": "이전 이력의 출처 Source of its past 정비 이력서, 의뢰자 진술",
        "h received": "KTR-A-2026-000311 2026. 11. 10. 08:41 (KST)",
        "request": "신청 번호 Request No. Q-2026-000017",
        "scope": "시험 범위 Scope 배터리 팩 1점: 신청 Q-2026-000017의 3점(팩 1점, 셀 2점) 중 1번",
        "scope in English": "unit 1 of the 3 (1 pack, 2 cells) of request Q-2026-000017",
        "i period": "2026. 11. 10. ~ 2026. 11. 19.",
        "j issued": "발급일 Date of issue 2026. 11. 21.",
        "k sampling": "의뢰자가 제시한 팩 1대를 전수 시험함. 시료 채취 없음",
        "l statement": "결과는 의뢰자가 제시한 시료에 한함",
        "m result with unit": "방전 용량 discharged charge [q_dis] 4.7175 Ah",
        "n deviations": "방법에서 벗어난 사항 Deviations 없음",
        "reviewer": "윤검토 결과를 검토함 results reviewed 2026. 11. 21. 13:02 (KST)",
        "o approver": "정승인 결과를 승인하고 발급함 results approved and issued 2026. 11. 21. 14:12 (KST)",
        "p external": "외부 제공 결과 Results from external providers 없음",
        "ambient": "25 ± 2 ℃, 상대습도 45 ± 10 % 25 ± 2 °C, relative humidity 45 ± 10 %",
        "sampling plan": "Sampling plan BAAS-REUSE-01 1.0.0 · KTR-A-2026-000311",
        "sampling in English": "nothing was sampled",
        "equipment": "CH-03 KC-CAL-2026-0117 2026. 3. 2. 2027. 3. 1.",
        "equipment in words": "T01, T02 육안, 두께 게이지",
        "decision rule": "단순 수용: 측정값이 한계를 넘지 않으면 적합으로 판정하며",
        "verdict": "soh_capacity < 60 94.35 60 % 적합 pass 기관 설정값 set by the body",
        "not assessed": "T09 선택 시험으로 의뢰되지 않음",
        "soh": "94.35 %",
        "usable energy": "20.55 kWh",
        "raw file": hashlib.sha256(b"ndax").hexdigest(),
        "testers": "박시험, 이측정",
        "verify": VERIFY_URL,
    }
    assert printed(pdf, *items.values()) == []


async def test_a_row_of_many_values_is_counted_and_printed_whole_and_a_rules_quantities_stay_in_one_piece(
    typst: TypstDocuments,
) -> None:
    report = content(DocumentKind.TEST_REPORT)
    first = report["tests"][0]
    row = [f"3.{number}" for number in range(600, 696)]
    looked = {"overcharge_voltage_cutoff": "4.25", "overcharge_current_cutoff": "520", "contactors_ok": "true"}
    of_many = {**first["quantities"][0], "quantity": "ocv_cells", "value": ", ".join(row), "unit": "V"}
    of_several = {"measured": ", ".join(f"{key}={value}" for key, value in looked.items()), "limit": "-"}
    report["tests"] = [
        {**first, "quantities": [of_many], "verdicts": [{**first["verdicts"][0], **of_several}]},
        *report["tests"][1:],
    ]

    pdf = await typst.typeset(DocumentKind.TEST_REPORT, report, dated_on=DAY)

    lines = [line for page in PdfReader(io.BytesIO(pdf)).pages for line in page.extract_text().splitlines()]
    assert any("96개" in line for line in lines)
    assert [one for line in lines for one in re.findall(r"3\.\d{3}", line) if one in row] == row
    assert [key for key, value in looked.items() if not any(f"{key} = {value}" in line for line in lines)] == []


@pytest.mark.parametrize(
    ("kind", "of_a_pack", "of_a_part"),
    [
        (DocumentKind.CERTIFICATE, "Make-up직렬", "Make-up43.56V"),
        (DocumentKind.TEST_REPORT, "Modulesinseries12", "Modulesinseries–"),
    ],
)
async def test_a_part_of_a_pack_is_not_said_to_be_made_of_modules(
    typst: TypstDocuments, kind: DocumentKind, of_a_pack: str, of_a_part: str
) -> None:
    whole, part = content(kind), content(kind)
    part["pack"] = {**inner(part, "pack"), "cell_model": None, "modules_in_series": None}

    assert printed(await typst.typeset(kind, whole, dated_on=DAY), of_a_pack) == []
    assert printed(await typst.typeset(kind, part, dated_on=DAY), of_a_part) == []


async def test_every_page_of_a_report_carries_its_number_and_its_place(typst: TypstDocuments) -> None:
    report = content(DocumentKind.TEST_REPORT)
    tests = report["tests"]
    assert isinstance(tests, list)
    report["tests"] = tests * 4

    found = pages(await typst.typeset(DocumentKind.TEST_REPORT, report, dated_on=DAY))

    assert len(found) >= 4
    for place, text in enumerate(found, 1):
        assert "성적서번호ReportNo.KTR-R-2026-000042" in text
        assert f"{place}/{len(found)}" in text
        assert "결과는의뢰자가제시한시료에한함" in text
    assert ["Endofreport" in text for text in found] == [False] * (len(found) - 1) + [True]


async def test_a_certificate_certifies_on_one_page_and_shows_on_what_on_the_next(typst: TypstDocuments) -> None:
    pdf = await typst.typeset(DocumentKind.CERTIFICATE, content(DocumentKind.CERTIFICATE), dated_on=DAY)

    first, second = pages(pdf)
    assert "진위확인" in first
    assert "별지.시험결과와조건" in second
    assert (
        printed(
            pdf,
            "94.35 ± 0.96 %",
            "SOH (에너지) SOH by energy 94.92 %",
            "저항 증가율 Rise of resistance 18.20 %",
            "신청과 시험 범위 Request, scope 배터리 팩 1점: 신청 Q-2026-000017의 3점",
            "시험원 Tested by 박시험, 이측정",
            "검토자 Reviewed by 윤검토",
            "승인자 Approved by 정승인",
            "T06 용량 Capacity 팩 충방전기 1 MW S/N CH-03 · 교정 차기 due 2027. 3. 1.",
            "soh_capacity < 60 94.35 % 60 % 적합 pass",
            "단순 수용: 측정값을 한계값과 직접 비교함 simple acceptance",
            "환경 조건 Ambient 24.8 ℃ 24.8 °C",
            "시료 채취 계획 Sampling plan BAAS-REUSE-01 1.0.0 KTR-A-2026-000311",
            "배상책임보험 Insurance 배상책임보험 제2026-00417호",
            "재사용전지 안전성검사기관 (시범 운영용 표기)",
            "재검사 기한 Re-inspection due 2028. 11. 20.",
            "재사용 배터리 인증서",
            "KTR-C-2026-000017",
            "KTR-R-2026-000042",
            "KR26LGM50T12S0000000123",
            PRODUCT_URI,
            VERIFY_URL,
            "등급 Grade A",
            "20.55 kWh",
            "500.00 Ah · 21.78 kWh",
            "2026. 11. 21. ~ 2028. 11. 20.",
            "2026년 11월 21일",
            "일일 충·방전 0.5C 이하",
            hashlib.sha256(b"credential").hexdigest(),
            hashlib.sha256(b"csv").hexdigest(),
        )
        == []
    )


async def test_an_invoice_explains_each_line_and_adds_up_in_print(typst: TypstDocuments) -> None:
    pdf = await typst.typeset(DocumentKind.INVOICE, content(DocumentKind.INVOICE), dated_on=DAY)

    assert (
        printed(
            pdf,
            "청구서 번호 Invoice No. SH-2026-10-000007",
            "2026년 10월분",
            "납부 기한 Due 2026. 11. 20.",
            "20.549 kWh 6,200 127,403원",
            "10월에 방전한 1,668.50 kWh × kWh당 90.8원, 원 미만 절사",
            "712.4 kWh -12.5 -8,905원",
            "공급가액 Taxable amount 269,997원",
            "부가가치세 10 % VAT 26,999원",
            "합계 Total 296,996원",
            "재생에너지 비율 Renewable share 42.69 %",
            "대구은행 504-10-123456-7 순환에너지서비스",
        )
        == []
    )


@pytest.mark.parametrize("kind", [DocumentKind.TEST_REPORT, DocumentKind.CERTIFICATE, DocumentKind.INVOICE])
async def test_the_content_is_attached_in_its_canonical_spelling(typst: TypstDocuments, kind: DocumentKind) -> None:
    pdf = await typst.typeset(kind, content(kind), dated_on=DAY)

    attached = PdfReader(io.BytesIO(pdf)).attachments
    assert list(attached) == ["result.json"]
    assert attached["result.json"] == [canonical_text(content(kind)).encode()]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_document_claims_archive_and_accessibility_in_korean(typst: TypstDocuments, kind: DocumentKind) -> None:
    pdf = await typst.typeset(kind, content(kind), dated_on=DAY)

    reader = PdfReader(io.BytesIO(pdf))
    root = reader.root_object
    stream = root["/Metadata"].get_object()
    assert isinstance(stream, StreamObject)
    metadata = stream.get_data().decode()
    assert "<pdfaid:part>3</pdfaid:part>" in metadata
    assert "<pdfaid:conformance>A</pdfaid:conformance>" in metadata
    assert "<pdfuaid:part>1</pdfuaid:part>" in metadata
    assert str(root["/Lang"]) == "ko-KR"
    assert "/StructTreeRoot" in root
    assert reader.metadata is not None
    assert reader.metadata.title
    assert str(reader.metadata.get("/CreationDate")).startswith("D:20261121")


async def test_markup_in_content_is_printed_as_it_is(typst: TypstDocuments) -> None:
    name = '#panic("x") <script>alert(1)</script> \\ "따옴표" $x^2$ *b* _i_ @ref `raw` [a] {b} // c &amp;'
    report = content(DocumentKind.TEST_REPORT)
    inner(report, "applicant")["name"] = name

    pdf = await typst.typeset(DocumentKind.TEST_REPORT, report, dated_on=DAY)

    assert printed(pdf, name) == []


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        pytest.param("株式會社", "[U+682A][U+5F0F][U+6703][U+793E]", id="no such glyph"),
        pytest.param("가\u202e나", "가[U+202E]나", id="direction mark"),
        pytest.param("가\x07나", "가[U+0007]나", id="control"),
        pytest.param(unicodedata.normalize("NFD", "한글 파일"), "한글 파일", id="decomposed"),
        pytest.param("똠뷁㈜ Ωµ°±≥", "똠뷁㈜ Ωµ°±≥", id="rare but drawn"),
    ],
)
async def test_what_the_fonts_cannot_draw_is_printed_as_its_code(
    typst: TypstDocuments, written: str, shown: str
) -> None:
    report = content(DocumentKind.TEST_REPORT)
    inner(report, "applicant")["name"] = written

    pdf = await typst.typeset(DocumentKind.TEST_REPORT, report, dated_on=DAY)

    assert printed(pdf, f"의뢰자 Applicant {shown}") == []
    assert PdfReader(io.BytesIO(pdf)).attachments["result.json"] == [canonical_text(report).encode()]


async def test_a_long_word_without_spaces_stays_on_the_page(typst: TypstDocuments) -> None:
    report = content(DocumentKind.TEST_REPORT)
    inner(report, "pack")["model"] = "M" * 120

    first, *_ = await typst.pictures(DocumentKind.TEST_REPORT, report, dated_on=DAY, ppi=254)

    page = Image.open(io.BytesIO(first)).convert("L")
    right_margin = page.crop((page.width - 175, 0, page.width, page.height))
    assert right_margin.getextrema() == (255, 255)
    assert printed(await typst.typeset(DocumentKind.TEST_REPORT, report, dated_on=DAY), "M" * 120) == []


async def test_a_small_energy_is_shown_in_watt_hours(typst: TypstDocuments) -> None:
    report = content(DocumentKind.TEST_REPORT)
    report["usable_energy_wh"] = 206

    pdf = await typst.typeset(DocumentKind.TEST_REPORT, report, dated_on=DAY)

    assert printed(pdf, "Usable energy 206 Wh") == []


async def test_a_picture_that_is_no_svg_is_refused(typst: TypstDocuments) -> None:
    certificate = content(DocumentKind.CERTIFICATE)
    certificate["qr_svg"] = "<svg broken"

    with pytest.raises(ValueError, match=r"^certificate: failed to"):
        await typst.typeset(DocumentKind.CERTIFICATE, certificate, dated_on=DAY)


async def test_a_document_that_takes_too_long_is_unavailable() -> None:
    hurried = TypstDocuments(time_limit_s=0.000_001)

    with pytest.raises(DocumentTookTooLong) as caught:
        await hurried.typeset(DocumentKind.TEST_REPORT, content(DocumentKind.TEST_REPORT), dated_on=DAY)

    hurried.close()
    assert caught.value.facts["kind"] == "test_report"


async def test_another_process_prints_the_same_bytes(typst: TypstDocuments) -> None:
    here = await typst.typeset(DocumentKind.TEST_REPORT, content(DocumentKind.TEST_REPORT), dated_on=DAY)

    program = (
        "import asyncio, hashlib, datetime\n"
        "from adapters.documents.typesetter import TypstDocuments\n"
        "from domain.shared.documents import DocumentKind\n"
        "from tests.fakes.document_contents import content_of\n"
        "kind = DocumentKind.TEST_REPORT\n"
        "made = TypstDocuments().typeset(kind, content_of(kind, qr_svg=''), dated_on=datetime.date(2026, 11, 21))\n"
        "print(hashlib.sha256(asyncio.run(made)).hexdigest())\n"
    )
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        program,
        env={**os.environ, "PYTHONHASHSEED": "7", "TZ": "America/Lima", "LC_ALL": "C"},
        stdout=asyncio.subprocess.PIPE,
    )
    there, _ = await asyncio.wait_for(child.communicate(), timeout=60)

    assert there.decode().strip() == hashlib.sha256(here).hexdigest()
