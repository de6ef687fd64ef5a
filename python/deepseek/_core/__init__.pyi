"""
The engine of deepseek: kernels, layers, training loop.
"""
from __future__ import annotations
import numpy
import typing
from . import kernels
__all__: list[str] = ['GenCore', 'NetCore', 'RecCore', 'check_finite', 'cpu_info', 'force_isa', 'get_num_threads', 'isa', 'isas', 'kernels', 'set_num_threads', 'share_small_work', 'team_size']
class NetCore:
    """
    The engine behind deepseek.Net, configured by one dict.
    """
    def __init__(self, spec: dict) -> None:
        ...
    def begin(self, X: typing.Any, y: typing.Any, w: typing.Any, Xv: typing.Any, yv: typing.Any, wv: typing.Any, options: dict) -> None:
        """
        Start or resume a fit over these arrays, which are read in place.
        """
    def cancel(self) -> None:
        """
        Ask the run in progress to return before its budget is spent, without the step it is in.
        """
    def end(self) -> None:
        """
        Let go of the arrays; after early stopping, the best weights are put in place.
        """
    def evaluate(self, X: typing.Any, y: typing.Any, w: typing.Any) -> float:
        """
        The weighted mean loss.
        """
    def get_params(self) -> dict:
        """
        Copies of all parameters by name, in PyTorch's layout.
        """
    def get_state(self) -> dict:
        """
        What exact resuming needs besides the parameters.
        """
    def layout(self) -> list:
        """
        (name, rows, columns) of each parameter in PyTorch's layout.
        """
    def num_params(self) -> int:
        """
        How many trainable numbers.
        """
    def predict(self, X: typing.Any) -> numpy.ndarray:
        """
        Outputs, one row a row of X.
        """
    def reset(self, seed: typing.SupportsInt | typing.SupportsIndex) -> None:
        """
        Draw the parameters anew and forget all training.
        """
    def run(self, max_epochs: typing.SupportsInt | typing.SupportsIndex, budget_seconds: typing.SupportsFloat | typing.SupportsIndex) -> dict:
        """
        Train for some epochs or some time; go on with the next call.
        """
    def set_params(self, params: dict) -> None:
        """
        Replace all parameters; checks everything first.
        """
    def set_state(self, state: dict) -> None:
        """
        Put back what get_state returned.
        """
    def spec(self) -> dict:
        """
        The specification, defaults filled in.
        """
    def try_predict(self, X: typing.Any) -> typing.Any:
        """
        predict() of a finite array of the model's own type and columns; None for any other.
        """
class RecCore:
    """
    The engine behind deepseek.Rec, configured by one dict.
    """
    def __init__(self, spec: dict) -> None:
        ...
    def begin(self, X: typing.Any, y: typing.Any, w: typing.Any, Xv: typing.Any, yv: typing.Any, wv: typing.Any, options: dict) -> None:
        """
        Start or resume a fit over these sequences, which are read in place.
        """
    def cancel(self) -> None:
        """
        Ask the run in progress to return before its budget is spent, without the step it is in.
        """
    def end(self) -> None:
        """
        Let go of the arrays; after early stopping, the best weights are put in place.
        """
    def evaluate(self, X: typing.Any, y: typing.Any, w: typing.Any) -> float:
        """
        The weighted mean loss.
        """
    def get_params(self) -> dict:
        """
        Copies of all parameters by name, in PyTorch's layout.
        """
    def get_state(self) -> dict:
        """
        What exact resuming needs besides the parameters.
        """
    def layout(self) -> list:
        """
        (name, rows, columns) of each parameter in PyTorch's layout.
        """
    def num_params(self) -> int:
        """
        How many trainable numbers.
        """
    def predict(self, values: typing.Any, starts: typing.Any, lengths: typing.Any) -> numpy.ndarray:
        """
        Outputs by sequence, or by step of the sequences one behind the other.
        """
    def reset(self, seed: typing.SupportsInt | typing.SupportsIndex) -> None:
        """
        Draw the parameters anew and forget all training.
        """
    def run(self, max_epochs: typing.SupportsInt | typing.SupportsIndex, budget_seconds: typing.SupportsFloat | typing.SupportsIndex) -> dict:
        """
        Train for some epochs or some time; go on with the next call.
        """
    def set_params(self, params: dict) -> None:
        """
        Replace all parameters; checks everything first.
        """
    def set_state(self, state: dict) -> None:
        """
        Put back what get_state returned.
        """
    def spec(self) -> dict:
        """
        The specification, defaults filled in.
        """
    def step(self, x: typing.Any, state: typing.Any) -> tuple:
        """
        One step of some sequences: their outputs, and their states after it.
        """
    def try_step(self, x: typing.Any, state: typing.Any) -> typing.Any:
        """
        step() of finite arrays of the model's own type and shapes; None for any others.
        """
    @property
    def state_size(self) -> int:
        """
        Numbers in the state of one sequence.
        """
class GenCore:
    """
    The engine behind deepseek.Gen, configured by one dict.
    """
    def __init__(self, spec: dict) -> None:
        ...
    @typing.overload
    def begin(self, X: typing.Any, y: typing.Any, options: dict) -> None:
        """
        Start or resume a fit over these arrays, which are read in place.
        """
    @typing.overload
    def begin(self, X: typing.Any, starts: typing.Any, lengths: typing.Any, y: typing.Any, options: dict) -> None:
        """
        The same over packed sequences.
        """
    def cancel(self) -> None:
        """
        Ask the run in progress to return before its budget is spent, without the step it is in.
        """
    def end(self) -> None:
        """
        Let go of the arrays; after early stopping, the best weights are put in place.
        """
    def get_params(self) -> dict:
        """
        Copies of all parameters by name, in PyTorch's layout.
        """
    def get_state(self) -> dict:
        """
        What exact resuming needs besides the parameters.
        """
    def keep_best(self) -> None:
        """
        Keep a copy of all parameters, part of the state.
        """
    def layout(self) -> list:
        """
        (name, rows, columns) of each parameter in PyTorch's layout.
        """
    def num_params(self) -> int:
        """
        How many trainable numbers.
        """
    def reset(self, seed: typing.SupportsInt | typing.SupportsIndex) -> None:
        """
        Draw the parameters anew and forget all training.
        """
    def restore_best(self) -> bool:
        """
        Put back what keep_best() kept; False where there is nothing.
        """
    def run(self, max_epochs: typing.SupportsInt | typing.SupportsIndex, budget_seconds: typing.SupportsFloat | typing.SupportsIndex) -> dict:
        """
        Train for some epochs or some time; go on with the next call.
        """
    @typing.overload
    def sample(self, n: typing.SupportsInt | typing.SupportsIndex, y: typing.Any, lengths: numpy.ndarray, seed: typing.SupportsInt | typing.SupportsIndex, first: typing.SupportsInt | typing.SupportsIndex = 0) -> numpy.ndarray:
        """
        The same of sequences: (n, length, data), or tokens (n, length).
        """
    @typing.overload
    def sample(self, n: typing.SupportsInt | typing.SupportsIndex, y: typing.Any, seed: typing.SupportsInt | typing.SupportsIndex, first: typing.SupportsInt | typing.SupportsIndex = 0) -> numpy.ndarray:
        """
        Rows number `first` to `first` + n - 1 of a seed's samples.
        """
    @typing.overload
    def scores(self, X: typing.Any, starts: typing.Any, lengths: typing.Any, y: typing.Any) -> numpy.ndarray:
        """
        The same of packed sequences, one a sequence.
        """
    @typing.overload
    def scores(self, X: typing.Any, y: typing.Any) -> numpy.ndarray:
        """
        The discriminator's scores, one a pack of rows.
        """
    def set_params(self, params: dict) -> None:
        """
        Replace all parameters; checks everything first.
        """
    def set_state(self, state: dict) -> None:
        """
        Put back what get_state returned.
        """
    def spec(self) -> dict:
        """
        The specification, defaults filled in.
        """
def check_finite(X: typing.Any) -> typing.Any:
    """
    (row, column) of the first NaN or infinity, or None.
    """
def cpu_info() -> dict:
    """
    Vendor, name, features, cache sizes in bytes, usable cores.
    """
def force_isa(name: typing.Any) -> None:
    """
    Compute with this instruction set from now on; None: DEEPSEEK_ISA's, or the best.
    """
def get_num_threads() -> int:
    """
    Workers of models that name no number of their own.
    """
def isa() -> str:
    """
    The instruction set in use.
    """
def isas() -> list:
    """
    Instruction sets usable here, the best first.
    """
def set_num_threads(n: typing.SupportsInt | typing.SupportsIndex) -> None:
    """
    Workers of models that name no number of their own.
    """
def share_small_work(always: bool) -> None:
    """
    For tests: share work among all workers however small it is.
    """
def team_size() -> int:
    """
    Worker threads alive now, besides the callers'.
    """
__version__: str = '0.1.0'
