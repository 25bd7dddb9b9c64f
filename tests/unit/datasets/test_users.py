"""Files of users: MovieLens' three shapes and files with headers, and what is wrong with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shopkeeper.shared.datasets.base import FormatError, Options
from shopkeeper.shared.datasets.readers import read
from shopkeeper.shared.datasets.users import AGE_BANDS, age_band, read_profiles

if TYPE_CHECKING:
    from pathlib import Path

FIRST = {"age_band": "18_24", "gender": "male", "occupation": "technician"}
SECOND = {"age_band": "55_64", "gender": "female", "occupation": "other"}
SHAPES = {
    "u.user": "1|24|M|technician|85711\n2|60|F|other|94043\n",
    "users.dat": "1::M::18::technician::85711\n2::F::56::other::94043\n",
    "ml.user": "user_id:token\tage:token\tgender:token\toccupation:token\tzip_code:token\n"
    "1\t24\tM\ttechnician\t85711\n2\t60\tF\tother\t94043\n",
    "users.csv": "\ufeffUser ID,Sex,Age,Occupation\r\n 1 , M ,24,technician\r\n2,F,60,other\r\n",
    "users.jsonl": '{"user_id": 1, "age": 24, "gender": "M", "occupation": "technician"}\n'
    '{"user_id": "2", "age": "60", "gender": "F", "occupation": "other"}\n',
}


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_says_the_same(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text(SHAPES[name], encoding="utf-8")
    assert read_profiles(path) == {"1": FIRST, "2": SECOND}


def test_what_is_not_said_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "users.csv"
    path.write_text("user_id,age,gender,language,occupation\na,,NULL,zh,none\nb,?,unknown,,NaN\n")
    assert read_profiles(path) == {"a": {"language": "zh", "occupation": "none"}, "b": {}}


def test_other_names_of_columns(tmp_path: Path) -> None:
    path = tmp_path / "users.csv"
    path.write_text("who,geschlecht\na,F\n")
    options = Options(columns={"user_id": "who", "gender": "geschlecht"})
    assert read_profiles(path, options) == {"a": {"gender": "female"}}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("user_id,age\na,old\n", r"users.csv:2: age: 'old' is no age"),
        ("user_id,age\na,30\nb,900\n", r"users.csv:3: age: '900' is no age"),
        ("user_id,age\na,nan-\n", r"users.csv:2: age"),
        ("user_id,gender\na,F\na,M\n", r"users.csv:3: user_id: 'a' is there twice"),
        ("user_id,gender\n,F\n", r"users.csv:2: user_id: is empty"),
        ("user_id,gender\na,7\n", r"users.csv:2: gender: '7' is none of female, male, other"),
        ("user_id,gender\na\n", r"users.csv:2: too few columns"),
        ("user_id,shoe\na,43\n", r"users.csv: says nothing of its users but their ids"),
        (
            "shoe,size\na,43\n",
            r"users.csv: no column user_id \(the header has shoe, size\); a file of",
        ),
        ("", r"users.csv: no column user_id"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "users.csv"
    path.write_text(text)
    with pytest.raises(FormatError, match=says):
        read_profiles(path)


def test_bands() -> None:
    ages = [0, 17, 18, 24, 25, 54.5, 55, 64, 65, 99]
    bands = ["under_18"] * 2 + ["18_24"] * 2 + ["25_34", "45_54"] + ["55_64"] * 2 + ["65_plus"] * 2
    assert [age_band(age) for age in ages] == bands
    assert len({age_band(age) for age in range(120)}) == len(AGE_BANDS) + 1


def test_recboles_ratings_are_read(tmp_path: Path) -> None:
    path = tmp_path / "ml.inter"
    path.write_text("user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
                    "196\t242\t3\t981250949\n")  # fmt: skip
    (event,) = read(path)
    assert event.data["user_id"] == "196"
    assert event.data["product_id"] == "242"
    assert event.time_ms == 981_250_949_000
