"""Loads a protocol file (YAML) whole or not at all: every rule translated, every number exact."""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

import yaml

from adapters.ktr.rule_text import NotTranslated, formula, rule
from domain.certification.conditions import Element, quantities_of
from domain.certification.errors import ProtocolMalformed, RuleUntranslated
from domain.certification.model import Chemistry, Disposition, Scope, Verdict
from domain.certification.protocol import (
    Ambient,
    Bound,
    GradeRow,
    Limit,
    Protocol,
    Quantity,
    QuantityKind,
    Test,
    Window,
)

SHIPPED = Path(__file__).parent / "protocols" / "sunhwan-reuse-1.yaml"
"""The protocol that the project itself ships; an operator may point at another file."""

_BYTES_MAX = 1_000_000
_KINDS = {
    "bool": QuantityKind.YES_NO,
    "date": QuantityKind.DAY,
    "enum": QuantityKind.WORD,
    "hash": QuantityKind.TEXT,
    "list": QuantityKind.WORDS,
    "set": QuantityKind.WORDS,
    "sha256_list": QuantityKind.WORDS,
    "string": QuantityKind.TEXT,
    "vector": QuantityKind.ROW,
    "verdict": QuantityKind.OUTCOME,
}
_IMPLIED = {
    "r_new": Quantity(key="r_new", kind=QuantityKind.NUMBER, unit="mOhm", many=True),
    "capacities": Quantity(key="capacities", kind=QuantityKind.ROW, unit="Ah"),
}
"""Inputs that formulas use and a file may leave undeclared: the new cell's resistance, the capacities of a set."""

_ALTERNATIVES = ({"k_value"}, {"charge_loss_28d"})
"""Two methods for self-discharge, of which either suffices; a file may say others under `alternatives`."""

_VERDICTS = {"hard_fail": Verdict.HARD_FAIL, "hard_fail_design": Verdict.HARD_FAIL, "review": Verdict.REVIEW}


class _ExactLoader(yaml.SafeLoader):
    """Reads decimals as written instead of as floats."""


def _decimal(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> Decimal:
    return Decimal(loader.construct_scalar(node))


_ExactLoader.add_constructor("tag:yaml.org,2002:float", _decimal)


def load_protocol(path: Path = SHIPPED) -> Protocol:
    """Load a protocol file.

    Raises:
        ProtocolMalformed: the file is absent, too large, no YAML, or lacks something.
        RuleUntranslated: it has a rule or a formula that this program does not understand.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _wrong(path.name, "읽을 수 있는 파일이어야 합니다", "this must be a file that can be read") from error
    return read_protocol(content)


def read_protocol(content: bytes) -> Protocol:
    """Read a protocol from the bytes of its file.

    Raises:
        ProtocolMalformed: the bytes are too many, no YAML, or lack something; place, line and what is expected.
        RuleUntranslated: there is a rule or a formula that this program does not understand.
    """
    if len(content) > _BYTES_MAX:
        raise _wrong("size", f"{_BYTES_MAX} 바이트까지입니다", f"at most {_BYTES_MAX} bytes are read")
    try:
        document = yaml.load(content, Loader=_ExactLoader)  # noqa: S506 - a SafeLoader with exact decimals
    except (yaml.YAMLError, ValueError, ArithmeticError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = None if mark is None else mark.line + 1
        raise _wrong("YAML", "YAML 문법이 맞지 않습니다", "this is no valid YAML", line=line) from error
    try:
        return _protocol(_Node(document, "file"), hashlib.sha256(content).hexdigest())
    except ProtocolMalformed as error:
        facts = dict(error.facts)
        facts["line"] = _line_of(content, str(facts["place"]))
        raise ProtocolMalformed(**facts) from error
    except RuleUntranslated as error:
        facts = dict(error.facts)
        facts["line"] = _line_with(content, str(facts["rule"]))
        raise RuleUntranslated(**facts) from error


@lru_cache(maxsize=32)
def read_protocol_text(text: str) -> Protocol:
    """Read a protocol from its text, each text once."""
    return read_protocol(text.encode())


def _wrong(place: str, needed_ko: str, needed_en: str, *, line: int | None = None) -> ProtocolMalformed:
    return ProtocolMalformed(place=place, line=line, needed_ko=needed_ko, needed_en=needed_en)


def _line_of(content: bytes, place: str) -> int | None:
    """Return the line of a place such as `file.tests[2].limits`; of what surrounds it where it is absent."""
    node = yaml.compose(content, Loader=yaml.SafeLoader)
    for key, index in re.findall(r"\.([^.\[\]]+)|\[(\d+)\]", place):
        inner = None
        if isinstance(node, yaml.MappingNode):
            inner = next((value for name, value in node.value if name.value == key), None)
        elif isinstance(node, yaml.SequenceNode) and index and int(index) < len(node.value):
            inner = node.value[int(index)]
        if inner is None:
            break
        node = inner
    return None if node is None else node.start_mark.line + 1


def _line_with(content: bytes, text: str) -> int | None:
    """Return the first line that holds a text as it stands."""
    lines = content.decode(errors="replace").splitlines()
    return next((number for number, line in enumerate(lines, 1) if text in line), None)


class _Node:
    """A place in the file that knows its own path, so that a refusal can name it."""

    def __init__(self, value: object, place: str) -> None:
        self._value = value
        self._place = place

    def malformed(
        self, needed_ko: str = "값이 올바르지 않습니다", needed_en: str = "the value is not one that is taken here"
    ) -> ProtocolMalformed:
        """Return the error that names this place and what is expected there."""
        return _wrong(self._place, needed_ko, needed_en)

    def one_of(self, words: Iterable[str]) -> ProtocolMalformed:
        """Return the error that names the words one of which is expected here."""
        listed = ", ".join(words)
        return self.malformed(f"다음 중 하나여야 합니다: {listed}", f"one of {listed} is expected")

    def has(self, key: str) -> bool:
        """Say whether a key is present."""
        return isinstance(self._value, Mapping) and key in self._value

    def at(self, key: str) -> "_Node":
        """Return what lies under a key."""
        if not isinstance(self._value, Mapping) or key not in self._value:
            raise _wrong(f"{self._place}.{key}", f"{key} 항목이 있어야 합니다", f"{key} is needed")
        return _Node(self._value[key], f"{self._place}.{key}")

    def names(self) -> tuple[str, ...]:
        """Return the keys of an object."""
        if not isinstance(self._value, Mapping):
            raise self.malformed("항목과 값의 묶음이어야 합니다", "an object of keys and values is expected")
        return tuple(str(key) for key in self._value)

    def each(self) -> "tuple[_Node, ...]":
        """Return the parts of a list."""
        if isinstance(self._value, str) or not isinstance(self._value, Sequence):
            raise self.malformed("목록이어야 합니다", "a list is expected")
        return tuple(_Node(value, f"{self._place}[{index}]") for index, value in enumerate(self._value))

    def text(self) -> str:
        """Return a text."""
        if not isinstance(self._value, str):
            raise self.malformed(
                "글자여야 합니다(숫자라면 따옴표로)", "a text is expected (quote what looks like a number)"
            )
        return self._value

    def text_at(self, key: str, default: str = "") -> str:
        """Return the text under a key, or a default where the key is absent."""
        return self.at(key).text() if self.has(key) else default

    def number(self) -> Decimal:
        """Return a number as written."""
        if isinstance(self._value, bool) or not isinstance(self._value, int | Decimal):
            raise self.malformed("수여야 합니다", "a number is expected")
        return Decimal(self._value)

    def count(self) -> int:
        """Return a whole number above zero."""
        if isinstance(self._value, bool) or not isinstance(self._value, int) or self._value <= 0:
            raise self.malformed("0보다 큰 정수여야 합니다", "a whole number above zero is expected")
        return self._value

    def yes(self) -> bool:
        """Return a true or false."""
        if not isinstance(self._value, bool):
            raise self.malformed("true 또는 false여야 합니다", "true or false is expected")
        return self._value

    @property
    def is_text(self) -> bool:
        """Whether the value is a text."""
        return isinstance(self._value, str)


def _protocol(root: _Node, sha256: str) -> Protocol:
    head = root.at("protocol")
    protocol_id = head.at("id").text()
    nodes = root.at("tests").each()
    declared: dict[str, Quantity] = {}
    by_test: list[dict[str, Quantity]] = []
    for node in nodes:
        own = {quantity.key: quantity for quantity in map(_quantity, node.at("quantities").each())}
        if len(own) != len(node.at("quantities").each()) or own.keys() & declared.keys():
            raise node.at("quantities").malformed(
                "같은 항목이 두 번 있습니다", "a quantity of this name stands elsewhere"
            )
        declared |= own
        by_test.append(own)
    everything = {**_IMPLIED, **declared}
    validity = root.at("certificate").at("validity")
    return Protocol(
        protocol_id=protocol_id,
        version=head.at("version").text(),
        sha256=sha256,
        scopes=tuple(_scope(one) for one in head.at("applies_to").each()),
        windows=tuple(
            (_chemistry(root, name), _window(root.at("chemistry_windows").at(name)))
            for name in root.at("chemistry_windows").names()
        ),
        tests=tuple(
            _test(node, own, everything, protocol_id=protocol_id) for node, own in zip(nodes, by_test, strict=True)
        ),
        grades=tuple(_grade(node, declared) for node in root.at("grades").each()),
        validity_months=validity.at("default_months").count(),
        validity_source=validity.text_at("source"),
        earlier_when=tuple(one.text() for one in validity.at("earlier_when").each())
        if validity.has("earlier_when")
        else (),
        ambient=_ambient(head.at("ambient_c")) if head.has("ambient_c") else None,
    )


def _ambient(node: _Node) -> Ambient:
    return Ambient(
        target_c=node.at("target").number(),
        tolerance_c=node.at("tolerance").number(),
        source=node.text_at("source", "default"),
    )


def _chemistry(root: _Node, name: str) -> Chemistry:
    try:
        return Chemistry(name)
    except ValueError as error:
        raise root.at("chemistry_windows").at(name).one_of(Chemistry) from error


def _scope(node: _Node) -> Scope:
    try:
        return Scope(node.text())
    except ValueError as error:
        raise node.one_of(Scope) from error


def _window(node: _Node) -> Window:
    return Window(
        v_max=node.at("v_max").number(),
        v_min=node.at("v_min").number(),
        protect_hi=node.at("protect_hi").number(),
        protect_lo=node.at("protect_lo").number(),
        hard_low=node.at("hard_low").number(),
        source=node.at("source").text(),
    )


def _quantity(node: _Node) -> Quantity:
    kind = QuantityKind.NUMBER
    if node.has("type"):
        word = node.at("type").text()
        kind = QuantityKind.TEXT if word.startswith("table ") else _KINDS.get(word, QuantityKind.NUMBER)
        if word not in _KINDS and not word.startswith("table "):
            raise node.at("type").one_of(_KINDS)
    elif not node.has("unit"):
        raise node.malformed("unit 또는 type이 있어야 합니다", "a unit or a type is needed")
    return Quantity(
        key=node.at("key").text(),
        kind=kind,
        unit=node.text_at("unit"),
        required=node.at("required").yes() if node.has("required") else None,
        words=tuple(one.text() for one in node.at("values").each()) if node.has("values") else (),
        many=node.has("per"),
    )


def _test(node: _Node, own: Mapping[str, Quantity], everything: Mapping[str, Quantity], *, protocol_id: str) -> Test:
    test_id = node.at("id").text()
    formulas: dict[str, Quantity] = {}
    inputs: dict[str, Quantity] = {}
    for entry in node.at("quantities").each():
        if not entry.has("derived"):
            continue
        text = entry.at("derived").text()
        try:
            term = formula(text, everything)
        except NotTranslated as error:
            raise RuleUntranslated(protocol=protocol_id, test_id=test_id, rule=text) from error
        key = entry.at("key").text()
        formulas[key] = replace(own[key], derived=term)
        inputs |= {name: _IMPLIED[name] for name in quantities_of(term) if name in _IMPLIED and name not in own}
    limits = tuple(_limit(one, own, everything, protocol_id=protocol_id, test_id=test_id) for one in _rules(node))
    cycles = {name for limit in limits for name in _by_cycle(limit.condition)}
    quantities = {**own, **formulas, **inputs}
    scopes, required = _applies(node)
    sampling = node.at("sampling") if node.has("sampling") else None
    return Test(
        test_id=test_id,
        name_ko=node.at("name").at("ko").text(),
        name_en=node.at("name").at("en").text(),
        method=node.text_at("method"),
        scopes=scopes,
        required=required,
        quantities=tuple(replace(one, per_cycle=key in cycles) for key, one in quantities.items()),
        limits=limits,
        alternatives=_alternatives(node, own),
        sampling=sampling.text_at("default") if sampling is not None else "",
        sampling_source=sampling.text_at("source") if sampling is not None else "",
    )


def _rules(node: _Node) -> tuple[_Node, ...]:
    return node.at("limits").each()


def _limit(
    node: _Node, own: Mapping[str, Quantity], everything: Mapping[str, Quantity], *, protocol_id: str, test_id: str
) -> Limit:
    text = node.at("rule").text()
    try:
        condition = rule(text, everything, own)
    except NotTranslated as error:
        raise RuleUntranslated(protocol=protocol_id, test_id=test_id, rule=text) from error
    verdict = _VERDICTS.get(node.at("verdict").text())
    if verdict is None:
        raise node.at("verdict").one_of(_VERDICTS)
    disposition = None
    if node.has("disposition"):
        if node.at("disposition").text() not in set(Disposition):
            raise node.at("disposition").one_of(Disposition)
        disposition = Disposition(node.at("disposition").text())
    return Limit(
        text=text, condition=condition, verdict=verdict, disposition=disposition, source=node.at("source").text()
    )


def _by_cycle(node: object) -> set[str]:
    """Find the quantities that a rule addresses by cycle."""
    if isinstance(node, Element):
        return {node.quantity}
    parts = getattr(node, "__slots__", ())
    return {name for part in parts for name in _by_cycle(getattr(node, part))}


def _applies(node: _Node) -> tuple[tuple[Scope, ...], bool]:
    """Return the scopes of a test and whether it is asked of a unit at all.

    Tests on samples of a design, and those marked optional, are judged when done and never asked for.
    """
    scope = node.at("scope")
    asked = node.at("required").yes() if node.has("required") else True
    if not scope.is_text:
        return tuple(_scope(one) for one in scope.each()), asked
    match scope.text():
        case "every_unit":
            return (), asked
        case "optional" | "sample_per_design":
            return (), False
        case _:
            return (_scope(scope),), asked


def _alternatives(node: _Node, own: Mapping[str, Quantity]) -> tuple[tuple[str, ...], ...]:
    if node.has("alternatives"):
        groups = tuple(tuple(one.text() for one in group.each()) for group in node.at("alternatives").each())
        if any(key not in own for group in groups for key in group):
            raise node.at("alternatives").malformed(
                "이 시험의 항목이어야 합니다", "quantities of this test are expected"
            )
        return groups
    if all(group <= own.keys() for group in _ALTERNATIVES):
        return tuple(tuple(sorted(group)) for group in _ALTERNATIVES)
    return ()


def _grade(node: _Node, declared: Mapping[str, Quantity]) -> GradeRow:
    bounds = []
    for column in node.names():
        if column in ("grade", "use", "review_months"):
            continue
        name, _, end = column.rpartition("_")
        name = name.removesuffix("_mv")
        if end not in ("min", "max") or name not in declared:
            raise node.at(column).malformed(
                "측정 항목 이름 뒤에 _min 또는 _max가 와야 합니다", "a quantity's name with _min or _max is expected"
            )
        bounds.append(Bound(quantity=name, least=end == "min", value=node.at(column).number()))
    use = node.at("use")
    return GradeRow(
        grade=node.at("grade").text(),
        bounds=tuple(bounds),
        use_ko=use.text() if use.is_text else use.at("ko").text(),
        use_en=use.text() if use.is_text else use.at("en").text(),
        review_months=node.at("review_months").count() if node.has("review_months") else None,
    )
