// One batch of adversaries as both players' steps see it: what the generator makes, what the discriminator is shown,
// and the discriminator's dense layers. What lies around these is the business of each kind of data: row_batch.h for
// rows, sequence_batch.h for sequences.
//
// Rows of the dense layers: R training rows (packs of them, or sequences), R generated ones, R mixed ones where the
// penalty lies between, and behind these the tangents of the rows at which a penalty is taken.
#pragma once
#include <vector>

#include "train/corruption.h"
#include "train/spectral.h"
#include "train/step.h"
#include "train/tangents.h"

namespace ds {

inline constexpr Index kReal = 0, kMade = 1, kMixed = 2;  // kinds of rows, in this order

template <class T>
class GenBatch {
public:
    // What a worker hands to the layers of each player.
    struct Desk {
        Pass<T> generator, discriminator, tangents;
        T* scratch = nullptr;
    };

    GenBatch(GenModel<T>& model, const Backend<T>& backend, Index batch, int workers);
    virtual ~GenBatch() = default;

    Desk& desk(const Share& share) { return desks_[static_cast<std::size_t>(share.worker)]; }
    const GenSpec& spec() const { return spec_; }
    Index packs() const { return packs_; }  // R
    Index rows() const { return rows_; }    // of the dense layers, without tangents
    Index points() const { return points_; }
    Index grain() const { return spec_.group > 0 ? spec_.group : 1; }
    Range packs_of(Share share) const { return share.of(packs_, grain()); }  // whole groups

    void place(Desk& desk, std::uint32_t epoch, std::uint32_t step, const Halt* halt) const;
    // Whether what the generator made is that of this place.
    bool made_at(std::uint32_t epoch, std::uint32_t step) const {
        return made_ && made_epoch_ == epoch && made_step_ == step;
    }
    void note_made(std::uint32_t epoch, std::uint32_t step) {
        made_ = true;
        made_epoch_ = epoch;
        made_step_ = step;
    }

    Chain<T>& discriminator() { return discriminator_; }
    Tangents<T>& tangents() { return tangents_; }
    Spectral<T>& spectral() { return spectral_; }
    // Whether what is shown changes from one update to the next though the rows do not.
    virtual bool shows_anew() const { return corruption_.on(); }
    // Without the gradient by the features unless something lies below, and with it.
    const std::vector<Below<T>>& below() const { return reads() ? below_to_features_ : below_; }
    const std::vector<Below<T>>& below_to_features() const { return below_to_features_; }
    const T* scores() const { return discriminator_.top().y.p; }
    T* by_scores() const { return discriminator_.top().d.p; }
    T* losses() const { return losses_; }        // of pairs
    T* penalties() const { return penalties_; }  // of points

    // Each kind of data in its own way, called by every worker for its share. What the generator makes at the desk's
    // place, of the labels and lengths of the batch.
    virtual void make(Desk& desk, const BatchPlace& at, Share share, Barrier& barrier) = 0;
    // Training and generated rows of the worker's packs, as they are shown at the desk's place; then mixed ones.
    virtual void show(Desk& desk, const BatchPlace& at, double probability, Share share, bool real) = 0;
    virtual void mix(Desk& desk, Share share) = 0;
    // What lies between what is shown and the dense layers, if anything: up, for some kinds of rows; down, with the
    // tangents' part where there is a penalty; and its weight gradients. Barriers stand around the first two.
    virtual bool reads() const { return false; }
    virtual void read(Desk&, Share, Barrier&, Index /*first kind*/, Index /*stop*/) {}
    virtual void unread(Desk&, Share, Barrier&, bool /*penalised*/) {}
    virtual void weigh(Desk&, Share, bool /*penalised*/) {}
    // From the slopes by the features: the penalties, and the tangents of the features.
    virtual void penalise(Desk& desk, Share share, Barrier& barrier) = 0;
    // From the gradient by the features of generated rows, through the generator; its weight gradients; and its running
    // statistics, by one worker.
    virtual void unmake(Desk& desk, Share share, Barrier& barrier) = 0;
    virtual void weigh_generator(Desk& desk, Share share) = 0;
    virtual void end_generator(T* /*params*/) {}
    // The dense layers that make the generator's rows, and what they see: if they do it alone.
    virtual const Chain<T>* generator() const { return nullptr; }
    virtual const std::vector<Below<T>>& generator_below() const { return below_; }

protected:
    static Matrix<T> matrix(Carver& carver, Index rows, Index cols) {
        const Index ld = leading_dim<T>(cols);
        return {carver.take<T>(rows, ld), ld};
    }
    // Once the derived class has laid out its own: scratch for its layers too.
    void equip(Index scratch);
    // Of one point, from the sum of the squares of its gradient.
    PenaltyAt<T> penalty_of(T squares) const;
    // The labels of the batch's rows, and those of every row of the dense layers.
    // How much of a mixed row is the training row, one number a row.
    T share_of(const Pass<T>& pass, Index number) const;
    void label(const BatchPlace& at, const std::int64_t* labels, Range rows);
    void embed(const Pass<T>& pass, Matrix<T> to, Index column, Range rows) const;

    GenModel<T>& model_;
    const GenSpec& spec_;
    const Backend<T>& backend_;
    Index batch_, packs_, rows_, first_point_, points_;
    Chain<T> discriminator_;
    Tangents<T> tangents_;
    Spectral<T> spectral_;
    Corruption<T> corruption_;
    Matrix<T> features_, by_features_, slopes_;
    std::int64_t* labels_ = nullptr;      // of the batch's rows
    std::int64_t* row_labels_ = nullptr;  // of the dense layers', pack by pack
    T *losses_ = nullptr, *penalties_ = nullptr;
    std::vector<Desk> desks_;

private:
    void carve(Carver& carver);

    Buffer<T> memory_, scratch_;
    std::vector<Below<T>> below_, below_to_features_;
    bool made_ = false;
    std::uint32_t made_epoch_ = 0, made_step_ = 0;
};

}  // namespace ds
