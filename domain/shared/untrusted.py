"""What may go wrong with a file from outside, in four sentences; nobody sees a parser's traceback."""

from domain.shared.errors import RuleBroken


class FileRefused(RuleBroken):
    """The reader understood the file well enough to say what is wrong with it.

    Unlike other errors its `code` belongs to the instance: it is the one that the reader gave,
    carried over from the child process that read the file.
    """

    code = "shared.file-refused"
    title_ko = "{reason_ko}"
    title_en = "{reason_en}"

    def __init__(self, *, code: str, reason_ko: str, reason_en: str) -> None:
        vars(self)["code"] = code  # a class variable elsewhere; here the reader names the fault
        super().__init__(reason_ko=reason_ko, reason_en=reason_en)


class FileTooLarge(RuleBroken):
    """The file is larger than is read here; `bytes_max` says how large it may be."""

    code = "shared.file-too-large"
    title_ko = "파일이 너무 큽니다. {bytes_max}바이트까지 읽습니다."
    title_en = "The file is too large; up to {bytes_max} bytes are read."


class FileTookTooLong(RuleBroken):
    """Reading did not end within its time."""

    code = "shared.file-took-too-long"
    title_ko = "파일을 {timeout_s}초 안에 읽지 못했습니다."
    title_en = "The file could not be read within {timeout_s} seconds."


class FileBroke(RuleBroken):
    """The reader crashed or met a limit of memory or output: the file is damaged or hostile."""

    code = "shared.file-broke"
    title_ko = "파일이 손상되었거나 형식이 올바르지 않아 읽을 수 없습니다."
    title_en = "The file is damaged or malformed and cannot be read."
