import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.passport.errors import ObservedInTheFuture, SealBroken, StepOutOfOrder
from domain.passport.model import Entry, EntryKind, Fact, Head, PackState
from domain.passport.sealing import append, empty_head, seal_of, verify
from domain.shared.actor import Role
from domain.shared.identifiers import EventId, PackId, PersonId, TenantId
from domain.shared.time import SEOUL
from tests.fakes.system import NOON, someone

PACK = PackId(UUID(int=1))
KINDS = (EntryKind.MANUFACTURED, EntryKind.INSTALLED_IN_VEHICLE, EntryKind.REMOVED, EntryKind.COLLECTED)


def history(length: int = 4) -> tuple[list[Entry], Head]:
    head, entries = empty_head(PACK), []
    for number, kind in enumerate(KINDS[:length]):
        entry, head = append(
            head,
            Fact(kind=kind, occurred_at=NOON, particulars={"km": number}),
            event_id=EventId(UUID(int=100 + number)),
            holder=TenantId(3),
            actor=someone(Role.OPERATOR),
            now=NOON + timedelta(minutes=number),
        )
        entries.append(entry)
    return entries, head


def test_an_untouched_history_verifies_and_says_how_long_it_is() -> None:
    entries, head = history()

    assert verify(entries, head) == 4


def test_a_seal_is_the_hash_of_exactly_this_text() -> None:
    entries, _ = history(1)

    text = (
        '{"actor_id":"00000000-0000-0000-0000-000000000384","actor_name":"김시험",'
        '"event_id":"00000000-0000-0000-0000-000000000064","holder":3,"kind":"manufactured",'
        '"occurred_at":"2026-06-01T03:00:00.000000Z","pack_id":"00000000-0000-0000-0000-000000000001",'
        '"payload":"{\\"km\\":0}","previous_seal":"' + "0" * 64 + '",'
        '"recorded_at":"2026-06-01T03:00:00.000000Z","sequence":1}'
    )
    assert entries[0].seal == hashlib.sha256(text.encode()).digest()


@pytest.mark.parametrize(
    ("tamper", "first_broken", "reason"),
    [
        pytest.param(lambda h: [h[0], replace(h[1], payload='{"km":9}'), *h[2:]], 2, "altered", id="altered"),
        pytest.param(lambda h: [h[0], *h[2:]], 2, "missing", id="missing"),
        pytest.param(lambda h: [h[1], h[0], *h[2:]], 1, "missing", id="reordered"),
        pytest.param(lambda h: h[:3], 4, "missing", id="tail cut off"),
        pytest.param(lambda h: [replace(h[0], sequence=1, seal=b"x" * 32), *h[1:]], 1, "altered", id="other seal"),
        pytest.param(lambda h: [*h, replace(h[3], sequence=5, previous_seal=h[3].seal)], 5, "altered", id="appended"),
    ],
)
def test_a_touched_history_names_the_first_broken_entry(tamper, first_broken, reason) -> None:
    entries, head = history()

    with pytest.raises(SealBroken) as caught:
        verify(tamper(entries), head)

    assert caught.value.facts == {"sequence": first_broken, "reason": reason}


def test_a_re_chained_entry_still_breaks_the_one_after_it() -> None:
    entries, head = history()
    forged = replace(entries[1], payload='{"km":9}')
    forged = replace(forged, seal=seal_of(forged))

    with pytest.raises(SealBroken) as caught:
        verify([entries[0], forged, *entries[2:]], head)

    assert caught.value.facts == {"sequence": 3, "reason": "chain"}


def test_a_wholly_rewritten_tail_disagrees_with_the_head() -> None:
    entries, head = history()
    forged = replace(entries[3], payload='{"km":9}')
    forged = replace(forged, seal=seal_of(forged))

    with pytest.raises(SealBroken) as caught:
        verify([*entries[:3], forged], head)

    assert caught.value.facts == {"sequence": 4, "reason": "head"}


FIELDS = {
    "holder": TenantId(4),
    "kind": EntryKind.BILLED,
    "occurred_at": NOON - timedelta(microseconds=1),
    "recorded_at": NOON + timedelta(hours=1),
    "actor_id": PersonId(UUID(int=7)),
    "actor_name": "박시험",
    "event_id": EventId(UUID(int=8)),
    "payload": "{}",
}


@pytest.mark.parametrize("field", FIELDS)
def test_every_field_of_an_entry_is_under_its_seal(field) -> None:
    entries, head = history()
    entries[2] = replace(entries[2], **{field: FIELDS[field]})

    with pytest.raises(SealBroken) as caught:
        verify(entries, head)

    assert caught.value.facts["sequence"] == 3


def test_an_equal_instant_in_another_zone_seals_alike() -> None:
    entries, _ = history(1)
    seoul = entries[0].recorded_at.astimezone(SEOUL)

    assert seal_of(replace(entries[0], recorded_at=seoul)) == entries[0].seal


def test_a_fact_of_the_future_is_refused() -> None:
    with pytest.raises(ObservedInTheFuture):
        append(
            empty_head(PACK),
            Fact(kind=EntryKind.MANUFACTURED, occurred_at=NOON + timedelta(seconds=1), particulars={}),
            event_id=EventId(UUID(int=1)),
            holder=TenantId(1),
            actor=someone(Role.OPERATOR),
            now=NOON,
        )


@pytest.mark.parametrize("kind", [kind for kind in EntryKind if kind is not EntryKind.MANUFACTURED])
def test_a_pack_is_first_of_all_manufactured(kind) -> None:
    with pytest.raises(StepOutOfOrder) as caught:
        append(
            empty_head(PACK),
            Fact(kind=kind, occurred_at=NOON, particulars={}),
            event_id=EventId(UUID(int=1)),
            holder=TenantId(1),
            actor=someone(Role.OPERATOR),
            now=NOON,
        )

    assert caught.value.facts == {"state": "unborn", "kind": kind}


def test_a_pack_that_is_not_graded_for_reuse_is_rejected() -> None:
    head = replace(empty_head(PACK), state=PackState.UNDER_TEST)

    _, after = append(
        head,
        Fact(kind=EntryKind.GRADED, occurred_at=NOON, particulars={"disposition": "recycle"}),
        event_id=EventId(UUID(int=1)),
        holder=TenantId(1),
        actor=someone(Role.TESTER),
        now=NOON,
    )

    assert after.state is PackState.REJECTED


@given(st.integers(0, 3), st.binary(min_size=32, max_size=32))
def test_no_other_seal_fits(place, seal) -> None:
    entries, head = history()
    if seal == entries[place].seal:
        return
    entries[place] = replace(entries[place], seal=seal)

    with pytest.raises(SealBroken):
        verify(entries, head)


def test_a_certificate_before_approval_is_out_of_order() -> None:
    head = replace(empty_head(PACK), state=PackState.GRADED)

    with pytest.raises(StepOutOfOrder):
        append(
            head,
            Fact(kind=EntryKind.CERTIFIED, occurred_at=datetime(2026, 1, 1, tzinfo=UTC), particulars={}),
            event_id=EventId(UUID(int=1)),
            holder=TenantId(1),
            actor=someone(Role.APPROVER),
            now=NOON,
        )
