// The two fields of training/options.h that bindings need: options read from a Python dict, and written to one.
#pragma once
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/check.h"
#include "training/options.h"

namespace ds {

namespace py = pybind11;

struct NoField {};
template <class V>
concept HasOptions = requires(NoField& field, V& value) { visit_options(field, value); };

// Reads known keys in place, and refuses unknown keys at the end. A missing key leaves the default.
class DictReader {
public:
    DictReader(const py::dict& dict, std::string path) : dict_(dict), path_(std::move(path)) {}

    template <class V>
    void operator()(const char* key, V& value) {
        if constexpr (std::is_enum_v<V>)
            named(key, names_of(value), value);
        else if constexpr (HasOptions<V>)
            group(key, [&](DictReader& inner) { visit_options(inner, value); });
        else
            get(key, value);
    }

    template <class V>
        requires HasOptions<V>
    void operator()(const char* key, std::vector<V>& values) {
        py::list list;
        if (!get(key, list)) return;
        values.assign(list.size(), V{});
        for (std::size_t i = 0; i < list.size(); ++i)
            inside(list[i], key + ("[" + std::to_string(i) + "]"),
                   [&](DictReader& inner) { visit_options(inner, values[i]); });
    }

    template <class V>
    void named(const char* key, Names names, V& value) {
        std::string name;
        if (get(key, name)) value = static_cast<V>(parse_name<int>(path_ + key, name, names));
    }

    template <class Visit>
    void group(const char* key, const Visit& visit) {
        py::dict dict;
        if (get(key, dict)) inside(dict, key, visit);
    }

    void finish() const {
        if (used_ == dict_.size()) return;
        for (const auto& item : dict_) {
            const auto key = py::cast<std::string>(py::str(item.first));
            if ((", " + known_ + ",").find(", " + key + ",") == std::string::npos)
                throw ValueError(path_ + key + ": got an unknown key; expected one of " + known_);
        }
    }

private:
    template <class V>
    bool get(const char* key, V& value) {
        known_ += known_.empty() ? key : std::string(", ") + key;
        if (!dict_.contains(key)) return false;
        ++used_;
        try {
            value = py::cast<V>(dict_[key]);
        } catch (const py::cast_error&) {
            throw py::type_error(path_ + key + ": got " + py::cast<std::string>(py::repr(dict_[key])) +
                                 "; expected another type or range");
        }
        return true;
    }

    template <class Visit>
    void inside(const py::handle& dict, const std::string& key, const Visit& visit) {
        if (!py::isinstance<py::dict>(dict))
            throw py::type_error(path_ + key + ": got " + py::cast<std::string>(py::repr(dict)) +
                                 "; expected a dict");
        const auto contents = py::reinterpret_borrow<py::dict>(dict);
        DictReader inner(contents, path_ + key + ".");
        visit(inner);
        inner.finish();
    }

    const py::dict& dict_;
    std::string path_, known_;
    std::size_t used_ = 0;
};

class DictWriter {
public:
    template <class V>
    void operator()(const char* key, V& value) {
        if constexpr (std::is_enum_v<V>)
            named(key, names_of(value), value);
        else if constexpr (HasOptions<V>)
            group(key, [&](DictWriter& inner) { visit_options(inner, value); });
        else
            dict[key] = value;
    }

    template <class V>
        requires HasOptions<V>
    void operator()(const char* key, std::vector<V>& values) {
        py::list list;
        for (V& value : values) {
            DictWriter inner;
            visit_options(inner, value);
            list.append(inner.dict);
        }
        dict[key] = list;
    }

    template <class V>
    void named(const char* key, Names names, V& value) {
        dict[key] = names[static_cast<std::size_t>(value)];
    }

    template <class Visit>
    void group(const char* key, const Visit& visit) {
        DictWriter inner;
        visit(inner);
        dict[key] = inner.dict;
    }

    py::dict dict;
};

// Missing keys take the defaults; unknown keys and wrong types raise.
template <class Spec>
Spec options_from_dict(const py::dict& dict) {
    Spec spec;
    DictReader reader(dict, "");
    visit_options(reader, spec);
    reader.finish();
    return spec;
}

template <class Spec>
py::dict options_to_dict(Spec spec) {
    DictWriter writer;
    visit_options(writer, spec);
    return writer.dict;
}

}  // namespace ds
