"""Label budgets: whether they fit the rows there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairtransfer.spec.choice import budget_text

if TYPE_CHECKING:
    from fairtransfer.errors import Problem
    from fairtransfer.spec.audit_files import AuditFiles


def budget_problems(files: AuditFiles, rows: int) -> list[Problem]:
    """Return what is wrong with the label budgets for so many training rows (``FT-Y019``, ``FT-Y020``, ``FT-D048``)."""
    document, audit = files.loaded.document, files.loaded.audit
    sizes: dict[int, str] = {}
    found = []
    for index, budget in enumerate(audit.label_budgets):
        size = rows if budget == "all" else budget if isinstance(budget, int) else max(1, round(float(budget) * rows))
        at = ("label_budgets", index)
        if size > rows:
            found.append(
                document.problem(
                    "FT-Y019",
                    at,
                    f"`{files.training.card.id}`: budget {size} > {rows} rows",
                    "",
                    "write a smaller budget, or `all`",
                )
            )
        elif files.numeric and size < 2:
            text = f"budget {size} < 2 rows: one number has no spread"
            found.append(document.problem("FT-D048", at, text, "", "write a larger budget"))
        elif size < len(files.classes):
            found.append(
                document.problem(
                    "FT-D048",
                    at,
                    f"budget {size} < {len(files.classes)} classes (stratified)",
                    "",
                    "write a larger budget",
                )
            )
        elif size in sizes:
            found.append(
                document.problem(
                    "FT-Y020", at, f"{sizes[size]} and {budget_text(budget)} both select {size} rows", "", "drop one"
                )
            )
        sizes[size] = budget_text(budget)
    return found
