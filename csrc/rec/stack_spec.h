// The specification of a recurrent stack: the body of a Rec, or of a player of a GAN of sequences.
#pragma once
#include <algorithm>
#include <array>
#include <iterator>
#include <vector>

#include "core/random/init.h"
#include "kernels/recurrent/cell_table.h"
#include "rec/sequences.h"
#include "training/options.h"

namespace ds {

inline Names names_of(Output) { return kOutputNames; }

struct StackSpec {
    Cell cell = Cell::kGru;
    Index input_size = 0;      // features of each step, after the embedding of its token
    Index vocabulary = 0;      // tokens are 0 … vocabulary - 1; 0: no tokens
    Index embedding_size = 0;  // width of a token's vector; 0: a token selects a row of W_ih
    std::vector<Index> hidden;
    bool bidirectional = false;
    bool bias = true;
    double input_dropout = 0.0;
    double dropout = 0.0;  // after each recurrent layer
    double recurrent_dropout = 0.0;
    bool layer_norm = false;  // in the cells
    Output output = Output::kLast;
    bool standard_init = true;
    Init initialization = Init::kGlorotUniform;  // unless standard_init

    bool tokens() const { return vocabulary > 0; }
    Index first_width() const {
        return !tokens() || embedding_size > 0 ? embedding_size + input_size : vocabulary;
    }
    Index top_width() const { return hidden.back() * (bidirectional ? 2 : 1); }
};

inline constexpr const char* kCellNames[] = {"rnn", "gru", "lstm"};
inline constexpr const char* kCellActivationNames[] = {"tanh", "relu", "sigmoid"};
// "auto" is the standard initialisation of recurrent layers; then those of dense layers.
inline constexpr auto kStackInitNames = [] {
    std::array<const char*, std::size(kInitNames) + 1> names{"auto"};
    std::copy(std::begin(kInitNames), std::end(kInitNames), names.begin() + 1);
    return names;
}();

// Options of the recurrent layers; the caller visits what they read.
template <class Field>
void visit_options(Field& field, StackSpec& s) {
    int cell = s.cell == Cell::kLstm ? 2 : s.cell == Cell::kGru ? 1 : 0;
    int activation = s.cell < Cell::kGru ? static_cast<int>(s.cell) : 0;
    int init = s.standard_init ? 0 : 1 + static_cast<int>(s.initialization);
    field.named("cell", kCellNames, cell);
    field.named("cell_activation", kCellActivationNames, activation);
    s.cell = cell == 0 ? static_cast<Cell>(activation) : cell == 1 ? Cell::kGru : Cell::kLstm;
    field("hidden", s.hidden);
    field("bidirectional", s.bidirectional);
    field("bias", s.bias);
    field("dropout", s.dropout);
    field("recurrent_dropout", s.recurrent_dropout);
    field("layer_norm", s.layer_norm);
    field.named("initialization", kStackInitNames, init);
    s.standard_init = init == 0;
    if (init > 0) s.initialization = static_cast<Init>(init - 1);
}

}  // namespace ds
