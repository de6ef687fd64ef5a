"""The plots: what is drawn, that bad input is refused, and the message where matplotlib is missing."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

from deepseek import plot
from deepseek.bench.chart import save_bench


@pytest.fixture
def pyplot(monkeypatch: pytest.MonkeyPatch) -> Any:
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    pyplot = pytest.importorskip("matplotlib.pyplot")
    yield pyplot
    pyplot.close("all")


def test_a_missing_matplotlib_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from deepseek.cli import main

    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"pip install 'deepseek-nn\[plot\]'"):
        plot.history({"loss": [1.0]})
    with pytest.raises(ImportError, match=r"pip install 'deepseek-nn\[plot\]'"):
        plot.image_grid(np.zeros((1, 2, 2)))
    assert main(["bench", "kernels", "--plot", "x.png"]) == 2
    assert capsys.readouterr().err == "deepseek: plots need matplotlib: pip install 'deepseek-nn[plot]'\n"


@pytest.mark.peers
def test_learning_curve(pyplot: Any) -> None:
    history = {"epoch": [4, 5, 6], "loss": [1.0, 0.5, 0.2], "val_loss": [1.1, 0.4, 0.6]}
    ax = plot.history(history)
    training, held_out, best = ax.lines
    assert training.get_xdata().tolist() == [4, 5, 6]
    assert held_out.get_ydata().tolist() == [1.1, 0.4, 0.6]
    assert best.get_xdata() == [5]
    assert ax.get_yscale() == "log"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["training", "validation"]
    ax.figure.canvas.draw()


@pytest.mark.peers
def test_learning_curve_of_one_epoch_without_validation_or_with_odd_losses(pyplot: Any) -> None:
    assert len(plot.history({"loss": [1.0]}).lines) == 1
    assert plot.history({"loss": [1.0, -0.5]}).get_yscale() == "linear"
    ax = plot.history({"loss": [1.0, 0.5], "val_loss": [float("nan"), float("nan")]})
    assert ax.get_yscale() == "log"
    ax.figure.canvas.draw()
    own = pyplot.subplots()[1]
    assert plot.history({"loss": [1.0, 0.5]}, ax=own, log=False) is own
    assert own.get_yscale() == "linear"


@pytest.mark.peers
def test_learning_curves_of_a_gan(pyplot: Any) -> None:
    ax = plot.history({"epoch": [1, 2], "loss": [1.0, 0.5], "generator_loss": [-0.2, 0.3]})
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["discriminator", "generator"]
    assert list(ax.lines[1].get_ydata()) == [-0.2, 0.3]
    assert ax.get_yscale() == "linear"


@pytest.mark.peers
def test_forecast(pyplot: Any) -> None:
    ax = plot.forecast([1.0, 2.0, np.nan], [1.1, 1.9, 3.0], band=([1, 1, 2], [2, 3, 4]), x=[5, 6, 7])
    truth, predicted = ax.lines
    assert list(truth.get_xdata()) == [5, 6, 7]
    assert list(predicted.get_ydata()) == [1.1, 1.9, 3.0]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["truth", "forecast"]
    with pytest.raises(ValueError, match=r"predicted: got shape \(2,\); expected \(3,\)"):
        plot.forecast([1.0, 2.0, 3.0], [1.0, 2.0])


@pytest.mark.peers
def test_confusion_matrix(pyplot: Any) -> None:
    ax = plot.confusion_matrix([0, 0, 1, 2], [0, 1, 1, 2], labels=["ant", "bee", "cat"])
    assert [text.get_text() for text in ax.texts] == ["1", "1", "1", "1"]
    assert ax.get_title() == "75.0% of 4 correct"
    assert [label.get_text() for label in ax.get_xticklabels()] == ["ant", "bee", "cat"]
    ax.figure.canvas.draw()
    for truth, predicted, labels in (([0], [0, 1], None), ([], [], None), ([0, 3], [0, 1], ["a", "b"])):
        with pytest.raises(ValueError, match=r"^(truth, predicted|truth|labels): got .*; expected "):
            plot.confusion_matrix(truth, predicted, labels=labels)


@pytest.mark.peers
def test_image_grid(pyplot: Any) -> None:
    figure = plot.image_grid(
        np.arange(20).reshape(5, 2, 2), captions=["a", "b"], marked=[False, True], columns=3
    )
    assert len(figure.axes) == 6
    assert [ax.get_xlabel() for ax in figure.axes] == ["a", "b", "", "", "", ""]
    assert figure.axes[1].xaxis.label.get_color() != figure.axes[0].xaxis.label.get_color()
    figure.canvas.draw()
    with pytest.raises(ValueError, match="shape"):
        plot.image_grid(np.zeros((2, 2)))


@pytest.mark.peers
def test_bench_chart(pyplot: Any, tmp_path: Any) -> None:
    rows = [
        {"name": name, "threads": threads, "ratio": ratio, "fastest_peer": "torch"}
        for name, threads, ratio in [("a", 1, 2.0), ("a", 2, 0.5), ("b", 1, 30.0), ("c", 1, None)]
    ]
    sheet = {"machine": {"cpu": "a CPU"}, "rows": rows}
    save_bench(str(tmp_path / "b.svg"), sheet)
    text = (tmp_path / "b.svg").read_text()
    assert text.startswith("<?xml")
    with pytest.raises(ValueError, match="got no row that a peer ran too; expected at least one"):
        save_bench(str(tmp_path / "c.svg"), {**sheet, "rows": rows[3:]})
    assert pyplot.get_fignums() == []
