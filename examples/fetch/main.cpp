// Fetches URLs, as curl would: fetch [-i] [-n COUNT] URL...

#include <charconv>
#include <string>

#include <holm/http_client.h>
#include <holm/main.h>

namespace http = holm::http;

namespace {

struct Wishes {
    bool show_head = false;
    unsigned times = 1;
    std::vector<std::string> urls;
};

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
        } else if (argument.starts_with("-")) {
            machine.console().print("fetch: unknown option '", argument, "'; there are -i and -n COUNT\n");
            return false;
        } else {
            wishes.urls.emplace_back(argument);
        }
    }
    if (wishes.urls.empty()) machine.console().print("fetch: no URL; usage: fetch [-i] [-n COUNT] URL...\n");
    return !wishes.urls.empty();
}

}  // namespace

holm::Task<> holm::main(holm::Machine& machine) {
    Wishes wishes;
    if (!read_arguments(machine, wishes)) co_return machine.set_exit_status(2);
    http::Client client(machine.net());
    bool all_well = true;
    for (unsigned i = 0; i < wishes.times; ++i) {
        for (const std::string& url : wishes.urls) {
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
