#include "gen/inference.h"

#include <algorithm>

#include "core/threads/min_work.h"
#include "core/threads/thread_pool.h"

namespace ds {

template <class T>
SampledWeights<T>::SampledWeights(const GenModel<T>& model) : params_(model.params()) {
    if (model.ema_pairs().empty()) return;
    const ParameterTable& table = model.table();
    Memory& memory = model.device().memory;
    averaged_ = Buffer<T>(memory, table.size());
    for (const auto& [weight, average] : model.ema_pairs())
        memory.copy(averaged_.data() + table[weight].offset, model.params() + table[average].offset,
                    table[average].span());
    params_ = averaged_.data();
}

template <class T>
GenInference<T>::GenInference(const GenModel<T>& model, const Device<T>& device)
    : model_(model),
      spec_(model.spec()),
      device_(device),
      backend_(device.backend),
      generator_(model.generator(), backend_, Inference<T>::chunk_rows(model.generator())),
      discriminator_(model.discriminator(), backend_,
                     (Inference<T>::chunk_rows(model.discriminator()) + spec_.batch_multiple()) /
                         spec_.batch_multiple() * spec_.batch_multiple()) {}

template <class T>
int GenInference<T>::workers(Index rows, int available, bool generator) const {
    const double numbers =
        static_cast<double>(model_.part(generator ? Player::kGenerator : Player::kDiscriminator).size());
    const auto most = static_cast<int>(std::min<Index>(available, std::max<Index>(rows, 1)));
    return useful_workers(2.0 * static_cast<double>(rows) * numbers, kMinInferenceFlops, most);
}

template <class T>
void GenInference<T>::sample(const SampledWeights<T>& weights, T* out, const std::int64_t* labels,
                             std::uint64_t seed, Index first, Index n, Share share,
                             const StopToken& stop_token) const {
    const Range mine = share.of(n);
    const Index ld = leading_dim<T>(model_.generator_inputs());
    Buffer<T> latent(device_.memory, generator_.rows * ld);
    Buffer<T> scratchpad(device_.memory, generator_.scratchpad_size());
    ExecContext<T> exec;
    exec.backend = &backend_;
    exec.params = weights.params();
    exec.worker.stop_token = &stop_token;
    exec.seed = seed;
    exec.epoch = rng_streams::kSampleEpoch;
    for (Index begin = mine.begin; begin < mine.end && !stop_token.stop_requested();
         begin += generator_.rows) {
        const Index rows = std::min(generator_.rows, mine.end - begin);
        exec.first_row = first + begin;
        backend_.normal({latent.data(), rows, spec_.latent_size, ld}, RngPurpose::kLatent,
                        {{seed, exec.epoch, 0, rng_streams::kRowLatent}, exec.first_row}, {0, rows});
        if (spec_.classes > 0) {
            const Parameter& table = model_.embedding();
            for (Index i = 0; i < rows; ++i)
                std::copy_n(exec.params + table.offset + labels[begin + i] * table.ld, table.cols,
                            latent.data() + i * ld + spec_.latent_size);
        }
        generator_.forward(model_.generator(), exec, scratchpad.data(),
                           {latent.data(), rows, model_.generator_inputs(), ld}, rows,
                           {out + begin * spec_.data_size, rows, spec_.data_size});
    }
}

template <class T>
void GenInference<T>::scores(const T* params, T* out, const T* x, const std::int64_t* labels, Index n,
                             Share share, const StopToken& stop_token) const {
    const Index pac = spec_.pac, group = spec_.batch_multiple() / pac;
    const Range mine = share.of(n / pac, group);
    const Index width = model_.features();
    Buffer<T> scratchpad(device_.memory, discriminator_.scratchpad_size());
    ExecContext<T> exec;
    exec.backend = &backend_;
    exec.params = params;
    exec.worker.stop_token = &stop_token;
    for (Index begin = mine.begin; begin < mine.end && !stop_token.stop_requested();
         begin += discriminator_.rows) {
        const Index rows = std::min(discriminator_.rows, mine.end - begin);
        exec.labels = labels ? labels + begin * pac : nullptr;
        discriminator_.forward(model_.discriminator(), exec, scratchpad.data(),
                               {x + begin * width, rows, width}, rows, {out + begin, rows, 1});
    }
}

template class SampledWeights<float>;
template class SampledWeights<double>;
template class GenInference<float>;
template class GenInference<double>;

}  // namespace ds
