"""Steps over values that were put aside: look at kept and offered side by side, then accept or dismiss the offered."""

from dataclasses import dataclass, replace
from datetime import date

from domain.metering.errors import ConflictSettled, ConflictUnknown
from domain.metering.estimating import CorrectDay, correct_day
from domain.metering.model import (
    AsideDay,
    Channel,
    ConflictState,
    DayValues,
    ReadingImport,
    ReadingImportId,
    RevisionReason,
)
from domain.metering.ports import MeteringWork
from domain.metering.usecases import list_channels
from domain.shared.actor import Actor, Role
from domain.shared.identifiers import ChannelId, SiteId, TenantId
from domain.shared.time import Clock

CONFLICTS_LISTED_MAX = 200
IMPORTS_LISTED_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownConflict:
    """Values of a channel's day that were offered beside those that are kept now; None where nothing was offered."""

    channel: Channel
    aside: AsideDay
    kept: DayValues

    @property
    def slots(self) -> tuple[tuple[int, int | None, int], ...]:
        """The slots that differ: slot, kept, offered."""
        pairs = enumerate(zip(self.kept, self.aside.values, strict=True))
        return tuple((slot, kept, offered) for slot, (kept, offered) in pairs if offered is not None)


async def list_conflicts(
    actor: Actor, *, tenant_id: TenantId, site_id: SiteId, work: MeteringWork
) -> tuple[ShownConflict, ...]:
    """Show values that were put aside, the open ones first and the newest day first.

    Raises:
        RoleNotEnough: the role does not look at energy.
        SiteUnknown: the tenant has no such site, or it lies outside the actor's reach.
    """
    channels = {
        one.channel_id: one for one in await list_channels(actor, tenant_id=tenant_id, site_id=site_id, work=work)
    }
    found = await work.readings.aside(tenant_id, sorted(channels), limit=CONFLICTS_LISTED_MAX)
    kept = await work.readings.blocks(tenant_id, sorted({(one.channel_id, one.day) for one in found}))
    shown: list[ShownConflict] = []
    for one in found:
        block = kept.get((one.channel_id, one.day))
        values = (None,) * len(one.values) if block is None else block.values
        if len(values) != len(one.values):
            continue  # slots of another length cannot lie beside each other; a channel never changes its own
        shown.append(ShownConflict(channel=channels[one.channel_id], aside=one, kept=values))
    shown.sort(key=lambda one: (one.aside.state is not ConflictState.OPEN, -one.aside.day.toordinal()))
    return tuple(shown)


async def list_imports(
    actor: Actor, *, tenant_id: TenantId, site_id: SiteId, work: MeteringWork
) -> tuple[ReadingImport, ...]:
    """Show what files and bodies were taken at a site, newest first.

    Raises:
        RoleNotEnough: the role does not look at energy.
        SiteUnknown: the tenant has no such site, or it lies outside the actor's reach.
    """
    await list_channels(actor, tenant_id=tenant_id, site_id=site_id, work=work)
    return await work.reading_imports.of_site(tenant_id, site_id, limit=IMPORTS_LISTED_MAX)


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleConflict:
    """What becomes of values that one import offered for a channel's day, and why."""

    actor: Actor
    tenant_id: TenantId
    site_id: SiteId
    channel_id: ChannelId
    day: date
    import_id: ReadingImportId
    part: int
    accept: bool
    reason: str


async def settle_conflict(wish: SettleConflict, *, work: MeteringWork, clock: Clock) -> AsideDay:
    """Accept offered values as a revision of the day, or dismiss them; what was kept stays readable either way.

    Raises:
        RoleNotEnough: only an operator settles.
        ConflictUnknown: nothing was put aside under this name at the site.
        ConflictSettled: it is accepted or dismissed already.
        CorrectionTooLarge: a state of charge is above the whole.
    """
    wish.actor.require(Role.OPERATOR)
    await work.sites.one(wish.tenant_id, wish.site_id)
    await work.readings.hold(wish.tenant_id)
    channels = {one.channel_id: one for one in await work.sites.channels(wish.tenant_id, wish.site_id)}
    listed = (
        ()
        if wish.channel_id not in channels
        else await work.readings.aside_of(wish.tenant_id, wish.channel_id, wish.day)
    )
    found = next((one for one in listed if (one.import_id, one.part) == (wish.import_id, wish.part)), None)
    if found is None:
        raise ConflictUnknown
    if found.state is not ConflictState.OPEN:
        raise ConflictSettled
    now = clock.now()
    if wish.accept:
        key = (wish.channel_id, wish.day)
        block = (await work.readings.blocks(wish.tenant_id, [key])).get(key)
        if block is None or len(block.values) != len(found.values):
            raise ConflictUnknown
        pairs = enumerate(zip(block.values, found.values, strict=True))
        changes = {
            slot: offered
            for slot, (kept, offered) in pairs
            if kept is not None and offered is not None and kept != offered
        }
        if changes:  # none where another acceptance or a correction brought the same values meanwhile
            channel = channels[wish.channel_id]
            await correct_day(
                CorrectDay(
                    actor=wish.actor,
                    tenant_id=wish.tenant_id,
                    site_id=wish.site_id,
                    quantity=channel.quantity,
                    day=wish.day,
                    changes=changes,
                    reason=RevisionReason.RESEND,
                    channel_id=channel.channel_id,
                ),
                work=work,
                clock=clock,
            )
    settled = replace(
        found,
        state=ConflictState.ACCEPTED if wish.accept else ConflictState.DISMISSED,
        reason=wish.reason,
        settled_by=wish.actor.name,
        settled_at=now,
    )
    await work.readings.settle_aside(wish.tenant_id, settled)
    return settled
