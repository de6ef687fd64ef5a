// What the specifications of all kinds of model are read with and made of.
#pragma once
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <string>
#include <utility>
#include <vector>

#include "core/check.h"
#include "train/spec.h"
#include "train/stack_spec.h"

namespace ds {

namespace py = pybind11;

// One dict of the specification: reads known keys into fields, and in the end refuses what nobody asked for.
class Reader {
public:
    Reader(const py::dict& dict, std::string place) : dict_(dict), place_(std::move(place)) {}

    template <class V>
    void get(const char* key, V& value) {
        known_ += known_.empty() ? key : std::string(", ") + key;
        if (!dict_.contains(key)) return;
        ++used_;
        try {
            value = py::cast<V>(dict_[key]);
        } catch (const py::cast_error&) {
            throw py::type_error(place_ + key + ": got " + py::cast<std::string>(py::repr(dict_[key])) +
                                 ", expected another type or range");
        }
    }

    template <class E, class Parse>
    void choose(const char* key, E& value, const Parse& parse) {
        std::string name;
        get(key, name);
        if (!name.empty()) value = parse(name);
    }

    void finish() const {
        if (used_ == dict_.size()) return;
        for (const auto& item : dict_) {
            const auto key = py::cast<std::string>(py::str(item.first));
            if ((", " + known_ + ",").find(", " + key + ",") == std::string::npos)
                throw ValueError(place_ + key + ": unknown key; expected one of " + known_);
        }
    }

private:
    const py::dict& dict_;
    std::string place_, known_;
    std::size_t used_ = 0;
};

bool reads_double(Reader& reader);  // "dtype"
const char* dtype_name(bool is_double);
void read_layers(Reader& reader, std::vector<LayerSpec>& layers);
py::list layers_to_list(const std::vector<LayerSpec>& layers);
// What a recurrent stack has but its inputs; what is read from it.
void read_stack(Reader& reader, StackSpec& stack);
void read_pooling(Reader& reader, Output& output);
void stack_to_dict(const StackSpec& stack, py::dict& dict);
void read_optimizer(const py::dict& dict, OptimizerSpec& optimizer);
py::dict optimizer_to_dict(const OptimizerSpec& optimizer);
void read_schedule(const py::dict& dict, ScheduleSpec& schedule);
py::dict schedule_to_dict(const ScheduleSpec& schedule);

}  // namespace ds
