"""What can be wrong with a site, its readings or a month's usage."""

from domain.shared.errors import Conflict, NotFound, RuleBroken


class SiteUnknown(NotFound):
    """No such site, or it is another tenant's."""

    code = "metering.site-unknown"
    title_ko = "해당 사업장을 찾을 수 없습니다."
    title_en = "No such site is known."


class SnapshotUnknown(NotFound):
    """No usage was frozen for the contract in this month."""

    code = "metering.snapshot-unknown"
    title_ko = "{month}의 확정 사용량이 없습니다."
    title_en = "The usage of {month} has not been frozen."


class QuantityNotMetered(RuleBroken):
    """The file carries a quantity for which the site has no channel."""

    code = "metering.quantity-not-metered"
    title_ko = "이 사업장에는 {quantity} 채널이 없습니다."
    title_en = "The site has no channel for {quantity}."


class ReadingInFuture(RuleBroken):
    """A slot ends later than now and the allowance for clocks; the whole file is refused."""

    code = "metering.reading-in-future"
    title_ko = "아직 끝나지 않은 구간의 검침값이 있습니다: {ends_at}. 파일 전체를 받지 않았습니다."
    title_en = "A reading is for a slot that has not ended yet: {ends_at}. Nothing of the file was taken."


class MonthNotOver(RuleBroken):
    """The month still runs, so its usage cannot be frozen."""

    code = "metering.month-not-over"
    title_ko = "{month}이 아직 끝나지 않아 사용량을 확정할 수 없습니다."
    title_en = "{month} is not over yet; its usage cannot be frozen."


class MonthIncomplete(RuleBroken):
    """Too many slots of the month hold no value."""

    code = "metering.month-incomplete"
    title_ko = "{month}의 검침값이 부족합니다: {completeness_ppm} ppm, 필요 {completeness_ppm_min} ppm."
    title_en = "{month} lacks readings: {completeness_ppm} ppm are there, {completeness_ppm_min} ppm are needed."


class TariffUnknown(NotFound):
    """No such tariff, or no such version of it, is listed."""

    code = "metering.tariff-unknown"
    title_ko = "요금제 {tariff}의 자료가 없습니다."
    title_en = "The tariff {tariff} is not listed."


class TariffNotInForce(RuleBroken):
    """No listed version of the tariff prices this day at this place."""

    code = "metering.tariff-not-in-force"
    title_ko = "{day}에 적용할 요금 자료가 없습니다: {tariff}."
    title_en = "No listed tariff is in force on {day}: {tariff}."


class CalendarUnknown(RuleBroken):
    """The public holidays of this year are not listed, so its days cannot be told apart."""

    code = "metering.calendar-unknown"
    title_ko = "{year}년의 공휴일 자료가 없어 시간대를 나눌 수 없습니다."
    title_en = "The public holidays of {year} are not listed, so its hours cannot be put into bands."


class TariffFileMalformed(RuleBroken):
    """The tariff file cannot be used as it is written."""

    code = "metering.tariff-file-malformed"
    title_ko = "요금 자료 파일을 쓸 수 없습니다: {why}."
    title_en = "The tariff file cannot be used: {why}."


class ResolutionTooFine(RuleBroken):
    """The step is shorter than the slots that are kept; nothing is made up between them."""

    code = "metering.resolution-too-fine"
    title_ko = "검침값은 15분 단위로 보관되어 {resolution} 단위로 나눌 수 없습니다."
    title_en = "Readings are kept by 15 minutes and cannot be split into {resolution}."


class TariffAssigned(Conflict):
    """From this day another tariff is assigned already; an assignment is never rewritten."""

    code = "metering.tariff-assigned"
    title_ko = "{day}부터 이미 다른 요금제가 배정되어 있습니다."
    title_en = "Another tariff is assigned from {day} already."


class StretchTooLong(RuleBroken):
    """More days are asked for than one answer gives."""

    code = "metering.stretch-too-long"
    title_ko = "한 번에 {days_max}일까지 조회할 수 있습니다."
    title_en = "One answer gives at most {days_max} days."


class EstimateUnknown(NotFound):
    """No such estimate, or it is another tenant's."""

    code = "metering.estimate-unknown"
    title_ko = "해당 추정값을 찾을 수 없습니다."
    title_en = "No such estimate is known."


class EstimateStands(Conflict):
    """The estimate is decided already, or another one is open for the same day and channel."""

    code = "metering.estimate-stands"
    title_ko = "이미 처리되었거나 같은 날에 대기 중인 추정값이 있습니다."
    title_en = "The estimate is decided already, or another is open for the same day."


class NothingToEstimate(RuleBroken):
    """No slot of the day is missing, or no rule finds anything to go by."""

    code = "metering.nothing-to-estimate"
    title_ko = "추정할 빈 구간이 없거나 추정에 쓸 자료가 없습니다."
    title_en = "No slot is missing, or there is nothing to estimate from."


class SlotEmpty(RuleBroken):
    """A correction names a slot that holds no value: what is missing is sent or estimated, not corrected."""

    code = "metering.slot-empty"
    title_ko = "{slot}번째 구간에는 정정할 값이 없습니다."
    title_en = "Slot {slot} holds no value that could be corrected."


class MonthUnchanged(RuleBroken):
    """The readings of the frozen month are those that were frozen, so there is nothing to revise."""

    code = "metering.month-unchanged"
    title_ko = "{month}의 검침값이 확정 당시와 같아 정정할 것이 없습니다."
    title_en = "The readings of {month} are as they were frozen; there is nothing to revise."


class TripNotCleared(RuleBroken):
    """The signal is not tripped, or nobody is named as the one who clears it."""

    code = "metering.trip-not-cleared"
    title_ko = "{signal} 차단을 해제할 수 없습니다. 차단 상태와 해제한 사람의 이름이 필요합니다."
    title_en = "The trip of {signal} cannot be cleared: it must stand, and somebody must be named."


class TripLasts(Conflict):
    """What tripped was still beyond its limit when it was seen last."""

    code = "metering.trip-lasts"
    title_ko = "차단 원인이 아직 남아 있어 해제할 수 없습니다: {signal}, 마지막 값 {value}."
    title_en = "What tripped still lasts and cannot be cleared: {signal}, last seen at {value}."


class AlarmUnknown(NotFound):
    """No such alarm, or it is another tenant's."""

    code = "metering.alarm-unknown"
    title_ko = "해당 경보를 찾을 수 없습니다."
    title_en = "No such alarm is known."


class PackTripped(RuleBroken):
    """A safety trip keeps the pack from being used until a named person clears it."""

    code = "metering.pack-tripped"
    title_ko = "안전 차단 중인 팩입니다. 차단을 해제한 뒤 사용할 수 있습니다."
    title_en = "A safety trip blocks this pack; it may be used once the trip is cleared."


class CorrectionTooLarge(RuleBroken):
    """The value cannot be one of this quantity."""

    code = "metering.correction-too-large"
    title_ko = "이 항목의 값은 {value_max}을 넘을 수 없습니다."
    title_en = "A value of this quantity is at most {value_max}."
