# docker build --platform linux/arm64 . on amd64 cross-compiles: what runs in here is for the machine
# that builds.
FROM --platform=$BUILDPLATFORM debian:bookworm-slim AS build
ARG TARGETARCH
RUN here=$(dpkg --print-architecture) && target=${TARGETARCH:-$here} && compiler=g++ && library= && \
    case $here-$target in \
      $here-$here) ;; \
      amd64-arm64) dpkg --add-architecture arm64; compiler=g++-aarch64-linux-gnu; library=:arm64 ;; \
      *) echo "Cannot build for $target on $here." >&2; exit 1 ;; \
    esac && \
    apt-get update && apt-get install -y --no-install-recommends $compiler meson ninja-build pkg-config \
      libuv1-dev$library libfmt-dev$library libxxhash-dev$library zlib1g-dev$library libbearssl-dev$library \
      nlohmann-json3-dev libcli11-dev node-llhttp
WORKDIR /src
COPY meson.build meson_options.txt LICENSE ./
COPY tests/arm64.ini tests/
COPY watchdog watchdog
COPY modes modes
ARG VERSION
RUN set -- ${VERSION:+-Dversion=$VERSION} && \
    if command -v aarch64-linux-gnu-g++ >/dev/null; then set -- "$@" --cross-file tests/arm64.ini; fi && \
    meson setup build/release "$@" && meson compile -C build/release

FROM scratch
LABEL org.opencontainers.image.title=fwatchdog org.opencontainers.image.licenses=MIT \
      org.opencontainers.image.description="The entrypoint of a function container"
COPY --from=build /src/build/release/fwatchdog /fwatchdog
EXPOSE 8080 8081
ENTRYPOINT ["/fwatchdog"]
