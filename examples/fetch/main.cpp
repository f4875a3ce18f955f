// Fetches URLs, as curl would: fetch [-i] [-n COUNT] URL... Of ws:// URLs it shows what comes over the
// WebSocket, or the answers to what it says: fetch -m TEXT ws://HOST/PATH.

#include <charconv>
#include <string>

#include <holm/http_client.h>
#include <holm/main.h>
#include <holm/websocket_client.h>

namespace http = holm::http;

namespace {

struct Wishes {
    bool show_head = false;
    unsigned times = 1;
    std::vector<std::string> urls;
    std::vector<std::string> messages;  // for WebSockets
};

constexpr std::string_view kUsage = "fetch [-i] [-n COUNT] [-m TEXT] URL...";

// False, and a sentence on the console, for what cannot be understood.
bool read_arguments(holm::Machine& machine, Wishes& wishes) {
    const auto arguments = machine.arguments().subspan(1);
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string_view argument = arguments[i];
        if (argument == "-i") {
            wishes.show_head = true;
        } else if (argument == "-n" && i + 1 < arguments.size()) {
            const std::string_view count = arguments[++i];
            const auto [end, error] =
                std::from_chars(count.data(), count.data() + count.size(), wishes.times);
            if (error != std::errc() || end != count.data() + count.size() || wishes.times == 0) {
                machine.console().print("fetch: -n takes a number from 1, not '", count, "'\n");
                return false;
            }
        } else if (argument == "-m" && i + 1 < arguments.size()) {
            wishes.messages.emplace_back(arguments[++i]);
        } else if (argument.starts_with("-")) {
            machine.console().print("fetch: unknown option '", argument, "'; usage: ", kUsage, "\n");
            return false;
        } else {
            wishes.urls.emplace_back(argument);
        }
    }
    if (wishes.urls.empty()) machine.console().print("fetch: no URL; usage: ", kUsage, "\n");
    return !wishes.urls.empty();
}

// Says what there is to say, one answer each; without anything to say it listens until the server closes.
holm::Task<bool> talk(holm::Machine& machine, const std::string& url,
                      const std::vector<std::string>& messages) {
    const auto connected = co_await http::WebSocketClient::connect(machine.net(), url);
    if (!connected) {
        machine.console().print("fetch: ", url, ": ", connected.error().what, "\n");
        co_return false;
    }
    http::WebSocketClient& socket = **connected;
    std::size_t said = 0;
    while (messages.empty() || said < messages.size()) {
        if (!messages.empty()) (void)co_await socket.send_text(messages[said++]);
        const auto message = co_await socket.receive();
        if (!message) break;
        machine.console().print(message->text(), "\n");
    }
    co_await socket.leave();
    const bool well = socket.close_code() == http::WebSocketClient::CloseCode::kNormal;
    if (!well)
        machine.console().print("fetch: ", url, ": closed with ", int(socket.close_code()), " ",
                                socket.close_reason(), "\n");
    co_return well;
}

}  // namespace

holm::Task<> holm::main(holm::Machine& machine) {
    Wishes wishes;
    if (!read_arguments(machine, wishes)) co_return machine.set_exit_status(2);
    http::Client client(machine.net());
    bool all_well = true;
    for (unsigned i = 0; i < wishes.times; ++i) {
        for (const std::string& url : wishes.urls) {
            if (url.starts_with("ws")) {
                all_well = co_await talk(machine, url, wishes.messages) && all_well;
                continue;
            }
            http::ClientRequest request{.url = url};
            // A large file goes by, it is not kept.
            if (!wishes.show_head)
                request.sink = [&](Bytes piece) { return machine.console().write(as_text(piece)), true; };
            const auto response = co_await client.send(std::move(request));
            if (!response) {
                machine.console().print("fetch: ", url, ": ", response.error().what, "\n");
                all_well = false;
                continue;
            }
            const http::ResponseHead& head = response->head();
            all_well = all_well && head.status_code() < 400;
            if (wishes.show_head) {
                machine.console().print("HTTP ", head.status_code(), " ", response->url().text(), "\n");
                for (std::size_t field = 0; field < head.header_count(); ++field)
                    machine.console().print(head.header_name(field), ": ", head.header_value(field), "\n");
                machine.console().print("\n");
            }
            machine.console().write(response->text());
        }
    }
    if (wishes.times > 1)
        machine.console().print("fetch: ", client.statistics().exchanges, " exchanges on ",
                                client.statistics().connections, " connections\n");
    machine.console().flush();
    machine.set_exit_status(all_well ? 0 : 1);
}
