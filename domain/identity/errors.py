"""What can be wrong about signing in."""

from domain.shared.errors import Conflict, NotAllowed, NotFound, RuleBroken


class SignInRefused(NotAllowed):
    """The name or the password does not fit; which of the two is not said."""

    code = "identity.sign-in-refused"
    title_ko = "아이디 또는 비밀번호가 올바르지 않습니다."
    title_en = "The name or the password is not right."


class TooManyFailures(NotAllowed):
    """Too many failed sign-ins under this name of late."""

    code = "identity.too-many-failures"
    title_ko = "로그인 실패가 너무 많습니다. {minutes}분 뒤에 다시 시도해 주세요."
    title_en = "Too many failed sign-ins; please try again in {minutes} minutes."


class NotSignedIn(NotAllowed):
    """There is no open session."""

    code = "identity.not-signed-in"
    title_ko = "로그인이 필요합니다."
    title_en = "Please sign in first."


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


class InvitationOver(Conflict):
    """The invitation was used or withdrawn before."""

    code = "identity.invitation-over"
    title_ko = "이미 사용되었거나 철회된 초대입니다."
    title_en = "The invitation was used or withdrawn before."


class PeopleOnly(NotAllowed):
    """A program's key does not manage people or keys."""

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
