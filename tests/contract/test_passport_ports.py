"""One promise, kept by the fake and by PostgreSQL alike."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy.exc import DBAPIError

from domain.passport.errors import HistoryMoved, IdentifierTaken, PackUnknown
from domain.passport.grants import PackGrant
from domain.passport.model import (
    BatteryStatus,
    Category,
    Edge,
    EntryKind,
    Fact,
    Identifier,
    IdentifierScheme,
    Label,
    Pack,
    PackState,
    Passport,
    PassportState,
    UnitKind,
)
from domain.passport.ports import PassportWork
from domain.passport.sealing import append, empty_head, verify
from domain.shared.actor import SYSTEM, Actor, Role
from domain.shared.identifiers import ContractId, EventId, PackId, PassportId, PersonId, TenantId
from tests.fakes.passport import MemoryPassportWork
from tests.fakes.system import NOON, someone

Opened = Callable[[Actor], AbstractAsyncContextManager[PassportWork]]


@pytest.fixture(params=["memory", "postgres"])
def unit(request: pytest.FixtureRequest) -> Opened:
    if request.param == "postgres":
        return request.getfixturevalue("postgres_unit")
    kept = MemoryPassportWork()

    @asynccontextmanager
    async def opened(_: Actor) -> AsyncIterator[PassportWork]:
        yield kept

    return opened


def pack(number: int = 1, *, holder: int = 3) -> Pack:
    return Pack(
        pack_id=PackId(UUID(int=number)),
        holder=TenantId(holder),
        contract_id=None,
        model="SH-BUS 209",
        maker="순환 시연 배터리",
        chemistry="NMC",
        cell_model="LG M50T",
        modules_in_series=12,
        cells_in_series=96,
        cells_in_parallel=120,
        cell_capacity_mah=5000,
        rated_energy_wh=209_088,
        nominal_voltage_mv=348_480,
        mass_g=1_050_000,
        manufactured_on=NOON.date(),
        registered_at=NOON,
    )


def passport(number: int, *, state: PassportState, pack_number: int = 1) -> Passport:
    return Passport(
        passport_id=PassportId(UUID(int=number)),
        pack_id=PackId(UUID(int=pack_number)),
        product_uri=f"https://example.com/01/09506000134352/21/{number}",
        category=Category.EV,
        battery_status=BatteryStatus.ORIGINAL,
        operator_name_ko="순환",
        operator_name_en="Sunhwan",
        attributes={"model": "SH", "soh_ppm": 943_509},
        issued_at=NOON,
        state=state,
    )


SERIAL = Identifier(scheme=IdentifierScheme.MAKER_SERIAL, value="M50T-1")


async def test_a_stored_pack_comes_back_as_it_was(unit: Opened) -> None:
    async with unit(SYSTEM) as work:
        await work.packs.add(pack())
        await work.commit()

    async with unit(SYSTEM) as work:
        assert await work.packs.one(PackId(UUID(int=1))) == pack()


@pytest.mark.parametrize("kind", [UnitKind.MODULE, UnitKind.CELL])
async def test_a_part_comes_back_with_its_kind_and_the_pack_it_came_out_of(unit: Opened, kind: UnitKind) -> None:
    part = replace(pack(2), kind=kind, parent_pack_id=pack().pack_id)
    async with unit(SYSTEM) as work:
        for one in (pack(), part):
            await work.packs.add(one)
        await work.commit()

    async with unit(SYSTEM) as work:
        assert await work.packs.one(part.pack_id) == part
        assert (await work.packs.one(pack().pack_id)).kind is UnitKind.PACK


async def test_an_unknown_pack_is_said_to_be_unknown(unit: Opened) -> None:
    async with unit(SYSTEM) as work:
        with pytest.raises(PackUnknown):
            await work.packs.one(PackId(UUID(int=9)))
        with pytest.raises(PackUnknown):
            await work.packs.find("nothing")
        with pytest.raises(PackUnknown):
            await work.histories.head(PackId(UUID(int=9)))


async def test_a_name_leads_to_one_pack_for_ever(unit: Opened) -> None:
    async with unit(SYSTEM) as work:
        await work.packs.add(pack(1))
        await work.packs.add(pack(2))
        await work.packs.name(PackId(UUID(int=1)), SERIAL)
        await work.packs.name(PackId(UUID(int=1)), SERIAL)

        with pytest.raises(IdentifierTaken):
            await work.packs.name(PackId(UUID(int=2)), SERIAL)
        assert await work.packs.find("M50T-1") == PackId(UUID(int=1))
        assert await work.packs.identifiers(PackId(UUID(int=1))) == (SERIAL,)
        assert await work.packs.identifiers(PackId(UUID(int=2))) == ()


async def test_packs_are_listed_newest_first_a_page_at_a_time(unit: Opened) -> None:
    async with unit(SYSTEM) as work:
        for number in (1, 2, 3):
            await work.packs.add(pack(number, holder=4 if number == 2 else 3))

        first = await work.packs.page(holder=None, after=None, limit=2)
        rest = await work.packs.page(holder=None, after=first[-1].pack_id, limit=2)
        own = await work.packs.page(holder=TenantId(4), after=None, limit=2)

    assert [one.pack_id.int for one in first] == [3, 2]
    assert [one.pack_id.int for one in rest] == [1]
    assert [one.pack_id.int for one in own] == [2]


async def test_a_pack_is_taken_once_until_it_is_released(unit: Opened) -> None:
    pack_id, contract = PackId(UUID(int=1)), ContractId(UUID(int=70))
    async with unit(SYSTEM) as work:
        await work.packs.add(pack())

        assert await work.packs.take(pack_id, contract_id=contract, holder=TenantId(11))
        assert not await work.packs.take(pack_id, contract_id=contract, holder=TenantId(12))
        assert (await work.packs.one(pack_id)).holder == 11
        await work.packs.release(pack_id, holder=TenantId(3))
        assert await work.packs.take(pack_id, contract_id=contract, holder=TenantId(12))


async def test_passports_and_the_edge_between_them_are_found_from_both_ends(unit: Opened) -> None:
    old, new = passport(1, state=PassportState.ACTIVE), passport(2, state=PassportState.ACTIVE)
    edge = Edge(
        from_passport=old.passport_id,
        to_passport=new.passport_id,
        from_pack=old.pack_id,
        to_pack=new.pack_id,
        module_share_ppm=1_000_000,
        event_id=EventId(UUID(int=5)),
    )
    async with unit(SYSTEM) as work:
        await work.packs.add(pack())
        await work.passports.add(old)
        await work.passports.set_state(old.pack_id, old.passport_id, PassportState.ARCHIVED)
        await work.passports.add(new)
        await work.passports.link(edge)

        assert await work.passports.of_pack(old.pack_id) == (replace(old, state=PassportState.ARCHIVED), new)
        assert await work.passports.edges(old.passport_id) == (edge,)
        assert await work.passports.edges(new.passport_id) == (edge,)


async def test_a_history_is_appended_and_verifies_as_it_is_read_back(unit: Opened) -> None:
    head = empty_head(PackId(UUID(int=1)))
    async with unit(SYSTEM) as work:
        await work.packs.add(pack())
        await work.histories.begin(head)
        for number, kind in enumerate((EntryKind.MANUFACTURED, EntryKind.INSTALLED_IN_VEHICLE)):
            entry, head = append(
                await work.histories.head(head.pack_id),
                Fact(kind=kind, occurred_at=NOON, particulars={"note": "가나다"}),
                event_id=EventId(UUID(int=100 + number)),
                holder=TenantId(3),
                actor=someone(Role.OPERATOR),
                now=NOON + timedelta(microseconds=number),
            )
            await work.histories.add(entry, head)
        await work.commit()

    async with unit(SYSTEM) as work:
        stored = await work.histories.head(head.pack_id)
        assert stored == head
        assert verify(await work.histories.entries(head.pack_id), stored) == 2
        unknown = PackId(UUID(int=9))
        assert await work.histories.states([head.pack_id, unknown]) == {head.pack_id: PackState.EV_IN_USE}
        assert await work.histories.states([]) == {}


async def test_an_entry_on_a_head_that_has_moved_is_refused(unit: Opened) -> None:
    head = empty_head(PackId(UUID(int=1)))
    async with unit(SYSTEM) as work:
        await work.packs.add(pack())
        await work.histories.begin(head)
        entry, moved = append(
            head,
            Fact(kind=EntryKind.MANUFACTURED, occurred_at=NOON, particulars={}),
            event_id=EventId(UUID(int=100)),
            holder=TenantId(3),
            actor=someone(Role.OPERATOR),
            now=NOON,
        )
        await work.histories.add(entry, moved)
        late = replace(entry, sequence=2, event_id=EventId(UUID(int=101)), previous_seal=b"\1" * 32)

        with pytest.raises(HistoryMoved):
            await work.histories.add(late, moved)


async def test_labels_are_listed_newest_first(unit: Opened) -> None:
    async with unit(SYSTEM) as work:
        await work.packs.add(pack())
        for number in (1, 2):
            await work.printed_labels.add(
                Label(
                    label_id=UUID(int=number),
                    pack_id=PackId(UUID(int=1)),
                    passport_id=PassportId(UUID(int=1)),
                    product_uri="https://example.com/01/09506000134352/21/1",
                    sheet_sha256="ab" * 32,
                    printed_at=NOON,
                )
            )

        assert [label.label_id.int for label in await work.printed_labels.of_pack(PackId(UUID(int=1)))] == [2, 1]


def grant(number: int = 1, *, tenant: int = 21, of: int = 1, from_h: int = 0, until_h: int = 48) -> PackGrant:
    return PackGrant(
        grant_id=UUID(int=600 + number),
        tenant_id=TenantId(tenant),
        pack_id=PackId(UUID(int=of)),
        from_at=NOON + timedelta(hours=from_h),
        until_at=NOON + timedelta(hours=until_h),
        reason="수거 전 확인",
        granted_by=PersonId(UUID(int=900)),
        granted_by_name="정운영",
        granted_at=NOON,
    )


async def test_a_grant_opens_a_pack_from_its_beginning_until_its_end(unit: Opened) -> None:
    given = grant(from_h=1, until_h=2)
    async with unit(SYSTEM) as work:
        await work.grants.add(given)

        for minutes, opens in ((59, False), (60, True), (119, True), (120, False)):
            now = NOON + timedelta(minutes=minutes)
            assert await work.grants.opens(TenantId(21), given.pack_id, now=now) is opens
            assert await work.grants.packs_open_to(TenantId(21), now=now, after=None, limit=9) == (
                (given.pack_id,) if opens else ()
            )
        assert not await work.grants.opens(TenantId(22), given.pack_id, now=NOON + timedelta(hours=1))
        assert not await work.grants.opens(TenantId(21), PackId(UUID(int=2)), now=NOON + timedelta(hours=1))


async def test_a_grant_is_revoked_once_and_stays_in_the_list(unit: Opened) -> None:
    async with unit(SYSTEM) as work:
        await work.grants.add(grant(1))
        await work.grants.add(grant(2))
        by = PersonId(UUID(int=901))

        over = await work.grants.revoke(grant(1), at=NOON, by=by, reason="끝")

        assert over == replace(grant(1), revoked_at=NOON, revoked_by=by, revoked_reason="끝")
        assert await work.grants.revoke(grant(1), at=NOON, by=by, reason="다시") is None
        assert await work.grants.of_pack(PackId(UUID(int=1)), limit=9) == (grant(2), over)
        assert await work.grants.opens(TenantId(21), PackId(UUID(int=1)), now=NOON)


async def test_granted_packs_are_listed_once_newest_first_and_page_by_page(unit: Opened) -> None:
    async with unit(SYSTEM) as work:
        for number, of in ((1, 1), (2, 2), (3, 2), (4, 3)):
            await work.grants.add(grant(number, of=of))

        first = await work.grants.packs_open_to(TenantId(21), now=NOON, after=None, limit=2)

        assert [one.int for one in first] == [3, 2]
        rest = await work.grants.packs_open_to(TenantId(21), now=NOON, after=first[-1], limit=2)
        assert [one.int for one in rest] == [1]


async def test_the_database_shows_a_grant_to_the_grantee_and_lets_only_the_complex_write_it(postgres_unit) -> None:
    async with postgres_unit(SYSTEM) as work:
        await work.grants.add(grant())
        await work.commit()

    async with postgres_unit(someone(Role.OWNER, tenant_id=22)) as work:
        assert await work.grants.of_pack(PackId(UUID(int=1)), limit=9) == ()
    async with postgres_unit(someone(Role.OWNER, tenant_id=21)) as work:
        assert await work.grants.of_pack(PackId(UUID(int=1)), limit=9) == (grant(),)
    with pytest.raises(DBAPIError, match="row-level security"):
        async with postgres_unit(someone(Role.TENANT_ADMIN, tenant_id=21)) as work:
            await work.grants.add(grant(2))
    for statement in ("delete from sunhwan.pack_grant", "update sunhwan.pack_grant set until_at = now()"):
        with pytest.raises(DBAPIError, match="permission denied"):
            async with postgres_unit(SYSTEM) as work:
                await work._connection.exec_driver_sql(statement)
