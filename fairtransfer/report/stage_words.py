"""What the two models of a report are called in sentences: before and after adaptation, or by the names they were given with."""

from __future__ import annotations

from dataclasses import dataclass

from fairtransfer.findings.study import Study


@dataclass(frozen=True, slots=True)
class StageWords:
    """How sentences name two models, and what led from one to the other.

    Attributes
    ----------
    before, after
        Behind a verb: `before adaptation`, `after adaptation`.
    step
        What led from the first to the second, as the subject of a sentence.
    both
        Both at once, in a title.
    published
        What the first is called in a legend.
    """

    before: str
    after: str
    step: str
    both: str
    published: str


ADAPTED = StageWords(
    "before adaptation", "after adaptation", "adaptation", "before and after adaptation", "the model as published"
)


def stage_words(study: Study) -> StageWords:
    """Return what the models of a study are called."""
    if study.adapted:
        return ADAPTED
    if not (study.before_name and study.after_name):
        both = "with the models before and after"
        return StageWords(
            "with the model before", "with the model after", "the change of models", both, "the model before"
        )
    old, new = study.before_name, study.after_name
    return StageWords(f"with {old}", f"with {new}", f"going from {old} to {new}", f"with {old} and with {new}", old)
