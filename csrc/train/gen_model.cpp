#include "train/gen_model.h"

#include <algorithm>
#include <string>

#include "layers/dense.h"
#include "layers/deviation.h"
#include "layers/dropout.h"
#include "layers/projection.h"
#include "train/spectral.h"

namespace ds {
namespace {

// Philox layers: the generator's layer i is i, the discriminator's kDiscriminator + i, the embeddings one each.
constexpr Index kEmbedding = 511;
constexpr Index kDiscriminator = 1024;
constexpr Index kStack = 8192;  // the discriminator's recurrent layers and table: a Rec's from here on
constexpr Index kHeadDropout = 64;
constexpr Index kSingular = 1536;  // the first u of the discriminator's i-th matrix: kSingular + i
constexpr const char* kGenerator = "generator.";
constexpr const char* kAverage = "average.";

}  // namespace

template <class T>
GenModel<T>::GenModel(const GenSpec& spec) : spec_(spec) {
    check(spec_);
    spec_.hand_down();
    build_generator();
    generator_end_ = this->table_.size();
    build_discriminator();
    add_buffers();
    this->allocate();
    this->initialise(spec_.seed);
}

template <class T>
void GenModel<T>::build_generator() {
    const PlayerSpec& spec = spec_.generator;
    if (spec_.classes > 0)
        this->table_.add("generator.embedding.weight", ParameterKind::kEmbedding, kEmbedding, spec_.classes,
                         spec_.embedding);
    Index width = generator_inputs();
    if (spec_.sequences()) {
        generator_body_ = std::make_unique<RecBody<T>>(this->table_, spec.stack, kGenerator, 0,
                                                       "tokens.weight", spec_.classes > 0);
        width = spec.stack.top_width();
    } else if (spec.input_dropout > 0.0) {
        generator_.push_back(std::make_unique<Dropout<T>>(0, width, spec.input_dropout));
    }
    add_dense_layers(generator_, this->table_, spec,
                     {.inputs = width,
                      .count = static_cast<Index>(spec.layers.size()),
                      .prefix = kGenerator,
                      .wanted = spec_.classes > 0 || spec_.sequences(),
                      .stream = spec_.sequences() ? kHeadDropout : 1,
                      .first_values = 0});
    if (spec_.outputs.empty()) return;
    output_ = std::make_unique<OutputBlocks<T>>(spec_.outputs, spec_.data);
    if (!spec_.sequences()) generator_.push_back(std::move(output_));
}

template <class T>
void GenModel<T>::build_discriminator() {
    const PlayerSpec& spec = spec_.discriminator;
    const Index hidden = static_cast<Index>(spec.layers.size()) - 1;
    const LayerSpec& last = spec.layers.back();
    if (spec_.sequences())
        discriminator_body_ = std::make_unique<RecBody<T>>(this->table_, spec.stack, "discriminator.", kStack,
                                                           "tokens.weight", true);
    const double below = spec_.sequences() ? spec.stack.dropout : spec.input_dropout;
    if (below > 0.0)
        discriminator_.push_back(std::make_unique<Dropout<T>>(kDiscriminator, features(), below));
    add_dense_layers(discriminator_, this->table_, spec,
                     {.inputs = features(),
                      .count = hidden,
                      .prefix = "discriminator.",
                      .wanted = true,
                      .stream = kDiscriminator + 1,
                      .first_values = kDiscriminator});
    Index width = hidden > 0 ? spec.layers[static_cast<std::size_t>(hidden - 1)].units : features();
    if (spec_.group > 0) {
        discriminator_.push_back(std::make_unique<Deviation<T>>(width, spec_.group));
        ++width;
    }
    const std::string name = "discriminator." + std::to_string(hidden);
    const ActivationOf<T> act{last.activation, static_cast<T>(last.alpha)};
    const Index index = kDiscriminator + hidden;
    if (spec_.classes > 0)
        discriminator_.push_back(std::make_unique<Projection<T>>(
            this->table_, name, index, "discriminator.embedding.weight", kDiscriminator + kEmbedding, width,
            spec_.classes, spec_.pack, last.bias, act));
    else
        discriminator_.push_back(
            std::make_unique<Dense<T>>(this->table_, name, index, width, Index(1), last.bias, act, false));
}

template <class T>
void GenModel<T>::add_buffers() {
    ParameterTable& table = this->table_;
    const Index trainable = static_cast<Index>(table.all().size());
    place_buffers(generator_, table);
    const Index statistics = static_cast<Index>(table.all().size());
    Index matrices = 0;
    for (Index i = 0; i < trainable && spec_.spectral; ++i) {
        const Parameter p = table[i];  // a copy: the table grows
        if (p.offset < generator_end_ || !p.decays()) continue;
        const Index rows = p.turned() ? p.cols : p.rows, cols = p.turned() ? p.rows : p.cols;
        const Index at = kSingular + matrices++;
        const Index u = table.add(p.name + "_u", ParameterKind::kSingularVector, at, 1, rows);
        const Index v = table.add(p.name + "_v", ParameterKind::kSingularVector, at, 1, cols);
        spectral_.push_back({i, u, v});
    }
    for (Index i = 0; i < statistics && spec_.average > 0.0; ++i) {
        const Parameter p = table[i];
        if (i < trainable && p.offset >= generator_end_) continue;
        const std::string name = kAverage + p.name.substr(std::string(kGenerator).size());
        averages_.emplace_back(i, table.add(name, p.kind, p.layer, p.rows, p.cols, true));
    }
}

template <class T>
const LayerSpec& GenModel<T>::layer_of(const Parameter& p) const {
    if (p.layer < kDiscriminator) return spec_.generator.layers[static_cast<std::size_t>(p.layer)];
    if (p.layer == kDiscriminator + kEmbedding) return spec_.discriminator.layers.back();
    return spec_.discriminator.layers[static_cast<std::size_t>(p.layer - kDiscriminator)];
}

template <class T>
void GenModel<T>::draw(const Parameter& p, std::uint64_t seed, T* values) const {
    if (generator_body_ &&
        (generator_body_->draw(p, seed, values) || discriminator_body_->draw(p, seed, values)))
        return;
    if (p.kind == ParameterKind::kSingularVector) {
        std::fill_n(values, p.cols, T(0));  // derive() makes them
    } else if (p.layer == kEmbedding) {
        init_weights(values, p.cols, p.rows, Init::kNormal, 1.0, seed, static_cast<std::uint32_t>(p.layer));
    } else if (p.kind == ParameterKind::kEmbedding) {
        init_weights(values, p.cols, p.rows, layer_of(p).init, layer_of(p).init_gain, seed,
                     static_cast<std::uint32_t>(p.layer));
    } else {
        draw_dense(layer_of(p), p, seed, values);
    }
}

template <class T>
void GenModel<T>::derive(T* slab, std::uint64_t seed) const {
    const ParameterTable& table = this->table_;
    std::uint32_t layer = static_cast<std::uint32_t>(kSingular);
    for (const SpectralMatrix& m : spectral_)
        first_singular_vectors(table[m.weight], slab + table[m.weight].offset, slab + table[m.u].offset,
                               slab + table[m.v].offset, seed, layer++);
    for (const auto& [own, average] : averages_)
        std::copy_n(slab + table[own].offset, table[own].span(), slab + table[average].offset);
}

template class GenModel<float>;
template class GenModel<double>;

}  // namespace ds
