"""What metrics are called elsewhere, and what stands nearest to those that are not measured here."""

from __future__ import annotations

from collections.abc import Mapping

CALLED: Mapping[str, str] = {
    "tpr": "true_positive_rate", "sensitivity": "true_positive_rate", "hit_rate": "true_positive_rate",
    "fnr": "false_negative_rate", "miss_rate": "false_negative_rate", "fpr": "false_positive_rate",
    "fall_out": "false_positive_rate",
    "tnr": "true_negative_rate", "specificity": "true_negative_rate", "ppv": "precision", "npv": "negative_predictive_value",
    "fdr": "false_discovery_rate", "for": "false_omission_rate", "f1": "f1_score", "f1_macro": "macro_f1",
    "macro_f1_score": "macro_f1",
    "accuracy_score": "accuracy", "precision_score": "precision", "recall_score": "recall", "zero_one_loss": "error_rate",
    "balanced_accuracy_score": "balanced_accuracy", "macro_recall": "balanced_accuracy", "demographic_parity": "selection_rate",
    "positive_rate": "selection_rate", "roc_auc": "auc", "auroc": "auc", "roc_auc_score": "auc", "brier": "brier_score",
    "brier_score_loss": "brier_score", "cross_entropy": "log_loss", "ece": "debiased_ece", "mae": "mean_absolute_error",
    "rmse": "root_mean_squared_error", "bias": "mean_error", "mean_bias": "mean_error", "mean_bias_error": "mean_error",
    "mbe": "mean_error", "statistical_parity": "selection_rate", "equal_opportunity": "true_positive_rate",
}  # fmt: skip
"""Another name -> ours."""

NEAREST: Mapping[str, str] = {
    "mcc": "balanced_accuracy", "matthews_corrcoef": "balanced_accuracy", "kappa": "balanced_accuracy",
    "cohen_kappa": "balanced_accuracy", "cohen_kappa_score": "balanced_accuracy", "average_precision": "auc",
    "average_precision_score": "auc", "auprc": "auc", "pr_auc": "auc", "f_beta": "f1_score", "fbeta_score": "f1_score",
    "f2_score": "f1_score", "jaccard": "f1_score", "jaccard_score": "f1_score", "mean_squared_error": "root_mean_squared_error",
    "mse": "root_mean_squared_error", "r2": "mean_absolute_error", "r2_score": "mean_absolute_error",
    "median_absolute_error": "mean_absolute_error", "hamming_loss": "error_rate",
}  # fmt: skip
"""A metric that is not measured, as no limits of it are known that hold in small groups -> the one that says most of the same."""


def hint_of(name: str) -> tuple[str, str]:
    """Return our metric that another name stands for or comes nearest to, and how to say so; nothing for names nobody uses."""
    plain = name.strip().casefold().replace("-", "_").replace(" ", "_")
    if plain in CALLED:
        return CALLED[plain], f"it is called `{CALLED[plain]}` here"
    if plain in NEAREST:
        why = "it is not measured, as no limits of it are known that hold in small groups"
        return NEAREST[plain], f"{why}; nearest is `{NEAREST[plain]}`"
    return "", ""
