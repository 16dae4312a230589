"""Which version of a protocol holds on which day, and who may take which step."""

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from domain.certification.errors import (
    ProtocolDayPast,
    ProtocolNotInForce,
    ProtocolOwnDraft,
    ProtocolStepOutOfOrder,
    ProtocolVersionTaken,
)
from domain.certification.model import ProtocolName
from domain.certification.protocol_versions import (
    ProtocolVersion,
    VersionState,
    difference,
    each_in_force,
    in_force,
    named,
    require_approvable,
    require_in_force,
    require_new,
    require_retirable,
    retired_from,
    state_of,
)
from domain.shared.identifiers import PersonId, TenantId

AT = datetime(2026, 2, 1, tzinfo=UTC)
TODAY = date(2026, 2, 1)
AUTHOR, ANOTHER = PersonId(UUID(int=7)), PersonId(UUID(int=8))


def version(
    sequence: int, *, starts: date | None = None, retired: date | None = None, text: str = "a"
) -> ProtocolVersion:
    return ProtocolVersion(
        version_id=UUID(int=sequence),
        tenant_id=TenantId(2),
        sequence=sequence,
        protocol_id="SH",
        version=f"1.0.{sequence}",
        text=text,
        sha256="ab" * 32,
        note="-",
        drafted_by=AUTHOR,
        drafted_by_name="-",
        drafted_at=AT,
        approved_by=ANOTHER if starts else None,
        approved_at=AT if starts else None,
        in_force_on=starts,
        retired_at=AT if retired else None,
        retired_on=retired,
    )


SHIPPED = version(1)
SECOND = version(2, starts=date(2026, 2, 10))
THIRD = version(3, starts=date(2026, 3, 1), retired=date(2026, 3, 5))
DRAFT = version(4)


@pytest.mark.parametrize(
    ("day", "sequence"),
    [
        pytest.param(date(2026, 2, 9), 1, id="before any approved one: the shipped"),
        pytest.param(date(2026, 2, 10), 2, id="on its first day"),
        pytest.param(date(2026, 3, 1), 3, id="the one that came last"),
        pytest.param(date(2026, 3, 4), 3, id="on its last day"),
        pytest.param(date(2026, 3, 5), 2, id="after it was retired: the one before"),
    ],
)
def test_the_version_of_a_day_is_the_one_that_came_into_force_last(day: date, sequence: int) -> None:
    found = in_force((SHIPPED, SECOND, THIRD, DRAFT), day)

    assert found is not None
    assert found.sequence == sequence


def test_a_later_version_never_changes_what_held_on_an_earlier_day() -> None:
    before = (SHIPPED, SECOND)
    after = (*before, version(5, starts=date(2026, 6, 1)))

    days = [date(2026, month, day) for month in (1, 2, 3, 5) for day in (1, 15)]
    assert [in_force(before, day) for day in days] == [in_force(after, day) for day in days]


def test_each_version_stands_somewhere_every_day() -> None:
    versions = (SHIPPED, SECOND, THIRD, DRAFT)

    assert [state_of(one, versions, date(2026, 2, 20)) for one in versions] == [
        VersionState.REPLACED,
        VersionState.IN_FORCE,
        VersionState.RETIRED,
        VersionState.DRAFT,
    ]
    assert state_of(SECOND, versions, TODAY) is VersionState.APPROVED
    assert state_of(SHIPPED, (SHIPPED,), TODAY) is VersionState.IN_FORCE
    assert in_force((), TODAY) is None


OTHER = replace(version(6, starts=date(2026, 1, 20)), protocol_id="KC-10031")


def test_of_each_protocol_the_version_that_came_last_may_be_named() -> None:
    versions = (SHIPPED, SECOND, THIRD, DRAFT, OTHER)
    day = date(2026, 2, 20)

    assert each_in_force(versions, day) == (SECOND, OTHER)
    assert require_in_force(versions, OTHER.name, day) == OTHER
    assert [state_of(one, versions, day) for one in (SECOND, OTHER)] == [VersionState.IN_FORCE] * 2
    assert named(versions, SHIPPED.name) == SHIPPED  # what was replaced is still found by who named it then


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(SHIPPED.name, id="replaced"),
        pytest.param(THIRD.name, id="not yet"),
        pytest.param(DRAFT.name, id="a draft"),
        pytest.param(ProtocolName(protocol_id="SH", version="9"), id="none of it"),
    ],
)
def test_a_version_that_is_not_in_force_is_not_named(name) -> None:
    with pytest.raises(ProtocolNotInForce) as refusal:
        require_in_force((SHIPPED, SECOND, THIRD, DRAFT), name, date(2026, 2, 20))

    assert refusal.value.facts["in_force"] == "SH 1.0.2"


@pytest.mark.parametrize(
    ("one", "by", "day", "error"),
    [
        pytest.param(DRAFT, AUTHOR, TODAY, ProtocolOwnDraft, id="by its author"),
        pytest.param(DRAFT, ANOTHER, date(2026, 1, 31), ProtocolDayPast, id="for yesterday"),
        pytest.param(SECOND, ANOTHER, TODAY, ProtocolStepOutOfOrder, id="a second time"),
        pytest.param(THIRD, ANOTHER, TODAY, ProtocolStepOutOfOrder, id="when retired"),
        pytest.param(SHIPPED, ANOTHER, TODAY, ProtocolStepOutOfOrder, id="the shipped one"),
    ],
)
def test_an_approval_is_refused(one, by, day, error) -> None:
    with pytest.raises(error):
        require_approvable(one, by=by, in_force_on=day, today=TODAY)


def test_another_person_approves_for_today_or_later() -> None:
    require_approvable(DRAFT, by=ANOTHER, in_force_on=TODAY, today=TODAY)
    require_retirable(SECOND)
    assert retired_from(TODAY) == date(2026, 2, 2)


@pytest.mark.parametrize("one", [SHIPPED, THIRD])
def test_the_shipped_and_the_retired_are_not_retired(one) -> None:
    with pytest.raises(ProtocolStepOutOfOrder):
        require_retirable(one)


def test_another_text_takes_another_version() -> None:
    require_new("SH", "2.0.0", (SHIPPED,))
    with pytest.raises(ProtocolVersionTaken):
        require_new("SH", "1.0.1", (SHIPPED,))


def test_a_difference_names_the_lines_that_changed() -> None:
    after = replace(version(2), text="a\nc")

    assert difference(replace(SHIPPED, text="a\nb"), after)[3:] == (" a", "-b", "+c")
