"""Writes scikit-learn's breast cancer data as CSV files: run by the scikit-learn runtime, which ships the data.

Usage: python breast_cancer.py FOLDER. Labelled files have a header whose first column is `target`; `sample.csv` is one
request as a client sends it: feature values only. The split is stratified and always the same.
"""

import sys
from pathlib import Path

from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

_SEED = 7
_EVALUATION_ROWS = 114


def main(folder: Path) -> None:
    frame = load_breast_cancer(as_frame=True).frame
    frame.insert(0, "target", frame.pop("target"))
    rest, heldout = train_test_split(frame, test_size=_EVALUATION_ROWS, stratify=frame["target"], random_state=_SEED)
    train, test = train_test_split(rest, test_size=_EVALUATION_ROWS, stratify=rest["target"], random_state=_SEED)
    for name, part in {"train": train, "test": test, "heldout": heldout}.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        part.to_csv(folder / name / f"{name}.csv", index=False)
    heldout.drop(columns="target").head(1).to_csv(folder / "sample.csv", index=False, header=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
