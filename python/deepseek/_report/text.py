"""Text form of a report."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .report import Report

_MAX_COLUMNS = 30  # columns listed; those with the largest distance


def text(report: Report) -> str:
    """Return the metrics of synthetic and of real rows, then the columns, the largest distance first."""
    rows, distances, copies = report.rows, report.distances, report.copies
    lines = [
        f"{rows['synthetic']} synthetic rows against {rows['real']} real ones, {rows['held_out']} of these held out",
        "",
        f"{'':44}{'synthetic':>12}{'real':>12}",
        _line("marginals, mean distance (0 best)", *_means(report)),
        _line("correlations, mean difference (0 best)", *_correlations(report)),
        _line("detection, AUC (0.5 best)", report.detection) + f"{f'0.5 ± {report.detection_error:.3f}':>12}",
    ]
    if report.utility is not None:
        utility = report.utility
        name = f"{utility.measure} for {utility.target!r}, trained on (1 best)"
        lines += [
            _line(name, utility.synthetic, utility.real),
            _line("  baseline without a model", utility.baseline),
        ]
    lines += [
        _line("distance to the nearest real row, median", distances.synthetic, distances.real),
        _line("  5 % quantile", distances.synthetic_low, distances.real_low),
        _line("exact copies, share", copies.exact_share, copies.exact_share_real)
        + (f"   {copies.exact} equal any real row" if copies.exact else ""),
        _line("near copies, share", copies.near_share, copies.near_share_real),
        "",
        f"{'column':32}{'measure':>12}{'synthetic':>12}{'real':>12}{'missing':>12}{'real':>12}",
    ]
    worst = sorted(report.marginals, key=lambda column: -column.distance)
    for column in worst[:_MAX_COLUMNS]:
        missing = (
            f"{column.missing:12.1%}{column.missing_real:12.1%}"
            if column.missing or column.missing_real
            else ""
        )
        metrics = f"{column.distance:12.3f}{column.between_real:12.3f}"
        lines.append(f"{_short(str(column.name)):32}{column.measure:>12}{metrics}{missing}")
    if len(worst) > _MAX_COLUMNS:
        lines.append(f"… and {len(worst) - _MAX_COLUMNS} more")
    return "\n".join(line.rstrip() for line in lines)


def _means(report: Report) -> tuple[float, float]:
    count = len(report.marginals)
    one = sum(column.distance for column in report.marginals) / count
    return one, sum(column.between_real for column in report.marginals) / count


def _correlations(report: Report) -> tuple[float, float]:
    return report.association_difference, report.association_difference_real


def _line(name: str, synthetic: float, real: float | None = None) -> str:
    return f"{_short(name, 44):44}{synthetic:12.3f}" + ("" if real is None else f"{real:12.3f}")


def _short(name: str, width: int = 32) -> str:
    return name if len(name) < width else name[: width - 2] + "…"
