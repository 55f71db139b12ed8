"""Whole slides made of real fields on empty glass, in files of other houses' writers.

Nothing of them is committed: the fields are read from BCCD, the files lie in a temporary folder.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import tifffile
from real_parts import missing

try:
    import openslide
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import (
        UID,
        ExplicitVRLittleEndian,
        VLWholeSlideMicroscopyImageStorage,
        generate_uid,
    )
except ImportError:
    openslide = None  # type: ignore[assignment]

#: BCCD's scale as the shipped detector has it: a red cell is 7.2 µm and 101 pixels wide.
UM_PER_PX = 7.2 * 0.5 / 50.46038055419922
MARGIN_PX = 160
TILE_PX = 256
LEVELS = 3
#: In an environment of its own (``make test-long`` makes it).
WSIDICOMIZER = Path(__file__).parents[1] / ".wsidicomizer/bin/wsidicomizer"


@pytest.fixture(autouse=True)
def slides_are_read() -> None:
    """Nothing here can be tested without what reads slides."""
    if openslide is None:
        missing("OpenSlide, wsidicom and pydicom, which read slides")


def mosaic(fields: Sequence[np.ndarray], columns: int) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """Lay fields of one size on glass, row by row.

    Returns:
        uint8 H×W×3, and the left upper corner (x, y) of each field in it.
    """
    height, width = fields[0].shape[:2]
    rows = -(-len(fields) // columns)
    size = (rows * (height + MARGIN_PX) + MARGIN_PX, columns * (width + MARGIN_PX) + MARGIN_PX)
    glass = np.median([np.percentile(field, 90, axis=(0, 1)) for field in fields], axis=0)
    rgb = np.full((*size, 3), np.rint(glass), np.uint8)
    corners = []
    for place, field in enumerate(fields):
        top = MARGIN_PX + place // columns * (height + MARGIN_PX)
        left = MARGIN_PX + place % columns * (width + MARGIN_PX)
        rgb[top : top + height, left : left + width] = field
        corners.append((left, top))
    return rgb, corners


def write_tiff(path: Path, rgb: np.ndarray, um_per_px: float | None = UM_PER_PX) -> Path:
    """Write a tiled pyramid without loss by tifffile; ``um_per_px`` None says no resolution."""
    with tifffile.TiffWriter(path) as file:
        for level in range(LEVELS):
            said = None if um_per_px is None else (1e4 / (um_per_px * 2**level),) * 2
            file.write(
                rgb[:: 2**level, :: 2**level],
                tile=(TILE_PX, TILE_PX),
                photometric="rgb",
                compression="zlib",
                subfiletype=1 if level else 0,
                resolution=said,
                resolutionunit=None if said is None else "CENTIMETER",
                metadata=None,
            )
    return path


def write_dicom(folder: Path, rgb: np.ndarray, um_per_px: float = UM_PER_PX) -> Path:
    """Write a DICOM whole slide by pydicom, a file a level."""
    folder.mkdir()
    series = [generate_uid() for _ in range(3)]
    for level in range(LEVELS):
        smaller = rgb[:: 2**level, :: 2**level]
        level_of(smaller, um_per_px * 2**level, series, level).save_as(
            folder / f"{level}.dcm", enforce_file_format=True
        )
    return folder


def write_by_wsidicomizer(folder: Path, rgb: np.ndarray) -> Path:
    """Have wsidicomizer make a DICOM whole slide of a TIFF; its JPEG 2000 loses a step or two."""
    if not WSIDICOMIZER.exists():
        missing("wsidicomizer, which `make test-long` installs")
    tiff = write_tiff(folder.parent / "to-convert.tif", rgb)
    subprocess.run(
        [WSIDICOMIZER, "-i", tiff, "-o", folder, "--format", "jpeg2000", "--quality", "0"],
        check=True,
        capture_output=True,
    )
    tiff.unlink()
    return folder


def level_of(rgb: np.ndarray, um_per_px: float, series: Sequence[UID], level: int) -> Dataset:
    """Return a VL Whole Slide Microscopy image, TILED_FULL, as PS3.3 A.32.8 asks for it."""
    height, width = rgb.shape[:2]
    rows, columns = -(-height // TILE_PX), -(-width // TILE_PX)
    filled = np.full((rows * TILE_PX, columns * TILE_PX, 3), 255, np.uint8)
    filled[:height, :width] = rgb
    frames = filled.reshape(rows, TILE_PX, columns, TILE_PX, 3).swapaxes(1, 2)
    image_type = ["DERIVED" if level else "ORIGINAL", "PRIMARY", "VOLUME"]
    image_type.append("RESAMPLED" if level else "NONE")
    said = _of(
        SOPClassUID=VLWholeSlideMicroscopyImageStorage, SOPInstanceUID=generate_uid(),
        Modality="SM", StudyInstanceUID=series[0], SeriesInstanceUID=series[1],
        FrameOfReferenceUID=series[2], PatientName="", PatientID="1", PatientBirthDate="",
        PatientSex="", StudyDate="20260101", StudyTime="000000", StudyID="", AccessionNumber="",
        ReferringPhysicianName="", SeriesNumber=1, InstanceNumber=level + 1, Manufacturer="none",
        ManufacturerModelName="none", DeviceSerialNumber="1", SoftwareVersions="1",
        ContentDate="20260101", ContentTime="000000", AcquisitionDateTime="20260101000000",
        AcquisitionContextSequence=[], ContainerIdentifier="1",
        IssuerOfTheContainerIdentifierSequence=[], ContainerTypeCodeSequence=[],
        PositionReferenceIndicator="SLIDE_CORNER", VolumetricProperties="VOLUME",
        SpecimenLabelInImage="NO", FocusMethod="AUTO", ExtendedDepthOfField="NO",
        BurnedInAnnotation="NO", LossyImageCompression="00", ImageType=image_type,
        DimensionOrganizationType="TILED_FULL", Rows=TILE_PX, Columns=TILE_PX,
        NumberOfFrames=rows * columns, SamplesPerPixel=3, PhotometricInterpretation="RGB",
        PlanarConfiguration=0, BitsAllocated=8, BitsStored=8, HighBit=7, PixelRepresentation=0,
        TotalPixelMatrixColumns=width, TotalPixelMatrixRows=height, TotalPixelMatrixFocalPlanes=1,
        NumberOfOpticalPaths=1, ImagedVolumeWidth=width * um_per_px / 1000,
        ImagedVolumeHeight=height * um_per_px / 1000, ImagedVolumeDepth=0.001,
        ImageOrientationSlide=[0, 1, 0, 1, 0, 0], PixelData=frames.tobytes(),
    )  # fmt: skip
    said.TotalPixelMatrixOriginSequence = [
        _of(XOffsetInSlideCoordinateSystem=0, YOffsetInSlideCoordinateSystem=0)
    ]
    said.SharedFunctionalGroupsSequence = [
        _of(
            PixelMeasuresSequence=[_of(PixelSpacing=[um_per_px / 1000] * 2, SliceThickness=0.001)],
            WholeSlideMicroscopyImageFrameTypeSequence=[_of(FrameType=image_type)],
            OpticalPathIdentificationSequence=[_of(OpticalPathIdentifier="1")],
        )
    ]
    light = _code("111744", "DCM", "Brightfield illumination")
    colour = _code("414298005", "SCT", "Full Spectrum")
    said.OpticalPathSequence = [
        _of(
            OpticalPathIdentifier="1",
            IlluminationTypeCodeSequence=[light],
            IlluminationColorCodeSequence=[colour],
        )
    ]
    said.SpecimenDescriptionSequence = [
        _of(
            SpecimenIdentifier="1",
            SpecimenUID=generate_uid(),
            IssuerOfTheSpecimenIdentifierSequence=[],
            SpecimenPreparationSequence=[],
        )
    ]
    said.DimensionOrganizationSequence = [_of(DimensionOrganizationUID=generate_uid())]
    said.file_meta = FileMetaDataset()
    said.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    said.file_meta.MediaStorageSOPClassUID = said.SOPClassUID
    said.file_meta.MediaStorageSOPInstanceUID = said.SOPInstanceUID
    return said


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    return _of(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)


def _of(**values: object) -> Dataset:
    dataset = Dataset()
    for name, value in values.items():
        setattr(dataset, name, value)
    return dataset
