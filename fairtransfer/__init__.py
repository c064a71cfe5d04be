"""What adapting a pretrained model does to each group of people it will serve: measured, judged, written down."""

from __future__ import annotations

__version__ = "0.1.0"
