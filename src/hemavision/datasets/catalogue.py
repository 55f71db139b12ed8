"""The image sets that HemaVision is trained and measured on."""

from __future__ import annotations

from hemavision.datasets.image_set import ImageSet, Part, Rule, Source, Table
from hemavision.errors import DataError

_FIVE = ("basophil", "eosinophil", "lymphocyte", "monocyte", "neutrophil")
_EIGHT = (*_FIVE, "erythroblast", "ig", "platelet")

KAGGLE = ImageSet(
    name="kaggle_wbc",
    title="Blood Cell Images (Kaggle)",
    what="RGB fields of 320×240, one white cell each, in folders by type; 348 photographs "
    "augmented to 12,444 images, and 71 more",
    licence="MIT",
    citation="Mooney P. Blood Cell Images. Kaggle, 2018. Made from BCCD.",
    homepage="https://www.kaggle.com/datasets/paultimothymooney/blood-cells",
    images=12_515,
    megabytes=131,
    tables=(Table("originals.csv", "path", packed="kaggle_wbc.csv.gz"),),
    parts=(
        Part(
            "TRAIN/EOSINOPHIL/*.jpeg",
            2_497,
            "fddc73915c7e0d58595d13e0f8e02a2fe7789c27392beddf90b6f4f6fbd96c5c",
        ),
        Part(
            "TRAIN/LYMPHOCYTE/*.jpeg",
            2_483,
            "c04098a5454a32a97510876e629ee341ce6e0cdf5f6fdca9c0c84b168298a58e",
        ),
        Part(
            "TRAIN/MONOCYTE/*.jpeg",
            2_478,
            "a5a04a3e6968a95070621b34a4659f0cbdd19277adaf90e1d321d0ef5e0570eb",
        ),
        Part(
            "TRAIN/NEUTROPHIL/*.jpeg",
            2_499,
            "acdef476c75cb43c79d517c1a9f5dc3a21e75e0c32d5e9083e9c692f1023b1b8",
        ),
        Part(
            "TEST/EOSINOPHIL/*.jpeg",
            623,
            "0ad43ce4a2b19a97ed8f3eddb47449e147673384b1d22f83ecb662f3f9146475",
        ),
        Part(
            "TEST/LYMPHOCYTE/*.jpeg",
            620,
            "901c7138282ddf4e27e22dd60ad7c3dd07264932429331c5c1734934fc16504d",
        ),
        Part(
            "TEST/MONOCYTE/*.jpeg",
            620,
            "18ef3c76cd03a56722591b382fefc382b8d3357cb9e088ec5bfa054e27132ac0",
        ),
        Part(
            "TEST/NEUTROPHIL/*.jpeg",
            624,
            "1b3f0844125fd20224ee5b19e3d0ae2ac04126ef689678ea0065dd454c0b15d9",
        ),
        Part(
            "TEST_SIMPLE/EOSINOPHIL/*.jpeg",
            13,
            "958649afd623c40e4d6da0fd79f0923859715dc7be00cbe261e0fc7be299df1e",
        ),
        Part(
            "TEST_SIMPLE/LYMPHOCYTE/*.jpeg",
            6,
            "6f3b343ff04e04e849ee1615c64db90182d21a7424550b09a42779ef67eae85b",
        ),
        Part(
            "TEST_SIMPLE/MONOCYTE/*.jpeg",
            4,
            "31024accc6cfe688c1a4cf0c1a379d725c018117894523ba3fdee17a984afa86",
        ),
        Part(
            "TEST_SIMPLE/NEUTROPHIL/*.jpeg",
            48,
            "b63353fd5236b671e44f7c062b604b177c842d775827f2e90bbff25af6f28bd8",
        ),
        Part(
            "originals.csv", 1, "e599cc38f2acfa5cc0135e3cdc398bdbb6dacda427c15344c400a71fab72eb29"
        ),
    ),
    source=Source(
        url="https://www.kaggle.com/api/v1/datasets/download/paultimothymooney/blood-cells",
        file_name="blood-cells.zip",
        rules=(
            Rule(
                r"(?:.*/)?dataset2-master/images/((?:TRAIN|TEST|TEST_SIMPLE)/[A-Z]+/[^/]+\.jpeg)",
                r"\1",
            ),
        ),
    ),
)

BCCD = ImageSet(
    name="bccd",
    title="BCCD",
    what="364 fields of 640×480 with boxes for red cells, white cells and platelets",
    licence="MIT",
    citation="Shenggan. BCCD Dataset. Nucleus masks: Banik PP, Saha R, Kim K-D. An automatic "
    "nucleus segmentation and CNN model based classification method of white blood cell. "
    "Expert Systems with Applications 2020;149.",
    homepage="https://github.com/Shenggan/BCCD_Dataset",
    images=364,
    megabytes=12,
    tables=(
        Table(
            "wbc_types.csv",
            "image",
            "JPEGImages",
            "wbc_types",
            _FIVE,
            unlisted=("BloodImage_00117.jpg",),
            packed="bccd.csv.gz",
        ),
    ),
    parts=(
        Part(
            "JPEGImages/*.jpg",
            364,
            "83facb9ef851968d47e1db2d7c2ec3a212c3d5ee6c0a08b0f245870cb8b6045b",
        ),
        Part("Annotations/*.xml", 364),
        Part("ImageSets/Main/*.txt", 4),
        Part(
            "NucleusMasks/*.png",
            364,
            "541f0736164c74dce1f1c9d48b43c862cf6e9aefb2d967e9238910cad002aa0a",
            optional=True,
        ),
        Part(
            "wbc_types.csv", 1, "e0e7777e3fa2102d7bbdadc349753f51d1013bdbdedf06d7b68843a8b43a0ece"
        ),
    ),
    source=Source(
        url="https://github.com/Shenggan/BCCD_Dataset/archive/refs/heads/master.zip",
        file_name="BCCD_Dataset-master.zip",
        rules=(
            Rule(
                r"[^/]+/BCCD/((?:JPEGImages|Annotations|ImageSets/Main)/[^/]+\.(?:jpg|xml|txt))",
                r"\1",
            ),
        ),
    ),
    note="The nucleus masks are a publication of their own and are not downloaded; only the "
    "scores of heatmaps use them.",
)

PBC = ImageSet(
    name="pbc",
    title="PBC with WBCAtt attributes",
    what="13,898 single cells of 8 types, 224×224, with 11 morphology attributes for 10,299",
    licence="CC BY 4.0; attributes MIT",
    citation="Acevedo A, Merino A, Alférez S, Molina Á, Boldú L, Rodellar J. A dataset of "
    "microscopic peripheral blood cell images for development of automatic recognition systems. "
    "Data in Brief 2020;30:105474. Attributes: Tsutsui S, Pang W, Wen B. WBCAtt. NeurIPS 2023 "
    "Datasets and Benchmarks.",
    homepage="https://data.mendeley.com/datasets/snkd93bnjr/1",
    images=13_898,
    megabytes=148,
    tables=(Table("labels.csv", "path", "", "label", _EIGHT, packed="pbc.csv.gz"),),
    parts=(
        Part("basophil/*.jpg", 1_218),
        Part("eosinophil/*.jpg", 3_117),
        Part("erythroblast/*.jpg", 1_200),
        Part("ig/*.jpg", 1_200),
        Part("lymphocyte/*.jpg", 1_214),
        Part("monocyte/*.jpg", 1_420),
        Part("neutrophil/*.jpg", 3_329),
        Part("platelet/*.jpg", 1_200),
        Part("labels.csv", 1, "38fc4b18c7ae1ee08fab808ac9d67941c4f3d4855997a48bd592e4917fad2472"),
    ),
    source=Source(
        url="https://prod-dcd-datasets-cache-zipfiles.s3.eu-west-1.amazonaws.com/snkd93bnjr-1.zip",
        file_name="snkd93bnjr-1.zip",
        rules=(
            Rule(r"(?:.*/)?PBC_dataset_normal_DIB\.zip", "PBC_dataset_normal_DIB.zip"),
            Rule(rf"(?:.*/)?((?:{'|'.join(_EIGHT)})/[A-Za-z]+_\d+\.jpg)", r"\1"),
        ),
    ),
    note="The originals of 360×363 are resized to 224×224 after the download; another copy's "
    "pixels may differ by a grey level.",
)

JTSC = ImageSet(
    name="jtsc",
    title="JTSC (Zheng et al., Dataset 1)",
    what="300 single cells of 5 types, 120×120, another stain and camera, with masks",
    licence="GPL-3.0",
    citation="Zheng X, Wang Y, Wang G, Liu J. Fast and robust segmentation of white blood cell "
    "images by self-supervised learning. Micron 2018;107:55-71. Images: Jiangxi Tecom Science "
    "Corporation.",
    homepage="https://github.com/zxaoyou/segmentation_WBC",
    images=300,
    megabytes=7,
    tables=(Table("labels.csv", "path", "", "label", _FIVE),),
    parts=(
        Part("images/*.png", 300),
        Part("masks/*.png", 300),
        Part("labels.csv", 1, "e5a9e20d900c2afd685650a623d1eba467047025c14678dd3d1567e05b036cd0"),
    ),
    source=Source(
        url="https://github.com/zxaoyou/segmentation_WBC/archive/refs/heads/master.zip",
        file_name="segmentation_WBC-master.zip",
        rules=(
            Rule(r"[^/]+/Dataset 1/(\d{3})\.bmp", r"images/\1.bmp"),
            Rule(r"[^/]+/Dataset 1/(\d{3})\.png", r"masks/\1.png"),
            Rule(r"[^/]+/Class Labels of Dataset 1\.csv", "classes.csv"),
        ),
    ),
    note="Labels are by the set's authors and were not checked by experts.",
)

BCISC = ImageSet(
    name="bcisc",
    title="BCISC",
    what="268 single cells of 5 types, 256×256, with masks, and the 246 fields that they are "
    "from, reduced to 640×480, with a box around each of these cells",
    licence="Apache-2.0",
    citation="Fan H, Zhang F, Xi L, Li Z, Liu G, Xu Y. LeukocyteMask: An automated localization "
    "and segmentation method for leukocyte in blood smear images using deep neural networks. "
    "Journal of Biophotonics 2019;12:e201800488. doi 10.1002/jbio.201800488",
    homepage="https://github.com/fpklipic/BCISC",
    images=514,
    megabytes=17,
    tables=(
        Table("labels.csv", "path", "", "label", _FIVE, also=("mask",), packed="bcisc.csv.gz"),
        Table("boxes.csv", "field", also=("cell",), repeats=True, packed="bcisc-boxes.csv.gz"),
    ),
    parts=(
        Part(
            "cells/*.jpg",
            268,
            "08aade7d32c59553cbf47bc257d9efb347fc61934b479a9643af53309f2abd45",
            size_px=(256, 256),
        ),
        Part(
            "masks/*.png",
            268,
            "c7ade6951db49ec99d88b23ccdebd0e0d85121f90a396e2ecda5333baaa2ecef",
            size_px=(256, 256),
        ),
        Part("fields/*.jpg", 246, size_px=(640, 480)),
        Part("labels.csv", 1, "d808227b49d721bc081933eabf6699570618708fb993c1015b75c1f92f1b035c"),
        Part("boxes.csv", 1, "9c162d58e75a1c05e8ea2d8386a9d2f16443c310c7319496fb698a1fe8a213fd"),
    ),
    source=Source(
        url="https://github.com/fpklipic/BCISC/archive/10cd08c052856fe10f6507248f4ca9e76df58aec.zip",
        file_name="BCISC-10cd08c.zip",
        rules=(
            Rule(r"[^/]+/sub-images/images/([^/]+\.jpg)", r"cells/\1"),
            Rule(r"[^/]+/sub-images/masks/([^/]+\.png)", r"masks/\1"),
            Rule(r"[^/]+/original-images/([a-z]+)/(\d+-\d+)\.jpg", r"fields/\1_\2.jpg"),
        ),
    ),
    note="Of a field only the labelled cells are boxed; other white cells may stand in it. Which "
    "cells are of one person is not said: group in labels.csv is likely one slide, so never "
    "split a group. Three photographs stand there twice or nearly so (baso_2-1 and 2-2, lymp_6-1 "
    "and 6-2, lymp_8-1 and 8-2). The fields of 2048×1536 are reduced after the download; another "
    "copy's pixels may differ by a grey level.",
)

LISC = ImageSet(
    name="lisc",
    title="LISC",
    what="231 single cells of 5 types, 224×224, black where the field ended",
    licence="for research, with citation",
    citation="Rezatofighi SH, Soltanian-Zadeh H. Automatic recognition of five types of white "
    "blood cells in peripheral blood. Computerized Medical Imaging and Graphics 2011;35:333-343.",
    homepage="http://users.cecs.anu.edu.au/~hrezatofighi/Data/Leukocyte%20Data.htm",
    images=231,
    megabytes=5,
    tables=(Table("labels.csv", "path", "", "label", _FIVE, packed="lisc.csv.gz"),),
    parts=(
        Part("cells/*.jpg", 231, size_px=(224, 224)),
        Part("labels.csv", 1, "1febec107de8df3e55f5054d226b219ba808d7d2b3bf5700abb27b6c313a1755"),
    ),
    source=Source(
        url="https://github.com/BTrDung/approach-to-segmentation-and-classification-from-leukocyte"
        "-images-to-count-blood-cells/archive/672b21a4ab0ed14f33c021ed19ad0002f0053385.zip",
        file_name="LISC-672b21a.zip",
        rules=(Rule(r"[^/]+/(data2/[A-Za-z]+/\d+\.png)", r"\1"),),
    ),
    note="Eight people; which cell is whose is not said, so cells of one person may stand on "
    "both sides of any split. Downloaded are not LISC's fields but crops that another project "
    "(BTrDung, GitHub) cut out of them: of 1,287, many of one cell, one a cell is kept, as JPEG "
    "of quality 95; another copy's pixels may differ by a grey level.",
)

DRAASLAN = ImageSet(
    name="draaslan",
    title="Blood cell detection dataset (draaslan)",
    what="100 fields of 256×256 with boxes for 2,236 red and 103 white cells",
    licence="MIT",
    citation="Aslan A. Blood cell detection dataset. GitHub, 2020.",
    homepage="https://github.com/draaslan/blood-cell-detection-dataset",
    images=100,
    megabytes=3,
    tables=(
        Table(
            "boxes.csv",
            "field",
            "",
            "kind",
            ("rbc", "wbc"),
            repeats=True,
            packed="draaslan.csv.gz",
        ),
    ),
    parts=(
        Part("fields/*.jpg", 100, size_px=(256, 256)),
        Part("boxes.csv", 1, "7bccc8d948bd8de80e49b5615ed32d6db5e6830253813378fe265605513d4883"),
    ),
    source=Source(
        url="https://github.com/draaslan/blood-cell-detection-dataset/archive/"
        "721d642c0948d04e1995cee0bd172cdfedfad32e.zip",
        file_name="blood-cell-detection-dataset-721d642.zip",
        rules=(Rule(r"[^/]+/images/(image-\d+\.png)", r"fields/\1"),),
    ),
    note="Types of white cells are not given, nor whose blood it is; three white cells stand "
    "there as red ones too. Boxes are in pixels (in the archive, shares of the side). Fields are "
    "kept as JPEG of quality 95; another copy's pixels may differ by a grey level.",
)

CATALOGUE = (KAGGLE, BCCD, PBC, JTSC, BCISC, LISC, DRAASLAN)


def find_image_set(name: str) -> ImageSet:
    """Return a set by its name.

    Raises:
        DataError: there is none of that name.
    """
    for image_set in CATALOGUE:
        if image_set.name == name:
            return image_set
    known = ", ".join(image_set.name for image_set in CATALOGUE)
    raise DataError(f"No image set {name!r}; there are {known}.")
