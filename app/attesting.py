"""Verbs about certificates as records: check one offline, turn the signing key over."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, NoReturn
from urllib.parse import quote, unquote, urlsplit

import typer
from rich.markup import escape

from app import wiring
from app.answers import Json, Lang, Language
from app.answers import fail as _fail
from app.answers import print_whole as _print_whole
from app.answers import run as _run
from app.given_files import read_file
from app.recorded import note, opened
from app.settings import Settings, read_settings
from app.terminal import out
from domain.certification.errors import SignatureBroken, StatusListMalformed
from domain.certification.status_list import Purpose, entries_of
from domain.journeys import authenticity
from domain.shared.canonical import Canonical, sha256
from domain.shared.documents import SealState
from domain.shared.errors import DomainError, Unavailable
from domain.shared.time import Clock

cert = typer.Typer(help="인증 기록 · certificates.", no_args_is_help=True)
keys = typer.Typer(help="서명 키 · signing keys.", no_args_is_help=True)

_LIST_BYTES_MAX = 2 * 1024 * 1024
_TIME_LIMIT_S = 10.0
_OWN_MACHINE = ("127.0.0.1", "localhost")
"""An installation on one's own machine speaks HTTP; every other issuer is asked over TLS."""

SAID: Mapping[str, tuple[str, str]] = {
    "valid": (
        "서명이 유효하며, 정지되거나 취소되지 않았습니다.",
        "the signature is valid; it is not suspended or revoked.",
    ),
    "signed": (
        "서명이 유효합니다. 정지·취소 여부는 확인하지 않았습니다(--status-list 또는 --online).",
        "the signature is valid; whether it was suspended or revoked was not checked (--status-list or --online).",
    ),
    "suspended": ("서명은 유효하나 효력이 정지되어 있습니다.", "the signature is valid, but it is suspended."),
    "revoked": (
        "서명은 유효하나 취소되었거나 새 인증서로 대체되었습니다.",
        "the signature is valid, but it was revoked or a newer one took its place.",
    ),
    "altered": (
        "변조되었습니다. 서명된 뒤에 내용이 바뀌었습니다.",
        "it was altered: something changed after it was signed.",
    ),
    "unknown": ("발급 기관이 서명한 문서가 아닙니다.", "it does not carry the issuer's signature."),
    "report": (
        "서명이 유효합니다. 수정·철회 여부는 확인하지 않았습니다(--online).",
        "the signature is valid; whether it was amended or withdrawn was not checked (--online).",
    ),
    "in-force": (
        "서명이 유효하며, 수정되거나 철회되지 않았습니다.",
        "the signature is valid; it was neither amended nor withdrawn.",
    ),
    "amended": (
        "서명은 유효하나 수정 성적서로 대체되었습니다.",
        "the signature is valid, but an amended report took its place.",
    ),
    "withdrawn": ("서명은 유효하나 철회되었습니다.", "the signature is valid, but it was withdrawn."),
    "expired": ("서명은 유효하나 유효기간이 지났습니다.", "the signature is valid, but its time is over."),
}
"""One sentence for each way a record can stand."""
_HOLDS = ("valid", "signed", "report", "in-force")
"""Where nothing is known against a record."""


class IssuerUnreachable(Unavailable):
    """The host that issued a report could not be asked how it stands."""

    code = "certification.issuer-unreachable"
    title_ko = "발급 기관에 확인할 수 없습니다: {address}."
    title_en = "The issuer cannot be asked: {address}."


class StatusListUnreachable(Unavailable):
    """A status list could not be fetched from where the record says it is published."""

    code = "certification.status-list-unreachable"
    title_ko = "상태 목록을 가져올 수 없습니다: {address}."
    title_en = "The status list cannot be fetched: {address}."


@cert.command("verify")
def cert_verify(
    file: Annotated[Path, typer.Argument(help="인증서·성적서 PDF 또는 서명된 인증 기록 (JSON).")],
    keys_file: Annotated[
        Path | None, typer.Option("--keys", help="공개 키 문서 (/.well-known/did.json). 없으면 이 설치의 키를 쓴다.")
    ] = None,
    status_list: Annotated[
        list[Path] | None, typer.Option("--status-list", help="받아 둔 상태 목록 파일 (여러 번 가능).")
    ] = None,
    online: Annotated[bool, typer.Option("--online", help="상태 목록을 발급 호스트에서 가져온다.")] = False,
    as_json: Json = False,
    language: Lang = "ko",
) -> None:
    """인증서·성적서 PDF나 서명된 인증 기록을 확인한다 · verify a PDF or a signed record, offline."""
    settings = _settings(language)

    async def run() -> tuple[str, str, Mapping[str, Canonical]]:
        verifier = wiring.credentials(settings) if keys_file is None else wiring.published_keys(_json(keys_file))
        content = read_file(file)
        number = content_sha256 = None
        if content.startswith(b"%PDF-"):
            reader = wiring.seals(settings) if keys_file is None else wiring.published_seals(_json(keys_file))
            read = await reader.read(content)
            number = read.number or "-"
            if read.seal is not SealState.OURS:
                return number, "altered" if read.seal is SealState.ALTERED else "unknown", {}
            if read.record is None:
                return number, "signed", {}
            content, content_sha256 = read.record.encode(), read.content_sha256
        record = _parsed(content, file.name)
        await verifier.verify(record)
        lists = {str(one.get("id")): one for one in (_json(path) for path in status_list or ())}
        if online:
            lists |= await _fetched(record, known=lists)
        for one in lists.values():
            await verifier.verify(one)
        vouched_for = (number, _said_of(record) or content_sha256)
        if number is not None and vouched_for != (_number(record), content_sha256):
            return str(number), "altered", {}
        if _said_of(record) is not None:  # a report stands in no status list: its issuer says what became of it
            return _number(record), *(await _report_standing(record) if online else ("report", {}))
        standing = _standing(record, lists, wiring.system_clock())
        told = await _told(record) if online and standing in ("suspended", "revoked", "expired") else {}
        return _number(record), standing, told

    number, standing, told = _run(run, language, as_json=as_json)
    if as_json:
        signature = "broken" if standing == "altered" else "foreign" if standing == "unknown" else "valid"
        said = {"number": number, "signature": signature, "standing": standing, **told}
        _print_whole(json.dumps(said, ensure_ascii=False))
    else:
        mark = "[green]✓[/]" if standing in _HOLDS else "[bold red]✗[/]"
        out.print(
            f"{mark} {number}: {SAID[standing][0 if language == 'ko' else 1]}{_more(told, language)}", markup=True
        )
    if standing not in _HOLDS:
        raise typer.Exit(3)


def _standing(record: Mapping[str, Canonical], lists: Mapping[str, Mapping[str, Canonical]], clock: Clock) -> str:
    now = clock.now()
    found, missing = authenticity.bits_set(record, lists, at=now)
    if Purpose.REVOCATION in found:
        return "revoked"
    if Purpose.SUSPENSION in found:
        return "suspended"
    if authenticity.is_over(record, at=now):
        return "expired"
    return "signed" if missing or not entries_of(record) else "valid"


def _more(told: Mapping[str, Canonical], language: Language) -> str:
    """Say since when, by what and why, as far as the issuing host said it."""
    names = {"on": ("날짜", "on"), "by": ("대체", "replaced by"), "reason": ("사유", "reason")}
    said = [f"{names[name][0 if language == 'ko' else 1]} {escape(str(told[name]))}" for name in names if name in told]
    return f" ({', '.join(said)})" if said else ""


async def _told(record: Mapping[str, Canonical]) -> dict[str, Canonical]:
    """Ask the host that issued a record since when, by what and why it is not in force; what it does not say is left.

    The signed lists decide; this only explains, so that a host that does not answer takes nothing away.
    """
    import httpx

    first = next(iter(entries_of(record)), None)
    if first is None:
        return {}
    parts = urlsplit(first.address)  # its host was checked when the list was fetched from it
    address = f"{parts.scheme}://{parts.netloc}/api/v1/certificates/by-number/{quote(_number(record), safe='')}"
    try:
        async with httpx.AsyncClient(timeout=_TIME_LIMIT_S) as client:
            answer = await client.get(address)
        found = _parsed(answer.content) if answer.status_code == 200 else {}
    except (httpx.HTTPError, SignatureBroken):
        return {}
    return {name: value for name in ("on", "by", "reason") if isinstance(value := found.get(name), str)}


async def _report_standing(record: Mapping[str, Canonical]) -> tuple[str, Mapping[str, Canonical]]:
    """Ask the host that issued a report whether it was amended or withdrawn, and what it says of that.

    Raises:
        IssuerUnreachable: it does not answer, or does not know the report.
    """
    import httpx

    host, path = _host(record), f"/api/v1/reports/by-number/{quote(_number(record), safe='')}"
    scheme = "http" if host.partition(":")[0] in _OWN_MACHINE else "https"
    try:
        async with httpx.AsyncClient(timeout=_TIME_LIMIT_S) as client:
            answer = await client.get(f"{scheme}://{host}{path}")
    except httpx.HTTPError as error:
        raise IssuerUnreachable(address=host) from error
    if answer.status_code != 200 or len(answer.content) > _LIST_BYTES_MAX:
        raise IssuerUnreachable(address=host)
    found = _parsed(answer.content)
    standing = {"genuine": "in-force", "amended": "amended", "withdrawn": "withdrawn"}.get(str(found.get("standing")))
    if standing is None or found.get("number") != _number(record):
        raise IssuerUnreachable(address=host)
    return standing, {name: value for name in ("on", "by", "reason") if isinstance(value := found.get(name), str)}


def _host(record: Mapping[str, Canonical]) -> str:
    """Return the host that issued a record, as its `did:web` names it."""
    issuer = record.get("issuer")
    named = issuer.get("id") if isinstance(issuer, Mapping) else issuer
    return unquote(str(named).removeprefix("did:web:"))


async def _fetched(
    record: Mapping[str, Canonical], *, known: Mapping[str, object]
) -> dict[str, Mapping[str, Canonical]]:
    """Fetch the lists that a record names, from the host that issued it and from no other."""
    import httpx

    host = _host(record)
    fetched: dict[str, Mapping[str, Canonical]] = {}
    async with httpx.AsyncClient(timeout=_TIME_LIMIT_S) as client:
        for address in sorted({one.address for one in entries_of(record)} - known.keys()):
            parts = urlsplit(address)
            if parts.netloc != host or parts.scheme not in ("https", "http"):
                raise StatusListMalformed(reason="statusListCredential")
            try:
                answer = await client.get(address)
            except httpx.HTTPError as error:
                raise StatusListUnreachable(address=address) from error
            if answer.status_code != 200 or len(answer.content) > _LIST_BYTES_MAX:
                raise StatusListUnreachable(address=address)
            fetched[address] = _parsed(answer.content)
    return fetched


def _json(path: Path) -> Mapping[str, Canonical]:
    return _parsed(read_file(path), path.name)


def _parsed(content: bytes, name: str = "") -> Mapping[str, Canonical]:
    """Read a JSON object.

    Raises:
        SignatureBroken: it is none; `name` says which file was meant to be one.
    """

    def refuse(_: str) -> NoReturn:
        raise SignatureBroken(reason="a number that is not whole")

    try:
        found = json.loads(content, parse_float=refuse, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise SignatureBroken(reason=f"{name} PDF·JSON 형식이 아님 (neither PDF nor JSON)".strip()) from error
    if not isinstance(found, dict):
        raise SignatureBroken(reason="not an object")
    return found


def _number(record: Mapping[str, Canonical]) -> str:
    subject = record.get("credentialSubject")
    numbers = (
        [subject.get(name) for name in ("certificateNumber", "reportNumber")] if isinstance(subject, Mapping) else []
    )
    return str(next((one for one in numbers if one), None) or record.get("id") or "-")


def _said_of(record: Mapping[str, Canonical]) -> str | None:
    """Return the hash of the content that a report's record vouches for; None for a record that holds all it says."""
    subject = record.get("credentialSubject")
    found = subject.get("contentSha256") if isinstance(subject, Mapping) else None
    return found if isinstance(found, str) else None


def _settings(language: Language) -> Settings:
    try:
        return read_settings()
    except DomainError as error:
        _fail(error, language)


@keys.command("rotate")
def keys_rotate(
    documents: Annotated[
        bool, typer.Option("--documents", help="문서(PDF) 서명 키를 바꾼다 · the key that signs PDFs.")
    ] = False,
    as_json: Json = False,
    language: Lang = "ko",
) -> None:
    """서명 키를 새 키로 바꾼다; 이전 공개 키는 확인용으로 남는다 · put a new signing key in place."""
    settings = _settings(language)

    async def run() -> tuple[str, int]:
        async with opened(settings) as ports:  # without a database to write it down in, no key is put in place
            if documents:
                present = sha256((await wiring.seal_key(settings).rotate()).strip()).hex()
                await note(ports, "keys rotate documents")
                return present, len(await wiring.seal_key(settings).certificates()) - 1
            await wiring.signer(settings).rotate()
            await note(ports, "keys rotate")
        methods = (await wiring.credentials(settings).did_document())["assertionMethod"]
        return (str(methods[0]), len(methods) - 1) if isinstance(methods, list) else ("-", 0)

    present, past = _run(run, language, as_json=as_json)
    if as_json:
        _print_whole(json.dumps({"present": present, "past": past}))
    else:
        told = (
            f"새 키로 서명합니다. 이전 키 {past}개는 확인에만 쓰입니다."
            if language == "ko"
            else f"signs from now on; {past} past keys only verify."
        )
        out.print(f"[green]✓[/] {present}: {told}")
