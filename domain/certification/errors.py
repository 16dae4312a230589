"""What can be wrong about a reception, a test file, a protocol, an approval or a certificate."""

from typing import ClassVar

from domain.shared.errors import Conflict, NotAllowed, NotFound, RuleBroken, Unverified


class ReceptionUnknown(NotFound):
    """There is no such reception, or it is another inspection body's."""

    code = "certification.reception-unknown"
    title_ko = "접수 내역을 찾을 수 없습니다: {reception}."
    title_en = "There is no reception {reception}."


class RequestUnknown(NotFound):
    """There is no such request, or it is somebody else's."""

    code = "certification.request-unknown"
    title_ko = "신청을 찾을 수 없습니다: {request}."
    title_en = "There is no request {request}."


class RequestBodyUnknown(NotFound):
    """A request names no inspection body, and there is not just one."""

    code = "certification.request-body-unknown"
    title_ko = "신청할 시험 기관을 찾을 수 없습니다. 기관 번호를 지정해 주세요."
    title_en = "There is no such inspection body; say which one is asked."


class ApplicantUnknown(RuleBroken):
    """The desk files for an organisation that is not registered, or names none."""

    code = "certification.applicant-unknown"
    title_ko = (
        "사업자등록번호 {business_no}(으)로 등록된 의뢰 기관이 없습니다. "
        "번호를 확인하거나 운영자에게 등록을 요청해 주세요."
    )
    title_en = "No organisation is registered under the business number {business_no}; check it, or ask the operator."


class RequestMoved(Conflict):
    """The request is not in the state that the step needs, or somebody moved it meanwhile."""

    code = "certification.request-moved"
    title_ko = "현재 신청 상태({state})에서는 할 수 없는 작업입니다."
    title_en = "This cannot be done while the request is {state}."


class RequestNothingLeft(Conflict):
    """Every unit of the request was taken in, so there is nothing to close."""

    code = "certification.request-nothing-left"
    title_ko = "모든 단위를 접수했으므로 종결할 것이 없습니다."
    title_en = "Every unit was taken in; there is nothing left to close."


class RequestUnitRefused(Conflict):
    """A unit of a request cannot be taken in now; none of those chosen was."""

    code = "certification.request-unit-refused"
    title_ko = "{line}번 단위({identifier})를 접수할 수 없습니다. {why_ko} 아무것도 접수하지 않았습니다."
    title_en = "Unit {line} ({identifier}) cannot be taken in. {why_en} Nothing was taken in."


class ConditionMissing(RuleBroken):
    """A unit is taken in without a word on how it looked (ISO/IEC 17025, 7.4.3)."""

    code = "certification.condition-missing"
    title_ko = "시료의 접수 시 상태를 적어 주세요. 아무것도 접수하지 않았습니다."
    title_en = "Say in which condition the unit arrived; nothing was taken in."


class RequestEmpty(RuleBroken):
    """A request names no unit, or too many."""

    code = "certification.request-empty"
    title_ko = "신청에는 단위가 1개 이상 {most}개 이하 있어야 합니다."
    title_en = "A request names between one and {most} units."


class RequestLineUnknown(RuleBroken):
    """A request has no such unit waiting."""

    code = "certification.request-line-unknown"
    title_ko = "접수를 기다리는 {line}번 단위가 없습니다."
    title_en = "No unit {line} is waiting to be taken in."


class UnitAskedTwice(RuleBroken):
    """Two lines of a request name the same unit."""

    code = "certification.unit-asked-twice"
    title_ko = "{line}번 단위({identifier})가 두 번 적혀 있습니다."
    title_en = "Unit {line} ({identifier}) stands in the request twice."


class UnitUnknown(RuleBroken):
    """A pack that is to be inspected is not registered, or not the applicant's."""

    code = "certification.unit-unknown"
    title_ko = "{line}번 단위({identifier})는 의뢰 기관의 등록된 팩이 아닙니다."
    title_en = "Unit {line} ({identifier}) is no registered pack of the applicant's."


class UnitScopeDiffers(RuleBroken):
    """A unit is registered as something else than is asked."""

    code = "certification.unit-scope-differs"
    title_ko = "{line}번 단위({identifier})는 {registered}(으)로 등록되어 있습니다."
    title_en = "Unit {line} ({identifier}) is registered as a {registered}."


class UnitSheetMissing(RuleBroken):
    """Nothing is known of a module or cell that is to be inspected."""

    code = "certification.unit-sheet-missing"
    title_ko = "{line}번 단위({identifier})의 제원(제조사·화학계·용량·전압 등)을 적어 주세요."
    title_en = "Say what unit {line} ({identifier}) is: maker, chemistry, ratings."


class UnitSheetUnasked(RuleBroken):
    """A data sheet is given for a unit whose data are registered."""

    code = "certification.unit-sheet-unasked"
    title_ko = "{line}번 단위({identifier})는 등록되어 있습니다. 제원은 여권에서 가져오므로 비워 두세요."
    title_en = "Unit {line} ({identifier}) is registered; leave its data sheet out."


class SampleLabelUnknown(NotFound):
    """A received unit has no sample label."""

    code = "certification.sample-label-unknown"
    title_ko = "시료 라벨이 없습니다: {reception}."
    title_en = "The unit of reception {reception} has no sample label."


class CertificateUnknown(NotFound):
    """No certificate is known under this name."""

    code = "certification.certificate-unknown"
    title_ko = "인증서를 찾을 수 없습니다."
    title_en = "There is no such certificate."


class AssessmentUnknown(NotFound):
    """The reception has not been judged."""

    code = "certification.assessment-unknown"
    title_ko = "판정 결과가 없습니다. 먼저 판정해 주세요."
    title_en = "There is no assessment yet; judge the reception first."


class AlreadyReceived(Conflict):
    """The pack lies in an open reception."""

    code = "certification.already-received"
    title_ko = "이미 접수되어 처리 중인 팩입니다."
    title_en = "This pack already lies in an open reception."


class ReceptionMoved(Conflict):
    """The reception is not in the state that the step needs, or somebody moved it meanwhile."""

    code = "certification.reception-moved"
    title_ko = "현재 접수 상태({state})에서는 할 수 없는 작업입니다."
    title_en = "This cannot be done while the reception is {state}."


class NumberTaken(Conflict):
    """A number or token already leads to something else."""

    code = "certification.number-taken"
    title_ko = "이미 사용된 번호입니다: {number}."
    title_en = "The number {number} is already in use."


class CertificateMoved(Conflict):
    """The certificate's status does not allow the change."""

    code = "certification.certificate-moved"
    title_ko = "현재 인증서 상태({status})에서는 할 수 없는 작업입니다."
    title_en = "This cannot be done while the certificate is {status}."


class CertificateRunOut(RuleBroken):
    """The certificate's last day is over, so it cannot be put in force again."""

    code = "certification.certificate-run-out"
    title_ko = "유효기간({valid_until})이 지난 인증서는 효력을 회복할 수 없습니다. 재검사를 접수해 주세요."
    title_en = "The certificate ran out on {valid_until} and cannot be reinstated; have the pack inspected again."


class OwnSuspension(NotAllowed):
    """Who suspended a certificate does not lift the suspension."""

    code = "certification.own-suspension"
    title_ko = "본인이 정지한 인증서의 효력은 다른 사람이 회복해야 합니다."
    title_en = "You suspended this certificate yourself; somebody else must reinstate it."


class OwnWork(NotAllowed):
    """Who received, measured or judged may neither review nor approve it, and the reviewer may not approve it."""

    code = "certification.own-work"
    title_ko = "본인이 접수·시험·판정·검토한 건에는 서명할 수 없습니다. 다른 사람이 서명해야 합니다."
    title_en = "You may not sign what you received, measured, judged or reviewed yourself; somebody else must."


class NotForReuse(RuleBroken):
    """The assessment did not end in reuse, so there is no certificate to draft."""

    code = "certification.not-for-reuse"
    title_ko = "판정 결과가 재사용이 아니어서 인증할 수 없습니다: {disposition}."
    title_en = "Only what is judged for reuse is certified; this assessment says {disposition}."


class NotHeld(RuleBroken):
    """There is nothing to release: the judgement is no hold."""

    code = "certification.not-held"
    title_ko = "보류 판정이 아니어서 해제할 것이 없습니다: {disposition}."
    title_en = "There is no hold to release; the judgement says {disposition}."


class HoldStays(RuleBroken):
    """A hold that nobody may release: something was not assessed, or no grade is reached. Missing is never pass."""

    code = "certification.hold-stays"
    title_ko = "평가하지 않은 항목이 있거나 등급에 미치지 못해 보류를 해제할 수 없습니다: {tests}."
    title_en = "This hold cannot be released: something was not assessed or no grade is reached ({tests})."


class ProtocolChanged(Conflict):
    """The protocol is not the one that the unit was judged by."""

    code = "certification.protocol-changed"
    title_ko = "판정에 쓰인 프로토콜({judged})이 현재 프로토콜과 다릅니다. 다시 판정해 주세요."
    title_en = "The unit was judged by protocol {judged}, which is no longer in force; judge it anew."


class ReasonMissing(RuleBroken):
    """A step that must say why does not."""

    code = "certification.reason-missing"
    title_ko = "사유를 적어 주세요."
    title_en = "This step takes a reason."


class CustodyEnded(Conflict):
    """The unit was handed back or disposed of already."""

    code = "certification.custody-ended"
    title_ko = "이미 반출되었거나 폐기된 시료입니다."
    title_en = "The unit has left already; its custody is over."


class FeesAgreed(Conflict):
    """There is nothing to change: the fees are agreed, or there are none to agree to."""

    code = "certification.fees-agreed"
    title_ko = "수수료가 없거나 이미 합의되어 바꿀 수 없습니다."
    title_en = "There are no fees to agree to, or they are agreed already and no longer change."


class FeeWrong(RuleBroken):
    """A fee names nothing, or is no amount between nothing and a billion won."""

    code = "certification.fee-wrong"
    title_ko = "수수료 항목이 올바르지 않습니다: {what}."
    title_en = "This line of the fees is not possible: {what}."


class CertificateStands(Conflict):
    """A report cannot be withdrawn while the certificate that rests on it stands."""

    code = "certification.certificate-stands"
    title_ko = "인증서 {number}의 효력이 남아 있습니다. 먼저 인증서를 취소해 주세요."
    title_en = "Certificate {number} still stands; revoke it first."


class ItemFactsWrong(RuleBroken):
    """A fact about the received item is impossible."""

    code = "certification.item-facts-wrong"
    title_ko = "시료 정보가 올바르지 않습니다: {fact}."
    title_en = "A fact about the item is not possible: {fact}."


class QuantityUnknown(RuleBroken):
    """The protocol has no such quantity in this test."""

    code = "certification.quantity-unknown"
    title_ko = "프로토콜에 없는 시험 항목입니다: {test_id} {quantity}."
    title_en = "The protocol knows no quantity {quantity} in test {test_id}."


class QuantityMalformed(RuleBroken):
    """A measured value is not of its quantity's kind."""

    code = "certification.quantity-malformed"
    title_ko = "{test_id} {quantity} 값의 형식이 올바르지 않습니다. 필요한 형식: {needed}."
    title_en = "The value of {test_id} {quantity} is not of its kind; it takes {needed}."


class UnitDiffers(RuleBroken):
    """A measured value is given in another unit than the protocol's."""

    code = "certification.unit-differs"
    title_ko = "{test_id} {quantity}의 단위는 {needed}이어야 합니다(입력: {given})."
    title_en = "The unit of {test_id} {quantity} is {needed}, not {given}."


class BenchTableEmpty(RuleBroken):
    """A pasted table of bench values holds no value."""

    code = "certification.bench-table-empty"
    title_ko = "붙여 넣은 표에 값이 없습니다. 항목 이름과 값을 함께 복사해 주세요."
    title_en = "The pasted table holds no value; copy the quantities' names together with their values."


class BenchTableTooLarge(RuleBroken):
    """A pasted table is larger than a bench's."""

    code = "certification.bench-table-too-large"
    title_ko = "붙여 넣은 표가 너무 큽니다: {rows_max}행, {columns_max}열, {length_max}자까지입니다."
    title_en = "The pasted table is too large: up to {rows_max} rows, {columns_max} columns, {length_max} characters."


class BenchNameUnknown(RuleBroken):
    """A pasted table names a quantity that the unit's protocol does not have."""

    code = "certification.bench-name-unknown"
    title_ko = "{row}행 {column}열 “{text}”: 이 단위의 프로토콜에 없는 항목 이름입니다."
    title_en = "Row {row}, column {column}, “{text}”: the unit's protocol has no quantity of this name."


class BenchNameUnclear(RuleBroken):
    """A pasted table names a quantity of several tests, or one quantity twice."""

    code = "certification.bench-name-unclear"
    title_ko = (
        "{row}행 {column}열 “{text}”: 두 번 나왔거나 여러 시험({tests})에 있습니다. T03처럼 시험을 앞에 적어 주세요."
    )
    title_en = (
        "Row {row}, column {column}, “{text}”: named twice, or a quantity of several tests ({tests}); "
        "put the test in front, as in T03."
    )


class BenchUnitDiffers(RuleBroken):
    """A pasted table gives a quantity in another unit than the protocol's; units are never converted."""

    code = "certification.bench-unit-differs"
    title_ko = "{row}행 {column}열 “{text}”: {quantity_ko}의 단위는 {needed}입니다(표: {given})."
    title_en = "Row {row}, column {column}, “{text}”: {quantity_en} is given in {needed}, not in {given}."


class BenchCellUnclear(RuleBroken):
    """A cell of a pasted table is no value of its quantity."""

    code = "certification.bench-cell-unclear"
    title_ko = "{row}행 {column}열 “{text}”: {quantity_ko} 값으로 읽을 수 없습니다. 필요한 값: {needed_ko}."
    title_en = "Row {row}, column {column}, “{text}”: no value of {quantity_en}, which takes {needed_en}."


class BenchValueBeside(RuleBroken):
    """A value of a pasted table belongs to no quantity, or is a second one where one is taken."""

    code = "certification.bench-value-beside"
    title_ko = "{row}행 {column}열 “{text}”: 어느 항목의 값인지 알 수 없습니다."
    title_en = "Row {row}, column {column}, “{text}”: this value belongs to no quantity."


class TestTimesWrong(RuleBroken):
    """A test ran before its unit was received, ended before it began, or has not ended yet."""

    __test__ = False

    code = "certification.test-times-wrong"
    title_ko = "시험 시각이 올바르지 않습니다: {field}. 접수 이후, 시작 이후, 현재 이전이어야 합니다."
    title_en = "The time of the test is not possible ({field}): after reception, end after start, not in the future."


class NothingMeasured(RuleBroken):
    """A run without a single measurement."""

    code = "certification.nothing-measured"
    title_ko = "기록할 측정값이 없습니다."
    title_en = "There is no measurement to record."


class EquipmentMissing(RuleBroken):
    """Nobody said what the results were measured with."""

    code = "certification.equipment-missing"
    title_ko = "무엇으로 쟀는지 적어 주세요: 등록 장비를 고르거나 장비를 글로 적습니다."
    title_en = "Say what this was measured with: name a registered device, or the equipment in words."


class RunUnknown(NotFound):
    """A reception has no such run."""

    code = "certification.run-unknown"
    title_ko = "{run}회차 시험 기록이 없습니다."
    title_en = "There is no run {run}."


class RunEquipmentMissing(RuleBroken):
    """Runs of before equipment was asked for name none, and the report must."""

    code = "certification.run-equipment-missing"
    title_ko = "{runs}회차 시험 기록에 장비가 없습니다. 시험 기록에서 각 회차의 장비를 고르거나 적은 뒤 다시 해 주세요."
    title_en = "Run {runs} names no equipment; say it beside the run, by a device or in words, and try again."


class EquipmentKnown(Conflict):
    """A run names what it was measured with already; it is never changed."""

    code = "certification.equipment-known"
    title_ko = "이 시험 기록에는 장비가 이미 적혀 있습니다. 적힌 것은 바뀌지 않습니다."
    title_en = "This run names its equipment already, which does not change."


class RecordElsewhere(RuleBroken):
    """A record of others that a reception may not cite: it is about another pack, or about none that is known."""

    code = "certification.record-elsewhere"
    title_ko = "이 시료에 연결된 외부 기록이 아니어서 인용할 수 없습니다."
    title_en = "This record of others is not linked to this unit, so it cannot be cited."


class ReportIncomplete(RuleBroken):
    """The report leaves empty what it must say (ISO/IEC 17025, 7.8.2.1)."""

    code = "certification.report-incomplete"
    title_ko = "성적서에 꼭 있어야 할 내용이 비어 있습니다: {items_ko}."
    title_en = "The report leaves empty what it must say: {items_en}."


class DischargeMissing(RuleBroken):
    """The cycler file holds no full constant-current discharge, so it says nothing about capacity."""

    code = "certification.discharge-missing"
    title_ko = "시험 파일에 완전한 정전류 방전이 없어 용량을 구할 수 없습니다."
    title_en = "The file holds no full constant-current discharge, so no capacity can be read from it."


class CyclerFileEmpty(RuleBroken):
    """A file of zero bytes."""

    code = "certification.cycler-file-empty"
    title_ko = "빈 시험 파일입니다."
    title_en = "The cycler file is empty."


class CyclerFormatUnknown(RuleBroken):
    """The content is of no format that is read here, whatever the file is called."""

    code = "certification.cycler-format-unknown"
    title_ko = "지원하지 않는 시험 파일 형식입니다. 지원 형식: {supported}."
    title_en = "This cycler file format is not supported; supported are {supported}."


class CyclerFileDamaged(RuleBroken):
    """The format is known, and the content does not keep to it."""

    code = "certification.cycler-file-damaged"
    title_ko = "시험 파일이 손상되었습니다({place})."
    title_en = "The cycler file is damaged ({place})."


class CyclerTableMissing(RuleBroken):
    """A file of steps or of a spectrum has no rows over time."""

    code = "certification.cycler-table-missing"
    title_ko = "이 파일에는 시간에 따른 행이 없어 표로 내보낼 수 없습니다(단계 목록 또는 임피던스 스펙트럼)."
    title_en = "This file holds steps or a spectrum and no rows over time; there is no table to export."


class RunFileMissing(NotFound):
    """A run was typed, and rests on no file."""

    code = "certification.run-file-missing"
    title_ko = "{run}번 시험 기록에는 파일이 없습니다."
    title_en = "Run {run} rests on no file."


class CyclerFileTooLong(RuleBroken):
    """The file unpacks or reads to more than is accepted."""

    code = "certification.cycler-file-too-long"
    title_ko = "시험 파일의 내용이 너무 큽니다: {what}은(는) {most}까지입니다."
    title_en = "The cycler file holds too much: {what} may be at most {most}."


class CyclerFormatRefusedHere(RuleBroken):
    """The running Python corrupts concurrent reads from a ZIP archive (python/cpython#127847)."""

    code = "certification.cycler-format-refused-here"
    title_ko = (
        "이 서버의 Python {python}은 ZIP 동시 읽기 결함이 있어 NDAX를 읽지 않습니다. "
        "3.11, 3.12.9 또는 3.13.2 이상이 필요합니다."
    )
    title_en = (
        "Python {python} on this server corrupts concurrent ZIP reads, so NDAX is refused; "
        "it takes 3.11, 3.12.9 or 3.13.2 and later."
    )


class CyclerUnitUnknown(RuleBroken):
    """A column that is needed says no unit, or one that is not known; units are never guessed."""

    code = "certification.cycler-unit-unknown"
    title_ko = "시험 파일의 열 '{column}'의 단위({unit})를 알 수 없어 읽지 않습니다."
    title_en = "The unit ({unit}) of the file's column '{column}' is unknown, so the file is not read."


class CyclerArchiveUnsafe(RuleBroken):
    """An archive names a member outside itself; nothing is unpacked."""

    code = "certification.cycler-archive-unsafe"
    title_ko = "압축 파일 안에 위험한 경로 이름이 있어 열지 않습니다."
    title_en = "The archive holds a member whose name leads outside it, so it is not opened."


class CyclerSheetActive(RuleBroken):
    """A spreadsheet computes or links what should have been measured."""

    code = "certification.cycler-sheet-active"
    title_ko = "스프레드시트에 수식이 있어 측정값으로 받지 않습니다({place}). 값만 내보낸 파일을 올리십시오."
    title_en = "The spreadsheet holds formulas ({place}), so it is not taken as measured; export it with values only."


class CyclerBinaryRefused(RuleBroken):
    """A vendor's own binary format for which only a text export is read."""

    code = "certification.cycler-binary-refused"
    title_ko = "{kind} 바이너리는 읽지 않습니다. 장비 프로그램에서 {export}(으)로 내보내 주십시오."
    title_en = "The binary {kind} is not read; export it as {export} from the maker's program."


class CyclerToolMissing(RuleBroken):
    """A format that a separate program reads, which this machine lacks."""

    code = "certification.cycler-tool-missing"
    title_ko = "{kind} 파일을 읽으려면 서버에 {package} 패키지를 설치해야 합니다."
    title_en = "Reading {kind} takes the package {package}, which is not installed on this server."


class ImpedanceFrequencyMissing(RuleBroken):
    """An impedance table without its frequency column."""

    code = "certification.impedance-frequency-missing"
    title_ko = "임피던스 파일에 주파수 열이 없어 읽지 않습니다."
    title_en = "The impedance file has no frequency column, so it is not read."


class ScreenTableTooSmall(RuleBroken):
    """A screen cannot be fitted: too few cells, or all alike in what it looks at."""

    code = "certification.screen-table-too-small"
    title_ko = "선별 모델을 만들 수 없습니다: 서로 다른 셀이 {cells_min}개 이상 필요합니다(현재 {cells}개)."
    title_en = "A screen needs at least {cells_min} cells that differ; the table holds {cells}."


class ScreenTableMixed(RuleBroken):
    """A screen is fitted on one cell type, and a table holds several."""

    code = "certification.screen-table-mixed"
    title_ko = "선별 모델은 한 종류의 셀로 만듭니다. 표에 셀 종류가 {types}가지 있습니다."
    title_en = "A screen is fitted on one type of cell; the table holds {types}."


class ScreenCellDiffers(RuleBroken):
    """A screen holds for one cell type, and what is to be screened is of another, as its file tells."""

    code = "certification.screen-cell-differs"
    title_ko = (
        "이 선별 모델은 {model} 셀의 모델입니다. 파일은 다른 종류의 셀입니다: {found}({told_by_ko}). "
        "그 셀 종류의 모델을 쓰세요."
    )
    title_en = (
        "The screen was fitted on {model} cells, and the file is of another type: {found} ({told_by_en}); "
        "use a screen of that type."
    )


class ScreenOutOfRange(RuleBroken):
    """A pulse lies outside what the screen was fitted on; it says nothing there."""

    code = "certification.screen-out-of-range"
    title_ko = (
        "펄스 값이 선별 모델의 유효 범위를 벗어났습니다: {feature} {value} (범위 {lowest} ~ {highest}). "
        "용량 시험으로 판정하십시오."
    )
    title_en = (
        "The pulse lies outside the screen's validity: {feature} is {value}, fitted from {lowest} to {highest}; "
        "the capacity test decides."
    )


class ScreenPulseMissing(RuleBroken):
    """The file holds no pulse of the screen's method."""

    code = "certification.screen-pulse-missing"
    title_ko = "시험 파일에 선별 방법({method})의 펄스가 없습니다: 정격 50 % 충전 상태, 1C, 5초 충전 펄스."
    title_en = (
        "The file holds no pulse of the screen's method ({method}): 5 s of charge at 1C, half the rated charge in."
    )


class ScreenMalformed(RuleBroken):
    """A screen's file or table does not keep to its form."""

    code = "certification.screen-malformed"
    title_ko = "선별 파일이 올바르지 않습니다: {place}."
    title_en = "The screen's file is malformed at {place}."


class ForecastOutOfRange(RuleBroken):
    """The duty lies outside what an ageing law was fitted on; it is not extrapolated."""

    code = "certification.forecast-out-of-range"
    title_ko = "열화 모델의 유효 범위를 벗어나 예측하지 않습니다: {quantity} {value} (범위 {lowest} ~ {highest})."
    title_en = (
        "No forecast outside what the law was fitted on: {quantity} is {value}, fitted from {lowest} to {highest}."
    )


class ForecastImpossible(RuleBroken):
    """There is nothing to forecast from: no check of the pack, or no published law for its chemistry."""

    code = "certification.forecast-impossible"
    title_ko = "건강도를 예측할 수 없습니다: {reason}."
    title_en = "There is no forecast: {reason}."


class ProtocolMalformed(RuleBroken):
    """A protocol file does not keep to the schema."""

    code = "certification.protocol-malformed"
    title_ko = "시험 프로토콜이 올바르지 않습니다: {place} ({line}행): {needed_ko}."
    title_en = "The protocol is malformed at {place} (line {line}): {needed_en}."


class RuleUntranslated(RuleBroken):
    """A rule's text is none that this program understands; the whole file is refused."""

    code = "certification.rule-untranslated"
    title_ko = '프로토콜 {protocol}의 {test_id} 규칙을 해석할 수 없습니다({line}행): "{rule}".'
    title_en = 'Protocol {protocol} has a rule in {test_id} that is not understood (line {line}): "{rule}".'


class SignatureBroken(Unverified):
    """The signed record was changed, or was not signed with this house's key."""

    code = "certification.signature-broken"
    title_ko = "전자서명이 유효하지 않습니다: {reason}."
    title_en = "The signature does not hold: {reason}."


class AssessmentBroken(Unverified):
    """A stored assessment does not match the hash that was signed."""

    code = "certification.assessment-broken"
    title_ko = "저장된 판정 결과가 서명된 내용과 다릅니다."
    title_en = "The stored assessment differs from what was signed."


class TokenTooShort(RuleBroken):
    """A verification token of less than 128 random bits could be guessed."""

    code = "certification.token-too-short"
    title_ko = "진위확인 토큰은 16진수 32자 이상이어야 합니다."
    title_en = "A verification token has at least 32 hex digits."


class DeviceUnknown(NotFound):
    """No such device, or another body's."""

    code = "certification.device-unknown"
    title_ko = "해당 장비를 찾을 수 없습니다."
    title_en = "There is no such device."


class SerialUnknown(RuleBroken):
    """A measurement or a deviation names a device that the body has not registered."""

    code = "certification.serial-unknown"
    title_ko = "등록되지 않은 장비입니다: {serial}."
    title_en = "No device with the serial {serial} is registered."


class SerialTaken(Conflict):
    """The body has a device of this serial already."""

    code = "certification.serial-taken"
    title_ko = "이미 등록된 장비입니다: {serial}."
    title_en = "A device with the serial {serial} is registered already."


class CalibrationWrong(RuleBroken):
    """A calibration's days or ranges contradict themselves, or it is older than the last one."""

    code = "certification.calibration-wrong"
    title_ko = "교정 정보가 맞지 않습니다: {field}."
    title_en = "The calibration does not hold together: {field}."


class DeviceUnfit(RuleBroken):
    """A device may not measure this as it stands; `found_…` says why, without saying what an approver may do."""

    code = "certification.device-unfit"
    found_ko: ClassVar[str] = "장비 {serial}은(는) 이 측정에 쓸 수 없습니다."
    found_en: ClassVar[str] = "device {serial} may not measure this as it stands"
    title_ko = found_ko
    title_en = "Device {serial} may not measure this as it stands."

    def finding(self, language: str) -> str:
        """Return the fault alone, as a report prints it where an approver accepted it, in `ko` or `en`."""
        return self.filled(self.found_ko if language == "ko" else self.found_en)


class DeviceNotCalibrated(DeviceUnfit):
    """No calibration of the device holds on the day of the measurement."""

    code = "certification.device-not-calibrated"
    found_ko = "장비 {serial}의 교정이 {day}에 유효하지 않습니다 (차기 교정일 {due_on})."
    found_en = "device {serial} is out of calibration on {day} (due {due_on})"
    title_ko = f"{found_ko} 승인자가 편차로 허용할 수 있습니다."
    title_en = (
        "Device {serial} is out of calibration on {day} (due {due_on}); an approver may accept it as a deviation."
    )


class DeviceOutOfRange(DeviceUnfit):
    """A value lies outside what the device is calibrated for."""

    code = "certification.device-out-of-range"
    found_ko = "장비 {serial}의 교정 범위({lowest}~{highest} {unit})를 벗어난 값입니다: {quantity} {value} {unit}."
    found_en = (
        "{quantity} {value} {unit} is outside what device {serial} is calibrated for ({lowest} to {highest} {unit})"
    )
    title_ko = f"{found_ko} 승인자가 편차로 허용할 수 있습니다."
    title_en = f"{found_en}; an approver may accept it as a deviation."


class DeviceUnitUncalibrated(DeviceUnfit):
    """The device recorded a quantity in a unit for which it was never calibrated."""

    code = "certification.device-unit-uncalibrated"
    found_ko = "장비 {serial}은(는) {unit} 단위로 교정되지 않았습니다: {quantity}."
    found_en = "device {serial} is not calibrated in {unit}, in which it recorded the {quantity}"
    title_ko = f"{found_ko} 승인자가 편차로 허용할 수 있습니다."
    title_en = (
        "Device {serial} is not calibrated in {unit}, in which it recorded the {quantity}; "
        "an approver may accept it as a deviation."
    )


class DeviceOfOtherKind(RuleBroken):
    """Such a device does not measure this; no reason makes it fit."""

    code = "certification.device-of-other-kind"
    title_ko = "장비 {serial}({kind})은(는) {test} 시험을 측정하는 장비가 아닙니다."
    title_en = "Device {serial} ({kind}) is not of the kind that measures {test}."


class BookingUnknown(NotFound):
    """No such booking, or another body's, or its days are over."""

    code = "certification.booking-unknown"
    title_ko = "취소할 수 있는 예약이 없습니다."
    title_en = "There is no such booking that could be released."


class DeviceBooked(Conflict):
    """The device is booked on one of the days."""

    code = "certification.device-booked"
    title_ko = "장비가 그 기간에 이미 예약되어 있습니다."
    title_en = "The device is booked on one of these days already."


class BookingWrong(RuleBroken):
    """A booking's days are out of order, over, or too many."""

    code = "certification.booking-wrong"
    title_ko = "예약 기간이 맞지 않습니다. 오늘부터 최대 {most}일까지 예약할 수 있습니다."
    title_en = "The days of the booking do not hold: from today on, {most} days at most."


class StatusListMalformed(Unverified):
    """A status list cannot be relied on: another list, out of date, or not in its form."""

    code = "certification.status-list-malformed"
    title_ko = "상태 목록을 신뢰할 수 없습니다: {reason}."
    title_en = "The status list cannot be relied on: {reason}."


class StatusListUnknown(NotFound):
    """There is no status list of this purpose and number."""

    code = "certification.status-list-unknown"
    title_ko = "해당 상태 목록이 없습니다."
    title_en = "There is no such status list."


class StatusListFull(Conflict):
    """Every place that was drawn in the status lists is taken."""

    code = "certification.status-list-full"
    title_ko = "상태 목록에 남은 자리가 없습니다. 다시 시도해 주세요."
    title_en = "No place is left in the status lists; please try again."


class DocumentUnknown(NotFound):
    """No document was issued under this number or with these bytes."""

    code = "certification.document-unknown"
    title_ko = "발급된 문서가 아닙니다."
    title_en = "No such document was issued."


class AlreadyAmended(Conflict):
    """A report is amended once; a further amendment replaces the last one."""

    code = "certification.already-amended"
    title_ko = "이미 수정 성적서가 발급된 성적서입니다: {number}."
    title_en = "The report {number} was amended already; amend the latest one."


class NothingAmended(RuleBroken):
    """An amended report says the same as the one that it would replace."""

    code = "certification.nothing-amended"
    title_ko = "이전 성적서와 달라지는 내용이 없습니다."
    title_en = "Nothing would differ from the report as it is."


class OwnAmendment(NotAllowed):
    """Who proposed an amendment does not approve it."""

    code = "certification.own-amendment"
    title_ko = "자신이 올린 수정안은 승인할 수 없습니다. 다른 승인자가 승인합니다."
    title_en = "You proposed this amendment; another approver approves it."


class AmendmentNotProposed(Conflict):
    """There is no such proposal for the report that stands, or a newer one took its place."""

    code = "certification.amendment-not-proposed"
    title_ko = "승인할 수정안이 없거나 더 새로운 수정안이 있습니다. 화면을 새로 고쳐 확인해 주세요."
    title_en = "There is no such proposed amendment, or a newer one took its place; look again."


class ReportUnknown(NotFound):
    """No report was issued here under this number, or it is another body's."""

    code = "certification.report-unknown"
    title_ko = "성적서를 찾을 수 없습니다."
    title_en = "There is no such report."


class RecordFileWrong(RuleBroken):
    """A file of records is not taken at all: foreign, active, damaged, or too long."""

    code = "certification.record-file-wrong"
    title_ko = "기록 파일을 받을 수 없습니다: {reason_ko}."
    title_en = "The file of records is not taken: {reason_en}."


class RecordRowWrong(RuleBroken):
    """A row of a file of records does not say what it must."""

    code = "certification.record-row-wrong"
    title_ko = "{field_ko}: {needed_ko}."
    title_en = "{field} {needed_en}."


class RecordOfOurs(RuleBroken):
    """A row claims to be a record that this body itself issues."""

    code = "certification.record-of-ours"
    title_ko = "우리 기관 이름으로 된 기록은 외부 기록으로 받지 않습니다."
    title_en = "A record in this body's own name is not taken as another's."


class RecordChanged(Conflict):
    """The same issuer's number is held already, and says something else."""

    code = "certification.record-changed"
    title_ko = "같은 발급기관·번호의 기록이 이미 있고 내용이 다릅니다: {fields_ko}."
    title_en = "A record of this issuer and number is held already and differs in {fields}."


class RecordPacksDisagree(RuleBroken):
    """The identifiers of a row lead to different packs."""

    code = "certification.record-packs-disagree"
    title_ko = "식별자들이 서로 다른 팩을 가리킵니다."
    title_en = "The identifiers lead to different packs."


class RecordUnverified(Unverified):
    """A signed record cannot be verified: no key of its issuer is known here."""

    code = "certification.record-unverified"
    title_ko = "발급기관의 공개키가 등록되어 있지 않아 서명을 확인할 수 없습니다."
    title_en = "No key of its issuer is registered, so the signature cannot be verified."


class IssuerKeysWrong(RuleBroken):
    """What is given as an issuer's keys is no usable DID document."""

    code = "certification.issuer-keys-wrong"
    title_ko = "발급기관 공개키 문서(DID)가 올바르지 않습니다: {reason}."
    title_en = "The issuer's keys (a DID document) cannot be used: {reason}."


class ImportUnknown(NotFound):
    """This body made no such import."""

    code = "certification.import-unknown"
    title_ko = "가져오기 기록을 찾을 수 없습니다."
    title_en = "There is no such import."


class PeriodWrong(RuleBroken):
    """A period for an export ends before it begins, or is too long."""

    code = "certification.period-wrong"
    title_ko = "기간이 올바르지 않습니다: 시작일이 종료일보다 늦지 않고 {days_max}일 이내여야 합니다."
    title_en = "The period must not end before it begins, and may have at most {days_max} days."


class ProtocolVersionUnknown(NotFound):
    """This body keeps no such version of a protocol."""

    code = "certification.protocol-version-unknown"
    title_ko = "프로토콜 판을 찾을 수 없습니다."
    title_en = "There is no such version of a protocol."


class ProtocolNotInForce(RuleBroken):
    """A reception names a version of a protocol that is not in force."""

    code = "certification.protocol-not-in-force"
    title_ko = "시행 중이 아닌 프로토콜입니다: {protocol}. 지금 고를 수 있는 판: {in_force}."
    title_en = "Protocol {protocol} is not in force; those that may be named now: {in_force}."


class ProtocolScopeDiffers(RuleBroken):
    """A protocol is not one for units of this scope."""

    code = "certification.protocol-scope-differs"
    title_ko = "프로토콜 {protocol}은 이 단위({scope})에 쓰지 않습니다."
    title_en = "Protocol {protocol} is not one for a unit of scope {scope}."


class ProtocolVersionTaken(Conflict):
    """Reports name protocol and version, so another text needs another version."""

    code = "certification.protocol-version-taken"
    title_ko = "{protocol} {version} 판이 이미 있습니다. 내용을 바꾸면 version도 바꿔야 합니다."
    title_en = "{protocol} {version} is kept already; a changed text takes another version."


class ProtocolOwnDraft(RuleBroken):
    """Whoever drafted a protocol does not approve it."""

    code = "certification.protocol-own-draft"
    title_ko = "자신이 작성한 프로토콜은 다른 사람이 승인해야 합니다."
    title_en = "A protocol is approved by another person than the one who drafted it."


class ProtocolStepOutOfOrder(Conflict):
    """A version of a protocol does not stand where this step begins."""

    code = "certification.protocol-step-out-of-order"
    title_ko = "이 프로토콜 판은 지금 상태({state})에서 그렇게 할 수 없습니다."
    title_en = "This version of the protocol is {state} and cannot take that step."


class ProtocolDayPast(RuleBroken):
    """A protocol comes into force from today on at the earliest: nothing is re-judged."""

    code = "certification.protocol-day-past"
    title_ko = "시행일은 오늘 이후여야 합니다. 지난 접수의 기준은 바뀌지 않습니다."
    title_en = "A protocol comes into force today at the earliest; what was received before keeps its own."
