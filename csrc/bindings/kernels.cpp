// deepseek._core.kernels: single kernels, for the tests that hold them to their contracts and for the
// benchmark.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "backend/cpu/registry.h"
#include "bindings/array.h"
#include "bindings/bind.h"
#include "core/fpenv.h"
#include "core/memory/memory.h"
#include "core/threads/min_work.h"
#include "core/threads/thread_pool.h"
#include "kernels/gemm/gemm_plan.h"

namespace ds {
namespace {

std::vector<py::ssize_t> one_dim(const py::array& like) { return {like.shape(0)}; }

// LayerInput this a product is done before another thread could take the lock.
constexpr double kFlopsUnlocked = 1e6;

// isinstance<array_t<T>> makes a dtype to compare with, which takes longer than a small product.
template <class T>
bool holds(const py::handle& x) {
    using Api = py::detail::npy_api;
    if (!py::isinstance<py::array>(x)) return false;
    const py::dtype d = py::reinterpret_borrow<py::array>(x).dtype();
    return d.num() == (sizeof(T) == 4 ? Api::NPY_FLOAT_ : Api::NPY_DOUBLE_) && d.byteorder() == '=';
}

bool is_double(const py::object& x) { return holds<double>(x); }

// Calls f(begin, count) for parts of the n elements of `to`, by a useful number of workers. Stores that cross cache
// lines take twice as long and NumPy aligns to 16 bytes, so the elements before the first cache line are a
// part of their own.
template <class T, class F>
void in_parts(const T* to, Index n, const F& f) {
    const py::gil_scoped_release release;
    ThreadPoolLease lease(useful_workers(static_cast<double>(n), kMinKernelElements, get_num_threads()));
    constexpr Index kLine = kAlignment / Index(sizeof(T));
    const Index beyond = static_cast<Index>(reinterpret_cast<std::uintptr_t>(to) % kAlignment / sizeof(T));
    const Index head = std::min(n, (kLine - beyond) % kLine), lines = (n - head + kLine - 1) / kLine;
    lease.run([&, workers = lease.workers()](int worker) {
        if (worker == 0 && head > 0) f(0, head);
        const auto line = [&](Index i) { return std::min(head + lines * i / workers * kLine, n); };
        f(line(worker), line(worker + 1) - line(worker));
    });
}

// A matrix operand: row-major with any leading dimension, read in place.
template <class T>
py::array matrix(const py::object& object, const char* name) {
    if (!holds<T>(object)) throw py::type_error(std::string(name) + ": expected the other operand's type");
    auto a = py::reinterpret_borrow<py::array>(object);
    const auto item = static_cast<py::ssize_t>(sizeof(T));
    // NumPy gives an empty array any strides.
    const bool rows =
        a.ndim() == 2 &&
        (a.size() == 0 ||
         ((a.shape(1) <= 1 || a.strides(1) == item) &&
          (a.shape(0) <= 1 || (a.strides(0) >= a.shape(1) * item && a.strides(0) % item == 0))));
    if (!rows)
        throw ValueError(std::string(name) + ": expected a matrix with contiguous rows, got " + describe(a));
    return a;
}

template <class T>
Index ld_of(const py::array& a) {
    return a.shape(0) <= 1 ? a.shape(1) : a.strides(0) / static_cast<Index>(sizeof(T));
}

template <class T>
bool on_lines(const T* p, Index ld) {
    return (reinterpret_cast<std::uintptr_t>(p) | static_cast<std::uintptr_t>(ld) * sizeof(T)) % kAlignment ==
           0;
}

template <class T>
py::array gemm(const py::object& a_in, const py::object& b_in, const py::object& bias_in, bool ta, bool tb,
               const py::object& out_in, bool accumulate, bool packed, int threads, Index repeat) {
    const py::array a = matrix<T>(a_in, "A"), b = matrix<T>(b_in, "B");
    GemmArgs<T> g;
    g.m = a.shape(ta ? 1 : 0);
    g.k = a.shape(ta ? 0 : 1);
    g.n = b.shape(tb ? 0 : 1);
    if (b.shape(tb ? 1 : 0) != g.k)
        throw ValueError("B: expected inner size " + std::to_string(g.k) + ", got " + describe(b));
    if (accumulate && out_in.is_none()) throw ValueError("accumulate: needs out");
    py::array c = out_in.is_none() ? py::array(py::dtype::of<T>(), std::vector<py::ssize_t>{g.m, g.n})
                                   : matrix<T>(out_in, "out");
    if (c.shape(0) != g.m || c.shape(1) != g.n)
        throw ValueError("out: has another shape than A·B: " + describe(c));
    if (threads < 1 || threads > kMaxWorkers) throw ValueError("threads: got " + std::to_string(threads));
    if (!bias_in.is_none()) {
        const py::array bias = require<T>(bias_in, 1, "bias");  // the caller's argument keeps it alive
        if (bias.shape(0) != g.n)
            throw ValueError("bias: expected " + std::to_string(g.n) + " values, got " + describe(bias));
        g.bias = data<T>(bias);
    }
    g.a = data<T>(a);
    g.lda = ld_of<T>(a);
    g.b = data<T>(b);
    g.ldb = ld_of<T>(b);
    g.c = static_cast<T*>(c.mutable_data());
    g.ldc = ld_of<T>(c);
    g.accumulate = accumulate;
    const double flops = 2.0 * static_cast<double>(g.m) * static_cast<double>(g.n) * static_cast<double>(g.k);
    const double bytes = static_cast<double>(g.m * g.k + g.k * g.n + g.m * g.n) * sizeof(T);
    std::optional<py::gil_scoped_release> release;
    if (flops * static_cast<double>(repeat) > kFlopsUnlocked) release.emplace();
    const DefaultFpEnv environment;
    const GemmPlan<T> plan(kernels_of<T>(active_kernels()).gemm,
                           {g.m, g.n, g.k, ta, tb, packed, g.lda, g.ldb, on_lines(g.b, g.ldb)});
    HostArray<T> panels(packed ? plan.packed_size() : 0);
    if (packed) {
        plan.pack(g.b, g.ldb, panels.data());
        g.b = panels.data();
    }
    static thread_local std::vector<HostArray<T>> scratchpads;
    ThreadPoolLease lease(useful_workers(std::max(flops, kFlopsPerByte * bytes), kMinKernelFlops, threads));
    while (scratchpads.size() < static_cast<std::size_t>(lease.workers())) scratchpads.emplace_back();
    for (auto& s : scratchpads)
        if (s.size() < plan.scratchpad_size()) s = HostArray<T>(plan.scratchpad_size());
    auto& mine = scratchpads;  // the workers' lambda sees this thread's
    for (Index r = 0; r < repeat; ++r) {
        if (lease.workers() == 1) {
            plan.run(g, mine[0].data());
            continue;
        }
        lease.run([&](int worker) {
            plan.share(g, worker, lease.workers(), mine[static_cast<std::size_t>(worker)].data());
        });
    }
    return c;
}

template <class T>
py::array apply(const char* what, const py::object& x_in, void (*fn)(T*, const T*, Index)) {
    if (!fn) throw ValueError(std::string(what) + ": no such kernel");
    const py::array x = require<T>(x_in, 1, "x");
    py::array y(py::dtype::of<T>(), one_dim(x));
    T* to = static_cast<T*>(y.mutable_data());
    in_parts(to, x.shape(0), [fn, to, from = data<T>(x)](Index i, Index n) { fn(to + i, from + i, n); });
    return y;
}

template <class T>
py::array function_of(const std::string& name, const py::object& x) {
    const auto fn = parse_name<Function>("function", name, kFunctionNames);
    return apply<T>("function", x,
                    kernels_of<T>(active_kernels()).pointwise.elementary[static_cast<int>(fn)]);
}

template <class T>
py::array activate(const std::string& name, const py::object& x_in, double alpha, const py::object& out) {
    const auto fn = parse_name<Activation>("activation", name, kActivationNames);
    const auto forward = kernels_of<T>(active_kernels()).pointwise.forward[static_cast<int>(fn)];
    if (!forward) throw ValueError("activation: " + name + " works on rows, not on elements");
    const py::array x = require<T>(x_in, 1, "x");
    py::array y = out.is_none() ? py::array(py::dtype::of<T>(), one_dim(x)) : require<T>(out, 1, "out");
    if (y.shape(0) != x.shape(0)) throw ValueError("out: has another length than x");
    T* to = static_cast<T*>(y.mutable_data());
    in_parts(to, x.shape(0), [=, from = data<T>(x)](Index i, Index n) {
        forward(row_vector(to + i, n), row_vector(from + i, n), static_cast<T>(alpha));
    });
    return y;
}

template <class T>
py::array activate_grad(const std::string& name, const py::object& x_in, const py::object& dy_in,
                        double alpha) {
    const auto fn = parse_name<Activation>("activation", name, kActivationNames);
    const auto& kernels = kernels_of<T>(active_kernels()).pointwise;
    const auto forward = kernels.forward[static_cast<int>(fn)];
    const auto backward = kernels.backward[static_cast<int>(fn)];
    if (!backward) throw ValueError("activation: " + name + " works on rows, not on elements");
    const py::array x = require<T>(x_in, 1, "x"), dy = require<T>(dy_in, 1, "dy");
    if (dy.shape(0) != x.shape(0)) throw ValueError("dy: has another length than x");
    py::array dx(py::dtype::of<T>(), one_dim(x)), y(py::dtype::of<T>(), one_dim(x));
    const DefaultFpEnv environment;
    const Index n = x.shape(0);
    forward({static_cast<T*>(y.mutable_data()), 1, n}, {data<T>(x), 1, n}, static_cast<T>(alpha));
    const T* saved = activation_saves_input(fn) ? data<T>(x) : data<T>(y);
    backward({static_cast<T*>(dx.mutable_data()), 1, n}, {data<T>(dy), 1, n}, {saved, 1, n},
             static_cast<T>(alpha), {});
    return dx;
}

py::array philox(std::uint64_t key, const py::object& counters_in) {
    const py::array counters = require<std::uint32_t>(counters_in, 2, "counters");
    if (counters.shape(1) != 4)
        throw ValueError("counters: expected shape (n, 4), got " + describe(counters));
    py::array words(py::dtype::of<std::uint32_t>(), std::vector<py::ssize_t>{counters.shape(0), 4});
    active_kernels().f32.random.philox(static_cast<std::uint32_t*>(words.mutable_data()),
                                       data<std::uint32_t>(counters), counters.shape(0), key);
    return words;
}

double since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// GFLOP/s of fused multiply-adds on registers, or with the loads of a tile, on `threads` workers: the best of
// several rounds.
template <class T>
double peak(double seconds, int threads, bool with_loads) {
    const py::gil_scoped_release release;
    const auto& machine = kernels_of<T>(active_kernels()).machine;
    constexpr Index kRounds = 200000, kTileLoopRounds = 2000;
    HostArray<T> x(kTileLoopElements);
    std::fill(x.data(), x.end(), T(0.0009765625));
    ThreadPoolLease lease(threads);
    const auto start = std::chrono::steady_clock::now();
    double best = 0.0;
    do {
        std::vector<double> done(static_cast<std::size_t>(lease.workers()) * 16);
        const auto round = std::chrono::steady_clock::now();
        lease.run([&](int worker) {
            alignas(64) T sink[64];
            done[static_cast<std::size_t>(worker) * 16] =
                with_loads ? machine.tile_loop(kTileLoopRounds, x.data(), sink)
                           : machine.fma_loop(kRounds, sink);
        });
        double flops = 0.0;
        for (double d : done) flops += d;
        best = std::max(best, flops / since(round) * 1e-9);
    } while (since(start) < seconds);
    return best;
}

// GB/s of reading `bytes` again and again, each worker its own.
double bandwidth(Index bytes, double seconds, int threads) {
    const py::gil_scoped_release release;
    const auto& machine = active_kernels().f32.machine;
    ThreadPoolLease lease(threads);
    std::vector<HostArray<float>> memory;
    const Index n = bytes / static_cast<Index>(sizeof(float));
    for (int w = 0; w < lease.workers(); ++w) {
        memory.emplace_back(n);
        for (float& x : memory.back()) x = 0.0f;
    }
    const Index rounds = std::max<Index>(1, (Index(1) << 24) / std::max<Index>(bytes, 1));
    const auto start = std::chrono::steady_clock::now();
    double best = 0.0;
    do {
        const auto round = std::chrono::steady_clock::now();
        lease.run([&](int worker) {
            alignas(64) float sink[64];
            for (Index r = 0; r < rounds; ++r)
                machine.read_loop(memory[static_cast<std::size_t>(worker)].data(), n, sink);
        });
        best = std::max(best, static_cast<double>(rounds * bytes) * lease.workers() / since(round) * 1e-9);
    } while (since(start) < seconds);
    return best;
}

double sum_of(const py::object& x) {
    if (is_double(x)) {
        const py::array a = require<double>(x, 1, "x");
        return active_kernels().f64.reduce.sum(data<double>(a), a.shape(0));
    }
    const py::array a = require<float>(x, 1, "x");
    return active_kernels().f32.reduce.sum(data<float>(a), a.shape(0));
}

}  // namespace

void bind_kernels(py::module_& parent) {
    py::module_ m = parent.def_submodule("kernels", "Single kernels: for tests and benchmarks.");
    m.def(
        "gemm",
        [](const py::object& a, const py::object& b, const py::object& out, int threads, Index repeat,
           const py::object& bias, bool ta, bool tb, bool accumulate, bool packed) {
            return is_double(a) ? gemm<double>(a, b, bias, ta, tb, out, accumulate, packed, threads, repeat)
                                : gemm<float>(a, b, bias, ta, tb, out, accumulate, packed, threads, repeat);
        },
        py::arg("A"), py::arg("B"), py::arg("out") = py::none(), py::arg("threads") = 1,
        py::arg("repeat") = 1, py::kw_only(), py::arg("bias") = py::none(), py::arg("transpose_a") = false,
        py::arg("transpose_b") = false, py::arg("accumulate") = false, py::arg("packed") = false,
        "A·B (+ bias), with accumulate on top of out, with packed from panels of B packed once, under the "
        "numerics contract; float32 or float64 matrices with contiguous rows.");
    m.def(
        "function",
        [](const std::string& name, const py::object& x) {
            return is_double(x) ? function_of<double>(name, x) : function_of<float>(name, x);
        },
        py::arg("name"), py::arg("x"),
        "exp, expm1, log, log1p, tanh, sigmoid, softplus or erf of a 1-D array.");
    m.def(
        "activation",
        [](const std::string& name, const py::object& x, double alpha, const py::object& out) {
            return is_double(x) ? activate<double>(name, x, alpha, out)
                                : activate<float>(name, x, alpha, out);
        },
        py::arg("name"), py::arg("x"), py::arg("alpha") = 0.01, py::arg("out") = py::none(),
        "An activation of a 1-D array.");
    m.def(
        "activation_grad",
        [](const std::string& name, const py::object& x, const py::object& dy, double alpha) {
            return is_double(x) ? activate_grad<double>(name, x, dy, alpha)
                                : activate_grad<float>(name, x, dy, alpha);
        },
        py::arg("name"), py::arg("x"), py::arg("dy"), py::arg("alpha") = 0.01,
        "dy times the activation's derivative at x.");
    m.def("philox", &philox, py::arg("key"), py::arg("counters"),
          "Philox4x32-10 words (n, 4) of counters (n, 4).");
    m.def("sum", &sum_of, py::arg("x"), "The fixed-tree sum of a 1-D array, in double.");
    m.def(
        "peak",
        [](const std::string& dtype, double seconds, int threads, bool with_loads) {
            return dtype == "float64" ? peak<double>(seconds, threads, with_loads)
                                      : peak<float>(seconds, threads, with_loads);
        },
        py::arg("dtype") = "float32", py::arg("seconds") = 0.2, py::arg("threads") = 1, py::kw_only(),
        py::arg("with_loads") = false,
        "GFLOP/s of fused multiply-adds, on registers alone or with the loads of a product's tile.");
    m.def("bandwidth", &bandwidth, py::arg("bytes"), py::arg("seconds") = 0.2, py::arg("threads") = 1,
          "GB/s of reading this many bytes a worker, again and again.");
    bind_row_kernels(m);
}

}  // namespace ds
