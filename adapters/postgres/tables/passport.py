"""Rows of packs, passports, lineage and the sealed history."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlmodel import Field, SQLModel

from adapters.postgres.tables.base import SCHEMA, distributed, own_key, reference

_PACK = f"{SCHEMA}.pack.pack_id"


class PackRow(SQLModel, table=True):
    """One physical pack; `tenant_id` is its present holder and may change, `contract_id` the one contract it serves.

    `part_kind` where it is a module or a cell by itself, null for a whole pack.
    """

    __tablename__ = "pack"
    __table_args__ = (
        PrimaryKeyConstraint("pack_id"),
        CheckConstraint("rated_capacity_mah > 0 and rated_energy_wh > 0", name="pack_ratings_are_positive"),
        CheckConstraint("modules_in_series between 1 and 512", name="pack_modules_in_series_is_a_count"),
        CheckConstraint("part_kind in ('module', 'cell')", name="pack_part_kind_is_known"),
        CheckConstraint("parent_pack_id is null or part_kind is not null", name="pack_parent_is_a_parts"),
        Index("pack_holder", "tenant_id"),
        distributed("pack_id"),
    )

    pack_id: UUID = Field(sa_column=Column("pack_id", Uuid, nullable=False))
    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False))
    contract_id: UUID | None = Field(sa_column=Column("contract_id", Uuid, nullable=True))
    model: str = Field(sa_column=Column("model", Text, nullable=False))
    maker: str = Field(sa_column=Column("maker", Text, nullable=False))
    chemistry: str = Field(sa_column=Column("chemistry", Text, nullable=False))
    cell_model: str = Field(sa_column=Column("cell_model", Text, nullable=False))
    modules_in_series: int = Field(sa_column=Column("modules_in_series", SmallInteger, nullable=False))
    cells_in_series: int = Field(sa_column=Column("cells_in_series", Integer, nullable=False))
    cells_in_parallel: int = Field(sa_column=Column("cells_in_parallel", Integer, nullable=False))
    cell_capacity_mah: int = Field(sa_column=Column("cell_capacity_mah", Integer, nullable=False))
    rated_capacity_mah: int = Field(sa_column=Column("rated_capacity_mah", BigInteger, nullable=False))
    rated_energy_wh: int = Field(sa_column=Column("rated_energy_wh", BigInteger, nullable=False))
    nominal_voltage_mv: int = Field(sa_column=Column("nominal_voltage_mv", Integer, nullable=False))
    mass_g: int = Field(sa_column=Column("mass_g", Integer, nullable=False))
    manufactured_on: date = Field(sa_column=Column("manufactured_on", Date, nullable=False))
    registered_at: datetime = Field(sa_column=Column("registered_at", DateTime(timezone=True), nullable=False))
    part_kind: str | None = Field(sa_column=Column("part_kind", Text, nullable=True))
    parent_pack_id: UUID | None = Field(sa_column=Column("parent_pack_id", Uuid, nullable=True))


class PackIdentifierRow(SQLModel, table=True):
    """Every identifier ever printed on a pack; it resolves for ever."""

    __tablename__ = "pack_identifier"
    __table_args__ = (
        PrimaryKeyConstraint("value", "scheme"),
        CheckConstraint(
            "scheme in ('product-uri', 'kr-battery-no', 'maker-serial', 'bms-serial')",
            name="pack_identifier_scheme_is_known",
        ),
        Index("pack_identifier_pack", "pack_id"),
        own_key("value"),
    )

    value: str = Field(sa_column=Column("value", Text, nullable=False))
    scheme: str = Field(sa_column=Column("scheme", Text, nullable=False))
    pack_id: UUID = Field(sa_column=Column("pack_id", Uuid, nullable=False))


class PassportRow(SQLModel, table=True):
    """A passport as it was issued; what changes lies in `passport_state`."""

    __tablename__ = "passport"
    __table_args__ = (
        PrimaryKeyConstraint("pack_id", "passport_id"),
        ForeignKeyConstraint(["pack_id"], [_PACK], name="passport_is_of_a_pack"),
        CheckConstraint("battery_status in ('original', 'repurposed')", name="passport_battery_status_is_known"),
        CheckConstraint("category in ('ev', 'stationary')", name="passport_category_is_known"),
        distributed("pack_id"),
    )

    pack_id: UUID = Field(sa_column=Column("pack_id", Uuid, nullable=False))
    passport_id: UUID = Field(sa_column=Column("passport_id", Uuid, nullable=False))
    product_uri: str = Field(sa_column=Column("product_uri", Text, nullable=False))
    category: str = Field(sa_column=Column("category", Text, nullable=False))
    battery_status: str = Field(sa_column=Column("battery_status", Text, nullable=False))
    operator_name_ko: str = Field(sa_column=Column("operator_name_ko", Text, nullable=False))
    operator_name_en: str = Field(sa_column=Column("operator_name_en", Text, nullable=False))
    attributes: str = Field(sa_column=Column("attributes", Text, nullable=False))
    issued_at: datetime = Field(sa_column=Column("issued_at", DateTime(timezone=True), nullable=False))


class PassportStateRow(SQLModel, table=True):
    """Whether a passport is in force; at most one of a pack is."""

    __tablename__ = "passport_state"
    __table_args__ = (
        PrimaryKeyConstraint("pack_id", "passport_id"),
        ForeignKeyConstraint(
            ["pack_id", "passport_id"],
            [f"{SCHEMA}.passport.pack_id", f"{SCHEMA}.passport.passport_id"],
            name="passport_state_is_of_a_passport",
        ),
        CheckConstraint("state in ('active', 'archived')", name="passport_state_is_known"),
        Index(
            "passport_state_one_active",
            "pack_id",
            unique=True,
            postgresql_where="state = 'active'",
        ),
        distributed("pack_id"),
    )

    pack_id: UUID = Field(sa_column=Column("pack_id", Uuid, nullable=False))
    passport_id: UUID = Field(sa_column=Column("passport_id", Uuid, nullable=False))
    state: str = Field(sa_column=Column("state", Text, nullable=False))
    changed_at: datetime = Field(sa_column=Column("changed_at", DateTime(timezone=True), nullable=False))


class LineageRow(SQLModel, table=True):
    """One edge: `to_passport` was made of `from_passport`. Small, and walked in both directions."""

    __tablename__ = "lineage"
    __table_args__ = (
        PrimaryKeyConstraint("from_passport_id", "to_passport_id"),
        CheckConstraint("module_share_ppm between 1 and 1000000", name="lineage_module_share_is_a_share"),
        CheckConstraint("from_passport_id <> to_passport_id", name="lineage_has_two_ends"),
        Index("lineage_back", "to_passport_id"),
        reference(),
    )

    from_passport_id: UUID = Field(sa_column=Column("from_passport_id", Uuid, nullable=False))
    to_passport_id: UUID = Field(sa_column=Column("to_passport_id", Uuid, nullable=False))
    from_pack_id: UUID = Field(sa_column=Column("from_pack_id", Uuid, nullable=False))
    to_pack_id: UUID = Field(sa_column=Column("to_pack_id", Uuid, nullable=False))
    module_share_ppm: int = Field(sa_column=Column("module_share_ppm", Integer, nullable=False))
    event_id: UUID = Field(sa_column=Column("event_id", Uuid, nullable=False))


class HistoryEntryRow(SQLModel, table=True):
    """One sealed entry; never changed. `tenant_id` is the holder at that time.

    `recorded_for` is the organisation on whose behalf it was written, which the seal does not cover; none is known of
    entries older than this column.
    """

    __tablename__ = "history_entry"
    __table_args__ = (
        PrimaryKeyConstraint("pack_id", "sequence"),
        UniqueConstraint("pack_id", "event_id", name="history_entry_event_once"),
        UniqueConstraint("pack_id", "previous_seal", name="history_entry_never_forks"),
        ForeignKeyConstraint(["pack_id"], [_PACK], name="history_entry_is_of_a_pack"),
        CheckConstraint("octet_length(seal) = 32", name="history_entry_seal_is_32_bytes"),
        CheckConstraint("octet_length(previous_seal) = 32", name="history_entry_previous_seal_is_32_bytes"),
        CheckConstraint("sequence > 0", name="history_entry_sequence_is_positive"),
        distributed("pack_id"),
    )

    pack_id: UUID = Field(sa_column=Column("pack_id", Uuid, nullable=False))
    sequence: int = Field(sa_column=Column("sequence", Integer, nullable=False, autoincrement=False))
    event_id: UUID = Field(sa_column=Column("event_id", Uuid, nullable=False))
    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False))
    kind: str = Field(sa_column=Column("kind", Text, nullable=False))
    occurred_at: datetime = Field(sa_column=Column("occurred_at", DateTime(timezone=True), nullable=False))
    recorded_at: datetime = Field(sa_column=Column("recorded_at", DateTime(timezone=True), nullable=False))
    actor_id: UUID = Field(sa_column=Column("actor_id", Uuid, nullable=False))
    actor_name: str = Field(sa_column=Column("actor_name", Text, nullable=False))
    payload: str = Field(sa_column=Column("payload", Text, nullable=False))
    previous_seal: bytes = Field(sa_column=Column("previous_seal", LargeBinary, nullable=False))
    seal: bytes = Field(sa_column=Column("seal", LargeBinary, nullable=False))
    recorded_for: int | None = Field(sa_column=Column("recorded_for", Integer, nullable=True))


class HistoryHeadRow(SQLModel, table=True):
    """Where a pack's history ends; locked to append, so that two writers never fork it.

    `bench_of` is the inspection body that last wrote to it: while the pack lies on its bench no other body may.
    """

    __tablename__ = "history_head"
    __table_args__ = (
        PrimaryKeyConstraint("pack_id"),
        ForeignKeyConstraint(["pack_id"], [_PACK], name="history_head_is_of_a_pack"),
        distributed("pack_id"),
    )

    pack_id: UUID = Field(sa_column=Column("pack_id", Uuid, nullable=False))
    sequence: int = Field(sa_column=Column("sequence", Integer, nullable=False))
    seal: bytes = Field(sa_column=Column("seal", LargeBinary, nullable=False))
    state: str = Field(sa_column=Column("state", Text, nullable=False))
    bench_of: int | None = Field(sa_column=Column("bench_of", Integer, nullable=True))


class LabelRow(SQLModel, table=True):
    """A printed label and what it points at."""

    __tablename__ = "label"
    __table_args__ = (
        PrimaryKeyConstraint("pack_id", "label_id"),
        ForeignKeyConstraint(["pack_id"], [_PACK], name="label_is_of_a_pack"),
        distributed("pack_id"),
    )

    pack_id: UUID = Field(sa_column=Column("pack_id", Uuid, nullable=False))
    label_id: UUID = Field(sa_column=Column("label_id", Uuid, nullable=False))
    passport_id: UUID = Field(sa_column=Column("passport_id", Uuid, nullable=False))
    product_uri: str = Field(sa_column=Column("product_uri", Text, nullable=False))
    sheet_sha256: bytes = Field(sa_column=Column("sheet_sha256", LargeBinary, nullable=False))
    printed_at: datetime = Field(sa_column=Column("printed_at", DateTime(timezone=True), nullable=False))
