// The layers of both players over one flat parameter buffer. It holds the generator, the discriminator and
// then the buffers that no optimizer updates: running statistics, singular vectors and the generator's moving
// average.
#pragma once
#include <memory>
#include <utility>
#include <vector>

#include "gen/spec.h"
#include "rec/body.h"
#include "training/dense_layers.h"
#include "training/model.h"

namespace ds {

// A weight matrix of the discriminator and its singular vectors u and v, as indices into the parameter table.
struct SpectralMatrix {
    Index weight = 0, u = 0, v = 0;
};

template <class T>
class GenModel final : public Model<T> {
public:
    GenModel(const Device<T>& device, const GenSpec& spec);

    const GenSpec& spec() const { return spec_; }
    const ModelSpec& training(Player player = kFirstPlayer) const override {
        if (player == Player::kDiscriminator) return spec_.discriminator;
        return pretraining_ ? spec_.pretrain : static_cast<const ModelSpec&>(spec_.generator);
    }
    std::span<const Player> players() const override { return kPlayers; }
    Range part(Player player) const override {
        return player == Player::kDiscriminator ? Range{generator_end_, this->table_.trainable_size()}
                                                : Range{0, generator_end_};
    }

    // Selects the generator's optimizer and schedule: those of pretraining, or of adversarial training.
    void set_pretraining(bool on) { pretraining_ = on; }

    const Layers<T>& generator() const { return generator_; }
    const Layers<T>& discriminator() const { return discriminator_; }
    Index generator_inputs() const {
        return spec_.latent_size + (spec_.classes > 0 ? spec_.embedding_size : 0);
    }
    // Width of the input of the discriminator's dense layers.
    Index features() const {
        return spec_.sequences() ? spec_.discriminator.stack.top_width() : spec_.pac * spec_.data_size;
    }
    // Sequences: the recurrent stacks below the dense layers, and the generator's output blocks, if it has
    // any.
    const RecBody<T>& generator_body() const { return *generator_body_; }
    const RecBody<T>& discriminator_body() const { return *discriminator_body_; }
    const Layer<T>* output() const { return output_.get(); }
    const Parameter& embedding() const { return this->table_[0]; }  // of labels, if there are classes

    const std::vector<SpectralMatrix>& spectral_matrices() const { return spectral_matrices_; }
    // Each of the generator's parameters and running statistics, and its moving average. The averages of
    // trainable parameters have the layout of these.
    const std::vector<std::pair<Index, Index>>& ema_pairs() const { return ema_pairs_; }

private:
    void build_generator();
    void build_discriminator();
    void add_buffers();
    void init_parameters(std::uint64_t seed, T* params) const override;
    void keep_seed(std::uint64_t seed) override {
        spec_.seed = seed;
        spec_.complete_players();
    }

    GenSpec spec_;
    std::unique_ptr<RecBody<T>> generator_body_, discriminator_body_;
    Layers<T> generator_, discriminator_;
    std::unique_ptr<Layer<T>> output_;
    bool pretraining_ = false;
    Index generator_end_ = 0;
    std::vector<SpectralMatrix> spectral_matrices_;
    std::vector<std::pair<Index, Index>> ema_pairs_;
};

}  // namespace ds
