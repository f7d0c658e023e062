// SPDX-License-Identifier: Apache-2.0
#include "gui/model/filter.h"

#include <algorithm>

#include "gui/model/facts.h"

namespace kubefed::gui {

namespace {

// These words are about the status alone: "ready" shall not find "2 nodes are not ready".
bool isStatus(const QString& word) {
    static const QStringList statuses = namesOfPhases() + namesOfHealth();
    return statuses.contains(word, Qt::CaseInsensitive);
}

}  // namespace

Filter Filter::parse(const QString& text) {
    Filter filter;
    for (QString part : text.toLower().split(' ', Qt::SkipEmptyParts)) {
        Term term;
        if (part.startsWith('-') && part.size() > 1) {
            term.isNegated = true;
            part.remove(0, 1);
        }
        const qsizetype equals = part.indexOf('=');
        if (equals > 0) {
            term.key = part.left(equals);
            if (term.key.endsWith('!')) {
                term.isNegated = !term.isNegated;
                term.key.chop(1);
            }
            term.values = part.mid(equals + 1).split(',', Qt::SkipEmptyParts);
            if (term.values.isEmpty())
                continue;  // "region=": still being typed
        } else {
            if (isStatus(part))
                term.key = "status";
            term.values = {part};
        }
        filter.m_terms.push_back(std::move(term));
    }
    return filter;
}

bool Filter::accepts(const QString& words, const HasField& hasField) const {
    return std::ranges::all_of(m_terms, [&](const Term& term) {
        const bool isThere = std::ranges::any_of(term.values, [&](const QString& value) {
            return term.key.isEmpty() ? words.contains(value) : hasField(term.key, value);
        });
        return isThere != term.isNegated;
    });
}

}  // namespace kubefed::gui
