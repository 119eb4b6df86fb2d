# tracemill in an image of its own: docker build -t tracemill . && docker run --rm tracemill --version
# What the second stage does is what tools/bare-root runs in a bare Debian root.
FROM swift:6.3-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends python3 python3-dev python3-venv
COPY . /source
WORKDIR /source
RUN tools/setup && tools/wheel && tools/release

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends xz-utils && rm -rf /var/lib/apt/lists/*
COPY --from=build /source/out/release/ /source/install.sh /tmp/release/
RUN TRACEMILL_PREFIX=/usr/local sh /tmp/release/install.sh /tmp/release/tracemill-*.tar.xz && rm -r /tmp/release
USER 1000
WORKDIR /data
ENTRYPOINT ["tracemill"]
