// SPDX-License-Identifier: Apache-2.0
//
// Filter as you type: words and `key=value` terms, all of which must match; `-` in front or `!=` turns a term
// round, a comma in a value means any of them. Values match by their beginning, so that a half-typed one
// never empties the table. The name of a status is a term about the status. "region=jp ready -osaka". A
// value.
#pragma once

#include <functional>
#include <vector>

#include <QtCore/QString>
#include <QtCore/QStringList>

namespace kubefed::gui {

class Filter {
public:
    Filter() = default;
    [[nodiscard]] static Filter parse(const QString& text);

    // `words`: lower-case text of the whole row. `hasField`: whether one of the values of the (lower-case)
    // field begins with the (lower-case) text.
    using HasField = std::function<bool(const QString& key, const QString& value)>;
    [[nodiscard]] bool accepts(const QString& words, const HasField& hasField) const;
    [[nodiscard]] bool isEmpty() const { return m_terms.empty(); }
    bool operator==(const Filter&) const = default;

private:
    struct Term {
        bool isNegated = false;
        QString key;  // empty: a word
        QStringList values;
        bool operator==(const Term&) const = default;
    };
    std::vector<Term> m_terms;
};

}  // namespace kubefed::gui
