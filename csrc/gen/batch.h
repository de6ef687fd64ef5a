// One GAN mini-batch as the steps of both players see it: the generator's output, the discriminator's input
// and the discriminator's dense layers. The derived classes add the parts that depend on the data: RowBatch
// for rows, SequenceBatch for sequences.
//
// A pair is a real row and a generated one; with pac > 1 each of the two is pac rows side by side, and of
// sequences it is one sequence. The dense layers see R real rows, R generated rows and, for an interpolated
// penalty, R interpolated rows. The tangents of the penalty's rows follow these.
#pragma once
#include <vector>

#include "gen/input_noise.h"
#include "gen/spectral_norm.h"
#include "gen/tangents.h"
#include "training/step.h"

namespace ds {

inline constexpr Index kReal = 0, kGenerated = 1, kInterpolated = 2;  // kinds of rows, in this order

template <class T>
class GenBatch {
public:
    // A worker's execution contexts, one for each set of layers.
    struct WorkerContext {
        ExecContext<T> generator, discriminator, tangents;
        T* scratchpad = nullptr;
    };

    GenBatch(GenModel<T>& model, const Device<T>& device, Index batch, int workers);
    virtual ~GenBatch() = default;

    WorkerContext& context(const Share& share) { return contexts_[static_cast<std::size_t>(share.worker)]; }
    const GenSpec& spec() const { return spec_; }
    Index pairs() const { return pairs_; }                // R
    Index rows() const { return rows_; }                  // of the dense layers, without tangents
    Index penalty_rows() const { return penalty_rows_; }  // rows whose input gradient is penalised
    // Shares of pairs and rows are multiples of this: minibatch standard deviation needs whole groups.
    Index grain() const { return spec_.minibatch_std > 0 ? spec_.minibatch_std : 1; }
    Range pairs_of(Share share) const { return share.of(pairs_, grain()); }

    // Sets the epoch and step that random numbers are drawn for.
    void set_step(WorkerContext& context, std::uint32_t epoch, std::uint32_t step,
                  const StopToken* stop_token) const;
    // Whether the generator's buffers hold the rows of this epoch and step.
    bool is_cached_for(std::uint32_t epoch, std::uint32_t step) const {
        return is_cached_ && cached_epoch_ == epoch && cached_step_ == step;
    }
    void mark_cached(std::uint32_t epoch, std::uint32_t step) {
        is_cached_ = true;
        cached_epoch_ = epoch;
        cached_step_ = step;
    }
    void clear_cached() { is_cached_ = false; }

    Sequential<T>& discriminator() { return discriminator_; }
    Tangents<T>& tangents() { return tangents_; }
    SpectralNorm<T>& spectral_norm() { return spectral_norm_; }
    // Whether the discriminator's input changes between two updates on equal rows.
    virtual bool input_is_stochastic() const { return input_noise_.on(); }
    // Input of the dense layers. Its gradient is computed for an encoder, or on request.
    const std::vector<LayerInput<T>>& layer_input() const {
        return has_encoder() ? layer_input_with_gradient_ : layer_input_;
    }
    const std::vector<LayerInput<T>>& layer_input_with_gradient() const { return layer_input_with_gradient_; }
    const T* scores() const { return discriminator_.top().y.p; }
    T* dscores() const { return discriminator_.top().d.p; }
    T* losses() const { return losses_; }        // one for each pair
    T* penalties() const { return penalties_; }  // one for each penalty row

    // Before generator_forward() of a mini-batch; one worker calls it.
    virtual void prepare(const MiniBatch&) {}

    // Every worker calls the functions below for its share.
    //
    // Draws the latents at the context's step and runs the generator on the labels and lengths of the
    // mini-batch.
    virtual void generator_forward(WorkerContext& context, const MiniBatch& mini_batch, Share share,
                                   Barrier& barrier) = 0;
    // Writes the worker's generated rows, and on request its real rows, into the discriminator's input. Input
    // noise is that of the context's step.
    virtual void load_discriminator_input(WorkerContext& context, const MiniBatch& mini_batch,
                                          const double* probability, Share share, Barrier& barrier,
                                          bool with_real) = 0;
    // Writes the interpolated rows, if the penalty uses them.
    virtual void interpolate_rows(WorkerContext& context, Share share, Barrier& barrier) = 0;
    // The encoder maps sequences to the features that the dense layers see; rows have none. Callers place
    // barriers around encode() and encode_backward().
    virtual bool has_encoder() const { return false; }
    virtual void encode(WorkerContext&, Share, Barrier&, Range /*kinds*/) {}
    virtual void encode_backward(WorkerContext&, Share, Barrier&, bool /*with_penalty*/) {}
    virtual void encode_weight_grad(WorkerContext&, Share, bool /*with_penalty*/) {}
    // Computes the penalties and the tangents of the features from the scores' gradient with respect to the
    // features.
    virtual void gradient_penalty(WorkerContext& context, Share share, Barrier& barrier) = 0;
    // Continues the backward pass from the features of the generated rows through the generator.
    virtual void generator_backward(WorkerContext& context, Share share, Barrier& barrier) = 0;
    virtual void generator_weight_grad(WorkerContext& context, Share share) = 0;
    // Running statistics; one worker calls it.
    virtual void update_generator_stats(T* /*params*/, const StepStatus*) {}
    // The generator's dense layers and their input; null if the generator has other layers as well.
    virtual const Sequential<T>* generator() const { return nullptr; }
    virtual const std::vector<LayerInput<T>>& generator_layer_input() const { return layer_input_; }

protected:
    // Called once the derived class has planned its own layers, whose scratchpad needs `scratchpad_size`.
    void allocate_contexts(Index scratchpad_size);
    // The kind and weight of the gradient penalty.
    PenaltyArgs<T> penalty_arguments() const;
    // Draws the weights of the real rows in some interpolated rows, uniform in (0, 1).
    void draw_interpolation_weights(const ExecContext<T>& exec, const Index* number, Index first,
                                    Range rows) const;
    // Copies the labels of some rows of the mini-batch, for the generator and for every row of the dense
    // layers.
    void gather_labels(const MiniBatch& mini_batch, const std::int64_t* labels, Range rows);
    // Writes the embedding vectors of the rows' labels into `to`, from column `column` on.
    void gather_label_embeddings(const ExecContext<T>& exec, Matrix<T> to, Index column, Range rows) const;

    GenModel<T>& model_;
    const GenSpec& spec_;
    Device<T> device_;
    const Backend<T>& backend_;
    Index batch_, pairs_, rows_, first_penalty_row_, penalty_rows_;
    Sequential<T> discriminator_;
    Tangents<T> tangents_;
    SpectralNorm<T> spectral_norm_;
    InputNoise<T> input_noise_;
    Matrix<T> features_, dfeatures_, input_gradient_;
    std::int64_t* labels_ = nullptr;      // of the mini-batch's rows
    std::int64_t* row_labels_ = nullptr;  // of the dense layers' rows, pac labels each
    T *losses_ = nullptr, *penalties_ = nullptr;
    T* interpolation_weights_ = nullptr;  // by pair, with interpolated rows
    std::vector<WorkerContext> contexts_;

private:
    void allocate_buffers(ArenaPlanner& planner);

    Buffer<T> memory_, scratchpads_;
    std::vector<LayerInput<T>> layer_input_, layer_input_with_gradient_;
    bool is_cached_ = false;
    std::uint32_t cached_epoch_ = 0, cached_step_ = 0;
};

}  // namespace ds
