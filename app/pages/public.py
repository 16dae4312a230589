"""Pages for everyone: the two doors, the public passport, the genuine check, problem codes."""

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import quote, unquote, urlsplit

from litestar import MediaType, Response, get, post
from litestar.datastructures import Cookie
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, QueryParameter
from litestar.response import Redirect, Template

from app.http.identity import GivenPorts
from app.http.problems import ProblemOut, answer_problem
from app.http.schemas import TEXT_PATTERN, Day, Instant, Out
from app.pages.formats import day, energy, number, scaled
from app.pages.frame import HOME, GivenPage, PageRequest, read_upload, safe_path
from app.pages.messages import LANGUAGES, say
from app.pages.problem_codes import explain, problem_kinds
from domain.journeys import authenticity, public_passport, record_exchange, trace
from domain.passport.attributes import ATTRIBUTES
from domain.passport.digital_link import DigitalLink
from domain.shared.actor import PASSER_BY, SIGNED_IN
from domain.shared.canonical import Canonical
from domain.shared.errors import DomainError, NotFound

PDF_BYTES_MAX = 17 * 1024 * 1024
"""A PDF of 16 MiB within a form."""

COOKIE_LASTS_S = 365 * 24 * 60 * 60

Identifier = Annotated[str, QueryParameter(min_length=1, max_length=200, pattern=TEXT_PATTERN)]


@get("/")
async def home(page: GivenPage) -> Template | Redirect:
    """Show the two doors, or take the one who is signed in to their own room."""
    if page.actor is None:
        return page.show("home.html")
    return Redirect(HOME.get(page.actor.role, "/packs"), status_code=303)


@get("/language/{chosen:str}")
async def choose_language(
    request: PageRequest,
    chosen: FromPath[str],
    next_path: Annotated[str, QueryParameter(name="next")] = "/",
) -> Redirect:
    """Remember the language and go back."""
    language = chosen if chosen in LANGUAGES else "ko"
    path, _, query = safe_path(next_path).partition("?")
    kept = "&".join(part for part in query.split("&") if part and not part.startswith("lang="))
    return Redirect(
        f"{path}?{kept}" if kept else path,
        status_code=303,
        cookies=[
            Cookie(
                key="lang",
                value=language,
                path="/",
                max_age=COOKIE_LASTS_S,
                samesite="lax",
                httponly=True,
                secure=bool(request.app.state["secure"]),
            )
        ],
    )


@get("/trace")
async def trace_page(ports: GivenPorts, page: GivenPage, identifier: Identifier) -> Redirect | Template:
    """Find a pack by any of its names: staff come to its life, everybody else to its public passport."""
    try:
        if page.actor is not None and page.actor.role in SIGNED_IN:  # a meter sees no lives: it goes where anybody goes
            pack_id = await trace.find_pack(identifier, actor=page.actor, unit=ports.unit, clock=ports.clock)
            return Redirect(f"/packs/{pack_id}", status_code=303)
        uri = await public_passport.find_public_uri(identifier, unit=ports.unit)
    except NotFound as error:
        return page.again("home.html", error, {"identifier": identifier})
    return Redirect(local_address(uri, ports.public_url), status_code=303)


def local_address(uri: str, public_url: str) -> str:
    """Return the path of a product URI that is ours, and any other URI as it is."""
    return urlsplit(uri).path if uri.startswith(f"{public_url}/") else uri


class PublicCertificateOut(Out):
    """What anyone may know of a certificate."""

    number: str
    grade: str
    issued_on: Day
    valid_until: Day
    state: str


class PublicPassportOut(Out):
    """The public tier of a passport; `withheld` counts what is kept for those with a legitimate interest."""

    product_uri: str
    in_force: bool
    issued_at: Instant
    attributes: dict[str, str | int]
    withheld: int
    certificate: PublicCertificateOut | None
    derived_from: list[str]
    derived_to: list[str]


@get("/01/{gtin:str}/21/{serial:path}")
async def passport_page(
    request: PageRequest,
    gtin: FromPath[str],
    ports: GivenPorts,
    page: GivenPage,
    form: Annotated[str, QueryParameter(name="format")] = "",
) -> Template | Response[PublicPassportOut]:
    """Show the public passport of one battery, as a page or as JSON; the QR code on its label leads here."""
    link = DigitalLink(
        scheme=ports.public_url.partition("://")[0],
        host=urlsplit(ports.public_url).netloc.lower(),
        gtin=gtin,
        serial=_serial(request),
    )
    found = await public_passport.read_public_passport(str(link), unit=ports.unit, clock=ports.clock)
    accepts = request.headers.get("accept", "")
    if form == "json" or ("application/json" in accepts and "text/html" not in accepts):
        return Response(_passport_out(found), headers={"Vary": "Accept"}, media_type=MediaType.JSON)
    return page.show(
        "passport.html",
        passport=found,
        element_string=link.element_string,
        groups=attribute_groups(found.attributes, page.language),
        origins=[(uri, local_address(uri, ports.public_url)) for uri in found.origins],
        successors=[(uri, local_address(uri, ports.public_url)) for uri in found.successors],
    )


def _serial(request: PageRequest) -> str:
    raw = request.scope.get("raw_path") or quote(request.scope["path"]).encode()
    return unquote(raw.decode("ascii", "replace").partition("?")[0].partition("/21/")[2].rstrip("/"))


def _passport_out(found: public_passport.PublicPassport) -> PublicPassportOut:
    certificate = found.certificate
    return PublicPassportOut(
        product_uri=found.product_uri,
        in_force=found.in_force,
        issued_at=found.issued_at,
        attributes={key: value for key, value in found.attributes.items() if isinstance(value, str | int)},
        withheld=found.withheld,
        certificate=None
        if certificate is None
        else PublicCertificateOut(
            number=certificate.number,
            grade=certificate.grade,
            issued_on=certificate.issued_on,
            valid_until=certificate.valid_until,
            state=certificate.standing.value,
        ),
        derived_from=list(found.origins),
        derived_to=list(found.successors),
    )


def attribute_groups(attributes: Mapping[str, Canonical], language: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return headings with names and values as people read them; of a pair of languages only the reader's."""
    other = "_en" if language == "ko" else "_ko"
    groups: dict[str, list[tuple[str, str]]] = {}
    for one in ATTRIBUTES:
        if one.key not in attributes or one.key.endswith(other):
            continue
        name = one.name_ko if language == "ko" else one.name_en
        groups.setdefault(say(f"group.{one.group}", language), []).append(
            (name.partition("(")[0], attribute_text(one.key, attributes[one.key], language))
        )
    return list(groups.items())


def attribute_text(key: str, value: Canonical, language: str) -> str:
    """Write an attribute's value with its unit."""
    match key, value:
        case _, bool() | None:
            return "–"
        case "mass_g", int():
            return f"{scaled(value, shift=3, places=1)} kg"
        case "rated_capacity_mah", int():
            return f"{scaled(value, shift=3, places=1)} Ah"
        case "nominal_voltage_mv", int():
            return f"{scaled(value, shift=3, places=1)} V"
        case "rated_energy_wh" | "usable_energy_wh", int():
            return energy(value)
        case "category", str():
            return say(f"category.{value}", language)
        case "manufactured_on" | "certified_on" | "valid_until", str():
            return day(value)
        case _, int():
            return number(value)
        case _, [*parts] if not isinstance(value, str):
            return ", ".join(str(part) for part in parts)
        case _:
            return str(value)


@get("/verify")
async def verify_form(
    ports: GivenPorts,
    page: GivenPage,
    number: Annotated[str, QueryParameter(max_length=40, pattern=TEXT_PATTERN)] = "",
) -> Template:
    """Ask for a certificate's or report's number, and say how it stands."""
    if not number.strip():
        return page.show("verify.html", asked=None)
    found = await authenticity.look_up(number, unit=ports.unit, clock=ports.clock)
    elsewhere = () if found else await record_exchange.held_elsewhere(PASSER_BY, number.strip(), unit=ports.unit)
    return page.show(
        "verify.html",
        asked=number.strip(),
        record=found,
        facts=record_facts(found),
        elsewhere=elsewhere,
        entered={"number": number.strip()},
    )


@post("/verify", status_code=200, request_max_body_size=PDF_BYTES_MAX)
async def verify_file(request: PageRequest, ports: GivenPorts, page: GivenPage) -> Template:
    """Say whether a PDF is one of ours, unaltered, and how it stands; the file is not kept."""
    try:
        _, content = await read_upload(request)
        found = await authenticity.check_pdf(content, unit=ports.unit, seals=ports.seals, clock=ports.clock)
    except DomainError as error:
        return page.again("verify.html", error, {}, asked=None)
    return page.show("verify.html", asked=None, checked=found, facts=checked_facts(found))


def checked_facts(found: authenticity.Checked) -> dict[str, str]:
    """Return what the sentence about a PDF names, a dash for what there is not."""
    facts = {"number": found.number, "on": None if found.on is None else day(found.on), "by": found.by}
    return {name: fact or "–" for name, fact in facts.items()}


def record_facts(found: authenticity.PublicRecord | None) -> dict[str, str]:
    """Return what the sentence about a certificate or report names, a dash for what there is not."""
    if found is None:
        return {}
    facts = {"number": found.number, "on": None if found.on is None else day(found.on), "by": found.by}
    return {name: fact or "–" for name, fact in facts.items()}


@get("/verify/{token:str}")
async def verify_token(token: FromPath[str], ports: GivenPorts, page: GivenPage) -> Template:
    """Say how the certificate stands whose QR code was read."""
    found = await authenticity.look_up_token(token[:200], unit=ports.unit, clock=ports.clock)
    return page.show("verify.html", asked="QR", record=found, facts=record_facts(found))


@get("/problems/{code:str}")
async def problem_page(code: FromPath[str], page: GivenPage) -> Template:
    """Say what a problem's code means."""
    return page.show("problem_kind.html", kind=explain(code))


@get("/problems")
async def problems_page(page: GivenPage) -> Template:
    """List every problem's code."""
    return page.show("problem_kinds.html", kinds=tuple(problem_kinds().values()))


@get("/{nowhere:path}")
async def no_such_page(request: PageRequest, page: GivenPage, nowhere: FromPath[str]) -> Response[ProblemOut]:
    """Say that no page lives here; below the API as a problem document."""
    if request.scope["path"].startswith("/api/"):
        return answer_problem(request, NotFoundException())
    raise NotFoundException


PUBLIC = (
    home,
    choose_language,
    trace_page,
    passport_page,
    verify_form,
    verify_file,
    verify_token,
    problem_page,
    problems_page,
    no_such_page,
)
