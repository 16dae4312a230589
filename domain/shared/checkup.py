"""What a deployment's database says of itself when it is examined."""

from dataclasses import dataclass
from datetime import datetime

from domain.shared.outbox import JobReport


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseFacts:
    """Rights, guards, clock, revision, archive and jobs of a database.

    `login` is who our address signs in as (`login_owns`: it may become the tables' owner), and `app_…` what the role is
    that serves. `unguarded` are tables without forced row-level security, `rewritable` tables of history, money or
    signatures that the serving role may change. `ahead_s` is how far the database's clock is before ours.
    """

    version: str
    login: str
    login_superuser: bool
    login_bypasses: bool
    login_owns: bool
    app_there: bool
    app_superuser: bool
    app_bypasses: bool
    app_owns: tuple[str, ...]
    unguarded: tuple[str, ...]
    rewritable: tuple[str, ...]
    ahead_s: float
    revision: str | None
    newest_revision: str
    archives: bool
    archived_at: datetime | None
    jobs: tuple[JobReport, ...]
