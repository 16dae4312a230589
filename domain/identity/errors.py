"""What can be wrong about signing in."""

from dataclasses import dataclass

from domain.shared.errors import Conflict, NotAllowed, NotFound, RuleBroken, Unavailable
from domain.shared.identifiers import PersonId, TenantId


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Whose account somebody tried to open, for the audit alone: no answer tells it."""

    person_id: PersonId
    tenant_id: TenantId


class SignInRefused(NotAllowed):
    """The name or the password does not fit; which of the two is not said."""

    account: Account | None = None

    code = "identity.sign-in-refused"
    title_ko = "아이디 또는 비밀번호가 올바르지 않습니다."
    title_en = "The name or the password is not right."


class TooManyFailures(NotAllowed):
    """Too many failures of late under this name, or from this address."""

    code = "identity.too-many-failures"
    title_ko = "실패가 너무 많습니다. {retry_after_s}초 뒤에 다시 시도해 주세요."
    title_en = "Too many failures; please try again in {retry_after_s} seconds."


class NotSignedIn(NotAllowed):
    """There is no open session."""

    code = "identity.not-signed-in"
    title_ko = "로그인이 필요합니다."
    title_en = "Please sign in first."


class ComplexUnknown(NotFound):
    """There is no industrial complex of this number."""

    code = "identity.complex-unknown"
    title_ko = "산업단지 {number}번이 없습니다."
    title_en = "There is no industrial complex number {number}."


class ComplexNumberTaken(Conflict):
    """Another industrial complex has the number."""

    code = "identity.complex-number-taken"
    title_ko = "산업단지 번호 {number}번은 이미 쓰이고 있습니다."
    title_en = "Another industrial complex has the number {number}."


class TenantUnknown(NotFound):
    """No such party."""

    code = "identity.tenant-unknown"
    title_ko = "등록되지 않은 기관입니다."
    title_en = "There is no such party."


class SignInNameTaken(Conflict):
    """Somebody else signs in under this name."""

    code = "identity.sign-in-name-taken"
    title_ko = "이미 사용 중인 아이디입니다: {name}."
    title_en = "The sign-in name {name} is taken."


class PasswordTooWeak(RuleBroken):
    """The password is too short or too long."""

    code = "identity.password-too-weak"
    title_ko = "비밀번호는 {shortest}자 이상 {longest}자 이하여야 합니다."
    title_en = "A password has {shortest} to {longest} characters."


class TenantNumberTaken(Conflict):
    """Another party has the number."""

    code = "identity.tenant-number-taken"
    title_ko = "이미 사용 중인 기관 번호입니다: {number}."
    title_en = "The party number {number} is taken."


class PasswordTooCommon(RuleBroken):
    """The password is made of words that guessers try first, or is known from a breach."""

    code = "identity.password-too-common"
    title_ko = "추측하기 쉽거나 유출된 적이 있는 비밀번호입니다. 다른 비밀번호를 정해 주세요."
    title_en = "The password is easily guessed, or known from a breach; please choose another."


class PasswordHoldsName(RuleBroken):
    """The password holds the sign-in name, the person's name or the organisation's."""

    code = "identity.password-holds-name"
    title_ko = "비밀번호에 아이디, 이름 또는 기관명을 넣을 수 없습니다."
    title_en = "A password must not hold the sign-in name, one's own name or the organisation's."


class SecondFactorNeeded(NotAllowed):
    """The password fits, and this person is asked for a second factor."""

    code = "identity.second-factor-needed"
    title_ko = "2단계 인증이 필요합니다. 인증 앱의 코드를 함께 보내 주세요."
    title_en = "A second factor is needed; send the code of your authenticator app as well."


class SecondFactorRefused(NotAllowed):
    """The code does not fit, was used before, or is too old."""

    code = "identity.second-factor-refused"
    title_ko = "인증 코드가 올바르지 않거나 이미 사용되었습니다."
    title_en = "The code is not right, or was used before."


class SecondFactorMissing(NotAllowed):
    """This role signs in with two factors here, and the person has enrolled no second one yet."""

    code = "identity.second-factor-missing"
    title_ko = "이 역할에는 2단계 인증이 필요합니다. 내 계정에서 먼저 등록해 주세요."
    title_en = "Your role takes a second factor here; please enrol one under My account first."


class SecondFactorKept(RuleBroken):
    """This role signs in with two factors here; its last one stays."""

    code = "identity.second-factor-kept"
    title_ko = "이 역할의 마지막 2단계 인증 수단은 삭제할 수 없습니다."
    title_en = "The last second factor of this role cannot be removed."


class TicketOver(NotAllowed):
    """The step that was begun has been finished, or took too long."""

    code = "identity.ticket-over"
    title_ko = "시간이 지났거나 이미 처리된 단계입니다. 처음부터 다시 시작해 주세요."
    title_en = "This step is over or took too long; please start again."


class ConfirmationRefused(NotAllowed):
    """What was given does not prove who acts."""

    code = "identity.confirmation-refused"
    title_ko = "본인 확인에 실패했습니다. 비밀번호 또는 코드를 확인해 주세요."
    title_en = "The proof of who you are does not hold; please check password or code."


class TotpEnrolled(Conflict):
    """An authenticator app is enrolled already."""

    code = "identity.totp-enrolled"
    title_ko = "인증 앱이 이미 등록되어 있습니다. 먼저 해제해 주세요."
    title_en = "An authenticator app is enrolled already; remove it first."


class PasskeyRefused(NotAllowed):
    """The passkey's answer does not hold: unknown, altered, sent twice, or made for another site."""

    code = "identity.passkey-refused"
    title_ko = "패스키를 확인할 수 없습니다."
    title_en = "The passkey's answer does not hold."


class PasskeysOff(RuleBroken):
    """Passkeys need a host name; this installation is reached by an address."""

    code = "identity.passkeys-off"
    title_ko = "이 주소에서는 패스키를 사용할 수 없습니다. 도메인 이름이 필요합니다."
    title_en = "Passkeys cannot be used here; they need a host name."


class PasskeysFull(RuleBroken):
    """A person keeps ten passkeys at most."""

    code = "identity.passkeys-full"
    title_ko = "패스키는 {most}개까지 등록할 수 있습니다."
    title_en = "A person keeps {most} passkeys at most."


class SessionUnknown(NotFound):
    """The person has no such open session."""

    code = "identity.session-unknown"
    title_ko = "해당 로그인 세션이 없습니다."
    title_en = "There is no such open session."


class ProviderOff(NotFound):
    """No outside provider of identities is set up."""

    code = "identity.provider-off"
    title_ko = "외부 로그인이 설정되어 있지 않습니다."
    title_en = "Signing in by an outside provider is not set up."


class ProviderRefused(NotAllowed):
    """What the outside provider said does not hold, or it said no."""

    code = "identity.provider-refused"
    title_ko = "외부 로그인을 확인할 수 없습니다."
    title_en = "The outside provider's answer does not hold."


class ProviderAway(Unavailable):
    """The outside provider does not answer."""

    code = "identity.provider-away"
    title_ko = "외부 로그인 서버가 응답하지 않습니다. 잠시 뒤에 다시 시도해 주세요."
    title_en = "The outside provider does not answer; please try again shortly."


class NotAMember(NotAllowed):
    """The outside provider knows this person, and no member here is bound to them."""

    code = "identity.not-a-member"
    title_ko = "이 외부 계정과 연결된 구성원이 없습니다. 관리자에게 문의해 주세요."
    title_en = "No member is bound to this outside account; please ask your administrator."


class LinkTaken(Conflict):
    """The outside account is bound to another member, or the member to another account."""

    code = "identity.link-taken"
    title_ko = "이미 다른 구성원 또는 계정과 연결되어 있습니다."
    title_en = "The account or the member is bound otherwise already."


# ── members and invitations ──


class MemberUnknown(NotFound):
    """There is no such person, or they are not this actor's to manage."""

    code = "identity.member-unknown"
    title_ko = "등록되지 않은 구성원이거나 관리 대상이 아닙니다."
    title_en = "There is no such member, or not one that you manage."


class RoleDoesNotFit(RuleBroken):
    """The organisation's kind has no such role."""

    code = "identity.role-does-not-fit"
    title_ko = "이 기관({kind})에는 줄 수 없는 역할입니다: {role}."
    title_en = "An organisation of kind {kind} has no role {role}."


class RoleBeyondYours(NotAllowed):
    """Nobody gives what they may not give."""

    code = "identity.role-beyond-yours"
    title_ko = "이 역할을 줄 권한이 없습니다: {role}."
    title_en = "You may not give the role {role}."


class NotByYourself(RuleBroken):
    """Nobody changes their own role, and nobody shuts themselves out."""

    code = "identity.not-by-yourself"
    title_ko = "자신의 역할이나 상태는 스스로 바꿀 수 없습니다."
    title_en = "Nobody changes their own role or standing."


class LastAdmin(RuleBroken):
    """Without this person nobody would be left who manages people."""

    code = "identity.last-admin"
    title_ko = "마지막 시스템 관리자는 해제할 수 없습니다."
    title_en = "The last active administrator stays."


class MemberUnchanged(Conflict):
    """The member is so already."""

    code = "identity.member-unchanged"
    title_ko = "이미 그 상태입니다."
    title_en = "The member is so already."


class InvitationUnknown(NotFound):
    """The invitation is unknown, withdrawn, used or over; which of these is not said."""

    code = "identity.invitation-unknown"
    title_ko = "쓸 수 없는 초대입니다. 관리자에게 새 초대를 요청해 주세요."
    title_en = "This invitation cannot be used; ask your administrator for another."


class ResetUnknown(NotFound):
    """The link to a new password was used, is over, or never was; which of these is not said."""

    code = "identity.reset-unknown"
    title_ko = "쓸 수 없는 재설정 링크입니다. 관리자에게 새 링크를 요청해 주세요."
    title_en = "This link cannot be used; ask your administrator for another."


class InvitationOver(Conflict):
    """The invitation was used or withdrawn before."""

    code = "identity.invitation-over"
    title_ko = "이미 사용되었거나 철회된 초대입니다."
    title_en = "The invitation was used or withdrawn before."


class PeopleOnly(NotAllowed):
    """A program's key manages neither people nor keys, and does nothing that takes a fresh proof of who acts."""

    code = "identity.people-only"
    title_ko = "API 키로는 할 수 없는 작업입니다. 로그인해 주세요."
    title_en = "A key does not do this; a person signs in for it."


# ── keys for machines ──


class KeyUnknown(NotFound):
    """There is no such key, or it is not this actor's to manage."""

    code = "identity.key-unknown"
    title_ko = "등록되지 않은 API 키입니다."
    title_en = "There is no such key."


class KeyOver(Conflict):
    """The key is revoked, expired or replaced already."""

    code = "identity.key-over"
    title_ko = "이미 폐기되었거나 만료되었거나 교체된 API 키입니다."
    title_en = "The key is revoked, expired or replaced already."


class KeyNotForMachines(RuleBroken):
    """Signing for others and managing people takes a person."""

    code = "identity.key-not-for-machines"
    title_ko = "이 역할의 API 키는 만들 수 없습니다: {role}."
    title_en = "No key is made for the role {role}."


class KeyScopeMissing(RuleBroken):
    """A device's key names what it measures; only keys that look at energy are narrowed."""

    code = "identity.key-scope"
    title_ko = "계량 장치의 키는 사업장이나 채널을 지정해야 하고, 입주기업의 키만 범위를 좁힐 수 있습니다."
    title_en = "A device's key names its sites or channels, and only a tenant's key can be narrowed."


class KeyScopeUnknown(RuleBroken):
    """A key is narrowed to a site or channel that the organisation does not have."""

    code = "identity.key-scope-unknown"
    title_ko = "지정한 사업장이나 채널이 이 기관에 없습니다."
    title_en = "The organisation has no such site or channel."


class KeyLastsTooLong(RuleBroken):
    """A key lasts a year at most."""

    code = "identity.key-lasts"
    title_ko = "API 키의 유효 기간은 1일 이상 {days_max}일 이하여야 합니다."
    title_en = "A key lasts from one to {days_max} days."
