"""A key for a machine: narrowed to what its organisation really has."""

from domain.identity import keys
from domain.identity.errors import KeyScopeUnknown
from domain.identity.keys import MadeKey, MakeKey
from domain.identity.membership import require_manager
from domain.identity.ports import Tokens
from domain.journeys.ports import JourneyWork
from domain.metering.errors import SiteUnknown
from domain.shared.identifiers import ChannelId, Ids, SiteId
from domain.shared.time import Clock
from domain.shared.unit import Unit


async def make_key(wish: MakeKey, *, unit: Unit[JourneyWork], tokens: Tokens, ids: Ids, clock: Clock) -> MadeKey:
    """Make a key whose sites and channels are the organisation's.

    Raises:
        KeyScopeUnknown: a site or channel is not.
        RoleNotEnough: the actor manages nobody; and whatever else `keys.make_key` refuses.
    """
    require_manager(wish.actor)
    async with unit(wish.actor) as work:
        for site_id in wish.sites or ():
            try:
                await work.sites.one(wish.tenant_id, SiteId(site_id))
            except SiteUnknown as error:
                raise KeyScopeUnknown from error
        numbers = sorted(set(wish.channels or ()))
        found = await work.sites.numbered(wish.tenant_id, [ChannelId(number) for number in numbers]) if numbers else ()
        if len(found) < len(numbers):
            raise KeyScopeUnknown
    return await keys.make_key(wish, unit=unit, tokens=tokens, ids=ids, clock=clock)
