#include "services/route/table.h"

namespace holm::route {

std::optional<Table> Table::open(Bytes bytes) {
    Table table;
    if (bytes.size() < sizeof(TableDirectory)) return std::nullopt;
    std::memcpy(&table.directory_, bytes.data(), sizeof(TableDirectory));
    const TableDirectory& directory = table.directory_;
    if (directory.magic != kTableMagic || directory.size != bytes.size()) return std::nullopt;
    for (const TableDirectory::Section& section : directory.sections)
        if (section.offset > bytes.size() || section.size > bytes.size() - section.offset)
            return std::nullopt;
    table.bytes_ = bytes;
    if (table.interfaces().size() > kMaximumInterfaces) return std::nullopt;
    return table;
}

Bytes Table::section(SectionKind kind) const {
    const auto& section = directory_.sections[std::size_t(kind)];
    return bytes_.subspan(section.offset, section.size);
}

}  // namespace holm::route
