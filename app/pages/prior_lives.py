"""What forms ask of a unit's life before, at the counter and in a request: its use, who says so, what happened."""

import re
from collections.abc import Mapping
from typing import get_args

from app.http.receptions import EventFlag, PriorLifeIn, PriorUse
from app.pages.frame import FormMalformed, field_name, read_as
from domain.certification.wording import NOTHING, plain, word_names

PRIOR_FIELDS = ("prior_use", "prior_source", "event_flags")
USES: tuple[str, ...] = get_args(PriorUse)
EVENT_FLAGS: tuple[str, ...] = get_args(EventFlag)


def ticked(form: Mapping[str, str], suffix: str = "") -> str:
    """Return the events that were ticked in a form, or in one line of it, as a cell of a table would say them."""
    return "; ".join(flag for flag in EVENT_FLAGS if f"flag_{flag}{suffix}" in form)


PRIOR_LIFE_FORM: Mapping[str, object] = {"prior_uses": USES, "event_flags": EVENT_FLAGS, "ticked": ticked}
"""What the forms' template needs to ask it."""


def told_life(told: Mapping[str, str], language: str) -> PriorLifeIn | None:
    """Return what was told of a life before under `PRIOR_FIELDS`, in the protocol's words or in their names.

    Raises:
        FormMalformed: something of it is told, an event above all, but not what it was used for, or not who says so.
    """
    given = {name: told[name] for name in PRIOR_FIELDS if told.get(name)}
    if not given:
        return None
    for name in ("prior_use", "prior_source"):
        if name not in given:
            raise FormMalformed(field=field_name(name, language))
    happened = given.get("event_flags", "-").strip()
    flags = [] if happened.casefold() in NOTHING else re.split(r"\s*[,;]\s*", happened)
    life = {
        "use": _word(given["prior_use"], USES, "prior_use", language),
        "source": given["prior_source"],
        "event_flags": [_word(one, EVENT_FLAGS, "event_flags", language) for one in flags if one],
    }
    return read_as(life, PriorLifeIn, language)


def _word(text: str, words: tuple[str, ...], field: str, language: str) -> str:
    found = word_names(words).get(plain(text))
    if found is None:
        raise FormMalformed(field=f"{field_name(field, language)} ({text[:40]})")
    return found
