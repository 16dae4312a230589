"""Buckets of quotas."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, Integer, PrimaryKeyConstraint, Text
from sqlmodel import Field, SQLModel

from adapters.postgres.tables.base import local


class QuotaBucketRow(SQLModel, table=True):
    """What is left in a bucket since it was last taken from, and how much was taken then."""

    __tablename__ = "quota_bucket"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "holder", "kind"),
        CheckConstraint("tokens >= 0 and granted >= 0", name="quota_bucket_is_never_below_empty"),
        local(),
    )

    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False))
    holder: str = Field(sa_column=Column("holder", Text, nullable=False))
    kind: str = Field(sa_column=Column("kind", Text, nullable=False))
    tokens: int = Field(sa_column=Column("tokens", BigInteger, nullable=False))
    granted: int = Field(sa_column=Column("granted", BigInteger, nullable=False))
    filled_at: datetime = Field(sa_column=Column("filled_at", DateTime(timezone=True), nullable=False))
