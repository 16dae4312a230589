"""The passport ports in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from domain.passport.errors import HistoryMoved, IdentifierTaken, PackUnknown
from domain.passport.grants import PackGrant
from domain.passport.model import Edge, Entry, Head, Identifier, Label, Pack, PackState, Passport, PassportState
from domain.shared.identifiers import ContractId, PackId, PassportId, PersonId, TenantId


class MemoryPacks:
    def __init__(self) -> None:
        self._packs: dict[PackId, Pack] = {}
        self._names: dict[Identifier, PackId] = {}

    async def add(self, pack: Pack) -> None:
        self._packs[pack.pack_id] = pack

    async def name(self, pack_id: PackId, identifier: Identifier) -> None:
        if self._names.setdefault(identifier, pack_id) != pack_id:
            raise IdentifierTaken(value=identifier.value)

    async def one(self, pack_id: PackId) -> Pack:
        if pack_id not in self._packs:
            raise PackUnknown(identifier=str(pack_id))
        return self._packs[pack_id]

    async def several(self, pack_ids: Sequence[PackId]) -> tuple[Pack, ...]:
        return tuple(self._packs[pack_id] for pack_id in pack_ids if pack_id in self._packs)

    async def find(self, identifier: str) -> PackId:
        for name, pack_id in self._names.items():
            if name.value == identifier:
                return pack_id
        raise PackUnknown(identifier=identifier)

    async def identifiers(self, pack_id: PackId) -> tuple[Identifier, ...]:
        names = [name for name, owner in self._names.items() if owner == pack_id]
        return tuple(sorted(names, key=lambda name: (name.scheme, name.value)))

    async def page(self, *, holder: TenantId | None, after: PackId | None, limit: int) -> tuple[Pack, ...]:
        packs = sorted(self._packs.values(), key=lambda pack: pack.pack_id, reverse=True)
        chosen = [p for p in packs if holder in (None, p.holder) and (after is None or p.pack_id < after)]
        return tuple(chosen[:limit])

    async def take(self, pack_id: PackId, *, contract_id: ContractId, holder: TenantId) -> bool:
        pack = self._packs[pack_id]
        if pack.contract_id is not None:
            return False
        self._packs[pack_id] = replace(pack, contract_id=contract_id, holder=holder)
        return True

    async def release(self, pack_id: PackId, *, holder: TenantId) -> None:
        self._packs[pack_id] = replace(self._packs[pack_id], contract_id=None, holder=holder)


class MemoryPassports:
    def __init__(self) -> None:
        self._passports: dict[PassportId, Passport] = {}
        self._edges: list[Edge] = []

    async def add(self, passport: Passport) -> None:
        self._passports[passport.passport_id] = passport

    async def of_pack(self, pack_id: PackId) -> tuple[Passport, ...]:
        mine = [p for p in self._passports.values() if p.pack_id == pack_id]
        return tuple(sorted(mine, key=lambda passport: passport.passport_id))

    async def set_state(self, pack_id: PackId, passport_id: PassportId, state: PassportState) -> None:
        self._passports[passport_id] = replace(self._passports[passport_id], state=state)

    async def link(self, edge: Edge) -> None:
        self._edges.append(edge)

    async def edges(self, passport_id: PassportId) -> tuple[Edge, ...]:
        mine = [edge for edge in self._edges if passport_id in (edge.from_passport, edge.to_passport)]
        return tuple(sorted(mine, key=lambda edge: (edge.from_passport, edge.to_passport)))


class MemoryHistories:
    def __init__(self) -> None:
        self._heads: dict[PackId, Head] = {}
        self._entries: dict[PackId, list[Entry]] = {}

    async def begin(self, head: Head) -> None:
        self._heads[head.pack_id] = head
        self._entries[head.pack_id] = []

    async def head(self, pack_id: PackId) -> Head:
        if pack_id not in self._heads:
            raise PackUnknown(identifier=str(pack_id))
        return self._heads[pack_id]

    async def add(self, entry: Entry, head: Head) -> None:
        if self._heads[head.pack_id].seal != entry.previous_seal:
            raise HistoryMoved
        self._entries[head.pack_id].append(entry)
        self._heads[head.pack_id] = head

    async def entries(self, pack_id: PackId) -> Sequence[Entry]:
        return list(self._entries[pack_id])

    async def states(self, pack_ids: Sequence[PackId]) -> Mapping[PackId, PackState]:
        return {pack_id: self._heads[pack_id].state for pack_id in pack_ids if pack_id in self._heads}


class MemoryPrintedLabels:
    def __init__(self) -> None:
        self._labels: list[Label] = []

    async def add(self, label: Label) -> None:
        self._labels.append(label)

    async def of_pack(self, pack_id: PackId) -> tuple[Label, ...]:
        mine = [label for label in self._labels if label.pack_id == pack_id]
        return tuple(sorted(mine, key=lambda label: label.label_id, reverse=True))


class MemoryGrants:
    def __init__(self) -> None:
        self._grants: dict[UUID, PackGrant] = {}

    async def add(self, grant: PackGrant) -> None:
        self._grants[grant.grant_id] = grant

    async def of_pack(self, pack_id: PackId, *, limit: int) -> tuple[PackGrant, ...]:
        found = sorted(self._grants.values(), key=lambda one: one.grant_id, reverse=True)
        return tuple(one for one in found if one.pack_id == pack_id)[:limit]

    async def packs_open_to(
        self, tenant_id: TenantId, *, now: datetime, after: PackId | None, limit: int
    ) -> tuple[PackId, ...]:
        open_to = {one.pack_id for one in self._grants.values() if one.tenant_id == tenant_id and one.in_force(now)}
        return tuple(sorted((one for one in open_to if after is None or one < after), reverse=True))[:limit]

    async def opens(self, tenant_id: TenantId, pack_id: PackId, *, now: datetime) -> bool:
        return pack_id in await self.packs_open_to(tenant_id, now=now, after=None, limit=len(self._grants))

    async def revoke(self, grant: PackGrant, *, at: datetime, by: PersonId, reason: str) -> PackGrant | None:
        kept = self._grants[grant.grant_id]
        if kept.revoked_at is not None:
            return None
        self._grants[grant.grant_id] = replace(kept, revoked_at=at, revoked_by=by, revoked_reason=reason)
        return self._grants[grant.grant_id]


class MemoryPassportWork:
    def __init__(self) -> None:
        self.grants = MemoryGrants()
        self.packs = MemoryPacks()
        self.passports = MemoryPassports()
        self.histories = MemoryHistories()
        self.printed_labels = MemoryPrintedLabels()

    async def commit(self) -> None:
        return None
