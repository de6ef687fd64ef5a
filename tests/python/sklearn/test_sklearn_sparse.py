"""NetClassifier and NetRegressor on sparse rows: the bits of dense rows, in every way of training, and pipelines."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")
import scipy.sparse
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import deepseek as ds
from deepseek.sklearn import NetClassifier, NetRegressor, RecClassifier
from programs.estimators import bits

pytestmark = [pytest.mark.peers, pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")]

rng = np.random.default_rng(4)
X = np.where(rng.random((120, 60)) < 0.15, rng.normal(size=(120, 60)), 0.0)
Y = (X @ rng.normal(size=60) > 0).astype(int)
W = rng.random(120)
OPTIONS: dict[str, dict[str, Any]] = {
    "default": {},
    "sgd": {"solver": "sgd", "learning_rate": "invscaling"},
    "adaptive": {"solver": "sgd", "learning_rate": "adaptive", "n_iter_no_change": 1},
    "lbfgs": {"solver": "lbfgs"},
    "adamw": {"solver": ds.AdamW(1e-2), "clip_norm": None},
    "early": {"early_stopping": True, "n_iter_no_change": 2},
    "scored": {"early_stopping": True, "scoring": "neg_log_loss"},
    "loss": {"early_stopping": True, "scoring": "loss"},
    "dropout": {"dropout": 0.2, "input_dropout": 0.1},
    "norm": {"normalization": "batch", "class_weight": "balanced"},
}  # fmt: skip


def estimator(name: str, **more: Any) -> NetClassifier:
    return NetClassifier((9,), max_iter=5, batch_size=32, random_state=0, **OPTIONS[name], **more)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", OPTIONS)
def test_fits(name: str, dtype: Any) -> None:
    x = X.astype(dtype)
    dense = estimator(name).fit(x, Y, W)
    sparse = estimator(name).fit(scipy.sparse.csr_array(x), Y, W)
    assert bits(dense) == bits(sparse)
    assert dense.loss_curve_ == sparse.loss_curve_
    assert dense.predict_proba(x).tobytes() == sparse.predict_proba(scipy.sparse.csc_array(x)).tobytes()
    assert dense.score(x, Y) == sparse.score(scipy.sparse.coo_array(x), Y)
    assert sparse.coefs_[0].dtype == dtype


def test_validation_rows_warm_start_and_partial_fit() -> None:
    found = []
    for x in (X, scipy.sparse.csr_matrix(X)):
        own = estimator("early", warm_start=True)
        own.fit(x[:80], Y[:80], X_val=x[80:], y_val=Y[80:])
        own.fit(x[:80], Y[:80], X_val=x[80:], y_val=Y[80:])
        part = estimator("default").partial_fit(x[:50], Y[:50], classes=[0, 1]).partial_fit(x[50:], Y[50:])
        regressor = NetRegressor(hidden_layer_sizes=(9,), max_iter=4, random_state=0).fit(x, X[:, :2])
        found.append(
            (bits(own), own.validation_scores_, bits(part), bits(regressor), regressor.score(x, X[:, :2]))
        )
    assert found[0] == found[1]


def test_text_pipelines() -> None:
    words = ["net", "layer", "loss", "rate", "step", "weight"]
    texts = [" ".join(rng.choice(words[k : k + 4], 8)) for k in rng.integers(0, 3, 90)]
    labels = ["net" in text for text in texts]
    options: dict[str, Any] = {"max_iter": 60, "learning_rate_init": 0.02, "random_state": 0}
    for vectorizer in (CountVectorizer(), TfidfVectorizer(ngram_range=(1, 2))):
        found = make_pipeline(vectorizer, NetClassifier((16,), **options)).fit(texts, labels)
        assert found.score(texts, labels) > 0.95
        rows = clone(vectorizer).fit_transform(texts)  # `transform` rounds some weights differently
        assert scipy.sparse.issparse(rows)
        dense = NetClassifier((16,), **options).fit(rows.toarray(), labels)
        assert bits(dense) == bits(found[-1])


def test_one_hot_columns_and_search() -> None:
    table = np.column_stack([rng.integers(0, 30, 200), rng.integers(0, 7, 200), rng.normal(size=200)])
    y = table[:, 0] % 3 + table[:, 2]
    columns = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), [0, 1]), (StandardScaler(), [2]), sparse_threshold=1.0
    )
    net = NetRegressor(hidden_layer_sizes=(16,), max_iter=100, learning_rate_init=0.02, random_state=0)
    pipeline = make_pipeline(columns, net)
    search = GridSearchCV(pipeline, {"netregressor__alpha": [1e-4, 1e-2]}, cv=2).fit(table, y)
    assert search.best_score_ > 0.8
    several = MultiOutputClassifier(NetClassifier((4,), max_iter=3, random_state=0))
    assert several.fit(scipy.sparse.csr_array(X), np.c_[Y, 1 - Y]).predict(
        scipy.sparse.csr_array(X)
    ).shape == (120, 2)


def test_numbers_that_are_not_finite_are_refused() -> None:
    broken = scipy.sparse.csr_array(X)
    broken.data[5] = np.nan
    with pytest.raises(ValueError, match="contains NaN"):
        estimator("default").fit(broken, Y)


def test_sequences_refuse_sparse_rows() -> None:
    with pytest.raises(TypeError, match=r"(?i)sparse data was passed.*dense data is required"):
        RecClassifier().fit(scipy.sparse.csr_array(X), Y)
