from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.identity import passwords, recovery, totp
from domain.identity.errors import PasswordTooCommon

RFC_SECRET = b"12345678901234567890"


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    """RFC 6238, appendix B, SHA-1."""
    at = datetime.fromtimestamp(seconds, UTC)

    assert totp.code_at(RFC_SECRET, totp.step_at(at), digits=8) == code


@pytest.mark.parametrize(
    ("counter", "code"),
    list(
        enumerate(["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"])
    ),
)
def test_counted_codes_are_those_of_the_standard(counter: int, code: str) -> None:
    """RFC 4226, appendix D."""
    assert totp.code_at(RFC_SECRET, counter) == code


@given(st.integers(0, 2**40), st.integers(-3, 3), st.one_of(st.none(), st.integers(-3, 3)))
def test_a_code_fits_its_own_step_and_the_neighbours_and_none_before_the_last(base, shift, last) -> None:
    now = datetime.fromtimestamp(base % 4_000_000_000 + 100, UTC)
    present = totp.step_at(now)
    after = None if last is None else present + last
    code = totp.code_at(RFC_SECRET, present + shift)

    found = totp.step_of(code, RFC_SECRET, now=now, after=after)

    if found is not None:
        assert abs(found - present) <= 1
        assert after is None or found > after
    elif abs(shift) <= 1:
        assert after is not None
        assert present + shift <= after


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "٠٠٠٠٠٠", "94287 82"])
def test_what_is_no_code_fits_nothing(code: str) -> None:
    assert totp.step_of(code, RFC_SECRET, now=datetime.fromtimestamp(59, UTC), after=None) is None


def test_an_apps_address_carries_secret_and_names_in_ascii() -> None:
    uri = totp.enrolment_uri(RFC_SECRET, issuer="Sunhwan", account="김운영@순환")

    assert uri.isascii()
    assert uri.startswith("otpauth://totp/Sunhwan%3A%EA%B9%80")
    assert uri.endswith("?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Sunhwan")
    assert len(totp.enrolment_uri(RFC_SECRET, issuer="Sunhwan", account="순" * 100)) < 400


def test_a_recovery_code_reads_in_four_groups_and_is_hashed_however_typed() -> None:
    code = recovery.code_of("00" * 9 + "ff")

    assert code == "AAAA-AAAA-AAAA-AAH7"
    assert recovery.plain(" aaaa-AAAA aaaaaah7") == recovery.plain(code)
    with pytest.raises(ValueError, match="80 random bits"):
        recovery.code_of("00" * 9)


@pytest.mark.parametrize(
    "password",
    [
        "password1234!",
        "P@ssw0rd2026!",
        "qwerty123456",
        "Sunhwan2026!!",
        "1q2w3e4r5t6y",
        "비밀번호비밀번호1234",
        "abcabcabcabc",
        "aaaaaaaaaaaaaaaa",
        "wrong wrong wrong",
        "qlalfqjsgh123!",
        "zxcvbnm,./asdf",
        "iloveyou20201231",
    ],
)
def test_what_guessers_try_first_is_no_password(password: str) -> None:
    with pytest.raises(PasswordTooCommon):
        passwords.check(password, names=())


@pytest.mark.parametrize(
    "password",
    ["wire-rope-2026-gumi", "long enough words", "a1b2-c3d4-e5f6-0718", "초록 자전거가 비를 맞는다", "kV9#rT2!mQx8"],
)
def test_what_is_ones_own_is_a_password(password: str) -> None:
    passwords.check(password, names=("kim", "한빛정밀", "Hanbit Precision"))


@given(st.text(min_size=12, max_size=64))
def test_every_text_is_judged(text: str) -> None:
    assert 0 <= passwords.own_characters(text.casefold()) <= len(text.casefold())
