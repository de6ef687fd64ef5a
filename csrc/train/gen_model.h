// The bodies of two adversaries in one slab: the generator, the discriminator, then what no optimizer touches: running
// statistics, singular vectors, and the generator's moving average, which is a copy of its layout. Player 0 is the
// discriminator, whose loss is the one told.
#pragma once
#include <memory>
#include <utility>
#include <vector>

#include "train/gen_spec.h"
#include "train/net_model.h"
#include "train/rec_body.h"

namespace ds {

// A matrix of the discriminator and its singular vectors u and v, by place in the table.
struct SpectralMatrix {
    Index weight = 0, u = 0, v = 0;
};

template <class T>
class GenModel final : public Model<T> {
public:
    explicit GenModel(const GenSpec& spec);

    const GenSpec& spec() const { return spec_; }
    const ModelSpec& training(int player = 0) const override {
        if (player == 0) return spec_.discriminator;
        return teaching_ ? spec_.pupil : static_cast<const ModelSpec&>(spec_.generator);
    }
    int players() const override { return 2; }
    Range part(int player) const override {
        return player == 0 ? Range{generator_end_, this->table_.trainable_size()} : Range{0, generator_end_};
    }

    // Whether the generator is taught the likelihood of texts, in that way of training.
    void teach(bool on) { teaching_ = on; }

    const Layers<T>& generator() const { return generator_; }
    const Layers<T>& discriminator() const { return discriminator_; }
    Index generator_inputs() const { return spec_.latent + (spec_.classes > 0 ? spec_.embedding : 0); }
    // What the discriminator's dense layers read.
    Index features() const {
        return spec_.sequences() ? spec_.discriminator.stack.top_width() : spec_.pack * spec_.data;
    }
    // Of sequences: the stacks below the dense layers, and the blocks above the generator's, if there are any.
    const RecBody<T>& generator_body() const { return *generator_body_; }
    const RecBody<T>& discriminator_body() const { return *discriminator_body_; }
    const Layer<T>* output() const { return output_.get(); }
    const Parameter& embedding() const { return this->table_[0]; }  // of labels, where there are any

    const std::vector<SpectralMatrix>& spectral() const { return spectral_; }
    // Each parameter of the generator or running statistic, and its average. Averages of trainable ones lie like these.
    const std::vector<std::pair<Index, Index>>& averages() const { return averages_; }

private:
    void build_generator();
    void build_discriminator();
    void add_buffers();
    const LayerSpec& layer_of(const Parameter& p) const;
    void draw(const Parameter& p, std::uint64_t seed, T* values) const override;
    void derive(T* slab, std::uint64_t seed) const override;
    void keep_seed(std::uint64_t seed) override {
        spec_.seed = seed;
        spec_.hand_down();
    }

    GenSpec spec_;
    std::unique_ptr<RecBody<T>> generator_body_, discriminator_body_;
    Layers<T> generator_, discriminator_;
    std::unique_ptr<Layer<T>> output_;
    bool teaching_ = false;
    Index generator_end_ = 0;
    std::vector<SpectralMatrix> spectral_;
    std::vector<std::pair<Index, Index>> averages_;
};

}  // namespace ds
