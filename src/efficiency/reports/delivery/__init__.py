"""Where the reports of an evaluation go, and how they get there whole."""

from efficiency.reports.delivery.folders import PlaceError, reports_folder
from efficiency.reports.delivery.staged import (
    RETURNED,
    TOWNS,
    Delivery,
    DeliveryError,
    deliver,
    exchange,
    require_places,
    require_replaceable,
    staging,
)

__all__ = [
    "RETURNED",
    "TOWNS",
    "Delivery",
    "DeliveryError",
    "PlaceError",
    "deliver",
    "exchange",
    "reports_folder",
    "require_places",
    "require_replaceable",
    "staging",
]
