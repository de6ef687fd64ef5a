"""Speech recognition: connected spoken digits in noise, trained without alignments (CTC).

    python examples/rec_digits_speech.py [--languages en,es,fr,it,ru] [--plot digits.png]

Data: the spoken digits of Debian's packages asterisk-core-sounds-*-wav (en, es: Allison Smith, fr: June Wallack, CC
BY-SA 3.0; it: Carlo Flora, ru: Maxim Topal, CC BY 3.0).  Missing packages are downloaded with ``apt-get download`` (18
to 24 MB a language, no root needed) and unpacked with ``dpkg-deb -x`` into ~/.cache/deepseek, so it needs Debian or
a derivative; ``--sounds FOLDER`` reads folders en, es, … with files 0.wav to 9.wav instead.

There is one speaker per language and one recording of each digit.  Random sequences are composed of them; speed and
loudness of each digit vary, and noise is added.  The test sequences use the same recordings with other orders and
other noise, so the results say nothing about unknown speakers.

Baseline: the nearest template, which is the mean of time-normalised training examples of a digit.  It gets the true
boundaries of every digit; the Rec does not.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
import wave
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

import deepseek as ds

CACHE = Path.home() / ".cache" / "deepseek"
RATE, FRAME, HOP, BANDS = 8000, 256, 160, 24
TRAINING, TEST, EPOCHS = 1000, 300, 8
LOUD = (0.0, 30.0)  # signal to noise in training, dB
TESTS = {
    "noise as in training": LOUD,
    "quiet, 30 dB": (30.0, 30.0),
    "loud noise, 0 dB": (0.0, 0.0),
    "louder than in training, -5 dB": (-5.0, -5.0),
}

Sound = NDArray[np.float64]


class Spoken(NamedTuple):
    """A sequence: its digits, its frames, and the range of frames of each digit."""

    digits: NDArray[np.int64]
    frames: NDArray[np.float32]
    bounds: list[slice]


def fetch(language: str) -> Path:
    """Return the folder of a language's digits; download and unpack the Debian package if it is not there."""
    folder = CACHE / f"asterisk-{language}"
    if not folder.exists():
        package = f"asterisk-core-sounds-{language}-wav"
        print(f"downloading the Debian package {package}")
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as work:
            try:
                subprocess.run(["apt-get", "-q", "download", package], cwd=work, check=True)
                archive = next(Path(work).glob("*.deb"))
                subprocess.run(["dpkg-deb", "-x", str(archive), f"{work}/files"], check=True)
            except (FileNotFoundError, subprocess.CalledProcessError) as error:
                raise SystemExit(
                    f"the recordings cannot be downloaded: {error}; use --sounds FOLDER"
                ) from None
            if not folder.exists():  # another run may have been faster
                Path(work, "files").rename(folder)
    return next(folder.glob("usr/share/asterisk/sounds/*/digits"))


def read(path: Path) -> Sound:
    """Return a recording without the silence around it, scaled to a power of 1."""
    with wave.open(str(path)) as file:
        if (file.getframerate(), file.getnchannels(), file.getsampwidth()) != (RATE, 1, 2):
            raise ValueError(f"{path}: got another format; expected 8 kHz, one channel and 16 bits")
        sound = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype(np.float64)
    level = np.convolve(np.abs(sound), np.ones(160) / 160, mode="same")
    heard = np.flatnonzero(level > 0.03 * level.max())
    sound = sound[heard[0] : heard[-1] + 1]
    return sound / np.sqrt(np.mean(np.square(sound)))


def mel_filters() -> NDArray[np.float64]:
    """Return triangular filters (frequencies, bands) of equal width on the mel scale."""
    top = 2595 * np.log10(1 + RATE / 2 / 700)
    edges = 700 * (10 ** (np.linspace(80, top, BANDS + 2) / 2595) - 1)
    rising = (np.fft.rfftfreq(FRAME, 1 / RATE)[:, None] - edges[:-1]) / np.diff(edges)
    return np.maximum(0.0, np.minimum(rising[:, :-1], 1 - rising[:, 1:]))


FILTERS = mel_filters()


def log_mel(sound: Sound) -> NDArray[np.float32]:
    """Return the log energy of each band at 50 frames a second, minus its mean over the sequence."""
    frames = np.lib.stride_tricks.sliding_window_view(sound, FRAME)[::HOP] * np.hanning(FRAME)
    energy = np.square(np.abs(np.fft.rfft(frames))) @ FILTERS
    bands = np.log(energy + 1e-3)
    return ((bands - bands.mean(axis=0)) / 3).astype(np.float32)


def noise(rng: np.random.Generator, length: int) -> Sound:
    """Return noise of power 1 with a random spectrum between white and pink."""
    spectrum = np.fft.rfft(rng.standard_normal(length))
    spectrum /= np.maximum(1, np.arange(len(spectrum))) ** rng.uniform(0, 0.5)
    sound = np.fft.irfft(spectrum, length)
    return sound / np.sqrt(np.mean(np.square(sound)))


def say(voice: list[Sound], rng: np.random.Generator, decibels: float) -> Spoken:
    """Compose two to seven random digits with random speeds, loudness and short pauses, and add noise."""
    digits = rng.integers(0, 10, rng.integers(2, 8))
    pieces: list[Sound] = [np.zeros(rng.integers(FRAME, 2000))]
    bounds = []
    for digit in digits:
        recording = voice[digit]
        length = int(len(recording) / rng.uniform(0.75, 1.35))
        stretched = np.interp(
            np.linspace(0, len(recording) - 1, length), np.arange(len(recording)), recording
        )
        start = sum(map(len, pieces))
        bounds.append(slice(start // HOP, max(start // HOP + 1, (start + length - FRAME) // HOP)))
        pieces += [stretched * 10 ** (rng.uniform(-5, 5) / 20), np.zeros(rng.integers(0, 800))]
    pieces.append(np.zeros(rng.integers(FRAME, 2000)))
    sound = np.concatenate(pieces)
    sound += noise(rng, len(sound)) * 10 ** (-decibels / 20)
    return Spoken(digits, log_mel(sound * 10 ** (rng.uniform(-10, 10) / 20)), bounds)


def corpus(voices: list[list[Sound]], count: int, seed: int, loud: tuple[float, float]) -> list[Spoken]:
    """Return random sequences, each of one random voice."""
    rng = np.random.default_rng(seed)
    return [say(voices[rng.integers(len(voices))], rng, rng.uniform(*loud)) for _ in range(count)]


def digit_features(spoken: list[Spoken]) -> NDArray[np.float64]:
    """Return twelve frames of every digit, one row per digit."""
    rows = []
    for sequence in spoken:
        for bound in sequence.bounds:
            frames = sequence.frames[bound]
            at = np.linspace(0, len(frames) - 1, 12).round().astype(int)
            rows.append(frames[at].ravel() - frames.mean())
    return np.array(rows, dtype=np.float64)


def nearest_template(training: list[Spoken], test: list[Spoken]) -> list[NDArray[np.int64]]:
    """Return the digits of the nearest templates, one list per test sequence."""
    rows, digits = digit_features(training), np.concatenate([sequence.digits for sequence in training])
    templates = np.stack([rows[digits == digit].mean(axis=0) for digit in range(10)])
    found = np.square(digit_features(test)[:, None] - templates).sum(axis=2).argmin(axis=1)
    return np.split(found, np.cumsum([len(sequence.digits) for sequence in test])[:-1])


def draw(path: str, rec: ds.Rec, spoken: Spoken) -> None:
    """Draw the bands of one sequence, and above them the probabilities over time."""
    from matplotlib.figure import Figure

    probabilities = np.asarray(rec.predict(spoken.frames[None]))[0]
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    top, bottom = figure.subplots(2, 1, sharex=True)
    seconds = np.arange(len(probabilities)) * HOP / RATE
    top.plot(seconds, probabilities[:, 0], color="#cccccc", label="blank")
    for digit in np.unique(spoken.digits):
        top.plot(seconds, probabilities[:, digit + 1], label=str(digit))
    top.set_title(f"spoken: {' '.join(map(str, spoken.digits))}", loc="left", fontsize=11)
    top.set_ylabel("probability")
    top.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    extent = (0, seconds[-1] + HOP / RATE, 0, BANDS)
    bottom.imshow(spoken.frames.T, origin="lower", aspect="auto", extent=extent, cmap="gray_r")
    bottom.set_xlabel("seconds")
    bottom.set_ylabel("mel band")
    figure.savefig(path, dpi=120)


def main() -> None:
    """Train, decode and compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--languages", default="en", help="comma-separated, of en, es, fr, it, ru (default: en)"
    )
    parser.add_argument(
        "--sounds", type=Path, metavar="FOLDER", help="folder with recordings, instead of the download"
    )
    parser.add_argument("--plot", metavar="FILE", help="draw one sequence (needs matplotlib)")
    options = parser.parse_args()

    languages = options.languages.split(",")
    folders = [options.sounds / name if options.sounds else fetch(name) for name in languages]
    voices = [[read(folder / f"{digit}.wav") for digit in range(10)] for folder in folders]
    training = corpus(voices, TRAINING * len(voices), 0, LOUD)

    rec = ds.Rec(
        input_size=BANDS,
        hidden=64,
        cell="gru",
        bidirectional=True,
        output="ctc",
        output_size=11,
        optimizer=ds.Adam(4e-3, schedule=ds.Cosine(warmup=0.05), clip_norm=5.0),
        dropout=0.1,
        seed=0,
    )
    print(rec)
    start = time.perf_counter()
    labels = [sequence.digits + 1 for sequence in training]  # 0 is the blank
    rec.fit([sequence.frames for sequence in training], labels, epochs=EPOCHS, batch_size=16)
    seconds = time.perf_counter() - start
    length = np.mean([len(sequence.frames) for sequence in training]) * HOP / RATE
    print(f"{len(training)} sequences of {length:.1f} s on average, trained in {seconds:.1f} s")

    print(
        f"digit error rate of {TEST * len(voices)} held-out sequences (insertions, deletions, substitutions):"
    )
    for number, (name, loud) in enumerate(TESTS.items(), 1):
        test = corpus(voices, TEST * len(voices), number, loud)
        truth = [sequence.digits for sequence in test]
        heard = [digits - 1 for digits in rec.decode([sequence.frames for sequence in test])]
        baseline = ds.metrics.character_error_rate(nearest_template(training, test), truth)
        error = ds.metrics.character_error_rate(heard, truth)
        print(f"  {name:30}  baseline, nearest template {baseline:6.1%}   Rec {error:6.1%}")
        if number == 1:
            for said, answer in list(zip(truth, heard, strict=True))[:3]:
                print(f"    spoken {' '.join(map(str, said)):14} recognised {' '.join(map(str, answer))}")
            if options.plot:
                draw(options.plot, rec, test[0])
                print(f"    picture: {options.plot}")


if __name__ == "__main__":
    main()
