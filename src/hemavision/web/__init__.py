"""The web application: the only room that knows Flask.

All that it keeps is one record, :class:`hemavision.web.services.Services`; nothing is kept in
module globals.
"""

from __future__ import annotations

from flask import Flask

from hemavision import settings
from hemavision.reading.cell import Model, open_model
from hemavision.reading.finding.detector import DEFAULT_DETECTOR, FOLDER, Finder, open_detector
from hemavision.records.classes import load_classes
from hemavision.records.reference import load_profiles
from hemavision.store import Store
from hemavision.web import (
    assets,
    compression,
    docs,
    errors,
    identity,
    languages,
    logs,
    metrics,
    rates,
    security,
)  # fmt: skip
from hemavision.web.api import (
    accounts,
    case_cells,
    case_differential,
    case_entries,
    case_images,
    case_report,
    cases,
    classify,
    document,
    live,
    models,
    read_agreement,
    second_readings,
    smear_export,
    smears,
    trail,
)
from hemavision.web.health import health
from hemavision.web.pages import pages
from hemavision.web.services import NAME, Services

#: Everything that the application answers.
BLUEPRINTS = (
    classify.blueprint, classify.demo, smears.blueprint, smear_export.blueprint, live.blueprint,
    models.blueprint, models.cell_types, cases.blueprint, case_images.blueprint,
    case_cells.blueprint, case_entries.blueprint, case_differential.blueprint,
    case_report.blueprint, second_readings.blueprint, read_agreement.blueprint, trail.blueprint,
    accounts.blueprint, health, metrics.blueprint, document.blueprint, docs.blueprint, pages,
    assets.blueprint, languages.blueprint,
)  # fmt: skip
MIB = 2**20


def create_app(
    model: Model | None = None,
    host: str | None = None,
    finder: Finder | None = None,
    store: Store | None = None,
    *,
    without_accounts: bool = False,
) -> Flask:
    """Build the application.

    Args:
        model: that answers; the one that ``HEMAVISION_MODEL`` names if None.
        host: address that the server will listen on, as in ``HEMAVISION_HOST``: on a
            loopback address only requests for a loopback name are answered.
        finder: that finds the cells of a field; the one that ``HEMAVISION_DETECTOR`` names if
            None.
        store: of cases; the one that ``HEMAVISION_STORE`` names, opened when it is first
            needed, if None.
        without_accounts: let everybody in even where other machines can reach the server, as
            long as there are no accounts.

    Raises:
        BundleError: the model or the detector cannot be opened.
        SettingsError: a setting, the reference profile or the list of classes makes no sense.
    """
    app = Flask(__name__)
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the default provider has it
    app.config.update(
        MAX_CONTENT_LENGTH=settings.whole_number("max_body_mb") * MIB,
        MAX_IMAGES=settings.whole_number("max_images"),
        ANSWERED_HOSTS=security.answered_hosts(host or settings.text("host")),
    )
    proxies = settings.whole_number("proxies", least=0)
    if proxies:
        security.believe(app, proxies)
    detector = finder or _detector()
    # A model opened by itself would open a detector of its own beside this one.
    model = (model or open_model(settings.text("model"))).found_by(detector)
    # A laboratory's bad file stops the start.
    classes = load_classes(settings.text("classes"), model.manifest.cell_types)
    app.extensions[NAME] = Services(
        model,
        load_profiles(settings.text("reference"), classes.names()),
        classes,
        detector,
        store,
    )
    alone = security.is_loopback(host or settings.text("host")) and not proxies
    is_open = without_accounts or alone
    identity.install(app, is_open=is_open)
    for part in (logs, errors, compression, metrics, security, assets, languages):
        part.install(app)
    if not alone:
        rates.install(app, settings.whole_number("costly_a_minute", least=0))
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    return app


def _detector() -> Finder | None:
    """Open the detector; without one the rest of the application works."""
    name = settings.text("detector")
    if name == DEFAULT_DETECTOR and not (FOLDER / f"{name}.onnx").is_file():
        return None
    return open_detector(name)
