"""Quotas: how much one sender and one organisation may ask, as buckets that fill by themselves."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from domain.shared.errors import Unavailable
from domain.shared.identifiers import TenantId


class Kind(StrEnum):
    """What is counted."""

    LOOKS = "looks"
    CHANGES = "changes"
    VALUES = "values"
    STRANGERS = "strangers"


class QuotaExceeded(Unavailable):
    """The sender, or its whole organisation, asked for more than its share."""

    code = "http.quota-exceeded"
    title_ko = "허용된 요청량을 넘었습니다. {retry_after_s}초 뒤에 다시 시도해 주세요."
    title_en = "You asked for more than your share; try again in {retry_after_s} seconds."


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """A bucket holds `burst` and fills by `rate_per_s`; a process takes `batch` at a time."""

    rate_per_s: int
    burst: int
    batch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """Whose bucket, and of what; `holder` is a person's or key's id, `*` for all of it, or where a stranger is."""

    tenant_id: TenantId
    holder: str
    kind: Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """How much was taken from a bucket, and what is left in it."""

    granted: int
    left: int


class Buckets(Protocol):
    """Every process's buckets, kept in one place."""

    async def take(self, bucket: Bucket, *, want: int, quota: Quota) -> Taken:
        """Take up to `want` from a bucket after filling it for the time that passed; one that is new is full."""
        ...
