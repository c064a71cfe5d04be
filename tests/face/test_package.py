"""What `ft.<TAB>` and `help(ft)` show."""

from __future__ import annotations

import pydoc
import re
import subprocess
import sys

import pytest

import fairtransfer as ft

pytestmark = pytest.mark.fast

VERBS = {
    "judge",
    "load_audit",
    "measure",
    "measure_models",
    "plan",
    "register",
    "render",
    "run",
    "use_plugin",
    "verify",
}
TYPES = {"Columns", "Finding", "Measurement", "Plan", "Policy", "Run", "Verdict"}


def test_the_package_shows_its_verbs_and_types_and_nothing_else() -> None:
    import fairtransfer.findings.build  # rooms that are imported do not show

    assert set(dir(ft)) == VERBS | TYPES | {"__version__"} == set(ft.__all__)
    assert fairtransfer.findings.build is not None


def sentences(text: str) -> dict[str, str]:
    return dict(re.findall(r"^    (\w+) {2,}(\S.*\.)$", text, re.M))


def test_help_begins_with_a_sentence_for_every_name() -> None:
    """The description comes first; what every verb takes and every type holds follows."""
    text = pydoc.plain(pydoc.render_doc(ft))
    described = sentences(ft.__doc__ or "")

    assert set(described) == VERBS | TYPES
    assert all(1 < len(sentence.split()) < 20 for sentence in described.values())
    assert text.index(described["verify"]) < text.index("FUNCTIONS")
    for verb in VERBS:
        assert re.search(rf"^    {verb}\(", text, re.M), f"help(ft) explains {verb}"


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    assert not hasattr(ft, "mesure")
    assert not hasattr(ft, "_Package")


def test_importing_and_listing_load_nothing_heavy() -> None:
    code = (
        "import sys, fairtransfer as ft; dir(ft); ft.__doc__\n"
        "print(sorted({'numpy', 'pandas', 'pyarrow', 'ibis', 'torch', 'pydantic', 'rich', 'scipy'} & set(sys.modules)))\n"
        "print(sorted(name for name in sys.modules if name.startswith('fairtransfer.')))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert done.stdout.splitlines() == ["[]", "['fairtransfer.version']"]
