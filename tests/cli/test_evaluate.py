from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import onnx
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from hemavision.cli import main
from hemavision.datasets.protocols import Dataset
from hemavision.reading import bundle
from hemavision.reading.bundle import MANIFEST_KEY, find_bundle
from hemavision.records.cells import EIGHT_TYPES, FOUR_TYPES
from hemavision.records.results import NOTICE

CONTRACT = {
    "protocol": str,
    "model": dict,
    "n_images": int,
    "n_originals": int,
    "accuracy": float,
    "accuracy_over_originals": float,
    "macro_precision": float,
    "macro_recall": float,
    "macro_f1": float,
    "intervals": dict,
    "cell_types": list,
    "confusion": list,
    "per_class": dict,
    "ece": float,
    "by_status": dict,
    "coverage": float,
    "novelty_share": float,
    "mean_confidence": float,
    "milliseconds_per_image": float,
    "notice": str,
    "data_digest": str,
    "command": str,
    "date": str,
    "leak": dict,
}


def run(*words: object) -> Result:
    return CliRunner().invoke(main, ["evaluate", *map(str, words)])


@pytest.fixture(scope="module")
def seed_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle whose manifest says that it was trained by the seed protocol."""
    path = tmp_path_factory.mktemp("bundles") / "of-seed.onnx"
    model = onnx.load(find_bundle("unseen-cells"))
    values = {item.key: item.value for item in model.metadata_props}
    manifest = json.loads(values[MANIFEST_KEY])
    manifest |= {"name": "of-seed", "training": {"protocol": "seed"}}
    onnx.helper.set_model_props(model, {MANIFEST_KEY: json.dumps(manifest)})
    path.write_bytes(model.SerializeToString())
    return path


@pytest.fixture(scope="module")
def seed_run(data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict, Path]:
    """The seed protocol on a small sample, with all its files."""
    out = tmp_path_factory.mktemp("seed") / "out"
    result = run(data / "kaggle_wbc", "--protocol", "seed", "--json", "--limit", 8, "--out", out)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout), out


def test_json_contract(seed_run):
    record, _ = seed_run
    for part in (record, record["honest"]):
        for key, kind in CONTRACT.items():
            assert isinstance(part[key], kind), key
        assert part["n_images"] == 8
        assert sum(map(sum, part["confusion"])) == 8
        types = FOUR_TYPES if part is record else EIGHT_TYPES
        assert part["cell_types"] == list(types)
        assert set(part["per_class"]) == set(types)
        assert part["notice"] == NOTICE
        hits = sum(part["confusion"][k][k] for k in range(len(types)))
        assert part["accuracy"] == pytest.approx(hits / 8, abs=1e-6)
        low, high = part["intervals"]["accuracy"]
        assert 0 <= low <= part["accuracy"] <= high <= 1
        assert sum(row["n_images"] for row in part["by_status"].values()) == 8


def test_the_leaky_protocol_comes_with_the_honest_one(seed_run):
    record, _ = seed_run
    assert record["protocol"] == "seed"
    assert record["leak"]["kind"] == "by-design"
    assert record["model"]["name"] == "seed"
    honest = record["honest"]
    assert honest["protocol"] == "unseen-cells"
    assert honest["model"]["name"] == "eight-types"
    assert honest["leak"]["kind"] in ("none", "unknown")


def test_files_are_written(seed_run):
    record, out = seed_run
    assert json.loads((out / "result.json").read_text(encoding="utf-8")) == record
    card = (out / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "seed (leaks by design), sample of 8" in card
    assert "unseen-cells by eight-types, sample of 8" in card
    for name in ("confusion.png", "reliability.png", "per-class.png"):
        with Image.open(out / name) as image:
            image.verify()
    with (out / "predictions.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["protocol"] for row in rows] == ["seed"] * 8 + ["unseen-cells"] * 8
    right = sum(row["truth"] == row["predicted"] for row in rows[:8])
    assert right / 8 == pytest.approx(record["accuracy"], abs=1e-6)


def test_no_folder_of_this_machine_is_written(seed_run, data):
    _, out = seed_run
    for path in out.glob("*.[mcj]*"):
        if path.suffix in (".json", ".csv", ".md"):
            assert str(data.parent) not in path.read_text(encoding="utf-8"), path.name


def test_tables_show_both_side_by_side(data):
    result = run(data, "--limit", 2)
    assert result.exit_code == 0, result.output
    header = next(line for line in result.output.splitlines() if "unseen-cells" in line)
    assert "seed (leaks" in header
    for words in ("Macro F1", "Expected calibration error", "confusion", NOTICE):
        assert words in result.output


def test_a_wheel_has_no_network_for_the_leaky_protocol_and_says_so(data, tmp_path, monkeypatch):
    monkeypatch.setattr(bundle, "IN_CLONE", tmp_path)
    result = run(data, "--protocol", "seed", "--limit", 2)
    assert result.exit_code == 1
    assert "'seed' is not in the wheel" in result.output
    result = run(data, "--limit", 2)
    assert result.exit_code == 0, result.output
    assert "unseen-cells by eight-types" in result.output
    assert "seed (leaks" not in result.output


def test_the_card_shows_the_protocols_in_this_order():
    page = Path(__file__).parents[2] / "docs" / "model-card" / "result.json"
    shown = [record["protocol"] for record in json.loads(page.read_text("utf-8"))["beside"]]
    command = import_module("hemavision.cli.evaluate")
    options = command.EvaluateOptions(
        Path("sets"), *[None] * 2, False, None, None, *[False] * 3, card=True
    )
    beside = command._beside(options, Dataset(Path("sets")), "unseen-cells")
    assert [name for name, _ in beside] == shown


def test_trained_on_the_test_images_is_refused(data, seed_bundle):
    result = run(data, "--protocol", "unseen-cells", "--model", seed_bundle, "--limit", 4)
    assert result.exit_code == 2
    assert "was trained on 71 of the originals" in result.output
    assert "--leaky" in result.output


def test_leaky_is_labelled_in_everything(data, seed_bundle, tmp_path):
    words = (data, "--protocol", "unseen-cells", "--model", seed_bundle, "--limit", 4, "--leaky")
    result = run(*words, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert "LEAKY" in result.output
    assert "LEAKY" in (tmp_path / "MODEL_CARD.md").read_text(encoding="utf-8")
    record = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    assert record["leak"]["kind"] == "leaky"
    assert "LEAKY" in record["leak"]["note"]
    assert record["honest"]["model"]["name"] == "eight-types"


def test_a_set_of_ones_own_with_a_bad_file_and_a_type_unknown(data, tmp_path):
    own = tmp_path / "mine"
    for kind in ("EOSINOPHIL", "NEUTROPHIL"):
        (own / kind).mkdir(parents=True)
        for path in sorted((data / "kaggle_wbc" / "TEST" / kind).glob("*.jpeg"))[:3]:
            shutil.copy(path, own / kind)
    (own / "blast").mkdir()
    shutil.copy(next((data / "pbc" / "basophil").glob("*.jpg")), own / "blast")
    (own / "NEUTROPHIL" / "broken.jpeg").write_text("not an image")
    result = run(own, "--json")
    assert result.exit_code == 1
    assert "NEUTROPHIL/broken.jpeg" in result.stderr
    record = json.loads(result.stdout)
    assert record["protocol"] == "folders:mine"
    assert record["n_images"] == 6
    assert sum(record["other_types"]["blast"].values()) == 1
    assert record["per_class"]["monocyte"]["support"] == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--protocol", "guess"], "No protocol 'guess'"),
        (["--limit", "0"], "0 is not in the range"),
        (["--card", "--model", "seed"], "--card chooses"),
    ],
)
def test_wrong_usage(data, words, said):
    result = run(data, *words)
    assert result.exit_code == 2
    assert said in result.output


def test_an_unknown_model_is_named(data):
    result = run(data, "--protocol", "lab-out:jtsc", "--model", "nothing")
    assert result.exit_code == 1
    assert "No model 'nothing'" in result.output


def test_a_plain_install_is_told_what_to_add(data, monkeypatch):
    command = import_module("hemavision.cli.evaluate")
    monkeypatch.setattr(command, "NEEDED", ("scipy", "hemavision_absent_library"))
    result = run(data)
    assert result.exit_code == 1
    assert "hemavision_absent_library: pip install 'hemavision[train]'" in result.output


def test_importing_the_command_loads_nothing_heavy():
    code = (
        "import sys, hemavision.cli.evaluate;"
        "heavy = {'scipy', 'sklearn', 'matplotlib', 'onnx', 'keras', 'tensorflow'};"
        "sys.exit(str(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_evaluating_loads_no_keras(data):
    code = (
        "import sys; from click.testing import CliRunner;"
        "from hemavision.cli import main;"
        f"r = CliRunner().invoke(main, ['evaluate', {str(data)!r}, '--protocol', 'lab-out:bcisc', "
        "'--limit', '2', '--json']);"
        "assert r.exit_code == 0, r.output;"
        "sys.exit(str({'keras', 'tensorflow'} & set(sys.modules)) "
        "if {'keras', 'tensorflow'} & set(sys.modules) else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
