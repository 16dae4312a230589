"""Rows of energy that purchase contracts delivered."""

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
    PrimaryKeyConstraint,
    Text,
    Uuid,
    text,
)
from sqlmodel import Field, SQLModel

from adapters.postgres.tables.base import SCHEMA, distributed


class PpaLotRow(SQLModel, table=True):
    """Wh of a certificate, for days of one month at one site; a mistaken one is voided and stays."""

    __tablename__ = "ppa_lot"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "lot_id"),
        ForeignKeyConstraint(
            ["tenant_id", "site_id"],
            [f"{SCHEMA}.site.tenant_id", f"{SCHEMA}.site.site_id"],
            name="ppa_lot_is_for_a_site",
        ),
        CheckConstraint("wh > 0", name="ppa_lot_holds_energy"),
        CheckConstraint("until_on > from_on", name="ppa_lot_has_days"),
        CheckConstraint("(voided_at is null) = (voided_by is null)", name="ppa_lot_is_voided_by_somebody"),
        Index(
            "ppa_lot_certificate_once",
            "tenant_id",
            "certificate_id",
            unique=True,
            postgresql_where=text("voided_at is null"),
        ),
        Index("ppa_lot_site", "tenant_id", "site_id", "from_on"),
        distributed("tenant_id"),
    )

    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False, autoincrement=False))
    lot_id: UUID = Field(sa_column=Column("lot_id", Uuid, nullable=False))
    site_id: UUID = Field(sa_column=Column("site_id", Uuid, nullable=False))
    certificate_id: str = Field(sa_column=Column("certificate_id", Text, nullable=False))
    from_on: date = Field(sa_column=Column("from_on", Date, nullable=False))
    until_on: date = Field(sa_column=Column("until_on", Date, nullable=False))
    wh: int = Field(sa_column=Column("wh", BigInteger, nullable=False))
    entered_by: str = Field(sa_column=Column("entered_by", Text, nullable=False))
    entered_at: datetime = Field(sa_column=Column("entered_at", DateTime(timezone=True), nullable=False))
    voided_by: str | None = Field(sa_column=Column("voided_by", Text, nullable=True))
    voided_at: datetime | None = Field(sa_column=Column("voided_at", DateTime(timezone=True), nullable=True))
