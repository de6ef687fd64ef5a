// Loss kernels of every instruction set: equal bits on those with fused multiply-add, whether the gradient
// replaces x or not, for any leading dimension, one column included; nothing touched between the rows.
#include <span>

#include "kernels/loss/loss_table.h"
#include "tables.h"

using namespace ds;

namespace {

constexpr Index kRows = 37;

template <class T>
struct Outcome {
    Array<T> d, row_loss;
    bool operator==(const Outcome& other) const { return d == other.d && row_loss == other.row_loss; }
};

template <class T>
Outcome<T> run(const KernelTable& table, int kind, Index cols, bool labels, bool in_place) {
    const Index ld = cols + 2;
    Array<T> x(kRows * ld, 1u, 3.0), target(kRows * ld, 2u, 1.0), scale(kRows, 3u, 1.0);
    std::vector<std::int64_t> label;
    for (Index i = 0; i < kRows; ++i) label.push_back(cols == 1 ? i % 2 : i * 7 % cols);
    Outcome<T> out{in_place ? x : Array<T>(kRows * ld, T(9)), Array<T>(kRows, T(9))};
    LossArgs<T> a{};
    a.x = {in_place ? out.d.data() : x.data(), kRows, cols, ld};
    a.d = {out.d.data(), kRows, cols, ld};
    if (labels)
        a.label = label.data();
    else
        a.target = {target.data(), kRows, cols, ld};
    a.row_scale = scale.data();
    a.row_loss = out.row_loss.data();
    for (int i = 0; i < kMaxOptions; ++i) a.option[i] = T(0.25);
    kernels_of<T>(table).loss.rows[kind](a);
    return out;
}

template <class T>
void test_loss(int kind, Index cols, bool labels) {
    const KernelTable* first = nullptr;
    for (const KernelTable* table : tables()) {
        const Outcome<T> out = run<T>(*table, kind, cols, labels, false);
        CHECK(out.d.guarded() && out.row_loss.guarded());
        for (Index row = 0; row < kRows; ++row)
            for (Index j = cols; j < cols + 2; ++j)
                CHECK(out.d.all[std::size_t(16 + row * (cols + 2) + j)] == T(9));
        const Outcome<T> replaced = run<T>(*table, kind, cols, labels, true);
        CHECK(out.row_loss == replaced.row_loss);
        for (Index row = 0; row < kRows; ++row) {
            const std::size_t at = std::size_t(16 + row * (cols + 2));
            CHECK(same_bytes(&out.d.all[at], &replaced.d.all[at], std::size_t(cols) * sizeof(T)));
        }
        if (!fused(table)) continue;
        if (first == nullptr) first = table;
        CHECK(out == run<T>(*first, kind, cols, labels, false));
    }
}

template <class T>
void test_losses() {
    for (std::size_t kind = 0; kind < losses().size(); ++kind) {
        const LossTraits& traits = losses()[kind];
        const bool softmax = traits.output != nullptr && std::string_view(traits.output) == "softmax";
        for (const Index cols : {1, 2, 16, 19, 40}) {
            if (softmax && cols == 1) continue;
            if (traits.takes_rows()) test_loss<T>(int(kind), cols, false);
            if (softmax || (traits.takes_labels() && cols == 1)) test_loss<T>(int(kind), cols, true);
        }
    }
}

// One column of binary labels, which sigmoid losses take, too.
template <class T>
void test_binary_labels() {
    for (std::size_t kind = 0; kind < losses().size(); ++kind) {
        const char* output = losses()[kind].output;
        if (output != nullptr && std::string_view(output) == "sigmoid") test_loss<T>(int(kind), 1, true);
    }
}

}  // namespace

int main() {
    test_losses<float>();
    test_losses<double>();
    test_binary_labels<float>();
    test_binary_labels<double>();
    return report();
}
