#include "services/filter/language/token_stream.h"

namespace holm::filter::language {

std::string shown(const Token& token) {
    switch (token.kind) {
        case TokenKind::kEnd:
            return "the end of the file";
        case TokenKind::kNewline:
            return "the end of the statement";
        case TokenKind::kString:
            return "\"" + token.text + "\"";
        default:
            return "'" + token.text + "'";
    }
}

TokenStream::TokenStream(std::string text, const std::string& name, FileReader reader)
    : reader_(std::move(reader)), bytes_(text.size()) {
    files_.emplace_back(std::move(text), std::make_shared<const std::string>(name));
}

Token TokenStream::raw() {
    for (;;) {
        Token token = files_.back().next();
        if (++count_ > Limits::kTokens)
            fail(token.position, "more than " + std::to_string(Limits::kTokens) + " words in all");
        if (token.kind != TokenKind::kEnd || files_.size() == 1) return token;
        files_.pop_back();
        token.kind = TokenKind::kNewline;
        return token;
    }
}

void TokenStream::substitute(const Token& dollar) {
    Token name = raw();
    if (name.kind != TokenKind::kWord) fail(name.position, "'$' is followed by the name of a variable");
    const auto found = variables_.find(name.text);
    if (found == variables_.end()) {
        std::vector<std::string_view> known;
        for (const auto& [other, value] : variables_) known.push_back(other);
        fail(dollar.position, "no variable '" + name.text + "' has been defined before (define " + name.text +
                                  " = …)" + offered(known));
    }
    count_ += found->second.size();
    if (count_ > Limits::kTokens)
        fail(dollar.position, "more than " + std::to_string(Limits::kTokens) + " words in all");
    for (Token token : found->second) {
        token.position = dollar.position;  // where the reader looks first
        ahead_.push_back(std::move(token));
    }
}

void TokenStream::fill(std::size_t count) {
    while (ahead_.size() < count) {
        Token token = raw();
        if (token.is("$"))
            substitute(token);
        else
            ahead_.push_back(std::move(token));
    }
}

const Token& TokenStream::peek(std::size_t ahead) {
    fill(ahead + 1);
    return ahead_[ahead];
}

Token TokenStream::next() {
    fill(1);
    Token token = std::move(ahead_.front());
    ahead_.pop_front();
    if (token.kind != TokenKind::kNewline && token.kind != TokenKind::kEnd && text_.size() < 400) {
        if (!text_.empty() && token.text != ",") text_ += ' ';
        text_ += token.kind == TokenKind::kString ? "\"" + token.text + "\"" : token.text;
    }
    return token;
}

bool TokenStream::accept(std::string_view what) {
    if (!peek().is(what)) return false;
    next();
    return true;
}

void TokenStream::expect(std::string_view what, std::string_view why) {
    const Token token = next();
    if (!token.is(what))
        fail(token.position, "expected '" + std::string(what) + "'" +
                                 (why.empty() ? "" : " " + std::string(why)) + ", found " + shown(token));
}

std::string TokenStream::word(std::string_view what) {
    Token token = next();
    if (token.kind != TokenKind::kWord && token.kind != TokenKind::kString)
        fail(token.position, "expected " + std::string(what) + ", found " + shown(token));
    return std::move(token.text);
}

void TokenStream::skip_newlines() {
    while (peek().kind == TokenKind::kNewline) next();
}

void TokenStream::end_statement() {
    const Token& token = peek();
    if (token.is("}") || token.kind == TokenKind::kEnd) return;
    if (token.kind != TokenKind::kNewline)
        fail(token.position, "expected the end of the statement (a new line or ';'), found " + shown(token));
    next();
}

void TokenStream::include(const Token& path) {
    if (path.kind != TokenKind::kString)
        fail(path.position, "include is followed by a path in quotes, found " + shown(path));
    if (path.text.contains('*') || path.text.contains('?'))
        fail(path.position, "include with wildcards is not supported; name each file");
    if (files_.size() > Limits::kIncludeDepth)
        fail(path.position,
             "files include each other more than " + std::to_string(Limits::kIncludeDepth) + " deep");
    auto text = reader_ ? reader_(path.text) : std::nullopt;
    if (!text) fail(path.position, "cannot read \"" + path.text + "\"");
    bytes_ += text->size();
    if (bytes_ > Limits::kFileBytes) fail(path.position, "the files are larger than 64 MiB together");
    // What has been looked at beyond the path belongs to this file: its line ends here.
    for (const Token& token : ahead_)
        if (token.kind != TokenKind::kNewline)
            fail(token.position, "expected the end of the line behind include");
    ahead_.clear();
    files_.emplace_back(std::move(*text), std::make_shared<const std::string>(path.text));
}

void TokenStream::define(const std::string& name, std::vector<Token> value, bool again,
                         const Position& position) {
    if (!again && variables_.contains(name))
        fail(position, "variable '" + name + "' is defined already; redefine gives it another value");
    variables_[name] = std::move(value);
}

void TokenStream::undefine(const std::string& name, const Position& position) {
    if (variables_.erase(name) == 0) fail(position, "no variable '" + name + "' to undefine");
}

std::string offered(const std::vector<std::string_view>& names) {
    constexpr std::size_t kShown = 10;
    if (names.empty()) return "; there is none";
    std::string text;
    for (std::size_t i = 0; i < names.size() && i < kShown; ++i)
        text += (i == 0 ? "; allowed: " : ", ") + std::string(names[i]);
    return names.size() > kShown ? text + ", …" : text;
}

}  // namespace holm::filter::language
