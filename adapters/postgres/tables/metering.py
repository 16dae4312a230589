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


_DAY_LENGTHS = "(1440, 288, 96, 48, 24)"


class MeterRow(SQLModel, table=True):
    """A metering point of a site; which devices hung there is told beside it."""

    __tablename__ = "meter"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "meter_id"),
        ForeignKeyConstraint(
            ["tenant_id", "site_id"],
            [f"{SCHEMA}.site.tenant_id", f"{SCHEMA}.site.site_id"],
            name="meter_is_of_a_site",
        ),
        CheckConstraint("kind in ('grid', 'pv', 'load', 'pcs', 'auxiliary')", name="meter_kind_is_known"),
        Index("meter_site", "tenant_id", "site_id", "meter_id"),
        distributed("tenant_id"),
    )

    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False, autoincrement=False))
    meter_id: UUID = Field(sa_column=Column("meter_id", Uuid, nullable=False))
    site_id: UUID = Field(sa_column=Column("site_id", Uuid, nullable=False))
    kind: str = Field(sa_column=Column("kind", Text, nullable=False))


class MeterDeviceRow(SQLModel, table=True):
    """The device that hangs at a metering point since an instant; each exchange is the next epoch."""

    __tablename__ = "meter_device"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "meter_id", "epoch"),
        ForeignKeyConstraint(
            ["tenant_id", "meter_id"],
            [f"{SCHEMA}.meter.tenant_id", f"{SCHEMA}.meter.meter_id"],
            name="meter_device_is_of_a_meter",
        ),
        CheckConstraint("epoch >= 0 and (epoch = 0) = (from_at is null)", name="meter_device_epoch_has_an_instant"),
        CheckConstraint("digits between 1 and 12", name="meter_device_digits_are_twelve_at_most"),
        CheckConstraint("count_wh between 1 and 1000000", name="meter_device_count_is_positive"),
        Index("meter_device_serial", "tenant_id", "serial", postgresql_where=text("serial <> ''")),
        distributed("tenant_id"),
    )

    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False, autoincrement=False))
    meter_id: UUID = Field(sa_column=Column("meter_id", Uuid, nullable=False))
    epoch: int = Field(sa_column=Column("epoch", SmallInteger, nullable=False, autoincrement=False))
    serial: str = Field(sa_column=Column("serial", Text, nullable=False))
    digits: int = Field(sa_column=Column("digits", SmallInteger, nullable=False))
    count_wh: int = Field(sa_column=Column("count_wh", Integer, nullable=False))
    verified_until: date | None = Field(sa_column=Column("verified_until", Date, nullable=True))
    from_at: datetime | None = Field(sa_column=Column("from_at", DateTime(timezone=True), nullable=True))
    recorded_by: str = Field(sa_column=Column("recorded_by", Text, nullable=False))
    recorded_at: datetime = Field(sa_column=Column("recorded_at", DateTime(timezone=True), nullable=False))


class MeterRatioRow(SQLModel, table=True):
    """The ratio of a meter's transformers (CT, VT) from a day on; rows are only added."""

    __tablename__ = "meter_ratio"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "meter_id", "from_on"),
        ForeignKeyConstraint(
            ["tenant_id", "meter_id"],
            [f"{SCHEMA}.meter.tenant_id", f"{SCHEMA}.meter.meter_id"],
            name="meter_ratio_is_of_a_meter",
        ),
        CheckConstraint(
            "numerator between 1 and 1000000 and denominator between 1 and 1000000", name="meter_ratio_is_positive"
        ),
        distributed("tenant_id"),
    )

    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False, autoincrement=False))
    meter_id: UUID = Field(sa_column=Column("meter_id", Uuid, nullable=False))
    from_on: date = Field(sa_column=Column("from_on", Date, nullable=False))
    numerator: int = Field(sa_column=Column("numerator", Integer, nullable=False))
    denominator: int = Field(sa_column=Column("denominator", Integer, nullable=False))
    recorded_by: str = Field(sa_column=Column("recorded_by", Text, nullable=False))
    recorded_at: datetime = Field(sa_column=Column("recorded_at", DateTime(timezone=True), nullable=False))


class ChannelRow(SQLModel, table=True):
    """One quantity that one meter counts at one site; several meters may count one quantity, but a state of charge."""

    __tablename__ = "channel"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "channel_id"),
        UniqueConstraint("tenant_id", "meter_id", "quantity", name="channel_quantity_once_a_meter"),
        Index(
            "channel_storage_soc_once_a_site",
            "tenant_id",
            "site_id",
            unique=True,
            postgresql_where=text("quantity = 'storage_soc'"),
        ),
        Index("channel_site", "tenant_id", "site_id", "channel_id"),
        ForeignKeyConstraint(
            ["tenant_id", "meter_id"],
            [f"{SCHEMA}.meter.tenant_id", f"{SCHEMA}.meter.meter_id"],
            name="channel_is_of_a_meter",
        ),
        CheckConstraint("slot_minutes in (1, 5, 15, 30, 60)", name="channel_slots_are_of_a_known_length"),
        CheckConstraint("from_on < until_on", name="channel_ends_after_it_begins"),
        ForeignKeyConstraint(
            ["tenant_id", "site_id"],
            [f"{SCHEMA}.site.tenant_id", f"{SCHEMA}.site.site_id"],
            name="channel_is_of_a_site",
        ),
        CheckConstraint(
            "quantity in ('load', 'pv', 'storage_charge', 'storage_discharge', "
            "'grid_import', 'grid_export', 'storage_soc', 'auxiliary')",
            name="channel_quantity_is_known",
        ),
        CheckConstraint("channel_id > 0", name="channel_number_is_positive"),
        distributed("tenant_id"),
    )

    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False, autoincrement=False))
    channel_id: int = Field(sa_column=Column("channel_id", Integer, nullable=False, autoincrement=False))
    site_id: UUID = Field(sa_column=Column("site_id", Uuid, nullable=False))
    quantity: str = Field(sa_column=Column("quantity", Text, nullable=False))
    meter_id: UUID = Field(sa_column=Column("meter_id", Uuid, nullable=False))
    slot_minutes: int = Field(sa_column=Column("slot_minutes", SmallInteger, nullable=False))
    from_on: date | None = Field(sa_column=Column("from_on", Date, nullable=True))
    until_on: date | None = Field(sa_column=Column("until_on", Date, nullable=True))


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
    """A channel's Seoul day: a value a slot in the channel's unit (Wh; bp of a state of charge), null where none came.

    The current row of a day is the one of the highest revision. `fills` say what came into the row after
    `recorded_at`, `marks` which slots are known otherwise than `quality` says; both are null as a rule. Channels
    are never taken away: the statements that insert join theirs, which costs less than a foreign key does
    (docs/decisions/0080).
    """

    __tablename__ = "interval_day"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "channel_id", "day", "revision"),
        CheckConstraint(
            f"array_ndims(wh) = 1 and array_length(wh, 1) in {_DAY_LENGTHS}", name="interval_day_has_a_days_slots"
        ),
        CheckConstraint("0 <= all (wh)", name="interval_day_values_are_not_negative"),
        CheckConstraint("revision >= 0", name="interval_day_revision_is_a_count"),
        CheckConstraint(
            "quality in ('measured', 'estimated', 'corrected', 'suspect')", name="interval_day_quality_is_known"
        ),
        CheckConstraint("source in ('site_file', 'api', 'register')", name="interval_day_source_is_known"),
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


TICKS_A_PAGE = 496
"""So many ticks are kept in one row at most: two of them fill a block of the database."""


class TickPageRow(SQLModel, table=True):
    """What many channels of quarter-hours say of one slot, as it came; it waits to be laid into the rows of their days.

    A slot's value is here or in its day's row, never in both (docs/decisions/0108).
    """

    __tablename__ = "tick_page"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "day", "slot", "first_channel"),
        CheckConstraint("slot between 0 and 95", name="tick_page_slot_is_of_a_day"),
        CheckConstraint(
            f"cardinality(channel_ids) between 1 and {TICKS_A_PAGE} and cardinality(wh) = cardinality(channel_ids)"
            " and array_position(channel_ids, null) is null and array_position(wh, null) is null",
            name="tick_page_has_a_value_a_channel",
        ),
        CheckConstraint("0 <= all (wh)", name="tick_page_values_are_not_negative"),
        distributed("tenant_id"),
    )

    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False, autoincrement=False))
    day: date = Field(sa_column=Column("day", Date, nullable=False))
    slot: int = Field(sa_column=Column("slot", SmallInteger, nullable=False, autoincrement=False))
    first_channel: int = Field(sa_column=Column("first_channel", Integer, nullable=False, autoincrement=False))
    last_channel: int = Field(sa_column=Column("last_channel", Integer, nullable=False))
    channel_ids: list[int] = Field(sa_column=Column("channel_ids", ARRAY(Integer), nullable=False))
    wh: list[int] = Field(sa_column=Column("wh", ARRAY(Integer), nullable=False))
    recorded_at: datetime = Field(sa_column=Column("recorded_at", DateTime(timezone=True), nullable=False))


class ServicePointRow(SQLModel, table=True):
    """A site's grid connection."""

    __tablename__ = "service_point"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "service_point_id"),
        UniqueConstraint("tenant_id", "site_id", name="service_point_once_a_site"),
        ForeignKeyConstraint(
            ["tenant_id", "site_id"],
            [f"{SCHEMA}.site.tenant_id", f"{SCHEMA}.site.site_id"],
            name="service_point_is_of_a_site",
        ),
        distributed("tenant_id"),
    )

    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False, autoincrement=False))
    service_point_id: UUID = Field(sa_column=Column("service_point_id", Uuid, nullable=False))
    site_id: UUID = Field(sa_column=Column("site_id", Uuid, nullable=False))
    kepco_customer_no: str = Field(sa_column=Column("kepco_customer_no", Text, nullable=False))


class ServicePointTermRow(SQLModel, table=True):
    """The contract power of a service point from a day on; rows are only added."""

    __tablename__ = "service_point_term"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "service_point_id", "from_on"),
        ForeignKeyConstraint(
            ["tenant_id", "service_point_id"],
            [f"{SCHEMA}.service_point.tenant_id", f"{SCHEMA}.service_point.service_point_id"],
            name="service_point_term_is_of_a_service_point",
        ),
        CheckConstraint("contract_power_w > 0", name="service_point_term_power_is_positive"),
        distributed("tenant_id"),
    )

    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False, autoincrement=False))
    service_point_id: UUID = Field(sa_column=Column("service_point_id", Uuid, nullable=False))
    from_on: date = Field(sa_column=Column("from_on", Date, nullable=False))
    contract_power_w: int = Field(sa_column=Column("contract_power_w", BigInteger, nullable=False))
    agreed_by: str = Field(sa_column=Column("agreed_by", Text, nullable=False))
    agreed_at: datetime = Field(sa_column=Column("agreed_at", DateTime(timezone=True), nullable=False))


class RegisterReadRow(SQLModel, table=True):
    """What a channel's counting register showed at an instant; `epoch` tells which device it was."""

    __tablename__ = "register_read"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "channel_id", "read_at", "epoch"),
        ForeignKeyConstraint(
            ["tenant_id", "channel_id"],
            [f"{SCHEMA}.channel.tenant_id", f"{SCHEMA}.channel.channel_id"],
            name="register_read_is_of_a_channel",
        ),
        CheckConstraint("epoch >= 0", name="register_read_epoch_is_a_count"),
        CheckConstraint("value between 0 and 999999999999", name="register_read_value_is_a_count"),
        distributed("tenant_id"),
    )

    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False, autoincrement=False))
    channel_id: int = Field(sa_column=Column("channel_id", Integer, nullable=False, autoincrement=False))
    read_at: datetime = Field(sa_column=Column("read_at", DateTime(timezone=True), nullable=False))
    epoch: int = Field(sa_column=Column("epoch", SmallInteger, nullable=False, autoincrement=False))
    value: int = Field(sa_column=Column("value", BigInteger, nullable=False))
    recorded_at: datetime = Field(sa_column=Column("recorded_at", DateTime(timezone=True), nullable=False))


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
            f"array_ndims(offered) = 1 and array_length(offered, 1) in {_DAY_LENGTHS}",
            name="reading_conflict_has_a_days_slots",
        ),
        distributed("tenant_id"),
    )

    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False, autoincrement=False))
    day: date = Field(sa_column=Column("day", Date, nullable=False))
    channel_id: int = Field(sa_column=Column("channel_id", Integer, nullable=False, autoincrement=False))
    import_id: UUID = Field(sa_column=Column("import_id", Uuid, nullable=False))
    part: int = Field(sa_column=Column("part", SmallInteger, nullable=False, autoincrement=False))
    offered: list[int | None] = Field(sa_column=Column("offered", ARRAY(Integer), nullable=False))


class ConflictDecisionRow(SQLModel, table=True):
    """What became of values that were put aside, and why; without a row they are open."""

    __tablename__ = "reading_conflict_decision"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "day", "channel_id", "import_id", "part"),
        ForeignKeyConstraint(
            ["tenant_id", "day", "channel_id", "import_id", "part"],
            [f"{SCHEMA}.reading_conflict.{name}" for name in ("tenant_id", "day", "channel_id", "import_id", "part")],
            name="reading_conflict_decision_is_of_a_conflict",
        ),
        CheckConstraint("state in ('accepted', 'dismissed')", name="reading_conflict_decision_state_is_known"),
        distributed("tenant_id"),
    )

    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False, autoincrement=False))
    day: date = Field(sa_column=Column("day", Date, nullable=False))
    channel_id: int = Field(sa_column=Column("channel_id", Integer, nullable=False, autoincrement=False))
    import_id: UUID = Field(sa_column=Column("import_id", Uuid, nullable=False))
    part: int = Field(sa_column=Column("part", SmallInteger, nullable=False, autoincrement=False))
    state: str = Field(sa_column=Column("state", Text, nullable=False))
    reason: str = Field(sa_column=Column("reason", Text, nullable=False))
    decided_by: str = Field(sa_column=Column("decided_by", Text, nullable=False))
    decided_at: datetime = Field(sa_column=Column("decided_at", DateTime(timezone=True), nullable=False))


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
        CheckConstraint(
            f"array_ndims(wh) = 1 and array_length(wh, 1) in {_DAY_LENGTHS}", name="reading_estimate_has_a_days_slots"
        ),
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
    finding_id: UUID | None = Field(sa_column=Column("finding_id", Uuid, nullable=True))
