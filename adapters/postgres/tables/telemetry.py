"""Rows of packs' minutes, of where the safety watch stands, and of alarms with every change of them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Text,
    Uuid,
    text,
)
from sqlmodel import Field, SQLModel

from adapters.postgres.tables.base import SCHEMA, distributed

_SIGNALS = (
    "signal in ('cell_high_mv', 'cell_low_mv', 'spread_at_rest_mv', 'spread_under_load_mv', 'temperature_mc', "
    "'temperature_spread_mk', 'temperature_rise_mk', 'charging_cold_mc', 'insulation_ohm_per_v', 'protection', "
    "'gap_s', 'reported')"
)


def _values(name: str) -> Column[list[int | None]]:
    return Column(name, ARRAY(Integer), nullable=False)


class TelemetryHourRow(SQLModel, table=True):
    """A pack's hour: 60 values a signal, null where a minute says nothing; bit n of `received` is minute n.

    An hour and no day, because a live minute rewrites its row: 2 kB then, and not 50.
    """

    __tablename__ = "telemetry_hour"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "pack_id", "hour_at"),
        ForeignKeyConstraint(["tenant_id"], [f"{SCHEMA}.tenant.tenant_id"], name="telemetry_hour_is_a_tenants"),
        CheckConstraint("received > 0 and received < 1152921504606846976", name="telemetry_hour_has_60_minutes"),
        CheckConstraint("array_length(flags, 1) = 60", name="telemetry_hour_has_60_values"),
        distributed("tenant_id"),
    )

    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False, autoincrement=False))
    pack_id: UUID = Field(sa_column=Column("pack_id", Uuid, nullable=False))
    hour_at: datetime = Field(sa_column=Column("hour_at", DateTime(timezone=True), nullable=False))
    received: int = Field(sa_column=Column("received", BigInteger, nullable=False))
    voltage_mv: list[int | None] = Field(sa_column=_values("voltage_mv"))
    current_ma: list[int | None] = Field(sa_column=_values("current_ma"))
    soc_bp: list[int | None] = Field(sa_column=_values("soc_bp"))
    cell_min_mv: list[int | None] = Field(sa_column=_values("cell_min_mv"))
    cell_max_mv: list[int | None] = Field(sa_column=_values("cell_max_mv"))
    temperature_min_mc: list[int | None] = Field(sa_column=_values("temperature_min_mc"))
    temperature_max_mc: list[int | None] = Field(sa_column=_values("temperature_max_mc"))
    insulation_ohm: list[int | None] = Field(sa_column=_values("insulation_ohm"))
    power_ready_w: list[int | None] = Field(sa_column=_values("power_ready_w"))
    flags: list[int | None] = Field(sa_column=_values("flags"))


class SafetyStandingRow(SQLModel, table=True):
    """Where a pack stands: each signal's level, what lasts but does not count yet, and the last value seen.

    The row is what writers of the pack's telemetry and alarms take turns on.
    """

    __tablename__ = "safety_standing"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "pack_id"),
        ForeignKeyConstraint(["tenant_id"], [f"{SCHEMA}.tenant.tenant_id"], name="safety_standing_is_a_tenants"),
        CheckConstraint("gap_level between 0 and 3", name="safety_standing_gap_level_is_a_level"),
        distributed("tenant_id"),
    )

    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False, autoincrement=False))
    pack_id: UUID = Field(sa_column=Column("pack_id", Uuid, nullable=False))
    seen_at: datetime | None = Field(sa_column=Column("seen_at", DateTime(timezone=True), nullable=True))
    gap_level: int = Field(sa_column=Column("gap_level", SmallInteger, nullable=False))
    watches: str = Field(sa_column=Column("watches", Text, nullable=False))


class AlarmRow(SQLModel, table=True):
    """An alarm as it is now; one of a signal of a pack stands at a time."""

    __tablename__ = "alarm"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "alarm_id"),
        ForeignKeyConstraint(["tenant_id"], [f"{SCHEMA}.tenant.tenant_id"], name="alarm_is_a_tenants"),
        CheckConstraint(_SIGNALS, name="alarm_signal_is_known"),
        CheckConstraint("level between 0 and 3 and worst between 1 and 3", name="alarm_level_is_a_level"),
        CheckConstraint("(cleared_at is null) = (level > 0)", name="alarm_stands_or_is_cleared"),
        Index(
            "alarm_stands_once",
            "tenant_id",
            "pack_id",
            "signal",
            unique=True,
            postgresql_where=text("cleared_at is null"),
        ),
        Index("alarm_latest", "tenant_id", "changed_at"),
        Index("alarm_pack", "pack_id", "changed_at"),
        distributed("tenant_id"),
    )

    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False, autoincrement=False))
    alarm_id: UUID = Field(sa_column=Column("alarm_id", Uuid, nullable=False))
    pack_id: UUID = Field(sa_column=Column("pack_id", Uuid, nullable=False))
    signal: str = Field(sa_column=Column("signal", Text, nullable=False))
    level: int = Field(sa_column=Column("level", SmallInteger, nullable=False))
    worst: int = Field(sa_column=Column("worst", SmallInteger, nullable=False))
    value: int | None = Field(sa_column=Column("value", BigInteger, nullable=True))
    limit_value: int | None = Field(sa_column=Column("limit_value", BigInteger, nullable=True))
    opened_at: datetime = Field(sa_column=Column("opened_at", DateTime(timezone=True), nullable=False))
    changed_at: datetime = Field(sa_column=Column("changed_at", DateTime(timezone=True), nullable=False))
    cleared_at: datetime | None = Field(sa_column=Column("cleared_at", DateTime(timezone=True), nullable=True))


class AlarmChangeRow(SQLModel, table=True):
    """A change of an alarm; only added to."""

    __tablename__ = "alarm_change"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "change_id"),
        ForeignKeyConstraint(
            ["tenant_id", "alarm_id"],
            [f"{SCHEMA}.alarm.tenant_id", f"{SCHEMA}.alarm.alarm_id"],
            name="alarm_change_is_of_an_alarm",
        ),
        CheckConstraint(
            "change in ('opened', 'worsened', 'eased', 'cleared')",
            name="alarm_change_is_known",
        ),
        CheckConstraint("level between 0 and 3", name="alarm_change_level_is_a_level"),
        CheckConstraint("(by_id is null) = (by_name is null)", name="alarm_change_is_somebodys_or_nobodys"),
        Index("alarm_change_alarm", "tenant_id", "alarm_id", "change_id"),
        distributed("tenant_id"),
    )

    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False, autoincrement=False))
    change_id: UUID = Field(sa_column=Column("change_id", Uuid, nullable=False))
    alarm_id: UUID = Field(sa_column=Column("alarm_id", Uuid, nullable=False))
    pack_id: UUID = Field(sa_column=Column("pack_id", Uuid, nullable=False))
    signal: str = Field(sa_column=Column("signal", Text, nullable=False))
    change: str = Field(sa_column=Column("change", Text, nullable=False))
    level: int = Field(sa_column=Column("level", SmallInteger, nullable=False))
    value: int | None = Field(sa_column=Column("value", BigInteger, nullable=True))
    limit_value: int | None = Field(sa_column=Column("limit_value", BigInteger, nullable=True))
    since_at: datetime = Field(sa_column=Column("since_at", DateTime(timezone=True), nullable=False))
    at: datetime = Field(sa_column=Column("at", DateTime(timezone=True), nullable=False))
    recorded_at: datetime = Field(sa_column=Column("recorded_at", DateTime(timezone=True), nullable=False))
    by_id: UUID | None = Field(sa_column=Column("by_id", Uuid, nullable=True))
    by_name: str | None = Field(sa_column=Column("by_name", Text, nullable=True))
    reason: str | None = Field(sa_column=Column("reason", Text, nullable=True))
