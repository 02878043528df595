#!/usr/bin/env python3
"""How good the listening files of `ahoy bench voice` sound: PESQ (wide band, ITU-T P.862.2), STOI, and the delay from
mouth to ear. Reads table.tsv and the files named in it (what was said is in said.wav if the table names nothing else);
writes scores.tsv beside them.

Usage: score.py DIR
"""

import csv
import sys
from pathlib import Path

import numpy as np
from pesq import pesq
from pystoi import stoi
from scipy.io import wavfile
from scipy.signal import correlate, resample_poly

RATE = 16_000
# Stretches for which the delay is found by themselves, s: the sound may be stretched in between.
STRETCH = 2.0
LATEST = 0.8


def read(path):
    rate, sound = wavfile.read(path)
    return resample_poly(sound.astype(np.float64) / 32768.0, RATE, rate)


def delay(said, heard):
    """How much later `said` is in `heard`, in samples; `heard` is longer by LATEST."""
    found = correlate(heard, said, mode="valid")
    power = np.convolve(heard**2, np.ones(len(said)), mode="valid")
    return int(np.argmax(found / np.sqrt(power + 1e-9)))


def stretches(said, heard):
    """Stretches with speech in them, each with what was heard of it and how much later, ms."""
    length, latest = int(STRETCH * RATE), int(LATEST * RATE)
    loud = np.sqrt(np.mean(said**2)) * 0.3
    for start in range(0, len(said) - length - latest, length):
        piece = said[start : start + length]
        if np.sqrt(np.mean(piece**2)) < loud:
            continue
        late = delay(piece, heard[start : start + length + latest])
        yield piece, heard[start + late : start + late + length], late * 1000.0 / RATE


def score(said, heard):
    pieces = list(stretches(said, heard))
    middle = float(np.median([late for _, _, late in pieces]))
    shifted = heard[int(middle * RATE / 1000) :]
    length = min(len(said), len(shifted))
    quality = pesq(RATE, said[:length], shifted[:length], "wb")
    understood = float(np.mean([stoi(piece, heard, RATE) for piece, heard, _ in pieces]))
    return quality, understood, middle


def main(folder):
    with open(folder / "table.tsv") as table:
        rows = list(csv.DictReader(table, delimiter="\t"))
    for row in rows:
        said = read(folder / row.get("said", "said.wav"))
        quality, understood, late = score(said, read(folder / row["file"]))
        row |= {"pesq": f"{quality:.2f}", "stoi": f"{understood:.3f}", "mouth_to_ear_ms": f"{late:.0f}"}
        print("\t".join(f"{value}" for value in row.values()), flush=True)
    with open(folder / "scores.tsv", "w") as scores:
        writer = csv.DictWriter(scores, rows[0].keys(), delimiter="\t", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
