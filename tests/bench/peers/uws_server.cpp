// uWebSockets as an echo on any path and a room on each /room/NAME. It is built outside this tree,
// against uWebSockets' public sources; the report of `make bench` says how.
//
//     uws_server PORT TLS_PORT CERTIFICATE KEY

#include "App.h"

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

struct Session {
    std::string room;
};

constexpr unsigned max_payload_bytes = 256u << 20;

template <typename Application> auto make_behavior() {
    typename Application::template WebSocketBehavior<Session> behavior;

    behavior.compression = uWS::DISABLED;
    behavior.maxPayloadLength = max_payload_bytes;
    behavior.maxBackpressure = max_payload_bytes;
    behavior.idleTimeout = 120;
    return behavior;
}

template <typename Application> void serve(Application &application, int port) {
    auto echo = make_behavior<Application>();
    auto room = make_behavior<Application>();

    echo.message = [](auto *socket, std::string_view message, uWS::OpCode opcode) {
        socket->send(message, opcode);
    };
    room.upgrade = [](auto *response, auto *request, auto *context) {
        response->template upgrade<Session>({std::string(request->getUrl())},
                                            request->getHeader("sec-websocket-key"),
                                            request->getHeader("sec-websocket-protocol"),
                                            request->getHeader("sec-websocket-extensions"),
                                            context);
    };
    room.open = [](auto *socket) { socket->subscribe(socket->getUserData()->room); };
    room.message = [](auto *socket, std::string_view message, uWS::OpCode opcode) {
        socket->publish(socket->getUserData()->room, message, opcode);
    };
    application.template ws<Session>("/room/:name", std::move(room));
    application.template ws<Session>("/*", std::move(echo));
    application.listen("127.0.0.1", port, [port](auto *listener) {
        if (listener == nullptr) {
            std::fprintf(stderr, "cannot listen on port %d\n", port);
            std::exit(1);
        }
    });
}

} // namespace

int main(int argc, char **argv) {
    if (argc != 5) {
        std::fprintf(stderr, "usage: %s PORT TLS_PORT CERTIFICATE KEY\n", argv[0]);
        return 2;
    }

    uWS::App plain;
    uWS::SSLApp secure({.key_file_name = argv[4], .cert_file_name = argv[3]});

    serve(plain, std::atoi(argv[1]));
    serve(secure, std::atoi(argv[2]));
    plain.run();
}
