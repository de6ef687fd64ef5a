"""Memory of scikit-learn on sparse rows: import, load, fit.  Arguments: folder with the data, threads."""

import sys
import warnings

import numpy as np
from end import done
from scipy.sparse import csr_array
from sklearn.neural_network import MLPClassifier

warnings.filterwarnings("ignore")
data, indices, indptr, y = (
    np.load(f"{sys.argv[1]}/{name}.npy") for name in ("data", "indices", "indptr", "y")
)
X = csr_array((data, indices, indptr), shape=(len(y), 20000))
MLPClassifier((32,), max_iter=3).fit(X, y)
done()
