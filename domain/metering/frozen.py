"""Steps over frozen months: which revisions there are, what each changed channel by channel, and whether one is due."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from domain.metering.estimating import UsageDifference
from domain.metering.model import Channel, UsageSnapshot
from domain.metering.ports import MeteringWork
from domain.metering.readings import total
from domain.metering.usage import readings_text
from domain.metering.usecases import list_channels, whole_ms
from domain.shared.actor import Actor
from domain.shared.canonical import sha256
from domain.shared.identifiers import ChannelId, ContractId, SiteId, TenantId
from domain.shared.time import Month


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionDifference:
    """What a revision of a frozen month changed, after less before; Wh by figure and by channel."""

    difference: UsageDifference
    channels_wh: Mapping[ChannelId, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenContract:
    """A contract's frozen month in all its revisions, oldest first, and their differences.

    `is_dirty` says that the readings of now are not those of the last revision: late or corrected values came.
    """

    contract_id: ContractId
    revisions: tuple[UsageSnapshot, ...]
    differences: tuple[RevisionDifference, ...]
    is_dirty: bool


async def list_frozen(
    actor: Actor, *, tenant_id: TenantId, site_id: SiteId, month: Month, work: MeteringWork
) -> tuple[FrozenContract, ...]:
    """Show what was frozen of a site's month, contract by contract; none where the month is not frozen.

    What a channel held when a revision was frozen is read as it was known then, so a difference never changes.

    Raises:
        RoleNotEnough: the role does not look at energy.
        SiteUnknown: the tenant has no such site, or it lies outside the actor's reach.
    """
    channels = await list_channels(actor, tenant_id=tenant_id, site_id=site_id, work=work)
    found: dict[ContractId, list[UsageSnapshot]] = {}
    for one in await work.usage_snapshots.of_month(tenant_id, site_id, month):
        found.setdefault(one.contract_id, []).append(one)
    if not found:
        return ()
    now_sha256 = await _sha256_of_now(channels, tenant_id=tenant_id, site_id=site_id, month=month, work=work)
    listed: list[FrozenContract] = []
    for contract_id, revisions in found.items():
        differences = [
            RevisionDifference(
                difference=UsageDifference(before=before, after=after),
                channels_wh=await _changed(before, after, channels, work=work),
            )
            for before, after in pairwise(revisions)
        ]
        listed.append(
            FrozenContract(
                contract_id=contract_id,
                revisions=tuple(revisions),
                differences=tuple(differences),
                is_dirty=revisions[-1].readings_sha256 != now_sha256,
            )
        )
    return tuple(listed)


async def _sha256_of_now(
    channels: tuple[Channel, ...], *, tenant_id: TenantId, site_id: SiteId, month: Month, work: MeteringWork
) -> str:
    dates = month.dates()
    numbers = [channel.channel_id for channel in channels]
    blocks = await work.readings.day_blocks(tenant_id, numbers, first_on=dates[0], last_on=dates[-1])
    text = readings_text(tenant_id=tenant_id, site_id=site_id, month=month, channels=channels, blocks=blocks)
    return sha256(text).hex()


async def _changed(
    before: UsageSnapshot, after: UsageSnapshot, channels: tuple[Channel, ...], *, work: MeteringWork
) -> dict[ChannelId, int]:
    """Return by how much each channel's energy differs between what was known at two instants; unchanged ones not."""
    numbers = [channel.channel_id for channel in channels if channel.quantity.unit == "Wh"]
    dates = before.usage.month.dates()
    sums: list[dict[ChannelId, int]] = []
    for frozen in (before, after):
        blocks = await work.readings.day_blocks(
            # When a value was stored is kept in whole milliseconds, rounded up: what was frozen is known by the next.
            frozen.tenant_id,
            numbers,
            first_on=dates[0],
            last_on=dates[-1],
            as_of=whole_ms(frozen.frozen_at),
        )
        held = dict.fromkeys(numbers, 0)
        for (channel_id, _), block in blocks.items():
            held[channel_id] += total([block.values])
        sums.append(held)
    then, now = sums
    return {number: now[number] - then[number] for number in numbers if now[number] != then[number]}
