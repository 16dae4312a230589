"""Rows of sites, channels, day blocks of readings, imports and frozen usage."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
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
    text,
)
from sqlmodel import Field, SQLModel

from adapters.postgres.tables.base import SCHEMA, distributed


class SiteRow(SQLModel, table=True):
    """A tenant's place with one grid connection."""

    __tablename__ = "site"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "site_id"),
        ForeignKeyConstraint(["tenant_id"], [f"{SCHEMA}.tenant.tenant_id"], name="site_is_a_tenants"),
        CheckConstraint("contract_power_w > 0", name="site_contract_power_is_positive"),
        distributed("tenant_id"),
    )

    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False, autoincrement=False))
    site_id: UUID = Field(sa_column=Column("site_id", Uuid, nullable=False))
    name_ko: str = Field(sa_column=Column("name_ko", Text, nullable=False))
    name_en: str = Field(sa_column=Column("name_en", Text, nullable=False))
    address_ko: str = Field(sa_column=Column("address_ko", Text, nullable=False))
    kepco_customer_no: str = Field(sa_column=Column("kepco_customer_no", Text, nullable=False))
    contract_power_w: int = Field(sa_column=Column("contract_power_w", BigInteger, nullable=False))


class ChannelRow(SQLModel, table=True):
    """One quantity of one site."""

    __tablename__ = "channel"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "channel_id"),
        UniqueConstraint("tenant_id", "site_id", "quantity", name="channel_quantity_once_a_site"),
        ForeignKeyConstraint(
            ["tenant_id", "site_id"],
            [f"{SCHEMA}.site.tenant_id", f"{SCHEMA}.site.site_id"],
            name="channel_is_of_a_site",
        ),
        CheckConstraint(
            "quantity in ('load', 'pv', 'storage_charge', 'storage_discharge', "
            "'grid_import', 'grid_export', 'storage_soc')",
            name="channel_quantity_is_known",
        ),
        CheckConstraint("channel_id > 0", name="channel_number_is_positive"),
        distributed("tenant_id"),
    )

    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False, autoincrement=False))
    channel_id: int = Field(sa_column=Column("channel_id", Integer, nullable=False, autoincrement=False))
    site_id: UUID = Field(sa_column=Column("site_id", Uuid, nullable=False))
    quantity: str = Field(sa_column=Column("quantity", Text, nullable=False))


class ChannelCounterRow(SQLModel, table=True):
    """The last channel number that a tenant used."""

    __tablename__ = "channel_counter"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id"),
        ForeignKeyConstraint(["tenant_id"], [f"{SCHEMA}.tenant.tenant_id"], name="channel_counter_is_a_tenants"),
        CheckConstraint("last > 0", name="channel_counter_last_is_positive"),
        distributed("tenant_id"),
    )

    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False, autoincrement=False))
    last: int = Field(sa_column=Column("last", Integer, nullable=False))


class IntervalDayRow(SQLModel, table=True):
    """A channel's Seoul day: 96 values in the channel's unit (Wh; bp of a state of charge), null where nothing came.

    The current row of a day is the one of the highest revision. `fills` say what came into the row after
    `recorded_at`, `marks` which slots are known otherwise than `quality` says; both are null as a rule. Channels
    are never taken away: the statements that insert join theirs, which costs less than a foreign key does
    (docs/decisions/0080).
    """

    __tablename__ = "interval_day"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "channel_id", "day", "revision"),
        CheckConstraint("array_ndims(wh) = 1 and array_length(wh, 1) = 96", name="interval_day_has_96_slots"),
        CheckConstraint("0 <= all (wh)", name="interval_day_values_are_not_negative"),
        CheckConstraint("revision >= 0", name="interval_day_revision_is_a_count"),
        CheckConstraint(
            "quality in ('measured', 'estimated', 'substituted', 'suspect')", name="interval_day_quality_is_known"
        ),
        CheckConstraint("source in ('site_file', 'api')", name="interval_day_source_is_known"),
        CheckConstraint(
            "reason in ('late', 'resend', 'manual', 'vee', 'meter-swap', 'estimate', 'actual')",
            name="interval_day_reason_is_known",
        ),
        distributed("tenant_id"),
    )

    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False, autoincrement=False))
    day: date = Field(sa_column=Column("day", Date, nullable=False))
    channel_id: int = Field(sa_column=Column("channel_id", Integer, nullable=False, autoincrement=False))
    revision: int = Field(sa_column=Column("revision", SmallInteger, nullable=False, autoincrement=False))
    wh: list[int | None] = Field(sa_column=Column("wh", ARRAY(Integer), nullable=False))
    quality: str = Field(sa_column=Column("quality", Text, nullable=False))
    source: str = Field(sa_column=Column("source", Text, nullable=False))
    recorded_at: datetime = Field(sa_column=Column("recorded_at", DateTime(timezone=True), nullable=False))
    fills: bytes | None = Field(sa_column=Column("fills", LargeBinary, nullable=True))
    marks: bytes | None = Field(sa_column=Column("marks", LargeBinary, nullable=True))
    reason: str | None = Field(sa_column=Column("reason", Text, nullable=True))


class ReadingImportRow(SQLModel, table=True):
    """That a file was taken at a site; the same bytes once."""

    __tablename__ = "reading_import"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "import_id"),
        UniqueConstraint("tenant_id", "site_id", "file_sha256", name="reading_import_file_once_a_site"),
        ForeignKeyConstraint(
            ["tenant_id", "site_id"],
            [f"{SCHEMA}.site.tenant_id", f"{SCHEMA}.site.site_id"],
            name="reading_import_is_of_a_site",
        ),
        CheckConstraint("octet_length(file_sha256) = 32", name="reading_import_file_sha256_is_32_bytes"),
        distributed("tenant_id"),
    )

    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False, autoincrement=False))
    import_id: UUID = Field(sa_column=Column("import_id", Uuid, nullable=False))
    site_id: UUID = Field(sa_column=Column("site_id", Uuid, nullable=False))
    file_sha256: bytes = Field(sa_column=Column("file_sha256", LargeBinary, nullable=False))
    intervals: int = Field(sa_column=Column("intervals", Integer, nullable=False))
    accepted: int = Field(sa_column=Column("accepted", Integer, nullable=False))
    filled: int = Field(sa_column=Column("filled", Integer, nullable=False))
    late: int = Field(sa_column=Column("late", Integer, nullable=False))
    duplicate: int = Field(sa_column=Column("duplicate", Integer, nullable=False))
    conflicting: int = Field(sa_column=Column("conflicting", Integer, nullable=False))
    duplicate_rows: int = Field(sa_column=Column("duplicate_rows", Integer, nullable=False))
    blank_cells: int = Field(sa_column=Column("blank_cells", Integer, nullable=False))
    first_at: datetime = Field(sa_column=Column("first_at", DateTime(timezone=True), nullable=False))
    last_at: datetime = Field(sa_column=Column("last_at", DateTime(timezone=True), nullable=False))
    recorded_at: datetime = Field(sa_column=Column("recorded_at", DateTime(timezone=True), nullable=False))


class ReadingConflictRow(SQLModel, table=True):
    """Values of a channel's day that disagree with the kept ones, put aside; null where they agree.

    The same bytes may come again after a correction and disagree elsewhere: what is new then is another part.
    """

    __tablename__ = "reading_conflict"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "day", "channel_id", "import_id", "part"),
        CheckConstraint("part >= 0", name="reading_conflict_part_is_a_count"),
        ForeignKeyConstraint(
            ["tenant_id", "channel_id"],
            [f"{SCHEMA}.channel.tenant_id", f"{SCHEMA}.channel.channel_id"],
            name="reading_conflict_is_of_a_channel",
        ),
        ForeignKeyConstraint(
            ["tenant_id", "import_id"],
            [f"{SCHEMA}.reading_import.tenant_id", f"{SCHEMA}.reading_import.import_id"],
            name="reading_conflict_is_of_an_import",
        ),
        CheckConstraint(
            "array_ndims(offered) = 1 and array_length(offered, 1) = 96", name="reading_conflict_has_96_slots"
        ),
        distributed("tenant_id"),
    )

    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False, autoincrement=False))
    day: date = Field(sa_column=Column("day", Date, nullable=False))
    channel_id: int = Field(sa_column=Column("channel_id", Integer, nullable=False, autoincrement=False))
    import_id: UUID = Field(sa_column=Column("import_id", Uuid, nullable=False))
    part: int = Field(sa_column=Column("part", SmallInteger, nullable=False, autoincrement=False))
    offered: list[int | None] = Field(sa_column=Column("offered", ARRAY(Integer), nullable=False))


class UsageSnapshotRow(SQLModel, table=True):
    """A month's usage as frozen for one contract; only added to."""

    __tablename__ = "usage_snapshot"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "snapshot_id"),
        UniqueConstraint("tenant_id", "contract_id", "month", "revision", name="usage_snapshot_month_once"),
        ForeignKeyConstraint(
            ["tenant_id", "site_id"],
            [f"{SCHEMA}.site.tenant_id", f"{SCHEMA}.site.site_id"],
            name="usage_snapshot_is_of_a_site",
        ),
        CheckConstraint("octet_length(readings_sha256) = 32", name="usage_snapshot_readings_sha256_is_32_bytes"),
        CheckConstraint("month ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'", name="usage_snapshot_month_is_spelt"),
        CheckConstraint("revision >= 0", name="usage_snapshot_revision_is_a_count"),
        CheckConstraint(
            "renewable_wh + grid_wh + unattributed_wh = storage_discharge_wh",
            name="usage_snapshot_discharge_is_its_parts",
        ),
        CheckConstraint(
            "charged_pv_wh + charged_grid_wh = storage_charge_wh", name="usage_snapshot_charge_is_its_parts"
        ),
        CheckConstraint("renewable_share_ppm between 0 and 1000000", name="usage_snapshot_renewable_share_is_a_share"),
        CheckConstraint("completeness_ppm between 0 and 1000000", name="usage_snapshot_completeness_is_a_share"),
        Index("usage_snapshot_site", "tenant_id", "site_id", "month"),
        distributed("tenant_id"),
    )

    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False, autoincrement=False))
    snapshot_id: UUID = Field(sa_column=Column("snapshot_id", Uuid, nullable=False))
    contract_id: UUID = Field(sa_column=Column("contract_id", Uuid, nullable=False))
    site_id: UUID = Field(sa_column=Column("site_id", Uuid, nullable=False))
    month: str = Field(sa_column=Column("month", Text, nullable=False))
    revision: int = Field(sa_column=Column("revision", SmallInteger, nullable=False))
    load_wh: int = Field(sa_column=Column("load_wh", BigInteger, nullable=False))
    pv_wh: int = Field(sa_column=Column("pv_wh", BigInteger, nullable=False))
    storage_charge_wh: int = Field(sa_column=Column("storage_charge_wh", BigInteger, nullable=False))
    storage_discharge_wh: int = Field(sa_column=Column("storage_discharge_wh", BigInteger, nullable=False))
    grid_import_wh: int = Field(sa_column=Column("grid_import_wh", BigInteger, nullable=False))
    grid_export_wh: int = Field(sa_column=Column("grid_export_wh", BigInteger, nullable=False))
    charged_pv_wh: int = Field(sa_column=Column("charged_pv_wh", BigInteger, nullable=False))
    charged_grid_wh: int = Field(sa_column=Column("charged_grid_wh", BigInteger, nullable=False))
    renewable_wh: int = Field(sa_column=Column("renewable_wh", BigInteger, nullable=False))
    grid_wh: int = Field(sa_column=Column("grid_wh", BigInteger, nullable=False))
    unattributed_wh: int = Field(sa_column=Column("unattributed_wh", BigInteger, nullable=False))
    lost_pv_wh: int = Field(sa_column=Column("lost_pv_wh", BigInteger, nullable=False))
    lost_grid_wh: int = Field(sa_column=Column("lost_grid_wh", BigInteger, nullable=False))
    stock_pv_wh: int = Field(sa_column=Column("stock_pv_wh", BigInteger, nullable=False))
    stock_grid_wh: int = Field(sa_column=Column("stock_grid_wh", BigInteger, nullable=False))
    renewable_share_ppm: int = Field(sa_column=Column("renewable_share_ppm", Integer, nullable=False))
    efficiency_ppm: int = Field(sa_column=Column("efficiency_ppm", Integer, nullable=False))
    round_trip_ppm: int | None = Field(sa_column=Column("round_trip_ppm", BigInteger, nullable=True))
    self_consumption_ppm: int | None = Field(sa_column=Column("self_consumption_ppm", Integer, nullable=True))
    self_sufficiency_ppm: int | None = Field(sa_column=Column("self_sufficiency_ppm", Integer, nullable=True))
    completeness_ppm: int = Field(sa_column=Column("completeness_ppm", Integer, nullable=False))
    missing_values: int = Field(sa_column=Column("missing_values", Integer, nullable=False))
    peak_import_w: int | None = Field(sa_column=Column("peak_import_w", BigInteger, nullable=True))
    peak_import_at: datetime | None = Field(sa_column=Column("peak_import_at", DateTime(timezone=True), nullable=True))
    readings_sha256: bytes = Field(sa_column=Column("readings_sha256", LargeBinary, nullable=False))
    frozen_at: datetime = Field(sa_column=Column("frozen_at", DateTime(timezone=True), nullable=False))


class SiteTariffRow(SQLModel, table=True):
    """Which tariff a site's service point has from a day on; rows are only added."""

    __tablename__ = "site_tariff"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "site_id", "from_on"),
        ForeignKeyConstraint(
            ["tenant_id", "site_id"],
            [f"{SCHEMA}.site.tenant_id", f"{SCHEMA}.site.site_id"],
            name="site_tariff_is_of_a_site",
        ),
        distributed("tenant_id"),
    )

    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False, autoincrement=False))
    site_id: UUID = Field(sa_column=Column("site_id", Uuid, nullable=False))
    from_on: date = Field(sa_column=Column("from_on", Date, nullable=False))
    tariff: str = Field(sa_column=Column("tariff", Text, nullable=False))
    deferred: bool = Field(sa_column=Column("deferred", Boolean, nullable=False))
    assigned_by: str = Field(sa_column=Column("assigned_by", Text, nullable=False))
    assigned_at: datetime = Field(sa_column=Column("assigned_at", DateTime(timezone=True), nullable=False))


class ReadingEstimateRow(SQLModel, table=True):
    """Values that a rule proposed for a channel's day, and what became of them; null where nothing is proposed."""

    __tablename__ = "reading_estimate"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "estimate_id"),
        ForeignKeyConstraint(
            ["tenant_id", "channel_id"],
            [f"{SCHEMA}.channel.tenant_id", f"{SCHEMA}.channel.channel_id"],
            name="reading_estimate_is_of_a_channel",
        ),
        CheckConstraint("array_ndims(wh) = 1 and array_length(wh, 1) = 96", name="reading_estimate_has_96_slots"),
        CheckConstraint("0 <= all (wh)", name="reading_estimate_values_are_not_negative"),
        CheckConstraint("rule in ('linear', 'like-day')", name="reading_estimate_rule_is_known"),
        CheckConstraint("state in ('proposed', 'accepted', 'refused')", name="reading_estimate_state_is_known"),
        CheckConstraint(
            "(state = 'proposed') = (decided_at is null) and (decided_at is null) = (decided_by is null)",
            name="reading_estimate_is_decided_by_somebody",
        ),
        Index(
            "reading_estimate_proposed_once",
            "tenant_id",
            "channel_id",
            "day",
            unique=True,
            postgresql_where=text("state = 'proposed'"),
        ),
        Index("reading_estimate_site", "tenant_id", "site_id", "estimate_id"),
        distributed("tenant_id"),
    )

    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False, autoincrement=False))
    estimate_id: UUID = Field(sa_column=Column("estimate_id", Uuid, nullable=False))
    site_id: UUID = Field(sa_column=Column("site_id", Uuid, nullable=False))
    channel_id: int = Field(sa_column=Column("channel_id", Integer, nullable=False, autoincrement=False))
    day: date = Field(sa_column=Column("day", Date, nullable=False))
    wh: list[int | None] = Field(sa_column=Column("wh", ARRAY(Integer), nullable=False))
    rule: str = Field(sa_column=Column("rule", Text, nullable=False))
    basis: str = Field(sa_column=Column("basis", Text, nullable=False))
    state: str = Field(sa_column=Column("state", Text, nullable=False))
    proposed_by: str = Field(sa_column=Column("proposed_by", Text, nullable=False))
    proposed_at: datetime = Field(sa_column=Column("proposed_at", DateTime(timezone=True), nullable=False))
    decided_by: str | None = Field(sa_column=Column("decided_by", Text, nullable=True))
    decided_at: datetime | None = Field(sa_column=Column("decided_at", DateTime(timezone=True), nullable=True))
