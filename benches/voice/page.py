#!/usr/bin/env python3
"""Writes scores into the page between the marks of their table, and draws the plot, if there is one.

Usage: page.py voice|echo DIR PAGE.md [PLOT.png]
"""

import csv
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

TABLES = {
    "voice": [
        ("condition", "network"),
        ("pesq", "PESQ-WB"),
        ("stoi", "STOI"),
        ("mouth_to_ear_ms", "mouth to ear, ms"),
        ("concealed_percent", "made up, %"),
        ("kbit_s", "kbit/s"),
        ("frames", "10 ms frames a packet"),
        ("copies", "copies"),
    ],
    "echo": [
        ("condition", "room, canceller"),
        ("erle_db", "echo quieter by, dB"),
        ("double_talk_erle_db", "in pauses of double talk, dB"),
        ("pesq", "PESQ-WB of who speaks into it"),
        ("stoi", "STOI"),
    ],
}


def main(table, folder, page, plot=None):
    columns = TABLES[str(table)]
    begin, end = f"<!-- {table} -->", f"<!-- end of {table} -->"
    with open(folder / "scores.tsv") as scores:
        rows = list(csv.DictReader(scores, delimiter="\t"))
    lines = ["| " + " | ".join(name for _, name in columns) + " |", "|---" * len(columns) + "|"]
    lines += ["| " + " | ".join(row[key].replace("NaN", "–") for key, _ in columns) + " |" for row in rows]
    text = page.read_text()
    head, rest = text.split(begin)
    _, tail = rest.split(end)
    page.write_text(head + begin + "\n" + "\n".join(lines) + "\n" + end + tail)
    if plot is None:
        return

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
