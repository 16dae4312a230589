"""The six kinds of error that the field knows; doors translate them, nobody else does."""

from typing import ClassVar

Fact = str | int | bool | None
"""What a fact about an error may be: words and integers, never an object."""


class DomainError(Exception):
    """Something the field forbids or cannot do; `code` is public and never changes.

    Each concrete error sets `code` (`context.what-is-wrong`) and the two titles, one clear
    sentence each, that a person reads at a door. `facts` fill the titles' `{placeholders}`.
    """

    code: ClassVar[str] = "shared.error"
    title_ko: ClassVar[str] = "요청을 처리할 수 없습니다."
    title_en: ClassVar[str] = "The request cannot be carried out."

    def __init__(self, **facts: Fact) -> None:
        self.facts = facts
        super().__init__(self.sentence("en"))

    def sentence(self, language: str) -> str:
        """Return the one sentence that says what is wrong, in Korean (`ko`) or English."""
        return self.filled(self.title_ko if language == "ko" else self.title_en)

    def filled(self, text: str) -> str:
        """Return a text with this error's facts in its `{placeholders}`."""
        return text.format_map(
            _Spelled({name: "-" if fact is None else str(fact) for name, fact in self.facts.items()})
        )


class _Spelled(dict[str, str]):
    """Facts as words; one that was not given reads as a dash, for an error must never raise another."""

    def __missing__(self, name: str) -> str:
        return "-"


class NotFound(DomainError):
    """The thing is absent, or not this actor's: both get the same answer."""


class NotAllowed(DomainError):
    """The actor's role does not reach this far."""


class Conflict(DomainError):
    """The thing exists already, or moved meanwhile."""


class RuleBroken(DomainError):
    """The request is well-formed, and a rule of the field forbids it."""


class Unverified(DomainError):
    """A hash, a signature or a certificate does not hold."""


class Unavailable(DomainError):
    """A service outside did not answer in time."""
