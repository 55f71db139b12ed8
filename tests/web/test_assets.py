"""A page's modules and style sheets come joined, under an address that may be kept for ever."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from hemavision.web.assets import AssetError, join_modules

PAGES = ("/", "/smear", "/live", "/cases", "/agreement", "/login")


def write(folder: Path, **modules: str) -> Path:
    for name, text in modules.items():
        (folder / f"{name}.js").write_text(text, encoding="utf-8")
    return folder


def test_a_module_stands_behind_what_it_imports_and_each_once(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    write(tmp_path / "deep", low='export const low = 1;\nimport { top } from "../top.js";\n')
    write(
        tmp_path,
        top="const hidden = 2;\nexport function top() {}\nexport async function later() {}\n",
        entry='import { top } from "./top.js";\n'
        'import {\n  low as other,\n} from "./deep/low.js";\n',
    )
    joined = join_modules(tmp_path, "entry.js")
    assert re.findall(r"^// (.*)", joined, re.MULTILINE) == ["top.js", "deep/low.js", "entry.js"]
    assert "const { top } = $module0;" in joined
    assert re.search(r"const \{\s+low: other,\s+\} = \$module1;", joined)
    assert "return { top, later };" in joined
    assert not re.search(r"^(import|export)", joined, re.MULTILINE)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('import whole from "./entry.js";', "line 1: 'import whole"),
        ('const one = 1;\nimport * as all from "./entry.js";', "line 2: 'import *"),
        ("export default 1;", "export default"),
        ("export let changing = 1;", "export let"),
        ("export { one };", "export {"),
        ("const later = () => import(name);", "import(name)"),
        ("new Worker(new URL('x', import.meta.url));", "import.meta"),
        ("first();\nif (one) await later();", "line 2: 'if (one) await later();'"),
        ('import { self } from "./entry.js";', "entry.js → entry.js"),
    ],
)
def test_what_joining_does_not_know_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(AssetError, match=re.escape(said)):
        join_modules(write(tmp_path, entry=text), "entry.js")


@pytest.mark.parametrize("path", PAGES)
def test_a_page_asks_for_one_script_and_one_sheet_once(client: FlaskClient, path: str) -> None:
    html = client.get(path).get_data(as_text=True)
    found = re.findall(r'(?:src|href|data-reader)="(/assets/[^"]+)"', html)
    kinds = [address.rpartition(".")[2] for address in found]
    assert sorted(kinds) == ["css", "js", *(["js"] if path == "/live" else [])]
    for address in found:
        plain, packed = (client.get(address, headers={"Accept-Encoding": c}) for c in ("", "gzip"))
        assert gzip.decompress(packed.data) == plain.data
        assert "Accept-Encoding" in plain.vary
        assert plain.cache_control.immutable
        assert plain.cache_control.max_age == 365 * 24 * 3600
        # A page of before an update gets the script of today, and does not keep it.
        other = client.get(re.sub("/assets/[0-9a-f]+/", "/assets/0/", address))
        assert (other.data, other.headers["Cache-Control"]) == (plain.data, "no-cache")


@pytest.mark.parametrize(
    "names",
    ["js/../main.js", "../../pages.css", "base+../js/x.css", "base+/etc/x.css", "no.js"],
)
def test_nothing_else_is_joined(client: FlaskClient, names: str) -> None:
    assert client.get(f"/assets/0/{names}").status_code == 404
