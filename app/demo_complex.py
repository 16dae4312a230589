"""The demonstration complex: its parties and their people, made once in an empty database."""

import json
import os
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from app.ports import Ports
from domain.identity import usecases as identity
from domain.identity.model import IndustrialComplex, PartyKind, Person, Tenant
from domain.journeys.ports import JourneyWork
from domain.shared.actor import SYSTEM, Actor, Role
from domain.shared.errors import NotFound, Unavailable
from domain.shared.identifiers import PersonId, TenantId

OPERATOR, KTR, TENANT, NEIGHBOUR = TenantId(1), TenantId(2), TenantId(11), TenantId(12)

PEOPLE: tuple[tuple[str, str, Role, TenantId], ...] = (
    ("tenant", "이입주", Role.TENANT_ADMIN, TENANT),
    ("neighbour", "박이웃", Role.TENANT_ADMIN, NEIGHBOUR),
    ("tester", "김시험", Role.TESTER, KTR),
    ("reviewer", "윤검토", Role.REVIEWER, KTR),
    ("approver", "최승인", Role.APPROVER, KTR),
    ("quality", "서품질", Role.QUALITY, KTR),
    ("operator", "정운영", Role.OPERATOR, OPERATOR),
    ("admin", "한관리", Role.ADMIN, OPERATOR),
    ("auditor", "오감사", Role.AUDITOR, OPERATOR),
)
"""Sign-in name, printed name, role and party."""

FIRST_PEOPLE = frozenset({"tenant", "neighbour", "tester", "approver", "operator"})
"""Those who have been in every demonstration complex from the first on."""

SIGN_INS_FILE = "demo-sign-ins.json"


class DemoPeopleMissing(NotFound):
    """The database has people, but not those of the demonstration."""

    code = "demo.people-missing"
    title_ko = "이 데이터베이스에는 시연 단지가 없습니다. 빈 데이터베이스에서 시연을 시작해 주세요."
    title_en = "This database has no demonstration complex; start the demonstration on an empty one."


class DemoSignInsUnusable(Unavailable):
    """The file of the demonstration's sign-ins cannot be read or written."""

    code = "demo.sign-ins-unusable"
    title_ko = "시연 로그인 파일을 읽거나 쓸 수 없습니다: {path}."
    title_en = "The file of the demonstration's sign-ins cannot be read or written: {path}."


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPeople:
    """Those who act in the story."""

    operator: Actor
    tester: Actor
    reviewer: Actor
    approver: Actor
    tenant: Actor
    tenant_sign_in: str
    tenant_name: str


def sign_in_password(home: Path) -> str:
    """Return the password that all demonstration sign-ins share: made once, kept in a file only its owner reads.

    Raises:
        DemoSignInsUnusable: the file cannot be read or written.
    """
    path = home / SIGN_INS_FILE
    try:
        if path.exists():
            return str(json.loads(path.read_text(encoding="utf-8"))["password"])
        home.mkdir(parents=True, exist_ok=True)
        password = "-".join(secrets.token_hex(2) for _ in range(4))
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump({"password": password, "sign_ins": [name for name, *_ in PEOPLE]}, file)
    except (OSError, ValueError, KeyError) as error:
        raise DemoSignInsUnusable(path=str(path)) from error
    return password


async def is_empty(ports: Ports) -> bool:
    """Say whether the database has no party yet."""
    async with ports.unit(SYSTEM) as work:
        return not any([await work.parties.of_kind(kind) for kind in PartyKind])


async def has_people(ports: Ports) -> bool:
    """Say whether those of the demonstration are in this database."""
    async with ports.unit(SYSTEM) as work:
        return all([await work.people.named(name) for name, *_ in PEOPLE])


async def is_untold(ports: Ports) -> bool:
    """Say whether the story was never told to its end: nothing was invoiced yet."""
    async with ports.unit(SYSTEM) as work:
        return not await work.invoices.page(tenant_id=None, after=None, limit=1)


async def make_complex(ports: Ports, *, password: str) -> None:
    """Make the demonstration complex with its parties and people, all of it or nothing."""
    password_hash = await ports.passwords.hash(password)
    async with ports.unit(SYSTEM) as work:
        await work.parties.add_complex(
            IndustrialComplex(
                complex_id=1, name_ko="구미 시연 산업단지", name_en="Gumi Demonstration Industrial Complex"
            )
        )
        for tenant_id, kind, name_ko, name_en, business_no, address_ko, address_en, account, accreditation in (
            (
                OPERATOR,
                PartyKind.OPERATOR,
                "순환 운영",
                "Sunhwan Operations",
                "000-00-00001",
                "경상북도 구미시 수출대로 137, 운영동",
                "137 Suchul-daero, Gumi-si, Gyeongsangbuk-do",
                "시연은행 000-000001-00-001 (순환 운영)",
                "",
            ),
            (
                KTR,
                PartyKind.INSPECTION_BODY,
                "KTR 한국화학융합시험연구원 (시연)",
                "KTR Korea Testing & Research Institute (demonstration)",
                "000-00-00002",
                "경상북도 구미시 수출대로 137, 성능안전동",
                "137 Suchul-daero, Gumi-si, Gyeongsangbuk-do",
                "",
                "재사용전지 안전성검사기관 (시연)",
            ),
            (
                TENANT,
                PartyKind.TENANT,
                "한빛정밀",
                "Hanbit Precision",
                "000-00-00011",
                "경상북도 구미시 1공단로 11",
                "11 1gongdan-ro, Gumi-si, Gyeongsangbuk-do",
                "",
                "",
            ),
            (
                NEIGHBOUR,
                PartyKind.TENANT,
                "새솔도금",
                "Saesol Plating",
                "000-00-00012",
                "경상북도 구미시 1공단로 12",
                "12 1gongdan-ro, Gumi-si, Gyeongsangbuk-do",
                "",
                "",
            ),
        ):
            await work.parties.add(
                Tenant(
                    tenant_id=tenant_id,
                    ref=ports.ids.new(),
                    complex_id=1,
                    kind=kind,
                    name_ko=name_ko,
                    name_en=name_en,
                    business_no=business_no,
                    address_ko=address_ko,
                    address_en=address_en,
                    bank_account=account,
                    accreditation=accreditation,
                    insurance="시연 배상책임보험 제0000-00000호" if kind is PartyKind.INSPECTION_BODY else "",
                )
            )
        await _add_people(work, ports, names=frozenset(name for name, *_ in PEOPLE), password_hash=password_hash)
        await work.commit()


async def add_newcomers(ports: Ports, *, home: Path) -> None:
    """Let those into a demonstration complex who were not part of it when it was made; elsewhere nobody is let in."""
    async with ports.unit(SYSTEM) as work:
        found = {name: await work.people.named(name) for name, *_ in PEOPLE}
        known = {name: person.tenant_id for name, person in found.items() if person is not None}
        missing = found.keys() - known.keys()
        is_ours = all(known.get(name) == tenant_id for name, _, _, tenant_id in PEOPLE if name in FIRST_PEOPLE)
    if missing and is_ours:
        password_hash = await ports.passwords.hash(sign_in_password(home))
        async with ports.unit(SYSTEM) as work:
            await _add_people(work, ports, names=missing, password_hash=password_hash)
            await work.commit()


async def _add_people(work: JourneyWork, ports: Ports, *, names: Collection[str], password_hash: str) -> None:
    for sign_in_name, printed_name, role, tenant_id in PEOPLE:
        if sign_in_name in names:
            await work.people.add(
                Person(
                    person_id=PersonId(ports.ids.new()),
                    tenant_id=tenant_id,
                    sign_in_name=sign_in_name,
                    printed_name=printed_name,
                    role=role,
                    password_hash=password_hash,
                    active=True,
                )
            )


async def find_people(ports: Ports) -> DemoPeople:
    """Return those who act in the story.

    Raises:
        DemoPeopleMissing: they are not in this database.
    """
    async with ports.unit(SYSTEM) as work:
        found = {name: await work.people.named(name) for name, *_ in PEOPLE}
        people = {
            name: await identity.acting(person, work=work) for name, person in found.items() if person is not None
        }
        if len(people) < len(PEOPLE):
            raise DemoPeopleMissing
        tenant = await work.parties.one(people["tenant"].tenant_id)
    return DemoPeople(
        operator=people["operator"],
        tester=people["tester"],
        reviewer=people["reviewer"],
        approver=people["approver"],
        tenant=people["tenant"],
        tenant_sign_in="tenant",
        tenant_name=tenant.name_ko,
    )
