"""Imports every table module, so that the metadata is whole."""

import adapters.postgres.tables.audit
import adapters.postgres.tables.billing
import adapters.postgres.tables.certification
import adapters.postgres.tables.external_records
import adapters.postgres.tables.grants
import adapters.postgres.tables.idempotency
import adapters.postgres.tables.identity
import adapters.postgres.tables.keys
import adapters.postgres.tables.lots
import adapters.postgres.tables.members
import adapters.postgres.tables.metering
import adapters.postgres.tables.passport
import adapters.postgres.tables.protocols
import adapters.postgres.tables.quotas
import adapters.postgres.tables.records
import adapters.postgres.tables.requests
import adapters.postgres.tables.shared
import adapters.postgres.tables.subscription
import adapters.postgres.tables.telemetry
import adapters.postgres.tables.vetting  # noqa: F401
