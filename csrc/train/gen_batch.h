// One batch of adversaries as both players see it: what the generator makes, the rows that the discriminator is shown,
// and both chains. The players' own steps are discriminator_step and generator_step.
//
// Rows of the discriminator: R training rows (or packs of them), R generated ones, R mixed ones where the penalty lies
// between, and behind these the tangents of the rows at which a penalty is taken.
#pragma once
#include <vector>

#include "train/corruption.h"
#include "train/dataset.h"
#include "train/spectral.h"
#include "train/step.h"
#include "train/tangents.h"

namespace ds {

template <class T>
class GenBatch {
public:
    GenBatch(GenModel<T>& model, const Backend<T>& backend, const Dataset<T>& data, Index batch, int workers);

    // What a worker hands to the layers of each player.
    struct Desk {
        Pass<T> generator, discriminator, tangents;
        T* scratch = nullptr;
    };
    Desk& desk(const Share& share) { return desks_[static_cast<std::size_t>(share.worker)]; }

    const GenSpec& spec() const { return spec_; }
    Index size() const { return batch_; }
    Index packs() const { return packs_; }  // R
    Index rows() const { return rows_; }    // of the discriminator, without tangents
    Index points() const { return points_; }
    Index first_point() const { return first_point_; }
    // A worker's part of the packs, and the rows of the generator in it.
    Range packs_of(Share share) const { return share.of(packs_, grain()); }
    Range made_in(Range packs) const { return {packs.begin * spec_.pack, packs.end * spec_.pack}; }
    Index grain() const { return spec_.group > 0 ? spec_.group : 1; }

    void place(Desk& desk, std::uint32_t epoch, std::uint32_t step) const;
    // The generator's rows from latents of the desk's place; batch normalisation meets at barriers.
    void generate(Desk& desk, const BatchPlace& at, Share share, Barrier& barrier);
    // Training rows and generated ones of some packs, as the discriminator is shown them at the desk's place.
    void show(Desk& desk, const BatchPlace& at, double probability, Range packs, bool real);
    void mix(Desk& desk, Range packs);

    // Whether the generator's rows are those of this place.
    bool made_at(std::uint32_t epoch, std::uint32_t step) const {
        return made_ && made_epoch_ == epoch && made_step_ == step;
    }
    void note_made(std::uint32_t epoch, std::uint32_t step) {
        made_ = true;
        made_epoch_ = epoch;
        made_step_ = step;
    }

    Chain<T>& generator() { return generator_; }
    Chain<T>& discriminator() { return discriminator_; }
    Tangents<T>& tangents() { return tangents_; }
    Spectral<T>& spectral() { return spectral_; }
    const Corruption<T>& corruption() const { return corruption_; }
    const std::vector<Below<T>>& generator_below() const { return generator_below_; }
    // Without and with the gradient by what is shown.
    const std::vector<Below<T>>& below() const { return below_; }
    const std::vector<Below<T>>& below_to_input() const { return below_to_input_; }

    Matrix<T> shown() const { return shown_; }
    Matrix<T> by_shown() const { return by_shown_; }
    Matrix<T> slopes() const { return slopes_; }
    Matrix<T> by_latent() const { return by_latent_; }
    const std::int64_t* labels() const { return labels_; }
    const T* scores() const { return discriminator_.top().y.p; }
    T* by_scores() const { return discriminator_.top().d.p; }
    T* losses() const { return losses_; }        // of pairs
    T* unused() const { return unused_; }        // room for as many numbers
    T* penalties() const { return penalties_; }  // of points

private:
    void carve(Carver& carver);

    GenModel<T>& model_;
    const GenSpec& spec_;
    const Backend<T>& backend_;
    Dataset<T> data_;
    Index batch_, packs_, rows_, first_point_, points_;
    Chain<T> generator_, discriminator_;
    Tangents<T> tangents_;
    Spectral<T> spectral_;
    Corruption<T> corruption_;
    Buffer<T> memory_;
    Matrix<T> latent_, by_latent_, shown_, by_shown_, slopes_;
    std::int64_t* labels_ = nullptr;      // of the batch's rows
    std::int64_t* row_labels_ = nullptr;  // of the discriminator's, pack by pack
    T *losses_ = nullptr, *unused_ = nullptr, *penalties_ = nullptr;
    std::vector<Desk> desks_;
    std::vector<Below<T>> generator_below_, below_, below_to_input_;
    bool made_ = false;
    std::uint32_t made_epoch_ = 0, made_step_ = 0;
};

}  // namespace ds
