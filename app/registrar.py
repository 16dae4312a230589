"""`sunhwan complex …`, `tenant …`, `person …`, `key …` and `audit …`: who is there, and what they did."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Annotated
from uuid import UUID

import typer
from rich.table import Table

from app.answers import Json, Lang, Language
from app.answers import fail as _fail
from app.answers import print_whole as _print_whole
from app.answers import run as _run
from app.ports import Ports
from app.recorded import note, opened
from app.settings import Settings, read_settings
from app.terminal import out
from domain.identity import keys, members, resets
from domain.identity import usecases as identity
from domain.identity.errors import MemberUnknown
from domain.identity.keyring import DAYS_DEFAULT, DAYS_MAX, OVERLAP_HOURS_MAX, ROLES, ApiKey, Standing
from domain.identity.membership import Member
from domain.identity.model import IndustrialComplex, Tenant
from domain.journeys import audit, machine_keys
from domain.shared.actor import SIGNED_IN, SYSTEM, Role
from domain.shared.errors import DomainError
from domain.shared.identifiers import TenantId

PEOPLE_LISTED_MAX = 1000
_STANDINGS_KO = {
    Standing.OPEN: "사용 중",
    Standing.RETIRING: "교체 중",
    Standing.RETIRED: "교체됨",
    Standing.REVOKED: "폐기됨",
    Standing.EXPIRED: "만료",
}

industrial_complex = typer.Typer(help="산업단지 · industrial complexes.", no_args_is_help=True)
tenant = typer.Typer(help="기관: 운영자, 시험기관, 입주기업 · parties of the complex.", no_args_is_help=True)
person = typer.Typer(help="로그인하는 사람 · people who sign in.", no_args_is_help=True)
key = typer.Typer(help="프로그램과 계량 장치의 API 키 · keys for machines.", no_args_is_help=True)
audit_log = typer.Typer(help="감사 기록 · the audit log.", no_args_is_help=True)


def configured(language: Language) -> Settings:
    """Return the settings; one that has no meaning is told in a sentence, and ends the program."""
    try:
        return read_settings()
    except DomainError as error:
        _fail(error, language)


async def _member(ports: Ports, sign_in_name: str) -> Member:
    async with ports.unit(SYSTEM) as work:
        found = await work.people.named(sign_in_name)
        if found is None:
            raise MemberUnknown
        return await work.members.one(found.person_id)


def _change_member(
    command: str,
    what: Callable[[Ports, members.ChangeMember], Awaitable[Member]],
    sign_in_name: str,
    reason: str,
    language: Language,
) -> None:
    settings = configured(language)

    async def run() -> Member:
        async with opened(settings) as ports:
            member = await _member(ports, sign_in_name)
            changed = await what(ports, members.ChangeMember(actor=SYSTEM, person_id=member.person_id, reason=reason))
            await note(ports, command, object_ids=f"person_id={changed.person_id}", for_tenant=changed.tenant_id)
            return changed

    changed = _run(run, language)
    standing = {True: ("활성", "active"), False: ("해제됨", "shut out")}[changed.active][language == "en"]
    out.print(f"[green]✓[/] {changed.sign_in_name} · {changed.role.value} · {standing}", highlight=False)


SignInNameArgument = Annotated[str, typer.Argument(help="로그인 이름 · sign-in name.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="이력에 남는 사유 · kept in the history.")]


@industrial_complex.command("add")
def complex_add(
    number: Annotated[int, typer.Argument(min=1, max=2_147_483_647, help="산업단지 번호.")],
    name_ko: Annotated[str, typer.Option("--name-ko", help="한글 이름.")],
    name_en: Annotated[str, typer.Option("--name-en", help="영문 이름.")],
    language: Lang = "ko",
) -> None:
    """산업단지를 하나 더 연다; 이어서 운영사와 사람을 등록한다 · found another industrial complex."""
    settings = configured(language)
    wish = IndustrialComplex(complex_id=number, name_ko=name_ko, name_en=name_en)

    async def run() -> None:
        async with opened(settings) as ports:
            await identity.found_complex(wish, unit=ports.unit)
            await note(ports, "complex add", object_ids=f"complex_id={number}")

    _run(run, language)
    out.print(f"[green]✓[/] {number} {name_ko}", highlight=False)


@industrial_complex.command("list")
def complex_list(language: Lang = "ko", as_json: Json = False) -> None:
    """산업단지를 번호 순서로 보여 준다 · list the industrial complexes."""
    settings = configured(language)

    async def run() -> tuple[IndustrialComplex, ...]:
        async with opened(settings) as ports, ports.unit(SYSTEM) as work:
            return await work.parties.complexes()

    found = _run(run, language, as_json=as_json)
    if as_json:
        _print_whole(json.dumps([asdict(one) for one in found], ensure_ascii=False, indent=2))
        return
    for one in found:
        out.print(f"{one.complex_id}  {one.name_ko}  {one.name_en}", highlight=False)


@person.command("list")
def person_list(
    tenant_number: Annotated[int | None, typer.Option("--tenant", min=1, help="기관 번호.")] = None,
    language: Lang = "ko",
) -> None:
    """구성원을 보여 준다 · list people."""
    settings = configured(language)

    async def run() -> list[Member]:
        async with opened(settings) as ports:
            whose = None if tenant_number is None else TenantId(tenant_number)
            return list(
                await members.list_members(
                    SYSTEM, tenant_id=whose, after=None, limit=PEOPLE_LISTED_MAX, unit=ports.unit
                )
            )

    table = (
        Table("아이디", "이름", "역할", "기관", "상태")
        if language == "ko"
        else Table("sign-in name", "name", "role", "organisation", "standing")
    )
    for one in _run(run, language):
        standing = (
            ("활성" if one.active else "해제됨") if language == "ko" else ("active" if one.active else "shut out")
        )
        table.add_row(one.sign_in_name, one.printed_name, one.role.value, str(one.tenant_id), standing)
    out.print(table)


@person.command("role")
def person_role(
    sign_in_name: SignInNameArgument,
    role: Annotated[Role, typer.Argument(help=" | ".join(SIGNED_IN))],
    reason: ReasonOption,
    language: Lang = "ko",
) -> None:
    """역할을 바꾼다; 로그인이 모두 끝난다 · give another role; all sessions end."""
    _change_member(
        "person role",
        lambda ports, wish: members.change_role(wish, role, unit=ports.unit, ids=ports.ids, clock=ports.clock),
        sign_in_name,
        reason,
        language,
    )


@person.command("deactivate")
def person_deactivate(sign_in_name: SignInNameArgument, reason: ReasonOption, language: Lang = "ko") -> None:
    """로그인을 막고 세션을 모두 끝낸다 · shut out, and end all sessions."""
    _change_member(
        "person deactivate",
        lambda ports, wish: members.deactivate(wish, unit=ports.unit, ids=ports.ids, clock=ports.clock),
        sign_in_name,
        reason,
        language,
    )


@person.command("reactivate")
def person_reactivate(sign_in_name: SignInNameArgument, reason: ReasonOption, language: Lang = "ko") -> None:
    """다시 로그인할 수 있게 한다 · let in again."""
    _change_member(
        "person reactivate",
        lambda ports, wish: members.reactivate(wish, unit=ports.unit, ids=ports.ids, clock=ports.clock),
        sign_in_name,
        reason,
        language,
    )


@person.command("reset")
def person_reset(
    sign_in_name: SignInNameArgument,
    reason: ReasonOption,
    factors: Annotated[
        bool, typer.Option("--factors", help="2차 인증도 지운다 · the second factor is lost too.")
    ] = False,
    language: Lang = "ko",
) -> None:
    """비밀번호를 잃은 사람의 링크를 만든다 · make the link that lets somebody in again, shown this once."""
    settings = configured(language)

    async def run() -> str:
        async with opened(settings) as ports:
            member = await _member(ports, sign_in_name)
            wish = members.ChangeMember(actor=SYSTEM, person_id=member.person_id, reason=reason)
            made = await resets.begin_reset(wish, second_factor_too=factors, unit=ports.unit, desk=ports.desk)
            named = f"person_id={member.person_id}"
            await note(ports, "person reset", object_ids=named, for_tenant=member.tenant_id)
            return f"{ports.public_url}/reset?token={made.token}"

    _print_whole(_run(run, language))


@person.command("invite")
def person_invite(
    for_whom: Annotated[str, typer.Argument(help="초대받는 사람 (메모) · a note for whom.")],
    role: Annotated[Role, typer.Argument(help=" | ".join(SIGNED_IN))],
    tenant_number: Annotated[int, typer.Argument(metavar="TENANT", help="기관 번호.")],
    language: Lang = "ko",
) -> None:
    """초대 링크를 만든다; 한 번만 보인다 · make an invitation's link, shown this once."""
    settings = configured(language)

    async def run() -> str:
        async with opened(settings) as ports:
            invited = await members.invite(
                members.Invite(actor=SYSTEM, tenant_id=TenantId(tenant_number), role=role, for_whom=for_whom),
                unit=ports.unit,
                tokens=ports.tokens,
                ids=ports.ids,
                clock=ports.clock,
            )
            named = f"invitation_id={invited.invitation.invitation_id}"
            await note(ports, "person invite", object_ids=named, for_tenant=tenant_number)
            return f"{ports.public_url}/join?token={invited.token}"

    _print_whole(_run(run, language))


@tenant.command("list")
def tenant_list(language: Lang = "ko") -> None:
    """기관을 보여 준다 · list organisations."""
    settings = configured(language)

    async def run() -> list[Tenant]:
        async with opened(settings) as ports:
            return list(await members.list_organisations(SYSTEM, after=None, limit=PEOPLE_LISTED_MAX, unit=ports.unit))

    table = Table("번호", "종류", "이름") if language == "ko" else Table("number", "kind", "name")
    for one in _run(run, language):
        table.add_row(str(one.tenant_id), one.kind.value, one.name_ko if language == "ko" else one.name_en)
    out.print(table)


# ── keys for machines ──


@key.command("make")
def key_make(
    name: Annotated[str, typer.Argument(help="키 이름 · what it is for.")],
    role: Annotated[Role, typer.Argument(help=" | ".join(ROLES))],
    tenant_number: Annotated[int, typer.Argument(metavar="TENANT", help="기관 번호.")],
    site: Annotated[list[UUID] | None, typer.Option("--site", help="이 사업장만 · this site only.")] = None,
    channel: Annotated[
        list[int] | None, typer.Option("--channel", min=1, help="이 채널만 · this channel only.")
    ] = None,
    days: Annotated[int, typer.Option("--days", min=1, max=DAYS_MAX, help="유효 기간(일).")] = DAYS_DEFAULT,
    language: Lang = "ko",
) -> None:
    """API 키를 만든다; 한 번만 보인다 · make a key, shown this once."""
    settings = configured(language)

    async def run() -> str:
        async with opened(settings) as ports:
            made = await machine_keys.make_key(
                keys.MakeKey(
                    actor=SYSTEM,
                    tenant_id=TenantId(tenant_number),
                    name=name,
                    role=role,
                    sites=tuple(site) if site else None,
                    channels=tuple(channel) if channel else None,
                    days=days,
                ),
                unit=ports.unit,
                tokens=ports.tokens,
                ids=ports.ids,
                clock=ports.clock,
            )
            await note(ports, "key make", object_ids=f"key_id={made.key.key_id}", for_tenant=tenant_number)
            return made.text

    _print_whole(_run(run, language))


@key.command("list")
def key_list(
    tenant_number: Annotated[int | None, typer.Option("--tenant", min=1, help="기관 번호.")] = None,
    language: Lang = "ko",
) -> None:
    """API 키를 보여 준다 · list keys."""
    settings = configured(language)

    async def run() -> list[tuple[ApiKey, Standing]]:
        async with opened(settings) as ports:
            whose = None if tenant_number is None else TenantId(tenant_number)
            found = await keys.list_keys(SYSTEM, tenant_id=whose, after=None, limit=PEOPLE_LISTED_MAX, unit=ports.unit)
            return [(one, one.standing(ports.clock.now())) for one in found]

    korean = language == "ko"
    table = (
        Table("키", "이름", "역할", "기관", "상태") if korean else Table("key", "name", "role", "organisation", "state")
    )
    for one, state in _run(run, language):
        table.add_row(
            str(one.key_id),
            one.name,
            one.role.value,
            str(one.tenant_id),
            (_STANDINGS_KO[state] if korean else state.value),
        )
    out.print(table)


@key.command("rotate")
def key_rotate(
    key_id: Annotated[UUID, typer.Argument(help="키 번호 · the key's id.")],
    overlap_hours: Annotated[
        int, typer.Option("--overlap-hours", min=0, max=OVERLAP_HOURS_MAX, help="이전 키를 더 쓰는 시간.")
    ] = 24,
    days: Annotated[int, typer.Option("--days", min=1, max=DAYS_MAX, help="유효 기간(일).")] = DAYS_DEFAULT,
    language: Lang = "ko",
) -> None:
    """API 키를 교체한다; 이전 키는 잠시 더 쓰인다 · replace a key; the old one opens for a while."""
    settings = configured(language)

    async def run() -> str:
        async with opened(settings) as ports:
            made = await keys.rotate_key(
                keys.RotateKey(actor=SYSTEM, key_id=key_id, overlap_hours=overlap_hours, days=days),
                unit=ports.unit,
                tokens=ports.tokens,
                ids=ports.ids,
                clock=ports.clock,
            )
            named = f"key_id={key_id} key_id={made.key.key_id}"
            await note(ports, "key rotate", object_ids=named, for_tenant=made.key.tenant_id)
            return made.text

    _print_whole(_run(run, language))


@key.command("revoke")
def key_revoke(key_id: Annotated[UUID, typer.Argument(help="키 번호 · the key's id.")], language: Lang = "ko") -> None:
    """API 키를 즉시 폐기한다 · end a key at once."""
    settings = configured(language)

    async def run() -> ApiKey:
        async with opened(settings) as ports:
            revoked = await keys.revoke_key(SYSTEM, key_id, unit=ports.unit, clock=ports.clock)
            await note(ports, "key revoke", object_ids=f"key_id={key_id}", for_tenant=revoked.tenant_id)
            return revoked

    out.print(f"[green]✓[/] {_run(run, language).name}", highlight=False)


# ── the audit log ──


@audit_log.command("verify")
def audit_verify(as_json: Json = False, language: Lang = "ko") -> None:
    """감사 기록의 사슬을 모두 확인한다 · verify every chain; names the first broken entry."""
    settings = configured(language)

    async def run() -> int:
        async with opened(settings) as ports:
            return await audit.verify_log(SYSTEM, unit=ports.unit)

    entries = _run(run, language, as_json=as_json)
    if as_json:
        _print_whole(json.dumps({"entries": entries, "holds": True}))
    else:
        said = f"감사 기록 {entries}건이 모두 맞습니다." if language == "ko" else f"All {entries} entries hold."
        out.print(f"[green]✓[/] {said}", highlight=False)
