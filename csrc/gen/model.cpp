#include "gen/model.h"

#include <algorithm>
#include <string>

#include "gen/spectral_norm.h"
#include "layers/dense.h"
#include "layers/dropout.h"
#include "layers/gan/minibatch_stddev.h"
#include "layers/gan/projection.h"

namespace ds {
namespace {

constexpr const char* kGenerator = "generator.";
constexpr const char* kDiscriminator = "discriminator.";
constexpr const char* kAverage = "average.";
constexpr const char* kTokens = "tokens.weight";

}  // namespace

template <class T>
GenModel<T>::GenModel(const Device<T>& device, const GenSpec& spec) : Model<T>(device), spec_(spec) {
    check(spec_);
    spec_.complete_players();
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
        this->table_.add("generator.embedding.weight", ParameterKind::kEmbedding, spec_.classes,
                         spec_.embedding_size);
    Index width = generator_inputs();
    if (spec_.sequences()) {
        generator_body_ = std::make_unique<RecBody<T>>(
            this->table_, spec.stack,
            RecBodyOptions{
                .prefix = kGenerator, .embedding_name = kTokens, .needs_input_grad = spec_.classes > 0});
        width = spec.stack.top_width();
    } else if (spec.input_dropout > 0.0) {
        generator_.push_back(
            std::make_unique<Dropout<T>>(rng_streams::kInputDropout, width, spec.input_dropout));
    }
    add_dense_layers(
        generator_, this->table_, spec,
        {.inputs = width,
         .count = static_cast<Index>(spec.layers.size()),
         .prefix = kGenerator,
         .needs_input_grad = spec_.classes > 0 || spec_.sequences(),
         .dropout_stream = spec_.sequences() ? rng_streams::kHeadDropout : rng_streams::kLayerDropout});
    if (spec_.output_blocks.empty()) return;
    output_ = std::make_unique<OutputBlocks<T>>(spec_.output_blocks, spec_.data_size);
    if (!spec_.sequences()) generator_.push_back(std::move(output_));
}

template <class T>
void GenModel<T>::build_discriminator() {
    const PlayerSpec& spec = spec_.discriminator;
    const Index hidden = static_cast<Index>(spec.layers.size()) - 1;
    const LayerSpec& last = spec.layers.back();
    if (spec_.sequences())
        discriminator_body_ =
            std::make_unique<RecBody<T>>(this->table_, spec.stack,
                                         RecBodyOptions{.prefix = kDiscriminator,
                                                        .embedding_name = kTokens,
                                                        .rng_stream = rng_streams::kDiscriminatorStack,
                                                        .needs_input_grad = true});
    const double input_dropout = spec_.sequences() ? spec.stack.dropout : spec.input_dropout;
    if (input_dropout > 0.0)
        discriminator_.push_back(std::make_unique<Dropout<T>>(
            rng_streams::kDiscriminator + rng_streams::kInputDropout, features(), input_dropout));
    add_dense_layers(discriminator_, this->table_, spec,
                     {.inputs = features(),
                      .count = hidden,
                      .prefix = kDiscriminator,
                      .needs_input_grad = true,
                      .dropout_stream = rng_streams::kDiscriminator + rng_streams::kLayerDropout,
                      .init_stream = rng_streams::kDiscriminator});
    Index width = hidden > 0 ? spec.layers[static_cast<std::size_t>(hidden - 1)].units : features();
    if (spec_.minibatch_std > 0) {
        discriminator_.push_back(std::make_unique<MinibatchStddev<T>>(width, spec_.minibatch_std));
        ++width;
    }
    const std::string name = kDiscriminator + std::to_string(hidden);
    const ActivationOf<T> act{last.activation, static_cast<T>(last.alpha)};
    const WeightInit init{last.initialization, last.init_gain, rng_streams::kDiscriminator + hidden};
    if (spec_.classes > 0)
        discriminator_.push_back(
            std::make_unique<Projection<T>>(this->table_, name, init, "discriminator.embedding.weight",
                                            rng_streams::kDiscriminator + rng_streams::kLabelEmbedding, width,
                                            spec_.classes, spec_.pac, last.bias, act));
    else
        discriminator_.push_back(
            std::make_unique<Dense<T>>(this->table_, name, init, width, Index(1), last.bias, act, true));
}

template <class T>
void GenModel<T>::add_buffers() {
    ParameterTable& table = this->table_;
    const Index trainable = static_cast<Index>(table.all().size());
    register_buffers(generator_, table);
    const Index statistics = static_cast<Index>(table.all().size());
    for (Index i = 0; i < trainable && spec_.spectral_norm; ++i) {
        const Parameter p = table[i];  // a copy: the table grows
        if (p.offset < generator_end_ || !p.decays()) continue;
        const Index rows = p.is_transposed() ? p.cols : p.rows, cols = p.is_transposed() ? p.rows : p.cols;
        const Index u = table.add(p.name + "_u", ParameterKind::kSingularVector, 1, rows);
        const Index v = table.add(p.name + "_v", ParameterKind::kSingularVector, 1, cols);
        spectral_matrices_.push_back({i, u, v});
    }
    for (Index i = 0; i < statistics && spec_.ema_decay > 0.0; ++i) {
        const Parameter p = table[i];
        if (i < trainable && p.offset >= generator_end_) continue;
        const std::string name = kAverage + p.name.substr(std::string(kGenerator).size());
        ema_pairs_.emplace_back(i, table.add(name, p.kind, p.rows, p.cols, true));
    }
}

template <class T>
void GenModel<T>::init_parameters(std::uint64_t seed, T* params) const {
    const ParameterTable& table = this->table_;
    if (spec_.classes > 0)
        init_parameter(embedding(), {Init::kNormal, 1.0, rng_streams::kLabelEmbedding}, seed, params);
    if (generator_body_) {
        generator_body_->init_parameters(table, seed, params);
        discriminator_body_->init_parameters(table, seed, params);
    }
    ds::init_parameters(generator_, table, seed, params);
    ds::init_parameters(discriminator_, table, seed, params);
    Index stream = rng_streams::kSingularVector;
    for (const SpectralMatrix& m : spectral_matrices_)
        init_singular_vectors(table[m.weight], params + table[m.weight].offset, params + table[m.u].offset,
                              params + table[m.v].offset, seed, static_cast<std::uint32_t>(stream++));
    for (const auto& [weight, average] : ema_pairs_)
        std::copy_n(params + table[weight].offset, table[weight].span(), params + table[average].offset);
}

template class GenModel<float>;
template class GenModel<double>;

}  // namespace ds
