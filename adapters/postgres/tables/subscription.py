"""Rows of plans, contracts, capacity slots and assignments."""

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
    SmallInteger,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlmodel import Field, SQLModel

from adapters.postgres.tables.base import SCHEMA, distributed, reference


class PlanVersionRow(SQLModel, table=True):
    """A published version of a plan; never changed. `components` is canonical JSON."""

    __tablename__ = "plan_version"
    __table_args__ = (
        PrimaryKeyConstraint("plan_id"),
        UniqueConstraint("code", "version", name="plan_version_code_version"),
        CheckConstraint("version > 0", name="plan_version_version_is_positive"),
        reference(),
    )

    plan_id: UUID = Field(sa_column=Column("plan_id", Uuid, nullable=False))
    code: str = Field(sa_column=Column("code", Text, nullable=False))
    version: int = Field(sa_column=Column("version", Integer, nullable=False))
    name_ko: str = Field(sa_column=Column("name_ko", Text, nullable=False))
    name_en: str = Field(sa_column=Column("name_en", Text, nullable=False))
    components: str = Field(sa_column=Column("components", Text, nullable=False))
    published_at: datetime = Field(sa_column=Column("published_at", DateTime(timezone=True), nullable=False))


class ContractRow(SQLModel, table=True):
    """A tenant's contract with its own copy of the plan; only `state` changes."""

    __tablename__ = "contract"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "contract_id"),
        UniqueConstraint("tenant_id", "number", name="contract_number"),
        CheckConstraint("contracted_wh > 0 and contracted_w > 0", name="contract_capacity_is_positive"),
        CheckConstraint("ends_on >= starts_on", name="contract_ends_after_it_starts"),
        CheckConstraint("payment_terms_days between 0 and 365", name="contract_payment_terms_are_bounded"),
        CheckConstraint("state in ('draft', 'signed', 'active', 'ended')", name="contract_state_is_known"),
        distributed("tenant_id"),
    )

    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False))
    contract_id: UUID = Field(sa_column=Column("contract_id", Uuid, nullable=False))
    number: str = Field(sa_column=Column("number", Text, nullable=False))
    site_id: UUID = Field(sa_column=Column("site_id", Uuid, nullable=False))
    plan_id: UUID = Field(sa_column=Column("plan_id", Uuid, nullable=False))
    plan_code: str = Field(sa_column=Column("plan_code", Text, nullable=False))
    plan_version: int = Field(sa_column=Column("plan_version", Integer, nullable=False))
    plan_name_ko: str = Field(sa_column=Column("plan_name_ko", Text, nullable=False))
    plan_name_en: str = Field(sa_column=Column("plan_name_en", Text, nullable=False))
    plan_components: str = Field(sa_column=Column("plan_components", Text, nullable=False))
    plan_published_at: datetime = Field(sa_column=Column("plan_published_at", DateTime(timezone=True), nullable=False))
    contracted_wh: int = Field(sa_column=Column("contracted_wh", BigInteger, nullable=False))
    contracted_w: int = Field(sa_column=Column("contracted_w", BigInteger, nullable=False))
    starts_on: date = Field(sa_column=Column("starts_on", Date, nullable=False))
    ends_on: date = Field(sa_column=Column("ends_on", Date, nullable=False))
    payment_terms_days: int = Field(sa_column=Column("payment_terms_days", SmallInteger, nullable=False))
    signed_at: datetime = Field(sa_column=Column("signed_at", DateTime(timezone=True), nullable=False))
    state: str = Field(sa_column=Column("state", Text, nullable=False))


class CapacitySlotRow(SQLModel, table=True):
    """Capacity promised under a contract."""

    __tablename__ = "capacity_slot"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "slot_id"),
        UniqueConstraint("tenant_id", "contract_id", "slot_id", name="capacity_slot_contract"),
        ForeignKeyConstraint(
            ["tenant_id", "contract_id"],
            [f"{SCHEMA}.contract.tenant_id", f"{SCHEMA}.contract.contract_id"],
            name="capacity_slot_is_of_a_contract",
        ),
        CheckConstraint("promised_wh > 0 and promised_w > 0", name="capacity_slot_promise_is_positive"),
        distributed("tenant_id"),
    )

    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False))
    slot_id: UUID = Field(sa_column=Column("slot_id", Uuid, nullable=False))
    contract_id: UUID = Field(sa_column=Column("contract_id", Uuid, nullable=False))
    promised_wh: int = Field(sa_column=Column("promised_wh", BigInteger, nullable=False))
    promised_w: int = Field(sa_column=Column("promised_w", BigInteger, nullable=False))


class AssignmentRow(SQLModel, table=True):
    """One pack in one slot, with a copy of the certificate it came under. A pack has one open row at most."""

    __tablename__ = "assignment"
    __table_args__ = (
        PrimaryKeyConstraint("tenant_id", "assignment_id"),
        ForeignKeyConstraint(
            ["tenant_id", "contract_id", "slot_id"],
            [
                f"{SCHEMA}.capacity_slot.tenant_id",
                f"{SCHEMA}.capacity_slot.contract_id",
                f"{SCHEMA}.capacity_slot.slot_id",
            ],
            name="assignment_is_to_a_slot",
        ),
        CheckConstraint("ends_at is null or ends_at > starts_at", name="assignment_ends_after_it_starts"),
        CheckConstraint("suspended_at is null or suspended_at >= starts_at", name="assignment_suspends_after_start"),
        CheckConstraint("certified_wh >= 0 and shortfall_wh >= 0", name="assignment_energies_are_not_negative"),
        CheckConstraint("soh_ppm >= 0", name="assignment_soh_is_not_negative"),
        CheckConstraint(
            "certificate_valid_until_at > certificate_valid_from_at", name="assignment_certificate_ends_after_it_starts"
        ),
        CheckConstraint("reason in ('initial', 'swap', 'upgrade', 'loaner')", name="assignment_reason_is_known"),
        CheckConstraint("state in ('in_service', 'suspended', 'removed')", name="assignment_state_is_known"),
        CheckConstraint("(state = 'removed') = (ends_at is not null)", name="assignment_removed_has_an_end"),
        Index(
            "assignment_one_open",
            "tenant_id",
            "pack_id",
            unique=True,
            postgresql_where=text("ends_at is null"),
        ),
        Index("assignment_contract", "tenant_id", "contract_id"),
        Index("assignment_pack", "tenant_id", "pack_id"),
        distributed("tenant_id"),
    )

    tenant_id: int = Field(sa_column=Column("tenant_id", Integer, nullable=False))
    assignment_id: UUID = Field(sa_column=Column("assignment_id", Uuid, nullable=False))
    contract_id: UUID = Field(sa_column=Column("contract_id", Uuid, nullable=False))
    slot_id: UUID = Field(sa_column=Column("slot_id", Uuid, nullable=False))
    pack_id: UUID = Field(sa_column=Column("pack_id", Uuid, nullable=False))
    starts_at: datetime = Field(sa_column=Column("starts_at", DateTime(timezone=True), nullable=False))
    ends_at: datetime | None = Field(sa_column=Column("ends_at", DateTime(timezone=True), nullable=True))
    certificate_id: UUID = Field(sa_column=Column("certificate_id", Uuid, nullable=False))
    certificate_number: str = Field(sa_column=Column("certificate_number", Text, nullable=False))
    certified_wh: int = Field(sa_column=Column("certified_wh", BigInteger, nullable=False))
    soh_ppm: int = Field(sa_column=Column("soh_ppm", Integer, nullable=False))
    grade: str = Field(sa_column=Column("grade", Text, nullable=False))
    certificate_valid_from_at: datetime = Field(
        sa_column=Column("certificate_valid_from_at", DateTime(timezone=True), nullable=False)
    )
    certificate_valid_until_at: datetime = Field(
        sa_column=Column("certificate_valid_until_at", DateTime(timezone=True), nullable=False)
    )
    shortfall_wh: int = Field(sa_column=Column("shortfall_wh", BigInteger, nullable=False))
    reason: str = Field(sa_column=Column("reason", Text, nullable=False))
    state: str = Field(sa_column=Column("state", Text, nullable=False))
    suspended_at: datetime | None = Field(sa_column=Column("suspended_at", DateTime(timezone=True), nullable=True))
