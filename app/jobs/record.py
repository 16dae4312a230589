"""What the worker does by itself stands in the audit log, in the system's name and in the effect's own transaction."""

from app.ports import Ports
from domain.shared.actor import SYSTEM
from domain.shared.audit import AuditEntry, Decision


def job_entry(
    ports: Ports, job: str, *, object_ids: str = "", for_tenant: int | None = None, code: str | None = None
) -> AuditEntry:
    """Return the entry of a job's step; with the code of an error it is one that failed."""
    return AuditEntry(
        entry_id=ports.ids.new(),
        tenant_id=SYSTEM.tenant_id,
        at=ports.clock.now(),
        actor_id=None,
        actor_role=SYSTEM.role.value,
        key_id=None,
        source="worker",
        method="JOB",
        route=job,
        action=job.replace(".", "_").replace("-", "_"),
        object_ids=object_ids,
        for_tenant=for_tenant,
        decision=Decision.ALLOWED if code is None else Decision.FAILED,
        status=0,
        code=code,
        request_id=ports.ids.new(),
    )
