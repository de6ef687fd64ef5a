// Operations on the plug-in's device against those of the CPU, byte by byte: commands PLUGIN. The exit code is the number
// of operations whose results differ.
#include <cstdio>
#include <cstring>
#include <type_traits>
#include <vector>

#include "backend/device.h"
#include "backend/plugin.h"

namespace {

using namespace ds;

int failures = 0;

// Arrays of random numbers in a device's memory, the same ones at every call in the same order.
template <class T>
class Arrays {
public:
    explicit Arrays(Memory& memory) : memory_(memory) {}

    T* numbers(Index n, double low = -2.0, double high = 2.0) {
        std::vector<T> values(static_cast<std::size_t>(n));
        for (T& value : values) value = static_cast<T>(low + (high - low) * next() * 0x1p-32);
        buffers_.emplace_back(memory_, n);
        memory_.from_host(buffers_.back().data(), values.data(), n);
        return buffers_.back().data();
    }
    Matrix<T> matrix(Index rows, Index cols, double low = -2.0, double high = 2.0) {
        const Index ld = (cols + 15) / 16 * 16;
        return {numbers(rows * ld + 64, low, high), rows, cols, ld};
    }
    Index* indices(Index n, Index below) {
        std::vector<Index> values(static_cast<std::size_t>(n));
        for (Index& value : values) value = next() % below;
        lists_.emplace_back(memory_, n);
        memory_.from_host(lists_.back().data(), values.data(), n);
        return lists_.back().data();
    }
    template <class U>
    static void read(const std::vector<Buffer<U>>& all, Memory& memory, std::vector<unsigned char>& bytes) {
        for (const Buffer<U>& buffer : all) {
            const std::size_t at = bytes.size();
            bytes.resize(at + static_cast<std::size_t>(buffer.bytes()));
            memory.to_host(reinterpret_cast<U*>(bytes.data() + at), buffer.data(), buffer.size());
        }
    }
    std::vector<unsigned char> bytes() const {
        std::vector<unsigned char> all;
        read(buffers_, memory_, all);
        read(lists_, memory_, all);
        return all;
    }

private:
    std::uint32_t next() {
        return static_cast<std::uint32_t>((state_ = state_ * 6364136223846793005u + 1442695040888963407u) >>
                                          32);
    }

    Memory& memory_;
    std::uint64_t state_ = 1;
    std::vector<Buffer<T>> buffers_;
    std::vector<Buffer<Index>> lists_;
};

template <class T, class F>
void same(const char* operation, F call) {
    std::vector<unsigned char> results[2];
    for (const int number : {kHostDevice, 0}) {
        const Device<T> device = active_device<T>(number);
        Arrays<T> arrays(device.memory);
        call(device.backend, arrays);
        device.backend.synchronize();
        results[number == 0] = arrays.bytes();
    }
    if (results[0] == results[1]) return;
    std::fprintf(stderr, "%s differs in %s\n", operation, sizeof(T) == 4 ? "float" : "double");
    ++failures;
}

template <class T>
void products() {
    const struct {
        Index m, n, k;
    } sizes[] = {{1, 1, 1}, {3, 5, 7}, {17, 33, 20}, {40, 9, 300}, {16, 16, 513}, {5, 70, 0}};
    for (const auto& s : sizes)
        for (int kind = 0; kind < kActivationCount - 1; ++kind) {
            const ActivationOf<T> act{Activation(kind), T(0.3)};
            const bool saves = kind > 0 && kind % 2 == 0;  // the identity saves nothing
            char name[64];
            std::snprintf(name, sizeof name, "linear_forward %d x %d x %d, activation %d", int(s.m), int(s.n),
                          int(s.k), kind);
            same<T>(name, [&](const Backend<T>& b, Arrays<T>& a) {
                const Matrix<T> x = a.matrix(s.m, std::max<Index>(s.k, 1)),
                                w = a.matrix(std::max<Index>(s.k, 1), s.n);
                const GemmPlan<T> plan = b.plan_forward(s.m, s.k, s.n, w.ld);
                std::vector<T> scratchpad(static_cast<std::size_t>(plan.scratchpad_size()) + 64);
                LinearForward<T> op;
                op.plan = &plan, op.y = a.matrix(s.m, s.n), op.x = x, op.w = w.p, op.ldw = w.ld;
                op.bias = a.numbers(s.n + 16), op.activation = act, op.accumulate = kind % 3 == 0;
                if (saves) op.saved = a.matrix(s.m, s.n);
                b.linear_forward(op, {0, s.m}, {scratchpad.data()});
            });
            for (const bool transposed : {false, true})
                same<T>("linear_backward_input", [&](const Backend<T>& b, Arrays<T>& a) {
                    const Index outputs = std::max<Index>(s.k, 1);
                    const Matrix<T> w = transposed ? a.matrix(s.n, outputs) : a.matrix(outputs, s.n);
                    const GemmPlan<T> plan = b.plan_backward_input(s.m, s.n, outputs, w.ld, transposed);
                    std::vector<T> scratchpad(static_cast<std::size_t>(plan.scratchpad_size()) + 64);
                    LinearBackwardInput<T> op;
                    op.plan = &plan, op.dx = a.matrix(s.m, s.n), op.dy = a.matrix(s.m, outputs);
                    op.w = w.p, op.ldw = w.ld, op.saved = a.matrix(s.m, s.n, 0.05, 0.9), op.activation = act;
                    op.accumulate = kind % 3 == 0;
                    b.linear_backward_input(op, {0, s.m}, {scratchpad.data()});
                });
        }
    for (const auto& s : sizes)
        for (const bool accumulate : {false, true})
            same<T>("linear_backward_weight", [&](const Backend<T>& b, Arrays<T>& a) {
                const Index batch = std::max<Index>(s.k, 1);
                const GemmPlan<T> plan = b.plan_backward_weight(batch, s.m, s.n, 0);
                std::vector<T> scratchpad(static_cast<std::size_t>(plan.scratchpad_size()) + 64);
                LinearBackwardWeight<T> op;
                op.plan = &plan, op.dw = a.matrix(s.m, s.n), op.dbias = a.numbers(s.n);
                op.dy = a.matrix(batch, s.n), op.x = a.matrix(batch, s.m);
                op.inputs = s.m, op.outputs = s.n, op.batch = op.bias_batch = batch,
                op.accumulate = accumulate;
                b.linear_backward_weight(op, {}, {scratchpad.data()});
            });
}

template <class T>
void copies_and_numbers() {
    for (const Index rows : {1, 7, 40})
        for (const Index cols : {1, 5, 16, 70}) {
            const Range all{0, rows}, some{rows / 3, rows};
            same<T>("gather and scatter", [&](const Backend<T>& b, Arrays<T>& a) {
                const Index* const index = a.indices(rows, rows);
                b.gather(a.matrix(rows, cols), a.matrix(rows, cols), index, some);
                b.gather(a.matrix(rows, cols), a.matrix(rows, cols), nullptr, some);
                b.gather(a.indices(rows, 9), a.indices(rows, 9), index, some);
                b.gather_weights(a.numbers(rows), a.numbers(rows, 0.0, 1.0), index, 3.7, some);
                b.scatter_add(a.matrix(rows, cols), a.matrix(rows, cols), index);
                b.transpose(a.matrix(cols, rows), a.matrix(rows, cols));
            });
            same<T>("elementwise", [&](const Backend<T>& b, Arrays<T>& a) {
                b.multiply(a.matrix(rows, cols), a.matrix(rows, cols), a.matrix(rows, cols), some);
                b.add(a.matrix(rows, cols), a.matrix(rows, cols), some);
                b.scale(a.matrix(rows, cols), T(0.7), a.matrix(rows, cols), some);
                b.copy(a.matrix(rows, cols), a.matrix(rows, cols), some);
                b.fill(a.matrix(rows, cols), T(3), some);
                b.fill(a.indices(rows, 5), 4, some);
                b.gumbel(a.matrix(rows, cols, 0.01, 0.99), some);
                b.softmax(a.matrix(rows, cols), a.matrix(rows, cols), some);
                b.softmax_backward(a.matrix(rows, cols), a.matrix(rows, cols), a.matrix(rows, cols), some);
                b.argmax(a.indices(rows, 5), a.matrix(rows, cols), some);
                b.one_hot(a.matrix(rows, cols), a.matrix(rows, cols), some);
                b.column_sums(a.numbers(cols), a.matrix(rows, cols), false);
                b.column_sums(a.numbers(cols), a.matrix(600, cols), true);
            });
            same<T>("random numbers", [&](const Backend<T>& b, Arrays<T>& a) {
                const Draw draw{{7, 2, 3, 4}, 5, nullptr, 0};
                const Draw by_number{{7, 2, 3, 4}, 5, a.indices(rows, 50), 0};
                b.dropout_mask(a.matrix(rows, cols), 0.3, draw, some);
                b.dropout_mask(a.matrix(rows, cols), 0.3, by_number, some);
                b.uniform(a.matrix(rows, cols), RngPurpose::kLatent, draw, all);
                b.normal(a.matrix(rows, cols), RngPurpose::kLatent, by_number, some);
            });
            same<T>("numbers", [&](const Backend<T>& b, Arrays<T>& a) {
                const T* const x = a.numbers(rows * cols);
                const double results[] = {
                    b.sum(x, rows * cols), b.weighted_sum(x, a.numbers(rows * cols), rows * cols),
                    b.sum_squares(x, rows * cols), double(b.all_finite(a.matrix(rows, cols)))};
                for (const double value : results)
                    b.fill(row_vector(a.numbers(1), 1), static_cast<T>(value), {0, 1});
            });
        }
}

template <class T>
void norms() {
    for (const Index rows : {2, 30, 300})
        for (const Index cols : {1, 7, 33}) {
            same<T>("layer norm", [&](const Backend<T>& b, Arrays<T>& a) {
                NormForward<T> f;
                f.y = a.matrix(rows, cols), f.n = a.matrix(rows, cols), f.x = a.matrix(rows, cols);
                f.weight = a.numbers(cols), f.bias = a.numbers(cols), f.row_scale = a.numbers(rows),
                f.eps = T(1e-5);
                b.layer_norm_forward(f);
                NormBackward<T> g;
                g.dx = a.matrix(rows, cols), g.dy = a.matrix(rows, cols), g.n = f.n, g.weight = f.weight;
                g.row_scale = f.row_scale;
                b.layer_norm_backward(g);
                for (const bool accumulate : {false, true}) {
                    NormWeightGradient<T> w;
                    w.bias_rows = rows, w.dweight = a.numbers(cols), w.dbias = a.numbers(cols), w.dy = g.dy,
                    w.n = f.n;
                    w.accumulate = accumulate;
                    b.norm_weight_gradient(w);
                }
            });
            same<T>("batch norm", [&](const Backend<T>& b, Arrays<T>& a) {
                BatchStatistics<T> s;
                s.mean = a.numbers(cols), s.variance = a.numbers(cols), s.scale = a.numbers(cols);
                s.x = a.matrix(rows, cols), s.eps = T(1e-5);
                b.batch_norm_statistics(s);
                NormForward<T> f;
                f.y = a.matrix(rows, cols), f.n = a.matrix(rows, cols), f.x = s.x;
                f.weight = a.numbers(cols), f.bias = a.numbers(cols), f.mean = s.mean,
                f.column_scale = s.scale;
                b.batch_norm_forward(f);
                NormBackward<T> g;
                g.dx = a.matrix(rows, cols), g.dy = a.matrix(rows, cols), g.n = f.n, g.weight = f.weight;
                g.column_scale = s.scale, g.dweight = a.numbers(cols), g.dbias = a.numbers(cols),
                g.count = rows;
                b.batch_norm_backward(g);
                RunningStatistics<T> r;
                r.cols = cols, r.mean = a.numbers(cols), r.variance = a.numbers(cols), r.batch_mean = s.mean;
                r.batch_variance = s.variance, r.momentum = T(0.1), r.count = rows;
                b.update_running_statistics(r);
                b.inverse_stddev(a.numbers(cols), a.numbers(cols, 0.1, 2.0), T(1e-5), cols);
            });
        }
}

template <class T>
void losses_and_updates() {
    for (std::size_t kind = 0; kind < losses().size(); ++kind)
        for (const Index cols : {1, 6}) {
            const LossTraits& traits = losses()[kind];
            if (traits.takes_labels() && !traits.takes_rows() && cols == 1) continue;
            same<T>(traits.name, [&](const Backend<T>& b, Arrays<T>& a) {
                LossArgs<T> args{};
                args.x = a.matrix(30, cols, 0.1, 0.9);
                if (traits.takes_rows())
                    args.target = a.matrix(30, cols, 0.0, 1.0);
                else
                    args.label = a.indices(30, cols);
                args.row_scale = a.numbers(30, 0.0, 1.0), args.scale = T(0.1);
                args.row_loss = a.numbers(30), args.d = a.matrix(30, cols);
                for (T& option : args.option) option = T(0.4);
                b.loss(Loss(kind), args);
            });
        }
    for (std::size_t kind = 0; kind < optimizers().size(); ++kind)
        for (const Index n : {1, 64, 1000})
            same<T>(optimizers()[kind].name, [&](const Backend<T>& b, Arrays<T>& a) {
                UpdateArgs<T> u;
                u.w = a.numbers(n), u.g = a.numbers(n), u.m = a.numbers(n), u.v = a.numbers(n, 0.0, 1.0),
                u.n = n;
                u.learning_rate = T(0.01), u.beta1 = T(0.9), u.beta2 = T(0.99), u.eps = T(1e-8),
                u.momentum = T(0.9);
                u.step_size = T(0.02), u.inv_sqrt_bc2 = T(1.3), u.grad_step = T(0.01), u.clip_value = T(1);
                u.l2 = T(0.01), u.decay = T(0.999), u.nesterov = n == 64;
                const bool finite = b.update(Optimizer(kind), u);
                b.fill(row_vector(a.numbers(1), 1), finite ? T(1) : T(0), {0, 1});
            });
}

template <class T>
void all() {
    products<T>();
    copies_and_numbers<T>();
    norms<T>();
    losses_and_updates<T>();
}

}  // namespace

int main(int, char** arguments) {
    load_plugin(arguments[1]);
    plugin_devices();
    all<float>();
    all<double>();
    return failures;
}
