"""The HTML report: right values, one file that refers to no other, and figures that show them."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

import deepseek as ds
from deepseek._tabular.importances import Importance
from deepseek._tabular_report import figures, page, score_text
from deepseek._tabular_report.assessment import ClassPredictions, ScoredRows, ValuePredictions
from deepseek._tabular_report.report import error_quantiles
from deepseek.cli import main
from programs.commands import refused
from programs.messy_csv import HEADER, QUICK, rows, write

VOID = {"meta", "img", "br", "hr", "link", "input"}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


class Page(HTMLParser):
    """Elements of a page: its text, its images and all its attributes; every element is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.open: list[str] = []
        self.cells: list[list[str]] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.cells.append([])
        if tag in ("td", "th"):
            self.cells[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "title"):
            self.words.append(data)
        if any(tag in self.open for tag in ("td", "th")):
            self.cells[-1][-1] += data

    def values(self, name: str) -> list[str]:
        return [value for _, own, value in self.attributes if own == name]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def drawings(shown: Page) -> list[str]:
    """The SVG text of every image, which is inside the page and refers to nothing outside."""
    head = "data:image/svg+xml;base64,"
    sources = [value for tag, name, value in shown.attributes if (tag, name) == ("img", "src")]
    assert all(source.startswith(head) for source in sources)
    assert len(sources) == len(
        [tag for tag, name, value in shown.attributes if (tag, name) == ("img", "alt") and value]
    )
    texts = [base64.b64decode(source.removeprefix(head)).decode() for source in sources]
    for text in texts:
        ET.fromstring(text)
        for target in re.findall(r'(?:href|src)="([^"]*)"', text) + re.findall(r"url\(([^)]*)\)", text):
            assert target.startswith(("#", "data:image/png;base64,")), target[:60]
    return texts


def report(*options: str) -> Page:
    pytest.importorskip("matplotlib")
    assert main(["train", "t.csv", "--report", "r.html", *options, *QUICK]) == 0
    return Page(Path("r.html").read_text(encoding="utf-8"))


@pytest.mark.peers
def test_a_report_on_one_row(capsys: pytest.CaptureFixture[str]) -> None:
    write("t.csv", rows())
    write("one.csv", rows()[:1])
    shown = report("--target", "amount", "--test", "one.csv")
    out = capsys.readouterr().out
    assert "the importance of the columns is not defined, as all targets are equal" in out
    assert "The importance of the columns is not defined, as all targets are equal." in shown.text
    assert "nan" not in shown.text.lower() and out.endswith("report: r.html\n")


@pytest.mark.peers
def test_a_report_on_classes(capsys: pytest.CaptureFixture[str]) -> None:
    write("t.csv", rows(), [name if name != "kind" else "<kind> & $x$ of $y$" for name in HEADER])
    shown = report("--target", "<kind> & $x$ of $y$", "--drop", "paid, total")
    out = capsys.readouterr().out
    assert "model: t.ds\n" in out and out.endswith("\n\nreport: r.html\n")
    for title in ("Scores", "Classes", "Calibration", "Training", "How the columns were read", "Settings"):
        assert title in shown.text
    assert "<kind> & $x$ of $y$" in shown.words
    for name, *values in re.findall(r"^(accuracy|AUC|log loss) +(\S+) +(\S+) +(\S+)$", out, re.M):
        (row,) = [cells for cells in shown.cells if cells[0] == name]
        assert row[1:4] == values
        assert values[0] in shown.words
    assert ["Customer ID", "left out", "an identifier: every value occurs once"] in shown.cells
    assert "paid, total" in [cells[0] for cells in shown.cells]
    assert any("deepseek train t.csv --report r.html --target '<kind>" in cells[-1] for cells in shown.cells)
    confusion, calibration, curves = drawings(shown)[:3]
    assert "predicted probability" in calibration and "epoch" in curves
    (line,) = re.findall(r"^good +(\d+) ", out, re.M)
    numbers = [int(n) for n in re.findall(r">(\d+)</text>", confusion)]
    assert (
        sum(numbers) == 40
        and int(line) in [numbers[i] + numbers[j] for i in range(len(numbers)) for j in range(i)] + numbers
    )


@pytest.mark.peers
def test_a_report_on_numbers() -> None:
    write("t.csv", rows())
    shown = report("--target", "amount", "--drop", "paid, total")
    for title in ("Scores", "Residuals", "Training", "How the columns were read"):
        assert title in shown.text
    assert "Classes" not in shown.text
    residuals, curves = drawings(shown)
    assert "predicted amount" in residuals and "true amount" in residuals and "epoch" in curves
    assert re.search(r"hold 90% of the true numbers hold [\d.]+%", shown.text)


@pytest.mark.peers
def test_it_refers_to_nothing_outside() -> None:
    write("t.csv", rows())
    shown = report("--target", "kind", "--drop", "paid, total")
    text = Path("r.html").read_text(encoding="utf-8")
    assert {tag for tag, *_ in shown.attributes} & {"link", "script", "iframe", "object", "embed"} == set()
    assert not shown.values("href") and not shown.values("srcset")
    assert "http:" not in text and "https:" not in text and "@import" not in text and "url(" not in text
    assert any("default-src 'none'" in value for value in shown.values("content"))


@pytest.mark.peers
def test_the_same_command_gives_the_same_figures() -> None:
    write("t.csv", rows())
    first, second = (drawings(report("--target", "kind", "--drop", "paid, total")) for _ in range(2))
    assert first == second


@pytest.mark.peers
def test_a_report_without_scores() -> None:
    write("t.csv", rows(60))
    shown = report("--target", "kind", "--holdout", "0")
    assert "No rows were held out, so this report has no scores" in shown.text
    assert len(drawings(shown)) == 1


@pytest.mark.peers
def test_many_classes_and_odd_names() -> None:
    """The rarest classes are one row of the confusion matrix; names of any script and length are shown."""
    pytest.importorskip("matplotlib")
    rng = np.random.default_rng(0)
    labels = [f"class {i}" for i in range(28)] + ["a very long name of a class", "价格 $"]
    truth = rng.integers(0, 30, 900)
    probabilities = rng.dirichlet(np.ones(30), 900)
    svg = figures.confusion(ClassPredictions(labels, probabilities, truth))
    assert "11 others" in svg
    assert sum(int(n) for n in re.findall(r">(\d+)</text>", svg)) == 900
    few = ClassPredictions(labels[-3:], probabilities[:, :3], truth % 3)
    svg = figures.confusion(few)
    assert "a very long name …" in svg and "价格 $" in svg


def test_calibration_is_computed_as_defined() -> None:
    probability = np.repeat([0.1, 0.3, 0.8], 20)
    hits = np.concatenate([np.arange(20) < k for k in (2, 10, 16)]).astype(np.int64)
    test = ClassPredictions(["no", "yes"], np.stack([1 - probability, probability], axis=1), hits)
    means, shares, sums, counts = figures.calibration_bins(test)
    assert counts.tolist() == sums.tolist() == [20] * 3
    np.testing.assert_allclose(means, [0.1, 0.3, 0.8])
    np.testing.assert_allclose(shares, [0.1, 0.5, 0.8])
    assert figures.calibration_error(test) == pytest.approx(0.2 / 3)
    sure = ClassPredictions(["a", "b", "c"], np.tile([0.2, 0.7, 0.1], (40, 1)), np.array([1] * 28 + [0] * 12))
    assert figures.calibration_error(sure) == pytest.approx(0.0, abs=1e-12)
    low, high = figures.wilson_interval(np.array([0.5, 0.0]), np.array([100.0, 10.0]))
    np.testing.assert_allclose(low, [0.4038, 0.0], atol=1e-4)
    np.testing.assert_allclose(high, [0.5962, 0.2775], atol=1e-4)


def test_weights_count_rows_as_often_in_calibration_and_errors() -> None:
    rng = np.random.default_rng(0)
    probability = np.repeat([0.1, 0.3, 0.8], 20)
    truth, often = (rng.random(60) < probability).astype(np.int64), rng.integers(1, 5, 60)
    stacked = np.stack([1 - probability, probability], axis=1)
    weighted = ClassPredictions(["no", "yes"], stacked, truth, often.astype(np.float64))
    repeated = ClassPredictions(["no", "yes"], stacked.repeat(often, axis=0), truth.repeat(often))
    for ours, theirs in zip(
        figures.calibration_bins(weighted)[:3], figures.calibration_bins(repeated)[:3], strict=True
    ):
        np.testing.assert_allclose(ours, theirs)
    assert (figures.calibration_bins(weighted)[3] < 20).all()
    assert figures.calibration_error(weighted) == pytest.approx(figures.calibration_error(repeated))

    numbers, zeros = rng.normal(size=60), np.zeros(60)
    shares = (0.1, 0.5, 0.9, 1.0)
    found = error_quantiles(ValuePredictions(zeros, numbers, often.astype(np.float64)), shares)
    assert found == error_quantiles(ValuePredictions(zeros.repeat(often), numbers.repeat(often)), shares)
    assert error_quantiles(ValuePredictions(np.zeros(4), np.array([3.0, -1, 4, 2])), (0.5, 0.75)) == [2, 3]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (24912.3, "24,910"), (0.0123456, "0.01235"), (3.0, "3.000"), (-1234567.0, "-1,235,000"),
     (1e-30, "1e-30"), (float("inf"), "inf"), (999.96, "1,000.0")],
)  # fmt: skip
def test_numbers_in_text(value: float, text: str) -> None:
    assert score_text.number(value) == text


def test_the_verdict_is_honest() -> None:
    def of(model: float, linear: float, trivial: float, task: str = "classification") -> str:
        name = "accuracy" if task == "classification" else "rmse"
        return score_text.verdict(
            task, {name: model, "linear": {name: linear}, "trivial": {name: trivial}}, 50
        )

    assert of(0.9, 0.8, 0.5).endswith(
        "A linear model reaches 80.0%, always guessing the most frequent class 50.0%."
    )
    assert of(0.7, 0.8, 0.5).endswith("The linear model is better here.")
    assert of(0.4, 0.3, 0.5).endswith("The trivial guess is better here.")
    assert of(1.0, 2.0, 3.0, "regression").endswith("of always guessing the mean 3.000.")
    assert of(3.5, 2.0, 3.0, "regression").endswith("The linear model is better here.")


@pytest.mark.parametrize(
    ("means", "accuracy", "suspect"),
    [
        ([0.4, 0.01, 0.0], 0.98, "c0"),
        ([0.4, 0.2, 0.0], 0.98, None),  # another one matters, too
        ([0.4, 0.01, 0.0], 0.85, None),  # not too good to be true
        ([0.1, 0.001, 0.0], 0.98, None),  # no column tells it alone
        ([0.4, 0.01], 0.98, None),
        ([], 0.98, None),
    ],
)
def test_a_column_that_may_tell_the_target_is_named(
    means: list[float], accuracy: float, suspect: str | None
) -> None:
    predictions = ClassPredictions(["a", "b"], np.ones((2, 2)) / 2, np.array([0, 1]))
    scores = {"accuracy": accuracy, "trivial": {"accuracy": 0.5}}
    importances = {f"c{i}": Importance(mean, 0.0) for i, mean in enumerate(means)}
    assert ScoredRows("held out", scores, predictions, importances, "accuracy").suspect == suspect
    assert score_text.suspicion("size, m").endswith(
        "leave it out: --drop 'size, m' (in Python drop=['size, m'])"
    )


def test_text_is_escaped() -> None:
    assert page.escape('<b> & "x"\033[1m') == "&lt;b&gt; &amp; &quot;x&quot;\\x1b[1m"
    shown = Page(
        page.document(
            "<t>", [page.table(["<a>"], [["<i>"]]), page.bars(["n", "", "v"], [("<x>", -1.0, "<y>")])]
        )
    )
    assert shown.cells == [["<a>"], ["<i>"], ["n", "", "v"], ["<x>", "", "<y>"]]


def test_without_matplotlib_nothing_is_trained(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write("t.csv", rows(40))
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    line = refused(capsys, "train", "t.csv", "--target", "kind", "--report", "r.html")
    assert "plots need matplotlib: pip install 'deepseek-nn[plot]'" in line
    assert not Path("t.ds").exists() and not Path("r.html").exists()


BROWSER = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)


@pytest.mark.peers
@pytest.mark.skipif(BROWSER is None, reason="needs Chromium")
@pytest.mark.parametrize("target", ["kind", "amount"])
def test_a_browser_draws_it(here: Path, target: str) -> None:
    """Every image has loaded, nothing is wider than the page, and the page has no errors."""
    write("t.csv", rows())
    report("--target", target, "--drop", "paid, total")
    probe = """<script>window.addEventListener("load", () => {
        const images = [...document.images].map(i => i.complete && i.naturalWidth > 100 && i.clientWidth > 100);
        document.title = JSON.stringify([images, document.documentElement.scrollWidth <= window.innerWidth]);
    });</script></body>"""
    text = Path("r.html").read_text(encoding="utf-8")
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text).replace("</body>", probe)
    Path("probed.html").write_text(text, encoding="utf-8")
    assert BROWSER is not None
    for width in (1200, 420):
        command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={here}/profile",
                   f"--window-size={width},3000", "--dump-dom", f"file://{here}/probed.html"]  # fmt: skip
        ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
        (title,) = re.findall(r"<title>(.*?)</title>", ran.stdout)
        assert "false" not in title and title.count("true") >= 3, (width, title)
    assert ds.load("t.ds").target == target


@pytest.mark.peers
def test_a_report_from_python_is_the_page_of_the_command() -> None:
    body = rows(200)
    write("train.csv", body[:150])
    write("test.csv", body[150:])
    command = ["train", "train.csv", "--target", "kind", "--test", "test.csv", "--report", "a.html", *QUICK]
    assert main(command) == 0
    model = ds.load("train.ds")
    model.report("test.csv", path=Path("b.html"))
    ours, theirs = (Page(Path(name).read_text()) for name in ("b.html", "a.html"))
    headings = [cells for cells in theirs.cells if cells[0] not in ("command", "training")]
    assert ours.cells == headings  # scores, classes, importances, columns, settings
    text = " ".join(ours.words)
    assert "rows of test.csv. If the training saw some of these rows, the scores are better" in text
    assert "took no part in the training" not in text
    assert "took no part in the training" in " ".join(theirs.words)

    columns = ds.tables.read_table("test.csv")
    model.report(columns.without("kind"), columns["kind"], path="c.html")
    assert Page(Path("c.html").read_text()).cells == ours.cells


@pytest.mark.peers
@pytest.mark.parametrize("target", ["kind", "amount"])
def test_a_report_says_whether_weights_count(target: str, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    body = [[*row, str(1 + i % 5)] for i, row in enumerate(rows(200))]
    write("train.csv", body[:150], [*HEADER, "copies"])
    write("test.csv", body[150:], [*HEADER, "copies"])
    command = ["train", "train.csv", "--target", target, "--test", "test.csv", "--report", "a.html", *QUICK]
    assert main([*command, "--weight", "copies"]) == 0
    out = capsys.readouterr().out
    theirs = Page(Path("a.html").read_text())
    model = ds.load("train.ds")
    model.report("test.csv", sample_weight="copies", path="b.html")
    ours = Page(Path("b.html").read_text())
    assert ours.cells == [cells for cells in theirs.cells if cells[0] not in ("command", "training")]
    assert f"{target} of 50 rows of test.csv, each counted by its weight:" in out
    for shown in (ours, theirs):
        assert "Each row counts by its weight." in shown.text and "each counted by its weight" in shown.text
        assert ("The numbers count rows without their weights." in shown.text) == (target == "kind")
        assert "copies" not in [cells[0] for cells in shown.cells]
    importances = model.permutation_importances("test.csv", sample_weight="copies")
    (first, found), *_ = importances.items()
    assert [first, "", f"{found.mean:.4f} ± {found.std:.4f}"] in ours.cells
    assert importances != model.permutation_importances("test.csv")

    model.report("test.csv", path="c.html")
    plain = Page(Path("c.html").read_text())
    assert "Every row counts once." in plain.text and "weight" not in plain.text
    assert plain.cells != ours.cells


@pytest.mark.peers
def test_a_report_is_never_written_over_the_table() -> None:
    write("data.csv", rows(60))
    model = ds.TabularNet(members=1, epochs=1, hidden=(2,)).fit("data.csv", "kind")
    before = Path("data.csv").read_bytes()
    Path("link").symlink_to("data.csv")
    Path("hard").hardlink_to("data.csv")
    for path in ("data.csv", "./data.csv", Path("link"), "hard"):
        with pytest.raises(ValueError, match=r"path: got .*, which is the file of X; expected another file"):
            model.report("data.csv", path=path)
    with open("data.csv", "rb") as file, pytest.raises(ValueError, match="which is the file of X"):
        model.report(file, path="data.csv")
    assert Path("data.csv").read_bytes() == before
    with pytest.raises(TypeError):
        model.report("data.csv", path=3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="report: got a model before its fit"):
        ds.TabularNet().report("data.csv", path="r.html")
    assert not Path("r.html").exists()


def test_a_report_without_matplotlib_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    write("data.csv", rows(60))
    model = ds.TabularNet(members=1, epochs=1, hidden=(2,)).fit("data.csv", "kind")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"\[plot\]"):
        model.report("data.csv", path="r.html")
    assert not Path("r.html").exists()
