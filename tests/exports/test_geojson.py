"""GeoJSON for QuPath, read by two libraries that know the format."""

from __future__ import annotations

import json

import geojson
from shapely.geometry import box as rectangle
from shapely.geometry import shape

from hemavision.exports.geojson import to_geojson
from hemavision.exports.table import label_of
from hemavision.reading.found import NamedSmear
from hemavision.records.results import NOTICE


def test_the_geojson_library_finds_it_sound(fields: list[NamedSmear]) -> None:
    for field in fields:
        found = geojson.loads(json.dumps(to_geojson(field)))
        assert isinstance(found, geojson.FeatureCollection)
        assert found.is_valid, found.errors()
        assert found["notice"] == NOTICE
        assert len(found.features) == len(field.smear.cells)
        for feature in found.features:
            assert feature.is_valid, feature.errors()


def test_shapely_sees_each_cells_box(fields: list[NamedSmear]) -> None:
    for field in fields:
        features = to_geojson(field)["features"]
        for feature, cell in zip(features, field.smear.cells, strict=True):
            polygon = shape(feature["geometry"])
            assert polygon.is_valid
            box = cell.box
            assert polygon.equals(rectangle(box.left, box.top, box.right, box.bottom))


def test_qupath_is_told_class_colour_and_measurements(fields: list[NamedSmear]) -> None:
    for feature, cell in zip(to_geojson(fields[0])["features"], fields[0].smear.cells, strict=True):
        properties = feature["properties"]
        assert properties["objectType"] == "detection"
        assert properties["classification"]["name"] == label_of(cell)
        red, green, blue = properties["classification"]["color"]
        assert all(0 <= channel <= 255 for channel in (red, green, blue))
        measured = properties["measurements"]
        assert all(isinstance(value, float) for value in measured.values())
        assert measured["Score"] == cell.score
        if cell.prediction:
            assert measured["Confidence"] == cell.prediction.confidence
