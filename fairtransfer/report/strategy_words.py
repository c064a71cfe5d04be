"""What each way to adapt a model does, for a reader who has never trained one."""

from __future__ import annotations

STRATEGY_WORDS = {
    "probe": "only a new last layer is learned; the model itself stays as published",
    "full": "every weight of the model goes on learning",
    "lp_ft": "first a new last layer is learned, then every weight from there (linear probe, then fine-tuning)",
    "scratch": "the same architecture trained on the same labels from random weights: adaptation without pretraining",
    "partial": "only the upper layers learn; the lower ones stay as published",
    "bitfit": "only biases and norms learn, a small part of the weights",
    "l2_sp": "every weight goes on learning, drawn back to where the published model had it",
    "gradual": "the last layer learns first, then one layer more at a time, from the top",
    "lora": "the published weights stay; small additions to some layers are learned (low-rank adaptation)",
    "majority": "always the most frequent class of the labels, or their mean: no model at all",
    "reweight": "rows are weighed so that group and class go together no more than by chance",
    "balance": "groups and classes are evened out before learning",
    "group_dro": "learning minds the group with the highest loss more and more (distributionally robust optimisation)",
    "jtt": "trained twice, the second time with the cases the first got wrong repeated (just train twice)",
    "dfr": "the last layer is learned again on cases evened out by group (deep feature reweighting)",
    "adversarial": "learned so that the group cannot be read off what the model makes of a case",
    "threshold": "the scores of the last layer are cut at another place in every group; nobody is answered without a group",
    "reductions": "last layers learned with different weights of the rows, mixed so that a fairness constraint holds",
}
