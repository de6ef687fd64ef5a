#include "train/gen_inference.h"

#include <algorithm>

#include "core/team.h"

namespace ds {
namespace {

constexpr double kFlopsPerWorker = 5e6;
constexpr std::uint32_t kSampleEpoch = 0xffffffffu;  // where samples are drawn; no training comes here

}  // namespace

template <class T>
SampledWeights<T>::SampledWeights(const GenModel<T>& model) : params_(model.params()) {
    if (model.averages().empty()) return;
    const ParameterTable& table = model.table();
    own_ = Buffer<T>(table.size());
    for (const auto& [own, average] : model.averages())
        std::copy_n(model.params() + table[average].offset, table[average].span(),
                    own_.data() + table[own].offset);
    params_ = own_.data();
}

template <class T>
GenInference<T>::GenInference(const GenModel<T>& model, const Backend<T>& backend)
    : model_(model),
      spec_(model.spec()),
      backend_(backend),
      generator_(model.generator(), backend, Inference<T>::chunk_rows(model.generator())),
      discriminator_(model.discriminator(), backend,
                     (Inference<T>::chunk_rows(model.discriminator()) + spec_.together()) / spec_.together() *
                         spec_.together()) {}

template <class T>
int GenInference<T>::workers(Index rows, int available, bool generator) const {
    const double numbers = static_cast<double>(model_.part(generator ? 1 : 0).size());
    const auto most = static_cast<int>(std::min<Index>(available, std::max<Index>(rows, 1)));
    return workers_worth(2.0 * static_cast<double>(rows) * numbers, kFlopsPerWorker, most);
}

template <class T>
void GenInference<T>::sample(const SampledWeights<T>& weights, T* out, const std::int64_t* labels,
                             std::uint64_t seed, Index first, Index n, Share share, const Halt& halt) const {
    const Range mine = share.of(n);
    const Index ld = leading_dim<T>(model_.generator_inputs());
    Buffer<T> latent(generator_.rows * ld), room(generator_.buffer());
    Pass<T> pass;
    pass.backend = &backend_;
    pass.params = weights.params();
    pass.worker.halt = &halt;
    pass.seed = seed;
    pass.epoch = kSampleEpoch;
    for (Index begin = mine.begin; begin < mine.end && !halt.asked(); begin += generator_.rows) {
        const Index rows = std::min(generator_.rows, mine.end - begin);
        pass.first_row = first + begin;
        backend_.normal({latent.data(), ld}, Stream::kLatent, {seed, kSampleEpoch, 0, 0}, pass.first_row,
                        {0, rows}, spec_.latent);
        if (spec_.classes > 0) {
            const Parameter& table = model_.embedding();
            for (Index i = 0; i < rows; ++i)
                std::copy_n(pass.params + table.offset + labels[begin + i] * table.ld, table.cols,
                            latent.data() + i * ld + spec_.latent);
        }
        generator_.forward(model_.generator(), pass, room.data(), {latent.data(), ld}, rows,
                           {out + begin * spec_.data, spec_.data});
    }
}

template <class T>
void GenInference<T>::scores(const T* params, T* out, const T* x, const std::int64_t* labels, Index n,
                             Share share, const Halt& halt) const {
    const Index pack = spec_.pack, group = spec_.together() / pack;
    const Range mine = share.of(n / pack, group);
    const Index width = model_.features();
    Buffer<T> room(discriminator_.buffer());
    Pass<T> pass;
    pass.backend = &backend_;
    pass.params = params;
    pass.worker.halt = &halt;
    for (Index begin = mine.begin; begin < mine.end && !halt.asked(); begin += discriminator_.rows) {
        const Index rows = std::min(discriminator_.rows, mine.end - begin);
        pass.labels = labels ? labels + begin * pack : nullptr;
        discriminator_.forward(model_.discriminator(), pass, room.data(), {x + begin * width, width}, rows,
                               {out + begin, 1});
    }
}

template class SampledWeights<float>;
template class SampledWeights<double>;
template class GenInference<float>;
template class GenInference<double>;

}  // namespace ds
