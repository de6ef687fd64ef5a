#include "train/rec_inference.h"

#include <algorithm>
#include <chrono>
#include <type_traits>

#include "core/cpu.h"
#include "core/team.h"

namespace ds {
namespace {

constexpr Index kChunkSequences = 64;
constexpr Index kChunkBytes = Index(1)
                              << 24;  // of a chunk's activations, unless one sequence alone takes more
constexpr double kFlopsPerWorker = 5e6;
constexpr std::size_t kRooms = 8;                // kept for the next calls
constexpr double kStepBytesPerWorker = 1 << 19;  // of weights: some 5 us from the second-level cache
constexpr double kTurnFrom = 1 << 19;            // bytes of weights: half a second-level cache
constexpr std::int64_t kAwake = 20'000;          // less than workers spin

std::int64_t nanoseconds() {
    return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
}

}  // namespace

// Buffers for one chunk at a time.
template <class T>
struct RecInference<T>::Room {
    Room(const RecModel<T>& model, const Backend<T>& backend, const BatchBounds& b)
        : bounds(b), stack(model.body(), backend, false) {
        stack.plan(b.rows, b.total);
        Carver measure;
        carve(measure, model);
        memory = Buffer<T>(measure.elements<T>());
        Carver carver(memory.data(), memory.bytes());
        carve(carver, model);
        pass.backend = &backend;
    }
    void carve(Carver& carver, const RecModel<T>& model) {
        stack.carve(carver, bounds.rows, bounds.total, bounds.steps, true);
        const Index rows = stack.each_step() ? bounds.total : bounds.rows;
        outputs = carver.take<T>(rows, model.spec().outputs());
        place = carver.take<Index>(bounds.rows, 2);
        if (place)
            for (Index i = 0; i < bounds.rows; ++i) place[i] = i, place[bounds.rows + i] = 1;
        pass.worker.scratch = carver.take<T>(stack.scratch(), 1);
    }
    // Single steps have rooms of their own, where no weights are packed for the steps to come.
    bool holds(const BatchBounds& b) const {
        return (bounds.steps == 1) == (b.steps == 1) && bounds.rows >= b.rows && bounds.total >= b.total &&
               bounds.steps >= b.steps && bounds.labels >= b.labels;
    }

    BatchBounds bounds;
    RecStack<T> stack;
    Buffer<T> memory;
    Buffer<T> head, targets;  // made when losses are asked for
    Buffer<double> paths;     // CTC's
    T* outputs = nullptr;     // of the head's rows, contiguous
    Index* place = nullptr;   // starts and lengths of single steps
    Pass<T> pass;
};

template <class T>
RecInference<T>::RecInference(const RecModel<T>& model, const Backend<T>& backend)
    : model_(model), backend_(backend), head_(model, model.head(), backend), kept_(kRooms) {
    rooms_.reserve(kept_);
}

template <class T>
RecInference<T>::~RecInference() = default;

template <class T>
std::unique_ptr<typename RecInference<T>::Room> RecInference<T>::borrow(const BatchBounds& bounds) {
    {
        const std::lock_guard<std::mutex> guard(mutex_);
        for (auto& room : rooms_)
            if (room->holds(bounds)) {
                std::unique_ptr<Room> found = std::move(room);
                rooms_.erase(rooms_.begin() + (&room - rooms_.data()));
                return found;
            }
    }
    return std::make_unique<Room>(model_, backend_, bounds);
}

template <class T>
void RecInference<T>::give_back(std::unique_ptr<Room> room) {
    room->pass.worker.halt = nullptr;
    const std::lock_guard<std::mutex> guard(mutex_);
    if (rooms_.size() == kept_) rooms_.erase(rooms_.begin());
    rooms_.push_back(std::move(room));
}

// What judging needs besides the way forward, for the most that the room holds.
template <class T>
void RecInference<T>::make_judge(Room& room, const RecTargets<T>& wanted) const {
    const BatchBounds& b = room.bounds;
    const auto grow = [](auto& buffer, Index n) {
        if (buffer.size() < n) buffer = std::remove_reference_t<decltype(buffer)>(n);
    };
    const Index rows = room.stack.each_step() ? b.total : b.rows;
    grow(room.head, std::max(head_.room(1), head_.room(rows)));
    if (wanted.ctc()) return grow(room.paths, ctc_room(b.steps, model_.spec().outputs(), b.labels));
    Carver measure;
    wanted.carve(measure, rows, false);
    grow(room.targets, measure.elements<T>());
}

template <class T>
void RecInference<T>::reserve(const SequenceSet<T>& data, const Work& work, int workers) {
    BatchBounds most;
    for (Index chunk = 0; chunk < work.chunks(); ++chunk) {
        const BatchBounds b = bounds(data, work.place(chunk));
        most = {std::max(most.rows, b.rows), std::max(most.steps, b.steps), std::max(most.total, b.total),
                std::max(most.labels, b.labels)};
    }
    kept_ = std::max(kept_, static_cast<std::size_t>(workers));
    rooms_.reserve(kept_);
    const Index n = std::min<Index>(workers, work.chunks());
    for (Index i = 0; i < n; ++i) {
        rooms_.push_back(std::make_unique<Room>(model_, backend_, most));
        make_judge(*rooms_.back(), RecTargets<T>(model_.spec(), data));
    }
}

template <class T>
int RecInference<T>::workers(const SequenceSet<T>& data, int available) const {
    Index steps = 0;
    for (Index i = 0; i < data.x.count; ++i) steps += data.steps(i);
    const int most = static_cast<int>(std::min<Index>(available, std::max<Index>(data.x.count, 1)));
    return workers_worth(static_cast<double>(steps) * model_.step_flops(), kFlopsPerWorker, most);
}

template <class T>
typename RecInference<T>::Work RecInference<T>::plan(const SequenceSet<T>& data, int workers) const {
    Work work;
    Index row = 0;
    for (Index i = 0; i < data.x.count; ++i) {
        work.order_.push_back(i);
        work.out_.push_back(row);
        row += reads_every_step(model_.spec().output) ? data.steps(i) : 1;
    }
    std::stable_sort(work.order_.begin(), work.order_.end(),
                     [&](Index a, Index b) { return data.steps(a) > data.steps(b); });
    Index width = model_.spec().outputs();
    for (const Recurrent<T>& layer : model_.body().stack()) width += 8 * layer.outputs();
    const Index fit = std::max<Index>(kChunkBytes / (width * Index(sizeof(T))), 1);
    const Index most = std::clamp<Index>((data.x.count + workers - 1) / workers, 1, kChunkSequences);
    Index rows = 0, total = 0;
    work.first_.push_back(0);
    for (Index i = 0; i < data.x.count; ++i) {
        const Index steps = data.steps(work.order_[static_cast<std::size_t>(i)]);
        if (rows > 0 && (rows == most || total + steps > fit)) {
            work.first_.push_back(i);
            rows = total = 0;
        }
        ++rows;
        total += steps;
    }
    work.first_.push_back(data.x.count);
    if (data.x.count == 0) work.first_.pop_back();
    return work;
}

template <class T>
BatchBounds RecInference<T>::bounds(const SequenceSet<T>& data, const SequencePlace& place) const {
    BatchBounds b;
    b.rows = place.size;
    for (Index i = 0; i < place.size; ++i) {
        const Index steps = data.steps(place.sequence(i));
        b.total += steps;
        b.steps = std::max(b.steps, steps);
        if (data.labels) b.labels = std::max(b.labels, data.labels[place.sequence(i)]);
    }
    return b;
}

template <class T>
void RecInference<T>::enter(Room& room, const SequenceSet<T>& data, const SequencePlace& place,
                            const T* states) const {
    room.pass.params = model_.params();
    room.stack.place(data, place);
    const Range all{0, place.size};
    if (states)
        room.stack.set_states({states, model_.state_size()}, all);
    else
        room.stack.clear_states(all);
}

template <class T>
void RecInference<T>::run(Room& room, const SequenceSet<T>& data, const SequencePlace& place, const T* states,
                          bool states_first) {
    Barrier alone(1);
    enter(room, data, place, states);
    if (states_first && states) room.stack.states_first(room.pass);
    room.stack.forward(room.pass, data, Share{}, alone);
}

template <class T>
void RecInference<T>::run_together(Room& room, const SequenceSet<T>& data, const SequencePlace& place,
                                   const T* states, int workers) {
    TeamLease lease(workers);
    Barrier barrier(lease.workers());
    enter(room, data, place, states);
    lease.run([&](int worker) {
        const Together together{{worker, lease.workers()}, barrier};
        Pass<T> pass = room.pass;
        pass.together = &together;
        room.stack.forward(pass, data, together.share, barrier);
    });
}

template <class T>
int RecInference<T>::step_workers(const Room& room, int available) const {
    if (available <= 1 || room.stack.scratch() > 0) return 1;  // there is room for one
    const bool spinning = available <= cpu_info().cores;       // more workers than cores sleep at once
    const bool awake = spinning && nanoseconds() - stepped_.load(std::memory_order_relaxed) < kAwake;
    const double weights = awake ? model_.step_flops() / 2.0 : 0.0;  // a number each, for one sequence
    return workers_worth(weights * sizeof(T), kStepBytesPerWorker, available);
}

template <class T>
void RecInference<T>::predict(const SequenceSet<T>& data, const Work& work, Index chunk, T* y,
                              const Halt* halt) {
    const SequencePlace place = work.place(chunk);
    std::unique_ptr<Room> room = borrow(bounds(data, place));
    room->pass.worker.halt = halt;
    run(*room, data, place, nullptr);
    const RecStack<T>& stack = room->stack;
    head_.predict(stack.top(), stack.head_rows(), room->outputs, Share{}, halt);
    const Index outputs = model_.spec().outputs();
    const auto put = [&](Index i, Index row, Index t) {
        const Index to = work.out_[static_cast<std::size_t>(stack.sequence(row))] + t;
        std::copy_n(room->outputs + i * outputs, outputs, y + to * outputs);
    };
    if (stack.each_step())
        stack.each({0, stack.head_rows()}, put);
    else
        for (Index row = 0; row < stack.head_rows(); ++row) put(row, row, 0);
    give_back(std::move(room));
}

template <class T>
void RecInference<T>::losses(const SequenceSet<T>& data, const Work& work, Index chunk, LossSum* sums,
                             const Halt* halt) {
    const RecSpec& spec = model_.spec();
    const SequencePlace place = work.place(chunk);
    std::unique_ptr<Room> room = borrow(bounds(data, place));
    room->pass.worker.halt = halt;
    run(*room, data, place, nullptr);
    const RecStack<T>& stack = room->stack;
    const RecTargets<T> wanted(spec, data);
    const Index outputs = spec.outputs(), rows = stack.head_rows();
    make_judge(*room, wanted);
    head_.predict(stack.top(), rows, room->outputs, Share{}, halt, loss_is_fused(spec.loss.kind),
                  room->head.data());
    const Matrix<T> y{room->outputs, outputs};
    const auto count = [&](Index row, Index t, double loss) {
        const Index sequence = stack.sequence(row);
        const double w = wanted.weight(sequence, t);
        sums[sequence].loss += w * loss;
        sums[sequence].weight += w;
    };
    for (Index row = 0; row < stack.layout().rows; ++row) sums[stack.sequence(row)] = {};
    if (wanted.ctc()) {
        for (Index row = 0; row < stack.layout().rows; ++row) {
            const CtcLabels labels = wanted.ctc_labels(stack.sequence(row));
            count(row, 0, ctc<T>(stack.layout(), row, y, outputs, labels, {}, 0.0, room->paths.data()));
        }
        return give_back(std::move(room));
    }
    Carver carver(room->targets.data(), room->targets.bytes());
    const Targets<T> targets = wanted.carve(carver, rows, false);
    wanted.gather(stack, 0, 1.0, targets, {0, rows});
    LossArgs<T> a = loss_arguments<T>(spec.loss, rows, outputs, y);
    a.label = targets.label;
    if (targets.values) a.target = targets.values.p, a.ldt = targets.values.ld;
    a.row_loss = targets.row_loss;
    backend_.loss(spec.loss.kind, a);
    if (judges_every_step(spec.output))
        stack.each({0, rows}, [&](Index i, Index row, Index t) { count(row, t, targets.row_loss[i]); });
    else
        for (Index row = 0; row < rows; ++row) count(row, 0, targets.row_loss[row]);
    give_back(std::move(room));
}

template <class T>
void RecInference<T>::step(const Sequences<T>& x, const T* before, T* after, T* y, int available) {
    std::unique_ptr<Room> room = borrow({x.count, 1, x.count, 0});
    SequenceSet<T> data;
    data.x = x;
    data.x.start = room->place;
    data.x.length = room->place + room->bounds.rows;
    const int workers = step_workers(*room, available);
    const SequencePlace place{nullptr, 0, x.count};
    // Steps that read the weights to and fro find in the second-level cache what the one before has read last.
    const bool fro = model_.step_flops() / 2.0 * sizeof(T) > kTurnFrom && steps_.fetch_add(1) % 2 == 1;
    if (workers == 1)
        run(*room, data, place, before, fro);
    else
        run_together(*room, data, place, before, workers);
    room->stack.get_states({after, model_.state_size()}, {0, x.count});
    head_.predict(room->stack.top(), x.count, y, Share{});
    give_back(std::move(room));
    stepped_.store(nanoseconds(), std::memory_order_relaxed);
}

template class RecInference<float>;
template class RecInference<double>;

}  // namespace ds
