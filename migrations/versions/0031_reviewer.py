"""A reviewer signs before the approver: a state, a meaning, and a person signs a record once.

A reception that was approved before has no review; it is issued as it was approved.
"""

from alembic import op

from migrations.steps import SCHEMA, begin

revision = "0031"
down_revision = "0040"
branch_labels = None
depends_on = None

_STATE, _MEANING = "reception_state_is_known", "signature_meaning_is_known"


def upgrade() -> None:
    """Know the reviewer's state and signature; bind every signature to an assessment that is there."""
    begin()
    op.drop_constraint(_STATE, "reception_state", schema=SCHEMA, type_="check")
    op.create_check_constraint(
        _STATE,
        "reception_state",
        "state in ('received', 'under_test', 'tested', 'reviewed', 'approved', 'issued')",
        schema=SCHEMA,
    )
    op.drop_constraint(_MEANING, "signature", schema=SCHEMA, type_="check")
    op.create_check_constraint(_MEANING, "signature", "meaning in ('review', 'approval')", schema=SCHEMA)
    op.create_unique_constraint(
        "signature_once_a_person", "signature", ["pack_id", "subject_id", "signed_by"], schema=SCHEMA
    )
    op.create_foreign_key(
        "signature_is_of_an_assessment",
        "signature",
        "assessment",
        ["pack_id", "subject_id"],
        ["pack_id", "assessment_id"],
        source_schema=SCHEMA,
        referent_schema=SCHEMA,
    )


def downgrade() -> None:
    """Forget the reviewer; refused while a reception is reviewed or a review is signed."""
    begin()
    op.drop_constraint("signature_is_of_an_assessment", "signature", schema=SCHEMA, type_="foreignkey")
    op.drop_constraint("signature_once_a_person", "signature", schema=SCHEMA, type_="unique")
    op.drop_constraint(_MEANING, "signature", schema=SCHEMA, type_="check")
    op.create_check_constraint(_MEANING, "signature", "meaning in ('approval')", schema=SCHEMA)
    op.drop_constraint(_STATE, "reception_state", schema=SCHEMA, type_="check")
    op.create_check_constraint(
        _STATE, "reception_state", "state in ('received', 'under_test', 'tested', 'approved', 'issued')", schema=SCHEMA
    )
