"""Packs: register, report, repurpose, label, trace and verify."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from app.http.identity import GivenActor, GivenPorts
from app.http.preconditions import IfMatch, wanted
from app.http.problems import PROBLEMS
from app.http.schemas import (
    TEXT_PATTERN,
    Count,
    Day,
    EnergyWh,
    In,
    Instant,
    Name,
    Out,
    Sentence,
    TenantNo,
    VersionText,
)
from app.ports import Ports
from domain.journeys import grants, pack_life, second_life, trace, withdrawal
from domain.passport import usecases as passport
from domain.passport.grants import PackGrant
from domain.passport.model import Entry, EntryKind, Pack, Passport
from domain.shared.canonical import Canonical
from domain.shared.identifiers import PackId, TenantId
from domain.shared.time import day_start

ProductUri = Annotated[str, msgspec.Meta(min_length=10, max_length=200, description="GS1 Digital Link of the item.")]


class PackIn(In):
    """A pack as its owner describes it."""

    product_uri: ProductUri
    kr_battery_no: Annotated[str, msgspec.Meta(min_length=1, max_length=24, description="배터리 식별번호, raw.")]
    maker_serial: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    model: Name
    maker: Name
    chemistry: Literal["NMC", "NCA", "LMO", "LFP", "LTO"]
    cell_model: Name
    modules_in_series: Annotated[int, msgspec.Meta(ge=1, le=512)]
    cells_in_series: Annotated[int, msgspec.Meta(ge=1, le=10_000)]
    cells_in_parallel: Annotated[int, msgspec.Meta(ge=1, le=10_000)]
    cell_capacity_mah: Count
    rated_energy_wh: EnergyWh
    nominal_voltage_mv: Annotated[int, msgspec.Meta(ge=1, le=2_000_000, description="mV.")]
    mass_g: Annotated[int, msgspec.Meta(ge=1, le=100_000_000, description="g.")]
    manufactured_on: Day
    responsible_ko: Name
    responsible_en: Name


class PackOut(Out):
    """A pack in a list."""

    pack_id: UUID
    model: str
    maker: str
    chemistry: str
    rated_energy_wh: int
    holder: TenantNo
    in_contract: bool


class PassportOut(Out):
    """A passport; attributes are those of the reader's tier."""

    passport_id: UUID
    product_uri: str
    category: str
    battery_status: str
    state: str
    issued_at: Instant
    derived_from: list[UUID]
    derived_to: list[UUID]


class EntryOut(Out):
    """One sealed entry of the history."""

    sequence: int
    kind: str
    occurred_at: Instant
    recorded_at: Instant
    actor: str
    payload: Annotated[str, msgspec.Meta(description="Canonical JSON; the seal covers these very characters.")]
    seal: str


class RegisteredOut(Out):
    """What registering made."""

    pack_id: UUID
    passport: PassportOut


class FactIn(In):
    """Something that happened to a pack in its first life, or since it was certified."""

    kind: Literal[
        "installed_in_vehicle",
        "removed",
        "collected",
        "health_checked",
        "alarm_tripped",
        "opened",
        "moved",
        "bms_changed",
    ]
    occurred_at: Instant
    note: Annotated[str, msgspec.Meta(max_length=300, pattern=TEXT_PATTERN)] = ""
    soh_ppm: Annotated[int, msgspec.Meta(ge=1, le=1_500_000, description="Only with `health_checked`.")] | None = None

    def particulars(self) -> dict[str, Canonical]:
        """Return what the history keeps beside kind and instant."""
        told: dict[str, Canonical] = {"note": self.note} if self.note else {}
        return told if self.soh_ppm is None else {**told, "soh_ppm": self.soh_ppm}


class RepurposeIn(In):
    """The product URI of the second life, and who answers for it."""

    product_uri: ProductUri
    responsible_ko: Name
    responsible_en: Name


class WithdrawIn(In):
    """Why a pack leaves the contract that it serves."""

    reason: Sentence


class WithdrawnOut(Out):
    """What a pack served until now; the day of `ended_at` is no longer charged for it."""

    contract_id: UUID
    tenant_id: int
    started_at: Instant
    ended_at: Instant


class LabelIn(In):
    """How many labels of one pack go on a sheet."""

    copies: Annotated[int, msgspec.Meta(ge=1, le=24)] = 1


class LabelOut(Out):
    """A printed label; its sheet is at `sheet`, the symbol at `svg` and `png`."""

    label_id: UUID
    product_uri: str
    sheet_sha256: str
    sheet: str
    svg: str
    png: str


class CertificateBriefOut(Out):
    """A certificate in a pack's trace."""

    number: str
    grade: str
    soh_ppm: int
    usable_energy_wh: int
    valid_until: Day
    status: str


class ServiceOut(Out):
    """A contract that the pack serves or served, with what it was billed."""

    contract: str
    from_at: Instant
    to_at: Instant | None
    months: list[str]
    invoices: list[str]


class TraceOut(Out):
    """A pack's whole life, for one reader."""

    pack: PackOut
    state: str
    identifiers: dict[str, list[str]]
    passports: list[PassportOut]
    history: list[EntryOut]
    hidden_entries: int
    history_holds: bool
    first_broken_entry: int | None
    certificates: list[CertificateBriefOut]
    labels: list[str]
    services: list[ServiceOut]
    attributes: Annotated[
        dict[str, str | int], msgspec.Meta(description="Of the passport in force, for those who look by a grant.")
    ]


class HistoryCheckOut(Out):
    """How many entries hold."""

    entries: int


def _pack_out(pack: Pack) -> PackOut:
    return PackOut(
        pack_id=pack.pack_id,
        model=pack.model,
        maker=pack.maker,
        chemistry=pack.chemistry,
        rated_energy_wh=pack.rated_energy_wh,
        holder=pack.holder,
        in_contract=pack.contract_id is not None,
    )


def _passport_out(passport: Passport, derived_from: list[UUID], derived_to: list[UUID]) -> PassportOut:
    return PassportOut(
        passport_id=passport.passport_id,
        product_uri=passport.product_uri,
        category=passport.category.value,
        battery_status=passport.battery_status.value,
        state=passport.state.value,
        issued_at=passport.issued_at,
        derived_from=derived_from,
        derived_to=derived_to,
    )


def _entry_out(entry: Entry) -> EntryOut:
    return EntryOut(
        sequence=entry.sequence,
        kind=entry.kind.value,
        occurred_at=entry.occurred_at,
        recorded_at=entry.recorded_at,
        actor=entry.actor_name,
        payload=entry.payload,
        seal=entry.seal.hex(),
    )


def trace_out(found: trace.PackTrace) -> TraceOut:
    """Say a trace in the API's words."""
    names: dict[str, list[str]] = {}
    for identifier in found.identifiers:
        names.setdefault(identifier.scheme.value, []).append(identifier.value)
    return TraceOut(
        pack=_pack_out(found.pack),
        state=found.head.state.value,
        identifiers=names,
        passports=[
            _passport_out(
                one,
                [edge.from_passport for edge in found.edges if edge.to_passport == one.passport_id],
                [edge.to_passport for edge in found.edges if edge.from_passport == one.passport_id],
            )
            for one in found.passports
        ],
        history=[_entry_out(entry) for entry in found.entries],
        hidden_entries=found.hidden_entries,
        history_holds=found.broken is None,
        first_broken_entry=None if found.broken is None else _place(found.broken.facts["sequence"]),
        certificates=[
            CertificateBriefOut(
                number=one.number,
                grade=one.grade,
                soh_ppm=one.soh_ppm,
                usable_energy_wh=one.usable_energy_wh,
                valid_until=one.valid_until,
                status=one.status.value,
            )
            for one in found.certificates
        ],
        labels=[label.product_uri for label in found.labels],
        services=[
            ServiceOut(
                contract=service.contract.number,
                from_at=service.assignment.starts_at,
                to_at=service.assignment.ends_at,
                months=[str(snapshot.usage.month) for snapshot in service.snapshots],
                invoices=[standing.invoice.number for standing in service.invoices],
            )
            for service in found.services
        ],
        attributes={key: value for key, value in found.attributes.items() if isinstance(value, str | int)},
    )


def _place(fact: str | int | bool | None) -> int | None:
    return fact if isinstance(fact, int) else None


def _file(media_type: str) -> ResponseSpec:
    return ResponseSpec(data_container=bytes, media_type=media_type, description="The file.")


async def _label(
    pack_id: UUID, label_id: UUID, form: Literal["svg", "png", "sheet"], *, ports: GivenPorts, actor: GivenActor
) -> Response[bytes]:
    content, media_type = await second_life.fetch_label(
        second_life.FetchLabel(actor=actor, pack_id=PackId(pack_id), label_id=label_id, form=form),
        unit=ports.unit,
        labels=ports.labels,
    )
    return Response(content, media_type=media_type)


class GrantIn(In):
    """Who may look at a pack, from when until when, and why."""

    tenant_id: TenantNo
    until_at: Instant
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=300, pattern=TEXT_PATTERN)]
    from_at: Instant | None = None


class GrantEndIn(In):
    """Why a grant ends."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=300, pattern=TEXT_PATTERN)]


class GrantOut(Out):
    """A grant of access to a pack."""

    grant_id: UUID
    tenant_id: TenantNo
    from_at: Instant
    until_at: Instant
    reason: str
    granted_by: str
    granted_at: Instant
    in_force: bool
    revoked_at: Instant | None
    revoked_reason: str | None
    version: VersionText


def _grant_out(one: PackGrant, ports: Ports) -> GrantOut:
    return GrantOut(
        grant_id=one.grant_id,
        tenant_id=one.tenant_id,
        from_at=one.from_at,
        until_at=one.until_at,
        reason=one.reason,
        granted_by=one.granted_by_name,
        granted_at=one.granted_at,
        in_force=one.in_force(ports.clock.now()),
        revoked_at=one.revoked_at,
        revoked_reason=one.revoked_reason,
        version=one.version,
    )


class PacksController(Controller):
    """Packs and their passports."""

    path = "/api/v1/packs"
    tags = ("packs",)

    @post("/", operation_id="RegisterPack", summary="Register a used pack", responses=PROBLEMS)
    async def register(self, data: JSONBody[PackIn], ports: GivenPorts, actor: GivenActor) -> RegisteredOut:
        """Register a pack under all its identifiers and open its first-life passport."""
        pack, opened = await pack_life.register_pack(
            passport.RegisterPack(
                actor=actor,
                holder=actor.tenant_id,
                manufactured_at=day_start(data.manufactured_on),
                **msgspec.structs.asdict(data),
            ),
            unit=ports.unit,
            ids=ports.ids,
            clock=ports.clock,
        )
        return RegisteredOut(pack_id=pack.pack_id, passport=_passport_out(opened, [], []))

    @get("/", operation_id="ListPacks", summary="List packs", responses=PROBLEMS)
    async def list_packs(
        self,
        ports: GivenPorts,
        actor: GivenActor,
        after: FromQuery[UUID | None] = None,
        limit: Annotated[int, QueryParameter(ge=1, le=100)] = 50,
    ) -> list[PackOut]:
        """List packs, newest first; a tenant's own, or all for the complex's staff."""
        packs = await trace.list_packs(
            actor, after=None if after is None else PackId(after), limit=limit, unit=ports.unit, clock=ports.clock
        )
        return [_pack_out(pack) for pack in packs]

    @get("/trace", operation_id="TracePack", summary="Trace a pack by any identifier", responses=PROBLEMS)
    async def trace(
        self,
        ports: GivenPorts,
        actor: GivenActor,
        identifier: Annotated[str, QueryParameter(min_length=1, max_length=200, pattern=TEXT_PATTERN)],
    ) -> TraceOut:
        """Show the whole life of the pack that an identifier leads to."""
        pack_id = await trace.find_pack(identifier, actor=actor, unit=ports.unit, clock=ports.clock)
        return trace_out(await trace.trace_pack(pack_id, actor=actor, unit=ports.unit, clock=ports.clock))

    @get("/{pack_id:uuid}", operation_id="ShowPack", summary="Show a pack's life", responses=PROBLEMS)
    async def show(self, pack_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor) -> TraceOut:
        """Show a pack's whole life."""
        return trace_out(await trace.trace_pack(PackId(pack_id), actor=actor, unit=ports.unit, clock=ports.clock))

    @post("/{pack_id:uuid}/facts", operation_id="ReportFact", summary="Report a fact of a pack", responses=PROBLEMS)
    async def report(
        self, pack_id: FromPath[UUID], data: JSONBody[FactIn], ports: GivenPorts, actor: GivenActor
    ) -> EntryOut:
        """Record what happened in a pack's first life, or to a certified pack: some facts ask for re-inspection."""
        entry = await pack_life.report_fact(
            pack_life.ReportFact(
                actor=actor,
                pack_id=PackId(pack_id),
                kind=EntryKind(data.kind),
                occurred_at=data.occurred_at,
                particulars=data.particulars(),
            ),
            unit=ports.unit,
            ids=ports.ids,
            clock=ports.clock,
        )
        return _entry_out(entry)

    @get("/{pack_id:uuid}/history/check", operation_id="VerifyHistory", summary="Verify a history", responses=PROBLEMS)
    async def verify(self, pack_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor) -> HistoryCheckOut:
        """Check every seal; the problem document names the first broken entry."""
        held = await pack_life.verify_history(PackId(pack_id), actor=actor, unit=ports.unit, clock=ports.clock)
        return HistoryCheckOut(entries=held)

    @post("/{pack_id:uuid}/repurpose", operation_id="RepurposePack", summary="Open a second life", responses=PROBLEMS)
    async def repurpose(
        self, pack_id: FromPath[UUID], data: JSONBody[RepurposeIn], ports: GivenPorts, actor: GivenActor
    ) -> PassportOut:
        """Open the second-life passport of a certified pack, linked to the first in both directions."""
        new = await second_life.repurpose_pack(
            second_life.RepurposePack(
                actor=actor,
                pack_id=PackId(pack_id),
                product_uri=data.product_uri,
                responsible_ko=data.responsible_ko,
                responsible_en=data.responsible_en,
            ),
            unit=ports.unit,
            ids=ports.ids,
            clock=ports.clock,
        )
        found = trace_out(await trace.trace_pack(PackId(pack_id), actor=actor, unit=ports.unit, clock=ports.clock))
        return next(one for one in found.passports if one.passport_id == new.passport_id)

    @post(
        "/{pack_id:uuid}/withdrawal",
        operation_id="WithdrawPack",
        summary="Withdraw a pack from its contract (회수)",
        responses=PROBLEMS,
    )
    async def withdraw(
        self, pack_id: FromPath[UUID], data: JSONBody[WithdrawIn], ports: GivenPorts, actor: GivenActor
    ) -> WithdrawnOut:
        """End what a pack serves, now; its contract stays, and the pack may be received for inspection."""
        ended = await withdrawal.withdraw_pack(
            withdrawal.WithdrawPack(actor=actor, pack_id=PackId(pack_id), reason=data.reason),
            unit=ports.unit,
            ids=ports.ids,
            clock=ports.clock,
        )
        return WithdrawnOut(
            contract_id=ended.contract_id,
            tenant_id=ended.tenant_id,
            started_at=ended.starts_at,
            ended_at=ended.ends_at or ended.starts_at,
        )

    @post("/{pack_id:uuid}/labels", operation_id="PrintLabel", summary="Print QR labels", responses=PROBLEMS)
    async def print_label(
        self, pack_id: FromPath[UUID], data: JSONBody[LabelIn], ports: GivenPorts, actor: GivenActor
    ) -> LabelOut:
        """Typeset a sheet of labels for the passport in force."""
        label, _ = await second_life.print_label(
            second_life.PrintLabel(actor=actor, pack_id=PackId(pack_id), copies=data.copies),
            unit=ports.unit,
            labels=ports.labels,
            documents=ports.documents,
            ids=ports.ids,
            clock=ports.clock,
        )
        base = f"/api/v1/packs/{pack_id}/labels/{label.label_id}"
        return LabelOut(
            label_id=label.label_id,
            product_uri=label.product_uri,
            sheet_sha256=label.sheet_sha256,
            sheet=f"{base}/sheet",
            svg=f"{base}/svg",
            png=f"{base}/png",
        )

    @get(
        "/{pack_id:uuid}/labels/{label_id:uuid}/svg",
        operation_id="FetchLabelSvg",
        summary="Fetch a label as SVG",
        responses={200: _file("image/svg+xml"), **PROBLEMS},
    )
    async def fetch_svg(
        self, pack_id: FromPath[UUID], label_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor
    ) -> Response[bytes]:
        """Return the symbol of a label."""
        return await _label(pack_id, label_id, "svg", ports=ports, actor=actor)

    @get(
        "/{pack_id:uuid}/labels/{label_id:uuid}/png",
        operation_id="FetchLabelPng",
        summary="Fetch a label as PNG",
        responses={200: _file("image/png"), **PROBLEMS},
    )
    async def fetch_png(
        self, pack_id: FromPath[UUID], label_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor
    ) -> Response[bytes]:
        """Return the symbol of a label."""
        return await _label(pack_id, label_id, "png", ports=ports, actor=actor)

    @get(
        "/{pack_id:uuid}/labels/{label_id:uuid}/sheet",
        operation_id="FetchLabelSheet",
        summary="Fetch the printed sheet of a label",
        responses={200: _file("application/pdf"), **PROBLEMS},
    )
    async def fetch_sheet(
        self, pack_id: FromPath[UUID], label_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor
    ) -> Response[bytes]:
        """Return the sheet as it was printed."""
        return await _label(pack_id, label_id, "sheet", ports=ports, actor=actor)

    @get("/{pack_id:uuid}/grants", operation_id="ListGrants", summary="List who may look", responses=PROBLEMS)
    async def list_grants(self, pack_id: FromPath[UUID], ports: GivenPorts, actor: GivenActor) -> list[GrantOut]:
        """List everybody who was let look at a pack, newest first."""
        found = await grants.list_grants(actor, PackId(pack_id), unit=ports.unit)
        return [_grant_out(one, ports) for one in found]

    @post("/{pack_id:uuid}/grants", operation_id="GrantAccess", summary="Let somebody look", responses=PROBLEMS)
    async def grant(
        self, pack_id: FromPath[UUID], data: JSONBody[GrantIn], ports: GivenPorts, actor: GivenActor
    ) -> GrantOut:
        """Let an owner, an authority or a recycler look at a pack for a while."""
        made = await grants.grant_access(
            grants.GrantAccess(
                actor=actor,
                pack_id=PackId(pack_id),
                tenant_id=TenantId(data.tenant_id),
                from_at=data.from_at or ports.clock.now(),
                until_at=data.until_at,
                reason=data.reason,
            ),
            unit=ports.unit,
            ids=ports.ids,
            clock=ports.clock,
        )
        return _grant_out(made, ports)

    @post(
        "/{pack_id:uuid}/grants/{grant_id:uuid}/revocation",
        operation_id="RevokeGrant",
        summary="End a grant",
        responses=PROBLEMS,
    )
    async def revoke_grant(
        self,
        pack_id: FromPath[UUID],
        grant_id: FromPath[UUID],
        data: JSONBody[GrantEndIn],
        ports: GivenPorts,
        actor: GivenActor,
        if_match: IfMatch = None,
    ) -> GrantOut:
        """End a grant at once."""
        wish = grants.RevokeGrant(
            actor=actor,
            pack_id=PackId(pack_id),
            grant_id=grant_id,
            reason=data.reason,
            expected=wanted(if_match),
        )
        return _grant_out(await grants.revoke_grant(wish, unit=ports.unit, clock=ports.clock), ports)
