"""What a table must be so that one schema runs on one PostgreSQL and on Citus; each broken rule is one sentence."""

from collections.abc import Iterable, Iterator

from pydantic_core import PydanticUndefined
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    PrimaryKeyConstraint,
    Sequence,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.orm import Mapper

TYPES = {BigInteger, Integer, SmallInteger, Text, Uuid, DateTime, Date, LargeBinary, Boolean, ARRAY, Numeric}


def faults(metadata: MetaData, *, schema: str) -> list[str]:
    """Return every broken rule in the metadata, as sentences; none when all is well."""
    found = []
    for table in metadata.sorted_tables:
        for fault in _faults(table, schema=schema):
            found.append(f"{table.name}: {fault}")
    return found


def unwritten_columns(mappers: Iterable[Mapper[object]]) -> list[str]:
    """Return the columns whose type was left to SQLModel (it maps `int` to 32 bit without a word)."""
    found = []
    for mapper in mappers:
        for name, field in mapper.class_.model_fields.items():
            if getattr(field, "sa_column", PydanticUndefined) is PydanticUndefined:
                found.append(f"{mapper.class_.__name__}.{name}")
    return sorted(found)


def _faults(table: Table, *, schema: str) -> Iterator[str]:
    if table.schema != schema:
        yield f"lies outside the schema {schema}"
    yield from _kind_faults(table)
    yield from _key_faults(table)
    yield from _column_faults(table)
    for key in table.foreign_key_constraints:
        yield from _foreign_key_faults(table, key)


def _kind_faults(table: Table) -> Iterator[str]:
    kinds = [kind for kind in ("distributed_by", "reference", "local") if table.info.get(kind)]
    if len(kinds) != 1:
        yield "says not exactly one kind: distributed, reference or local"
    column = table.info.get("distributed_by")
    if column is None:
        return
    if column not in table.columns:
        yield f"lacks its distribution column {column}"
    elif table.columns[column].nullable:
        yield f"its distribution column {column} may be null"
    if not table.info.get("group"):
        yield "names no colocation group"
    if table.info.get("group") == "tenant_id" and "tenant_id" not in table.columns:
        yield "is a tenant's table without tenant_id"


def _key_faults(table: Table) -> Iterator[str]:
    if not table.primary_key.columns:
        yield "has no primary key"
    column = table.info.get("distributed_by")
    for constraint in table.constraints:
        if isinstance(constraint, CheckConstraint | UniqueConstraint | ForeignKeyConstraint) and not constraint.name:
            yield f"has a {type(constraint).__name__} without a name"
        if isinstance(constraint, PrimaryKeyConstraint | UniqueConstraint) and column is not None:
            names = set(constraint.columns.keys())
            if column not in names:
                yield f"its key ({', '.join(sorted(names))}) lacks the distribution column {column}"
    for index in table.indexes:
        yield from _index_faults(index, column)


def _index_faults(index: Index, column: str | None) -> Iterator[str]:
    if index.unique and column is not None and column not in index.columns:
        yield f"its unique index {index.name} lacks the distribution column {column}"


def _column_faults(table: Table) -> Iterator[str]:
    if table.autoincrement_column is not None:
        yield f"its column {table.autoincrement_column.name} counts by itself (write autoincrement=False)"
    for column in table.columns:
        kind = type(column.type)
        if kind not in TYPES:
            yield f"its column {column.name} has the type {kind.__name__}, which is none of ours"
        if isinstance(column.type, DateTime) and not column.type.timezone:
            yield f"its column {column.name} is an instant without a zone"
        if isinstance(column.type, Numeric) and None in (column.type.precision, column.type.scale):
            yield f"its column {column.name} is a Numeric without precision and scale"
        if column.identity is not None or isinstance(column.default, Sequence):
            yield f"its column {column.name} is an identity or a sequence"
        if column.server_default is not None:
            yield f"its column {column.name} has a default of the server"
        if column.name == "tenant_id" and (kind is not Integer or column.nullable):
            yield "its tenant_id is not an Integer that is never null"


def _foreign_key_faults(table: Table, key: ForeignKeyConstraint) -> Iterator[str]:
    target = key.referred_table
    if target.info.get("reference"):
        return
    column = table.info.get("distributed_by")
    if column is None:
        if not (table.info.get("local") and target.info.get("local")):
            yield f"its foreign key {key.name} leaves a reference or local table for {target.name}"
        return
    if target.info.get("group") != table.info.get("group"):
        yield f"its foreign key {key.name} crosses groups to {target.name}"
        return
    pairs = {(element.parent.name, element.column.name) for element in key.elements}
    if (column, target.info.get("distributed_by")) not in pairs:
        yield f"its foreign key {key.name} lacks the distribution column {column}"
    if any(rule in ("SET NULL", "SET DEFAULT") for rule in (key.ondelete, key.onupdate)):
        yield f"its foreign key {key.name} would change the distribution column"
