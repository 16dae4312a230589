"""Steps over what looks wrong in stored days (VEE): judge a month, look at findings, accept one or propose values.

Nothing is repaired here: a finding says what looks wrong, a person says what becomes of it.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from domain.metering.errors import (
    FindingMoved,
    FindingNotEstimable,
    FindingSettled,
    FindingUnknown,
    NothingToEstimate,
)
from domain.metering.estimates import LIKE_DAYS_BACK_MAX, Proposal, gaps, propose, same_type, scaled_between
from domain.metering.estimating import register_uses
from domain.metering.model import (
    Blocks,
    Channel,
    DayBlock,
    DayValues,
    EstimateState,
    FindingId,
    FindingState,
    Quantity,
    ReadingEstimate,
    ReadingEstimateId,
    StoredFinding,
    VettedMonth,
)
from domain.metering.ports import MeteringWork
from domain.metering.suspects import ESTIMABLE, VALUE_KINDS, Judged, Suspect, judge
from domain.metering.usage import site_days
from domain.metering.usecases import list_channels
from domain.metering.validation import FindingKind
from domain.shared.actor import Actor, Role
from domain.shared.identifiers import ChannelId, Ids, SiteId, TenantId
from domain.shared.time import Clock, Month, day_start, seoul_day

FINDINGS_A_MONTH_MAX = 1_000
FINDINGS_LISTED_MAX = 500
_RULES = "1"
"""Which rules judged; another number lets every month be judged again."""

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class VetMonth:
    """A site's month whose stored days are to be judged, with what contracts say of the storage.

    `storage_w` is the rated power of each day, `usable_wh` what the storage holds; None and no day where nobody knows.
    `anew` judges although nothing changed since the last time.
    """

    actor: Actor
    tenant_id: TenantId
    site_id: SiteId
    month: Month
    storage_w: Mapping[date, int]
    usable_wh: int | None
    anew: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Vetted:
    """What judging a month left: open findings by kind, how many were new or gone, and whether it was judged at all."""

    month: Month
    judged: bool
    opened: int
    gone: int
    open_by_kind: Mapping[str, int]
    left_out: int


async def vet_month(wish: VetMonth, *, work: MeteringWork, ids: Ids, clock: Clock) -> Vetted:
    """Judge the days of a month that are over; judged again, the same readings leave the same findings.

    Raises:
        RoleNotEnough: only a tenant's administrator, an operator or the system judges.
        SiteUnknown: the tenant has no such site, or it lies outside the actor's reach.
    """
    wish.actor.require(Role.TENANT_ADMIN, Role.OPERATOR, Role.SYSTEM)
    channels = await list_channels(wish.actor, tenant_id=wish.tenant_id, site_id=wish.site_id, work=work)
    now = clock.now()
    dates = wish.month.dates()
    last_on = min(dates[-1], seoul_day(now) - _DAY)
    nothing = Vetted(month=wish.month, judged=False, opened=0, gone=0, open_by_kind={}, left_out=0)
    if last_on < dates[0] or not channels:
        return nothing
    blocks = await work.readings.day_blocks(
        wish.tenant_id,
        [channel.channel_id for channel in channels],
        first_on=dates[0] - timedelta(days=LIKE_DAYS_BACK_MAX),
        last_on=last_on,
    )
    found = await _judged(wish, channels, blocks, first_on=dates[0], last_on=last_on, work=work)
    basis = _basis(found, blocks)
    before = (await work.findings.vetted(wish.tenant_id, wish.site_id, [wish.month])).get(wish.month)
    if before is not None and before.basis_sha256 == basis and not wish.anew:
        return nothing
    suspects = judge(found)
    kept = await work.findings.of_site(
        wish.tenant_id, wish.site_id, first_on=dates[0], last_on=dates[-1], limit=10 * FINDINGS_A_MONTH_MAX
    )
    changed = brought(wish, suspects[:FINDINGS_A_MONTH_MAX], kept, blocks=blocks, ids=ids, now=now)
    await work.findings.keep(changed)
    left_out = max(0, len(suspects) - FINDINGS_A_MONTH_MAX)
    await work.findings.note_vetted(
        wish.tenant_id,
        wish.site_id,
        VettedMonth(month=wish.month, basis_sha256=basis, vetted_at=now, found=len(suspects), left_out=left_out),
    )
    standing = {one.finding_id: one for one in (*kept, *changed)}.values()
    open_by_kind: dict[str, int] = {}
    for one in standing:
        if one.state is FindingState.OPEN:
            open_by_kind[one.kind] = open_by_kind.get(one.kind, 0) + 1
    return Vetted(
        month=wish.month,
        judged=True,
        opened=sum(one.state is FindingState.OPEN for one in changed),
        gone=sum(one.state is FindingState.GONE for one in changed),
        open_by_kind=open_by_kind,
        left_out=left_out,
    )


async def _judged(
    wish: VetMonth,
    channels: Sequence[Channel],
    blocks: Blocks,
    *,
    first_on: date,
    last_on: date,
    work: MeteringWork,
) -> Judged:
    days: dict[ChannelId, dict[date, DayValues]] = {channel.channel_id: {} for channel in channels}
    for (channel_id, day), block in blocks.items():
        days[channel_id][day] = block.values
    begun_on: dict[ChannelId, date] = {}
    reads = {}
    for channel in channels:
        begun = await work.readings.first_on(wish.tenant_id, [channel.channel_id])
        if begun is not None:
            begun_on[channel.channel_id] = begun
        if channel.quantity.unit == "Wh":
            reads[channel.channel_id] = await work.registers.near(
                wish.tenant_id,
                channel.channel_id,
                first_at=day_start(first_on),
                last_at=day_start(last_on + _DAY),
            )
    point = await work.service_points.of_site(wish.tenant_id, wish.site_id)
    dates = [first_on + offset * _DAY for offset in range((last_on - first_on).days + 1)]
    grid_w = {day: point.power_on(day) for day in dates}
    storage_w = {day: power_w for day, power_w in wish.storage_w.items() if power_w}
    return Judged(
        first_on=first_on,
        last_on=last_on,
        channels=channels,
        days=days,
        begun_on=begun_on,
        site=site_days(channels, blocks),
        rated_w={
            Quantity.GRID_IMPORT: grid_w,
            Quantity.GRID_EXPORT: grid_w,
            Quantity.STORAGE_CHARGE: storage_w,
            Quantity.STORAGE_DISCHARGE: storage_w,
        },
        usable_wh=wish.usable_wh,
        meters=await work.meters.of_site(wish.tenant_id, wish.site_id),
        reads=reads,
    )


def _basis(found: Judged, blocks: Blocks) -> str:
    """Return the hash of all that a judgement rests on."""
    hashed = hashlib.sha256()
    told = (_RULES, found.last_on, found.channels, found.rated_w, found.usable_wh, found.meters, found.reads)
    hashed.update(repr(told).encode())
    for key in sorted(blocks):
        hashed.update(repr((key, blocks[key].revision, blocks[key].values)).encode())
    return hashed.hexdigest()


def brought(
    wish: VetMonth,
    suspects: Sequence[Suspect],
    kept: Sequence[StoredFinding],
    *,
    blocks: Blocks,
    ids: Ids,
    now: datetime,
) -> tuple[StoredFinding, ...]:
    """Bring what is found now to what is kept: return the findings that must be written.

    What is new, or came back, is open. An accepted finding stays so while its day has the revision that was looked at.
    An open one that is found no longer is gone.
    """
    places = {(one.channel_id, one.day, one.kind, one.slot): one for one in kept}
    changed: list[StoredFinding] = []
    seen: set[FindingId] = set()
    for suspect in suspects:
        revision = _revision(suspect, blocks)
        stored = places.get((suspect.channel_id, suspect.day, suspect.kind.value, suspect.slot))
        if stored is None:
            stored = StoredFinding(
                finding_id=FindingId(ids.new()),
                tenant_id=wish.tenant_id,
                site_id=wish.site_id,
                channel_id=suspect.channel_id,
                day=suspect.day,
                kind=suspect.kind.value,
                slot=suspect.slot,
                slots=suspect.slots,
                detail=suspect.detail,
                revision=revision,
                state=FindingState.OPEN,
                found_at=now,
            )
            changed.append(stored)
        else:
            told = replace(stored, slots=suspect.slots, detail=suspect.detail, revision=revision)
            stands = stored.state is FindingState.OPEN or (
                stored.state is FindingState.ACCEPTED and stored.revision == revision
            )
            if not stands:
                told = replace(told, state=FindingState.OPEN, found_at=now, reason="", settled_by=None, settled_at=None)
            if told != stored:
                changed.append(told)
        seen.add(stored.finding_id)
    changed.extend(
        replace(one, state=FindingState.GONE)
        for one in kept
        if one.finding_id not in seen and one.state is FindingState.OPEN
    )
    return tuple(changed)


def _revision(suspect: Suspect, blocks: Blocks) -> int:
    """Return the revision of the judged day, -1 where none is kept; of the site's channels together their sum."""
    if suspect.channel_id is not None:
        block = blocks.get((suspect.channel_id, suspect.day))
        return -1 if block is None else block.revision
    return sum(block.revision for (_, day), block in blocks.items() if day == suspect.day)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListFindings:
    """A site's findings from a day to before another; `only_open` leaves out what is settled or gone."""

    actor: Actor
    tenant_id: TenantId
    site_id: SiteId
    first_on: date
    until_on: date
    only_open: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownFinding:
    """A finding with its channel; None where it is of the site's meters together."""

    finding: StoredFinding
    channel: Channel | None

    @property
    def starts_at(self) -> datetime:
        """The first instant of its first slot."""
        slots_a_day = 96 if self.channel is None else self.channel.slots_a_day
        return day_start(self.finding.day) + self.finding.slot * (_DAY / slots_a_day)

    @property
    def may_be_estimated(self) -> bool:
        """Whether a rule may propose other values."""
        return self.channel is not None and FindingKind(self.finding.kind) in ESTIMABLE


async def list_findings(wish: ListFindings, *, work: MeteringWork) -> tuple[ShownFinding, ...]:
    """Show findings, the open ones first and the newest day first; at most 500.

    Raises:
        RoleNotEnough: the role does not look at energy.
        SiteUnknown: the tenant has no such site, or it lies outside the actor's reach.
    """
    listed = await list_channels(wish.actor, tenant_id=wish.tenant_id, site_id=wish.site_id, work=work)
    channels = {one.channel_id: one for one in listed}
    found = await work.findings.of_site(
        wish.tenant_id,
        wish.site_id,
        first_on=wish.first_on,
        last_on=wish.until_on - _DAY,
        only_open=wish.only_open,
        limit=FINDINGS_LISTED_MAX,
    )
    narrowed = wish.actor.channels is not None
    return tuple(
        ShownFinding(finding=one, channel=None if one.channel_id is None else channels[one.channel_id])
        for one in found
        if (one.channel_id is None and not narrowed) or one.channel_id in channels
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptFinding:
    """A finding whose values stand as they are, and why."""

    actor: Actor
    tenant_id: TenantId
    site_id: SiteId
    finding_id: FindingId
    reason: str


async def accept_finding(wish: AcceptFinding, *, work: MeteringWork, clock: Clock) -> StoredFinding:
    """Accept a finding as it is: the values stay, and no figure calls them suspect.

    Raises:
        RoleNotEnough: only a tenant's administrator or an operator settles.
        SiteUnknown: the tenant has no such site, or it lies outside the actor's reach.
        FindingUnknown: the site has no such finding.
        FindingSettled: it is settled already or no longer holds.
        ValueError: the reason is empty.
    """
    found = await _open(wish.actor, wish.tenant_id, wish.site_id, wish.finding_id, work=work)
    if not wish.reason.strip():
        raise ValueError("a reason says something")
    settled = replace(
        found,
        state=FindingState.ACCEPTED,
        reason=wish.reason,
        settled_by=wish.actor.name,
        settled_at=clock.now(),
    )
    await work.findings.keep([settled])
    return settled


async def _open(
    actor: Actor, tenant_id: TenantId, site_id: SiteId, finding_id: FindingId, *, work: MeteringWork
) -> StoredFinding:
    actor.require(Role.TENANT_ADMIN, Role.OPERATOR)
    await list_channels(actor, tenant_id=tenant_id, site_id=site_id, work=work)
    found = await work.findings.one(tenant_id, finding_id)
    if found.site_id != site_id:
        raise FindingUnknown
    if found.state is not FindingState.OPEN:
        raise FindingSettled
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimateFinding:
    """A finding for whose slots a rule is to propose other values."""

    actor: Actor
    tenant_id: TenantId
    site_id: SiteId
    finding_id: FindingId


async def estimate_finding(wish: EstimateFinding, *, work: MeteringWork, ids: Ids, clock: Clock) -> ReadingEstimate:
    """Propose values for the slots of a finding by the rules that estimate gaps; nothing counts until accepted.

    The doubted values are taken to be missing; days that are doubted themselves are no model.

    Raises:
        RoleNotEnough: only a tenant's administrator or an operator proposes.
        SiteUnknown: the tenant has no such site, or it lies outside the actor's reach.
        FindingUnknown: the site has no such finding.
        FindingSettled: it is settled already or no longer holds.
        FindingNotEstimable: it does not doubt a channel's slots, but that meters agree.
        FindingMoved: the day changed since it was judged.
        NothingToEstimate: no rule finds anything to go by.
        EstimateStands: one is open for the same channel and day.
    """
    found = await _open(wish.actor, wish.tenant_id, wish.site_id, wish.finding_id, work=work)
    kind = FindingKind(found.kind)
    if found.channel_id is None or kind not in ESTIMABLE:
        raise FindingNotEstimable(kind=found.kind)
    channels = {one.channel_id: one for one in await work.sites.channels(wish.tenant_id, wish.site_id)}
    channel = channels[found.channel_id]
    await work.readings.hold(wish.tenant_id)
    back_on = found.day - timedelta(days=LIKE_DAYS_BACK_MAX)
    blocks = await work.readings.day_blocks(
        wish.tenant_id, [channel.channel_id], first_on=back_on, last_on=found.day + _DAY
    )
    days = {day: block for (_, day), block in blocks.items()}
    if found.revision != (days[found.day].revision if found.day in days else -1):
        raise FindingMoved
    doubted = await work.findings.of_site(
        wish.tenant_id,
        wish.site_id,
        first_on=back_on,
        last_on=found.day,
        only_open=True,
        limit=10 * FINDINGS_A_MONTH_MAX,
    )
    doubted_on = {
        one.day for one in doubted if one.channel_id == channel.channel_id and FindingKind(one.kind) in VALUE_KINDS
    }
    proposal = await _proposed(channel, found, days, doubted_on, work=work)
    estimate = ReadingEstimate(
        estimate_id=ReadingEstimateId(ids.new()),
        tenant_id=wish.tenant_id,
        site_id=wish.site_id,
        channel_id=channel.channel_id,
        day=found.day,
        values=proposal.values,
        rule=proposal.rule,
        basis=proposal.basis,
        state=EstimateState.PROPOSED,
        proposed_by=wish.actor.name,
        proposed_at=clock.now(),
        finding_id=found.finding_id,
    )
    await work.reading_estimates.propose([estimate])
    return estimate


async def _proposed(
    channel: Channel,
    found: StoredFinding,
    days: Mapping[date, DayBlock],
    doubted_on: set[date],
    *,
    work: MeteringWork,
) -> Proposal:
    nothing: DayValues = (None,) * channel.slots_a_day
    slots = range(found.slot, found.slot + found.slots)
    known = days[found.day].values if found.day in days else nothing
    values = tuple([None if slot in slots else value for slot, value in enumerate(known)])
    like = {
        day: block.values
        for day, block in days.items()
        if day < found.day
        and day not in doubted_on
        and same_type(found.day, day)
        and not gaps(block.values)
        and not block.marks
    }
    before, after = days.get(found.day - _DAY), days.get(found.day + _DAY)
    listed = propose(
        found.day,
        values,
        quantity=channel.quantity,
        before=None if before is None else before.values[-1],
        after=None if after is None else after.values[0],
        like_days=like,
    )
    for one in listed:
        mine = tuple([value if slot in slots else None for slot, value in enumerate(one.values)])
        if mine[found.slot] is None:
            continue
        told = {found.day: replace(one, values=mine)}
        kept = {day: block.values for day, block in days.items()} | {found.day: values}
        uses = await register_uses(channel, told, work=work)
        return scaled_between(told, kept, slots_a_day=channel.slots_a_day, uses=uses)[found.day]
    raise NothingToEstimate
