"""Sessions: what .ci/run does in one environment, each in its own, and the long runs that CI takes slices of.

Arguments after -- go to pytest, or to the command that the session is about.
"""

from __future__ import annotations

import os
import subprocess

import nox

nox.options.sessions = ["tests", "lint", "stubs"]
nox.options.default_venv_backend = "venv"

BUILD_TOOLS = ("scikit-build-core", "pybind11", "cmake", "ninja")
FIGURES = {
    "kills": {
        "KILLS": "500",
        "EXITS": "100",
        "FORKS": "100",
        "INTERRUPTS": "200",
        "PREDICTIONS": "1000",
        "LEAK": "10000",
    },
    "fuzz": {"FUZZ": "100000", "EXAMPLES": "5000"},
}
PRELOAD = {"asan": ("libasan.so", "libstdc++.so"), "tsan": ("libtsan.so",)}
SANITIZER = {
    "asan": {
        "ASAN_OPTIONS": "detect_leaks=0:allocator_may_return_null=1",
        "PYTHONMALLOC": "malloc",
        "UBSAN_OPTIONS": "print_stacktrace=1",
    },
    "tsan": {
        "TSAN_OPTIONS": "halt_on_error=1 exitcode=66 die_after_fork=0 allocator_may_return_null=1"
        " suppressions=.ci/tsan.supp"
    },
}


@nox.session(python=["3.11", "3.12", "3.13", "3.14"])
def tests(session: nox.Session) -> None:
    """Run the suite with every Python that is here."""
    session.install(".[test]")
    session.run("pytest", *session.posargs)


@nox.session
def slow(session: nox.Session) -> None:
    """Run what the suite leaves out by default: the reference alone, and long runs."""
    session.install(".[test]", "cmake")
    session.run("pytest", "-n", "auto", "-m", "slow and not peers", *session.posargs)


@nox.session
def clang(session: nox.Session) -> None:
    """Build with Clang and run the suite: the committed hashes are those of GCC's build."""
    session.install(".[test]", env={"CXX": os.environ.get("CXX", "clang++")})
    session.run("pytest", *session.posargs)


@nox.session
def arm64(session: nox.Session) -> None:
    """Cross-compile the engine and run its C++ tests under qemu; a quarter of an hour."""
    session.install("cmake", "ninja", "pytest")
    session.run("cmake", "--preset", "arm64")
    session.run("cmake", "--build", "--preset", "arm64")
    env = {"DEEPSEEK_BUILD": "build/arm64", "DEEPSEEK_EMULATOR": "qemu-aarch64 -L /usr/aarch64-linux-gnu"}
    session.run("pytest", "tests/cpp", *session.posargs, env=env)


@nox.session
def lint(session: nox.Session) -> None:
    session.install("pre-commit")
    session.run("pre-commit", "run", "--all-files", "--show-diff-on-failure", *session.posargs)


@nox.session
def types(session: nox.Session) -> None:
    session.install("pre-commit")
    session.run("pre-commit", "run", "--all-files", "mypy")


@nox.session
def stubs(session: nox.Session) -> None:
    """Write the stubs of the compiled module; -- --check compares only."""
    session.install(".", "pybind11-stubgen")
    session.run("bash", ".ci/stubs", *session.posargs, external=True)


@nox.session
def wheel(session: nox.Session) -> None:
    """Build a wheel, install it, and run the tests against it."""
    session.run("pip", "wheel", "--no-deps", "-w", "dist", ".")
    session.install("--find-links", "dist", "--no-index", "--no-deps", "deepseek-nn")
    session.install("numpy", "safetensors", "pytest", "hypothesis")
    session.run("pytest", *(session.posargs or ["tests/codebase"]))


@nox.session
def isa(session: nox.Session) -> None:
    """Run the whole suite once for each instruction set of this machine."""
    session.install(".[test]")
    code = "from deepseek import _core; print(*_core.isas())"
    names = session.run("python", "-c", code, silent=True)
    for name in str(names).split():
        session.log(f"DEEPSEEK_ISA={name}")
        session.run("pytest", "-q", "-m", "not peers", *session.posargs, env={"DEEPSEEK_ISA": name})


@nox.session
def peers(session: nox.Session) -> None:
    """Run the tests that need other packages, all of which are installed."""
    packages = ("onnxruntime", "pandas", "polars", "ml_dtypes", "mpmath", "scipy", "jax", "optax")
    session.install(".[test,all]", *packages, "torch==2.13.0")  # which is for the CPU
    session.run("pytest", "-m", "peers", *session.posargs)


def built(session: nox.Session, preset: str, *options: str) -> dict[str, str]:
    """Build a preset and return the environment in which pytest tests it."""
    session.install(*BUILD_TOOLS, "numpy", "safetensors", "pytest", "pytest-xdist", "hypothesis")
    python = session.run("python", "-c", "import sys; print(sys.executable)", silent=True)
    session.run("cmake", "--preset", preset, f"-DPython_EXECUTABLE={str(python).strip()}", *options)
    session.run("cmake", "--build", "--preset", preset)
    return {"PYTHONPATH": os.path.abspath(f"build/{preset}/site"), "DEEPSEEK_BUILD": f"build/{preset}"}


def sanitized(session: nox.Session, preset: str, paths: list[str]) -> None:
    """Build a preset and test the module in its site folder."""
    env = built(session, preset, "-DDEEPSEEK_CPP_TESTS=ON")
    libraries = [
        subprocess.run(
            ["gcc", f"-print-file-name={name}"], check=True, capture_output=True, text=True
        ).stdout.strip()
        for name in PRELOAD[preset]
    ]
    env["LD_PRELOAD"] = " ".join(libraries)
    session.run("pytest", *(session.posargs or [*paths, "-m", "not peers"]), env={**SANITIZER[preset], **env})


@nox.session
def asan(session: nox.Session) -> None:
    """Run the suite under AddressSanitizer and UndefinedBehaviorSanitizer."""
    sanitized(
        session,
        "asan",
        ["tests/cpp", "tests/parity", "tests/python", "--ignore=tests/python/cli/test_bench.py"],
    )


@nox.session
def tsan(session: nox.Session) -> None:
    """Run what uses threads under ThreadSanitizer."""
    sanitized(
        session,
        "tsan",
        [
            "tests/cpp",
            "tests/python/api/test_net_threads.py",
            "tests/parity/test_net_bits.py",
            "tests/parity/test_rec_bits.py",
            "tests/parity/test_gen_bits.py",
            "tests/python/reliability/test_reliability_processes.py::test_many_threads_one_model",
        ],
    )


@nox.session
def cuda(session: nox.Session) -> None:
    """Run the kernels for CUDA on an emulator: bits of single kernels and of trainings, races."""
    env = built(session, "cuda-emulator")
    kernels = ("activation", "elementary", "loss_kernels", "optim_kernels", "philox", "gemm", "sparse_bits")
    session.run("pytest", "tests/cpp", *(f"tests/parity/test_{name}.py" for name in kernels), env=env)
    trainings = ("golden", "net_reference", "rec_reference", "gen_training", "gen_sequences_training")
    paths = [f"tests/parity/test_{name}.py" for name in trainings]
    session.run("pytest", "-k", "not wide", *(session.posargs or paths), env={**env, "DEEPSEEK_ISA": "cuda"})
    session.run("pytest", "-m", "slow", "tests/cuda", env=env)


@nox.session
def recorded(session: nox.Session) -> None:
    """Run the tests of bits on a device that records operations and runs them later, also in random order."""
    env = built(session, "dev")
    session.run("pytest", "tests/recorded", env=env)
    bits = ("golden", "net_bits", "net_reference", "rec_bits", "rec_reference", "gen_bits", "gen_training")
    paths = [f"tests/parity/test_{name}.py" for name in (*bits, "gen_sequences_training", "sparse_bits")]
    fits = ("net_fit", "rec_fit", "gen_fit", "net_copies")
    paths += [f"tests/python/api/test_{name}.py" for name in fits]
    paths.append("tests/python/reliability/test_reliability_resume.py")
    for seed in ("", "1", "2"):
        session.run(
            "pytest",
            "-n",
            "auto",
            "-m",
            "not slow and not peers",
            *(session.posargs or paths),
            env={**env, "DEEPSEEK_DEVICE": "recorded", "DEEPSEEK_SHUFFLE": seed},
        )


@nox.session
def guard(session: nox.Session) -> None:
    """Keep host code from the memory of models: only listed functions may touch it."""
    env = built(session, "guard")
    session.run("pytest", "tests/guard", "tests/recorded", *session.posargs, env=env)


@nox.session
def kills(session: nox.Session) -> None:
    """Repeat what kills, forks, interrupts and leaks as often as the promises say."""
    session.install(".[test]")
    figures = {f"DEEPSEEK_{name}": count for name, count in FIGURES["kills"].items()}
    paths = ["tests/python", "-k", "atomic or reliability", "-m", "not peers"]
    session.run("pytest", *(session.posargs or paths), env=figures)


@nox.session
def fuzz(session: nox.Session) -> None:
    """Mutate files and arguments as often as the promises say."""
    session.install(".[test]")
    figures = {f"DEEPSEEK_{name}": count for name, count in FIGURES["fuzz"].items()}
    session.run(
        "pytest",
        *(
            session.posargs
            or [
                "tests/fuzz",
                "tests/python",
                "-k",
                "fuzz or damage or hostile or any_argument",
                "-m",
                "not peers",
            ]
        ),
        env=figures,
    )


@nox.session
def mutants(session: nox.Session) -> None:
    """Small faults in kernels and backward passes, each of which has to make a test fail."""
    session.install(*BUILD_TOOLS, "numpy", "safetensors", "pytest", "hypothesis")
    session.run("python", ".ci/mutants.py", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure beside the peers."""
    session.install(".[bench]")
    defaults = ["kernels", "net", "--vs", "torch,jax,sklearn", "--threads", "1,2", "--json", "bench.json"]
    session.run("deepseek", "bench", *(session.posargs or defaults))
