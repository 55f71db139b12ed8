"""Several fields in one file of each form."""

from __future__ import annotations

import io
import json
import zipfile

import pytest

from hemavision.exports.forms import FORMS, export, name_beside
from hemavision.reading.found import NamedSmear, Smear


def names_in(content: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return archive.namelist()


def test_json_is_read_back_as_it_was(fields: list[NamedSmear]) -> None:
    file = export("json", fields)
    results = json.loads(file.content)["results"]
    again = [NamedSmear(r["filename"], Smear.from_json(r["smear"])) for r in results]
    assert again == fields


@pytest.mark.parametrize(("form", "suffix"), [("voc", ".xml"), ("geojson", ".geojson")])
def test_a_file_a_field_comes_as_an_archive(
    fields: list[NamedSmear], form: str, suffix: str
) -> None:
    one = export(form, fields[:1])
    assert one.suffix == suffix
    assert not zipfile.is_zipfile(io.BytesIO(one.content))
    several = export(form, [*fields, fields[0]])
    assert (several.suffix, several.media_type) == (".zip", "application/zip")
    stems = [field.name.removesuffix(".jpg") for field in fields]
    expected = [f"{stem}{suffix}" for stem in [*stems, fields[0].name]]
    assert names_in(several.content) == expected


def test_yolo_always_brings_its_classes(fields: list[NamedSmear]) -> None:
    names = names_in(export("yolo", fields[:1]).content)
    assert names == ["classes.txt", "labels/BloodImage_00010.txt"]


@pytest.mark.parametrize("form", FORMS)
def test_odd_names_harm_no_form(fields: list[NamedSmear], form: str) -> None:
    odd = [NamedSmear(name, fields[0].smear) for name in ("\udcff.jpg", "../../a\\b.jpg", "", "血")]
    file = export(form, odd)
    assert len(file.content) > 100
    if file.suffix == ".zip":
        for name in names_in(file.content):
            assert ".." not in name
            assert "\\" not in name


def test_names_keep_their_folders_and_never_another_s() -> None:
    taken: set[str] = set()
    names = ("a.jpg", "b/a.png", "c\\a.gif", "b/a.jpg", "b/a.jpg", "..", "/", "../../etc/a.jpg")
    found = [name_beside(name, ".x", taken) for name in names]
    assert found == [
        "a.x", "b/a.x", "c/a.x", "b/a.jpg.x", "b/a.jpg (2).x", "field.x", "field (2).x", "etc/a.x",
    ]  # fmt: skip
