"""Signing in by an outside provider of identities: off until an installation names one."""

from dataclasses import dataclass

from domain.identity.errors import NotAMember, ProviderRefused
from domain.identity.model import Person, ProviderClaims, TicketKind, Visit
from domain.identity.ports import IdentityProvider, IdentityWork
from domain.identity.usecases import Desk, OpenedSession, SecondFactorAsked, give_ticket, open_or_ask
from domain.shared.actor import DOOR
from domain.shared.canonical import sha256
from domain.shared.errors import NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class SentOut:
    """Where the browser goes, and the `state` that only this browser keeps until it comes back."""

    url: str
    state: str


class SignInNameUnknown(NotFound):
    """Nobody signs in under this name."""

    code = "identity.sign-in-name-unknown"
    title_ko = "등록되지 않은 아이디입니다: {name}."
    title_en = "Nobody signs in as {name}."


async def send_out(*, provider: IdentityProvider, desk: Desk) -> SentOut:
    """Begin to sign somebody in by the provider.

    Raises:
        ProviderAway: the provider does not answer.
    """
    nonce, code_verifier = desk.tokens.new(), desk.tokens.new()
    async with desk.unit(DOOR) as work:
        state = await give_ticket(
            TicketKind.PROVIDER, person_id=None, payload=f"{nonce} {code_verifier}", work=work, desk=desk
        )
        await work.commit()
    url = await provider.authorization_url(state=state, nonce=nonce, code_verifier=code_verifier)
    return SentOut(url=url, state=state)


async def take_back(
    *, state: str, kept_state: str | None, code: str, provider: IdentityProvider, desk: Desk, visit: Visit
) -> OpenedSession | SecondFactorAsked:
    """Sign in the person whom the provider vouches for; one who has a second factor here is asked for it.

    Raises:
        ProviderRefused: the answer belongs to another browser, was taken before, or does not hold.
        ProviderAway: the provider does not answer.
        NotAMember: no active member is bound to the account, nor signs in under its verified e-mail address.
    """
    if kept_state is None or kept_state != state:
        raise ProviderRefused
    async with desk.unit(DOOR) as work:
        begun = await work.tickets.take(sha256(state), kind=TicketKind.PROVIDER, now=desk.clock.now())
        await work.commit()
    if begun is None:
        raise ProviderRefused
    nonce, _, code_verifier = begun.payload.partition(" ")
    claims = await provider.redeem(code, nonce=nonce, code_verifier=code_verifier)
    async with desk.unit(DOOR) as work:
        person = await _member(claims, work=work, desk=desk)
        opened = await open_or_ask(person, work=work, desk=desk, visit=visit)
        await work.commit()
    return opened


async def _member(claims: ProviderClaims, *, work: IdentityWork, desk: Desk) -> Person:
    person = await work.people.linked(issuer=claims.issuer, subject=claims.subject)
    if person is None and claims.email_verified and claims.email:
        # The first time the address finds the member; afterwards only the subject does, for addresses change hands.
        person = await work.people.named(claims.email)
        if person is not None and person.active:
            await work.people.link(person.person_id, issuer=claims.issuer, subject=claims.subject, at=desk.clock.now())
    if person is None or not person.active:
        raise NotAMember
    return person


async def bind_account(sign_in_name: str, *, issuer: str, subject: str, desk: Desk) -> Person:
    """Bind a provider's account to a member, as an administrator says; return whose it is now.

    Raises:
        SignInNameUnknown: nobody signs in under this name.
        LinkTaken: the account is another person's, or the person has another account there.
    """
    async with desk.unit(DOOR) as work:
        person = await work.people.named(sign_in_name)
        if person is None:
            raise SignInNameUnknown(name=sign_in_name)
        await work.people.link(person.person_id, issuer=issuer, subject=subject, at=desk.clock.now())
        await work.commit()
    return person
