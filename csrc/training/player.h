// The players of a GAN. Each trains its own part of the parameters with its own optimizer, step count and
// learning rate. A model of any other kind has one player, the first.
#pragma once
#include <cstddef>
#include <span>

namespace ds {

enum class Player { kDiscriminator, kGenerator };

inline constexpr Player kPlayers[] = {Player::kDiscriminator, Player::kGenerator};
inline constexpr std::size_t kMaxPlayers = std::size(kPlayers);
inline constexpr Player kFirstPlayer = kPlayers[0];

constexpr std::size_t index_of(Player player) { return static_cast<std::size_t>(player); }

}  // namespace ds
