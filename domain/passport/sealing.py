"""The sealed history: each entry is hashed with the seal before it, so that a change anywhere shows.

A seal is SHA-256 over the canonical text of the entry's fields, among them the previous seal. The head (length and
last seal) is kept beside the entries: cutting off the tail shows too, unless both are rewritten, which only the
public log outside this database can show.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from domain.passport.errors import ObservedInTheFuture, SealBroken
from domain.passport.life import state_after
from domain.passport.model import Entry, Fact, Head, PackState
from domain.shared.actor import Actor
from domain.shared.canonical import canonical_text, sha256
from domain.shared.identifiers import EventId, PackId, TenantId
from domain.shared.time import utc_text

FIRST_SEAL = bytes(32)
"""What stands before the first entry."""


def empty_head(pack_id: PackId) -> Head:
    """Return the head of a history that has no entry yet."""
    return Head(pack_id=pack_id, sequence=0, seal=FIRST_SEAL, state=PackState.UNBORN)


def append(
    head: Head, fact: Fact, *, event_id: EventId, holder: TenantId, actor: Actor, now: datetime
) -> tuple[Entry, Head]:
    """Write the entry that follows `head`, and the head that it makes.

    Raises:
        ObservedInTheFuture: the fact happened after `now`.
        StepOutOfOrder: the pack's state does not allow the fact.
    """
    if fact.occurred_at > now:
        raise ObservedInTheFuture
    state = state_after(head.state, fact)
    draft = Entry(
        pack_id=head.pack_id,
        sequence=head.sequence + 1,
        event_id=event_id,
        holder=holder,
        kind=fact.kind,
        occurred_at=fact.occurred_at,
        recorded_at=now,
        actor_id=actor.person_id,
        actor_name=actor.name,
        payload=canonical_text(fact.particulars),
        previous_seal=head.seal,
        seal=b"",
    )
    sealed = replace(draft, seal=seal_of(draft))
    return sealed, Head(pack_id=head.pack_id, sequence=sealed.sequence, seal=sealed.seal, state=state)


def seal_of(entry: Entry) -> bytes:
    """Return the 32 bytes that seal an entry; its own `seal` field does not count."""
    return sha256(
        canonical_text(
            {
                "actor_id": str(entry.actor_id),
                "actor_name": entry.actor_name,
                "event_id": str(entry.event_id),
                "holder": entry.holder,
                "kind": entry.kind,
                "occurred_at": utc_text(entry.occurred_at),
                "pack_id": str(entry.pack_id),
                "payload": entry.payload,
                "previous_seal": entry.previous_seal.hex(),
                "recorded_at": utc_text(entry.recorded_at),
                "sequence": entry.sequence,
            }
        )
    )


def verify(entries: Iterable[Entry], head: Head) -> int:
    """Check a whole history against its seals and its head; return how many entries it holds.

    Raises:
        SealBroken: names the first entry that is altered, missing, moved or added.
    """
    previous, expected = FIRST_SEAL, 1
    for entry in entries:
        if entry.sequence != expected:
            raise SealBroken(sequence=expected, reason="missing")
        if entry.pack_id != head.pack_id or entry.previous_seal != previous:
            raise SealBroken(sequence=expected, reason="chain")
        if seal_of(entry) != entry.seal:
            raise SealBroken(sequence=expected, reason="altered")
        previous, expected = entry.seal, expected + 1
    if expected - 1 < head.sequence:
        raise SealBroken(sequence=expected, reason="missing")
    if expected - 1 > head.sequence:
        raise SealBroken(sequence=head.sequence + 1, reason="added")
    if previous != head.seal:
        raise SealBroken(sequence=head.sequence, reason="head")
    return head.sequence
