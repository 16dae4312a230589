"""The demonstration complex grows with the program; a real installation is left alone."""

from sqlalchemy import text

from app import demo_complex

LATER = sorted({name for name, *_ in demo_complex.PEOPLE} - demo_complex.FIRST_PEOPLE)


async def _people(engine) -> list[str]:
    async with engine.connect() as owner:
        return sorted(await owner.scalars(text("select sign_in_name from sunhwan.person")))


async def test_a_complex_made_by_an_earlier_version_gets_those_who_came_later(ports, engine, tmp_path) -> None:
    async with engine.begin() as owner:
        await owner.execute(text("delete from sunhwan.person where sign_in_name = any(:names)"), {"names": LATER})

    await demo_complex.add_newcomers(ports, home=tmp_path)
    await demo_complex.add_newcomers(ports, home=tmp_path)

    assert await _people(engine) == sorted(name for name, *_ in demo_complex.PEOPLE)
    assert await demo_complex.has_people(ports)


async def test_nobody_is_let_into_an_installation_that_is_no_demonstration(ports, engine, tmp_path) -> None:
    async with engine.begin() as owner:
        await owner.execute(text("delete from sunhwan.person where sign_in_name <> 'operator'"))

    await demo_complex.add_newcomers(ports, home=tmp_path)

    assert await _people(engine) == ["operator"]
    assert list(tmp_path.glob("*.json")) == []
