"""Loads a protocol file (YAML) whole or not at all: every rule translated, every number exact."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import yaml

from adapters.ktr.rule_text import NotTranslated, formula, rule
from domain.certification.conditions import Element, quantities_of
from domain.certification.errors import ProtocolMalformed, RuleUntranslated
from domain.certification.model import Chemistry, Disposition, Scope, Verdict
from domain.certification.protocol import Bound, GradeRow, Limit, Protocol, Quantity, QuantityKind, Test, Window

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
        raise ProtocolMalformed(place=path.name) from error
    return read_protocol(content)


def read_protocol(content: bytes) -> Protocol:
    """Read a protocol from the bytes of its file.

    Raises:
        ProtocolMalformed: the bytes are too many, no YAML, or lack something.
        RuleUntranslated: there is a rule or a formula that this program does not understand.
    """
    if len(content) > _BYTES_MAX:
        raise ProtocolMalformed(place="size")
    try:
        document = yaml.load(content, Loader=_ExactLoader)  # noqa: S506 - a SafeLoader with exact decimals
    except (yaml.YAMLError, ValueError, ArithmeticError, RecursionError) as error:
        raise ProtocolMalformed(place="YAML") from error
    root = _Node(document, "file")
    return _protocol(root, hashlib.sha256(content).hexdigest())


class _Node:
    """A place in the file that knows its own path, so that a refusal can name it."""

    def __init__(self, value: object, place: str) -> None:
        self._value = value
        self._place = place

    def malformed(self) -> ProtocolMalformed:
        """Return the error that names this place."""
        return ProtocolMalformed(place=self._place)

    def has(self, key: str) -> bool:
        """Say whether a key is present."""
        return isinstance(self._value, Mapping) and key in self._value

    def at(self, key: str) -> "_Node":
        """Return what lies under a key."""
        if not isinstance(self._value, Mapping) or key not in self._value:
            raise ProtocolMalformed(place=f"{self._place}.{key}")
        return _Node(self._value[key], f"{self._place}.{key}")

    def names(self) -> tuple[str, ...]:
        """Return the keys of an object."""
        if not isinstance(self._value, Mapping):
            raise self.malformed()
        return tuple(str(key) for key in self._value)

    def each(self) -> "tuple[_Node, ...]":
        """Return the parts of a list."""
        if isinstance(self._value, str) or not isinstance(self._value, Sequence):
            raise self.malformed()
        return tuple(_Node(value, f"{self._place}[{index}]") for index, value in enumerate(self._value))

    def text(self) -> str:
        """Return a text."""
        if not isinstance(self._value, str):
            raise self.malformed()
        return self._value

    def text_at(self, key: str, default: str = "") -> str:
        """Return the text under a key, or a default where the key is absent."""
        return self.at(key).text() if self.has(key) else default

    def number(self) -> Decimal:
        """Return a number as written."""
        if isinstance(self._value, bool) or not isinstance(self._value, int | Decimal):
            raise self.malformed()
        return Decimal(self._value)

    def count(self) -> int:
        """Return a whole number above zero."""
        if isinstance(self._value, bool) or not isinstance(self._value, int) or self._value <= 0:
            raise self.malformed()
        return self._value

    def yes(self) -> bool:
        """Return a true or false."""
        if not isinstance(self._value, bool):
            raise self.malformed()
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
            raise node.at("quantities").malformed()
        declared |= own
        by_test.append(own)
    everything = {**_IMPLIED, **declared}
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
        validity_months=root.at("certificate").at("validity").at("default_months").count(),
    )


def _chemistry(root: _Node, name: str) -> Chemistry:
    try:
        return Chemistry(name)
    except ValueError as error:
        raise root.at("chemistry_windows").at(name).malformed() from error


def _scope(node: _Node) -> Scope:
    try:
        return Scope(node.text())
    except ValueError as error:
        raise node.malformed() from error


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
            raise node.at("type").malformed()
    elif not node.has("unit"):
        raise node.malformed()
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
        raise node.at("verdict").malformed()
    disposition = None
    if node.has("disposition"):
        if node.at("disposition").text() not in set(Disposition):
            raise node.at("disposition").malformed()
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
            raise node.at("alternatives").malformed()
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
            raise node.at(column).malformed()
        bounds.append(Bound(quantity=name, least=end == "min", value=node.at(column).number()))
    use = node.at("use")
    return GradeRow(
        grade=node.at("grade").text(),
        bounds=tuple(bounds),
        use_ko=use.text() if use.is_text else use.at("ko").text(),
        use_en=use.text() if use.is_text else use.at("en").text(),
        review_months=node.at("review_months").count() if node.has("review_months") else None,
    )
