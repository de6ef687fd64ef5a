"""
Single kernels: for tests and benchmarks.
"""
from __future__ import annotations
import numpy
import typing
__all__: list[str] = ['activation', 'activation_grad', 'argmax', 'bandwidth', 'col_sum', 'function', 'gemm', 'loss', 'peak', 'philox', 'softmax', 'softmax_grad', 'sparse_product', 'sum']
def activation(name: str, x: typing.Any, alpha: typing.SupportsFloat | typing.SupportsIndex = 0.01, out: typing.Any = None) -> numpy.ndarray:
    """
    An activation of a 1-D array.
    """
def activation_grad(name: str, x: typing.Any, dy: typing.Any, alpha: typing.SupportsFloat | typing.SupportsIndex = 0.01) -> numpy.ndarray:
    """
    dy times the activation's derivative at x.
    """
def argmax(x: typing.Any) -> numpy.ndarray:
    """
    The first largest element of each row.
    """
def bandwidth(bytes: typing.SupportsInt | typing.SupportsIndex, seconds: typing.SupportsFloat | typing.SupportsIndex = 0.2, threads: typing.SupportsInt | typing.SupportsIndex = 1) -> float:
    """
    GB/s of reading this many bytes a worker, again and again.
    """
def col_sum(x: typing.Any) -> numpy.ndarray:
    """
    The sums over the rows.
    """
def function(name: str, x: typing.Any) -> numpy.ndarray:
    """
    exp, expm1, log, log1p, tanh, sigmoid, softplus or erf of a 1-D array.
    """
def gemm(A: typing.Any, B: typing.Any, out: typing.Any = None, threads: typing.SupportsInt | typing.SupportsIndex = 1, repeat: typing.SupportsInt | typing.SupportsIndex = 1, *, bias: typing.Any = None, transpose_a: bool = False, transpose_b: bool = False, accumulate: bool = False, packed: bool = False) -> numpy.ndarray:
    """
    A·B (+ bias), with accumulate on top of out, with packed from panels of B packed once, under the numerics contract; float32 or float64 matrices with contiguous rows.
    """
def loss(spec: dict, x: typing.Any, target: typing.Any, *, output_activation: str = '', row_scale: typing.Any = None, scale: typing.SupportsFloat | typing.SupportsIndex = 1.0) -> tuple[numpy.ndarray, numpy.ndarray]:
    """
    (losses of the rows, gradient) of outputs x, or of logits if the loss is fused; 1-D int64 targets are labels.
    """
def peak(dtype: str = 'float32', seconds: typing.SupportsFloat | typing.SupportsIndex = 0.2, threads: typing.SupportsInt | typing.SupportsIndex = 1, *, with_loads: bool = False) -> float:
    """
    GFLOP/s of fused multiply-adds, on registers alone or with the loads of a product's tile.
    """
def philox(key: typing.SupportsInt | typing.SupportsIndex, counters: typing.Any) -> numpy.ndarray:
    """
    Philox4x32-10 words (n, 4) of counters (n, 4).
    """
def softmax(x: typing.Any) -> numpy.ndarray:
    """
    Softmax of each row.
    """
def softmax_grad(y: typing.Any, dy: typing.Any) -> numpy.ndarray:
    """
    The gradient at softmax's input from its output y and the gradient there.
    """
def sparse_product(A: typing.Any, B: typing.Any, *, bias: typing.Any = None, multiply_zeros: bool = False) -> numpy.ndarray:
    """
    A·B (+ bias) of sparse rows A.
    """
def sum(x: typing.Any) -> float:
    """
    The fixed-tree sum of a 1-D array, in double.
    """
