"""The life of a pack as a table: a certificate that ends or comes back, at whatever place the pack stands."""

from datetime import UTC, datetime

import pytest

from domain.passport.errors import StepOutOfOrder
from domain.passport.life import may_follow, state_after
from domain.passport.model import EntryKind, Fact, PackState

AT_THE_BODY = ("received", "under_test", "graded", "approved", "rejected")
BEFORE = ("unborn", "manufactured", "ev_in_use", "removed", "collected")


def after(state: str, kind: EntryKind, **particulars: str) -> str:
    fact = Fact(kind=kind, occurred_at=datetime(2026, 1, 1, tzinfo=UTC), particulars=particulars)
    return state_after(PackState(state), fact).value


@pytest.mark.parametrize("state", ["certified", "second_life", "in_service", "suspended"])
def test_a_certificate_that_ends_suspends_its_pack_also_a_second_time(state: str) -> None:
    assert after(state, EntryKind.CERTIFICATE_ENDED) == "suspended"


@pytest.mark.parametrize("state", AT_THE_BODY)
def test_what_happens_to_the_old_certificate_leaves_a_running_inspection_where_it_is(state: str) -> None:
    for kind in (EntryKind.CERTIFICATE_ENDED, EntryKind.CERTIFICATE_REINSTATED, EntryKind.WITHDRAWN_FROM_USE):
        assert after(state, kind) == state


@pytest.mark.parametrize("state", BEFORE)
def test_a_pack_without_a_certificate_has_none_that_ends(state: str) -> None:
    for kind in (EntryKind.CERTIFICATE_ENDED, EntryKind.CERTIFICATE_REINSTATED, EntryKind.WITHDRAWN_FROM_USE):
        assert not may_follow(PackState(state), kind)
        with pytest.raises(StepOutOfOrder):
            after(state, kind)


@pytest.mark.parametrize("to", ["certified", "second_life", "in_service"])
def test_a_certificate_leads_to_where_its_pack_goes_on_and_nowhere_else(to: str) -> None:
    assert after("approved", EntryKind.CERTIFIED, goes_on_as=to) == to
    assert after("suspended", EntryKind.CERTIFICATE_REINSTATED, goes_on_as=to) == to
    assert after("rejected", EntryKind.CERTIFICATE_REINSTATED, goes_on_as=to) == "rejected"
    assert after("approved", EntryKind.CERTIFIED) == "certified"
    assert after("approved", EntryKind.CERTIFIED, goes_on_as="collected") == "certified"


@pytest.mark.parametrize("state", ["collected", "rejected", "suspended", "second_life", "certified", "in_service"])
def test_a_pack_may_be_received_wherever_it_can_come_from(state: str) -> None:
    assert after(state, EntryKind.RECEIVED) == "received"


@pytest.mark.parametrize("scope", ["module", "cell"])
def test_a_part_is_received_as_it_is_and_a_whole_pack_only_once_it_was_collected(scope):
    assert after("manufactured", EntryKind.RECEIVED, scope=scope) == "received"
    for particulars in ({}, {"scope": "pack"}):
        with pytest.raises(StepOutOfOrder):
            after("manufactured", EntryKind.RECEIVED, **particulars)
    with pytest.raises(StepOutOfOrder):
        after("ev_in_use", EntryKind.RECEIVED, scope=scope)
