"""What can be wrong with a readings file: one sentence each, naming the first place; the whole file is refused."""

from domain.shared.errors import RuleBroken


class FileEmpty(RuleBroken):
    """Nothing is in the file."""

    code = "metering.file-empty"
    title_ko = "파일이 비어 있습니다."
    title_en = "The file is empty."


class FileDamaged(RuleBroken):
    """The compressed file cannot be unpacked."""

    code = "metering.file-damaged"
    title_ko = "압축 파일(gzip)이 손상되어 풀 수 없습니다."
    title_en = "The compressed file (gzip) is damaged and cannot be unpacked."


class FileInflates(RuleBroken):
    """The compressed file unpacks to more than is read here."""

    code = "metering.file-inflates"
    title_ko = "압축을 풀면 {bytes_max}바이트를 넘습니다."
    title_en = "The file unpacks to more than {bytes_max} bytes."


class FileNotText(RuleBroken):
    """The file is no CSV in UTF-8."""

    code = "metering.file-not-text"
    title_ko = "UTF-8 CSV 파일이 아닙니다."
    title_en = "The file is not a CSV file in UTF-8."


class ColumnUnknown(RuleBroken):
    """The first row names a column that has no meaning here."""

    code = "metering.file-column-unknown"
    title_ko = "첫 행의 열 이름을 알 수 없습니다: '{column}'. 사용할 수 있는 이름: {known}."
    title_en = "The first row names an unknown column '{column}'; known are {known}."


class ColumnTwice(RuleBroken):
    """The first row names a column twice."""

    code = "metering.file-column-twice"
    title_ko = "첫 행에 같은 열이 두 번 있습니다: '{column}'."
    title_en = "The first row names the column '{column}' twice."


class ColumnMissing(RuleBroken):
    """The first row lacks a column that is needed."""

    code = "metering.file-column-missing"
    title_ko = "첫 행에 필요한 열이 없습니다: {column}."
    title_en = "The first row lacks a needed column: {column}."


class NoRows(RuleBroken):
    """There is a first row and nothing after it."""

    code = "metering.file-no-rows"
    title_ko = "파일에 검침값 행이 없습니다."
    title_en = "The file has no row of readings."


class TooManyRows(RuleBroken):
    """The file has more rows than are read at once."""

    code = "metering.file-too-many-rows"
    title_ko = "행이 너무 많습니다. {rows_max}행까지 읽습니다."
    title_en = "The file has too many rows; up to {rows_max} are read."


class RowLength(RuleBroken):
    """A row has another number of cells than the first one."""

    code = "metering.file-row-length"
    title_ko = "{row}행의 칸 수({cells})가 첫 행({columns})과 다릅니다."
    title_en = "Row {row} has {cells} cells, the first row has {columns}."


class StampMalformed(RuleBroken):
    """A stamp is no instant."""

    code = "metering.file-stamp-malformed"
    title_ko = "{row}행의 interval_start를 읽을 수 없습니다: '{cell}'."
    title_en = "Row {row}, interval_start: '{cell}' is not an ISO 8601 instant."


class StampNaive(RuleBroken):
    """A stamp has no offset, so nobody knows which instant it is."""

    code = "metering.file-stamp-naive"
    title_ko = "{row}행의 interval_start에 시간대가 없습니다: '{cell}'. 예: 2026-07-01T00:00:00+09:00."
    title_en = "Row {row}, interval_start: '{cell}' has no offset; write 2026-07-01T00:00:00+09:00."


class StampOffGrid(RuleBroken):
    """A stamp is not the start of a 15-minute slot; it is not moved to one."""

    code = "metering.file-stamp-off-grid"
    title_ko = "{row}행의 interval_start가 15분 구간의 시작이 아닙니다: '{cell}'."
    title_en = "Row {row}, interval_start: '{cell}' is not the start of a 15-minute interval."


class StampOutOfRange(RuleBroken):
    """A stamp lies in a year that no meter here has seen."""

    code = "metering.file-stamp-out-of-range"
    title_ko = "{row}행의 interval_start가 2000년에서 2199년 사이가 아닙니다: '{cell}'."
    title_en = "Row {row}, interval_start: '{cell}' is not in the years 2000 to 2199."


class DecimalComma(RuleBroken):
    """A number is written with a comma."""

    code = "metering.file-decimal-comma"
    title_ko = "{row}행 {column}: 소수점은 쉼표가 아니라 점으로 써야 합니다: '{cell}'."
    title_en = "Row {row}, {column}: '{cell}' is written with a comma; decimals take a point."


class Negative(RuleBroken):
    """An energy is below zero."""

    code = "metering.file-negative"
    title_ko = "{row}행 {column}: 값이 0보다 작습니다: '{cell}'."
    title_en = "Row {row}, {column}: '{cell}' is below zero."


class NotANumber(RuleBroken):
    """A cell holds something else than a number."""

    code = "metering.file-not-a-number"
    title_ko = "{row}행 {column}: 숫자가 아닙니다: '{cell}'."
    title_en = "Row {row}, {column}: '{cell}' is not a number."


class TooPrecise(RuleBroken):
    """A number has more decimals than are kept."""

    code = "metering.file-too-precise"
    title_ko = "{row}행 {column}: 소수점 아래 네 자리까지 읽습니다: '{cell}'."
    title_en = "Row {row}, {column}: '{cell}' has more than four decimals."


class ValueTooLarge(RuleBroken):
    """A number is beyond what a slot can hold."""

    code = "metering.file-value-too-large"
    title_ko = "{row}행 {column}: 값이 너무 큽니다: '{cell}'."
    title_en = "Row {row}, {column}: '{cell}' is beyond what one interval can hold."


class RowsConflict(RuleBroken):
    """Two rows of one interval say different things."""

    code = "metering.file-rows-conflict"
    title_ko = "{row}행 {column}: 같은 구간인 {first_row}행과 값이 다릅니다."
    title_en = "Row {row}, {column}: differs from row {first_row}, which is of the same interval."
