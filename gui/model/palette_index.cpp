// SPDX-License-Identifier: Apache-2.0
#include "gui/model/palette_index.h"

#include <algorithm>
#include <optional>
#include <tuple>

#include "gui/model/state.h"

namespace kubefed::gui {

using namespace client;

namespace {

struct Ranked {
    int rank;
    PaletteEntry entry;

    [[nodiscard]] auto order() const {
        return std::make_tuple(rank, -static_cast<int>(entry.level), static_cast<int>(entry.kind));
    }
};

// The lower the better; nothing: it does not match. All words must be there.
std::optional<int> rankOf(const QString& title, const QString& detail, const QStringList& words) {
    int worst = 0;
    for (const QString& word : words) {
        const qsizetype at = title.indexOf(word, 0, Qt::CaseInsensitive);
        int rank = 0;
        if (at > 0)
            rank = title[at - 1].isLetterOrNumber() ? 2 : 1;
        else if (at < 0)
            rank = detail.contains(word, Qt::CaseInsensitive) ? 3 : -1;
        if (rank < 0)
            return std::nullopt;
        worst = std::max(worst, rank);
    }
    return worst;
}

}  // namespace

std::vector<PaletteEntry> searchPalette(const Fleet& fleet, TimeMs now,
                                        const std::vector<PaletteEntry>& actions, const QString& typed,
                                        std::size_t most) {
    const QStringList words = typed.split(' ', Qt::SkipEmptyParts);
    std::vector<Ranked> found;
    const auto consider = [&](PaletteEntry entry) {
        if (const auto rank = rankOf(entry.title, entry.detail, words))
            found.push_back({*rank, std::move(entry)});
    };
    for (const PaletteEntry& action : actions)
        consider(action);
    // With nothing typed the actions are the menu, and trouble is one key away.
    for (const auto& [number, cluster] : fleet.clusters()) {
        const Level level = levelOf(cluster, now, fleet.info());
        if (!words.isEmpty() || level >= Level::Warn)
            consider({.kind = PaletteEntry::Kind::Cluster,
                      .title = text(cluster.name),
                      .detail = "cluster · " + stateOf(cluster, now, fleet.info()).name,
                      .level = level,
                      .cluster = text(cluster.name)});
    }
    for (const auto& [number, object] : fleet.objects()) {
        const Level level = levelOf(object, fleet, now);
        if (!words.isEmpty() || level >= Level::Bad)
            consider(
                {.kind = PaletteEntry::Kind::Object,
                 .title = reference(object.id),
                 .detail = text(object.id.ns) + " · " +
                           nameOf(level == Level::Unknown ? client::ObjectHealth::Unknown : object.health),
                 .level = level,
                 .object = number});
    }
    const auto isBefore = [](const Ranked& a, const Ranked& b) {
        return a.order() != b.order() ? a.order() < b.order() : a.entry.title < b.entry.title;
    };
    const auto end = found.begin() + static_cast<std::ptrdiff_t>(std::min(most, found.size()));
    std::ranges::partial_sort(found, end, isBefore);
    std::vector<PaletteEntry> entries;
    for (auto it = found.begin(); it != end; ++it)
        entries.push_back(std::move(it->entry));
    return entries;
}

}  // namespace kubefed::gui
