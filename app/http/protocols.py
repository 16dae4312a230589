"""The inspection body's doors for its protocol: versions, what a text says, draft, approval, retirement."""

from datetime import date
from typing import Annotated

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery, JSONBody, PathParameter

from app.http.identity import GivenActor, GivenPorts
from app.http.problems import PROBLEMS
from app.http.schemas import INT4_MAX, Day, In, Out, Sentence
from domain.certification.protocol import Protocol
from domain.journeys import protocols

TEXT_LENGTH_MAX = 100_000
"""Five times the shipped protocol: reading it must not keep others waiting."""
Sequence = Annotated[FromPath[int], PathParameter(ge=1, le=INT4_MAX, description="Counts from 1 in a body.")]


class ProtocolIn(In):
    """A protocol as YAML, and why it is submitted."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=TEXT_LENGTH_MAX, description="YAML.")]
    note: Sentence


class ProtocolCheckIn(In):
    """A protocol as YAML, to be read and not kept."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=TEXT_LENGTH_MAX, description="YAML.")]


class ApprovalIn(In):
    """From which day packs are received under the version."""

    in_force_on: Day


class RetirementIn(In):
    """Why nothing more is received under the version."""

    reason: Sentence


class ProtocolReadOut(Out):
    """What a text comes to."""

    protocol_id: str
    version: str
    sha256: str
    tests: int
    rules: int
    grades: list[str]
    validity_months: int
    ambient: str | None
    sampling: list[str]
    earlier_when: list[str]


class ProtocolVersionOut(Out):
    """A version with its steps."""

    sequence: int
    protocol_id: str
    version: str
    sha256: str
    state: str
    note: str
    drafted_by: str
    approved_by: str
    in_force_on: date | None
    retired_on: date | None
    retired_reason: str


class ProtocolFileOut(Out):
    """A version with its text, and what it changes against another."""

    version: ProtocolVersionOut
    read: ProtocolReadOut
    text: str
    against: int | None
    changes: list[str]


def read_out(protocol: Protocol) -> ProtocolReadOut:
    """Say what a text comes to."""
    ambient = protocol.ambient
    return ProtocolReadOut(
        protocol_id=protocol.protocol_id,
        version=protocol.version,
        sha256=protocol.sha256,
        tests=len(protocol.tests),
        rules=sum(len(test.limits) for test in protocol.tests),
        grades=[row.grade for row in protocol.grades],
        validity_months=protocol.validity_months,
        ambient=None if ambient is None else f"{ambient.target_c} ± {ambient.tolerance_c} ℃",
        sampling=[f"{test.test_id}: {test.sampling}" for test in protocol.tests if test.sampling],
        earlier_when=list(protocol.earlier_when),
    )


def version_out(listed: protocols.Listed) -> ProtocolVersionOut:
    """Say a version."""
    one = listed.version
    return ProtocolVersionOut(
        sequence=one.sequence,
        protocol_id=one.protocol_id,
        version=one.version,
        sha256=one.sha256,
        state=listed.state.value,
        note=one.note,
        drafted_by=one.drafted_by_name,
        approved_by=one.approved_by_name,
        in_force_on=one.in_force_on,
        retired_on=one.retired_on,
        retired_reason=one.retired_reason,
    )


class ProtocolsController(Controller):
    """Versions of the body's protocol."""

    path = "/api/v1/protocols"
    tags = ("certification",)

    @get("/", operation_id="ListProtocols", summary="List versions of the protocol (프로토콜)", responses=PROBLEMS)
    async def list_versions(self, ports: GivenPorts, actor: GivenActor) -> list[ProtocolVersionOut]:
        """List the body's versions, newest first; the shipped one is the first of all."""
        return [version_out(one) for one in await protocols.list_versions(actor, unit=ports.unit, clock=ports.clock)]

    @post("/", operation_id="SubmitProtocol", summary="Submit a draft", responses=PROBLEMS)
    async def submit(self, data: JSONBody[ProtocolIn], ports: GivenPorts, actor: GivenActor) -> ProtocolFileOut:
        """Keep a text as the next version; it is read whole, or refused with place, line and what is expected."""
        drafted = await protocols.submit(
            protocols.SubmitProtocol(actor=actor, text=data.text, note=data.note),
            unit=ports.unit,
            ids=ports.ids,
            clock=ports.clock,
        )
        return await _opened(drafted.sequence, None, ports, actor)

    @post("/check", operation_id="CheckProtocol", summary="Read a text without keeping it", responses=PROBLEMS)
    async def check(self, data: JSONBody[ProtocolCheckIn], ports: GivenPorts, actor: GivenActor) -> ProtocolReadOut:
        """Say what a text comes to, or what is wrong with it and where."""
        return read_out(await protocols.check(actor, data.text, unit=ports.unit))

    @get("/{sequence:int}", operation_id="ShowProtocol", summary="Show a version and its changes", responses=PROBLEMS)
    async def show(
        self, sequence: Sequence, ports: GivenPorts, actor: GivenActor, against: FromQuery[int | None] = None
    ) -> ProtocolFileOut:
        """Show a version, and what it changes against another one, or the one before it."""
        return await _opened(sequence, against, ports, actor)

    @post("/{sequence:int}/approval", operation_id="ApproveProtocol", summary="Approve a draft", responses=PROBLEMS)
    async def approve(
        self, sequence: Sequence, data: JSONBody[ApprovalIn], ports: GivenPorts, actor: GivenActor
    ) -> ProtocolFileOut:
        """Let a draft come into force from a day on; takes another person and a fresh proof of who it is."""
        await protocols.approve(
            protocols.ApproveProtocol(actor=actor, sequence=sequence, in_force_on=data.in_force_on),
            unit=ports.unit,
            clock=ports.clock,
        )
        return await _opened(sequence, None, ports, actor)

    @post("/{sequence:int}/retirement", operation_id="RetireProtocol", summary="Retire a version", responses=PROBLEMS)
    async def retire(
        self, sequence: Sequence, data: JSONBody[RetirementIn], ports: GivenPorts, actor: GivenActor
    ) -> ProtocolFileOut:
        """Let nothing be received under a version from tomorrow on."""
        await protocols.retire(
            protocols.RetireProtocol(actor=actor, sequence=sequence, reason=data.reason),
            unit=ports.unit,
            clock=ports.clock,
        )
        return await _opened(sequence, None, ports, actor)


async def _opened(sequence: int, against: int | None, ports: GivenPorts, actor: GivenActor) -> ProtocolFileOut:
    opened = await protocols.open_version(actor, sequence, against=against, unit=ports.unit, clock=ports.clock)
    return ProtocolFileOut(
        version=version_out(opened.listed),
        read=read_out(opened.protocol),
        text=opened.listed.version.text,
        against=None if opened.against is None else opened.against.sequence,
        changes=list(opened.changes),
    )
