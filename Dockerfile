FROM debian:bookworm-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends g++ meson ninja-build pkg-config \
    libuv1-dev libfmt-dev nlohmann-json3-dev libxxhash-dev zlib1g-dev node-llhttp
WORKDIR /src
COPY meson.build meson_options.txt ./
COPY watchdog watchdog
COPY modes modes
RUN meson setup build/release && meson compile -C build/release

FROM scratch
COPY --from=build /src/build/release/fwatchdog /fwatchdog
ENTRYPOINT ["/fwatchdog"]
