"""Which new passwords are taken: long ones, that no guesser tries first and that hold nobody's name.

Kinds of characters are not asked for and nothing expires: both make passwords worse
(NIST SP 800-63B-4, clause 3.1.1.2; KISA 패스워드 선택 및 이용 안내서 asks for length as well).
"""

from collections.abc import Iterable

from domain.identity.errors import PasswordHoldsName, PasswordTooCommon, PasswordTooWeak

LENGTH_MIN, LENGTH_MAX = 12, 256
_OWN_CHARACTERS_MIN = 6
"""Letters and digits that are no common word, row of keys, year or repetition."""

_NAME_LENGTH_MIN = 3

_COMMON = """
    password passwort passwd pass secret letmein welcome hello admin administrator root user guest test tester
    default changeme master login access security server system manager office company samsung hyundai naver kakao
    korea seoul busan daegu gumi incheon love lovely iloveyou baby angel princess sunshine summer winter spring
    autumn flower monkey dragon tiger eagle wolf football baseball soccer basketball michael jordan superman batman
    pokemon starwars freedom whatever trustno shadow killer computer internet google apple orange banana cookie
    chocolate coffee money lucky happy friend family forever jesus christ hunter ranger soldier pepper ginger
    sunhwan battery batteries charge energy power electric solar meter operator approver tenant finance auditor
    january february march april june july august september october november december monday tuesday wednesday
    thursday friday saturday sunday sarang saranghae daehan minguk hanguk annyeong bimil bimilbeonho
    qlalfqjsgh dkssud tkfkd tkfkdgo eogksalsrnr qotjfl abc abcd qwer asdf zxcv qwerty qwertz azerty asdfgh zxcvbn
    비밀번호 사랑해 안녕 대한민국 관리자 순환 배터리 패스워드 암호
"""
_WORDS = frozenset(_COMMON.split())
"""Chosen by hand: what people put into passwords, also Korean words typed on an English keyboard."""

_WORD_LENGTHS = tuple(sorted({len(word) for word in _WORDS}, reverse=True))
_ROWS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn",
    "1q2w3e4r5t6y7u8i9o0p",
)
_RUN_LENGTH_MIN = 3
_LOOKALIKES = str.maketrans({"@": "a", "4": "a", "3": "e", "1": "i", "!": "i", "0": "o", "$": "s", "5": "s", "7": "t"})


def check(password: str, *, names: Iterable[str]) -> None:
    """Refuse a new password that is too short, too long, easily guessed, or holds one of `names`.

    Raises:
        PasswordTooWeak: it has fewer than 12 or more than 256 characters.
        PasswordHoldsName: it holds a name of three characters or more.
        PasswordTooCommon: it has fewer than six different characters of its own.
    """
    if not LENGTH_MIN <= len(password) <= LENGTH_MAX:
        raise PasswordTooWeak(shortest=LENGTH_MIN, longest=LENGTH_MAX)
    folded = password.casefold()
    bare = _bare(folded)
    for name in names:
        # A long name is also looked for part by part: "Hanbit Precision" forbids "hanbit".
        for part in {_bare(name.casefold()), *(_bare(word) for word in name.casefold().split())}:
            if len(part) >= _NAME_LENGTH_MIN and part in bare:
                raise PasswordHoldsName
    if min(own_characters(folded), own_characters(folded.translate(_LOOKALIKES))) < _OWN_CHARACTERS_MIN:
        raise PasswordTooCommon


def own_characters(folded: str) -> int:
    """Return how many different letters and digits are left beside common words, rows, years and repetitions."""
    left = 0
    place = 0
    while place < len(folded):
        common = _common_length(folded, place)
        if common:
            place += common
            continue
        left += folded[place].isalnum() and folded[place] not in folded[:place]
        place += 1
    return left


def _common_length(text: str, place: int) -> int:
    """Return how many characters from `place` on are one common piece."""
    word = next((size for size in _WORD_LENGTHS if text[place : place + size] in _WORDS), 0)
    year = 4 if text[place : place + 2] in ("19", "20") and text[place : place + 4].isdecimal() else 0
    return max(word, year, _run_length(text, place))


def _run_length(text: str, place: int) -> int:
    same = 1
    while text[place + same : place + same + 1] == text[place]:
        same += 1
    longest = same
    for row in _ROWS:
        for line in (row, row[::-1]):
            size = _RUN_LENGTH_MIN
            while place + size <= len(text) and text[place : place + size] in line:
                longest = max(longest, size)
                size += 1
    return longest if longest >= _RUN_LENGTH_MIN else 0


def _bare(text: str) -> str:
    return "".join(one for one in text if one.isalnum())
