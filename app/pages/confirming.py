"""Proving again who one is, in the very form that signs or moves money."""

from app.http.identity import carry, give_holder, visit_of
from app.pages.frame import FormMalformed, PageRequest, field_name
from app.ports import Ports
from domain.identity import account
from domain.shared.actor import Actor

FIELD = "password_again"


async def prove_by_form(
    request: PageRequest, ports: Ports, actor: Actor, form: dict[str, str], *, signing: bool, language: str = "ko"
) -> Actor:
    """Take the password out of a form and prove by it who acts; return the actor with the proof.

    A signature always asks for it (21 CFR 11.200); for money an earlier proof of five minutes does.

    Raises:
        FormMalformed: a signature came without the password.
        ConfirmationRefused: it does not fit.
        TooManyFailures: too many failures under this name or from this address.
    """
    password = form.pop(FIELD, None)
    if password is None:
        if signing:
            raise FormMalformed(field=field_name(FIELD, language))
        return actor
    holder = await give_holder(request)
    renewed = await account.confirm(holder, desk=ports.desk, password=password, visit=visit_of(request))
    carry(request, renewed)
    return renewed.holder.actor
