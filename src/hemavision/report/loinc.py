"""LOINC codes of a manual differential of blood.

Sources, read in November 2026: the panel and its members' codes without a method are on
https://loinc.org/24318-8 (24318-8 Manual Differential panel - Blood); the codes of manual counts
were checked against a published page of the code (744-3, 44095-8: healthassure.in/codes), against
lists of LOINC long names in public repositories (23761-0, 714-6, 707-0, 737-7, 709-6, 753-4,
732-8, 743-5, 712-0, 705-4, 13047-6, 13046-8, 38518-7) and against the list that Mindray's BC-5380
sends for a microscopic count (737-7, 744-3, 714-6, 707-0, and 18309-5 for nucleated red cells).
26464-8 for a white cell count whose method nobody said: https://loinc.org/26464-8.

Names are LOINC's long common names as they stand since "/Leukocytes" took the place of "/100
leukocytes". Where LOINC has no code for a manual count of a type, the code without a method is
taken; a type without any code is sent with its name alone. Codes of shares stand in the lists of
classes (``classes/*.toml``); those of ``stages.toml`` are of manual counts, too: 764-1, 740-1 and
749-2 by the same lists of long names, and, with 783-1 for promyelocytes, by Mindray's list, which
sends them in the order of maturation. The lists' reader holds every code to its check digit.
LOINC is copyright Regenstrief Institute and the LOINC Committee, free of charge under
https://loinc.org/license.
"""

from __future__ import annotations

from dataclasses import dataclass

SYSTEM = "http://loinc.org"


@dataclass(frozen=True)
class Code:
    """A code and its long common name, empty where nobody said it."""

    code: str
    display: str


PANEL = Code("24318-8", "Manual Differential panel - Blood")
WHITE_CELLS = Code("26464-8", "Leukocytes [#/volume] in Blood")
NUCLEATED_RED = Code(
    "18309-5", "Nucleated erythrocytes/Leukocytes [Ratio] in Blood by Manual count"
)
#: Cells in a volume of blood.
ABSOLUTES = {
    "neutrophil": Code("753-4", "Neutrophils [#/volume] in Blood by Manual count"),
    "lymphocyte": Code("732-8", "Lymphocytes [#/volume] in Blood by Manual count"),
    "monocyte": Code("743-5", "Monocytes [#/volume] in Blood by Manual count"),
    "eosinophil": Code("712-0", "Eosinophils [#/volume] in Blood by Manual count"),
    "basophil": Code("705-4", "Basophils [#/volume] in Blood by Manual count"),
}
