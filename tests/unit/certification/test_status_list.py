"""The bits that say which certificates are suspended or have ended."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.certification.errors import StatusListMalformed
from domain.certification.model import CertificateStatus
from domain.certification.status_list import (
    PLACES,
    Purpose,
    StatusPlace,
    bit_at,
    candidates,
    decoded,
    encoded,
    entries_of,
    is_set,
    list_document,
    sets_bit,
    status_entries,
)

AT = datetime(2026, 11, 22, 3, 4, tzinfo=UTC)
BASE = "https://sunhwan.example"


@pytest.mark.shared
def test_the_vector_of_the_standard_is_met(shared: Path):
    (vector,) = json.loads((shared / "conformance/w3c-bitstring-status-list/vectors.json").read_text())

    bits = decoded(vector["encodedList"])

    assert len(bits) * 8 == vector["expected_bits"] == PLACES
    assert not any(bits)
    assert encoded(()) == vector["encodedList"]


@settings(max_examples=40)
@given(st.sets(st.integers(0, PLACES - 1), max_size=30))
def test_exactly_the_places_that_were_set_are_set(places):
    bits = decoded(encoded(places))

    assert {8 * at + bit for at, byte in enumerate(bits) if byte for bit in range(8) if byte & 0x80 >> bit} == places
    assert all(bit_at(bits, place) for place in places)


def test_place_0_is_the_left_most_bit():
    assert decoded(encoded([0]))[0] == 0b1000_0000
    assert decoded(encoded([15]))[:2] == b"\x00\x01"


@pytest.mark.parametrize("place", [-1, PLACES])
def test_a_place_outside_the_list_is_neither_set_nor_read(place):
    with pytest.raises(ValueError, match="lies outside"):
        encoded([place])
    with pytest.raises(StatusListMalformed):
        bit_at(decoded(encoded(())), place)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("z" + encoded(())[1:], id="another base"),
        pytest.param("u****", id="no base64url"),
        pytest.param("uAAAA", id="no gzip"),
        pytest.param(encoded(())[:-8], id="cut short"),
        pytest.param(encoded((), length=65_536), id="too few places"),
        pytest.param(encoded((), length=8 * 64 * 1024 * 1024), id="a bomb"),
        pytest.param("u" + "A" * 2_000_000, id="too long"),
    ],
)
def test_what_is_no_list_is_refused(text):
    with pytest.raises(StatusListMalformed):
        decoded(text)


def test_places_are_drawn_by_lot_and_lead_on_to_further_lists():
    drawn = candidates("ab" * 16)

    assert drawn == candidates("ab" * 16) != candidates("ac" * 16)
    assert {one.list_number for one in drawn} == {1, 2, 3, 4}
    assert all(0 <= one.place < PLACES for one in drawn)


def test_what_a_bit_means():
    assert [status for status in CertificateStatus if sets_bit(status, Purpose.SUSPENSION)] == ["suspended"]
    assert [status for status in CertificateStatus if sets_bit(status, Purpose.REVOCATION)] == ["revoked", "superseded"]


def record(place=7):
    return {"credentialStatus": status_entries(StatusPlace(list_number=1, place=place), base_url=BASE)}


def published(purpose, *places, **changed):
    made = list_document(
        issuer="did:web:sunhwan.example", base_url=BASE, purpose=purpose, list_number=1, places=places, at=AT
    )
    return {**made, **changed}


def test_a_record_finds_its_own_bit():
    revoked, suspended = entries_of(record(7))

    assert (revoked.purpose, revoked.place) == (Purpose.REVOCATION, 7)
    assert revoked.address == "https://sunhwan.example/status/revocation/1"
    assert is_set(revoked, published(Purpose.REVOCATION, 7), at=AT)
    assert not is_set(revoked, published(Purpose.REVOCATION, 6, 8), at=AT)
    assert not is_set(suspended, published(Purpose.SUSPENSION), at=AT)
    assert entries_of({}) == ()


def test_a_list_of_another_purpose_address_or_day_says_nothing():
    revoked, _ = entries_of(record())

    for wrong, at in (
        (published(Purpose.SUSPENSION, 7), AT),
        (published(Purpose.REVOCATION, id=f"{BASE}/status/revocation/2"), AT),
        (published(Purpose.REVOCATION, type=["VerifiableCredential"]), AT),
        (published(Purpose.REVOCATION), AT + timedelta(days=1, seconds=1)),
        ({}, AT),
    ):
        with pytest.raises(StatusListMalformed):
            is_set(revoked, wrong, at=at)


@pytest.mark.parametrize(
    "entry",
    [
        "text",
        {},
        {"type": "BitstringStatusListEntry", "statusPurpose": "revocation", "statusListIndex": "-1"},
        {"type": "BitstringStatusListEntry", "statusPurpose": "revocation", "statusListIndex": 5},
        {
            "type": "BitstringStatusListEntry",
            "statusPurpose": "message",
            "statusListIndex": "5",
            "statusListCredential": BASE,
        },
    ],
)
def test_an_entry_that_is_not_understood_is_never_taken_for_good(entry):
    with pytest.raises(StatusListMalformed):
        entries_of({"credentialStatus": entry})
