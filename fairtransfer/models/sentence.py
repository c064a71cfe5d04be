"""What a checkpoint of sentence-transformers says beside its weights: pooling, prompt, length, and further modules.

They stand in files of their own (`modules.json`, `1_Pooling/config.json`, `config_sentence_transformers.json`,
`sentence_bert_config.json`), in two forms: that of version 5.4 and later (`pooling_mode`), and one switch for each way before.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from fairtransfer.errors import DefinitionError, Problem, shown
from fairtransfer.models.checkpoint import Checkpoint, read_json_object, refuse
from fairtransfer.models.weight_files import problem_of

WAYS = ("cls", "max", "mean", "mean_sqrt_len_tokens", "weightedmean", "lasttoken")
"""Ways to pool, by the library's names and in the order in which it joins several."""
_OLD = {
    "cls": "pooling_mode_cls_token",
    "max": "pooling_mode_max_tokens",
    "mean": "pooling_mode_mean_tokens",
    "mean_sqrt_len_tokens": "pooling_mode_mean_sqrt_len_tokens",
    "weightedmean": "pooling_mode_weightedmean_tokens",
    "lasttoken": "pooling_mode_lasttoken",
}
_PASSED = ("Transformer", "Pooling", "Normalize", "Dropout")
"""Modules that are carried out here, or change nothing that a head is fitted on or similarity asks for."""
_LIMIT_OF_NONE = 10**6
"""Tokenizers without a limit state a number without meaning, far above any length."""


@dataclass(frozen=True, slots=True)
class SentenceSettings:
    """What the files say.

    Attributes
    ----------
    pooling
        Ways to pool, whose results are joined; None where nothing is said.
    most_tokens
        The length at which the publisher's tools cut; None where nothing is said.
    prompt
        What stands before every text.
    dense
        Whether a further layer follows, which is not used here.
    """

    pooling: tuple[str, ...] | None = None
    most_tokens: int | None = None
    prompt: str = ""
    dense: bool = False


def sentence_settings(checkpoint: Checkpoint) -> SentenceSettings:
    """Return what a checkpoint's files say.

    Raises
    ------
    DefinitionError
        When they ask for something that is not carried out here, or cannot be read (``FT-M048``).
    """
    modules = _modules(checkpoint)
    places = [path for kind, path in modules if kind == "Pooling"] or ([] if modules else ["1_Pooling"])
    pooling = _read(checkpoint, f"{places[0]}/config.json") if places else {}
    prompt = _prompt(checkpoint)
    if prompt and pooling.get("include_prompt") is False:
        raise _refused(checkpoint, "its prompt is read and left out of the pooling", "pooling over the whole text")
    odd = [kind for kind, _ in modules if kind not in (*_PASSED, "Dense")]
    if odd or len(places) > 1:
        raise _refused(checkpoint, f"it has the module `{shown(odd[0] if odd else 'Pooling')}`", ", ".join(_PASSED))
    dense = any(kind == "Dense" for kind, _ in modules)
    return SentenceSettings(_ways(checkpoint, pooling), _limit(checkpoint, bool(modules)), prompt, dense)


def told_of(checkpoint: Checkpoint, settings: SentenceSettings) -> list[Problem]:
    """Return warnings: what of a checkpoint's settings changes how its texts are read, or is left out."""
    found = []
    if settings.prompt:
        found.append(f"every text is read behind the checkpoint's own prompt, `{shown(settings.prompt)}`")
    if settings.dense:
        found.append("the layer behind its pooling (Dense) is not used: features are what the pooling gives")
    return [replace(problem_of("FT-M049", checkpoint.source, text), severity="warning") for text in found]


def _refused(checkpoint: Checkpoint, found: str, allowed: str) -> DefinitionError:
    said = f"the checkpoint is one of sentence-transformers, and {found}; that is not carried out here"
    return refuse("FT-M048", checkpoint, said, allowed, "save the model without it, or use another")


def _read(checkpoint: Checkpoint, name: str) -> dict[str, Any]:
    path = checkpoint.folder / name
    try:
        return read_json_object(path) if path.is_file() else {}
    except (ValueError, OSError) as error:
        raise _refused(checkpoint, f"`{shown(name)}` cannot be read ({shown(str(error))})", "a JSON object") from None


def _modules(checkpoint: Checkpoint) -> list[tuple[str, str]]:
    """Return kind and folder of the modules in their order; none where the checkpoint is not of sentence-transformers."""
    path = checkpoint.folder / "modules.json"
    if not path.is_file():
        return []
    try:
        listed = json.loads(path.read_text(encoding="utf-8"))
        found = [(str(one["type"]).rpartition(".")[2], str(one["path"])) for one in listed]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _refused(checkpoint, "`modules.json` cannot be read", "a list of modules") from None
    for _, place in found:
        if place and not re.fullmatch(r"[\w-]+", place):
            raise _refused(checkpoint, f"a module lies in `{shown(place)}`", "a folder beside the weights")
    return found


def _ways(checkpoint: Checkpoint, pooling: Mapping[str, Any]) -> tuple[str, ...] | None:
    if not pooling:
        return None
    named = pooling.get("pooling_mode")
    if named is None:
        return tuple(way for way, switch in _OLD.items() if pooling.get(switch)) or ("mean",)
    ways = (named,) if isinstance(named, str) else tuple(named) if isinstance(named, list) else (named,)
    odd = [way for way in ways if way not in WAYS]
    if odd or not ways:
        raise _refused(checkpoint, f"it pools by `{shown(odd[0] if odd else named)}`", f"{', '.join(WAYS)}")
    return ways


def _prompt(checkpoint: Checkpoint) -> str:
    """Return the prompt that stands before a text unless another is asked for; most models have none."""
    config = _read(checkpoint, "config_sentence_transformers.json")
    name, prompts = config.get("default_prompt_name"), config.get("prompts")
    if name is None:
        return ""
    prompt = prompts.get(name) if isinstance(prompts, dict) else None
    if not isinstance(prompt, str):
        raise _refused(
            checkpoint, f"its default prompt `{shown(name)}` is not among its prompts", "a prompt with this name"
        )
    return prompt


def _limit(checkpoint: Checkpoint, is_one: bool) -> int | None:  # noqa: FBT001  # whether it is of sentence-transformers
    """Return where the publisher's tools cut texts: said in the old form, or of the tokenizer in the new one."""
    said = [_read(checkpoint, "sentence_bert_config.json").get("max_seq_length")]
    if is_one:
        said.append(_read(checkpoint, "tokenizer_config.json").get("model_max_length"))
    found = [n for n in said if isinstance(n, int) and not isinstance(n, bool) and 0 < n < _LIMIT_OF_NONE]
    return min(found, default=None)
