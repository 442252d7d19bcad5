"""What the page says in numbers and words."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from digits.report.findings import NAMES, Findings


def numbers(findings: Findings) -> dict[str, Any]:
    """Return what the templates name, but for charts and images."""
    weights = findings.weights
    return {
        "scores": findings.scores,
        "p_value": p_value(findings.scores["hidden_vs_basic"]["mcnemar_p"]),
        "learned": len(findings.dataset.train_labels),
        "tested": len(findings.predictions["basic"]),
        "layers": {name: layers(weights[name]) for name in NAMES},
        "parameters": {name: sum(array.size for array in weights[name]) for name in NAMES},
        "validated": "val_accuracy" in findings.histories["basic"],
        "hardest": hardest(findings),
        "kept": {name: findings.mean_robustness[name]["mean_accuracy"] for name in NAMES},
        "dataset": findings.described,
        "settings": findings.settings,
        "versions": findings.versions,
        "hashes": findings.hashes,
    }


def p_value(p: float) -> str:
    """Write a p-value as it is usually written: none below a thousandth."""
    return "< 0.001" if p < 0.001 else f"= {p:.3f}"


def layers(weights: list[NDArray[np.float32]]) -> list[int]:
    """Return the sizes of a model's layers, the input first."""
    return [len(weights[0]), *(len(bias) for bias in weights[1::2])]


def hardest(findings: Findings) -> str:
    """Say which digit each model finds least often."""
    said = []
    for name in NAMES:
        recall = findings.classes[name]["recall"].to_numpy()
        said.append(f"{np.nanargmin(recall)} for {name} ({np.nanmin(recall):.1%} found)")
    return f"The hardest digit is {' and '.join(said)}."
