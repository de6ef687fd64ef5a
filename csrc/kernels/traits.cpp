// What the optimizers and losses say about themselves in formulas/, as tables for the layers above, which know no
// instruction set. Compiled once, as plain code; no formula is called here.
#include <algorithm>

#define DS_ISA traits
#define DS_ISA_SCALAR 1
#include "formulas/gan_loss.h"
#include "formulas/loss.h"
#include "formulas/optimizer_rules.h"
#include "kernels/gan/gan_table.h"
#include "kernels/loss/loss_table.h"
#include "kernels/optimizer/optimizer_table.h"

namespace ds {
namespace {

namespace rules = ds::traits;

template <class Rule>
constexpr OptimizerTraits optimizer_traits() {
    static_assert(std::size(Rule::kOptions) <= std::size_t(kMaxOptions));
    OptimizerTraits t{};
    t.name = Rule::kName;
    t.options = Rule::kOptions;
    t.has_first_moment = Rule::has_first_moment;
    t.has_second_moment = Rule::has_second_moment;
    t.set_constants = Rule::template set_constants<UpdateArgs<double>>;
    if constexpr (requires { Rule::error; }) t.error = Rule::error;
    if constexpr (requires { Rule::template advance<OptimizerClock>; })
        t.advance = Rule::template advance<OptimizerClock>;
    if constexpr (requires { Rule::template set_step<OptimizerClock, StepScalars>; })
        t.set_step = Rule::template set_step<OptimizerClock, StepScalars>;
    return t;
}

template <class... Rule>
struct OptimizerTable {
    static constexpr OptimizerTraits kTraits[] = {optimizer_traits<Rule>()...};
};

template <class L>
constexpr LossTraits loss_traits() {
    LossTraits t{L::kName, {}, L::kOutput, L::kTargets};
    if constexpr (requires { L::kOptions; }) {
        static_assert(std::size(L::kOptions) <= std::size_t(kMaxOptions));
        t.options = L::kOptions;
    }
    return t;
}

template <class... L>
struct LossTraitsTable {
    static constexpr LossTraits kTraits[] = {loss_traits<L>()...};
};

template <class... L>
struct GanLossTraitsTable {
    static constexpr GanLossTraits kTraits[] = {{L::kName, L::kPaired, L::kAnyOutput, L::kPenalty}...};
};

}  // namespace

std::span<const OptimizerTraits> optimizers() { return rules::ForEachOptimizer<OptimizerTable>::kTraits; }
std::span<const LossTraits> losses() { return rules::ForEachLoss<LossTraitsTable>::kTraits; }
std::span<const GanLossTraits> gan_losses() { return rules::ForEachGanLoss<GanLossTraitsTable>::kTraits; }

Loss find_loss(std::string_view name, std::string_view output_activation) {
    const auto all = losses();
    const auto has_name = [&](const LossTraits& t) { return t.name == name; };
    const auto first = std::find_if(all.begin(), all.end(), has_name);
    const auto fused = std::find_if(first, all.end(), [&](const LossTraits& t) {
        return has_name(t) && t.is_fused() && t.output == output_activation;
    });
    return static_cast<Loss>((fused == all.end() ? first : fused) - all.begin());
}

}  // namespace ds
