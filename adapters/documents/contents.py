"""What each kind of document prints: its keys, and whether each is a word, a whole number, a day or an instant."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from domain.shared.canonical import Canonical
from domain.shared.documents import DocumentKind


class Leaf(StrEnum):
    """What stands at one key. A member ending in `_OR_NONE` may be null and then prints as a dash."""

    TEXT = "text"
    TEXT_OR_NONE = "text or null"
    WHOLE = "a whole number"
    WHOLE_OR_NONE = "a whole number or null"
    SPELLED = "text, a whole number, true, false or null"
    DAY = "a day, YYYY-MM-DD"
    DAY_OR_NONE = "a day, YYYY-MM-DD, or null"
    INSTANT = "an instant with its offset, in ISO 8601"
    SVG = "the text of an SVG picture"


@dataclass(frozen=True, slots=True)
class Each:
    """A list whose members all have one shape."""

    shape: "Shape"
    least: int = 0


Shape = Leaf | Each | Mapping[str, "Shape"]

_NAMED_PACK: Shape = {
    "kr_battery_no": Leaf.TEXT_OR_NONE,
    "maker_serial": Leaf.TEXT,
    "product_uri": Leaf.TEXT,
    "model": Leaf.TEXT,
    "chemistry": Leaf.TEXT,
    "cell_model": Leaf.TEXT_OR_NONE,
    "modules_in_series": Leaf.WHOLE_OR_NONE,
    "rated_capacity_mah": Leaf.WHOLE,
    "rated_energy_wh": Leaf.WHOLE,
    "nominal_voltage_mv": Leaf.WHOLE,
}
_APPLICANT: Shape = {"name": Leaf.TEXT, "contact": Leaf.TEXT}
_PROTOCOL: Shape = {"id": Leaf.TEXT, "version": Leaf.TEXT}
_APPROVAL: Shape = {"name": Leaf.TEXT, "at": Leaf.INSTANT, "meaning_ko": Leaf.TEXT, "meaning_en": Leaf.TEXT}
_PARTY: Mapping[str, Shape] = {
    "name_ko": Leaf.TEXT,
    "name_en": Leaf.TEXT,
    "business_no": Leaf.TEXT,
    "address_ko": Leaf.TEXT,
}

SHAPES: Mapping[DocumentKind, Mapping[str, Shape]] = {
    DocumentKind.TEST_REPORT: {
        "title_ko": Leaf.TEXT,
        "title_en": Leaf.TEXT,
        "relates_ko": Leaf.TEXT,
        "relates_en": Leaf.TEXT,
        "number": Leaf.TEXT,
        "issued_on": Leaf.DAY,
        "laboratory": {
            "name_ko": Leaf.TEXT,
            "name_en": Leaf.TEXT,
            "address_ko": Leaf.TEXT,
            "address_en": Leaf.TEXT,
        },
        "place_ko": Leaf.TEXT,
        "place_en": Leaf.TEXT,
        "applicant": _APPLICANT,
        "reception": {"number": Leaf.TEXT, "received_at": Leaf.INSTANT, "condition": Leaf.TEXT},
        "scope_ko": Leaf.TEXT,
        "scope_en": Leaf.TEXT,
        "request_number": Leaf.TEXT_OR_NONE,
        "prior_life_source": Leaf.TEXT_OR_NONE,
        "pack": _NAMED_PACK,
        "protocol": _PROTOCOL,
        "started_on": Leaf.DAY,
        "finished_on": Leaf.DAY,
        "ambient_ko": Leaf.TEXT,
        "ambient_en": Leaf.TEXT,
        "equipment": Each(
            {
                "run": Leaf.WHOLE,
                "tests": Leaf.TEXT,
                "device": Leaf.TEXT,
                "serial": Leaf.TEXT_OR_NONE,
                "certificate_no": Leaf.TEXT_OR_NONE,
                "calibrated_on": Leaf.DAY_OR_NONE,
                "due_on": Leaf.DAY_OR_NONE,
                "provider": Leaf.TEXT_OR_NONE,
            }
        ),
        "tests": Each(
            {
                "test_id": Leaf.TEXT,
                "name_ko": Leaf.TEXT,
                "name_en": Leaf.TEXT,
                "method": Leaf.TEXT_OR_NONE,
                "quantities": Each(
                    {
                        "quantity": Leaf.TEXT,
                        "name_ko": Leaf.TEXT,
                        "name_en": Leaf.TEXT,
                        "value": Leaf.SPELLED,
                        "unit": Leaf.TEXT_OR_NONE,
                        "source": Leaf.TEXT,
                    }
                ),
                "verdicts": Each(
                    {
                        "rule": Leaf.TEXT,
                        "measured": Leaf.SPELLED,
                        "limit": Leaf.SPELLED,
                        "unit": Leaf.TEXT_OR_NONE,
                        "verdict": Leaf.TEXT,
                        "source": Leaf.TEXT,
                    }
                ),
            },
            least=1,
        ),
        "not_assessed": Each({"test_id": Leaf.TEXT, "reason": Leaf.TEXT}),
        "disposition": Leaf.TEXT,
        "grade": Leaf.TEXT_OR_NONE,
        "soh_ppm": Leaf.WHOLE_OR_NONE,
        "soh_u_ppm": Leaf.WHOLE_OR_NONE,
        "usable_energy_wh": Leaf.WHOLE_OR_NONE,
        "decision_rule_ko": Leaf.TEXT,
        "decision_rule_en": Leaf.TEXT,
        "sampling_plan": Leaf.TEXT,
        "sampling_ko": Leaf.TEXT,
        "sampling_en": Leaf.TEXT,
        "deviations_ko": Leaf.TEXT,
        "deviations_en": Leaf.TEXT,
        "external_ko": Leaf.TEXT,
        "external_en": Leaf.TEXT,
        "raw_files": Each({"sha256": Leaf.TEXT}),
        "tested_by": Each(Leaf.TEXT, least=1),
        "reviewed_by": Each(_APPROVAL),
        "approved_by": _APPROVAL,
        "verify_url": Leaf.TEXT,
        "amends": Leaf.TEXT_OR_NONE,
        "amends_reason": Leaf.TEXT_OR_NONE,
        "amends_changes": Leaf.TEXT_OR_NONE,
        "changes": Each({"name_ko": Leaf.TEXT, "name_en": Leaf.TEXT, "before": Leaf.TEXT_OR_NONE, "after": Leaf.TEXT}),
        "amended_by": Each(_APPROVAL),
        "amendment_approved_by": Each(_APPROVAL),
    },
    DocumentKind.CERTIFICATE: {
        "number": Leaf.TEXT,
        "issued_on": Leaf.DAY,
        "valid_until": Leaf.DAY,
        "reinspection_due_on": Leaf.DAY_OR_NONE,
        "issuer": {
            "name_ko": Leaf.TEXT,
            "name_en": Leaf.TEXT,
            "address_ko": Leaf.TEXT,
            "accreditation": Leaf.TEXT_OR_NONE,
            "insurance": Leaf.TEXT_OR_NONE,
        },
        "applicant": _APPLICANT,
        "unit_ko": Leaf.TEXT,
        "unit_en": Leaf.TEXT,
        "scope_ko": Leaf.TEXT,
        "scope_en": Leaf.TEXT,
        "request_number": Leaf.TEXT_OR_NONE,
        "pack": _NAMED_PACK,
        "protocol": _PROTOCOL,
        "report_number": Leaf.TEXT,
        "grade": Leaf.TEXT,
        "soh_ppm": Leaf.WHOLE,
        "soh_u_ppm": Leaf.WHOLE_OR_NONE,
        "soh_energy_ppm": Leaf.WHOLE_OR_NONE,
        "r_increase_ppm": Leaf.WHOLE_OR_NONE,
        "usable_energy_wh": Leaf.WHOLE,
        "use_ko": Leaf.TEXT,
        "use_en": Leaf.TEXT,
        "decision_rule_ko": Leaf.TEXT,
        "decision_rule_en": Leaf.TEXT,
        "ambient_ko": Leaf.TEXT,
        "ambient_en": Leaf.TEXT,
        "sampling_plan": Leaf.TEXT,
        "sampling_ko": Leaf.TEXT,
        "sampling_en": Leaf.TEXT,
        "external_ko": Leaf.TEXT,
        "external_en": Leaf.TEXT,
        "results": Each(
            {
                "test_id": Leaf.TEXT,
                "name_ko": Leaf.TEXT,
                "name_en": Leaf.TEXT,
                "rule": Leaf.TEXT,
                "measured": Leaf.SPELLED,
                "limit": Leaf.SPELLED,
                "unit": Leaf.TEXT_OR_NONE,
                "verdict": Leaf.TEXT,
                "device": Leaf.TEXT_OR_NONE,
                "serial": Leaf.TEXT_OR_NONE,
                "calibration_due_on": Leaf.DAY_OR_NONE,
            },
            least=1,
        ),
        "raw_file_sha256": Each(Leaf.TEXT),
        "tested_by": Each(Leaf.TEXT, least=1),
        "reviewed_by": Each(_APPROVAL),
        "approved_by": _APPROVAL,
        "verify_url": Leaf.TEXT,
        "credential": Leaf.TEXT,
        "credential_sha256": Leaf.TEXT,
        "qr_svg": Leaf.SVG,
    },
    DocumentKind.INVOICE: {
        "number": Leaf.TEXT,
        "issued_on": Leaf.DAY,
        "due_on": Leaf.DAY,
        "month": Leaf.TEXT,
        "seller": {**_PARTY, "bank_account": Leaf.TEXT},
        "buyer": _PARTY,
        "contract_number": Leaf.TEXT,
        "site_name": Leaf.TEXT,
        "lines": Each(
            {
                "description_ko": Leaf.TEXT,
                "description_en": Leaf.TEXT,
                "quantity": Leaf.SPELLED,
                "unit": Leaf.TEXT_OR_NONE,
                "rate": Leaf.SPELLED,
                "amount_krw": Leaf.WHOLE,
                "explanation_ko": Leaf.TEXT,
                "explanation_en": Leaf.TEXT,
            },
            least=1,
        ),
        "taxable_krw": Leaf.WHOLE,
        "vat_krw": Leaf.WHOLE,
        "total_krw": Leaf.WHOLE,
        "usage": {
            "charge_wh": Leaf.WHOLE,
            "discharge_wh": Leaf.WHOLE,
            "renewable_wh": Leaf.WHOLE,
            "renewable_share_ppm": Leaf.WHOLE_OR_NONE,
            "snapshot_sha256": Leaf.TEXT,
        },
    },
    DocumentKind.LABEL_SHEET: {
        "labels": Each(
            {
                "product_uri": Leaf.TEXT,
                "element_string": Leaf.TEXT,
                "kr_battery_no": Leaf.TEXT_OR_NONE,
                "model": Leaf.TEXT,
                "grade": Leaf.TEXT_OR_NONE,
                "soh_ppm": Leaf.WHOLE_OR_NONE,
                "usable_energy_wh": Leaf.WHOLE_OR_NONE,
                "certificate_number": Leaf.TEXT_OR_NONE,
                "valid_until": Leaf.DAY_OR_NONE,
                "qr_svg": Leaf.SVG,
            },
            least=1,
        ),
    },
}
"""Every key a document prints. Further keys are allowed: they are attached with the rest and not printed,
except `raw_files[].name`, which is printed when it is there. Rates and quantities are printed as they come,
with thousands separators; so a rate is given in won per the line's unit."""

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(Z|[+-][0-9]{2}:[0-9]{2})")


def check(kind: DocumentKind, content: Mapping[str, Canonical]) -> None:
    """Refuse content that lacks a key its document prints, or holds something else there.

    Raises:
        ValueError: naming the first such key, as in `invoice: lines[0].amount_krw is missing`.
    """
    _check_keys(kind, "", content, SHAPES[kind])


def _check_keys(kind: DocumentKind, path: str, content: Mapping[str, Canonical], keys: Mapping[str, Shape]) -> None:
    for key, shape in keys.items():
        here = f"{path}.{key}" if path else key
        if key not in content:
            raise ValueError(f"{kind}: {here} is missing")
        _check_value(kind, here, content[key], shape)


def _check_value(kind: DocumentKind, path: str, value: Canonical, shape: Shape) -> None:
    match shape:
        case Leaf():
            if not _fits(value, shape):
                raise ValueError(f"{kind}: {path} is not {shape}")
        case Each():
            if isinstance(value, str) or not isinstance(value, Sequence):
                raise ValueError(f"{kind}: {path} is not a list")
            if len(value) < shape.least:
                raise ValueError(f"{kind}: {path} is empty")
            for index, member in enumerate(value):
                _check_value(kind, f"{path}[{index}]", member, shape.shape)
        case _:
            if not isinstance(value, Mapping):
                raise ValueError(f"{kind}: {path} is not an object")
            _check_keys(kind, path, value, shape)


def _fits(value: Canonical, leaf: Leaf) -> bool:
    if value is None:
        return leaf in (Leaf.TEXT_OR_NONE, Leaf.WHOLE_OR_NONE, Leaf.DAY_OR_NONE, Leaf.SPELLED)
    match leaf:
        case Leaf.WHOLE | Leaf.WHOLE_OR_NONE:
            return isinstance(value, int) and not isinstance(value, bool)
        case Leaf.SPELLED:
            return isinstance(value, str | int)
        case Leaf.DAY | Leaf.DAY_OR_NONE:
            return isinstance(value, str) and _DAY.fullmatch(value) is not None
        case Leaf.INSTANT:
            return isinstance(value, str) and _INSTANT.fullmatch(value) is not None
        case Leaf.SVG:
            return isinstance(value, str) and value.startswith("<svg ")
        case _:
            return isinstance(value, str)
