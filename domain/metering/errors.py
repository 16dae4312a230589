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


class QuantityMeteredTwice(RuleBroken):
    """Several meters count the quantity, or its slots are not of 15 minutes, so its name alone says too little."""

    code = "metering.quantity-metered-twice"
    title_ko = "{quantity} 항목은 계량기가 여럿이거나 15분 단위가 아니어서 채널 번호로 지정해야 합니다."
    title_en = "Several meters count {quantity}, or not by 15 minutes: name the channel by its number."


class PowerAgreed(Conflict):
    """From this day another contract power holds already; a term is never rewritten."""

    code = "metering.power-agreed"
    title_ko = "{day}부터 이미 다른 계약전력이 정해져 있습니다."
    title_en = "Another contract power holds from {day} already."


class MeterUnknown(NotFound):
    """No such meter, or it is another tenant's."""

    code = "metering.meter-unknown"
    title_ko = "해당 계량기를 찾을 수 없습니다."
    title_en = "No such meter is known."


class MeterMoved(Conflict):
    """The meter was exchanged by somebody else, or hangs there since a later instant already."""

    code = "metering.meter-moved"
    title_ko = "이 시각 이후에 이미 교체된 계량기입니다."
    title_en = "The meter was exchanged at this instant or later already."


class MeterSerialTaken(Conflict):
    """A device of this serial hangs at another metering point."""

    code = "metering.meter-serial-taken"
    title_ko = "계기번호 {serial}은(는) 다른 계량 지점에 설치되어 있습니다."
    title_en = "The device {serial} hangs at another metering point."


class RatioSet(Conflict):
    """From this day another ratio of the transformers holds already; a ratio is never rewritten."""

    code = "metering.ratio-set"
    title_ko = "{day}부터 이미 다른 배율이 정해져 있습니다."
    title_en = "Another ratio holds from {day} already."


class RegisterUnread(RuleBroken):
    """An exchange needs what the old register showed last and the new one first, for each counting channel."""

    code = "metering.register-unread"
    title_ko = "{channel}번 채널의 철거 지침과 설치 지침이 모두 필요합니다."
    title_en = "Channel {channel} needs the last reading of the old register and the first of the new one."


class RegisterTooShort(RuleBroken):
    """A reading of an exchange has more figures than its register."""

    code = "metering.register-too-short"
    title_ko = "지침이 계기의 자릿수보다 깁니다."
    title_en = "The reading has more figures than the register."


class RegisterDiffers(Conflict):
    """A read of the same register at the same instant is kept, and shows something else."""

    code = "metering.register-differs"
    title_ko = "{channel}번 채널의 같은 시각 지침이 이미 {kept}(으)로 있습니다. 입력한 값: {told}."
    title_en = "Channel {channel} has a reading of {kept} at this instant already; {told} was told."


class MeterCounted(RuleBroken):
    """Reads of the device's register are kept, so how it counts stays as it was told."""

    code = "metering.meter-counted"
    title_ko = "이미 지침이 기록된 계량기의 자릿수와 계기정수는 바꿀 수 없습니다."
    title_en = "Reads of this meter are kept, so its figures and its count stay as they are."


class QuantityNotOfMeter(RuleBroken):
    """A meter of this kind does not count the quantity."""

    code = "metering.quantity-not-of-meter"
    title_ko = "{kind} 계량기는 {quantity} 항목을 계량하지 않습니다."
    title_en = "A meter of the kind {kind} does not count {quantity}."


class StateOfChargeTwice(RuleBroken):
    """The site has a channel for its storage's state of charge; two of them would not add up to anything."""

    code = "metering.state-of-charge-twice"
    title_ko = "이 사업장에는 충전 상태 채널이 이미 있습니다."
    title_en = "The site has a channel for its state of charge already."


class ChannelNotCounting(RuleBroken):
    """The day does not fit the channels: a removal lies before its channels begin, or they are removed already."""

    code = "metering.channel-not-counting"
    title_ko = "그 날짜에는 이 계량기의 채널을 철거할 수 없습니다."
    title_en = "The meter's channels cannot be taken away on that day."


class ConflictUnknown(NotFound):
    """Nothing was put aside under this name, or it is another tenant's."""

    code = "metering.conflict-unknown"
    title_ko = "해당 충돌 값을 찾을 수 없습니다."
    title_en = "No such value was put aside."


class ConflictSettled(Conflict):
    """The values are accepted or dismissed already."""

    code = "metering.conflict-settled"
    title_ko = "이미 처리한 충돌입니다."
    title_en = "The conflict is settled already."


class ReadingInFuture(RuleBroken):
    """A slot ends later than now and the allowance for clocks; the whole file is refused."""

    code = "metering.reading-in-future"
    title_ko = "아직 끝나지 않은 구간의 검침값이 있습니다: {ends_at}. 파일 전체를 받지 않았습니다."
    title_en = "A reading is for a slot that has not ended yet: {ends_at}. Nothing of the file was taken."


class ReadingsOutsideMonth(RuleBroken):
    """A file tells of another month than the one that was expected; the whole file is refused."""

    code = "metering.readings-outside-month"
    title_ko = "{month}이 아닌 검침값이 있습니다: {day}. 파일 전체를 받지 않았습니다."
    title_en = "A reading is not of {month} but of {day}. Nothing of the file was taken."


class ReadingsMalformed(RuleBroken):
    """A file has none of the forms in which readings are taken; `place` says where it stops having one."""

    code = "metering.readings-malformed"
    title_ko = "검침 파일의 형식이 올바르지 않습니다 ({place}): {detail}."
    title_en = "The file is none of readings ({place}): {detail}."


class ReadingsTooMany(RuleBroken):
    """A file holds more values than are sorted at once."""

    code = "metering.readings-too-many"
    title_ko = "한 파일에는 값이 {values_max}개까지 들어갑니다. 나누어 주세요."
    title_en = "A file holds at most {values_max} values; split it."


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
    title_ko = "검침값은 {kept} 단위로 보관되어 {resolution} 단위로 나눌 수 없습니다."
    title_en = "Readings are kept by {kept} and cannot be split into {resolution}."


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


class SeriesTooLong(RuleBroken):
    """More steps are asked for than one answer gives."""

    code = "metering.series-too-long"
    title_ko = "한 번에 {steps_max}개 값까지 조회할 수 있습니다. 채널이나 기간을 줄여 주세요."
    title_en = "One answer gives at most {steps_max} steps: ask for fewer channels or days."


class ChannelUnknown(NotFound):
    """No such channel, or it is another tenant's, or outside the key's reach."""

    code = "metering.channel-unknown"
    title_ko = "채널 {channel}을(를) 찾을 수 없습니다."
    title_en = "The channel {channel} is not known."


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


class FindingUnknown(NotFound):
    """No such finding, or it is another tenant's."""

    code = "metering.finding-unknown"
    title_ko = "해당 검증 결과를 찾을 수 없습니다."
    title_en = "No such finding is known."


class FindingSettled(Conflict):
    """The finding is settled already, or a later judgement did not make it."""

    code = "metering.finding-settled"
    title_ko = "이미 처리되었거나 더 이상 해당하지 않는 검증 결과입니다."
    title_en = "The finding is settled already, or no longer holds."


class FindingMoved(Conflict):
    """The day has another revision than the one that was judged."""

    code = "metering.finding-moved"
    title_ko = "판정한 뒤에 값이 바뀌었습니다. 다시 판정해 주세요."
    title_en = "The day changed since it was judged: judge it again."


class FindingNotEstimable(RuleBroken):
    """Meters that do not agree say nothing about which of them is wrong."""

    code = "metering.finding-not-estimable"
    title_ko = "{kind} 결과에는 추정값을 제안할 수 없습니다. 값을 정정하거나 사유를 적어 인정해 주세요."
    title_en = "No rule estimates for {kind}: correct the values, or accept them with a reason."


class LotUnknown(NotFound):
    """No such lot, or it is another tenant's."""

    code = "metering.lot-unknown"
    title_ko = "해당 PPA 전력량을 찾을 수 없습니다."
    title_en = "No such lot is known."


class LotEntered(Conflict):
    """The certificate stands for another site, other days or other energy already; no Wh is claimed twice."""

    code = "metering.lot-entered"
    title_ko = "인증서 {certificate}은(는) 이미 다른 내용으로 등록되어 있습니다."
    title_en = "The certificate {certificate} is entered already, with other words."


class LotVoided(Conflict):
    """The lot is void already."""

    code = "metering.lot-voided"
    title_ko = "이미 취소된 PPA 전력량입니다."
    title_en = "The lot is void already."


class LotOverMonths(RuleBroken):
    """A lot lies in one month, so that a month's sources need no other month."""

    code = "metering.lot-over-months"
    title_ko = "PPA 전력량은 한 달 안의 기간이어야 합니다. 달마다 나누어 등록해 주세요."
    title_en = "A lot lies within one month: enter one for each month."


class LotsTooMany(RuleBroken):
    """The month has as many lots as are kept."""

    code = "metering.lots-too-many"
    title_ko = "한 달에 등록할 수 있는 PPA 전력량은 {lots_max}건까지입니다."
    title_en = "A month takes at most {lots_max} lots."


class RegisterNotInWh(RuleBroken):
    """The file tells Wh, but a count of the register's last figure is something else, or transformers multiply it."""

    code = "metering.register-not-in-wh"
    title_ko = "채널 {channel}의 지침은 Wh 단위가 아닙니다(배율 또는 단위). 지침 그대로를 value 열로 보내 주세요."
    title_en = "A count of channel {channel}'s register is no Wh: send what it shows, in a column `value`."


class TelemetryMalformed(RuleBroken):
    """A file has neither of the forms in which minutes are taken; `place` says where it stops having one."""

    code = "metering.telemetry-malformed"
    title_ko = "원격 측정 파일의 형식이 올바르지 않습니다 ({place}): {detail}."
    title_en = "The file is none of minutes ({place}): {detail}."
