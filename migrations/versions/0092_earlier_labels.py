"""Units received before there were sample labels get theirs: afterwards looking at a label changes nothing."""

from alembic import op

from migrations.steps import SCHEMA, begin

revision = "0092"
down_revision = "0087"
branch_labels = None
depends_on = None

LABELS = f"""
    insert into {SCHEMA}.sample_label (pack_id, reception_id, tenant_id, token, made_by, made_at)
    select pack_id, reception_id, tenant_id, replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''),
        received_by, received_at
    from {SCHEMA}.reception r
    where not exists (
        select 1 from {SCHEMA}.sample_label l where l.pack_id = r.pack_id and l.reception_id = r.reception_id
    )
"""  # noqa: S608 - constants
KEYS = f"""
    insert into {SCHEMA}.certification_key (key, kind, pack_id, subject_id, tenant_id)
    select encode(sha256(convert_to(token, 'UTF8')), 'hex'), 'sample-token', pack_id, reception_id, tenant_id
    from {SCHEMA}.sample_label
    on conflict do nothing
"""  # noqa: S608 - constants


def upgrade() -> None:
    """Draw a token of 244 random bits for each unit without one, and let its hash lead to the reception."""
    begin()
    op.execute(LABELS)
    op.execute(KEYS)


def downgrade() -> None:
    """Keep them: a label that was made may be stuck on its unit."""
    begin()
