// Double backward through recurrent stacks: compared with central differences for all options of a
// discriminator, with equal bytes for any number of workers. Also the features that only GANs use: numbered
// rows, sums over several kinds of rows, single steps.
#include <algorithm>
#include <thread>
#include <utility>

#include "backend/cpu/cpu_backend.h"
#include "rec/tangents.h"
#include "tables.h"

using namespace ds;

namespace {

constexpr Index kFeatures = 4, kSteps = 5;

void fill(double* p, Index n, std::uint32_t key, double scale = 1.0) {
    RandomWords words(key, RngPurpose::kInit, 0, 0);
    for (Index i = 0; i < n; ++i) p[i] = scale * (words.next() * 0x1p-31 - 1.0);
}

// The weights of a stack, drawn so that none is 0 or 1.
struct Player {
    ParameterTable table{sizeof(double)};
    RecBody<double> body;
    HostArray<double> params, copies;

    explicit Player(const StackSpec& spec)
        : body(table, spec, {.prefix = "d.", .rng_stream = 8192, .needs_input_grad = true}) {
        params = HostArray<double>(table.size());
        copies = HostArray<double>(table.transposed_size());
        fill(params.data(), params.size(), 1, 0.7);
        for (const Parameter& p : table.all())
            if (p.kind == ParameterKind::kNormWeight)
                for (Index j = 0; j < p.cols; ++j) params[p.offset + j] += 1.0;
        refresh();
    }
    void refresh() {
        std::fill_n(copies.data(), copies.size(), 0.0);
        for (const Parameter& p : table.all())
            for (Index i = 0; i < p.rows && p.transposed >= 0; ++i)
                for (Index j = 0; j < p.cols; ++j)
                    copies[p.transposed + j * p.transposed_ld + i] = params[p.offset + i * p.ld + j];
    }
};

RecStackOptions by_number(RecStackOptions options, Index first) {
    options.numbered = options.external_inputs = true;
    options.first_number = first;
    options.length = kSteps;
    return options;
}

// One kind of rows: inputs x, a direction v, and the weights e and d of the pooled features.
struct Kind {
    std::vector<Index> lengths;
    RecStack<double> stack;
    RecTangents<double> tangents;
    Buffer<double> memory;
    Index count, width;
    std::vector<double> x, v, e, d;  // by position, then step

    Kind(const Player& player, const Backend<double>& backend, std::vector<Index> of, Index first,
         RecStackOptions options = {})
        : lengths(std::move(of)),
          stack(player.body, backend, true, by_number(options, first)),
          tangents(stack),
          count(static_cast<Index>(lengths.size())),
          width(player.body.spec().top_width()) {
        Index total = 0;
        for (const Index length : lengths) total += length;
        const bool ragged = total != count * lengths[0];
        stack.plan(count, total);
        const auto allocate_buffers = [&](ArenaPlanner& planner) {
            stack.allocate_buffers(planner, count, total, *std::max_element(lengths.begin(), lengths.end()),
                                   ragged);
            tangents.allocate_buffers(planner);
        };
        memory = allocate_planned<double>(host_memory(), allocate_buffers);
        std::fill_n(memory.data(), memory.size(), 1e30);  // reading what was not written changes the results
        ArenaPlanner planner(memory.data(), memory.bytes());
        allocate_buffers(planner);
        // The values of a sequence depend on its number only.
        const auto numbers = [&](std::vector<double>& to, Index cols, std::uint32_t key) {
            to.resize(static_cast<std::size_t>((first + count) * cols));
            fill(to.data(), (first + count) * cols, key);
            to.erase(to.begin(), to.begin() + first * cols);
        };
        numbers(x, kSteps * kFeatures, 2);
        numbers(v, kSteps * kFeatures, 3);
        numbers(e, width, 4);
        numbers(d, width, 5);
    }
    void write(const std::vector<double>& from, Matrix<double> to, Range packed) const {
        stack.each(packed, [&](Index i, Index row, Index t) {
            std::copy_n(from.data() + (stack.sequence(row) * kSteps + t) * kFeatures, kFeatures, to.row(i));
        });
    }
};

ExecContext<double> exec_of(const Player& player, const Backend<double>& backend, double* grads,
                            double* scratchpad) {
    ExecContext<double> exec;
    exec.backend = &backend;
    exec.params = player.params.data();
    exec.copies = player.copies.data();
    exec.grads = grads;
    exec.worker.scratchpad = scratchpad;
    exec.seed = 7;
    exec.epoch = 1;
    exec.step = 2;
    return exec;
}

template <class Work>
void with_workers(int workers, const Work& work) {
    Barrier barrier(workers);
    std::vector<std::thread> others;
    for (int worker = 1; worker < workers; ++worker)
        others.emplace_back([&, worker] { work(Share{worker, workers}, barrier); });
    work(Share{0, workers}, barrier);
    for (std::thread& other : others) other.join();
}

// Σ v·g + Σ d·pooled over all kinds; with `grads` also the gradients with respect to the weights.
double penalty(Player& player, const Backend<double>& backend, std::vector<Kind*> kinds, int workers,
               double* grads) {
    Index scratchpad_size = 1;
    for (Kind* kind : kinds) scratchpad_size = std::max(scratchpad_size, kind->stack.scratchpad_size());
    std::vector<HostArray<double>> scratchpads;
    for (int i = 0; i < workers; ++i) scratchpads.emplace_back(scratchpad_size);
    for (Kind* kind : kinds) kind->stack.set_batch(kind->lengths.data(), kind->count);
    with_workers(workers, [&](Share share, Barrier& barrier) {
        const ExecContext<double> exec =
            exec_of(player, backend, grads, scratchpads[static_cast<std::size_t>(share.worker)].data());
        for (Kind* kind : kinds) {
            const SequenceLayout& layout = kind->stack.layout();
            const Range packed = share.of(layout.total);
            kind->write(kind->x, kind->stack.x(), packed);
            kind->stack.clear_states(layout.rows_of(share));
            kind->stack.forward(exec, share, barrier);
            kind->tangents.input_gradient(exec, {kind->e.data(), kind->count, kind->width}, share, barrier);
            kind->write(kind->v, kind->tangents.inputs(), packed);
            if (!grads) continue;
            kind->tangents.forward_tangents(exec, share, barrier);
            kind->tangents.backward(exec, {kind->d.data(), kind->count, kind->width}, share, barrier);
        }
        if (!grads) return;
        bool more = false;
        for (Kind* kind : kinds) kind->stack.weight_gradient(exec, share, std::exchange(more, true));
        for (Kind* kind : kinds) kind->tangents.weight_gradient(exec, share);
    });
    double sum = 0.0;
    for (Kind* kind : kinds) {
        const Matrix<double> g = kind->tangents.input_gradient(), v = kind->tangents.inputs();
        for (Index i = 0; i < kind->stack.layout().total; ++i)
            for (Index j = 0; j < kFeatures; ++j) sum += v.row(i)[j] * g.row(i)[j];
        const Matrix<const double> pooled = kind->stack.top();
        for (Index i = 0; i < kind->count; ++i)
            for (Index j = 0; j < kind->width; ++j)
                sum += kind->d[static_cast<std::size_t>(i * kind->width + j)] * pooled.row(i)[j];
    }
    return sum;
}

// The tangents of the pooled features, times e equal Σ v·g.
double along(const Kind& kind) {
    double sum = 0.0;
    const Matrix<double> pooled = kind.tangents.pooled();
    for (Index i = 0; i < kind.count; ++i)
        for (Index j = 0; j < kind.width; ++j)
            sum += kind.e[static_cast<std::size_t>(i * kind.width + j)] * pooled.row(i)[j];
    const Matrix<double> g = kind.tangents.input_gradient(), v = kind.tangents.inputs();
    for (Index i = 0; i < kind.stack.layout().total; ++i)
        for (Index j = 0; j < kFeatures; ++j) sum -= v.row(i)[j] * g.row(i)[j];
    return sum;
}

// Counts the weights with a kink of relu or max nearby, where differences fail. They have to be few.
int differences_taken = 0, differences_at_kinks = 0;

void check_gradients(const StackSpec& spec, bool ragged) {
    const CpuBackend<double> backend(*tables()[0]);
    Player player(spec);
    Kind first(player, backend, ragged ? std::vector<Index>{2, 5, 1, 5} : std::vector<Index>{4, 4, 4, 4}, 0);
    Kind second(player, backend, ragged ? std::vector<Index>{3, 1, 4} : std::vector<Index>{3, 3, 3}, 4);
    const std::vector<Kind*> kinds{&first, &second};
    const Index size = player.table.size();
    std::vector<double> grads(static_cast<std::size_t>(size), 0.0);
    const double value = penalty(player, backend, kinds, 1, grads.data());
    CHECK(std::fabs(along(first)) + std::fabs(along(second)) < 1e-12 * (1.0 + std::fabs(value)));
    for (const int workers : {2, 3}) {
        std::vector<double> again(static_cast<std::size_t>(size), 0.0);
        CHECK(penalty(player, backend, kinds, workers, again.data()) == value);
        CHECK(same_bytes(again.data(), grads.data(), grads.size() * sizeof(double)));
    }
    double largest = 0.0;
    for (const double g : grads) largest = std::max(largest, std::fabs(g));
    // All weights of one layer, or some of several layers.
    const Index stride = spec.hidden.size() > 1 ? 5 : 1;
    Index turn = 0;
    for (const Parameter& p : player.table.all())
        for (Index at = 0; at < p.rows * p.cols; ++at) {
            if (turn++ % stride != 0) continue;
            const Index place = p.offset + at / p.cols * p.ld + at % p.cols;
            const double start = player.params[place], got = grads[static_cast<std::size_t>(place)];
            const auto slope = [&](double step) {
                double values[4];
                for (int k = 0; k < 4; ++k) {
                    player.params[place] = start + (k < 2 ? k - 2 : k - 1) * step;
                    player.refresh();
                    values[k] = penalty(player, backend, kinds, 1, nullptr);
                }
                player.params[place] = start;
                return (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * step);
            };
            const double wide = slope(1e-4);
            ++differences_taken;
            if (std::fabs(wide - got) < 1e-7 * largest) continue;
            const double narrow = slope(1e-5);
            if (std::fabs(wide - narrow) > 1e-8 * largest)
                ++differences_at_kinks;
            else
                CHECK(std::fabs(narrow - got) < 1e-7 * largest);
        }
}

constexpr Cell kCells[] = {Cell::kRnnTanh, Cell::kRnnRelu, Cell::kRnnSigmoid, Cell::kGru, Cell::kLstm};

StackSpec spec_of(Cell cell, std::vector<Index> hidden, Output output) {
    StackSpec spec;
    spec.cell = cell;
    spec.input_size = kFeatures;
    spec.hidden = std::move(hidden);
    spec.output = output;
    return spec;
}

void drop_everywhere(StackSpec& spec) { spec.input_dropout = spec.dropout = spec.recurrent_dropout = 0.25; }

void gradients() {
    for (const Cell cell : kCells)
        for (const bool both : {false, true})
            for (const bool norm : {false, true})
                for (const Output output : {Output::kLast, Output::kMean, Output::kMax})
                    for (const bool ragged : {false, true})
                        for (const bool deep : {false, true})
                            for (const bool drops : {false, true}) {
                                StackSpec spec = spec_of(
                                    cell, deep ? std::vector<Index>{5, 4} : std::vector<Index>{6}, output);
                                spec.bidirectional = both;
                                spec.layer_norm = norm;
                                if (drops) drop_everywhere(spec);
                                check_gradients(spec, ragged);
                            }
    StackSpec plain = spec_of(Cell::kGru, {6}, Output::kMean);
    plain.bias = false;
    check_gradients(plain, true);
    CHECK(differences_at_kinks * 200 < differences_taken);
}

// The result of a sequence depends on its number, not on the others in its batch.
void numbers() {
    const CpuBackend<double> backend(*tables()[0]);
    StackSpec spec = spec_of(Cell::kLstm, {4, 3}, Output::kMax);
    spec.bidirectional = true;
    drop_everywhere(spec);
    Player player(spec);
    Kind all(player, backend, {2, 5, 1, 4}, 0), rest(player, backend, {5, 1, 4}, 1);
    std::vector<double> grads(static_cast<std::size_t>(player.table.size()), 0.0);
    penalty(player, backend, {&all, &rest}, 1, grads.data());
    for (Index i = 0; i < rest.count; ++i) {
        const std::size_t bytes = static_cast<std::size_t>(rest.width) * sizeof(double);
        CHECK(same_bytes(all.stack.top().row(i + 1), rest.stack.top().row(i), bytes));
        CHECK(same_bytes(all.tangents.pooled().row(i + 1), rest.tangents.pooled().row(i), bytes));
    }
    // With no_top_dropout the dense layers draw the last mask.
    Kind bare(player, backend, all.lengths, 0, {.no_top_dropout = true});
    penalty(player, backend, {&bare}, 1, grads.data());
    Array<double> mask(all.count * all.width);
    const Matrix<double> m{mask.data(), all.count, all.width};
    backend.dropout_mask(m, spec.dropout, {{7, 1, 2, 8192 + 2}}, {0, all.count});
    backend.multiply(m, m, bare.stack.top(), {0, all.count});
    for (Index i = 0; i < all.count; ++i)
        CHECK(same_bytes(all.stack.top().row(i), m.row(i),
                         static_cast<std::size_t>(all.width) * sizeof(double)));
}

// One output per step: all steps at once, and single steps.
void steps() {
    const CpuBackend<double> backend(*tables()[0]);
    for (const Cell cell : kCells)
        for (const bool norm : {false, true}) {
            StackSpec spec = spec_of(cell, {5, 3}, Output::kSequence);
            spec.layer_norm = norm;
            drop_everywhere(spec);
            Player player(spec);
            const std::vector<Index> lengths(4, kSteps);
            std::vector<double> found[2];
            for (const bool single : {false, true}) {
                RecStack<double> stack(player.body, backend, true,
                                       {.numbered = true, .length = kSteps, .external_inputs = true});
                stack.plan(4, 4 * kSteps);
                const Buffer<double> memory =
                    allocate_planned<double>(host_memory(), [&](ArenaPlanner& planner) {
                        stack.allocate_buffers(planner, 4, 4 * kSteps, kSteps, false);
                    });
                HostArray<double> scratchpad(stack.scratchpad_size() + 1);
                stack.set_batch(lengths.data(), 4);
                std::vector<double> grads(static_cast<std::size_t>(player.table.size()), 0.0);
                const ExecContext<double> exec = exec_of(player, backend, grads.data(), scratchpad.data());
                fill(stack.x().p, 4 * kSteps * kFeatures, 6);
                Barrier alone(1);
                stack.clear_states({0, 4});
                // The sequences of two workers, one after the other.
                const Range own[2] = {{0, 1}, {1, 4}};
                if (single) {
                    stack.pack(exec, {});
                    for (const Range& mine : own)
                        for (Index t = 0; t < kSteps; ++t) stack.forward_step(exec, t, mine);
                } else {
                    stack.forward(exec, {}, alone);
                }
                std::vector<double>& all = found[single];
                for (Index i = 0; i < 4 * kSteps; ++i) {
                    all.insert(all.end(), stack.top().row(i), stack.top().row(i) + 3);
                    fill(stack.top_gradient().row(i), 3, static_cast<std::uint32_t>(100 + i));
                }
                if (single) {
                    for (const Range& mine : own)
                        for (Index t = kSteps; t-- > 0;) stack.backward_step(exec, t, mine);
                } else {
                    stack.backward(exec, {}, alone, false);
                }
                stack.weight_gradient(exec, {}, false);
                all.insert(all.end(), stack.dx().p, stack.dx().p + 4 * kSteps * kFeatures);
                all.insert(all.end(), grads.begin(), grads.end());
            }
            CHECK(found[0].size() == found[1].size() &&
                  same_bytes(found[0].data(), found[1].data(), found[0].size() * sizeof(double)));
        }
}

// Sums over two parts of the rows equal those over all rows, if the first part has whole chunks.
template <class T>
void sums_go_on() {
    constexpr Index kRows = 600, kInputs = 7, kCols = 150;
    const Range cols{5, kCols};
    Array<T> x(kRows * kInputs, 1, 1.0), dy(kRows * kCols, 2, 1.0), n(kRows * kCols, 3, 1.0);
    for (const KernelTable* table : tables()) {
        const CpuBackend<T> backend(*table);
        const GemmPlan<T> plan = backend.plan_backward_weight(kRows, kInputs, kCols, kCols);
        HostArray<T> scratchpad(plan.scratchpad_size() + 1);
        const CellNorm<T> norm(0, kCols, kCols);
        const auto sums = [&](Array<T>& out, Index begin, Index end, bool accumulate) {
            const Index rows = end - begin;
            const Matrix<T> d{dy.data() + begin * kCols, rows, kCols};
            LinearBackwardWeight<T> op{.plan = &plan,
                                       .dw = {out.data(), kInputs, kCols},
                                       .dbias = out.data() + kInputs * kCols,
                                       .dy = d,
                                       .x = {x.data() + begin * kInputs, rows, kInputs},
                                       .inputs = kInputs,
                                       .outputs = kCols,
                                       .batch = rows,
                                       .bias_batch = rows,
                                       .accumulate = accumulate};
            backend.linear_backward_weight(op, {}, {scratchpad.data()});
            ExecContext<T> exec;
            exec.backend = &backend;
            exec.grads = out.data() + (kInputs + 1) * kCols;
            CellNormBuffers<T> buffers;
            buffers.n = {n.data() + begin * kCols, rows, kCols};
            norm.weight_gradient(exec, buffers, d, {0, rows}, cols, accumulate);
        };
        Array<T> whole((kInputs + 3) * kCols), parts((kInputs + 3) * kCols);
        sums(whole, 0, kRows, false);
        sums(parts, 0, 256, false);
        sums(parts, 256, kRows, true);
        CHECK(whole == parts && whole.guarded());
    }
}

}  // namespace

int main() {
    gradients();
    numbers();
    steps();
    sums_go_on<float>();
    sums_go_on<double>();
    std::printf("%d differences, %d of them at a kink\n", differences_taken, differences_at_kinks);
    return report();
}
