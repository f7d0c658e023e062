// SPDX-License-Identifier: Apache-2.0
#include "kubefed/kube/field_walk.h"
#include "kubefed/kube/managed_fields.h"

namespace kubefed::kube {

namespace {

constexpr int kMaxDepth = kMaxJsonDepth;

// "k:{...}" and "v:..." in the one spelling by which sets compare: keys sorted, nothing escaped needlessly.
Result<std::string> canonicalElement(std::string_view text) {
    if (text.size() < 2 || text[1] != ':')
        return fail(Code::InvalidArgument,
                    "field \"" + std::string(text) + "\" is not a path element of FieldsV1");
    if (text[0] == 'f')
        return std::string(text);
    if (text[0] != 'k' && text[0] != 'v' && text[0] != 'i')
        return std::string();  // of a future version: left out
    auto value = parseJson(text.substr(2));
    const bool good = value && (text[0] == 'k'   ? value->is_object()
                                : text[0] == 'i' ? value->is_int64()
                                                 : true);
    if (!good)
        return fail(Code::InvalidArgument,
                    "field \"" + std::string(text) + "\" is not a path element of FieldsV1");
    return std::string(text.substr(0, 2)) + printCanonical(*value);
}

Result<void> readSet(const JsonObject& fields, FieldSet& out, int depth) {
    if (depth > kMaxDepth)
        return fail(Code::InvalidArgument, "FieldsV1 is nested too deeply");
    for (const auto& member : fields) {
        const std::string_view key(member.key().data(), member.key().size());
        if (key == ".") {
            out.setMember(true);
            continue;
        }
        auto element = canonicalElement(key);
        if (!element)
            return std::unexpected(std::move(element.error()));
        const auto* nested = member.value().if_object();
        if (nested == nullptr)
            return fail(Code::InvalidArgument,
                        "field \"" + std::string(key) + "\" of FieldsV1 is not an object");
        if (element->empty())
            continue;
        FieldSet& child = out.children()[*element];
        if (nested->empty())
            child.setMember(true);
        KUBEFED_TRY(readSet(*nested, child, depth + 1));
        // Only elements of a future version stood in it.
        if (child.isEmpty())
            out.children().erase(*element);
    }
    return {};
}

void writeSet(const FieldSet& set, JsonObject& out) {
    out.reserve(set.children().size() + 1);
    if (set.isMember() && !set.children().empty())
        out.emplace(".", json::object_kind);
    for (const auto& [key, child] : set.children())
        writeSet(child, out.emplace(key, json::object_kind).first->value().get_object());
}

std::string elementText(std::string_view key) {
    const auto text = key.substr(2);
    if (key[0] == 'f')
        return "." + std::string(text);
    if (key[0] == 'v')
        return "[=" + std::string(text) + "]";
    if (key[0] == 'i')
        return "[" + std::string(text) + "]";
    std::string out;
    if (const auto value = parseJson(text); value && value->is_object()) {
        for (const auto& member : value->get_object())
            out += (out.empty() ? "" : ",") + std::string(member.key()) + "=" + printJson(member.value());
    }
    return "[" + out + "]";
}

// An element itself before what is in it, all elements of a level before the next level, as the server lists.
void listPaths(const FieldSet& set, const std::string& prefix, std::vector<std::string>& out) {
    for (const auto& [key, child] : set.children()) {
        if (child.isMember())
            out.push_back(prefix + elementText(key));
    }
    for (const auto& [key, child] : set.children()) {
        if (!child.children().empty())
            listPaths(child, prefix + elementText(key), out);
    }
}

}  // namespace

Result<FieldSet> FieldSet::fromJson(const JsonObject& fieldsV1) {
    FieldSet out;
    KUBEFED_TRY(readSet(fieldsV1, out, 0));
    out.setMember(false);  // nobody owns the whole object
    return out;
}

JsonObject FieldSet::toJson() const {
    JsonObject out;
    writeSet(*this, out);
    return out;
}

FieldSet FieldSet::fromPaths(const std::vector<std::vector<std::string>>& paths) {
    FieldSet out;
    for (const auto& path : paths) {
        FieldSet* set = &out;
        for (const auto& element : path)
            set = &set->m_children[element];
        set->m_member = true;
    }
    return out;
}

FieldSet FieldSet::of(const JsonObject& document, const SchemaNode& schema) {
    return withoutSystemFields(ownedFields(document, schema));
}

bool FieldSet::has(const std::vector<std::string>& path) const {
    const FieldSet* set = this;
    for (const auto& element : path) {
        const auto found = set->m_children.find(element);
        if (found == set->m_children.end())
            return false;
        set = &found->second;
    }
    return set->m_member;
}

void FieldSet::insert(const FieldSet& other) {
    m_member = m_member || other.m_member;
    for (const auto& [key, theirs] : other.m_children) {
        const auto [mine, added] = m_children.try_emplace(key);
        if (added)
            mine->second = theirs;
        else
            mine->second.insert(theirs);
    }
}

FieldSet FieldSet::unite(const FieldSet& other) const {
    FieldSet out = *this;
    out.insert(other);
    return out;
}

FieldSet FieldSet::intersect(const FieldSet& other) const {
    FieldSet out;
    out.m_member = m_member && other.m_member;
    auto mine = m_children.begin();
    auto theirs = other.m_children.begin();
    while (mine != m_children.end() && theirs != other.m_children.end()) {
        const int order = mine->first.compare(theirs->first);
        if (order == 0) {
            if (auto both = mine->second.intersect(theirs->second); !both.isEmpty())
                out.m_children.emplace_hint(out.m_children.end(), mine->first, std::move(both));
        }
        if (order <= 0)
            ++mine;
        if (order >= 0)
            ++theirs;
    }
    return out;
}

void FieldSet::remove(const FieldSet& other) {
    m_member = m_member && !other.m_member;
    for (const auto& [key, theirs] : other.m_children) {
        const auto mine = m_children.find(key);
        if (mine == m_children.end())
            continue;
        mine->second.remove(theirs);
        if (mine->second.isEmpty())
            m_children.erase(mine);
    }
}

FieldSet FieldSet::subtract(const FieldSet& other) const {
    FieldSet out = *this;
    out.remove(other);
    return out;
}

void FieldSet::removeWithin(const FieldSet& other) {
    for (const auto& [key, theirs] : other.m_children) {
        const auto mine = m_children.find(key);
        if (mine == m_children.end())
            continue;
        if (theirs.m_member) {
            m_children.erase(mine);
            continue;
        }
        mine->second.removeWithin(theirs);
        if (mine->second.isEmpty())
            m_children.erase(mine);
    }
}

std::vector<std::string> FieldSet::paths() const {
    std::vector<std::string> out;
    listPaths(*this, "", out);
    return out;
}

}  // namespace kubefed::kube
