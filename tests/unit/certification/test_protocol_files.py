from decimal import Decimal
from pathlib import Path

import pytest

from adapters.ktr.protocol_file import SHIPPED, load_protocol, read_protocol
from adapters.ktr.rule_text import NotTranslated, formula, rule
from domain.certification.conditions import AnyOf, Constant, Exceeds, FallsShort, Magnitude, Measured
from domain.certification.errors import (
    ProtocolMalformed,
    QuantityMalformed,
    QuantityUnknown,
    RuleUntranslated,
    UnitDiffers,
)
from domain.certification.model import Chemistry, MeasurementSource
from domain.certification.protocol import Quantity, QuantityKind

TEXT = SHIPPED.read_text(encoding="utf-8")
KEYS = {
    "swelling": Quantity(key="swelling", kind=QuantityKind.NUMBER, unit="percent"),
    "connector_ok": Quantity(key="connector_ok", kind=QuantityKind.YES_NO),
    "corrosion": Quantity(key="corrosion", kind=QuantityKind.WORD, words=("none", "light", "heavy")),
}


def changed(old: str, new: str) -> bytes:
    assert old in TEXT
    return TEXT.replace(old, new).encode()


def test_the_shipped_protocol_is_whole():
    protocol = load_protocol()

    assert (protocol.protocol_id, protocol.version) == ("SH-REUSE-01", "1.0.0")
    assert [test.test_id for test in protocol.tests] == [f"T{number:02d}" for number in range(1, 14)]
    assert sum(len(test.limits) for test in protocol.tests) == 35
    assert [row.grade for row in protocol.grades] == ["A", "B", "C", "D", "R"]
    assert protocol.window(Chemistry.NMC).protect_hi == Decimal("4.30")
    assert protocol.window(Chemistry.LTO) is None


@pytest.mark.shared
def test_the_protocol_of_reference_is_translated_whole(shared: Path):
    protocol = load_protocol(shared / "data" / "assessment_protocol.yaml")

    assert (protocol.protocol_id, protocol.validity_months) == ("BAAS-REUSE-01", 24)
    assert sum(len(test.limits) for test in protocol.tests) == 35


def test_every_limit_names_its_source():
    sources = {limit.source for test in load_protocol().tests for limit in test.limits}

    assert all(source.startswith(("seen:", "recalled:")) or source == "default" for source in sources)


def test_a_number_may_be_changed_freely():
    protocol = read_protocol(changed("swelling > 10", "swelling > 7.25"))

    limit = next(one for test in protocol.tests for one in test.limits if "7.25" in one.text)
    assert limit.condition == Exceeds(Measured("swelling"), Constant(Decimal("7.25")))


@pytest.mark.parametrize(
    "text",
    [
        "swelling >= 10",
        "swelling is rather large",
        "sweling > 10",
        "__import__('os').system('true') > 1",
        "swelling > 10 and leak",
        "swelling > 10 extra",
        "swelling ** 2 > 10",
        "(swelling > 10",
        "swelling > ",
        "leak > 1",
        "corrosion == rusty",
        "swelling > " + "(" * 40 + "1" + ")" * 40,
    ],
)
def test_a_rule_that_is_not_understood_refuses_the_file_and_is_named(text):
    with pytest.raises(RuleUntranslated) as caught:
        read_protocol(changed('"swelling > 10"', f'"{text}"'))

    line = next(number for number, one in enumerate(TEXT.splitlines(), 1) if '"swelling > 10"' in one)
    assert caught.value.facts == {"protocol": "SH-REUSE-01", "test_id": "T02", "rule": text, "line": line}


def test_the_sentence_of_an_untranslated_rule_is_exact():
    with pytest.raises(RuleUntranslated) as caught:
        read_protocol(changed('"swelling > 10"', '"swelling feels odd"'))

    assert caught.value.sentence("en") == (
        'Protocol SH-REUSE-01 has a rule in T02 that is not understood (line 62): "swelling feels odd".'
    )
    assert caught.value.sentence("ko") == (
        '프로토콜 SH-REUSE-01의 T02 규칙을 해석할 수 없습니다(62행): "swelling feels odd".'
    )


@pytest.mark.parametrize(
    ("old", "new", "place", "needed"),
    [
        ("v_max: 4.20, v_min: 2.70, protect_hi: 4.30", "v_max: high, v_min: 2.70, protect_hi: 4.30",
         "file.chemistry_windows.NMC.v_max", "a number is expected"),
        ("verdict: hard_fail, source: default}\n      - {rule: \"swelling > 5",
         "verdict: explode, source: default}\n      - {rule: \"swelling > 5", "file.tests[1].limits[1].verdict",
         "one of hard_fail, hard_fail_design, review is expected"),
        ("soh_capacity_min: 90", "soh_capacitee_min: 90", "file.grades[0].soh_capacitee_min",
         "a quantity's name with _min or _max is expected"),
        ("default_months: 24", "default_months: 0", "file.certificate.validity.default_months",
         "a whole number above zero is expected"),
        ("{key: rest, unit: h}", "{key: spread, unit: h}", "file.tests[3].quantities",
         "a quantity of this name stands elsewhere"),
        ("{key: rest, unit: h}", "{key: rest}", "file.tests[3].quantities[3]", "a unit or a type is needed"),
        ("  version: \"1.0.0\"\n", "", "file.protocol.version", "version is needed"),
        ("target: 25", "target: warm", "file.protocol.ambient_c.target", "a number is expected"),
    ],
)  # fmt: skip
def test_a_malformed_place_is_named_with_its_line_and_what_is_expected(old, new, place, needed):
    text = changed(old, new)
    with pytest.raises(ProtocolMalformed) as caught:
        read_protocol(text)

    facts = caught.value.facts
    assert (facts["place"], facts["needed_en"]) == (place, needed)
    changed_line = TEXT[: TEXT.index(old)].count("\n") + 1
    assert changed_line - 4 <= facts["line"] <= changed_line + 2  # an absent thing is told where it should have stood
    assert str(facts["line"]) in caught.value.sentence("ko")


def test_what_surrounds_the_tests_is_read_too():
    text = TEXT.replace(
        "{default_months: 24, source: default}", "{default_months: 24, source: default, earlier_when: [a, b]}"
    )
    text = text.replace(
        "    scope: sample_per_design\n",
        '    scope: sample_per_design\n    sampling: {default: "3 a design", source: default}\n',
        1,
    )

    protocol = read_protocol(text.encode())

    assert protocol.earlier_when == ("a", "b")
    assert protocol.validity_source == "default"
    assert next(one for one in protocol.tests if one.test_id == "T12").sampling == "3 a design"
    assert protocol.ambient is not None
    assert [
        protocol.ambient_deviation(one) != ("", "") for one in (None, Decimal(23), Decimal(27), Decimal("27.1"))
    ] == [
        False,
        False,
        False,
        True,
    ]


@pytest.mark.parametrize("content", [b"", b"- 1", b"\xff\xfe\x00", b"a: !!python/object:os.system []", b"[" * 2000])
def test_what_is_no_protocol_is_refused(content):
    with pytest.raises(ProtocolMalformed):
        read_protocol(content)


def test_an_absent_file_is_refused(tmp_path: Path):
    with pytest.raises(ProtocolMalformed):
        load_protocol(tmp_path / "none.yaml")


def test_words_and_numbers_are_joined_by_or():
    found = rule("swelling > 5 or corrosion == heavy or not connector_ok", KEYS, KEYS)

    assert isinstance(found, AnyOf)
    assert len(found.parts) == 3


def test_arithmetic_binds_as_usual():
    assert rule("abs(swelling-1)*2 < 6/swelling", KEYS, KEYS) == FallsShort(
        formula("abs(swelling-1)*2", KEYS), formula("6/swelling", KEYS)
    )
    assert isinstance(formula("abs(swelling)", KEYS), Magnitude)


def test_a_formula_over_an_unknown_quantity_is_not_translated():
    with pytest.raises(NotTranslated):
        formula("100*volume", KEYS)


@pytest.mark.parametrize(
    ("test_id", "quantity", "given", "unit", "value"),
    [
        ("T02", "leak", False, None, False),
        ("T02", "corrosion", "light", None, "light"),
        ("T02", "swelling", "1.20", "percent", Decimal("1.20")),
        ("T02", "swelling", 3, "percent", Decimal(3)),
        ("T04", "ocv_cells", ["3.6", 4], "V", (Decimal("3.6"), Decimal(4))),
        ("T01", "event_flags", ["fire", "crash"], "", ("crash", "fire")),
        ("T01", "event_flags", [], None, ()),
        ("T01", "manufactured_on", "2019-11-04", None, "2019-11-04"),
        ("T07", "r_dis", ["31", "32"], "mOhm", (Decimal(31), Decimal(32))),
        ("T10", "overtemp_cutoff", "did_not_act", "degC", "did_not_act"),
    ],
)
def test_a_value_is_brought_into_its_kind(test_id, quantity, given, unit, value):
    found = load_protocol().measurement(
        test_id=test_id, quantity=quantity, given=given, unit=unit, source=MeasurementSource.MANUAL
    )

    assert found.value == value


@pytest.mark.parametrize(
    ("test_id", "quantity", "given", "unit", "error"),
    [
        ("T02", "leak", "no", None, QuantityMalformed),
        ("T02", "corrosion", "rusty", None, QuantityMalformed),
        ("T02", "swelling", "NaN", "percent", QuantityMalformed),
        ("T02", "swelling", "1e40", "percent", QuantityMalformed),
        ("T02", "swelling", "1e-40", "percent", QuantityMalformed),
        ("T02", "swelling", True, "percent", QuantityMalformed),
        ("T02", "swelling", ["1"], "percent", QuantityMalformed),
        ("T02", "swelling", "did_not_act", "percent", QuantityMalformed),
        ("T04", "ocv_cells", [], "V", QuantityMalformed),
        ("T04", "ocv_cells", ["3.6", "x"], "V", QuantityMalformed),
        ("T01", "manufactured_on", "yesterday", None, QuantityMalformed),
        ("T01", "event_flags", ["asteroid"], None, QuantityMalformed),
        ("T02", "swelling", "1", "mm", UnitDiffers),
        ("T02", "swelling", "1", None, UnitDiffers),
        ("T02", "colour", "1", None, QuantityUnknown),
        ("T99", "swelling", "1", "percent", QuantityUnknown),
    ],
)
def test_a_value_of_another_kind_or_unit_is_refused(test_id, quantity, given, unit, error):
    with pytest.raises(error):
        load_protocol().measurement(
            test_id=test_id, quantity=quantity, given=given, unit=unit, source=MeasurementSource.MANUAL
        )
