// SPDX-License-Identifier: Apache-2.0
#include "plugins/host/manifest_file.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

#include "plugins/host/manifest.h"

#include <elf.h>

namespace kubefed::plugins {

namespace {

class Image {
public:
    explicit Image(std::string_view bytes) : m_bytes(bytes) {
        const auto header = at<Elf64_Ehdr>(0);
        if (!header)
            return;
        m_segments = table<Elf64_Phdr>(header->e_phoff, header->e_phnum);
        m_sections = table<Elf64_Shdr>(header->e_shoff, header->e_shnum);
    }

    // Where the dynamic linker would find a symbol, before relocation.
    [[nodiscard]] std::optional<std::uint64_t> addressOf(std::string_view symbol) const {
        for (const Elf64_Shdr& section : m_sections) {
            if (section.sh_type != SHT_DYNSYM || section.sh_link >= m_sections.size())
                continue;
            const Elf64_Shdr& names = m_sections[section.sh_link];
            for (const auto& entry : entries<Elf64_Sym>(section))
                if (entry.st_shndx != SHN_UNDEF && entry.st_name < names.sh_size &&
                    isText(names.sh_offset + entry.st_name, symbol))
                    return entry.st_value;
        }
        return std::nullopt;
    }
    // A pointer within the library, as it will be there.
    [[nodiscard]] std::optional<std::uint64_t> pointerAt(std::uint64_t address) const {
        for (const Elf64_Shdr& section : m_sections)
            if (section.sh_type == SHT_RELA)
                for (const auto& entry : entries<Elf64_Rela>(section))
                    if (entry.r_offset == address)
                        return ELF64_R_SYM(entry.r_info) == 0
                                   ? std::optional(static_cast<std::uint64_t>(entry.r_addend))
                                   : std::nullopt;
        // Packed relocations keep it in place.
        const auto where = offsetOf(address, sizeof(std::uint64_t));
        return where ? at<std::uint64_t>(*where) : std::nullopt;
    }
    [[nodiscard]] std::string_view text(std::uint64_t address, std::uint64_t size) const {
        const auto where = offsetOf(address, size);
        return where ? m_bytes.substr(*where, size) : std::string_view();
    }

private:
    [[nodiscard]] bool fits(std::uint64_t offset, std::uint64_t size) const {
        return offset <= m_bytes.size() && size <= m_bytes.size() - offset;
    }
    template <class T>
    [[nodiscard]] std::optional<T> at(std::uint64_t offset) const {
        if (!fits(offset, sizeof(T)))
            return std::nullopt;
        T value;
        std::memcpy(&value, m_bytes.data() + offset, sizeof value);
        return value;
    }
    template <class T>
    [[nodiscard]] std::vector<T> table(std::uint64_t offset, std::uint64_t count) const {
        if (!fits(offset, 0) || count > (m_bytes.size() - offset) / sizeof(T))
            return {};
        std::vector<T> rows(count);
        if (count != 0)
            std::memcpy(rows.data(), m_bytes.data() + offset, count * sizeof(T));
        return rows;
    }
    template <class T>
    [[nodiscard]] std::vector<T> entries(const Elf64_Shdr& section) const {
        return table<T>(section.sh_offset, section.sh_size / sizeof(T));
    }
    [[nodiscard]] bool isText(std::uint64_t offset, std::string_view expected) const {
        return fits(offset, expected.size() + 1) && m_bytes.substr(offset, expected.size()) == expected &&
               m_bytes[offset + expected.size()] == '\0';
    }
    [[nodiscard]] std::optional<std::uint64_t> offsetOf(std::uint64_t address, std::uint64_t size) const {
        for (const Elf64_Phdr& segment : m_segments) {
            const std::uint64_t within = address - segment.p_vaddr;
            if (segment.p_type == PT_LOAD && address >= segment.p_vaddr && within <= segment.p_filesz &&
                size <= segment.p_filesz - within && fits(segment.p_offset, within) &&
                fits(segment.p_offset + within, size))
                return segment.p_offset + within;
        }
        return std::nullopt;
    }

    const std::string_view m_bytes;
    std::vector<Elf64_Phdr> m_segments;
    std::vector<Elf64_Shdr> m_sections;
};

}  // namespace

std::string nameInFile(std::string_view bytes) {
    const Image image(bytes);
    const auto address = image.addressOf(KUBEFED_POLICY_MANIFEST_SYMBOL);
    // It may be smaller than ours: its beginning is what is asked for.
    kubefed_policy_manifest manifest{};
    const std::string_view head =
        address ? image.text(*address, offsetof(kubefed_policy_manifest, version)) : std::string_view();
    if (head.empty())
        return {};
    std::memcpy(&manifest, head.data(), head.size());
    const auto name =
        image.pointerAt(*address + offsetof(kubefed_policy_manifest, name) + offsetof(kubefed_string, data));
    if (!name)
        return {};
    const std::string_view text = image.text(*name, manifest.name.size);
    manifest.name = {text.data(), text.size()};
    return nameIn(manifest);
}

}  // namespace kubefed::plugins
