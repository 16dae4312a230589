"""What every page shares: the language, the one who looks, what they are offered, and how a problem is told."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from secrets import token_urlsafe
from typing import TypeAlias, TypeVar, cast
from urllib.parse import quote, urlsplit

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from litestar import Request, Response
from litestar.datastructures import State, UploadFile
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException
from litestar.params import SkipValidation
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.response import Redirect, Template
from litestar.template.config import TemplateConfig
from litestar.types import ExceptionHandlersMap
from markupsafe import Markup

from app.http.idempotency import FORM_FIELD
from app.http.identity import actor_of, known_actor, why_nobody
from app.http.problems import PROBLEM, note_account, note_problem, problem_of, retry_after, status_of
from app.http.security import request_id_of
from app.pages import charts, formats
from app.pages.messages import LANGUAGES, say
from app.ports import Ports
from domain.certification.wording import quantity_name, unit_name, word_name
from domain.identity.errors import NotSignedIn, SecondFactorMissing
from domain.shared.actor import GRANTED, Actor, ConfirmationNeeded, Role
from domain.shared.errors import DomainError, RuleBroken
from domain.shared.time import Month
from domain.shared.versions import ANY, Expected

TEMPLATES = Path(__file__).parent / "templates"
LANGUAGE_COOKIE = "lang"

PageRequest: TypeAlias = Request[Actor | None, Ports, State]

_TENANT = (
    ("/energy", "nav.energy"),
    ("/alarms", "nav.alarms"),
    ("/contract", "nav.contract"),
    ("/invoices", "nav.invoices"),
)
_LOOKING = (
    ("/packs", "nav.packs"),
    ("/alarms", "nav.alarms"),
    ("/contracts", "nav.contracts"),
    ("/invoices", "nav.invoices"),
)

NAVIGATION: Mapping[Role, tuple[tuple[str, str], ...]] = {
    Role.TENANT_VIEWER: (*_TENANT, ("/requests", "nav.requests")),
    Role.TENANT_ADMIN: (*_TENANT, ("/requests", "nav.requests"), ("/members", "nav.members"), ("/keys", "nav.keys")),
    Role.TESTER: (
        ("/ktr", "nav.queue"),
        ("/requests", "nav.requests"),
        ("/ktr/receptions/new", "nav.reception"),
        ("/ktr/devices", "nav.devices"),
        ("/ktr/protocols", "nav.protocols"),
        ("/ktr/records", "nav.records"),
        ("/packs", "nav.packs"),
    ),
    **dict.fromkeys(
        (Role.REVIEWER, Role.APPROVER, Role.QUALITY),
        (
            ("/ktr", "nav.queue"),
            ("/requests", "nav.requests"),
            ("/ktr/devices", "nav.devices"),
            ("/ktr/protocols", "nav.protocols"),
            ("/ktr/records", "nav.records"),
            ("/packs", "nav.packs"),
        ),
    ),
    Role.OPERATOR: (
        ("/packs", "nav.packs"),
        ("/requests", "nav.requests"),
        ("/alarms", "nav.alarms"),
        ("/contracts", "nav.contracts"),
        ("/plans", "nav.plans"),
        ("/sites", "nav.sites"),
        ("/invoices", "nav.invoices"),
        ("/deposits", "nav.deposits"),
        ("/organisations", "nav.organisations"),
    ),
    Role.FINANCE: (("/invoices", "nav.invoices"), ("/deposits", "nav.deposits"), ("/contracts", "nav.contracts")),
    Role.ADMIN: (
        ("/members", "nav.members"),
        ("/organisations", "nav.organisations"),
        ("/keys", "nav.keys"),
        ("/audit", "nav.audit"),
        *_LOOKING,
    ),
    Role.AUDITOR: (*_LOOKING, ("/audit", "nav.audit"), ("/members", "nav.members")),
    **dict.fromkeys(GRANTED, (("/packs", "nav.packs"),)),
    Role.OWNER: (("/packs", "nav.packs"), ("/requests", "nav.requests")),
}
"""What each role is offered; nothing else is shown."""

HOME: Mapping[Role, str] = {role: addresses[0][0] for role, addresses in NAVIGATION.items()}


def safe_path(text: str | None) -> str:
    """Return a path of this site, or `/`: nobody is sent to another host."""
    if text is None or not text.startswith("/") or text[1:2] in ("/", "\\") or not text.isprintable():
        return "/"
    return text


def came_from(request: PageRequest) -> str:
    """Return the page of ours that a form was sent from, with its query, or `/`."""
    sent_from = urlsplit(request.headers.get("referer", ""))
    return safe_path(f"{sent_from.path}?{sent_from.query}" if sent_from.query else sent_from.path)


@dataclass(frozen=True, slots=True)
class Page:
    """One page being made: for whom, in which language, at which address."""

    language: str
    actor: Actor | None
    path: str
    here: str

    def show(self, template: str, **context: object) -> Template:
        """Return the page."""
        return self.answer(template, 200, context)

    def answer(self, template: str, status: int, context: Mapping[str, object]) -> Template:
        """Return the page under a status of its own."""
        nav = () if self.actor is None else NAVIGATION.get(self.actor.role, ())
        within = [address for address, _ in nav if self.path == address or self.path.startswith(f"{address}/")]
        return Template(
            template_name=template,
            status_code=status,
            headers={"Content-Language": self.language, "Vary": "Cookie, Accept"},
            context={
                "language": self.language,
                "actor": self.actor,
                "role": None if self.actor is None else self.actor.role.value,
                "nav": nav,
                "nav_here": max(within, key=len, default=""),
                "here": self.here,
                "problem": None,
                "entered": {},
                **context,
            },
        )

    def again(self, template: str, error: DomainError, entered: Mapping[str, str], **context: object) -> Template:
        """Return a form once more: what is wrong on top, what was typed still in it."""
        return self.answer(
            template,
            status_of(error),
            {**context, "problem": error.sentence(self.language), "entered": entered},
        )


GivenPage: TypeAlias = NamedDependency[SkipValidation[Page]]


async def give_page(request: PageRequest) -> Page:
    """Hand a page's door the page being made."""
    return _page(request, await actor_of(request))


def _page(request: PageRequest, actor: Actor | None) -> Page:
    wanted = request.query_params.get("lang") or request.cookies.get(LANGUAGE_COOKIE)
    query = request.url.query
    return Page(
        language=wanted if wanted in LANGUAGES else "ko",
        actor=actor,
        path=request.scope["path"],
        here=f"{request.scope['path']}?{query}" if query else request.scope["path"],
    )


def give_page_actor(request: PageRequest, page: GivenPage) -> Actor:
    """Hand a page's door the one who looks.

    Raises:
        NotSignedIn: nobody is signed in.
        SecondFactorMissing: the role takes two factors here, and one opened the session.
    """
    if page.actor is None:
        raise why_nobody(request)
    return page.actor


class FormMalformed(RuleBroken):
    """A field of a form is empty, or holds what it cannot hold."""

    code = "pages.form-malformed"
    title_ko = "입력값을 확인해 주세요: {field}."
    title_en = "Please check this field: {field}."


In_ = TypeVar("In_", bound=msgspec.Struct)


async def read_form(request: PageRequest) -> dict[str, str]:
    """Return the texts of a sent form, without control characters and outer spaces; empty ones are left out."""
    form = await request.form()
    texts = {key: _clean(value) for key, value in form.multi_items() if isinstance(value, str)}
    return {key: value for key, value in texts.items() if value and key != FORM_FIELD}


def _clean(text: str) -> str:
    return _printable(text).strip()


def _printable(text: str) -> str:
    return "".join(one for one in text if one.isprintable() or one in "\n\r\t")


async def read_table(request: PageRequest, field: str) -> str:
    """Return a pasted table as it stands, without control characters: its first cell may be an empty one."""
    sent = (await request.form()).get(field)
    return _printable(sent) if isinstance(sent, str) else ""


def expected_by(form: Mapping[str, str]) -> Expected:
    """Return the state that a form was made for: its hidden `version`."""
    return Expected.only(form["version"]) if "version" in form else ANY


async def read_upload(request: PageRequest, field: str = "file") -> tuple[str, bytes]:
    """Return the name and bytes of a sent file.

    Raises:
        FormMalformed: no file was chosen.
    """
    form = await request.form()
    sent = form.get(field)
    if not isinstance(sent, UploadFile) or not sent.filename:
        raise FormMalformed(field=field)
    return Path(sent.filename).name[:200], await sent.read()


def read_as(form: Mapping[str, object], kind: type[In_], language: str) -> In_:
    """Bring a form's texts into the shape that the API takes, with its bounds.

    Raises:
        FormMalformed: names the first field that does not fit.
    """
    known = {field.encode_name for field in msgspec.structs.fields(kind)}
    try:
        return msgspec.convert({key: value for key, value in form.items() if key in known}, kind, strict=False)
    except msgspec.ValidationError as error:
        told = str(error)
        name = told.rsplit("`", 2)[1].lstrip("$.").split("[")[0] if "`" in told else "?"
        raise FormMalformed(field=field_name(name, language)) from error


def field_name(name: str, language: str) -> str:
    """Return a field's label, or its own name where it has none."""
    try:
        return say(f"field.{name}", language)
    except KeyError:
        return name


def tell_problem(request: PageRequest, error: Exception) -> Response[object]:
    """Answer any error as a page: one sentence, the request's number, the way back. Strangers are asked to sign in."""
    problem = problem_of(error, request_id_of(request.scope))
    request.scope["state"][PROBLEM] = problem
    note_account(request.scope, error)
    if isinstance(error, NotSignedIn):
        asked = request.scope["path"] if request.scope["method"] == "GET" else "/"
        query = request.url.query if request.scope["method"] == "GET" else ""
        target = quote(f"{asked}?{query}" if query else asked, safe="/")
        return cast(Response[object], Redirect(f"/sign-in?next={target}", status_code=303))
    if isinstance(error, SecondFactorMissing):
        return cast(Response[object], Redirect("/account", status_code=303))
    if isinstance(error, ConfirmationNeeded):
        asked = request.scope["path"] if request.scope["method"] == "GET" else came_from(request)
        return cast(Response[object], Redirect(f"/confirm?next={quote(asked, safe='/')}", status_code=303))
    note_problem(error, problem, path=request.scope["path"], method=request.scope["method"])
    page = _page(request, known_actor(request))
    shown = page.answer(
        "problem.html",
        problem.status,
        {
            "sentence": problem.title_ko if page.language == "ko" else problem.title,
            "code": problem.code,
            "request_id": str(problem.request_id),
        },
    )
    if (wait := retry_after(error, problem)) is not None:
        shown.headers["Retry-After"] = wait
    return cast(Response[object], shown)


PAGE_PROBLEMS: ExceptionHandlersMap = {DomainError: tell_problem, HTTPException: tell_problem, Exception: tell_problem}


@pass_context
def _t(context: Context, key: str, **facts: object) -> str:
    return say(key, context["language"], **facts)


@pass_context
def _either(context: Context, korean: str, english: str) -> str:
    return korean if context["language"] == "ko" else english


@pass_context
def _krw(context: Context, value: int) -> str:
    return formats.krw(value, context["language"])


def _once() -> Markup:
    """Return a form's hidden one-time key: sent twice, it does one thing."""
    return Markup(f'<input type="hidden" name="{FORM_FIELD}" value="{token_urlsafe(16)}">')  # noqa: S704 ours alone


@pass_context
def _quantity(context: Context, key: str) -> str:
    """Return what a protocol's quantity is called in the page's language; its key where it has no name."""
    return _either(context, *quantity_name(key))


@pass_context
def _word(context: Context, word: str) -> str:
    """Return a protocol's word in the page's language; the word itself where it has no name."""
    return _either(context, *word_name(word))


@pass_context
def _row_place(context: Context, place: str) -> str:
    """Write where in a file a row stands: `row 3` is `3행` in Korean; other places stay as the file has them."""
    number = place.removeprefix("row ")
    return say("records.row", context["language"], number=number) if number != place else place


@pass_context
def _measured(context: Context, text: str) -> Markup:
    """Write what a rule looked at: a word in the page's language; a quantity's key so that it may break at its `_`."""
    if text in ("true", "false"):
        return Markup.escape(say("yes" if text == "true" else "no", context["language"]))
    written = Markup.escape(_word(context, text).replace("=", " = "))
    return written.replace("_", Markup("_<wbr>"))


@pass_context
def _limit_source(context: Context, text: str) -> str:
    """Write where a limit comes from, as the report does: read in public, to be confirmed, or the body's own."""
    language = context["language"]
    kind, _, where = text.partition(":")
    if text == "default":
        return say("limit.default", language)
    if kind in ("seen", "recalled") and where:
        return f"{say('limit.seen' if kind == 'seen' else 'limit.recalled', language)}: {where}"
    return text


def _share(share_ppm: int) -> Markup:
    return Markup(charts.share_bar(share_ppm, title=formats.percent(share_ppm)))  # noqa: S704 drawn from an integer


@pass_context
def _month(context: Context, value: Month | str) -> str:
    return formats.month_name(Month.parse(value) if isinstance(value, str) else value, context["language"])


@pass_context
def _field(context: Context, name: str) -> str:
    return field_name(name, context["language"])


def template_config() -> TemplateConfig[JinjaTemplateEngine]:
    """Return the templates' engine: everything escaped, nothing undefined."""
    engine = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    engine.globals.update(t=_t, either=_either, field_label=_field, share=_share, once=_once)
    engine.filters.update(
        day=formats.day,
        instant=formats.instant,
        machine=formats.machine_instant,
        number=formats.number,
        kwh=formats.kwh,
        energy=formats.energy,
        percent=formats.percent,
        uncertainty=formats.uncertainty,
        rate=formats.plain_rate,
        short=formats.short_hash,
        unit=unit_name,
        quantity=_quantity,
        word=_word,
        measured=_measured,
        row_place=_row_place,
        limit_source=_limit_source,
        kw=formats.kw,
        tonnes=formats.tonnes,
        thousandths=formats.thousandths,
        decimals=formats.decimals,
        seoul_local=formats.seoul_local,
        krw=_krw,
        month=_month,
    )
    return TemplateConfig(instance=JinjaTemplateEngine.from_environment(engine))
