from datetime import UTC, date, datetime, timedelta, timezone
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.shared.canonical import canonical_text
from domain.shared.errors import DomainError
from domain.shared.money import split_by_weight, truncated_krw, vat_krw
from domain.shared.time import Interval, Month, day_start, seoul_day, utc_text


@pytest.mark.parametrize(
    ("micro", "won"), [(1_120_926_000, 1120), (999_999, 0), (-999_999, 0), (-1_005_900_000, -1005), (0, 0)]
)
def test_a_fraction_of_a_won_is_cut_towards_zero(micro, won) -> None:
    assert truncated_krw(micro) == won


@pytest.mark.parametrize(("taxable", "vat"), [(1_732_645, 173_264), (9, 0), (-1005, -100), (10, 1)])
def test_vat_is_a_tenth_cut_once(taxable, vat) -> None:
    assert vat_krw(taxable) == vat


def test_a_split_keeps_every_won() -> None:
    assert split_by_weight(100_000, (10, 21)) == (32_258, 67_742)


@given(st.integers(0, 10**12), st.lists(st.integers(0, 10**6), min_size=1, max_size=20).filter(any))
def test_parts_add_up_and_none_is_a_won_off_its_share(total, weights) -> None:
    parts = split_by_weight(total, tuple(weights))

    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - Fraction(total * weight, sum(weights))) < 1


@pytest.mark.parametrize("weights", [(), (0, 0), (1, -1)])
def test_a_split_needs_weights(weights) -> None:
    with pytest.raises(ValueError):
        split_by_weight(1, weights)


def test_a_seoul_day_begins_at_fifteen_hours_utc() -> None:
    assert day_start(date(2026, 10, 1)) == datetime(2026, 9, 30, 15, tzinfo=UTC)
    assert seoul_day(datetime(2026, 9, 30, 14, 59, 59, tzinfo=UTC)) == date(2026, 9, 30)
    assert seoul_day(datetime(2026, 9, 30, 15, tzinfo=UTC)) == date(2026, 10, 1)


@pytest.mark.parametrize(
    ("text", "days", "following"), [("2026-02", 28, "2026-03"), ("2024-02", 29, "2024-03"), ("2026-12", 31, "2027-01")]
)
def test_a_month_knows_its_days_and_the_next(text, days, following) -> None:
    month = Month.parse(text)

    assert (str(month), month.days, str(month.next())) == (text, days, following)
    assert len(month.dates()) == days
    assert month.interval.end_at == month.next().interval.start_at


@pytest.mark.parametrize("text", ["2026-13", "2026-00", "26-01", "2026-1", "2026-01-01", "", "٢٠٢٦-٠١", "1999-12"])
def test_anything_else_is_no_month(text) -> None:
    with pytest.raises(ValueError):
        Month.parse(text)


@pytest.mark.parametrize(
    ("text", "before"), [("2026-03", "2026-02"), ("2026-01", "2025-12"), ("2026-12", "2026-11"), ("2000-01", None)]
)
def test_a_month_knows_the_one_before_as_far_as_months_go(text, before) -> None:
    found = Month.parse(text).before()

    assert (None if found is None else str(found)) == before


def test_an_interval_is_half_open() -> None:
    start, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
    day = Interval(start_at=start, end_at=end)

    assert day.holds(start)
    assert not day.holds(end)
    assert Interval(start_at=start).holds(end)
    with pytest.raises(ValueError):
        Interval(start_at=end, end_at=start)
    with pytest.raises(ValueError):
        Interval(start_at=datetime(2026, 1, 1))


def test_one_instant_has_one_spelling() -> None:
    seoul = datetime(2026, 1, 1, 9, tzinfo=timezone(timedelta(hours=9)))

    assert utc_text(seoul) == utc_text(seoul.astimezone(UTC)) == "2026-01-01T00:00:00.000000Z"
    with pytest.raises(ValueError):
        utc_text(datetime(2026, 1, 1))


def test_canonical_text_is_sorted_and_tight() -> None:
    assert canonical_text({"b": [1, True, None], "a": "가\n"}) == '{"a":"가\\n","b":[1,true,null]}'


@pytest.mark.parametrize("value", [1.5, {"가": 1}, {"a": {1: 2}}, object(), {"a": 1.0}])
def test_what_has_no_one_spelling_is_never_hashed(value) -> None:
    with pytest.raises(ValueError):
        canonical_text(value)


def _all_errors(kind: type[DomainError] = DomainError) -> list[type[DomainError]]:
    import app.cli  # noqa: F401  (imports every room)

    found = []
    for sub in kind.__subclasses__():
        found += [sub, *_all_errors(sub)]
    return found


def test_every_error_has_a_code_of_its_own_and_says_itself_in_both_languages() -> None:
    kinds = {"NotFound", "NotAllowed", "Conflict", "RuleBroken", "Unverified", "Unavailable"}
    errors = [one for one in _all_errors() if one.__name__ not in kinds and one.__module__.split(".")[0] != "tests"]
    codes = [one.code for one in errors]

    assert len(errors) > 80
    assert len(set(codes)) == len(codes)
    for one in errors:
        assert one.code != "shared.error", one
        assert one.title_ko != DomainError.title_ko, one
        assert one.title_en != DomainError.title_en, one
        assert one.code.count(".") == 1, one
