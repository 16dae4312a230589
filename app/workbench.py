"""`sunhwan cycler …`, `screen …` and `forecast checks`: the verbs of the test bench, which need no database."""

from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.table import Table

from app import inspecting, wiring
from app.answers import USAGE, Json, Lang, fail, print_whole, run
from app.given_files import read_file
from app.terminal import err, out, show_evaluation, show_forecast
from domain.certification import screening
from domain.certification.evaluating import Evaluation, evaluate
from domain.certification.forecasting import Check, daily_duty, forecast
from domain.certification.model import Chemistry, PulsedCell, TableForm
from domain.certification.resistance import pulses
from domain.shared.errors import DomainError

cycler = typer.Typer(help="시험 장비 파일 · cycler files.", no_args_is_help=True)
forecasts = typer.Typer(help="건강도 예측 · health forecasts; never billed on.", no_args_is_help=True)
screen = typer.Typer(
    help="펄스로 하는 빠른 선별 · a fast screen by one pulse; never a capacity test.", no_args_is_help=True
)

RatedAh = Annotated[float | None, typer.Option("--rated-ah", min=0.0, help="정격 용량 Ah · rated capacity.")]


def _decimal(value: float | None) -> Decimal | None:
    return None if not value else Decimal(str(value))


_STEPS_WIDTH = 100
"""What a table of steps takes; a narrower terminal folds its lines, for no figure is cut."""


@cycler.command("inspect")
def cycler_inspect(
    file: Annotated[Path, typer.Argument(help="시험 장비 파일.")],
    rated_ah: RatedAh = None,
    as_json: Json = False,
    language: Lang = "ko",
) -> None:
    """시험 장비 파일을 읽어 요약하고 평가한다 · summarise and evaluate a cycler file."""

    async def read() -> inspecting.InspectedOut:
        record = await wiring.cycler_files().read(read_file(file))
        return inspecting.inspected(record, _decimal(rated_ah))

    found = run(read, language, as_json=as_json)
    if as_json:
        print_whole(inspecting.as_json(found))
        return
    title = f"{found.format} · {found.rows:,} 행 · {found.hours} h"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, show_edge=False, collapse_padding=True)
    for heading in ("step", "kind", "rows", "h", "A", "V", "Ah", "Wh", "counter"):
        table.add_column(heading, justify="right", no_wrap=True)
    for step in found.steps:
        table.add_row(
            str(step.step),
            step.kind,
            f"{step.rows:,}",
            f"{step.hours:.3f}",
            f"{step.median_current_a:.4f}",
            f"{step.first_v:.3f}→{step.last_v:.3f}",
            f"{step.charge_ah:.4f}",
            f"{step.energy_wh:.3f}",
            "-" if step.counter_ah is None else f"{step.counter_ah:.4f}",
        )
    shown = out.width
    out.width = max(shown, _STEPS_WIDTH)
    out.print(table)
    out.width = shown
    if found.evaluation:
        show_evaluation(found.evaluation, language)
    for finding in found.findings:
        out.print(f"• {finding}")


@cycler.command("export")
def cycler_export(
    file: Annotated[Path, typer.Argument(help="시험 장비 파일 · a cycler file.")],
    to: Annotated[Path, typer.Option("--to", help="이름이 .csv 또는 .parquet로 끝난다 · ends in .csv or .parquet.")],
    language: Lang = "ko",
) -> None:
    """행을 BDF 1.3 표로 내보낸다 · write its rows under the keys of the Battery Data Format 1.3."""
    try:
        form = TableForm(to.suffix.removeprefix("."))
    except ValueError:
        err.print(f"[bold red]✗[/] {to}: .csv, .parquet", highlight=False)
        raise typer.Exit(USAGE) from None

    async def export() -> bytes:
        return await wiring.cycler_files().table(read_file(file), form=form)

    table = run(export, language)
    try:
        to.write_bytes(table)
    except OSError as error:
        err.print(f"[bold red]✗[/] {to}: {error.strerror}", highlight=False)
        raise typer.Exit(USAGE) from None
    out.print(f"[green]✓[/] {to} · {len(table):,} B", highlight=False)


@cycler.command("compare")
def cycler_compare(
    files: Annotated[list[Path], typer.Argument(help="한 팩의 셀·모듈 시험 파일들 · files of one pack's cells.")],
    rated_ah: RatedAh = None,
    as_json: Json = False,
    language: Lang = "ko",
) -> None:
    """한 팩 안의 편차를 구한다 · how far the cells of a pack stand apart (T11)."""
    rated = _decimal(rated_ah)

    async def read() -> list[Evaluation]:
        reader = wiring.cycler_files()
        return [evaluate(await reader.read(read_file(file)), rated_capacity_ah=rated) for file in files]

    shown = inspecting.compared([file.name for file in files], run(read, language, as_json=as_json), rated)
    if as_json:
        print_whole(inspecting.as_json(shown))
        return
    ko = language == "ko"
    table = Table(title="팩 내 편차" if ko else "Dispersion within the pack", title_justify="left")
    for heading in ("파일", "Ah", "SoH %", "mΩ", "z") if ko else ("file", "Ah", "SoH %", "mΩ", "z"):
        table.add_column(heading, justify="right")
    for unit in shown.units:
        numbers = (unit.capacity_ah, unit.soh_percent, unit.resistance_mohm, unit.robust_z)
        table.add_row(unit.file, *("-" if one is None else f"{one:.4g}" for one in numbers))
    out.print(table)
    named = (
        ("capacity_range", shown.capacity_range_percent),
        ("capacity_cv", shown.capacity_cv_percent),
        ("r_cv", shown.r_cv_percent),
        ("weakest_cell_soh", shown.weakest_cell_soh_percent),
    )
    for name, value in named:
        out.print(f"{name:>18} {'-' if value is None else f'{value:.2f} %'}", highlight=False)


@screen.command("fit")
def screen_fit(
    table: Annotated[
        Path, typer.Argument(help="용량이 알려진 셀들의 펄스 표 (CSV) · pulses of cells of known capacity.")
    ],
    model: Annotated[Path | None, typer.Option("--out", "-o", help="모델 파일 · where to write the model.")] = None,
    as_json: Json = False,
    language: Lang = "ko",
) -> None:
    """셀 종류마다 선별 모델을 맞추고 교차 검증한다 · fit a screen and try it on each cell left out."""

    async def fit() -> screening.ScreenModel:
        return screening.fit_screen(await wiring.pulse_tables().read(read_file(table)))

    fitted = run(fit, language, as_json=as_json)
    written = model or Path(f"screen-{fitted.cell_type.chemistry}-{fitted.cell_type.rated_capacity_mah}mAh.json")
    try:
        written.write_text(screening.screen_text(fitted) + "\n", encoding="utf-8")
    except OSError as error:
        err.print(f"[bold red]✗[/] {written}: {error.strerror}", highlight=False)
        raise typer.Exit(USAGE) from None
    if as_json:
        print_whole(inspecting.as_json(inspecting.screen_fit_out(fitted, str(written))))
        return
    ko = language == "ko"
    kind = f"{fitted.cell_type.chemistry} {fitted.cell_type.rated_capacity_mah / 1000:g} Ah"
    out.print(f"{kind} · {fitted.method} · {fitted.cells} {'셀' if ko else 'cells'}", highlight=False)
    said = (
        "하나씩 뺀 오차: 평균 {0:.2f}, 최대 {1:.2f} 점, {2} % 구간 ±{3:.2f} 점"
        if ko
        else ("leave-one-out error: mean {0:.2f}, largest {1:.2f} points; {2} % interval ±{3:.2f} points")
    )
    out.print(
        said.format(
            fitted.error_mean_points, fitted.error_max_points, screening.COVERAGE_PERCENT, fitted.half_width_points
        ),
        highlight=False,
    )
    for name, lowest, highest in zip(screening.FEATURES, fitted.lowest, fitted.highest, strict=True):
        out.print(f"{name:>10} {lowest:.4f} ~ {highest:.4f}", highlight=False)
    out.print(f"→ {written}", highlight=False)
    out.print(inspecting.NOT_A_TEST_KO if ko else inspecting.NOT_A_TEST_EN)


@screen.command("apply")
def screen_apply(
    model: Annotated[Path, typer.Argument(help="screen fit 이 쓴 모델 파일 · a fitted model.")],
    file: Annotated[Path, typer.Argument(help="시험 장비 파일 또는 펄스 표 · a test file, or a table of pulses.")],
    as_json: Json = False,
    language: Lang = "ko",
) -> None:
    """펄스 하나로 건강도를 어림한다 · guess the state of health from one pulse."""

    async def guess() -> list[tuple[str, screening.ScreenedHealth | DomainError]]:
        fitted = screening.screen_of(read_file(model).decode("utf-8", errors="replace"))
        content = read_file(file)
        if screening.is_table(content):
            cells = await wiring.pulse_tables().read(content)
            return [(one.unit, _screened(fitted, one)) for one in cells]
        record = await wiring.cycler_files().read(content)
        rated = Decimal(fitted.cell_type.rated_capacity_mah) / 1000
        found = pulses(record, rated_capacity_ah=rated)
        screening.require_cell_type(
            fitted,
            name=file.name,
            pulses=found,
            discharged_ah=max((-one.counted_ah for one in record.steps if one.kind.discharges), default=None),
        )
        reading = screening.reading_of(found, rated_capacity_ah=rated)
        return [(file.name, screening.apply_screen(fitted, reading, cell_type=fitted.cell_type))]

    found = run(guess, language, as_json=as_json)
    ko = language == "ko"
    if as_json:
        print_whole(inspecting.as_json(inspecting.screened_out(found, language)))
        return
    for unit, one in found:
        said = (
            one.sentence(language)
            if isinstance(one, DomainError)
            else f"SoH {one.soh_percent} % ({one.low_percent} ~ {one.high_percent}, {one.coverage_percent} %)"
        )
        out.print(f"{unit}: {said}", highlight=False)
    out.print(inspecting.NOT_A_TEST_KO if ko else inspecting.NOT_A_TEST_EN)


def _screened(fitted: screening.ScreenModel, cell: PulsedCell) -> screening.ScreenedHealth | DomainError:
    """Screen one cell of a table; a refusal is its result, so that one odd cell does not silence the others."""
    try:
        return screening.apply_screen(fitted, cell.reading, cell_type=cell.cell_type)
    except DomainError as error:
        return error


@forecasts.command("checks")
def forecast_checks(
    chemistry: Annotated[Chemistry, typer.Argument(help="LMO | LFP | NMC")],
    checks: Annotated[
        list[str], typer.Option("--check", help="자체 점검 YYYY-MM-DD:SoH%[:U%[:mΩ]] · the pack's own checks; repeat.")
    ],
    years: Annotated[int, typer.Option("--years", min=1, max=20, help="몇 해 · years ahead.")] = 5,
    soc_low: Annotated[float, typer.Option("--soc-low", min=0, max=100, help="충전 하한 %.")] = 10.0,
    soc_high: Annotated[float, typer.Option("--soc-high", min=0, max=100, help="충전 상한 %.")] = 90.0,
    rate_c: Annotated[float, typer.Option("--rate-c", help="충방전율 C.")] = 0.25,
    temperature_c: Annotated[float, typer.Option("--celsius", help="셀 온도 °C.")] = 25.0,
    as_json: Json = False,
    language: Lang = "ko",
) -> None:
    """하루 한 번 순환할 때의 건강도를 예측한다 · forecast the health of a pack cycled once a day."""
    try:
        given = [_check(one) for one in checks]
    except (ValueError, InvalidOperation):
        err.print("--check YYYY-MM-DD:SoH%[:U%[:mΩ]]")
        raise typer.Exit(USAGE) from None
    try:
        duty = daily_duty(soc_low=soc_low / 100, soc_high=soc_high / 100, rate_c=rate_c, temperature_c=temperature_c)
        found = forecast(chemistry, given, duty, years=years)
    except DomainError as error:
        fail(error, language, as_json=as_json)
    shown = inspecting.forecast_out(found, language)
    if as_json:
        print_whole(inspecting.as_json(shown))
        return
    show_forecast(shown, language)


def _check(text: str) -> Check:
    day, soh, *more = text.split(":")
    if len(more) > 2:
        raise ValueError(text)
    return Check(
        on=date.fromisoformat(day),
        soh_percent=Decimal(soh),
        u_percent=Decimal(more[0]) if more else Decimal(1),
        resistance_mohm=Decimal(more[1]) if len(more) > 1 else None,
    )
