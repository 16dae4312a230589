"""Bodies: JSON that says exactly what it means, and files sent as they are."""

from typing import Any, TypeAlias

import msgspec
from litestar import Request
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.exceptions import ValidationException
from litestar.params import SkipValidation

from app.http.schemas import In
from app.ports import Ports
from domain.shared.actor import Actor

UploadedBody: TypeAlias = NamedDependency[SkipValidation[bytes]]


async def give_upload(request: Request[Actor | None, Ports, State]) -> bytes:
    """Hand a door the body's bytes; the route's limit of size was kept while reading."""
    return await request.body()


async def refuse_loose_body(request: Request[Any, Any, Any]) -> None:
    """Refuse a JSON body whose types only nearly fit: the framework would take "12" for a number.

    Raises:
        ValidationException: says what and where.
    """
    field = request.route_handler.parsed_data_field
    wanted = None if field is None else field.annotation
    if not (isinstance(wanted, type) and issubclass(wanted, In)):
        return
    try:
        msgspec.json.decode(await request.body(), type=wanted)
    except msgspec.DecodeError as error:  # its subclass ValidationError says where
        said, _, place = str(error).partition(" - at ")
        raise ValidationException(extra=[{"key": place.strip("`") or "body", "message": said}]) from error
