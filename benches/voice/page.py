#!/usr/bin/env python3
"""Writes the scores into the page between its two marks, and draws the plot.

Usage: page.py DIR PAGE.md PLOT.png
"""

import csv
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

BEGIN, END = "<!-- scores -->", "<!-- end of scores -->"
COLUMNS = [
    ("condition", "network"),
    ("pesq", "PESQ-WB"),
    ("stoi", "STOI"),
    ("mouth_to_ear_ms", "mouth to ear, ms"),
    ("concealed_percent", "made up, %"),
    ("kbit_s", "kbit/s"),
    ("frames", "10 ms frames a packet"),
    ("copies", "copies"),
]


def main(folder, page, plot):
    with open(folder / "scores.tsv") as scores:
        rows = list(csv.DictReader(scores, delimiter="\t"))
    lines = ["| " + " | ".join(name for _, name in COLUMNS) + " |", "|---" * len(COLUMNS) + "|"]
    lines += ["| " + " | ".join(row[key] for key, _ in COLUMNS) + " |" for row in rows]
    text = page.read_text()
    head, rest = text.split(BEGIN)
    _, tail = rest.split(END)
    page.write_text(head + BEGIN + "\n" + "\n".join(lines) + "\n" + END + tail)

    figure, axes = plt.subplots(figsize=(9, 6))
    names = [row["condition"] for row in rows]
    axes.barh(names, [float(row["pesq"]) for row in rows], color="#4a7ebb")
    axes.invert_yaxis()
    axes.set_xlim(1, 4.64)
    axes.set_xlabel("PESQ-WB (ITU-T P.862.2): 1 bad, 4.64 the same")
    figure.tight_layout()
    figure.savefig(plot, dpi=110)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
