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
