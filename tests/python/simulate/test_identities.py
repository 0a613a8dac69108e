import numpy as np
import pytest

from enteroscan.simulate import SimulatedReports, Truth
from enteroscan.simulate._people import check_digits


def remainder(number: str) -> int:
    """GB 11643: the sum of a_i * 2^(i - 1) mod 11 over all 18 places from the right is 1."""
    digits = [10 if digit == "X" else int(digit) for digit in number]
    return sum(d * pow(2, i, 11) for i, d in enumerate(reversed(digits))) % 11


@pytest.mark.parametrize("number", ["11010519491231002X", "440524188001010014"])
def test_check_digits_of_the_standard(number: str) -> None:
    digits = np.array([[int(digit) for digit in number[:17]]])
    assert check_digits(digits) == [number[17]]
    assert remainder(number) == 1


def test_identity_numbers_are_valid_and_belong_to_nobody(year: SimulatedReports) -> None:
    people = year.identifiers.merge(year.frame[["case_id", "sex"]], on="case_id")
    people = people[people["id_number"].notna()]
    numbers = people["id_number"]
    assert numbers.str.fullmatch(r"99\d{15}[\dX]").all()  # no area has a code that begins with 99
    assert all(remainder(number) == 1 for number in numbers)
    assert (numbers.str[6:14] == people["birth_date"].dt.strftime("%Y%m%d")).all()
    is_odd = numbers.str[16].astype(int) % 2 == 1
    assert (is_odd == (people["sex"] == "male")).all()


def test_one_person_has_one_number_and_one_number_one_person(year: SimulatedReports) -> None:
    truth: Truth = year.truth
    people = year.identifiers.assign(person=truth.cases["person"].to_numpy())
    assert (people["case_id"] == truth.cases["case_id"]).all()
    known = people[people["id_number"].notna()]
    assert (known.groupby("id_number")["person"].nunique() == 1).all()
    assert (known.groupby("person")["id_number"].nunique() == 1).all()


def test_phone_numbers_are_no_mobile_numbers(year: SimulatedReports) -> None:
    assert year.identifiers["phone"].str.fullmatch(r"12\d{9}").all()


def test_ages_are_those_at_the_visit(year: SimulatedReports) -> None:
    visit, birth = year.frame["visit"], year.identifiers["birth_date"]
    first = year.truth.cases["duplicate_of"].isna()
    before = (visit.dt.month * 100 + visit.dt.day) < (birth.dt.month * 100 + birth.dt.day)
    whole = visit.dt.year - birth.dt.year - before
    years = year.frame["age_years"].astype(float)
    assert (np.floor(years[first]) == whole[first]).all()


def test_guardians_are_named_for_children(year: SimulatedReports) -> None:
    assert (year.identifiers["guardian"].notna() == (year.frame["age_years"] < 14)).all()
