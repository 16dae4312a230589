"""What can be wrong about a bill, a posting or a payment."""

from domain.shared.errors import Conflict, NotFound, RuleBroken, Unavailable


class InvoiceUnknown(NotFound):
    """There is no such invoice, or it is not this tenant's."""

    code = "billing.invoice-unknown"
    title_ko = "청구서를 찾을 수 없습니다: {invoice}."
    title_en = "There is no invoice {invoice}."


class InvoiceExists(Conflict):
    """The contract's month is invoiced already."""

    code = "billing.invoice-exists"
    title_ko = "이미 청구된 월입니다: {month}."
    title_en = "The month {month} of this contract is invoiced already."


class RatingInputsMalformed(RuleBroken):
    """What is to be rated contradicts itself."""

    code = "billing.rating-inputs-malformed"
    title_ko = "요금 산정 입력값이 올바르지 않습니다: {wrong}."
    title_en = "These inputs cannot be rated: {wrong}."


class PostingDiffers(Conflict):
    """The same source is posted already, with other accounts or amounts."""

    code = "billing.posting-differs"
    title_ko = "이미 다른 내용으로 기록된 분개입니다: {source_type} {source_id}."
    title_en = "The {source_type} {source_id} is posted already, and differently."


class DepositMalformed(RuleBroken):
    """A deposit lacks its reference, or is not above zero."""

    code = "billing.deposit-malformed"
    title_ko = "입금 내역이 올바르지 않습니다: {wrong}."
    title_en = "This is no bank deposit: {wrong}."


class DepositDiffers(Conflict):
    """The bank's reference is recorded already, with another amount, instant or payer."""

    code = "billing.deposit-differs"
    title_ko = "동일한 은행 거래번호({bank_reference})가 다른 내용으로 이미 등록되어 있습니다."
    title_en = "The bank reference {bank_reference} is recorded already, with other particulars."


class NothingToPay(RuleBroken):
    """An invoice of zero won asks for no payment."""

    code = "billing.nothing-to-pay"
    title_ko = "결제할 금액이 없는 청구서입니다: {invoice}."
    title_en = "Invoice {invoice} leaves nothing to pay."


class PaymentAmountTooSmall(RuleBroken):
    """The payment service takes no amount as small as this."""

    code = "billing.payment-amount-too-small"
    title_ko = "결제 서비스의 최소 금액({amount_krw_min}원)보다 적은 금액입니다: {amount_krw}원."
    title_en = "The payment service takes {amount_krw_min} won at least, and this is {amount_krw}."


class PaymentMethodOff(RuleBroken):
    """A way of paying is not set up here."""

    code = "billing.payment-method-off"
    title_ko = "설정되지 않은 결제 수단입니다: {method}."
    title_en = "Payment by {method} is not set up here."


class PaymentAmountDiffers(Conflict):
    """The payment service would ask for another amount than the invoice's total."""

    code = "billing.payment-amount-differs"
    title_ko = "결제 서비스의 청구 금액({amount_due_krw}원)이 청구서 합계({total_krw}원)와 다릅니다."
    title_en = "The payment service would ask for {amount_due_krw} won where the invoice says {total_krw}."


class PaymentRequestDiffers(Conflict):
    """The same invoice was sent to the payment service before, with other particulars."""

    code = "billing.payment-request-differs"
    title_ko = "이미 다른 내용으로 결제가 요청된 청구서입니다: {invoice}."
    title_en = "Payment of invoice {invoice} was asked for before, with other particulars."


class PaymentRefused(RuleBroken):
    """The payment service understood and said no."""

    code = "billing.payment-refused"
    title_ko = "결제 서비스가 요청을 거절했습니다({reason})."
    title_en = "The payment service refused the request ({reason})."


class PaymentsUnavailable(Unavailable):
    """The payment service did not answer, or not sensibly."""

    code = "billing.payments-unavailable"
    title_ko = "결제 서비스에 연결할 수 없습니다({reason}). 잠시 후 다시 시도해 주세요."
    title_en = "The payment service cannot be reached ({reason}); try again later."
