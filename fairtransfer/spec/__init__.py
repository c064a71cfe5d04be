"""What is asked: audits and data cards, read strictly, every problem at once."""

from __future__ import annotations

from fairtransfer.spec.audit import Audit, LoadedAudit
from fairtransfer.spec.audit_files import AuditFiles
from fairtransfer.spec.card import Card, LoadedCard
from fairtransfer.spec.card_reading import read_card
from fairtransfer.spec.check import load_audit, load_card
from fairtransfer.spec.reading import read_audit
from fairtransfer.spec.schema import json_schema

__all__ = [
    "Audit",
    "AuditFiles",
    "Card",
    "LoadedAudit",
    "LoadedCard",
    "json_schema",
    "load_audit",
    "load_card",
    "read_audit",
    "read_card",
]
