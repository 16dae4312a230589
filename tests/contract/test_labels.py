"""What every drawer of labels promises; and that the real ones, printed, say exactly the URI."""

import io
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from datetime import date

import pytest
import typst
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from adapters.documents.typesetter import TypstDocuments
from adapters.qr.labels import QrLabels
from domain.passport.ports import Labels
from domain.shared.documents import DocumentKind
from tests.fakes.document_contents import PRODUCT_URI, VERIFY_URL, content_of, label
from tests.fakes.qr import FakeLabels


@pytest.fixture(params=["fake", "qrcode"])
def labels(request: pytest.FixtureRequest) -> Labels:
    return FakeLabels() if request.param == "fake" else QrLabels()


@pytest.fixture
def documents() -> Iterator[TypstDocuments]:
    made = TypstDocuments()
    yield made
    made.close()


def read(png: bytes) -> list[str]:
    """Return what a reader sees in a picture, top to bottom and left to right."""
    found = zxingcpp.read_barcodes(Image.open(io.BytesIO(png)).convert("L"))
    found.sort(key=lambda code: (round(code.position.top_left.y / 50), code.position.top_left.x))
    return [code.text for code in found]


def drawn(svg: str) -> bytes:
    """Return an SVG as a PNG."""
    page = (
        '#set page(width: 40mm, height: 40mm, margin: 0mm)\n#image(bytes(sys.inputs.svg), format: "svg", width: 100%)'
    )
    png = typst.compile(page.encode(), format="png", ppi=200.0, sys_inputs={"svg": svg}, ignore_system_fonts=True)
    assert isinstance(png, bytes)
    return png


def test_equal_uris_give_equal_pictures_and_others_other_ones(labels: Labels) -> None:
    assert labels.svg(PRODUCT_URI) == labels.svg(PRODUCT_URI)
    assert labels.png(PRODUCT_URI) == labels.png(PRODUCT_URI)
    assert labels.svg(PRODUCT_URI) != labels.svg(PRODUCT_URI + "4")
    assert labels.png(PRODUCT_URI) != labels.png(PRODUCT_URI + "4")
    assert labels.png(PRODUCT_URI, module_px=4) != labels.png(PRODUCT_URI, module_px=8)


def test_an_svg_and_a_png_say_what_they_are(labels: Labels) -> None:
    assert ElementTree.fromstring(labels.svg(PRODUCT_URI)).tag == "{http://www.w3.org/2000/svg}svg"
    assert labels.png(PRODUCT_URI).startswith(b"\x89PNG\r\n\x1a\n")


@pytest.mark.parametrize("uri", ["", "https://예시.kr/01/1", "https://example.kr/\n"])
def test_a_uri_that_is_not_printable_ascii_is_refused(labels: Labels, uri: str) -> None:
    with pytest.raises(ValueError, match="URI"):
        labels.svg(uri)
    with pytest.raises(ValueError, match="URI"):
        labels.png(uri)


@pytest.mark.parametrize("module_px", [0, 65])
def test_a_module_has_a_sensible_size(labels: Labels, module_px: int) -> None:
    with pytest.raises(ValueError, match="1 to 64 pixels"):
        labels.png(PRODUCT_URI, module_px=module_px)


def test_a_uri_that_is_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match="1 to 512"):
        QrLabels().svg("https://example.kr/" + "a" * 500)


def test_the_svg_obeys_a_strict_page_policy() -> None:
    svg = QrLabels().svg(PRODUCT_URI)

    assert 'viewBox="0 0 45 45"' in svg
    assert not re.search(r"style|<script|href|url\(", svg)


def test_a_hostile_uri_cannot_leave_its_attribute() -> None:
    svg = QrLabels().svg('https://example.kr/"><script>alert(1)</script>')

    root = ElementTree.fromstring(svg)
    assert root.attrib["aria-label"] == 'QR https://example.kr/"><script>alert(1)</script>'
    assert [child.tag for child in root] == ["{http://www.w3.org/2000/svg}path"] * 2


def test_the_quiet_zone_is_four_modules_on_every_side() -> None:
    png = QrLabels().png(PRODUCT_URI, module_px=1)

    picture = Image.open(io.BytesIO(png)).convert("L")
    dark = picture.point(lambda value: 255 - value).getbbox()
    assert picture.size == (45, 45)
    assert dark == (4, 4, 41, 41)


@settings(max_examples=25, deadline=None)
@given(st.from_regex(r"https://[a-z]{1,20}\.example/01/[0-9]{14}/21/[A-Z0-9-]{1,20}", fullmatch=True))
def test_a_png_reads_back_as_exactly_its_uri(uri: str) -> None:
    assert read(QrLabels().png(uri)) == [uri]


@pytest.mark.parametrize("uri", [PRODUCT_URI, VERIFY_URL])
def test_an_svg_reads_back_as_exactly_its_uri(uri: str) -> None:
    assert read(drawn(QrLabels().svg(uri))) == [uri]


async def test_a_full_sheet_of_24_labels_reads_back_in_order(documents: TypstDocuments) -> None:
    uris = [f"{PRODUCT_URI}-{number:02d}" for number in range(24)]
    sheet = {"labels": [{**label(QrLabels().svg(uri)), "product_uri": uri} for uri in uris]}

    pages = await documents.pictures(DocumentKind.LABEL_SHEET, sheet, dated_on=date(2026, 11, 21), ppi=150)

    assert [read(page) for page in pages] == [uris]


async def test_a_25th_label_begins_a_second_sheet(documents: TypstDocuments) -> None:
    sheet = {"labels": [label(QrLabels().svg(PRODUCT_URI))] * 25}

    pages = await documents.pictures(DocumentKind.LABEL_SHEET, sheet, dated_on=date(2026, 11, 21), ppi=100)

    assert [len(read(page)) for page in pages] == [24, 1]


async def test_a_printed_symbol_is_at_least_22_mm_wide(documents: TypstDocuments) -> None:
    sheet = {"labels": [label(QrLabels().svg(PRODUCT_URI))]}

    (page,) = await documents.pictures(DocumentKind.LABEL_SHEET, sheet, dated_on=date(2026, 11, 21), ppi=254)

    (code,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(page)).convert("L"))
    dark_mm = (code.position.top_right.x - code.position.top_left.x) / 10
    with_quiet_zone_mm = dark_mm * 45 / 37
    assert with_quiet_zone_mm == pytest.approx(25, abs=0.3)


async def test_a_certificate_carries_a_readable_qr(documents: TypstDocuments) -> None:
    certificate = content_of(DocumentKind.CERTIFICATE, qr_svg=QrLabels().svg(VERIFY_URL))

    page, *_annex = await documents.pictures(
        DocumentKind.CERTIFICATE, certificate, dated_on=date(2026, 11, 21), ppi=150
    )

    assert read(page) == [VERIFY_URL]
