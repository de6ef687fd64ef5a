#include "bindings/spec.h"

#include "bindings/option_dict.h"

namespace ds {

NetSpec net_spec_from_dict(const py::dict& dict) {
    const auto spec = options_from_dict<NetSpec>(dict);
    check(spec);
    return spec;
}

RecSpec rec_spec_from_dict(const py::dict& dict) {
    const auto spec = options_from_dict<RecSpec>(dict);
    check(spec);
    return spec;
}

GenSpec gen_spec_from_dict(const py::dict& dict) {
    auto spec = options_from_dict<GenSpec>(dict);
    spec.complete_players();
    check(spec);
    return spec;
}

py::dict spec_to_dict(const NetSpec& spec) { return options_to_dict(spec); }
py::dict spec_to_dict(const RecSpec& spec) { return options_to_dict(spec); }
py::dict spec_to_dict(const GenSpec& spec) { return options_to_dict(spec); }

}  // namespace ds
