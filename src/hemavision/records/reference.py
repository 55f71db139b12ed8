"""Reference ranges, functions and clinical significance of the cell types, with sources.

Ranges come from a TOML file, a *profile*, because every laboratory has its own; the shipped
ones lie in ``profiles/``. What a cell does and what a high or low count may mean is the same
everywhere and is written here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hemavision.errors import SettingsError
from hemavision.records.cells import BEYOND_MODELS, EIGHT_TYPES
from hemavision.records.critical import MOST, CriticalRule
from hemavision.records.json_values import Positive, Record, as_json, of_type
from hemavision.records.laboratory_files import (
    find_file,
    read_file,
    refuse_unknown,
    shipped_names,
    text_of,
)
from hemavision.words import _

ABSOLUTE_UNIT = "10^9/L"
SHIPPED = Path(__file__).parents[1] / "profiles"
#: The profile that is used unless a laboratory gives its own.
DEFAULT = "default"

Range = tuple[Positive, Positive]


@dataclass(frozen=True)
class CellContext:
    """What is worth knowing about a cell type.

    Attributes:
        display_name: for people.
        function: what the cell does.
        high: what a count above the range may mean.
        low: what a count below the range may mean.
        source: where function, high and low come from.
    """

    display_name: str
    function: str
    high: str
    low: str
    source: str


_HISTOLOGY = "StatPearls, Histology, White Blood Cell (NCBI Bookshelf NBK563148)"
_DIFFERENTIAL = "MedlinePlus, Blood differential test (article 003657)"
_MONOCYTOPENIA = "MSD Manual Professional Edition, Monocytopenia"
_EOSINOPENIA = "Global Library of Women's Medicine, White Blood Cell Differential Count"
_LEFT_SHIFT = "medschool.co, Left shift of neutrophils"
_NUCLEATED = (
    "Constantino & Cogionis 2000, Nucleated RBCs: significance in the peripheral blood film, "
    "Laboratory Medicine 31(4)"
)
_PLATELETS = "Anticancer Fund, glossary, blood platelets; MSD Veterinary Manual, Platelets"

CONTEXT = {
    "eosinophil": CellContext(
        "Eosinophil",
        "Releases toxic granule proteins against parasites too large to be swallowed, and "
        "takes part in allergic inflammation.",
        "Allergy, asthma or a drug reaction; parasitic worms; autoimmune disease; less often "
        "a blood cancer or a hypereosinophilic syndrome.",
        "Usually stress or steroid treatment; a low count alone is seldom a problem.",
        f"{_HISTOLOGY}; {_DIFFERENTIAL}; {_EOSINOPENIA}",
    ),
    "lymphocyte": CellContext(
        "Lymphocyte",
        "Carries the adaptive immune response: B cells make antibodies, T cells direct the "
        "response and kill infected cells, natural killer cells kill without prior contact.",
        "Viral infection such as infectious mononucleosis or hepatitis; chronic bacterial "
        "infection; lymphocytic leukaemia or myeloma.",
        "Steroids, chemotherapy or radiation; HIV infection; sepsis.",
        f"{_HISTOLOGY}; {_DIFFERENTIAL}",
    ),
    "monocyte": CellContext(
        "Monocyte",
        "Leaves the blood to become a macrophage or dendritic cell, which swallows microbes "
        "and debris and shows their pieces to lymphocytes.",
        "Chronic inflammation; tuberculosis; viral or parasitic infection; some leukaemias.",
        "Chemotherapy or steroids; hairy cell leukaemia and other blood cancers; some "
        "infections; rarely an inherited GATA2 defect.",
        f"{_HISTOLOGY}; {_DIFFERENTIAL}; {_MONOCYTOPENIA}",
    ),
    "neutrophil": CellContext(
        "Neutrophil",
        "First at the site of a bacterial or fungal infection: swallows and kills microbes "
        "with its granules.",
        "Acute infection; inflammation; injury or acute stress; smoking; some leukaemias and "
        "myeloproliferative diseases.",
        "Chemotherapy or radiation; viral infection; aplastic anaemia; overwhelming bacterial "
        "infection. The lower the count, the higher the risk of infection.",
        f"{_HISTOLOGY}; {_DIFFERENTIAL}",
    ),
    "basophil": CellContext(
        "Basophil",
        "Releases histamine and other mediators in allergic and inflammatory reactions.",
        "Allergic reaction; chronic myeloid leukaemia and other myeloproliferative diseases.",
        "Acute infection, severe injury or allergy; hard to tell from normal, as the normal "
        "count is close to zero.",
        f"{_HISTOLOGY}; {_DIFFERENTIAL}",
    ),
    "immature_granulocyte": CellContext(
        "Immature granulocyte",
        "Promyelocytes, myelocytes and metamyelocytes: precursors of neutrophils, which mature in "
        "the bone marrow.",
        "A left shift: infection, inflammation or other stress on the marrow; pregnancy; treatment "
        "with G-CSF; myeloproliferative disease, leukaemia or another infiltration of the marrow.",
        "None are expected in a healthy adult's blood.",
        _LEFT_SHIFT,
    ),
    "erythroblast": CellContext(
        "Erythroblast",
        "A red cell that still has its nucleus, which it normally loses before it leaves the bone "
        "marrow. It is no white cell and is reported for each 100 of them.",
        "Beyond the first days of life a sign of damage to the bone marrow or stress on it: "
        "hypoxia, haemolytic or megaloblastic anaemia, cancer, chemotherapy; a missing or "
        "overloaded spleen.",
        "None are expected in an adult's blood.",
        _NUCLEATED,
    ),
    "platelet": CellContext(
        "Platelet",
        "A fragment of a megakaryocyte, without a nucleus: gathers where a vessel is hurt and "
        "begins the clot. It is no white cell.",
        "A risk of thrombosis, at very high counts also of bleeding; a smear shows single "
        "platelets, and counting them is an analyser's work.",
        "A risk of bleeding. Clumps in the smear can make an analyser's count falsely low.",
        _PLATELETS,
    ),
}


@dataclass(frozen=True)
class Significance:
    """What a count outside the range may mean."""

    high: str
    low: str


@dataclass(frozen=True)
class CellDescription(Record):
    """A cell type's reference ranges and meaning.

    Attributes:
        percent: lowest and highest share of the white cells, 0 to 100; null where not given.
        absolute: lowest and highest count in blood; null where not given.
    """

    name: str
    display_name: str
    percent: Range | None
    absolute: Range | None
    absolute_unit: str
    function: str
    significance: Significance
    source: str


def without_range(name: str) -> CellDescription:
    """Return a type's meaning, with no ranges."""
    context = CONTEXT[name]
    significance = Significance(context.high, context.low)
    source = _("Function and significance: {source}.", source=context.source)
    return CellDescription(
        name,
        context.display_name,
        None,
        None,
        ABSOLUTE_UNIT,
        context.function,
        significance,
        source,
    )


def display_name(name: str) -> str:
    """Return a type's name for people, whether or not it is known here."""
    words = type_words(name)
    return words[:1].upper() + words[1:]


def type_words(name: str) -> str:
    """Return a type's name as it stands within a sentence."""
    return _(name.replace("_", " "))


def types_words(name: str) -> str:
    """Return what several cells of a type are called within a sentence."""
    several = name.replace("_", " ") + "s"
    return _(several)


@dataclass(frozen=True)
class CellReference:
    """One cell type's ranges in one profile.

    Attributes:
        name: of the cell type.
        percent: lowest and highest share of the white cells, 0 to 100.
        absolute: lowest and highest count in 10⁹ cells per litre; None where not given.
        source: where the ranges come from.
    """

    name: str
    percent: Range
    absolute: Range | None
    source: str

    @property
    def context(self) -> CellContext:
        """What is worth knowing about the type."""
        return CONTEXT[self.name]

    def described(self) -> CellDescription:
        """Return ranges and context."""
        meaning = without_range(self.name)
        source = _("Ranges: {ranges}. {meaning}", ranges=self.source, meaning=meaning.source)
        return replace(meaning, percent=self.percent, absolute=self.absolute, source=source)


@dataclass(frozen=True)
class Profile:
    """A set of reference ranges.

    Attributes:
        name: short name.
        title: for people.
        source: where its ranges come from.
        cell_types: in alphabetical order.
        critical: cells that must not be overlooked, the weightiest first.
    """

    name: str
    title: str
    source: str
    cell_types: tuple[CellReference, ...]
    critical: tuple[CriticalRule, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return all that the profile says as JSON values, to be kept."""
        ranges = {cell.name: as_json(cell) for cell in self.cell_types}
        for kept in ranges.values():
            del kept["name"]
        texts = {"name": self.name, "title": self.title, "source": self.source}
        return texts | {"cell_types": ranges, "critical": as_json(self.critical)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Profile:
        """Return what :meth:`to_json` gave, whatever types are known by now."""
        named = sorted(values["cell_types"].items())
        cells = tuple(of_type({"name": name} | kept, CellReference) for name, kept in named)
        # What was signed before there were any has none.
        critical = tuple(of_type(kept, CriticalRule) for kept in values.get("critical", ()))
        return cls(values["name"], values["title"], values["source"], cells, critical)


@dataclass(frozen=True)
class Profiles:
    """The reference ranges that a server or a command line can read counts against.

    Attributes:
        own: its own, for whatever names none.
        by_name: all of them, the shipped ones and its own.
    """

    own: Profile
    by_name: Mapping[str, Profile]

    def find(self, name: str) -> Profile:
        """Return a profile by name; an empty one is the own.

        Raises:
            SettingsError: there is none of that name here.
        """
        if not name:
            return self.own
        if name not in self.by_name:
            known = ", ".join(sorted(self.by_name))
            raise SettingsError(f"No profile {name!r}; there are {known} here.")
        return self.by_name[name]


def load_profiles(own: str | Path, also: Iterable[str] = ()) -> Profiles:
    """Load every shipped profile and a laboratory's own.

    Args:
        own: a shipped one's name or a file, as the setting ``reference`` has it.
        also: as for :func:`load_profile`.

    Raises:
        SettingsError: as for :func:`load_profile`.
    """
    chosen = load_profile(own, also)
    shipped = {name: load_profile(name) for name in shipped_profiles()}
    return Profiles(chosen, shipped | {chosen.name: chosen})


def shipped_profiles() -> list[str]:
    """Return the names of the profiles inside the package, sorted."""
    return shipped_names(SHIPPED)


def load_profile(name_or_path: str | Path, also: Iterable[str] = ()) -> Profile:
    """Load a shipped profile by name, or a laboratory's own TOML file.

    Args:
        name_or_path: of it.
        also: classes of the laboratory's own that it may have ranges and rules for.

    Raises:
        SettingsError: there is no such profile, or what it says cannot be used.
    """
    path = find_file(name_or_path, SHIPPED, "reference profile")
    return _profile(read_file(path, "profile"), path, tuple(also))


def _profile(values: dict[str, Any], path: Path, also: tuple[str, ...]) -> Profile:
    refuse_unknown(values, {"name", "title", "source", "cell_types", "critical"}, str(path))
    texts = {key: text_of(values, key, path) for key in ("name", "title", "source")}
    tables = values.get("cell_types")
    if not isinstance(tables, dict) or not tables:
        raise SettingsError(f"{path} has no [cell_types.…] table.")
    known = (*CONTEXT, *also)
    cells = (_cell(name, tables[name], path, texts["source"], known) for name in sorted(tables))
    # Who says nothing of critical cells has those of the default.
    silent = "critical" not in values and path.stem != DEFAULT
    critical = load_profile(DEFAULT).critical if silent else _critical(values, path, also)
    return Profile(cell_types=tuple(cells), critical=critical, **texts)


def _critical(
    values: dict[str, Any], path: Path, also: tuple[str, ...]
) -> tuple[CriticalRule, ...]:
    tables = values.get("critical", {})
    if not isinstance(tables, dict):
        raise SettingsError(f"{path}: critical must be tables, such as [critical.blast].")
    rules, known = [], dict.fromkeys((*EIGHT_TYPES, *BEYOND_MODELS, *also))
    for name, table in tables.items():
        where = f"{path}: critical.{name}"
        if name not in known:
            raise SettingsError(f"{where} is not a known cell type ({', '.join(known)}).")
        if not isinstance(table, dict):
            raise SettingsError(f'{where} must be a table with source = "…", and maybe above = 2.')
        refuse_unknown(table, {"above", "source"}, where)
        above = table.get("above", 0)
        # A NaN fails the comparison too.
        if isinstance(above, bool) or not isinstance(above, int | float) or not 0 <= above <= MOST:
            raise SettingsError(
                f"{where}.above is {above!r}; it must be a number of cells for each 100 white "
                f"ones, 0 to {MOST:g}."
            )
        rules.append(CriticalRule(name, float(above), text_of(table, "source", path)))
    return tuple(rules)


def _cell(name: str, table: object, path: Path, source: str, known: Iterable[str]) -> CellReference:
    where = f"{path}: cell_types.{name}"
    if name not in known:
        raise SettingsError(f"{where} is not a known cell type ({', '.join(sorted(set(known)))}).")
    if not isinstance(table, dict) or "percent" not in table:
        raise SettingsError(f"{where} must be a table with percent = [low, high].")
    refuse_unknown(table, {"percent", "absolute"}, where)
    percent = _range(table["percent"], f"{where}.percent", highest=100.0)
    absolute = None
    if "absolute" in table:
        absolute = _range(table["absolute"], f"{where}.absolute", highest=1000.0)
    return CellReference(name, percent, absolute, source)


def _range(value: object, where: str, highest: float) -> Range:
    numbers = value if isinstance(value, list) else []
    sound = len(numbers) == 2 and all(
        isinstance(number, (int, float)) and not isinstance(number, bool) for number in numbers
    )
    # A NaN fails the comparison too.
    if not sound or not 0 <= numbers[0] < numbers[1] <= highest:
        raise SettingsError(
            f"{where} is {value!r}; it must be [low, high] with 0 ≤ low < high ≤ {highest:g}."
        )
    return float(numbers[0]), float(numbers[1])
