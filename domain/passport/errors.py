"""What can be wrong about a pack, its passport and its history."""

from domain.shared.errors import Conflict, NotFound, RuleBroken, Unverified


class PackUnknown(NotFound):
    """No pack carries this identifier."""

    code = "passport.pack-unknown"
    title_ko = "등록되지 않은 배터리 팩입니다: {identifier}."
    title_en = "No pack is registered under {identifier}."


class IdentifierTaken(Conflict):
    """An identifier is already printed on another pack."""

    code = "passport.identifier-taken"
    title_ko = "이미 다른 팩에 등록된 식별자입니다: {value}."
    title_en = "The identifier {value} already belongs to another pack."


class IdentifierMalformed(RuleBroken):
    """An identifier is not of its scheme's form."""

    code = "passport.identifier-malformed"
    title_ko = "식별자 형식이 올바르지 않습니다({scheme}): {value}."
    title_en = "The identifier {value} is not a valid {scheme}."


class StepOutOfOrder(RuleBroken):
    """A fact cannot follow the pack's present state."""

    code = "passport.step-out-of-order"
    title_ko = "현재 상태({state})에서는 기록할 수 없는 이력입니다: {kind}."
    title_en = "A pack that is {state} cannot be {kind}."


class ObservedInTheFuture(RuleBroken):
    """A fact is said to have been observed after it is recorded."""

    code = "passport.observed-in-the-future"
    title_ko = "기록 시각보다 늦은 발생 시각은 기록할 수 없습니다."
    title_en = "A fact cannot be observed after it is recorded."


class HistoryMoved(Conflict):
    """Somebody wrote to the history first."""

    code = "passport.history-moved"
    title_ko = "다른 사용자가 먼저 이력을 기록했습니다. 다시 시도해 주세요."
    title_en = "Somebody else wrote to this history first; please try again."


class SealBroken(Unverified):
    """An entry of the history does not match its seal, or one is missing."""

    code = "passport.seal-broken"
    title_ko = "이력 {sequence}번 항목의 봉인이 맞지 않습니다({reason})."
    title_en = "Entry {sequence} of the history does not match its seal ({reason})."


class PackInUse(Conflict):
    """The pack already serves a contract."""

    code = "passport.pack-in-use"
    title_ko = "이미 다른 계약에 배정된 팩입니다."
    title_en = "The pack already serves another contract."


class PassportMissing(NotFound):
    """The pack has no passport in force."""

    code = "passport.passport-missing"
    title_ko = "유효한 배터리 여권이 없습니다."
    title_en = "The pack has no passport in force."


class HealthUntold(RuleBroken):
    """A health check without the health it found, or another fact with one."""

    code = "passport.health-untold"
    title_ko = "건강도 점검에는 건강도(soh_ppm)를 함께 적고, 다른 사건에는 적지 않습니다."
    title_en = "A health check tells the health it found (soh_ppm), and no other fact does."


class GrantUnknown(NotFound):
    """There is no such grant of this pack."""

    code = "passport.grant-unknown"
    title_ko = "등록되지 않은 열람 권한입니다."
    title_en = "There is no such grant."


class GrantOver(Conflict):
    """The grant was revoked before."""

    code = "passport.grant-over"
    title_ko = "이미 철회된 열람 권한입니다."
    title_en = "The grant was revoked before."


class GranteeUnfit(RuleBroken):
    """Grants are for owners, authorities and recyclers; everybody else sees what their place shows them."""

    code = "passport.grantee-unfit"
    title_ko = "열람 권한은 배터리 소유자, 관계 기관, 재활용사업자에게만 줄 수 있습니다."
    title_en = "A grant is for an owner, an authority or a recycler."


class GrantPeriodEmpty(RuleBroken):
    """A grant ends after it begins, in the future, and within ten years."""

    code = "passport.grant-period"
    title_ko = "열람 기간은 시작보다 뒤, 지금보다 뒤, 10년 이내에 끝나야 합니다."
    title_en = "A grant ends after it begins, after now and within ten years."
