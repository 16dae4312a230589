"""A reception's whole life: closing states, a log of its moves, releases of a hold, and the issue as a signature."""

import sqlalchemy as sa
from alembic import op

from migrations.steps import SCHEMA, audited, begin, distribute, guard, unguard

revision = "0060"
down_revision = "0086"
branch_labels = None
depends_on = None

_OPEN = "state in ('received', 'under_test', 'tested', 'reviewed', 'approved')"
_STATES = (
    "state in ('received', 'under_test', 'tested', 'reviewed', 'approved', 'issued', 'amended', 'withdrawn', "
    "'refused', 'released')"
)
_STATES_BEFORE = "state in ('received', 'under_test', 'tested', 'reviewed', 'approved', 'issued')"
_TO_STATES = _STATES.replace("state in", "to_state in")
_MEANINGS = "meaning in ('review', 'hold_release', 'approval', 'issue')"
_SUBJECTS = "subject_type in ('assessment', 'hold_release', 'report')"
_TOLD = f"""
    insert into {SCHEMA}.reception_event
        (pack_id, reception_id, tenant_id, sequence, from_state, to_state, moved_by, moved_by_name, moved_at, reason)
    select pack_id, reception_id, tenant_id,
        row_number() over (partition by pack_id, reception_id order by moved_at, place),
        lag(to_state) over (partition by pack_id, reception_id order by moved_at, place),
        to_state, moved_by, moved_by_name, moved_at, ''
    from (
        select pack_id, reception_id, tenant_id, 'received' as to_state, received_by as moved_by,
            received_by_name as moved_by_name, received_at as moved_at, 1 as place from {SCHEMA}.reception
        union all
        select pack_id, reception_id, tenant_id, 'tested', judged_by, judged_by_name, judged_at, 2
        from {SCHEMA}.assessment
        union all
        select pack_id, reception_id, tenant_id, case meaning when 'review' then 'reviewed' else 'approved' end,
            signed_by, printed_name, signed_at, 3 from {SCHEMA}.signature
        union all
        select report.pack_id, report.reception_id, report.tenant_id, 'issued', approval.signed_by,
            approval.printed_name, report.issued_at, 4
        from {SCHEMA}.test_report as report
        join {SCHEMA}.signature as approval
            on approval.pack_id = report.pack_id and approval.subject_id = report.assessment_id
            and approval.meaning = 'approval'
    ) as moves
"""  # noqa: S608 - constants
"""What was kept of earlier receptions: who received, judged, signed and issued. Who began a test was not."""


def upgrade() -> None:
    """Let a reception close, keep its moves, and let a release and a report be signed."""
    begin()
    op.drop_constraint("reception_state_is_known", "reception_state", schema=SCHEMA, type_="check")
    op.create_check_constraint("reception_state_is_known", "reception_state", _STATES, schema=SCHEMA)
    op.drop_index("reception_state_one_open", "reception_state", schema=SCHEMA)
    op.create_index(
        "reception_state_one_open",
        "reception_state",
        ["pack_id"],
        unique=True,
        schema=SCHEMA,
        postgresql_where=sa.text(_OPEN),
    )

    op.create_table(
        "reception_event",
        sa.Column("pack_id", sa.Uuid(), nullable=False),
        sa.Column("reception_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("from_state", sa.Text(), nullable=True),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.Column("moved_by", sa.Uuid(), nullable=False),
        sa.Column("moved_by_name", sa.Text(), nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("pack_id", "reception_id", "sequence", name="reception_event_pkey"),
        sa.CheckConstraint(_TO_STATES, name="reception_event_state_is_known"),
        sa.CheckConstraint("(sequence = 1) = (from_state is null)", name="reception_event_begins_once"),
        sa.CheckConstraint(
            "reason <> '' or to_state not in ('withdrawn', 'refused', 'released')", name="reception_event_says_why"
        ),
        schema=SCHEMA,
    )
    op.create_table(
        "hold_release",
        sa.Column("pack_id", sa.Uuid(), nullable=False),
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.Column("reception_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("judgement", sa.Text(), nullable=False),
        sa.Column("released_by", sa.Uuid(), nullable=False),
        sa.Column("released_by_name", sa.Text(), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("pack_id", "assessment_id", name="hold_release_pkey"),
        sa.CheckConstraint("reason <> ''", name="hold_release_says_why"),
        schema=SCHEMA,
    )
    op.add_column("signature", sa.Column("assessment_id", sa.Uuid(), nullable=True), schema=SCHEMA)
    op.add_column("signature", sa.Column("report_id", sa.Uuid(), nullable=True), schema=SCHEMA)
    op.execute(f"update {SCHEMA}.signature set assessment_id = subject_id")  # noqa: S608 - constants
    for table in ("reception_event", "hold_release"):
        distribute(table, "pack_id", with_table="pack")
        guard(table)
        audited(table)

    op.create_foreign_key(
        "reception_event_is_of_a_reception",
        "reception_event",
        "reception",
        ["pack_id", "reception_id"],
        ["pack_id", "reception_id"],
        source_schema=SCHEMA,
        referent_schema=SCHEMA,
    )
    op.create_foreign_key(
        "hold_release_is_of_an_assessment",
        "hold_release",
        "assessment",
        ["pack_id", "assessment_id"],
        ["pack_id", "assessment_id"],
        source_schema=SCHEMA,
        referent_schema=SCHEMA,
    )
    op.drop_constraint("signature_is_of_an_assessment", "signature", schema=SCHEMA, type_="foreignkey")
    op.create_foreign_key(
        "signature_is_of_an_assessment",
        "signature",
        "assessment",
        ["pack_id", "assessment_id"],
        ["pack_id", "assessment_id"],
        source_schema=SCHEMA,
        referent_schema=SCHEMA,
    )
    op.create_foreign_key(
        "signature_is_of_a_report",
        "signature",
        "test_report",
        ["pack_id", "report_id"],
        ["pack_id", "report_id"],
        source_schema=SCHEMA,
        referent_schema=SCHEMA,
    )
    op.create_check_constraint(
        "signature_is_of_one_subject",
        "signature",
        "num_nonnulls(assessment_id, report_id) = 1 and coalesce(assessment_id, report_id) = subject_id "
        "and (subject_type = 'report') = (report_id is not null)",
        schema=SCHEMA,
    )
    op.drop_constraint("signature_meaning_is_known", "signature", schema=SCHEMA, type_="check")
    op.create_check_constraint("signature_meaning_is_known", "signature", _MEANINGS, schema=SCHEMA)
    op.drop_constraint("signature_subject_type_is_known", "signature", schema=SCHEMA, type_="check")
    op.create_check_constraint("signature_subject_type_is_known", "signature", _SUBJECTS, schema=SCHEMA)
    op.create_check_constraint(
        "signature_means_what_its_subject_allows",
        "signature",
        "(subject_type = 'report') = (meaning = 'issue') "
        "and (subject_type = 'hold_release') = (meaning = 'hold_release')",
        schema=SCHEMA,
    )
    op.execute(_TOLD)


def downgrade() -> None:
    """Forget it; refused while a reception is closed, or a release or a report is signed."""
    begin()
    op.drop_constraint("signature_means_what_its_subject_allows", "signature", schema=SCHEMA, type_="check")
    op.drop_constraint("signature_subject_type_is_known", "signature", schema=SCHEMA, type_="check")
    op.create_check_constraint(
        "signature_subject_type_is_known", "signature", "subject_type in ('assessment')", schema=SCHEMA
    )
    op.drop_constraint("signature_meaning_is_known", "signature", schema=SCHEMA, type_="check")
    op.create_check_constraint(
        "signature_meaning_is_known", "signature", "meaning in ('review', 'approval')", schema=SCHEMA
    )
    op.drop_constraint("signature_is_of_one_subject", "signature", schema=SCHEMA, type_="check")
    op.drop_constraint("signature_is_of_a_report", "signature", schema=SCHEMA, type_="foreignkey")
    op.drop_constraint("signature_is_of_an_assessment", "signature", schema=SCHEMA, type_="foreignkey")
    op.create_foreign_key(
        "signature_is_of_an_assessment",
        "signature",
        "assessment",
        ["pack_id", "subject_id"],
        ["pack_id", "assessment_id"],
        source_schema=SCHEMA,
        referent_schema=SCHEMA,
    )
    op.drop_column("signature", "report_id", schema=SCHEMA)
    op.drop_column("signature", "assessment_id", schema=SCHEMA)
    for table in ("hold_release", "reception_event"):
        unguard(table)
        op.drop_table(table, schema=SCHEMA)
    op.drop_index("reception_state_one_open", "reception_state", schema=SCHEMA)
    op.drop_constraint("reception_state_is_known", "reception_state", schema=SCHEMA, type_="check")
    op.create_check_constraint("reception_state_is_known", "reception_state", _STATES_BEFORE, schema=SCHEMA)
    op.create_index(
        "reception_state_one_open",
        "reception_state",
        ["pack_id"],
        unique=True,
        schema=SCHEMA,
        postgresql_where=sa.text("state <> 'issued'"),
    )
