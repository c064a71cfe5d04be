"""Energy a job took, as codecarbon estimates it offline from the machine's parts and the country's electricity."""

from __future__ import annotations

import importlib.util
import logging
from importlib import metadata
from typing import Any, final

from fairtransfer.errors import DefinitionError, Problem, shown

NO_COUNTRY = "no country was given (`--country`)"
NOT_INSTALLED = 'codecarbon is not installed: pip install "fairtransfer[energy]"'

Spent = dict[str, float | None]
NOTHING: Spent = {"energy_kwh": None, "emissions_kg_co2": None}


def why_not(country: str | None) -> str:
    """Return why energy will not be estimated; empty if it will be."""
    if importlib.util.find_spec("codecarbon") is None:
        return NOT_INSTALLED
    return "" if country else NO_COUNTRY


def check_country(country: str | None) -> None:
    """Refuse a country that codecarbon does not know: it would silently take the world's mean (``FT-P092``).

    Raises
    ------
    DefinitionError
        Before anything is run.
    """
    if country is None or importlib.util.find_spec("codecarbon") is None:
        return
    _silence()
    from codecarbon.input import DataSource

    if country not in DataSource().get_global_energy_mix_data():
        found = f"--country `{shown(country)}` is not a country codecarbon knows"
        raise DefinitionError([Problem("FT-P092", found, "three letters of ISO 3166, such as CMR or FRA")])


def _silence() -> None:
    logging.getLogger("codecarbon").setLevel(logging.CRITICAL)


@final
class EnergyMeter:
    """Estimates one piece of work after the other; says why not where it cannot."""

    def __init__(self, country: str | None) -> None:
        self.country, self.reason = country, why_not(country)
        self._tracker: Any = None
        self._running = False

    def start(self) -> None:
        """Begin a piece of work."""
        if self.reason:
            return
        if self._tracker is None:
            self._tracker = self._made()
        if self._running:  # what came before ended without a result, and nobody asked
            self._tracker.stop_task()
        self._tracker.start_task()
        self._running = True

    def read(self) -> Spent:
        """Return what was spent since the start: kWh, and kilograms of CO2 equivalents."""
        if self.reason:
            return dict(NOTHING)
        found, self._running = self._tracker.stop_task(), False
        return {"energy_kwh": float(found.energy_consumed), "emissions_kg_co2": float(found.emissions)}

    def record(self) -> dict[str, Any]:
        """Return how it was estimated, or why not."""
        if self.reason:
            return {"status": "not_measured", "reason": self.reason}
        method = f"codecarbon {metadata.version('codecarbon')}, this process's share of the machine, offline"
        return {"status": "estimated", "method": method, "country": self.country}

    def _made(self) -> Any:
        _silence()
        from codecarbon import OfflineEmissionsTracker

        tracker = OfflineEmissionsTracker(
            country_iso_code=self.country,
            output_methods=[],
            log_level="critical",
            tracking_mode="process",
            allow_multiple_runs=True,
        )
        # The first piece of work would pay for looking at the machine, which takes seconds.
        tracker.start_task()
        tracker.stop_task()
        return tracker
