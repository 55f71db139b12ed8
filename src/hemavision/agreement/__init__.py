"""Two readers of the same cells or the same slides, or a reader and a model: how far they agree."""

from hemavision.agreement.bland_altman import BlandAltman, find_limits, find_limits_by_type
from hemavision.agreement.plot import draw_bland_altman
from hemavision.agreement.readers import Agreement, Kappa, TypeAgreement, compare_readers

__all__ = [
    "Agreement",
    "BlandAltman",
    "Kappa",
    "TypeAgreement",
    "compare_readers",
    "draw_bland_altman",
    "find_limits",
    "find_limits_by_type",
]
