# wsrelayd in a container:
#
#   docker build -t wsrelayd .
#   docker run --read-only --cap-drop ALL --security-opt no-new-privileges --stop-timeout 40 \
#       -p 8080:8080 -v /srv/wsrelayd:/etc/wsrelayd:ro wsrelayd
#
# Without the -v it serves packaging/image/wsrelayd.yaml. docker stop waits for as long as connections
# are being closed, which timeouts.drain bounds. docker exec NAME wsrelayctl status asks the daemon.
FROM debian:12-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends autoconf gcc libc6-dev \
        libevent-dev libjansson-dev libssl-dev libyaml-dev make pkg-config zlib1g-dev
WORKDIR /src
COPY . .
RUN make -j"$(nproc)" CONFIGURE=--prefix=/usr && make install DESTDIR=/image

FROM debian:12-slim
RUN apt-get update && apt-get install -y --no-install-recommends \
        libevent-core-2.1-7 libjansson4 libssl3 libyaml-0-2 zlib1g && \
    rm -rf /var/lib/apt/lists/* && install -d -o 8080 -g 8080 /run/wsrelayd
COPY --from=build /image/usr/sbin/ /usr/sbin/
COPY packaging/image/wsrelayd.yaml /etc/wsrelayd/

# A user that nothing belongs to but the directory of the admin socket, the one place that is
# written to. As a number, because that shows that it is not root.
USER 8080:8080
VOLUME /run/wsrelayd
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=5s \
    CMD ["/usr/sbin/wsrelayctl", "--timeout", "4", "health"]
ENTRYPOINT ["/usr/sbin/wsrelayd"]
