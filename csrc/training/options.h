// How options are visited. Each struct of options has a function visit_options(field, spec), which calls
// field(name, value) once per option. The name is that of the Python option, and the value is read or written
// in place: bindings/option_dict.h has a field that reads a dict and one that writes it. So an option is
// listed once, beside its declaration.
//
// A field takes booleans, numbers, enumerators whose names_of() is declared, lists of sizes, structs with
// visit_options(), and lists of these. Besides it has
//   field.named(name, names, value)   a value that counts the names of a list
//   field.group(name, visit)          options under a common name; visit(field) calls a field for them
#pragma once
#include <span>
#include <vector>

#include "core/option_traits.h"
#include "core/random/init.h"
#include "kernels/elementwise/elementwise_table.h"
#include "kernels/loss/loss_table.h"
#include "kernels/optimizer/optimizer_table.h"

namespace ds {

using Names = std::span<const char* const>;

inline Names names_of(Activation) { return kActivationNames; }
inline Names names_of(Init) { return kInitNames; }

// The names of kinds that describe themselves: optimizers, losses.
template <class Traits>
std::vector<const char*> names_of_all(std::span<const Traits> all) {
    std::vector<const char*> names;
    for (const Traits& traits : all) names.push_back(traits.name);
    return names;
}
inline Names names_of(Loss) {
    static const auto names = names_of_all(losses());
    return names;
}
inline Names names_of(Optimizer) {
    static const auto names = names_of_all(optimizers());
    return names;
}

// An optimizer or a loss, with the values of the options that it lists itself.
template <class Kind>
struct KindOptions {
    KindOptions() { set_kind(Kind{}); }
    // The options get the defaults of the kind.
    void set_kind(Kind chosen) {
        kind = chosen;
        int i = 0;
        for (const OptionTraits& option : traits_of(kind).options) options[i++] = option.initial;
    }

    Kind kind;
    double options[kMaxOptions] = {};  // in the order of its traits
};

// The name of the kind. It is visited before its options.
template <class Field, class Kind>
void visit_kind(Field& field, KindOptions<Kind>& s) {
    Kind kind = s.kind;
    field("name", kind);
    if (kind != s.kind) s.set_kind(kind);
}

template <class Field, class Kind>
void visit_own_options(Field& field, KindOptions<Kind>& s) {
    double* values = s.options;
    for (const OptionTraits& option : traits_of(s.kind).options) {
        double& value = *values++;
        if (option.range != OptionRange::kFlag) {
            field(option.name, value);
            continue;
        }
        bool flag = value != 0.0;
        field(option.name, flag);
        value = flag;
    }
}

}  // namespace ds
