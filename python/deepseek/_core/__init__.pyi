"""
The engine of deepseek: kernels, layers and the training loop.
"""
from __future__ import annotations
import collections.abc
import numpy
import typing
from . import kernels
__all__: list[str] = ['GenCore', 'NetCore', 'NetFits', 'RecCore', 'check_finite', 'copy_sparse_rows', 'cpu_info', 'cuda_devices', 'force_isa', 'gan_losses', 'get_num_threads', 'isa', 'isas', 'kernels', 'load_cuda', 'losses', 'ngram_frequencies', 'ngram_matrix', 'optimizers', 'parse_csv', 'set_num_threads', 'share_small_work', 'sort_sparse_rows', 'take_sparse_rows', 'thread_pool_size']
class NetCore:
    """
    The engine of deepseek.Net.
    """
    def __init__(self, spec: dict, device: typing.SupportsInt | typing.SupportsIndex = -1) -> None:
        """
        `device`: number of a CUDA device, or -1: the CPU.
        """
    def begin(self, X: typing.Any, y: typing.Any, w: typing.Any, Xv: typing.Any, yv: typing.Any, wv: typing.Any, options: dict) -> None:
        """
        Start or resume a fit on these arrays, which are read in place. X may be sparse rows.
        """
    def cancel(self) -> None:
        """
        Cancel the current run; the step in progress is discarded.
        """
    def end(self) -> None:
        """
        End the fit and release its arrays; early stopping then restores the best weights.
        """
    def evaluate(self, X: typing.Any, y: typing.Any, w: typing.Any) -> float:
        """
        Return the weighted mean loss.
        """
    def get_params(self) -> dict:
        """
        Return copies of all parameters by name, in PyTorch's layout.
        """
    def get_state(self) -> dict:
        """
        Return the training state: with the parameters, all that an exact resume needs.
        """
    def layout(self) -> list:
        """
        Return (name, rows, columns) of each parameter, in PyTorch's layout.
        """
    def num_params(self) -> int:
        """
        Number of trainable parameters.
        """
    def predict(self, X: typing.Any) -> numpy.ndarray:
        """
        Return the outputs, one row for each row of X.
        """
    def reset(self, seed: typing.SupportsInt | typing.SupportsIndex) -> None:
        """
        Draw new initial parameters and clear the training state.
        """
    def run(self, max_epochs: typing.SupportsInt | typing.SupportsIndex, budget_seconds: typing.SupportsFloat | typing.SupportsIndex) -> dict:
        """
        Train for a number of epochs or seconds; the next call continues.
        """
    def set_params(self, params: dict) -> None:
        """
        Replace all parameters, after validation of every array.
        """
    def set_state(self, state: dict) -> None:
        """
        Restore a state that get_state() returned.
        """
    def spec(self) -> dict:
        """
        Return the specification, with all defaults.
        """
    def try_predict(self, X: typing.Any) -> typing.Any:
        """
        Return predict() of a finite array with the model's dtype and columns; None for any other.
        """
class NetFits:
    """
    Fits of many NetCores, each by one worker at a time.
    """
    def __init__(self) -> None:
        ...
    def add(self, id: typing.SupportsInt | typing.SupportsIndex, net: typing.Any, X: typing.Any, y: typing.Any, w: typing.Any, rows: typing.Any, Xv: typing.Any, yv: typing.Any, wv: typing.Any, rows_v: typing.Any, options: dict, by_epoch: bool, observed: bool) -> None:
        """
        Add a fit on some rows of these arrays, which are read in place; None for all rows. by_epoch: a run trains at most one epoch; observed: a complete fit keeps its last weights until remove().
        """
    def cancel(self) -> None:
        """
        Cancel the current run; steps in progress are discarded.
        """
    def end(self) -> None:
        """
        End all fits and release their arrays.
        """
    def has_begun(self, id: typing.SupportsInt | typing.SupportsIndex) -> bool:
        """
        Whether the engine has begun a fit.
        """
    def remove(self, id: typing.SupportsInt | typing.SupportsIndex) -> None:
        """
        End a fit and forget it.
        """
    def report(self) -> list:
        """
        Return (id, outcome or None, columns of the new epochs, progress) of the fits that have begun, and forget those that have ended.
        """
    def run(self, threads: typing.SupportsInt | typing.SupportsIndex, budget_seconds: typing.SupportsFloat | typing.SupportsIndex) -> None:
        """
        Train for a number of seconds; the next call continues. If a fit failed, it raises its error.
        """
class RecCore:
    """
    The engine of deepseek.Rec.
    """
    def __init__(self, spec: dict) -> None:
        ...
    def begin(self, X: typing.Any, y: typing.Any, w: typing.Any, Xv: typing.Any, yv: typing.Any, wv: typing.Any, options: dict) -> None:
        """
        Start or resume a fit on these sequences, which are read in place.
        """
    def cancel(self) -> None:
        """
        Cancel the current run; the step in progress is discarded.
        """
    def end(self) -> None:
        """
        End the fit and release its arrays; early stopping then restores the best weights.
        """
    def evaluate(self, X: typing.Any, y: typing.Any, w: typing.Any) -> float:
        """
        Return the weighted mean loss.
        """
    def get_params(self) -> dict:
        """
        Return copies of all parameters by name, in PyTorch's layout.
        """
    def get_state(self) -> dict:
        """
        Return the training state: with the parameters, all that an exact resume needs.
        """
    def layout(self) -> list:
        """
        Return (name, rows, columns) of each parameter, in PyTorch's layout.
        """
    def num_params(self) -> int:
        """
        Number of trainable parameters.
        """
    def predict(self, values: typing.Any, starts: typing.Any, lengths: typing.Any) -> numpy.ndarray:
        """
        Return the outputs of each sequence, or of each step, sequence after sequence.
        """
    def reset(self, seed: typing.SupportsInt | typing.SupportsIndex) -> None:
        """
        Draw new initial parameters and clear the training state.
        """
    def run(self, max_epochs: typing.SupportsInt | typing.SupportsIndex, budget_seconds: typing.SupportsFloat | typing.SupportsIndex) -> dict:
        """
        Train for a number of epochs or seconds; the next call continues.
        """
    def set_params(self, params: dict) -> None:
        """
        Replace all parameters, after validation of every array.
        """
    def set_state(self, state: dict) -> None:
        """
        Restore a state that get_state() returned.
        """
    def spec(self) -> dict:
        """
        Return the specification, with all defaults.
        """
    def step(self, x: typing.Any, state: typing.Any) -> tuple:
        """
        Return the outputs of one step of several sequences, and their new states.
        """
    def try_step(self, x: typing.Any, state: typing.Any) -> typing.Any:
        """
        Return step() of finite arrays with the model's dtype and shapes; None for any others.
        """
    @property
    def state_size(self) -> int:
        """
        Number of values in the state of a sequence.
        """
class GenCore:
    """
    The engine of deepseek.Gen.
    """
    def __init__(self, spec: dict) -> None:
        ...
    @typing.overload
    def begin(self, X: typing.Any, y: typing.Any, options: dict) -> None:
        """
        Start or resume a fit on these arrays, which are read in place.
        """
    @typing.overload
    def begin(self, X: typing.Any, starts: typing.Any, lengths: typing.Any, y: typing.Any, options: dict) -> None:
        """
        Start or resume a fit on packed sequences, which are read in place.
        """
    def cancel(self) -> None:
        """
        Cancel the current run; the step in progress is discarded.
        """
    def end(self) -> None:
        """
        End the fit and release its arrays; early stopping then restores the best weights.
        """
    def get_params(self) -> dict:
        """
        Return copies of all parameters by name, in PyTorch's layout.
        """
    def get_state(self) -> dict:
        """
        Return the training state: with the parameters, all that an exact resume needs.
        """
    def keep_best(self) -> None:
        """
        Copy all parameters as the best weights, which the state includes.
        """
    def layout(self) -> list:
        """
        Return (name, rows, columns) of each parameter, in PyTorch's layout.
        """
    def num_params(self) -> int:
        """
        Number of trainable parameters.
        """
    def reset(self, seed: typing.SupportsInt | typing.SupportsIndex) -> None:
        """
        Draw new initial parameters and clear the training state.
        """
    def restore_best(self) -> bool:
        """
        Restore the weights of keep_best(); return False if there are none.
        """
    def run(self, max_epochs: typing.SupportsInt | typing.SupportsIndex, budget_seconds: typing.SupportsFloat | typing.SupportsIndex) -> dict:
        """
        Train for a number of epochs or seconds; the next call continues.
        """
    @typing.overload
    def sample(self, n: typing.SupportsInt | typing.SupportsIndex, y: typing.Any, lengths: numpy.ndarray, seed: typing.SupportsInt | typing.SupportsIndex, first: typing.SupportsInt | typing.SupportsIndex = 0) -> numpy.ndarray:
        """
        Return n sequences of some lengths: (n, length, data), or tokens (n, length).
        """
    @typing.overload
    def sample(self, n: typing.SupportsInt | typing.SupportsIndex, y: typing.Any, seed: typing.SupportsInt | typing.SupportsIndex, first: typing.SupportsInt | typing.SupportsIndex = 0) -> numpy.ndarray:
        """
        Return samples `first` to `first` + n - 1 of a seed.
        """
    @typing.overload
    def scores(self, X: typing.Any, starts: typing.Any, lengths: typing.Any, y: typing.Any) -> numpy.ndarray:
        """
        Return the discriminator's scores of packed sequences, one for each.
        """
    @typing.overload
    def scores(self, X: typing.Any, y: typing.Any) -> numpy.ndarray:
        """
        Return the discriminator's scores, one for each pac rows.
        """
    def set_params(self, params: dict) -> None:
        """
        Replace all parameters, after validation of every array.
        """
    def set_state(self, state: dict) -> None:
        """
        Restore a state that get_state() returned.
        """
    def spec(self) -> dict:
        """
        Return the specification, with all defaults.
        """
def check_finite(X: typing.Any) -> typing.Any:
    """
    Return (row, column) of the first NaN or infinity, or None.
    """
def copy_sparse_rows(indptr: typing.Any, indices: typing.Any, columns: typing.SupportsInt | typing.SupportsIndex, name: str) -> tuple:
    """
    Validate CSR indices; return copies as int64 and int32, and whether the columns of each row ascend.
    """
def cpu_info() -> dict:
    """
    Return vendor, name, features, cache sizes in bytes and number of usable cores.
    """
def cuda_devices() -> list[tuple[str, int, int]]:
    """
    Return name, 10 times the compute capability, and bytes of memory of each CUDA device. The call starts CUDA. Raise RuntimeError with the reason if there is none.
    """
def force_isa(name: typing.Any) -> None:
    """
    Use this instruction set from now on; None: that of DEEPSEEK_ISA, else the fastest.
    """
def gan_losses() -> dict:
    """
    Each loss of a GAN: whether its generator's loss reads the scores of real rows, whether the discriminator's output activation is free, and the gradient penalty that it is used with by default.
    """
def get_num_threads() -> int:
    """
    Return the number of threads of models that have none of their own.
    """
def isa() -> str:
    """
    Return the instruction set in use.
    """
def isas() -> list:
    """
    Return the instruction sets of this machine, fastest first.
    """
def load_cuda(path: str) -> None:
    """
    Load the CUDA plug-in, unless one is loaded. Raise RuntimeError with the reason if it cannot be used.
    """
def losses() -> list:
    """
    Each loss: its name, its own options with their defaults, its targets, and the output activation whose pre-activation it starts from (None: the outputs of any). A name with two activations is listed twice.
    """
def ngram_frequencies(texts: list, counts: typing.Any, with_prefixes: bool) -> numpy.ndarray:
    """
    Return the number of rows that contain an n-gram of each bucket, int64 of shape (buckets,). `counts` is the number of rows of each text.
    """
def ngram_matrix(texts: list, buckets: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]) -> numpy.ndarray:
    """
    Return whether each text contains an n-gram of each bucket, bool of shape (texts, buckets).
    """
def optimizers() -> dict:
    """
    Each optimizer's name and its own options with their defaults.
    """
def parse_csv(data: bytes, start: typing.SupportsInt | typing.SupportsIndex, columns: typing.SupportsInt | typing.SupportsIndex, delimiter: str, point_is_text: bool, missing: collections.abc.Sequence[str]) -> dict:
    """
    Parse comma-separated values in UTF-8 from an offset on. A column is an array of int64 or float64 numbers, or a list of distinct texts and the code of each row.
    """
def set_num_threads(n: typing.SupportsInt | typing.SupportsIndex) -> None:
    """
    Set the number of threads of models that have none of their own.
    """
def share_small_work(always: bool) -> None:
    """
    For tests: divide even the smallest work among all workers.
    """
def sort_sparse_rows(indptr: typing.Any, indices: typing.Any, values: typing.Any) -> int:
    """
    Sort the entries of each row by column in place, and add those of equal columns; return their number.
    """
def take_sparse_rows(indptr: typing.Any, indices: typing.Any, values: typing.Any, rows: typing.Any) -> tuple:
    """
    Return indptr, indices and values of some rows.
    """
def thread_pool_size() -> int:
    """
    Return the number of live worker threads, without the callers.
    """
__version__: str = '0.1.0'
