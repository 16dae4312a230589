import json

import pytest

from domain.passport.digital_link import DigitalLink, gtin_check_digit
from domain.passport.errors import IdentifierMalformed


def test_a_product_uri_is_read_and_written_alike() -> None:
    link = DigitalLink.parse("https://id.sunhwan.example/01/09506000134352/21/SH-0001")

    assert (link.gtin, link.serial, str(link)) == (
        "09506000134352",
        "SH-0001",
        "https://id.sunhwan.example/01/09506000134352/21/SH-0001",
    )
    assert link.element_string == "(01) 09506000134352 (21) SH-0001"


def test_a_check_digit_is_computed_by_weights_of_three_and_one() -> None:
    assert gtin_check_digit("0950600013435") == 2


def test_a_serial_with_a_slash_is_percent_encoded() -> None:
    link = DigitalLink(scheme="https", host="example.com", gtin="09506000134352", serial="A/B")

    assert str(link) == "https://example.com/01/09506000134352/21/A%2FB"
    assert DigitalLink.parse(str(link)) == link


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "not a uri",
        "ftp://example.com/01/09506000134352/21/A",
        "https://example.com/01/09506000134351/21/A",
        "https://example.com/01/9506000134352/21/A",
        "https://example.com/01/09506000134352",
        "https://example.com/01/09506000134352/21/",
        "https://example.com/01/09506000134352/21/ABCDEFGHIJKLMNOPQRSTU",
        "https://example.com/01/09506000134352/21/배터리",
        "https://example.com/01/09506000134352/21/A?x=1",
        "https://user@example.com/01/09506000134352/21/A",
        "https://[::1/01/09506000134352/21/A",
        "https://example.com/01/09506000134352/21/A/10/B",
        "https://example.com/01/09506000134352/21/" + "A" * 300,
    ],
)
def test_anything_else_is_malformed(uri) -> None:
    with pytest.raises(IdentifierMalformed):
        DigitalLink.parse(uri)


@pytest.mark.shared
def test_every_invalid_vector_from_outside_is_refused_and_the_one_of_a_single_item_is_read(shared) -> None:
    vectors = json.loads((shared / "conformance/gs1-digital-link/dl_uri_parse_vectors.json").read_text())
    invalid = [vector["uri"] for vector in vectors if not vector["valid"]]
    assert len(invalid) == 45
    for uri in invalid:
        with pytest.raises(IdentifierMalformed):
            DigitalLink.parse(uri)

    link = DigitalLink.parse("https://id.gs1.org/01/09520123456788/21/12345")
    assert {"valid": True, "uri": str(link), "ai_element_string": "^0109520123456788" + "2112345"} in vectors
