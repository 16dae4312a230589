"""What the passport context asks of its store and of the label maker."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from domain.passport.grants import PackGrant
from domain.passport.model import Edge, Entry, Head, Identifier, Label, Pack, PackState, Passport, PassportState
from domain.shared.identifiers import ContractId, PackId, PassportId, PersonId, TenantId
from domain.shared.unit import Committable


class Packs(Protocol):
    """Packs and the identifiers that lead to them."""

    async def add(self, pack: Pack) -> None:
        """Store a new pack."""
        ...

    async def name(self, pack_id: PackId, identifier: Identifier) -> None:
        """Let an identifier lead to a pack, for ever.

        Raises:
            IdentifierTaken: it leads to another one.
        """
        ...

    async def one(self, pack_id: PackId) -> Pack:
        """Return a pack.

        Raises:
            PackUnknown: there is none.
        """
        ...

    async def several(self, pack_ids: Sequence[PackId]) -> tuple[Pack, ...]:
        """Return those of these packs that are known, in no order."""
        ...

    async def find(self, identifier: str) -> PackId:
        """Return the pack that an identifier of any scheme leads to.

        Raises:
            PackUnknown: it leads nowhere.
        """
        ...

    async def identifiers(self, pack_id: PackId) -> tuple[Identifier, ...]:
        """Return all names of a pack, in order of scheme and value."""
        ...

    async def page(self, *, holder: TenantId | None, after: PackId | None, limit: int) -> tuple[Pack, ...]:
        """Return packs, newest first; of one holder, or of all for the operator."""
        ...

    async def take(self, pack_id: PackId, *, contract_id: ContractId, holder: TenantId) -> bool:
        """Bind a pack that serves no contract to one; say False when it already serves one."""
        ...

    async def release(self, pack_id: PackId, *, holder: TenantId) -> None:
        """Unbind a pack from its contract and give it to a holder."""
        ...


class Passports(Protocol):
    """Passports and the lineage between them."""

    async def add(self, passport: Passport) -> None:
        """Store a new passport with its state."""
        ...

    async def of_pack(self, pack_id: PackId) -> tuple[Passport, ...]:
        """Return all passports of a pack, oldest first."""
        ...

    async def set_state(self, pack_id: PackId, passport_id: PassportId, state: PassportState) -> None:
        """Change whether a passport is in force."""
        ...

    async def link(self, edge: Edge) -> None:
        """Store one edge of the lineage."""
        ...

    async def edges(self, passport_id: PassportId) -> tuple[Edge, ...]:
        """Return the edges that touch a passport, in both directions."""
        ...


class Histories(Protocol):
    """The sealed histories."""

    async def begin(self, head: Head) -> None:
        """Store the head of a history that has no entry yet."""
        ...

    async def head(self, pack_id: PackId) -> Head:
        """Return the head and keep other writers of this history waiting until the unit ends.

        Raises:
            PackUnknown: the pack has no history.
        """
        ...

    async def add(self, entry: Entry, head: Head) -> None:
        """Store an entry and the head that it makes."""
        ...

    async def entries(self, pack_id: PackId) -> Sequence[Entry]:
        """Return all entries in order."""
        ...

    async def states(self, pack_ids: Sequence[PackId]) -> Mapping[PackId, PackState]:
        """Return where packs stand, without keeping anyone waiting; unknown packs are left out."""
        ...


class PrintedLabels(Protocol):
    """Labels that were printed."""

    async def add(self, label: Label) -> None:
        """Store a printed label."""
        ...

    async def of_pack(self, pack_id: PackId) -> tuple[Label, ...]:
        """Return the labels of a pack, newest first."""
        ...


class Labels(Protocol):
    """Draws QR symbols."""

    def svg(self, product_uri: str) -> str:
        """Return the symbol as SVG text, quiet zone included."""
        ...

    def png(self, product_uri: str, *, module_px: int = 8) -> bytes:
        """Return the symbol as a PNG image, `module_px` pixels a module."""
        ...


class Grants(Protocol):
    """Who may look at which pack."""

    async def add(self, grant: PackGrant) -> None:
        """Store a grant."""
        ...

    async def of_pack(self, pack_id: PackId, *, limit: int) -> tuple[PackGrant, ...]:
        """Return a pack's grants, newest first, those that are over as well."""
        ...

    async def packs_open_to(
        self, tenant_id: TenantId, *, now: datetime, after: PackId | None, limit: int
    ) -> tuple[PackId, ...]:
        """Return the packs that an organisation may look at, newest first."""
        ...

    async def opens(self, tenant_id: TenantId, pack_id: PackId, *, now: datetime) -> bool:
        """Say whether an organisation may look at a pack."""
        ...

    async def revoke(self, grant: PackGrant, *, at: datetime, by: PersonId, reason: str) -> PackGrant | None:
        """End a grant and return it as it is then; None when it was revoked before."""
        ...


class PassportWork(Committable, Protocol):
    """What a transaction over passports offers."""

    @property
    def packs(self) -> Packs:
        """The packs."""
        ...

    @property
    def passports(self) -> Passports:
        """The passports."""
        ...

    @property
    def histories(self) -> Histories:
        """The sealed histories."""
        ...

    @property
    def printed_labels(self) -> PrintedLabels:
        """The labels."""
        ...

    @property
    def grants(self) -> Grants:
        """Who may look at which pack."""
        ...
