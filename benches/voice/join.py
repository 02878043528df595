#!/usr/bin/env python3
"""Joins WAV files of one rate, with half a second between them. Usage: join.py OUT.wav IN.wav…"""

import sys

import numpy as np
from scipy.io import wavfile


def main(out, names):
    parts, rate = [], None
    for name in names:
        rate, sound = wavfile.read(name)
        parts += [sound, np.zeros(rate // 2, dtype=sound.dtype)]
    wavfile.write(out, rate, np.concatenate(parts))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
