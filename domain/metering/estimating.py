"""Steps over what is not measured: estimates proposed and decided, corrections with a reason, months revised."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import pairwise

from domain.metering.errors import (
    CorrectionTooLarge,
    EstimateStands,
    MonthUnchanged,
    NothingToEstimate,
    QuantityNotMetered,
    SiteUnknown,
    SlotEmpty,
    SnapshotUnknown,
)
from domain.metering.estimates import (
    LIKE_DAYS_BACK_MAX,
    Proposal,
    accepted,
    corrected,
    gaps,
    propose,
    same_type,
    scaled_between,
)
from domain.metering.model import (
    Channel,
    DayBlock,
    DayValues,
    EstimateState,
    FindingState,
    MonthUsage,
    Quantity,
    ReadingEstimate,
    ReadingEstimateId,
    RevisionReason,
    UsageSnapshot,
)
from domain.metering.ports import MeteringWork
from domain.metering.registers import shown, use_wh
from domain.metering.usage import readings_text
from domain.metering.usecases import list_channels, readings_of_month, the_channel
from domain.shared.actor import Actor, Role
from domain.shared.canonical import sha256
from domain.shared.identifiers import ChannelId, ContractId, Ids, SiteId, SnapshotId, TenantId
from domain.shared.time import Clock, Month, day_start

ESTIMATES_LISTED_MAX = 500
SOC_MAX_BP = 10_000
_ESTIMATED = tuple(quantity for quantity in Quantity if quantity.unit == "Wh")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposeEstimates:
    """A site's stretch of days whose missing slots are to be estimated, at most a month."""

    actor: Actor
    tenant_id: TenantId
    site_id: SiteId
    month: Month


async def propose_estimates(
    wish: ProposeEstimates, *, work: MeteringWork, ids: Ids, clock: Clock
) -> tuple[ReadingEstimate, ...]:
    """Propose values for the missing slots of a month that are over; a day with an open proposal is left alone.

    Raises:
        RoleNotEnough: only a tenant's administrator, an operator or the system proposes.
        SiteUnknown: the tenant has no such site, or the actor belongs to another tenant.
        NothingToEstimate: no slot is missing, or no rule finds anything to go by.
    """
    wish.actor.require(Role.TENANT_ADMIN, Role.OPERATOR, Role.SYSTEM)
    found = await list_channels(wish.actor, tenant_id=wish.tenant_id, site_id=wish.site_id, work=work)
    channels = [channel for channel in found if channel.quantity in _ESTIMATED]
    await work.readings.hold(wish.tenant_id)
    dates = wish.month.dates()
    blocks = await work.readings.day_blocks(
        wish.tenant_id,
        [channel.channel_id for channel in channels],
        first_on=dates[0] - timedelta(days=LIKE_DAYS_BACK_MAX),
        last_on=dates[-1] + timedelta(days=1),
    )
    listed = await work.reading_estimates.of_site(
        wish.tenant_id, wish.site_id, first_on=dates[0], last_on=dates[-1], limit=ESTIMATES_LISTED_MAX
    )
    open_ = {(one.channel_id, one.day) for one in listed if one.state is EstimateState.PROPOSED}
    now = clock.now()
    estimates: list[ReadingEstimate] = []
    for channel in channels:
        days = {day: block for (channel_id, day), block in blocks.items() if channel_id == channel.channel_id}
        if not days:
            continue  # a channel that never sent anything has nothing to go by
        proposals: dict[date, Proposal] = {}
        for day in dates:
            if not channel.counts_on(day):
                continue
            if (channel.channel_id, day) in open_ or day_start(day) + timedelta(days=1) > now:
                continue
            for proposal in _proposals(channel, day, days)[:1]:
                proposals[day] = proposal  # the other gaps are proposed once this one is decided
        if not proposals:
            continue
        scaled = scaled_between(
            proposals,
            {day: block.values for day, block in days.items()},
            slots_a_day=channel.slots_a_day,
            uses=await register_uses(channel, proposals, work=work),
        )
        estimates.extend(
            ReadingEstimate(
                estimate_id=ReadingEstimateId(ids.new()),
                tenant_id=wish.tenant_id,
                site_id=wish.site_id,
                channel_id=channel.channel_id,
                day=day,
                values=proposal.values,
                rule=proposal.rule,
                basis=proposal.basis,
                state=EstimateState.PROPOSED,
                proposed_by=wish.actor.name,
                proposed_at=now,
            )
            for day, proposal in scaled.items()
        )
    if not estimates:
        raise NothingToEstimate
    await work.reading_estimates.propose(estimates[:ESTIMATES_LISTED_MAX])
    return tuple(estimates[:ESTIMATES_LISTED_MAX])


async def register_uses(
    channel: Channel, days: Iterable[date], *, work: MeteringWork
) -> tuple[tuple[datetime, datetime, int], ...]:
    """Return what the channel's register counted between neighbouring reads on borders of slots, around these days."""
    listed = sorted(days)
    reads = await work.registers.near(
        channel.tenant_id,
        channel.channel_id,
        first_at=day_start(listed[0]),
        last_at=day_start(listed[-1]) + timedelta(days=1),
    )
    if not reads:
        return ()
    meter = await work.meters.one(channel.tenant_id, channel.meter_id)
    width = timedelta(minutes=channel.slot_minutes)
    borders = sorted({read.read_at for read in reads if not (read.read_at - day_start(listed[0])) % width})
    values = shown(reads)
    found = [(start_at, end_at, use_wh(meter, values, start_at, end_at)) for start_at, end_at in pairwise(borders)]
    return tuple((start_at, end_at, wh) for start_at, end_at, wh in found if wh is not None)


def _proposals(channel: Channel, day: date, days: Mapping[date, DayBlock]) -> tuple[Proposal, ...]:
    nothing: DayValues = (None,) * channel.slots_a_day

    def values_of(other: date) -> DayValues:
        return days[other].values if other in days else nothing

    values = values_of(day)
    if not gaps(values):
        return ()
    back = [day - timedelta(days=offset) for offset in range(1, LIKE_DAYS_BACK_MAX + 1)]
    like = {
        other: days[other].values
        for other in back
        if other in days and same_type(day, other) and not gaps(days[other].values) and not days[other].marks
    }
    try:
        return propose(
            day,
            values,
            quantity=channel.quantity,
            before=values_of(day - timedelta(days=1))[-1],
            after=values_of(day + timedelta(days=1))[0],
            like_days=like,
        )
    except NothingToEstimate:
        return ()  # nothing to go by: the day stays missing, and its month says so


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideEstimate:
    """What becomes of a proposed estimate."""

    actor: Actor
    tenant_id: TenantId
    site_id: SiteId
    estimate_id: ReadingEstimateId
    accept: bool


async def decide_estimate(wish: DecideEstimate, *, work: MeteringWork, clock: Clock) -> ReadingEstimate:
    """Accept or refuse an estimate. Accepted values fill slots that are still empty, as a revision and marked.

    An estimate for a finding takes the place of doubted values instead, as a correction (`vee`): sent again, the
    doubted value is put aside and does not come back by itself.

    Raises:
        RoleNotEnough: only an operator decides.
        EstimateUnknown: the tenant has no such estimate at this site.
        EstimateStands: it is decided already, or readings have filled every slot of it meanwhile.
    """
    wish.actor.require(Role.OPERATOR)
    await work.sites.one(wish.tenant_id, wish.site_id)
    await work.readings.hold(wish.tenant_id)
    found = await work.reading_estimates.one(wish.tenant_id, wish.estimate_id)
    if found.site_id != wish.site_id:
        raise SiteUnknown
    if found.state is not EstimateState.PROPOSED:
        raise EstimateStands
    now = clock.now()
    if wish.accept:
        key = (found.channel_id, found.day)
        kept = (await work.readings.blocks(wish.tenant_id, [key])).get(key)
        if found.finding_id is None:
            block = accepted(kept, found.values, channel_id=found.channel_id, day=found.day, now=now)
        else:
            block = await _replaced(found, kept, by=wish.actor.name, work=work, now=now)
        if block is None:
            raise EstimateStands
        await work.readings.write(wish.tenant_id, [block])
    state = EstimateState.ACCEPTED if wish.accept else EstimateState.REFUSED
    await work.reading_estimates.decide(wish.tenant_id, wish.estimate_id, state=state, by=wish.actor.name, at=now)
    return replace(found, state=state, decided_by=wish.actor.name, decided_at=now)


async def _replaced(
    found: ReadingEstimate, kept: DayBlock | None, *, by: str, work: MeteringWork, now: datetime
) -> DayBlock | None:
    """Return the revision that holds an estimate for a finding, and settle it; None if the day changed meanwhile."""
    if found.finding_id is None:
        return None
    finding = await work.findings.one(found.tenant_id, found.finding_id)
    revision = -1 if kept is None else kept.revision
    if finding.state is not FindingState.OPEN or finding.revision != revision:
        return None
    await work.findings.keep(
        [replace(finding, state=FindingState.ESTIMATED, reason=found.rule.value, settled_by=by, settled_at=now)]
    )
    if kept is None or all(kept.values[slot] is None for slot, value in enumerate(found.values) if value is not None):
        return accepted(kept, found.values, channel_id=found.channel_id, day=found.day, now=now)
    changes = {slot: value for slot, value in enumerate(found.values) if value is not None}
    return corrected(kept, changes, reason=RevisionReason.VALIDATION, now=now)


async def list_estimates(
    actor: Actor, *, tenant_id: TenantId, site_id: SiteId, month: Month, work: MeteringWork
) -> tuple[ReadingEstimate, ...]:
    """Show a month's estimates, newest first.

    Raises:
        RoleNotEnough: the role does not look at energy.
        SiteUnknown: the tenant has no such site, or the actor belongs to another tenant.
    """
    await list_channels(actor, tenant_id=tenant_id, site_id=site_id, work=work)
    dates = month.dates()
    return await work.reading_estimates.of_site(
        tenant_id, site_id, first_on=dates[0], last_on=dates[-1], limit=ESTIMATES_LISTED_MAX
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectDay:
    """Other values for filled slots of one day; slots count from 0, and the reason stays with the revision.

    `channel_id` says which channel where several count the quantity, or count it by other slots than 15 minutes.
    """

    actor: Actor
    tenant_id: TenantId
    site_id: SiteId
    quantity: Quantity
    day: date
    changes: Mapping[int, int]
    reason: RevisionReason
    channel_id: ChannelId | None = None


async def correct_day(wish: CorrectDay, *, work: MeteringWork, clock: Clock) -> DayBlock:
    """Correct filled slots as a new revision of the day; what was known before stays readable.

    Raises:
        RoleNotEnough: only an operator corrects.
        SiteUnknown: the tenant has no such site.
        QuantityNotMetered: the site has no channel for the quantity, or not this one.
        QuantityMeteredTwice: several channels count the quantity, and none is named.
        CorrectionTooLarge: a state of charge is above the whole.
        SlotEmpty: a slot holds no value.
        ValueError: a slot is not of the day, or a value is negative.
    """
    wish.actor.require(Role.OPERATOR)
    await work.sites.one(wish.tenant_id, wish.site_id)
    channels = await work.sites.channels(wish.tenant_id, wish.site_id)
    if wish.channel_id is None:
        channel = the_channel(wish.quantity, channels, on=wish.day)
    else:
        mine = {one.channel_id: one for one in channels if one.quantity is wish.quantity}
        if wish.channel_id not in mine:
            raise QuantityNotMetered(quantity=wish.quantity.value)
        channel = mine[wish.channel_id]
    if wish.quantity is Quantity.STORAGE_SOC and max(wish.changes.values(), default=0) > SOC_MAX_BP:
        raise CorrectionTooLarge(value_max=SOC_MAX_BP)
    await work.readings.hold(wish.tenant_id)
    key = (channel.channel_id, wish.day)
    kept = (await work.readings.blocks(wish.tenant_id, [key])).get(key)
    if kept is None:
        raise SlotEmpty(slot=min(wish.changes, default=0))
    block = corrected(kept, wish.changes, reason=wish.reason, now=clock.now())
    await work.readings.write(wish.tenant_id, [block])
    return block


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageDifference:
    """What a revision of a frozen month changed, Wh; dated, and never written into the month that was frozen."""

    before: UsageSnapshot
    after: UsageSnapshot

    @property
    def changes_wh(self) -> Mapping[str, int]:
        """The energies that differ, after less before."""
        names = (name for name in MonthUsage.__dataclass_fields__ if name.endswith("_wh"))
        found = {name: getattr(self.after.usage, name) - getattr(self.before.usage, name) for name in names}
        return {name: change for name, change in found.items() if change}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviseMonth:
    """A contract's frozen month whose readings changed afterwards."""

    actor: Actor
    tenant_id: TenantId
    site_id: SiteId
    contract_id: ContractId
    month: Month


async def revise_month(wish: ReviseMonth, *, work: MeteringWork, ids: Ids, clock: Clock) -> UsageDifference:
    """Add a revision to a frozen month from its readings of now; what was frozen before stays as it was.

    Raises:
        RoleNotEnough: only an operator or the system revises.
        SiteUnknown: the tenant has no such site.
        SnapshotUnknown: the month is not frozen for the contract at this site.
        MonthUnchanged: the readings are those that were frozen.
    """
    wish.actor.require(Role.OPERATOR, Role.FINANCE, Role.SYSTEM)
    await work.sites.one(wish.tenant_id, wish.site_id)
    await work.readings.hold(wish.tenant_id)
    revisions = await work.usage_snapshots.revisions(wish.tenant_id, wish.contract_id, wish.month)
    if not revisions or revisions[-1].site_id != wish.site_id:
        raise SnapshotUnknown(month=str(wish.month))
    last = revisions[-1]
    channels = await work.sites.channels(wish.tenant_id, wish.site_id)
    readings = await readings_of_month(wish.month, channels, work=work, tenant_id=wish.tenant_id, site_id=wish.site_id)
    text = readings_text(
        tenant_id=wish.tenant_id,
        site_id=wish.site_id,
        month=wish.month,
        channels=channels,
        blocks=readings.blocks,
    )
    readings_sha256 = sha256(text).hex()
    if readings_sha256 == last.readings_sha256:
        raise MonthUnchanged(month=str(wish.month))
    # The efficiency that was billed by stays: a correction of readings is no correction of the storage.
    after = await work.usage_snapshots.keep(
        UsageSnapshot(
            snapshot_id=SnapshotId(ids.new()),
            tenant_id=wish.tenant_id,
            contract_id=wish.contract_id,
            site_id=wish.site_id,
            revision=last.revision + 1,
            usage=readings.usage(efficiency_ppm=last.usage.efficiency_ppm),
            readings_sha256=readings_sha256,
            frozen_at=clock.now(),
        )
    )
    return UsageDifference(before=last, after=after)


async def list_revisions(
    actor: Actor, *, tenant_id: TenantId, site_id: SiteId, contract_id: ContractId, month: Month, work: MeteringWork
) -> tuple[UsageDifference, ...]:
    """Show what each revision of a frozen month changed against the one before, oldest first.

    Raises:
        RoleNotEnough: the role does not look at energy.
        SiteUnknown: the tenant has no such site, or the actor belongs to another tenant.
        SnapshotUnknown: the month is not frozen for the contract at this site.
    """
    await list_channels(actor, tenant_id=tenant_id, site_id=site_id, work=work)
    revisions = await work.usage_snapshots.revisions(tenant_id, contract_id, month)
    if not revisions or revisions[0].site_id != site_id:
        raise SnapshotUnknown(month=str(month))
    return tuple(UsageDifference(before=before, after=after) for before, after in pairwise(revisions))
