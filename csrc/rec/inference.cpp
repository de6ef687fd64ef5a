#include "rec/inference.h"

#include <algorithm>
#include <chrono>
#include <type_traits>

#include "core/cpu.h"
#include "core/threads/min_work.h"
#include "core/threads/thread_pool.h"

namespace ds {
namespace {

constexpr Index kChunkSequences = 64;
constexpr Index kChunkBytes = Index(1) << 24;  // of a chunk's activations; a single sequence may need more
constexpr std::size_t kWorkspaces = 8;         // kept for later calls
constexpr double kMinReversedBytes = 1 << 19;  // of weights: half of a second-level cache
constexpr std::int64_t kAwakeNanoseconds = 20'000;  // shorter than workers spin

std::int64_t nanoseconds() {
    return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
}

}  // namespace

// The buffers for one chunk.
template <class T>
struct RecInference<T>::Workspace {
    Workspace(const RecModel<T>& model, const Device<T>& device, const BatchBounds& b)
        : bounds(b), stack(model.body(), device.backend, false), single_steps(2 * b.rows) {
        stack.plan(b.rows, b.total);
        memory = allocate_planned<T>(device.memory,
                                     [&](ArenaPlanner& planner) { allocate_buffers(planner, model); });
        for (Index i = 0; i < bounds.rows; ++i) single_steps[i] = i, single_steps[bounds.rows + i] = 1;
        exec.backend = &device.backend;
    }
    void allocate_buffers(ArenaPlanner& planner, const RecModel<T>& model) {
        stack.allocate_buffers(planner, bounds.rows, bounds.total, bounds.steps, true);
        const Index rows = stack.is_stepwise() ? bounds.total : bounds.rows;
        output_rows.resize(rows);
        outputs = planner.allocate<T>(rows, model.spec().outputs());
        exec.worker.scratchpad = planner.allocate<T>(stack.scratchpad_size(), 1);
    }
    // Single steps have their own workspaces, which do not pack weights for many steps.
    bool holds(const BatchBounds& b) const {
        return (bounds.steps == 1) == (b.steps == 1) && bounds.rows >= b.rows && bounds.total >= b.total &&
               bounds.steps >= b.steps && bounds.labels >= b.labels;
    }

    BatchBounds bounds;
    RecStack<T> stack;
    HostArray<Index> single_steps;  // starts and lengths of single steps
    HostArray<Index> output_rows;   // by row of the head: its row of the outputs
    Buffer<T> memory;
    // Allocated when losses are computed.
    Buffer<T> head, targets;
    Buffer<double> ctc_scratchpad;
    TargetRows<T> target_rows;
    HostArray<T> row_losses;
    HostArray<double> exact_row_losses;
    T* outputs = nullptr;  // of the head's rows, contiguous
    ExecContext<T> exec;
};

template <class T>
RecInference<T>::RecInference(const RecModel<T>& model, const Device<T>& device)
    : model_(model),
      device_(device),
      backend_(device.backend),
      head_(model, model.head(), device),
      kept_(kWorkspaces) {
    workspaces_.reserve(kept_);
}

template <class T>
RecInference<T>::~RecInference() = default;

template <class T>
std::unique_ptr<typename RecInference<T>::Workspace> RecInference<T>::acquire(const BatchBounds& bounds) {
    {
        const std::lock_guard<std::mutex> guard(mutex_);
        for (auto& workspace : workspaces_)
            if (workspace->holds(bounds)) {
                std::unique_ptr<Workspace> found = std::move(workspace);
                workspaces_.erase(workspaces_.begin() + (&workspace - workspaces_.data()));
                return found;
            }
    }
    return std::make_unique<Workspace>(model_, device_, bounds);
}

template <class T>
void RecInference<T>::release(std::unique_ptr<Workspace> workspace) {
    workspace->exec.worker.stop_token = nullptr;
    const std::lock_guard<std::mutex> guard(mutex_);
    if (workspaces_.size() == kept_) workspaces_.erase(workspaces_.begin());
    workspaces_.push_back(std::move(workspace));
}

// Allocates the buffers of losses, for the largest batch of the workspace.
template <class T>
void RecInference<T>::reserve_loss_buffers(Workspace& workspace, const RecTargets<T>& target_source) const {
    const BatchBounds& b = workspace.bounds;
    const auto grow = [this](auto& buffer, Index n) {
        if (buffer.size() < n) buffer = std::remove_reference_t<decltype(buffer)>(device_.memory, n);
    };
    const Index rows = workspace.stack.is_stepwise() ? b.total : b.rows;
    grow(workspace.head, std::max(head_.scratchpad_size(1), head_.scratchpad_size(rows)));
    if (target_source.ctc()) {
        workspace.exact_row_losses.resize(b.rows);
        return grow(workspace.ctc_scratchpad,  // after the losses of the rows
                    b.rows + ctc_scratchpad_size(b.steps, model_.spec().outputs(), b.labels));
    }
    workspace.target_rows.resize(rows, false);
    workspace.row_losses.resize(rows);
    grow(workspace.targets, planned_size<T>([&](ArenaPlanner& planner) {
             target_source.allocate_buffers(planner, rows, false);
         }));
}

template <class T>
void RecInference<T>::reserve(const SequenceSet<T>& data, const ChunkPlan& plan, int workers) {
    BatchBounds most;
    for (Index chunk = 0; chunk < plan.count(); ++chunk) {
        const BatchBounds b = bounds(data, plan.batch(chunk));
        most = {std::max(most.rows, b.rows), std::max(most.steps, b.steps), std::max(most.total, b.total),
                std::max(most.labels, b.labels)};
    }
    kept_ = std::max(kept_, static_cast<std::size_t>(workers));
    workspaces_.reserve(kept_);
    const Index n = std::min<Index>(workers, plan.count());
    for (Index i = 0; i < n; ++i) {
        workspaces_.push_back(std::make_unique<Workspace>(model_, device_, most));
        reserve_loss_buffers(*workspaces_.back(), RecTargets<T>(model_.spec(), data));
    }
}

template <class T>
int RecInference<T>::workers(const SequenceSet<T>& data, int available) const {
    Index steps = 0;
    for (Index i = 0; i < data.x.count; ++i) steps += data.steps(i);
    const int most = static_cast<int>(std::min<Index>(available, std::max<Index>(data.x.count, 1)));
    return useful_workers(static_cast<double>(steps) * model_.step_flops(), kMinInferenceFlops, most);
}

template <class T>
typename RecInference<T>::ChunkPlan RecInference<T>::plan(const SequenceSet<T>& data, int workers) const {
    ChunkPlan plan;
    Index row = 0;
    for (Index i = 0; i < data.x.count; ++i) {
        plan.order_.push_back(i);
        plan.out_.push_back(row);
        row += has_stepwise_output(model_.spec().output) ? data.steps(i) : 1;
    }
    std::stable_sort(plan.order_.begin(), plan.order_.end(),
                     [&](Index a, Index b) { return data.steps(a) > data.steps(b); });
    Index width = model_.spec().outputs();
    for (const Recurrent<T>& layer : model_.body().stack()) width += 8 * layer.outputs();
    const Index fit = std::max<Index>(kChunkBytes / (width * Index(sizeof(T))), 1);
    const Index most = std::clamp<Index>((data.x.count + workers - 1) / workers, 1, kChunkSequences);
    Index rows = 0, total = 0;
    plan.first_.push_back(0);
    for (Index i = 0; i < data.x.count; ++i) {
        const Index steps = data.steps(plan.order_[static_cast<std::size_t>(i)]);
        if (rows > 0 && (rows == most || total + steps > fit)) {
            plan.first_.push_back(i);
            rows = total = 0;
        }
        ++rows;
        total += steps;
    }
    plan.first_.push_back(data.x.count);
    if (data.x.count == 0) plan.first_.pop_back();
    return plan;
}

template <class T>
BatchBounds RecInference<T>::bounds(const SequenceSet<T>& data, const SequenceBatchRef& batch) const {
    BatchBounds b;
    b.rows = batch.size;
    for (Index i = 0; i < batch.size; ++i) {
        const Index steps = data.steps(batch.sequence(i));
        b.total += steps;
        b.steps = std::max(b.steps, steps);
        if (data.labels) b.labels = std::max(b.labels, data.labels[batch.sequence(i)]);
    }
    return b;
}

template <class T>
void RecInference<T>::load_batch(Workspace& workspace, const SequenceSet<T>& data,
                                 const SequenceBatchRef& batch, const T* states) const {
    workspace.exec.params = model_.params();
    workspace.stack.set_batch(data, batch);
    const Range all{0, batch.size};
    if (states)
        workspace.stack.set_states({states, batch.size, model_.state_size()}, all);
    else
        workspace.stack.clear_states(all);
}

template <class T>
void RecInference<T>::run(Workspace& workspace, const SequenceSet<T>& data, const SequenceBatchRef& batch,
                          const T* states, bool states_first) {
    Barrier alone(1);
    load_batch(workspace, data, batch, states);
    if (states_first && states) workspace.stack.states_first(workspace.exec);
    workspace.stack.forward(workspace.exec, data, Share{}, alone);
}

template <class T>
void RecInference<T>::run_column_parallel(Workspace& workspace, const SequenceSet<T>& data,
                                          const SequenceBatchRef& batch, const T* states, int workers) {
    ThreadPoolLease lease(workers);
    Barrier barrier(lease.workers());
    load_batch(workspace, data, batch, states);
    lease.run([&](int worker) {
        const ColumnParallel column_parallel{{worker, lease.workers()}, barrier};
        ExecContext<T> exec = workspace.exec;
        exec.column_parallel = &column_parallel;
        workspace.stack.forward(exec, data, column_parallel.share, barrier);
    });
}

template <class T>
int RecInference<T>::step_workers(const Workspace& workspace, int available) const {
    if (available <= 1 || workspace.stack.scratchpad_size() > 0)
        return 1;                                         // the scratchpad is for one worker
    const bool spinning = available <= cpu_info().cores;  // more workers than cores do not spin
    const bool awake =
        spinning && nanoseconds() - last_step_end_.load(std::memory_order_relaxed) < kAwakeNanoseconds;
    const double weights =
        awake ? model_.step_flops() / 2.0 : 0.0;  // step_flops() counts two operations per weight
    return useful_workers(weights * sizeof(T), kMinStepBytes, available);
}

template <class T>
void RecInference<T>::predict(const SequenceSet<T>& data, const ChunkPlan& plan, Index chunk, T* y,
                              const StopToken* stop_token) {
    const SequenceBatchRef batch = plan.batch(chunk);
    std::unique_ptr<Workspace> workspace = acquire(bounds(data, batch));
    workspace->exec.worker.stop_token = stop_token;
    run(*workspace, data, batch, nullptr);
    const RecStack<T>& stack = workspace->stack;
    head_.predict(stack.top(), stack.head_rows(), workspace->outputs, Share{}, stop_token);
    const Index outputs = model_.spec().outputs();
    HostArray<Index>& to = workspace->output_rows;
    Index end = 0;  // of the rows that are written
    const auto find = [&](Index i, Index row, Index t) {
        to[i] = plan.out_[static_cast<std::size_t>(stack.sequence(row))] + t;
        end = std::max(end, to[i] + 1);
    };
    const Index rows = stack.head_rows();
    if (stack.is_stepwise())
        stack.each({0, rows}, find);
    else
        for (Index row = 0; row < rows; ++row) find(row, row, 0);
    backend_.scatter({y, end, outputs}, {workspace->outputs, rows, outputs}, to.data(), {0, rows});
    release(std::move(workspace));
}

template <class T>
void RecInference<T>::losses(const SequenceSet<T>& data, const ChunkPlan& plan, Index chunk, LossSum* sums,
                             const StopToken* stop_token) {
    const RecSpec& spec = model_.spec();
    const SequenceBatchRef batch = plan.batch(chunk);
    std::unique_ptr<Workspace> workspace = acquire(bounds(data, batch));
    workspace->exec.worker.stop_token = stop_token;
    run(*workspace, data, batch, nullptr);
    const RecStack<T>& stack = workspace->stack;
    const RecTargets<T> target_source(spec, data);
    const Index outputs = spec.outputs(), rows = stack.head_rows();
    reserve_loss_buffers(*workspace, target_source);
    head_.predict(stack.top(), rows, workspace->outputs, Share{}, stop_token,
                  traits_of(spec.loss.kind).is_fused(), workspace->head.data());
    const Matrix<T> y{workspace->outputs, rows, outputs};
    const auto count = [&](Index row, Index t, double loss) {
        const Index sequence = stack.sequence(row);
        const double w = target_source.weight(sequence, t);
        sums[sequence].loss += w * loss;
        sums[sequence].weight += w;
    };
    for (Index row = 0; row < stack.layout().rows; ++row) sums[stack.sequence(row)] = {};
    if (target_source.ctc()) {
        const Index count_of_rows = stack.layout().rows;
        double* const row_losses = workspace->ctc_scratchpad.data();
        CtcArgs<T> a =
            target_source.ctc_arguments(stack, y, {0, count_of_rows}, row_losses + workspace->bounds.rows);
        a.exact_loss = row_losses;
        backend_.ctc(a);
        const HostArray<double>& losses = workspace->exact_row_losses;
        device_.memory.to_host(workspace->exact_row_losses.data(), row_losses, count_of_rows);
        for (Index row = 0; row < count_of_rows; ++row) count(row, 0, losses[row]);
        return release(std::move(workspace));
    }
    ArenaPlanner planner(workspace->targets.data(), workspace->targets.bytes());
    const Targets<T> targets = target_source.allocate_buffers(planner, rows, false);
    target_source.gather(backend_, stack, 0, nullptr, workspace->target_rows, targets, {0, rows});
    LossArgs<T> a = loss_arguments<T>(spec.loss, y);
    a.label = targets.label;
    a.target = targets.values;
    a.row_loss = targets.row_loss;
    backend_.loss(spec.loss.kind, a);
    const HostArray<T>& losses = workspace->row_losses;
    device_.memory.to_host(workspace->row_losses.data(), targets.row_loss, rows);
    if (has_stepwise_loss(spec.output))
        stack.each({0, rows}, [&](Index i, Index row, Index t) { count(row, t, losses[i]); });
    else
        for (Index row = 0; row < rows; ++row) count(row, 0, losses[row]);
    release(std::move(workspace));
}

template <class T>
void RecInference<T>::step(const Sequences<T>& x, const T* state, T* next_state, T* y, int available) {
    std::unique_ptr<Workspace> workspace = acquire({x.count, 1, x.count, 0});
    SequenceSet<T> data;
    data.x = x;
    data.x.start = workspace->single_steps.data();
    data.x.length = workspace->single_steps.data() + workspace->bounds.rows;
    const int workers = step_workers(*workspace, available);
    const SequenceBatchRef batch{nullptr, 0, x.count};
    // Every second step reads the weights in reverse order: the ones that the previous step read last are
    // still in the second-level cache.
    const bool reversed =
        model_.step_flops() / 2.0 * sizeof(T) > kMinReversedBytes && step_count_.fetch_add(1) % 2 == 1;
    if (workers == 1)
        run(*workspace, data, batch, state, reversed);
    else
        run_column_parallel(*workspace, data, batch, state, workers);
    workspace->stack.get_states({next_state, x.count, model_.state_size()}, {0, x.count});
    head_.predict(workspace->stack.top(), x.count, y, Share{});
    release(std::move(workspace));
    last_step_end_.store(nanoseconds(), std::memory_order_relaxed);
}

template class RecInference<float>;
template class RecInference<double>;

}  // namespace ds
