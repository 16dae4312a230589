"""What forms ask of a unit's life before, at the counter and in a request: its use, who says so, what happened."""

import re
from collections.abc import Mapping

from app.http.receptions import PriorLifeIn
from app.pages.frame import FormMalformed, field_name, read_as
from domain.certification.wording import word_names

PRIOR_FIELDS = ("prior_use", "prior_source", "event_flags")
USES = ("BEV", "PHEV", "HEV", "ESS", "test", "unknown")
EVENT_FLAGS = ("crash", "flood", "fire", "recall_open", "opened_pack")
_NOTHING_HAPPENED = frozenset({"-", "–", "none", "없음"})


def ticked(form: Mapping[str, str], suffix: str = "") -> str:
    """Return the events that were ticked in a form, or in one line of it, as a cell of a table would say them."""
    return "; ".join(flag for flag in EVENT_FLAGS if f"flag_{flag}{suffix}" in form)


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
    flags = [] if happened.casefold() in _NOTHING_HAPPENED else re.split(r"\s*[,;]\s*", happened)
    life = {
        "use": _word(given["prior_use"], USES, "prior_use", language),
        "source": given["prior_source"],
        "event_flags": [_word(one, EVENT_FLAGS, "event_flags", language) for one in flags if one],
    }
    return read_as(life, PriorLifeIn, language)


def _word(text: str, words: tuple[str, ...], field: str, language: str) -> str:
    found = word_names(words).get("".join(text.split()).casefold())
    if found is None:
        raise FormMalformed(field=f"{field_name(field, language)} ({text[:40]})")
    return found
