"""What can be wrong about a plan, a contract or the assignment of a pack."""

from domain.shared.errors import Conflict, NotFound, RuleBroken


class PlanUnknown(NotFound):
    """No plan version is published under this name."""

    code = "subscription.plan-unknown"
    title_ko = "게시된 요금제가 없습니다: {plan}."
    title_en = "No plan is published under {plan}."


class PlanMoved(Conflict):
    """Somebody published the next version of this plan meanwhile."""

    code = "subscription.plan-moved"
    title_ko = "요금제 {plan}의 새 버전이 이미 게시되었습니다. 다시 확인해 주세요."
    title_en = "Another version of plan {plan} was published meanwhile; look again."


class PlanMalformed(RuleBroken):
    """A plan's name or charge components make no plan."""

    code = "subscription.plan-malformed"
    title_ko = "요금제 구성이 올바르지 않습니다: {wrong}."
    title_en = "These charge components make no plan: {wrong}."


class ContractUnknown(NotFound):
    """There is no such contract, or it is not this tenant's."""

    code = "subscription.contract-unknown"
    title_ko = "계약을 찾을 수 없습니다: {contract}."
    title_en = "There is no contract {contract}."


class SlotUnknown(NotFound):
    """The contract has no such capacity slot."""

    code = "subscription.slot-unknown"
    title_ko = "계약 {contract}에 해당 약정 용량이 없습니다."
    title_en = "Contract {contract} has no such capacity slot."


class ContractMalformed(RuleBroken):
    """The terms asked for make no contract."""

    code = "subscription.contract-malformed"
    title_ko = "계약 조건이 올바르지 않습니다: {wrong}."
    title_en = "These terms make no contract: {wrong}."


class ContractStateForbids(RuleBroken):
    """The contract's present state does not allow this step."""

    code = "subscription.contract-state-forbids"
    title_ko = "현재 계약 상태({state})에서는 {wanted}(으)로 바꿀 수 없습니다."
    title_en = "A contract that is {state} cannot become {wanted}."


class ContractMoved(Conflict):
    """Somebody changed the contract's state first."""

    code = "subscription.contract-moved"
    title_ko = "계약 상태가 이미 변경되었습니다. 다시 확인해 주세요."
    title_en = "The contract changed meanwhile; look again."


class OutsideTerm(RuleBroken):
    """The instant lies outside the contract's term."""

    code = "subscription.outside-term"
    title_ko = "계약 기간({starts_on}~{ends_on}) 밖의 시점입니다."
    title_en = "This lies outside the contract's term, {starts_on} to {ends_on}."


class CertificateMissing(RuleBroken):
    """A pack without a certificate serves nobody."""

    code = "subscription.certificate-missing"
    title_ko = "인증서가 없는 팩은 배정할 수 없습니다."
    title_en = "A pack without a certificate cannot be assigned."


class CertificateNotValid(RuleBroken):
    """The pack's certificate does not hold at the instant the assignment begins."""

    code = "subscription.certificate-not-valid"
    title_ko = "배정 시작 시점({at})에 인증서 {certificate}이(가) 유효하지 않습니다."
    title_en = "Certificate {certificate} is not valid at {at}, when the assignment begins."


class PackAssigned(Conflict):
    """The pack already serves a contract."""

    code = "subscription.pack-assigned"
    title_ko = "이미 다른 계약에 배정된 팩입니다."
    title_en = "The pack already serves a contract."


class AssignmentUnknown(NotFound):
    """There is no such assignment, or it is not this tenant's."""

    code = "subscription.assignment-unknown"
    title_ko = "배정 내역을 찾을 수 없습니다."
    title_en = "There is no such assignment."


class AssignmentEnded(RuleBroken):
    """The assignment has ended, or would end before it begins."""

    code = "subscription.assignment-ended"
    title_ko = "이미 종료되었거나 시작 전에 종료할 수 없는 배정입니다."
    title_en = "The assignment has ended, or would end before it begins."
