"""Shapes that several doors share: bounded texts, counts and identifiers."""

from datetime import date, datetime
from typing import Annotated

import msgspec
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import PathParameter, QueryParameter

TEXT_PATTERN = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f]*$"
"""No control characters: PostgreSQL refuses NUL, and nobody prints the others."""

INT4_MAX = 2_147_483_647
SAFE_INT_MAX = 9_007_199_254_740_991
"""The largest integer that JavaScript reads exactly; it bounds every amount and energy."""

VersionText = Annotated[
    str, msgspec.Meta(pattern="^[0-9a-f]{32}$", description="The state it is in; `If-Match` of a change takes it.")
]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=TEXT_PATTERN)]
Code = Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9._:/ -]+$")]
Sentence = Annotated[str, msgspec.Meta(min_length=1, max_length=1000, pattern=TEXT_PATTERN)]
Count = Annotated[int, msgspec.Meta(ge=1, le=1_000_000, description="A count.")]
EnergyWh = Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000_000, description="Energy; Wh.")]
PowerW = Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000, description="Power; W.")]
AmountKrw = Annotated[int, msgspec.Meta(ge=1, le=SAFE_INT_MAX, description="Won.")]
TenantNo = Annotated[int, msgspec.Meta(ge=1, le=INT4_MAX, description="A party's number.")]
Instant = Annotated[datetime, msgspec.Meta(tz=True, description="RFC 3339 with offset.")]
Day = Annotated[date, msgspec.Meta(description="A day in Seoul, YYYY-MM-DD.")]
MONTH_PATTERN = r"^20[0-9]{2}-(0[1-9]|1[0-2])$"
MonthText = Annotated[str, msgspec.Meta(pattern=MONTH_PATTERN, description="A month in Seoul, YYYY-MM.")]
MonthPath = Annotated[str, PathParameter(pattern=MONTH_PATTERN, description="A month in Seoul, YYYY-MM.")]


TenantQuery = Annotated[
    int | None,
    QueryParameter(
        name="tenant_id", ge=1, le=INT4_MAX, description="Whose; an operator names it, a tenant is its own."
    ),
]


class In(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A body that comes in: unknown fields are refused."""


class Out(msgspec.Struct, kw_only=True):
    """A body that goes out."""


def json_object(media_type: str, description: str) -> ResponseSpec:
    """Describe an answer that is a JSON object in a standard's own form, sent as the bytes that were signed or kept."""
    return ResponseSpec(
        data_container=dict[str, object], media_type=media_type, description=description, generate_examples=False
    )
