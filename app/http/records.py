"""What anyone may fetch to check a certificate by themselves: our public keys, and the status lists."""

import json
from typing import Annotated

from litestar import Response, get
from litestar.params import FromPath, PathParameter

from app.http.identity import GivenPorts
from app.http.problems import PROBLEMS
from app.http.schemas import json_object
from domain.certification.status_list import Purpose
from domain.journeys import authenticity

_KEPT = {"Cache-Control": f"public, max-age={authenticity.FRESH_S}", "Access-Control-Allow-Origin": "*"}
"""Shortly kept, and readable by a verifier's own page: nothing here is anybody's secret."""


@get(
    "/.well-known/did.json",
    operation_id="PublishKeys",
    summary="Fetch our public keys (did:web), present and past",
    tags=["certification"],
    security=[{}],
    responses={
        200: json_object("application/did+json", "The DID document."),
        **PROBLEMS,
    },
)
async def publish_keys(ports: GivenPorts) -> Response[bytes]:
    """Return the DID document: the keys of certificates and status lists, and those of signed PDFs."""
    document = await authenticity.publish_keys(credentials=ports.credentials, seals=ports.seals)
    return Response(json.dumps(document, ensure_ascii=False).encode(), media_type="application/did+json", headers=_KEPT)


@get(
    "/status/{purpose:str}/{list_number:int}",
    operation_id="FetchStatusList",
    summary="Fetch a status list (W3C Bitstring Status List)",
    tags=["certification"],
    security=[{}],
    responses={
        200: json_object("application/vc", "The signed list."),
        **PROBLEMS,
    },
)
async def fetch_status_list(
    purpose: FromPath[Purpose],
    list_number: Annotated[FromPath[int], PathParameter(ge=1, le=1_000)],
    ports: GivenPorts,
) -> Response[bytes]:
    """Return which places of a list are set: a signed record with the bits, kept for a minute."""
    listed = await authenticity.publish_status_list(
        purpose,
        list_number,
        unit=ports.unit,
        credentials=ports.credentials,
        public_url=ports.public_url,
        clock=ports.clock,
    )
    return Response(json.dumps(listed, ensure_ascii=False).encode(), media_type="application/vc", headers=_KEPT)


RECORDS = (publish_keys, fetch_status_list)
